//! Reading measured series: Parquet files with the columns `time`, `quantity`, `value`, `unit`.

use std::fs::File;
use std::path::Path;

use agents::Time;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, SchemaRef, TimeUnit};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use crate::error::ResultsError;

/// A row of a measured series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// When it was measured, rounded down to the millisecond.
    pub time: Time,
    /// What was measured, for instance `power`.
    pub quantity: String,
    /// The value, finite, in `unit`.
    pub value: f64,
    /// The unit.
    pub unit: String,
    /// Row of the file, the first is 0: for messages about it.
    pub row: u64,
}

/// Reads a measured series.
///
/// Columns, in any order, others are ignored:
/// - `time`: timestamp of any unit with a time zone, or a string in RFC 3339 with offset or `Z`;
/// - `quantity`, `unit`: strings, dictionary-encoded or not;
/// - `value`: floating-point or integer.
///
/// Rows come in the order of the file.
///
/// # Errors
/// If a column is missing or of another type, `time` has no time zone, or a value is null, not a number
/// or infinite: the error names file, row and remedy.
pub fn read_rows(path: &Path) -> Result<Vec<SeriesRow>, ResultsError> {
    let file = File::open(path).map_err(ResultsError::io("read", path))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(ResultsError::reading(path))?;
    check_columns(path, builder.schema())?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), COLUMNS);
    let batches = builder.with_projection(mask).build().map_err(ResultsError::reading(path))?;
    let mut rows = Vec::new();
    for batch in batches {
        let batch = batch.map_err(ParquetError::from).map_err(ResultsError::reading(path))?;
        let reader = BatchReader { path, batch: &batch, first_row: rows.len() as u64 };
        for index in 0..batch.num_rows() {
            rows.push(reader.row(index)?);
        }
    }
    Ok(rows)
}

const COLUMNS: [&str; 4] = ["time", "quantity", "value", "unit"];

/// Checks that all columns are there and of types that [`BatchReader`] reads.
fn check_columns(path: &Path, schema: &SchemaRef) -> Result<(), ResultsError> {
    for column in COLUMNS {
        let Ok(field) = schema.field_with_name(column) else {
            let found: Vec<_> = schema.fields().iter().map(|field| format!("`{}`", field.name())).collect();
            return Err(ResultsError::MissingColumn { path: path.to_owned(), column, found: found.join(", ") });
        };
        let ty = field.data_type();
        let (fits, wanted) = match column {
            "time" if matches!(ty, DataType::Timestamp(_, None)) => {
                return Err(ResultsError::NaiveTime { path: path.to_owned() });
            }
            "time" => (
                matches!(ty, DataType::Timestamp(_, Some(_))) || is_string(ty),
                "a timestamp with time zone or an RFC 3339 string",
            ),
            "value" => (ty.is_floating() && *ty != DataType::Float16 || ty.is_integer(), "a float or an integer"),
            _ => (is_string(ty), "a string"),
        };
        if !fits {
            return Err(ResultsError::ColumnType { path: path.to_owned(), column, found: ty.to_string(), wanted });
        }
    }
    Ok(())
}

fn is_string(ty: &DataType) -> bool {
    match ty {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_string(values),
        _ => false,
    }
}

/// Reads cells of a batch whose columns have been checked.
struct BatchReader<'a> {
    path: &'a Path,
    batch: &'a RecordBatch,
    /// Row of the file with which the batch begins.
    first_row: u64,
}

