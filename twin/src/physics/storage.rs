//! A storage behind a converter: losses, window, taper, supply, warmth, age. Powers at the AC terminals, charging positive.
//!
//! What follows from the state of charge or the temperature (limits, taper, cooling, ageing) is evaluated at full minutes
//! and holds for a minute, whatever the length of steps; the new capacity of an aged storage holds from the first minute
//! of a local day. Within a minute a power holds until the window ends it, at which instant the converter goes off. So steps
//! of a second and of a minute come to the same.

use super::ageing::{Ageing, AgeingParameters, Wear};
use super::thermal::{Cooling, REFERENCE_C, Thermal};
use agents::Span;
use agents::command::Reserve;
use agents::record::StorageHealth;
use scenarios::{BatteryParameters, EvParameters};
use std::sync::LazyLock;

const MINUTE_MS: u32 = Span::MINUTE.0 as u32;

/// A storage behind a converter. Powers at the AC terminals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Storage {
    /// Nominal energy.
    pub nominal_kwh: f64,
    /// Energy of a full storage as it is now: the nominal one times the state of health.
    pub capacity_kwh: f64,
    /// Rated charging power of the converter.
    pub power_kw: f64,
    /// Rated discharging power of the converter, positive.
    pub discharge_kw: f64,
    /// Least energy it may hold now.
    pub min_kwh: f64,
    /// Most energy it may hold now.
    pub max_kwh: f64,
    /// Least and largest share of the capacity it may hold.
    pub window_soc: [f64; 2],
    /// Energy it holds at the start.
    pub initial_kwh: f64,
    /// Losses between terminals and cells relative to `power_kw`: constant, linear and quadratic in the relative power.
    pub losses: [f64; 3],
    /// Share of the capacity above which charging power falls linearly to zero at full.
    pub charge_taper_above: f64,
    /// Share of the capacity below which discharging power falls linearly to zero at empty.
    pub discharge_taper_below: f64,
    /// Power of electronics, drawn at all times.
    pub standby_kw: f64,
    /// How its cells warm up.
    pub thermal: Thermal,
    /// How it ages.
    pub ageing: Ageing,
}

impl Storage {
    /// Gives it this state of health: the window follows.
    fn age_to(&mut self, soh: f64) {
        self.capacity_kwh = self.nominal_kwh * soh;
        [self.min_kwh, self.max_kwh] = self.window_soc.map(|soc| soc * self.capacity_kwh);
    }
}

impl From<&BatteryParameters> for Storage {
    fn from(battery: &BatteryParameters) -> Self {
        let capacity_kwh = battery.capacity_kwh * battery.initial_soh;
        let cooling = Cooling {
            above_c: battery.cooling_above_c,
            heat_kw: battery.cooling_w_per_kwh * battery.capacity_kwh / 1000.0,
            cop: battery.cooling_cop,
        };
        let mut thermal = Thermal::new(
            heat_capacity_kwh_per_k(battery.capacity_kwh, battery.mass_kg_per_kwh, battery.specific_heat_kj_per_kg_k),
            battery.heat_loss_w_per_k_per_kwh * battery.capacity_kwh / 1000.0,
            battery.heat_share,
            [battery.derate_above_c, battery.stop_above_c],
        );
        thermal = thermal.with_cooling(cooling);
        thermal.initial_cell_c = battery.initial_cell_c;
        Self {
            nominal_kwh: battery.capacity_kwh,
            capacity_kwh,
            power_kw: battery.power_kw,
            discharge_kw: battery.power_kw,
            min_kwh: battery.min_soc * capacity_kwh,
            max_kwh: battery.max_soc * capacity_kwh,
            window_soc: [battery.min_soc, battery.max_soc],
            initial_kwh: battery.initial_soc * capacity_kwh,
            losses: [battery.loss_constant, battery.loss_linear, battery.loss_quadratic],
            charge_taper_above: battery.charge_taper_above,
            discharge_taper_below: battery.discharge_taper_below,
            standby_kw: battery.standby_w / 1000.0,
            thermal,
            ageing: ageing(battery),
        }
    }
}

/// What a vehicle's parameters do not say is as in a stationary battery by default.
static DEFAULTS: LazyLock<BatteryParameters> = LazyLock::new(|| {
    let defaults = BatteryParameters::from_toml("capacity_kwh = 1.0\npower_kw = 1.0");
    defaults.expect("the defaults of a battery lie within their own limits")
});

