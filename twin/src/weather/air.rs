//! Temperature and wind over the island: measured, or a mean day with deviations from day to day.

use super::{Step, mean_of_minute};
use agents::draw::Draws;
use rand::RngExt;
use rand_distr::StandardNormal;
use scenarios::{Measured, Quantity, WeatherParameters};
use std::f64::consts::PI;

/// The air over the island during one step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Air {
    pub(crate) temperature_c: f64,
    pub(crate) wind_m_per_s: f64,
}

/// The air of a run.
#[derive(Debug)]
pub(super) struct AirModel {
    parameters: WeatherParameters,
    draws: Draws,
    day: i64,
    /// Temperature and wind deviations at the midnights that begin and end the day, in standard deviations.
    nodes: [[f64; 2]; 2],
}

impl AirModel {
    pub(super) fn new(seed: u64, parameters: &WeatherParameters) -> Self {
        let draws = Draws::new(seed, "weather", "air");
        Self { parameters: parameters.clone(), draws, day: i64::MIN, nodes: [[0.0; 2]; 2] }
    }

    /// The air in a step: what is measured as measured, the rest as modelled.
    pub(super) fn air(&mut self, step: &Step, measured: &Measured) -> Air {
        let given = |quantity| measured.get(quantity).map(|series| mean_of_minute(series, step));
        let (temperature_c, wind_m_per_s) = (given(Quantity::Temperature), given(Quantity::WindSpeed));
        if let (Some(temperature_c), Some(wind_m_per_s)) = (temperature_c, wind_m_per_s) {
            return Air { temperature_c, wind_m_per_s };
        }
        let modelled = self.modelled(step);
        Air {
            temperature_c: temperature_c.unwrap_or(modelled.temperature_c),
            wind_m_per_s: wind_m_per_s.unwrap_or(modelled.wind_m_per_s),
        }
    }

    /// A sine through the mean day, plus the day's deviations.
    fn modelled(&mut self, step: &Step) -> Air {
        if step.day != self.day {
            self.nodes = [step.day, step.day + 1].map(|day| {
                let mut draw = self.draws.at(day);
                std::array::from_fn(|_| draw.sample(StandardNormal))
            });
            self.day = step.day;
        }
        let (of, hours) = (&self.parameters, step.hour_of_day);
        let deviation =
            |index: usize| self.nodes[0][index] + (self.nodes[1][index] - self.nodes[0][index]) * hours / 24.0;
        // A sine is at its peak a quarter of a day after it rises through zero.
        let course = |peak_h: f64| libm::sin((hours - (peak_h - 6.0)) * PI / 12.0);
        let mean_c = of.temperature_mean_c + of.temperature_amplitude_k * course(of.temperature_peak_h);
        let mean_m_per_s = of.wind_mean_m_per_s + of.wind_amplitude_m_per_s * course(of.wind_peak_h);
        Air {
            temperature_c: mean_c + of.temperature_deviation_k * deviation(0),
            wind_m_per_s: (mean_m_per_s * (1.0 + of.wind_deviation * deviation(1))).max(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weather::cut_into_steps;
    use agents::{Calendar, Span, Time};

    /// Air in the minute that ends at each full local hour of a day.
    fn hours(text: &str) -> Vec<Air> {
        let parameters = WeatherParameters::from_toml(text).expect("readable");
        let (mut model, mut steps) = (AirModel::new(1, &parameters), Vec::new());
        let hour = |hour: i64| {
            let end = Time(0) + Span::HOUR * hour;
            cut_into_steps(end - Span::MINUTE, end, Calendar::default(), &mut steps);
            model.air(&steps[0], &Measured::default())
        };
        (1..=24).map(hour).collect()
    }

    #[test]
    fn a_day_without_deviations_runs_between_its_parameters() {
        let text = "temperature_mean_c = 20.0\ntemperature_amplitude_k = 5.0\ntemperature_peak_h = 12.0\n\
                    temperature_deviation_k = 0.0\nwind_mean_m_per_s = 6.0\nwind_amplitude_m_per_s = 1.0\n\
                    wind_peak_h = 18.0\nwind_deviation = 0.0";
        let air = hours(text);
        let close = |found: f64, expected: f64| (found - expected).abs() < 0.02;
        assert!(close(air[11].temperature_c, 25.0) && close(air[23].temperature_c, 15.0));
        assert!(close(air[5].temperature_c, 20.0) && close(air[17].temperature_c, 20.0));
        assert!(close(air[17].wind_m_per_s, 7.0) && close(air[5].wind_m_per_s, 5.0));
    }

    #[test]
    fn the_default_day_is_27_degrees_give_or_take_3_and_deviates() {
        let smooth = hours("temperature_deviation_k = 0.0");
        assert!((smooth[14].temperature_c - 30.0).abs() < 0.01 && (smooth[2].temperature_c - 24.0).abs() < 0.01);
        assert!((hours("")[14].temperature_c - 30.0).abs() > 0.01);
    }
}