impl BatchReader<'_> {
    fn row(&self, index: usize) -> Result<SeriesRow, ResultsError> {
        Ok(SeriesRow {
            time: self.time(index)?,
            quantity: self.string("quantity", index)?.to_owned(),
            value: self.value(index)?,
            unit: self.string("unit", index)?.to_owned(),
            row: self.first_row + index as u64,
        })
    }

    fn time(&self, index: usize) -> Result<Time, ResultsError> {
        let array = self.cell("time", index)?;
        let DataType::Timestamp(unit, _) = array.data_type() else {
            let text = self.string("time", index)?;
            let time = text.parse::<jiff::Timestamp>().map_err(|error| {
                let problem = format!("`{text}` is not an instant such as 2026-03-20T14:00:00-04:00: {error}");
                self.bad_cell("time", index, problem)
            })?;
            // Rounded down, as timestamps are, also before 1970.
            return Ok(Time(time.as_nanosecond().div_euclid(1_000_000) as i64));
        };
        let time_ms = match unit {
            TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(index).saturating_mul(1000),
            TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(index),
            TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(index).div_euclid(1000),
            TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(index).div_euclid(1_000_000),
        };
        Ok(Time(time_ms))
    }

    fn value(&self, index: usize) -> Result<f64, ResultsError> {
        let array = self.cell("value", index)?;
        let value = match array.data_type() {
            DataType::Float32 => f64::from(array.as_primitive::<Float32Type>().value(index)),
            DataType::Float64 => array.as_primitive::<Float64Type>().value(index),
            DataType::Int8 => f64::from(array.as_primitive::<Int8Type>().value(index)),
            DataType::Int16 => f64::from(array.as_primitive::<Int16Type>().value(index)),
            DataType::Int32 => f64::from(array.as_primitive::<Int32Type>().value(index)),
            DataType::Int64 => array.as_primitive::<Int64Type>().value(index) as f64,
            DataType::UInt8 => f64::from(array.as_primitive::<UInt8Type>().value(index)),
            DataType::UInt16 => f64::from(array.as_primitive::<UInt16Type>().value(index)),
            DataType::UInt32 => f64::from(array.as_primitive::<UInt32Type>().value(index)),
            DataType::UInt64 => array.as_primitive::<UInt64Type>().value(index) as f64,
            other => unreachable!("check_columns lets no column `value` of type {other} pass"),
        };
        if value.is_finite() {
            Ok(value)
        } else {
            Err(self.bad_cell("value", index, format!("{value} is no measurement; leave the row out")))
        }
    }

    fn string(&self, column: &'static str, index: usize) -> Result<&str, ResultsError> {
        let array = self.cell(column, index)?;
        string_at(array, index).ok_or_else(|| self.bad_cell(column, index, MISSING.to_owned()))
    }

    /// The column, with a value at `index`.
    fn cell(&self, column: &'static str, index: usize) -> Result<&dyn Array, ResultsError> {
        let array = self.batch.column_by_name(column).expect("check_columns saw the column");
        if array.is_null(index) {
            return Err(self.bad_cell(column, index, MISSING.to_owned()));
        }
        Ok(array.as_ref())
    }

    fn bad_cell(&self, column: &'static str, index: usize, problem: String) -> ResultsError {
        ResultsError::BadCell { path: self.path.to_owned(), row: self.first_row + index as u64, column, problem }
    }
}

const MISSING: &str = "the value is missing; fill it in or leave the row out";

/// The string at `index` of a string or dictionary array; none if the dictionary says null.
fn string_at(array: &dyn Array, index: usize) -> Option<&str> {
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(index)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(index)),
        DataType::Utf8View => Some(array.as_string_view().value(index)),
        DataType::Dictionary(key, _) => match key.as_ref() {
            DataType::Int8 => dictionary_at::<Int8Type>(array, index),
            DataType::Int16 => dictionary_at::<Int16Type>(array, index),
            DataType::Int32 => dictionary_at::<Int32Type>(array, index),
            DataType::Int64 => dictionary_at::<Int64Type>(array, index),
            DataType::UInt8 => dictionary_at::<UInt8Type>(array, index),
            DataType::UInt16 => dictionary_at::<UInt16Type>(array, index),
            DataType::UInt32 => dictionary_at::<UInt32Type>(array, index),
            DataType::UInt64 => dictionary_at::<UInt64Type>(array, index),
            other => unreachable!("{other} is no key of a dictionary"),
        },
        other => unreachable!("check_columns lets no string column of type {other} pass"),
    }
}

fn dictionary_at<K: ArrowDictionaryKeyType>(array: &dyn Array, index: usize) -> Option<&str> {
    let dictionary = array.as_dictionary::<K>();
    let values = dictionary.values();
    let key = dictionary.key(index)?;
    if values.is_null(key) { None } else { string_at(values.as_ref(), key) }
}
