//! What a runner makes of a script: when it asks and looks, what holds, and that whatever is expected can fail.
//!
//! The twin is a few rows made by hand: a battery whose power is that of the minute, and whatever else a test says.

use agents::face::{Answer, Asked, Verdict};
use agents::fault::FaultKind;
use agents::reading::{AssetReading, AssetState, FaultReading, Link, Signal, SignalReading, SiteReading};
use agents::record::{Catalogue, Event, EventCode, IntervalRows, Record};
use agents::{ParticipantId, SiteId, Span, Time};
use scenarios::script::{Check, Outcome, Runner, Script};
use scenarios::{Plan, Scenario};
use std::path::Path;

const HEAD: &str = "version = 1\nname = \"a test\"\nscenario = \"martinique-day\"\ntick = \"1m\"\n";

fn plan() -> Plan {
    Scenario::load("martinique-day").expect("it is built in").resolve(&[]).expect("it is right")
}

fn script(steps: &str) -> Script {
    let catalogue = plan().catalogue();
    let mut resolve = |_| Ok::<Catalogue, _>(catalogue.clone());
    Script::parse(&format!("{HEAD}{steps}"), Path::new("test.toml"), &[], &mut resolve).expect(steps)
}

/// What is so in a minute after the start, of the battery `bat_01` and its site; and what is asked is answered so.
struct Twin {
    power_kw: fn(i64) -> f64,
    state: fn(i64) -> AssetState,
    shown_kw: Option<fn(i64) -> Option<f64>>,
    events: Vec<(i64, EventCode, &'static str)>,
    answer: (Verdict, Option<&'static str>),
}

impl Default for Twin {
    fn default() -> Self {
        Self {
            power_kw: |minute| minute as f64,
            state: |minute| if minute < 5 { AssetState::Idle } else { AssetState::Charging },
            shown_kw: None,
            events: Vec::new(),
            answer: (Verdict::Accepted, None),
        }
    }
}

impl Twin {
    /// Goes through a script for an hour at most.
    fn play(&self, script: &Script) -> Vec<Check> {
        let plan = plan();
        let (bat, start) = (plan.participant("bat_01").expect("it is there"), plan.start);
        let site = plan.sites.iter().position(|site| site.name == "bat_01").expect("it is there");
        let mut runner = Runner::new(script, start);
        for minute in 0..60 {
            let tick = start + Span::from_minutes(minute + 1);
            let asked = runner.request(tick);
            self.rows(&mut runner, bat, SiteId(site as u32), minute, start);
            if let Some(request) = asked {
                let (id, reply_to, (verdict, reason)) = (request.id, request.reply_to, self.answer);
                runner.answer(&Answer { id, reply_to, verdict, reason: reason.map(Into::into) });
            }
        }
        runner.fail(start + Span::HOUR, "the end of its time");
        runner.checks()
    }

    fn rows(&self, runner: &mut Runner<'_>, asset: ParticipantId, site: SiteId, minute: i64, start: Time) {
        let now = start + Span::from_minutes(minute);
        let power_kw = (self.power_kw)(minute);
        let (setpoint_kw, energy_kwh, reactive_kvar) = (None, Some(25.0), None);
        let state = (self.state)(minute);
        let reading = AssetReading { asset, power_kw, setpoint_kw, energy_kwh, reactive_kvar, state };
        let faults = self.shown_kw.iter().map(|shown| {
            let shown = shown(minute).map(|power_kw| AssetReading { power_kw, ..reading });
            let faults = vec![FaultKind::SensorBias];
            FaultReading { asset, faults, shown, clock_error: Span::ZERO, link: Link::default() }
        });
        let faults: Vec<_> = faults.collect();
        let (import_kwh, export_kwh, imbalance_kw) = (1.0, 0.0, 0.0);
        let sites = [SiteReading { site, power_kw: 2.0 * power_kw, import_kwh, export_kwh, imbalance_kw }];
        let signals = [SignalReading { signal: Signal::Irradiance, value: 800.0 }];
        let end = now + Span::MINUTE;
        let of_now = self.events.iter().filter(|(at, ..)| *at == minute);
        let event = |&(_, code, detail): &(i64, EventCode, &str)| {
            Record::Event(Event { time: end, participant: asset, code, detail: detail.into() })
        };
        let records: Vec<Record> = of_now.map(event).collect();
        runner.rows(&IntervalRows {
            start: now,
            length: Span::MINUTE,
            assets: &[reading],
            sites: &sites,
            signals: &signals,
            supply: &[],
            mirror: &[],
            faults: &faults,
            records: &records,
        });
    }
}

/// How each step turned out, at which minute, and what was seen.
fn told(checks: &[Check]) -> Vec<String> {
    let start = plan().start;
    let line = |check: &Check| {
        let outcome = match check.outcome {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Skipped => "skipped",
        };
        format!("{outcome} at {}: {}: {}", (check.time - start).0 / Span::MINUTE.0, check.what, check.saw)
    };
    checks.iter().map(line).collect()
}

fn play(twin: &Twin, steps: &str) -> Vec<String> {
    told(&twin.play(&script(steps)))
}

#[test]
fn steps_begin_at_their_time_or_after_the_step_before() {
    let steps = "[[step]]\nat = \"3m\"\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 3 }\n\
                 [[step]]\nafter = \"2m\"\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 5 }\nthroughout = \"1m\"\n\
                 [[step]]\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 6 }\n\
                 [[step]]\nexpect = { site = \"bat_01\", what = \"power_kw\", is = 12 }\n\
                 [[step]]\nat = \"10m\"\nset = \"bat_01\"\nsetpoint_kw = 3\n\
                 [[step]]\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 10 }\n";
    let expected = [
        "passed at 3: bat_01 power_kw is 3 ± 0.001: 3.000",
        "passed at 5: bat_01 power_kw is 5 ± 0.001 throughout 1m: 5.000",
        "passed at 6: bat_01 power_kw is 6 ± 0.001: 6.000",
        "passed at 6: site bat_01 power_kw is 12 ± 0.001: 12.000",
        // Taken by the tick at the tenth minute, and felt in the interval that begins there.
        "passed at 10: bat_01 setpoint 3 kW: accepted: accepted",
        "passed at 10: bat_01 power_kw is 10 ± 0.001: 10.000",
    ];
    assert_eq!(play(&Twin::default(), steps), expected);
}

#[test]
fn a_schedule_begins_with_the_tick_that_takes_it_and_lasts_as_long_as_its_list() {
    let script = script(
        "[[step]]\nat = \"5m\"\nset = \"bat_01\"\nsetpoint_kw = [1, 2]\nstep = \"10m\"\nanswer = \"accepted\"\n",
    );
    let start = plan().start;
    let mut runner = Runner::new(&script, start);
    assert_eq!(runner.request(start + Span::from_minutes(4)), None);
    let tick = start + Span::from_minutes(5);
    let request = runner.request(tick).expect("it is due");
    let Asked::Command { directive, lasts, .. } = request.asked else { panic!("it is a command") };
    assert_eq!(lasts.until(tick), tick + Span::from_minutes(20));
    assert!(format!("{directive:?}").contains(&format!("{tick:?}")), "{directive:?}");
    assert_eq!(runner.request(tick), None, "what was asked is not asked again");
}

/// A condition that holds, and a change of it that does not, with what is said then.
fn mutants() -> Vec<(&'static str, Twin, &'static str, &'static str, &'static str)> {
    let usual = Twin::default;
    let shown = || Twin { shown_kw: Some(|minute| Some(-minute as f64)), ..usual() };
    let silent = || Twin { shown_kw: Some(|_| None), ..usual() };
    let broken = || Twin { events: vec![(3, EventCode::FaultBegun, "sensor_bias")], ..usual() };
    let overruled = || Twin { answer: (Verdict::Overruled, Some("safety is in force")), ..usual() };
    let expect = "[[step]]\nat = \"4m\"\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 4 }\n";
    let state = "[[step]]\nat = \"5m\"\nexpect = { of = \"bat_01\", what = \"state\", is = \"charging\" }\n";
    let soc = "[[step]]\nexpect = { of = \"bat_01\", what = \"soc_percent\", between = [24, 25] }\n";
    let setpoint = "[[step]]\nexpect = { of = \"bat_01\", what = \"setpoint_kw\", is = \"nothing\" }\n";
    let shows = "[[step]]\nat = \"4m\"\nexpect = { of = \"bat_01\", what = \"power_kw\", is = -4, shown = true }\n";
    let shows_nothing = "[[step]]\nexpect = { of = \"bat_01\", what = \"power_kw\", is = \"nothing\", shown = true }\n";
    let signal = "[[step]]\nexpect = { signal = \"irradiance\", is = 800 }\n";
    let site = "[[step]]\nat = \"4m\"\nexpect = { site = \"bat_01\", what = \"power_kw\", above = 7.9 }\n";
    let holds =
        "[[step]]\nat = \"4m\"\nexpect = { of = \"bat_01\", what = \"power_kw\", below = 8 }\nthroughout = \"4m\"\n";
    let event = "[[step]]\nat = \"5m\"\nexpect = { event = \"fault_begun\", of = \"bat_01\", contains = \"bias\" }\n";
    let recent = "[[step]]\nat = \"5m\"\nexpect = { event = \"fault_begun\", since = \"3m\" }\n";
    let never = "[[step]]\nexpect = { event = \"fault_begun\", of = \"bat_02\", never = true }\nthroughout = \"9m\"\n";
    let wait = "[[step]]\nwait = { of = \"bat_01\", what = \"state\", is = \"charging\" }\nwithin = \"5m\"\n";
    let waits = "[[step]]\nwait = { event = \"fault_begun\" }\nwithin = \"4m\"\n";
    let answer = "[[step]]\nset = \"bat_01\"\nsetpoint_kw = 3\nanswer = \"accepted\"\n";
    let reason = "[[step]]\nset = \"bat_01\"\nsetpoint_kw = 3\nanswer = \"overruled\"\nreason_contains = \"safety\"\n";
    let order = "[[step]]\nat = \"2m\"\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 2 }\n\
                 [[step]]\nat = \"3m\"\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 3 }\n";
    vec![
        (expect, usual(), "is = 4 ", "is = 4.1 ", "saw 4.000"),
        (expect, usual(), "4m", "5m", "saw 5.000"),
        (expect, usual(), "is = 4 ", "is_not = 4.2, tolerance = 0.3 ", "saw 4.000"),
        (state, usual(), "charging", "idle", "saw charging"),
        (state, usual(), "5m", "4m", "saw idle"),
        (soc, usual(), "25", "24.9", "saw 25.000"),
        (setpoint, usual(), "\"nothing\"", "3", "saw nothing"),
        (setpoint, usual(), "is = \"nothing\"", "above = -5", "saw nothing"),
        (shows, shown(), ", shown = true", "", "saw 4.000"),
        (shows, shown(), "is = -4", "is = 4", "saw -4.000"),
        (shows_nothing, silent(), "\"nothing\"", "0", "saw nothing"),
        (signal, usual(), "800", "801", "saw 800.000"),
        (site, usual(), "above = 7.9", "above = 8", "saw 8.000"),
        (site, usual(), "above", "below", "saw 8.000"),
        (holds, usual(), "below = 8", "below = 7", "saw 7.000 after 3m"),
        (event, broken(), "bias", "drift", "saw no such event"),
        (event, broken(), "fault_begun", "fault_ended", "saw no such event"),
        (event, broken(), "bat_01", "bat_02", "saw no such event"),
        (event, broken(), "5m", "2m", "saw no such event"),
        (recent, broken(), "3m", "1m", "saw no such event"),
        (never, broken(), "bat_02", "bat_01", "saw fault_begun at 2026-03-20T04:04:00Z: sensor_bias after 3m"),
        (wait, usual(), "\"5m\"", "\"4m\"", "saw idle"),
        (wait, usual(), "charging", "discharging", "saw charging"),
        (waits, broken(), "\"4m\"", "\"2m\"", "saw no such event"),
        (answer, usual(), "accepted", "overruled", "saw accepted"),
        (reason, overruled(), "safety", "operator", "saw overruled: safety is in force"),
        (order, usual(), "is = 2", "is = 3", "saw 2.000"),
    ]
}

#[test]
fn every_kind_of_expectation_can_fail_and_says_what_was_seen() {
    for (steps, twin, old, new, saw) in mutants() {
        let right = twin.play(&script(steps));
        assert!(right.iter().all(|check| check.outcome == Outcome::Passed), "{steps}: {:?}", told(&right));
        assert!(steps.contains(old), "{steps}");
        let wrong = twin.play(&script(&steps.replace(old, new)));
        let failed: Vec<_> = wrong.iter().filter(|check| check.outcome == Outcome::Failed).collect();
        assert!(!failed.is_empty(), "{steps} with {new}: {:?}", told(&wrong));
        assert_eq!(format!("saw {}", failed[0].saw), saw, "{steps} with {new}");
    }
}

#[test]
fn a_wait_that_fails_ends_the_script_and_a_failed_expectation_does_not() {
    let steps = "[[step]]\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 7 }\n\
                 [[step]]\nwait = { of = \"bat_01\", what = \"power_kw\", is = -1 }\nwithin = \"2m\"\n\
                 [[step]]\nset = \"bat_01\"\nsetpoint_kw = 3\n";
    let expected = [
        "failed at 0: bat_01 power_kw is 7 ± 0.001: 0.000",
        "failed at 2: bat_01 power_kw is -1 ± 0.001 within 2m: 2.000",
        "skipped at 2: bat_01 setpoint 3 kW: accepted: not reached: the script was over before",
    ];
    assert_eq!(play(&Twin::default(), steps), expected);
}

#[test]
fn a_script_whose_time_is_over_has_failed_at_the_step_that_it_had_reached() {
    let steps = "[[step]]\nexpect = { signal = \"irradiance\", above = 1 }\nthroughout = \"30m\"\n\
                 [[step]]\nwait = { of = \"bat_01\", what = \"power_kw\", is = -1 }\nwithin = \"2h\"\n\
                 [[step]]\nplug = \"ev_01\"\n";
    let told = play(&Twin::default(), steps);
    assert_eq!(told[0], "passed at 29: irradiance is above 1 throughout 30m: 800.000");
    assert_eq!(told[1], "failed at 60: bat_01 power_kw is -1 ± 0.001 within 2h: the end of its time");
    assert!(told[2].starts_with("skipped at 60: ev_01 plug in: accepted"), "{}", told[2]);
}

#[test]
fn an_event_counts_since_the_last_step_that_asked_or_waited_for_something() {
    let twin =
        Twin { events: vec![(1, EventCode::FaultBegun, "x"), (6, EventCode::FaultEnded, "x")], ..Twin::default() };
    let steps = "[[step]]\nat = \"2m\"\nset = \"bat_01\"\nsetpoint_kw = 3\n\
                 [[step]]\nexpect = { event = \"fault_begun\" }\n\
                 [[step]]\nafter = \"1m\"\nwait = { event = \"fault_ended\" }\nwithin = \"10m\"\n\
                 [[step]]\nexpect = { event = \"fault_ended\" }\n\
                 [[step]]\nexpect = { event = \"fault_begun\", never = true }\n\
                 [[step]]\nat = \"9m\"\nset = \"bat_01\"\nsetpoint_kw = 3\n\
                 [[step]]\nexpect = { event = \"fault_ended\", never = true }\n";
    let outcomes: Vec<_> =
        play(&twin, steps).iter().map(|line| line.split(' ').next().unwrap_or("").to_owned()).collect();
    assert_eq!(outcomes, ["passed"; 7], "{:?}", play(&twin, steps));
}
