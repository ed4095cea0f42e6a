//! Promises about chance: draws depend on the seed and on what they are for, not on who else is there.

use crate::rig::{Interval, Outside, Run, assert_same_rows, busy, martinique, plan, set, sweep};
use agents::reading::{AssetReading, AssetState, Signal};
use agents::record::{OrderRow, Record, SessionRow};
use agents::{Kind, ParticipantId, Time};
use scenarios::{Plan, Scenario};
use std::collections::BTreeMap;

#[test]
fn the_same_seed_gives_the_same_rows() {
    for scenario in [martinique("2d", "15m", 8), busy("2d", "15m", 8)] {
        let runs = [0, 1].map(|_| sweep(&plan(&scenario), Outside::Nothing));
        assert_same_rows(&runs[0], &runs[1], "once more");
    }
}

#[test]
fn another_seed_gives_other_weather_other_demand_other_trips_and_other_prices() {
    let (a, b) = (plan(&martinique("2d", "15m", 8)), plan(&martinique("2d", "15m", 9)));
    let (rows_a, rows_b) = (sweep(&a, Outside::Nothing), sweep(&b, Outside::Nothing));
    let (series_a, series_b) = (series(&a, &rows_a), series(&b, &rows_b));
    for (id, readings) in &series_a {
        let can_rest = id.starts_with("evse");
        assert!(can_rest || *readings != series_b[id], "{id} does not depend on the seed");
    }
    for signal in [Signal::Irradiance, Signal::Temperature, Signal::WindSpeed, Signal::ConsumptionPrice] {
        assert_ne!(signal_series(&rows_a, signal), signal_series(&rows_b, signal), "{signal:?}");
    }
}

/// The readings of every asset by its string id, without the dense one.
fn series(plan: &Plan, run: &Run) -> BTreeMap<String, Vec<AssetReading>> {
    let mut series: BTreeMap<String, Vec<AssetReading>> = BTreeMap::new();
    for reading in run.rows.iter().flat_map(|rows| &rows.assets) {
        let id = plan.participants[reading.asset.index()].id.clone();
        series.entry(id).or_default().push(AssetReading { asset: ParticipantId(0), ..*reading });
    }
    series
}

fn signal_series(run: &Run, signal: Signal) -> Vec<Option<f64>> {
    let value = |rows: &Interval| rows.signals.iter().find(|r| r.signal == signal).map(|r| r.value);
    run.rows.iter().map(value).collect()
}

/// Beginnings and ends of all charging sessions, by string ids.
fn sessions(plan: &Plan, run: &Run) -> Vec<(String, Time, Time)> {
    let session = |row: &SessionRow| (plan.participants[row.vehicle.index()].id.clone(), row.start, row.end);
    let sessions = run.records().filter_map(|record| match record {
        Record::Session(row) => Some(session(row)),
        _ => None,
    });
    sessions.collect()
}

/// Each prosumer's first order of each local day: its limit is that day's drawn reservation price, before any
/// order went unfilled.
fn first_orders(plan: &Plan, run: &Run) -> BTreeMap<(String, i64), OrderRow> {
    let mut first = BTreeMap::new();
    for record in run.records() {
        if let Record::Order(row) = record {
            let key = (plan.participants[row.participant.index()].id.clone(), plan.calendar.day(row.time));
            first.entry(key).or_insert(*row);
        }
    }
    first
}

/// The scenario with one battery more. The DSO asks for nothing: its requests depend on the island's load, and so on
/// what all batteries do together.
fn one_battery_more(scenario: &Scenario, id: &str) -> Scenario {
    let mut more = scenario.clone();
    set(&mut more, &format!("battery.{id}={{ commune = \"Saint-Joseph\", capacity_kwh = 100, power_kw = 50 }}"));
    more
}

/// Batteries share the portfolio's residual, so the powers of the other batteries may and do change. All else that is
/// drawn or follows from draws alone stays to the last digit: PV, loads, vehicles, charge points, weather, prices.
#[test]
fn one_battery_more_changes_no_draw_of_anyone_else() {
    let mut scenario = martinique("3d", "15m", 21);
    set(&mut scenario, "dso.load_control_above_mw=1e5");
    set(&mut scenario, "dso.demand_response_above_mw=1e5");
    let before = plan(&scenario);
    let rows_before = sweep(&before, Outside::Nothing);
    // One id sorts before all others and shifts every dense id, the other falls among the batteries.
    for id in ["a_battery", "bat_03b"] {
        let after = plan(&one_battery_more(&scenario, id));
        let rows_after = sweep(&after, Outside::Nothing);
        let (series_before, mut series_after) = (series(&before, &rows_before), series(&after, &rows_after));
        assert!(series_after.remove(id).is_some());
        assert_eq!(series_before.len(), series_after.len());
        for (asset, readings) in &series_before {
            if !asset.starts_with("bat") {
                assert_eq!(readings, &series_after[asset], "{asset} changed with {id}");
            }
        }
        for signal in Signal::ALL {
            assert_eq!(signal_series(&rows_before, signal), signal_series(&rows_after, signal), "{signal:?}, {id}");
        }
        let trips = sessions(&before, &rows_before);
        assert!(trips.len() > 10 && trips == sessions(&after, &rows_after), "sessions changed with {id}");
        assert_same_first_orders_of_pv((&before, &rows_before), (&after, &rows_after));
    }
}

/// PV sites order what they metered, at a limit that is drawn: neither depends on a battery.
#[track_caller]
fn assert_same_first_orders_of_pv(before: (&Plan, &Run), after: (&Plan, &Run)) {
    let (before, after) = (first_orders(before.0, before.1), first_orders(after.0, after.1));
    let of_pv = before.iter().filter(|((prosumer, _), _)| prosumer.starts_with("prosumer_pv"));
    let mut count = 0;
    for (key, order) in of_pv {
        let other = &after[key];
        let what = |row: &OrderRow| (row.time, row.slot, row.side, row.energy, row.limit);
        assert_eq!(what(order), what(other), "{key:?}");
        count += 1;
    }
    assert!(count >= 20, "only {count} first orders of PV sites");
}

#[test]
fn the_test_day_has_vehicles_on_the_road() {
    let plan = plan(&martinique("3d", "15m", 21));
    let series = series(&plan, &sweep(&plan, Outside::Nothing));
    let drives = |id: &&String| series[*id].iter().any(|reading| reading.state == AssetState::Driving);
    let vehicles = plan.participants.iter().filter(|participant| participant.role.kind() == Kind::Ev);
    assert!(vehicles.map(|vehicle| &vehicle.id).filter(drives).count() >= 8);
}
