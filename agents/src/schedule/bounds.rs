//! How little it can have cost to come to an energy: the bound that keeps exact schedules of costs that are not convex small.
//!
//! With each step's cost replaced by the largest convex function below it, the least cost to come to an energy is convex and
//! quickly found. An energy at which it and the exact cost to go add up to more than some schedule costs is on no schedule of
//! least cost, and the exact search need not look at it (dynamic programming with bounds: Morin and Marsten,
//! "Branch-and-bound strategies for dynamic programming", *Operations Research* 24, 1976).

use super::convex::{Convex, Piece};
use super::envelope::{best_step, stretches};
use super::problem::{Problem, Storage};
use super::segments::Segment;
use super::site::hull;
use super::window::Windows;
use std::cmp::Ordering;

/// What is lost to rounding on the way, as a share of costs: a schedule of least cost must not fall to it.
const ROUNDING: f64 = 1e-9;

/// Where no schedule is at hand, how far above the bound the least cost is looked for first, as a share.
const FIRST_SHARE: f64 = 1e-3;

/// Lower bounds of the cost to come, and where the least cost may lie.
pub(super) struct Bounds {
    /// The least it can have cost to come to an energy: at the start, then at every step's end.
    to_come: Vec<Convex>,
    /// No schedule costs less, EUR.
    least_eur: f64,
    /// What some schedule costs, if one was found, EUR.
    some_eur: Option<f64>,
}

impl Bounds {
    /// None where the limits can not be kept even by convex costs.
    pub(super) fn new(
        problem: &Problem,
        storage: &Storage,
        windows: &Windows,
        branches: &[Vec<Convex>],
    ) -> Option<Self> {
        let hulls: Vec<Convex> =
            branches.iter().map(|branches| (!branches.is_empty()).then(|| hull(branches))).collect::<Option<_>>()?;
        let start = Convex { from: storage.soc_start_kwh, value: 0.0, pieces: Vec::new() };
        let mut to_come = vec![start];
        for (step, hull) in hulls.iter().enumerate() {
            let kept = to_come[step].clone().onto(0.0, storage.kept_per_step.at(step), 0.0, 0.0);
            let (low, high) = windows.at(step);
            to_come.push(sum_at_best(&kept, hull.from, hull.value, &hull.pieces).clipped(low, high)?);
        }
        let worth = storage.end_value_eur_per_kwh;
        let ends = to_come[problem.steps].knots();
        let least_eur = ends.map(|(soc, cost)| cost - worth * soc).fold(f64::INFINITY, f64::min);
        let some_eur = greedy_eur(problem, storage, windows, branches, &hulls);
        Some(Self { to_come, least_eur, some_eur })
    }

    /// Caps of the cost to try one after the other, EUR: the search is the faster the lower they are.
    pub(super) fn caps_eur(&self) -> [f64; 3] {
        let near = ROUNDING * (1.0 + self.least_eur.abs());
        match self.some_eur {
            Some(some_eur) => {
                let gap = (some_eur - self.least_eur).max(0.0);
                [gap / 64.0, gap / 8.0, gap].map(|gap| self.least_eur + gap + near)
            }
            None => [1.0, 8.0, 64.0].map(|times| self.least_eur + FIRST_SHARE * times * (1.0 + self.least_eur.abs())),
        }
    }

    /// The parts of the cost to go before a step that may be on a schedule that costs at most `cap_eur`.
    pub(super) fn pruned(&self, step: usize, to_go: &[Segment], cap_eur: f64) -> Vec<Segment> {
        let cap_eur = cap_eur + ROUNDING * (1.0 + cap_eur.abs());
        let to_come = &self.to_come[step];
        let (mut pieces, mut from, mut value) = (to_come.pieces.iter().peekable(), to_come.from, to_come.value);
        let mut kept: Vec<Segment> = Vec::with_capacity(to_go.len());
        for segment in to_go {
            let (mut at, begun) = (segment.from, kept.len());
            loop {
                // The piece of the cost to come that holds what follows `at`.
                while let Some(piece) = pieces.peek()
                    && from + piece.length <= at
                {
                    from += piece.length;
                    value += piece.rise();
                    pieces.next();
                }
                let (slope, end) =
                    pieces.peek().map_or((0.0, f64::INFINITY), |piece| (piece.slope, from + piece.length));
                let to = segment.to.min(end.max(at));
                let sum = |x: f64| segment.at(x) + value + slope * (x - from).max(0.0);
                keep_below(&mut kept, begun, segment, (at, sum(at)), (to, sum(to)), cap_eur);
                if to >= segment.to {
                    break;
                }
                at = to;
            }
        }
        kept
    }
}

