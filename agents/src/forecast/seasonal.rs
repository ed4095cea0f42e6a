//! Seasonal naive forecasts: as it was on an earlier day.

use super::History;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// Which earlier days tell what a slot will be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Season {
    /// The day before; if nothing was read then, the last of the days before it.
    DayBefore,
    /// The same day a week before; if nothing was read then, the day before.
    WeekBefore,
    /// The mean of so many last days of the same kind (weekday or weekend); of as many as there are.
    SameDays(usize),
}

impl Season {
    /// How many days back it looks, from the slot it is asked for.
    pub(super) fn days(self) -> usize {
        match self {
            Self::DayBefore => 7,
            Self::WeekBefore => 14,
            // Two days of each week are of the rarer kind.
            Self::SameDays(count) => 7 * (count.div_ceil(2) + 1),
        }
    }

    /// What the slot at `slot` is expected to be like, from the slots told before.
    pub(super) fn at(self, history: &History, slot: Time) -> Option<f64> {
        let grid = history.grid();
        // Days that were not over when the last slot was told have not been read.
        let ahead = (slot - history.end()?).0.div_euclid(Span::DAY.0) + 1;
        let back = |days: i64| history.at(slot - Span::DAY * days);
        let mut days = ahead..ahead + self.days() as i64;
        match self {
            Self::DayBefore => days.find_map(back),
            Self::WeekBefore => back((ahead + 6).div_euclid(7) * 7).or_else(|| Self::DayBefore.at(history, slot)),
            Self::SameDays(count) => {
                let is_weekend = grid.is_weekend(slot);
                let same = days.filter(|days| grid.is_weekend(slot - Span::DAY * *days) == is_weekend);
                let (sum, found) = same.filter_map(back).take(count).fold((0.0, 0), |(sum, n), v| (sum + v, n + 1));
                if found > 0 { Some(sum / f64::from(found)) } else { Self::DayBefore.at(history, slot) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Grid;
    use crate::time::Calendar;

    const HOUR: Span = Span::HOUR;

    /// Hourly values of `days` days from Monday, 5 January 1970 (UTC) on: the number of the day, but for hours left out.
    fn history(days: i64, is_read: impl Fn(i64) -> bool) -> (History, Time) {
        let monday = Time(0) + Span::DAY * 4;
        let mut history = History::new(Grid { step: HOUR, calendar: Calendar::default() }, 40);
        for hour in (0..days * 24).filter(|hour| is_read(*hour)) {
            history.push(monday + HOUR * hour, (hour / 24) as f64).expect("in order");
        }
        (history, monday)
    }

    #[test]
    fn the_day_before_is_the_last_day_that_was_read() {
        let (history, monday) = history(10, |hour| hour != 9 * 24 + 5);
        let at = |day, hour| Season::DayBefore.at(&history, monday + Span::DAY * day + HOUR * hour);
        assert_eq!([at(10, 4), at(10, 5), at(10, 23)], [Some(9.0), Some(8.0), Some(9.0)]);
        assert_eq!([at(11, 4), at(11, 5), at(12, 4)], [Some(9.0), Some(8.0), Some(9.0)], "days that are not known yet");
    }

    #[test]
    fn the_week_before_is_the_same_weekday_and_the_day_before_if_that_was_not_read() {
        let (history, monday) = history(10, |hour| hour != 3 * 24 + 5);
        let at = |day, hour| Season::WeekBefore.at(&history, monday + Span::DAY * day + HOUR * hour);
        assert_eq!([at(10, 4), at(10, 5), at(16, 0), at(17, 0)], [Some(3.0), Some(9.0), Some(9.0), Some(3.0)]);
    }

    #[test]
    fn same_days_are_averaged_over_weekdays_or_over_weekends() {
        let (history, monday) = history(14, |_| true);
        let at = |day| Season::SameDays(3).at(&history, monday + Span::DAY * day);
        assert_eq!(at(14), Some((11.0 + 10.0 + 9.0) / 3.0), "a Monday, as from Wednesday to Friday");
        assert_eq!(at(19), Some((13.0 + 12.0 + 6.0) / 3.0), "a Saturday, as the last three days of weekends");
    }

    #[test]
    fn of_a_kind_of_day_never_seen_the_day_before_tells() {
        let (history, monday) = history(3, |_| true);
        assert_eq!(Season::SameDays(3).at(&history, monday + Span::DAY * 5), Some(2.0));
        assert_eq!(Season::DayBefore.at(&History::new(history.grid(), 3), monday), None);
    }
}
