//! Central dispatch of a community of 40 prosumers over 96 steps, beside HiGHS on the same linear problem in the same run.

use std::fs;
use std::process::Command;

use market::dispatch::{Community, Group, Limits, Member, Storage, dispatch, formulate, settle};
use market::optimise::{Column, ColumnId, InteriorPoint, Optimiser, Problem, Row, RowId};

use crate::median_us;

/// A number in [0, 1) that depends on nothing else.
fn spread(index: usize) -> f64 {
    (index as f64 * 0.618_033_988_749_895).fract()
}

/// Homes with load and PV, most with a battery, on four feeders with limits that bind at noon.
fn community(members: usize, steps: usize) -> Community {
    let step_h = 24.0 / steps as f64;
    let hour = |step: usize| step as f64 * step_h;
    let bell = |hour: f64, at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
    let member = |index: usize| {
        let size = 0.5 + spread(index);
        let noise = |step: usize| 0.2 * spread(index * 131 + step * 7);
        let load = |step: usize| size * (0.3 + noise(step) + bell(hour(step), 7.5, 1.5) + 1.6 * bell(hour(step), 19.5, 2.0));
        let pv = |step: usize| if (6.0..18.0).contains(&hour(step)) { 6.0 * size * bell(hour(step), 12.0, 3.0) } else { 0.0 };
        let battery = Storage {
            energy_max_kwh: 10.0 * size,
            energy_min_kwh: size,
            charge_max_kw: (4.0 * size).into(),
            discharge_max_kw: (4.0 * size).into(),
            start_kwh: 4.0 * size,
            end_min_kwh: 4.0 * size,
            degradation_eur_per_kwh: 0.01 + 0.01 * spread(index + 17),
            efficiency: 0.9 + 0.07 * spread(index + 5),
        };
        Member {
            group: Some(index % 4),
            load_kw: (0..steps).map(load).collect(),
            pv_kw: (0..steps).map(pv).collect(),
            storages: if index % 5 == 4 { Vec::new() } else { vec![battery] },
            ..Member::default()
        }
    };
    let feeder = |index: usize| Group {
        name: format!("feeder {index}"),
        parent: None,
        limits: Limits { import_kw: None, export_kw: Some((members as f64 / 4.0).into()) },
    };
    Community {
        steps,
        step_h,
        import_price_eur_per_kwh: (0..steps).map(|step| 0.15 + 0.12 * bell(hour(step), 19.0, 3.0)).collect(),
        export_price_eur_per_kwh: vec![0.06; steps],
        groups: (0..4).map(feeder).collect(),
        members: (0..members).map(member).collect(),
        ..Community::default()
    }
}

pub(crate) fn run() {
    println!("central dispatch: members × steps, one linear problem");
    println!("size        columns     rows  entries  method                            ms    iterations   cost EUR");
    for (members, steps) in [(1, 96), (10, 96), (40, 96)] {
        let community = community(members, steps);
        let problem = formulate(&community).unwrap();
        let solver = InteriorPoint::default();
        let found = dispatch(&community, &solver).unwrap();
        let us = median_us(|| dispatch(&community, &solver).unwrap());
        let size = format!("{members} × {steps}");
        let (columns, rows, entries) = (problem.column_count(), problem.row_count(), problem.entry_count());
        let report = |method: &str, us: f64, iterations: u64, cost: f64| {
            println!("{size:<10} {columns:>8} {rows:>8} {entries:>8}  {method:<28} {:>8.1} {iterations:>13} {cost:>10.6}", us / 1e3);
        };
        report("interior point", us, found.iterations, found.cost_eur);
        let dense = without_energy(&community);
        if members <= 10 {
            let solution = solver.solve(&dense).unwrap();
            let us = median_us(|| solver.solve(&dense).unwrap());
            report("  stored energy as rows", us, solution.iterations, solution.objective);
        }
        beside_highs(&problem, &size);
        let us = median_us(|| settle(&community, &found));
        report("settlement", us, 0, settle(&community, &found).grid.as_eur());
    }
}

