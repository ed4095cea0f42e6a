//! Promises of forks: a snapshot brought onto a changed scenario keeps what has come about, and obeys what was changed.

use crate::rig::{Interval, Outside, Run, assert_same_rows, at, busy, drive, id, martinique, plan, set, sweep};
use agents::record::Record;
use agents::{Kind, Span, Time};
use scenarios::{Plan, Scenario};
use twin::{Kernel, Snapshot, SweepHost};

/// A snapshot of a run at this instant.
fn saved_at(plan: &Plan, time: Time) -> Snapshot {
    let mut kernel = Kernel::new(plan);
    let mut host = SweepHost::new(plan, kernel.world_mut());
    let mut snapshot = None;
    drive(plan, kernel, &mut host, Outside::Nothing, |kernel, host| {
        if kernel.now() == time {
            snapshot = Some(kernel.save(host));
        }
    });
    snapshot.unwrap()
}

fn go_on(plan: &Plan, snapshot: &Snapshot) -> Run {
    let read = Snapshot::from_json(&snapshot.to_json()).unwrap();
    let mut kernel = Kernel::restore(plan, &read).unwrap();
    let mut host = SweepHost::restore(plan, &read, kernel.world_mut()).unwrap();
    drive(plan, kernel, &mut host, Outside::Nothing, |_, _| {})
}

/// A scenario with these assignments on top.
fn changed(mut scenario: Scenario, assignments: &[&str]) -> Plan {
    for assignment in assignments {
        set(&mut scenario, assignment);
    }
    plan(&scenario)
}

#[test]
fn a_fork_into_the_same_scenario_is_the_undisturbed_run() {
    let plan = plan(&busy("1d", "15m", 2));
    let time = at(&plan, 18.25);
    let snapshot = saved_at(&plan, time);
    let fork = snapshot.onto(&plan, &plan).unwrap();
    assert!(fork == snapshot, "nothing is changed");
    let undisturbed = sweep(&plan, Outside::Nothing).from(time);
    assert_same_rows(&undisturbed, &go_on(&plan, &fork), "the same scenario");
    let longer = changed(busy("1d", "15m", 2), &["run.duration=26h"]);
    let found = go_on(&longer, &snapshot.onto(&plan, &longer).unwrap());
    // The invoices of the month under way are made when the run is over.
    let but_for_invoices = |rows: &[Interval]| {
        let mut rows = rows.to_vec();
        rows.iter_mut().for_each(|row| row.records.retain(|record| !matches!(record, Record::Invoice(_))));
        rows
    };
    let (found_rows, expected) = (&found.rows[..undisturbed.rows.len()], &undisturbed.rows);
    assert_eq!(but_for_invoices(found_rows), but_for_invoices(expected), "a later end");
    assert_eq!(found.rows.len(), undisturbed.rows.len() + 8);
}

#[test]
fn a_battery_of_twice_the_capacity_keeps_its_energy_and_its_wear_and_has_room_for_more() {
    let original = plan(&martinique("2d", "15m", 1));
    let larger = changed(martinique("2d", "15m", 1), &["battery.bat_01.capacity_kwh=200"]);
    let (battery, time) = (id(&original, "bat_01"), at(&original, 23.5));
    let snapshot = saved_at(&original, time);
    let fork = snapshot.onto(&original, &larger).unwrap();
    let before = Kernel::restore(&original, &snapshot).unwrap();
    let after = Kernel::restore(&larger, &fork).unwrap();
    assert_eq!(before.world().storage(battery), after.world().storage(battery));
    let [least, most] = [before, after].map(|kernel| kernel.world().storage_window(battery).unwrap());
    assert!((most.1 / least.1 - 2.0).abs() < 1e-9, "{least:?} {most:?}");
    let cycles = |run: &Run| {
        let health = run.records().find_map(|record| match record {
            Record::StorageHealth(row) if row.asset == battery => Some(row.health),
            _ => None,
        });
        health.unwrap().equivalent_full_cycles
    };
    let (alone, forked) = (cycles(&go_on(&original, &snapshot)), cycles(&go_on(&larger, &fork)));
    assert!((forked - alone).abs() < 0.02, "no cycle came of the change itself: {alone} and {forked}");
}

#[test]
fn a_weaker_charge_point_gives_less_from_the_first_tick_on() {
    let original = plan(&martinique("4h", "15m", 1));
    let weaker = changed(martinique("4h", "15m", 1), &["evse.evse_06.power_kw=5"]);
    let (evse, time) = (id(&original, "evse_06"), at(&original, 1.0));
    let snapshot = saved_at(&original, time);
    let found = |run: &Run| run.readings(evse, time, time + original.tick)[0].power_kw;
    assert!(found(&go_on(&original, &snapshot)) > 5.5, "it charges");
    let power_kw = found(&go_on(&weaker, &snapshot.onto(&original, &weaker).unwrap()));
    assert!((power_kw - 5.0).abs() < 0.001, "{power_kw} kW");
}

#[test]
fn another_rule_of_the_energy_manager_acts_from_the_first_tick_on() {
    let original = plan(&martinique("1d", "15m", 1));
    let rule = "ems.batteries={ rule = \"price-threshold\", charge_below_eur_per_mwh = 1e4, discharge_above_eur_per_mwh = 1e5 }";
    let greedy = changed(martinique("1d", "15m", 1), &[rule]);
    let time = at(&original, 6.0);
    let snapshot = saved_at(&original, time);
    let charging = |run: &Run| {
        let rows = run.rows.iter().filter(|rows| rows.start == time + original.tick).flat_map(|rows| &rows.assets);
        let is_battery =
            |asset: agents::ParticipantId| original.participants[asset.index()].role.kind() == Kind::Battery;
        rows.filter(|reading| is_battery(reading.asset) && reading.power_kw > 10.0).count()
    };
    assert!(charging(&go_on(&original, &snapshot)) < 10);
    assert_eq!(charging(&go_on(&greedy, &snapshot.onto(&original, &greedy).unwrap())), 10, "any price is low enough");
}

