//! Promises of planned storage: plans are recorded and followed, nothing is known before it happens, and what that costs is told.

use crate::rig::{Outside, Run, assert_same_rows, at, id, live, martinique, peace, plan, set, sweep};
use agents::record::{EventCode, PlanSlotRow, Record, ScheduleRow};
use agents::{ParticipantId, Span, Time};
use scenarios::{Plan, Scenario};
use std::collections::BTreeMap;

const SCHEDULE: &str = "ems.batteries=\"schedule\"";

fn planned(duration: &str, rules: &[&str]) -> Scenario {
    let mut scenario = martinique(duration, "15m", 12);
    // What batteries give at the DSO's request is not what they plan.
    set(&mut scenario, "dso.demand_response_above_mw=1e6");
    set(&mut scenario, SCHEDULE);
    rules.iter().for_each(|rule| set(&mut scenario, rule));
    scenario
}

fn lived(duration: &str, rules: &[&str]) -> (Plan, Run) {
    let plan = plan(&planned(duration, rules));
    let run = sweep(&plan, Outside::Nothing);
    (plan, run)
}

fn schedules(run: &Run) -> Vec<&ScheduleRow> {
    run.records().filter_map(|record| if let Record::Schedule(row) = record { Some(row) } else { None }).collect()
}

fn slots(run: &Run) -> Vec<&PlanSlotRow> {
    run.records().filter_map(|record| if let Record::PlanSlot(row) = record { Some(&**row) } else { None }).collect()
}

/// The power in force in each slot: that of the last plan made at or before its beginning.
fn in_force(rows: &[&ScheduleRow]) -> BTreeMap<(ParticipantId, Time), f64> {
    let told_in_time = rows.iter().filter(|row| row.time <= row.slot.start);
    told_in_time.map(|row| ((row.device, row.slot.start), row.power_kw)).collect()
}

#[test]
fn schedules_are_recorded_when_they_change_and_add_up_to_what_was_planned() {
    let (_, run) = lived("3d", &[]);
    let rows = schedules(&run);
    let mut known: BTreeMap<(ParticipantId, Time), f64> = BTreeMap::new();
    for row in &rows {
        let before = known.insert((row.device, row.slot.start), row.power_kw);
        assert!(before != Some(row.power_kw), "told twice: {row:?}");
    }
    let in_force = in_force(&rows);
    let mut seen = 0;
    for slot in slots(&run) {
        let Some(planned_kw) = slot.planned_kw else { continue };
        let told = in_force.iter().filter(|((_, start), _)| *start == slot.slot.start);
        let together_kw: f64 = told.map(|(_, power_kw)| power_kw).sum();
        // A change of less than a watt per battery is not told anew.
        assert!(
            (together_kw - planned_kw).abs() < 0.1,
            "{}: {together_kw} kW told, {planned_kw} planned",
            slot.slot.start
        );
        seen += usize::from(planned_kw.abs() > 1.0);
    }
    assert!(seen > 20, "batteries were planned to do something in {seen} slots only");
}

#[test]
fn batteries_do_together_what_was_planned_or_bring_the_meter_nearer_to_zero_or_an_event_says_why() {
    let (_, run) = lived("3d", &[]);
    let deviations = run.events(EventCode::PlanNotFollowed);
    assert!(run.events(EventCode::CommandRefused).is_empty(), "{:?}", run.events(EventCode::CommandRefused)[0]);
    let (mut kept, mut followed) = (0, 0);
    for slot in slots(&run) {
        let (Some(planned_kw), false) = (slot.planned_kw, deviations.iter().any(|event| event.time == slot.slot.end()))
        else {
            continue;
        };
        if (slot.storing_kw - planned_kw).abs() < 1.1 {
            kept += 1;
            continue;
        }
        let (without_kw, with_kw) = (slot.rest_kw + planned_kw, slot.rest_kw + slot.storing_kw);
        // One that is full or empty can do no more than let the rest be.
        let worst_kw = without_kw.abs().max(slot.rest_kw.abs());
        assert!(with_kw.abs() < worst_kw + 0.6, "{planned_kw} kW planned, {slot:?}");
        followed += 1;
    }
    assert!(kept > 100 && followed > 10, "{kept} slots as planned, {followed} by the meter");
    assert!(deviations.len() * 10 < kept, "{} deviations", deviations.len());
}

