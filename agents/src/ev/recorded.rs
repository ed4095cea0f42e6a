//! Sessions that were measured: when a vehicle was plugged in and unplugged, and what it was given.

use super::sessions::{Session, SessionSource};
use crate::time::{Now, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A session as it was measured: its AC energy is what the charge point delivered.
pub type RecordedSession = Session;

/// Measured sessions of one vehicle, in order of time.
///
/// Whoever hands them over checks them. What can not be lived all the same falls away: a session that begins before the
/// one ahead of it has ended, or ends before it begins. An energy below zero, or none at all, counts as zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedSessions {
    sessions: Arc<[RecordedSession]>,
    next: usize,
}

impl RecordedSessions {
    /// These sessions, in order of time.
    pub fn new(sessions: impl IntoIterator<Item = RecordedSession>) -> Self {
        Self { sessions: sessions.into_iter().collect(), next: 0 }
    }
}

impl SessionSource for RecordedSessions {
    fn next_session(&mut self, _: Now, not_before: Time) -> Option<Session> {
        while let Some(session) = self.sessions.get(self.next) {
            self.next += 1;
            // Two departures at one instant would be the same one.
            if not_before <= session.plug_in && session.plug_in <= session.plug_out && not_before < session.plug_out {
                return Some(Session { energy_kwh: session.energy_kwh.max(0.0), ..*session });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::{PlugIn, Trip};
    use super::super::sessions::SessionDriver;
    use super::*;
    use crate::time::{Calendar, Span};

    fn hour(hour: f64) -> Time {
        Time(0) + Span::from_hours(hour)
    }

    fn session(plug_in_h: f64, plug_out_h: f64, energy_kwh: f64) -> RecordedSession {
        RecordedSession { plug_in: hour(plug_in_h), plug_out: hour(plug_out_h), energy_kwh }
    }

    fn trips(start_h: f64, sessions: &[RecordedSession]) -> Vec<Trip> {
        let mut driver = SessionDriver::new(RecordedSessions::new(sessions.iter().copied()), 0.9);
        let now = Now { time: hour(start_h), calendar: Calendar::default() };
        std::iter::from_fn(|| driver.next_trip(now)).take(100).collect()
    }

    fn trip(depart_h: f64, back_h: f64, energy_kwh: f64) -> Trip {
        Trip { depart: hour(depart_h), back: hour(back_h), energy_kwh, plug_in: PlugIn::Always }
    }

    #[test]
    fn between_measured_sessions_the_vehicle_drives_what_the_next_one_gave() {
        let sessions = [session(2.0, 5.0, 10.0), session(7.0, 8.0, 20.0), session(8.0, 9.0, 5.0)];
        let expected = [trip(5.0, 7.0, 18.0), trip(8.0, 8.0, 4.5), Trip::for_good_at(hour(9.0))];
        assert_eq!(trips(0.0, &sessions)[0], trip(0.0, 2.0, 9.0), "away until the first");
        assert_eq!(trips(0.0, &sessions)[1..], expected);
        assert_eq!(trips(3.0, &sessions)[0], Trip::returning_at(hour(3.0), PlugIn::Always), "in the first");
        assert_eq!(trips(3.0, &sessions)[1..], expected);
        assert_eq!(trips(6.5, &sessions)[0], trip(6.5, 7.0, 4.5), "a quarter of the trip is left");
        assert_eq!(trips(10.0, &sessions), [Trip::for_good_at(hour(10.0))]);
    }

    #[test]
    fn sessions_that_overlap_or_run_backwards_fall_away() {
        let sound = [session(1.0, 4.0, 10.0), session(6.0, 7.0, 20.0)];
        let broken = [
            sound[0],
            session(2.0, 5.0, 1.0),
            session(5.0, 4.5, 1.0),
            session(0.0, 1.0, 1.0),
            sound[1],
            sound[0],
            sound[1],
        ];
        assert_eq!(trips(0.0, &broken), trips(0.0, &sound));
        let empty = [session(3.0, 3.0, f64::NAN), session(3.0, 3.0, -1.0), session(3.0, 4.0, -1.0)];
        assert!(trips(0.0, &empty).iter().all(|trip| trip.energy_kwh == 0.0));
        assert_eq!(trips(0.0, &empty).len(), 3);
    }

    #[test]
    fn sessions_come_from_a_file_and_go_into_one() {
        let driver = SessionDriver::new(RecordedSessions::new([session(1.0, 2.0, 3.0)]), 0.9);
        let text = serde_json::to_string(&driver).expect("a driver is plain data");
        assert_eq!(
            serde_json::from_str::<SessionDriver<RecordedSessions>>(&text).expect("it was just written"),
            driver
        );
    }
}
