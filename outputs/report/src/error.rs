//! What can go wrong with a report.

use std::io;
use std::path::{Path, PathBuf};

use results::ResultsError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The folder is not one of ours, or can not be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// There is nothing to report on yet.
    #[error("report on `{}`: {problem}", dir.display())]
    Nothing {
        /// The folder.
        dir: PathBuf,
        /// What is missing, and the remedy.
        problem: &'static str,
    },
    /// The time zone of the scenario is not known here.
    #[error("report on `{}`: the time zone `{zone}` of its scenario is not known; install the system's time zones", dir.display())]
    Zone {
        /// The folder.
        dir: PathBuf,
        /// The zone.
        zone: String,
    },
    /// The file is no report.
    #[error("write `{}`: it is there and no page of HTML; choose another file with --out", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file can not be written.
    #[error("write `{}`: {source}; choose another file with --out", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ReportError {
    /// An adapter for `map_err`.
    pub(crate) fn writing(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }
}
