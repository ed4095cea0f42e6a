//! The slots of a series, where they lie in the local day and week, and between which values it can be.

use crate::series::Series;
use crate::time::{Calendar, Span, Time};
use serde::{Deserialize, Serialize};

/// A regular grid of slots: whole multiples of `step` since 1970 (UTC), as the market's are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// The length of a slot; divides a day.
    pub step: Span,
    /// The calendar in which days and weekends are counted.
    pub calendar: Calendar,
}

impl Grid {
    /// How many slots a day has.
    pub fn slots_per_day(self) -> usize {
        (Span::DAY.0 / self.step.0) as usize
    }

    /// The rank in its local day of the slot that begins at `slot`.
    pub fn slot_of_day(self, slot: Time) -> usize {
        (self.calendar.time_of_day(slot).0 / self.step.0) as usize
    }

    /// Whether the slot that begins at `slot` lies in a local Saturday or Sunday.
    pub fn is_weekend(self, slot: Time) -> bool {
        Calendar::is_weekend(self.calendar.day(slot))
    }

    /// How many slots lie between two instants of the grid.
    pub(super) fn slots(self, from: Time, until: Time) -> i64 {
        (until - from).0.div_euclid(self.step.0)
    }

    /// The number of a slot since 1970.
    pub(super) fn number(self, slot: Time) -> i64 {
        slot.0.div_euclid(self.step.0)
    }

    /// The mean of a series over a slot, none where it does not cover it all; of one value just that, to the last digit.
    pub(super) fn mean(self, series: &Series, slot: Time) -> Option<f64> {
        let until = slot + self.step;
        if series.next_change(slot)? >= until { series.at(slot) } else { series.mean(slot, until) }
    }

    pub(super) fn divides_a_day(self) -> bool {
        self.step.0 > 0 && Span::DAY.0 % self.step.0 == 0
    }
}

/// Between which values a series can be, by physics: what is forecast outside is brought back to the limit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// The least possible value, if there is one.
    pub least: Option<f64>,
    /// The largest possible value, if there is one.
    pub most: Option<f64>,
}

impl Bounds {
    /// Any value at all.
    pub const NONE: Self = Self { least: None, most: None };
    /// What only consumes: never below zero.
    pub const CONSUMPTION: Self = Self { least: Some(0.0), most: None };

    /// What only produces, at most `capacity` (positive; the unit of the series): production is negative.
    pub fn production(capacity: f64) -> Self {
        Self { least: Some(-capacity), most: Some(0.0) }
    }

    /// The nearest value that is possible.
    pub fn clip(self, value: f64) -> f64 {
        let value = self.least.map_or(value, |least| value.max(least));
        self.most.map_or(value, |most| value.min(most))
    }

    /// Whether both limits are numbers and in order.
    pub(super) fn are_sound(self) -> bool {
        let is_number = |limit: Option<f64>| limit.is_none_or(f64::is_finite);
        let in_order = self.least.zip(self.most).is_none_or(|(least, most)| least <= most);
        is_number(self.least) && is_number(self.most) && in_order
    }
}
