//! Exact scheduling of one storage where costs are not convex, or limits must give way to penalties.
//!
//! The cost to go is any piecewise-linear function: it may have gaps (powers that cannot be reached), jumps and isolated
//! points. It falls into convex chains; each chain is merged with each convex branch of a step's cost by slope, and the
//! lowest of the results is the cost one step earlier. Only what can be reached from the start is kept, and of that only what
//! [bounds](super::bounds) leave.

use super::bounds::Bounds;
use super::convex::{Convex, Piece};
use super::problem::{Penalties, Problem, Storage};
use super::segments::{Segment, lowest, value_at};
use super::window::{Bend, Windows};
use std::ops::Range;

/// What misses a limit by less than this keeps it, kWh.
pub(super) const NEAR_KWH: f64 = 1e-9;

/// The least cost from the start and what each step adds, none if the limits cannot all be kept; with penalties they can.
pub(super) fn solve(
    problem: &Problem,
    storage: &Storage,
    windows: &Windows,
    branches: &[Vec<Convex>],
    penalties: Option<&Penalties>,
) -> Option<(f64, Vec<f64>)> {
    let reach = reach(storage, windows, branches, penalties.is_none())?;
    // One convex branch per step and no penalties: nothing there is to prune.
    let is_plain = penalties.is_some() || branches.iter().all(|branches| branches.len() == 1);
    let bounds = if is_plain { None } else { Bounds::new(problem, storage, windows, branches) };
    for cap_eur in bounds.iter().flat_map(Bounds::caps_eur) {
        let found = search(problem, storage, windows, branches, penalties, &reach, bounds.as_ref().zip(Some(cap_eur)));
        // Above the cap, something cheaper may have been pruned.
        if found.as_ref().is_some_and(|(cost, _)| *cost <= cap_eur) {
            return found;
        }
    }
    search(problem, storage, windows, branches, penalties, &reach, None)
}

/// The cost to go from the end to the start, then the way forward; looks only at what the bounds leave, if there are some.
fn search(
    problem: &Problem,
    storage: &Storage,
    windows: &Windows,
    branches: &[Vec<Convex>],
    penalties: Option<&Penalties>,
    reach: &[(f64, f64)],
    bounds: Option<(&Bounds, f64)>,
) -> Option<(f64, Vec<f64>)> {
    let of = Part { storage, windows, branches, penalties, reach, steps: 0..problem.steps };
    let to_go = of.costs_to_go(worth_at_end(storage, reach[problem.steps]), bounds)?;
    let cost = value_at(&to_go[0], storage.soc_start_kwh, NEAR_KWH)?;
    Some((cost, of.added(&to_go, storage.soc_start_kwh)?))
}

/// What is held at the end, as a cost.
pub(super) fn worth_at_end(storage: &Storage, (low, high): (f64, f64)) -> Vec<Segment> {
    let worth = storage.end_value_eur_per_kwh;
    vec![Segment { from: low, to: high, value: -worth * low, slope: -worth }]
}

/// Some steps of a storage, one after the other.
pub(super) struct Part<'a> {
    pub(super) storage: &'a Storage,
    pub(super) windows: &'a Windows,
    /// What each step of the problem costs; those of other steps are not looked at.
    pub(super) branches: &'a [Vec<Convex>],
    pub(super) penalties: Option<&'a Penalties>,
    /// Least and most held at the start and at every step's end.
    pub(super) reach: &'a [(f64, f64)],
    pub(super) steps: Range<usize>,
}

