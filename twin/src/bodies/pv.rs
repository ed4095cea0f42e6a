//! The body of a PV plant.

use super::{Embodied, Mean, on_phases};
use crate::faults::{Condition, FaultState, Shown};
use crate::network::NetworkState;
use crate::physics::inverter::{Delivery, Surroundings};
use crate::physics::pv::PvArray;
use crate::state::state;
use crate::weather::{Air, Sky, Step, mean_of_minute};
use crate::world::{Flows, Meters};
use agents::pv::{Pv, PvIntent, PvSense};
use agents::reading::{AssetReading, AssetState, round_power_kw};
use agents::series::Series;
use agents::{ParticipantId, SiteId};
use bevy_ecs::component::Component;
use scenarios::PvParameters;

#[derive(Component, Debug)]
pub(crate) struct PvBody {
    pub(crate) id: ParticipantId,
    site: SiteId,
    array: PvArray,
    /// What was measured of its production, kW, in the place of what sun and array would give.
    measured: Option<Series>,
    phases: u64,
    phase: u64,
    /// Index of the sky over it.
    pub(crate) sky: usize,
    intent: PvIntent,
    /// What the inverter gave when the frequency went above its threshold, while it is there.
    crossing_kw: Option<f64>,
    power_kw: f64,
    reactive_kvar: f64,
    is_curtailed: bool,
    is_derated: bool,
}

state! {
    /// What has come about in a PV plant.
    PvState of PvBody {
        intent: PvIntent,
        crossing_kw: Option<f64>,
        power_kw: f64,
    } given { id, site, array, measured, phases, phase, sky, reactive_kvar, is_curtailed, is_derated }
}

impl PvBody {
    pub(crate) fn new(
        id: ParticipantId,
        site: SiteId,
        plant: &PvParameters,
        sky: usize,
        measured: Option<Series>,
    ) -> Self {
        Self {
            id,
            site,
            array: PvArray::new(plant),
            measured,
            phases: plant.phases,
            phase: plant.phase,
            sky,
            intent: PvIntent::default(),
            crossing_kw: None,
            power_kw: 0.0,
            reactive_kvar: 0.0,
            is_curtailed: false,
            is_derated: false,
        }
    }

    pub(crate) fn advance(
        &mut self,
        steps: &[Step],
        skies: &[Sky],
        air: &[Air],
        network: &[NetworkState],
        mut faults: Option<&mut FaultState>,
        flows: &mut Flows,
    ) {
        let (mut active, mut reactive) = (Mean::default(), Mean::default());
        (self.is_curtailed, self.is_derated) = (false, false);
        for (index, (((step, sky), air), network)) in steps.iter().zip(skies).zip(air).zip(network).enumerate() {
            let given = match faults.as_deref().map(|faults| faults.at(step.start)) {
                None => self.step(step, sky, air, network, &Condition::SOUND),
                Some(condition) if condition.is_disconnected() => Delivery::default(),
                Some(condition) => self.step(step, sky, air, network, &condition),
            };
            self.is_curtailed |= given.is_curtailed;
            self.is_derated |= given.is_derated;
            flows.add(self.site, index, -given.active_kw);
            active.add(-given.active_kw, step);
            reactive.add(-given.reactive_kvar, step);
            if let Some(faults) = &mut faults {
                faults.count(step, -given.active_kw, None);
            }
        }
        self.power_kw = active.power_kw();
        self.reactive_kvar = reactive.power_kw();
    }

    /// Shows the power that flows in the field, in place of what the model would have given.
    pub(crate) fn follow(&mut self, power_kw: f64, steps: usize, flows: &mut Flows) {
        (0..steps).for_each(|index| flows.add(self.site, index, power_kw));
        self.power_kw = power_kw;
        (self.is_curtailed, self.is_derated) = (false, false);
    }

    fn step(&mut self, step: &Step, sky: &Sky, air: &Air, network: &NetworkState, left: &Condition) -> Delivery {
        let available_kw = match &self.measured {
            Some(series) => mean_of_minute(series, step) * left.array_share,
            None if sky.irradiance.ghi > 0.0 && left.array_share < 1.0 => {
                let air = (air.temperature_c, air.wind_m_per_s);
                self.array.ac_power_of_share_kw(left.array_share, &sky.irradiance, &sky.sun, air)
            }
            None if sky.irradiance.ghi > 0.0 => {
                self.array.ac_power_kw(&sky.irradiance, &sky.sun, air.temperature_c, air.wind_m_per_s)
            }
            None => 0.0,
        };
        let most_kw = left.rating_share * self.array.inverter().rating_kw();
        if left.rating_share < 1.0 && most_kw < available_kw {
            return Delivery { is_derated: true, ..self.deliver(most_kw, air, network) };
        }
        self.deliver(available_kw, air, network)
    }

    fn deliver(&mut self, available_kw: f64, air: &Air, network: &NetworkState) -> Delivery {
        let limit_kw = self.intent.export_limit_kw.unwrap_or(f64::INFINITY);
        let around = Surroundings { air_c: air.temperature_c, network: *network, limit_kw };
        self.array.inverter().deliver(available_kw, &around, &mut self.crossing_kw)
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    /// Mean power on each phase of the network.
    pub(crate) fn phases_kw(&self) -> [f64; 3] {
        on_phases(self.power_kw, self.phases, self.phase)
    }

    /// Curtailed or derated if it was so at any time; a limit is told before heat, which nobody asked for.
    pub(crate) fn reading(&self) -> AssetReading {
        let state = match self.power_kw {
            _ if self.is_curtailed => AssetState::Curtailed,
            _ if self.is_derated => AssetState::Derated,
            power_kw if power_kw < 0.0 => AssetState::Producing,
            _ => AssetState::Idle,
        };
        let controls_reactive = self.array.inverter().controls_reactive();
        AssetReading {
            asset: self.id,
            power_kw: round_power_kw(self.power_kw),
            setpoint_kw: self.intent.export_limit_kw.map(|limit_kw| round_power_kw(-limit_kw)),
            energy_kwh: None,
            reactive_kvar: controls_reactive.then(|| round_power_kw(self.reactive_kvar)),
            state,
        }
    }
}

impl Embodied for Pv {
    type Body = PvBody;

    fn sense(body: &PvBody, _: &Meters, sense: &mut PvSense) {
        sense.power_kw = body.power_kw;
    }

    fn be_shown(sense: &mut PvSense, shown: &Shown) {
        sense.power_kw = shown.power_kw;
    }

    fn obey(body: &mut PvBody, intent: PvIntent) {
        body.intent = intent;
    }
}
