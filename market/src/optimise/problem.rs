//! The problem: columns with costs and bounds, rows with limits, and sparse entries between them.

use super::OptimiseError;

/// A column (variable) of one [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub(crate) usize);

/// A row (constraint) of one [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(pub(crate) usize);

impl ColumnId {
    /// Its place among the columns, which is its place in [`Solution::values`](super::Solution::values).
    pub fn index(self) -> usize {
        self.0
    }
}

impl RowId {
    /// Its place among the rows, which is its place in [`Solution::duals`](super::Solution::duals).
    pub fn index(self) -> usize {
        self.0
    }
}

/// A column to be: its bounds first, then what it costs.
///
/// The cost of a value x is `cost · x + quadratic · x² / 2`, so the marginal cost is `cost + quadratic · x`.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Column {
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) cost: f64,
    pub(super) quadratic: f64,
    pub(super) integer: bool,
    pub(super) name: Option<Box<str>>,
}

impl Column {
    /// A value within `[lower, upper]`; infinities mean no bound on that side.
    pub fn between(lower: f64, upper: f64) -> Self {
        Self { lower, upper, cost: 0.0, quadratic: 0.0, integer: false, name: None }
    }

    /// A value of `lower` or more.
    pub fn at_least(lower: f64) -> Self {
        Self::between(lower, f64::INFINITY)
    }

    /// Any value.
    pub fn free() -> Self {
        Self::between(f64::NEG_INFINITY, f64::INFINITY)
    }

    /// 0 or 1.
    pub fn binary() -> Self {
        Self::between(0.0, 1.0).integer()
    }

    /// What one unit costs.
    pub fn cost(mut self, per_unit: f64) -> Self {
        self.cost = per_unit;
        self
    }

    /// By how much the marginal cost rises with each unit; not negative.
    pub fn quadratic(mut self, per_unit_squared: f64) -> Self {
        self.quadratic = per_unit_squared;
        self
    }

    /// Whole values only.
    pub fn integer(mut self) -> Self {
        self.integer = true;
        self
    }

    /// What errors call it. Worth its memory where people meet the problem; large models may leave it out.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into_boxed_str());
        self
    }
}

/// A row to be: its limits first, then what it sums up. Entries of the same column add up.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Row {
    lower: f64,
    upper: f64,
    entries: Vec<(usize, f64)>,
    name: Option<Box<str>>,
}

impl Row {
    /// A sum within `[lower, upper]`; infinities mean no limit on that side.
    pub fn between(lower: f64, upper: f64) -> Self {
        Self { lower, upper, entries: Vec::new(), name: None }
    }

    /// A sum of exactly `value`.
    pub fn equal(value: f64) -> Self {
        Self::between(value, value)
    }

    /// A sum of `upper` or less.
    pub fn at_most(upper: f64) -> Self {
        Self::between(f64::NEG_INFINITY, upper)
    }

    /// A sum of `lower` or more.
    pub fn at_least(lower: f64) -> Self {
        Self::between(lower, f64::INFINITY)
    }

    /// Adds `factor` times a column to the sum.
    pub fn with(mut self, column: ColumnId, factor: f64) -> Self {
        self.entries.push((column.0, factor));
        self
    }

    /// Adds many columns to the sum, each with its factor.
    pub fn with_all(mut self, terms: impl IntoIterator<Item = (ColumnId, f64)>) -> Self {
        self.entries.extend(terms.into_iter().map(|(column, factor)| (column.0, factor)));
        self
    }

    /// What errors call it.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into_boxed_str());
        self
    }
}

/// The limits and the name of a row that lies in a problem.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Limits {
    pub(super) lower: f64,
    pub(super) upper: f64,
    name: Option<Box<str>>,
}

/// Minimise Σ (cost · x + quadratic · x² / 2) subject to lower ≤ A x ≤ upper, bounds on every x, and integrality of some.
///
/// Columns come before the rows that use them; ids are places and stay valid. What is wrong with it is found by
/// [`check`](Self::check), which every solver calls first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Problem {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Limits>,
    /// Where the entries of each row end; they begin where those of the row before end.
    ends: Vec<usize>,
    entries: Vec<(usize, f64)>,
}

impl Problem {
    /// Adds a column.
    pub fn column(&mut self, column: Column) -> ColumnId {
        self.columns.push(column);
        ColumnId(self.columns.len() - 1)
    }

