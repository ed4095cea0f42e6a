//! A storage behind a converter: losses, window, taper, supply, warmth, age. Powers at the AC terminals, charging positive.
//!
//! What follows from the state of charge or the temperature (limits, taper, cooling, ageing) is evaluated at full minutes
//! and holds for a minute, whatever the length of steps; calendar ageing sees means over quarter hours; the new capacity of an aged storage holds from the first minute
//! of a local day. Within a minute a power holds until the window ends it, at which instant the converter goes off. So steps
//! of a second and of a minute come to the same.

mod field;
mod parameters;
mod saved;

pub use parameters::Storage;
pub(crate) use saved::StorageState;

use super::ageing::{Ageing, Wear};
use super::thermal::REFERENCE_C;
use agents::Span;
use agents::command::Reserve;
use agents::record::StorageHealth;
use serde::{Deserialize, Serialize};

const MINUTE_MS: u32 = Span::MINUTE.0 as u32;
const MINUTE_H: f64 = Span::MINUTE.0 as f64 / Span::HOUR.0 as f64;
/// Minutes whose mean conditions calendar ageing sees at once.
const STRETCH_MINUTES: f64 = 15.0;

/// A storage and the energy it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StorageUnit {
    /// Its parameters, with the capacity and window it has now.
    pub spec: Storage,
    /// Energy it holds.
    pub energy_kwh: f64,
    /// Energy lost since the start: in the converter, in standby, for cooling.
    pub lost_kwh: f64,
    /// The state of health from which its present capacity follows.
    soh: f64,
    /// Highest charging and discharging power of the converter in this minute.
    limits_kw: [f64; 2],
    /// Heat that the cooling removes in this minute.
    cooling_kw: f64,
    supply_kw: f64,
    minute: Minute,
    wear: Wear,
    stretch: Conditions,
    cell_c: f64,
    today: Day,
}

/// Minutes that calendar ageing has not seen yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Conditions {
    minutes: f64,
    cell_c_minutes: f64,
    soc_minutes: f64,
}

impl Conditions {
    fn wear_out(&self, wear: &mut Wear, ageing: &Ageing) {
        if self.minutes > 0.0 {
            let mean = |sum: f64| sum / self.minutes;
            wear.rest(ageing, self.minutes * MINUTE_H, mean(self.cell_c_minutes), mean(self.soc_minutes));
        }
    }
}

/// What has come together since the last full minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Minute {
    ms: u32,
    /// Temperature of the air times milliseconds.
    air_c_ms: f64,
    /// Lost in the converter.
    lost_kwh: f64,
}

/// The local day under way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Day {
    /// None before the first minute.
    number: Option<i64>,
    minutes: f64,
    cell_c_minutes: f64,
    /// None before the first minute.
    cell_max_c: Option<f64>,
}

impl Day {
    fn new(number: Option<i64>) -> Self {
        Self { number, minutes: 0.0, cell_c_minutes: 0.0, cell_max_c: None }
    }
}

/// The window within which an exchange may move the stored energy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyWindow {
    /// No discharging below this energy.
    pub floor_kwh: f64,
    /// No charging above this energy.
    pub ceiling_kwh: f64,
}

impl EnergyWindow {
    /// What is left of it between these energies.
    pub fn within(self, [floor_kwh, ceiling_kwh]: [f64; 2]) -> Self {
        Self { floor_kwh: self.floor_kwh.max(floor_kwh), ceiling_kwh: self.ceiling_kwh.min(ceiling_kwh) }
    }
}

/// What the converter did in a stretch of time.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    /// Energy at its terminals, charging positive.
    energy_kwh: f64,
    /// For how long it ran.
    hours: f64,
    /// Power while it ran.
    power_kw: f64,
}

impl Stretch {
    /// Mean power over `hours`, of which it ran all or some.
    fn power_kw(&self, hours: f64) -> f64 {
        if self.hours == hours { self.power_kw } else { self.energy_kwh / hours }
    }
}

