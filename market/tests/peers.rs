//! Peers among themselves: negotiation against golden agreements, and the method of multipliers against central optima.

#![expect(clippy::unwrap_used, reason = "a test stops at the first error")]

use std::fs;
use std::path::Path;

use market::dispatch::{Community, Member, Storage, dispatch};
use market::optimise::{BranchAndBound, Column, ColumnId, InteriorPoint, Optimiser, Problem, Row};
use market::peers::{
    Admm, AdmmError, Edge, Elastic, Exchange, Negotiation, Peer, PeerTrade, Prosumer, agree, negotiate,
};
use market::{Energy, Money, Price};
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
        assert_eq!(found, expected, "{}", case["name"]);
    }
}

/// A seller of 2 kWh and a buyer of 2 kWh in one slot, the grid at 0.30 and 0.10.
fn pair(fee: Price) -> Negotiation {
    let peer = |load, pv| Prosumer { load: vec![Energy(load)], pv: vec![Energy(pv)], storages: Vec::new() };
    Negotiation {
        slot_h: 1.0,
        import_price: vec![price(0.30)],
        export_price: vec![price(0.10)],
        contract: Energy(500),
        increment: price(0.01),
        contracts_per_pair: 6,
        most_rounds: 1000,
        peers: vec![peer(0, 2000), peer(2000, 0)],
        pairs: vec![(0, 1, fee)],
    }
}

#[test]
fn fees_are_shared_by_both_sides_and_end_trade_where_they_exceed_the_gain() {
    let outcome = negotiate(&pair(price(0.08)), &exact()).unwrap();
    assert_eq!(outcome.trades.iter().map(|trade| trade.energy).sum::<Energy>(), Energy(2000));
    for trade in &outcome.trades {
        assert_eq!((trade.seller_fee, trade.buyer_fee), (price(0.04), price(0.04)));
        assert_eq!(trade.price, price(0.14), "the seller gets what the grid would give, after its half");
    }
    assert_eq!(negotiate(&pair(price(0.21)), &exact()).unwrap().trades, []);
}

#[test]
fn a_negotiation_broken_off_says_what_is_still_open() {
    let outcome = negotiate(&Negotiation { most_rounds: 3, ..pair(Price::ZERO) }, &exact()).unwrap();
    assert_eq!((outcome.rounds, outcome.is_finished()), (3, false));
    assert_eq!(outcome.open, 6);
}

