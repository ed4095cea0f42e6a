//! `kpis/part-*.parquet`: runs that have ended, as they end.

use std::collections::BTreeMap;
use std::path::Path;

use super::Store;
use crate::error::ResultsError;
use crate::frame::Frame;
use crate::kpi_table::kpi_field;
use crate::kpis::Kpi;
use crate::read::Table;
use crate::schema::PARTS;
use crate::table::metadata;

/// The folder of the parts.
const FOLDER: &str = "kpis";
/// How often a listing is read anew when another process replaces parts meanwhile.
const MOST_TRIES: usize = 10;

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// The run's id.
    pub run: String,
    /// What it took, in seconds of the wall clock.
    pub wall_s: f64,
    /// Its key figures, or why it failed.
    pub outcome: Result<Vec<Kpi>, String>,
}

/// The runs that have ended, by their ids. Of a run that ended several times a complete one counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    columns: Vec<Column>,
    rows: BTreeMap<String, Row>,
    /// The parts they were read from.
    parts: Vec<String>,
    /// Parts that can not be read, and why.
    broken: Vec<String>,
}

/// A key figure as a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) label: String,
}

/// How a run ended, its figures in the order of the columns, NaN for null; those that it lacks at the end may be left
/// out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) wall_s: f64,
    pub(super) error: Option<String>,
    values: Vec<f64>,
}

impl Row {
    /// The figure of a column; none where it is null.
    pub(super) fn value(&self, index: usize) -> Option<f64> {
        self.values.get(index).copied().filter(|value| !value.is_nan())
    }
}

impl Ended {
    /// Reads the parts of a place.
    ///
    /// # Errors
    /// If the place can not be read. A part that is damaged is no error, see [`broken`](Self::broken).
    pub fn read(store: &dyn Store) -> Result<Self, ResultsError> {
        let mut missing = None;
        for _ in 0..MOST_TRIES {
            match Self::read_once(store)? {
                Ok(ended) => return Ok(ended),
                Err(gone) => missing = Some(gone),
            }
        }
        let part = missing.unwrap_or_default();
        Err(ResultsError::NoSweep {
            place: store.place(),
            problem: format!("`{part}` is listed but can not be found: are its files being moved?"),
        })
    }

    /// The parts as listed, or the name of one that was replaced by another process since.
    fn read_once(store: &dyn Store) -> Result<Result<Self, String>, ResultsError> {
        let mut ended = Self::default();
        let names = store.list(FOLDER)?.into_iter();
        let names = names.filter(|name| name.starts_with("part-") && name.ends_with(".parquet"));
        let names: Vec<String> = names.map(|name| format!("{FOLDER}/{name}")).collect();
        for (name, contents) in names.iter().zip(store.read_all(&names)?) {
            let Some(contents) = contents else { return Ok(Err(name.clone())) };
            if let Err(error) = ended.read_part(store, name, contents) {
                ended.broken.push(error.to_string());
            }
        }
        ended.parts = names;
        Ok(Ok(ended))
    }

    fn read_part(&mut self, store: &dyn Store, name: &str, contents: Vec<u8>) -> Result<(), ResultsError> {
        let table = Table::of_bytes(&Path::new(&store.place()).join(name), contents)?;
        let columns = table.columns();
        let is_fixed = |name: &str| PARTS.columns.iter().any(|column| column.name == name);
        let figures: Vec<_> = columns.iter().filter(|column| !is_fixed(&column.name)).collect();
        let index: Vec<usize> = figures
            .iter()
            .map(|column| self.column(&column.name, column.says("unit"), column.says("description")))
            .collect();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        for batch in table.batches(&names)? {
            let batch = batch?;
            let (runs, errors, walls) = (batch.texts("run")?, batch.texts("error")?, batch.numbers("wall_s")?);
            let values = figures.iter().map(|column| batch.numbers(&column.name)).collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.rows() {
                let Some(run) = runs[row] else { continue };
                let mut of_run = vec![f64::NAN; self.columns.len()];
                index.iter().zip(&values).for_each(|(&index, values)| of_run[index] = values[row].unwrap_or(f64::NAN));
                let (wall_s, error) = (walls[row].unwrap_or_default(), errors[row].map(str::to_owned));
                self.insert(run.into(), Row { wall_s, error, values: of_run });
            }
        }
        Ok(())
    }