#[test]
fn each_day_is_held_against_perfect_foresight_and_forecasts_are_scored() {
    let (plan, run) = lived("3d", &[]);
    let days = run.records().filter_map(|record| if let Record::PlanDay(row) = record { Some(row) } else { None });
    let days: Vec<_> = days.collect();
    let starts: Vec<Time> = days.iter().map(|day| day.start).collect();
    assert_eq!(starts, [0.0, 24.0, 48.0].map(|hours| at(&plan, hours))[..days.len()]);
    assert!(days.len() >= 2, "days that are over have a row");
    for day in days {
        let regret_eur = day.cost_eur - day.best_eur;
        assert!(regret_eur > -0.1, "{day:?}: cheaper than in perfect foresight");
        assert!(regret_eur < 100.0, "{day:?}");
        let net_eur: f64 = slots(&run)
            .iter()
            .filter(|row| day.start <= row.slot.start && row.slot.start < day.time)
            .map(|row| {
                let energy_kwh = (row.rest_kw + row.storing_kw) * row.slot.length.hours();
                energy_kwh * if energy_kwh > 0.0 { row.prices.0 } else { row.prices.1 }
            })
            .sum();
        // The rest is wear: EUR 10 for a MWh through the terminals.
        assert!((0.0..20.0).contains(&(day.cost_eur - net_eur)), "{day:?}, energy {net_eur} EUR");
    }
    let scores =
        run.records().filter_map(|record| if let Record::ForecastScore(row) = record { Some(row) } else { None });
    let scores: Vec<_> = scores.collect();
    let leads = |hours: f64| -> Vec<(u32, u32)> {
        scores.iter().filter(|row| row.time == at(&plan, hours)).map(|row| row.leads).collect()
    };
    assert_eq!(leads(48.0), [(1, 1), (2, 2), (3, 4), (5, 8), (9, 16), (17, 32), (33, 64), (65, 96)]);
    assert!(scores.iter().all(|row| row.score.count() > 0));
}

#[test]
fn both_hosts_plan_the_same() {
    for rules in [&[][..], &["ems.vehicles=\"schedule\"", "schedule.replan=every-slot"], &["schedule.futures=4"]] {
        let plan = plan(&planned("2d", rules));
        let expected = sweep(&plan, Outside::Nothing);
        assert!(!schedules(&expected).is_empty());
        let (found, _) = live(&plan, 2, Outside::Nothing, peace);
        assert_same_rows(&expected, &found, &format!("{rules:?}"));
    }
}

/// What plans, schedules and forecasts said before an instant.
fn told_before(run: &Run, time: Time) -> Vec<&Record> {
    let is_before = |record: &&Record| match record {
        Record::Plan(row) => row.time < time,
        Record::Schedule(row) => row.time < time,
        Record::Forecast(row) => row.time < time,
        _ => false,
    };
    run.records().filter(is_before).collect()
}

#[test]
fn a_world_that_changes_later_is_planned_and_forecast_as_if_it_did_not() {
    let replans = ["daily", "on-news", "every-slot"].map(|replan| ("auto-regressive", replan, "futures=1"));
    let methods = ["persistence", "day-before", "week-before", "same-days", "smoothed"];
    let methods = methods.map(|method| (method, "on-news", "futures=1"));
    let strategies = ["futures=5", "peak_eur_per_kw=0.5", "import_limit_kw=15", "export_limit_kw=0", "caution=0.8"];
    let strategies = strategies.map(|strategy| ("auto-regressive", "on-news", strategy));
    for (forecast, replan, strategy) in replans.into_iter().chain(methods).chain(strategies) {
        let rules = [format!("forecast={forecast}"), format!("replan={replan}"), strategy.to_owned()];
        let rules = rules.map(|rule| format!("schedule.{rule}"));
        let rules: Vec<&str> = rules.iter().map(String::as_str).collect();
        let mut scenario = planned("2d", &rules);
        let expected = sweep(&plan(&scenario), Outside::Nothing);
        for number in 1..=9 {
            let fault =
                format!("{{ target = \"pv_0{number}\", kind = \"inverter_trip\", from = \"34h\", for = \"10h\" }}");
            set(&mut scenario, &format!("fault.trip_{number}={fault}"));
        }
        let plan = plan(&scenario);
        let found = sweep(&plan, Outside::Nothing);
        // The slot before the trips ends with them.
        let trips = at(&plan, 34.0) + Span(1);
        let (expected_told, found_told) = (told_before(&expected, trips), told_before(&found, trips));
        assert!(expected_told.len() > 100, "{rules:?}: {} rows", expected_told.len());
        assert_eq!(expected_told, found_told, "{rules:?}");
        let end = at(&plan, 48.0) + Span(1);
        assert!(told_before(&expected, end) != told_before(&found, end), "{rules:?}: the trips changed nothing");
        let battery = id(&plan, "bat_01");
        assert!(schedules(&found).iter().any(|row| row.device == battery));
    }
}
