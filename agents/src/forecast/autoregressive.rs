//! An autoregressive model of how a series deviates from its seasonal profile, fitted as observations come.
//!
//! d(t) = φ₁·d(t−1) + … + φₚ·d(t−p), where d is the observation less the profile before it learned from it. The coefficients
//! minimise the squared one-step errors, older ones weighted less, plus a ridge: the normal equations are kept and grow by one
//! observation at a time. A fit that is not stable is pulled towards zero until it is: every root is multiplied by the same
//! factor (bandwidth expansion).

use super::profile::Profile;
use super::{Grid, History};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// The largest order; more lags would not tell more of a site's quarter hours.
pub(super) const MOST_LAGS: usize = 16;
/// What is left of an unstable root at each attempt.
const PULL: f64 = 0.98;
/// Of what is left of a deviation after so many days of silence nothing is worth to be followed up.
const SILENT_DAYS: i64 = 28;

/// What is to be chosen of an autoregressive model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AutoRegressive {
    /// How many deviations back it looks, from 1 to 16.
    pub order: usize,
    /// The weight of a day in the seasonal profile, in (0, 1].
    pub smoothing: f64,
    /// What remains of the weight of an observation after one more, in (0, 1].
    pub forgetting: f64,
    /// The ridge, relative to the mean square of the deviations; not negative.
    pub ridge: f64,
}

impl Default for AutoRegressive {
    /// Two lags, profiles of the last ten days, fits of the last ten days of quarter hours, a ridge that only matters when there
    /// is little to go by.
    fn default() -> Self {
        Self { order: 2, smoothing: 0.1, forgetting: 0.999, ridge: 1e-4 }
    }
}

/// The state of the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Deviations {
    profile: Profile,
    regression: Regression,
}

impl Deviations {
    pub(super) fn new(grid: Grid, of: &AutoRegressive) -> Self {
        Self { profile: Profile::new(grid, of.smoothing), regression: Regression::new(of) }
    }

    pub(super) fn observe(&mut self, grid: Grid, slot: Time, value: Option<f64>) {
        let known = value.zip(self.profile.at(grid, slot));
        self.regression.observe(known.map(|(value, usual)| value - usual));
        if let Some(value) = value {
            self.profile.observe(grid, slot, value);
        }
    }

    /// Nothing was observed for so many slots.
    pub(super) fn miss(&mut self, slots: i64) {
        self.regression.miss(slots);
    }

    pub(super) fn expect(&self, history: &History, start: Time, last: f64, into: &mut [f64]) {
        let grid = history.grid();
        let mut lags = self.regression.lags.clone();
        let silence = history.end().map_or(0, |end| grid.slots(end, start));
        self.regression.run(&mut lags, silence, grid);
        let mut slot = start;
        for value in into {
            let deviation = self.regression.next(&lags);
            shift(&mut lags, deviation);
            *value = self.profile.at(grid, slot).map_or(last, |usual| usual + deviation);
            slot += grid.step;
        }
    }
}

/// Recursive ridge least squares of a series on its own lags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Regression {
    forgetting: f64,
    ridge: f64,
    /// The last values, latest first; where none was observed, what the model expected.
    lags: Vec<f64>,
    /// How many of the latest lags were observed, up to all.
    observed: usize,
    /// Weighted sums of lag · lag, row by row, and of lag · value.
    gram: Vec<f64>,
    cross: Vec<f64>,
    coefficients: Vec<f64>,
}

impl Regression {
    fn new(of: &AutoRegressive) -> Self {
        let order = of.order;
        Self {
            forgetting: of.forgetting,
            ridge: of.ridge,
            lags: vec![0.0; order],
            observed: 0,
            gram: vec![0.0; order * order],
            cross: vec![0.0; order],
            coefficients: vec![0.0; order],
        }
    }

    fn observe(&mut self, value: Option<f64>) {
        let Some(value) = value else { return self.miss(1) };
        let order = self.lags.len();
        if self.observed == order {
            for row in 0..order {
                for column in 0..order {
                    let sum = &mut self.gram[row * order + column];
                    *sum = self.forgetting * *sum + self.lags[row] * self.lags[column];
                }
                self.cross[row] = self.forgetting * self.cross[row] + self.lags[row] * value;
            }
            self.fit();
        }
        shift(&mut self.lags, value);
        self.observed = (self.observed + 1).min(order);
    }

    fn miss(&mut self, slots: i64) {
        for _ in 0..slots {
            let value = self.next(&self.lags);
            shift(&mut self.lags, value);
            self.observed = 0;
        }
    }

    /// What is expected next after `lags`.
    fn next(&self, lags: &[f64]) -> f64 {
        self.coefficients.iter().zip(lags).map(|(coefficient, lag)| coefficient * lag).sum()
    }

    /// Lets the model run on for so many slots.
    fn run(&self, lags: &mut [f64], slots: i64, grid: Grid) {
        if slots > SILENT_DAYS * grid.slots_per_day() as i64 {
            return lags.fill(0.0);
        }
        for _ in 0..slots {
            let value = self.next(lags);
            shift(lags, value);
        }
    }

