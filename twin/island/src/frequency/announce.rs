//! What is going to happen is announced to an event, and refused if it cannot be.

use super::event::Disturbance;
use super::machine::Machine;
use super::model::{FrequencyEvent, Pending, Status};
use super::relay::{Relay, Switches};
use crate::{Fleet, IslandError};

impl FrequencyEvent {
    /// Has something happen at an instant, ms since the beginning; it takes effect with the first step that begins
    /// then or later. Of one instant, what was announced first goes first.
    ///
    /// # Errors
    /// An instant that has passed, a unit that is not there, or a number that cannot be.
    pub fn disturb(&mut self, fleet: &Fleet, at_ms: u64, disturbance: Disturbance) -> Result<(), IslandError> {
        if at_ms < self.now_ms {
            let remedy = format!("the event is at {} ms: give that or later", self.now_ms);
            return Err(IslandError::setting("disturbance", "at_ms", at_ms, remedy));
        }
        let machine = self.check(fleet, &disturbance)?;
        let place = self.pending.partition_point(|pending| pending.at_ms <= at_ms);
        self.pending.insert(place, Pending { at_ms, disturbance, machine });
        if self.status == Status::Settled {
            // Nothing has changed since: the grid of steps goes on where the host is.
            self.at_ms = self.now_ms.next_multiple_of(self.settings.step_ms);
            (self.status, self.calm_ms) = (Status::Running, 0);
        }
        Ok(())
    }

    fn check(&self, fleet: &Fleet, disturbance: &Disturbance) -> Result<Option<Machine>, IslandError> {
        let amount = |key, value: f64| match (0.0..1e6).contains(&value) {
            true => Ok(()),
            false => Err(IslandError::setting("disturbance", key, value, "give 0 to a million")),
        };
        let group_of = |unit: usize| {
            let found = fleet.unit_groups().nth(unit).map(|(group, _)| &fleet.groups()[group]);
            found.ok_or_else(|| IslandError::UnknownUnit {
                unit: unit.to_string(),
                known: format!("units 0 to {}", fleet.units() - 1),
            })
        };
        let left_mw = self.load_mw + self.pending.iter().map(|pending| pending.disturbance.load_mw()).sum::<f64>();
        if left_mw + disturbance.load_mw() < -1e-9 {
            let remedy = format!("{left_mw:.3} MW are left: lose that or less");
            return Err(IslandError::setting("disturbance", "load_mw", -disturbance.load_mw(), remedy));
        }
        match disturbance {
            Disturbance::UnitLost { unit } => group_of(*unit).map(|_| None),
            Disturbance::UnitConnected { unit, power_mw } => {
                let group = group_of(*unit)?;
                if !(0.0..=group.rated_mw).contains(power_mw) || group.technology.is_variable() {
                    let remedy = format!("give 0 to {} MW of a unit that is not wind or PV", group.rated_mw);
                    return Err(IslandError::setting(group.name.clone(), "power_mw", power_mw, remedy));
                }
                Ok(Some(Machine::new(group, *unit, *power_mw, self.nominal_hz)))
            }
            Disturbance::LoadLost { load_mw } | Disturbance::LoadReturned { load_mw } => {
                amount("load_mw", *load_mw).map(|()| None)
            }
            Disturbance::LineTripped { load_mw, units, .. } => {
                amount("load_mw", *load_mw)?;
                units.iter().try_for_each(|unit| group_of(*unit).map(|_| ())).map(|()| None)
            }
            Disturbance::PvRamp { to_mw, over_s } => {
                amount("to_mw", *to_mw)?;
                amount("over_s", *over_s).map(|()| None)
            }
            Disturbance::StageRestored { stage } => {
                let is = |relay: &Relay| matches!(relay.switches, Switches::Load { stage: own, .. } if own == *stage);
                match self.relays.iter().any(is) {
                    true => Ok(None),
                    false => {
                        Err(IslandError::setting("disturbance", "stage", stage, "name a stage of the defence, from 0"))
                    }
                }
            }
        }
    }
}
