//! The rows of a sweep: key figures and axes of the runs that are complete, and how each run went.

use std::collections::BTreeMap;

use results::ResultsError;
use results::read::{Batch, ColumnHead, Holds, SweepHead, Table};
use results::sweep::CaseInfo;

/// Columns of `kpis.parquet` that are neither an axis nor a key figure.
const FIXED: [&str; 7] = ["run", "point", "replicate", "seed", "start", "end", "tick_s"];

/// The runs that are complete, column by column.
#[derive(Debug, Default)]
pub(crate) struct Runs {
    pub(crate) run: Vec<String>,
    pub(crate) point: Vec<usize>,
    pub(crate) replicate: Vec<u64>,
    pub(crate) seed: Vec<u64>,
    pub(crate) axes: Vec<AxisColumn>,
    pub(crate) kpis: Vec<KpiColumn>,
}

/// What was varied, and its values.
#[derive(Debug)]
pub(crate) struct AxisColumn {
    pub(crate) name: String,
    pub(crate) keys: Vec<String>,
    pub(crate) unit: String,
    pub(crate) description: String,
    /// What each of its cases assigns, for axes of cases.
    pub(crate) sets: Vec<CaseInfo>,
    pub(crate) values: AxisValues,
}

/// Values of an axis, run by run.
#[derive(Debug)]
pub(crate) enum AxisValues {
    /// Numbers.
    Numbers(Vec<Option<f64>>),
    /// Cases, as places in the list of their names.
    Cases(Vec<String>, Vec<Option<usize>>),
}

/// A key figure and its values.
#[derive(Debug)]
pub(crate) struct KpiColumn {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) label: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// How a run went.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) run: String,
    pub(crate) point: u64,
    pub(crate) seed: u64,
    pub(crate) is_complete: bool,
    pub(crate) error: String,
    pub(crate) wall_s: Option<f64>,
}

impl AxisValues {
    /// Values without one, up to so many rows: what a file that lacks the column says of its rows.
    fn fill(&mut self, rows: usize) {
        match self {
            Self::Numbers(values) => values.resize(rows, None),
            Self::Cases(_, values) => values.resize(rows, None),
        }
    }
}

/// Reads the table `kpis`.
pub(crate) fn runs(table: &Table, head: &SweepHead) -> Result<Runs, ResultsError> {
    let mut runs = Runs::default();
    runs.read(table, head)?;
    Ok(runs)
}

impl Runs {
    /// Number of runs.
    pub(crate) fn len(&self) -> usize {
        self.point.len()
    }

    fn read(&mut self, table: &Table, head: &SweepHead) -> Result<(), ResultsError> {
        let columns: Vec<ColumnHead> = table.columns();
        let is_axis = |column: &&ColumnHead| {
            column.says("role") == "parameter" || head.manifest.axes.iter().any(|axis| axis.name == column.name)
        };
        let is_fixed = |column: &&ColumnHead| FIXED.contains(&column.name.as_str());
        let axes: Vec<_> = columns.iter().filter(|column| is_axis(column) && !is_fixed(column)).collect();
        let is_number = |column: &&ColumnHead| matches!(column.holds, Holds::Numbers | Holds::Integers);
        let kpis: Vec<_> =
            columns.iter().filter(|column| !is_axis(column) && !is_fixed(column) && is_number(column)).collect();
        let order = case_order(head, &axes)?;
        let mut wanted = vec!["run", "point", "replicate", "seed"];
        wanted.extend(axes.iter().chain(&kpis).map(|column| column.name.as_str()));
        for batch in table.batches(&wanted)? {
            let batch = batch?;
            for axis in &axes {
                self.axis(axis, head, &order).add(&batch, axis)?;
            }
            for kpi in &kpis {
                let values = batch.numbers(&kpi.name)?;
                self.kpi(kpi).values.extend(values);
            }
            let text = |text: Option<&str>| text.unwrap_or("").to_owned();
            self.run.extend(batch.texts("run")?.into_iter().map(text));
            let point = |point: Option<u64>| usize::try_from(point.unwrap_or(0)).unwrap_or(usize::MAX);
            self.point.extend(batch.seeds("point")?.into_iter().map(point));
            self.replicate.extend(batch.seeds("replicate")?.into_iter().map(Option::unwrap_or_default));
            self.seed.extend(batch.seeds("seed")?.into_iter().map(Option::unwrap_or_default));
            // Columns this file lacks say nothing of its rows.
            let rows = self.len();
            self.axes.iter_mut().for_each(|axis| axis.values.fill(rows));
            self.kpis.iter_mut().for_each(|kpi| kpi.values.resize(rows, None));
        }
        Ok(())
    }