impl StorageUnit {
    /// A storage as it is at the start.
    pub fn new(spec: Storage) -> Self {
        let mut unit = Self {
            spec,
            energy_kwh: spec.initial_kwh,
            lost_kwh: 0.0,
            soh: spec.ageing.initial_soh,
            limits_kw: [0.0; 2],
            cooling_kw: 0.0,
            supply_kw: 0.0,
            minute: Minute::default(),
            wear: Wear::new(spec.initial_kwh / spec.nominal_kwh),
            stretch: Conditions::default(),
            cell_c: spec.thermal.initial_cell_c.unwrap_or(REFERENCE_C),
            today: Day::new(None),
        };
        unit.set_limits();
        unit
    }

    /// The whole window of the storage.
    pub fn window(&self) -> EnergyWindow {
        EnergyWindow { floor_kwh: self.spec.min_kwh, ceiling_kwh: self.spec.max_kwh }
    }

    /// Highest charging power of the converter in this minute: the rating, falling linearly to zero between the taper's
    /// beginning and full, and with the temperature of the cells.
    pub fn charge_limit_kw(&self) -> f64 {
        self.limits_kw[0]
    }

    /// Highest discharging power of the converter in this minute, positive: the rating, falling linearly to zero between
    /// the taper's beginning and empty, and with the temperature of the cells.
    pub fn discharge_limit_kw(&self) -> f64 {
        self.limits_kw[1]
    }

    /// Power of electronics and cooling in this minute, which the terminals show besides the converter's.
    pub fn supply_kw(&self) -> f64 {
        self.supply_kw
    }

    /// Temperature of the cells at the last full minute, °C.
    pub fn cell_c(&self) -> f64 {
        self.cell_c
    }

    /// Share of the present capacity that is stored.
    pub fn soc(&self) -> f64 {
        self.energy_kwh / self.spec.capacity_kwh
    }

    /// How it stands now; temperatures are those of the local day under way, or of the cells before its first minute.
    pub fn health(&self) -> StorageHealth {
        let (ageing, today) = (&self.spec.ageing, &self.today);
        let [cell_mean_c, cell_max_c] = match today.cell_max_c {
            Some(cell_max_c) => [today.cell_c_minutes / today.minutes, cell_max_c],
            None => [self.cell_c; 2],
        };
        let mut wear = self.wear;
        self.stretch.wear_out(&mut wear, ageing);
        StorageHealth {
            soh: wear.soh(ageing),
            calendar_fade: wear.calendar_fade(ageing),
            cycle_fade: wear.cycle_fade(ageing),
            equivalent_full_cycles: wear.equivalent_full_cycles(),
            cell_mean_c,
            cell_max_c,
            lost_kwh: self.lost_kwh,
        }
    }

    /// Exchanges `wanted_kw` at the terminals, supply included, for `hours`, or as much of it as limits and `window`
    /// allow; returns the mean power at the terminals.
    ///
    /// A power below the converter's least one, or a charging power that would not cover its losses, is not taken: the
    /// converter stays off.
    pub fn exchange(&mut self, wanted_kw: f64, hours: f64, window: EnergyWindow) -> f64 {
        let stretch = self.convert(wanted_kw - self.supply_kw, hours, window);
        self.lost_kwh += self.supply_kw * hours;
        stretch.power_kw(hours) + self.supply_kw
    }

    /// As [`Self::exchange`], but what is missing of `reserve` is charged first, with the reserve's power where that is
    /// more than `wanted_kw`, and nothing is discharged below it.
    pub fn exchange_above(&mut self, reserve: Reserve, wanted_kw: f64, hours: f64, window: EnergyWindow) -> f64 {
        let kept_kwh = reserve.energy_kwh.min(self.spec.max_kwh);
        let above = EnergyWindow { floor_kwh: window.floor_kwh.max(kept_kwh), ..window };
        if self.energy_kwh >= kept_kwh || wanted_kw >= reserve.power_kw {
            return self.exchange(wanted_kw, hours, above);
        }
        let first = EnergyWindow { ceiling_kwh: kept_kwh.min(window.ceiling_kwh), ..window };
        let refill = self.convert((reserve.power_kw - self.supply_kw).max(0.0), hours, first);
        let left_hours = hours - refill.hours;
        let then = self.convert(wanted_kw - self.supply_kw, left_hours, above);
        self.lost_kwh += self.supply_kw * hours;
        (refill.energy_kwh + then.energy_kwh) / hours + self.supply_kw
    }

