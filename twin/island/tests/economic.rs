//! Economic dispatch against a search through everything there is, with and without reserve.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

use island::dispatch::economic::{Kind, Merit, Online};
use island::fleet::{Curve, Segment};
use proptest::prelude::*;

/// A kind with two stretches, all in whole megawatts and euros, so that an optimum lies on whole megawatts too.
fn kind((half, rest, cost, more, reserve): (u32, u32, u32, u32, u32)) -> Kind {
    let segment = |to: u32, eur: u32| Segment { to_mw: to.into(), eur_per_mwh: eur.into(), co2_kg_per_mwh: 0.0 };
    let segments = vec![segment(half, cost), segment(half + rest, cost + more)];
    let curve = Curve { no_load_eur_per_h: 0.0, no_load_co2_kg_per_h: 0.0, segments };
    Kind { curve, rated_mw: (half + rest).into(), reserve_mw: reserve.min(half + rest).into() }
}

/// The least cost over whole megawatts, and the most reserve there is at this residual; none if it cannot be met.
fn search(kinds: &[Kind], online: &[Online], residual: i64, reserve: i64) -> (Option<f64>, Option<i64>) {
    // By power so far and reserve so far: the least cost.
    let mut best = std::collections::BTreeMap::from([((0_i64, 0_i64), 0.0_f64)]);
    for unit in online {
        let kind = &kinds[unit.kind];
        let mut next = std::collections::BTreeMap::new();
        for ((power, held), cost) in &best {
            let highest_mw = if unit.leaving { unit.lowest_mw } else { unit.highest_mw };
            for own in unit.lowest_mw as i64..=highest_mw as i64 {
                let own_reserve = if unit.leaving { 0 } else { kind.reserve_at(own as f64) as i64 };
                let cost = cost + kind.curve.at(own as f64).0;
                let least = next.entry((power + own, held + own_reserve)).or_insert(f64::INFINITY);
                *least = least.min(cost);
            }
        }
        best = next;
    }
    let met = || best.iter().filter(|((power, _), _)| *power == residual);
    let enough = met().filter(|((_, held), _)| *held >= reserve);
    (enough.map(|(_, cost)| *cost).reduce(f64::min), met().map(|((_, held), _)| *held).max())
}

fn fleet() -> impl Strategy<Value = (Vec<Kind>, Vec<Online>)> {
    let kinds = prop::collection::vec((1..5_u32, 1..5_u32, 1..9_u32, 0..6_u32, 0..7_u32), 1..4);
    (kinds, prop::collection::vec((0..3_usize, 0..4_u32, 0..8_u32, prop::bool::weighted(0.1)), 1..5)).prop_map(
        |(kinds, units)| {
            let kinds: Vec<Kind> = kinds.into_iter().map(kind).collect();
            let mut online: Vec<Online> = units
                .into_iter()
                .map(|(place, lowest, more, leaving)| {
                    let place = place % kinds.len();
                    let rated = kinds[place].rated_mw;
                    let lowest_mw = f64::from(lowest).min(rated);
                    let highest_mw = (lowest_mw + f64::from(more)).min(rated);
                    Online { kind: place, lowest_mw, highest_mw, leaving }
                })
                .collect();
            online.sort_by_key(|unit| unit.kind);
            (kinds, online)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_dispatch_is_cheaper_and_none_holds_more_reserve((kinds, online) in fleet(), residual in 0..30_i64, reserve in 0..16_i64) {
        let (cheapest, most) = search(&kinds, &online, residual, reserve);
        let merit = Merit::new(kinds.clone());
        let mut power = Vec::new();
        let found = merit.dispatch(&online, residual as f64, reserve as f64, &mut power);
        let given: f64 = power.iter().sum();
        prop_assert!((given + found.short_mw - found.excess_mw - residual as f64).abs() < 1e-9);
        for (unit, power) in online.iter().zip(&power) {
            prop_assert!(*power >= unit.lowest_mw - 1e-9 && *power <= unit.highest_mw + 1e-9);
        }
        let cost: f64 = online.iter().zip(&power).map(|(unit, power)| kinds[unit.kind].curve.at(*power).0).sum();
        match (cheapest, most) {
            (Some(cheapest), _) => {
                prop_assert!((cost - cheapest).abs() < 1e-6, "{cost} and {cheapest}");
                prop_assert!(found.reserve_mw >= reserve as f64 - 1e-6);
            }
            (None, Some(most)) => prop_assert!((found.reserve_mw - most as f64).abs() < 1e-6, "{} and {most}", found.reserve_mw),
            (None, None) => prop_assert!(found.short_mw + found.excess_mw > 0.0),
        }
    }

    #[test]
    fn the_price_is_what_one_more_megawatt_costs((kinds, online) in fleet(), residual in 0..30_i64, reserve in 0..16_i64) {
        let (cost, _) = search(&kinds, &online, residual, reserve);
        let (more, _) = search(&kinds, &online, residual + 1, reserve);
        let found = Merit::new(kinds).dispatch(&online, residual as f64, reserve as f64, &mut Vec::new());
        // Between whole megawatts costs are straight, so that the next one costs the price.
        if let (Some(cost), Some(more)) = (cost, more) {
            let price = found.price_eur_per_mwh.unwrap();
            prop_assert!((more - cost - price).abs() < 1e-6, "{price} and {}", more - cost);
        }
    }
}
