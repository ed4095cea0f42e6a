//! Upper bounds on welfare from prices: every slot and every block responds to them as suits it best.
//!
//! For any prices p of the slots and any prices of the links, max welfare ≤ Σ over slots of the best response of the
//! simple orders + Σ over blocks of theirs (Lagrangian duality; the balance of each slot is relaxed, and so are links).
//! The bound is exact in integers. Good prices come from the [relaxation](super::relaxation), in floats: bad ones cost a
//! node, never the truth.

use super::problem::{Block, Domain, Problem, UNIT, objective};
use super::relaxation::{Point, Relaxation};

/// What prices say about a node of the search.
#[derive(Debug, Clone)]
pub(super) struct Dual {
    /// No outcome within the domains has a higher objective.
    pub(super) bound: i128,
    /// What a lot of each block adds to the bound.
    pub(super) gains: Vec<i128>,
    /// The ratio of each block in the relaxation, from 0 to 1.
    pub(super) share: Vec<f64>,
}

/// How thoroughly the relaxation is solved: first window and steps in each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    pub(super) first_window: usize,
    pub(super) steps: usize,
}

impl Relaxation<'_> {
    /// The best bound found on the way from `share`; stops once it is not above `target`.
    pub(super) fn bound(&self, domains: &[Domain], share: &[f64], target: i128, effort: Effort) -> Dual {
        let mut best: Option<Dual> = None;
        self.climb(domains, share, effort.first_window, effort.steps, |point| {
            let (bound, gains) = self.respond(domains, point);
            match &mut best {
                Some(best) if best.bound <= bound => best.share.clone_from(&point.share),
                _ => best = Some(Dual { bound, gains, share: point.share.clone() }),
            }
            best.as_ref().is_some_and(|best| best.bound <= target)
        });
        best.expect("a climb passes through a window at least")
    }

    /// The bound at these prices, and what a lot of each block gains.
    fn respond(&self, domains: &[Domain], point: &Point) -> (i128, Vec<i128>) {
        let problem = self.problem();
        let (lowest, highest) = (problem.range.lowest.0, problem.range.highest.0);
        let whole = |&price: &f64| (price.round() as i64).clamp(lowest, highest);
        let prices: Vec<i64> = point.prices[..problem.curves.len()].iter().map(whole).collect();
        let simple: i128 = problem.curves.iter().zip(&prices).map(|(curve, &price)| curve.respond(price).0).sum();
        let mut surplus: Vec<i128> = problem.blocks.iter().map(|block| block.surplus(&prices)).collect();
        for (&(child, parent), price) in self.links.iter().zip(&point.prices[prices.len()..]) {
            let per_permille = (price / 1000.0).max(0.0).round() as i128;
            surplus[child] -= per_permille * i128::from(problem.blocks[child].permille());
            surplus[parent] += per_permille * i128::from(problem.blocks[parent].permille());
        }
        let gains: Vec<i128> =
            problem.blocks.iter().zip(surplus).map(|(block, surplus)| objective(block, surplus)).collect();
        let mut bound = simple * UNIT;
        for ((block, &(from, to)), &gain) in problem.blocks.iter().zip(domains).zip(&gains) {
            bound += gain * i128::from(if gain > 0 && block.group.is_none() { to } else { from });
        }
        for group in &problem.groups {
            bound += fill_group(problem, group, domains, &gains);
        }
        (bound, gains)
    }
}

impl Dual {
    /// Narrows the domains to what can still reach more than `target`: each lot away from the response costs what it
    /// gains. `false` when nothing is left.
    pub(super) fn narrow(&self, problem: &Problem, domains: &mut [Domain], target: i128) -> bool {
        let spare = self.bound - target - 1;
        if spare < 0 {
            return false;
        }
        for (index, (from, to)) in domains.iter_mut().enumerate() {
            let gain = self.gains[index];
            if gain == 0 || *from == *to {
                continue;
            }
            let lots = i64::try_from(spare / gain.abs()).unwrap_or(i64::MAX);
            if gain < 0 {
                *to = (*to).min(from.saturating_add(lots));
            } else if problem.blocks[index].group.is_none() {
                *from = (*from).max(to.saturating_sub(lots));
            }
        }
        true
    }
}

/// What an exclusive group adds to the bound when it is divided among those who gain most per mille. A lot of which only
/// a part is left counts in full.
fn fill_group(problem: &Problem, group: &[usize], domains: &[Domain], gains: &[i128]) -> i128 {
    let block = |member: usize| -> &Block { &problem.blocks[member] };
    let mut left = 1000 - group.iter().map(|&member| domains[member].0 * block(member).permille()).sum::<i64>();
    let mut best: Vec<usize> = group.iter().copied().filter(|&member| gains[member] > 0).collect();
    best.sort_by_key(|&member| (std::cmp::Reverse(gains[member] * i128::from(block(member).lots)), member));
    let mut added = 0;
    for member in best {
        let permille = block(member).permille();
        let (from, to) = domains[member];
        let lots = (to - from).min((left + permille - 1) / permille);
        added += gains[member] * i128::from(lots);
        left = (left - lots * permille).max(0);
    }
    added
}
