//! Promises of what orders say besides energy and price: quality, premiums, partners; and of trade between peers.

use crate::rig::{Outside, Run, assert_same_rows, id, live, martinique, peace, plan, set, street, sweep};
use agents::record::{AlternativeRow, OrderRow, Record, TradeRow};
use market::{Energy, Side};
use scenarios::Plan;
use std::collections::BTreeSet;

fn trades(run: &Run) -> Vec<TradeRow> {
    run.records().filter_map(|record| if let Record::Trade(row) = record { Some(*row) } else { None }).collect()
}

fn orders(run: &Run) -> Vec<OrderRow> {
    run.records().filter_map(|record| if let Record::Order(row) = record { Some(*row) } else { None }).collect()
}

fn alternatives(run: &Run) -> Vec<&AlternativeRow> {
    run.records().filter_map(|record| if let Record::Alternative(row) = record { Some(&**row) } else { None }).collect()
}

/// Two days of the street, whose homes trade too, with these assignments.
fn neighbours(assignments: &[&str]) -> Plan {
    let mut scenario = street("2d", "15m", 3);
    for assignment in ["fleet.homes.trades=true", "market.bidding=truthful"].iter().chain(assignments) {
        set(&mut scenario, assignment);
    }
    plan(&scenario)
}

#[test]
fn who_asks_for_green_energy_gets_it_or_none_and_pays_its_premium() {
    let plan = neighbours(&[
        "market.mechanism=premium quality-high-to-low pay-as-bid",
        "market.wanted_quality=1",
        "market.premium_percent=10",
        "pv.*.quality=1",
        "fleet.roofs.quality=2",
    ]);
    let run = sweep(&plan, Outside::Nothing);
    let orders = orders(&run);
    for order in &orders {
        let expected = if order.side == Side::Bid { (1..=1, 1000) } else { (0..=2, 0) };
        assert!(expected.0.contains(&order.quality) && order.premium_bp == expected.1, "{order:?}");
    }
    let offers = |level| orders.iter().filter(move |order| order.side == Side::Offer && order.quality == level);
    let filled = |level| offers(level).map(|order| order.filled).sum::<Energy>();
    assert!(filled(1) + filled(2) > Energy::ZERO && filled(0) == Energy::ZERO, "grey is not bought");
    let limits: BTreeSet<_> = orders.iter().filter(|order| order.side == Side::Bid).map(|order| order.limit).collect();
    let highest = limits.last().copied().expect("there are bids");
    assert!(
        trades(&run).iter().any(|trade| trade.price > highest),
        "a bid pays more than its limit without the premium"
    );
}

#[test]
fn partners_trade_with_each_other_before_others() {
    let rule = "market.mechanism=preferred-partners k=0.5 pay-as-bid";
    let named = ["pv.pv_01.partners=[\"bat_01\"]", "battery.bat_01.partners=[\"pv_01\", \"pv_02\"]"];
    let traded = |assignments: &[&str]| {
        let mut scenario = martinique("2d", "15m", 3);
        set(&mut scenario, "market.bidding=truthful");
        assignments.iter().for_each(|assignment| set(&mut scenario, assignment));
        let plan = plan(&scenario);
        let run = sweep(&plan, Outside::Nothing);
        let (pv, bat) = (id(&plan, "prosumer_pv_01"), id(&plan, "prosumer_bat_01"));
        let between = trades(&run).into_iter().filter(|trade| (trade.buyer, trade.seller) == (bat, pv));
        between.map(|trade| trade.energy).sum::<Energy>()
    };
    let (alone, together) = (traded(&[rule]), traded(&[rule, named[0], named[1]]));
    assert!(together > alone, "{together} with, {alone} without");
    assert_eq!(traded(&[rule, named[1]]), alone, "a name that is not returned counts for nothing");
}

#[test]
fn peers_negotiate_and_agree_in_every_place_where_a_mechanism_is_named() {
    let plan = neighbours(&[
        "market.mechanism=negotiation energy_wh=200",
        "product.day-ahead.mechanism=admm iterations=200",
        "market.compare=[\"admm\", \"negotiation\", \"preferred-partners k=0.5 pay-as-bid\", \"uniform-last-ask\"]",
    ]);
    let run = sweep(&plan, Outside::Nothing);
    for product in [0, 1] {
        assert!(trades(&run).iter().any(|trade| trade.product.0 == product), "product {product} trades");
    }
    assert!(!alternatives(&run).is_empty());
    let (lived, _) = live(&plan, 2, Outside::Nothing, peace);
    assert_same_rows(&run, &lived, "peers on both hosts");
}
