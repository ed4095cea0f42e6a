//! The linear program of redispatch, and how its result becomes whole watts.

use super::{Branch, RedispatchBid, RedispatchError, cost_per_kwh, sign};
use crate::optimise::{Column, ColumnId, InteriorPoint, Optimiser, Problem, Row};

/// Watts of each bid, whole and in balance: of the program's result rounded plainly, and of one that keeps a watt per bid
/// away from every limit, the better one by overload, then cost.
pub(super) fn least_cost_changes(
    branches: &[Branch],
    before_uw: &[i128],
    bids: &[RedispatchBid],
) -> Result<Vec<i64>, RedispatchError> {
    let nothing = vec![0; bids.len()];
    if bids.is_empty() || merit(branches, before_uw, bids, &nothing).0 == 0 {
        return Ok(nothing);
    }
    let (plain, least_uw) = solve(branches, before_uw, bids, 0.0)?;
    let mut best = round(&plain, branches, before_uw, bids);
    // Rounding has added no overload worth a watt: nothing is to be gained from keeping away from the limits.
    let exact = merit(branches, before_uw, bids, &best).0 as f64 <= least_uw + 1.0;
    let candidates = if exact {
        vec![nothing]
    } else {
        let (careful, _) = solve(branches, before_uw, bids, bids.len() as f64 + 1.0)?;
        vec![round(&careful, branches, before_uw, bids), nothing]
    };
    for candidate in candidates {
        if merit(branches, before_uw, bids, &candidate) < merit(branches, before_uw, bids, &best) {
            best = candidate;
        }
    }
    Ok(best)
}

/// Overload in millionths of a watt, then cost in watts × price.
fn merit(branches: &[Branch], before_uw: &[i128], bids: &[RedispatchBid], changes_w: &[i64]) -> (i128, i128) {
    let flows = flows_after(branches, before_uw, bids, changes_w);
    let overload = branches.iter().zip(flows).map(|(branch, flow)| branch.overload_uw(flow)).sum();
    (overload, bids.iter().zip(changes_w).map(|(bid, &w)| cost_per_kwh(bid) * i128::from(w)).sum())
}

/// The flow of each branch in millionths of a watt after the changes.
pub(super) fn flows_after(
    branches: &[Branch],
    before_uw: &[i128],
    bids: &[RedispatchBid],
    changes_w: &[i64],
) -> Vec<i128> {
    let after = |(branch, &before): (&Branch, &i128)| {
        let change =
            |(bid, &w): (&RedispatchBid, &i64)| i128::from(branch.factor_ppm(bid.node)) * i128::from(sign(bid) * w);
        // Up is less net consumption.
        before - bids.iter().zip(changes_w).map(change).sum::<i128>()
    };
    branches.iter().zip(before_uw).map(after).collect()
}

/// Watts of each bid, not yet whole, with flows `margin_w` inside the limits where possible; and the overload it leaves,
/// in millionths of a watt.
fn solve(
    branches: &[Branch],
    before_uw: &[i128],
    bids: &[RedispatchBid],
    margin_w: f64,
) -> Result<(Vec<f64>, f64), RedispatchError> {
    let largest_w = bids.iter().map(|bid| bid.quantity.0).max().unwrap_or(1) as f64;
    let price_unit = bids.iter().map(|bid| bid.price.0.unsigned_abs()).max().unwrap_or(1).max(1) as f64;
    let mut problem = Problem::default();
    let used: Vec<ColumnId> =
        bids.iter().map(|bid| problem.column(Column::between(0.0, bid.quantity.0 as f64 / largest_w))).collect();
    problem.row(Row::equal(0.0).with_all(bids.iter().zip(&used).map(|(bid, &column)| (column, sign(bid) as f64))));
    let mut overloads = Vec::new();
    for (branch, &before) in branches.iter().zip(before_uw) {
        let terms = bids
            .iter()
            .zip(&used)
            .map(|(bid, &column)| (column, -f64::from(branch.factor_ppm(bid.node)) / 1e6 * sign(bid) as f64));
        let terms: Vec<(ColumnId, f64)> = terms.filter(|term| term.1 != 0.0).collect();
        if terms.is_empty() {
            continue;
        }
        let before = before as f64 / 1e6 / largest_w;
        let limit = (branch.limit.0 as f64 - margin_w).max(0.0) / largest_w;
        let overload = problem.column(Column::at_least(0.0).cost(1.0));
        problem.row(Row::at_most(limit - before).with_all(terms.iter().copied()).with(overload, -1.0));
        problem.row(Row::at_least(-limit - before).with_all(terms).with(overload, 1.0));
        overloads.push((overload, branch, before));
    }
    let solver = InteriorPoint::default();
    let least = solver.solve(&problem)?.objective.max(0.0);
    for &(overload, ..) in &overloads {
        problem.set_cost(overload, 0.0);
    }
    problem.row(Row::at_most(least + 1e-8).with_all(overloads.iter().map(|&(overload, ..)| (overload, 1.0))));
    for (bid, &column) in bids.iter().zip(&used) {
        problem.set_cost(column, cost_per_kwh(bid) as f64 / price_unit);
    }
    let solution = solver.solve(&problem)?;
    let watts = used.iter().map(|&column| solution.value(column) * largest_w).collect();
    Ok((watts, least * largest_w * 1e6))
}

/// Rounds to the nearest watts, then restores the balance watt by watt where it leaves the least overload, then cost; the
/// bid of earlier merit first among equal ones.
fn round(exact_w: &[f64], branches: &[Branch], before_uw: &[i128], bids: &[RedispatchBid]) -> Vec<i64> {
    let nearest = |(&exact, bid): (&f64, &RedispatchBid)| (exact.round() as i64).clamp(0, bid.quantity.0);
    let mut changes_w: Vec<i64> = exact_w.iter().zip(bids).map(nearest).collect();
    let mut flows = flows_after(branches, before_uw, bids, &changes_w);
    let mut surplus_w: i64 = bids.iter().zip(&changes_w).map(|(bid, w)| sign(bid) * w).sum();
    while surplus_w != 0 {
        // A surplus is cured by less up or more down; either way net consumption rises by the watt of surplus.
        let rise = surplus_w.signum();
        let step = |bid: &RedispatchBid| -rise * sign(bid);
        let possible = |&place: &usize| {
            let changed = changes_w[place] + step(&bids[place]);
            (0..=bids[place].quantity.0).contains(&changed)
        };
        let moved = |branch: &Branch, flow: i128, bid: &RedispatchBid| {
            flow + i128::from(branch.factor_ppm(bid.node)) * i128::from(rise)
        };
        let after = |&place: &usize| {
            let bid = &bids[place];
            let overload = |(branch, &flow): (&Branch, &i128)| branch.overload_uw(moved(branch, flow, bid));
            let overload_uw: i128 = branches.iter().zip(&flows).map(overload).sum();
            (overload_uw, cost_per_kwh(bid) * i128::from(step(bid)))
        };
        let best = (0..bids.len()).filter(possible).min_by_key(after);
        let place = best.expect("a surplus of one direction comes from a bid that can be taken back");
        flows = branches.iter().zip(&flows).map(|(branch, &flow)| moved(branch, flow, &bids[place])).collect();
        changes_w[place] += step(&bids[place]);
        surplus_w -= rise;
    }
    changes_w
}
