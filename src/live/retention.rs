//! Which snapshots are kept.

use super::args::Retention;
use agents::{Calendar, Span, Time};
use std::collections::BTreeSet;

/// Days of a week.
const WEEK: i64 = 7;

/// The snapshots among those of these instants, oldest first, that are no longer kept at `now`.
///
/// The two latest are always kept: one of them may be damaged.
pub(super) fn expired(snapshots: &[Time], now: Time, calendar: Calendar, rule: &Retention) -> Vec<Time> {
    let (mut days, mut weeks, mut months) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let today = calendar.day(now);
    let latest = snapshots.len().saturating_sub(2);
    let is_expired = |(index, time): (usize, &Time)| {
        let day = calendar.day(*time);
        // 1970-01-01 was a Thursday; weeks begin on Mondays.
        let (week, this_week) = ((day + 3).div_euclid(WEEK), (today + 3).div_euclid(WEEK));
        let (month, this_month) = (month(day), month(today));
        // Each is noted whether or not another rule keeps it: the first of a day stays the first of the day.
        let firsts = [
            days.insert(day) && today - day < rule.days.into(),
            weeks.insert(week) && this_week - week < rule.weeks.into(),
            months.insert(month) && rule.months.is_none_or(|count| this_month - month < count.into()),
        ];
        let is_recent = now - *time <= Span::HOUR * rule.hours.into();
        (!is_recent && index < latest && firsts == [false; 3]).then_some(*time)
    };
    snapshots.iter().enumerate().filter_map(is_expired).collect()
}

/// Months since the year 0.
fn month(day: i64) -> i64 {
    let (year, month, _) = Calendar::civil(day);
    year * 12 + i64::from(month)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARTINIQUE: Calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
    const RULE: Retention = Retention { hours: 24, days: 30, weeks: 12, months: None };

    /// Local midnight of 2026-01-01.
    const START: Time = Time(1_767_240_000_000);

    /// Lives for so many days with a snapshot every hour, and removes each time what is expired.
    fn kept(days: i64, rule: &Retention) -> Vec<Time> {
        let mut kept = Vec::new();
        for hour in 0..=days * 24 {
            let now = START + Span::HOUR * hour;
            kept.push(now);
            let gone = expired(&kept, now, MARTINIQUE, rule);
            kept.retain(|time| !gone.contains(time));
        }
        kept
    }

    #[test]
    fn a_year_of_hourly_snapshots_thins_out_to_days_weeks_and_months() {
        let kept = kept(364, &RULE);
        let now = START + Span::DAY * 364;
        let older = |days: i64| kept.iter().filter(|time| now - **time > Span::DAY * days).count();
        let recent = kept.iter().filter(|time| now - **time <= Span::DAY).count();
        assert_eq!(recent, 25, "each hour of a day");
        // 29 midnights of the last 30 days; before them Mondays of the last twelve weeks and firsts of months.
        assert_eq!(older(1) - older(29), 28);
        assert!((12 + 6..=12 + 12).contains(&older(29)), "{}", older(29));
        assert_eq!(kept[0], START, "the first of a month is kept for ever");
    }

    #[test]
    fn months_can_be_counted_and_the_two_latest_always_stay() {
        let nothing = Retention { hours: 0, days: 0, weeks: 0, months: Some(0) };
        assert_eq!(kept(3, &nothing).len(), 2);
        let few = Retention { months: Some(2), ..nothing };
        assert_eq!(kept(100, &few).first(), Some(&(START + Span::DAY * 59)), "the first of March");
    }
}