    /// Has no cooling for the rest of the minute: there is no supply.
    pub fn lose_cooling(&mut self) {
        self.cooling_kw = 0.0;
    }

    /// Ends a step of `step_hours`, at most a minute, in local day `day`, in which the air had `air_c`: at full minutes
    /// the cells take on their temperature, the storage has aged, and the limits of the next minute follow.
    pub fn pass(&mut self, step_hours: f64, day: i64, air_c: f64) {
        const MS_PER_HOUR: f64 = Span::HOUR.0 as f64;
        let step_ms = (step_hours * MS_PER_HOUR + 0.5) as u32;
        if step_ms == MINUTE_MS && self.minute.ms == 0 {
            self.end_minute(day, air_c);
            return;
        }
        self.minute.ms += step_ms;
        self.minute.air_c_ms += air_c * f64::from(step_ms);
        if self.minute.ms >= MINUTE_MS {
            self.end_minute(day, self.minute.air_c_ms / f64::from(self.minute.ms));
        }
    }

    fn end_minute(&mut self, day: i64, air_c: f64) {
        if self.today.number != Some(day) {
            self.begin_day(day, air_c);
        }
        let lost_kwh = std::mem::take(&mut self.minute).lost_kwh;
        let Storage { thermal, ageing, nominal_kwh, .. } = &self.spec;
        let heat_kw = thermal.heat_share * lost_kwh * const { 1.0 / MINUTE_H };
        self.cell_c = thermal.after(self.cell_c, MINUTE_H, heat_kw, self.cooling_kw, air_c);
        self.wear.store(ageing, self.energy_kwh / nominal_kwh);
        let soc = self.energy_kwh / self.spec.capacity_kwh;
        self.stretch.minutes += 1.0;
        self.stretch.cell_c_minutes += self.cell_c;
        self.stretch.soc_minutes += soc;
        if self.stretch.minutes == STRETCH_MINUTES {
            std::mem::take(&mut self.stretch).wear_out(&mut self.wear, ageing);
        }
        self.today.minutes += 1.0;
        self.today.cell_c_minutes += self.cell_c;
        self.today.cell_max_c = Some(self.today.cell_max_c.map_or(self.cell_c, |max_c| max_c.max(self.cell_c)));
        self.set_limits();
    }

    /// From now on it has the capacity that is left. What it holds stays: above the window it can only be discharged.
    fn begin_day(&mut self, day: i64, air_c: f64) {
        match self.today.number {
            None => self.cell_c = self.spec.thermal.initial_cell_c.unwrap_or(air_c),
            Some(_) => {
                std::mem::take(&mut self.stretch).wear_out(&mut self.wear, &self.spec.ageing);
                self.soh = self.wear.soh(&self.spec.ageing);
                self.spec.age_to(self.soh);
            }
        }
        self.today = Day::new(Some(day));
    }

    fn set_limits(&mut self) {
        let Storage { power_kw, discharge_kw, charge_taper_above, discharge_taper_below, thermal, .. } = &self.spec;
        let (soc, derating) = (self.soc(), thermal.derating(self.cell_c));
        // Most of the time neither taper has begun.
        let charge = if soc > *charge_taper_above { ((1.0 - soc) / (1.0 - charge_taper_above)).max(0.0) } else { 1.0 };
        let discharge = if soc < *discharge_taper_below { (soc / discharge_taper_below).max(0.0) } else { 1.0 };
        self.limits_kw = [power_kw * charge * derating, discharge_kw * discharge * derating];
        self.cooling_kw = thermal.cooling_kw(self.cell_c);
        self.supply_kw = self.spec.standby_kw + thermal.cooling_supply_kw(self.cooling_kw);
    }