/// Appends the part of a segment between two points where a linear sum is at most the cap; what is kept of it already begins at
/// the place `begun`.
fn keep_below(kept: &mut Vec<Segment>, begun: usize, segment: &Segment, a: (f64, f64), b: (f64, f64), cap: f64) {
    let ((mut from, left), (mut to, right)) = (a, b);
    if left > cap && right > cap {
        return;
    }
    // Where the sum crosses the cap; within the stretch whatever rounding says.
    if left > cap {
        from = (from + (to - from) * ((left - cap) / (left - right))).clamp(a.0, b.0);
    } else if right > cap {
        to = (to - (to - from) * ((right - cap) / (right - left))).clamp(a.0, b.0);
    }
    // Another segment may end here with the same slope, and another value.
    if let Some(last) = kept[begun..].last_mut()
        && last.to == from
    {
        last.to = to;
        return;
    }
    kept.push(Segment { from, to, value: segment.at(from), slope: segment.slope });
}

/// The best split of a sum between two convex functions (their infimal convolution); pieces of the second in rising order.
fn sum_at_best(one: &Convex, from: f64, value: f64, pieces: &[Piece]) -> Convex {
    let mut merged = Vec::with_capacity(one.pieces.len() + pieces.len());
    let (mut a, mut b) = (one.pieces.iter().peekable(), pieces.iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(first), Some(second)) if first.order(second) != Ordering::Greater => a.next(),
            (Some(_), None) => a.next(),
            (_, Some(_)) => b.next(),
            (None, None) => break,
        };
        merged.extend(next.copied());
    }
    Convex { from: one.from + from, value: one.value + value, pieces: merged }
}

/// What a schedule costs that looks one step ahead exactly, and at convex costs beyond; none if it gets stuck.
fn greedy_eur(
    problem: &Problem,
    storage: &Storage,
    windows: &Windows,
    branches: &[Vec<Convex>],
    hulls: &[Convex],
) -> Option<f64> {
    let (last, worth) = (problem.steps - 1, storage.end_value_eur_per_kwh);
    let (low, high) = windows.at(last);
    let end = Piece { slope: -worth, tie: 0.0, length: high - low };
    let mut to_go = vec![Convex { from: low, value: -worth * low, pieces: vec![end] }];
    for step in (1..problem.steps).rev() {
        let hull = &hulls[step];
        let turned: Vec<Piece> =
            hull.pieces.iter().rev().map(|piece| Piece { slope: -piece.slope, ..*piece }).collect();
        let after = to_go.last().expect("the end is there");
        let before = sum_at_best(after, -hull.to(), hull.value_at_end(), &turned);
        let before = before.onto(0.0, 1.0 / storage.kept_per_step.at(step), 0.0, 0.0);
        let (low, high) = windows.at(step - 1);
        to_go.push(before.clipped(low, high)?);
    }
    let (mut soc, mut cost) = (storage.soc_start_kwh, 0.0);
    for (step, branches) in branches.iter().enumerate() {
        let kept_kwh = storage.kept_per_step.at(step) * soc;
        let stored = best_step(branches, &stretches(&to_go.pop()?), kept_kwh)?;
        let on = branches.iter().filter(|branch| branch.from - 1e-9 <= stored && stored <= branch.to() + 1e-9);
        cost += on.map(|branch| branch.at(stored)).min_by(f64::total_cmp)?;
        soc = kept_kwh + stored;
    }
    Some(cost - worth * soc)
}
