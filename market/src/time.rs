//! Instants, spans, and the local calendar in which market and tariff days are counted.
//!
//! There is no clock in here: instants are handed in. Everything is an integer number of milliseconds, so that
//! 900 ticks of a second end exactly where one tick of 15 minutes does.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Mul, Sub};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

/// A duration in milliseconds; negative when it points back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Span(pub i64);

impl Time {
    /// Later than every instant of a simulation.
    pub const NEVER: Self = Self(i64::MAX);

    /// Seconds since 1970-01-01T00:00:00Z, with the fraction.
    pub fn unix_s(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The first instant after `self` that is a whole multiple of `step` since 1970 (UTC).
    ///
    /// The quarter hours of every time zone in use are quarter hours of UTC, so market slots can be
    /// counted here.
    pub fn next_multiple(self, step: Span) -> Self {
        Self((self.0.div_euclid(step.0) + 1) * step.0)
    }

    /// The last instant not after `self` that is a whole multiple of `step` since 1970 (UTC).
    pub fn floor(self, step: Span) -> Self {
        Self(self.0.div_euclid(step.0) * step.0)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// One minute.
    pub const MINUTE: Self = Self::from_s(60);
    /// One hour.
    pub const HOUR: Self = Self::from_s(3600);
    /// Twenty-four hours.
    pub const DAY: Self = Self::from_s(86_400);

    /// A span of whole seconds.
    pub const fn from_s(seconds: i64) -> Self {
        Self(seconds * 1000)
    }

    /// A span of whole minutes.
    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_s(minutes * 60)
    }

    /// A span of hours, rounded to the millisecond.
    pub fn from_hours(hours: f64) -> Self {
        Self((hours * 3_600_000.0).round() as i64)
    }

    /// The span in hours.
    pub fn hours(self) -> f64 {
        self.0 as f64 / 3_600_000.0
    }

    /// The span in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Add<Span> for Time {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Time {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Mul<i64> for Span {
    type Output = Self;
    fn mul(self, factor: i64) -> Self {
        Self(self.0 * factor)
    }
}

/// `2026-03-20T14:00:00Z`, with milliseconds only where there are any.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(self.0.div_euclid(Span::DAY.0));
        let ms = self.0.rem_euclid(Span::DAY.0);
        let (s, ms) = (ms / 1000, ms % 1000);
        write!(f, "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)?;
        if ms != 0 {
            write!(f, ".{ms:03}")?;
        }
        f.write_str("Z")
    }
}

/// The local calendar of a scenario: a fixed offset from UTC, as in Martinique (UTC−4 all year).
///
/// A zone with daylight saving is refused where scenarios are resolved, never approximated here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Local time minus UTC.
    pub utc_offset: Span,
}

impl Calendar {
    /// The local day (days since 1970-01-01) in which `time` falls.
    pub fn day(self, time: Time) -> i64 {
        (time.0 + self.utc_offset.0).div_euclid(Span::DAY.0)
    }

    /// The time elapsed since local midnight.
    pub fn time_of_day(self, time: Time) -> Span {
        Span((time.0 + self.utc_offset.0).rem_euclid(Span::DAY.0))
    }

    /// The instant at which local day `day` begins.
    pub fn midnight(self, day: i64) -> Time {
        Time(day * Span::DAY.0 - self.utc_offset.0)
    }

    /// Whether local day `day` is a Saturday or a Sunday.
    pub fn is_weekend(day: i64) -> bool {
        // 1970-01-01 was a Thursday.
        matches!((day + 3).rem_euclid(7), 5 | 6)
    }

    /// Year, month (1-12) and day of the month (1-31) of local day `day`.
    pub fn civil(day: i64) -> (i64, u32, u32) {
        civil_from_days(day)
    }
}

/// Gregorian date of a day number, after the algorithm of Howard Hinnant, "chrono-compatible low-level
/// date algorithms" (public domain): eras of 400 years that begin on 1 March.
fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month as u32, day as u32)
}

/// A delivery slot of the market: `[start, start + length)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slot {
    /// First instant of delivery.
    pub start: Time,
    /// Length of delivery.
    pub length: Span,
}

impl Slot {
    /// The slot of `length` in which `time` falls.
    pub fn containing(time: Time, length: Span) -> Self {
        Self { start: time.floor(length), length }
    }

    /// The first instant after delivery.
    pub fn end(self) -> Time {
        self.start + self.length
    }

    /// The slot that follows.
    pub fn next(self) -> Self {
        Self { start: self.end(), length: self.length }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARTINIQUE: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };

    #[test]
    fn an_instant_prints_as_rfc_3339() {
        assert_eq!(Time(1_773_979_200_000).to_string(), "2026-03-20T04:00:00Z");
        assert_eq!(Time(951_782_400_000 + 1).to_string(), "2000-02-29T00:00:00.001Z");
        assert_eq!(Time(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn a_day_in_martinique_begins_at_four_utc() {
        let midnight = Time(1_773_979_200_000);
        assert_eq!(MARTINIQUE.time_of_day(midnight), Span::ZERO);
        assert_eq!(MARTINIQUE.midnight(MARTINIQUE.day(midnight)), midnight);
        assert_eq!(MARTINIQUE.day(midnight - Span(1)), MARTINIQUE.day(midnight) - 1);
        assert_eq!(Calendar::civil(MARTINIQUE.day(midnight)), (2026, 3, 20));
    }

    #[test]
    fn weekends_are_saturday_and_sunday() {
        let friday = MARTINIQUE.day(Time(1_773_979_200_000));
        let weekend: Vec<_> = (0..7).map(|d| Calendar::is_weekend(friday + d)).collect();
        assert_eq!(weekend, [false, true, true, false, false, false, false]);
    }

    #[test]
    fn the_slot_of_an_instant_contains_it() {
        let slot = Slot::containing(Time(1_000_000), Span::from_minutes(15));
        assert_eq!((slot.start, slot.end()), (Time(900_000), Time(1_800_000)));
        assert_eq!(Time(900_000).next_multiple(slot.length), slot.next().start);
    }
}
