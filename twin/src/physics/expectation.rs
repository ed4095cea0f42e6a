//! What explicit households and commercial sites are expected to take, for the commune that contains them.

use crate::physics::climate::mean_air_c;
use agents::Calendar;

/// Kinds of days on which people do different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// Monday to Friday.
    Weekday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl DayKind {
    /// Every kind, with the number of its days in a week.
    pub const ALL: [(Self, f64); 3] = [(Self::Weekday, 5.0), (Self::Saturday, 1.0), (Self::Sunday, 1.0)];

    /// The kind of a local day (days since 1970-01-01).
    pub fn of(day: i64) -> Self {
        match (Calendar::is_weekend(day), Calendar::is_weekend(day + 1)) {
            (true, true) => Self::Saturday,
            (true, false) => Self::Sunday,
            (false, _) => Self::Weekday,
        }
    }
}

/// A model whose consumption can be foretold on average.
pub trait Expected {
    /// Expected mean power in kW during local hour `hour` (0-23) of a day of this kind, when the air has `air_c` degrees.
    fn expected_kw(&self, hour: usize, day: DayKind, air_c: f64) -> f64;
}

/// Kelvin around the mean climate over which the dependence on temperature is taken to be linear.
const SPAN_K: f64 = 2.0;

/// The sum of the expectations of any number of models, linear in temperature: asking it costs the same for one and for
/// thousands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectation {
    /// For each hour of each kind of day: power at 0 °C and its change per kelvin, on the line that fits the mean climate.
    hours: [[Line; 24]; 3],
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Line {
    at_zero_kw: f64,
    per_k_kw: f64,
}

impl Expectation {
    /// Adds what a model is expected to take.
    pub fn add(&mut self, model: &impl Expected) {
        for (hours, (day, _)) in self.hours.iter_mut().zip(DayKind::ALL) {
            for (hour, line) in hours.iter_mut().enumerate() {
                let air_c = mean_air_c(hour as f64 + 0.5);
                let [colder, mean, warmer] =
                    [-SPAN_K, 0.0, SPAN_K].map(|change| model.expected_kw(hour, day, air_c + change));
                let per_k_kw = (warmer - colder) / (2.0 * SPAN_K);
                line.per_k_kw += per_k_kw;
                line.at_zero_kw += mean - per_k_kw * air_c;
            }
        }
    }

    /// Expected power on local day `day`, `hours` after its midnight, when the air has `air_c` degrees.
    ///
    /// Linear between the middles of the hours, so that the energy of a day is that of its hours.
    pub fn power_kw(&self, day: i64, hours: f64, air_c: f64) -> f64 {
        let after_first_middle = hours + 23.5;
        let fraction = after_first_middle - after_first_middle.floor();
        let at = |hour: usize| {
            // From 23:30 it goes towards the next day's first hour, until 0:30 it comes from the last one of the day before.
            let day = if hours < 0.5 && hour % 24 == 23 {
                day - 1
            } else if hours >= 23.5 && hour.is_multiple_of(24) {
                day + 1
            } else {
                day
            };
            let line = self.hours[DayKind::of(day) as usize][hour % 24];
            line.at_zero_kw + line.per_k_kw * air_c
        };
        let hour = after_first_middle as usize;
        at(hour) + (at(hour + 1) - at(hour)) * fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day number that was a Monday: 1970-01-05.
    const MONDAY: i64 = 4;

    struct Night;

    impl Expected for Night {
        fn expected_kw(&self, hour: usize, day: DayKind, air_c: f64) -> f64 {
            let kw = if hour == 20 { 2.0 } else { 1.0 };
            let weekend = if day == DayKind::Sunday { 10.0 } else { 1.0 };
            kw * weekend * (1.0 + 0.1 * (air_c - 27.0))
        }
    }

    #[test]
    fn days_have_their_kind() {
        let kinds: Vec<_> = (MONDAY..MONDAY + 7).map(DayKind::of).collect();
        assert_eq!(kinds[..5], [DayKind::Weekday; 5]);
        assert_eq!(kinds[5..], [DayKind::Saturday, DayKind::Sunday]);
    }

    #[test]
    fn hours_hold_in_their_middle_at_any_temperature_and_are_linear_between() {
        let mut sum = Expectation::default();
        sum.add(&Night);
        sum.add(&Night);
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
        close(sum.power_kw(MONDAY, 20.5, 27.0), 4.0);
        close(sum.power_kw(MONDAY, 20.0, 27.0), 3.0);
        close(sum.power_kw(MONDAY, 20.5, 29.0), 4.8);
        close(sum.power_kw(MONDAY, 3.0, 27.0), 2.0);
        close(sum.power_kw(MONDAY, 0.0, 27.0), 11.0);
        close(sum.power_kw(MONDAY - 1, 24.0 - 1e-12, 27.0), 11.0);
        close(sum.power_kw(MONDAY - 1, 0.25, 27.0), 2.0 + 18.0 * 0.75);
    }
}
