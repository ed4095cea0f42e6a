//! The body of a load.

use super::{Embodied, Mean};
use crate::physics::demand::Demand;
use crate::weather::{Air, Step};
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
    demand: Demand,
    intent: LoadIntent,
    power_kw: f64,
    is_limited: bool,
}

impl LoadBody {
    pub(crate) fn new(id: ParticipantId, site: SiteId, demand: Demand) -> Self {
        Self { id, site, demand, intent: LoadIntent::default(), power_kw: 0.0, is_limited: false }
    }

    /// Consumes what the demand model or, where there is one, the island's measured demand says.
    pub(crate) fn advance(&mut self, steps: &[Step], air: &[Air], measured: Option<&Series>, flows: &mut Flows) {
        let mut mean = Mean::default();
        self.is_limited = false;
        let limit_kw = self.intent.import_limit_kw.unwrap_or(f64::INFINITY);
        for (index, (step, air)) in steps.iter().zip(air).enumerate() {
            let wanted_kw = match measured {
                Some(series) => {
                    let island_kw = series.mean(step.start, step.end);
                    self.demand.share() * island_kw.expect("the plan checked that the series covers the run")
                }
                None => self.demand.power_kw(step.day, step.hour_of_day, air.temperature_c),
            };
            self.is_limited |= wanted_kw > limit_kw;
            let power_kw = wanted_kw.min(limit_kw);
            flows.add(self.site, index, power_kw);
            mean.add(power_kw, step);
        }
        self.power_kw = mean.power_kw();
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    /// Mean power on each phase of the network.
    pub(crate) fn phases_kw(&self) -> [f64; 3] {
        [self.power_kw / 3.0; 3]
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
