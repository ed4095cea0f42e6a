//! Parameters of a vehicle and its driver, and the mind they make.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use agents::draw::Draws;
use agents::ev::{
    DrawnSessions, Driver, EnergyBounds, Ev, RecordedSession, RecordedSessions, SessionDriver, SessionHabits,
    SessionPlace, TripDriver, TripHabits,
};
use agents::{ParticipantId, Span};
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
        /// Rated power of the on-board charger, on all of its phases together.
        power_kw: f64, "kW", Within(1e-3, 1e4), "22 kW in the documents of the Cariflex platform";
        /// Whether it can give energy back.
        v2g: bool = true, "true or false", Any, "documents of the Cariflex platform";
        /// Highest power it gives back; none: the rated power.
        discharge_kw: Option<f64> = None, "kW", Within(0.0, 1e4), ASSUMPTION;
        /// Number of phases of the on-board charger.
        phases: u64 = 3, "1, 2 or 3", Within(1.0, 3.0), ASSUMPTION;
        /// One-way loss of the on-board charger, relative to the power.
        loss_linear: f64 = 0.07, "share", Within(0.0, 0.3), "assumption within 6-8 %";
        /// Share of the capacity it holds at the start; none: where its driver settles, so that what is charged is what was
        /// driven (trips: between the share to plug in below and the target; sessions: full).
        initial_soc: Option<f64> = None, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Trips: share of the capacity wanted at departure. Known by sessions, a driver wants the battery full, so that
        /// what was driven is asked for.
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
        /// Sessions: which tables they are drawn from. Those of workplaces have no weekend; weekday hours stand in.
        session_place: SessionPlace = SessionPlace::Private, "word", Any, ASSUMPTION;
        /// Sessions: probability that a session begins on a weekday. One that would begin during another, or within half
        /// an hour of its end, falls away.
        sessions_per_day: f64 = 0.25, "share", Within(0.0, 1.0), "assumption: home plug-in every 3-5 days";
        /// Sessions: the same of a Saturday or Sunday; none: as on weekdays.
        sessions_per_weekend_day: Option<f64> = None, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Sessions: factor on the energy of the tables, which is AC energy at the charge point. What is more than the battery
        /// can hold is cut off, with an event.
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

    /// Energy it holds at the start.
    pub fn initial_kwh(&self) -> f64 {
        let usual_soc = match self.driver {
            DriverModel::Trips => (self.plug_below_soc.min(self.target_soc) + self.target_soc) / 2.0,
            DriverModel::Sessions => 1.0,
        };
        self.initial_soc.unwrap_or(usual_soc) * self.capacity_kwh
    }

    /// Its mind, as that of vehicle `id` which charges at `evse` and tells its needs every `report_every`.
    pub fn core(&self, evse: ParticipantId, seed: u64, id: &str, report_every: Span) -> Ev {
        Ev::new(evse, self.driver(seed, id), self.bounds(self.driver), report_every)
    }

    /// Its mind, when it lives through these measured sessions, whatever `driver` says.
    pub fn recorded_core(
        &self,
        evse: ParticipantId,
        sessions: impl IntoIterator<Item = RecordedSession>,
        report_every: Span,
    ) -> Ev {
        let driver = SessionDriver::new(RecordedSessions::new(sessions), self.charging_efficiency());
        Ev::new(evse, Driver::Recorded(driver), self.bounds(DriverModel::Sessions), report_every)
    }

    fn driver(&self, seed: u64, id: &str) -> Driver {
        match self.driver {
            DriverModel::Trips => Driver::Trips(TripDriver::new(self.trip_habits(), Draws::new(seed, id, "trip"))),
            DriverModel::Sessions => {
                let sessions = DrawnSessions::new(self.session_habits(), Draws::new(seed, id, "session"));
                Driver::Sessions(SessionDriver::new(sessions, self.charging_efficiency()))
            }
        }
    }

    fn trip_habits(&self) -> TripHabits {
        TripHabits {
            drives_on_a_day: self.drives_on_a_day,
            drives_on_a_weekend_day: self.drives_on_a_weekend_day.unwrap_or(self.drives_on_a_day),
            departure_h: self.departure_h,
            departure_spread_h: self.departure_spread_h,
            away_h: self.away_h,
            away_spread_h: self.away_spread_h,
            distance_km: self.distance_km,
            distance_log_spread: self.distance_log_spread,
            consumption_kwh_per_km: self.consumption_kwh_per_km,
            plug_below_kwh: self.plug_below_soc * self.capacity_kwh,
            plugs_in_anyway: self.plugs_in_anyway,
        }
    }

    fn session_habits(&self) -> SessionHabits {
        SessionHabits {
            place: self.session_place,
            sessions_per_day: self.sessions_per_day,
            sessions_per_weekend_day: self.sessions_per_weekend_day.unwrap_or(self.sessions_per_day),
            energy_factor: self.session_energy_factor,
            correlation: self.session_correlation,
        }
    }

    fn bounds(&self, driver: DriverModel) -> EnergyBounds {
        let target_soc = match driver {
            DriverModel::Trips => self.target_soc,
            DriverModel::Sessions => 1.0,
        };
        EnergyBounds { target_kwh: target_soc * self.capacity_kwh, reserve_kwh: self.reserve_soc * self.capacity_kwh }
    }

    /// Share of the AC energy that reaches the battery.
    fn charging_efficiency(&self) -> f64 {
        1.0 - self.loss_linear
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::ev::{EvIntent, EvSense};
    use agents::{Calendar, Core, Now, Outbox, Time};

    fn first_intent(mut core: Ev) -> EvIntent {
        let now = Now { time: Time(0), calendar: Calendar::default() };
        core.step(now, &EvSense::default(), &[], &mut Outbox::of(ParticipantId(1)))
    }

    fn of(text: &str) -> EvParameters {
        let text = format!("capacity_kwh = 50.0\npower_kw = 22.0\n{text}");
        EvParameters::from_toml(&text).expect("a valid vehicle")
    }

    #[test]
    fn who_makes_trips_wants_the_target_and_who_is_known_by_sessions_a_full_battery() {
        let core = |text: &str| of(text).core(ParticipantId(0), 1, "ev", Span::HOUR);
        let trips = first_intent(core("target_soc = 0.7\nreserve_soc = 0.2"));
        assert_eq!(trips.bounds, Some(EnergyBounds { target_kwh: 35.0, reserve_kwh: 10.0 }));
        let sessions = first_intent(core("driver = \"sessions\"\ntarget_soc = 0.7"));
        assert_eq!(sessions.bounds, Some(EnergyBounds { target_kwh: 50.0, reserve_kwh: 25.0 }));
    }

    #[test]
    fn the_default_driver_comes_to_23_km_a_day() {
        let habits = of("").trip_habits();
        assert_eq!(habits.drives_on_a_weekend_day, habits.drives_on_a_day);
        assert!((habits.drives_on_a_day * habits.distance_km - 23.0).abs() < 1e-9);
        assert_eq!(of("drives_on_a_weekend_day = 0.3").trip_habits().drives_on_a_weekend_day, 0.3);
    }

    #[test]
    fn before_a_measured_session_the_battery_gives_what_reaches_it_then() {
        let hour = |hours| Time(0) + Span::HOUR * hours;
        let session = RecordedSession { plug_in: hour(2), plug_out: hour(4), energy_kwh: 10.0 };
        let core = of("loss_linear = 0.08").recorded_core(ParticipantId(0), [session], Span::HOUR);
        let intent = first_intent(core);
        let trip = intent.trips[0].expect("away until the session");
        assert_eq!((trip.depart, trip.back), (hour(0), hour(2)));
        assert!((trip.energy_kwh - 9.2).abs() < 1e-12);
        assert_eq!(intent.bounds.map(|bounds| bounds.target_kwh), Some(50.0));
    }
}
