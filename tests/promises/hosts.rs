//! Promises of the hosts: the same rows on any host and any number of threads, whatever befalls the actors.

use crate::rig::{
    Outside, Run, assert_same_rows, at, bazaar, busy, id, live, martinique, peace, plan, saboteur, set, street, sweep,
};
use agents::command::{Command, Directive, Priority, Value};
use agents::draw::lot;
use agents::reading::AssetState;
use agents::record::{EventCode, Record};
use agents::{Kind, Now, ParticipantId, Span, Time};
use scenarios::Plan;
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use twin::{Blow, Input};

const THREADS: [usize; 3] = [1, 2, 8];

/// A quiet day and a busy one in quarter hours, a busy evening in minutes, and a street with every model.
fn plans(seed: u64) -> Vec<(&'static str, Plan)> {
    let mut evening = busy("6h", "60s", seed);
    set(&mut evening, "run.start=2026-03-20T16:00:00-04:00");
    vec![
        ("a quiet day in quarter hours", plan(&martinique("1d", "15m", seed))),
        ("a busy day in quarter hours", plan(&busy("1d", "15m", seed))),
        ("a busy evening in minutes", plan(&evening)),
        ("a street of homes and shops", plan(&street("1d", "15m", seed))),
        ("a bazaar", plan(&bazaar("2d", "15m", seed))),
    ]
}

/// Equal rows say little when nothing happens.
#[track_caller]
fn assert_eventful(run: &Run, what: &str) {
    let has = |is: fn(&Record) -> bool| run.records().any(is);
    assert!(has(|record| matches!(record, Record::Trade(_))), "{what}: no trade");
    assert!(has(|record| matches!(record, Record::Settlement(_))), "{what}: no settlement");
    assert!(has(|record| matches!(record, Record::Session(_))), "{what}: no session");
    assert!(!run.events(EventCode::DemandResponse).is_empty(), "{what}: no demand response");
    assert!(!run.events(EventCode::LoadControl).is_empty(), "{what}: no load control");
}

#[test]
fn live_and_sweep_hosts_give_the_same_rows_on_any_number_of_threads() {
    for seed in [1, 7, 2026] {
        for (name, plan) in plans(seed) {
            let expected = sweep(&plan, Outside::Nothing);
            for threads in THREADS {
                let (found, restarts) = live(&plan, threads, Outside::Nothing, peace);
                assert_same_rows(&expected, &found, &format!("{name}, seed {seed}, {threads} threads"));
                assert_eq!(restarts, 0, "nobody was struck");
            }
        }
    }
}

#[test]
fn the_days_on_which_hosts_are_compared_are_eventful() {
    let run = sweep(&plan(&busy("2d", "15m", 1)), Outside::Nothing);
    assert_eventful(&run, "two busy days");
    let states: BTreeSet<_> = run.rows.iter().flat_map(|rows| &rows.assets).map(|reading| reading.state).collect();
    for state in [AssetState::Charging, AssetState::Discharging, AssetState::Driving, AssetState::Producing] {
        assert!(states.contains(&state), "nothing is ever {state}");
    }
}

/// Three seeds that always run, and one drawn anew; all are printed when they fail.
fn seeds_of_sabotage() -> [u64; 4] {
    [3, 17, 4711, RandomState::new().hash_one("sabotage")]
}

#[test]
fn actors_killed_or_panicking_at_random_leave_no_trace_in_the_rows() {
    for seed in seeds_of_sabotage() {
        for (name, plan) in plans(seed % 1000) {
            let expected = sweep(&plan, Outside::Nothing);
            for threads in THREADS {
                let what = format!("{name}, seed of sabotage {seed}, {threads} threads");
                let blows = Arc::new(AtomicU64::new(0));
                let (found, restarts) = live(&plan, threads, Outside::Nothing, saboteur(seed, 30, Arc::clone(&blows)));
                let blows = blows.load(Ordering::Relaxed);
                assert_same_rows(&expected, &found, &what);
                // A kill at the last step of an actor may not have been noticed by the end of the run.
                assert!(blows > 20 && restarts >= blows / 2, "{what}: {restarts} restarts after {blows} blows");
                assert_eq!(found.journal.entries(), [], "{what}: one blow is no reason to put anyone out");
            }
        }
    }
}

