//! Peers among themselves: negotiation against golden agreements, and the method of multipliers against central optima.

use std::fs;
use std::path::Path;

use market::dispatch::Storage;
use market::optimise::BranchAndBound;
use market::peers::{Negotiation, PeerTrade, Prosumer, negotiate};
use market::{Energy, Price};
use proptest::prelude::*;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().map(|values| values.iter().map(|value| value.as_f64().unwrap()).collect()).unwrap_or_default()
}

fn price(eur_per_kwh: f64) -> Price {
    Price::from_eur_per_mwh(eur_per_kwh * 1e3)
}

/// Their peers are numbered from 1.
fn negotiation_of(case: &Value) -> Negotiation {
    let slot_h = case["dt_h"].as_f64().unwrap();
    let slots = case["hours"].as_u64().unwrap() as usize;
    let energy = |value: &Value| {
        let mut energy: Vec<_> = numbers(value).into_iter().map(|kw| Energy::from_kwh(kw * slot_h)).collect();
        energy.resize(slots, Energy::ZERO);
        energy
    };
    let storages = |value: &Value| -> Vec<Storage> {
        value.get("storage").map(|storages| serde_json::from_value(storages.clone()).unwrap()).unwrap_or_default()
    };
    let peers: Vec<_> = case["prosumers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|peer| Prosumer { load: energy(&peer["load_kw"]), pv: energy(&peer["pv_kw"]), storages: storages(peer) })
        .collect();
    Negotiation {
        slot_h,
        import_price: numbers(&case["price_import"]).into_iter().map(price).collect(),
        export_price: numbers(&case["price_export"]).into_iter().map(price).collect(),
        contract: Energy::from_kwh(case["contract_kwh"].as_f64().unwrap()),
        increment: price(case["price_increment"].as_f64().unwrap()),
        contracts_per_pair: case["max_contracts"].as_u64().unwrap() as usize,
        most_rounds: 1000,
        pairs: Negotiation::natural_pairs(&peers),
        peers,
    }
}

fn exact() -> BranchAndBound {
    BranchAndBound { gap: 1e-8, relative_gap: 0.0, ..BranchAndBound::default() }
}

#[test]
fn golden_negotiations_end_in_the_same_contracts() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/market/p2p_price_adjusting_negotiation.json");
    let golden: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let outcome = negotiate(&negotiation_of(case), &exact()).unwrap();
        assert!(outcome.is_finished());
        let key = |trade: &PeerTrade| (trade.slot, trade.seller + 1, trade.buyer + 1, trade.energy, trade.price);
        let mut found: Vec<_> = outcome.trades.iter().map(key).collect();
        let of = |trade: &Value, part: &str| trade[part].as_u64().unwrap() as usize;
        let key = |trade: &Value| {
            let energy = Energy::from_kwh(trade["energy_kwh"].as_f64().unwrap());
            (
                of(trade, "hour"),
                of(trade, "seller"),
                of(trade, "buyer"),
                energy,
                price(trade["price"].as_f64().unwrap()),
            )
        };
        let mut expected: Vec<_> = case["expected"]["bilateral_trades"].as_array().unwrap().iter().map(key).collect();
        found.sort();
        expected.sort();
        println!("{}: {} rounds, {} in the reference", case["name"], outcome.rounds, case["expected"]["iterations"]);
        assert_eq!(found, expected, "{}", case["name"]);
    }
}
