//! Bodies: what obeys physics. One file per kind; each turns the steps of an interval into power.

mod battery;
mod charging;
mod institutions;
mod load;
mod pv;

pub(crate) use battery::{BatteryBody, BatteryState};
pub(crate) use charging::{EvBody, EvState, EvseBody, EvseState, Guide};
pub(crate) use institutions::{DsoBody, DsoState, MeterAccess, NoBody};
pub(crate) use load::{Consumer, LoadBody, LoadState};
pub(crate) use pv::{PvBody, PvState};

use crate::cores::AnyCore;
use crate::faults::Shown;
use crate::weather::Step;
use crate::world::Meters;
use agents::Core;
use bevy_ecs::component::{Component, Mutable};

/// A core that has a body in the world: how it senses and obeys.
pub(crate) trait Embodied: Core + Into<AnyCore> {
    /// The component that holds the body.
    type Body: Component<Mutability = Mutable>;

    /// Writes to `sense` what the body and the meters it may read show at this instant.
    fn sense(body: &Self::Body, meters: &Meters, sense: &mut Self::Sense);

    /// Writes to `sense`, in place of what is so, what a faulty device shows.
    fn be_shown(_sense: &mut Self::Sense, _shown: &Shown) {}

    /// Puts the body under `intent` from now on.
    fn obey(body: &mut Self::Body, intent: Self::Intent);
}

/// Power in each step of the present interval, summed to its mean.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mean {
    energy_kwh: f64,
    hours: f64,
}

impl Mean {
    pub(crate) fn add(&mut self, power_kw: f64, step: &Step) {
        self.energy_kwh += power_kw * step.hours;
        self.hours += step.hours;
    }

    pub(crate) fn energy_kwh(self) -> f64 {
        self.energy_kwh
    }

    pub(crate) fn power_kw(self) -> f64 {
        if self.hours > 0.0 { self.energy_kwh / self.hours } else { 0.0 }
    }
}

/// A mean power on each phase of the network, of an asset that uses all three alike or only the one numbered 1 to 3.
pub(crate) fn on_phases(power_kw: f64, phases: u64, phase: u64) -> [f64; 3] {
    match phases {
        1 => std::array::from_fn(|index| if index as u64 + 1 == phase { power_kw } else { 0.0 }),
        _ => [power_kw / 3.0; 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_phases_share_a_power_and_one_phase_has_it_all() {
        assert_eq!(on_phases(-6.0, 3, 2), [-2.0; 3]);
        assert_eq!(on_phases(-6.0, 1, 2), [0.0, -6.0, 0.0]);
    }
}
