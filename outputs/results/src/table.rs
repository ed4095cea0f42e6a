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

/// Rows of a data page: enough to bring a column's dictionary into the processor's cache for, few enough
/// to wait for in memory. Part of the promise that equal rows give equal bytes.
pub const PAGE_ROWS: usize = 32_768;

/// Rows of a row group, about 1 MB of the table `assets` on the disk. Part of the promise that equal rows
/// give equal bytes.
pub const ROW_GROUP_ROWS: usize = 8 * PAGE_ROWS;

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
        if self.page_rows == PAGE_ROWS { self.end_page().map_err(ResultsError::writing(&self.path)) } else { Ok(()) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::{NameColumn, NumberColumn, OptionalColumn, TextColumn, WordColumn};
    use crate::run::Level;
    use crate::schema::{Column, ColumnType};
    use agents::{Span, Time};
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, Int32Type, Int64Type, UInt64Type};
    use arrow_array::{Array, RecordBatch};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::file::statistics::Statistics;

    const fn column(name: &'static str, ty: ColumnType, nullable: bool) -> Column {
        Column { name, ty, nullable, unit: "", sign: "", description: "" }
    }

    /// One column of every encoder.
    struct Sample {
        real: NumberColumn<f64>,
        integer: OptionalColumn<i64>,
        number: NumberColumn<u64>,
        name: NameColumn,
        word: WordColumn,
        text: TextColumn,
    }

    type Row = (f64, Option<i64>, u64, usize, &'static str, String);

    impl Columns for Sample {
        const TABLE: Table = Table {
            name: "sample",
            rows: "",
            hourly: "",
            columns: &[
                column("real", ColumnType::Real, false),
                column("integer", ColumnType::Integer, true),
                column("number", ColumnType::Number, false),
                column("name", ColumnType::Name, false),
                column("word", ColumnType::Name, false),
                column("text", ColumnType::Text, false),
            ],
        };
        type Row = Row;

        fn push(&mut self, (real, integer, number, name, word, text): &Row) -> Result<(), ResultsError> {
            self.real.push(*real);
            self.integer.push(*integer);
            self.number.push(*number);
            self.name.push(*name);
            self.word.push(word);
            self.text.push(text);
            Ok(())
        }

        fn encoders(&mut self) -> Vec<&mut dyn Encoder> {
            vec![&mut self.real, &mut self.integer, &mut self.number, &mut self.name, &mut self.word, &mut self.text]
        }
    }

    /// Row `i`: columns pass through stretches of one value, of few and of ever new ones.
    fn row(i: u64) -> Row {
        let noise = i.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let value = match i / 50_000 % 6 {
            0 => 5,
            1 => noise % 3,
            _ => noise >> 12, // fills the dictionary within a row group
        };
        let integer = match i / 70_000 % 3 {
            0 => None,
            1 => (noise & 1 == 0).then_some(value as i64 - 1000),
            _ => Some(-(value as i64)),
        };
        let word = if i % 1000 < 990 { "often" } else { "seldom" };
        (value as f64 * -0.001, integer, value << 11, (i / 7 % 40) as usize, word, "é".repeat((noise % 4) as usize))
    }

    fn info() -> RunInfo {
        RunInfo {
            name: String::new(),
            seed: 0,
            start: Time(0),
            end: Time(0),
            tick: Span::MINUTE,
            level: Level::Full,
            host: String::new(),
            scenario: serde_json::Value::Null,
            inputs: Vec::new(),
            engine: String::new(),
        }
    }

    fn check_batch(batch: &RecordBatch, first: u64, names: &[String]) {
        let real = batch.column(0).as_primitive::<Float64Type>();
        let integer = batch.column(1).as_primitive::<Int64Type>();
        let number = batch.column(2).as_primitive::<UInt64Type>();
        let name = batch.column(3).as_dictionary::<Int32Type>().downcast_dict::<arrow_array::StringArray>();
        let word = batch.column(4).as_dictionary::<Int32Type>().downcast_dict::<arrow_array::StringArray>();
        let (name, word) = (name.expect("strings"), word.expect("strings"));
        let text = batch.column(5).as_string::<i32>();
        for (i, at) in (first..).zip(0..batch.num_rows()) {
            let string = |array: &arrow_array::TypedDictionaryArray<'_, Int32Type, arrow_array::StringArray>| {
                array.values().value(array.keys().value(at) as usize).to_owned()
            };
            let (expected_real, expected_integer, expected_number, key, expected_word, expected_text) = row(i);
            assert_eq!(real.value(at).to_bits(), expected_real.to_bits(), "row {i}");
            assert_eq!(integer.is_valid(at).then(|| integer.value(at)), expected_integer, "row {i}");
            assert_eq!(number.value(at), expected_number, "row {i}");
            assert_eq!(string(&name), names[key], "row {i}");
            assert_eq!(string(&word), expected_word, "row {i}");
            assert_eq!(text.value(at), expected_text, "row {i}");
        }
    }

    #[test]
    fn what_is_pushed_is_what_the_parquet_library_reads() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("sample.parquet");
        let names: Arc<[String]> = (0..40).map(|i| format!("name {i}")).collect();
        let columns = Sample {
            real: NumberColumn::new(),
            integer: OptionalColumn::new(),
            number: NumberColumn::new(),
            name: NameColumn::new(&names),
            word: WordColumn::default(),
            text: TextColumn::default(),
        };
        let mut writer = TableWriter::create(columns, path.clone(), &info()).expect("created");
        let rows = 2 * ROW_GROUP_ROWS as u64 + 12_345;
        (0..rows).try_for_each(|i| writer.push(&row(i))).expect("written");
        assert_eq!(writer.close().expect("closed"), rows);

        let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).expect("a file")).expect("Parquet");
        let metadata = builder.metadata().clone();
        let mut first = 0;
        for batch in builder.build().expect("a reader") {
            let batch = batch.expect("a batch");
            check_batch(&batch, first, &names);
            first += batch.num_rows() as u64;
        }
        assert_eq!(first, rows);

        assert_eq!(metadata.num_row_groups(), 3);
        let encodings: Vec<_> = metadata.row_group(0).column(0).encodings().collect();
        assert!(encodings.contains(&parquet::basic::Encoding::PLAIN), "the dictionary was meant to overflow");
        let mut begin = 0;
        for group in metadata.row_groups() {
            let reals = (begin..begin + group.num_rows() as u64).map(|i| row(i).0);
            let Some(Statistics::Double(range)) = group.column(0).statistics() else { panic!("no statistics") };
            assert_eq!(range.min_opt().copied(), reals.clone().reduce(f64::min));
            assert_eq!(range.max_opt().copied(), reals.reduce(f64::max));
            let nulls = (begin..begin + group.num_rows() as u64).filter(|&i| row(i).1.is_none()).count();
            let statistics = group.column(1).statistics().expect("statistics");
            assert_eq!(statistics.null_count_opt(), Some(nulls as u64));
            begin += group.num_rows() as u64;
        }
    }
}