    /// Adds a row.
    pub fn row(&mut self, row: Row) -> RowId {
        self.entries.extend(row.entries);
        self.ends.push(self.entries.len());
        self.rows.push(Limits { lower: row.lower, upper: row.upper, name: row.name });
        RowId(self.rows.len() - 1)
    }

    /// Puts other bounds on a column, as receding horizons and branching do.
    ///
    /// # Panics
    /// If the column belongs to a larger problem than this one.
    pub fn set_bounds(&mut self, column: ColumnId, lower: f64, upper: f64) {
        (self.columns[column.0].lower, self.columns[column.0].upper) = (lower, upper);
    }

    /// Puts another linear cost on a column.
    ///
    /// # Panics
    /// If the column belongs to a larger problem than this one.
    pub fn set_cost(&mut self, column: ColumnId, per_unit: f64) {
        self.columns[column.0].cost = per_unit;
    }

    /// Puts another quadratic cost on a column.
    ///
    /// # Panics
    /// If the column belongs to a larger problem than this one.
    pub fn set_quadratic(&mut self, column: ColumnId, per_unit_squared: f64) {
        self.columns[column.0].quadratic = per_unit_squared;
    }

    /// Puts other limits on a row.
    ///
    /// # Panics
    /// If the row belongs to a larger problem than this one.
    pub fn set_limits(&mut self, row: RowId, lower: f64, upper: f64) {
        (self.rows[row.0].lower, self.rows[row.0].upper) = (lower, upper);
    }

    /// How many columns it has.
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// How many rows it has.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// All its columns in order.
    pub fn columns(&self) -> impl Iterator<Item = ColumnId> + use<> {
        (0..self.columns.len()).map(ColumnId)
    }

    /// All its rows in order.
    pub fn rows(&self) -> impl Iterator<Item = RowId> + use<> {
        (0..self.rows.len()).map(RowId)
    }

    /// How many entries its rows have.
    pub fn entry_count(&self) -> usize {
        self.entries.len()
    }

    /// Lower and upper bound of a column.
    pub fn bounds(&self, column: ColumnId) -> (f64, f64) {
        (self.columns[column.0].lower, self.columns[column.0].upper)
    }

    /// Linear and quadratic cost of a column.
    pub fn costs(&self, column: ColumnId) -> (f64, f64) {
        (self.columns[column.0].cost, self.columns[column.0].quadratic)
    }

    /// Lower and upper limit of a row.
    pub fn limits(&self, row: RowId) -> (f64, f64) {
        (self.rows[row.0].lower, self.rows[row.0].upper)
    }

    /// The columns a row sums up, with their factors.
    pub fn terms(&self, row: RowId) -> impl Iterator<Item = (ColumnId, f64)> {
        self.entries_of(row.0).iter().map(|&(column, factor)| (ColumnId(column), factor))
    }

    /// Whether any column takes whole values only.
    pub fn has_integers(&self) -> bool {
        self.columns.iter().any(|column| column.integer)
    }

    /// The columns that take whole values only.
    pub fn integers(&self) -> impl Iterator<Item = ColumnId> {
        self.columns.iter().enumerate().filter(|(_, column)| column.integer).map(|(index, _)| ColumnId(index))
    }

    /// The same problem with every column continuous.
    pub fn relaxed(&self) -> Problem {
        let mut relaxed = self.clone();
        relaxed.columns.iter_mut().for_each(|column| column.integer = false);
        relaxed
    }

    /// What a point costs; `values` has one number per column.
    pub fn objective(&self, values: &[f64]) -> f64 {
        let cost = |(column, &x): (&Column, &f64)| column.cost * x + 0.5 * column.quadratic * x * x;
        self.columns.iter().zip(values).map(cost).sum()
    }

    /// What a row sums up to at a point.
    pub fn activity(&self, row: RowId, values: &[f64]) -> f64 {
        self.entries_of(row.0).iter().map(|&(column, factor)| factor * values[column]).sum()
    }

    /// How a person would name a column.
    pub fn column_name(&self, column: ColumnId) -> String {
        let name = self.columns.get(column.0).and_then(|column| column.name.as_deref());
        name.map_or_else(|| format!("column {}", column.0), |name| format!("column `{name}`"))
    }

    /// How a person would name a row.
    pub fn row_name(&self, row: RowId) -> String {
        let name = self.rows.get(row.0).and_then(|row| row.name.as_deref());
        name.map_or_else(|| format!("row {}", row.0), |name| format!("row `{name}`"))
    }