/// A vehicle's electronics and its cooling run on the road and are part of what it drives on: here it has neither.
impl From<&EvParameters> for Storage {
    fn from(ev: &EvParameters) -> Self {
        let thermal = Thermal::new(
            heat_capacity_kwh_per_k(ev.capacity_kwh, ev.mass_kg_per_kwh, DEFAULTS.specific_heat_kj_per_kg_k),
            ev.heat_loss_w_per_k_per_kwh * ev.capacity_kwh / 1000.0,
            DEFAULTS.heat_share,
            [ev.derate_above_c, ev.stop_above_c],
        );
        Self {
            nominal_kwh: ev.capacity_kwh,
            capacity_kwh: ev.capacity_kwh,
            power_kw: ev.power_kw,
            discharge_kw: ev.discharge_kw.unwrap_or(ev.power_kw),
            min_kwh: 0.0,
            max_kwh: ev.capacity_kwh,
            window_soc: [0.0, 1.0],
            initial_kwh: ev.initial_soc * ev.capacity_kwh,
            losses: [0.0, ev.loss_linear, 0.0],
            charge_taper_above: ev.charge_taper_above,
            discharge_taper_below: ev.discharge_taper_below,
            standby_kw: 0.0,
            thermal,
            ageing: ageing(&DEFAULTS),
        }
    }
}

fn heat_capacity_kwh_per_k(capacity_kwh: f64, mass_kg_per_kwh: f64, specific_heat_kj_per_kg_k: f64) -> f64 {
    capacity_kwh * mass_kg_per_kwh * specific_heat_kj_per_kg_k / 3600.0
}

fn ageing(battery: &BatteryParameters) -> Ageing {
    AgeingParameters {
        initial_soh: battery.initial_soh,
        calendar_fade: battery.calendar_fade,
        activation_kj_per_mol: battery.activation_kj_per_mol,
        soc_sensitivity: battery.soc_sensitivity,
        cycle_life: battery.cycle_life,
        cycle_life_depth: battery.cycle_life_depth,
        cycle_depth_exponent: battery.cycle_depth_exponent,
    }
    .into()
}

/// A storage and the energy it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StorageUnit {
    /// Its parameters, with the capacity and window it has now.
    pub spec: Storage,
    /// Energy it holds.
    pub energy_kwh: f64,
    /// Energy lost since the start: in the converter, in standby, for cooling.
    pub lost_kwh: f64,
    /// Highest charging and discharging power of the converter in this minute.
    limits_kw: [f64; 2],
    /// Heat that the cooling removes in this minute.
    cooling_kw: f64,
    supply_kw: f64,
    minute: Minute,
    wear: Wear,
    cell_c: f64,
    today: Day,
}

/// What has come together since the last full minute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Minute {
    ms: u32,
    /// Temperature of the air times milliseconds.
    air_c_ms: f64,
    /// Lost in the converter.
    lost_kwh: f64,
}

/// The local day under way.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Day {
    /// None before the first minute.
    number: Option<i64>,
    minutes: f64,
    cell_c_minutes: f64,
    cell_max_c: f64,
}

