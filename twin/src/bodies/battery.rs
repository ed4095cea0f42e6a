//! The body of a stationary battery.

use super::{Embodied, Mean, on_phases};
use crate::faults::{Condition, FaultState, Shown};
use crate::physics::storage::{EnergyWindow, StorageState, StorageUnit};
use crate::state::state;
use crate::weather::{Air, Step};
use crate::world::{Flows, Meters};
use agents::battery::{Battery, BatteryIntent, BatterySense};
use agents::command::Mode;
use agents::mail::StorageStatus;
use agents::reading::{AssetReading, AssetState, round_energy_kwh, round_power_kw};
use agents::record::StorageHealth;
use agents::{MeterId, ParticipantId, SiteId};
use bevy_ecs::component::Component;
use market::Energy;
use scenarios::BatteryParameters;

#[derive(Component, Clone, Debug)]
pub(crate) struct BatteryBody {
    pub(crate) id: ParticipantId,
    site: SiteId,
    pub(crate) unit: StorageUnit,
    intent: BatteryIntent,
    power_kw: f64,
    /// Energy taken less given since the start.
    register_kwh: f64,
    wanted_kw: f64,
    /// Mean power of the converter alone.
    converter_kw: f64,
    /// How it stood when the last local day was over.
    health: StorageHealth,
}

state! {
    /// What has come about in a battery.
    BatteryState of BatteryBody {
        intent: BatteryIntent,
        power_kw: f64,
        register_kwh: f64,
        health: StorageHealth,
    } parts { unit: StorageState } given { id, site, wanted_kw, converter_kw }
}

impl BatteryBody {
    pub(crate) fn new(id: ParticipantId, site: SiteId, spec: &BatteryParameters) -> Self {
        let (unit, intent) = (StorageUnit::new(spec.into()), BatteryIntent::default());
        let health = unit.health();
        Self { id, site, unit, intent, power_kw: 0.0, register_kwh: 0.0, wanted_kw: 0.0, converter_kw: 0.0, health }
    }

    /// The meter that the battery follows, if that is its mode.
    pub(crate) fn follows(&self) -> Option<MeterId> {
        match self.intent.mode {
            Mode::Follow { meter, .. } => Some(meter),
            Mode::Hold(_) => None,
        }
    }

    /// Holds its power, or answers for its share of `residual_kw`, the followed meter without its followers.
    pub(crate) fn advance(
        &mut self,
        steps: &[Step],
        residual_kw: &[f64],
        air: &[Air],
        mut faults: Option<&mut FaultState>,
        flows: &mut Flows,
    ) {
        let (mut mean, mut wanted, mut converter) = (Mean::default(), Mean::default(), Mean::default());
        for (index, (step, air)) in steps.iter().zip(air).enumerate() {
            let asked_kw = match self.intent.mode {
                Mode::Hold(power_kw) => power_kw,
                Mode::Follow { share, .. } => {
                    (-residual_kw[index] * share).clamp(-self.unit.spec.discharge_kw, self.unit.spec.power_kw)
                }
            };
            let (condition, stored_kwh) =
                (faults.as_deref().map_or(Condition::SOUND, |faults| faults.at(step.start)), self.unit.energy_kwh);
            let supply_kw = if condition.is_dead { 0.0 } else { self.unit.supply_kw() };
            let (power_kw, asked_kw) = match condition {
                Condition { is_dead: true, .. } => {
                    self.unit.lose_cooling();
                    (0.0, asked_kw)
                }
                Condition { is_off: true, .. } => {
                    (self.unit.exchange(supply_kw, step.hours, self.unit.window()), asked_kw)
                }
                _ => self.exchange(asked_kw, step.hours, &condition),
            };
            self.unit.pass(step.hours, step.day, air.temperature_c);
            flows.add(self.site, index, power_kw);
            mean.add(power_kw, step);
            wanted.add(asked_kw, step);
            converter.add(power_kw - supply_kw, step);
            if let Some(faults) = &mut faults {
                faults.count(step, power_kw, Some(stored_kwh));
            }
        }
        self.power_kw = mean.power_kw();
        self.register_kwh += mean.energy_kwh();
        self.wanted_kw = wanted.power_kw();
        self.converter_kw = converter.power_kw();
        if steps.last().is_some_and(|step| step.ends_day) {
            self.health = self.unit.health();
        }
    }

