//! Drivers who are known by their charging sessions: the vehicle is away between them.
//!
//! The trip before a session takes from the battery what the session gives back, after the charger's losses; the state of
//! charge itself is never set. Such drivers always plug in on return.

use super::driver::{DAYS_AHEAD, PlugIn, SHORTEST, Trip};
use super::tables::{self, SessionPlace};
use crate::draw::Draws;
use crate::time::{Calendar, Now, Span, Time};
use rand::RngExt;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

/// How many days before the start sessions are drawn, so that one under way at the start is found. The longest one of the
/// tables lasts three days.
const DAYS_BACK: i64 = 28;

/// A charging session as it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// When the vehicle is plugged in.
    pub plug_in: Time,
    /// When it is unplugged; not before it is plugged in.
    pub plug_out: Time,
    /// AC energy wanted at the charge point.
    pub energy_kwh: f64,
}

/// Where sessions come from.
pub trait SessionSource {
    /// The first session that begins at `not_before` or later, or, before the first one was asked for, the first one
    /// that could still go on at `now`. Sessions come in order, each once; one in between that begins too early is lost.
    fn next_session(&mut self, now: Now, not_before: Time) -> Option<Session>;
}

/// A driver whose vehicle is either in a session or away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionDriver<S> {
    source: S,
    /// Share of the AC energy that reaches the battery.
    efficiency: f64,
    /// End of the last session that was yielded; none before the start.
    plug_out: Option<Time>,
}

impl<S: SessionSource> SessionDriver<S> {
    /// A driver of the sessions of `source`, whose charger lets `efficiency` of the AC energy reach the battery.
    pub fn new(source: S, efficiency: f64) -> Self {
        Self { source, efficiency, plug_out: None }
    }

    pub(super) fn next_trip(&mut self, now: Now) -> Option<Trip> {
        let Some(depart) = self.plug_out else { return Some(self.first_trip(now)) };
        if depart == Time::NEVER {
            return None;
        }
        let session = self.source.next_session(now, depart);
        // Nobody waits at a charge point for the end of time: after the last session the vehicle is away.
        self.plug_out = Some(session.map_or(Time::NEVER, |session| session.plug_out));
        Some(session.map_or(Trip::for_good_at(depart), |session| self.trip_to(session, depart)))
    }

    fn trip_to(&self, session: Session, depart: Time) -> Trip {
        let energy_kwh = session.energy_kwh * self.efficiency;
        Trip { depart, back: session.plug_in, energy_kwh, plug_in: PlugIn::Always }
    }

    fn first_trip(&mut self, now: Now) -> Trip {
        let mut left = None;
        loop {
            let session = self.source.next_session(now, left.unwrap_or(Time(i64::MIN)));
            self.plug_out = Some(session.map_or(Time::NEVER, |session| session.plug_out));
            match session {
                Some(session) if session.plug_out <= now.time => left = Some(session.plug_out),
                Some(session) if session.plug_in <= now.time => {
                    return Trip::returning_at(now.time, PlugIn::Always);
                }
                Some(session) => return self.trip_to(session, left.unwrap_or(now.time)).rest_at(now.time),
                None => return Trip::for_good_at(now.time),
            }
        }
    }
}

/// Sessions drawn from the tables of a place.
///
/// On each local day one begins, or none. Its arrival follows the shares of the hours; its connection time and its energy
/// follow their quantiles, tied to each other by a Gaussian copula. An arrival during the session before it, or within
/// half an hour of its end, falls away: where sessions are long there are somewhat fewer than `sessions_per_day` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DrawnSessions {
    habits: SessionHabits,
    draws: Draws,
    /// The first local day that was not looked at yet; none before the start.
    next_day: Option<i64>,
}

/// Habits of a driver known by sessions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionHabits {
    /// Where the sessions take place.
    pub place: SessionPlace,
    /// Probability that a session begins on a day from Monday to Friday, in [0, 1].
    pub sessions_per_day: f64,
    /// Probability that a session begins on a Saturday or Sunday, in [0, 1].
    pub sessions_per_weekend_day: f64,
    /// Factor on the energy of the tables.
    pub energy_factor: f64,
    /// Correlation of connection time and energy in the Gaussian copula, in (−1, 1).
    pub correlation: f64,
}

impl DrawnSessions {
    /// Sessions of a driver with these habits, drawn for each local day.
    pub fn new(habits: SessionHabits, draws: Draws) -> Self {
        Self { habits, draws, next_day: None }
    }
}

impl SessionSource for DrawnSessions {
    fn next_session(&mut self, now: Now, not_before: Time) -> Option<Session> {
        let first = self.next_day.unwrap_or_else(|| now.day() - DAYS_BACK);
        if self.habits.sessions_per_day <= 0.0 && self.habits.sessions_per_weekend_day <= 0.0 {
            return None;
        }
        let session_of = |day| self.habits.session(&self.draws, now.calendar, day).map(|session| (day, session));
        let mut sessions = (first..first + DAYS_AHEAD).filter_map(session_of);
        let earliest = not_before + SHORTEST;
        let (day, session) = sessions.find(|(_, session)| earliest <= session.plug_in)?;
        self.next_day = Some(day + 1);
        Some(session)
    }
}