/// The same community without columns of stored energy: each limit on energy a row over all steps before. For one
/// comparison only, without feeders.
fn without_energy(community: &Community) -> Problem {
    let mut free = community.clone();
    free.groups.iter_mut().for_each(|group| group.limits = Limits::default());
    let sparse = formulate(&free).unwrap();
    let (steps, storages) = (community.steps, community.members.iter().map(|member| member.storages.len()).sum::<usize>());
    let mut dense = Problem::default();
    let first_other = 3 * steps * storages;
    // Of each storage and step: charge, discharge, energy.
    let is_energy = |column: usize| column < first_other && column % 3 == 2;
    let mut place = Vec::new();
    let columns: Vec<ColumnId> = sparse.columns().collect();
    for &column in &columns {
        let ((lower, upper), (cost, _)) = (sparse.bounds(column), sparse.costs(column));
        place.push((!is_energy(column.index())).then(|| dense.column(Column::between(lower, upper).cost(cost))));
    }
    let rows: Vec<RowId> = sparse.rows().collect();
    for storage in 0..storages {
        let mut sum: Vec<(ColumnId, f64)> = Vec::new();
        let mut start = 0.0;
        for step in 0..steps {
            let row = rows[storage * steps + step];
            start += sparse.limits(row).0;
            let flows = sparse.terms(row).filter_map(|(column, factor)| Some((place[column.index()]?, -factor)));
            sum.extend(flows);
            let (lower, upper) = sparse.bounds(columns[(storage * steps + step) * 3 + 2]);
            dense.row(Row::between(lower - start, upper - start).with_all(sum.iter().copied()));
        }
    }
    for &row in &rows[storages * steps..] {
        let terms = sparse.terms(row).map(|(column, factor)| (place[column.index()].unwrap(), factor));
        let (lower, upper) = sparse.limits(row);
        dense.row(Row::between(lower, upper).with_all(terms));
    }
    dense
}

/// Hands the problem to the reference script; says what is missing if it cannot run.
fn beside_highs(problem: &Problem, size: &str) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let python = std::env::var("CARIFLEX_PYTHON").unwrap_or_else(|_| format!("{root}/.venv/bin/python"));
    let file = std::env::temp_dir().join(format!("cariflex-dispatch-{}.json", std::process::id()));
    fs::write(&file, as_json(problem)).unwrap();
    let answer = Command::new(&python).arg(format!("{root}/benches/market/reference.py")).arg(&file).output();
    drop(fs::remove_file(&file));
    match answer {
        Ok(answer) if answer.status.success() => {
            print!("{}", String::from_utf8_lossy(&answer.stdout).lines().map(|line| format!("{size:<37}  {line}\n")).collect::<String>());
        }
        Ok(answer) => println!(
            "no comparison with HiGHS: {}; install it with `{python} -m pip install highspy`, or name another Python in CARIFLEX_PYTHON",
            String::from_utf8_lossy(&answer.stderr).lines().last().unwrap_or("it said nothing")
        ),
        Err(error) => println!(
            "no comparison with HiGHS: {python}: {error}; make it with `python3 -m venv .venv` and `.venv/bin/python -m pip install highspy`, or name another Python in CARIFLEX_PYTHON"
        ),
    }
}

/// Columns as [lower, upper, cost] and rows as [lower, upper, [column, factor]…]; `null` is no limit.
fn as_json(problem: &Problem) -> String {
    let limit = |limit: f64| if limit.is_finite() { serde_json::json!(limit) } else { serde_json::Value::Null };
    let column = |column| {
        let ((lower, upper), (cost, _)) = (problem.bounds(column), problem.costs(column));
        serde_json::json!([limit(lower), limit(upper), cost])
    };
    let row = |row| {
        let (lower, upper) = problem.limits(row);
        let terms: Vec<_> = problem.terms(row).map(|(column, factor)| (column.index(), factor)).collect();
        serde_json::json!([limit(lower), limit(upper), terms])
    };
    let columns: Vec<_> = problem.columns().map(column).collect();
    let rows: Vec<_> = problem.rows().map(row).collect();
    serde_json::json!({ "columns": columns, "rows": rows }).to_string()
}
