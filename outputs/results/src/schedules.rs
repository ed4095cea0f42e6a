//! Schedules that were made on their own, outside any run, as one Parquet file.

use std::path::Path;

use agents::Time;

use crate::columns::{Column as Filled, NumberColumn, OptionalColumn, TimeColumn, WordColumn};
use crate::error::ResultsError;
use crate::schema::{Column, ColumnType, Table};
use crate::table::{Columns, TableWriter};

const fn column(name: &'static str, ty: ColumnType, unit: &'static str, description: &'static str) -> Column {
    Column { name, ty, nullable: false, unit, sign: "", description }
}

/// The table of steps that `cariflex schedule --out` leaves.
pub const SCHEDULED_STEPS: Table = Table {
    name: "scheduled_steps",
    rows: "One row per problem, device and step; the connection comes after the devices.",
    hourly: "Not part of a run.",
    columns: &[
        column("file", ColumnType::Name, "", "The file the problem came from"),
        column("problem", ColumnType::Name, "", "The problem's name"),
        Column { nullable: true, ..column("device", ColumnType::Name, "", "The device; null for the connection") },
        column("time", ColumnType::Time, "", "When the step begins"),
        Column { sign: "+ takes, − gives", ..column("power_kw", ColumnType::Real, "kW", "Power during the step") },
        Column {
            nullable: true,
            ..column("soc_kwh", ColumnType::Real, "kWh", "Stored at the end of the step; null where nothing is")
        },
    ],
};

/// A row of [`SCHEDULED_STEPS`].
#[derive(Clone, Copy, Debug)]
pub struct ScheduledStep<'a> {
    /// The file the problem came from.
    pub file: &'a str,
    /// The problem.
    pub problem: &'a str,
    /// The device; none for the connection.
    pub device: Option<&'a str>,
    /// When the step begins.
    pub time: Time,
    /// Power during the step, kW; consumption positive.
    pub power_kw: f64,
    /// Stored at its end, kWh.
    pub soc_kwh: Option<f64>,
}

/// Writes [`SCHEDULED_STEPS`] row by row, in bounded memory. The caller gives the file its last name.
pub struct ScheduledSteps(TableWriter<StepColumns>);

impl ScheduledSteps {
    /// Creates the file.
    ///
    /// # Errors
    /// If it can not be written. So do the others.
    pub fn create(path: &Path) -> Result<Self, ResultsError> {
        TableWriter::create(StepColumns::default(), path.to_owned(), None).map(Self)
    }

    /// Appends a row.
    pub fn push(&mut self, row: &ScheduledStep<'_>) -> Result<(), ResultsError> {
        self.0.push(row)
    }

    /// Writes what is left and the footer.
    pub fn finish(self) -> Result<(), ResultsError> {
        self.0.close().map(drop)
    }
}

#[derive(Default)]
struct StepColumns {
    file: WordColumn,
    problem: WordColumn,
    device: WordColumn,
    time: TimeColumn,
    power_kw: NumberColumn<f64>,
    soc_kwh: OptionalColumn<f64>,
}

impl Columns for StepColumns {
    const TABLE: Table = SCHEDULED_STEPS;
    type Row<'a> = ScheduledStep<'a>;

    fn push(&mut self, row: &ScheduledStep<'_>) -> Result<(), ResultsError> {
        self.file.push(row.file);
        self.problem.push(row.problem);
        self.device.push_or_null(row.device);
        self.time.push(row.time);
        self.power_kw.push(row.power_kw);
        self.soc_kwh.push(row.soc_kwh);
        Ok(())
    }

    fn columns(&mut self) -> Vec<&mut dyn Filled> {
        let Self { file, problem, device, time, power_kw, soc_kwh } = self;
        vec![file, problem, device, time, power_kw, soc_kwh]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;
    use crate::table::BATCH_ROWS;

    #[test]
    fn steps_come_back_as_they_were_written_over_many_batches() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("steps.parquet");
        let mut steps = ScheduledSteps::create(&path).expect("a file");
        let rows = BATCH_ROWS as i64 + 7;
        for row in 0..rows {
            let device = (row % 2 == 0).then_some("bat");
            let (power_kw, soc_kwh) = (row as f64 / 8.0, device.map(|_| 5.0));
            let step = ScheduledStep { file: "f", problem: "p", device, time: Time(row * 900_000), power_kw, soc_kwh };
            steps.push(&step).expect("a row");
        }
        steps.finish().expect("a whole file");
        let table = read::Table::open(&path).expect("a table");
        assert_eq!(table.rows(), rows as u64);
        let mut row = 0_i64;
        for batch in table.batches(&["time", "power_kw"]).expect("columns") {
            for time in batch.expect("rows").times("time").expect("times") {
                assert_eq!(time, Some(Time(row * 900_000)));
                row += 1;
            }
        }
        assert_eq!(row, rows);
    }
}
