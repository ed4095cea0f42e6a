//! From a proof that nothing is feasible to the few limits that a person can act on.

use super::presolve::infeasible;
use super::{OptimiseError, Optimiser, Problem};

const NONE: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);

impl OptimiseError {
    /// Of an [`Infeasible`](OptimiseError::Infeasible) problem: the same error with only rows and columns of which every
    /// one is needed for the contradiction (a deletion filter: Chinneck and Dravnieks, 1991). Other errors stay as they
    /// are, and so does this one if it suspects more than `most` limits: each of them costs one solve.
    #[must_use]
    pub fn narrowed(self, problem: &Problem, optimiser: &dyn Optimiser, most: usize) -> OptimiseError {
        let OptimiseError::Infeasible { mut rows, mut columns, named } = self else { return self };
        columns.sort_unstable();
        columns.dedup();
        if rows.len() + columns.len() > most {
            return OptimiseError::Infeasible { rows, columns, named };
        }
        let mut trial = problem.clone();
        // Without its limits a cost might fall for ever, and that is not asked here.
        trial.columns.iter_mut().for_each(|column| (column.cost, column.quadratic) = (0.0, 0.0));
        let contradicts = |trial: &Problem| matches!(optimiser.solve(trial), Err(OptimiseError::Infeasible { .. }));
        // Bounds first: a contradiction of rows says more. Each is let go for good if the rest still contradict.
        columns.retain(|&column| {
            let (lower, upper) = trial.bounds(column);
            trial.set_bounds(column, NONE.0, NONE.1);
            let is_needed = !contradicts(&trial);
            if is_needed {
                trial.set_bounds(column, lower, upper);
            }
            is_needed
        });
        rows.retain(|&row| {
            let (lower, upper) = trial.limits(row);
            trial.set_limits(row, NONE.0, NONE.1);
            let is_needed = !contradicts(&trial);
            if is_needed {
                trial.set_limits(row, lower, upper);
            }
            is_needed
        });
        infeasible(problem, rows, columns)
    }
}
