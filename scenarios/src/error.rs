//! What can be wrong with a scenario or a series file, and the way out.

use agents::{Span, Time};
use std::path::PathBuf;

/// Why a scenario does not resolve to a plan. Every message names the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file can not be read.
    #[error("can not read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Neither a built-in scenario nor a file.
    #[error("there is no scenario `{name}`: give the path of a TOML file, or one of the built-in {known}")]
    NotFound {
        /// What was asked for.
        name: String,
        /// The built-in names.
        known: String,
    },
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("{path}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser says, with line and column.
        message: String,
    },
    /// A value that makes no sense.
    #[error("{key}: {problem}")]
    Value {
        /// Dotted key, for instance `run.tick`.
        key: String,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// Two participants of one id.
    #[error("two participants are called `{id}`: ids must be unique, rename one")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// A reference to a participant that is not there.
    #[error("{key} = \"{id}\" names no {expected} of this scenario")]
    Dangling {
        /// Dotted key of the reference.
        key: String,
        /// The id that was not found.
        id: String,
        /// What it should have named.
        expected: &'static str,
    },
    /// A commune that Martinique does not have.
    #[error("{asset}.commune: there is no commune `{commune}`: {hint}")]
    UnknownCommune {
        /// The asset that lies there.
        asset: String,
        /// The name given.
        commune: String,
        /// Names like it.
        hint: String,
    },
    /// A line of a series file can not be used.
    #[error("{path}, line {line}: {problem}")]
    SeriesLine {
        /// The file.
        path: PathBuf,
        /// 1-based line (CSV) or row (Parquet).
        line: u64,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// A series as a whole can not be used.
    #[error("{path}: {problem}")]
    Series {
        /// The file.
        path: PathBuf,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// A series has a hole.
    #[error(
        "{path}, line {line}: {quantity} has a gap of {} h after {from} (its step is {} min): fill it before use",
        gap.hours(), step.hours() * 60.0
    )]
    Gap {
        /// The file.
        path: PathBuf,
        /// Line of the first value after the hole.
        line: u64,
        /// The quantity.
        quantity: &'static str,
        /// Last instant before the hole.
        from: Time,
        /// Length of the hole.
        gap: Span,
        /// Regular distance of values.
        step: Span,
    },
    /// A series does not cover the run.
    #[error(
        "{path}: {quantity} covers {from} to {until}, the run needs {start} to {end}: \
         choose --start and --duration within the series"
    )]
    NotCovered {
        /// The file.
        path: PathBuf,
        /// The quantity.
        quantity: &'static str,
        /// First instant covered.
        from: Time,
        /// First instant no longer covered.
        until: Time,
        /// First instant of the run.
        start: Time,
        /// First instant after the run.
        end: Time,
    },
}

impl ScenarioError {
    /// A value that makes no sense, at a dotted key.
    pub(crate) fn value(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Value { key: key.into(), problem: problem.into() }
    }
}
