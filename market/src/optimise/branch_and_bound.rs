//! Integer columns by branch and bound over any solver of the continuous problem.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::{ColumnId, InteriorPoint, OptimiseError, Optimiser, Problem, Solution, Status};

/// Best-first branch and bound: the open node with the lowest bound goes first, so that the bound proven rises as fast as
/// it can, and branches on its most fractional column. Rounding the relaxation, and diving from it where rounding fails,
/// finds good values early.
///
/// Exponential in the number of integer columns in the worst case. Equal bounds go in order of creation, and columns
/// equally fractional in their own order, so a problem always takes the same way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BranchAndBound<Inner = InteriorPoint> {
    /// What solves each node.
    pub inner: Inner,
    /// The search stops when no values can cost less than the best ones by more than this, in units of the cost,
    pub gap: f64,
    /// or by more than this share of it, whichever is met first.
    pub relative_gap: f64,
    /// Most nodes solved. The best values until then are handed back as [`Status::Feasible`], with their gap.
    pub nodes: u64,
    /// How far from a whole number a value counts as whole. It is then set to it, and the rest solved again.
    pub integrality: f64,
}

impl Default for BranchAndBound {
    fn default() -> Self {
        Self::over(InteriorPoint::default())
    }
}

impl<Inner> BranchAndBound<Inner> {
    /// A search with the usual limits, over another solver.
    pub fn over(inner: Inner) -> Self {
        Self { inner, gap: 1e-6, relative_gap: 1e-7, nodes: 100_000, integrality: 1e-6 }
    }
}

impl<Inner: Optimiser> Optimiser for BranchAndBound<Inner> {
    fn name(&self) -> &'static str {
        "branch-and-bound"
    }

    fn solve(&self, problem: &Problem) -> Result<Solution, OptimiseError> {
        problem.check()?;
        let integers: Vec<ColumnId> = problem.integers().collect();
        if integers.is_empty() {
            return self.inner.solve(problem);
        }
        let mut relaxed = problem.relaxed();
        for &column in &integers {
            let (lower, upper) = problem.bounds(column);
            // A hair's breadth below a whole number is that number.
            let (inner_lower, inner_upper) = ((lower - 1e-9).ceil(), (upper + 1e-9).floor());
            if inner_lower > inner_upper {
                return Err(OptimiseError::ContradictoryBounds {
                    what: format!("the bounds of {}, which takes whole numbers,", problem.column_name(column)),
                    lower,
                    upper,
                });
            }
            relaxed.set_bounds(column, inner_lower, inner_upper);
        }
        Search { limits: self, relaxed, integers, best: None, open: BinaryHeap::new(), unsettled: None, solved: 0 }
            .run()
    }
}

/// Bounds of integer columns still to be searched. Its own relaxation has been solved.
struct Node {
    /// No values in here cost less.
    bound: f64,
    /// Which came into being first.
    number: u64,
    bounds: Vec<(f64, f64)>,
    /// The column to branch on, and its value in the relaxation.
    branch: (usize, f64),
}

/// The heap hands out its greatest, which is the node of lowest bound and, of equals, the oldest.
impl Ord for Node {
    fn cmp(&self, other: &Self) -> Ordering {
        other.bound.total_cmp(&self.bound).then(other.number.cmp(&self.number))
    }
}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Node {}

struct Search<'a, Inner> {
    limits: &'a BranchAndBound<Inner>,
    /// The problem without integrality; its bounds are those of the node at hand.
    relaxed: Problem,
    integers: Vec<ColumnId>,
    best: Option<Solution>,
    open: BinaryHeap<Node>,
    /// The lowest bound of what could neither be solved nor divided.
    unsettled: Option<f64>,
    solved: u64,
}

/// What the inner solver says of a node.
enum Within {
    Best(Solution),
    Nothing,
    /// It stopped before it was sure.
    Unsure,
}

