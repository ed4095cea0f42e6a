//! Small tables made at once, column by column: key figures, the points of a sweep, how its runs went.

use std::sync::Arc;

use agents::Time;
use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray, UInt64Array,
};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::EnabledStatistics;
use std::io::Write;

use crate::table::properties;

/// A table in memory, as columns.
#[derive(Default)]
pub(crate) struct Frame {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Frame {
    /// Adds a column of words, dictionary-encoded.
    pub(crate) fn names<'a>(&mut self, field: Field, values: impl Iterator<Item = Option<&'a str>>) {
        let mut names = StringDictionaryBuilder::<Int32Type>::new();
        values.for_each(|value| names.append_option(value));
        self.push(field, names.finish());
    }

    /// Adds a column of texts.
    pub(crate) fn texts<'a>(&mut self, field: Field, values: impl Iterator<Item = Option<&'a str>>) {
        self.push(field, values.collect::<StringArray>());
    }

    /// Adds a column of doubles.
    pub(crate) fn reals(&mut self, field: Field, values: impl Iterator<Item = Option<f64>>) {
        self.push(field, values.collect::<Float64Array>());
    }

    /// Adds a column of counts or seeds.
    pub(crate) fn numbers(&mut self, field: Field, values: impl Iterator<Item = u64>) {
        self.push(field, UInt64Array::from_iter_values(values));
    }

    /// Adds a column of whole numbers with a sign.
    pub(crate) fn integers(&mut self, field: Field, values: impl Iterator<Item = Option<i64>>) {
        self.push(field, values.collect::<Int64Array>());
    }

    /// Adds a column of flags.
    pub(crate) fn flags(&mut self, field: Field, values: impl Iterator<Item = Option<bool>>) {
        self.push(field, values.collect::<BooleanArray>());
    }

    /// Adds a column of instants.
    pub(crate) fn times(&mut self, field: Field, values: impl Iterator<Item = Time>) {
        let values: TimestampMillisecondArray = values.map(|time| Some(time.0)).collect();
        self.push(field, values.with_timezone("UTC"));
    }

    fn push(&mut self, field: Field, array: impl arrow_array::Array + 'static) {
        self.fields.push(field);
        self.arrays.push(Arc::new(array));
    }

    /// Writes it as one Parquet file.
    pub(crate) fn write(self, to: impl Write + Send, metadata: Vec<KeyValue>) -> Result<(), ParquetError> {
        let schema = Arc::new(Schema::new(self.fields));
        // Statistics would take more room than the few rows they sum up.
        let properties = properties(metadata).set_statistics_enabled(EnabledStatistics::None);
        let mut writer = ArrowWriter::try_new(to, schema.clone(), Some(properties.build()))?;
        writer.write(&RecordBatch::try_new(schema, self.arrays)?)?;
        writer.close().map(drop)
    }
}
