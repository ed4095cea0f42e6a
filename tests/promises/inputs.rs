//! Promises about what comes from outside: journaled, replayed to the same rows, refused with a reason.

use crate::rig::{Keep, Outside, Run, assert_same_rows, at, busy, id, live, martinique, peace, plan, saboteur, sweep};
use agents::command::{Command, Directive, Priority, Value};
use agents::draw::lot;
use agents::reading::{AssetState, round_power_kw};
use agents::record::EventCode;
use agents::series::Series;
use agents::{MeterId, ParticipantId, Span, Time};
use scenarios::Plan;
use std::sync::Arc;
use twin::{Input, Journal, Kernel, KernelError};

fn command(target: &str, priority: Priority, directive: Directive, from: Time, length: Span) -> Input {
    let source = ParticipantId::OUTSIDE;
    let command = Command { source, priority, directive, effective: from, expires: from + length };
    Input::Command { target: target.into(), command, origin: None }
}

fn setpoint(power_kw: f64) -> Directive {
    Directive::Setpoint(Value::Constant(power_kw))
}

/// A day on which an operator has much to say; each input with the instant at which it is submitted.
fn script(plan: &Plan) -> Vec<(Time, Input)> {
    let hour = Span::HOUR;
    let say = |submitted_h: f64, target: &str, priority, directive| {
        let from = at(plan, submitted_h) + plan.tick;
        (at(plan, submitted_h), command(target, priority, directive, from, hour))
    };
    let ramp = Series { start: at(plan, 13.0), step: Span::from_minutes(15), values: [0.4, 0.3, 0.2, 0.1].into() };
    let expired = command("bat_05", Priority::Operator, setpoint(1.0), at(plan, 8.0), hour);
    let later = command("bat_06", Priority::Operator, setpoint(-7.0), at(plan, 20.0), hour);
    vec![
        say(6.0, "bat_07", Priority::Local, setpoint(3.0)),
        say(9.75, "bat_03", Priority::Operator, setpoint(12.345_678_901_234_567)),
        (at(plan, 9.75), later),
        say(10.0, "bat_04", Priority::Operator, setpoint(f64::NAN)),
        (at(plan, 10.0), expired),
        say(10.5, "pv_02", Priority::Operator, setpoint(-1.0)),
        say(11.75, "pv_01", Priority::Operator, Directive::ExportLimit(Value::Constant(0.5))),
        say(11.75, "pv_01", Priority::Local, Directive::ExportLimit(Value::Constant(0.25))),
        say(12.75, "pv_03", Priority::Operator, Directive::ExportLimit(Value::Series(ramp))),
        say(13.0, "load_97209", Priority::DsoEmergency, Directive::ImportLimit(Value::Constant(1000.0 / 3.0))),
        say(14.0, "bat_08", Priority::Safety, Directive::FollowMeter { meter: MeterId::Island, share: 1e-3 }),
        say(18.0, "evse_01", Priority::Operator, setpoint(1.0 / 7.0)),
    ]
}

#[test]
fn a_day_of_external_commands_replays_from_its_journal_to_the_same_rows_on_the_other_host() {
    for (name, scenario) in [("quiet", martinique("1d", "15m", 11)), ("busy", busy("1d", "15m", 11))] {
        let plan = plan(&scenario);
        let script = script(&plan);
        let swept = sweep(&plan, Outside::Script(&script));
        let (lived, restarts) = live(&plan, 2, Outside::Script(&script), saboteur(5, 50, Arc::default()));
        assert!(restarts > 20, "actors die on such a day, too");
        assert_same_rows(&swept, &lived, &format!("{name}: the same inputs on both hosts"));
        for (run, told) in [(&swept, "as it is"), (&lived, "read back from its file")] {
            let text = run.journal.to_json_lines();
            let journal =
                if told == "as it is" { run.journal.clone() } else { Journal::from_json_lines(&text).unwrap() };
            assert_eq!(journal.entries().len(), script.len(), "every input is in the journal");
            assert_same_rows(&swept, &sweep(&plan, Outside::Replay(&journal)), &format!("{name}: sweep, {told}"));
            let (replayed, _) = live(&plan, 2, Outside::Replay(&journal), peace);
            assert_same_rows(&swept, &replayed, &format!("{name}: live, {told}"));
            assert_eq!(replayed.journal.to_json_lines(), text, "{name}: a replay keeps the journal");
        }
    }
}

