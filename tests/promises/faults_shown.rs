//! Promises of faulty sensors and clocks: what is shown differs from what is so, outside and to the device's own core.

use crate::faults::{fault, quiet, with};
use crate::rig::{Outside, Run, at, id, martinique, plan, sweep};
use agents::Span;
use agents::fault::Fault;
use agents::reading::{AssetReading, FaultReading, Link};
use scenarios::Plan;

/// What a device shows and what is so, of each interval in which it has a fault, from 11 to 12 o'clock.
fn shown(plan: &Plan, run: &Run, target: &str) -> Vec<(AssetReading, FaultReading)> {
    let device = id(plan, target);
    let pairs = run.rows.iter().filter_map(|row| {
        let truth = row.assets.iter().find(|reading| reading.asset == device)?;
        Some((*truth, row.faults.iter().find(|reading| reading.asset == device)?.clone()))
    });
    let found: Vec<_> = pairs.collect();
    assert_eq!(found.len(), 4);
    found
}

fn under(plan: &Plan, target: &str, fault: Fault) -> Vec<(AssetReading, FaultReading)> {
    let faulty = with(plan.clone(), target, fault, [11.0, 12.0]);
    let run = sweep(&faulty, Outside::Nothing);
    let sound = sweep(plan, Outside::Nothing);
    let noon = run.readings(id(plan, target), at(plan, 0.0), at(plan, 11.25));
    assert_eq!(noon, sound.readings(id(plan, target), at(plan, 0.0), at(plan, 11.25)), "readings stay the truth");
    let found = shown(plan, &run, target);
    assert!(found.iter().all(|(_, reading)| reading.faults == [fault.kind()]));
    found
}

fn powers(found: &[(AssetReading, FaultReading)]) -> Vec<(f64, f64)> {
    found.iter().map(|(truth, reading)| (truth.power_kw, reading.shown.unwrap().power_kw)).collect()
}

#[test]
fn a_power_sensor_sticks_is_biased_scatters_or_is_turned_round() {
    let plan = quiet("12h");
    let stuck = powers(&under(&plan, "load_97209", fault("sensor_stuck", &[])));
    assert!(stuck.iter().all(|(_, shown)| *shown == stuck[0].1) && stuck[3].0 != stuck[3].1, "{stuck:?}");
    let bias = fault("sensor_bias", &[("offset_kw", 2.0), ("factor", 1.5)]);
    for (truth, shown) in powers(&under(&plan, "pv_01", bias)) {
        assert!((shown - (1.5 * truth + 2.0)).abs() < 2e-3, "{truth} {shown}");
    }
    let noisy = powers(&under(&plan, "pv_01", fault("sensor_noise", &[("deviation_kw", 0.2)])));
    assert!(noisy.iter().all(|(truth, shown)| truth != shown && (truth - shown).abs() < 1.0), "{noisy:?}");
    for (truth, shown) in powers(&under(&plan, "pv_01", fault("meter_reversed", &[]))) {
        assert_eq!(shown, -truth);
    }
}

#[test]
fn readings_drop_out_at_random_and_all_of_them_at_a_share_of_one() {
    let plan = quiet("12h");
    let missing = |share| {
        let found = under(&plan, "evse_06", fault("sensor_dropout", &[("share", share)]));
        found.iter().filter(|(_, reading)| reading.shown.is_none()).count()
    };
    assert_eq!((missing(0.0), missing(1.0)), (0, 4));
}

#[test]
fn a_state_of_charge_is_misreported_or_sticks() {
    let plan = quiet("12h");
    let energies = |target: &str, fault| -> Vec<(f64, f64)> {
        let pair = |(truth, reading): &(AssetReading, FaultReading)| {
            (truth.energy_kwh.unwrap(), reading.shown.unwrap().energy_kwh.unwrap())
        };
        under(&plan, target, fault).iter().map(pair).collect()
    };
    for (truth, shown) in energies("bat_01", fault("soc_misreport", &[("offset_percent", 10.0)])) {
        assert!((shown - (truth + 10.0).min(100.0)).abs() < 2e-3, "{truth} {shown}");
    }
    let batteries = (1..=10).map(|number| energies(&format!("bat_{number:02}"), fault("soc_stuck", &[])));
    let stuck: Vec<_> = batteries.collect();
    assert!(stuck.iter().all(|of| of.iter().all(|(_, shown)| *shown == of[0].1)), "{stuck:?}");
    assert!(stuck.iter().flatten().any(|(truth, shown)| truth != shown), "{stuck:?}");
    let [(truth, shown), ..] = energies("ev_06", fault("soc_misreport", &[("offset_percent", -100.0)]))[..] else {
        panic!("four of them")
    };
    assert!(truth > 0.0 && shown == 0.0);
}

#[test]
fn the_energy_manager_plans_with_the_state_of_charge_that_it_is_told() {
    let plan = plan(&martinique("6h", "15m", 3));
    let device = id(&plan, "bat_01");
    let run = |plan: &Plan| sweep(plan, Outside::Nothing).readings(device, at(plan, 0.25), at(plan, 6.0));
    let sound = run(&plan);
    let wrong = run(&with(plan.clone(), "bat_01", fault("soc_misreport", &[("offset_percent", -60.0)]), [0.0, 6.0]));
    assert_ne!(sound, wrong, "who is told that it is empty does not discharge it first");
}

#[test]
fn a_wrong_clock_is_told_and_changes_nothing_else() {
    let plan = quiet("12h");
    let ahead = under(&plan, "bat_01", fault("clock_offset", &[("offset_s", -90.0)]));
    assert!(ahead.iter().all(|(_, reading)| reading.clock_error == Span::from_s(-90)));
    let drift = under(&plan, "pv_01", fault("clock_drift", &[("ppm", 1000.0)]));
    let errors: Vec<_> = drift.iter().map(|(_, reading)| reading.clock_error.0).collect();
    assert_eq!(errors, [900, 1800, 2700, 3600]);
    for (truth, reading) in ahead.into_iter().chain(drift) {
        assert_eq!((reading.shown, reading.link), (Some(truth), Link::default()));
    }
}
