//! Promises of snapshots: a run that is restored goes on as the undisturbed one, on any host, bit for bit; what is no
//! snapshot of the scenario is refused with a reason.

use crate::rig::{
    Outside, Run, assert_same_rows, at, busy, drive, id, leave_out_the_saboteurs_panics, martinique, measure, plan,
    set, street, sweep,
};
use agents::command::{Command, Directive, Priority, Value};
use agents::draw::lot;
use agents::record::EventCode;
use agents::{ParticipantId, Span, Time};
use scenarios::Plan;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use twin::{Blow, Input, Kernel, LiveHost, Snapshot, SweepHost};

/// Who steps the cores.
#[derive(Clone, Copy, Debug, PartialEq)]
enum On {
    Sweep,
    Live(usize),
}

const HOSTS: [On; 3] = [On::Sweep, On::Live(1), On::Live(2)];

/// Runs a plan from its start, and takes a snapshot at each of these instants.
fn watch(plan: &Plan, on: On, outside: Outside<'_>, times: &[Time]) -> (Run, Vec<Snapshot>) {
    let mut kernel = Kernel::new(plan);
    let mut snapshots = Vec::new();
    let run = match on {
        On::Sweep => {
            let mut host = SweepHost::new(plan, kernel.world_mut());
            drive(plan, kernel, &mut host, outside, |kernel, host| {
                snapshots.extend(times.contains(&kernel.now()).then(|| kernel.save(host)));
            })
        }
        On::Live(threads) => {
            let mut host = LiveHost::new(plan, threads).unwrap();
            drive(plan, kernel, &mut host, outside, |kernel, host| {
                snapshots.extend(times.contains(&kernel.now()).then(|| kernel.save(host)));
            })
        }
    };
    assert_eq!(snapshots.len(), times.len(), "a snapshot at each instant");
    (run, snapshots)
}

/// Goes on from a snapshot to the end of the plan; what is restored is the same snapshot at once.
fn go_on(plan: &Plan, on: On, snapshot: &Snapshot, outside: Outside<'_>) -> Run {
    let mut kernel = Kernel::restore(plan, snapshot).unwrap();
    match on {
        On::Sweep => {
            let mut host = SweepHost::restore(plan, snapshot, kernel.world_mut()).unwrap();
            assert_eq!(kernel.save(&host), *snapshot, "saved again");
            drive(plan, kernel, &mut host, outside, |_, _| {})
        }
        On::Live(threads) => {
            let mut host = LiveHost::restore(plan, snapshot, threads).unwrap();
            assert_eq!(kernel.save(&host), *snapshot, "saved again");
            drive(plan, kernel, &mut host, outside, |_, _| {})
        }
    }
}

/// The same snapshot, written and read.
#[track_caller]
fn through_text(snapshot: &Snapshot) -> Snapshot {
    let text = snapshot.to_json();
    let read = Snapshot::from_json(&text).unwrap();
    assert_eq!(read.to_json(), text, "written again");
    read
}

/// The start, and some instants of ticks before the end, as `seed` has them.
fn instants(plan: &Plan, seed: u64, count: i64) -> Vec<Time> {
    let tick = |index| (lot(seed, index) % plan.ticks()) as i64;
    let ticks: BTreeSet<_> = (0..count).map(tick).chain([0]).collect();
    ticks.into_iter().map(|number| plan.start + plan.tick * number).collect()
}

/// Days in quarter hours, an evening in minutes, and one in seconds, in which an instant lies within a minute.
fn plans(seed: u64) -> Vec<(&'static str, Plan)> {
    let evening = |mut scenario, from: &str| {
        set(&mut scenario, &format!("run.start=2026-03-20T{from}:00-04:00"));
        plan(&scenario)
    };
    vec![
        ("a busy day and a half in quarter hours", plan(&busy("36h", "15m", seed))),
        ("a street of homes and shops", plan(&street("1d", "15m", seed))),
        ("a busy evening in minutes", evening(busy("6h", "60s", seed), "16:00")),
        ("a street in seconds", evening(street("30m", "1s", seed), "17:45")),
    ]
}

#[test]
fn a_restored_run_goes_on_as_the_undisturbed_one_on_either_host() {
    for seed in [1, 42, RandomState::new().hash_one("instants") % 100_000] {
        for (name, plan) in plans(seed) {
            let times = instants(&plan, seed, 3);
            let undisturbed = sweep(&plan, Outside::Nothing);
            let (run, snapshots) = watch(&plan, On::Sweep, Outside::Nothing, &times);
            assert_same_rows(&undisturbed, &run, &format!("{name}, seed {seed}: saving disturbs nobody"));
            for (time, snapshot) in times.iter().zip(&snapshots) {
                let (read, expected) = (through_text(snapshot), undisturbed.from(*time));
                for on in HOSTS {
                    let what = format!("{name}, seed {seed}: saved at {time}, goes on {on:?}");
                    assert_same_rows(&expected, &go_on(&plan, on, &read, Outside::Nothing), &what);
                }
            }
        }
    }
}

