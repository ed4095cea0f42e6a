//! What a storage is made of, and how that follows from the parameters of batteries and vehicles.

use crate::physics::ageing::{Ageing, AgeingParameters};
use crate::physics::thermal::{Cooling, Thermal};
use scenarios::{BatteryParameters, EvParameters};
use std::sync::LazyLock;

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
    /// Power below which the converter does not start.
    pub least_kw: f64,
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
    pub(super) fn age_to(&mut self, soh: f64) {
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
            least_kw: battery.least_power * battery.power_kw,
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
            initial_kwh: ev.initial_kwh(),
            // The least current of IEC 61851 is the charge point's to keep.
            least_kw: 0.0,
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
