//! Vehicles that come and go: when they plug in, how long they stay, what they take.
//!
//! The empirical distribution of past visits, for weekdays and for weekends. Scenarios replay whole days, so that how many
//! vehicles come on one day, when, and what they take stay tied to each other as they were.

use super::quantiles::empirical;
use crate::time::{Calendar, Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A stay at a charge point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// When the vehicle was plugged in.
    pub plug_in: Time,
    /// How long it stayed.
    pub stay: Span,
    /// What it took, in kWh.
    pub energy_kwh: f64,
}

/// Why a visit was not taken.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ArrivalsError {
    /// It would end before it began, or began before one that is known.
    #[error("at {told} after {known}: tell visits in the order they happen")]
    Order {
        /// What was told.
        told: Time,
        /// What was known by then.
        known: Time,
    },
    /// Nobody is there to leave, or somebody is there already.
    #[error(
        "at {0} a vehicle left that had not come, or came to a plug that was taken: tell one arrival, then its departure"
    )]
    Plug(Time),
    /// The energy.
    #[error("a visit that took {energy_kwh} kWh: it must be a number and not negative")]
    Energy {
        /// What was told.
        energy_kwh: f64,
    },
}

/// The habits at one charge point, learned from the visits of the last days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrivals {
    calendar: Calendar,
    /// How many days are remembered.
    days: usize,
    /// The first local day that was seen from its beginning, and the last instant anything was told.
    first_day: i64,
    known: Time,
    /// Since when the plug is taken.
    plugged: Option<Time>,
    visits: VecDeque<Visit>,
}

impl Arrivals {
    /// Nothing known yet at `now`; later what the last `days` days (1 at least) tell.
    pub fn new(now: Time, calendar: Calendar, days: usize) -> Self {
        let first_day = calendar.day(now - Span(1)) + 1;
        Self { calendar, days: days.max(1), first_day, known: now, plugged: None, visits: VecDeque::new() }
    }

    /// A vehicle is plugged in.
    ///
    /// # Errors
    /// If the plug is taken, or something later is known already.
    pub fn arrive(&mut self, now: Time) -> Result<(), ArrivalsError> {
        self.advance(now)?;
        if self.plugged.is_some() {
            return Err(ArrivalsError::Plug(now));
        }
        self.plugged = Some(now);
        Ok(())
    }

    /// It is gone, and took so much.
    ///
    /// # Errors
    /// If none was there, something later is known already, or the energy makes no sense.
    pub fn leave(&mut self, now: Time, energy_kwh: f64) -> Result<(), ArrivalsError> {
        if !(energy_kwh.is_finite() && energy_kwh >= 0.0) {
            return Err(ArrivalsError::Energy { energy_kwh });
        }
        self.advance(now)?;
        let plug_in = self.plugged.take().ok_or(ArrivalsError::Plug(now))?;
        self.visits.push_back(Visit { plug_in, stay: now - plug_in, energy_kwh });
        let oldest = self.calendar.midnight(self.calendar.day(now) - self.days as i64);
        while self.visits.pop_front_if(|visit| visit.plug_in < oldest).is_some() {}
        Ok(())
    }

    fn advance(&mut self, now: Time) -> Result<(), ArrivalsError> {
        if now < self.known {
            return Err(ArrivalsError::Order { told: now, known: self.known });
        }
        self.known = now;
        Ok(())
    }

    /// The visits remembered that are over, oldest first.
    pub fn visits(&self) -> impl Iterator<Item = &Visit> {
        self.visits.iter()
    }

