//! The driver of a vehicle: whatever the model, it yields one trip after the other.

use super::recorded::RecordedSessions;
use super::sessions::{DrawnSessions, SessionDriver};
use super::trips::TripDriver;
use crate::time::{Now, Span, Time};
use serde::{Deserialize, Serialize};

/// A trip is not shorter than this, nor is the time from one departure to the next.
pub(super) const SHORTEST: Span = Span::from_minutes(30);
/// Longer than any run: how many days a driver searches for the next one on which something happens.
pub(super) const DAYS_AHEAD: i64 = 366 * 51;

/// A stretch of time away from the charge point, out and back.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// When the vehicle leaves.
    pub depart: Time,
    /// When it is back; not before it leaves.
    pub back: Time,
    /// What the trip takes from the battery.
    pub energy_kwh: f64,
    /// Whether the driver plugs in on return.
    pub plug_in: PlugIn,
}

/// Whether a driver plugs in on return. It is decided at that instant and not again before the next trip.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum PlugIn {
    /// Whatever the battery holds.
    Always,
    /// When it holds less than this.
    Below {
        /// Stored energy.
        energy_kwh: f64,
    },
}

impl PlugIn {
    /// Whether a driver whose battery holds `energy_kwh` plugs in.
    pub fn is_wanted_at(self, energy_kwh: f64) -> bool {
        match self {
            Self::Always => true,
            Self::Below { energy_kwh: threshold_kwh } => energy_kwh < threshold_kwh,
        }
    }
}

impl Trip {
    /// A return at `time` from a trip before the run, which took its energy then.
    pub(super) fn returning_at(time: Time, plug_in: PlugIn) -> Self {
        Self { depart: time, back: time, energy_kwh: 0.0, plug_in }
    }

    /// What is left of a trip at `time` while it is under way; energy is taken evenly.
    pub(super) fn rest_at(self, time: Time) -> Self {
        let share = (self.back - time).hours() / (self.back - self.depart).hours();
        Self { depart: time, energy_kwh: self.energy_kwh * share, ..self }
    }

    /// Away from `time` on, for longer than any run.
    pub(super) fn for_good_at(time: Time) -> Self {
        let back = time + Span::DAY * DAYS_AHEAD;
        Self { depart: time, back, energy_kwh: 0.0, plug_in: PlugIn::Below { energy_kwh: 0.0 } }
    }
}

/// What the days of a driver are like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Driver {
    /// Trips from home, and a decision to plug in on return.
    Trips(TripDriver),
    /// Charging sessions drawn from tables; away in between.
    Sessions(SessionDriver<DrawnSessions>),
    /// Charging sessions that were measured; away in between.
    Recorded(SessionDriver<RecordedSessions>),
}

impl Driver {
    /// The next trip, which departs after the one before it; none if there will be no more.
    ///
    /// The first call is made at the start of the run. It finds the vehicle where a driver of many years would have it: on
    /// the road, then the trip is what is left of it; or back, then the trip is a return at this very instant, on which
    /// the driver plugs in or not. After that `now` says which calendar holds, and nothing else.
    pub fn next_trip(&mut self, now: Now) -> Option<Trip> {
        match self {
            Self::Trips(driver) => driver.next_trip(now),
            Self::Sessions(driver) => driver.next_trip(now),
            Self::Recorded(driver) => driver.next_trip(now),
        }
    }
}
