//! Many storages behind one connection as one linear problem, with binaries only where two directions would be used at once
//! and where powers have gaps.
//!
//! The linear problem is a bound in any case. Its powers are where the storages' last answers begin, its duals are prices:
//! what it hands over is proven and cleaned by the [search](super::prices) and needs no trust.

use super::member::{Member, Plan};
use super::prices::Search;
use super::problem::{Exclusion, Problem};
use market::dispatch::Profile;
use market::optimise::{
    BranchAndBound, Column, ColumnId, Optimiser, Problem as Program, Row, RowId, Solution, default_optimiser,
};

/// Most binaries and nodes that are tried.
const MOST_BINARIES: usize = 200;
const MOST_NODES: u64 = 400;

/// Rounds in which binaries are added where they prove needed.
const MOST_ROUNDS: usize = 4;

/// Both ways by more than this is both ways, kW.
const NEAR_KW: f64 = 1e-6;

/// One storage at one step.
#[derive(Clone, Copy)]
struct Flow {
    charge: ColumnId,
    discharge: ColumnId,
    switched: bool,
}

struct Formulation {
    program: Program,
    /// Per member, per step.
    flows: Vec<Vec<Flow>>,
    balances: Vec<RowId>,
    binaries: usize,
}

/// Improves the plans and the bound of a search; false if it could do neither.
pub(super) fn improve(search: &mut Search<'_>) -> bool {
    if !search.members.iter().all(|member| member.keeps_limits) {
        return false;
    }
    let mut formulation = Formulation::new(search.problem, &search.members);
    for _ in 0..MOST_ROUNDS {
        if formulation.binaries > MOST_BINARIES {
            return false;
        }
        let Some(solution) = solve(&formulation.program) else { return false };
        search.bound_eur = search.bound_eur.max(solution.objective - solution.gap - 1e-9);
        if search.problem.rules.storage == Exclusion::Free || !formulation.switch(search, &solution) {
            formulation.hand_over(search, &solution);
            return true;
        }
    }
    false
}

fn solve(program: &Program) -> Option<Solution> {
    if program.has_integers() {
        BranchAndBound { nodes: MOST_NODES, ..BranchAndBound::default() }.solve(program).ok()
    } else {
        default_optimiser(program).solve(program).ok()
    }
}

impl Formulation {
    fn new(problem: &Problem, members: &[Member]) -> Self {
        let (mut program, hours) = (Program::default(), problem.step_h());
        let peak = (problem.site.peak_eur_per_kw > 0.0)
            .then(|| program.column(Column::at_least(0.0).cost(problem.site.peak_eur_per_kw)));
        let (mut balances, mut binaries) = (Vec::with_capacity(problem.steps), 0);
        let mut rows = Vec::with_capacity(problem.steps);
        for step in 0..problem.steps {
            let (import, export) =
                (problem.prices.import_eur_per_kwh.at(step), problem.prices.export_eur_per_kwh.at(step));
            let view = super::step_cost::View::new(problem);
            let reach =
                members.iter().map(|member| member.reach_kw(step)).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
            let available = view.available_kw(step);
            let net = problem.inflexible_kw.at(step);
            let most = |limit: &Option<Profile>, otherwise: f64| {
                limit.as_ref().map_or(f64::INFINITY, |limit| limit.at(step)).min(otherwise.max(0.0))
            };
            // Both at once only where it is free to do so, and then within the limits.
            let free = problem.rules.site == Exclusion::Free && import < export;
            let beyond = |power: f64| if free { f64::INFINITY } else { power };
            let most_in = most(&problem.site.limits.import_kw, beyond(net + reach.1));
            let most_out = most(&problem.site.limits.export_kw, beyond(available - net - reach.0));
            let taken = program.column(Column::between(0.0, most_in).cost(hours * import));
            let given = program.column(Column::between(0.0, most_out).cost(-hours * export));
            if import < export && !free {
                exclude(&mut program, (taken, most_in), (given, most_out));
                binaries += 1;
            }
            if let Some(peak) = peak {
                program.row(Row::at_most(problem.site.peak_free_kw).with(taken, 1.0).with(peak, -1.0));
            }
            let mut row = Row::equal(net).with(taken, 1.0).with(given, -1.0);
            if available > 0.0 {
                row = row.with(program.column(Column::between(0.0, available)), 1.0);
            }
            rows.push(row);
        }
        let mut flows = Vec::with_capacity(members.len());
        for member in members {
            let mut of_member = Vec::with_capacity(problem.steps);
            let mut before: Option<ColumnId> = None;
            for (step, balance) in rows.iter_mut().enumerate() {
                let ((low, high), (per_charge, per_discharge)) = (member.reach_kw(step), member.stored_per_kw(step));
                let wear = hours * member.storage.ageing_eur_per_kwh;
                let charge = program.column(Column::between(0.0, high).cost(wear));
                let discharge = program.column(Column::between(0.0, -low).cost(wear));
                let value = if step + 1 == problem.steps { -member.storage.end_value_eur_per_kwh } else { 0.0 };
                let (least, most) = member.window_kwh(step);
                let soc = program.column(Column::between(least.min(most), most).cost(value));
                let kept = member.storage.kept_per_step.at(step);
                let start = if step == 0 { kept * member.storage.soc_start_kwh } else { 0.0 };
                let row = Row::equal(start).with(soc, 1.0).with(charge, -per_charge).with(discharge, per_discharge);
                program.row(row.with_all(before.map(|before| (before, -kept))));
                before = Some(soc);
                binaries += member.storage.add_modes(&mut program, (low, high), (charge, discharge));
                *balance = std::mem::replace(balance, Row::equal(0.0)).with(charge, -1.0).with(discharge, 1.0);
                of_member.push(Flow { charge, discharge, switched: false });
            }
            flows.push(of_member);
        }
        balances.extend(rows.into_iter().map(|row| program.row(row)));
        Self { program, flows, balances, binaries }
    }

