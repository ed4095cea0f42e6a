//! What can go wrong with results: each error names the file and the way out.

use std::io;
use std::path::{Path, PathBuf};

use parquet::errors::ParquetError;

/// Why results could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResultsError {
    /// The file system refused.
    #[error("{action} `{}`: {source} (does it exist, may it be written, is there space left?)", path.display())]
    Io {
        /// What was tried, as in "failed to …".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The Parquet library refused.
    #[error("{action} `{}`: {source}; {remedy}", path.display())]
    Parquet {
        /// What was tried, as in "failed to …".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the library said.
        source: ParquetError,
        /// The way out.
        remedy: &'static str,
    },
    /// The folder holds a sweep.
    #[error("write to `{}`: it holds a sweep, whose tables would be replaced; choose another folder", dir.display())]
    HoldsSweep {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds a complete run.
    #[error("write to `{}`: it holds a complete run; choose another folder, or add --overwrite", dir.display())]
    Complete {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder holds a file that goes by one of our names and is not known to be ours.
    #[error(
        "write to `{}`: it was not made by a run of this twin and would be replaced; choose an empty folder, or add \
         --overwrite",
        path.display()
    )]
    Foreign {
        /// The file in the way.
        path: PathBuf,
    },
    /// Another process writes there.
    #[error("write to `{}`: another process is writing a run there; wait for it or choose another folder", dir.display())]
    Busy {
        /// The folder.
        dir: PathBuf,
    },
    /// A folder that is neither.
    #[error(
        "read `{}`: it holds no run and no sweep of this twin; name a folder that `cariflex run` or `cariflex sweep` wrote",
        dir.display()
    )]
    NotOurs {
        /// The folder.
        dir: PathBuf,
    },
    /// A file that this version does not know to read.
    #[error("read `{}`: it is of version {version}, and versions up to {known} are known; use a later `cariflex`", path.display())]
    Later {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The last one known.
        known: u32,
    },
    /// A description that can not be understood.
    #[error("read `{}`: {source}; run it again, or restore the file as it was written", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why, and where in it.
        source: serde_json::Error,
    },
    /// A column that is not there or holds something else.
    #[error("read the column `{column}` of `{}`: {problem}; was the file changed, or written by another version?", path.display())]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What is wrong.
        problem: String,
    },
    /// A place that holds no sweep, or not one of ours.
    #[error("use `{place}` as a sweep: {problem}; give the folder of a sweep, or an empty one")]
    NoSweep {
        /// The place.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An object store is asked for, and none is built in.
    #[error(
        "open `{place}`: this program was built without object stores; build it with --features s3, or give a folder"
    )]
    NoObjectStores {
        /// The place.
        place: String,
    },
    /// An object store refused.
    #[error("{action} `{place}`: {problem}")]
    Store {
        /// What was tried, as in "failed to …".
        action: &'static str,
        /// On what.
        place: String,
        /// What it said, and the way out.
        problem: String,
    },
    /// A word that names no recording level.
    #[error("read the recording level `{0}`: it is one of `kpis`, `hourly`, `full`")]
    UnknownLevel(String),
    /// A row refers to somebody who is not in the catalogue of the run.
    #[error("record a row of `{table}`: its {what} {id} is not in the catalogue of the run; this is a bug of the twin")]
    UnknownId {
        /// The table.
        table: &'static str,
        /// Participant or site.
        what: &'static str,
        /// The dense id.
        id: u32,
    },
    /// An integer does not fit the 64 bits of its column.
    #[error(
        "record a row of `{table}`: {column} is {value}, more than 64 bits hold; check prices and energies of the scenario"
    )]
    TooLarge {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The value.
        value: i128,
    },
}

impl ResultsError {
    /// An adapter for `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// An adapter for `map_err` where a file is written.
    pub(crate) fn writing(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        let path = path.to_owned();
        let remedy = "is there space left on the disk?";
        move |source| Self::Parquet { action: "write", path, source, remedy }
    }

    /// An adapter for `map_err` where results are read back.
    pub(crate) fn reading_back(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        let path = path.to_owned();
        let remedy = "is it a whole Parquet file of a run or a sweep?";
        move |source| Self::Parquet { action: "read", path, source, remedy }
    }

    /// An adapter for `map_err` where measured data are read.
    pub(crate) fn reading(path: &Path) -> impl FnOnce(ParquetError) -> Self {
        let path = path.to_owned();
        let remedy = "write it as Parquet with zstd, snappy or no compression";
        move |source| Self::Parquet { action: "read", path, source, remedy }
    }
}
