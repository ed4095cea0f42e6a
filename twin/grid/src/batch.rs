//! What is asked: loads of many steps, how exactly, and which quantities.

use crate::error::GridError;

/// Whether three phases are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phases {
    /// Every phase carries the same: one phase stands for three.
    Balanced,
    /// Each phase by itself; needs zero-sequence values of lines.
    Three,
}

impl Phases {
    /// Values per quantity: 1 or 3.
    pub fn count(self) -> usize {
        match self {
            Self::Balanced => 1,
            Self::Three => 3,
        }
    }
}

/// Loads of one or more steps (points in time, scenarios). Steps know nothing of each other.
#[derive(Debug, Clone, Copy)]
pub struct Batch<'a> {
    /// How many steps.
    pub steps: usize,
    /// Active powers at rated voltage, W: `[step][load]`, or `[step][load][phase]` for three phases; loads in the order of
    /// the network.
    pub p_w: &'a [f64],
    /// Reactive powers, var; in the same shape.
    pub q_var: &'a [f64],
    /// Voltages of the sources, in units of the node's rating: `[step][source]`; none takes the network's.
    pub u_ref_pu: Option<&'a [f64]>,
}

impl Batch<'_> {
    /// Refuses arrays of another length than steps, loads and sources say.
    pub(crate) fn check(&self, loads: usize, sources: usize, phases: usize) -> Result<(), GridError> {
        let shape =
            |inner: &str| if phases == 1 { format!("[step][{inner}]") } else { format!("[step][{inner}][phase]") };
        let check = |array, found: usize, wanted: usize, shape: String| {
            if found == wanted { Ok(()) } else { Err(GridError::Shape { array, found, wanted, shape }) }
        };
        let wanted = self.steps.saturating_mul(loads).saturating_mul(phases);
        check("p_w", self.p_w.len(), wanted, shape("load"))?;
        check("q_var", self.q_var.len(), wanted, shape("load"))?;
        if let Some(u) = self.u_ref_pu {
            check("u_ref_pu", u.len(), self.steps.saturating_mul(sources), "[step][source]".into())?;
            if let Some(bad) = u.iter().find(|u| !(u.is_finite() && **u > 0.0)) {
                return Err(GridError::Option { option: "u_ref_pu", value: *bad, range: "it is positive and finite" });
            }
        }
        Ok(())
    }
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// A step has converged when no voltage moved further than this in its last iteration, in units of the rating.
    pub tolerance_pu: f64,
    /// Sweeps or current injections before Newton's method takes over.
    pub most_iterations: u32,
    /// Iterations of Newton's method before the step is given up; 0 never tries it.
    pub most_newton_iterations: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { tolerance_pu: 1e-8, most_iterations: 40, most_newton_iterations: 20 }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), GridError> {
        let value = self.tolerance_pu;
        if value.is_finite() && value > 0.0 {
            return Ok(());
        }
        Err(GridError::Option { option: "tolerance_pu", value, range: "it is positive and finite" })
    }
}

/// Which quantities are computed and kept. What is not asked for costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one column group, asked for by name")]
pub struct Outputs {
    /// Complex voltages of all nodes.
    pub voltages: bool,
    /// Lowest and highest voltage of each step, and their nodes.
    pub extremes: bool,
    /// Powers and currents at both ends of lines and transformers.
    pub flows: bool,
    /// Loading of lines and transformers.
    pub loading: bool,
    /// Losses of all lines and transformers together.
    pub losses: bool,
    /// What sources give.
    pub sources: bool,
}

impl Outputs {
    /// Complex voltages only.
    pub const VOLTAGES: Self =
        Self { voltages: true, extremes: false, flows: false, loading: false, losses: false, sources: false };
    /// Everything.
    pub const ALL: Self =
        Self { voltages: true, extremes: true, flows: true, loading: true, losses: true, sources: true };

    /// Whether branches have to be looked at.
    pub(crate) fn of_branches(self) -> bool {
        self.flows || self.loading || self.losses
    }
}
