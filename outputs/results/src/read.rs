//! Reading results back: tables column by column and batch by batch, and what `run.json` and `sweep.json` say.
//!
//! ```no_run
//! # fn main() -> Result<(), results::ResultsError> {
//! let table = results::read::Table::open("results/martinique/assets.parquet".as_ref())?;
//! let mut produced_kw = 0.0;
//! for batch in table.batches(&["kind", "power_kw"])? {
//!     let batch = batch?;
//!     let (kinds, power_kw) = (batch.names("kind")?, batch.numbers("power_kw")?);
//!     for row in 0..batch.rows() {
//!         if kinds.get(row) == Some("pv") {
//!             produced_kw -= power_kw[row].unwrap_or(0.0);
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Memory is bounded by a batch, whatever the length of the file. Columns that are not asked for are not decoded;
//! strings may be dictionary-encoded or not, numbers of any width, instants of any precision: files that another
//! program wrote again are read like our own.

mod columns;
pub(crate) mod heads;

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, FieldRef};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::errors::ParquetError;
use parquet::file::reader::ChunkReader;

use crate::error::ResultsError;
use crate::series::is_string;
use crate::table::BATCH_ROWS;

pub use columns::Names;
pub use heads::{Head, RunHead, SweepHead, TableHead, head};

/// A Parquet file, opened.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    /// Its bytes, where it was not read from the disk.
    contents: Option<Bytes>,
    metadata: ArrowReaderMetadata,
}

/// What a column holds, for readers that do not know it beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Instants: [`Batch::times`].
    Times,
    /// Strings: [`Batch::names`] or [`Batch::texts`].
    Words,
    /// Numbers with a fraction: [`Batch::numbers`].
    Numbers,
    /// Whole numbers: [`Batch::integers`] or [`Batch::numbers`].
    Integers,
    /// Yes or no: [`Batch::booleans`].
    Booleans,
    /// Something this reader does not know.
    Other,
}

/// A column of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnHead {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
    field: FieldRef,
}

impl ColumnHead {
    /// What the file says of the column under a key, for instance `unit`, `description` or `role`; empty if nothing.
    pub fn says(&self, key: &str) -> &str {
        self.field.metadata().get(key).map_or("", String::as_str)
    }
}

impl Table {
    /// Opens a file and reads its footer.
    ///
    /// # Errors
    /// If it can not be read or is no whole Parquet file, naming it and the remedy.
    pub fn open(path: &Path) -> Result<Self, ResultsError> {
        let file = File::open(path).map_err(ResultsError::io("read", path))?;
        let metadata =
            ArrowReaderMetadata::load(&file, Default::default()).map_err(ResultsError::reading_back(path))?;
        Ok(Self { path: path.to_owned(), contents: None, metadata })
    }

    /// The same of a file that is in memory; `path` is named in errors.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn of_bytes(path: &Path, contents: Vec<u8>) -> Result<Self, ResultsError> {
        let contents = Bytes::from(contents);
        let metadata =
            ArrowReaderMetadata::load(&contents, Default::default()).map_err(ResultsError::reading_back(path))?;
        Ok(Self { path: path.to_owned(), contents: Some(contents), metadata })
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        // The format counts rows with a sign; a negative number would be a broken file, and has no rows to give.
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Its columns, in their order.
    pub fn columns(&self) -> Vec<ColumnHead> {
        let fields = self.metadata.schema().fields().iter();
        fields
            .map(|field| ColumnHead {
                name: field.name().clone(),
                holds: holds(field.data_type()),
                field: FieldRef::clone(field),
            })
            .collect()
    }

    /// Whether it has a column of that name.
    pub fn has(&self, column: &str) -> bool {
        self.metadata.schema().column_with_name(column).is_some()
    }

    /// Reads these columns from the first row to the last; can be called again.
    ///
    /// # Errors
    /// If one of the columns is not there, or the file can not be read.
    pub fn batches(&self, columns: &[&str]) -> Result<Batches, ResultsError> {
        if let Some(missing) = columns.iter().find(|name| !self.has(name)) {
            return Err(self.missing(missing));
        }
        let reader = match &self.contents {
            Some(contents) => self.reader(contents.clone(), columns),
            None => self.reader(File::open(&self.path).map_err(ResultsError::io("read", &self.path))?, columns),
        };
        Ok(Batches { path: self.path.clone(), reader: reader.map_err(ResultsError::reading_back(&self.path))? })
    }

    fn reader(
        &self,
        from: impl ChunkReader + 'static,
        columns: &[&str],
    ) -> Result<ParquetRecordBatchReader, ParquetError> {
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(from, self.metadata.clone());
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder.with_projection(mask).with_batch_size(BATCH_ROWS).build()
    }

    fn missing(&self, column: &str) -> ResultsError {
        let names: Vec<_> = self.columns().iter().map(|column| format!("`{}`", column.name)).collect();
        ResultsError::Column {
            path: self.path.clone(),
            column: column.to_owned(),
            problem: format!("there is none; its columns are {}", names.join(", ")),
        }
    }
}

fn holds(ty: &DataType) -> Holds {
    match ty {
        DataType::Timestamp(..) => Holds::Times,
        DataType::Boolean => Holds::Booleans,
        ty if is_string(ty) => Holds::Words,
        ty if ty.is_integer() => Holds::Integers,
        DataType::Float32 | DataType::Float64 => Holds::Numbers,
        _ => Holds::Other,
    }
}

/// The rows of a [`Table`], some thousands at a time.
#[derive(Debug)]
pub struct Batches {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
}