    /// Runs the converter at `wanted_kw`, or at its limit, for `hours` or until the window ends it.
    fn convert(&mut self, wanted_kw: f64, hours: f64, window: EnergyWindow) -> Stretch {
        let [charge_kw, discharge_kw] = self.limits_kw;
        let power_kw = wanted_kw.clamp(-discharge_kw, charge_kw);
        if power_kw.abs() < self.spec.least_kw {
            return Stretch::default();
        }
        let stored_kw = self.stored_kw(power_kw);
        let room_kwh = if power_kw < 0.0 {
            self.energy_kwh - window.floor_kwh
        } else if stored_kw > 0.0 {
            window.ceiling_kwh - self.energy_kwh
        } else {
            return Stretch::default();
        };
        if room_kwh <= 0.0 {
            return Stretch::default();
        }
        let (stored_kwh, run_hours) = if stored_kw.abs() * hours <= room_kwh {
            (stored_kw * hours, hours)
        } else {
            (room_kwh.copysign(stored_kw), room_kwh / stored_kw.abs())
        };
        let energy_kwh = power_kw * run_hours;
        let before_kwh = self.energy_kwh;
        self.energy_kwh += stored_kwh;
        self.lost_kwh += energy_kwh - stored_kwh;
        self.minute.lost_kwh += energy_kwh - stored_kwh;
        self.assert_within(window, before_kwh);
        Stretch { energy_kwh, hours: run_hours, power_kw }
    }

    /// What was outside the window before (a raised reserve, a shrunken capacity) may be there still, but no farther out.
    fn assert_within(&self, window: EnergyWindow, before_kwh: f64) {
        let tolerance_kwh = 1e-9 * self.spec.nominal_kwh;
        let (low, high) = (window.floor_kwh.min(before_kwh), window.ceiling_kwh.max(before_kwh));
        assert!(
            (low - tolerance_kwh..=high + tolerance_kwh).contains(&self.energy_kwh),
            "storage at {} kWh, before at {before_kwh} kWh, left its window {window:?}",
            self.energy_kwh
        );
    }

