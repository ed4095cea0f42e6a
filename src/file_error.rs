//! What goes wrong around files whatever is in them: reading, replacing and writing them, and options that do not fit.
//!
//! Commands that turn files into answers (`clear`, `schedule`) share it, so that one mistake has one wording.

use results::ResultsError;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A file that can not be read.
    #[error("read `{}`: {source} (does it exist, and may it be read?)", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An option that does not fit.
    #[error("{option}: {problem}")]
    Option {
        /// The option.
        option: &'static str,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// A file that would be replaced.
    #[error("write `{}`: it is there already; choose another name, or add --force to replace it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file that can not be written.
    #[error("write `{}`: {source} (does the folder exist, may it be written, is there space left?)", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A Parquet file that can not be written.
    #[error(transparent)]
    Out(ResultsError),
}

impl FileError {
    /// An adapter for `map_err` where a file is read.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }

    /// An adapter for `map_err` where a file is written.
    pub(crate) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    /// Whether it is for whoever asked to change something: nothing broke.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Write { .. } | Self::Out(_))
    }
}
