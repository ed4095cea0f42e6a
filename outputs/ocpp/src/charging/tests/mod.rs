//! Composite schedules against a computation that looks at every second by itself, and which profiles are taken.

use super::*;
use crate::v201::*;
use agents::time::{Span, Time};
use proptest::prelude::*;

const SUPPLY: Supply = Supply { voltage_v: 230.0, phases: 3, current_a: 32.0 };
const RULES: Rules = Rules { stack_level: 9, periods: 100, entries: 20, evses: 2 };
/// Monday, 2026-03-02T00:00:00Z.
const MONDAY: i64 = 1_772_409_600;
const SESSION: Session<'_> =
    Session { transaction_id: Some("tx"), charging_since: Some(Time(MONDAY * 1000 + 600_000)) };

fn at(second: i64) -> Time {
    Time((MONDAY + second) * 1000)
}

/// A profile as a test draws it; instants are seconds since Monday.
#[derive(Clone, Debug)]
struct Drawn {
    purpose: ChargingProfilePurpose,
    level: i32,
    kind: ChargingProfileKind,
    weekly: bool,
    start: i64,
    duration: Option<i32>,
    valid: (Option<i64>, Option<i64>),
    unit: ChargingRateUnit,
    periods: Vec<(i32, f64, Option<i32>)>,
}

impl Drawn {
    fn profile(&self, id: i32) -> ChargingProfile {
        let relative = self.kind == ChargingProfileKind::Relative;
        let periods = self.periods.iter().map(|(start_period, limit, number_phases)| ChargingSchedulePeriod {
            start_period: *start_period,
            limit: *limit,
            number_phases: *number_phases,
            phase_to_use: None,
            custom_data: None,
        });
        let schedule = ChargingSchedule {
            id,
            charging_rate_unit: self.unit,
            charging_schedule_period: Items::new(periods.collect()).unwrap(),
            start_schedule: (!relative).then(|| DateTime(at(self.start))),
            duration: self.duration,
            min_charging_rate: None,
            sales_tariff: None,
            custom_data: None,
        };
        ChargingProfile {
            id,
            stack_level: self.level,
            charging_profile_purpose: self.purpose,
            charging_profile_kind: self.kind,
            charging_schedule: Items::new(vec![schedule]).unwrap(),
            recurrency_kind: (self.kind == ChargingProfileKind::Recurring).then_some(if self.weekly {
                RecurrencyKind::Weekly
            } else {
                RecurrencyKind::Daily
            }),
            valid_from: self.valid.0.map(|second| DateTime(at(second))),
            valid_to: self.valid.1.map(|second| DateTime(at(second))),
            transaction_id: (self.purpose == ChargingProfilePurpose::TxProfile).then(|| Text::new("tx").unwrap()),
            custom_data: None,
        }
    }

    fn evse(&self) -> i32 {
        i32::from(self.purpose != ChargingProfilePurpose::ChargingStationMaxProfile)
    }

    /// (current, power, phases) of second `second`, walking through the schedule second by second from its start.
    fn naive(&self, second: i64) -> Option<(f64, f64, u8)> {
        if self.valid.0.is_some_and(|from| second < from) || self.valid.1.is_some_and(|to| second >= to) {
            return None;
        }
        let mut start = if self.kind == ChargingProfileKind::Relative { 600 } else { self.start };
        if self.kind == ChargingProfileKind::Recurring {
            let every = if self.weekly { 7 * 86_400 } else { 86_400 };
            while start + every <= second {
                start += every;
            }
        }
        let since = second - start;
        if since < 0 || self.duration.is_some_and(|duration| since >= duration.into()) {
            return None;
        }
        let (_, limit, phases) = self.periods.iter().rev().find(|period| i64::from(period.0) <= since)?;
        let phases = phases.unwrap_or(3).min(3) as u8;
        let volts = 230.0 * f64::from(phases);
        Some(match self.unit {
            ChargingRateUnit::A => (*limit, limit * volts, phases),
            ChargingRateUnit::W => (limit / volts, *limit, phases),
        })
    }
}

/// What holds in a second, from the definition: per purpose the highest level, then the lowest of everything.
fn naive(drawn: &[Drawn], second: i64, unit: ChargingRateUnit) -> (f64, u8) {
    use ChargingProfilePurpose::*;
    let of = |purpose| {
        let mut levels: Vec<_> = drawn.iter().filter(|one| one.purpose == purpose).collect();
        levels.sort_by_key(|one| -one.level);
        levels.into_iter().find_map(|one| one.naive(second))
    };
    let transactions = of(TxProfile).or_else(|| of(TxDefaultProfile));
    let all = [Some((32.0, 22_080.0, 3)), of(ChargingStationMaxProfile), transactions];
    let phases = all.iter().flatten().map(|limit| limit.2).min().unwrap();
    let amperes = all.iter().flatten().map(|limit| limit.0).fold(f64::INFINITY, f64::min);
    let watts = all.iter().flatten().map(|limit| limit.1).fold(f64::INFINITY, f64::min);
    let watts = watts.min(amperes * 230.0 * f64::from(phases));
    let rate = match unit {
        ChargingRateUnit::W => watts,
        ChargingRateUnit::A => watts / 230.0 / f64::from(phases),
    };
    (rate, phases)
}

