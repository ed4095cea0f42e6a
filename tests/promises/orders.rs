//! Promises about orders from outside: told what becomes of them, journaled, replayed to the same rows on any host, kept in
//! snapshots.

use crate::rig::{Outside, Run, assert_same_rows, at, drive, id, live, martinique, peace, plan, saboteur, set, sweep};
use agents::act::{Act, NamedContract, PlacedOrder};
use agents::record::{EventCode, Record};
use agents::{ParticipantId, Span, Time};
use market::{Energy, Price, Side};
use scenarios::Plan;
use std::sync::Arc;
use twin::{Input, Journal, Kernel, Snapshot, SweepHost};

/// Martinique with hours that are traded continuously and the day ahead; nobody orders by himself.
fn market(bidding: &str) -> Plan {
    let mut scenario = martinique("2d", "15m", 3);
    let hours =
        "{ trading = \"continuous\", every = \"1h\", at = \"0s\", lead = \"1h\", delivery = \"1h\", contracts = 12 }";
    set(&mut scenario, &format!("market.bidding={bidding}"));
    set(&mut scenario, &format!("product.hours={hours}"));
    set(&mut scenario, "product.day-ahead={}");
    plan(&scenario)
}

fn input(target: &str, act: Act) -> Input {
    Input::Act { target: target.into(), act, origin: None }
}

fn order(side: Side, product: &str, delivery: Time, (wh, limit): (i64, i64)) -> Act {
    let (energy, limit) = (Energy(wh), Price(limit * 1000));
    let (quality, premium_bp) = (None, None);
    Act::PlaceOrder(PlacedOrder { product: Some(product.into()), delivery, side, energy, limit, quality, premium_bp })
}

fn cancel(product: &str, delivery: Time) -> Act {
    Act::CancelOrders(NamedContract { product: Some(product.into()), delivery })
}

fn script(plan: &Plan) -> Vec<(Time, Input)> {
    let (noon, tomorrow) = (at(plan, 12.0), at(plan, 34.0));
    let (pv, bat) = ("prosumer_pv_01", "prosumer_bat_01");
    let say = |hours: f64, who: &str, act| (at(plan, hours), input(who, act));
    vec![
        say(8.0, pv, order(Side::Offer, "hours", noon, (4000, 100))),
        say(9.0, bat, order(Side::Bid, "hours", noon, (2000, 200))),
        say(9.25, "prosumer_bat_02", order(Side::Bid, "hours", noon + Span::HOUR, (1000, 50))),
        say(9.5, pv, cancel("hours", noon)),
        say(9.75, pv, cancel("hours", noon)),
        say(9.75, pv, order(Side::Bid, "gas", noon, (1000, 50))),
        say(9.75, pv, order(Side::Bid, "hours", noon + Span::MINUTE, (1000, 50))),
        say(9.75, pv, order(Side::Bid, "hours", at(plan, 9.0), (1000, 50))),
        say(9.75, pv, order(Side::Bid, "hours", at(plan, 40.0), (1000, 50))),
        say(9.75, pv, order(Side::Bid, "hours", noon, (1001, 50))),
        say(10.0, pv, order(Side::Offer, "day-ahead", tomorrow, (1000, 50))),
        say(10.25, bat, order(Side::Bid, "day-ahead", tomorrow, (1000, 150))),
    ]
}

fn trades(run: &Run) -> Vec<(ParticipantId, ParticipantId, Energy, Price)> {
    let trade = |record: &Record| match record {
        Record::Trade(row) => Some((row.buyer, row.seller, row.energy, row.price)),
        _ => None,
    };
    run.records().filter_map(trade).collect()
}

#[test]
fn orders_from_outside_trade_and_whoever_placed_them_is_told() {
    let plan = market("external");
    let run = sweep(&plan, Outside::Script(&script(&plan)));
    let (pv, bat) = (id(&plan, "prosumer_pv_01"), id(&plan, "prosumer_bat_01"));
    let expected = [(bat, pv, Energy(2000), Price(100_000)), (bat, pv, Energy(1000), Price(100_000))];
    assert_eq!(trades(&run), expected, "at the price of the order that rested, and in the middle of both limits");
    let awarded: Vec<_> = run.events(EventCode::OrderAwarded).iter().map(|event| event.participant).collect();
    assert_eq!(awarded.len(), 4);
    assert!(awarded.contains(&pv) && awarded.contains(&bat));
    let awards = run.records().filter(|record| matches!(record, Record::Award(_))).count();
    assert_eq!(awards, 4);
}

