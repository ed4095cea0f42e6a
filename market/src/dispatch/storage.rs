//! The columns and rows of one storage, the same in every problem that holds one.

use super::community::{Community, DispatchError, Storage};
use super::reach;
use crate::optimise::{Column, ColumnId, Problem, Row};

/// The terms of one balance per step.
pub(crate) type Balance = Vec<Vec<(ColumnId, f64)>>;

/// The columns of a storage, one per step; kW.
pub(crate) struct Flows {
    pub(crate) charge: Vec<ColumnId>,
    pub(crate) discharge: Vec<ColumnId>,
}

impl Storage {
    /// Adds three columns and one row per step: energy(t) − energy(t−1) − h η charge(t) + h / η discharge(t) = 0.
    pub(crate) fn add_to(&self, problem: &mut Problem, steps: usize, step_h: f64) -> Flows {
        let wear = step_h * self.degradation_eur_per_kwh;
        let mut flows = Flows { charge: Vec::with_capacity(steps), discharge: Vec::with_capacity(steps) };
        let mut before: Option<ColumnId> = None;
        for step in 0..steps {
            let charge = problem.column(Column::between(0.0, self.charge_max_kw.at(step)).cost(wear));
            let discharge = problem.column(Column::between(0.0, self.discharge_max_kw.at(step)).cost(wear));
            let is_last = step + 1 == steps;
            let floor = if is_last { self.energy_min_kwh.max(self.end_min_kwh) } else { self.energy_min_kwh };
            // A target missed by rounding only is met: `reach` has looked.
            let energy = problem.column(Column::between(floor, self.energy_max_kwh.max(floor)));
            let start_kwh = if before.is_none() { self.start_kwh } else { 0.0 };
            problem.row(
                Row::equal(start_kwh)
                    .with(energy, 1.0)
                    .with(charge, -step_h * self.efficiency)
                    .with(discharge, step_h / self.efficiency)
                    .with_all(before.map(|before| (before, -1.0))),
            );
            before = Some(energy);
            flows.charge.push(charge);
            flows.discharge.push(discharge);
        }
        flows
    }
}

impl Community {
    /// A problem with the storages, PV and grid of one member alone, and what its balance adds up at each step: what
    /// comes in less what goes out, to equal its load. Whoever trades with it adds terms before closing it.
    ///
    /// # Errors
    /// A community that makes no sense, and storages that cannot keep their limits.
    pub(crate) fn behind_the_meter(&self, member: usize) -> Result<(Problem, Balance), DispatchError> {
        self.check()?;
        reach::check(self)?;
        let (member, step_h) = (&self.members[member], self.step_h);
        let (mut problem, mut balance) = (Problem::default(), vec![Vec::new(); self.steps]);
        for storage in &member.storages {
            let flows = storage.add_to(&mut problem, self.steps, step_h);
            for (step, terms) in balance.iter_mut().enumerate() {
                terms.extend([(flows.charge[step], -1.0), (flows.discharge[step], 1.0)]);
            }
        }
        for (step, terms) in balance.iter_mut().enumerate() {
            if let Some(&available) = member.pv_kw.get(step) {
                terms.push((problem.column(Column::between(0.0, available)), 1.0));
            }
            terms.extend(self.grid_columns(&mut problem, step, &member.limits));
        }
        Ok((problem, balance))
    }
}
