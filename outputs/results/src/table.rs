//! A table that is being written: rows into columns, columns into batches, batches to a thread that writes the file.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

use crate::columns::Column;
use crate::error::ResultsError;
use crate::run::RunInfo;
use crate::schema::{self, ColumnType, Table};

/// Rows that go to the file at once. Part of the promise that equal rows give equal bytes.
pub const BATCH_ROWS: usize = 16_384;

/// Rows of a row group, about 1 MB of the table `assets` on the disk. Part of the promise that equal rows
/// give equal bytes.
pub const ROW_GROUP_ROWS: usize = 16 * BATCH_ROWS;

/// Batches that may wait for the disk; whoever brings one more waits too.
const WAITING_BATCHES: usize = 2;

/// The columns of one table.
pub(crate) trait Columns {
    /// What is written.
    const TABLE: Table;
    /// What is pushed.
    type Row<'a>;

    /// Appends a row to every column, or to none.
    fn push(&mut self, row: &Self::Row<'_>) -> Result<(), ResultsError>;

    /// The columns, in the order of the table.
    fn columns(&mut self) -> Vec<&mut dyn Column>;
}

/// Writes one table, in bounded memory.
///
/// The file is written by a thread of its own, because encoding costs more than simulating.
pub(crate) struct TableWriter<C> {
    columns: C,
    schema: SchemaRef,
    /// Rows since the last batch.
    batch_rows: usize,
    rows: u64,
    /// None once the thread has been asked to finish.
    batches: Option<SyncSender<RecordBatch>>,
    thread: Option<JoinHandle<Result<(), ParquetError>>>,
    path: PathBuf,
}

impl<C: Columns> TableWriter<C> {
    /// Creates the file at `path`, of a run or of none.
    pub(crate) fn create<'a>(
        columns: C,
        path: PathBuf,
        info: impl Into<Option<&'a RunInfo>>,
    ) -> Result<Self, ResultsError> {
        let file = File::create(&path).map_err(ResultsError::io("create", &path))?;
        let schema = C::TABLE.arrow_schema();
        let mut properties =
            properties(metadata(&C::TABLE, info.into())).set_max_row_group_row_count(Some(ROW_GROUP_ROWS));
        for column in C::TABLE.columns.iter().filter(|column| column.ty == ColumnType::Time) {
            // Instants come in order: their differences take almost no room, and no dictionary has to be looked up.
            let path = ColumnPath::from(column.name);
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::DELTA_BINARY_PACKED);
        }
        let writer = ArrowWriter::try_new(BufWriter::new(file), schema.clone(), Some(properties.build()))
            .map_err(ResultsError::writing(&path))?;
        let (batches, waiting) = sync_channel(WAITING_BATCHES);
        let thread = thread::Builder::new()
            .name(C::TABLE.name.into())
            .spawn(move || write(writer, &waiting))
            .map_err(ResultsError::io("start a thread for", &path))?;
        Ok(Self { columns, schema, batch_rows: 0, rows: 0, batches: Some(batches), thread: Some(thread), path })
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, row: &C::Row<'_>) -> Result<(), ResultsError> {
        self.columns.push(row)?;
        self.batch_rows += 1;
        if self.batch_rows == BATCH_ROWS { self.send() } else { Ok(()) }
    }

    /// Writes what is left and the footer; returns the number of rows.
    pub(crate) fn close(mut self) -> Result<u64, ResultsError> {
        if self.batch_rows > 0 {
            self.send()?;
        }
        self.finish()?;
        Ok(self.rows)
    }

    fn send(&mut self) -> Result<(), ResultsError> {
        self.rows += std::mem::take(&mut self.batch_rows) as u64;
        let arrays = self.columns.columns().into_iter().map(Column::take).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), arrays)
            .map_err(|error| ResultsError::writing(&self.path)(error.into()))?;
        let is_taken = self.batches.as_ref().is_some_and(|batches| batches.send(batch).is_ok());
        // A thread that takes no more has met an error, which it hands over.
        if is_taken { Ok(()) } else { self.finish() }
    }

    /// Lets the thread finish the file, and takes over its error.
    fn finish(&mut self) -> Result<(), ResultsError> {
        self.batches = None;
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let outcome = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        outcome.map_err(ResultsError::writing(&self.path))
    }
}

/// Writes batches until there are no more, then the footer.
fn write(mut writer: ArrowWriter<BufWriter<File>>, batches: &Receiver<RecordBatch>) -> Result<(), ParquetError> {
    for batch in batches {
        writer.write(&batch)?;
    }
    writer.close().map(drop)
}

/// How every file is written.
pub(crate) fn properties(metadata: Vec<KeyValue>) -> WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_key_value_metadata(Some(metadata))
}

/// What every file says of itself.
pub(crate) fn metadata(table: &Table, info: Option<&RunInfo>) -> Vec<KeyValue> {
    let mut entries = vec![
        ("cariflex.schema_version", schema::VERSION.to_string()),
        ("cariflex.table", table.name.to_owned()),
        ("cariflex.rows", table.rows.to_owned()),
        ("cariflex.units", schema::UNIT_CONVENTION.to_owned()),
        ("cariflex.signs", schema::SIGN_CONVENTION.to_owned()),
    ];
    if let Some(info) = info {
        entries.push(("cariflex.run", info.id.clone()));
        entries.push(("cariflex.scenario", info.name.clone()));
        entries.push(("cariflex.seed", info.seed.to_string()));
        entries.push(("cariflex.level", info.level.to_string()));
    }
    entries.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect()
}