    fn axis(&mut self, column: &ColumnHead, head: &SweepHead, order: &CaseOrder) -> &mut AxisColumn {
        let rows = self.len();
        let place = self.axes.iter().position(|axis| axis.name == column.name).unwrap_or_else(|| {
            let known = head.manifest.axes.iter().find(|axis| axis.name == column.name).cloned().unwrap_or_default();
            let or = |known: String, key: &str| if known.is_empty() { column.says(key).to_owned() } else { known };
            let mut values = match column.holds {
                Holds::Numbers | Holds::Integers => AxisValues::Numbers(Vec::new()),
                _ => AxisValues::Cases(order.get(&column.name).cloned().unwrap_or_default(), Vec::new()),
            };
            values.fill(rows);
            let is_number = matches!(values, AxisValues::Numbers(_));
            self.axes.push(AxisColumn {
                name: column.name.clone(),
                keys: or(known.keys.join(", "), "keys").split(", ").map(str::to_owned).collect(),
                unit: if is_number { unit_of(or(known.unit, "unit")) } else { String::new() },
                description: or(known.description, "description"),
                sets: known.cases,
                values,
            });
            self.axes.len() - 1
        });
        &mut self.axes[place]
    }

    fn kpi(&mut self, column: &ColumnHead) -> &mut KpiColumn {
        let rows = self.len();
        let place = self.kpis.iter().position(|kpi| kpi.name == column.name).unwrap_or_else(|| {
            let meaning = results::meaning(&column.name);
            let label = match column.says("description") {
                "" => meaning.map_or(column.name.as_str(), |meaning| meaning.label),
                label => label,
            };
            self.kpis.push(KpiColumn {
                name: column.name.clone(),
                unit: column.says("unit").to_owned(),
                label: label.to_owned(),
                values: vec![None; rows],
            });
            self.kpis.len() - 1
        });
        &mut self.kpis[place]
    }
}

impl AxisColumn {
    fn add(&mut self, batch: &Batch, column: &ColumnHead) -> Result<(), ResultsError> {
        match (&mut self.values, column.holds) {
            (AxisValues::Numbers(values), _) => values.extend(batch.numbers(&column.name)?),
            (AxisValues::Cases(names, places), Holds::Booleans) => {
                let word = |value: bool| if value { "true" } else { "false" };
                let values = batch.booleans(&column.name)?;
                places.extend(values.into_iter().map(|value| value.map(|value| place(names, word(value)))));
            }
            (AxisValues::Cases(names, places), _) => {
                let values = batch.texts(&column.name)?;
                places.extend(values.into_iter().map(|value| value.map(|value| place(names, value))));
            }
        }
        Ok(())
    }
}

/// A unit; what tells of which type a value is, is none.
fn unit_of(said: String) -> String {
    match said.as_str() {
        "word" | "number" | "whole number" | "true or false" => String::new(),
        _ => said,
    }
}

/// The names of the cases of each axis, in their order.
type CaseOrder = BTreeMap<String, Vec<String>>;

/// Cases in the order of the sweep's file, else in that of its points, whatever run ended first.
fn case_order(head: &SweepHead, axes: &[&ColumnHead]) -> Result<CaseOrder, ResultsError> {
    let mut order = CaseOrder::new();
    for axis in &head.manifest.axes {
        if !axis.cases.is_empty() {
            order.insert(axis.name.clone(), axis.cases.iter().map(|case| case.name.clone()).collect());
        }
    }
    let path = head.dir.join("points.parquet");
    let is_open = |axis: &&&ColumnHead| axis.holds == Holds::Words && !order.contains_key(&axis.name);
    let names: Vec<&str> = axes.iter().filter(is_open).map(|axis| axis.name.as_str()).collect();
    if path.is_file() && !names.is_empty() {
        let points = Table::open(&path)?;
        let there: Vec<&str> = names.into_iter().filter(|name| points.has(name)).collect();
        for batch in points.batches(&there)? {
            let batch = batch?;
            for name in &there {
                let known = order.entry((*name).to_owned()).or_default();
                for value in batch.texts(name)?.into_iter().flatten() {
                    place(known, value);
                }
            }
        }
    }
    Ok(order)
}

/// Where a case stands in the list, in which it is put if it is new.
fn place(names: &mut Vec<String>, name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

/// Reads the table `runs`: how each run went that has ended.
pub(crate) fn outcomes(table: &Table) -> Result<Vec<Outcome>, ResultsError> {
    let mut outcomes = Vec::new();
    for batch in table.batches(&["run", "point", "seed", "status", "error", "wall_s"])? {
        let batch = batch?;
        let (run, status, error) = (batch.texts("run")?, batch.names("status")?, batch.texts("error")?);
        let (point, seed, wall_s) = (batch.seeds("point")?, batch.seeds("seed")?, batch.numbers("wall_s")?);
        for row in 0..batch.rows() {
            outcomes.push(Outcome {
                run: run[row].unwrap_or("").to_owned(),
                point: point[row].unwrap_or(0),
                seed: seed[row].unwrap_or(0),
                is_complete: status.get(row) == Some("complete"),
                error: error[row].unwrap_or("").to_owned(),
                wall_s: wall_s[row],
            });
        }
    }
    outcomes.sort_by_key(|run: &Outcome| (run.point, run.seed));
    Ok(outcomes)
}
