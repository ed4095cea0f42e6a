//! The same problems as mixed-integer problems, solved by the market's solver.

use super::{random, solved};
use agents::schedule::{Device, Exclusion, Problem, Status, Storage};
use market::dispatch::Profile;
use market::optimise::{
    BranchAndBound, Column, ColumnId, InteriorPoint, OptimiseError, Optimiser, Problem as Program, Row,
};

/// Larger than every power of these problems, kW.
const BIG_KW: f64 = 200.0;

/// Adds one direction switch: `one` only with 1, `other` only with 0.
fn exclude(program: &mut Program, one: (ColumnId, f64), other: (ColumnId, f64)) {
    let way = program.column(Column::binary());
    program.row(Row::at_most(0.0).with(one.0, 1.0).with(way, -one.1));
    program.row(Row::at_most(other.1).with(other.0, 1.0).with(way, other.1));
}

/// The columns of charging, discharging and stored energy of one step.
fn add_storage(program: &mut Program, problem: &Problem, storage: &Storage, step: usize) -> [ColumnId; 3] {
    let hours = problem.step_h();
    let (most_in, most_out) = (storage.charge_max_kw.at(step), storage.discharge_max_kw.at(step));
    let wear = hours * storage.ageing_eur_per_kwh;
    let charge = program.column(Column::between(0.0, most_in).cost(wear));
    let discharge = program.column(Column::between(0.0, most_out).cost(wear));
    if problem.rules.storage == Exclusion::Exclusive && most_in > 0.0 && most_out > 0.0 {
        exclude(program, (charge, most_in), (discharge, most_out));
    }
    let end = problem.end_of(step);
    let (mut low, mut high) = (storage.soc_min_kwh.at(step), storage.soc_max_kwh.at(step));
    for limit in storage.minima.iter().filter(|limit| limit.from <= end && end <= limit.until) {
        low = low.max(limit.soc_kwh);
    }
    for target in storage.targets.iter().filter(|target| target.at == end) {
        (low, high) = (low.max(target.soc_kwh), high.min(target.soc_kwh));
    }
    let last = step + 1 == problem.steps;
    let value = if last { -storage.end_value_eur_per_kwh } else { 0.0 };
    let soc = program.column(Column::between(low, high).cost(value));
    let ranges: Vec<_> = storage.modes_kw.iter().map(|mode| (mode[0].max(-most_out), mode[1].min(most_in))).collect();
    let ranges: Vec<_> = ranges.into_iter().filter(|(least, most)| least <= most).collect();
    if !storage.modes_kw.is_empty() {
        let chosen: Vec<_> = ranges.iter().map(|_| program.column(Column::binary())).collect();
        program.row(Row::equal(1.0).with_all(chosen.iter().map(|&one| (one, 1.0))));
        let power = || [(charge, 1.0), (discharge, -1.0)];
        let ends = |end: fn(&(f64, f64)) -> f64| {
            let factors: Vec<_> = ranges.iter().map(end).collect();
            chosen.iter().zip(factors).map(|(&one, factor)| (one, -factor)).collect::<Vec<_>>()
        };
        program.row(Row::at_least(0.0).with_all(power()).with_all(ends(|range| range.0)));
        program.row(Row::at_most(0.0).with_all(power()).with_all(ends(|range| range.1)));
    }
    [charge, discharge, soc]
}

/// The least cost, none if not every limit can be kept.
pub(crate) fn least_cost(problem: &Problem) -> Option<f64> {
    let (mut program, hours) = (Program::default(), problem.step_h());
    let mut before: Vec<Option<ColumnId>> = vec![None; problem.devices.len()];
    for step in 0..problem.steps {
        let most = |limit: &Option<Profile>| limit.as_ref().map_or(BIG_KW, |limit| limit.at(step));
        let (import, export) = (problem.prices.import_eur_per_kwh.at(step), problem.prices.export_eur_per_kwh.at(step));
        let (most_in, most_out) = (most(&problem.site.limits.import_kw), most(&problem.site.limits.export_kw));
        let taken = program.column(Column::between(0.0, most_in).cost(hours * import));
        let given = program.column(Column::between(0.0, most_out).cost(-hours * export));
        if import < export {
            exclude(&mut program, (taken, most_in), (given, most_out));
        }
        let mut balance = Row::equal(problem.inflexible_kw.at(step)).with(taken, 1.0).with(given, -1.0);
        for (device, before) in problem.devices.iter().zip(&mut before) {
            match device {
                Device::CurtailableProduction(production) => {
                    let produced = program.column(Column::between(0.0, production.available_kw.at(step)));
                    balance = balance.with(produced, 1.0);
                }
                Device::Storage(storage) => {
                    let bounds = |low: f64, high: f64| low <= high + 1e-12;
                    let [charge, discharge, soc] = add_storage(&mut program, problem, storage, step);
                    let (low, high) = program.bounds(soc);
                    if !bounds(low, high) {
                        return None;
                    }
                    balance = balance.with(charge, -1.0).with(discharge, 1.0);
                    let kept = storage.kept_per_step.at(step);
                    let factor = hours * if kept == 1.0 { 1.0 } else { (kept - 1.0) / kept.ln() };
                    let mut row = Row::equal(if step == 0 { kept * storage.soc_start_kwh } else { 0.0 })
                        .with(soc, 1.0)
                        .with(charge, -factor * storage.charge_efficiency)
                        .with(discharge, factor / storage.discharge_efficiency);
                    row = row.with_all(before.map(|before| (before, -kept)));
                    program.row(row);
                    *before = Some(soc);
                }
            }
        }
        program.row(balance);
    }
    let solver = BranchAndBound { gap: 1e-7, relative_gap: 1e-9, ..BranchAndBound::default() };
    let found = if program.has_integers() { solver.solve(&program) } else { InteriorPoint::default().solve(&program) };
    match found {
        Ok(solution) => Some(solution.objective),
        Err(OptimiseError::Infeasible { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn no_solver_finds_a_cheaper_schedule_nor_a_dearer_one() {
    let (mut feasible, mut convex) = (0, 0);
    for seed in 0..300 {
        let problem = random::problem(seed, [1, 2, 3, 4, 6][seed as usize % 5]);
        let found = solved(&problem);
        let least = least_cost(&problem);
        assert_eq!(found.schedule.status == Status::Feasible, least.is_some(), "seed {seed}: {:?}", found.schedule);
        if let Some(least) = least {
            let cost = found.schedule.cost.total_eur();
            assert!((cost - least).abs() < 2e-6 * (1.0 + least.abs()), "seed {seed}: {cost} instead of {least}");
            feasible += 1;
            convex += usize::from(found.convex);
        }
    }
    assert!(feasible > 110 && convex > 45 && feasible - convex > 45, "{feasible} feasible, {convex} convex");
}
