//! Upper bounds on welfare from prices: every slot and every block responds to them as suits it best.
//!
//! For any prices p, max welfare ≤ Σ over slots of the best response of the simple orders + Σ over blocks of theirs
//! (Lagrangian duality; the balance of each slot is relaxed). The bound is exact in integers. Prices are moved against
//! the imbalance by a subgradient method with Polyak's step, in floats: a bad move costs a node, never the truth.

use super::curve::Curve;
use super::problem::{Block, Domain, Problem, UNIT, objective};

/// What prices say about a node of the search.
#[derive(Debug, Clone)]
pub(super) struct Dual {
    /// The best prices found.
    pub(super) prices: Vec<i64>,
    /// No outcome within the domains has a higher objective.
    pub(super) bound: i128,
    /// The lots that the blocks would choose at these prices.
    pub(super) response: Vec<i64>,
    /// How much of each block was chosen on average on the way, from 0 to 1: a primal solution of the relaxation, nearly.
    pub(super) share: Vec<f64>,
}

/// Improves on `prices` for up to `steps` steps, aiming at the objective `target`; stops once the bound is not above it.
pub(super) fn improve(problem: &Problem, domains: &[Domain], prices: &[i64], target: i128, steps: usize) -> Dual {
    let (mut bound, mut response) = respond(problem, domains, prices);
    let mut best = Dual { prices: prices.to_vec(), bound, response: response.clone(), share: vec![0.0; domains.len()] };
    let mut place: Vec<f64> = prices.iter().map(|&price| price as f64).collect();
    let (mut present, mut pace, mut patience, mut weight) = (prices.to_vec(), 1.0, 0, 0.0);
    for step in 0..steps {
        // Later responses count more: the first prices are far off.
        let worth = (step + 1) as f64;
        weight += worth;
        for ((share, &lots), block) in best.share.iter_mut().zip(&response).zip(&problem.blocks) {
            *share += (lots as f64 / block.lots as f64 - *share) * worth / weight;
        }
        if best.bound <= target {
            break;
        }
        let excess = excess(problem, &response, &present);
        let norm: f64 = excess.iter().map(|&wh| wh as f64 * wh as f64).sum();
        if norm == 0.0 {
            break;
        }
        let above = (((bound - target) / UNIT) as f64).max(1.0);
        let stride = pace * above / norm;
        for ((place, price), &wh) in place.iter_mut().zip(&mut present).zip(&excess) {
            let (lowest, highest) = (problem.range.lowest.0 as f64, problem.range.highest.0 as f64);
            *place = (*place - stride * wh as f64).clamp(lowest, highest);
            *price = place.round() as i64;
        }
        (bound, response) = respond(problem, domains, &present);
        if bound < best.bound {
            best.bound = bound;
            best.prices.clone_from(&present);
            best.response.clone_from(&response);
            patience = 0;
        } else {
            patience += 1;
            if patience >= 6 {
                (pace, patience) = (pace * 0.6, 0);
                place = best.prices.iter().map(|&price| price as f64).collect();
            }
        }
    }
    best
}

/// The bound at these prices and the lots that reach it.
pub(super) fn respond(problem: &Problem, domains: &[Domain], prices: &[i64]) -> (i128, Vec<i64>) {
    let simple: i128 = problem.curves.iter().zip(prices).map(|(curve, &price)| curve.respond(price).0).sum();
    let mut bound = simple * UNIT;
    let mut response = Vec::with_capacity(domains.len());
    let mut gains = Vec::with_capacity(domains.len());
    for (block, &(from, to)) in problem.blocks.iter().zip(domains) {
        let gain = objective(block, block.surplus(prices));
        let lots = if gain > 0 && block.group.is_none() { to } else { from };
        bound += gain * i128::from(lots);
        response.push(lots);
        gains.push(gain);
    }
    for group in &problem.groups {
        bound += fill_group(problem, group, domains, &gains, &mut response);
    }
    (bound, response)
}

/// Divides an exclusive group among those who gain most per mille. What it adds to the bound counts a lot in full of
/// which only a part is left.
fn fill_group(problem: &Problem, group: &[usize], domains: &[Domain], gains: &[i128], response: &mut [i64]) -> i128 {
    let block = |member: usize| -> &Block { &problem.blocks[member] };
    let mut left = 1000 - group.iter().map(|&member| domains[member].0 * block(member).permille()).sum::<i64>();
    let mut best: Vec<usize> = group.iter().copied().filter(|&member| gains[member] > 0).collect();
    best.sort_by_key(|&member| (std::cmp::Reverse(gains[member] * i128::from(block(member).lots)), member));
    let mut added = 0;
    for member in best {
        let permille = block(member).permille();
        let (from, to) = domains[member];
        let room = to - from;
        let bounding = room.min((left + permille - 1) / permille);
        let lots = room.min(left / permille);
        added += gains[member] * i128::from(bounding);
        response[member] += lots;
        left = (left - bounding * permille).max(0);
    }
    added
}

/// Supply minus demand in each slot, in Wh, nearest to balance among the best responses of the simple orders.
fn excess(problem: &Problem, response: &[i64], prices: &[i64]) -> Vec<i64> {
    let of_slot = |(curve, (&price, injected)): (&Curve, (&i64, i64))| {
        let (_, least, most) = curve.respond(price);
        injected - injected.clamp(least, most)
    };
    problem.curves.iter().zip(prices.iter().zip(problem.injections(response))).map(of_slot).collect()
}