impl Iterator for Batches {
    type Item = Result<Batch, ResultsError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?;
        let batch = batch.map_err(ParquetError::from).map_err(ResultsError::reading_back(&self.path));
        Some(batch.map(|rows| Batch { path: self.path.clone(), rows }))
    }
}

/// Some consecutive rows, column by column.
#[derive(Debug)]
pub struct Batch {
    path: PathBuf,
    rows: RecordBatch,
}

impl Batch {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows.num_rows()
    }

    fn column(&self, name: &str) -> Result<&ArrayRef, ResultsError> {
        self.rows.column_by_name(name).ok_or_else(|| self.problem(name, "it was not asked for".into()))
    }

    fn problem(&self, column: &str, problem: String) -> ResultsError {
        ResultsError::Column { path: self.path.clone(), column: column.to_owned(), problem }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use agents::Time;
    use arrow_array::types::{Int8Type, Int32Type};
    use arrow_array::{
        BooleanArray, DictionaryArray, Float32Array, Int64Array, StringArray, TimestampMillisecondArray,
        TimestampSecondArray, UInt64Array,
    };
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    /// A file of these columns with row groups of that many rows.
    fn write(path: &Path, columns: Vec<(&str, ArrayRef)>, group_rows: usize) {
        let batch =
            RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
                .expect("columns of one length");
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
        let file = File::create(path).expect("a file");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).expect("a writer");
        writer.write(&batch).expect("rows");
        writer.close().expect("a whole file");
    }

    #[test]
    fn columns_come_typed_whatever_the_encoding_and_the_row_groups() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("table.parquet");
        let words = [Some("pv"), None, Some("ev"), Some("pv"), Some("load")];
        write(
            &path,
            vec![
                ("fast", Arc::new(TimestampMillisecondArray::from(vec![0, 1, 2, 3, 4]))),
                ("slow", Arc::new(TimestampSecondArray::from(vec![Some(1), None, Some(3), Some(4), Some(5)]))),
                ("kind", Arc::new(words.into_iter().collect::<DictionaryArray<Int32Type>>())),
                ("short", Arc::new(words.into_iter().collect::<DictionaryArray<Int8Type>>())),
                ("plain", Arc::new(StringArray::from(words.to_vec()))),
                ("energy_wh", Arc::new(Int64Array::from(vec![Some(-7), None, Some(i64::MAX), Some(0), Some(1)]))),
                ("seed", Arc::new(UInt64Array::from(vec![1, 2, 3, 4, u64::MAX]))),
                ("power_kw", Arc::new(Float32Array::from(vec![Some(0.5), None, Some(-1.5), Some(0.0), Some(2.0)]))),
                ("trades", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false), Some(true), Some(true)]))),
            ],
            2,
        );
        let table = Table::open(&path).expect("a table");
        assert_eq!(table.rows(), 5);
        let names = ["fast", "slow", "kind", "short", "plain", "energy_wh", "power_kw", "trades"];
        let (mut times, mut kinds, mut energies, mut power, mut trades) = (vec![], vec![], vec![], vec![], vec![]);
        // The order asked for is not that of the file.
        for batch in table
            .batches(&["power_kw", "slow", "fast", "plain", "short", "kind", "energy_wh", "trades"])
            .expect("columns")
        {
            let batch = batch.expect("rows");
            assert_eq!(batch.texts("plain").expect("text"), batch.texts("kind").expect("text"));
            let [kind, short, plain] = ["kind", "short", "plain"].map(|name| batch.names(name).expect("names"));
            for row in 0..batch.rows() {
                assert_eq!((kind.get(row), plain.get(row)), (short.get(row), short.get(row)));
                kinds.push(kind.get(row).map(str::to_owned));
            }
            assert_eq!(batch.times("fast").expect("times").len(), batch.rows());
            times.extend(batch.times("slow").expect("times"));
            energies.extend(batch.integers("energy_wh").expect("integers"));
            power.extend(batch.numbers("power_kw").expect("numbers"));
            trades.extend(batch.booleans("trades").expect("booleans"));
        }
        assert!(names.iter().all(|name| table.has(name)) && !table.has("x"));
        assert_eq!(times, [Some(Time(1000)), None, Some(Time(3000)), Some(Time(4000)), Some(Time(5000))]);
        assert_eq!(kinds.iter().map(Option::as_deref).collect::<Vec<_>>(), words);
        assert_eq!(energies, [Some(-7), None, Some(i64::MAX), Some(0), Some(1)]);
        assert_eq!(power, [Some(0.5), None, Some(-1.5), Some(0.0), Some(2.0)]);
        assert_eq!(trades, [Some(true), None, Some(false), Some(true), Some(true)]);
    }

    #[test]
    fn errors_name_file_and_column_and_what_is_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("table.parquet");
        write(&path, vec![("seed", Arc::new(UInt64Array::from(vec![u64::MAX])))], 1);
        let table = Table::open(&path).expect("a table");
        let missing = table.batches(&["power_kw"]).expect_err("no such column").to_string();
        assert!(["power_kw", "table.parquet", "`seed`"].iter().all(|word| missing.contains(word)), "{missing}");
        let batch = table.batches(&["seed"]).expect("a column").next().expect("a batch").expect("rows");
        for problem in [batch.times("seed").err(), batch.names("seed").err(), batch.integers("seed").err()] {
            let problem = problem.expect("it holds numbers, and one that is too large").to_string();
            assert!(problem.contains("`seed`") && problem.contains("table.parquet"), "{problem}");
        }
        std::fs::write(&path, "PAR1 and no more").expect("a file");
        let broken = Table::open(&path).expect_err("no Parquet").to_string();
        assert!(broken.contains("table.parquet"), "{broken}");
    }
}
