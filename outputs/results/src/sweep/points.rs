//! `points.parquet`: the runs of a sweep, frozen.

use std::path::Path;

use agents::{Span, Time};
use arrow_schema::Field;

use super::{POINTS_PARQUET, Store};
use crate::error::ResultsError;
use crate::frame::Frame;
use crate::read::{Batch, ColumnHead, Holds, Table};
use crate::schema::{ColumnType, POINTS, field};
use crate::table::metadata;

/// The values of a column of parameters.
fn cells(batch: &Batch, column: &ColumnHead) -> Result<Vec<Cell>, ResultsError> {
    let name = column.name.as_str();
    Ok(match column.holds {
        Holds::Booleans => batch.booleans(name)?.into_iter().map(|flag| Cell::Flag(flag.unwrap_or_default())).collect(),
        Holds::Integers => {
            batch.integers(name)?.into_iter().map(|number| Cell::Integer(number.unwrap_or_default())).collect()
        }
        Holds::Numbers => {
            batch.numbers(name)?.into_iter().map(|number| Cell::Number(number.unwrap_or(f64::NAN))).collect()
        }
        _ => batch.texts(name)?.into_iter().map(|text| Cell::Text(text.unwrap_or_default().into())).collect(),
    })
}

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text, or the name of a case.
    Text(String),
}

/// A parameter of a sweep: a column with a value for each run.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Name of the column.
    pub name: String,
    /// The dotted keys that are assigned.
    pub keys: Vec<String>,
    /// Unit of its values; empty where there is none.
    pub unit: String,
    /// What it is.
    pub description: String,
    /// One for each run, in the order of [`Points::runs`].
    pub values: Vec<Cell>,
}

/// A run as it was frozen.
#[derive(Clone, Debug, PartialEq)]
pub struct FrozenRun {
    /// Its id: a hash of the scenario as resolved, the contents of its data files, the seed and the engine.
    pub run: String,
    /// Number of its point, from 0.
    pub point: u64,
    /// Which of the runs at its point it is, from 0.
    pub replicate: u64,
    /// Its seed.
    pub seed: u64,
    /// First instant.
    pub start: Time,
    /// First instant after the last interval.
    pub end: Time,
    /// Length of a tick.
    pub tick: Span,
    /// Number of its participants.
    pub participants: u64,
    /// Its data files in `inputs/`, in the order in which the scenario asks for them.
    pub inputs: Vec<String>,
    /// What is assigned to the scenario, in JSON: a list of pairs of key and value.
    pub set: String,
}

impl FrozenRun {
    /// Number of its ticks.
    pub fn ticks(&self) -> u64 {
        ((self.end - self.start).0 / self.tick.0).unsigned_abs()
    }

    /// What it is expected to cost: participants times ticks.
    pub fn cost(&self) -> u64 {
        self.participants * self.ticks()
    }
}

/// The runs of a sweep with their parameters, by point, then by replicate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// The columns of parameters.
    pub parameters: Vec<Parameter>,
    /// The runs.
    pub runs: Vec<FrozenRun>,
}

impl Parameter {
    /// Adds its values of these runs as a column.
    fn column(&self, runs: &[usize], frame: &mut Frame) {
        let keys = self.keys.join(", ");
        let metadata =
            [("role", "parameter"), ("keys", &keys), ("unit", &self.unit), ("description", &self.description)];
        let of = |ty: ColumnType| -> Field { field(&self.name, ty, false, &metadata) };
        let values = || runs.iter().map(|&run| &self.values[run]);
        if values().all(|value| matches!(value, Cell::Flag(_))) {
            frame.flags(of(ColumnType::Flag), values().map(|value| Some(matches!(value, Cell::Flag(true)))));
        } else if values().all(|value| matches!(value, Cell::Integer(_))) {
            frame.integers(of(ColumnType::Integer), values().map(Cell::integer));
        } else if values().all(|value| value.number().is_some()) {
            frame.reals(of(ColumnType::Real), values().map(Cell::number));
        } else {
            let texts: Vec<String> = values().map(Cell::text).collect();
            frame.names(of(ColumnType::Name), texts.iter().map(|text| Some(text.as_str())));
        }
    }
}

