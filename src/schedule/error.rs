//! What can be wrong with a scheduling problem in a file: each error names the file, the place in it and the way out.

use results::ResultsError;
use std::io;
use std::path::{Path, PathBuf};

/// Why nothing was scheduled, or what was scheduled can not be kept.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A file that can not be read.
    #[error("read `{}`: {source} (does it exist, and may it be read?)", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Everything that is wrong with the files.
    #[error("{}", .reasons.join("\n       "))]
    Input {
        /// One sentence each: file, place, what is wrong, and the remedy.
        reasons: Vec<String>,
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
    /// Problems whose hard limits can not all be kept.
    #[error(
        "the hard limits of {infeasible} of {of} problems can not all be kept: {first} (with soft limits, \
         `relax-constraints`, missing them is no error)"
    )]
    Infeasible {
        /// How many.
        infeasible: usize,
        /// Of how many.
        of: usize,
        /// Name and first violation of the first one.
        first: String,
    },
    /// A schedule that breaks what no schedule may break: the fault is ours.
    #[error("{file}: {problem}: the schedule breaks a rule, please report it: {rule}")]
    Mistake {
        /// The file.
        file: String,
        /// The problem.
        problem: String,
        /// Which rule, when, by how much.
        rule: String,
    },
}

impl ScheduleError {
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
        matches!(self, Self::Read { .. } | Self::Input { .. } | Self::Option { .. } | Self::Exists { .. })
    }
}
