//! Measured series: what is read, and what is refused with what remedy.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agents::Time;
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    ArrayRef, DictionaryArray, Float32Array, Float64Array, Int64Array, LargeStringArray, RecordBatch, StringArray,
    StringViewArray, TimestampMicrosecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt8Array,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use results::{ResultsError, SeriesRow, read_rows};

fn write(dir: &Path, columns: [(&str, ArrayRef); 4]) -> PathBuf {
    let path = dir.join("measured.parquet");
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let file = File::create(&path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    path
}

/// Writes the columns and reads the rows.
fn rows(time: ArrayRef, quantity: ArrayRef, value: ArrayRef, unit: ArrayRef) -> Result<Vec<SeriesRow>, ResultsError> {
    let dir = tempfile::tempdir().expect("a folder");
    read_rows(&write(dir.path(), [("time", time), ("quantity", quantity), ("value", value), ("unit", unit)]))
}

fn strings(words: [&str; 2]) -> ArrayRef {
    Arc::new(StringArray::from(words.to_vec()))
}

fn times() -> ArrayRef {
    Arc::new(TimestampSecondArray::from(vec![0, 1]).with_timezone("UTC"))
}

fn numbers() -> ArrayRef {
    Arc::new(Float64Array::from(vec![1.0, 2.0]))
}

fn message(rows: Result<Vec<SeriesRow>, ResultsError>) -> String {
    let message = rows.expect_err("refused").to_string();
    assert!(message.contains("measured.parquet"), "{message}");
    message
}

#[test]
fn instants_of_any_unit_and_zone_are_read() {
    let ms = 1_773_979_200_000;
    let arrays: [ArrayRef; 4] = [
        Arc::new(TimestampSecondArray::from(vec![ms / 1000, -1]).with_timezone("America/Martinique")),
        Arc::new(TimestampMicrosecondArray::from(vec![ms * 1000 + 999, -1]).with_timezone("UTC")),
        Arc::new(TimestampNanosecondArray::from(vec![ms * 1_000_000, -1]).with_timezone("-04:00")),
        Arc::new(StringArray::from(vec!["2026-03-20T00:00:00-04:00", "1969-12-31T23:59:59.9999Z"])),
    ];
    for (array, before_1970) in arrays.into_iter().zip([-1000, -1, -1, -1]) {
        let rows = rows(array, strings(["power", "soc"]), numbers(), strings(["kW", "kWh"])).expect("read");
        let times: Vec<_> = rows.iter().map(|row| row.time).collect();
        assert_eq!(times, [Time(ms), Time(before_1970)]);
    }
}

#[test]
fn strings_and_numbers_of_any_type_are_read() {
    let quantities: [ArrayRef; 4] = [
        Arc::new(LargeStringArray::from(vec!["power", "soc"])),
        Arc::new(StringViewArray::from(vec!["power", "soc"])),
        Arc::new(DictionaryArray::<Int8Type>::from_iter(["power", "soc"])),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(["power", "soc"])),
    ];
    let values: [ArrayRef; 4] = [
        Arc::new(Float32Array::from(vec![-1.5, 2.0])),
        Arc::new(Float64Array::from(vec![-1.5, 2.0])),
        Arc::new(Int64Array::from(vec![-3, 2])),
        Arc::new(UInt8Array::from(vec![255, 2])),
    ];
    for ((quantity, value), first) in quantities.into_iter().zip(values).zip([-1.5, -1.5, -3.0, 255.0]) {
        let rows = rows(times(), quantity, value, strings(["kW", "kWh"])).expect("read");
        let row = |ms, quantity: &str, value, unit: &str, row| SeriesRow {
            time: Time(ms),
            quantity: quantity.into(),
            value,
            unit: unit.into(),
            row,
        };
        assert_eq!(rows, [row(0, "power", first, "kW", 0), row(1000, "soc", 2.0, "kWh", 1)]);
    }
}

#[test]
fn instants_without_zone_are_refused_with_the_remedy() {
    let naive: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![0, 1]));
    let error = message(rows(naive, strings(["p", "p"]), numbers(), strings(["kW", "kW"])));
    assert!(error.contains("tz_localize"), "{error}");
    let naive = strings(["2026-03-20T00:00:00Z", "2026-03-20T00:00:00"]);
    let error = message(rows(naive, strings(["p", "p"]), numbers(), strings(["kW", "kW"])));
    assert!(error.contains("row 1") && error.contains("-04:00"), "{error}");
}

#[test]
fn missing_and_infinite_values_are_refused_by_row() {
    let columns = || [times(), strings(["p", "p"]), numbers(), strings(["kW", "kW"])];
    let bad: [(usize, &str, ArrayRef); 6] = [
        (0, "time", Arc::new(TimestampSecondArray::from(vec![Some(0), None]).with_timezone("UTC"))),
        (1, "quantity", Arc::new(StringArray::from(vec![Some("p"), None]))),
        (1, "quantity", Arc::new(DictionaryArray::<Int32Type>::from_iter([Some("p"), None]))),
        (2, "value", Arc::new(Float64Array::from(vec![1.0, f64::NAN]))),
        (2, "value", Arc::new(Float64Array::from(vec![1.0, f64::INFINITY]))),
        (3, "unit", Arc::new(StringArray::from(vec![Some("kW"), None]))),
    ];
    for (index, column, array) in bad {
        let mut columns = columns();
        columns[index] = array;
        let [time, quantity, value, unit] = columns;
        let error = message(rows(time, quantity, value, unit));
        assert!(error.contains("row 1") && error.contains(&format!("`{column}`")), "{error}");
    }
}

#[test]
fn wrong_columns_are_refused_with_what_was_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let columns =
        [("time", times()), ("quantity", strings(["p", "p"])), ("val", numbers()), ("unit", strings(["kW", "kW"]))];
    let error = message(read_rows(&write(dir.path(), columns)));
    assert!(error.contains("`value`") && error.contains("`val`"), "{error}");
    let error = message(rows(numbers(), strings(["p", "p"]), numbers(), strings(["kW", "kW"])));
    assert!(error.contains("`time`") && error.contains("Float64"), "{error}");
    let error = message(rows(times(), strings(["p", "p"]), strings(["1", "2"]), strings(["kW", "kW"])));
    assert!(error.contains("`value`") && error.contains("a float"), "{error}");
}

#[test]
fn a_file_that_is_not_parquet_is_an_error() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("measured.parquet");
    assert!(matches!(read_rows(&path), Err(ResultsError::Io { .. })));
    std::fs::write(&path, "time,quantity,value,unit\n").expect("a file");
    assert!(message(read_rows(&path)).contains("Parquet"));
}
