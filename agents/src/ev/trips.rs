//! Trips from home: at most one round trip a day, its distance log-normal, and a decision to plug in on return.

use super::driver::{DAYS_AHEAD, PlugIn, SHORTEST, Trip};
use crate::draw::Draws;
use crate::time::{Calendar, Now, Span};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// How many days before the start are searched for the return that found the vehicle where it is.
const DAYS_BACK: i64 = 28;

/// A driver who makes trips from home.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TripDriver {
    habits: TripHabits,
    draws: Draws,
    /// The first local day whose trip was not yielded yet; none before the start.
    next_day: Option<i64>,
}

/// Habits of a driver: one round trip on a driving day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TripHabits {
    /// Probability that a day from Monday to Friday is a driving day, in [0, 1].
    pub drives_on_a_day: f64,
    /// Probability that a Saturday or Sunday is a driving day, in [0, 1].
    pub drives_on_a_weekend_day: f64,
    /// Mean departure, local time of day in hours.
    pub departure_h: f64,
    /// Standard deviation of the departure in hours.
    pub departure_spread_h: f64,
    /// Mean time away in hours.
    pub away_h: f64,
    /// Standard deviation of the time away in hours.
    pub away_spread_h: f64,
    /// Mean distance of a driving day in km; log-normal.
    pub distance_km: f64,
    /// Standard deviation of the logarithm of the distance.
    pub distance_log_spread: f64,
    /// Consumption in kWh per km, at the battery.
    pub consumption_kwh_per_km: f64,
    /// The driver plugs in on return when the battery holds less than this.
    pub plug_below_kwh: f64,
    /// Probability that the driver plugs in on return whatever the battery holds, in [0, 1].
    pub plugs_in_anyway: f64,
}

impl TripDriver {
    /// A driver with these habits, drawn for each local day.
    pub fn new(habits: TripHabits, draws: Draws) -> Self {
        Self { habits, draws, next_day: None }
    }

    pub(super) fn next_trip(&mut self, now: Now) -> Option<Trip> {
        let Some(first) = self.next_day else { return Some(self.first_trip(now)) };
        if self.habits.drives_on_a_day <= 0.0 && self.habits.drives_on_a_weekend_day <= 0.0 {
            return None;
        }
        let trip_of = |day| self.habits.trip(&self.draws, now.calendar, day).map(|trip| (day, trip));
        let (day, trip) = (first..first + DAYS_AHEAD).find_map(trip_of)?;
        self.next_day = Some(day + 1);
        Some(trip)
    }

    fn first_trip(&mut self, now: Now) -> Trip {
        let trip_of = |day| self.habits.trip(&self.draws, now.calendar, day);
        let today = now.day();
        let todays = trip_of(today).filter(|trip| trip.depart <= now.time);
        self.next_day = Some(if todays.is_some() { today + 1 } else { today });
        match todays {
            Some(trip) if now.time < trip.back => trip.rest_at(now.time),
            Some(trip) => Trip::returning_at(now.time, trip.plug_in),
            None => {
                let last = (1..=DAYS_BACK).find_map(|days| trip_of(today - days));
                let below = PlugIn::Below { energy_kwh: self.habits.plug_below_kwh };
                Trip::returning_at(now.time, last.map_or(below, |trip| trip.plug_in))
            }
        }
    }
}