impl<Inner: Optimiser> Search<'_, Inner> {
    fn run(mut self) -> Result<Solution, OptimiseError> {
        let root: Vec<_> = self.integers.iter().map(|&column| self.relaxed.bounds(column)).collect();
        let relaxation = self.visit(root.clone(), f64::NEG_INFINITY)?;
        if let Some(relaxation) = relaxation {
            self.dive(root, relaxation)?;
        }
        while let Some(node) = self.open.pop() {
            if !self.is_worthwhile(node.bound) {
                self.open.clear();
                break;
            }
            if self.solved >= self.limits.nodes {
                self.open.push(node);
                break;
            }
            let (place, value) = node.branch;
            let (lower, upper) = node.bounds[place];
            // Interior values may touch the upper bound; both sides must hold a whole number, and neither all of them.
            let cut = value.floor().clamp(lower, upper - 1.0);
            for side in [(lower, cut), (cut + 1.0, upper)] {
                let mut bounds = node.bounds.clone();
                bounds[place] = side;
                self.visit(bounds, node.bound)?;
            }
        }
        self.conclude()
    }

    /// Solves the relaxation within `bounds` and keeps what is worth it: whole values as the best, others as an open node.
    /// Hands back the values that are not whole.
    fn visit(&mut self, bounds: Vec<(f64, f64)>, known: f64) -> Result<Option<Vec<f64>>, OptimiseError> {
        let solution = match self.solve_within(&bounds)? {
            Within::Best(solution) => solution,
            Within::Nothing => return Ok(None),
            Within::Unsure => {
                self.divide_unsolved(bounds, known);
                return Ok(None);
            }
        };
        let bound = known.max(solution.objective - solution.gap);
        if !self.is_worthwhile(bound) {
            return Ok(None);
        }
        self.hold(&solution.values)?;
        let branch = match self.most_fractional(&solution.values) {
            Some(branch) => branch,
            // As good as whole, and dearer or impossible once whole: only branching tells.
            None => match (0..bounds.len()).find(|&place| bounds[place].0 < bounds[place].1) {
                Some(place) => (place, solution.values[self.integers[place].0]),
                None => return Ok(None),
            },
        };
        if self.is_worthwhile(bound) {
            self.open.push(Node { bound, number: self.solved, bounds, branch });
        }
        Ok(Some(solution.values))
    }

    /// Leaves a node without a relaxation of its own open, to be halved at its first column that is.
    fn divide_unsolved(&mut self, bounds: Vec<(f64, f64)>, bound: f64) {
        match (0..bounds.len()).find(|&place| bounds[place].0 < bounds[place].1) {
            Some(place) => {
                let (lower, upper) = bounds[place];
                let middle = if (upper - lower).is_finite() { f64::midpoint(lower, upper) } else { 0.0 };
                self.open.push(Node { bound, number: self.solved, bounds, branch: (place, middle) });
            }
            None => self.unsettled = Some(self.unsettled.map_or(bound, |least| least.min(bound))),
        }
    }

    /// Rounds the integer columns of `values`, solves for the rest, and keeps the result if it is the best.
    fn hold(&mut self, values: &[f64]) -> Result<(), OptimiseError> {
        let rounded: Vec<_> = self.integers.iter().map(|column| values[column.0].round()).collect();
        let bounds: Vec<_> = rounded.iter().map(|&value| (value, value)).collect();
        let Within::Best(solution) = self.solve_within(&bounds)? else { return Ok(()) };
        if self.best.as_ref().is_none_or(|best| solution.objective < best.objective) {
            self.best = Some(solution);
        }
        Ok(())
    }

    /// Fixes the column nearest to a whole number, one after the other, until all are whole or nothing is left.
    fn dive(&mut self, mut bounds: Vec<(f64, f64)>, mut values: Vec<f64>) -> Result<(), OptimiseError> {
        if self.best.is_some() {
            return Ok(());
        }
        let is_open = |bounds: &[(f64, f64)], place: usize| bounds[place].0 < bounds[place].1;
        for _ in 0..self.integers.len() {
            let value = |place: usize| values[self.integers[place].0];
            let off = |place: usize| (value(place) - value(place).round()).abs();
            let places = (0..self.integers.len()).filter(|&place| is_open(&bounds, place));
            let Some(place) = places.min_by(|&a, &b| off(a).total_cmp(&off(b))) else { break };
            let whole = value(place).round();
            bounds[place] = (whole, whole);
            match self.solve_within(&bounds)? {
                Within::Best(solution) => values = solution.values,
                Within::Nothing | Within::Unsure => return Ok(()),
            }
            if self.most_fractional(&values).is_none() {
                break;
            }
        }
        self.hold(&values)
    }

    /// The relaxation within `bounds`.
    fn solve_within(&mut self, bounds: &[(f64, f64)]) -> Result<Within, OptimiseError> {
        self.solved += 1;
        for (&column, &(lower, upper)) in self.integers.iter().zip(bounds) {
            self.relaxed.set_bounds(column, lower, upper);
        }
        match self.limits.inner.solve(&self.relaxed) {
            Ok(solution) => Ok(Within::Best(solution)),
            // At the root this is what the caller must hear.
            Err(OptimiseError::Infeasible { .. }) if self.solved > 1 => Ok(Within::Nothing),
            Err(OptimiseError::IterationLimit { .. }) if self.solved > 1 => Ok(Within::Unsure),
            Err(error) => Err(error),
        }
    }

    /// The place of the column farthest from a whole number, with its value; `None` if all are whole.
    fn most_fractional(&self, values: &[f64]) -> Option<(usize, f64)> {
        let value = |place: usize| values[self.integers[place].0];
        let off = |place: usize| (value(place) - value(place).round()).abs();
        let fractional = (0..self.integers.len()).filter(|&place| off(place) > self.limits.integrality);
        // The first of equals, where `max_by` would take the last.
        let place = fractional.rev().max_by(|&a, &b| off(a).total_cmp(&off(b)))?;
        Some((place, value(place)))
    }

    /// Whether something better by more than the gap may lie behind `bound`.
    fn is_worthwhile(&self, bound: f64) -> bool {
        let Some(best) = &self.best else { return true };
        best.objective - bound > self.limits.gap.max(self.limits.relative_gap * best.objective.abs())
    }

    fn conclude(self) -> Result<Solution, OptimiseError> {
        let open = self.open.peek().map(|node| node.bound).into_iter().chain(self.unsettled).reduce(f64::min);
        let open = open.filter(|&bound| self.is_worthwhile(bound));
        let Some(mut best) = self.best else {
            let name = self.relaxed.column_name(self.integers[0]);
            return Err(match open {
                Some(bound) => OptimiseError::NodeLimit { column: name, nodes: self.solved, bound },
                None => OptimiseError::Infeasible {
                    rows: Vec::new(),
                    columns: self.integers,
                    named: format!("the limits, once {name} and the like take whole values"),
                },
            });
        };
        best.iterations = self.solved;
        best.gap = open.map_or(best.gap, |bound| (best.objective - bound).max(best.gap));
        best.status = if open.is_some() { Status::Feasible } else { Status::Optimal };
        if open.is_none() {
            // What was left unsearched lies within the gap asked for.
            best.gap = best.gap.max(self.limits.gap.max(self.limits.relative_gap * best.objective.abs()));
        }
        Ok(best)
    }
}
