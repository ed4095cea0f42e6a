//! What a dispatcher must remember between steps: plain data, the same after being written and read.

use crate::{Fleet, IslandError};
use serde::{Deserialize, Serialize};

/// What a dispatchable unit is doing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Off the grid for this long, s.
    Off {
        /// Seconds since it left.
        for_s: f64,
    },
    /// Ordered to start; on the grid in this long, s.
    Starting {
        /// Seconds to go.
        in_s: f64,
    },
    /// On the grid.
    On {
        /// Seconds since it came.
        for_s: f64,
        /// What it gave in the last step, MW.
        power_mw: f64,
        /// Whether it is on its way down to be stopped.
        leaving: bool,
    },
    /// Out of order until it is repaired.
    Failed,
    /// Wind, PV or battery: not started or stopped.
    Undispatched,
}

impl Unit {
    /// Whether it is on the grid.
    pub fn is_on(&self) -> bool {
        matches!(self, Self::On { .. })
    }
}

/// All units, and when who runs is decided next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// By the numbers of units in the fleet.
    pub units: Vec<Unit>,
    /// Time until the next decision, s.
    pub decision_in_s: f64,
}

impl State {
    /// All units off for so long that each may start.
    pub fn standing(fleet: &Fleet) -> Self {
        let unit = |(group, _): (usize, u32)| match fleet.groups()[group].operation {
            Some(ref operation) => Unit::Off { for_s: operation.minimum_down_min * 60.0 },
            None => Unit::Undispatched,
        };
        Self { units: fleet.unit_groups().map(unit).collect(), decision_in_s: 0.0 }
    }

    /// Takes a unit off the grid at once and keeps it off. Wind, PV and batteries are left as they are.
    pub fn fail(&mut self, unit: usize) {
        if self.units.get(unit).is_some_and(|unit| *unit != Unit::Undispatched) {
            self.units[unit] = Unit::Failed;
            self.decision_in_s = 0.0;
        }
    }

    /// A failed unit may start again.
    pub fn repair(&mut self, unit: usize) {
        if self.units.get(unit) == Some(&Unit::Failed) {
            self.units[unit] = Unit::Off { for_s: f64::MAX };
        }
    }

    pub(super) fn check(&self, fleet: &Fleet) -> Result<(), IslandError> {
        if self.units.len() != fleet.units() {
            return Err(IslandError::State { found: self.units.len(), wanted: fleet.units() });
        }
        let is_bad = |(unit, (group, _)): &(&Unit, (usize, u32))| match unit {
            Unit::Off { for_s } => !for_s.is_finite(),
            Unit::Starting { in_s } => !in_s.is_finite(),
            Unit::On { for_s, power_mw, .. } => {
                !for_s.is_finite() || !(0.0..=fleet.groups()[*group].rated_mw + 1e-6).contains(power_mw)
            }
            Unit::Failed | Unit::Undispatched => false,
        };
        match self.units.iter().zip(fleet.unit_groups()).find(is_bad) {
            None if self.decision_in_s.is_finite() => Ok(()),
            found => {
                let problem = format!("the state has {found:?}, decision in {} s", self.decision_in_s);
                Err(IslandError::Request { problem, remedy: "begin anew, or restore a state as it was written".into() })
            }
        }
    }
}