    /// Lives through the steps at the power that flows in the field; what is asked for is what `model` was asked for.
    /// Returns the energy that the power can not explain, see [`StorageUnit::undergo`].
    pub(crate) fn follow(
        &mut self,
        power_kw: f64,
        model: &Self,
        steps: &[Step],
        air: &[Air],
        flows: &mut Flows,
    ) -> f64 {
        let (mut converter, mut unexplained_kwh, mut hours) = (Mean::default(), 0.0, 0.0);
        for (index, (step, air)) in steps.iter().zip(air).enumerate() {
            let converter_kw = power_kw - self.unit.supply_kw();
            unexplained_kwh += self.unit.undergo(power_kw, step.hours);
            self.unit.pass(step.hours, step.day, air.temperature_c);
            flows.add(self.site, index, power_kw);
            converter.add(if converter_kw.abs() < self.unit.spec.least_kw { 0.0 } else { converter_kw }, step);
            hours += step.hours;
        }
        self.power_kw = power_kw;
        self.register_kwh += power_kw * hours;
        self.wanted_kw = model.wanted_kw;
        self.converter_kw = converter.power_kw();
        if steps.last().is_some_and(|step| step.ends_day) {
            self.health = self.unit.health();
        }
        unexplained_kwh
    }

    /// Exchanges what is asked within limits and reserves; returns the power at the terminals, and the power asked for
    /// once a missing reserve asks for more.
    fn exchange(&mut self, asked_kw: f64, hours: f64, condition: &Condition) -> (f64, f64) {
        let mut highest_kw = self.intent.import_limit_kw.unwrap_or(f64::INFINITY);
        let mut lowest_kw = -self.intent.export_limit_kw.unwrap_or(f64::INFINITY);
        let mut window = self.unit.window();
        if *condition != Condition::SOUND {
            let spec = &self.unit.spec;
            highest_kw = highest_kw.min(condition.rating_share * spec.power_kw);
            lowest_kw = lowest_kw.max(-condition.rating_share * spec.discharge_kw);
            window = window.within(condition.window.map(|share| share * spec.capacity_kwh));
        }
        let wanted_kw = self.spared(asked_kw.clamp(lowest_kw, highest_kw));
        let floor_kwh = window.floor_kwh.max(self.intent.floor_kwh).min(window.ceiling_kwh);
        let window = EnergyWindow { floor_kwh, ..window };
        let Some(reserve) = self.intent.reserve else {
            return (self.unit.exchange(wanted_kw, hours, window), asked_kw);
        };
        let is_missing = self.unit.energy_kwh < reserve.energy_kwh.min(window.ceiling_kwh);
        let asked_kw = if is_missing { asked_kw.max(reserve.power_kw) } else { asked_kw };
        let power_kw = self.spared(reserve.power_kw.min(highest_kw));
        let reserve = agents::command::Reserve { power_kw, ..reserve };
        (self.unit.exchange_above(reserve, wanted_kw, hours, window), asked_kw)
    }

    /// The power that is worth converting: a battery that is told to rest, or to charge with less than it takes for
    /// itself, does not discharge, at a loss, to cover its own supply. One that follows a meter does.
    fn spared(&self, wanted_kw: f64) -> f64 {
        match self.intent.mode {
            Mode::Hold(_) if wanted_kw >= 0.0 => wanted_kw.max(self.unit.supply_kw()),
            _ => wanted_kw,
        }
    }

    pub(crate) fn power_kw(&self) -> f64 {
        self.power_kw
    }

    /// Mean power on each phase of the network.
    pub(crate) fn phases_kw(&self) -> [f64; 3] {
        on_phases(self.power_kw, 3, 1)
    }

