//! Promises of faulty links, and of all that is done to a twin from outside: it is journaled, replayed, saved and forked.

use crate::faults::{act, fault, quiet, with};
use crate::rig::{Outside, Run, assert_same_rows, at, drive, id, live, martinique, peace, plan, set, sweep};
use agents::act::{Act, HeldSignal};
use agents::command::{Command, Directive, Priority, Value};
use agents::fault::FaultKind;
use agents::reading::{AssetState, Signal};
use agents::record::{EventCode, Record};
use agents::{ParticipantId, Span, Time};
use scenarios::{Plan, Role};
use twin::{Input, Journal, Kernel, LiveHost, Snapshot, SweepHost};

/// An operator's setpoint for the whole day.
pub(crate) fn setpoint(plan: &Plan, target: &str, power_kw: f64) -> Input {
    let command = Command {
        source: ParticipantId::OUTSIDE,
        priority: Priority::Operator,
        directive: Directive::Setpoint(Value::Constant(power_kw)),
        effective: plan.start,
        expires: plan.start + Span::DAY,
    };
    Input::Command { target: target.into(), command, origin: None }
}

fn hold(signal: Signal, value: Option<f64>, until: Option<Time>) -> Input {
    Input::Signal { held: HeldSignal { signal, value, until }, origin: None }
}

fn power_at(run: &Run, plan: &Plan, target: &str, hours: f64) -> f64 {
    run.readings(id(plan, target), at(plan, hours), at(plan, hours) + plan.tick)[0].power_kw
}

#[test]
fn a_device_whose_link_is_down_goes_on_with_what_it_was_told_before() {
    let plan = quiet("4h");
    for name in ["communication_loss", "power_loss"] {
        let faulty = with(plan.clone(), "bat_01", fault(name, &[]), [1.0, 2.0]);
        let script = [
            (at(&plan, 0.0), setpoint(&plan, "bat_01", 10.0)),
            (at(&plan, 1.25), setpoint(&plan, "bat_01", -10.0)),
            (at(&plan, 2.25), setpoint(&plan, "bat_01", -20.0)),
        ];
        let run = sweep(&faulty, Outside::Script(&script));
        let expected = if name == "power_loss" { 0.0 } else { 10.0 };
        assert_eq!(power_at(&run, &plan, "bat_01", 1.75), expected, "{name}");
        assert_eq!([2.25, 2.75].map(|hours| power_at(&run, &plan, "bat_01", hours)), [10.0, -20.0]);
        let lost = &run.events(EventCode::MailUndeliverable)[0].detail;
        assert!(lost.ends_with(&format!("was lost: {name}")), "{lost}");
        let ended = &run.events(EventCode::FaultEnded)[0].detail;
        assert!(ended.ends_with(" messages lost"), "{ended}");
    }
}

#[test]
fn a_lossy_link_loses_its_share_and_a_vehicle_still_talks_through_the_cable() {
    let plan = quiet("24h");
    let lost = |share| {
        let faulty = with(plan.clone(), "bat_01", fault("lossy_link", &[("share", share)]), [0.0, 23.0]);
        let detail = sweep(&faulty, Outside::Nothing).events(EventCode::FaultEnded)[0].detail.clone();
        detail.rsplit_once(", ").and_then(|(_, lost)| lost.split_once(' ')?.0.parse::<u32>().ok()).unwrap_or(0)
    };
    let [none, half, all] = [0.0, 0.5, 1.0].map(lost);
    // A report each quarter hour; where some of them arrive a command comes back for each.
    assert!(none == 0 && all == 92 && (70..115).contains(&half), "{none}, {half}, {all}");
    let cut_off = with(plan.clone(), "ev_06", fault("communication_loss", &[]), [0.0, 24.0]);
    let [sound, run] = [&plan, &cut_off].map(|plan| sweep(plan, Outside::Nothing));
    for (sound, run) in sound.rows.iter().zip(&run.rows) {
        assert_eq!(sound.assets, run.assets, "all it says goes to its charge point");
    }
}

