//! Why plants, rules, files or disturbances are refused: each message names the place and the way out.

use thiserror::Error;

/// What this crate refuses.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the values in the message of each case")]
pub enum IslandError {
    /// Text that is no document of the kind that is read.
    #[error("the {document} cannot be read: {reason}")]
    Document { document: &'static str, reason: String },
    /// A document of another format or version.
    #[error("the {document} has format {format:?}, version {version}; this program reads {wanted:?}, version 1")]
    Format { document: &'static str, format: String, version: u32, wanted: &'static str },
    /// A unit with a number that cannot be.
    #[error("unit `{unit}`: {key} is {value}; {remedy}")]
    Unit { unit: String, key: &'static str, value: String, remedy: String },
    /// A unit that lacks a table its technology needs, or has one that it cannot have.
    #[error("unit `{unit}` ({technology}): {problem}; {remedy}")]
    Table { unit: String, technology: &'static str, problem: String, remedy: String },
    /// Two units of one name.
    #[error("two units are named `{unit}`; give each a name of its own")]
    Twice { unit: String },
    /// A name that no unit has.
    #[error("no unit is named `{unit}`; there are {known}")]
    UnknownUnit { unit: String, known: String },
    /// A rule or setting outside its range.
    #[error("{place}: {key} is {value}; {remedy}")]
    Setting { place: String, key: &'static str, value: String, remedy: String },
    /// A request that does not fit the fleet, or is not finite.
    #[error("the request of a step: {problem}; {remedy}")]
    Request { problem: String, remedy: String },
    /// A state that was made for another fleet.
    #[error("the state has {found} units, the fleet has {wanted}; restore it with the fleet it was made for")]
    State { found: usize, wanted: usize },
    /// A file of measured generation with something wrong in a line.
    #[error("line {line} of the measured generation: {problem}; {remedy}")]
    Line { line: u64, problem: String, remedy: String },
}

impl IslandError {
    pub(crate) fn setting(
        place: impl Into<String>,
        key: &'static str,
        value: impl ToString,
        remedy: impl Into<String>,
    ) -> Self {
        Self::Setting { place: place.into(), key, value: value.to_string(), remedy: remedy.into() }
    }
}
