//! When a value is worth a message: when it has changed enough, and now and then when it has not.

use agents::{Span, Time};

/// What was last published of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Last(Option<(Time, f64)>);

/// How often messages of a series may and must come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rate {
    /// At multiples of this in any case.
    pub(crate) every: Span,
    /// Never sooner after one another.
    pub(crate) min_interval: Span,
}

/// What becomes of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// It is published.
    Message,
    /// Nothing has changed that would be worth it.
    Nothing,
    /// It is not newer than what is published, or no number.
    Refusal,
}

/// Thresholds are decimal numbers, differences of readings are not quite.
const EPSILON: f64 = 1e-9;

impl Last {
    /// Whether the value at `time` is published, which is then the last; `threshold` is the least change that counts, 0: any.
    pub(crate) fn offer(&mut self, time: Time, value: f64, threshold: f64, rate: Rate) -> Worth {
        if !value.is_finite() {
            return Worth::Refusal;
        }
        if let Some((last, published)) = self.0 {
            if time <= last {
                return Worth::Refusal;
            }
            if time - last < rate.min_interval {
                return Worth::Nothing;
            }
            let has_changed = value != published && (value - published).abs() >= threshold - EPSILON;
            if !has_changed && time.floor(rate.every) == last.floor(rate.every) {
                return Worth::Nothing;
            }
        }
        self.0 = Some((time, value));
        Worth::Message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { every: Span::from_s(30), min_interval: Span::from_s(2) };

    /// The seconds at which values are published.
    fn published(threshold: f64, values: impl IntoIterator<Item = (i64, f64)>) -> Vec<i64> {
        let mut last = Last::default();
        let mut is_published = |s: i64, value: f64| {
            last.offer(Time(1_772_450_100_000 + s * 1000), value, threshold, RATE) == Worth::Message
        };
        values.into_iter().filter(|(s, value)| is_published(*s, *value)).map(|(s, _)| s).collect()
    }

    #[test]
    fn a_value_that_stays_is_published_at_first_and_at_multiples() {
        assert_eq!(published(0.1, (7..95).map(|s| (s, 5.0))), [7, 30, 60, 90]);
    }

    #[test]
    fn a_change_is_published_from_its_threshold_on_against_what_is_published() {
        let values = [(0, 0.2), (3, 0.25), (6, 0.3), (9, 0.35), (12, 0.41)];
        assert_eq!(published(0.1, values), [0, 6, 12]);
        assert_eq!(published(0.0, [(0, 1.0), (3, 1.0), (6, 1.001)]), [0, 6]);
    }

    #[test]
    fn no_change_comes_sooner_than_the_least_interval_and_none_is_forgotten() {
        assert_eq!(published(0.1, [(0, 1.0), (1, 9.0), (2, 9.0), (3, 9.0)]), [0, 2]);
    }

    #[test]
    fn instants_of_a_series_strictly_increase() {
        assert_eq!(published(0.1, [(10, 1.0), (10, 5.0), (4, 9.0), (12, 5.0)]), [10, 12]);
        let (mut last, rate) = (Last::default(), Rate { min_interval: Span::ZERO, ..RATE });
        let worth = [1.0, 5.0].map(|value| last.offer(Time(0), value, 0.1, rate));
        assert_eq!(worth, [Worth::Message, Worth::Refusal], "also where nothing else keeps them apart");
    }

    #[test]
    fn what_is_no_number_is_not_published() {
        let mut last = Last::default();
        assert_eq!(last.offer(Time(0), f64::NAN, 0.1, RATE), Worth::Refusal);
        assert_eq!(last, Last::default());
    }
}