/// The rounds of the tick at `time` in which each participant steps.
fn steps_at(plan: &Plan, time: Time, outside: Outside<'_>) -> BTreeSet<(ParticipantId, u32)> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let witness = Arc::clone(&seen);
    live(plan, 1, outside, move |now: Now, round, id| {
        if now.time == time {
            witness.lock().unwrap().insert((id, round));
        }
        None
    });
    let seen = seen.lock().unwrap();
    seen.clone()
}

/// Makes the core of `victim` panic whenever it takes the step of this tick and round.
fn panic_always_at(
    time: Time,
    victim: ParticipantId,
    round: u32,
) -> impl FnMut(Now, u32, ParticipantId) -> Option<Blow> + Send + 'static {
    move |now, number, id| ((now.time, number, id) == (time, round, victim)).then_some(Blow::PanicAlways)
}

#[test]
fn whoever_panics_again_and_again_is_put_out_and_a_replay_of_that_on_the_sweep_host_gives_the_same_rows() {
    let plan = plan(&busy("22h", "15m", 5));
    // A gate of the market in the evening: everybody who ever has something to do has it then.
    let time = at(&plan, 19.0);
    let mut kinds = BTreeSet::new();
    for (victim, round) in steps_at(&plan, time, Outside::Nothing) {
        let participant = &plan.participants[victim.index()];
        let kind = participant.role.kind();
        // One of each kind and round will do, but for the energy manager's and the operator's, whose steps are few.
        if !kinds.insert((kind, round)) {
            continue;
        }
        let what = format!("{} struck in round {round}", participant.id);
        let (run, restarts) = live(&plan, 2, Outside::Nothing, panic_always_at(time, victim, round));
        assert_eq!(restarts, 2, "{what}: it had a second chance, and no third");
        assert_eq!(run.rows.len() as u64, plan.ticks(), "{what}: the run goes on");
        let quarantined: Vec<_> = run.events(EventCode::Quarantined).iter().map(|e| (e.time, e.participant)).collect();
        assert_eq!(quarantined, [(time, victim)], "{what}");
        let entries: Vec<_> = run.journal.entries().iter().map(|entry| (entry.tick, entry.input.clone())).collect();
        assert_eq!(entries, [(time, Input::Quarantine { participant: victim, round })], "{what}");
        let replayed = sweep(&plan, Outside::Replay(&run.journal));
        assert_same_rows(&run, &replayed, &what);
        assert_eq!(run.journal, replayed.journal, "{what}: a replay keeps the journal");
    }
    let struck: BTreeSet<_> = kinds.into_iter().map(|(kind, _)| kind).collect();
    for kind in [Kind::Battery, Kind::Evse, Kind::Ev, Kind::Retailer, Kind::MarketOperator, Kind::Prosumer, Kind::Ems] {
        assert!(struck.contains(&kind), "no {kind} steps at the chosen instant");
    }
    assert!(struck.contains(&Kind::Dso), "no DSO steps at the chosen instant");
}

