//! What can be wrong with a scheduling problem in a file: each error names the file, the place in it and the way out.

use crate::file_error::FileError;

/// Why nothing was scheduled, or what was scheduled can not be kept.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A file that can not be read or written, or an option that does not fit.
    #[error(transparent)]
    File(#[from] FileError),
    /// Everything that is wrong with the files.
    #[error("{}", .reasons.join("\n       "))]
    Input {
        /// One sentence each: file, place, what is wrong, and the remedy.
        reasons: Vec<String>,
    },
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
    /// Whether it is for whoever asked to change something: nothing broke.
    pub fn is_input(&self) -> bool {
        match self {
            Self::File(error) => error.is_input(),
            Self::Input { .. } => true,
            Self::Infeasible { .. } | Self::Mistake { .. } => false,
        }
    }
}
