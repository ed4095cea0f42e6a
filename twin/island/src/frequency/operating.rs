//! What runs when an event begins.

use crate::dispatch::{State, Step, Unit};
use crate::{Fleet, IslandError, Technology};
use serde::{Deserialize, Serialize};

/// Who is on the grid with how much; the load is what all give together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoint {
    /// By unit of the fleet, MW; none of those that are off. Wind and PV are not in here.
    pub power_mw: Vec<Option<f64>>,
    /// All PV, MW.
    pub pv_mw: f64,
    /// All wind, MW.
    pub wind_mw: f64,
}

impl OperatingPoint {
    /// All units off, no wind or PV.
    pub fn standing(fleet: &Fleet) -> Self {
        Self { power_mw: vec![None; fleet.units()], pv_mw: 0.0, wind_mw: 0.0 }
    }

    /// What a dispatcher has come to; batteries are there and give nothing.
    pub fn of(fleet: &Fleet, state: &State, step: &Step) -> Self {
        let power = |((group, _), unit): ((usize, u32), &Unit)| match unit {
            Unit::On { power_mw, .. } => Some(*power_mw),
            _ => (fleet.groups()[group].technology == Technology::Battery).then_some(0.0),
        };
        let sum = |technology: Technology| {
            let groups = fleet.variable().zip(&step.variable_mw);
            groups.filter(|((_, group), _)| group.technology == technology).map(|(_, mw)| mw).sum()
        };
        Self {
            power_mw: fleet.unit_groups().zip(&state.units).map(power).collect(),
            pv_mw: sum(Technology::Pv),
            wind_mw: sum(Technology::Wind),
        }
    }

    /// The load that it serves, MW.
    pub fn load_mw(&self) -> f64 {
        self.power_mw.iter().flatten().sum::<f64>() + self.pv_mw + self.wind_mw
    }

    /// Checks it against its fleet.
    ///
    /// # Errors
    /// A power that no unit can give, or none that keeps the frequency.
    pub fn check(&self, fleet: &Fleet) -> Result<(), IslandError> {
        if self.power_mw.len() != fleet.units() {
            return Err(IslandError::State { found: self.power_mw.len(), wanted: fleet.units() });
        }
        for (key, value) in [("pv_mw", self.pv_mw), ("wind_mw", self.wind_mw)] {
            if !(0.0..1e6).contains(&value) {
                return Err(IslandError::setting("operating point", key, value, "give 0 to a million MW"));
            }
        }
        let mut kinetic_mws = 0.0;
        for ((group, unit), power) in fleet.unit_groups().zip(&self.power_mw) {
            let Some(power_mw) = power else { continue };
            let group = &fleet.groups()[group];
            let lowest_mw = if group.technology == Technology::Battery { -group.rated_mw } else { 0.0 };
            if !(lowest_mw..=group.rated_mw + 1e-9).contains(power_mw) || group.technology.is_variable() {
                let remedy = match group.technology.is_variable() {
                    true => "wind and PV go into `wind_mw` and `pv_mw`".into(),
                    false => format!("give {lowest_mw} to {} MW", group.rated_mw),
                };
                return Err(IslandError::setting(group.unit_name(unit), "power_mw", power_mw, remedy));
            }
            kinetic_mws += group.machine.map_or(0.0, |machine| machine.kinetic_mws());
        }
        if kinetic_mws <= 0.0 {
            let remedy = "have a unit with the table `machine` on the grid: without inertia there is no frequency here";
            return Err(IslandError::setting("operating point", "inertia", "0 MWs", remedy));
        }
        Ok(())
    }
}
