//! What a solver hands back, and how far it is from exact.

use super::{ColumnId, Problem, RowId};

/// How sure a solution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Within the solver's tolerance of the best there is.
    Optimal,
    /// Keeps every rule, and the search for a better one stopped at a limit: see [`Solution::gap`].
    Feasible,
}

/// How far values miss the rules, measured by ourselves on the problem as it was given; in its own units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Residuals {
    /// Most that a row or bound is exceeded.
    pub primal: f64,
    /// Most that a marginal cost differs from what the duals explain: a reduced cost of the wrong sign, or one of a column
    /// inside its bounds.
    pub dual: f64,
}

/// The best values found.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Whether they are proven to be the best.
    pub status: Status,
    /// What they cost.
    pub objective: f64,
    /// No values cost less than `objective - gap`, up to rounding.
    pub gap: f64,
    /// One number per column, always within its bounds.
    pub values: Vec<f64>,
    /// One number per row: by how much the least cost rises if the row's binding limit is raised by one unit. Positive
    /// where the lower limit binds, negative where the upper one does, zero where neither does. Of a problem with integer
    /// columns: with these held at their values.
    pub duals: Vec<f64>,
    /// How far the values miss the rules.
    pub residuals: Residuals,
    /// Steps of the interior-point method, or nodes of the search.
    pub iterations: u64,
}

impl Solution {
    /// The value of a column.
    pub fn value(&self, column: ColumnId) -> f64 {
        self.values[column.0]
    }

    /// The dual of a row.
    pub fn dual(&self, row: RowId) -> f64 {
        self.duals[row.0]
    }

    /// By how much the least cost rises if a column is held one (small) unit above its value:
    /// `cost + quadratic · x − Σ dual · factor`. Zero inside the bounds.
    pub fn reduced_costs(&self, problem: &Problem) -> Vec<f64> {
        let marginal = |(column, x): (usize, &f64)| {
            let (cost, quadratic) = problem.costs(ColumnId(column));
            cost + quadratic * x
        };
        let mut reduced: Vec<f64> = self.values.iter().enumerate().map(marginal).collect();
        for (row, dual) in self.duals.iter().enumerate() {
            for &(column, factor) in problem.entries_of(row) {
                reduced[column] -= dual * factor;
            }
        }
        reduced
    }

    /// Measures the residuals anew, in O(columns + entries).
    pub(super) fn measure(&mut self, problem: &Problem) {
        let mut residuals = Residuals::default();
        for (index, row) in problem.rows.iter().enumerate() {
            let activity = problem.activity(RowId(index), &self.values);
            residuals.primal = residuals.primal.max(row.lower - activity).max(activity - row.upper);
        }
        for ((column, &x), reduced) in problem.columns.iter().zip(&self.values).zip(self.reduced_costs(problem)) {
            residuals.primal = residuals.primal.max(column.lower - x).max(x - column.upper);
            // A reduced cost may push a column against the bound it sits at, and nowhere else.
            let near = 1e-6 * (1.0 + x.abs());
            let unexplained = if reduced > 0.0 && x - column.lower > near || reduced < 0.0 && column.upper - x > near {
                reduced.abs()
            } else {
                0.0
            };
            residuals.dual = residuals.dual.max(unexplained);
        }
        self.residuals = residuals;
    }
}