    /// Adds a switch wherever a storage goes both ways; false if none does.
    fn switch(&mut self, search: &Search<'_>, solution: &Solution) -> bool {
        let mut any = false;
        for (member, flows) in search.members.iter().zip(&mut self.flows) {
            for (step, flow) in flows.iter_mut().enumerate() {
                let both = solution.value(flow.charge).min(solution.value(flow.discharge));
                if both > NEAR_KW && !flow.switched {
                    let (low, high) = member.reach_kw(step);
                    exclude(&mut self.program, (flow.charge, high), (flow.discharge, -low));
                    (flow.switched, any) = (true, true);
                    self.binaries += 1;
                }
            }
        }
        any
    }

    /// Hands powers and prices to a search, which lets every storage answer once more.
    fn hand_over(&self, search: &mut Search<'_>, solution: &Solution) {
        let is_free = search.problem.rules.storage == Exclusion::Free;
        let plan = |flows: &Vec<Flow>| {
            let mut plan = Plan::default();
            for flow in flows {
                let (charge, discharge) = (solution.value(flow.charge), solution.value(flow.discharge));
                plan.power_kw.push(charge - discharge);
                plan.both_kw.push(if is_free { charge.min(discharge) } else { 0.0 });
            }
            plan
        };
        search.start_with(self.flows.iter().map(plan).collect());
        // The dual tells what one more kW of load costs.
        let mut prices: Vec<f64> = self.balances.iter().map(|&row| solution.dual(row)).collect();
        std::mem::swap(&mut search.prices, &mut prices);
        search.prove();
        search.try_plans();
    }
}

/// Adds one switch: `one` only with 1, `other` only with 0; each with the most it can be.
fn exclude(program: &mut Program, one: (ColumnId, f64), other: (ColumnId, f64)) {
    let way = program.column(Column::binary());
    program.row(Row::at_most(0.0).with(one.0, 1.0).with(way, -one.1));
    program.row(Row::at_most(other.1).with(other.0, 1.0).with(way, other.1));
}

impl super::problem::Storage {
    /// Adds the ranges of power a storage can run at; gives how many binaries that took.
    fn add_modes(
        &self,
        program: &mut Program,
        (lowest, highest): (f64, f64),
        (charge, discharge): (ColumnId, ColumnId),
    ) -> usize {
        if self.modes_kw.is_empty() {
            return 0;
        }
        let within = self.modes_kw.iter().map(|&[least, most]| (least.max(lowest), most.min(highest)));
        let mut ranges: Vec<(f64, f64)> = within.filter(|(least, most)| least <= most).collect();
        if ranges.is_empty() {
            ranges.push((0.0, 0.0));
        }
        let chosen: Vec<ColumnId> = ranges.iter().map(|_| program.column(Column::binary())).collect();
        let of = |end: fn(&(f64, f64)) -> f64| chosen.iter().zip(&ranges).map(move |(&one, range)| (one, -end(range)));
        let power = [(charge, 1.0), (discharge, -1.0)];
        program.row(Row::equal(1.0).with_all(chosen.iter().map(|&one| (one, 1.0))));
        program.row(Row::at_least(0.0).with_all(power).with_all(of(|range| range.0)));
        program.row(Row::at_most(0.0).with_all(power).with_all(of(|range| range.1)));
        chosen.len()
    }
}