impl Day {
    fn new(number: Option<i64>) -> Self {
        Self { number, minutes: 0.0, cell_c_minutes: 0.0, cell_max_c: f64::NEG_INFINITY }
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

/// What the converter did in a stretch of time.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    /// Energy at its terminals, charging positive.
    energy_kwh: f64,
    /// For how long it ran.
    hours: f64,
}

impl StorageUnit {
    /// A storage as it is at the start.
    pub fn new(spec: Storage) -> Self {
        let mut unit = Self {
            spec,
            energy_kwh: spec.initial_kwh,
            lost_kwh: 0.0,
            limits_kw: [0.0; 2],
            cooling_kw: 0.0,
            supply_kw: 0.0,
            minute: Minute::default(),
            wear: Wear::new(spec.initial_kwh / spec.nominal_kwh),
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
        let [cell_mean_c, cell_max_c] = if today.minutes > 0.0 {
            [today.cell_c_minutes / today.minutes, today.cell_max_c]
        } else {
            [self.cell_c; 2]
        };
        StorageHealth {
            soh: self.wear.soh(ageing),
            calendar_fade: self.wear.calendar_fade(ageing),
            cycle_fade: self.wear.cycle_fade(ageing),
            equivalent_full_cycles: self.wear.equivalent_full_cycles(),
            cell_mean_c,
            cell_max_c,
            lost_kwh: self.lost_kwh,
        }
    }

    /// Exchanges `wanted_kw` at the terminals, supply included, for `hours`, or as much of it as limits and `window`
    /// allow; returns the mean power at the terminals.
    ///
    /// A charging power that would not cover the converter's own losses is not taken: the converter stays off.
    pub fn exchange(&mut self, wanted_kw: f64, hours: f64, window: EnergyWindow) -> f64 {
        let stretch = self.convert(wanted_kw - self.supply_kw, hours, window);
        self.lost_kwh += self.supply_kw * hours;
        stretch.energy_kwh / hours + self.supply_kw
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
        let refill = self.convert(reserve.power_kw - self.supply_kw, hours, first);
        let left_hours = hours - refill.hours;
        let then = self.convert(wanted_kw - self.supply_kw, left_hours, above);
        self.lost_kwh += self.supply_kw * hours;
        (refill.energy_kwh + then.energy_kwh) / hours + self.supply_kw
    }

    /// Ends a step of `step_hours`, at most a minute, in local day `day`, in which the air had `air_c`: at full minutes
    /// the cells take on their temperature, the storage has aged, and the limits of the next minute follow.
    pub fn pass(&mut self, step_hours: f64, day: i64, air_c: f64) {
        const MS_PER_HOUR: f64 = Span::HOUR.0 as f64;
        let step_ms = step_hours * MS_PER_HOUR;
        self.minute.ms += (step_ms + 0.5) as u32;
        self.minute.air_c_ms += air_c * step_ms;
        if self.minute.ms >= MINUTE_MS {
            self.end_minute(day);
        }
    }

    fn end_minute(&mut self, day: i64) {
        let Minute { ms, air_c_ms, lost_kwh } = std::mem::take(&mut self.minute);
        let hours = f64::from(ms) / Span::HOUR.0 as f64;
        let air_c = air_c_ms / f64::from(ms);
        if self.today.number != Some(day) {
            self.begin_day(day, air_c);
        }
        let Storage { thermal, ageing, nominal_kwh, .. } = &self.spec;
        let heat_kw = thermal.heat_share * lost_kwh / hours;
        self.cell_c = thermal.after(self.cell_c, hours, heat_kw, self.cooling_kw, air_c);
        self.wear.live(ageing, hours, self.cell_c, self.soc(), self.energy_kwh / nominal_kwh);
        self.today.minutes += 1.0;
        self.today.cell_c_minutes += self.cell_c;
        self.today.cell_max_c = self.today.cell_max_c.max(self.cell_c);
        self.set_limits();
    }

    /// From now on it has the capacity that is left. What it holds stays: above the window it can only be discharged.
    fn begin_day(&mut self, day: i64, air_c: f64) {
        match self.today.number {
            None => self.cell_c = self.spec.thermal.initial_cell_c.unwrap_or(air_c),
            Some(_) => self.spec.age_to(self.wear.soh(&self.spec.ageing)),
        }
        self.today = Day::new(Some(day));
    }

    fn set_limits(&mut self) {
        let Storage { power_kw, discharge_kw, charge_taper_above, discharge_taper_below, thermal, .. } = &self.spec;
        let (soc, derating) = (self.soc(), thermal.derating(self.cell_c));
        let taper = [(1.0 - soc) / (1.0 - charge_taper_above), soc / discharge_taper_below];
        let [charge, discharge] = taper.map(|share| share.clamp(0.0, 1.0) * derating);
        self.limits_kw = [power_kw * charge, discharge_kw * discharge];
        self.cooling_kw = thermal.cooling_kw(self.cell_c);
        self.supply_kw = self.spec.standby_kw + thermal.cooling_supply_kw(self.cooling_kw);
    }

    /// Runs the converter at `wanted_kw`, or at its limit, for `hours` or until the window ends it.
    fn convert(&mut self, wanted_kw: f64, hours: f64, window: EnergyWindow) -> Stretch {
        let [charge_kw, discharge_kw] = self.limits_kw;
        let power_kw = wanted_kw.clamp(-discharge_kw, charge_kw);
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
        Stretch { energy_kwh, hours: run_hours }
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