    pub(crate) fn reading(&self) -> AssetReading {
        AssetReading {
            asset: self.id,
            power_kw: round_power_kw(self.power_kw),
            setpoint_kw: Some(round_power_kw(self.wanted_kw)),
            energy_kwh: Some(round_energy_kwh(self.unit.energy_kwh)),
            reactive_kvar: None,
            state: AssetState::of_storage(round_power_kw(self.converter_kw)),
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

/// Puts what is shown of a storage in the place of what is so.
pub(super) fn show_storage(storage: &mut StorageStatus, register: &mut Energy, shown: &Shown) {
    storage.power_kw = shown.power_kw;
    storage.energy_kwh = shown.energy_kwh.unwrap_or(storage.energy_kwh);
    *register += Energy::from_kwh(shown.register_error_kwh);
}

impl Embodied for Battery {
    type Body = BatteryBody;

    fn sense(body: &BatteryBody, _: &Meters, sense: &mut BatterySense) {
        sense.storage = status(&body.unit, body.power_kw);
        sense.register = Energy::from_kwh(body.register_kwh);
        sense.capacity_kwh = body.unit.spec.capacity_kwh;
        sense.health = body.health;
    }

    fn be_shown(sense: &mut BatterySense, shown: &Shown) {
        show_storage(&mut sense.storage, &mut sense.register, shown);
    }

    fn obey(body: &mut BatteryBody, intent: BatteryIntent) {
        body.intent = intent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weather::cut_into_steps;
    use agents::command::Reserve;
    use agents::{Calendar, Span, Time};

    /// 100 kWh and 50 kW, with 100 W of standby and cells that are never warm.
    fn body(more: &str) -> BatteryBody {
        let text = format!(
            "capacity_kwh = 100.0\npower_kw = 50.0\nstandby_w = 100.0\ninitial_cell_c = 15.0\nheat_share = 0.0\n{more}"
        );
        BatteryBody::new(ParticipantId(0), SiteId(0), &BatteryParameters::from_toml(&text).expect("well-formed"))
    }

    /// Lives through a quarter hour from `minutes` after midnight; returns the mean power at the terminals.
    fn live(body: &mut BatteryBody, minutes: i64, residual_kw: f64) -> f64 {
        let (mut steps, start) = (Vec::new(), Time(0) + Span::from_minutes(minutes));
        cut_into_steps(start, start + Span::from_minutes(15), Calendar::default(), &mut steps);
        let air = vec![Air { temperature_c: 15.0, wind_m_per_s: 0.0 }; steps.len()];
        let mut flows = Flows::of_one_site(steps.len());
        body.advance(&steps, &vec![residual_kw; steps.len()], &air, None, &mut flows);
        body.power_kw()
    }

    fn hold(power_kw: f64) -> BatteryIntent {
        BatteryIntent { mode: Mode::Hold(power_kw), ..BatteryIntent::default() }
    }

    #[track_caller]
    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn a_resting_battery_shows_its_standby_and_is_idle() {
        let mut battery = body("");
        assert_near(live(&mut battery, 0, 0.0), 0.1);
        assert_eq!((battery.reading().state, battery.reading().power_kw), (AssetState::Idle, 0.1));
        assert_eq!(battery.unit.energy_kwh, 50.0);
    }

    #[test]
    fn a_held_power_is_that_at_the_terminals() {
        for (power_kw, state) in [(20.0, AssetState::Charging), (-20.0, AssetState::Discharging)] {
            let mut battery = body("");
            battery.intent = hold(power_kw);
            assert_near(live(&mut battery, 0, 0.0), power_kw);
            assert_eq!(battery.reading().state, state);
        }
    }

    #[test]
    fn a_battery_that_is_to_take_less_than_its_standby_does_not_discharge_for_it() {
        let mut battery = body("");
        battery.intent = BatteryIntent { import_limit_kw: Some(0.0), ..hold(0.05) };
        assert_near(live(&mut battery, 0, 0.0), 0.1);
    }

    #[test]
    fn a_followed_meter_comes_to_zero_with_the_standby() {
        for residual_kw in [-12.0, 7.0, 0.5] {
            let mut battery = body("");
            battery.intent.mode = Mode::Follow { meter: MeterId::Site(SiteId(0)), share: 1.0 };
            assert_near(live(&mut battery, 0, residual_kw), -residual_kw);
        }
    }

    #[test]
    fn a_followed_meter_near_zero_is_not_worth_starting_the_converter() {
        // With its standby 0.4 kW less than nothing, or less than the 0.5 kW at which it starts.
        for residual_kw in [-0.5, 0.0, 0.3] {
            let mut battery = body("");
            battery.intent.mode = Mode::Follow { meter: MeterId::Site(SiteId(0)), share: 1.0 };
            assert_near(live(&mut battery, 0, residual_kw), 0.1);
            assert_eq!((battery.reading().state, battery.unit.energy_kwh), (AssetState::Idle, 50.0));
        }
    }

    #[test]
    fn limits_bound_what_the_terminals_show() {
        let mut battery = body("");
        battery.intent = BatteryIntent { import_limit_kw: Some(3.0), export_limit_kw: Some(4.0), ..hold(20.0) };
        assert_near(live(&mut battery, 0, 0.0), 3.0);
        battery.intent.mode = Mode::Hold(-20.0);
        assert_near(live(&mut battery, 15, 0.0), -4.0);
        assert_eq!(battery.reading().setpoint_kw, Some(-20.0));
    }

    #[test]
    fn discharging_stops_at_the_standing_reserve_and_at_a_commanded_one() {
        let mut battery = body("");
        battery.intent = BatteryIntent { floor_kwh: 48.0, ..hold(-40.0) };
        live(&mut battery, 0, 0.0);
        assert_near(battery.unit.energy_kwh, 48.0);
        battery.intent.floor_kwh = 0.0;
        battery.intent.reserve = Some(Reserve { energy_kwh: 45.0, power_kw: 8.0 });
        live(&mut battery, 15, 0.0);
        assert_near(battery.unit.energy_kwh, 45.0);
        battery.intent.reserve = Some(Reserve { energy_kwh: 60.0, power_kw: 8.0 });
        assert_near(live(&mut battery, 30, 0.0), 8.0);
        assert_eq!(battery.reading().setpoint_kw, Some(8.0), "what is asked for is to charge back");
        battery.intent.reserve = None;
        assert_near(live(&mut battery, 45, 0.0), -40.0);
    }

    #[test]
    fn the_day_is_over_with_its_last_minute() {
        let mut battery = body("");
        let before = battery.health;
        live(&mut battery, 23 * 60 + 30, 0.0);
        assert_eq!(battery.health, before);
        live(&mut battery, 23 * 60 + 45, 0.0);
        assert_near(battery.health.lost_kwh, 0.05);
        assert!(battery.health.soh < 1.0);
    }
}
