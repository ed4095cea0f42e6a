//! Results of a run: Parquet tables, key figures and `run.json`.
//!
//! A run is one folder. [`RunWriter`] takes the rows of a twin interval by interval (it is a
//! [`Recorder`](agents::record::Recorder)), keeps what the [`Level`] asks for and streams it to
//! Parquet in bounded memory, whatever the length of the run. [`Kpis`] adds up the key figures of a
//! run and works without any file. [`read_data`] reads measured data in, [`read`] reads results back.
//!
//! What a folder promises:
//! - while a run is written, its tables are named `<table>.parquet.partial` and `run.json` says
//!   `running`; the tables get their names when they are whole, and the last word of `run.json`
//!   (`complete`, `interrupted` or `failed`) comes after that. A killed run can thus be told apart.
//! - the same rows give the same bytes, however they were grouped into calls: pages and row groups
//!   have a fixed number of rows ([`BATCH_ROWS`], [`ROW_GROUP_ROWS`]).
//! - every column is described once, in [`schema`]: Arrow fields, file metadata and `TABLES.md` are
//!   made from it.
//!
//! Errors are about the outside world (disks, folders, files of others) and never panic; each names
//! the file and the way out.

pub mod books;
mod columns;
mod error;
mod faults;
mod folder;
mod frame;
mod hourly;
mod intervals;
mod kpi_table;
mod kpis;
mod names;
mod participants;
pub mod read;
mod records;
mod run;
pub mod schedules;
pub mod schema;
mod series;
pub mod sweep;
mod table;
mod writer;

pub use error::ResultsError;
pub use kpis::{
    COMMUNITY_FIGURES, Kpi, Kpis, MARKET_AREA_FIGURES, Meaning, NETTING, compared_prefixes, market_area_prefixes,
    meaning,
};
pub use run::{InputFile, Level, RunInfo, RunState, Status, Summary, read_state};
pub use series::{Data, DataCell, read_data};
pub use table::{BATCH_ROWS, ROW_GROUP_ROWS};
pub use writer::RunWriter;
