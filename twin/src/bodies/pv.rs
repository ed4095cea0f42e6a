//! The body of a PV plant.

use super::{Embodied, Mean};
use crate::physics::pv::{PvArray, PvParams};
use crate::weather::{Air, Sky, Step};
use crate::world::{Flows, Meters};
use agents::pv::{Pv, PvIntent, PvSense};
use agents::reading::{AssetReading, AssetState, round_power_kw};
use agents::{ParticipantId, SiteId};
use bevy_ecs::component::Component;
use scenarios::PvParameters;

#[derive(Component, Debug)]
pub(crate) struct PvBody {
    id: ParticipantId,
    site: SiteId,
    array: PvArray,
    /// Index of the sky over it.
    pub(crate) sky: usize,
    intent: PvIntent,
    power_kw: f64,
    is_curtailed: bool,
}

impl PvBody {
    pub(crate) fn new(id: ParticipantId, site: SiteId, plant: &PvParameters, sky: usize) -> Self {
        let PvParameters { peak_kw, tilt_deg, azimuth_deg, .. } = *plant;
        let array = PvArray::new(PvParams { peak_kw, tilt_deg, azimuth_deg, ..PvParams::default() });
        Self { id, site, array, sky, intent: PvIntent::default(), power_kw: 0.0, is_curtailed: false }
    }

    pub(crate) fn advance(&mut self, steps: &[Step], skies: &[Sky], air: &[Air], flows: &mut Flows) {
        let mut mean = Mean::default();
        self.is_curtailed = false;
        let limit_kw = self.intent.export_limit_kw.unwrap_or(f64::INFINITY);
        for (index, ((step, sky), air)) in steps.iter().zip(skies).zip(air).enumerate() {
            let mut produced_kw = 0.0;
            if sky.irradiance.ghi > 0.0 {
                produced_kw = self.array.ac_power_kw(&sky.irradiance, &sky.sun, air.temperature_c, air.wind_m_per_s);
            }
            self.is_curtailed |= produced_kw > limit_kw;
            produced_kw = produced_kw.min(limit_kw);
            flows.add(self.site, index, -produced_kw);
            mean.add(-produced_kw, step);
        }
        self.power_kw = mean.power_kw();
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    pub(crate) fn reading(&self) -> AssetReading {
        let state = match self.power_kw {
            _ if self.is_curtailed => AssetState::Curtailed,
            power_kw if power_kw < 0.0 => AssetState::Producing,
            _ => AssetState::Idle,
        };
        AssetReading {
            asset: self.id,
            power_kw: round_power_kw(self.power_kw),
            setpoint_kw: self.intent.export_limit_kw.map(|limit_kw| round_power_kw(-limit_kw)),
            energy_kwh: None,
            state,
        }
    }
}

impl Embodied for Pv {
    type Body = PvBody;

    fn sense(body: &PvBody, _: &Meters, sense: &mut PvSense) {
        sense.power_kw = body.power_kw;
    }

    fn obey(body: &mut PvBody, intent: PvIntent) {
        body.intent = intent;
    }
}
