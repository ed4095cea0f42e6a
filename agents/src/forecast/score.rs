//! How good forecasts were: errors, the continuous ranked probability score, coverage, skill against simpler forecasts.
//!
//! Equations after Gneiting and Raftery, "Strictly proper scoring rules, prediction, and estimation" (2007). All scores are in
//! the unit of the series, and smaller is better; a skill is one minus a ratio of scores, so that zero is no better than the
//! reference and one is perfect.

use super::{LEVELS, Quantiles};
use serde::{Deserialize, Serialize};

/// The pinball loss of a quantile of `level`, if `observed` comes.
pub fn pinball(level: f64, quantile: f64, observed: f64) -> f64 {
    let above = observed - quantile;
    (level * above).max((level - 1.0) * above)
}

/// The CRPS of the distribution these quantiles describe: linear between them, and the outermost ones hold what is beyond.
///
/// The integral of the squared distance between the distribution function and the step at `observed`, in closed form.
pub fn crps_of_quantiles(quantiles: &Quantiles, observed: f64) -> f64 {
    let values = &quantiles.0;
    let outside = (values[0] - observed).max(observed - values[LEVELS.len() - 1]).max(0.0);
    // Of a straight piece of width `width`, on which the distance goes from `a` to `b`.
    let piece = |width: f64, a: f64, b: f64| width * (a * a + a * b + b * b) / 3.0;
    let between = |index: usize| {
        let (left, right) = (values[index], values[index + 1]);
        let (low, high) = (LEVELS[index], LEVELS[index + 1]);
        if right <= observed {
            piece(right - left, low, high)
        } else if observed <= left {
            piece(right - left, 1.0 - low, 1.0 - high)
        } else {
            let level = low + (high - low) * (observed - left) / (right - left);
            piece(observed - left, low, level) + piece(right - observed, 1.0 - level, 1.0 - high)
        }
    };
    outside + (0..LEVELS.len() - 1).map(between).sum::<f64>()
}

/// The CRPS of the distribution in which each of `members` has the same probability; they are sorted in passing.
///
/// E|X − y| − E|X − X′| / 2, the second from the sorted members in one pass. NaN without members.
pub fn crps_of_members(members: &mut [f64], observed: f64) -> f64 {
    members.sort_unstable_by(f64::total_cmp);
    let count = members.len() as f64;
    let (mut distance, mut spread) = (0.0, 0.0);
    for (rank, member) in members.iter().enumerate() {
        distance += (member - observed).abs();
        spread += member * (2.0 * rank as f64 + 1.0 - count);
    }
    distance / count - spread / (count * count)
}

/// What was believed of a slot, what simpler forecasts of the same instant said, and what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// What came.
    pub observed: f64,
    /// What was expected.
    pub expected: f64,
    /// The fan around it.
    pub quantiles: Quantiles,
    /// The last value that was known (persistence).
    pub persistence: f64,
    /// The value of the same slot on the last day that was known, if it was.
    pub day_before: Option<f64>,
}

/// Sums over outcomes, of bounded size; its means are none as long as there is no outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    count: u64,
    absolute: f64,
    squared: f64,
    signed: f64,
    crps: f64,
    pinball: [f64; LEVELS.len()],
    /// How many were within the central 90, 80 and 50 %.
    within: [u64; LEVELS.len() / 2],
    persistence: f64,
    /// Of the outcomes with a day before: how many, its absolute error, and that of the forecast.
    days: (u64, f64, f64),
}

impl Score {
    /// Takes one outcome into account.
    pub fn add(&mut self, outcome: &Outcome) {
        let Outcome { observed, expected, quantiles, persistence, day_before } = outcome;
        let error = expected - observed;
        self.count += 1;
        self.absolute += error.abs();
        self.squared += error * error;
        self.signed += error;
        self.crps += crps_of_quantiles(quantiles, *observed);
        for (index, level) in LEVELS.iter().enumerate() {
            self.pinball[index] += pinball(*level, quantiles.0[index], *observed);
        }
        for (index, within) in self.within.iter_mut().enumerate() {
            let band = quantiles.0[index]..=quantiles.0[LEVELS.len() - 1 - index];
            *within += u64::from(band.contains(observed));
        }
        self.persistence += (persistence - observed).abs();
        if let Some(day_before) = day_before {
            let (count, theirs, ours) = self.days;
            self.days = (count + 1, theirs + (day_before - observed).abs(), ours + error.abs());
        }
    }

