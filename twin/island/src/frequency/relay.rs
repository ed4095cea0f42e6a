//! A relay: a threshold, a delay, and whether it has fired. It looks at the frequency once per step of the event mode.

use super::defence::{Shedding, Trip};
use serde::{Deserialize, Serialize};

/// What a relay switches.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Switches {
    /// A stage of load shedding, counted from 0, and its share.
    Load { stage: usize, share: f64 },
    /// A share of all PV.
    Pv { share: f64 },
    /// All generating units.
    Units,
}

/// A relay and its clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Relay {
    /// Deviation from nominal, Hz.
    threshold_hz: f64,
    is_below: bool,
    delay_ms: u64,
    pub(super) switches: Switches,
    /// Since when the frequency is beyond the threshold.
    since_ms: Option<u64>,
    pub(super) has_fired: bool,
}

impl Relay {
    fn new(threshold_hz: f64, is_below: bool, delay_s: f64, switches: Switches) -> Self {
        let delay_ms = libm::round(delay_s * 1000.0) as u64;
        Self { threshold_hz, is_below, delay_ms, switches, since_ms: None, has_fired: false }
    }

    pub(super) fn of_stage(stage: usize, shedding: &Shedding, nominal_hz: f64) -> Self {
        let switches = Switches::Load { stage, share: shedding.share };
        Self::new(shedding.below_hz - nominal_hz, true, shedding.delay_s, switches)
    }

    pub(super) fn of_trip(trip: &Trip, nominal_hz: f64, switches: Switches) -> Self {
        let is_below = trip.below_hz.is_some();
        let threshold_hz = trip.below_hz.or(trip.above_hz).expect("settings are checked: one is given");
        Self::new(threshold_hz - nominal_hz, is_below, trip.delay_s, switches)
    }

    /// Looks at the frequency's deviation; whether it fires now.
    pub(super) fn look(&mut self, now_ms: u64, deviation_hz: f64) -> bool {
        if self.has_fired {
            return false;
        }
        let beyond = if self.is_below { deviation_hz < self.threshold_hz } else { deviation_hz > self.threshold_hz };
        if !beyond {
            self.since_ms = None;
            return false;
        }
        let since_ms = *self.since_ms.get_or_insert(now_ms);
        self.has_fired = now_ms - since_ms >= self.delay_ms;
        self.has_fired
    }

    /// Whether its clock is running.
    pub(super) fn is_waiting(&self) -> bool {
        !self.has_fired && self.since_ms.is_some()
    }

    /// Puts it back, as if it had never fired.
    pub(super) fn reset(&mut self) {
        (self.since_ms, self.has_fired) = (None, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fires_once_when_the_frequency_has_been_beyond_its_threshold_for_the_delay() {
        let stage = Shedding { below_hz: 49.0, delay_s: 0.06, share: 0.1 };
        let mut relay = Relay::of_stage(0, &stage, 50.0);
        // Back above the threshold at 40 ms: the clock begins anew.
        let course = [-1.1, -1.1, -0.9, -1.1, -1.1, -1.1, -1.1, -1.1];
        let fired: Vec<bool> = (0..).zip(course).map(|(step, hz)| relay.look(20 * step, hz)).collect();
        assert_eq!(fired, [false, false, false, false, false, false, true, false]);
        relay.reset();
        assert!(!relay.look(200, -1.1) && relay.is_waiting());
    }
}
