//! Parameters of a vehicle and its driver.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use agents::ev::Driver;
use serde::{Deserialize, Serialize};

/// How a driver's days are made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriverModel {
    /// Trips from home: a day's distance, consumption, and a decision to plug in.
    Trips,
    /// Charging sessions: arrival, connection time and energy from quantile tables.
    Sessions,
}

choice!(DriverModel { "trips" => DriverModel::Trips, "sessions" => DriverModel::Sessions });

/// Where sessions take place, which decides the tables they are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionPlace {
    /// At home.
    Private,
    /// At a public charge point.
    Public,
    /// At work.
    Workplace,
}

choice!(SessionPlace {
    "private" => SessionPlace::Private,
    "public" => SessionPlace::Public,
    "workplace" => SessionPlace::Workplace,
});

parameters! {
    /// A vehicle and its driver. The defaults of `trips` come to 23 km a day (lenergeek 2018).
    pub struct EvParameters in "ev" {
        /// Nominal energy.
        capacity_kwh: f64, "kWh", Within(1e-3, 1e6), "75 kWh in the documents of the Cariflex platform";
        /// Rated power of the on-board charger.
        power_kw: f64, "kW", Within(1e-3, 1e4), "22 kW in the documents of the Cariflex platform";
        /// Whether it can give energy back.
        v2g: bool = true, "true or false", Any, "documents of the Cariflex platform";
        /// Highest power it gives back; none: the power it charges with.
        discharge_kw: Option<f64> = None, "kW", Within(0.0, 1e4), ASSUMPTION;
        /// Number of phases of the on-board charger.
        phases: u64 = 3, "1 or 3", Within(1.0, 3.0), ASSUMPTION;
        /// One-way loss of the on-board charger, relative to the power.
        loss_linear: f64 = 0.07, "share", Within(0.0, 0.3), "assumption within 6-8 %";
        /// Share of the capacity it holds at the start.
        initial_soc: f64 = 0.5, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Share of the capacity wanted at departure.
        target_soc: f64 = 0.8, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Share of the capacity below which it does not discharge into the network.
        reserve_soc: f64 = 0.5, "share", Within(0.0, 1.0), ASSUMPTION;
        /// State of charge above which charging power falls linearly, to zero at full.
        charge_taper_above: f64 = 0.8, "share", Within(0.0, 0.999), ASSUMPTION;
        /// State of charge below which discharging power falls linearly, to zero at empty.
        discharge_taper_below: f64 = 0.1, "share", Within(0.001, 1.0), ASSUMPTION;
        /// Mass of the battery, per capacity.
        mass_kg_per_kwh: f64 = 6.0, "kg/kWh", Within(0.1, 1000.0), ASSUMPTION;
        /// Heat the battery gives to the air per kelvin, per capacity.
        heat_loss_w_per_k_per_kwh: f64 = 0.15, "W/(K kWh)", Within(0.0, 1000.0), ASSUMPTION;
        /// Cell temperature above which power falls linearly.
        derate_above_c: f64 = 45.0, "°C", Within(0.0, 100.0), ASSUMPTION;
        /// Cell temperature from which there is no power.
        stop_above_c: f64 = 60.0, "°C", Within(0.0, 120.0), ASSUMPTION;
        /// How the driver's days are made up.
        driver: DriverModel = DriverModel::Trips, "word", Any, ASSUMPTION;
        /// Trips: probability that a day of the week is a driving day.
        drives_on_a_day: f64 = 0.8, "share", Within(0.0, 1.0), "assumption: with `distance_km` 23 km a day (lenergeek 2018)";
        /// Trips: probability that a Saturday or Sunday is a driving day; none: as on other days.
        drives_on_a_weekend_day: Option<f64> = None, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Trips: mean distance of a driving day; log-normal.
        distance_km: f64 = 28.75, "km", Within(0.0, 2000.0), "assumption: with `drives_on_a_day` 23 km a day (lenergeek 2018)";
        /// Trips: standard deviation of the logarithm of the distance.
        distance_log_spread: f64 = 0.6, "log", Within(0.0, 3.0), ASSUMPTION;
        /// Trips: consumption at the battery.
        consumption_kwh_per_km: f64 = 0.17, "kWh/km", Within(0.0, 10.0), "assumption within 0.16-0.18";
        /// Trips: mean departure, local time of day.
        departure_h: f64 = 7.25, "h", Within(0.0, 23.0), ASSUMPTION;
        /// Trips: standard deviation of the departure.
        departure_spread_h: f64 = 0.75, "h", Within(0.0, 12.0), ASSUMPTION;
        /// Trips: mean time away.
        away_h: f64 = 10.5, "h", Within(0.5, 23.0), ASSUMPTION;
        /// Trips: standard deviation of the time away.
        away_spread_h: f64 = 1.5, "h", Within(0.0, 12.0), ASSUMPTION;
        /// Trips: the driver plugs in on return below this share of the capacity.
        plug_below_soc: f64 = 0.75, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Trips: probability that the driver plugs in on return whatever the battery holds.
        plugs_in_anyway: f64 = 0.0, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Sessions: which tables they are drawn from.
        session_place: SessionPlace = SessionPlace::Private, "word", Any, ASSUMPTION;
        /// Sessions: probability that a session begins on a weekday.
        sessions_per_day: f64 = 0.25, "share", Within(0.0, 1.0), "assumption: home plug-in every 3-5 days";
        /// Sessions: the same of a Saturday or Sunday; none: as on weekdays.
        sessions_per_weekend_day: Option<f64> = None, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Sessions: factor on the energy of the tables.
        session_energy_factor: f64 = 1.0, "factor", Within(0.0, 100.0), "ElaadNL (Netherlands): recalibrate for the island";
        /// Sessions: correlation of connection time and energy (Gaussian copula).
        session_correlation: f64 = 0.4, "share", Within(-0.99, 0.99), ASSUMPTION;
    }
}

impl EvParameters {
    /// Checks what holds between parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        if self.departure_h + self.away_h > 23.5 {
            let text =
                format!("is {}: a trip from {} h is not back by 23:30, stay less", self.away_h, self.departure_h);
            return Err(Conflict::new("away_h", text));
        }
        if self.reserve_soc > self.target_soc {
            let text = format!("is {}: must not exceed target_soc, {}", self.reserve_soc, self.target_soc);
            return Err(Conflict::new("reserve_soc", text));
        }
        if self.derate_above_c >= self.stop_above_c {
            return Err(Conflict::new("stop_above_c", format!("is {}: must exceed derate_above_c", self.stop_above_c)));
        }
        Ok(())
    }
}

impl EvParameters {
    /// The driver's habits, as the core takes them.
    pub(crate) fn driver(&self) -> Driver {
        let kwh = |soc: f64| soc * self.capacity_kwh;
        Driver {
            drives_on_a_day: self.drives_on_a_day,
            departure_h: self.departure_h,
            departure_spread_h: self.departure_spread_h,
            away_h: self.away_h,
            away_spread_h: self.away_spread_h,
            distance_km: self.distance_km,
            distance_log_spread: self.distance_log_spread,
            consumption_kwh_per_km: self.consumption_kwh_per_km,
            plug_below_kwh: kwh(self.plug_below_soc),
            target_kwh: kwh(self.target_soc),
            reserve_kwh: kwh(self.reserve_soc),
        }
    }
}
