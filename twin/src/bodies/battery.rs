//! The body of a stationary battery.

use super::{Embodied, Mean};
use crate::physics::storage::StorageUnit;
use crate::weather::Step;
use crate::world::{Flows, Meters};
use agents::battery::{Battery, BatteryIntent};
use agents::command::Mode;
use agents::mail::StorageStatus;
use agents::reading::{AssetReading, AssetState, round_energy_kwh, round_power_kw};
use agents::{MeterId, ParticipantId, SiteId};
use bevy_ecs::component::Component;
use scenarios::BatteryParameters;

#[derive(Component, Debug)]
pub(crate) struct BatteryBody {
    id: ParticipantId,
    site: SiteId,
    pub(crate) unit: StorageUnit,
    intent: BatteryIntent,
    power_kw: f64,
    wanted_kw: f64,
}

impl BatteryBody {
    pub(crate) fn new(id: ParticipantId, site: SiteId, spec: &BatteryParameters) -> Self {
        let (unit, intent) = (StorageUnit::new(spec.into()), BatteryIntent::default());
        Self { id, site, unit, intent, power_kw: 0.0, wanted_kw: 0.0 }
    }

    /// The meter that the battery follows, if that is its mode.
    pub(crate) fn follows(&self) -> Option<MeterId> {
        match self.intent.mode {
            Mode::Follow { meter, .. } => Some(meter),
            Mode::Hold(_) => None,
        }
    }

    /// Holds its power, or answers for its share of `residual_kw`, the followed meter without its followers.
    pub(crate) fn advance(&mut self, steps: &[Step], residual_kw: &[f64], flows: &mut Flows) {
        let (mut mean, mut wanted) = (Mean::default(), Mean::default());
        let highest_kw = self.intent.import_limit_kw.unwrap_or(f64::INFINITY);
        let lowest_kw = -self.intent.export_limit_kw.unwrap_or(f64::INFINITY);
        for (index, step) in steps.iter().enumerate() {
            let wanted_kw = match self.intent.mode {
                Mode::Hold(power_kw) => power_kw,
                Mode::Follow { share, .. } => {
                    (-residual_kw[index] * share).clamp(-self.unit.spec.power_kw, self.unit.spec.power_kw)
                }
            };
            let window = self.unit.window();
            let power_kw = self.unit.exchange(wanted_kw.clamp(lowest_kw, highest_kw), step.hours, window);
            flows.add(self.site, index, power_kw);
            mean.add(power_kw, step);
            wanted.add(wanted_kw, step);
        }
        self.power_kw = mean.power_kw();
        self.wanted_kw = wanted.power_kw();
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    /// Mean power on each phase of the network.
    pub(crate) fn phases_kw(&self) -> [f64; 3] {
        [self.power_kw / 3.0; 3]
    }

    pub(crate) fn reading(&self) -> AssetReading {
        let power_kw = round_power_kw(self.power_kw);
        AssetReading {
            asset: self.id,
            power_kw,
            setpoint_kw: Some(round_power_kw(self.wanted_kw)),
            energy_kwh: Some(round_energy_kwh(self.unit.energy_kwh)),
            reactive_kvar: None,
            state: AssetState::of_storage(power_kw),
        }
    }
}

/// What a storage tells about itself at an instant.
pub(super) fn status(unit: &StorageUnit, power_kw: f64) -> StorageStatus {
    let (min_kwh, max_kwh) = (unit.spec.min_kwh, unit.spec.max_kwh);
    StorageStatus {
        energy_kwh: unit.energy_kwh,
        min_kwh,
        max_kwh,
        charge_limit_kw: if unit.energy_kwh < max_kwh { unit.charge_limit_kw() } else { 0.0 },
        discharge_limit_kw: if unit.energy_kwh > min_kwh { unit.discharge_limit_kw() } else { 0.0 },
        power_kw,
    }
}

impl Embodied for Battery {
    type Body = BatteryBody;

    fn sense(body: &BatteryBody, _: &Meters, sense: &mut StorageStatus) {
        *sense = status(&body.unit, body.power_kw);
    }

    fn obey(body: &mut BatteryBody, intent: BatteryIntent) {
        body.intent = intent;
    }
}
