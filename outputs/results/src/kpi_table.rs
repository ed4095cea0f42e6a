//! `kpis.parquet`: one wide row per run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use agents::{Span, Time};
use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, TimestampMillisecondArray, UInt64Array};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::EnabledStatistics;

use crate::error::ResultsError;
use crate::folder;
use crate::kpis::Kpi;
use crate::run::RunInfo;
use crate::schema::{ColumnType, KPIS, field};
use crate::table::{metadata, properties};

/// A row of `kpis.parquet`.
#[derive(Clone, Debug, PartialEq)]
pub struct KpiRow {
    /// Name of the run.
    pub run: String,
    /// Its seed.
    pub seed: u64,
    /// Its first instant.
    pub start: Time,
    /// First instant after the last interval recorded.
    pub end: Time,
    /// Length of a tick.
    pub tick: Span,
    /// Its key figures, see [`Kpis::table`](crate::Kpis::table).
    pub kpis: Vec<Kpi>,
}

/// Writes key figures of any number of runs, for instance of a shard of a sweep, in one piece: the file
/// gets its name when it is whole, and replaces one that is there.
///
/// Columns are those of all rows in the order in which they first appear; a run that lacks one is null
/// there.
pub fn write_kpis(path: &Path, rows: &[KpiRow]) -> Result<(), ResultsError> {
    write(&folder::partial(path), rows, None)?;
    folder::publish(path)
}

/// Writes the rows to exactly this path.
pub(crate) fn write(path: &Path, rows: &[KpiRow], info: Option<&RunInfo>) -> Result<(), ResultsError> {
    let mut fields: Vec<Field> = KPIS.columns.iter().map(crate::schema::Column::field).collect();
    let mut arrays = fixed_columns(rows);
    for (kpi, values) in kpi_columns(rows) {
        fields.push(field(&kpi.name, ColumnType::Real, true, &[("unit", kpi.unit), ("description", &kpi.label)]));
        arrays.push(Arc::new(Float64Array::from(values)));
    }
    let schema = Arc::new(Schema::new(fields));
    let file = File::create(path).map_err(ResultsError::io("create", path))?;
    write_batch(file, schema, arrays, metadata(&KPIS, info)).map_err(ResultsError::writing(path))
}

fn write_batch(
    file: File,
    schema: Arc<Schema>,
    arrays: Vec<ArrayRef>,
    metadata: Vec<KeyValue>,
) -> Result<(), ParquetError> {
    // Statistics would take more room than the few rows they sum up.
    let properties = properties(metadata).set_statistics_enabled(EnabledStatistics::None);
    let mut writer = ArrowWriter::try_new(BufWriter::new(file), schema.clone(), Some(properties.build()))?;
    writer.write(&RecordBatch::try_new(schema, arrays)?)?;
    writer.close().map(drop)
}

/// The columns of [`KPIS`], in its order.
fn fixed_columns(rows: &[KpiRow]) -> Vec<ArrayRef> {
    let mut run = StringDictionaryBuilder::<Int32Type>::new();
    rows.iter().for_each(|row| run.append_value(&row.run));
    let times = |time: fn(&KpiRow) -> Time| -> ArrayRef {
        let values: TimestampMillisecondArray = rows.iter().map(|row| Some(time(row).0)).collect();
        Arc::new(values.with_timezone("UTC"))
    };
    vec![
        Arc::new(run.finish()),
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(|row| row.seed))),
        times(|row| row.start),
        times(|row| row.end),
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.tick.seconds()))),
    ]
}

/// One column per key figure that any row has.
fn kpi_columns(rows: &[KpiRow]) -> Vec<(&Kpi, Vec<Option<f64>>)> {
    let mut columns: Vec<(&Kpi, Vec<Option<f64>>)> = Vec::new();
    let mut index = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        for kpi in &row.kpis {
            let column = *index.entry(kpi.name.as_str()).or_insert_with(|| {
                columns.push((kpi, vec![None; rows.len()]));
                columns.len() - 1
            });
            columns[column].1[i] = kpi.value;
        }
    }
    columns
}
