//! What a model has got wrong: the errors of beliefs it noted for itself, as they came true.
//!
//! At every [`STRIDE`]-th slot a forecast of the whole horizon is noted as a *path*; what comes turns its values into errors
//! one by one. Each path is probed at one lead time per *bucket* (1, 2, 3-4, 5-8, … slots ahead): there its whole fan is
//! noted, scored, and the error joins those the quantiles are made of. Errors are compared across the slots of a day in
//! units of the slot's *scale*, its mean absolute error: midday clouds do not widen the dawn.

use super::quantiles::NORMAL;
use super::{Grid, Outcome, Quantiles, Score};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many slots lie between two paths. Prime to the slots of a day and of a week, so that paths begin at all of them.
pub(super) const STRIDE: i64 = 11;
/// How many errors of each bucket are remembered; about a month of quarter hours.
const REMEMBERED: usize = 256;
/// How many errors it takes to trust their quantiles more than the default width.
const ENOUGH: usize = 16;
/// How many days a slot must have been seen to have a scale of its own.
const ENOUGH_DAYS: u32 = 3;
/// The weight of a day in the scale of a slot.
const DAY_WEIGHT: f64 = 0.1;
/// Share of the mean scale below which a slot's errors say nothing of others: at night, PV is never wrong.
const TELLING: f64 = 0.05;

/// The bucket of a lead time in slots (1 or more): of 1, 2, 3-4, 5-8, … slots.
pub(super) fn bucket(lead: usize) -> usize {
    (usize::BITS - (lead.max(1) - 1).leading_zeros()) as usize
}

/// The lead times of a bucket: those after the first value up to the second.
pub(super) fn leads(bucket: usize) -> (usize, usize) {
    if bucket == 0 { (0, 1) } else { (1 << (bucket - 1), 1 << bucket) }
}

/// The memory of a model's errors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Errors {
    /// How many slots ahead.
    horizon: usize,
    /// How many finished paths are kept.
    kept: usize,
    /// How many days each slot of the day was judged, and its mean absolute error.
    scales: Vec<(u32, f64)>,
    mean_scale: f64,
    /// Paths that are not over, oldest first.
    pending: VecDeque<Path>,
    /// Paths that are over, oldest first: errors all along.
    over: VecDeque<Path>,
    /// By bucket: errors, with the slot of the day in which they were made; oldest first.
    recent: Vec<VecDeque<(f64, u16)>>,
    /// By bucket: the quantiles of those errors in units of their slots' scales, once there are enough.
    fans: Vec<Option<Quantiles>>,
    scores: Vec<Score>,
}

/// A belief that is held against what comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Path {
    start: Time,
    /// Errors (what came less what was expected) up to `known`, from there on what is expected. Single precision: errors are
    /// statistics.
    values: Vec<f32>,
    known: usize,
    /// How many of the errors were observed rather than filled in.
    observed: usize,
    /// The last value known at the start.
    last: f64,
    probes: Vec<Probe>,
}

/// The whole of a belief, at one lead time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Probe {
    /// From 1 on.
    pub(super) lead: usize,
    pub(super) expected: f64,
    pub(super) quantiles: Quantiles,
    pub(super) day_before: Option<f64>,
}

impl Path {
    /// The error of a slot; those in a gap go on as the one before.
    fn judge(&mut self, index: usize, value: f64) -> f64 {
        self.fill(index);
        let error = value - f64::from(self.values[index]);
        self.values[index] = error as f32;
        self.known = index + 1;
        self.observed += 1;
        error
    }

    fn fill(&mut self, until: usize) {
        let error = self.known.checked_sub(1).map_or(0.0, |last| self.values[last]);
        self.values[self.known..until].fill(error);
        self.known = until;
    }
}

impl Errors {
    pub(super) fn new(grid: Grid, horizon: usize, kept: usize) -> Self {
        let buckets = bucket(horizon) + 1;
        Self {
            horizon,
            kept,
            scales: vec![(0, 0.0); grid.slots_per_day()],
            mean_scale: 0.0,
            pending: VecDeque::new(),
            over: VecDeque::new(),
            recent: vec![VecDeque::new(); buckets],
            fans: vec![None; buckets],
            scores: vec![Score::default(); buckets],
        }
    }

    /// Whether these are errors of such forecasts: a fork may have changed what is forecast.
    pub(super) fn fit(&self, grid: Grid, horizon: usize) -> bool {
        let paths = || self.pending.iter().chain(&self.over);
        self.horizon == horizon
            && self.scales.len() == grid.slots_per_day()
            && [self.recent.len(), self.fans.len(), self.scores.len()] == [bucket(horizon) + 1; 3]
            && paths().all(|path| path.values.len() == horizon)
    }

    /// The scores by bucket.
    pub(super) fn scores(&self) -> &[Score] {
        &self.scores
    }

    /// Holds what was believed of a slot against what came.
    pub(super) fn judge(&mut self, grid: Grid, slot: Time, value: f64) {
        let slot_of_day = grid.slot_of_day(slot);
        let (mut sum, mut count) = (0.0, 0.0);
        for path in &mut self.pending {
            let index = grid.slots(path.start, slot) as usize;
            if index >= self.horizon {
                continue;
            }
            let error = path.judge(index, value);
            (sum, count) = (sum + error.abs(), count + 1.0);
            if let Some(probe) = path.probes.iter().find(|probe| probe.lead == index + 1) {
                let Probe { expected, quantiles, day_before, lead } = *probe;
                let persistence = path.last;
                let outcome = Outcome { observed: value, expected, quantiles, persistence, day_before };
                self.scores[bucket(lead)].add(&outcome);
                let recent = &mut self.recent[bucket(lead)];
                if recent.len() == REMEMBERED {
                    recent.pop_front();
                }
                recent.push_back((value - expected, slot_of_day as u16));
            }
        }
        if count > 0.0 {
            let (days, scale) = &mut self.scales[slot_of_day];
            *days = days.saturating_add(1);
            *scale += DAY_WEIGHT.max(1.0 / f64::from(*days)) * (sum / count - *scale);
        }
        self.finish(grid, slot + grid.step);
    }