    fn fit(&mut self) {
        let order = self.lags.len();
        let trace: f64 = (0..order).map(|index| self.gram[index * order + index]).sum();
        self.coefficients.copy_from_slice(&self.cross);
        let ridge = self.ridge * trace / order as f64;
        if !solve(&mut self.gram.clone(), ridge, trace * 1e-14, &mut self.coefficients) {
            self.coefficients.fill(0.0);
        }
        while !is_stable(&self.coefficients) {
            let mut pull = 1.0;
            for coefficient in &mut self.coefficients {
                pull *= PULL;
                *coefficient *= pull;
            }
        }
    }
}

fn shift(lags: &mut [f64], value: f64) {
    lags.rotate_right(1);
    lags[0] = value;
}

/// Solves (`matrix` + `ridge`·I)·x = `right` by Cholesky's factorisation, in place; false where a pivot is not above `least`.
fn solve(matrix: &mut [f64], ridge: f64, least: f64, right: &mut [f64]) -> bool {
    let order = right.len();
    for row in 0..order {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| matrix[row * order + k] * matrix[column * order + k]).sum();
            let value = matrix[row * order + column] - known;
            if row > column {
                matrix[row * order + column] = value / matrix[column * order + column];
            } else if value + ridge > least {
                matrix[row * order + row] = (value + ridge).sqrt();
            } else {
                return false;
            }
        }
        let known: f64 = (0..row).map(|k| matrix[row * order + k] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[row * order + row];
    }
    for row in (0..order).rev() {
        let known: f64 = (row + 1..order).map(|k| matrix[k * order + row] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[row * order + row];
    }
    true
}

/// Whether all roots are within the unit circle: all partial autocorrelations, by the recursion of Durbin and Levinson run
/// backwards, are between −1 and 1.
fn is_stable(coefficients: &[f64]) -> bool {
    let mut left = [0.0; MOST_LAGS];
    left[..coefficients.len()].copy_from_slice(coefficients);
    for order in (1..=coefficients.len()).rev() {
        let partial = left[order - 1];
        if partial.abs() >= 1.0 {
            return false;
        }
        let before = left;
        for lag in 0..order - 1 {
            left[lag] = (before[lag] + partial * before[order - 2 - lag]) / (1.0 - partial * partial);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::tests::golden;

    fn fitted(values: &[f64], of: AutoRegressive) -> Regression {
        let mut regression = Regression::new(&of);
        values.iter().for_each(|value| regression.observe(Some(*value)));
        regression
    }

    #[track_caller]
    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        let near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-9);
        assert!(near, "{found:?}, not {expected:?}");
    }

    /// Against AutoReg of statsmodels, and the normal equations solved by numpy: see the script beside the file.
    #[test]
    fn coefficients_and_what_follows_are_those_of_other_implementations() {
        let golden = golden();
        for case in golden["autoregressive"].as_array().expect("cases") {
            let numbers = |name: &str| -> Vec<f64> { serde_json::from_value(case[name].clone()).expect("numbers") };
            let number = |name: &str| case[name].as_f64().expect("a number");
            let order = numbers("coefficients").len();
            let of = AutoRegressive { order, smoothing: 0.1, forgetting: number("forgetting"), ridge: number("ridge") };
            let regression = fitted(&numbers("series"), of);
            assert_near(&regression.coefficients, &numbers("coefficients"));
            let mut lags = regression.lags.clone();
            for expected in numbers("follows") {
                let next = regression.next(&lags);
                assert_near(&[next], &[expected]);
                shift(&mut lags, next);
            }
        }
    }

    #[test]
    fn a_series_that_explodes_is_fitted_by_a_model_that_does_not() {
        let exploding: Vec<f64> = (0..60).map(|index| libm::pow(1.2, f64::from(index))).collect();
        let mut regression = fitted(&exploding, AutoRegressive { forgetting: 1.0, ridge: 0.0, ..Default::default() });
        assert!(is_stable(&regression.coefficients), "{:?}", regression.coefficients);
        let largest = exploding[59];
        regression.miss(5000);
        assert!(regression.lags[0].abs() < largest * 1e-3, "{}", regression.lags[0]);
    }

    #[test]
    fn stability_is_that_of_the_roots() {
        // The triangle of order 2: φ₂ < 1 + φ₁, φ₂ < 1 − φ₁, φ₂ > −1.
        for (coefficients, stable) in [
            ([0.5, 0.4], true),
            ([0.5, 0.51], false),
            ([-0.5, 0.51], false),
            ([1.8, -0.99], true),
            ([1.8, -1.01], false),
            ([2.0, -0.99], false),
        ] {
            assert_eq!(is_stable(&coefficients), stable, "{coefficients:?}");
        }
    }

    #[test]
    fn what_was_not_observed_is_not_learned_from() {
        let of = AutoRegressive { order: 1, forgetting: 1.0, ridge: 0.0, ..Default::default() };
        let mut regression = fitted(&[8.0, 4.0, 2.0], of);
        assert_near(&regression.coefficients, &[0.5]);
        regression.observe(None);
        regression.observe(Some(100.0));
        assert_near(&regression.coefficients, &[0.5]);
        regression.observe(Some(50.0));
        assert_near(&regression.coefficients, &[0.5]);
    }

    #[test]
    fn without_deviations_nothing_is_expected_to_deviate() {
        let regression = fitted(&[0.0; 50], AutoRegressive::default());
        assert_eq!(regression.coefficients, [0.0, 0.0]);
    }
}