#[test]
fn what_follows_from_measured_frequencies_and_prices_goes_on_as_well() {
    let mut plan = plan(&busy("30h", "15m", 4));
    let is_high = [at(&plan, 10.0), at(&plan, 14.0)];
    measure(&mut plan, "frequency", "Hz", Span::MINUTE, |time| {
        if is_high[0] <= time && time < is_high[1] { 50.7 } else { 50.0 }
    });
    measure(&mut plan, "price", "EUR/MWh", Span::HOUR, |time| (time.0 / Span::HOUR.0 % 37) as f64);
    measure(&mut plan, "co2", "g/kWh", Span::HOUR, |time| (time.0 / Span::HOUR.0 % 41) as f64);
    // While inverters hold to what they gave at the crossing; before, at and after the midnight at which feeds change.
    let times = [12.0, 23.75, 24.0, 24.5, 25.0].map(|hours| at(&plan, hours));
    let undisturbed = sweep(&plan, Outside::Nothing);
    let (_, snapshots) = watch(&plan, On::Sweep, Outside::Nothing, &times);
    assert!(snapshots[0].to_json().contains("\"crossing_kw\":3."), "plants give less than they could");
    for (time, snapshot) in times.iter().zip(&snapshots) {
        for on in [On::Sweep, On::Live(2)] {
            let found = go_on(&plan, on, &through_text(snapshot), Outside::Nothing);
            assert_same_rows(&undisturbed.from(*time), &found, &format!("saved at {time}, goes on {on:?}"));
        }
    }
}

#[test]
fn both_hosts_save_the_same() {
    for (name, plan) in plans(7) {
        let times = instants(&plan, 7, 2);
        let (_, expected) = watch(&plan, On::Sweep, Outside::Nothing, &times);
        for threads in [1, 2] {
            let (_, found) = watch(&plan, On::Live(threads), Outside::Nothing, &times);
            for ((time, expected), found) in times.iter().zip(&expected).zip(&found) {
                assert!(expected == found, "{name}, {threads} threads: {time}");
            }
        }
    }
}

#[test]
fn snapshots_hold_what_makes_them_worth_testing() {
    let plan = plan(&busy("1d", "15m", 1));
    let (_, snapshots) = watch(&plan, On::Sweep, Outside::Nothing, &[at(&plan, 13.0), at(&plan, 19.0)]);
    let texts: Vec<_> = snapshots.iter().map(Snapshot::to_json).collect();
    let holds = |word: &str| texts.iter().any(|text| text.contains(word));
    for word in [
        "\"place\":\"plugged\"",
        "\"driving\"",
        "\"demand_response\":",
        "\"positions\":{\"",
        "\"minutes\":[]",
        "\"commands\":[{",
    ] {
        assert!(holds(word), "no {word} in any of the snapshots");
    }
}

fn setpoint(target: &str, power_kw: f64, from: Time, length: Span) -> Input {
    let (priority, directive) = (Priority::Operator, Directive::Setpoint(Value::Constant(power_kw)));
    let source = ParticipantId::OUTSIDE;
    let command = Command { source, priority, directive, effective: from, expires: from + length };
    Input::Command { target: target.into(), command, origin: None }
}

#[test]
fn commands_that_wait_and_those_that_follow_are_taken_as_in_the_undisturbed_run() {
    let plan = plan(&martinique("1d", "15m", 3));
    let say = |hours, target, power_kw| {
        (at(&plan, hours), setpoint(target, power_kw, at(&plan, hours + 0.5), Span::HOUR * 2))
    };
    let script =
        [say(9.0, "bat_01", 7.0), say(10.0, "bat_02", -1.0 / 3.0), say(10.25, "bat_03", 5.0), say(12.0, "bat_04", 2.0)];
    let undisturbed = sweep(&plan, Outside::Script(&script));
    let time = at(&plan, 10.0);
    // In force, submitted for the next tick, and still to come.
    let (_, snapshots) = watch(&plan, On::Live(1), Outside::Script(&script), &[time]);
    let snapshot = through_text(&snapshots[0]);
    let replayed = snapshot.clone().with_inputs(&undisturbed.journal);
    for on in HOSTS {
        let spoken = go_on(&plan, on, &snapshot, Outside::Script(&script[2..]));
        assert_same_rows(&undisturbed.from(time), &spoken, &format!("{on:?}, spoken again"));
        assert_eq!(spoken.journal.entries(), &undisturbed.journal.entries()[1..], "the journal since the snapshot");
        let again = go_on(&plan, on, &replayed, Outside::Nothing);
        assert_same_rows(&undisturbed.from(time), &again, &format!("{on:?}, with the journal"));
    }
    let forgotten = go_on(&plan, On::Sweep, &snapshot, Outside::Nothing);
    assert_ne!(forgotten.rows, undisturbed.from(time).rows, "the commands that follow make a difference");
}