    /// Puts paths away that are over at `end`; of those with more gaps than observations nothing is kept.
    fn finish(&mut self, grid: Grid, end: Time) {
        while let Some(mut path) = self.pending.pop_front_if(|path| path.start + grid.step * self.horizon as i64 <= end)
        {
            path.fill(self.horizon);
            path.probes.clear();
            if 2 * path.observed >= self.horizon {
                self.over.push_back(path);
            }
            if self.over.len() > self.kept {
                self.over.pop_front();
            }
        }
    }

    /// Brings the quantiles up to date.
    pub(super) fn refresh(&mut self) {
        let known = self.scales.iter().filter(|(days, _)| *days > 0);
        let (sum, count) = known.fold((0.0, 0.0), |(sum, count), (_, scale)| (sum + scale, count + 1.0));
        self.mean_scale = if count > 0.0 { sum / count } else { 0.0 };
        for bucket in 0..self.recent.len() {
            let recent = &self.recent[bucket];
            if recent.len() >= ENOUGH {
                let relative = recent.iter().filter_map(|(error, slot)| self.relative(*error, usize::from(*slot)));
                self.fans[bucket] = Some(Quantiles::of(&mut relative.collect::<Vec<_>>()));
            }
        }
    }

    /// The mean absolute error of a slot of the day; of one seen too seldom that of all.
    fn scale(&self, slot_of_day: usize) -> f64 {
        let (days, scale) = self.scales[slot_of_day];
        if days >= ENOUGH_DAYS { scale } else { self.mean_scale }
    }

    /// An error in units of the scale of its slot; none where the slot says nothing of others.
    fn relative(&self, error: f64, slot_of_day: usize) -> Option<f64> {
        let scale = self.scale(slot_of_day);
        (scale > 0.0 && scale >= TELLING * self.mean_scale).then(|| error / scale)
    }

    /// The fan around `expected`, `lead` slots ahead; `half_range` is its standard deviation as long as too few errors are known.
    pub(super) fn fan(&self, expected: f64, lead: usize, slot_of_day: usize, half_range: f64) -> Quantiles {
        let bucket = bucket(lead).min(self.fans.len() - 1);
        let (unit, fan) = match &self.fans[bucket] {
            Some(Quantiles(fan)) => (self.scale(slot_of_day), fan),
            None => (half_range, &NORMAL),
        };
        Quantiles(std::array::from_fn(|index| expected + unit * fan[index]))
    }

    /// The lead times, one per bucket, at which a belief in what begins at `start` is probed.
    pub(super) fn probed(&self, grid: Grid, start: Time) -> impl Iterator<Item = usize> + use<> {
        let (turn, horizon) = (grid.number(start).div_euclid(STRIDE), self.horizon);
        (0..self.scores.len()).map(move |bucket| {
            let (after, until) = leads(bucket);
            after + 1 + turn.rem_euclid((until.min(horizon) - after) as i64) as usize
        })
    }

    /// Notes a belief in what begins at `start`, and its probes.
    pub(super) fn note(&mut self, start: Time, last: f64, expected: &[f64], probes: Vec<Probe>) {
        let values = expected.iter().map(|value| *value as f32).collect();
        self.pending.push_back(Path { start, values, known: 0, observed: 0, last, probes });
    }

    /// Errors along the paths of the past that began at the time of day nearest to that of `start`, the latest first of equals:
    /// `count` at most, in units of the scales of the slots from `start` on.
    pub(super) fn analogs(&self, grid: Grid, start: Time, count: usize) -> Vec<Vec<f64>> {
        let day = grid.slots_per_day();
        let away = |path: &Path| {
            let distance = grid.slot_of_day(path.start).abs_diff(grid.slot_of_day(start));
            distance.min(day - distance)
        };
        let mut paths: Vec<&Path> = self.over.iter().rev().collect();
        paths.sort_by_key(|path| away(path));
        let error = |path: &Path, index: usize| {
            let slot = |start: Time| grid.slot_of_day(start + grid.step * index as i64);
            let relative = self.relative(f64::from(path.values[index]), slot(path.start)).unwrap_or(0.0);
            relative * self.scale(slot(start))
        };
        let members = paths.into_iter().take(count);
        members.map(|path| (0..self.horizon).map(|index| error(path, index)).collect()).collect()
    }
}

/// At which levels `count` equally probable members lie.
pub(super) fn level_of(member: usize, count: usize) -> f64 {
    (member as f64 + 0.5) / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_double_in_length() {
        let buckets = [1, 2, 3, 4, 5, 8, 9, 16, 17, 96, 192].map(bucket);
        assert_eq!(buckets, [0, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8]);
        for lead in 1..500 {
            let (after, until) = leads(bucket(lead));
            assert!(after < lead && lead <= until, "{lead}");
        }
    }

    #[test]
    fn levels_of_members_are_in_the_middle_of_equal_shares() {
        assert_eq!([0, 1, 2, 3].map(|member| level_of(member, 4)), [0.125, 0.375, 0.625, 0.875]);
        assert_eq!(level_of(0, 1), 0.5);
    }
}
