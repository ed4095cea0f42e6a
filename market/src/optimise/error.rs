//! Why there is no solution, in the names of the problem's columns and rows.

use thiserror::Error;

use super::{ColumnId, RowId, Solution};

/// Why a problem was not solved.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the parts of the message of each case")]
pub enum OptimiseError {
    /// No values keep every rule. `rows` and `columns` (by their bounds) together suffice for the proof, and not each of
    /// them may be needed for it; the heaviest come first.
    #[error("no values keep every limit; these contradict each other: {named}; relax one of them")]
    Infeasible { rows: Vec<RowId>, columns: Vec<ColumnId>, named: String },
    /// The cost falls for ever along `columns`.
    #[error("the cost has no least value: it falls for ever along {named}; bound one of them")]
    Unbounded { columns: Vec<ColumnId>, named: String },
    /// The solver stopped before it was sure. The estimate is what it had, with its residuals.
    #[error(
        "{solver} stopped after {iterations} iterations, {gap:e} from optimal and {primal:e} from feasible; raise its limits or rescale the problem",
        gap = estimate.gap, primal = estimate.residuals.primal
    )]
    IterationLimit { solver: &'static str, iterations: u64, estimate: Box<Solution> },
    /// The search over integer columns found nothing within its limit of nodes.
    #[error(
        "no values with whole {column} and the like were found in {nodes} nodes, and none cost less than {bound}; raise the limit"
    )]
    NodeLimit { column: String, nodes: u64, bound: f64 },
    /// A number that must be finite is not.
    #[error("{what} is {value}; give a finite number")]
    NotFinite { what: String, value: f64 },
    /// A lower bound above its upper one.
    #[error("{what} are {lower} to {upper}, which holds no number; swap or widen them")]
    ContradictoryBounds { what: String, lower: f64, upper: f64 },
    /// A cost that falls ever faster.
    #[error("the quadratic cost of {column} is {quadratic}; costs must be convex, so give 0 or more")]
    NotConvex { column: String, quadratic: f64 },
    /// An entry of a column that the problem does not have.
    #[error("{row} sums column {column}, and the problem has {columns} columns; use ids of this problem only")]
    UnknownColumn { row: String, column: usize, columns: usize },
    /// The solver does not handle this class of problem.
    #[error("{solver} does not handle {what}; use {instead}")]
    Unsupported { solver: &'static str, what: String, instead: &'static str },
    /// The solver's library refused the problem or broke down: a defect of ours or of the library.
    #[error("{solver} broke down: {reason}; please report the problem")]
    Broken { solver: &'static str, reason: String },
}