#[test]
fn the_battery_of_a_core_that_is_put_out_rests() {
    let plan = plan(&martinique("20h", "15m", 1));
    let time = at(&plan, 12.0);
    let left_alone = sweep(&plan, Outside::Nothing);
    let works_in = |run: &Run, battery, from, until| {
        run.readings(battery, from, until).iter().any(|reading| reading.power_kw.abs() > 1.0)
    };
    // The energy manager has few of them work at a time.
    let is_busy = |battery: &ParticipantId| {
        works_in(&left_alone, *battery, plan.start, time) && works_in(&left_alone, *battery, time, plan.end)
    };
    let mut batteries = (1..=10).map(|number| id(&plan, &format!("bat_{number:02}")));
    let battery = batteries.find(is_busy).expect("left alone one has work to do before and after");
    let works = |run: &Run, from, until| works_in(run, battery, from, until);
    let (run, _) = live(&plan, 2, Outside::Nothing, panic_always_at(time, battery, 0));
    assert!(works(&run, plan.start, time), "it works before");
    let after = run.readings(battery, time, plan.end);
    assert_eq!(after.len(), 32);
    for reading in after {
        assert_eq!((reading.setpoint_kw, reading.state), (Some(0.0), AssetState::Idle));
        assert!((0.045..0.2).contains(&reading.power_kw), "standby and cooling, nothing else: {reading:?}");
    }
}

#[test]
fn the_charge_point_of_a_core_that_is_put_out_gives_no_power() {
    let plan = plan(&martinique("4h", "15m", 1));
    let (evse, time) = (id(&plan, "evse_06"), at(&plan, 1.0));
    let quiet = sweep(&plan, Outside::Nothing);
    let left_alone = quiet.readings(evse, at(&plan, 0.0), at(&plan, 2.0));
    assert!(left_alone[1..].iter().all(|reading| reading.power_kw > 5.0), "left alone it charges on: {left_alone:?}");
    let (_, round) = *steps_at(&plan, time, Outside::Nothing).iter().find(|(id, _)| *id == evse).unwrap();
    let (run, _) = live(&plan, 2, Outside::Nothing, panic_always_at(time, evse, round));
    assert!(run.readings(evse, time, plan.end).iter().all(|reading| reading.power_kw == 0.0));
}

#[test]
fn the_inverter_of_a_core_that_is_put_out_produces_all_it_can() {
    let plan = plan(&martinique("14h", "15m", 1));
    let (pv, noon) = (id(&plan, "pv_01"), at(&plan, 12.0));
    let limit = |from: Time, limit_kw| Input::Command {
        target: "pv_01".into(),
        command: Command {
            source: ParticipantId::OUTSIDE,
            priority: Priority::Operator,
            directive: Directive::ExportLimit(Value::Constant(limit_kw)),
            effective: from,
            expires: plan.end,
        },
        origin: None,
    };
    let (morning, tick) = (at(&plan, 10.0), plan.tick);
    // The second command is what it panics on.
    let script = [(morning - tick, limit(morning, 0.2)), (noon - tick, limit(noon, 0.1))];
    let (run, _) = live(&plan, 2, Outside::Script(&script), panic_always_at(noon, pv, 0));
    let states =
        |from, until| -> BTreeSet<_> { run.readings(pv, from, until).iter().map(|reading| reading.state).collect() };
    assert_eq!(states(morning, noon), [AssetState::Curtailed].into());
    assert_eq!(states(noon, plan.end), [AssetState::Producing].into());
    assert_same_rows(&run, &sweep(&plan, Outside::Replay(&run.journal)), "a command and a quarantine at one tick");
}

#[test]
fn several_participants_put_out_at_random_rounds_replay_to_the_same_rows() {
    for seed in seeds_of_sabotage() {
        let plan = plan(&busy("1d", "15m", 5));
        let strike = move |now: Now, round, id: ParticipantId| {
            let step = lot(lot(seed, now.time.0), i64::from(round) << 32 | i64::from(id.0));
            step.is_multiple_of(300).then_some(Blow::PanicAlways)
        };
        let (run, _) = live(&plan, 2, Outside::Nothing, strike);
        let out = run.journal.entries().len();
        assert!(out >= 3, "only {out} put out under seed {seed}");
        let what = format!("{out} put out under seed {seed}");
        assert_same_rows(&run, &sweep(&plan, Outside::Replay(&run.journal)), &what);
        let (again, _) = live(&plan, 2, Outside::Replay(&run.journal), peace);
        assert_same_rows(&run, &again, &what);
        assert!(run.rows.last().unwrap().start == plan.end - Span::from_minutes(15));
    }
}