#[test]
fn what_comes_to_nothing_is_told_with_the_reason_in_the_tick_that_took_it() {
    let plan = market("external");
    let run = sweep(&plan, Outside::Script(&script(&plan)));
    let failed = run.events(EventCode::ActFailed);
    let pv = id(&plan, "prosumer_pv_01");
    assert!(failed.iter().all(|event| event.participant == pv && event.time == at(&plan, 10.0)), "{failed:?}");
    for says in [
        "no order from outside waits",
        "there is no product \"gas\": name one of spot",
        "gate closed for the slot of",
        "no whole watt-hours in each: order a multiple of 0.004 kWh",
        "does not trade the slot of",
    ] {
        assert!(failed.iter().any(|event| event.detail.contains(says)), "{says}: {failed:?}");
    }
    assert_eq!(failed.len(), 6);
}

#[test]
fn the_kernel_knows_by_the_end_of_the_tick_what_became_of_an_order() {
    let plan = market("external");
    let mut kernel = Kernel::new(&plan);
    let mut host = SweepHost::new(&plan, kernel.world_mut());
    let mut nowhere = crate::rig::Keep::default();
    kernel.tick(&mut host, &mut nowhere).unwrap();
    let mut ask = |act| {
        kernel.submit(input("prosumer_pv_01", act)).unwrap();
        kernel.tick(&mut host, &mut nowhere).unwrap();
        let [outcome] = kernel.act_outcomes() else { panic!("one act") };
        outcome.failure.clone()
    };
    let delivery = at(&plan, 5.0);
    assert_eq!(ask(order(Side::Bid, "hours", delivery, (1000, 50))), None);
    assert_eq!(ask(cancel("hours", delivery)), None);
    assert!(ask(cancel("hours", delivery)).unwrap().starts_with("no order from outside waits"));
    assert!(ask(order(Side::Bid, "hours", at(&plan, 0.0), (1000, 50))).unwrap().contains("gate closed"));
    let to_a_battery = input("bat_01", cancel("hours", delivery));
    let refusal = kernel.submit(to_a_battery).unwrap_err().to_string();
    assert!(refusal.ends_with("does not trade: name the prosumer of its site"), "{refusal}");
}

#[test]
fn orders_from_outside_replay_from_their_journal_to_the_same_rows_on_the_other_host() {
    for bidding in ["external", "reservation-price"] {
        let plan = market(bidding);
        let script = script(&plan);
        let swept = sweep(&plan, Outside::Script(&script));
        let (lived, restarts) = live(&plan, 2, Outside::Script(&script), saboteur(5, 50, Arc::default()));
        assert!(restarts > 20, "actors die on such a day, too");
        assert_same_rows(&swept, &lived, &format!("{bidding}: the same orders on both hosts"));
        let journal = Journal::from_json_lines(&swept.journal.to_json_lines()).unwrap();
        assert_eq!(journal.entries().len(), script.len(), "every order is in the journal");
        assert_same_rows(&swept, &sweep(&plan, Outside::Replay(&journal)), &format!("{bidding}: sweep"));
        let (replayed, _) = live(&plan, 2, Outside::Replay(&journal), peace);
        assert_same_rows(&swept, &replayed, &format!("{bidding}: live"));
    }
}

#[test]
fn orders_that_wait_are_kept_in_snapshots_and_forks() {
    let plan = market("external");
    let (script, time) = (script(&plan), at(&plan, 11.0));
    let mut kernel = Kernel::new(&plan);
    let mut host = SweepHost::new(&plan, kernel.world_mut());
    let mut taken = None;
    let whole = drive(&plan, kernel, &mut host, Outside::Script(&script), |kernel, host| {
        if kernel.now() == time {
            taken = Some(kernel.save(host));
        }
    });
    let snapshot = Snapshot::from_json(&taken.unwrap().to_json()).unwrap();
    let fork = snapshot.onto(&plan, &plan).unwrap();
    let mut kernel = Kernel::restore(&plan, &fork).unwrap();
    let mut host = SweepHost::restore(&plan, &fork, kernel.world_mut()).unwrap();
    let rest = drive(&plan, kernel, &mut host, Outside::Nothing, |_, _| {});
    assert_same_rows(&whole.from(time), &rest, "from the snapshot");
    assert_eq!(trades(&rest).len(), 1, "the day ahead is cleared at noon");
}
