//! What the page of a sweep shows.

mod effects;
mod table;

use std::path::Path;

use results::ResultsError;
use results::read::{SweepHead, Table};
use results::sweep::matches;
use serde_json::{Value, json};

use crate::error::ReportError;
use crate::rounded::{rounded, significant};
use table::{AxisColumn, AxisValues, KpiColumn, Outcome, Runs, outcomes, runs};

/// Most values that go into the page; of larger sweeps some runs are drawn, statistics are of all.
const MOST_VALUES: usize = 300_000;

/// Most key figures that are printed in full.
const MAIN: usize = 6;

/// How many of the slowest runs, and how many failed ones are listed.
const SLOWEST: usize = 10;
const FAILED: usize = 500;

/// Everything the page needs to know of a sweep.
pub(crate) fn document(head: &SweepHead) -> Result<Value, ReportError> {
    let (kpis, went) = head.tables()?;
    let (runs, outcomes) = (runs(&kpis, head)?, outcomes(&went)?);
    if runs.len() == 0 && outcomes.is_empty() {
        let problem = "no run of its sweep has ended yet; start it, or wait for its first runs";
        return Err(ReportError::Nothing { dir: head.dir.clone(), problem });
    }
    let drawn = drawn(runs.len(), runs.kpis.len());
    Ok(json!({
        "what": "sweep",
        "head": about(head, &runs, &outcomes, drawn.len())?,
        "axes": runs.axes.iter().map(|axis| axis_document(axis, &drawn)).collect::<Vec<_>>(),
        "kpis": runs.kpis.iter().map(|kpi| effects::document(kpi, &runs)).collect::<Vec<_>>(),
        "main": main_kpis(head, &runs.kpis),
        "runs": {
            "run": drawn.iter().map(|row| runs.run[*row].as_str()).collect::<Vec<_>>(),
            "point": drawn.iter().map(|row| runs.point[*row]).collect::<Vec<_>>(),
            "seed": drawn.iter().map(|row| runs.seed[*row].to_string()).collect::<Vec<_>>(),
            "values": runs.kpis.iter().map(|kpi| values(kpi, &drawn)).collect::<Vec<_>>(),
        },
        "slowest": slowest(&outcomes),
        "failed": failed(&outcomes),
        "scenario": head.manifest.scenario,
        "inputs": head.manifest.inputs,
    }))
}

fn about(head: &SweepHead, runs: &Runs, outcomes: &[Outcome], drawn: usize) -> Result<Value, ResultsError> {
    // Without a table of outcomes the key figures tell which runs are complete.
    let complete = if outcomes.is_empty() { runs.len() } else { outcomes.iter().filter(|run| run.is_complete).count() };
    let failed = outcomes.iter().filter(|run| !run.is_complete).count();
    let planned = rows(&head.dir.join("points.parquet"))?.unwrap_or(head.manifest.runs);
    let wall_s = outcomes.iter().filter_map(|run| run.wall_s).sum::<f64>();
    Ok(json!({
        "name": head.manifest.name,
        "about": head.manifest.about.as_deref().unwrap_or_default(),
        "engine": head.manifest.engine,
        "method": head.manifest.method,
        "points": head.manifest.points,
        "seeds": head.manifest.seeds.iter().map(u64::to_string).collect::<Vec<_>>(),
        "runs": planned,
        "complete": complete,
        "failed": failed,
        "missing": planned.saturating_sub((complete + failed) as u64),
        "record": head.manifest.record,
        "wall_s": rounded((!outcomes.is_empty()).then_some(wall_s), 1),
        "drawn": drawn,
        "patterns": head.manifest.kpis,
        "base": base(&head.manifest.scenario),
    }))
}

/// The base scenario by name, or what it extends.
fn base(scenario: &Value) -> String {
    let text = |key: &str| scenario[key].as_str().map(str::to_owned);
    text("name").or_else(|| text("extends")).or_else(|| scenario.as_str().map(str::to_owned)).unwrap_or_default()
}

fn rows(path: &Path) -> Result<Option<u64>, ResultsError> {
    path.is_file().then(|| Table::open(path).map(|table| table.rows())).transpose()
}

