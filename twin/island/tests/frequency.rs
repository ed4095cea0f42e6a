//! The frequency of the island against what can be computed by hand, and whatever the tick.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use island::frequency::{Settings, Status, What};
use island::{Defence, Disturbance, Fleet, FrequencyEvent, OperatingPoint};
use proptest::prelude::*;

const ENGINE_MW: f64 = 18.3;
const ENGINE_MWS: f64 = 2.0 * 22.9;

/// Engines of Bellefontaine at these powers, nothing else.
fn engines(powers_mw: &[f64]) -> OperatingPoint {
    let mut point = OperatingPoint::standing(&Fleet::martinique());
    for (place, power) in powers_mw.iter().enumerate() {
        point.power_mw[place] = Some(*power);
    }
    point
}

/// The reference: 170 MW on twelve engines, of which the first gives all it can.
fn reference() -> OperatingPoint {
    let rest = (170.0 - ENGINE_MW) / 11.0;
    let mut powers = [rest; 12];
    powers[0] = ENGINE_MW;
    engines(&powers)
}

fn begin(from: &OperatingPoint, defence: &Defence) -> FrequencyEvent {
    FrequencyEvent::begin(&Fleet::martinique(), from, defence, Settings::default()).unwrap()
}

/// The event after one disturbance at its beginning.
fn disturbed(from: &OperatingPoint, defence: &Defence, disturbance: Disturbance) -> FrequencyEvent {
    let mut event = begin(from, defence);
    event.disturb(&Fleet::martinique(), 0, disturbance).unwrap();
    event
}

fn relative(found: f64, expected: f64) -> f64 {
    (found / expected - 1.0).abs()
}

#[test]
fn the_first_rate_of_change_is_the_lost_power_over_the_remaining_inertia() {
    for tick_ms in [1_000, 60_000, 900_000] {
        let mut event = disturbed(&reference(), &Defence::bare(), Disturbance::UnitLost { unit: 0 });
        event.advance(tick_ms);
        let expected = -ENGINE_MW * 50.0 / (2.0 * 11.0 * ENGINE_MWS);
        assert!(relative(event.summary().steepest_hz_per_s, expected) < 1e-9, "{:?}", event.summary());
    }
}

#[test]
fn frequency_settles_where_the_droop_says() {
    let expected_hz = 50.0 * (1.0 - 0.04 * ENGINE_MW / (11.0 * ENGINE_MW));
    for tick_ms in [1_000, 60_000, 900_000] {
        let mut event = disturbed(&reference(), &Defence::bare(), Disturbance::UnitLost { unit: 0 });
        while event.advance(tick_ms) == Status::Running {}
        assert_eq!(event.status(), Status::Settled);
        let deviation_hz = event.frequency_hz().unwrap() - 50.0;
        assert!(relative(deviation_hz, expected_hz - 50.0) < 1e-3, "{deviation_hz}");
        assert!(event.summary().nadir_hz < expected_hz - 0.05, "it overshoots: {:?}", event.summary());
    }
}

#[test]
fn damping_of_loads_shares_what_is_missing_with_the_governors() {
    let defence = Defence { load_damping: 1.5, ..Defence::bare() };
    let mut event = disturbed(&reference(), &defence, Disturbance::LoadReturned { load_mw: 20.0 });
    event.run(600_000);
    let per_hz = 12.0 * ENGINE_MW / (0.04 * 50.0) + 1.5 * 190.0 / 50.0;
    // The engine at its rating has nothing to add.
    let per_hz = per_hz - ENGINE_MW / (0.04 * 50.0);
    assert!(relative(event.frequency_hz().unwrap() - 50.0, -20.0 / per_hz) < 1e-3);
}

#[test]
fn trajectories_are_the_same_to_the_bit_whatever_the_tick() {
    let run = |ticks_ms: &[u64]| {
        let mut event = begin(&martinique(40.0), &Defence::martinique());
        let fleet = Fleet::martinique();
        event.disturb(&fleet, 500, Disturbance::UnitLost { unit: 0 }).unwrap();
        event.disturb(&fleet, 1_510, Disturbance::PvRamp { to_mw: 5.0, over_s: 20.0 }).unwrap();
        event.disturb(&fleet, 60_000, Disturbance::LoadLost { load_mw: 12.0 }).unwrap();
        for tick_ms in ticks_ms.iter().cycle() {
            if event.advance(*tick_ms) != Status::Running {
                return (event.happenings().to_vec(), event.samples().to_vec(), *event.summary(), event.at_ms());
            }
        }
        unreachable!("events settle")
    };
    let whole = run(&[900_000]);
    assert!(whole.1.len() > 600, "a minute of samples at least");
    for ticks_ms in [&[1_000][..], &[60_000], &[7, 333, 20], &[1]] {
        assert_eq!(run(ticks_ms), whole, "{ticks_ms:?}");
    }
}

