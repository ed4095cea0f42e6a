//! What was observed of a series lately: one value per slot, as it was read from a meter, or none.

use super::Grid;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The latest observations of a series, on a grid, of so many days at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    grid: Grid,
    /// How many slots are kept.
    limit: usize,
    /// The end of the last slot told; none before the first.
    end: Option<Time>,
    /// The last value that was observed at all.
    last: Option<f64>,
    values: VecDeque<Option<f64>>,
}

/// Why an observation was not taken.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ObservationError {
    /// NaN or infinite.
    #[error("the value of the slot {slot} is {value}, not a number: leave the slot out if nothing was read")]
    NotANumber {
        /// The slot.
        slot: Time,
        /// What was told.
        value: f64,
    },
    /// Not the start of a slot.
    #[error("{slot} does not begin a slot of {} s", step.seconds())]
    OffGrid {
        /// The instant told.
        slot: Time,
        /// The length of slots.
        step: Span,
    },
    /// The slot, or a later one, was told before.
    #[error("the slot {slot} comes late: all before {end} were told or left out")]
    Late {
        /// The slot.
        slot: Time,
        /// The first slot that can still be told.
        end: Time,
    },
    /// A series to train on has other slots.
    #[error("the series has steps of {} s, slots are {} s long: bring it to their grid first", series.seconds(), step.seconds())]
    OtherStep {
        /// The step of the series.
        series: Span,
        /// The length of slots.
        step: Span,
    },
}

impl History {
    /// Nothing yet, and later at most `days` days.
    pub fn new(grid: Grid, days: usize) -> Self {
        Self { grid, limit: days * grid.slots_per_day(), end: None, last: None, values: VecDeque::new() }
    }

    /// Takes the mean over the slot that begins at `slot`. Slots left out since the last one are gaps.
    ///
    /// # Errors
    /// What is no number, lies off the grid or comes late is not taken.
    pub fn push(&mut self, slot: Time, value: f64) -> Result<(), ObservationError> {
        self.check(slot, value)?;
        let gap = self.end.map_or(0, |end| self.grid.slots(end, slot));
        if gap >= self.limit as i64 {
            self.values.clear();
        } else {
            (0..gap).for_each(|_| self.keep(None));
        }
        self.keep(Some(value));
        self.last = Some(value);
        self.end = Some(slot + self.grid.step);
        Ok(())
    }

    /// Whether an observation can be taken.
    pub(super) fn check(&self, slot: Time, value: f64) -> Result<(), ObservationError> {
        if !value.is_finite() {
            return Err(ObservationError::NotANumber { slot, value });
        }
        if slot.floor(self.grid.step) != slot {
            return Err(ObservationError::OffGrid { slot, step: self.grid.step });
        }
        match self.end {
            Some(end) if slot < end => Err(ObservationError::Late { slot, end }),
            _ => Ok(()),
        }
    }

    fn keep(&mut self, value: Option<f64>) {
        if self.values.len() == self.limit {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// The grid of its slots.
    pub fn grid(&self) -> Grid {
        self.grid
    }

    /// The end of the last slot told.
    pub fn end(&self) -> Option<Time> {
        self.end
    }

    /// The last value observed, however long ago.
    pub fn last(&self) -> Option<f64> {
        self.last
    }

    /// The value of the slot in which `time` falls; none where nothing was observed or it is kept no more.
    pub fn at(&self, time: Time) -> Option<f64> {
        let back = self.grid.slots(time.floor(self.grid.step), self.end?);
        let index = self.values.len() as i64 - back;
        usize::try_from(index).ok().and_then(|index| self.values.get(index).copied()).flatten()
    }

    /// The values kept, oldest first; gaps are none.
    pub fn values(&self) -> impl Iterator<Item = Option<f64>> {
        self.values.iter().copied()
    }

    /// Half the distance between the smallest and the largest value kept, or half the value if all are the same: the width of
    /// forecasts as long as nothing is known of their errors.
    pub(super) fn half_range(&self) -> f64 {
        let values = self.values.iter().flatten();
        let (least, most) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (value.min(least), value.max(most)));
        match self.last {
            Some(_) if least < most => (most - least) / 2.0,
            Some(last) => last.abs() / 2.0,
            None => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;

    const QUARTER: Span = Span::from_minutes(15);

    fn slot(number: i64) -> Time {
        Time(0) + QUARTER * number
    }

    fn history() -> History {
        History::new(Grid { step: QUARTER, calendar: Calendar::default() }, 1)
    }

    #[test]
    fn slots_left_out_are_gaps_and_old_ones_are_forgotten() {
        let mut history = history();
        for number in [3, 4, 7] {
            history.push(slot(number), number as f64).expect("in order");
        }
        let seen: Vec<_> = (2..=8).map(|number| history.at(slot(number) + Span(1))).collect();
        assert_eq!(seen, [None, Some(3.0), Some(4.0), None, None, Some(7.0), None]);
        for number in 8..=100 {
            history.push(slot(number), 1.0).expect("in order");
        }
        assert_eq!((history.at(slot(4)), history.at(slot(7)), history.values().count()), (None, Some(7.0), 96));
        history.push(slot(10_000), 2.0).expect("after a long silence");
        assert_eq!((history.values().count(), history.at(slot(10_000)), history.at(slot(100))), (1, Some(2.0), None));
    }

    #[test]
    fn what_is_no_number_off_the_grid_or_late_is_refused_and_changes_nothing() {
        let mut history = history();
        history.push(slot(3), 1.0).expect("the first");
        let before = history.clone();
        for value in [f64::NAN, f64::INFINITY] {
            let refused = history.push(slot(4), value);
            assert!(matches!(refused, Err(ObservationError::NotANumber { .. })), "{refused:?}");
        }
        let off = history.push(slot(4) + Span(1), 1.0);
        assert_eq!(off, Err(ObservationError::OffGrid { slot: slot(4) + Span(1), step: QUARTER }));
        assert_eq!(history.push(slot(3), 1.0), Err(ObservationError::Late { slot: slot(3), end: slot(4) }));
        assert_eq!(history, before);
    }
}