    /// What is wrong with parts that can not be read; their runs count as not ended, unless another part has them.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }

    /// Adds a run that has ended.
    pub fn push(&mut self, end: RunEnd) {
        let mut row = Row { wall_s: end.wall_s, error: None, values: Vec::new() };
        match end.outcome {
            Err(error) => row.error = Some(error),
            Ok(kpis) => {
                for (rank, kpi) in kpis.into_iter().enumerate() {
                    // Runs of a sweep have the same figures in the same order, nearly always.
                    let is_next = self.columns.get(rank).is_some_and(|column| column.name == kpi.name);
                    let index = if is_next { rank } else { self.column(&kpi.name, kpi.unit, &kpi.label) };
                    put(&mut row.values, index, kpi.value.unwrap_or(f64::NAN));
                }
            }
        }
        self.insert(end.run, row);
    }

    fn column(&mut self, name: &str, unit: &str, label: &str) -> usize {
        let known = self.columns.iter().position(|column| column.name == name);
        known.unwrap_or_else(|| {
            self.columns.push(Column { name: name.into(), unit: unit.into(), label: label.into() });
            self.columns.len() - 1
        })
    }

    /// A run that ended more than once: the complete one, then the faster, so that the order of reading is nothing.
    fn insert(&mut self, run: String, row: Row) {
        let rank = |row: &Row| (row.error.is_some(), row.wall_s, row.error.clone());
        let is_worse = self.rows.get(&run).is_some_and(|known| rank(known) <= rank(&row));
        if !is_worse {
            self.rows.insert(run, row);
        }
    }

    /// Whether no run has ended.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a run has ended.
    pub fn has(&self, run: &str) -> bool {
        self.rows.contains_key(run)
    }

    /// Whether a run has ended and is complete.
    pub fn is_complete(&self, run: &str) -> bool {
        self.rows.get(run).is_some_and(|row| row.error.is_none())
    }

    /// Why a run failed, if it did.
    pub fn error(&self, run: &str) -> Option<&str> {
        self.rows.get(run)?.error.as_deref()
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    pub(super) fn row(&self, run: &str) -> Option<&Row> {
        self.rows.get(run)
    }

    /// Writes them as one part, named by what it holds; returns its name.
    pub fn write_part(&self, store: &dyn Store) -> Result<String, ResultsError> {
        let mut frame = Frame::default();
        let [run, error, wall] = PARTS.fields().try_into().expect("the table has these columns");
        frame.texts(run, self.rows.keys().map(|run| Some(run.as_str())));
        frame.texts(error, self.rows.values().map(|row| row.error.as_deref()));
        frame.reals(wall, self.rows.values().map(|row| Some(row.wall_s)));
        for (index, column) in self.columns.iter().enumerate() {
            let values = self.rows.values().map(|row| row.value(index));
            frame.reals(kpi_field(&column.name, &column.unit, &column.label), values);
        }
        let contents = super::tables::bytes(frame, metadata(&PARTS, None));
        let name = format!("{FOLDER}/part-{}.parquet", &blake3::hash(&contents).to_hex()[..16]);
        store.write(&name, &contents)?;
        Ok(name)
    }

    /// Replaces the parts it was read from by one.
    pub fn compact(&self, store: &dyn Store) -> Result<(), ResultsError> {
        if self.parts.len() < 2 && self.broken.is_empty() {
            return Ok(());
        }
        let name = self.write_part(store)?;
        self.parts.iter().filter(|part| **part != name).try_for_each(|part| store.remove(part))
    }
}

/// Sets a value at an index, which may lie beyond the end.
fn put(values: &mut Vec<f64>, index: usize, value: f64) {
    if values.len() <= index {
        values.resize(index + 1, f64::NAN);
    }
    values[index] = value;
}
