//! One linear, quadratic or mixed-integer problem, and the solvers behind one trait.
//!
//! A [`Problem`] is written column by column and row by row; any [`Optimiser`] solves it, and none of them shows through
//! in what comes back: a [`Solution`] with values, row duals and a proven gap, or an [`OptimiseError`] that names what is
//! wrong in the words of the caller. Nothing in here knows of energy or markets, so that schedulers and dispatch share it.
//!
//! ```
//! use market::optimise::{Column, Problem, Row, default_optimiser};
//!
//! // 5 kWh from a cheap source that gives at most 3 kWh, and a dear one.
//! let mut problem = Problem::default();
//! let cheap = problem.column(Column::between(0.0, 3.0).cost(0.10).named("cheap source"));
//! let dear = problem.column(Column::at_least(0.0).cost(0.25).named("dear source"));
//! let balance = problem.row(Row::equal(5.0).with(cheap, 1.0).with(dear, 1.0).named("balance"));
//!
//! let solution = default_optimiser(&problem).solve(&problem)?;
//! assert!((solution.value(cheap) - 3.0).abs() < 1e-6);
//! assert!((solution.dual(balance) - 0.25).abs() < 1e-6); // one more kWh would cost 25 ct
//! # Ok::<(), market::optimise::OptimiseError>(())
//! ```
//!
//! # Solvers
//! | solver | columns | costs | made for |
//! |---|---|---|---|
//! | [`InteriorPoint`] | continuous | linear, convex quadratic | every size: 10 to 30 iterations whatever the problem |
//! | [`BranchAndBound`] | also integer | as its inner solver | some tens of integer columns that matter |
//!
//! Both are deterministic: they stop on iterations, nodes or gap, never on time, and use one thread. The interior-point
//! method ends in the middle of the optimal face. Where prices (row duals) are not unique this is a virtue: it gives the
//! centre of all right prices and not, as a simplex method, one extreme that depends on the order of the columns.

mod branch_and_bound;
mod contradiction;
mod error;
mod interior_point;
mod presolve;
mod problem;
mod solution;

pub use branch_and_bound::BranchAndBound;
pub use error::OptimiseError;
pub use interior_point::InteriorPoint;
pub use problem::{Column, ColumnId, Problem, Row, RowId};
pub use solution::{Residuals, Solution, Status};

/// Something that solves problems.
pub trait Optimiser {
    /// Its name in reports, `interior-point` for instance.
    fn name(&self) -> &'static str;

    /// Minimises the cost of `problem` over everything that its bounds and rows allow. The same problem gives the same
    /// solution, bit by bit.
    ///
    /// # Errors
    /// Each case of [`OptimiseError`]: a malformed problem, one without solution or without bound, a limit reached before
    /// anything usable was found, and a class of problem the solver does not handle.
    fn solve(&self, problem: &Problem) -> Result<Solution, OptimiseError>;
}

/// The solver for the class of `problem`: [`BranchAndBound`] over [`InteriorPoint`] if it has integer columns, else
/// [`InteriorPoint`] alone.
pub fn default_optimiser(problem: &Problem) -> Box<dyn Optimiser> {
    if problem.has_integers() { Box::new(BranchAndBound::default()) } else { Box::new(InteriorPoint::default()) }
}
