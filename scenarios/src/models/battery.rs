//! Parameters of a stationary battery.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use serde::{Deserialize, Serialize};

/// What a battery does while nobody commands it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatteryHabit {
    /// Nothing.
    Rest,
    /// Bring the meter of its own site to zero.
    FollowSite,
}

choice!(BatteryHabit { "rest" => BatteryHabit::Rest, "follow-site" => BatteryHabit::FollowSite });

/// With the three losses a round trip gives back 88.9 % at a quarter of the rating, 90.0 % at half, 89.6 % at full power.
const LOSSES: &str = "assumption: 94.5 % one way at full power, 89-90 % round trip from a quarter of the rating on";

parameters! {
    /// A stationary battery behind a converter of its own. Powers are those at the AC terminals.
    pub struct BatteryParameters in "battery" {
        /// Nominal energy.
        capacity_kwh: f64, "kWh", Within(1e-3, 1e9), "100 kWh in the documents of the Cariflex platform";
        /// Rated power, both ways.
        power_kw: f64, "kW", Within(1e-3, 1e9), "50 kW in the documents of the Cariflex platform";
        /// Least share of the capacity it may hold.
        min_soc: f64 = 0.05, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Largest share of the capacity it may hold.
        max_soc: f64 = 0.95, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Share of the capacity it holds at the start.
        initial_soc: f64 = 0.5, "share", Within(0.0, 1.0), ASSUMPTION;
        /// What it does while nobody commands it.
        habit: BatteryHabit = BatteryHabit::Rest, "word", Any, ASSUMPTION;
        /// Share of the capacity kept in reserve: only the DSO in an emergency, the operator and safety go below.
        reserve_soc: f64 = 0.0, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Least power at which the converter runs, relative to its rating: it does not start for less, which would be lost in
        /// its own losses.
        least_power: f64 = 0.01, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Loss between terminals and cells while the converter runs, relative to its rating.
        loss_constant: f64 = 0.005, "share", Within(0.0, 0.2), LOSSES;
        /// Loss between terminals and cells that grows with power, relative to the power.
        loss_linear: f64 = 0.035, "share", Within(0.0, 0.2), LOSSES;
        /// Loss between terminals and cells that grows with the square of the power, relative to the rating at rated power.
        loss_quadratic: f64 = 0.015, "share", Within(0.0, 0.2), LOSSES;
        /// State of charge above which charging power falls linearly, to zero at full.
        charge_taper_above: f64 = 0.9, "share", Within(0.0, 0.999), ASSUMPTION;
        /// State of charge below which discharging power falls linearly, to zero at empty.
        discharge_taper_below: f64 = 0.1, "share", Within(0.001, 1.0), ASSUMPTION;
        /// Power of electronics and battery management, drawn at all times.
        standby_w: f64 = 45.0, "W", Within(0.0, 1e6), "assumption: 30-60 W for 100 kWh";
        /// Temperature of the cells at the start; none: that of the air.
        initial_cell_c: Option<f64> = None, "°C", Within(-40.0, 80.0), ASSUMPTION;
        /// Mass that warms up, per capacity.
        mass_kg_per_kwh: f64 = 9.0, "kg/kWh", Within(0.1, 1000.0), "assumption: 900 kg for 100 kWh";
        /// Specific heat of that mass.
        specific_heat_kj_per_kg_k: f64 = 1.0, "kJ/(kg K)", Within(0.01, 100.0), ASSUMPTION;
        /// Heat given to the air per kelvin, per capacity.
        heat_loss_w_per_k_per_kwh: f64 = 0.15, "W/(K kWh)", Within(0.0, 1000.0), "assumption: 15 W/K for 100 kWh";
        /// Share of the converter's losses that warms the cells.
        heat_share: f64 = 0.5, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Cell temperature above which cooling runs.
        cooling_above_c: f64 = 30.0, "°C", Within(-20.0, 80.0), ASSUMPTION;
        /// Heat that cooling removes while it runs, per capacity.
        cooling_w_per_kwh: f64 = 10.0, "W/kWh", Within(0.0, 1000.0), ASSUMPTION;
        /// Heat removed per electricity used for cooling.
        cooling_cop: f64 = 3.0, "W/W", Within(0.1, 20.0), ASSUMPTION;
        /// Cell temperature above which power falls linearly.
        derate_above_c: f64 = 45.0, "°C", Within(0.0, 100.0), ASSUMPTION;
        /// Cell temperature from which there is no power.
        stop_above_c: f64 = 60.0, "°C", Within(0.0, 120.0), ASSUMPTION;
        /// Capacity at the start, relative to the nominal one.
        initial_soh: f64 = 1.0, "share", Within(0.1, 1.0), ASSUMPTION;
        /// Capacity lost to time alone in the first year at 25 °C and half charge, relative.
        calendar_fade: f64 = 0.02, "share", Within(0.0, 0.5), "assumption: about 2 %";
        /// Activation energy of calendar ageing.
        activation_kj_per_mol: f64 = 50.0, "kJ/mol", Within(0.0, 200.0), "assumption: about 50 kJ/mol";
        /// Change of calendar ageing from empty to full, relative to that at half charge.
        soc_sensitivity: f64 = 1.0, "share", Within(0.0, 2.0), ASSUMPTION;
        /// Cycles of the reference depth until 80 % of the capacity is left.
        cycle_life: f64 = 6000.0, "cycles", Within(1.0, 1e9), ASSUMPTION;
        /// Depth of the cycles that `cycle_life` counts.
        cycle_life_depth: f64 = 0.8, "share", Within(0.01, 1.0), ASSUMPTION;
        /// How much longer shallow cycles last: life goes with (depth of reference / depth) to this power.
        cycle_depth_exponent: f64 = 1.5, "power", Within(0.1, 5.0), ASSUMPTION;
    }
}

impl BatteryParameters {
    /// Checks what holds between parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        if self.min_soc >= self.max_soc {
            return Err(Conflict::new(
                "max_soc",
                format!("is {}: must exceed min_soc, {}", self.max_soc, self.min_soc),
            ));
        }
        for (key, soc) in [("initial_soc", self.initial_soc), ("reserve_soc", self.reserve_soc)] {
            let low = if key == "reserve_soc" { 0.0 } else { self.min_soc };
            if !(low..=self.max_soc).contains(&soc) {
                return Err(Conflict::new(
                    key,
                    format!("is {soc}: must lie between {low} and max_soc, {}", self.max_soc),
                ));
            }
        }
        if self.derate_above_c >= self.stop_above_c {
            return Err(Conflict::new("stop_above_c", format!("is {}: must exceed derate_above_c", self.stop_above_c)));
        }
        Ok(())
    }
}