    /// Takes all outcomes of another score into account.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.absolute += other.absolute;
        self.squared += other.squared;
        self.signed += other.signed;
        self.crps += other.crps;
        self.pinball.iter_mut().zip(other.pinball).for_each(|(sum, more)| *sum += more);
        self.within.iter_mut().zip(other.within).for_each(|(sum, more)| *sum += more);
        self.persistence += other.persistence;
        self.days = (self.days.0 + other.days.0, self.days.1 + other.days.1, self.days.2 + other.days.2);
    }

    /// How many outcomes there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean absolute error of what was expected.
    pub fn mae(&self) -> Option<f64> {
        self.mean(self.absolute)
    }

    /// The root of the mean squared error.
    pub fn rmse(&self) -> Option<f64> {
        self.mean(self.squared).map(f64::sqrt)
    }

    /// The mean of what was expected less what came.
    pub fn bias(&self) -> Option<f64> {
        self.mean(self.signed)
    }

    /// The mean CRPS of the fans.
    pub fn crps(&self) -> Option<f64> {
        self.mean(self.crps)
    }

    /// The mean pinball loss of each of [`LEVELS`].
    pub fn pinball(&self) -> Option<[f64; LEVELS.len()]> {
        (self.count > 0).then(|| self.pinball.map(|sum| sum / self.count as f64))
    }

    /// Which shares fell within the central 90, 80 and 50 %, limits included.
    pub fn coverage(&self) -> Option<[f64; LEVELS.len() / 2]> {
        (self.count > 0).then(|| self.within.map(|within| within as f64 / self.count as f64))
    }

    /// The skill of what was expected against persistence, by mean absolute error; none where persistence made no error.
    pub fn skill(&self) -> Option<f64> {
        skill(self.absolute, self.persistence)
    }

    /// The skill of the fan against persistence: the CRPS of a forecast without a fan is its absolute error.
    pub fn crps_skill(&self) -> Option<f64> {
        skill(self.crps, self.persistence)
    }

    /// The skill of what was expected against the same slot of the day before, where that was known.
    pub fn skill_against_day_before(&self) -> Option<f64> {
        skill(self.days.2, self.days.1)
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        (self.count > 0).then(|| sum / self.count as f64)
    }
}

fn skill(score: f64, reference: f64) -> Option<f64> {
    (reference > 0.0).then(|| 1.0 - score / reference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::quantiles::NORMAL;

    /// Twice the integral of the pinball loss over all levels: another way to the same number.
    fn crps_by_levels(quantiles: &Quantiles, observed: f64) -> f64 {
        const PARTS: usize = 200_000;
        let loss = |part| {
            let level = (part as f64 + 0.5) / PARTS as f64;
            pinball(level, quantiles.at(level), observed)
        };
        2.0 * (0..PARTS).map(loss).sum::<f64>() / PARTS as f64
    }

    #[test]
    fn the_crps_of_quantiles_is_the_integral_of_their_pinball_loss() {
        let fans = [Quantiles(NORMAL), Quantiles([-1.0, 0.0, 0.0, 0.5, 3.0, 3.0, 9.0]), Quantiles([2.0; 7])];
        for fan in fans {
            for observed in [-5.0, -1.0, 0.0, 0.3, 2.0, 3.0, 8.0, 20.0] {
                let (found, expected) = (crps_of_quantiles(&fan, observed), crps_by_levels(&fan, observed));
                assert!((found - expected).abs() < 1e-5, "{fan:?} at {observed}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn the_crps_of_one_member_is_its_absolute_error_and_that_of_many_the_double_sum() {
        assert_eq!(crps_of_members(&mut [3.0], 5.0), 2.0);
        let mut members: [f64; 5] = [0.3, -2.0, 7.5, 0.3, 1.0];
        for observed in [-4.0, 0.3, 0.5, 9.0] {
            let count = members.len() as f64;
            let distance: f64 = members.iter().map(|member| (member - observed).abs()).sum();
            let pairs: f64 = members.iter().flat_map(|a| members.iter().map(move |b| (a - b).abs())).sum();
            let expected = distance / count - pairs / (2.0 * count * count);
            assert!((crps_of_members(&mut members, observed) - expected).abs() < 1e-12);
        }
    }

    fn outcome(observed: f64, expected: f64, day_before: Option<f64>) -> Outcome {
        let quantiles = Quantiles([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0].map(|offset| expected + offset));
        Outcome { observed, expected, quantiles, persistence: observed + 4.0, day_before }
    }

    #[test]
    fn means_are_those_of_the_outcomes_and_merging_is_adding() {
        let outcomes = [outcome(1.0, 2.0, None), outcome(5.0, 2.5, Some(10.0)), outcome(0.0, 0.0, Some(0.0))];
        let (mut all, mut parts) = (Score::default(), [Score::default(); 2]);
        assert_eq!((all.mae(), all.coverage(), all.skill()), (None, None, None));
        for (index, outcome) in outcomes.iter().enumerate() {
            all.add(outcome);
            parts[index % 2].add(outcome);
        }
        let [mut left, right] = parts;
        left.merge(&right);
        assert_eq!(left, all);
        assert_eq!((all.count(), all.mae(), all.bias()), (3, Some(3.5 / 3.0), Some(-0.5)));
        assert_eq!(all.rmse(), Some((7.25_f64 / 3.0).sqrt()));
        assert_eq!(all.coverage(), Some([1.0, 2.0 / 3.0, 2.0 / 3.0]), "5 lies 2.5 above what was expected");
        assert_eq!(all.skill(), Some(1.0 - 3.5 / 12.0));
        assert_eq!(all.skill_against_day_before(), Some(0.5), "2.5 instead of 5 where there was a day before");
        let crps = outcomes.map(|outcome| crps_of_quantiles(&outcome.quantiles, outcome.observed));
        assert_eq!(all.crps(), Some(crps.iter().sum::<f64>() / 3.0));
        let median = all.pinball().expect("there are outcomes")[3];
        assert!((median - 3.5 / 6.0).abs() < 1e-12, "the loss of a median is half its error");
    }
}