fn drawn() -> impl Strategy<Value = Drawn> {
    use ChargingProfilePurpose::*;
    let purpose = prop_oneof![Just(ChargingStationMaxProfile), Just(TxDefaultProfile), Just(TxProfile)];
    let kind = prop_oneof![
        Just(ChargingProfileKind::Absolute),
        Just(ChargingProfileKind::Recurring),
        Just(ChargingProfileKind::Relative)
    ];
    let unit = prop_oneof![Just(ChargingRateUnit::A), Just(ChargingRateUnit::W)];
    let period = (1..900_i32, 0..50_u32, prop::option::of(1..=3_i32));
    let valid = (prop::option::of(0..2000_i64), prop::option::of(2000..4000_i64));
    let periods = prop::collection::vec(period, 1..6);
    (purpose, 0..4_i32, kind, any::<bool>(), -100_000..4000_i64, prop::option::of(1..4000_i32), valid, unit, periods)
        .prop_map(|(purpose, level, kind, weekly, start, duration, valid, unit, steps)| {
            let relative_max = purpose == ChargingStationMaxProfile && kind == ChargingProfileKind::Relative;
            let kind = if relative_max { ChargingProfileKind::Absolute } else { kind };
            let scale = if unit == ChargingRateUnit::A { 1.0 } else { 500.0 };
            let mut after = 0;
            let periods = steps.into_iter().enumerate().map(|(rank, (step, limit, phases))| {
                after += if rank == 0 { 0 } else { step };
                (after, f64::from(limit) * scale, phases)
            });
            let periods = periods.collect();
            Drawn { purpose, level, kind, weekly, start, duration, valid, unit, periods }
        })
}

proptest! {
    #[test]
    fn a_composite_schedule_is_what_holds_in_each_second(
        all in prop::collection::vec(drawn(), 0..7),
        from in 0..3000_i64,
        in_watts in any::<bool>(),
    ) {
        let unit = if in_watts { ChargingRateUnit::W } else { ChargingRateUnit::A };
        let mut profiles = Profiles::default();
        let mut taken = Vec::new();
        for (id, one) in (1..).zip(all) {
            if profiles.install(one.evse(), one.profile(id), &RULES, SESSION).is_ok() {
                taken.push(one);
            }
        }
        let composite = profiles.composite((1, SUPPLY, SESSION), at(from), 1500, unit);
        prop_assert_eq!((composite.start, composite.duration_s), (at(from), 1500));
        for second in 0..1500 {
            let after = composite.periods.partition_point(|period| i64::from(period.start_period) <= second);
            let period = &composite.periods[after - 1];
            let (rate, phases) = naive(&taken, from + second, unit);
            prop_assert!((period.limit - rate).abs() < 1e-3, "second {}: {} instead of {}", second, period.limit, rate);
            prop_assert_eq!(period.number_phases, Some(phases.into()));
        }
        for two in composite.periods.windows(2) {
            prop_assert!(two[0].limit != two[1].limit || two[0].number_phases != two[1].number_phases);
        }
    }
}

fn simple(purpose: ChargingProfilePurpose, level: i32) -> Drawn {
    let (kind, unit) = (ChargingProfileKind::Absolute, ChargingRateUnit::A);
    let (periods, valid) = (vec![(0, 16.0, None)], (None, None));
    Drawn { purpose, level, kind, weekly: false, start: 0, duration: None, valid, unit, periods }
}

fn install(profiles: &mut Profiles, evse: i32, id: i32, one: &Drawn) -> Result<(), Why> {
    profiles.install(evse, one.profile(id), &RULES, SESSION)
}