    /// How many vehicles are expected to be plugged in during `[from, until)`: as many as on past days of the same kind, at the
    /// same time of day. None before the first whole day of that kind is over at `now`.
    pub fn expected(&self, now: Time, from: Time, until: Time) -> Option<f64> {
        let mut sum = 0.0;
        let mut begin = from;
        while begin < until {
            let day = self.calendar.day(begin);
            let midnight = self.calendar.midnight(day);
            let end = until.min(midnight + Span::DAY);
            let past = self.past_days(now, Calendar::is_weekend(day));
            if past.is_empty() {
                return None;
            }
            let found = past.iter().map(|past| {
                let there = self.calendar.midnight(*past);
                let window = there + (begin - midnight)..there + (end - midnight);
                self.arrivals().filter(|time| window.contains(time)).count()
            });
            sum += found.sum::<usize>() as f64 / past.len() as f64;
            begin = end;
        }
        Some(sum)
    }

    /// When the vehicle that is plugged in now leaves: the quantile of `level` of the stays that lasted longer than this one has
    /// so far. None if the plug is free, or none ever stayed that long.
    pub fn departure(&self, now: Time, level: f64) -> Option<Time> {
        let since = self.plugged?;
        let longer = self.visits.iter().map(|visit| visit.stay.0 as f64).filter(|stay| *stay > (now - since).0 as f64);
        quantile(longer.collect(), level).map(|stay| since + Span(stay as i64))
    }

    /// The quantile of `level` of what visits take, in kWh; none before the first one is over.
    pub fn energy_kwh(&self, level: f64) -> Option<f64> {
        quantile(self.visits.iter().map(|visit| visit.energy_kwh).collect(), level)
    }

    /// What may come from `now` to `until`, `count` times: member `m` replays, for each local day, the (m + 1)-th last whole day
    /// of the same kind; from the first again if there are fewer, of the other kind if there is none. Visits begin after `now` and
    /// not before the plug is free, at the median of the departures if it is taken.
    pub fn scenarios(&self, now: Time, until: Time, count: usize) -> Vec<Vec<Visit>> {
        let free = self.plugged.map_or(now, |_| self.departure(now, 0.5).unwrap_or(now));
        (0..count).map(|member| self.scenario(now, free, until, member)).collect()
    }

    fn scenario(&self, now: Time, free: Time, until: Time, member: usize) -> Vec<Visit> {
        let (mut free, mut visits) = (free, Vec::new());
        for day in self.calendar.day(now)..=self.calendar.day(until) {
            let is_weekend = Calendar::is_weekend(day);
            let mut past = self.past_days(now, is_weekend);
            if past.is_empty() {
                past = self.past_days(now, !is_weekend);
            }
            let Some(template) = past.len().checked_sub(1).map(|last| past[last - member % past.len()]) else {
                continue;
            };
            let shift = Span::DAY * (day - template);
            for visit in self.visits.iter().filter(|visit| self.calendar.day(visit.plug_in) == template) {
                let plug_in = visit.plug_in + shift;
                if now < plug_in && free <= plug_in && plug_in < until {
                    visits.push(Visit { plug_in, ..*visit });
                    free = plug_in + visit.stay;
                }
            }
        }
        visits
    }

    /// Past local days of a kind that are remembered and over at `now`, oldest first.
    fn past_days(&self, now: Time, is_weekend: bool) -> Vec<i64> {
        let today = self.calendar.day(now);
        let first = self.first_day.max(today - self.days as i64);
        (first..today).filter(|day| Calendar::is_weekend(*day) == is_weekend).collect()
    }

    fn arrivals(&self) -> impl Iterator<Item = Time> {
        self.visits.iter().map(|visit| visit.plug_in).chain(self.plugged)
    }
}

