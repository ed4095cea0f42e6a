//! Quantiles of past errors, and between the levels that are kept.

use serde::{Deserialize, Serialize};

/// The levels of which every forecast keeps quantiles; symmetric, so that they bound the central 50, 80 and 90 %.
pub const LEVELS: [f64; 7] = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95];

/// Those quantiles of the standard normal, for the width of forecasts whose errors are not known yet.
pub(super) const NORMAL: [f64; 7] = [
    -1.644_853_626_951_472_2,
    -1.281_551_565_544_600_4,
    -0.674_489_750_196_081_7,
    0.0,
    0.674_489_750_196_081_7,
    1.281_551_565_544_600_4,
    1.644_853_626_951_472_2,
];

/// One value for each of [`LEVELS`], never decreasing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantiles(pub [f64; LEVELS.len()]);

impl Quantiles {
    /// The empirical quantiles of `values`, which are sorted in passing; all zero of none.
    pub fn of(values: &mut [f64]) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        Self(LEVELS.map(|level| empirical(values, level).unwrap_or(0.0)))
    }

    /// The quantile of any level: linear between those kept, the outermost ones beyond them.
    pub fn at(&self, level: f64) -> f64 {
        let above = LEVELS.partition_point(|known| *known < level);
        match above {
            0 => self.0[0],
            above if above == LEVELS.len() => self.0[LEVELS.len() - 1],
            above => {
                let share = (level - LEVELS[above - 1]) / (LEVELS[above] - LEVELS[above - 1]);
                self.0[above - 1] + share * (self.0[above] - self.0[above - 1])
            }
        }
    }

    /// The quantile of level 0.5.
    pub fn median(&self) -> f64 {
        self.0[LEVELS.len() / 2]
    }
}

/// The quantile of `level` of sorted values; none of none.
///
/// The k-th of n values stands for the level k / (n + 1), linear between them (Weibull's plotting positions): a next value
/// that is exchangeable with them falls below it with just this probability.
pub(super) fn empirical(sorted: &[f64], level: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = (level * (sorted.len() + 1) as f64 - 1.0).clamp(0.0, last as f64);
    let below = position as usize;
    Some(sorted[below] + (position - below as f64) * (sorted[(below + 1).min(last)] - sorted[below]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_levels_a_quantile_is_linear_and_beyond_them_the_outermost() {
        let quantiles = Quantiles([0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 10.0]);
        let at = [0.0, 0.05, 0.075, 0.25, 0.375, 0.5, 0.925, 0.95, 1.0].map(|level| quantiles.at(level));
        let expected = [0.0, 0.0, 0.5, 2.0, 3.0, 4.0, 8.0, 10.0, 10.0];
        assert!(at.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{at:?}");
        assert_eq!(quantiles.median(), 4.0);
    }

    #[test]
    fn quantiles_of_one_value_are_that_value() {
        assert_eq!(Quantiles::of(&mut [3.0]), Quantiles([3.0; 7]));
        assert_eq!(Quantiles::of(&mut []), Quantiles([0.0; 7]));
    }
}
