//! The present as cores know it, and what recurs.
//!
//! Only the kernel knows the time; cores receive it as [`Now`]. Instants, spans, slots and the local calendar are those
//! of the market.

pub use market::time::{Calendar, Slot, Span, Time};

use serde::{Deserialize, Serialize};

/// The present, as the kernel tells it to a core.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// The instant of the tick.
    pub time: Time,
    /// The calendar in which local days are counted.
    pub calendar: Calendar,
}

impl Now {
    /// The local day of this instant (days since 1970-01-01).
    pub fn day(self) -> i64 {
        self.calendar.day(self.time)
    }

    /// The time elapsed since local midnight.
    pub fn time_of_day(self) -> Span {
        self.calendar.time_of_day(self.time)
    }

    /// The instant of the next local midnight.
    pub fn next_midnight(self) -> Time {
        self.calendar.midnight(self.day() + 1)
    }
}

/// Something done at every whole multiple of a period, and once at the very start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Every {
    period: Span,
    next: Time,
}

impl Every {
    /// Due at once, then at every multiple of `period` (positive) since 1970 (UTC).
    pub fn new(period: Span) -> Self {
        Self { period, next: Time(i64::MIN) }
    }

    /// Whether it is due at `time`; if so, the next time is set.
    pub fn is_due(&mut self, time: Time) -> bool {
        let due = self.next <= time;
        if due {
            self.next = time.next_multiple(self.period);
        }
        due
    }

    /// When it is due next.
    pub fn next(&self) -> Time {
        self.next
    }
}