#[test]
fn profiles_against_the_rules_are_refused_and_change_nothing() {
    use ChargingProfilePurpose::*;
    let mut profiles = Profiles::default();
    let default = simple(TxDefaultProfile, 1);
    install(&mut profiles, 1, 1, &default).unwrap();
    let before = profiles.clone();
    let mut refused = |evse, id, one: &Drawn| install(&mut profiles, evse, id, one).unwrap_err();
    assert_eq!(refused(3, 9, &default), Why::UnknownEvse);
    assert_eq!(refused(0, 9, &simple(ChargingStationExternalConstraints, 0)), Why::External);
    assert_eq!(refused(1, 9, &simple(ChargingStationMaxProfile, 0)), Why::PurposeAndEvse);
    assert_eq!(refused(0, 9, &simple(TxProfile, 0)), Why::PurposeAndEvse);
    assert_eq!(refused(1, 9, &simple(TxDefaultProfile, 10)), Why::StackLevel);
    assert_eq!(refused(1, 9, &default), Why::Conflict);
    assert_eq!(refused(0, 9, &default), Why::Conflict);
    assert_eq!(refused(2, 9, &Drawn { periods: vec![(5, 1.0, None)], ..default.clone() }), Why::Schedule);
    assert_eq!(refused(2, 9, &Drawn { periods: vec![(0, -1.0, None)], ..default.clone() }), Why::Schedule);
    let never = Drawn { valid: (Some(5), Some(5)), ..default };
    assert_eq!(refused(2, 9, &never), Why::Validity);
    let elsewhere = Session { transaction_id: Some("other"), ..SESSION };
    let of_tx = simple(TxProfile, 0).profile(9);
    assert_eq!(profiles.install(1, of_tx, &RULES, elsewhere), Err(Why::UnknownTransaction));
    assert_eq!(profiles, before);
}

#[test]
fn a_profile_of_the_same_id_is_replaced() {
    let mut profiles = Profiles::default();
    let mut one = simple(ChargingProfilePurpose::TxDefaultProfile, 1);
    install(&mut profiles, 1, 1, &one).unwrap();
    one.periods[0].1 = 10.0;
    install(&mut profiles, 1, 1, &one).unwrap();
    assert_eq!(profiles.installed().len(), 1);
    assert_eq!(profiles.limit_at(1, SUPPLY, SESSION, at(1)).current_a, 10.0);
}

#[test]
fn external_limits_meet_and_are_cleared_by_their_source_alone() {
    let mut profiles = Profiles::default();
    let schedule = |limit| {
        let drawn = Drawn { periods: vec![(0, limit, None)], ..simple(ChargingProfilePurpose::TxProfile, 0) };
        drawn.profile(1).charging_schedule[0].clone()
    };
    profiles.install_external(0, ChargingLimitSource::Ems, schedule(20.0)).unwrap();
    profiles.install_external(0, ChargingLimitSource::So, schedule(10.0)).unwrap();
    assert_eq!(profiles.limit_at(1, SUPPLY, SESSION, at(1)).current_a, 10.0);
    assert_eq!(profiles.clear(None, None), 0, "a CSMS does not clear them");
    assert!(profiles.clear_external(0, ChargingLimitSource::So));
    assert_eq!(profiles.limit_at(0, SUPPLY, SESSION, at(1)).current_a, 20.0);
}

#[test]
fn one_phase_of_eleven_kilowatts_keeps_the_current_of_the_supply() {
    let mut profiles = Profiles::default();
    let mut one = simple(ChargingProfilePurpose::TxDefaultProfile, 1);
    one.unit = ChargingRateUnit::W;
    one.periods = vec![(0, 11_040.0, Some(1))];
    install(&mut profiles, 1, 1, &one).unwrap();
    let limit = profiles.limit_at(1, SUPPLY, SESSION, at(1));
    assert_eq!((limit.current_a, limit.power_w, limit.phases), (32.0, 7360.0, 1));
}

#[test]
fn changes_that_change_nothing_are_not_looked_at_for_ever() {
    let mut profiles = Profiles::default();
    let mut one = simple(ChargingProfilePurpose::TxDefaultProfile, 1);
    one.kind = ChargingProfileKind::Recurring;
    one.periods = (0..100).map(|rank| (rank * 60, 6.0, None)).collect();
    install(&mut profiles, 1, 1, &one).unwrap();
    let composite = profiles.composite((1, SUPPLY, SESSION), at(0), i32::MAX, ChargingRateUnit::A);
    assert_eq!(composite.periods.len(), 1);
    assert!((86_400..i32::MAX).contains(&composite.duration_s), "{}", composite.duration_s);
}

#[test]
fn a_composite_schedule_without_end_is_cut_and_says_so() {
    let mut profiles = Profiles::default();
    let mut one = simple(ChargingProfilePurpose::TxDefaultProfile, 1);
    one.kind = ChargingProfileKind::Recurring;
    one.periods = (0..100).map(|rank| (rank * 60, f64::from(rank % 2) + 6.0, None)).collect();
    install(&mut profiles, 1, 1, &one).unwrap();
    let composite = profiles.composite((1, SUPPLY, SESSION), at(0), i32::MAX, ChargingRateUnit::A);
    assert_eq!(composite.periods.len(), 1024);
    assert!(composite.duration_s < 12 * 86_400);
    let whole = Span::from_s(composite.duration_s.into());
    assert_ne!(
        profiles.limit_at(1, SUPPLY, SESSION, at(0) + whole).current_a,
        composite.periods[1023].limit,
        "it ends where the next period would begin"
    );
}