#[test]
fn negotiations_of_nonsense_are_refused() {
    let says = |change: &dyn Fn(&mut Negotiation)| {
        let mut negotiation = pair(Price::ZERO);
        change(&mut negotiation);
        negotiate(&negotiation, &exact()).unwrap_err().to_string()
    };
    assert!(says(&|n| n.increment = Price::ZERO).contains("the increment"));
    assert!(says(&|n| n.peers[1].pv[0] = Energy(-5)).contains("the PV of peer 1 is -5 Wh"));
    assert!(says(&|n| n.pairs[0].1 = 0).contains("seller 0 and buyer 0 of 2 peers"));
    assert!(says(&|n| n.export_price[0] = price(0.31)).contains("an export price"));
    assert!(says(&|n| n.slot_h = f64::NAN).contains("the length of a slot"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Nobody is worse off than with the grid alone, whoever negotiates.
    #[test]
    fn negotiated_contracts_pay_for_both_sides(
        peers in prop::collection::vec((prop::collection::vec(0..4000_i64, 2), prop::collection::vec(0..4000_i64, 2)), 2..5),
        fee in 0..60_000_i64,
    ) {
        let energy = |numbers: &[i64]| numbers.iter().copied().map(Energy).collect::<Vec<_>>();
        let peers: Vec<_> = peers
            .iter()
            .map(|(load, pv)| Prosumer { load: energy(load), pv: energy(pv), storages: Vec::new() })
            .collect();
        let pairs = Negotiation::natural_pairs(&peers).into_iter().map(|(s, b, _)| (s, b, Price(fee))).collect();
        let (import_price, export_price) = (vec![price(0.30), price(0.25)], vec![price(0.10), price(0.05)]);
        let contracts = Negotiation {
            slot_h: 1.0, contract: Energy(700), increment: price(0.013), contracts_per_pair: 2, most_rounds: 10_000,
            import_price, export_price, peers, pairs,
        };
        let outcome = negotiate(&contracts, &exact()).unwrap();
        prop_assert!(outcome.is_finished());
        for (index, peer) in contracts.peers.iter().enumerate() {
            let grid = |slot: usize, net: Energy| {
                let prices = if net > Energy::ZERO { &contracts.import_price } else { &contracts.export_price };
                net * prices[slot]
            };
            let (mut with, mut without) = (Money::ZERO, Money::ZERO);
            for slot in 0..2 {
                let mut net = peer.load[slot] - peer.pv[slot];
                without += grid(slot, net);
                for trade in outcome.trades.iter().filter(|trade| trade.slot == slot) {
                    if trade.seller == index {
                        net += trade.energy;
                        with += trade.energy * (trade.seller_fee - trade.price);
                    }
                    if trade.buyer == index {
                        net -= trade.energy;
                        with += trade.energy * (trade.price + trade.buyer_fee);
                    }
                }
                with += grid(slot, net);
            }
            // A buyer chose at its own side's price, which the one it pays exceeds by one increment at most.
            let increment = Energy(700) * contracts.increment;
            let count = outcome.trades.iter().filter(|trade| trade.buyer == index).count() as i128;
            prop_assert!(with.0 <= without.0 + count * increment.0, "{with} instead of {without}");
        }
    }
}

fn elastic(linear: f64, quadratic: f64, least_kw: f64, most_kw: f64, need_kw: f64) -> Peer {
    Peer::Elastic(Elastic {
        linear: linear.into(),
        quadratic: quadratic.into(),
        least_kw: least_kw.into(),
        most_kw: most_kw.into(),
        need_kw: need_kw.into(),
    })
}

/// One step of elastic peers on these edges.
fn one_step(peers: Vec<Peer>, edges: Vec<Edge>) -> Exchange {
    Exchange { steps: 1, step_h: 1.0, peers, edges, ..Exchange::default() }
}

/// The least cost, fees included, and what each peer gives and a kWh is worth to it: one problem that knows everything.
fn central(exchange: &Exchange) -> (f64, Vec<f64>, Vec<f64>) {
    let mut problem = Problem::default();
    let mut balance: Vec<Vec<(ColumnId, f64)>> = Vec::new();
    let mut needs = Vec::new();
    for peer in &exchange.peers {
        let Peer::Elastic(elastic) = peer else { panic!("only elastic peers") };
        let column = Column::between(elastic.least_kw.at(0), elastic.most_kw.at(0));
        let column = problem.column(column.cost(elastic.linear.at(0)).quadratic(elastic.quadratic.at(0)));
        balance.push(vec![(column, 1.0)]);
        needs.push(elastic.need_kw.at(0));
    }
    for edge in &exchange.edges {
        for (from, to) in [(edge.from, edge.to), (edge.to, edge.from)] {
            let flow = problem.column(Column::at_least(0.0).cost(edge.fee_eur_per_kwh + 1e-7));
            balance[from].push((flow, -1.0));
            balance[to].push((flow, 1.0));
        }
    }
    let own: Vec<_> = balance.iter().map(|terms| terms[0].0).collect();
    let rows: Vec<_> =
        balance.into_iter().zip(&needs).map(|(terms, need)| problem.row(Row::equal(*need).with_all(terms))).collect();
    let solution = InteriorPoint::default().solve(&problem).unwrap();
    let injections = own.iter().zip(&needs).map(|(column, need)| solution.value(*column) - need).collect();
    (solution.objective, injections, rows.iter().map(|row| solution.dual(*row)).collect())
}

/// Producers, consumers with a need, and consumers that buy as far as it is worth it, on a ring with chords.
fn exchanges() -> impl Strategy<Value = Exchange> {
    let peer = (0..3_u8, 5..40_u32, 1..10_u32, 5..50_u32);
    let chords = prop::collection::vec((0..100_usize, 0..100_usize), 0..4);
    (prop::collection::vec(peer, 2..8), chords, 0..6_u32).prop_map(|(peers, chords, fee)| {
        // No two sizes, nor sums of them, are the same: where limits just meet needs, a price could be anything between two.
        let peer = |(index, (kind, price, slope, size)): (usize, (u8, u32, u32, u32))| {
            let odd = 0.0137 * (index as f64 + 1.0).powf(1.3);
            let (price, slope, size) =
                (f64::from(price) / 100.0, f64::from(slope) / 100.0, f64::from(size) / 10.0 + odd);
            match kind {
                0 => elastic(price, slope, 0.0, size, 0.0),
                1 => elastic(price, slope, 0.0, size / 2.0, size),
                _ => elastic(price, slope, -size, 0.0, 0.0),
            }
        };
        let mut peers: Vec<_> = peers.into_iter().enumerate().map(peer).collect();
        peers.push(elastic(0.5, 0.01, 0.0, 100.0, 0.0));
        let count = peers.len();
        let ring = (0..count).map(|index| (index, (index + 1) % count));
        let chords = chords.into_iter().map(|(a, b)| (a % count, b % count)).filter(|(a, b)| a != b);
        let edge = |(from, to): (usize, usize)| Edge { from, to, fee_eur_per_kwh: f64::from(fee) / 100.0 };
        one_step(peers, ring.chain(chords).map(edge).collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn peers_who_know_only_their_partners_reach_the_optimum_of_all(exchange in exchanges()) {
        let agreement = agree(&exchange, &Admm::default(), &InteriorPoint::default()).unwrap();
        prop_assert!(agreement.converged, "{} kW, {} EUR/kWh", agreement.primal_kw, agreement.dual_eur_per_kwh);
        let (cost, injections, values) = central(&exchange);
        let found = agreement.cost_eur + agreement.fees_eur;
        prop_assert!((found - cost).abs() < 1e-3, "{found} instead of {cost}");
        for (found, expected) in agreement.injection_kw.iter().zip(&injections) {
            prop_assert!((found[0] - expected).abs() < 2e-2, "{} instead of {expected}", found[0]);
        }
        // Where a flow is, seller and buyer value a kWh at the price, less and plus half the fee.
        for ((edge, flow), price) in exchange.edges.iter().zip(&agreement.flow_kw).zip(&agreement.price_eur_per_kwh) {
            let (seller, buyer) = if flow[0] > 0.0 { (edge.from, edge.to) } else { (edge.to, edge.from) };
            if flow[0].abs() > 0.05 {
                let half = edge.fee_eur_per_kwh / 2.0;
                prop_assert!((values[seller] - (price[0] - half)).abs() < 5e-3, "{values:?} {price:?}");
                prop_assert!((values[buyer] - (price[0] + half)).abs() < 5e-3, "{values:?} {price:?}");
            }
        }
    }
}

#[test]
fn a_fee_above_the_gain_leaves_no_trade() {
    let peers = || vec![elastic(0.10, 0.01, 0.0, 5.0, 0.0), elastic(0.30, 0.01, -5.0, 0.0, 0.0)];
    let with = |fee_eur_per_kwh| {
        let exchange = one_step(peers(), vec![Edge { from: 0, to: 1, fee_eur_per_kwh }]);
        agree(&exchange, &Admm::default(), &InteriorPoint::default()).unwrap()
    };
    assert_eq!(with(0.21).trades, []);
    let cheap = with(0.10);
    assert_eq!((cheap.trades.len(), cheap.trades[0].seller, cheap.trades[0].buyer), (1, 0, 1));
    // Up to 5 kW the gain of 0.20 less 0.01 g on either side exceeds the fee.
    assert!((cheap.trades[0].energy.0 - 5000).abs() <= 1, "{:?}", cheap.trades);
}

#[test]
fn what_was_not_agreed_on_is_never_called_agreed() {
    // Nobody can produce what the other needs.
    let peers = vec![elastic(0.1, 0.0, 0.0, 1.0, 0.0), elastic(0.1, 0.0, 0.0, 0.0, 2.0)];
    let exchange = one_step(peers, vec![Edge { from: 0, to: 1, fee_eur_per_kwh: 0.0 }]);
    let agreement = agree(&exchange, &Admm { iterations: 500, ..Admm::default() }, &InteriorPoint::default()).unwrap();
    assert!(!agreement.converged && agreement.iterations == 500 && agreement.primal_kw > 0.1, "{agreement:?}");
    // And who has nobody to ask is told at once.
    let alone = one_step(vec![elastic(0.1, 0.0, 0.0, 1.0, 2.0)], Vec::new());
    let error = agree(&alone, &Admm::default(), &InteriorPoint::default()).unwrap_err();
    assert_eq!(error, AdmmError::Alone { peer: 0, step: 0 });
}

#[test]
fn storages_that_trade_cost_together_what_a_central_dispatch_costs() {
    let battery = Storage {
        energy_max_kwh: 8.0,
        energy_min_kwh: 1.0,
        charge_max_kw: 3.0.into(),
        discharge_max_kw: 3.0.into(),
        start_kwh: 4.0,
        end_min_kwh: 4.0,
        degradation_eur_per_kwh: 0.01,
        efficiency: 0.95,
    };
    let member = |load: &[f64], pv: &[f64], storages: Vec<Storage>| Member {
        load_kw: load.to_vec(),
        pv_kw: pv.to_vec(),
        storages,
        ..Member::default()
    };
    let members = vec![
        member(&[0.5; 6], &[0.0, 2.0, 6.0, 5.0, 1.0, 0.0], Vec::new()),
        member(&[1.0, 1.0, 0.5, 0.5, 2.0, 3.0], &[], vec![battery.clone()]),
        member(&[2.0, 0.2, 0.2, 0.2, 2.0, 4.0], &[0.0, 1.0, 2.0, 2.0, 0.5, 0.0], vec![battery]),
        member(&[1.0; 6], &[], Vec::new()),
    ];
    let community = Community {
        steps: 6,
        step_h: 1.0,
        import_price_eur_per_kwh: vec![0.16, 0.16, 0.20, 0.20, 0.30, 0.30],
        export_price_eur_per_kwh: vec![0.08; 6],
        members,
        ..Community::default()
    };
    let pairs = (0..4).flat_map(|from| (from + 1..4).map(move |to| (from, to)));
    let exchange = |fee_eur_per_kwh| Exchange {
        steps: 6,
        step_h: 1.0,
        import_price_eur_per_kwh: community.import_price_eur_per_kwh.clone(),
        export_price_eur_per_kwh: community.export_price_eur_per_kwh.clone(),
        peers: community.members.iter().cloned().map(Peer::Flexible).collect(),
        edges: pairs.clone().map(|(from, to)| Edge { from, to, fee_eur_per_kwh }).collect(),
    };
    let admm = Admm { primal_kw: 1e-3, dual_eur_per_kwh: 1e-4, ..Admm::default() };
    let agreement = agree(&exchange(0.0), &admm, &InteriorPoint::default()).unwrap();
    assert!(agreement.converged, "{} kW, {} EUR/kWh", agreement.primal_kw, agreement.dual_eur_per_kwh);
    let joint = dispatch(&community, &InteriorPoint::default()).unwrap();
    assert!((agreement.cost_eur - joint.cost_eur).abs() < 5e-3, "{} instead of {}", agreement.cost_eur, joint.cost_eur);
    // With a fee as large as the grid's margin nobody trades, and each pays what it pays alone.
    let separate = agree(&exchange(0.25), &admm, &InteriorPoint::default()).unwrap();
    let alone = |member: &Member| {
        let alone = Community { members: vec![member.clone()], ..community.clone() };
        dispatch(&alone, &InteriorPoint::default()).unwrap().cost_eur
    };
    let alone: f64 = community.members.iter().map(alone).sum();
    assert_eq!(separate.trades, []);
    assert!((separate.cost_eur - alone).abs() < 5e-3, "{} instead of {alone}", separate.cost_eur);
    assert!(agreement.cost_eur < alone - 0.1);
}