/// The reference with PV, and batteries ready.
fn martinique(pv_mw: f64) -> OperatingPoint {
    let fleet = Fleet::martinique();
    let mut point = reference();
    for battery in ["novagrid_battery", "akuo_battery"] {
        point.power_mw[fleet.find(battery).unwrap()[0]] = Some(0.0);
    }
    point.pv_mw = pv_mw;
    point
}

#[test]
fn what_governors_batteries_and_damping_give_is_what_was_lost_and_what_the_masses_lost() {
    for step_ms in [10, 20, 50] {
        let settings = Settings { step_ms, record_ms: 0 };
        let fleet = Fleet::martinique();
        let mut defence = Defence::martinique();
        defence.pv_trip.clear();
        let mut event = FrequencyEvent::begin(&fleet, &martinique(0.0), &defence, settings).unwrap();
        event.disturb(&fleet, 0, Disturbance::UnitLost { unit: 0 }).unwrap();
        event.advance(3_000);
        assert!(
            event.happenings().iter().all(|entry| matches!(entry.what, What::Disturbed(_))),
            "{:?}",
            event.happenings()
        );
        let sum = event.summary();
        let given_mws = 3600.0 * (sum.governor_mwh + sum.battery_mwh + sum.damping_mwh);
        let lost_mws = ENGINE_MW * event.at_ms() as f64 / 1000.0;
        let masses_mws = 2.0 * 11.0 * ENGINE_MWS / 50.0 * (event.frequency_hz().unwrap() - 50.0);
        assert!((given_mws - lost_mws - masses_mws).abs() < 1e-9, "{given_mws} {lost_mws} {masses_mws}");
        assert!(sum.battery_mwh > 0.0 && sum.governor_mwh > 0.0 && sum.damping_mwh > 0.0);
    }
}

#[test]
fn losing_an_engine_at_170_mw_is_borne_without_shedding_and_batteries_make_it_milder() {
    let trip = Disturbance::UnitLost { unit: 0 };
    let mut with = disturbed(&martinique(0.0), &Defence::martinique(), trip.clone());
    let mut without = disturbed(&reference(), &Defence::martinique(), trip);
    for event in [&mut with, &mut without] {
        assert_eq!(event.run(600_000), Status::Settled);
        assert_eq!(event.summary().shed_mw, 0.0);
        assert!(event.summary().nadir_hz < event.frequency_hz().unwrap());
    }
    assert!(with.summary().nadir_hz > without.summary().nadir_hz + 0.1, "{:?} {:?}", with.summary(), without.summary());
}

#[test]
fn a_battery_that_runs_empty_leaves_the_rest_to_the_governors() {
    let text = include_str!("../data/martinique_fleet.toml");
    let fleet = Fleet::from_toml(&text.replace("energy_mwh = 12.0", "energy_mwh = 0.02")).unwrap();
    let mut point = reference();
    point.power_mw[fleet.find("akuo_battery").unwrap()[0]] = Some(0.0);
    let mut event = FrequencyEvent::begin(&fleet, &point, &Defence::bare(), Settings::default()).unwrap();
    event.disturb(&fleet, 0, Disturbance::UnitLost { unit: 0 }).unwrap();
    assert_eq!(event.run(600_000), Status::Settled);
    // It begins half full, and its converter needs its lag to stop.
    assert!((0.01..0.0105).contains(&event.summary().battery_mwh), "{:?}", event.summary());
    let without_hz = -50.0 * 0.04 * ENGINE_MW / (11.0 * ENGINE_MW);
    assert!(relative(event.frequency_hz().unwrap() - 50.0, without_hz) < 1e-3);
}

#[test]
fn a_governor_gives_no_more_than_its_reserve_and_the_damping_of_loads_bears_the_rest() {
    let defence = Defence { load_damping: 1.5, ..Defence::bare() };
    let mut event = disturbed(&engines(&[8.0; 6]), &defence, Disturbance::LoadReturned { load_mw: 36.0 });
    event.run(600_000);
    assert!(event.powers_mw().all(|(_, power_mw)| (power_mw - 13.5).abs() < 1e-3), "8 and a reserve of 5.5 MW");
    let missing_mw = 36.0 - 6.0 * 5.5;
    let per_hz = 1.5 * (6.0 * 8.0 + 36.0) / 50.0;
    assert!(relative(event.frequency_hz().unwrap() - 50.0, -missing_mw / per_hz) < 1e-3);
}