fn day_of_commands() -> (Plan, Run) {
    let plan = plan(&martinique("1d", "15m", 11));
    let run = sweep(&plan, Outside::Script(&script(&plan)));
    (plan, run)
}

#[test]
fn an_operators_setpoint_wins_over_the_energy_manager_for_its_hour_and_an_event_says_so() {
    let (plan, run) = day_of_commands();
    let (battery, from) = (id(&plan, "bat_03"), at(&plan, 10.0));
    let during = run.readings(battery, from, from + Span::HOUR);
    assert_eq!(during.len(), 4);
    for reading in during {
        assert_eq!((reading.power_kw, reading.setpoint_kw), (12.346, Some(12.346)));
    }
    let after = run.readings(battery, from + Span::HOUR, from + Span::HOUR * 2);
    assert!(after.iter().all(|reading| reading.power_kw != 12.346), "then it follows the meter again: {after:?}");
    let overruled = run.events(EventCode::CommandOverruled);
    let of_the_battery: Vec<_> = overruled.iter().filter(|event| event.participant == battery).collect();
    assert_eq!(of_the_battery.len(), 1, "told once, not every quarter hour: {overruled:?}");
    assert_eq!(of_the_battery[0].time, from);
    assert_eq!(of_the_battery[0].detail, "setpoint of priority EMS lost to one of priority operator");
}

#[test]
fn a_command_given_ahead_takes_effect_at_its_instant() {
    let (plan, run) = day_of_commands();
    let (battery, from) = (id(&plan, "bat_06"), at(&plan, 20.0));
    let setpoints = |from, until| -> Vec<_> {
        run.readings(battery, from, until).iter().map(|reading| reading.setpoint_kw).collect()
    };
    assert!(setpoints(from - Span::HOUR, from).iter().all(|setpoint| *setpoint != Some(-7.0)));
    assert_eq!(setpoints(from, from + Span::HOUR), [Some(-7.0); 4]);
    assert!(setpoints(from + Span::HOUR, plan.end).iter().all(|setpoint| *setpoint != Some(-7.0)));
}

#[test]
fn a_local_setpoint_loses_to_the_energy_manager_and_an_event_says_so() {
    let (plan, run) = day_of_commands();
    let battery = id(&plan, "bat_07");
    let overruled = run.events(EventCode::CommandOverruled);
    let event = overruled.iter().find(|event| event.participant == battery).unwrap();
    assert_eq!(event.time, at(&plan, 6.25));
    assert_eq!(event.detail, "setpoint of priority local lost to one of priority EMS");
}

#[test]
fn limits_intersect_and_follow_their_schedule() {
    let (plan, run) = day_of_commands();
    let noon = at(&plan, 12.0);
    for reading in run.readings(id(&plan, "pv_01"), noon, noon + Span::HOUR) {
        assert_eq!((reading.power_kw, reading.setpoint_kw), (-0.25, Some(-0.25)));
        assert_eq!(reading.state, AssetState::Curtailed);
    }
    let ramp = run.readings(id(&plan, "pv_03"), at(&plan, 13.0), at(&plan, 14.0));
    let setpoints: Vec<_> = ramp.iter().map(|reading| reading.setpoint_kw).collect();
    assert_eq!(setpoints, [-0.4, -0.3, -0.2, -0.1].map(Some));
    let limited = run.readings(id(&plan, "load_97209"), at(&plan, 13.25), at(&plan, 14.25));
    assert_eq!(limited.len(), 4);
    for reading in limited {
        assert_eq!((reading.power_kw, reading.state), (round_power_kw(1000.0 / 3.0), AssetState::Limited));
    }
}

#[test]
fn what_can_not_be_meant_is_refused_with_its_reason_and_changes_nothing_else() {
    let (plan, run) = day_of_commands();
    let refused: Vec<_> = run
        .events(EventCode::CommandRefused)
        .iter()
        .map(|event| (plan.participants[event.participant.index()].id.clone(), event.detail.clone()))
        .collect();
    let refusal = |id: &str, reason: &str| (id.to_string(), format!("command of priority operator refused: {reason}"));
    assert_eq!(
        refused,
        [
            refusal("bat_04", "its value is not a finite number: send kW as a finite number"),
            refusal("bat_05", "it has expired, or ends before it takes effect"),
            refusal("pv_02", "this device takes limits only, no setpoint and no meter to follow"),
        ]
    );
    let meant: Vec<_> = script(&plan)
        .into_iter()
        .filter(|(_, input)| match input {
            Input::Command { target, .. } => !["bat_04", "bat_05", "pv_02"].contains(&target.as_str()),
            _ => true,
        })
        .collect();
    let without = sweep(&plan, Outside::Script(&meant));
    for (with, without) in run.rows.iter().zip(&without.rows) {
        assert_eq!((&with.assets, &with.sites), (&without.assets, &without.sites));
    }
}

