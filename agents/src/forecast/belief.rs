//! A forecast: what was believed of the coming slots at some instant.

use super::Quantiles;
use crate::series::Series;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// What is believed of the slots from `start` on; value `i` is the mean over the slot `start + i·step`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// When it was issued (belief time): nothing that was read later is in it.
    pub issued: Time,
    /// The first slot it is about; the one in which `issued` falls.
    pub start: Time,
    /// The length of a slot.
    pub step: Span,
    /// What the model expects, in the unit of the observations.
    pub expected: Vec<f64>,
    /// The fan around it, of the same length: from the errors the model has made so far ahead.
    pub quantiles: Vec<Quantiles>,
}

impl Forecast {
    /// What is expected at `time`; none outside the slots it is about.
    pub fn at(&self, time: Time) -> Option<f64> {
        self.expected.get(self.index(time)?).copied()
    }

    /// The quantile of `level` at `time`; none outside the slots it is about.
    pub fn quantile(&self, time: Time, level: f64) -> Option<f64> {
        self.quantiles.get(self.index(time)?).map(|quantiles| quantiles.at(level))
    }

    /// The first instant of which it says nothing.
    pub fn end(&self) -> Time {
        self.start + self.step * self.expected.len() as i64
    }

    /// How long before `time` it was issued (the horizon of a belief); negative where it looks back.
    pub fn lead(&self, time: Time) -> Span {
        time - self.issued
    }

    /// What is expected, as a series.
    pub fn series(&self) -> Series {
        self.series_of(self.expected.iter().copied())
    }

    /// The quantiles of one level, as a series: an edge of the fan.
    pub fn edge(&self, level: f64) -> Series {
        self.series_of(self.quantiles.iter().map(|quantiles| quantiles.at(level)))
    }

    fn series_of(&self, values: impl Iterator<Item = f64>) -> Series {
        Series { start: self.start, step: self.step, values: values.collect() }
    }

    fn index(&self, time: Time) -> Option<usize> {
        usize::try_from((time - self.start).0.div_euclid(self.step.0)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forecast_is_asked_by_instant_and_says_nothing_outside_its_slots() {
        let fan = |middle: f64| Quantiles([-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0].map(|offset| middle + offset));
        let forecast = Forecast {
            issued: Time(1005),
            start: Time(1000),
            step: Span(10),
            expected: vec![5.0, 6.0],
            quantiles: vec![fan(5.0), fan(7.0)],
        };
        let at = [999, 1000, 1009, 1019, 1020].map(|ms| forecast.at(Time(ms)));
        assert_eq!(at, [None, Some(5.0), Some(5.0), Some(6.0), None]);
        assert_eq!(forecast.quantile(Time(1010), 0.5), Some(7.0));
        assert_eq!(forecast.quantile(Time(1020), 0.5), None);
        assert_eq!((forecast.end(), forecast.lead(Time(1015))), (Time(1020), Span(10)));
        assert_eq!(forecast.series().at(Time(1019)), Some(6.0));
        assert_eq!(*forecast.edge(0.95).values, [8.0, 10.0]);
    }
}
