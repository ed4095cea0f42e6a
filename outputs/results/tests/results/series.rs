//! Measured data: every type of column comes in as what it is.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use agents::Time;
use arrow_array::types::{Int8Type, Int32Type};
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float32Array, Float64Array, Int64Array, LargeStringArray, RecordBatch,
    StringArray, StringViewArray, TimestampMicrosecondArray, TimestampNanosecondArray, TimestampSecondArray,
    UInt8Array,
};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use results::{Data, DataCell, ResultsError, read_data};

fn write<const N: usize>(dir: &Path, columns: [(&str, ArrayRef); N]) -> PathBuf {
    let path = dir.join("measured.parquet");
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let file = File::create(&path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
    writer.write(&batch).expect("written");
    writer.close().expect("closed");
    path
}

fn read(path: &Path) -> Result<Data, ResultsError> {
    read_data(path, std::fs::read(path).expect("the file"))
}

/// Writes one column and reads its cells.
fn cells(column: ArrayRef) -> Vec<DataCell> {
    let dir = tempfile::tempdir().expect("a folder");
    let Data { columns, rows } = read(&write(dir.path(), [("x", column)])).expect("readable");
    assert_eq!(columns, ["x"]);
    rows.into_iter().map(|mut row| row.remove(0)).collect()
}

fn strings(words: [&str; 2]) -> ArrayRef {
    Arc::new(StringArray::from(words.to_vec()))
}

#[test]
fn instants_of_any_unit_and_zone_are_read() {
    let ms = 1_773_979_200_000;
    let arrays: [ArrayRef; 3] = [
        Arc::new(TimestampSecondArray::from(vec![ms / 1000, -1]).with_timezone("America/Martinique")),
        Arc::new(TimestampMicrosecondArray::from(vec![ms * 1000 + 999, -1]).with_timezone("UTC")),
        Arc::new(TimestampNanosecondArray::from(vec![ms * 1_000_000, -1]).with_timezone("-04:00")),
    ];
    for (array, before_1970) in arrays.into_iter().zip([-1000, -1, -1]) {
        assert_eq!(cells(array), [DataCell::Instant(Time(ms)), DataCell::Instant(Time(before_1970))]);
    }
}

#[test]
fn a_timestamp_without_a_zone_is_a_local_time_and_not_an_instant() {
    let naive: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1_774_000_800_000_000]));
    assert_eq!(cells(naive), [DataCell::Text("2026-03-20T10:00:00".into())]);
}

#[test]
fn strings_and_numbers_of_any_type_are_read() {
    let words: [ArrayRef; 5] = [
        strings(["power", "soc"]),
        Arc::new(LargeStringArray::from(vec!["power", "soc"])),
        Arc::new(StringViewArray::from(vec!["power", "soc"])),
        Arc::new(DictionaryArray::<Int8Type>::from_iter(["power", "soc"])),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(["power", "soc"])),
    ];
    for array in words {
        assert_eq!(cells(array), [DataCell::Text("power".into()), DataCell::Text("soc".into())]);
    }
    let numbers: [ArrayRef; 4] = [
        Arc::new(Float32Array::from(vec![-1.5, 2.0])),
        Arc::new(Float64Array::from(vec![-1.5, 2.0])),
        Arc::new(Int64Array::from(vec![-3, 2])),
        Arc::new(UInt8Array::from(vec![255, 2])),
    ];
    for (array, first) in numbers.into_iter().zip([-1.5, -1.5, -3.0, 255.0]) {
        assert_eq!(cells(array), [DataCell::Number(first), DataCell::Number(2.0)]);
    }
}

#[test]
fn nulls_are_missing_and_columns_of_other_types_are_left_out() {
    let gappy: [ArrayRef; 3] = [
        Arc::new(TimestampSecondArray::from(vec![None]).with_timezone("UTC")),
        Arc::new(DictionaryArray::<Int32Type>::from_iter([None::<&str>])),
        Arc::new(Float64Array::from(vec![None])),
    ];
    for array in gappy {
        assert_eq!(cells(array), [DataCell::Missing]);
    }
    let dir = tempfile::tempdir().expect("a folder");
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    let data = read(&write(dir.path(), [("flag", flags), ("word", strings(["a", "b"]))])).expect("readable");
    assert_eq!(data.columns, ["word"]);
}

#[test]
fn a_file_that_is_not_parquet_is_an_error() {
    let message = read_data("measured.parquet".as_ref(), b"time,quantity,value,unit\n".into());
    let message = message.expect_err("no Parquet").to_string();
    assert!(message.contains("measured.parquet") && message.contains("Parquet"), "{message}");
}
