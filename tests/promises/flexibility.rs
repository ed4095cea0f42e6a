//! Promises of the flexibility market: what was ordered relieves the congestion point, and every euro is accounted for.

use crate::rig::{Outside, Run, assert_same_rows, live, peace, plan, set, sweep};
use agents::record::{EventCode, FlexibilityRow, Record};
use market::reserve::Power;
use market::{Energy, Money, Price};
use scenarios::Scenario;
use std::path::Path;

/// The example: a commune whose evening peak exceeds what its feeder carries, and batteries kept for it.
fn feeder(tick: &str, duration: &str) -> Scenario {
    let text = include_str!("../../examples/flexibility.toml");
    let mut scenario = Scenario::parse(text, Path::new("flexibility.toml")).unwrap();
    set(&mut scenario, &format!("run.tick={tick}"));
    set(&mut scenario, &format!("run.duration={duration}"));
    scenario
}

fn lived(assignments: &[&str]) -> Run {
    let mut scenario = feeder("15m", "3d");
    assignments.iter().for_each(|assignment| set(&mut scenario, assignment));
    sweep(&plan(&scenario), Outside::Nothing)
}

fn rows(run: &Run) -> Vec<&FlexibilityRow> {
    fn row(record: &Record) -> Option<&FlexibilityRow> {
        if let Record::Flexibility(row) = record { Some(row) } else { None }
    }
    run.records().filter_map(row).collect()
}

fn sum_w(rows: &[&FlexibilityRow], of: fn(&FlexibilityRow) -> Power) -> i64 {
    rows.iter().map(|row| of(row).0.abs()).sum()
}

#[test]
fn where_flexibility_suffices_the_peak_falls_under_the_limit() {
    let run = lived(&[]);
    let rows = rows(&run);
    let (before_w, after_w) = (sum_w(&rows, |row| row.excess_before), sum_w(&rows, |row| row.excess));
    assert!(before_w > 1_000_000, "hardly any congestion: {before_w} W over all ISPs");
    assert!(after_w * 2 < before_w, "{after_w} W of {before_w} W are left");
    let (ordered_w, delivered_w) = (sum_w(&rows, |row| row.ordered), sum_w(&rows, |row| row.delivered));
    assert!(delivered_w * 100 >= ordered_w * 97, "{delivered_w} W of {ordered_w} W");
}

#[test]
fn a_request_that_can_not_be_met_is_told_with_what_is_missing() {
    let run = lived(&["fleet.feeder.count=1"]);
    let short = run.events(EventCode::FlexibilityShort);
    assert!(short.iter().any(|event| event.detail.contains("missing")), "{short:?}");
    let rows = rows(&run);
    assert!(sum_w(&rows, |row| row.ordered) < sum_w(&rows, |row| row.requested));
}

#[test]
fn what_is_paid_is_at_most_what_was_asked_and_in_proportion_to_delivery() {
    let run = lived(&["flexibility.tolerance_share=0"]);
    let rows = rows(&run);
    let quarter_wh = |power: Power| i128::from(power.0) * 15 / 60;
    for row in &rows {
        assert!(row.payment <= row.price + Money(1), "{row:?}");
        assert!(row.delivered.0.abs() <= row.ordered.0.abs(), "{row:?}");
        // The fine is by the energy missing, to a watt-hour.
        let missing_wh = -(quarter_wh(row.ordered) - quarter_wh(row.delivered));
        assert!(row.penalty >= Money(0) && missing_wh >= 0, "{row:?}");
        let least = Energy((missing_wh as i64 - 1).max(0)) * Price::from_eur_per_mwh(300.0);
        assert!(row.penalty >= least, "{row:?}");
    }
    assert!(rows.iter().map(|row| row.payment).sum::<Money>() > Money::ZERO);
}

#[test]
fn dear_offers_are_left_out() {
    let run = lived(&["flexibility.price_cap_eur_per_mwh=60"]);
    assert_eq!(sum_w(&rows(&run), |row| row.ordered), 0);
    assert!(!run.events(EventCode::FlexibilityShort).is_empty());
}

#[test]
fn both_hosts_give_the_same_flexibility() {
    let plan = plan(&feeder("15m", "2d"));
    let expected = sweep(&plan, Outside::Nothing);
    assert!(sum_w(&rows(&expected), |row| row.ordered) > 0);
    let (found, _) = live(&plan, 2, Outside::Nothing, peace);
    assert_same_rows(&expected, &found, "two threads");
}

#[test]
fn ticks_of_a_minute_and_of_a_quarter_hour_buy_the_same() {
    let [minutes, quarters] = ["60s", "15m"].map(|tick| sweep(&plan(&feeder(tick, "2d")), Outside::Nothing));
    let of = |run: &Run, of: fn(&FlexibilityRow) -> Power| sum_w(&rows(run), of) as f64;
    for figure in
        [|row: &FlexibilityRow| row.requested, |row: &FlexibilityRow| row.ordered, |row: &FlexibilityRow| row.delivered]
    {
        let (a, b) = (of(&minutes, figure), of(&quarters, figure));
        assert!((a / b - 1.0).abs() < 3e-3, "{a} W and {b} W");
    }
}
