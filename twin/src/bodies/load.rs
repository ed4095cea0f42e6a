//! The body of a load: a household, a commercial site, or what these leave of a commune.

use super::{Embodied, Mean};
use crate::physics::commercial::Commercial;
use crate::physics::demand::Demand;
use crate::physics::household::Household;
use crate::weather::{Air, Step, mean_of_minute};
use crate::world::{Flows, Meters};
use agents::load::{Load, LoadIntent, LoadSense};
use agents::reading::{AssetReading, AssetState, round_power_kw};
use agents::series::Series;
use agents::{ParticipantId, SiteId};
use bevy_ecs::component::Component;

#[derive(Component, Debug)]
pub(crate) struct LoadBody {
    id: ParticipantId,
    site: SiteId,
    consumer: Consumer,
    /// Share of its power that each network phase carries.
    phases: [f32; 3],
    intent: LoadIntent,
    power_kw: f64,
    is_limited: bool,
}

/// Who consumes. The many are kept in place, the few are boxed.
#[derive(Debug)]
pub(crate) enum Consumer {
    Commune(Box<Demand>),
    Household(Household),
    Commercial(Box<Commercial>),
    /// What was measured, kW.
    Measured(Series),
}

impl Consumer {
    /// Power wanted during a step, and whether some of it is cut off: a commune's load takes the rest of its commune's
    /// demand or, where there is one, of its share in the island's measured demand, but never less than nothing.
    fn wanted_kw(&mut self, step: &Step, air: &Air, measured: Option<&Series>) -> (f64, bool) {
        let (day, hours, air_c) = (step.day, step.hour_of_day, air.temperature_c);
        let minute = (hours * 60.0) as u16;
        match self {
            Self::Household(household) => (household.power_kw(day, minute, air_c), false),
            Self::Commercial(site) => (site.power_kw(day, minute, air_c), false),
            Self::Measured(series) => (mean_of_minute(series, step), false),
            Self::Commune(demand) => {
                let commune_kw = match measured {
                    Some(series) => demand.share() * mean_of_minute(series, step),
                    None => demand.power_kw(day, hours, air_c),
                };
                let rest = demand.remainder(commune_kw, day, hours, air_c);
                (rest.power_kw, rest.cut_kw > 0.0)
            }
        }
    }
}

impl LoadBody {
    /// A load connected to `phases` of the network's phases, from phase `first` (1-3) on.
    pub(crate) fn new(id: ParticipantId, site: SiteId, consumer: Consumer, phases: u64, first: u64) -> Self {
        let share = |phase: u64| if (phase + 3 - first) % 3 < phases { 1.0 / phases as f32 } else { 0.0 };
        let phases = [1, 2, 3].map(share);
        Self { id, site, consumer, phases, intent: LoadIntent::default(), power_kw: 0.0, is_limited: false }
    }

    /// Consumes what its people want, up to the limit it is under. `measured` is the island's demand, in kW.
    pub(crate) fn advance(&mut self, steps: &[Step], air: &[Air], measured: Option<&Series>, flows: &mut Flows) {
        let mut mean = Mean::default();
        self.is_limited = false;
        let limit_kw = self.intent.import_limit_kw.unwrap_or(f64::INFINITY);
        for (index, (step, air)) in steps.iter().zip(air).enumerate() {
            let (wanted_kw, is_cut) = self.consumer.wanted_kw(step, air, measured);
            self.is_limited |= is_cut || wanted_kw > limit_kw;
            let power_kw = wanted_kw.min(limit_kw);
            flows.add(self.site, index, power_kw);
            mean.add(power_kw, step);
        }
        self.power_kw = mean.power_kw();
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    /// Mean power over the interval that each network phase carried.
    pub(crate) fn phases_kw(&self) -> [f64; 3] {
        self.phases.map(|share| f64::from(share) * self.power_kw)
    }

    pub(crate) fn reading(&self) -> AssetReading {
        AssetReading {
            asset: self.id,
            power_kw: round_power_kw(self.power_kw),
            setpoint_kw: self.intent.import_limit_kw.map(round_power_kw),
            energy_kwh: None,
            reactive_kvar: None,
            state: if self.is_limited { AssetState::Limited } else { AssetState::Consuming },
        }
    }
}

impl Embodied for Load {
    type Body = LoadBody;

    fn sense(body: &LoadBody, _: &Meters, sense: &mut LoadSense) {
        sense.power_kw = body.power_kw;
    }

    fn obey(body: &mut LoadBody, intent: LoadIntent) {
        body.intent = intent;
    }
}