fn quantile(mut values: Vec<f64>, level: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    empirical(&values, level)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALENDAR: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
    /// Monday, 5 January 1970.
    const MONDAY: i64 = 4;

    fn at(day: i64, hour: i64) -> Time {
        CALENDAR.midnight(MONDAY + day) + Span::HOUR * hour
    }

    /// Two weeks: on weekdays somebody comes at 18 h and stays until 7 h, but not on Wednesdays; at weekends at 10 h for two hours.
    fn two_weeks() -> Arrivals {
        let mut arrivals = Arrivals::new(at(0, 0), CALENDAR, 28);
        for day in 0..14 {
            match day % 7 {
                2 => continue,
                5 | 6 => {
                    arrivals.arrive(at(day, 10)).expect("free");
                    arrivals.leave(at(day, 12), 5.0).expect("there");
                }
                _ => {
                    arrivals.arrive(at(day, 18)).expect("free");
                    arrivals.leave(at(day + 1, 7), 10.0 + day as f64).expect("there");
                }
            }
        }
        arrivals
    }

    #[test]
    fn vehicles_are_expected_as_often_as_they_came_on_days_of_the_same_kind() {
        let (arrivals, now) = (two_weeks(), at(14, 0));
        let expected = |from, until| arrivals.expected(now, from, until);
        assert_eq!(expected(at(14, 17), at(14, 19)), Some(0.8), "a Monday evening");
        assert_eq!(expected(at(19, 9), at(19, 11)), Some(1.0), "a Saturday morning");
        assert_eq!(expected(at(18, 12), at(19, 12)), Some(1.8), "from Friday noon to Saturday noon");
        assert_eq!(arrivals.expected(at(3, 0), at(5, 0), at(6, 0)), None, "no weekend was over then");
    }

    #[test]
    fn who_stays_longer_than_others_leaves_as_those_did_who_stayed_longer_still() {
        let mut arrivals = two_weeks();
        assert_eq!(arrivals.departure(at(14, 0), 0.5), None, "nobody is there");
        arrivals.arrive(at(14, 18)).expect("free");
        assert_eq!(arrivals.departure(at(14, 21), 0.1), Some(at(15, 7)), "short stays are over");
        assert_eq!(arrivals.departure(at(15, 8), 0.5), None, "nobody ever stayed that long");
    }

    #[test]
    fn scenarios_replay_whole_days_and_nobody_comes_to_a_plug_that_is_taken() {
        let mut arrivals = two_weeks();
        let members = arrivals.scenarios(at(14, 0), at(16, 0), 4);
        let plug_ins: Vec<Vec<_>> =
            members.iter().map(|visits| visits.iter().map(|visit| visit.plug_in).collect()).collect();
        let both = vec![at(14, 18), at(15, 18)];
        assert_eq!(plug_ins, [both.clone(), both.clone(), vec![], both], "Friday, Thursday, Wednesday, Tuesday");
        assert_eq!(members[0][0], Visit { plug_in: at(14, 18), stay: Span::HOUR * 13, energy_kwh: 21.0 });
        arrivals.arrive(at(14, 17)).expect("free");
        let members = arrivals.scenarios(at(14, 17), at(15, 0), 1);
        assert_eq!(members, [vec![]], "whoever came at 17 h stays beyond 18 h");
    }

    #[test]
    fn what_can_not_be_is_refused() {
        let mut arrivals = two_weeks();
        let known = at(13, 12);
        assert_eq!(arrivals.arrive(at(13, 11)), Err(ArrivalsError::Order { told: at(13, 11), known }));
        assert_eq!(arrivals.leave(at(14, 1), 1.0), Err(ArrivalsError::Plug(at(14, 1))));
        arrivals.arrive(at(14, 2)).expect("free");
        assert_eq!(arrivals.arrive(at(14, 3)), Err(ArrivalsError::Plug(at(14, 3))));
        assert!(matches!(arrivals.leave(at(14, 4), f64::NAN), Err(ArrivalsError::Energy { .. })));
        assert!(arrivals.leave(at(14, 4), 1.0).is_ok(), "the visit is still there");
    }

    #[test]
    fn only_the_last_days_are_remembered() {
        let mut arrivals = Arrivals::new(at(0, 0), CALENDAR, 7);
        for day in 0..30 {
            arrivals.arrive(at(day, 8)).expect("free");
            arrivals.leave(at(day, 9), day as f64).expect("there");
        }
        assert_eq!(arrivals.visits().count(), 8, "of the last seven days and of today");
        assert_eq!(arrivals.energy_kwh(0.0), Some(22.0));
    }
}