#[test]
fn what_is_shed_is_a_multiple_of_a_stage_and_can_be_put_back() {
    let fleet = Fleet::martinique();
    let mut event = begin(&reference(), &Defence::martinique());
    for unit in 0..4 {
        event.disturb(&fleet, 0, Disturbance::UnitLost { unit }).unwrap();
    }
    assert_eq!(event.run(600_000), Status::Settled);
    let stage_mw = 0.12 * 170.0;
    let stages = event.summary().shed_mw / stage_mw;
    assert!(stages >= 1.0 && (stages - stages.round()).abs() < 1e-9, "{stages} stages");
    let fired = event.happenings().iter().filter(|entry| matches!(entry.what, What::Shed { .. })).count();
    assert_eq!(fired as f64, stages.round());
    let before_hz = event.frequency_hz().unwrap();
    event.disturb(&fleet, event.at_ms() + 100, Disturbance::StageRestored { stage: fired - 1 }).unwrap();
    event.run(600_000);
    assert!(relative(event.summary().shed_mw, stage_mw * (fired - 1) as f64) < 1e-9 || fired == 1);
    assert!(event.frequency_hz().unwrap() < before_hz);
}

#[test]
fn pv_leaves_by_its_settings_on_both_sides() {
    let mut low = disturbed(&martinique(50.0), &Defence::martinique(), Disturbance::LoadReturned { load_mw: 45.0 });
    let mut high = disturbed(&martinique(50.0), &Defence::martinique(), Disturbance::LoadLost { load_mw: 45.0 });
    for (event, side) in [(&mut low, "below"), (&mut high, "above")] {
        event.run(600_000);
        let tripped = |entry: &island::frequency::Happening| match entry.what {
            What::PvTripped { share, power_mw } => Some((share, power_mw)),
            _ => None,
        };
        let first = event.happenings().iter().find_map(tripped).expect(side);
        assert_eq!(first, (0.15, 7.5), "{side}");
    }
    assert!(high.summary().zenith_hz > 50.2 && low.summary().nadir_hz < 49.5);
}

#[test]
fn a_cloud_front_is_followed_and_a_line_takes_what_hangs_on_it() {
    let cloud = Disturbance::PvRamp { to_mw: 20.0, over_s: 30.0 };
    let mut event = disturbed(&martinique(50.0), &Defence::martinique(), cloud);
    assert_eq!(event.run(600_000), Status::Settled);
    assert!(event.at_ms() > 30_000 && event.summary().nadir_hz > 49.5, "{:?}", event.summary());
    let powers_mw: f64 = event.powers_mw().map(|(_, power)| power).sum();
    let load_mw = 220.0 * (1.0 + 1.5 * (event.frequency_hz().unwrap() - 50.0) / 50.0);
    assert!((powers_mw + 20.0 - load_mw).abs() < 0.01, "{powers_mw} MW for {load_mw} MW");

    let line = Disturbance::LineTripped { line: "63 kV".into(), load_mw: 30.0, units: vec![0, 1] };
    let mut event = disturbed(&martinique(0.0), &Defence::martinique(), line);
    let lost_mw = ENGINE_MW + (170.0 - ENGINE_MW) / 11.0;
    event.advance(20);
    let expected = -(lost_mw - 30.0) * 50.0 / (2.0 * 10.0 * ENGINE_MWS);
    assert!(relative(event.summary().steepest_hz_per_s, expected) < 1e-9);
}

#[test]
fn too_great_a_loss_ends_in_the_dark_and_says_so() {
    let fleet = Fleet::martinique();
    let mut event = begin(&reference(), &Defence::martinique());
    let line = Disturbance::LineTripped { line: "Bellefontaine".into(), load_mw: 0.0, units: (0..9).collect() };
    event.disturb(&fleet, 1_000, line).unwrap();
    assert_eq!(event.run(600_000), Status::Blackout);
    assert_eq!(event.frequency_hz(), None);
    assert!(matches!(event.happenings().last().unwrap().what, What::Blackout { load_mw } if load_mw > 0.0));
    assert!(relative(event.samples().last().unwrap().unserved_mw, 170.0) < 1e-9);

    let mut alone = disturbed(&engines(&[10.0]), &Defence::bare(), Disturbance::UnitLost { unit: 0 });
    assert_eq!(alone.advance(1_000), Status::Blackout, "nobody is left to keep a frequency");
}