#[test]
fn another_tariff_is_in_the_bills_of_the_slots_that_follow_and_in_no_other() {
    let original = plan(&martinique("1d", "15m", 1));
    let dear = changed(martinique("1d", "15m", 1), &["retailer.peak_eur_per_mwh=540"]);
    let time = at(&original, 12.0);
    let snapshot = saved_at(&original, time);
    let bills = |run: &Run| -> Vec<_> {
        let rows = run.records().filter_map(|record| match record {
            Record::Settlement(row) => Some((row.site, row.slot, row.metered_import, row.bill)),
            _ => None,
        });
        rows.collect()
    };
    let before = bills(&go_on(&original, &snapshot));
    let after = bills(&go_on(&dear, &snapshot.onto(&original, &dear).unwrap()));
    let dearer = before.iter().zip(&after).filter(|(a, b)| a.0 == b.0 && a.1 == b.1 && a.3 != b.3).count();
    assert!(dearer > 50, "{dearer} of {} bills differ", before.len());
}

#[test]
fn the_tick_may_change() {
    let original = plan(&martinique("1d", "15m", 1));
    let finer = changed(martinique("1d", "15m", 1), &["run.tick=60s"]);
    let time = at(&original, 12.0);
    let snapshot = saved_at(&original, time);
    let (coarse, fine) = (go_on(&original, &snapshot), go_on(&finer, &snapshot.onto(&original, &finer).unwrap()));
    let minutes = |run: &Run| run.rows.len() as i64 * (run.rows[0].length.0 / Span::MINUTE.0);
    assert_eq!((minutes(&coarse), minutes(&fine)), (720, 720));
    let stored =
        |run: &Run| run.readings(id(&original, "bat_04"), time, original.end).last().unwrap().energy_kwh.unwrap();
    assert!((stored(&coarse) - stored(&fine)).abs() < 0.01, "{} and {} kWh", stored(&coarse), stored(&fine));
}

#[test]
fn a_supply_that_is_added_begins_with_the_next_slot_and_one_that_is_taken_away_leaves_the_rest_as_it_is() {
    let with = plan(&martinique("4h", "60s", 1));
    let mut without = with.clone();
    without.supply = None;
    let time = at(&with, 1.0) + Span::from_minutes(5);
    let slots =
        |run: &Run| -> Vec<_> { run.rows.iter().flat_map(|rows| &rows.supply).map(|row| row.slot.start).collect() };
    let expected = sweep(&with, Outside::Nothing).from(time);
    let added = go_on(&with, &saved_at(&without, time).onto(&without, &with).unwrap());
    assert_eq!(slots(&expected)[0], at(&with, 1.0));
    assert_eq!(slots(&added)[0], at(&with, 1.25));
    assert_eq!(slots(&expected)[7..], slots(&added));
    let removed = go_on(&without, &saved_at(&with, time).onto(&with, &without).unwrap());
    assert_eq!(slots(&removed), []);
    for (expected, found) in expected.rows.iter().zip(&removed.rows) {
        assert_eq!(
            (&expected.assets, &expected.sites, &expected.records),
            (&found.assets, &found.sites, &found.records)
        );
    }
}

#[test]
fn a_fork_that_can_not_be_is_refused_with_a_reason() {
    let original = plan(&martinique("1d", "15m", 1));
    let snapshot = saved_at(&original, at(&original, 12.0));
    let more = "battery.bat_11={ commune = \"Le Marin\", capacity_kwh = 10.0, power_kw = 5.0 }";
    let found = snapshot.onto(&original, &changed(martinique("1d", "15m", 1), &[more])).unwrap_err().to_string();
    assert!(found.starts_with("the scenario has the participant `bat_11`, the snapshot does not"), "{found}");
    let small = changed(martinique("1d", "15m", 1), &["battery.bat_01.capacity_kwh=5"]);
    let fork = snapshot.onto(&original, &small).unwrap();
    let found = Kernel::restore(&small, &fork).err().unwrap().to_string();
    let stored_kwh = Kernel::restore(&original, &snapshot).unwrap().world().storage(id(&original, "bat_01")).unwrap().0;
    let expected = format!("`bat_01` holds {stored_kwh:.3} kWh, but may hold 4.750 kWh at most: give it more capacity");
    assert!(found.starts_with(&expected), "{found}, not {expected}");
}

#[test]
fn a_fork_with_another_horizon_or_slot_of_plans_learns_anew() {
    let scheduled = || changed(martinique("1d", "15m", 2), &["ems.batteries=schedule"]);
    let original = scheduled();
    let snapshot = saved_at(&original, at(&original, 18.25));
    for other in ["schedule.horizon=12h", "schedule.horizon=15m", "schedule.horizon=2d", "market.slot=5m"] {
        let ticked = ["ems.batteries=schedule", "run.tick=5m", other];
        let forked = changed(martinique("1d", "15m", 2), &ticked);
        let run = go_on(&forked, &snapshot.onto(&original, &forked).expect(other));
        let plans = run.records().filter(|record| matches!(record, Record::Plan(_)));
        assert!(plans.count() > 0, "{other}: nothing was planned");
    }
}
