//! Encoding of columns into Parquet column chunks.
//!
//! The Parquet library can do all of this, but it hashes every value of every row, strings included. Our
//! strings are dense ids into known dictionaries and our numbers repeat, so that encoding them here costs
//! a third of it; recording would otherwise be dearer than simulating. Files, footers, page headers and
//! schemas stay the library's.
//!
//! The format is that of <https://parquet.apache.org/docs/file-format/data-pages/encodings/>: data pages
//! of version 1, dictionaries with plain fallback for columns that do not repeat, zstd level 1.

mod chunk;
mod columns;
mod hybrid;
mod interner;

pub(crate) use chunk::{Chunk, Compressor, compression};
pub(crate) use columns::{Encoder, NameColumn, NumberColumn, OptionalColumn, TextColumn, TimeColumn, WordColumn};