impl Cell {
    fn integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Number(number) => Some(*number),
            Self::Flag(_) | Self::Text(_) => None,
        }
    }

    /// As a person reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Flag(flag) => flag.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl Points {
    /// Reads `points.parquet`.
    ///
    /// # Errors
    /// If it is not there, or can not be read.
    pub fn read(store: &dyn Store) -> Result<Self, ResultsError> {
        let place = store.place();
        let contents = store.read(POINTS_PARQUET)?.ok_or_else(|| ResultsError::NoSweep {
            place: place.clone(),
            problem: format!("it has no `{POINTS_PARQUET}`"),
        })?;
        let table = Table::of_bytes(&Path::new(&place).join(POINTS_PARQUET), contents)?;
        let columns = table.columns();
        let list = |column: &ColumnHead| column.says("keys").split(", ").map(str::to_owned).collect();
        let parameter = |column: &ColumnHead| Parameter {
            name: column.name.clone(),
            keys: list(column),
            unit: column.says("unit").into(),
            description: column.says("description").into(),
            values: Vec::new(),
        };
        let parameters: Vec<_> = columns.iter().filter(|column| column.says("role") == "parameter").collect();
        let mut points =
            Self { parameters: parameters.iter().map(|column| parameter(column)).collect(), runs: Vec::new() };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        for batch in table.batches(&names)? {
            let batch = batch?;
            points.read_runs(&batch)?;
            for (parameter, column) in points.parameters.iter_mut().zip(&parameters) {
                parameter.values.extend(cells(&batch, column)?);
            }
        }
        Ok(points)
    }

    fn read_runs(&mut self, batch: &Batch) -> Result<(), ResultsError> {
        let (runs, sets, inputs) = (batch.texts("run")?, batch.texts("set")?, batch.texts("inputs")?);
        let [point, replicate, seed, participants] =
            [batch.seeds("point")?, batch.seeds("replicate")?, batch.seeds("seed")?, batch.seeds("participants")?];
        let (start, end, tick_s) = (batch.times("start")?, batch.times("end")?, batch.numbers("tick_s")?);
        for row in 0..batch.rows() {
            self.runs.push(FrozenRun {
                run: runs[row].unwrap_or_default().into(),
                point: point[row].unwrap_or_default(),
                replicate: replicate[row].unwrap_or_default(),
                seed: seed[row].unwrap_or_default(),
                start: start[row].unwrap_or(Time(0)),
                end: end[row].unwrap_or(Time(0)),
                tick: Span::from_hours(tick_s[row].unwrap_or_default() / 3600.0),
                participants: participants[row].unwrap_or_default(),
                inputs: inputs[row].unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
                set: sets[row].unwrap_or_default().into(),
            });
        }
        Ok(())
    }

    /// Writes `points.parquet`.
    pub fn write(&self, store: &dyn Store) -> Result<(), ResultsError> {
        let mut frame = Frame::default();
        let mut fields = POINTS.fields().into_iter();
        let lists: Vec<String> = self.runs.iter().map(|run| run.inputs.join(" ")).collect();
        self.head((0..self.runs.len()).collect(), &mut fields, &mut frame);
        let [start, end, tick, participants, inputs, set] =
            fields.collect::<Vec<_>>().try_into().expect("the table has these columns");
        frame.times(start, self.runs.iter().map(|run| run.start));
        frame.times(end, self.runs.iter().map(|run| run.end));
        frame.reals(tick, self.runs.iter().map(|run| Some(run.tick.seconds())));
        frame.numbers(participants, self.runs.iter().map(|run| run.participants));
        frame.names(inputs, lists.iter().map(|list| Some(list.as_str())));
        frame.texts(set, self.runs.iter().map(|run| Some(run.set.as_str())));
        store.write(POINTS_PARQUET, &super::tables::bytes(frame, metadata(&POINTS, None)))
    }

    /// The columns with which every table of runs begins: id, point, replicate, seed, and the parameters. `fields` gives
    /// those of the first four.
    pub(super) fn head(&self, rows: Vec<usize>, fields: &mut impl Iterator<Item = Field>, frame: &mut Frame) {
        let mut next = || fields.next().expect("every table of runs has these columns");
        let runs = || rows.iter().map(|&row| &self.runs[row]);
        frame.texts(next(), runs().map(|run| Some(run.run.as_str())));
        frame.numbers(next(), runs().map(|run| run.point));
        frame.numbers(next(), runs().map(|run| run.replicate));
        frame.numbers(next(), runs().map(|run| run.seed));
        self.parameters.iter().for_each(|parameter| parameter.column(&rows, frame));
    }
}
