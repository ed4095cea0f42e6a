//! How long peers take to agree: negotiation of blocks, and the method of multipliers, with growing numbers of peers.

use std::time::Instant;

use market::optimise::{BranchAndBound, InteriorPoint};
use market::peers::{Admm, Edge, Elastic, Exchange, Negotiation, Peer, Prosumer, agree, negotiate};
use market::{Energy, Price};

/// Partners of each peer at most; all pairs of 1,000 peers would be half a million.
const PARTNERS: usize = 6;

/// A whole number that depends on nothing else.
fn spread(index: usize, below: usize) -> usize {
    index.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xBF58_476D_1CE4_E5B9) % below
}

/// Neighbours on a ring, and partners far away: prices cross such a graph in a few steps.
fn edges(peers: usize) -> Vec<(usize, usize)> {
    let mut edges: Vec<_> = (0..peers).map(|peer| (peer, (peer + 1) % peers)).collect();
    for peer in 0..peers {
        edges.extend((0..PARTNERS / 2 - 1).map(|place| (peer, spread(peer * 31 + place * 7919 + 1, peers))));
    }
    let ordered = edges.into_iter().filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b)));
    let mut edges: Vec<_> = ordered.collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

pub(crate) fn run() {
    println!("\nnegotiation of 0.5 kWh blocks, 4 slots, half sellers and half buyers, at most {PARTNERS} partners each");
    println!("peers      pairs    rounds   finished   traded kWh          ms");
    for peers in [10, 100, 1_000] {
        let negotiation = negotiation(peers);
        let begun = Instant::now();
        let outcome = negotiate(&negotiation, &BranchAndBound::default()).unwrap();
        let ms = begun.elapsed().as_secs_f64() * 1e3;
        let traded: Energy = outcome.trades.iter().map(|trade| trade.energy).sum();
        let (pairs, rounds, finished) = (negotiation.pairs.len(), outcome.rounds, outcome.is_finished());
        println!("{peers:>5} {pairs:>10} {rounds:>9} {finished:>10} {:>12.1} {ms:>11.1}", traded.as_kwh());
    }
    println!("\nmethod of multipliers, one step, producers and consumers with quadratic costs, fees of 0 to 2 ct/kWh");
    println!("peers      edges  iterations  converged  residuals kW, EUR/kWh    traded kWh          ms");
    for peers in [10, 100, 1_000] {
        let exchange = exchange(peers);
        let begun = Instant::now();
        let agreement = agree(&exchange, &Admm::default(), &InteriorPoint::default()).unwrap();
        let ms = begun.elapsed().as_secs_f64() * 1e3;
        let traded: Energy = agreement.trades.iter().map(|trade| trade.energy).sum();
        println!(
            "{peers:>5} {:>10} {:>11} {:>10}       {:>8.1e}, {:>8.1e} {:>13.1} {ms:>11.1}",
            exchange.edges.len(),
            agreement.iterations,
            agreement.converged,
            agreement.primal_kw,
            agreement.dual_eur_per_kwh,
            traded.as_kwh()
        );
    }
}

fn negotiation(peers: usize) -> Negotiation {
    let is_seller = |peer: usize| peer % 2 == 0;
    let energy = |peer: usize| (0..4).map(|slot| Energy(500 + spread(peer * 4 + slot, 3000) as i64)).collect::<Vec<_>>();
    let prosumer = |peer: usize| {
        let (own, none) = (energy(peer), vec![Energy::ZERO; 4]);
        let (load, pv) = if is_seller(peer) { (none, own) } else { (own, none) };
        Prosumer { load, pv, storages: Vec::new() }
    };
    let directed = |(a, b): (usize, usize)| match (is_seller(a), is_seller(b)) {
        (true, false) => Some((a, b, Price::ZERO)),
        (false, true) => Some((b, a, Price::ZERO)),
        _ => None,
    };
    Negotiation {
        slot_h: 1.0,
        import_price: vec![Price(180_000); 4],
        export_price: vec![Price(60_000); 4],
        contract: Energy(500),
        increment: Price(10_000),
        contracts_per_pair: 4,
        most_rounds: 5_000,
        peers: (0..peers).map(prosumer).collect(),
        pairs: edges(peers).into_iter().filter_map(directed).collect(),
    }
}

fn exchange(peers: usize) -> Exchange {
    let peer = |index: usize| {
        let (price, slope) = (spread(index, 200) as f64 / 1e3, 0.01 + spread(index + 7, 40) as f64 / 1e3);
        let size = 1.0 + spread(index + 13, 80) as f64 / 10.0;
        let (least, most) = if index % 2 == 0 { (0.0, size) } else { (-size, 0.0) };
        let linear = if index % 2 == 0 { 0.05 + price } else { 0.15 + price };
        Peer::Elastic(Elastic {
            linear: linear.into(),
            quadratic: slope.into(),
            least_kw: least.into(),
            most_kw: most.into(),
            need_kw: 0.0.into(),
        })
    };
    let edge = |(from, to): (usize, usize)| Edge { from, to, fee_eur_per_kwh: spread(from + to, 20) as f64 / 1e3 };
    let edges = edges(peers).into_iter().map(edge).collect();
    Exchange { steps: 1, step_h: 1.0, peers: (0..peers).map(peer).collect(), edges, ..Exchange::default() }
}
