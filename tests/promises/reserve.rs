//! Promises of reserve: what was sold is held, what was called is delivered, and what is missing is fined.

use crate::rig::{Outside, Run, assert_same_rows, at, id, live, martinique, peace, plan, set, sweep};
use agents::act::HeldSignal;
use agents::reading::Signal;
use agents::record::{EventCode, Record, ReserveRow};
use agents::{ParticipantId, Span};
use market::reserve::{Direction, Power};
use market::{Energy, Money};
use scenarios::Scenario;
use std::collections::BTreeMap;
use twin::Input;

/// Three days of Martinique with reserve both ways, called in a third of all slots.
fn scenario(rules: &[&str]) -> Scenario {
    let mut scenario = martinique("3d", "15m", 5);
    for assignment in ["up_kw=30", "down_kw=30", "called_share=0.3"] {
        set(&mut scenario, &format!("reserve.{assignment}"));
    }
    rules.iter().for_each(|rule| set(&mut scenario, rule));
    scenario
}

fn rows(run: &Run) -> Vec<ReserveRow> {
    let row = |record: &Record| if let Record::Reserve(row) = record { Some(**row) } else { None };
    run.records().filter_map(row).collect()
}

fn sum(rows: &[ReserveRow], of: fn(&ReserveRow) -> Energy) -> Energy {
    rows.iter().map(of).sum()
}

const STRATEGIES: [&str; 3] = [
    "ems.batteries=self-consumption",
    "ems.batteries={ rule = \"price-threshold\", charge_below_eur_per_mwh = 215, discharge_above_eur_per_mwh = 260 }",
    "ems.batteries=market",
];

#[test]
fn what_is_called_is_delivered_where_nothing_fails_whatever_the_strategy() {
    for strategy in STRATEGIES {
        let run = sweep(&plan(&scenario(&[strategy])), Outside::Nothing);
        let rows = rows(&run);
        for direction in [Direction::Up, Direction::Down] {
            let of: Vec<_> = rows.iter().filter(|row| row.direction == direction).copied().collect();
            let [called, delivered] = [sum(&of, |row| row.called), sum(&of, |row| row.delivered)];
            assert!(called > Energy(50_000), "{strategy}: hardly anything was called {direction}: {called}");
            assert!(delivered.0 * 1000 > called.0 * 998, "{strategy}: {delivered} of {called} {direction}");
        }
        let fined: Vec<_> = rows.iter().filter(|row| row.energy_fine > Money::ZERO).collect();
        assert!(fined.is_empty(), "{strategy}: {fined:?}");
        assert!(run.events(EventCode::ReserveUndelivered).is_empty(), "{strategy}");
    }
}

/// Power that each battery holds in each window, by direction.
fn held(rows: &[ReserveRow]) -> BTreeMap<(ParticipantId, agents::Time), [Power; 2]> {
    let mut held: BTreeMap<_, [Power; 2]> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.accepted > Power::ZERO) {
        let entry = held.entry((row.unit, row.window.start)).or_default();
        entry[usize::from(row.direction == Direction::Down)] = row.accepted;
    }
    held
}

#[test]
fn a_battery_always_has_the_energy_and_the_room_for_all_that_is_still_held() {
    for strategy in STRATEGIES {
        let plan = plan(&scenario(&[strategy, "reserve.called_share=0.5", "reserve.mean_call=0.9"]));
        let run = sweep(&plan, Outside::Nothing);
        let rows = rows(&run);
        let length = rows.first().expect("there are windows").window.length;
        let mut looks = 0;
        for ((unit, start), [up, down]) in held(&rows) {
            // Energies are those at the end of an interval: the one before the window is where it begins.
            for reading in run.readings(unit, start - Span::from_minutes(15), start + length).iter().enumerate() {
                let (number, reading) = reading;
                let left_h = (length - Span::from_minutes(15) * number as i64).hours();
                let stored_kwh = reading.energy_kwh.expect("a battery stores");
                let (up_kw, down_kw) = (up.0 as f64 / 1000.0, down.0 as f64 / 1000.0);
                assert!(stored_kwh - 5.0 >= up_kw * left_h, "{strategy}: {stored_kwh} kWh, {up_kw} kW for {left_h} h");
                assert!(95.0 - stored_kwh >= down_kw * left_h, "{strategy}: {stored_kwh} kWh, {down_kw} kW down");
                looks += 1;
            }
        }
        assert!(looks > 300, "{strategy}: only {looks}");
    }
}

