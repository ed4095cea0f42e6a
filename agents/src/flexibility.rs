//! What the DSO and the aggregators of a flexibility market share: a forecast from what was metered, and the numbering of
//! ISPs and messages.

use crate::id::ParticipantId;
use crate::time::{Now, Span, Time};
use market::flexibility::MessageId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// For how long a deviation from the day before is expected to last, fading evenly: an assumption.
const FADE: Span = Span::from_minutes(240);

/// For how long slots are remembered.
const MEMORY: Span = Span::from_minutes(2 * 24 * 60);

/// A forecast by seasonal persistence: as on the day before, plus what the last slot was beyond the day before, fading within
/// four hours. As long as no day is known, as in the last slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Persistence(BTreeMap<Time, f64>);

impl Persistence {
    /// Takes the mean power of the slot that began at `start`; slots come in order.
    pub(crate) fn note(&mut self, start: Time, power_kw: f64) {
        self.0 = self.0.split_off(&(start - MEMORY));
        self.0.insert(start, power_kw);
    }

    /// The mean power expected in the slot that begins at `start`; none as long as nothing is known.
    pub(crate) fn expected_kw(&self, start: Time) -> Option<f64> {
        let (&last, &last_kw) = self.0.last_key_value()?;
        let days = (start - last).0.div_euclid(Span::DAY.0) + i64::from((start - last).0 % Span::DAY.0 != 0);
        let Some(season_kw) = self.0.get(&(start - Span::DAY * days.max(1))) else { return Some(last_kw) };
        let beyond_kw = self.0.get(&(last - Span::DAY)).map_or(0.0, |before_kw| last_kw - before_kw);
        let left = (1.0 - (start - last).hours() / FADE.hours()).max(0.0);
        Some(season_kw + left * beyond_kw)
    }
}

/// The first instant of the local day of `time`: the period of its ISPs.
pub(crate) fn period_of(now: Now, time: Time) -> Time {
    now.calendar.midnight(now.calendar.day(time))
}

/// The number of the ISP that begins at `start`, from 1.
pub(crate) fn isp_at(period: Time, start: Time, slot: Span) -> u16 {
    // A day has at most 1440 slots of a minute.
    ((start - period).0 / slot.0 + 1) as u16
}

/// The first instant of an ISP.
pub(crate) fn start_of(period: Time, isp: u16, slot: Span) -> Time {
    period + slot * (i64::from(isp) - 1)
}

/// Whole watts.
pub(crate) fn watts(power_kw: f64) -> i64 {
    (power_kw * 1000.0).round() as i64
}

/// Numbers of messages that no other participant gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Numbering(u32);

impl Numbering {
    /// The next number of `sender`, which stays the next one.
    pub(crate) fn peek(self, sender: ParticipantId) -> MessageId {
        MessageId(u64::from(sender.0) << 32 | u64::from(self.0))
    }

    /// The next number of `sender`.
    pub(crate) fn next(&mut self, sender: ParticipantId) -> MessageId {
        let id = self.peek(sender);
        self.skip(1);
        id
    }

    /// Leaves out the next `count` numbers, which somebody else has given.
    pub(crate) fn skip(&mut self, count: usize) {
        self.0 += count as u32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Time {
        Time(0) + Span::HOUR * hours
    }

    #[test]
    fn without_a_day_before_the_last_slot_counts() {
        let mut known = Persistence::default();
        assert_eq!(known.expected_kw(at(1)), None);
        known.note(at(0), 7.0);
        assert_eq!(known.expected_kw(at(30)), Some(7.0));
    }

    #[test]
    fn a_slot_is_as_the_day_before_plus_what_is_left_of_the_last_deviation() {
        let mut known = Persistence::default();
        (0..24).for_each(|hour| known.note(at(hour), hour as f64));
        known.note(at(24), 8.0);
        assert_eq!(known.expected_kw(at(26)), Some(2.0 + 8.0 / 2.0));
        assert_eq!(known.expected_kw(at(28)), Some(4.0));
        assert_eq!(known.expected_kw(at(50)), Some(2.0), "of two days ahead the latest day known counts");
    }
}