#[test]
fn sessions_that_end_while_a_charge_point_can_tell_nobody_are_told_when_it_can() {
    let plan = quiet("48h");
    let sessions = |plan: &Plan| -> Vec<_> {
        let run = sweep(plan, Outside::Nothing);
        let records = run.rows.iter().flat_map(|row| &row.records);
        let mut ended: Vec<_> = records
            .filter_map(|record| match record {
                Record::Session(session) if session.evse == id(plan, "evse_06") => Some((session.start, session.end)),
                _ => None,
            })
            .collect();
        ended.sort_unstable();
        ended
    };
    let sound = sessions(&plan);
    assert!(!sound.is_empty());
    let cut_off = with(plan.clone(), "evse_06", fault("communication_loss", &[]), [0.0, 47.0]);
    assert_eq!(sessions(&cut_off), sound);
}

#[test]
fn a_slow_link_delivers_at_the_last_tick_before_its_time() {
    let plan = quiet("3h");
    for (delay_s, hours) in [(899.0, 1.25), (900.0, 1.5), (2000.0, 1.75)] {
        let faulty = with(plan.clone(), "bat_01", fault("slow_link", &[("delay_s", delay_s)]), [0.0, 3.0]);
        let script = [(at(&plan, 1.0), setpoint(&plan, "bat_01", 33.0))];
        let run = sweep(&faulty, Outside::Script(&script));
        let first = run.rows.iter().find(|row| {
            row.assets.iter().any(|reading| reading.asset == id(&plan, "bat_01") && reading.power_kw == 33.0)
        });
        assert_eq!(first.unwrap().start, at(&plan, hours), "{delay_s} s");
    }
}

#[test]
fn a_fault_can_be_cleared_and_another_one_of_its_kind_takes_its_place() {
    let plan = quiet("16h");
    let derating = |share| fault("derating", &[("share", share)]);
    let planned = with(plan.clone(), "pv_01", derating(0.5), [8.0, 16.0]);
    let inject = |fault, until| act("pv_01", Act::Inject { fault, until });
    let script = [
        (at(&plan, 9.0), inject(derating(0.2), Some(at(&plan, 10.0)))),
        (at(&plan, 11.0), inject(fault("inverter_trip", &[]), None)),
        (at(&plan, 12.0), act("pv_01", Act::Clear { kind: Some(FaultKind::Derating) })),
        (at(&plan, 13.0), act("pv_01", Act::Clear { kind: None })),
    ];
    let run = sweep(&planned, Outside::Script(&script));
    let tell = |code| -> Vec<String> { run.events(code).iter().map(|event| event.detail.clone()).collect() };
    let [begun, ended, failed] = [EventCode::FaultBegun, EventCode::FaultEnded, EventCode::ActFailed].map(tell);
    assert_eq!(begun.len(), 3, "{begun:?}");
    assert_eq!(ended.len(), 3, "{ended:?}");
    assert!(ended[0].ends_with(", replaced by another one") && ended[2].ends_with(", cleared"), "{ended:?}");
    assert_eq!(failed, ["clear derating: it has no fault derating"], "what was replaced does not come back");
    assert!(power_at(&run, &plan, "pv_01", 14.0) < 0.0);
}

#[test]
fn who_is_repaired_or_broken_anew_does_not_start_for_the_old_fault() {
    let plan = quiet("4h");
    let trip = |restart_s| Act::Inject { fault: fault("inverter_trip", &[("restart_s", restart_s)]), until: None };
    let clear = || act("bat_01", Act::Clear { kind: None });
    let script = [
        (at(&plan, 0.0), setpoint(&plan, "bat_01", 10.0)),
        (at(&plan, 0.5), act("bat_01", trip(86_400.0))),
        (at(&plan, 1.0), act("bat_01", trip(0.0))),
        (at(&plan, 1.5), clear()),
        (at(&plan, 2.0), act("bat_01", trip(86_400.0))),
        (at(&plan, 2.5), clear()),
        (at(&plan, 3.0), clear()),
    ];
    let run = sweep(&plan, Outside::Script(&script));
    let powers = [1.75, 2.25, 2.75, 3.25].map(|hours| power_at(&run, &plan, "bat_01", hours));
    assert_eq!((powers[0], powers[3]), (10.0, 10.0));
    assert!(powers[1] < 1.0 && powers[2] < 1.0, "broken, then starting: {powers:?}");
    assert_eq!(run.events(EventCode::ActFailed).len(), 0);
}