#[test]
fn a_battery_that_trips_is_fined_and_told_of() {
    let fault = "fault.trip={ target = \"bat_03\", kind = \"inverter_trip\", from = \"25h\", for = \"47h\" }";
    let plan = plan(&scenario(&[fault]));
    let run = sweep(&plan, Outside::Nothing);
    let broken = id(&plan, "bat_03");
    let rows = rows(&run);
    let of_it: Vec<_> = rows.iter().filter(|row| row.unit == broken && row.called > Energy::ZERO).collect();
    assert!(!of_it.is_empty(), "it was never called");
    let fines: Money = of_it.iter().map(|row| row.energy_fine).sum();
    assert!(fines > Money::ZERO && of_it.iter().any(|row| row.capacity_fine > Money::ZERO), "{of_it:?}");
    let events = run.events(EventCode::ReserveUndelivered);
    assert!(events.iter().all(|event| event.participant == broken) && !events.is_empty(), "{events:?}");
    let others = rows.iter().filter(|row| row.unit != broken);
    assert_eq!(others.map(|row| row.energy_fine).sum::<Money>(), Money::ZERO);
}

#[test]
fn who_holds_the_signal_calls_reserve_and_nobody_else_does() {
    let plan = plan(&scenario(&["reserve.called_share=0"]));
    let hold = |value, until| {
        let signal = Signal::ReserveActivation;
        let held = HeldSignal { signal, value: Some(value), until: Some(at(&plan, until)) };
        Input::Signal { held, origin: None }
    };
    // What is submitted at an instant is taken at the next tick.
    let script = [(at(&plan, 29.75), hold(50.0, 31.0)), (at(&plan, 33.75), hold(-20.0, 35.0))];
    let rows = rows(&sweep(&plan, Outside::Script(&script)));
    let called = |direction| sum(&rows, |row| row.called) - sum(&other(&rows, direction), |row| row.called);
    assert_eq!(called(Direction::Up), Energy(15_000), "half of 30 kW for an hour");
    assert_eq!(called(Direction::Down), Energy(6_000), "a fifth of 30 kW for an hour");
}

fn other(rows: &[ReserveRow], direction: Direction) -> Vec<ReserveRow> {
    rows.iter().filter(|row| row.direction != direction).copied().collect()
}

#[test]
fn reserve_is_the_same_on_both_hosts_and_for_ticks_of_any_length() {
    let in_quarter_hours = plan(&scenario(&[]));
    let expected = sweep(&in_quarter_hours, Outside::Nothing);
    let (found, _) = live(&in_quarter_hours, 2, Outside::Nothing, peace);
    assert_same_rows(&expected, &found, "reserve on the live host");
    let in_minutes = sweep(&plan(&scenario(&["run.tick=5m"])), Outside::Nothing);
    assert_eq!(rows(&expected), rows(&in_minutes));
    assert!(!rows(&expected).is_empty());
}

#[test]
fn what_the_operator_pays_is_what_is_paid_for_each_offer() {
    for pricing in ["pay-as-bid", "uniform"] {
        let rows = rows(&sweep(&plan(&scenario(&[&format!("reserve.pricing={pricing}")])), Outside::Nothing));
        for row in &rows {
            let least = row.accepted.held_at(row.capacity_price);
            assert!(row.capacity_payment >= least, "{pricing}: {row:?}");
            assert!(pricing == "uniform" || row.capacity_payment == least, "{row:?}");
            assert_eq!(row.energy_payment, row.delivered * row.activation_price, "all ask the same for energy");
        }
        let accepted_w: i64 = rows.iter().map(|row| row.accepted.0).sum();
        // Two days of six windows.
        assert_eq!(accepted_w, 12 * (30_000 + 30_000), "{pricing}");
    }
}

#[test]
fn without_the_section_nothing_is_tendered() {
    let plan = plan(&martinique("2d", "15m", 5));
    assert!(rows(&sweep(&plan, Outside::Nothing)).is_empty());
}
