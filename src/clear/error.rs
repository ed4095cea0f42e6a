//! What can be wrong with a file of books: each error names the file, the book, the order and the way out.

use results::ResultsError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why books could not be cleared.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    /// A file that can not be read.
    #[error("read `{}`: {source} (does it exist, and may it be read?)", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file as a whole that can not be used.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// A part of a file that can not be used.
    #[error("{file}: {place}: {problem}")]
    Place {
        /// The file.
        file: String,
        /// Where in it: book, order, field.
        place: String,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// A Parquet file that can not be read.
    #[error(transparent)]
    Columns(ResultsError),
    /// A mechanism that is not there, or does not fit the file.
    #[error("--mechanism: {0}")]
    Mechanism(String),
    /// Some other option.
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

impl ClearError {
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

    /// Something wrong with a file as a whole.
    pub(crate) fn file(file: &str, problem: impl Into<String>) -> Self {
        Self::File { file: file.into(), problem: problem.into() }
    }

    /// Something wrong at a place of a file.
    pub(crate) fn place(file: &str, place: impl fmt::Display, problem: impl Into<String>) -> Self {
        Self::Place { file: file.into(), place: place.to_string(), problem: problem.into() }
    }

    /// Whether it is for whoever asked to change something: nothing broke.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Write { .. } | Self::Out(_))
    }
}
