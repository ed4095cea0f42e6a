//! Parameters of a household, appliance by appliance.

use crate::parameters::Limits::Within;
use crate::parameters::{ASSUMPTION, Conflict, parameters};

parameters! {
    /// A household, appliance by appliance. The defaults come to 12.9 kWh a day; all use is scaled together to another
    /// `daily_kwh`: standing appliances in power, chance starts in number, the water heater in energy.
    pub struct HouseholdParameters in "household" {
        /// Mean consumption under the mean climate of a household that owns what is probable: one that turns out to have
        /// air conditioning takes more, one that has none takes less, and a fleet takes this on average.
        daily_kwh: f64 = 12.9, "kWh/day", Within(0.1, 100.0), "IEDOM 2020/2022: mean of low-voltage customers, small businesses included";
        /// Power that is always taken.
        base_kw: f64 = 0.145, "kW", Within(0.0, 10.0), "assumption within 80-150 W";
        /// Refrigerator: power of its compressor.
        refrigerator_kw: f64 = 0.1, "kW", Within(0.0, 10.0), ASSUMPTION;
        /// Refrigerator: share of the time its compressor runs at 27 °C.
        refrigerator_duty: f64 = 0.4, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Refrigerator: change of that share per kelvin.
        refrigerator_duty_per_k: f64 = 0.012, "1/K", Within(-1.0, 1.0), ASSUMPTION;
        /// Refrigerator: from one start of its compressor to the next, in whole minutes.
        refrigerator_cycle_min: f64 = 45.0, "min", Within(1.0, 1440.0), ASSUMPTION;
        /// Air conditioning: probability that the household has it.
        air_conditioning: f64 = 0.5, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Air conditioning: power of its compressor.
        air_conditioning_kw: f64 = 1.0, "kW", Within(0.0, 50.0), "assumption within 0.8-1.2 kW";
        /// Air conditioning: probability that it is used on a night.
        air_conditioning_nights: f64 = 0.8, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Air conditioning: earliest local time it is switched on.
        air_conditioning_from_h: f64 = 19.5, "h", Within(0.0, 24.0), ASSUMPTION;
        /// Air conditioning: length of the window within which it is switched on, evenly spread.
        air_conditioning_window_h: f64 = 2.5, "h", Within(0.0, 12.0), ASSUMPTION;
        /// Air conditioning: mean time it is left on.
        air_conditioning_hours: f64 = 9.0, "h", Within(0.0, 20.0), ASSUMPTION;
        /// Air conditioning: outdoor temperature from which its compressor runs.
        air_conditioning_above_c: f64 = 20.0, "°C", Within(-20.0, 60.0), ASSUMPTION;
        /// Air conditioning: share of the time its compressor runs, per kelvin above that.
        air_conditioning_duty_per_k: f64 = 0.1, "1/K", Within(0.0, 1.0), ASSUMPTION;
        /// Air conditioning: from one start of its compressor to the next, in whole minutes.
        air_conditioning_cycle_min: f64 = 15.0, "min", Within(1.0, 1440.0), ASSUMPTION;
        /// Water heater: probability that the household has an electric one.
        water_heater: f64 = 0.5, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Water heater: power; raised if its energy would take more than 12 hours a day.
        water_heater_kw: f64 = 2.0, "kW", Within(0.1, 50.0), ASSUMPTION;
        /// Water heater: mean energy of a day.
        water_heater_kwh_per_day: f64 = 3.3, "kWh/day", Within(0.0, 100.0), ASSUMPTION;
        /// Water heater: probability that it heats in off-peak hours only; otherwise half in the morning, half in the evening.
        water_heater_off_peak: f64 = 0.5, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Water heater: local time at which off-peak hours begin; it starts within an hour.
        water_heater_off_peak_from_h: f64 = 22.0, "h", Within(0.0, 24.0), "22h-06h is quoted for Martinique";
        /// Cooking: power.
        cooking_kw: f64 = 1.5, "kW", Within(0.0, 50.0), "assumption within 1-2 kW";
        /// Cooking: mean number of starts on a weekday.
        cooking_starts_per_day: f64 = 2.2, "1/day", Within(0.0, 50.0), ASSUMPTION;
        /// Cooking: mean time from start to end.
        cooking_min: f64 = 32.0, "min", Within(0.0, 600.0), ASSUMPTION;
        /// Lighting and television: power.
        evening_kw: f64 = 0.35, "kW", Within(0.0, 50.0), ASSUMPTION;
        /// Lighting and television: earliest local time they are switched on.
        evening_from_h: f64 = 17.75, "h", Within(0.0, 24.0), "assumption: dusk is between 17:45 and 18:45";
        /// Lighting and television: length of the window within which they are switched on, evenly spread.
        evening_window_h: f64 = 1.0, "h", Within(0.0, 12.0), ASSUMPTION;
        /// Lighting and television: mean time they are left on.
        evening_hours: f64 = 4.25, "h", Within(0.0, 20.0), ASSUMPTION;
        /// Washing machine: mean power from start to end.
        washing_kw: f64 = 0.5, "kW", Within(0.0, 50.0), ASSUMPTION;
        /// Washing machine: mean number of starts on a weekday.
        washing_starts_per_day: f64 = 0.6, "1/day", Within(0.0, 50.0), ASSUMPTION;
        /// Washing machine: mean time from start to end.
        washing_min: f64 = 80.0, "min", Within(0.0, 600.0), ASSUMPTION;
        /// Other appliances, such as an iron, a kettle, a microwave oven: power.
        other_kw: f64 = 1.0, "kW", Within(0.0, 50.0), ASSUMPTION;
        /// Other appliances: mean number of starts on a weekday.
        other_starts_per_day: f64 = 6.0, "1/day", Within(0.0, 50.0), ASSUMPTION;
        /// Other appliances: mean time from start to end.
        other_min: f64 = 12.0, "min", Within(0.0, 600.0), ASSUMPTION;
        /// Starts of cooking, washing machine and other appliances on a Saturday or Sunday, relative to a weekday.
        weekend_factor: f64 = 1.2, "factor", Within(0.0, 5.0), ASSUMPTION;
        /// Number of phases of its connection.
        phases: u64 = 1, "1 or 3", Within(1.0, 3.0), ASSUMPTION;
        /// The phase a single-phase connection uses.
        phase: u64 = 1, "1, 2 or 3", Within(1.0, 3.0), ASSUMPTION;
    }
}

impl HouseholdParameters {
    /// Checks what holds between parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        if self.phases == 2 {
            return Err(Conflict::new("phases", "is 2: write 1 or 3"));
        }
        Ok(())
    }
}
