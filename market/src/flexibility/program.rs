//! Selection as a mixed-integer program, for sets that the exact search does not finish.
//!
//! Per option one column says whether it is taken and one how many steps of its factor. Powers are linear in the steps;
//! the watts that rounding of shares may add are kept free at the far end of each room, so that what comes back always
//! fits. It is measured again in integers before it counts.

use super::selection::{Candidate, Choice, SelectionRules, evaluate};
use super::{OfferOption, Proof, Room};
use crate::Money;
use crate::optimise::{BranchAndBound, Column, ColumnId, Optimiser, Problem, Row, Solution};

struct OptionColumns {
    candidate: usize,
    option: usize,
    taken: ColumnId,
    steps: ColumnId,
}

struct Program {
    problem: Problem,
    options: Vec<OptionColumns>,
    shortfalls: Vec<ColumnId>,
    power_unit: f64,
    price_unit: f64,
}

/// The better of `known` and what the program finds, and how far from the best it may be; `known` without a proof where
/// the optimiser finds nothing within its nodes.
pub(super) fn solve_as_program(
    rooms: &[Room],
    candidates: &[Candidate<'_>],
    rules: &SelectionRules,
    known: Choice,
) -> (Choice, Proof) {
    let solver = BranchAndBound { nodes: rules.program_nodes, ..BranchAndBound::default() };
    let mut program = build(rooms, candidates, rules);
    let Some(covered) = solver.solve(&program.problem).ok() else { return (known, Proof::Unproven) };
    program.price_instead_of_shortfall(candidates, covered.objective);
    let Some(solution) = solver.solve(&program.problem).ok() else { return (known, Proof::Unproven) };
    let least_shortfall = covered.objective - covered.gap;
    let found = evaluate(rooms, candidates, &program.choice(&solution, candidates, rules));
    let best = match found {
        Some(found) if (found.shortfall_w, found.cost) < (known.shortfall_w, known.cost) => found,
        _ => known,
    };
    let least_shortfall_w = (least_shortfall * program.power_unit - 1.0).max(0.0);
    if best.shortfall_w as f64 > least_shortfall_w + rooms.len() as f64 + 1.0 {
        return (best, Proof::Unproven);
    }
    let least_cost = (solution.objective - solution.gap) * program.price_unit;
    let gap = (best.cost as f64 - least_cost).ceil().max(0.0);
    (best, Proof::WithinGap(Money(gap as i128)))
}

/// The program that minimises the shortfall, in units of the largest need.
fn build(rooms: &[Room], candidates: &[Candidate<'_>], rules: &SelectionRules) -> Program {
    let largest_w = rooms.iter().map(|room| room.need.0.abs()).max().unwrap_or(1);
    let prices =
        candidates.iter().flat_map(|candidate| &candidate.activations).map(|activation| activation.price.abs());
    let (power_unit, price_unit) = (largest_w.max(1) as f64, prices.max().unwrap_or(1).max(1) as f64);
    let mut problem = Problem::default();
    let most_steps = f64::from(100 / rules.factor_step);
    let mut options = Vec::new();
    for (candidate, described) in candidates.iter().enumerate() {
        let mut at_most_one = Row::at_most(1.0);
        for (option, offered) in described.offer.options.iter().enumerate() {
            if !described.activations.iter().any(|activation| activation.option == option) {
                continue;
            }
            let taken = problem.column(Column::binary());
            let steps = problem.column(Column::between(0.0, most_steps).integer());
            let least_steps = offered.min_activation_factor.0.div_ceil(rules.factor_step);
            problem.row(Row::at_most(0.0).with(steps, 1.0).with(taken, -most_steps));
            problem.row(Row::at_least(0.0).with(steps, 1.0).with(taken, -f64::from(least_steps)));
            at_most_one = at_most_one.with(taken, 1.0);
            options.push(OptionColumns { candidate, option, taken, steps });
        }
        problem.row(at_most_one);
    }
    let mut program = Program { problem, options, shortfalls: Vec::new(), power_unit, price_unit };
    for (isp, room) in rooms.iter().enumerate() {
        program.constrain(isp, room, candidates, rules);
    }
    program
}

impl Program {
    fn constrain(&mut self, isp: usize, room: &Room, candidates: &[Candidate<'_>], rules: &SelectionRules) {
        let whole_w = |of: &OptionColumns| {
            let whole =
                candidates[of.candidate].activations.iter().find(|a| a.option == of.option && a.factor.0 == 100);
            whole.expect("the whole of an option is always on the grid").powers_w[isp]
        };
        let step = f64::from(rules.factor_step) / 100.0 / self.power_unit;
        let terms: Vec<(ColumnId, f64)> =
            self.options.iter().map(|of| (of.steps, whole_w(of) as f64 * step)).filter(|term| term.1 != 0.0).collect();
        if terms.is_empty() && room.need.0 == 0 {
            return;
        }
        // One watt of rounding per offer, where shares need rounding at all.
        let exact = self.options.iter().all(|of| whole_w(of) % 100 == 0) || rules.factor_step == 100;
        let margin = if exact { 0.0 } else { candidates.len() as f64 / self.power_unit };
        let min = room.min_power.map_or(f64::NEG_INFINITY, |min| (min.0 as f64 / self.power_unit + margin).min(0.0));
        let max = room.max_power.map_or(f64::INFINITY, |max| (max.0 as f64 / self.power_unit - margin).max(0.0));
        if min.is_finite() || max.is_finite() {
            self.problem.row(Row::between(min, max).with_all(terms.iter().copied()));
        }
        if room.need.0 != 0 {
            let direction = room.need.0.signum() as f64;
            let shortfall = self.problem.column(Column::at_least(0.0).cost(1.0));
            let covered = terms.iter().map(|&(column, factor)| (column, direction * factor));
            let need = room.need.0.abs() as f64 / self.power_unit;
            self.problem.row(Row::at_least(need).with_all(covered).with(shortfall, 1.0));
            self.shortfalls.push(shortfall);
        }
    }

    /// Holds the shortfall at its least and minimises the price instead.
    fn price_instead_of_shortfall(&mut self, candidates: &[Candidate<'_>], least: f64) {
        for &shortfall in &self.shortfalls {
            self.problem.set_cost(shortfall, 0.0);
        }
        let all = self.shortfalls.iter().map(|&shortfall| (shortfall, 1.0));
        self.problem.row(Row::at_most(least.max(0.0) + 1e-7).with_all(all));
        for of in &self.options {
            let option: &OfferOption = &candidates[of.candidate].offer.options[of.option];
            let most_steps = self.problem.bounds(of.steps).1;
            self.problem.set_cost(of.steps, option.price.0 as f64 / self.price_unit / most_steps);
        }
    }

    fn choice(&self, solution: &Solution, candidates: &[Candidate<'_>], rules: &SelectionRules) -> Vec<Option<usize>> {
        let mut chosen = vec![None; candidates.len()];
        for of in &self.options {
            let factor = solution.value(of.steps).round() as u8 * rules.factor_step;
            if solution.value(of.taken).round() == 1.0 {
                let same = |a: &super::selection::Activation| a.option == of.option && a.factor.0 == factor;
                chosen[of.candidate] = candidates[of.candidate].activations.iter().position(same);
            }
        }
        chosen
    }
}
