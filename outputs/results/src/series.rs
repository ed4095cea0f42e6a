//! Reading measured data from Parquet, whatever its columns: what they mean is the scenario's to say.

use std::path::Path;

use agents::Time;
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use crate::error::ResultsError;

/// A cell of a table of measured data.
#[derive(Clone, Debug, PartialEq)]
pub enum DataCell {
    /// Null.
    Missing,
    /// A string; also a timestamp without a time zone, as `2026-03-20T06:00:00`.
    Text(String),
    /// A number of any type.
    Number(f64),
    /// A timestamp with a time zone, rounded down to the millisecond.
    Instant(Time),
}

/// A table of measured data.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Cells of each row, in the order of the columns.
    pub rows: Vec<Vec<DataCell>>,
}

/// Reads a table of measured data from the contents of a Parquet file, which `path` names: all columns of strings (dictionary-encoded or not), numbers and
/// timestamps; columns of other types are left out.
///
/// # Errors
/// If it can not be read, naming it and the remedy.
pub fn read_data(path: &Path, contents: Vec<u8>) -> Result<Data, ResultsError> {
    let contents = Bytes::from(contents);
    let builder = ParquetRecordBatchReaderBuilder::try_new(contents).map_err(ResultsError::reading(path))?;
    let names: Vec<String> = builder
        .schema()
        .fields()
        .iter()
        .filter(|field| is_read(field.data_type()))
        .map(|field| field.name().clone())
        .collect();
    let mask = ProjectionMask::columns(builder.parquet_schema(), names.iter().map(String::as_str));
    let batches = builder.with_projection(mask).build().map_err(ResultsError::reading(path))?;
    let mut rows: Vec<Vec<DataCell>> = Vec::new();
    for batch in batches {
        let batch = batch.map_err(ParquetError::from).map_err(ResultsError::reading(path))?;
        let row = |index| batch.columns().iter().map(|column| cell(column.as_ref(), index)).collect();
        rows.extend((0..batch.num_rows()).map(row));
    }
    Ok(Data { columns: names, rows })
}

fn is_read(ty: &DataType) -> bool {
    let is_number = ty.is_floating() && *ty != DataType::Float16 || ty.is_integer();
    is_number || is_string(ty) || matches!(ty, DataType::Timestamp(..))
}

pub(crate) fn is_string(ty: &DataType) -> bool {
    match ty {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_string(values),
        _ => false,
    }
}

fn cell(array: &dyn Array, index: usize) -> DataCell {
    if array.is_null(index) {
        return DataCell::Missing;
    }
    match array.data_type() {
        DataType::Timestamp(unit, zone) => timestamp(time_ms(array, *unit, index), zone.is_some()),
        ty if is_string(ty) => string_at(array, index).map_or(DataCell::Missing, |text| DataCell::Text(text.into())),
        _ => DataCell::Number(number(array, index)),
    }
}

pub(crate) fn time_ms(array: &dyn Array, unit: TimeUnit, index: usize) -> i64 {
    match unit {
        TimeUnit::Second => array.as_primitive::<TimestampSecondType>().value(index).saturating_mul(1000),
        TimeUnit::Millisecond => array.as_primitive::<TimestampMillisecondType>().value(index),
        TimeUnit::Microsecond => array.as_primitive::<TimestampMicrosecondType>().value(index).div_euclid(1000),
        TimeUnit::Nanosecond => array.as_primitive::<TimestampNanosecondType>().value(index).div_euclid(1_000_000),
    }
}

/// An instant, or the local time that a clock in an unknown place showed.
fn timestamp(time_ms: i64, has_zone: bool) -> DataCell {
    let instant = jiff::Timestamp::from_millisecond(time_ms);
    match instant {
        Ok(instant) if !has_zone => DataCell::Text(instant.to_zoned(jiff::tz::TimeZone::UTC).datetime().to_string()),
        _ => DataCell::Instant(Time(time_ms)),
    }
}

pub(crate) fn number(array: &dyn Array, index: usize) -> f64 {
    match array.data_type() {
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
        other => unreachable!("is_read lets no column of type {other} pass"),
    }
}

/// A whole number of any type; none if it does not fit.
pub(crate) fn whole_number(array: &dyn Array, index: usize) -> Option<i64> {
    Some(match array.data_type() {
        DataType::Int8 => array.as_primitive::<Int8Type>().value(index).into(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(index).into(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(index).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(index),
        DataType::UInt8 => array.as_primitive::<UInt8Type>().value(index).into(),
        DataType::UInt16 => array.as_primitive::<UInt16Type>().value(index).into(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(index).into(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(index).try_into().ok()?,
        _ => return None,
    })
}

/// The string at `index` of a string or dictionary array; none if the dictionary says null.
pub(crate) fn string_at(array: &dyn Array, index: usize) -> Option<&str> {
    match array.data_type() {
        DataType::Utf8 => Some(array.as_string::<i32>().value(index)),
        DataType::LargeUtf8 => Some(array.as_string::<i64>().value(index)),
        DataType::Utf8View => Some(array.as_string_view().value(index)),
        _ => {
            let dictionary = array.as_any_dictionary_opt().expect("is_read lets strings and dictionaries of them pass");
            let place = dictionary_place(array, index)?;
            let values = dictionary.values();
            if values.is_null(place) { None } else { string_at(values.as_ref(), place) }
        }
    }
}

/// Where the values of a dictionary array's rows stand in its dictionary, and the dictionary; none for other arrays.
pub(crate) fn dictionary(array: &dyn Array) -> Option<(Vec<Option<usize>>, &dyn Array)> {
    let values = array.as_any_dictionary_opt()?.values().as_ref();
    Some(((0..array.len()).map(|index| dictionary_place(array, index)).collect(), values))
}

fn dictionary_place(array: &dyn Array, index: usize) -> Option<usize> {
    fn place<K: ArrowDictionaryKeyType>(array: &dyn Array, index: usize) -> Option<usize> {
        array.as_dictionary::<K>().key(index)
    }
    let DataType::Dictionary(key, _) = array.data_type() else { return None };
    match key.as_ref() {
        DataType::Int8 => place::<Int8Type>(array, index),
        DataType::Int16 => place::<Int16Type>(array, index),
        DataType::Int32 => place::<Int32Type>(array, index),
        DataType::Int64 => place::<Int64Type>(array, index),
        DataType::UInt8 => place::<UInt8Type>(array, index),
        DataType::UInt16 => place::<UInt16Type>(array, index),
        DataType::UInt32 => place::<UInt32Type>(array, index),
        DataType::UInt64 => place::<UInt64Type>(array, index),
        other => unreachable!("{other} is no key of a dictionary"),
    }
}
