//! What needs no solver: fixed columns, columns in no row, and rows that limit nothing.

use super::solution::{Solution, Status};
use super::{ColumnId, OptimiseError, Problem, Residuals, RowId};

/// A row or bound of nothing is broken beyond this many units (times its size) before the problem counts as infeasible.
const TOLERANCE: f64 = 1e-9;

/// What is left to solve.
pub(super) struct Reduced {
    /// The columns left, as places in the problem.
    pub(super) columns: Vec<usize>,
    /// The place of every column of the problem among those left.
    pub(super) place: Vec<Option<usize>>,
    /// The rows left, as places in the problem, each with what its removed columns add up to.
    pub(super) rows: Vec<(usize, f64)>,
    /// The value of every column; those left are 0 here.
    values: Vec<f64>,
}

/// Takes out what can be told at once, in O(columns + entries).
///
/// # Errors
/// A row without a column left that breaks its limits, and a column in no row whose cost falls for ever.
pub(super) fn reduce(problem: &Problem) -> Result<Reduced, OptimiseError> {
    let is_fixed = |column: usize| problem.columns[column].lower == problem.columns[column].upper;
    let mut in_rows = vec![false; problem.columns.len()];
    let mut rows = Vec::with_capacity(problem.rows.len());
    for (index, row) in problem.rows.iter().enumerate() {
        let is_left = |&&(column, factor): &&(usize, f64)| factor != 0.0 && !is_fixed(column);
        let limits = row.lower > f64::NEG_INFINITY || row.upper < f64::INFINITY;
        let entries = problem.entries_of(index);
        let fixed = |&&(column, _): &&(usize, f64)| is_fixed(column);
        let constant: f64 = entries.iter().filter(fixed).map(|&(column, by)| by * problem.columns[column].lower).sum();
        if limits && entries.iter().any(|entry| is_left(&entry)) {
            rows.push((index, constant));
            entries.iter().filter(is_left).for_each(|&(column, _)| in_rows[column] = true);
        } else {
            check_empty(problem, index, constant)?;
        }
    }
    let mut reduced =
        Reduced { columns: Vec::new(), place: vec![None; problem.columns.len()], rows, values: Vec::new() };
    for (index, &in_row) in in_rows.iter().enumerate() {
        let value = if is_fixed(index) { problem.columns[index].lower } else { 0.0 };
        if in_row {
            reduced.place[index] = Some(reduced.columns.len());
            reduced.columns.push(index);
        }
        reduced.values.push(if in_row || is_fixed(index) { value } else { cheapest(problem, index)? });
    }
    Ok(reduced)
}

/// A row of constants holds or does not.
fn check_empty(problem: &Problem, index: usize, constant: f64) -> Result<(), OptimiseError> {
    let row = &problem.rows[index];
    let slack = TOLERANCE * (1.0 + constant.abs());
    if row.lower <= constant + slack && constant - slack <= row.upper {
        return Ok(());
    }
    let columns = problem.entries_of(index).iter().map(|&(column, _)| ColumnId(column)).collect();
    Err(infeasible(problem, vec![RowId(index)], columns))
}

/// The cheapest value of a column that no row holds; the one nearest to zero among equals.
fn cheapest(problem: &Problem, index: usize) -> Result<f64, OptimiseError> {
    let column = &problem.columns[index];
    let wanted = if column.quadratic > 0.0 {
        -column.cost / column.quadratic
    } else if column.cost > 0.0 {
        f64::NEG_INFINITY
    } else if column.cost < 0.0 {
        f64::INFINITY
    } else {
        0.0
    };
    let value = wanted.clamp(column.lower, column.upper);
    if value.is_finite() { Ok(value) } else { Err(unbounded(problem, vec![ColumnId(index)])) }
}

impl Reduced {
    /// The solution of the whole problem, from values of the columns left and duals of the rows left.
    pub(super) fn restore(self, problem: &Problem, solved: &[f64], duals_left: &[f64]) -> Solution {
        let mut values = self.values;
        for (&column, &value) in self.columns.iter().zip(solved) {
            values[column] = value.clamp(problem.columns[column].lower, problem.columns[column].upper);
        }
        let mut duals = vec![0.0; problem.rows.len()];
        for (&(row, _), &dual) in self.rows.iter().zip(duals_left) {
            duals[row] = dual;
        }
        let objective = problem.objective(&values);
        let residuals = Residuals::default();
        let mut solution =
            Solution { status: Status::Optimal, objective, gap: 0.0, values, duals, residuals, iterations: 0 };
        solution.measure(problem);
        solution
    }
}

/// Names those of a contradiction; the first few, as long lists help nobody.
pub(super) fn infeasible(problem: &Problem, rows: Vec<RowId>, columns: Vec<ColumnId>) -> OptimiseError {
    let of_rows = rows.iter().map(|&row| problem.row_name(row));
    let of_columns = columns.iter().map(|&column| format!("the bounds of {}", problem.column_name(column)));
    let named = enumerate(of_rows.chain(of_columns));
    OptimiseError::Infeasible { rows, columns, named }
}

/// Names the columns of a direction in which the cost falls for ever.
pub(super) fn unbounded(problem: &Problem, columns: Vec<ColumnId>) -> OptimiseError {
    let named = enumerate(columns.iter().map(|&column| problem.column_name(column)));
    OptimiseError::Unbounded { columns, named }
}

fn enumerate(names: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 6;
    let names: Vec<_> = names.collect();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
