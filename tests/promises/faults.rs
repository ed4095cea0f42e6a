//! Promises of faults: each one does to a device what the catalogue says, and nothing to the books of energy.

use crate::rig::{Outside, Run, at, id, martinique, plan, set, sweep};
use agents::act::Act;
use agents::fault::{Fault, FaultKind};
use agents::reading::{AssetReading, AssetState};
use agents::record::{Event, EventCode, Record};
use agents::{ParticipantId, Span, Time};
use scenarios::{Plan, PlannedFault};
use twin::Input;

/// A fault with parameters that differ from the defaults.
pub(crate) fn fault(name: &str, values: &[(&'static str, f64)]) -> Fault {
    Fault::named(name, values.iter().copied()).unwrap()
}

/// A plan in which a device has a fault between two hours.
pub(crate) fn with(mut plan: Plan, target: &str, fault: Fault, [from, until]: [f64; 2]) -> Plan {
    let (from, until) = (at(&plan, from), at(&plan, until));
    let name = format!("{}_{}", fault.kind(), plan.faults.len());
    plan.faults.push(PlannedFault { name, target: id(&plan, target), fault, from, until: Some(until) });
    plan
}

pub(crate) fn act(target: &str, act: Act) -> Input {
    Input::Act { target: target.into(), act, origin: None }
}

pub(crate) fn quiet(duration: &str) -> Plan {
    plan(&martinique(duration, "15m", 3))
}

/// The readings of an asset in the hours `[from, until)`.
fn readings(run: &Run, plan: &Plan, asset: &str, [from, until]: [f64; 2]) -> Vec<AssetReading> {
    let found = run.readings(id(plan, asset), at(plan, from), at(plan, until));
    assert!(!found.is_empty());
    found
}

fn of(run: &Run, code: EventCode, asset: ParticipantId) -> Vec<&Event> {
    run.events(code).into_iter().filter(|event| event.participant == asset).collect()
}

/// Runs a plan with and without a fault; both events are told at their own instants.
fn compare(plan: &Plan, target: &str, fault: Fault, hours: [f64; 2]) -> [Run; 2] {
    let faulty = with(plan.clone(), target, fault, hours);
    let [sound, run] = [plan, &faulty].map(|plan| sweep(plan, Outside::Nothing));
    let device = id(plan, target);
    let told = [EventCode::FaultBegun, EventCode::FaultEnded].map(|code| {
        let events = of(&run, code, device);
        assert_eq!(events.len(), 1, "{code}: {events:?}");
        assert!(events[0].detail.starts_with(&fault.to_string()), "{}", events[0].detail);
        events[0].time
    });
    assert_eq!(told, hours.map(|hour| at(plan, hour)));
    let faulty: Vec<Time> = run
        .rows
        .iter()
        .filter(|row| row.faults.iter().any(|reading| reading.asset == device))
        .map(|row| row.start)
        .collect();
    let [first, last] = hours.map(|hour| at(plan, hour));
    assert_eq!(faulty.first(), Some(&first.floor(plan.tick)));
    assert!(faulty.last().is_some_and(|start| *start < last && last <= *start + plan.tick), "{faulty:?}");
    [sound, run]
}

#[test]
fn a_plant_that_has_tripped_gives_nothing_and_is_faulted_until_it_has_started_again() {
    for name in ["inverter_trip", "islanding"] {
        let plan = quiet("14h");
        let trip = fault(name, &[("restart_s", 900.0)]);
        let [sound, run] = compare(&plan, "pv_01", trip, [11.0, 12.0]);
        for reading in readings(&run, &plan, "pv_01", [11.0, 12.25]) {
            assert_eq!((reading.power_kw, reading.state), (0.0, AssetState::Faulted), "{name}");
        }
        for hours in [[9.0, 11.0], [12.25, 14.0]] {
            assert_eq!(readings(&run, &plan, "pv_01", hours), readings(&sound, &plan, "pv_01", hours));
        }
    }
}

#[test]
fn a_battery_that_has_tripped_takes_its_standby_and_holds_what_it_held() {
    let plan = quiet("6h");
    let [_, run] = compare(&plan, "bat_01", fault("inverter_trip", &[]), [2.0, 4.0]);
    let found = readings(&run, &plan, "bat_01", [2.0, 4.0]);
    assert!(found.iter().all(|reading| reading.state == AssetState::Faulted));
    assert!(found.iter().all(|reading| 0.0 < reading.power_kw && reading.power_kw < 2.0), "{found:?}");
    assert!(found.windows(2).all(|pair| pair[0].energy_kwh == pair[1].energy_kwh));
}

#[test]
fn a_derated_device_gives_and_takes_a_share_of_its_rating() {
    let mut scenario = martinique("14h", "15m", 3);
    set(&mut scenario, "ev.ev_06.capacity_kwh=90");
    let plan = plan(&scenario);
    let [sound, run] = compare(&plan, "pv_01", fault("derating", &[("share", 0.1)]), [11.0, 13.0]);
    let most = |run: &Run, asset: &str, hours| {
        readings(run, &plan, asset, hours).iter().fold(0.0_f64, |most, reading| most.max(reading.power_kw.abs()))
    };
    assert!(most(&run, "pv_01", [11.0, 13.0]) < 0.5 * most(&sound, "pv_01", [11.0, 13.0]));
    assert!(readings(&run, &plan, "pv_01", [11.0, 13.0]).iter().all(|reading| reading.state == AssetState::Derated));
    let [sound, run] = compare(&plan, "evse_06", fault("derating", &[("share", 0.5)]), [0.5, 2.0]);
    let [before, after] = [&sound, &run].map(|run| most(run, "evse_06", [0.5, 1.0]));
    assert!(after > 0.0 && after <= 0.51 * before, "{before} {after}");
    let hold = |hours: f64| (at(&plan, hours), crate::faults_told::setpoint(&plan, "bat_01", 40.0));
    let faulty = with(plan.clone(), "bat_01", fault("derating", &[("share", 0.25)]), [0.0, 2.0]);
    let script = [hold(0.0)];
    let run = sweep(&faulty, Outside::Script(&script));
    assert_eq!(readings(&run, &plan, "bat_01", [0.25, 1.0])[0].power_kw, 12.5);
}

#[test]
fn lost_strings_make_nothing_and_the_rest_makes_its_share() {
    let plan = quiet("13h");
    let [sound, run] = compare(&plan, "pv_02", fault("string_loss", &[("share", 0.4)]), [10.0, 12.0]);
    let [whole, rest] = [&sound, &run].map(|run| readings(run, &plan, "pv_02", [10.0, 12.0]));
    for (whole, rest) in whole.iter().zip(&rest) {
        let share = rest.power_kw / whole.power_kw;
        assert!((0.55..0.65).contains(&share), "{share}");
    }
    assert_eq!(
        compare(&plan, "pv_02", fault("string_loss", &[("share", 1.0)]), [10.0, 12.0])[1].rows[41].faults.len(),
        1
    );
}

#[test]
fn a_weak_cell_ends_charging_and_discharging_early() {
    let plan = quiet("8h");
    let cells = fault("cell_limit", &[("floor_percent", 45.0), ("ceiling_percent", 55.0)]);
    for (power_kw, limit_kwh) in [(40.0, 55.0), (-40.0, 45.0)] {
        let faulty = with(plan.clone(), "bat_01", cells, [0.0, 3.0]);
        let script = [(at(&plan, 0.0), crate::faults_told::setpoint(&plan, "bat_01", power_kw))];
        let run = sweep(&faulty, Outside::Script(&script));
        let held = readings(&run, &plan, "bat_01", [1.0, 3.0]);
        assert!(held.iter().all(|reading| reading.energy_kwh == Some(limit_kwh)), "{held:?}");
        assert_ne!(readings(&run, &plan, "bat_01", [4.0, 5.0])[0].energy_kwh, Some(limit_kwh), "then it goes on");
    }
    let [sound, run] = compare(&plan, "ev_06", fault("cell_limit", &[("ceiling_percent", 60.0)]), [0.0, 3.0]);
    let [all, some] = [&sound, &run].map(|run| readings(run, &plan, "ev_06", [2.5, 3.0])[0].energy_kwh.unwrap());
    assert!(some < all, "{some} {all}");
}

#[test]
fn ground_and_pilot_faults_offer_nothing_and_say_so() {
    let plan = quiet("6h");
    for name in ["ground_fault", "pilot_fault"] {
        let [sound, run] = compare(&plan, "evse_06", fault(name, &[]), [0.5, 1.5]);
        assert!(readings(&sound, &plan, "evse_06", [0.5, 0.75])[0].power_kw > 0.0, "it would charge");
        for reading in readings(&run, &plan, "evse_06", [0.5, 1.5]) {
            assert_eq!((reading.power_kw, reading.state), (0.0, AssetState::Faulted), "{name}");
        }
        assert!(readings(&run, &plan, "evse_06", [1.5, 1.75])[0].power_kw > 0.0, "{name}: then it goes on");
    }
    let [_, run] = compare(&quiet("14h"), "pv_01", fault("ground_fault", &[]), [11.0, 13.0]);
    assert!(readings(&run, &plan, "pv_01", [11.0, 13.0]).iter().all(|reading| reading.state == AssetState::Faulted));
}

#[test]
fn a_welded_contactor_lets_the_vehicle_take_all_it_wants_whatever_is_commanded() {
    let plan = quiet("3h");
    let script = [(at(&plan, 0.0), crate::faults_told::setpoint(&plan, "evse_06", 0.0))];
    let paused = sweep(&plan, Outside::Script(&script));
    assert_eq!(readings(&paused, &plan, "evse_06", [0.5, 0.75])[0].power_kw, 0.0);
    let faulty = with(plan.clone(), "evse_06", fault("welded_contactor", &[]), [0.5, 1.0]);
    let run = sweep(&faulty, Outside::Script(&script));
    assert!(readings(&run, &plan, "evse_06", [0.5, 0.75])[0].power_kw > 5.0);
    assert_eq!(readings(&run, &plan, "evse_06", [1.0, 1.25])[0].power_kw, 0.0, "and opens again");
}

#[test]
fn a_locked_connector_keeps_the_vehicle_from_the_trips_that_end_meanwhile() {
    let plan = quiet("48h");
    let sound = sweep(&plan, Outside::Nothing);
    let is_away = |run: &Run, name: &str| {
        let found = run.readings(id(&plan, name), plan.start, plan.end);
        found.iter().position(|reading| reading.state == AssetState::Driving)
    };
    let vehicles: Vec<_> = (1..=9).map(|number| (format!("ev_0{number}"), format!("evse_0{number}"))).collect();
    let (ev, evse) = vehicles
        .iter()
        .find(|(ev, _)| {
            let first = sound.readings(id(&plan, ev), plan.start, plan.end)[0].state;
            is_away(&sound, ev).is_some_and(|interval| interval > 4)
                && !matches!(first, AssetState::Parked | AssetState::Driving)
        })
        .expect("somebody leaves on one of two days");
    let left_h = is_away(&sound, ev).unwrap() as f64 / 4.0;
    let faulty = with(plan.clone(), evse, fault("connector_stuck", &[]), [0.0, left_h + 1.0]);
    let script = [(at(&plan, left_h), act(ev, Act::Unplug { until: None }))];
    let run = sweep(&faulty, Outside::Script(&script));
    let stuck = run.readings(id(&plan, ev), at(&plan, left_h - 0.25), at(&plan, left_h + 1.0));
    assert!(stuck.iter().all(|reading| reading.state != AssetState::Driving), "{stuck:?}");
    let failed = run.events(EventCode::ActFailed);
    assert_eq!(failed[0].detail, "unplug: the connector is locked: connector_stuck");
}

#[test]
fn without_power_nothing_flows_and_nothing_is_shown() {
    let plan = quiet("14h");
    for target in ["bat_01", "pv_01", "evse_06", "load_97209"] {
        let [sound, run] = compare(&plan, target, fault("power_loss", &[("restart_s", 60.0)]), [11.0, 12.0]);
        for reading in readings(&run, &plan, target, [11.0, 12.0]) {
            assert_eq!((reading.power_kw, reading.state), (0.0, AssetState::Faulted), "{target}");
        }
        let rows = run.rows.iter().filter(|row| at(&plan, 11.0) <= row.start && row.start < at(&plan, 12.0));
        assert!(rows.flat_map(|row| &row.faults).all(|reading| reading.shown.is_none() && reading.link.is_down));
        if target == "load_97209" {
            let [before, after] = [&sound, &run].map(|run| readings(run, &plan, target, [12.0, 12.25])[0].power_kw);
            assert!((after / before - 14.0 / 15.0).abs() < 0.01, "started after a minute: {after} of {before}");
        }
    }
}

#[test]
fn a_token_is_not_read_by_a_broken_reader() {
    let plan = quiet("2h");
    let faulty = with(plan.clone(), "evse_06", fault("reader_failure", &[]), [0.0, 1.0]);
    let token = || act("evse_06", Act::PresentToken { token: "ev_06".into() });
    let script = [(at(&plan, 0.5), token()), (at(&plan, 1.0), token())];
    let run = sweep(&faulty, Outside::Script(&script));
    let failed = run.events(EventCode::ActFailed);
    let details: Vec<_> = failed.iter().map(|event| event.detail.as_str()).collect();
    assert_eq!(details, ["present token \"ev_06\": the token was not read: reader_failure"]);
    assert!(readings(&run, &plan, "evse_06", [1.0, 1.25])[0].power_kw > 0.0);
    let stopped = readings(&run, &plan, "evse_06", [1.25, 1.5])[0];
    assert_eq!((stopped.power_kw, stopped.state), (0.0, AssetState::SuspendedEvse), "the same token stops it");
}

#[test]
fn energy_is_accounted_for_whatever_is_broken() {
    let mut plan = quiet("12h");
    for (number, kind) in FaultKind::ALL.into_iter().enumerate() {
        let from = number as f64 / 4.0;
        plan = with(plan, "bat_01", kind.fault(), [from, from + 1.0]);
        plan.faults.retain(|planned| planned.fault.examine(agents::Kind::Battery).is_ok());
    }
    let script = [(at(&plan, 0.0), crate::faults_told::setpoint(&plan, "bat_01", -30.0))];
    let mut kernel = twin::Kernel::new(&plan);
    let mut host = twin::SweepHost::new(&plan, kernel.world_mut());
    kernel.submit(script[0].1.clone()).unwrap();
    let battery = id(&plan, "bat_01");
    let mut taken_kwh = 0.0;
    while !kernel.is_over() {
        kernel.tick(&mut host, &mut crate::rig::Keep::default()).unwrap();
        taken_kwh += kernel.world().power_kw(battery).unwrap() * plan.tick.hours();
        let (stored_kwh, lost_kwh) = kernel.world().storage(battery).unwrap();
        assert!((taken_kwh - lost_kwh - (stored_kwh - 50.0)).abs() < 1e-9, "{}", kernel.now());
    }
}

#[test]
fn a_vehicle_is_plugged_in_wherever_it_is_and_stays_until_it_may_leave() {
    let plan = quiet("20h");
    let (ev, until) = (id(&plan, "ev_06"), at(&plan, 18.0));
    let plug = |act_: Act| act("evse_06", act_);
    let script = [
        (at(&plan, 1.0), plug(Act::PlugIn { until: None })),
        (at(&plan, 1.0), plug(Act::Unplug { until: Some(at(&plan, 3.0)) })),
        (at(&plan, 2.0), plug(Act::Unplug { until: None })),
        (at(&plan, 3.0), act("ev_06", Act::PlugIn { until: Some(until) })),
    ];
    let run = sweep(&plan, Outside::Script(&script));
    let failed: Vec<_> = run.events(EventCode::ActFailed).iter().map(|event| event.detail.clone()).collect();
    assert_eq!(failed, ["plug in: the vehicle is plugged in already", "unplug: the vehicle is not plugged in"]);
    let parked = run.readings(ev, at(&plan, 1.25), at(&plan, 3.25));
    assert!(parked.iter().all(|reading| reading.state == AssetState::Parked), "{parked:?}");
    let there = run.readings(ev, at(&plan, 3.25), until);
    assert!(there.iter().all(|reading| !matches!(reading.state, AssetState::Parked | AssetState::Driving)));
    let ends: Vec<_> = run
        .records()
        .filter_map(|record| match record {
            Record::Session(row) if row.vehicle == ev => Some(row.end),
            _ => None,
        })
        .collect();
    assert_eq!(ends.first(), Some(&(at(&plan, 1.0) + plan.tick)), "the session ends in the tick that takes the act");
    let refused = sweep(
        &plan,
        Outside::Script(&[(
            at(&plan, 1.0),
            plug(Act::Inject { fault: fault("pilot_fault", &[]), until: Some(at(&plan, 1.0) + Span::MINUTE) }),
        )]),
    );
    assert!(refused.events(EventCode::ActFailed)[0].detail.contains("it would be over at once"));
}
