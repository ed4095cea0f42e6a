//! When a profile holds, and which period of it (K.3.1 to K.3.3).

use crate::v201::{ChargingProfile, ChargingProfileKind, ChargingSchedule, ChargingSchedulePeriod, RecurrencyKind};
use agents::time::{Span, Time};

/// The schedule of a profile; the second and third are alternatives for a vehicle that negotiates (ISO 15118).
pub(super) fn schedule(profile: &ChargingProfile) -> &ChargingSchedule {
    &profile.charging_schedule[0]
}

/// How often it recurs.
fn recurrence(profile: &ChargingProfile) -> Option<Span> {
    (profile.charging_profile_kind == ChargingProfileKind::Recurring).then_some(match profile.recurrency_kind {
        Some(RecurrencyKind::Weekly) => Span(7 * Span::DAY.0),
        _ => Span::DAY,
    })
}

/// The start of the schedule that runs at `time`, or of the first that will; none while it can't begin.
///
/// `charging_since` is when the transaction began to charge, from which relative schedules count.
fn start(profile: &ChargingProfile, time: Time, charging_since: Option<Time>) -> Option<Time> {
    let first = match profile.charging_profile_kind {
        ChargingProfileKind::Relative => charging_since?,
        _ => schedule(profile).start_schedule.map(|date| date.0).or(charging_since)?,
    };
    Some(match recurrence(profile) {
        Some(every) if time > first => first + every * ((time.0.saturating_sub(first.0)) / every.0),
        _ => first,
    })
}

fn is_valid(profile: &ChargingProfile, time: Time) -> bool {
    profile.valid_from.is_none_or(|from| from.0 <= time) && profile.valid_to.is_none_or(|to| time < to.0)
}

/// The period that holds at `time`.
pub(super) fn period(
    profile: &ChargingProfile,
    time: Time,
    charging_since: Option<Time>,
) -> Option<&ChargingSchedulePeriod> {
    if !is_valid(profile, time) {
        return None;
    }
    let since = time - start(profile, time, charging_since)?;
    let schedule = schedule(profile);
    if since < Span::ZERO || schedule.duration.is_some_and(|duration| since >= Span::from_s(duration.into())) {
        return None;
    }
    let after = schedule.charging_schedule_period.partition_point(|p| Span::from_s(p.start_period.into()) <= since);
    schedule.charging_schedule_period.get(after.checked_sub(1)?)
}

/// The first instant after `time` at which [`period`] may be another.
pub(super) fn next_change(profile: &ChargingProfile, time: Time, charging_since: Option<Time>) -> Option<Time> {
    let validity = [profile.valid_from, profile.valid_to].into_iter().flatten().map(|date| date.0);
    let start = start(profile, time, charging_since);
    let schedule = schedule(profile);
    let within = start.into_iter().flat_map(|start| {
        let after = schedule.charging_schedule_period.partition_point(|p| start + seconds(p.start_period) <= time);
        let period = schedule.charging_schedule_period.get(after).map(|p| start + seconds(p.start_period));
        let end = schedule.duration.map(|duration| start + seconds(duration));
        let again = recurrence(profile).map(|every| start + every);
        [Some(start), period, end, again].into_iter().flatten()
    });
    validity.chain(within).filter(|change| *change > time).min()
}

fn seconds(seconds: i32) -> Span {
    Span::from_s(seconds.into())
}
