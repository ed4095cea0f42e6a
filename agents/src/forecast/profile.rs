//! A seasonal profile: what a slot of the day is like, on weekdays and at weekends, smoothed over days.

use super::Grid;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The smoothed value of each slot of a local day, for weekdays and for weekends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Profile {
    smoothing: f64,
    /// Weekdays first, then weekends; how many values each slot has seen, and what they come to.
    slots: [Vec<(u32, f64)>; 2],
}

impl Profile {
    /// Nothing known yet; later days weigh `smoothing` in (0, 1].
    pub(super) fn new(grid: Grid, smoothing: f64) -> Self {
        let day = || vec![(0, 0.0); grid.slots_per_day()];
        Self { smoothing, slots: [day(), day()] }
    }

    /// Learns from a value: the mean of the slot's first days, as soon as a day weighs less than `smoothing` in it exponential
    /// smoothing.
    pub(super) fn observe(&mut self, grid: Grid, slot: Time, value: f64) {
        let (count, level) = &mut self.slots[usize::from(grid.is_weekend(slot))][grid.slot_of_day(slot)];
        *count = count.saturating_add(1);
        *level += self.smoothing.max(1.0 / f64::from(*count)) * (value - *level);
    }

    /// What the slot is like; as on days of the other kind if it has been seen on those only, none if on none.
    pub(super) fn at(&self, grid: Grid, slot: Time) -> Option<f64> {
        let (kind, index) = (usize::from(grid.is_weekend(slot)), grid.slot_of_day(slot));
        let of = |kind: usize| Some(self.slots[kind][index]).filter(|(count, _)| *count > 0).map(|(_, level)| level);
        of(kind).or_else(|| of(1 - kind))
    }
}