    pub(super) fn entries_of(&self, row: usize) -> &[(usize, f64)] {
        let begin = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.entries[begin..self.ends[row]]
    }

    /// Looks for numbers no solver can work with, in O(columns + entries).
    ///
    /// # Errors
    /// The first number that is not finite where it must be, pair of bounds that contradict each other, negative
    /// quadratic cost, or entry of a column that does not exist, by the names of its column and row.
    pub fn check(&self) -> Result<(), OptimiseError> {
        for (index, column) in self.columns.iter().enumerate() {
            let of = |part: &str| format!("{part} of {}", self.column_name(ColumnId(index)));
            check_finite(column.cost, || of("the cost"))?;
            check_finite(column.quadratic, || of("the quadratic cost"))?;
            if column.quadratic < 0.0 {
                let (column, quadratic) = (self.column_name(ColumnId(index)), column.quadratic);
                return Err(OptimiseError::NotConvex { column, quadratic });
            }
            check_interval(column.lower, column.upper, || of("the bounds"))?;
        }
        for (index, row) in self.rows.iter().enumerate() {
            check_interval(row.lower, row.upper, || format!("the limits of {}", self.row_name(RowId(index))))?;
            for &(column, factor) in self.entries_of(index) {
                if column >= self.columns.len() {
                    let (row, columns) = (self.row_name(RowId(index)), self.columns.len());
                    return Err(OptimiseError::UnknownColumn { row, column, columns });
                }
                let of = || {
                    format!("the factor of {} in {}", self.column_name(ColumnId(column)), self.row_name(RowId(index)))
                };
                check_finite(factor, of)?;
            }
        }
        Ok(())
    }
}

fn check_finite(value: f64, what: impl FnOnce() -> String) -> Result<(), OptimiseError> {
    if value.is_finite() { Ok(()) } else { Err(OptimiseError::NotFinite { what: what(), value }) }
}

/// Infinities are no bound where they point outwards, and make no sense where they point inwards.
fn check_interval(lower: f64, upper: f64, what: impl FnOnce() -> String) -> Result<(), OptimiseError> {
    if lower.is_nan() || lower == f64::INFINITY {
        return Err(OptimiseError::NotFinite { what: what(), value: lower });
    }
    if upper.is_nan() || upper == f64::NEG_INFINITY {
        return Err(OptimiseError::NotFinite { what: what(), value: upper });
    }
    if lower > upper {
        return Err(OptimiseError::ContradictoryBounds { what: what(), lower, upper });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_number_is_named() {
        let mut problem = Problem::default();
        let charge = problem.column(Column::between(0.0, 1.0).cost(f64::NAN).named("charge"));
        let says = |problem: &Problem| problem.check().expect_err("something is wrong").to_string();
        assert_eq!(says(&problem), "the cost of column `charge` is NaN; give a finite number");
        problem.set_cost(charge, 1.0);
        problem.set_bounds(charge, 2.0, 1.0);
        assert!(says(&problem).contains("the bounds of column `charge`"), "{}", says(&problem));
        problem.set_bounds(charge, f64::INFINITY, f64::INFINITY);
        assert!(says(&problem).contains("the bounds of column `charge`"), "{}", says(&problem));
        problem.set_bounds(charge, 0.0, f64::INFINITY);
        problem.row(Row::at_most(1.0).with(charge, f64::INFINITY));
        assert!(says(&problem).contains("the factor of column `charge` in row 0"), "{}", says(&problem));
    }

    #[test]
    fn a_column_of_another_problem_is_refused() {
        let mut other = Problem::default();
        other.column(Column::free());
        let foreign = other.column(Column::free());
        let mut problem = Problem::default();
        problem.column(Column::free());
        problem.row(Row::equal(0.0).with(foreign, 1.0).named("balance"));
        let unknown = OptimiseError::UnknownColumn { row: "row `balance`".to_owned(), column: 1, columns: 1 };
        assert_eq!(problem.check(), Err(unknown));
    }

    #[test]
    fn a_cost_that_falls_with_quantity_is_refused() {
        let mut problem = Problem::default();
        problem.column(Column::between(0.0, 1.0).quadratic(-1.0));
        assert!(matches!(problem.check(), Err(OptimiseError::NotConvex { .. })));
    }
}
