//! What can be wrong with a file of books: each error names the file, the book, the order and the way out.

use crate::file_error::FileError;
use results::ResultsError;
use std::fmt;

/// Why books could not be cleared.
#[derive(Debug, thiserror::Error)]
pub enum ClearError {
    /// A file that can not be read or written, or an option that does not fit.
    #[error(transparent)]
    Io(#[from] FileError),
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
}

impl ClearError {
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
        match self {
            Self::Io(error) => error.is_input(),
            _ => true,
        }
    }
}
