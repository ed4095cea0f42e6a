//! Schedules that were made on their own, outside any run, as one Parquet file.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agents::Time;
use arrow_array::builder::{Float64Builder, StringDictionaryBuilder, TimestampMillisecondBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, RecordBatch};
use parquet::arrow::ArrowWriter;

use crate::error::ResultsError;
use crate::schema::{Column, ColumnType, Table};
use crate::table::{BATCH_ROWS, ROW_GROUP_ROWS, metadata, properties};

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
pub struct ScheduledSteps {
    path: PathBuf,
    writer: ArrowWriter<BufWriter<File>>,
    names: [StringDictionaryBuilder<Int32Type>; 3],
    time: TimestampMillisecondBuilder,
    numbers: [Float64Builder; 2],
    waiting_rows: usize,
}

impl ScheduledSteps {
    /// Creates the file.
    ///
    /// # Errors
    /// If it can not be written. So do the others.
    pub fn create(path: &Path) -> Result<Self, ResultsError> {
        let file = File::create(path).map_err(ResultsError::io("create", path))?;
        let properties =
            properties(metadata(&SCHEDULED_STEPS, None)).set_max_row_group_row_count(Some(ROW_GROUP_ROWS)).build();
        let writer = ArrowWriter::try_new(BufWriter::new(file), SCHEDULED_STEPS.arrow_schema(), Some(properties))
            .map_err(ResultsError::writing(path))?;
        Ok(Self {
            path: path.to_owned(),
            writer,
            names: Default::default(),
            time: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            numbers: Default::default(),
            waiting_rows: 0,
        })
    }

    /// Appends a row.
    pub fn push(&mut self, row: &ScheduledStep<'_>) -> Result<(), ResultsError> {
        let names = [Some(row.file), Some(row.problem), row.device];
        self.names.iter_mut().zip(names).for_each(|(column, name)| column.append_option(name));
        self.time.append_value(row.time.0);
        let numbers = [Some(row.power_kw), row.soc_kwh];
        self.numbers.iter_mut().zip(numbers).for_each(|(column, number)| column.append_option(number));
        self.waiting_rows += 1;
        if self.waiting_rows == BATCH_ROWS { self.write() } else { Ok(()) }
    }

    /// Writes what is left and the footer.
    pub fn finish(mut self) -> Result<(), ResultsError> {
        self.write()?;
        self.writer.close().map(drop).map_err(ResultsError::writing(&self.path))
    }

    fn write(&mut self) -> Result<(), ResultsError> {
        self.waiting_rows = 0;
        let [file, problem, device] = self.names.each_mut().map(|column| Arc::new(column.finish()));
        let [power, soc] = self.numbers.each_mut().map(|column| Arc::new(column.finish()));
        let columns: Vec<ArrayRef> = vec![file, problem, device, Arc::new(self.time.finish()), power, soc];
        RecordBatch::try_new(SCHEDULED_STEPS.arrow_schema(), columns)
            .map_err(Into::into)
            .and_then(|batch| self.writer.write(&batch))
            .map_err(ResultsError::writing(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

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