impl Part<'_> {
    /// The cost to go at the begin of each step and after the last one, from what it is there; none if limits cannot be kept.
    pub(super) fn costs_to_go(&self, end: Vec<Segment>, bounds: Option<(&Bounds, f64)>) -> Option<Vec<Vec<Segment>>> {
        let mut to_go = vec![end];
        for step in self.steps.clone().rev() {
            if let Some(penalties) = self.penalties {
                let after = to_go.last_mut().expect("the end is there");
                *after = penalised(after, &self.windows.bends(step, penalties));
            }
            let after = to_go.last().expect("the end is there");
            let kept = self.storage.kept_per_step.at(step);
            let (low, high) = self.reach[step];
            let merged = step_back(after, &self.branches[step], (kept * low, kept * high));
            let stretched = merged.into_iter().map(|segment| segment.stretched(kept));
            let mut before: Vec<Segment> = stretched.filter_map(|segment| segment.clipped(low, high)).collect();
            if let Some((bounds, cap_eur)) = bounds {
                before = bounds.pruned(step, &before, cap_eur);
            }
            if before.is_empty() {
                return None;
            }
            to_go.push(before);
        }
        to_go.reverse();
        Some(to_go)
    }

    /// What each step should add, from this much stored at the begin of the first.
    pub(super) fn added(&self, to_go: &[Vec<Segment>], mut soc: f64) -> Option<Vec<f64>> {
        let mut added = Vec::with_capacity(self.steps.len());
        for (step, after) in self.steps.clone().zip(&to_go[1..]) {
            let kept_kwh = self.storage.kept_per_step.at(step) * soc;
            let stored = best_step(&self.branches[step], after, kept_kwh)?;
            soc = kept_kwh + stored;
            added.push(stored);
        }
        Some(added)
    }
}

/// Least and most that can be stored at the start and at every step's end, kWh; none if nothing is left of it.
pub(super) fn reach(
    storage: &Storage,
    windows: &Windows,
    branches: &[Vec<Convex>],
    hard: bool,
) -> Option<Vec<(f64, f64)>> {
    let (mut low, mut high) = (storage.soc_start_kwh, storage.soc_start_kwh);
    let mut reach = vec![(low, high)];
    for (step, branches) in branches.iter().enumerate() {
        let kept = storage.kept_per_step.at(step);
        let least = branches.iter().map(|branch| branch.from).min_by(f64::total_cmp)?;
        let most = branches.iter().map(Convex::to).max_by(f64::total_cmp)?;
        (low, high) = (kept * low + least, kept * high + most);
        if hard {
            let (least, most) = windows.at(step);
            if least > most + NEAR_KWH || least > high + NEAR_KWH || most < low - NEAR_KWH {
                return None;
            }
            (low, high) = (low.max(least).min(most), high.min(most).max(least));
        }
        reach.push((low, high.max(low)));
    }
    Some(reach)
}

/// The cost to go before a step, over what is kept of the energy stored then, on `[low, high]`.
fn step_back(to_go: &[Segment], branches: &[Convex], (low, high): (f64, f64)) -> Vec<Segment> {
    let mut candidates = Vec::new();
    for chain in chains(to_go) {
        for branch in branches {
            let (from, to) = (chain.from - branch.to(), chain.to() - branch.from);
            if to >= low - NEAR_KWH && from <= high + NEAR_KWH {
                candidates.push(merged(&chain, branch, low - NEAR_KWH, high + NEAR_KWH));
            }
        }
    }
    lowest(candidates)
}

/// The convex chains of a function from left to right.
pub(super) fn chains(function: &[Segment]) -> Vec<Convex> {
    let mut chains: Vec<Convex> = Vec::new();
    let mut end = (f64::NEG_INFINITY, 0.0);
    for segment in function {
        let gap = segment.from - end.0;
        let piece = Piece { slope: segment.slope, tie: 0.0, length: segment.to - segment.from };
        let drift = 1e-10 + gap.abs() * segment.slope.abs() + 1e-13 * segment.value.abs();
        let touches = gap < 1e-10 && (segment.value - end.1).abs() <= drift;
        match chains.last_mut() {
            Some(chain) if touches && chain.pieces.last().is_none_or(|last| last.slope <= segment.slope) => {
                chain.pieces.push(Piece { length: piece.length + gap, ..piece });
            }
            _ => chains.push(Convex {
                from: segment.from,
                value: segment.value,
                pieces: if piece.length > 0.0 { vec![piece] } else { Vec::new() },
            }),
        }
        end = (segment.to, segment.value_at_end());
    }
    chains
}

/// A convex function as stretches side by side.
pub(super) fn stretches(function: &Convex) -> Vec<Segment> {
    let (mut from, mut value) = (function.from, function.value);
    let mut segments: Vec<Segment> = Vec::with_capacity(function.pieces.len() + 1);
    for piece in &function.pieces {
        segments.push(Segment { from, to: from + piece.length, value, slope: piece.slope });
        from += piece.length;
        value += piece.rise();
    }
    if segments.is_empty() {
        segments.push(Segment { from, to: from, value, slope: 0.0 });
    }
    segments
}

