//! A table that is being written: rows into columns, columns into pages, pages into row groups.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;

use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use crate::encode::{Chunk, Compressor, Encoder};
use crate::error::ResultsError;
use crate::run::RunInfo;
use crate::schema::{self, Table};

/// Rows of a data page. Part of the promise that equal rows give equal bytes.
pub const BATCH_ROWS: usize = 8192;

/// Rows of a row group: a few hundred kB of encoded pages, and dictionaries that fit a processor's
/// cache. Part of the promise that equal rows give equal bytes.
pub const ROW_GROUP_ROWS: usize = 131072;

/// The columns of one table.
pub(crate) trait Columns {
    /// What is written.
    const TABLE: Table;
    /// What is pushed.
    type Row;

    /// Appends a row to every column, or to none.
    fn push(&mut self, row: &Self::Row) -> Result<(), ResultsError>;

    /// The encoders, in the order of the table's columns.
    fn encoders(&mut self) -> Vec<&mut dyn Encoder>;
}

/// Writes one table, in bounded memory.
pub(crate) struct TableWriter<C> {
    columns: C,
    /// Rows since the last page.
    page_rows: usize,
    /// One per column.
    chunks: Vec<Chunk>,
    /// Rows in full pages of the open row group.
    group_rows: usize,
    /// Rows in finished row groups.
    rows: u64,
    compressor: Compressor,
    body: Vec<u8>,
    file: SerializedFileWriter<BufWriter<File>>,
    path: PathBuf,
}

impl<C: Columns> TableWriter<C> {
    /// Creates the file at `path`.
    pub(crate) fn create(columns: C, path: PathBuf, info: &RunInfo) -> Result<Self, ResultsError> {
        let file = File::create(&path).map_err(ResultsError::io("create", &path))?;
        let (file, compressor) = begin(&C::TABLE, info, file).map_err(ResultsError::writing(&path))?;
        Ok(Self {
            columns,
            page_rows: 0,
            chunks: chunks(&C::TABLE),
            group_rows: 0,
            rows: 0,
            compressor,
            body: Vec::new(),
            file,
            path,
        })
    }

    /// Appends a row.
    pub(crate) fn push(&mut self, row: &C::Row) -> Result<(), ResultsError> {
        self.columns.push(row)?;
        self.page_rows += 1;
        if self.page_rows == BATCH_ROWS { self.end_page().map_err(ResultsError::writing(&self.path)) } else { Ok(()) }
    }

    /// Writes what is left and the footer; returns the number of rows.
    pub(crate) fn close(mut self) -> Result<u64, ResultsError> {
        self.end_page()
            .and_then(|()| self.end_row_group())
            .and_then(|()| self.file.close())
            .map_err(ResultsError::writing(&self.path))?;
        Ok(self.rows)
    }

    fn end_page(&mut self) -> Result<(), ParquetError> {
        if self.page_rows == 0 {
            return Ok(());
        }
        for (encoder, chunk) in self.columns.encoders().into_iter().zip(&mut self.chunks) {
            self.body.clear();
            let encoding = encoder.page(&mut self.body);
            chunk.push(&mut self.compressor, &self.body, self.page_rows, encoding)?;
        }
        self.group_rows += std::mem::take(&mut self.page_rows);
        if self.group_rows == ROW_GROUP_ROWS { self.end_row_group() } else { Ok(()) }
    }

    fn end_row_group(&mut self) -> Result<(), ParquetError> {
        if self.group_rows == 0 {
            return Ok(());
        }
        let schema = self.file.schema_descr().columns().to_vec();
        let chunks = std::mem::replace(&mut self.chunks, chunks(&C::TABLE));
        let mut group = self.file.next_row_group()?;
        for ((encoder, chunk), column) in self.columns.encoders().into_iter().zip(chunks).zip(&schema) {
            let (bytes, close) = chunk.finish(&mut self.compressor, column, encoder.end_chunk())?;
            group.append_column(&bytes, close)?;
        }
        group.close()?;
        self.rows += std::mem::take(&mut self.group_rows) as u64;
        Ok(())
    }
}

fn chunks(table: &Table) -> Vec<Chunk> {
    table.columns.iter().map(|_| Chunk::new()).collect()
}

/// Begins a file with the schema of a table.
fn begin(
    table: &Table,
    info: &RunInfo,
    file: File,
) -> Result<(SerializedFileWriter<BufWriter<File>>, Compressor), ParquetError> {
    let arrow_schema = table.arrow_schema();
    let schema = ArrowSchemaConverter::new().convert(&arrow_schema)?;
    let mut properties = WriterProperties::builder().set_key_value_metadata(Some(metadata(table, Some(info)))).build();
    add_encoded_arrow_schema_to_metadata(&arrow_schema, &mut properties);
    let file = SerializedFileWriter::new(BufWriter::new(file), schema.root_schema_ptr(), Arc::new(properties))?;
    Ok((file, Compressor::new()?))
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
        entries.push(("cariflex.run", info.name.clone()));
        entries.push(("cariflex.seed", info.seed.to_string()));
        entries.push(("cariflex.level", info.level.to_string()));
    }
    entries.into_iter().map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect()
}
