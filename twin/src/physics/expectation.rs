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

/// The sum of the expectations of any number of models, hour by hour.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectation {
    /// For each hour of each kind of day, the mean power of that hour.
    hours: [[Line; 24]; 3],
}

/// A power that depends linearly on the temperature of the air, on the line that fits the mean climate.
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

    /// The same power as a curve without jumps.
    pub fn profile(&self) -> Profile {
        Profile { middles: self.hours.map(|hours| middles(&hours)) }
    }
}

/// A sum of expectations as a power that is linear between the middles of the hours, and has each hour's mean: asking it
/// costs the same for one model and for thousands.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    middles: [[Line; 24]; 3],
}

impl Profile {
    /// Expected power on local day `day`, `hours` after its midnight, when the air has `air_c` degrees; never less than
    /// nothing, however far from the mean climate the line is followed.
    pub fn power_kw(&self, day: i64, hours: f64, air_c: f64) -> f64 {
        // Counted from the middle of the last hour of the day before.
        let elapsed = hours + 0.5;
        let index = (elapsed as usize).min(24);
        let at = |index: usize| {
            let (day, hour) = match index {
                0 => (day - 1, 23),
                25 => (day + 1, 0),
                _ => (day, index - 1),
            };
            let line = self.middles[DayKind::of(day) as usize][hour];
            line.at_zero_kw + line.per_k_kw * air_c
        };
        (at(index) + (at(index + 1) - at(index)) * (elapsed - index as f64)).max(0.0)
    }
}

/// Values for the middles of the hours between which lines have the means `hours`, the day repeating itself.
///
/// The mean of an hour is 3/4 of its middle and 1/8 of each neighbour: solved by Richardson's iteration, which halves the
/// error each time.
fn middles(hours: &[Line; 24]) -> [Line; 24] {
    let mut middles = *hours;
    for _ in 0..40 {
        let before = middles;
        for (hour, middle) in middles.iter_mut().enumerate() {
            let (last, here, next) = (before[(hour + 23) % 24], before[hour], before[(hour + 1) % 24]);
            let mean = |value: fn(&Line) -> f64| (value(&last) + 6.0 * value(&here) + value(&next)) / 8.0;
            middle.at_zero_kw += hours[hour].at_zero_kw - mean(|line| line.at_zero_kw);
            middle.per_k_kw += hours[hour].per_k_kw - mean(|line| line.per_k_kw);
        }
    }
    middles
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

    fn profile() -> Profile {
        let mut sum = Expectation::default();
        sum.add(&Night);
        sum.add(&Night);
        sum.profile()
    }

    #[track_caller]
    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    }

    #[test]
    fn hours_have_their_means_at_any_temperature() {
        let profile = profile();
        let mean = |hour: i32, air_c: f64| {
            let minutes = (0..60)
                .map(|minute| profile.power_kw(MONDAY + 1, f64::from(hour) + (f64::from(minute) + 0.5) / 60.0, air_c));
            minutes.sum::<f64>() / 60.0
        };
        for (hour, kw) in [(3, 2.0), (19, 2.0), (20, 4.0), (21, 2.0)] {
            assert_close(mean(hour, 27.0), kw);
            assert_close(mean(hour, 29.0), 1.2 * kw);
        }
    }

    #[test]
    fn nothing_jumps_from_one_kind_of_day_to_the_next() {
        let profile = profile();
        // Half way from Sunday's 20 kW to Monday's 2 kW at midnight, and a quarter of an hour before and after.
        let sunday = MONDAY - 1;
        for (found, expected) in [
            (profile.power_kw(sunday, 23.75, 27.0), 20.0 - 18.0 * 0.25),
            (profile.power_kw(sunday, 24.0 - 1e-12, 27.0), 11.0),
            (profile.power_kw(MONDAY, 0.0, 27.0), 11.0),
            (profile.power_kw(MONDAY, 0.25, 27.0), 2.0 + 18.0 * 0.25),
        ] {
            // The evening's peak moves the middles of the hours around it by a little.
            assert!((found - expected).abs() < 0.2, "{found}, not {expected}");
        }
    }
}