/// The best split between a chain of the cost to go and a step's branch, on `[low, high]`.
fn merged(chain: &Convex, branch: &Convex, low: f64, high: f64) -> Vec<Segment> {
    let mut x = chain.from - branch.to();
    let mut value = chain.value + branch.value_at_end();
    let mut segments: Vec<Segment> = Vec::with_capacity(chain.pieces.len() + branch.pieces.len());
    let mut ahead = chain.pieces.iter().copied().peekable();
    let mut now = branch.pieces.iter().rev().map(|piece| Piece { slope: -piece.slope, ..*piece }).peekable();
    loop {
        let piece = match (ahead.peek(), now.peek()) {
            (Some(a), Some(b)) if a.slope <= b.slope => ahead.next(),
            (Some(_), None) => ahead.next(),
            (_, Some(_)) => now.next(),
            (None, None) => break,
        };
        let Some(piece) = piece else { break };
        let (from, to) = (x, x + piece.length);
        if to >= low && from <= high {
            match segments.last_mut() {
                Some(last) if last.slope == piece.slope => last.to = to,
                _ => segments.push(Segment { from, to, value, slope: piece.slope }),
            }
        }
        x = to;
        value += piece.rise();
    }
    if segments.is_empty() {
        segments.push(Segment { from: x, to: x, value, slope: 0.0 });
    }
    segments
}

/// Adds what being off the limits counts.
fn penalised(function: &[Segment], bends: &[Bend]) -> Vec<Segment> {
    let mut result = Vec::with_capacity(function.len() + bends.len());
    for segment in function {
        let mut from = segment.from;
        let inner = bends.iter().map(|bend| bend.at_kwh).filter(|&at| segment.from < at && at < segment.to);
        for to in inner.chain([segment.to]) {
            if to <= from && segment.from < segment.to {
                continue;
            }
            let middle = from + (to - from) / 2.0;
            let mut piece = Segment { from, to, value: segment.at(from), slope: segment.slope };
            for bend in bends {
                let slope = if middle < bend.at_kwh { -bend.below_eur_per_kwh } else { bend.above_eur_per_kwh };
                piece.value += slope * (from - bend.at_kwh);
                piece.slope += slope;
            }
            result.push(piece);
            from = to;
        }
    }
    result
}

/// What a step should add to `kept_kwh`: at the best, either the step's cost or the cost to go has a knot. Of what costs the
/// same, the least flow, then the most stored.
pub(super) fn best_step(branches: &[Convex], to_go: &[Segment], kept_kwh: f64) -> Option<f64> {
    let mut best: Option<(f64, f64)> = None;
    let mut offer = |cost: f64, stored: f64| {
        let better = best.is_none_or(|(least, flow)| {
            let near = 1e-12 * (1.0 + least.abs());
            let (now, before) = (stored.abs(), flow.abs());
            cost < least - near || (cost <= least + near && (now, -stored) < (before, -flow))
        });
        if better {
            best = Some((cost, stored));
        }
    };
    for branch in branches {
        for (stored, cost) in branch.knots() {
            if let Some(ahead) = value_at(to_go, kept_kwh + stored, NEAR_KWH) {
                offer(cost + ahead, stored);
            }
        }
        let (least, most) = (branch.from, branch.to());
        let first = to_go.partition_point(|segment| segment.to < kept_kwh + least - NEAR_KWH);
        let near = to_go[first..].iter().take_while(|segment| segment.from <= kept_kwh + most + NEAR_KWH);
        for segment in near {
            for (soc, ahead) in [(segment.from, segment.value), (segment.to, segment.value_at_end())] {
                let stored = soc - kept_kwh;
                if least - NEAR_KWH <= stored && stored <= most + NEAR_KWH {
                    let stored = stored.clamp(least, most);
                    offer(branch.at(stored) + ahead, stored);
                }
            }
        }
    }
    best.map(|(_, stored)| stored)
}
