//! The price of the peak for one storage: how far above its free level the highest import should go.
//!
//! With imports capped at a level, the least cost is a convex and piecewise-linear function of that level (where the steps'
//! costs are convex). Its lowest point together with the price is found by tangents: exact after as many schedules as it
//! takes to meet the last bend, some ten as a rule.

use super::one_storage::{OneStorage, OneStorageError, solve};
use super::problem::Storage;
use super::result::Status;
use super::step_cost::View;

/// How far apart two levels are to tell the slope between them, kW.
const NEAR_KW: f64 = 1e-5;
const MOST_ROUNDS: usize = 60;

/// A level with its cost and the slope there.
#[derive(Clone, Copy)]
struct Tangent {
    level_kw: f64,
    cost_eur: f64,
    slope: f64,
}

/// Improves on a schedule made without the price of the peak.
pub(super) fn lower(mut view: View<'_>, storage: &Storage, without: OneStorage) -> Result<OneStorage, OneStorageError> {
    if !without.convex {
        return Err(OneStorageError::PeakNotConvex);
    }
    // Limits that are broken anyway come first: the peak is then what it is.
    if without.schedule.status != Status::Feasible {
        return Ok(without);
    }
    let (price, free_kw) = (view.problem.site.peak_eur_per_kw, view.problem.site.peak_free_kw);
    let mut cost = |level_kw: f64| {
        view.import_cap_kw = level_kw;
        view.relaxed = false;
        let found = solve(&mut view, storage);
        let cost = found.least_cost_eur.map(|cost| cost + price * (level_kw - free_kw));
        (cost, found)
    };
    let peak_kw = without.schedule.net_kw.iter().copied().fold(free_kw, f64::max);
    // The lowest level at which limits can be kept, by halving.
    let (mut low, mut high) = (free_kw, peak_kw);
    if cost(low).0.is_none() {
        while high - low > 1e-10 * (1.0 + high) {
            let middle = low + (high - low) / 2.0;
            if cost(middle).0.is_some() { high = middle } else { low = middle }
        }
        low = high;
    }
    let mut tangent = |level_kw: f64, towards: f64| {
        let here = cost(level_kw).0?;
        let there = cost(level_kw + towards).0?;
        Some(Tangent { level_kw, cost_eur: here, slope: (there - here) / towards })
    };
    let mut best = (low, peak_kw - low);
    if let (Some(mut left), Some(mut right)) = (tangent(low, NEAR_KW), tangent(peak_kw, -NEAR_KW)) {
        best = if left.cost_eur <= right.cost_eur { (low, 0.0) } else { (peak_kw, 0.0) };
        for _ in 0..MOST_ROUNDS {
            if left.slope >= 0.0 || right.slope <= 0.0 || right.level_kw - left.level_kw <= 2.0 * NEAR_KW {
                break;
            }
            let distance = right.level_kw - left.level_kw;
            let meet = (right.cost_eur - left.cost_eur - right.slope * distance) / (left.slope - right.slope);
            let level = left.level_kw + meet.clamp(NEAR_KW, distance - NEAR_KW);
            let expected = left.cost_eur + left.slope * (level - left.level_kw);
            let Some(middle) = tangent(level, NEAR_KW) else { break };
            if middle.cost_eur < best_cost(&left, &right) {
                best = (level, 0.0);
            }
            if middle.cost_eur <= expected + 1e-10 {
                break;
            }
            if middle.slope < 0.0 { left = middle } else { right = middle }
        }
    }
    let (least, mut found) = cost(best.0);
    found.least_cost_eur = least;
    Ok(found)
}

fn best_cost(left: &Tangent, right: &Tangent) -> f64 {
    left.cost_eur.min(right.cost_eur)
}