impl SessionHabits {
    /// The session that begins on a local day, whatever else goes on.
    fn session(&self, draws: &Draws, calendar: Calendar, day: i64) -> Option<Session> {
        let mut draw = draws.at(day);
        let is_weekend = Calendar::is_weekend(day);
        let probability = if is_weekend { self.sessions_per_weekend_day } else { self.sessions_per_day };
        if draw.random::<f64>() >= probability {
            return None;
        }
        let tables = self.place.tables();
        let arrival_h = tables::arrival_h(tables.arrivals_pct(is_weekend), draw.random());
        let [x, y]: [f64; 2] = std::array::from_fn(|_| draw.sample(StandardNormal));
        let correlated = self.correlation * x + (1.0 - self.correlation * self.correlation).sqrt() * y;
        let plug_in = calendar.midnight(day) + Span::from_hours(arrival_h);
        let connected_h = tables::quantile(&tables.connected_h, normal_cdf(x));
        let energy_kwh = tables::quantile(&tables.energy_kwh, normal_cdf(correlated)) * self.energy_factor;
        Some(Session { plug_in, plug_out: plug_in + Span::from_hours(connected_h), energy_kwh })
    }
}

/// The distribution function of the standard normal.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALENDAR: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
    const HABITS: SessionHabits = SessionHabits {
        place: SessionPlace::Private,
        sessions_per_day: 1.0,
        sessions_per_weekend_day: 1.0,
        energy_factor: 1.0,
        correlation: 0.4,
    };
    const PLACES: [SessionPlace; 3] = [SessionPlace::Private, SessionPlace::Public, SessionPlace::Workplace];
    const START: i64 = 20_000;

    fn draws(vehicle: usize) -> Draws {
        Draws::new(7, &format!("ev_{vehicle}"), "session")
    }

    /// Some twenty thousand sessions, none skipped, with the day on which each begins.
    fn sampled(habits: SessionHabits) -> Vec<(i64, Session)> {
        let of = |vehicle| {
            let draws = draws(vehicle);
            (START..START + 400).filter_map(move |day| Some((day, habits.session(&draws, CALENDAR, day)?)))
        };
        (0..50).flat_map(of).collect()
    }

    /// A share found among `count` may miss its probability by four standard errors, and by two of the rarest cases, whose
    /// number is not normal.
    #[track_caller]
    fn assert_share(found: usize, count: usize, probability: f64, what: &str) {
        let share = found as f64 / count as f64;
        let tolerance = 4.0 * (probability * (1.0 - probability) / count as f64).sqrt() + 2.0 / count as f64;
        assert!((share - probability).abs() <= tolerance, "{what}: {share}, not {probability} ± {tolerance}");
    }

    #[track_caller]
    fn assert_quantiles(values: &[f64], table: &[f64; 23], what: &str) {
        for (index, pct) in tables::QUANTILES_PCT.iter().enumerate() {
            if table.get(index + 1) == Some(&table[index]) {
                continue; // Where quantiles coincide only the last of them is a probability.
            }
            let below = values.iter().filter(|value| **value <= table[index]).count();
            assert_share(below, values.len(), pct / 100.0, &format!("{what}, quantile {pct} %"));
        }
    }

    #[test]
    fn twenty_thousand_sessions_have_the_quantiles_of_the_tables() {
        for place in PLACES {
            let sessions = sampled(SessionHabits { place, energy_factor: 0.5, ..HABITS });
            assert_eq!(sessions.len(), 20_000);
            // Times are whole milliseconds.
            let connected = |(_, session): &(i64, Session)| (session.plug_out - session.plug_in).hours() - 2e-7;
            let connected_h: Vec<_> = sessions.iter().map(connected).collect();
            let energy_kwh: Vec<_> = sessions.iter().map(|(_, session)| session.energy_kwh / 0.5).collect();
            assert_quantiles(&connected_h, &place.tables().connected_h, &format!("{place:?}, connected"));
            assert_quantiles(&energy_kwh, &place.tables().energy_kwh, &format!("{place:?}, energy"));
        }
    }

    #[test]
    fn arrivals_have_the_shares_of_the_tables_on_weekdays_and_at_weekends() {
        for place in PLACES {
            let sessions = sampled(SessionHabits { place, ..HABITS });
            for is_weekend in [false, true] {
                let mut counts = [[0; 2]; 24];
                for (day, session) in sessions.iter().filter(|(day, _)| Calendar::is_weekend(*day) == is_weekend) {
                    assert_eq!(CALENDAR.day(session.plug_in), *day);
                    let hour = CALENDAR.time_of_day(session.plug_in).hours();
                    counts[hour as usize][usize::from(hour.fract() >= 0.5)] += 1;
                }
                let count = counts.iter().flatten().sum();
                let shares = place.tables().arrivals_pct(is_weekend);
                let sum: f64 = shares.iter().sum();
                for (hour, halves) in counts.iter().enumerate() {
                    for half in halves {
                        let what = format!("{place:?}, hour {hour}, weekend {is_weekend}");
                        assert_share(*half, count, shares[hour] / sum / 2.0, &what);
                    }
                }
            }
        }
    }

    /// The probability that two normals of correlation ρ are both below their medians is 1/4 + asin(ρ) / 2π.
    #[test]
    fn connection_time_and_energy_are_tied_by_the_copula() {
        for (correlation, expected) in [(0.0, 0.25), (0.4, 0.315_494_89), (-0.9, 0.071_783_43)] {
            let sessions = sampled(SessionHabits { correlation, ..HABITS });
            let is_low = |(_, session): &&(i64, Session)| {
                (session.plug_out - session.plug_in).hours() < 11.0 && session.energy_kwh < 19.4
            };
            let low = sessions.iter().filter(is_low).count();
            assert_share(low, sessions.len(), expected, &format!("correlation {correlation}"));
        }
    }

    #[test]
    fn sessions_begin_as_often_as_configured() {
        let habits = SessionHabits { sessions_per_day: 0.25, sessions_per_weekend_day: 0.1, ..HABITS };
        let sessions = sampled(habits);
        for (is_weekend, probability) in [(false, 0.25), (true, 0.1)] {
            let days = (START..START + 400).filter(|day| Calendar::is_weekend(*day) == is_weekend).count() * 50;
            let found = sessions.iter().filter(|(day, _)| Calendar::is_weekend(*day) == is_weekend).count();
            assert_share(found, days, probability, &format!("weekend {is_weekend}"));
        }
    }

    fn driver(vehicle: usize) -> SessionDriver<DrawnSessions> {
        let habits = SessionHabits { sessions_per_day: 0.9, ..HABITS };
        SessionDriver::new(DrawnSessions::new(habits, draws(vehicle)), 0.93)
    }

    fn trips(vehicle: usize, start: Now, count: usize) -> Vec<Trip> {
        let mut driver = driver(vehicle);
        std::iter::from_fn(|| driver.next_trip(start)).take(count).collect()
    }

    #[test]
    fn trips_fill_the_time_between_sessions_and_take_what_the_next_one_gives() {
        let start = Now { time: CALENDAR.midnight(START), calendar: CALENDAR };
        let habits = SessionHabits { sessions_per_day: 0.9, ..HABITS };
        let mut skipped = 0;
        for vehicle in 0..20 {
            let trips = trips(vehicle, start, 100);
            let session_of = |day| habits.session(&draws(vehicle), CALENDAR, day);
            let session_at = |trip: &Trip| session_of(CALENDAR.day(trip.back)).expect("it was yielded");
            for pair in trips[1..].windows(2) {
                let [before, after] = [session_at(&pair[0]), session_at(&pair[1])];
                assert_eq!((pair[0].back, pair[1].depart), (before.plug_in, before.plug_out));
                assert_eq!(pair[1].energy_kwh, after.energy_kwh * 0.93);
                assert!(before.plug_out + SHORTEST <= after.plug_in && pair[1].plug_in == PlugIn::Always);
                let between = CALENDAR.day(before.plug_in) + 1..CALENDAR.day(after.plug_in);
                for lost in between.filter_map(session_of) {
                    assert!(lost.plug_in < before.plug_out + SHORTEST, "{lost:?} fell away after {before:?}");
                    skipped += 1;
                }
            }
        }
        assert!(skipped > 100, "only {skipped} arrivals fell within a session");
    }

    #[test]
    fn a_run_that_begins_later_finds_the_vehicle_where_the_earlier_one_has_it() {
        let at = |time| Now { time, calendar: CALENDAR };
        let mut cases = [0; 2];
        for vehicle in 0..40 {
            let start = CALENDAR.midnight(START + 60) + Span::from_minutes(37 * vehicle as i64);
            let earlier = trips(vehicle, at(CALENDAR.midnight(START)), 120);
            let later = trips(vehicle, at(start), 20);
            let upcoming = earlier.iter().position(|trip| start < trip.back).expect("years follow");
            let trip = earlier[upcoming];
            if trip.depart <= start {
                assert!((later[0].energy_kwh - trip.rest_at(start).energy_kwh).abs() < 1e-9);
                assert_eq!((later[0].depart, later[0].back), (start, trip.back));
                assert_eq!(later[1..10], earlier[upcoming + 1..upcoming + 10]);
            } else {
                assert_eq!(later[0], Trip::returning_at(start, PlugIn::Always));
                assert_eq!(later[1..10], earlier[upcoming..upcoming + 9]);
            }
            cases[usize::from(trip.depart <= start)] += 1;
        }
        assert!(cases.iter().all(|count| *count > 5), "{cases:?}");
    }

    #[test]
    fn who_has_no_sessions_is_away_for_good() {
        let habits = SessionHabits { sessions_per_day: 0.0, sessions_per_weekend_day: 0.0, ..HABITS };
        let mut driver = SessionDriver::new(DrawnSessions::new(habits, draws(0)), 0.93);
        let start = Now { time: Time(0), calendar: CALENDAR };
        assert_eq!(driver.next_trip(start), Some(Trip::for_good_at(Time(0))));
        assert_eq!(driver.next_trip(start), None);
    }
}