#[test]
fn an_event_written_and_read_again_goes_on_alike() {
    let mut event = disturbed(&martinique(40.0), &Defence::martinique(), Disturbance::UnitLost { unit: 0 });
    event.advance(1_234);
    let mut again: FrequencyEvent = serde_json::from_str(&serde_json::to_string(&event).unwrap()).unwrap();
    event.run(600_000);
    again.run(600_000);
    assert_eq!(event, again);
}

#[test]
fn a_settled_event_goes_on_when_something_happens_later() {
    let fleet = Fleet::martinique();
    let mut event = disturbed(&reference(), &Defence::bare(), Disturbance::LoadReturned { load_mw: 10.0 });
    assert_eq!(event.run(600_000), Status::Settled);
    event.advance(3_600_000);
    let settled_hz = event.frequency_hz().unwrap();
    assert!(event.disturb(&fleet, 0, Disturbance::LoadLost { load_mw: 10.0 }).is_err(), "that has passed");
    event.disturb(&fleet, 4_000_000, Disturbance::LoadLost { load_mw: 10.0 }).unwrap();
    event.run(4_000_000);
    assert_eq!(event.status(), Status::Settled);
    assert!(event.frequency_hz().unwrap() > settled_hz && (event.frequency_hz().unwrap() - 50.0).abs() < 1e-3);
    assert!(event.at_ms() > 4_000_000);
}

#[test]
fn what_cannot_be_is_refused() {
    let fleet = Fleet::martinique();
    let settings = Settings::default();
    let refused = |point: &OperatingPoint, settings| {
        FrequencyEvent::begin(&fleet, point, &Defence::bare(), settings).unwrap_err().to_string()
    };
    assert!(refused(&OperatingPoint::standing(&fleet), settings).contains("inertia"));
    assert!(refused(&engines(&[20.0]), settings).contains("bellefontaine_diesel_01"));
    assert!(refused(&reference(), Settings { step_ms: 0, record_ms: 0 }).contains("step_ms"));
    assert!(refused(&reference(), Settings { step_ms: 20, record_ms: 30 }).contains("multiple"));
    let mut event = begin(&reference(), &Defence::bare());
    for (disturbance, word) in [
        (Disturbance::UnitLost { unit: 99 }, "no unit"),
        (Disturbance::LoadLost { load_mw: -1.0 }, "load_mw"),
        (Disturbance::LoadLost { load_mw: 171.0 }, "170.000 MW are left"),
        (Disturbance::PvRamp { to_mw: f64::NAN, over_s: 1.0 }, "to_mw"),
        (Disturbance::StageRestored { stage: 0 }, "stage"),
        (Disturbance::UnitConnected { unit: 0, power_mw: 50.0 }, "power_mw"),
    ] {
        let error = event.disturb(&fleet, 0, disturbance).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn whatever_is_lost_energy_balances_and_shedding_comes_in_whole_stages(
        powers in prop::collection::vec(7.3..18.3f64, 4..12),
        lost in 1..4_usize,
        pv_mw in 0.0..60.0f64,
    ) {
        let fleet = Fleet::martinique();
        let mut point = engines(&powers);
        point.pv_mw = pv_mw;
        let defence = Defence { pv_trip: Vec::new(), ..Defence::martinique() };
        let mut event = begin(&point, &defence);
        let lost = lost.min(powers.len() - 1);
        for unit in 0..lost {
            event.disturb(&fleet, 0, Disturbance::UnitLost { unit }).unwrap();
        }
        event.run(300_000);
        let sum = *event.summary();
        let stages = sum.shed_mw / (0.12 * point.load_mw());
        prop_assert!((stages - stages.round()).abs() < 1e-6);
        if event.status() != Status::Blackout {
            let lost_mws = powers[..lost].iter().sum::<f64>() * event.at_ms() as f64 / 1000.0;
            let given_mws = 3600.0 * (sum.governor_mwh + sum.battery_mwh + sum.damping_mwh + sum.unserved_mwh);
            let kinetic_mws = (powers.len() - lost) as f64 * ENGINE_MWS;
            let masses_mws = 2.0 * kinetic_mws / 50.0 * (event.frequency_hz().unwrap() - 50.0);
            prop_assert!((given_mws - lost_mws - masses_mws).abs() < 1e-6 * lost_mws.max(1.0));
        }
    }
}