    /// Power that reaches the cells (leaves them when negative) at `power_kw` at the converter's terminals.
    fn stored_kw(&self, power_kw: f64) -> f64 {
        if power_kw == 0.0 {
            return 0.0;
        }
        let [constant, linear, quadratic] = self.spec.losses;
        let x = power_kw.abs() / self.spec.power_kw;
        power_kw - self.spec.power_kw * (constant + linear * x + quadratic * x * x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::{BatteryParameters, EvParameters};

    fn parameters(more: &str) -> BatteryParameters {
        BatteryParameters::from_toml(&format!("capacity_kwh = 100.0\npower_kw = 50.0\n{more}")).expect("well-formed")
    }

    /// 100 kWh and 50 kW with the losses 0.5 %, 3.5 % and 1.5 %, without standby.
    fn unit(energy_kwh: f64) -> StorageUnit {
        let soc = energy_kwh / 100.0;
        StorageUnit::new((&parameters(&format!("initial_soc = {soc:?}\nstandby_w = 0.0"))).into())
    }

    #[test]
    fn a_converter_at_its_limit_stays_off_below_its_least_power() {
        // At 6 % discharging may take 60 % of the rating; a least power of 70 % is never reached.
        let text = "initial_soc = 0.06\nstandby_w = 0.0\nleast_power = 0.7";
        let mut battery = StorageUnit::new((&parameters(text)).into());
        assert_eq!(battery.exchange(-50.0, 0.001, battery.window()), 0.0);
        assert_eq!(battery.exchange(50.0, 0.001, battery.window()), 50.0);
    }

    #[test]
    fn a_reserve_that_asks_for_no_power_is_not_drained_for_the_supply() {
        let mut battery = StorageUnit::new((&parameters("standby_w = 900.0")).into());
        let reserve = Reserve { energy_kwh: 60.0, power_kw: 0.0 };
        battery.exchange_above(reserve, -5.0, 1.0, battery.window());
        assert_eq!(battery.energy_kwh, 50.0);
    }

    #[test]
    fn full_power_loses_five_and_a_half_percent_one_way() {
        let mut battery = unit(50.0);
        assert_eq!(battery.exchange(50.0, 0.1, battery.window()), 50.0);
        // 50 kW − 50 kW · (0.005 + 0.035 + 0.015) for 0.1 h.
        assert!((battery.energy_kwh - 54.725).abs() < 1e-12);
        assert!((battery.lost_kwh - 0.275).abs() < 1e-12);
        assert_eq!(battery.exchange(-50.0, 0.1, battery.window()), -50.0);
        assert!((battery.energy_kwh - 49.45).abs() < 1e-12);
    }

    #[test]
    fn a_round_trip_gives_back_eighty_nine_to_ninety_percent_from_a_quarter_of_the_rating_on() {
        // By hand, with x the relative power and l = 0.005/x + 0.035 + 0.015 x: (1 − l) / (1 + l).
        for (power_kw, expected) in [(5.0, 0.840_773), (12.5, 0.889_02), (25.0, 0.900_238), (50.0, 0.895_735)] {
            let mut battery = unit(50.0);
            battery.exchange(power_kw, 0.1, battery.window());
            let (stored_kwh, mut given_kwh) = (battery.energy_kwh, 0.0);
            while battery.energy_kwh > 50.0 {
                let floor = EnergyWindow { floor_kwh: 50.0, ceiling_kwh: stored_kwh };
                given_kwh -= battery.exchange(-power_kw, 0.01, floor) * 0.01;
            }
            let efficiency = given_kwh / (power_kw * 0.1);
            assert!((efficiency - expected).abs() < 1e-6, "{power_kw} kW: {efficiency}");
        }
    }

    #[test]
    fn the_window_is_met_exactly_and_then_the_converter_is_off() {
        let mut battery = unit(94.0);
        let power_kw = battery.exchange(20.0, 0.25, battery.window());
        // 1 kWh at 20 kW − 50 kW · (0.005 + 0.014 + 0.0024) = 18.93 kW takes 0.0528 h.
        assert!((battery.energy_kwh - 95.0).abs() < 1e-12 && (power_kw - 20.0 / 18.93 / 0.25).abs() < 1e-12);
        let mut battery = unit(6.0);
        let power_kw = battery.exchange(-20.0, 0.25, battery.window());
        assert!((battery.energy_kwh - 5.0).abs() < 1e-12 && (power_kw + 20.0 / 21.07 / 0.25).abs() < 1e-12);
        assert_eq!(battery.exchange(-30.0, 0.25, battery.window()), 0.0);
    }

    #[test]
    fn power_tapers_towards_full_and_empty() {
        assert!((unit(95.0).charge_limit_kw() - 25.0).abs() < 1e-9);
        assert!((unit(5.0).discharge_limit_kw() - 25.0).abs() < 1e-9);
        assert_eq!((unit(50.0).charge_limit_kw(), unit(50.0).discharge_limit_kw()), (50.0, 50.0));
    }

    #[test]
    fn a_trickle_below_the_converters_own_losses_is_not_taken() {
        let mut battery = unit(50.0);
        assert_eq!(battery.exchange(0.1, 1.0, battery.window()), 0.0);
        assert_eq!(battery.energy_kwh, 50.0);
    }

    #[test]
    fn standby_and_cooling_are_drawn_at_the_terminals_beside_what_is_converted() {
        let mut battery = StorageUnit::new((&parameters("initial_cell_c = 40.0\ncooling_above_c = 30.0")).into());
        // 10 W/kWh of cooling at full speed with a coefficient of performance of 3, and 45 W.
        let supply_kw = 1.0 / 3.0 + 0.045;
        assert!((battery.supply_kw() - supply_kw).abs() < 1e-12);
        assert!((battery.exchange(supply_kw, 0.5, battery.window()) - supply_kw).abs() < 1e-12);
        assert!((battery.lost_kwh - supply_kw / 2.0).abs() < 1e-12 && battery.energy_kwh == 50.0);
        assert!((battery.exchange(20.0, 0.1, battery.window()) - 20.0).abs() < 1e-12, "supply is part of what is held");
        assert!((battery.energy_kwh - 50.0 + battery.lost_kwh - supply_kw / 2.0 - 2.0).abs() < 1e-12);
    }

    #[test]
    fn hot_cells_allow_less_power_and_very_hot_ones_none() {
        let limits_kw = |cell_c: f64| {
            let unit = StorageUnit::new((&parameters(&format!("initial_cell_c = {cell_c:?}"))).into());
            [unit.charge_limit_kw(), unit.discharge_limit_kw()]
        };
        assert_eq!([45.0, 48.0, 60.0].map(limits_kw), [[50.0; 2], [40.0; 2], [0.0; 2]]);
    }

    #[test]
    fn half_of_the_losses_warm_the_cells() {
        let mut battery =
            StorageUnit::new((&parameters("initial_cell_c = 20.0\nheat_loss_w_per_k_per_kwh = 0.0")).into());
        for _ in 0..30 {
            battery.exchange(50.045, MINUTE_H, battery.window());
            battery.pass(MINUTE_H, 0, 20.0);
        }
        // Half of 2.75 kW for half an hour in 900 kg at 1 kJ/(kg K).
        assert!((battery.cell_c() - 20.0 - 0.5 * 2.75 * 0.5 * 3600.0 / 900.0).abs() < 1e-9, "{}", battery.cell_c());
    }

    #[test]
    fn a_missing_reserve_is_charged_back_and_then_kept() {
        let reserve = Reserve { energy_kwh: 40.0, power_kw: 10.0 };
        let mut battery = unit(39.0);
        let window = battery.window();
        // 10 kW store 9.37 kW − …: 10 − 50 · (0.005 + 0.007 + 0.0006) = 9.37 kW.
        let power_kw = battery.exchange_above(reserve, -20.0, 0.1, window);
        assert!((power_kw - 10.0).abs() < 1e-12 && (battery.energy_kwh - 39.937).abs() < 1e-12);
        battery.exchange_above(reserve, -20.0, 0.1, window);
        assert_eq!(battery.energy_kwh, 40.0, "and nothing is discharged from there");
        assert_eq!(battery.exchange_above(reserve, -20.0, 0.1, window), 0.0);
        assert_eq!(battery.exchange_above(reserve, 20.0, 0.1, window), 20.0, "what charges faster goes on");
        assert!(battery.exchange_above(reserve, -20.0, 0.2, window) > -20.0);
        assert_eq!(battery.energy_kwh, 40.0);
        let all = Reserve { energy_kwh: 1e9, power_kw: 50.0 };
        (0..100).for_each(|_| _ = battery.exchange_above(all, 0.0, 0.1, window));
        assert_eq!(battery.energy_kwh, 95.0, "it keeps what it can hold");
    }

    #[test]
    fn an_aged_storage_holds_less_from_midnight_on_and_what_it_holds_stays() {
        let mut battery =
            StorageUnit::new((&parameters("initial_soc = 0.95\ncalendar_fade = 0.5\nstandby_w = 0.0")).into());
        for minute in 0..1440 {
            battery.pass(MINUTE_H, 0, 30.0);
            assert_eq!(battery.spec.capacity_kwh, 100.0, "in minute {minute}");
        }
        let soh = battery.health().soh;
        assert!((0.9..0.99).contains(&soh), "{soh}");
        battery.pass(MINUTE_H, 1, 30.0);
        assert_eq!((battery.spec.capacity_kwh, battery.spec.max_kwh), (100.0 * soh, 0.95 * 100.0 * soh));
        assert_eq!((battery.energy_kwh, battery.lost_kwh), (95.0, 0.0));
        assert_eq!(battery.exchange(10.0, MINUTE_H, battery.window()), 0.0);
        assert_eq!(battery.exchange(-10.0, MINUTE_H, battery.window()), -10.0);
    }

    #[test]
    fn a_vehicle_has_its_own_ratings_no_supply_and_ages_like_a_battery() {
        let ev = |more: &str| EvParameters::from_toml(&format!("capacity_kwh = 60.0\npower_kw = 22.0\n{more}"));
        let unit = StorageUnit::new((&ev("discharge_kw = 10.0").expect("well-formed")).into());
        assert_eq!((unit.charge_limit_kw(), unit.discharge_limit_kw(), unit.supply_kw()), (22.0, 10.0, 0.0));
        assert_eq!(Storage::from(&ev("").expect("well-formed")).discharge_kw, 22.0);
        assert_eq!(unit.spec.ageing, Storage::from(&parameters("")).ageing);
        // 360 kg at 1 kJ/(kg K).
        assert!((unit.spec.thermal.after(20.0, 0.1, 1.0, 0.0, 20.0) - 21.0).abs() < 0.01);
        assert_eq!(unit.spec.thermal.cooling_kw(59.0), 0.0);
    }

    /// Two hot days of charging and discharging that meet the window, the taper, the derating and a reserve.
    fn two_days(step_s: usize) -> StorageUnit {
        let hot =
            parameters("initial_cell_c = 40.0\ncooling_w_per_kwh = 3.0\nderate_above_c = 30.0\nreserve_soc = 0.2");
        let mut battery = StorageUnit::new((&hot).into());
        let reserve = Reserve { energy_kwh: 30.0, power_kw: 5.0 };
        for start_s in (0..2 * 86_400).step_by(step_s) {
            let (mut at_s, hours) = (start_s, |s: usize| s as f64 / 3600.0);
            // As the world does, steps of more than a minute are cut at full minutes.
            while at_s < start_s + step_s {
                let s = step_s.min(60);
                let wanted_kw = [45.0, -48.0, 0.0, -3.3, 14.0, 50.0, -20.0][at_s / 5400 % 7];
                let window = battery.window();
                if at_s < 86_400 {
                    battery.exchange(wanted_kw, hours(s), window);
                } else {
                    battery.exchange_above(reserve, wanted_kw, hours(s), window);
                }
                battery.pass(hours(s), (at_s / 86_400) as i64, 31.0 + (at_s / 60) as f64 / 1000.0);
                at_s += s;
            }
        }
        battery
    }

    #[test]
    fn steps_of_a_second_a_minute_and_a_quarter_hour_see_the_same_two_days() {
        let minutes = two_days(60);
        let health = minutes.health();
        assert!(
            minutes.lost_kwh > 20.0 && health.cell_max_c > 31.0 && health.equivalent_full_cycles > 1.0,
            "{health:?}"
        );
        for other in [1, 20, 900].map(two_days) {
            let pairs = [
                (other.energy_kwh, minutes.energy_kwh),
                (other.lost_kwh, minutes.lost_kwh),
                (other.cell_c(), minutes.cell_c()),
                (other.health().soh, health.soh),
                (other.health().cycle_fade, health.cycle_fade),
                (other.health().equivalent_full_cycles, health.equivalent_full_cycles),
                (other.health().cell_mean_c, health.cell_mean_c),
            ];
            for (found, expected) in pairs {
                assert!((found / expected - 1.0).abs() < 1e-9, "{found}, not {expected}");
            }
        }
    }

    #[test]
    fn a_year_of_daily_cycles_on_the_island_takes_three_to_seven_percent() {
        let mut battery = StorageUnit::new((&parameters("initial_soc = 0.1")).into());
        let (mut taken_kwh, mut emptiest_kwh, mut fullest_kwh) = (0.0, 50.0_f64, 50.0_f64);
        for day in 0..365 {
            for minute in 0..1440 {
                let wanted_kw = [0.0, 20.0, 0.0, -25.0][minute / 360];
                let air_c = 27.0 + 3.0 * libm::sin((minute as f64 / 60.0 - 9.0) * 0.2618);
                taken_kwh += battery.exchange(wanted_kw, MINUTE_H, battery.window()) * MINUTE_H;
                battery.pass(MINUTE_H, day, air_c);
                emptiest_kwh = emptiest_kwh.min(battery.energy_kwh);
                fullest_kwh = fullest_kwh.max(battery.energy_kwh);
            }
        }
        let health = battery.health();
        assert!((0.93..0.97).contains(&health.soh), "{health:?}");
        assert!((200.0..400.0).contains(&health.equivalent_full_cycles), "{health:?}");
        assert!(emptiest_kwh >= 0.05 * battery.spec.capacity_kwh - 1e-9 && fullest_kwh <= 95.0 + 1e-9);
        assert!((taken_kwh - (battery.energy_kwh - 10.0) - battery.lost_kwh).abs() < 1e-9 * taken_kwh);
    }
}