impl TripHabits {
    /// The trip of a local day. It lies within the day, half an hour short of the next, so that trips never overlap.
    fn trip(&self, draws: &Draws, calendar: Calendar, day: i64) -> Option<Trip> {
        let mut draw = draws.at(day);
        let drives = if Calendar::is_weekend(day) { self.drives_on_a_weekend_day } else { self.drives_on_a_day };
        if draw.random::<f64>() >= drives {
            return None;
        }
        let [departure, away, distance]: [f64; 3] = std::array::from_fn(|_| draw.sample(StandardNormal));
        let anyway = draw.random::<f64>() < self.plugs_in_anyway;
        let depart_h = (self.departure_h + self.departure_spread_h * departure).clamp(0.0, 23.0);
        let away_h = self.away_h + self.away_spread_h * away;
        let depart = calendar.midnight(day) + Span::from_hours(depart_h);
        let latest = calendar.midnight(day + 1) - SHORTEST;
        let back = (depart + Span::from_hours(away_h)).clamp(depart + SHORTEST, latest.max(depart + SHORTEST));
        // The mean of a log-normal is exp(mu + sigma²/2).
        let sigma = self.distance_log_spread;
        let distance_km = self.distance_km * libm::exp(sigma * distance - sigma * sigma / 2.0);
        let energy_kwh = distance_km * self.consumption_kwh_per_km;
        let plug_in = if anyway { PlugIn::Always } else { PlugIn::Below { energy_kwh: self.plug_below_kwh } };
        Some(Trip { depart, back, energy_kwh, plug_in })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    const HABITS: TripHabits = TripHabits {
        drives_on_a_day: 0.8,
        drives_on_a_weekend_day: 0.5,
        departure_h: 7.25,
        departure_spread_h: 0.75,
        away_h: 10.0,
        away_spread_h: 2.0,
        distance_km: 28.75,
        distance_log_spread: 0.6,
        consumption_kwh_per_km: 0.17,
        plug_below_kwh: 60.0,
        plugs_in_anyway: 0.3,
    };
    const CALENDAR: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
    /// A Sunday.
    const START: i64 = 20_000 - 4;
    const DAYS: i64 = 364;

    fn now(time: Time) -> Now {
        Now { time, calendar: CALENDAR }
    }

    fn driver(vehicle: usize) -> TripDriver {
        TripDriver::new(HABITS, Draws::new(42, &format!("ev_{vehicle}"), "trip"))
    }

    fn year(mut driver: TripDriver) -> Vec<Trip> {
        let start = now(CALENDAR.midnight(START));
        let end = CALENDAR.midnight(START + DAYS);
        let trips = std::iter::from_fn(|| driver.next_trip(start)).skip(1);
        trips.take_while(|trip| trip.depart < end).collect()
    }

    /// The mean of `values` lies within four standard errors of `expected`, where `deviation` is that of one value.
    #[track_caller]
    fn assert_mean(values: impl Iterator<Item = f64>, expected: f64, deviation: f64) {
        let (count, sum) = values.fold((0.0, 0.0), |(count, sum), value| (count + 1.0, sum + value));
        let tolerance = 4.0 * deviation / f64::sqrt(count);
        let mean = sum / count;
        assert!((mean - expected).abs() < tolerance, "{mean} instead of {expected} ± {tolerance}, {count} values");
    }

    /// 300 vehicles over a year. A day drives with probability p and then a log-normal distance of mean m, whose second
    /// moment is m² exp(σ²); the variance of a day's distance is p·m²·exp(σ²) − p²·m².
    #[test]
    fn a_year_of_a_fleet_has_the_configured_driving_days_distance_and_energy() {
        let fleet: Vec<_> = (0..300).map(|vehicle| year(driver(vehicle))).collect();
        assert_eq!(CALENDAR.day(now(CALENDAR.midnight(START)).time), START);
        for (is_weekend, p) in [(false, HABITS.drives_on_a_day), (true, HABITS.drives_on_a_weekend_day)] {
            let mut days = std::collections::BTreeMap::new();
            let wanted = (START..START + DAYS).filter(|day| Calendar::is_weekend(*day) == is_weekend);
            days.extend((0..fleet.len()).flat_map(|vehicle| wanted.clone().map(move |day| ((vehicle, day), 0.0))));
            for (vehicle, trips) in fleet.iter().enumerate() {
                for trip in trips {
                    days.entry((vehicle, CALENDAR.day(trip.depart))).and_modify(|energy| *energy = trip.energy_kwh);
                }
            }
            let km = |energy_kwh: &f64| energy_kwh / HABITS.consumption_kwh_per_km;
            let (m, second) =
                (HABITS.distance_km, HABITS.distance_km.powi(2) * HABITS.distance_log_spread.powi(2).exp());
            assert_mean(days.values().map(km), p * m, (p * second - (p * m).powi(2)).sqrt());
            assert_mean(days.values().map(|energy| f64::from(*energy > 0.0)), p, (p * (1.0 - p)).sqrt());
        }
    }

    #[test]
    fn departures_times_away_and_distances_are_spread_as_configured() {
        let trips: Vec<_> = (0..100).flat_map(|vehicle| year(driver(vehicle))).collect();
        let departure_h = |trip: &Trip| CALENDAR.time_of_day(trip.depart).hours();
        let away_h = |trip: &Trip| (trip.back - trip.depart).hours();
        assert_mean(trips.iter().map(departure_h), HABITS.departure_h, HABITS.departure_spread_h);
        assert_mean(trips.iter().map(away_h), HABITS.away_h, HABITS.away_spread_h);
        // The logarithm of the distance is normal around ln m − σ²/2; its square deviates by √2 σ².
        let sigma = HABITS.distance_log_spread;
        let mu = HABITS.distance_km.ln() - sigma * sigma / 2.0;
        let log = |trip: &Trip| (trip.energy_kwh / HABITS.consumption_kwh_per_km).ln() - mu;
        assert_mean(trips.iter().map(log), 0.0, sigma);
        assert_mean(trips.iter().map(|trip| log(trip).powi(2)), sigma * sigma, 2.0_f64.sqrt() * sigma * sigma);
    }

    #[test]
    fn the_decision_to_plug_in_anyway_is_drawn_for_each_trip() {
        let trips: Vec<_> = (0..40).flat_map(|vehicle| year(driver(vehicle))).collect();
        let anyway = |trip: &Trip| f64::from(trip.plug_in == PlugIn::Always);
        assert_mean(trips.iter().map(anyway), 0.3, (0.3_f64 * 0.7).sqrt());
        let below = PlugIn::Below { energy_kwh: 60.0 };
        assert!(trips.iter().all(|trip| [PlugIn::Always, below].contains(&trip.plug_in)));
        assert!(below.is_wanted_at(59.9) && !below.is_wanted_at(60.0) && PlugIn::Always.is_wanted_at(60.0));
    }

    #[test]
    fn trips_never_overlap() {
        let wild = TripHabits { departure_spread_h: 9.0, away_spread_h: 12.0, ..HABITS };
        for vehicle in 0..20 {
            let trips = year(TripDriver { habits: wild, ..driver(vehicle) });
            assert!(trips.iter().all(|trip| trip.depart + SHORTEST <= trip.back));
            assert!(trips.windows(2).all(|pair| pair[0].back + SHORTEST <= pair[1].depart));
        }
    }

    /// Whenever a run begins, what follows is what a run that began earlier has from there.
    #[test]
    fn a_run_that_begins_later_finds_the_vehicle_where_the_earlier_one_has_it() {
        let trips = year(driver(1));
        let of_a_day = trips.iter().find(|trip| CALENDAR.day(trip.depart) >= START + 100).expect("it drives");
        let middle = of_a_day.depart + Span((of_a_day.back - of_a_day.depart).0 / 4);
        let (energy_kwh, plug_in) = (of_a_day.energy_kwh, of_a_day.plug_in);
        for (start, expected) in [
            (of_a_day.depart - Span(1), None),
            (of_a_day.depart, Some(*of_a_day)),
            (middle, Some(Trip { depart: middle, energy_kwh: energy_kwh * 0.75, ..*of_a_day })),
            (of_a_day.back, Some(Trip::returning_at(of_a_day.back, plug_in))),
        ] {
            let mut later = driver(1);
            let first = later.next_trip(now(start)).expect("a return, or a trip");
            if let Some(expected) = expected {
                assert!((first.energy_kwh - expected.energy_kwh).abs() < 1e-6, "{first:?} {expected:?}");
                assert_eq!(Trip { energy_kwh: 0.0, ..first }, Trip { energy_kwh: 0.0, ..expected });
            } else {
                assert_eq!((first.depart, first.back, first.energy_kwh), (start, start, 0.0));
            }
            let rest: Vec<_> = trips.iter().filter(|trip| trip.depart > start).take(20).copied().collect();
            assert_eq!(std::iter::from_fn(|| later.next_trip(now(start))).take(20).collect::<Vec<_>>(), rest);
        }
    }

    #[test]
    fn who_never_drives_stays() {
        let habits = TripHabits { drives_on_a_day: 0.0, drives_on_a_weekend_day: 0.0, ..HABITS };
        let mut driver = TripDriver::new(habits, Draws::new(1, "ev", "trip"));
        let start = now(Time(0));
        let below = PlugIn::Below { energy_kwh: 60.0 };
        assert_eq!(driver.next_trip(start), Some(Trip::returning_at(Time(0), below)));
        assert_eq!(driver.next_trip(start), None);
    }
}
