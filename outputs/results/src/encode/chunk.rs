//! A column chunk: compressed pages behind their dictionary, and what the footer says of them.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType, ZstdLevel};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use super::columns::ChunkEnd;

/// Level of zstd: the higher ones cost more than all the rest.
const ZSTD_LEVEL: i32 = 1;

/// How chunks are compressed, as the footer says it.
pub(crate) fn compression() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).expect("1 is a level of zstd"))
}

/// Compresses pages.
pub(crate) struct Compressor(zstd::bulk::Compressor<'static>);

impl Compressor {
    pub(crate) fn new() -> Result<Self, ParquetError> {
        Ok(Self(zstd::bulk::Compressor::new(ZSTD_LEVEL)?))
    }

    fn compress(&mut self, body: &[u8]) -> Result<Bytes, ParquetError> {
        Ok(self.0.compress(body)?.into())
    }
}

/// The pages of a column chunk, in memory until the row group is whole.
pub(crate) struct Chunk {
    /// Data pages with their headers.
    data: TrackedWrite<Vec<u8>>,
    rows: u64,
    uncompressed_size: usize,
    dictionary_pages: i32,
    plain_pages: i32,
}

impl Chunk {
    pub(crate) fn new() -> Self {
        Self { data: TrackedWrite::new(Vec::new()), rows: 0, uncompressed_size: 0, dictionary_pages: 0, plain_pages: 0 }
    }

    /// Appends a data page with the values of `rows` rows.
    pub(crate) fn push(
        &mut self,
        compressor: &mut Compressor,
        body: &[u8],
        rows: usize,
        encoding: Encoding,
    ) -> Result<(), ParquetError> {
        let page = Page::DataPage {
            buf: compressor.compress(body)?,
            num_values: rows as u32,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let spec = SerializedPageWriter::new(&mut self.data).write_page(CompressedPage::new(page, body.len()))?;
        self.rows += rows as u64;
        self.uncompressed_size += spec.uncompressed_size;
        match encoding {
            Encoding::PLAIN => self.plain_pages += 1,
            _ => self.dictionary_pages += 1,
        }
        Ok(())
    }

    /// The bytes of the chunk and what the footer says of it.
    pub(crate) fn finish(
        self,
        compressor: &mut Compressor,
        column: &ColumnDescPtr,
        end: ChunkEnd,
    ) -> Result<(Bytes, ColumnCloseResult), ParquetError> {
        let mut chunk = TrackedWrite::new(Vec::new());
        let mut uncompressed_size = self.uncompressed_size;
        let mut encodings = vec![Encoding::RLE];
        let mut pages = Vec::new();
        let mut count = |page_type, encoding, count| {
            if count > 0 {
                encodings.push(encoding);
                pages.push(PageEncodingStats { page_type, encoding, count });
            }
        };
        let has_dictionary = end.dictionary.is_some();
        if let Some((body, num_values)) = end.dictionary {
            let buf = compressor.compress(&body)?;
            let page = Page::DictionaryPage { buf, num_values, encoding: Encoding::PLAIN, is_sorted: false };
            let spec = SerializedPageWriter::new(&mut chunk).write_page(CompressedPage::new(page, body.len()))?;
            uncompressed_size += spec.uncompressed_size;
            count(PageType::DICTIONARY_PAGE, Encoding::PLAIN, 1);
        }
        count(PageType::DATA_PAGE, Encoding::RLE_DICTIONARY, self.dictionary_pages);
        count(PageType::DATA_PAGE, Encoding::PLAIN, self.plain_pages);
        let mut bytes = chunk.into_inner()?;
        let data_offset = bytes.len();
        bytes.append(&mut self.data.into_inner()?);

        let mut metadata = ColumnChunkMetaData::builder(column.clone())
            .set_compression(compression())
            .set_encodings(encodings)
            .set_page_encoding_stats(pages)
            .set_total_compressed_size(bytes.len() as i64)
            .set_total_uncompressed_size(uncompressed_size as i64)
            .set_num_values(self.rows as i64)
            .set_dictionary_page_offset(has_dictionary.then_some(0))
            .set_data_page_offset(data_offset as i64);
        if let Some(statistics) = end.statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok((bytes.into(), close))
    }
}