#[test]
fn who_is_no_device_and_who_is_unknown_has_no_faults() {
    let plan = quiet("1h");
    let mut kernel = Kernel::new(&plan);
    let trip = fault("inverter_trip", &[]);
    for (target, said) in [("dso", "dso: inverter_trip is a fault of pv, battery, not of dso"), ("bat_99", "`bat_99`")]
    {
        let refused = kernel.submit(act(target, Act::Inject { fault: trip, until: None })).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn signals_that_are_held_act_and_are_shown() {
    let mut scenario = martinique("16h", "15m", 3);
    let rule = "{ rule = \"price-threshold\", charge_below_eur_per_mwh = 50, discharge_above_eur_per_mwh = 900 }";
    set(&mut scenario, &format!("ems.batteries={rule}"));
    let plan = plan(&scenario);
    let until = |hours| Some(at(&plan, hours));
    let script = [
        (at(&plan, 1.0), hold(Signal::ConsumptionPrice, Some(1.0), until(3.0))),
        (at(&plan, 4.0), hold(Signal::DemandResponse, Some(3.0), until(5.0))),
        (at(&plan, 9.0), hold(Signal::Irradiance, Some(100.0), until(12.0))),
        (at(&plan, 9.0), hold(Signal::Temperature, Some(5.0), None)),
        (at(&plan, 9.0), hold(Signal::WindSpeed, Some(9.0), None)),
        (at(&plan, 13.0), hold(Signal::Temperature, None, None)),
    ];
    let [sound, run] = [Outside::Nothing, Outside::Script(&script)].map(|outside| sweep(&plan, outside));
    let signal = |run: &Run, signal, hours| {
        let row = run.rows.iter().find(|row| row.start == at(&plan, hours)).unwrap();
        row.signals.iter().find(|reading| reading.signal == signal).unwrap().value
    };
    assert_eq!(power_at(&sound, &plan, "bat_01", 2.0), power_at(&sound, &plan, "bat_02", 2.0), "at rest");
    assert!(power_at(&run, &plan, "bat_01", 2.0) > 10.0, "it charges at that price");
    assert!(power_at(&run, &plan, "bat_01", 4.5) < -10.0, "it supports the network");
    assert!(power_at(&run, &plan, "bat_01", 5.5) >= 0.0, "and no more");
    assert_eq!(signal(&run, Signal::ConsumptionPrice, 2.0), 1.0);
    assert_eq!([4.5, 5.5].map(|hours| signal(&run, Signal::DemandResponse, hours)), [3.0, 0.0]);
    assert_eq!(signal(&run, Signal::ConsumptionPrice, 3.5), signal(&sound, Signal::ConsumptionPrice, 3.5));
    let all = [Signal::Irradiance, Signal::Temperature, Signal::WindSpeed];
    assert_eq!(all.map(|of| signal(&run, of, 11.0)), [100.0, 5.0, 9.0]);
    assert!(power_at(&run, &plan, "pv_01", 11.0).abs() < 0.5 * power_at(&sound, &plan, "pv_01", 11.0).abs());
    assert_eq!(all.map(|of| signal(&run, of, 13.5) == signal(&sound, of, 13.5)), [true, true, false]);
}

/// A plan with every fault on some device that can have it, each for ten minutes and a half hour, all within three hours.
fn broken(tick: &str, kinds: &[FaultKind]) -> Plan {
    let mut scenario = martinique("3h", tick, 5);
    set(&mut scenario, "run.start=2026-03-20T10:00:00-04:00");
    let mut plan = plan(&scenario);
    let devices = ["pv_01", "bat_01", "evse_06", "ev_06", "load_97209"];
    for (number, kind) in kinds.iter().enumerate() {
        for device in devices {
            let Some(role) = plan.participants.get(id(&plan, device).index()).map(|found| found.role.kind()) else {
                continue;
            };
            if kind.fault().examine(role).is_ok() {
                let from = (5 + 3 * number) as f64 / 60.0;
                plan = with(plan, device, kind.fault(), [from, from + 40.0 / 60.0]);
            }
        }
    }
    plan
}

fn energy_kwh(run: &Run, plan: &Plan, asset: &str) -> f64 {
    let found = run.readings(id(plan, asset), plan.start, plan.end);
    found.iter().map(|reading| reading.power_kw * plan.tick.hours()).sum()
}

#[test]
fn ticks_of_any_length_see_the_same_faults() {
    let kinds = |of: fn(&FaultKind) -> bool| FaultKind::ALL.into_iter().filter(of).collect::<Vec<_>>();
    let body = kinds(|kind| kind.entry().layer == agents::fault::Layer::Body);
    let runs = ["1s", "60s", "15m"].map(|tick| {
        let plan = broken(tick, &body);
        let script = [(plan.start, setpoint(&plan, "bat_01", 20.0))];
        (sweep(&plan, Outside::Script(&script)), plan)
    });
    for asset in ["pv_01", "bat_01", "evse_06", "load_97209"] {
        let [second, minute, quarter] = [0, 1, 2].map(|index| energy_kwh(&runs[index].0, &runs[index].1, asset));
        let tolerance = 1e-3 * second.abs() + 0.01;
        assert!(
            (second - minute).abs() < tolerance && (second - quarter).abs() < tolerance,
            "{asset}: {second} {minute} {quarter}"
        );
    }
    let told = |(run, _): &(Run, Plan)| -> Vec<(Time, ParticipantId, String)> {
        let mut events: Vec<_> = [EventCode::FaultBegun, EventCode::FaultEnded]
            .into_iter()
            .flat_map(|code| run.events(code))
            .map(|event| (event.time, event.participant, event.detail.clone()))
            .collect();
        events.sort();
        events
    };
    assert_eq!(told(&runs[0]).len(), 2 * runs[0].1.faults.len());
    assert_eq!([told(&runs[1]), told(&runs[2])], [told(&runs[0]), told(&runs[0])]);
}

/// A morning on which much is done to the twin besides.
fn script(plan: &Plan) -> Vec<(Time, Input)> {
    let inject = |target, kind: FaultKind| act(target, Act::Inject { fault: kind.fault(), until: None });
    vec![
        (at(plan, 0.25), setpoint(plan, "bat_01", 15.0)),
        (at(plan, 0.5), inject("bat_02", FaultKind::SlowLink)),
        (at(plan, 0.5), act("bat_02", Act::Inject { fault: fault("slow_link", &[("delay_s", 1800.0)]), until: None })),
        (at(plan, 0.5), hold(Signal::Irradiance, Some(333.3), None)),
        (at(plan, 0.75), act("evse_06", Act::PlugIn { until: Some(at(plan, 2.0)) })),
        (at(plan, 0.75), hold(Signal::LoadControl, Some(40.0), Some(at(plan, 2.0)))),
        (at(plan, 1.0), act("evse_06", Act::PresentToken { token: "ev_06".into() })),
        (at(plan, 1.0), inject("evse_03", FaultKind::ReaderFailure)),
        (at(plan, 1.25), act("evse_03", Act::PresentToken { token: "nobody".into() })),
        (at(plan, 1.5), act("pv_01", Act::Clear { kind: None })),
        (at(plan, 1.75), act("ev_06", Act::Unplug { until: None })),
    ]
}

#[test]
fn both_hosts_and_every_replay_see_the_same_faults_and_acts() {
    let plan = broken("15m", &FaultKind::ALL);
    let script = script(&plan);
    let swept = sweep(&plan, Outside::Script(&script));
    let lived = live(&plan, 2, Outside::Script(&script), peace).0;
    assert_same_rows(&swept, &lived, "both hosts");
    let journal = Journal::from_json_lines(&lived.journal.to_json_lines()).unwrap();
    assert_eq!(journal.entries().len(), script.len());
    assert_same_rows(&swept, &sweep(&plan, Outside::Replay(&journal)), "a replay");
}

#[test]
fn a_run_that_is_saved_and_restored_in_the_middle_of_every_fault_goes_on_bit_for_bit() {
    for tick in ["15m", "60s"] {
        let plan = broken(tick, &FaultKind::ALL);
        let script = script(&plan);
        let mut kernel = Kernel::new(&plan);
        let mut host = SweepHost::new(&plan, kernel.world_mut());
        let mut saved = Vec::new();
        let step = if tick == "15m" { 1 } else { 13 };
        let undisturbed = drive(&plan, kernel, &mut host, Outside::Script(&script), |kernel, host| {
            saved.push((kernel.now(), kernel.save(host)));
        });
        for (time, snapshot) in saved.into_iter().step_by(step) {
            let read = Snapshot::from_json(&snapshot.to_json()).unwrap();
            let rest: Vec<_> = script.iter().filter(|(at, _)| time < *at).cloned().collect();
            let what = format!("{tick}: saved at {time}");
            let mut kernel = Kernel::restore(&plan, &read).unwrap();
            let mut host = SweepHost::restore(&plan, &read, kernel.world_mut()).unwrap();
            assert!(kernel.save(&host) == read, "{what}: saved again");
            let run = drive(&plan, kernel, &mut host, Outside::Script(&rest), |_, _| {});
            assert_same_rows(&undisturbed.from(time), &run, &what);
            if tick == "15m" {
                let kernel = Kernel::restore(&plan, &read).unwrap();
                let mut host = LiveHost::restore(&plan, &read, 1).unwrap();
                let run = drive(&plan, kernel, &mut host, Outside::Script(&rest), |_, _| {});
                assert_same_rows(&undisturbed.from(time), &run, &format!("{what}, live"));
            }
        }
    }
}

#[test]
fn a_fork_keeps_faults_from_outside_and_has_the_scenarios_own() {
    let plan = quiet("16h");
    let loss = |share| fault("string_loss", &[("share", share)]);
    let original = with(with(plan.clone(), "pv_01", loss(0.5), [9.0, 15.0]), "pv_02", loss(0.5), [9.0, 15.0]);
    let script = [
        (at(&plan, 9.0), act("pv_03", Act::Inject { fault: fault("inverter_trip", &[]), until: None })),
        (at(&plan, 9.5), act("pv_02", Act::Clear { kind: None })),
    ];
    let mut kernel = Kernel::new(&original);
    let mut host = SweepHost::new(&original, kernel.world_mut());
    let mut saved = None;
    let whole = drive(&original, kernel, &mut host, Outside::Script(&script), |kernel, host| {
        if kernel.now() == at(&plan, 10.0) {
            saved = Some(kernel.save(host));
        }
    });
    let fork = |changed: &Plan| {
        let forked = saved.as_ref().unwrap().onto(&original, changed).unwrap();
        let mut kernel = Kernel::restore(changed, &forked).unwrap();
        let mut host = SweepHost::restore(changed, &forked, kernel.world_mut()).unwrap();
        drive(changed, kernel, &mut host, Outside::Nothing, |_, _| {})
    };
    assert_same_rows(&whole.from(at(&plan, 10.0)), &fork(&original), "the same scenario");
    let mut changed = original.clone();
    changed.faults[0].fault = loss(1.0);
    let run = fork(&changed);
    let power = |asset| power_at(&run, &plan, asset, 12.0);
    assert_eq!(power("pv_01"), 0.0, "what the changed scenario says");
    assert_eq!(power("pv_02"), power_at(&whole, &plan, "pv_02", 12.0), "what was cleared stays cleared");
    assert_eq!(power("pv_03"), 0.0, "what came from outside stays");
    changed.faults.clear();
    assert!(power_at(&fork(&changed), &plan, "pv_01", 12.0) < 0.0);
}

#[test]
fn a_charge_point_that_requires_a_token_waits_for_one() {
    let mut scenario = martinique("3h", "15m", 3);
    set(&mut scenario, "evse.evse_06.requires_token=true");
    let plan = plan(&scenario);
    assert!(plan.participants.iter().any(|found| matches!(&found.role, Role::Evse(_, point) if point.requires_token)));
    let token = |token: &str| act("evse_06", Act::PresentToken { token: token.into() });
    let script = [(at(&plan, 1.0), token("stranger")), (at(&plan, 1.5), token("ev_06"))];
    let run = sweep(&plan, Outside::Script(&script));
    let evse = id(&plan, "evse_06");
    let states: Vec<_> =
        run.readings(evse, plan.start, plan.end).iter().map(|reading| reading.state == AssetState::Charging).collect();
    assert_eq!(states[..6], [false; 6], "{states:?}");
    assert!(states[7], "{states:?}");
    let refused = &run.events(EventCode::AuthorizationRefused)[0].detail;
    assert!(refused.starts_with("nobody knows the token \"stranger\""), "{refused}");
}
