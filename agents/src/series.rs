//! Values that hold for a while: prices, signals, schedules.

use crate::number::numbers;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Piecewise-constant values on a regular grid: value `i` holds in `[start + i·step, start + (i+1)·step)`.
///
/// Cheap to clone, so that one published series can go to many participants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Instant at which the first value begins to hold.
    pub start: Time,
    /// How long each value holds; positive.
    pub step: Span,
    /// The values; their unit is that of whoever carries the series.
    #[serde(with = "numbers")]
    pub values: Arc<[f64]>,
}

impl Series {
    /// The value that holds at `time`, or none outside the series.
    pub fn at(&self, time: Time) -> Option<f64> {
        let index = (time - self.start).0.div_euclid(self.step.0);
        usize::try_from(index).ok().and_then(|index| self.values.get(index)).copied()
    }

    /// The mean over `[from, until)`, or none where the series does not cover it all.
    pub fn mean(&self, from: Time, until: Time) -> Option<f64> {
        let (mut time, mut sum) = (from, 0.0);
        while time < until {
            let next = self.next_change(time)?.min(until);
            sum += self.at(time)? * (next - time).0 as f64;
            time = next;
        }
        Some(sum / (until - from).0 as f64)
    }

    /// The largest value; minus infinity of a series without values.
    pub fn largest(&self) -> f64 {
        self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The first instant at which the series no longer says anything.
    pub fn end(&self) -> Time {
        self.start + self.step * self.values.len() as i64
    }

    /// The next instant after `time` at which the value may change, up to and including the end.
    pub fn next_change(&self, time: Time) -> Option<Time> {
        if time < self.start {
            return Some(self.start);
        }
        let next = self.start + self.step * ((time - self.start).0.div_euclid(self.step.0) + 1);
        (next <= self.end()).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_holds_from_its_instant_to_just_before_the_next() {
        let series = Series { start: Time(1000), step: Span(10), values: [1.0, 2.0].into() };
        assert_eq!(series.at(Time(999)), None);
        assert_eq!(series.at(Time(1009)), Some(1.0));
        assert_eq!(series.at(Time(1010)), Some(2.0));
        assert_eq!(series.at(Time(1020)), None);
    }

    #[test]
    fn a_mean_weighs_values_by_how_long_they_hold() {
        let series = Series { start: Time(1000), step: Span(10), values: [1.0, 2.0].into() };
        assert_eq!(series.mean(Time(1005), Time(1020)), Some((5.0 + 20.0) / 15.0));
        assert_eq!(series.mean(Time(1005), Time(1021)), None);
    }

    #[test]
    fn changes_are_announced_up_to_the_end() {
        let series = Series { start: Time(1000), step: Span(10), values: [1.0, 2.0].into() };
        let changes: Vec<_> = [0, 1000, 1010, 1020].map(|t| series.next_change(Time(t))).into();
        assert_eq!(changes, [Some(Time(1000)), Some(Time(1010)), Some(Time(1020)), None]);
    }
}
