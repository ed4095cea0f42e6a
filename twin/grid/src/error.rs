//! What can be wrong with a network, a file or a batch; each message names the element and the way out.

use thiserror::Error;

use crate::model::Finding;

/// Why a network was not read, or a power flow not begun. What does not converge is no error but a status of its step.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the parts of the message of each case")]
pub enum GridError {
    /// The network contradicts itself. All that was found is there, errors first.
    #[error("network `{name}` has {} problem(s):\n{}", findings.len(), lines(findings))]
    Invalid { name: String, findings: Vec<Finding> },
    /// A file is not what it should be.
    #[error("{place}: {reason}")]
    File { place: String, reason: String },
    /// The format has a version that is not known here.
    #[error("version {found} of the format `{format}` is not known; this program reads version {known}")]
    Version { format: &'static str, found: u64, known: u64 },
    /// A table of another program's network holds what this model has no place for.
    #[error("{program}: {element}: {reason}")]
    Import { program: &'static str, element: String, reason: String },
    /// Three-phase calculation needs what the network does not say.
    #[error("three-phase calculation: {element}: {reason}")]
    ThreePhase { element: String, reason: String },
    /// Values so large or small that their per-unit quantities are no numbers.
    #[error("{element}: its values are too large or too small to compute with; look at their units")]
    OutOfRange { element: String },
    /// A method was asked for that this network does not allow.
    #[error("the method {method} does not fit: {reason}")]
    Method { method: &'static str, reason: String },
    /// The matrix of the network cannot be factorised.
    #[error("the admittance matrix is singular at node `{node}`; look for impedances that cancel each other there")]
    Singular { node: String },
    /// No element has this id.
    #[error("no {kind} is named `{id}`")]
    Unknown { kind: &'static str, id: String },
    /// A tap position out of range.
    #[error("transformer `{transformer}` has no tap position {position}; {range}")]
    Tap { transformer: String, position: i32, range: String },
    /// A batch has arrays of the wrong length.
    #[error("{array} has {found} values, {wanted} were expected ({shape})")]
    Shape { array: &'static str, found: usize, wanted: usize, shape: String },
    /// A batch holds a number that is not finite.
    #[error("load `{load}` is not a finite number in step {step}")]
    NotFinite { load: String, step: usize },
    /// An option out of its range.
    #[error("{option} is {value}; {range}")]
    Option { option: &'static str, value: f64, range: &'static str },
}

fn lines(findings: &[Finding]) -> String {
    findings.iter().map(|finding| format!("  {finding}")).collect::<Vec<_>>().join("\n")
}
