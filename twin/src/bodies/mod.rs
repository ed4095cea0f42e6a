//! Bodies: what obeys physics. One file per kind; each turns the steps of an interval into power.

mod battery;
mod charging;
mod institutions;
mod load;
mod pv;

pub(crate) use battery::BatteryBody;
pub(crate) use charging::{EvBody, EvseBody};
pub(crate) use institutions::{DsoBody, MeterAccess, NoBody};
pub(crate) use load::{Consumer, LoadBody};
pub(crate) use pv::PvBody;

use crate::weather::Step;
use crate::world::Meters;
use agents::Core;
use bevy_ecs::component::{Component, Mutable};

/// A core that has a body in the world: how it senses and obeys.
pub(crate) trait Embodied: Core {
    /// The component that holds the body.
    type Body: Component<Mutability = Mutable>;

    /// Writes to `sense` what the body and the meters it may read show at this instant.
    fn sense(body: &Self::Body, meters: &Meters, sense: &mut Self::Sense);

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

    pub(crate) fn power_kw(self) -> f64 {
        if self.hours > 0.0 { self.energy_kwh / self.hours } else { 0.0 }
    }
}