/// The rows that are drawn: all, or of large sweeps a part. Every so many would keep to the same seeds; multiples of the
/// golden ratio spread evenly over rows and over whatever repeats among them (Weyl 1916).
fn drawn(runs: usize, kpis: usize) -> Vec<usize> {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let share = MOST_VALUES as f64 / (runs * kpis) as f64;
    (0..runs).filter(|row| (*row as f64 * GOLDEN).fract() < share).collect()
}

fn values(kpi: &KpiColumn, drawn: &[usize]) -> Value {
    drawn.iter().map(|row| significant(kpi.values[*row], 6)).collect()
}

fn axis_document(axis: &AxisColumn, drawn: &[usize]) -> Value {
    let of = |row: &usize| match &axis.values {
        AxisValues::Numbers(numbers) => significant(numbers[*row], 6),
        AxisValues::Cases(_, places) => places[*row].map_or(Value::Null, Value::from),
    };
    let cases = match &axis.values {
        AxisValues::Numbers(_) => Value::Null,
        AxisValues::Cases(names, _) => names.as_slice().into(),
    };
    json!({
        "name": axis.name,
        "keys": axis.keys,
        "unit": axis.unit,
        "description": axis.description,
        "cases": cases,
        "sets": axis.sets.iter().map(|case| json!({ "name": case.name, "set": case.set })).collect::<Vec<_>>(),
        "values": drawn.iter().map(of).collect::<Vec<_>>(),
    })
}

/// The key figures that matter most: those the author names, in the order of the patterns, else those that are spread
/// most. Only what varies.
fn main_kpis(head: &SweepHead, kpis: &[KpiColumn]) -> Vec<usize> {
    let spreads: Vec<f64> = kpis.iter().map(effects::relative_spread).collect();
    let matching = |pattern: &String| {
        (0..kpis.len()).filter(|kpi| matches(pattern, &kpis[*kpi].name) && spreads[*kpi] > 0.0).collect::<Vec<_>>()
    };
    let by_pattern: Vec<Vec<usize>> = head.manifest.kpis.iter().map(matching).collect();
    let mut main: Vec<usize> = Vec::new();
    // The first of each pattern, then the second of each: one that matches much does not crowd out the others.
    for round in 0..kpis.len() {
        for kpi in by_pattern.iter().filter_map(|matching| matching.get(round)) {
            if !main.contains(kpi) {
                main.push(*kpi);
            }
        }
    }
    // A pattern that lets everything pass names nothing.
    if main.is_empty() || head.manifest.kpis.iter().all(|pattern| pattern == "*") {
        main = (0..kpis.len()).filter(|kpi| spreads[*kpi] > 0.0).collect();
        main.sort_by(|a, b| spreads[*b].total_cmp(&spreads[*a]));
    }
    main.truncate(MAIN);
    main
}

fn slowest(outcomes: &[Outcome]) -> Vec<Value> {
    let mut slowest: Vec<&Outcome> = outcomes.iter().filter(|run| run.wall_s.is_some()).collect();
    slowest.sort_by(|a, b| b.wall_s.unwrap_or(0.0).total_cmp(&a.wall_s.unwrap_or(0.0)));
    slowest
        .iter()
        .take(SLOWEST)
        .map(|run| json!([run.run, run.point, run.seed.to_string(), rounded(run.wall_s, 2)]))
        .collect()
}

fn failed(outcomes: &[Outcome]) -> Vec<Value> {
    let failed = outcomes.iter().filter(|run| !run.is_complete).take(FAILED);
    failed.map(|run| json!([run.run, run.point, run.seed.to_string(), run.error])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_runs_a_part_is_drawn_that_favours_no_seed() {
        assert_eq!(drawn(1000, 50).len(), 1000);
        for seeds in [2, 3, 5, 10] {
            let drawn = drawn(60_000, 50);
            assert!((5_990..=6_010).contains(&drawn.len()), "{}", drawn.len());
            let first = drawn.iter().filter(|row| *row % seeds == 0).count() * seeds;
            assert!((5_700..=6_300).contains(&first), "{first} of {seeds} seeds");
        }
    }
}
