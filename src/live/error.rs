//! What can go wrong with a live twin's place.

use std::path::PathBuf;

/// Why a live twin can not begin, go on or be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A file can not be read or written.
    #[error("can not {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Another process runs the live twin of this place.
    #[error("{0}: another process runs the live twin of this folder: stop it, or choose another --place")]
    Busy(PathBuf),
    /// The folder holds something that is no live twin.
    #[error("{0}: the folder holds files and no live twin: choose another --place, or an empty folder")]
    Foreign(PathBuf),
    /// There is no live twin where one is asked for.
    #[error("{0}: there is no live twin here: give the folder that `cariflex live` named")]
    Missing(PathBuf),
    /// There is nothing to go on from.
    #[error("{0}: there is no such file or folder: give a snapshot, or the place of a live twin")]
    NoBeginning(PathBuf),
    /// The live twin there has another scenario.
    #[error(
        "{path}: the live twin of this folder is another one ({difference}): choose another --place, or begin it anew with --fresh"
    )]
    Other {
        /// The folder.
        path: PathBuf,
        /// In what it differs.
        difference: String,
    },
    /// A file is not what it should be.
    #[error("{path}: {problem}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// No snapshot can be used.
    #[error("{0}: none of the snapshots can be used: begin the live twin anew with --fresh, or put a copy of one back")]
    NoSnapshot(PathBuf),
    /// Nothing answers.
    #[error("{0}: no live twin answers here: start it, or see its log")]
    NoAnswer(PathBuf),
}

impl LiveError {
    /// For `map_err`: the file and what was tried with it.
    pub(crate) fn io(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { what, path, source }
    }

    /// Whether it is the user's to change something, and nothing broke.
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Io { .. })
    }
}