#[test]
fn every_input_is_taken_by_the_tick_the_journal_names_and_an_event_says_so() {
    let (plan, run) = day_of_commands();
    let journaled: Vec<_> = run.journal.entries().iter().map(|entry| entry.tick).collect();
    let expected: Vec<_> = script(&plan).iter().map(|(submitted, _)| *submitted + plan.tick).collect();
    assert_eq!(journaled, expected);
    let taken: Vec<_> = run.events(EventCode::InputTaken).iter().map(|event| event.time).collect();
    assert_eq!(taken, expected);
}

#[test]
fn an_unknown_target_is_refused_at_the_door_and_not_journaled() {
    let plan = plan(&martinique("1d", "15m", 1));
    let mut kernel = Kernel::new(&plan);
    let stray = command("bat_99", Priority::Operator, setpoint(1.0), plan.start, Span::HOUR);
    let refused = kernel.submit(stray).unwrap_err();
    assert!(matches!(&refused, KernelError::UnknownTarget(target) if target == "bat_99"), "{refused}");
    let nobody = Input::Quarantine { participant: ParticipantId(10_000), round: 0 };
    assert!(matches!(kernel.submit(nobody), Err(KernelError::UnknownTarget(_))));
    assert_eq!(kernel.journal().entries(), []);
}

#[test]
fn a_journal_file_keeps_every_number_to_its_last_bit() {
    let plan = plan(&martinique("1d", "15m", 1));
    let mut kernel = Kernel::new(&plan);
    for index in 0..10_000 {
        // Any mantissa, in the range of powers.
        let power_kw = f64::from_bits(lot(1, index) >> 12 | 0x4030_0000_0000_0000) - 20.0;
        kernel.submit(command("bat_03", Priority::Operator, setpoint(power_kw), plan.start, Span::HOUR)).unwrap();
    }
    let journal = kernel.journal();
    let read = Journal::from_json_lines(&journal.to_json_lines()).unwrap();
    for (written, read) in journal.entries().iter().zip(read.entries()) {
        assert_eq!(written, read);
    }
    assert_eq!(journal.entries().len(), read.entries().len());
}

#[test]
fn a_journal_that_begins_in_the_past_is_refused_whole() {
    let plan = plan(&martinique("2h", "15m", 1));
    let mut kernel = Kernel::new(&plan);
    kernel.submit(command("bat_03", Priority::Operator, setpoint(1.0), plan.start, Span::HOUR)).unwrap();
    let journal = kernel.journal().clone();
    let mut late = Kernel::new(&plan);
    let mut host = twin::SweepHost::new(&plan, late.world_mut());
    late.tick(&mut host, &mut Keep::default()).unwrap();
    assert!(matches!(late.replay(&journal), Err(KernelError::JournalTooEarly { .. })));
    assert_eq!(late.journal().entries(), []);
}

#[test]
fn an_input_submitted_while_a_journal_has_later_ones_in_store_is_taken_by_the_next_tick() {
    let plan = plan(&martinique("3h", "15m", 1));
    let late = command("bat_03", Priority::Operator, setpoint(5.0), at(&plan, 2.0), Span::HOUR);
    let noted = sweep(&plan, Outside::Script(&[(at(&plan, 1.75), late)]));
    let mut kernel = Kernel::new(&plan);
    let mut host = twin::SweepHost::new(&plan, kernel.world_mut());
    kernel.replay(&noted.journal).unwrap();
    let early = command("bat_04", Priority::Operator, setpoint(4.0), plan.start, Span::HOUR);
    assert_eq!(kernel.submit(early).unwrap(), plan.start);
    let mut rows = Keep::default();
    while !kernel.is_over() {
        kernel.tick(&mut host, &mut rows).unwrap();
    }
    let power = |index: usize, name| {
        let asset = id(&plan, name);
        rows.0[index].assets.iter().find(|reading| reading.asset == asset).unwrap().power_kw
    };
    assert_eq!((power(0, "bat_04"), power(8, "bat_03")), (4.0, 5.0));
    let ticks: Vec<_> = kernel.journal().entries().iter().map(|entry| entry.tick).collect();
    assert!(ticks.is_sorted(), "a journal that can be written and read again: {ticks:?}");
}