#[test]
fn who_was_put_out_stays_out() {
    leave_out_the_saboteurs_panics();
    let plan = plan(&busy("22h", "15m", 5));
    let (victims, struck_at) = ([id(&plan, "bat_02"), id(&plan, "evse_06")], at(&plan, 2.0));
    let strike =
        move |now: agents::Now, _, id| (now.time >= struck_at && victims.contains(&id)).then_some(Blow::PanicAlways);
    let mut host = LiveHost::new(&plan, 2).unwrap();
    host.sabotage(strike);
    let mut snapshot = None;
    let run = drive(&plan, Kernel::new(&plan), &mut host, Outside::Nothing, |kernel, host| {
        if kernel.now() == at(&plan, 12.0) {
            snapshot = Some(kernel.save(host));
        }
    });
    assert_eq!(run.events(EventCode::Quarantined).len(), 2);
    let snapshot = through_text(&snapshot.unwrap());
    for on in HOSTS {
        let found = go_on(&plan, on, &snapshot, Outside::Nothing);
        assert_same_rows(&run.from(at(&plan, 12.0)), &found, &format!("{on:?}"));
    }
}

#[test]
fn another_number_in_the_file_is_another_future() {
    let plan = plan(&martinique("12h", "15m", 1));
    let time = at(&plan, 6.0);
    let (run, snapshots) = watch(&plan, On::Sweep, Outside::Nothing, &[time]);
    let mut tree: serde_json::Value = serde_json::from_str(&snapshots[0].to_json()).unwrap();
    let energy_kwh = &mut tree["participants"]["bat_01"]["body"]["battery"]["unit"]["energy_kwh"];
    *energy_kwh = serde_json::json!(energy_kwh.as_f64().unwrap() + 1.0);
    let changed = Snapshot::from_json(&tree.to_string()).unwrap();
    let found = go_on(&plan, On::Sweep, &changed, Outside::Nothing);
    let energies = |run: &Run| run.readings(id(&plan, "bat_01"), time, time + plan.tick)[0].energy_kwh.unwrap();
    assert!((energies(&found) - energies(&run) - 1.0).abs() < 0.01);
}

/// The text of the error that refuses a snapshot; the host says the same where it can know.
#[track_caller]
fn refusal(plan: &Plan, snapshot: &Snapshot) -> String {
    Kernel::restore(plan, snapshot).err().expect("it is refused").to_string()
}

#[test]
fn what_is_no_snapshot_of_the_scenario_is_refused_with_a_reason() {
    let scenario = martinique("1d", "15m", 1);
    let of = |assignment: &str| {
        let mut scenario = martinique("1d", "15m", 1);
        set(&mut scenario, assignment);
        plan(&scenario)
    };
    let planned = plan(&scenario);
    let (_, snapshots) = watch(&planned, On::Sweep, Outside::Nothing, &[at(&planned, 12.0)]);
    let (snapshot, text) = (&snapshots[0], snapshots[0].to_json());
    let more = of("battery.bat_11={ commune = \"Le Marin\", capacity_kwh = 10.0, power_kw = 5.0 }");
    for (found, expected) in [
        (refusal(&more, snapshot), "the scenario has the participant `bat_11`, the snapshot does not"),
        (
            refusal(&of("battery.bat_03.site=shared"), snapshot),
            "the snapshot has the participant `prosumer_bat_03`, the scenario does not",
        ),
        (refusal(&of("run.duration=11h"), snapshot), "the snapshot is of 2026-03-20T16:00:00Z, but the run lasts from"),
        (refusal(&of("run.start=2026-03-21"), snapshot), "restore it into a run that goes on after it"),
        (refusal(&of("battery.bat_01.capacity_kwh=1"), snapshot), "kWh, but may hold 0.9"),
    ] {
        assert!(found.contains(expected), "{found}");
    }
    let refused = |text: &str| Snapshot::from_json(text).unwrap_err().to_string();
    let version = text.replacen("\"version\":4", "\"version\":1", 1);
    assert!(refused(&version).starts_with("the snapshot has version 1, this program reads version 4"));
    assert!(refused("{\"version\":9,\"what\":[]}").starts_with("the snapshot has version 9"));
    assert!(refused(&text[..text.len() / 2]).starts_with("the snapshot can not be read: "), "truncated");
    assert!(refused("no snapshot").starts_with("the snapshot can not be read: "));
    let shapeless = text.replacen("\"reserve_soc\":", "\"reserve_sock\":", 1);
    let found = refused(&shapeless);
    assert!(found.contains("`bat_01`: missing field `reserve_soc` at line 1"), "{found}");
}
