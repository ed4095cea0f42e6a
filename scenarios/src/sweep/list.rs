//! The points of a list: tables in the sweep file, or rows of a CSV beside it.

use super::axis::{Axis, Values, hint};
use super::value::Level;
use crate::data::{Cell, DataTable};
use crate::document::{Node, Origin, Value};
use crate::error::{Problem, ScenarioError, beginning};
use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Places on all axes, for each point.
pub(super) type Rows = Vec<Vec<Level>>;

/// The points of `[[point]]`, or of the file named by `points`.
pub(super) fn read(root: &Node, folder: Option<&Path>, axes: &[Axis], problems: &RefCell<Vec<Problem>>) -> Rows {
    let wrong = |node: &Node, key: &str, text: String| problems.borrow_mut().push(Problem::at(node, key, text));
    match (root.at("point"), root.at("points")) {
        (None, None) => {
            let text =
                "is missing: list points as tables [[point]] of axis and value, or write points = \"design.csv\"";
            wrong(root, "point", text.into());
            Vec::new()
        }
        (Some(node), Some(_)) => {
            wrong(node, "point", "can not go with `points`: keep the tables or the file".into());
            Vec::new()
        }
        (Some(node), None) => match &node.value {
            Value::List(nodes) if nodes.is_empty() => {
                wrong(node, "point", "is empty: write [[point]] for each point".into());
                Vec::new()
            }
            Value::List(nodes) if nodes.iter().all(|node| node.table().is_some()) => {
                nodes.iter().enumerate().filter_map(|(index, node)| point(index + 1, node, axes, problems)).collect()
            }
            _ => {
                wrong(node, "point", format!("is {}: write [[point]] for each point", node.value.kind()));
                Vec::new()
            }
        },
        (None, Some(node)) => {
            let Value::Text(name) = &node.value else {
                wrong(node, "points", format!("is {}: write the name of a CSV file in quotes", node.value.kind()));
                return Vec::new();
            };
            let path = folder.unwrap_or(Path::new("")).join(name);
            let contents = match fs::read(&path) {
                Ok(contents) => contents,
                Err(source) => {
                    let error = ScenarioError::Read { path, source };
                    wrong(node, "points", format!("is {name:?}: {error}"));
                    return Vec::new();
                }
            };
            rows(&path, &contents, axes).unwrap_or_else(|error| {
                match error {
                    ScenarioError::Problems(found) => problems.borrow_mut().extend(found),
                    other => wrong(node, "points", other.to_string()),
                }
                Vec::new()
            })
        }
    }
}

/// A point as a table of axis and value.
fn point(number: usize, node: &Node, axes: &[Axis], problems: &RefCell<Vec<Problem>>) -> Option<Vec<Level>> {
    let key = format!("point {number}");
    let wrong = |node: &Node, text: String| problems.borrow_mut().push(Problem::at(node, &key, text));
    let table = node.table()?;
    let names = axes.iter().map(|axis| axis.name.as_str());
    for (name, value) in table.iter().filter(|(name, _)| !names.clone().any(|known| known == *name)) {
        wrong(value, format!("gives `{}`, which is no axis: {}", beginning(name), hint(name, names.clone())));
    }
    let levels = axes.iter().map(|axis| match table.get(&axis.name) {
        None => {
            wrong(node, format!("does not say `{}`: give a value for every axis", axis.name));
            None
        }
        Some(value) => axis.level_at(value).map_err(|text| wrong(value, text)).ok(),
    });
    // All of them are looked at before any is missed.
    levels.collect::<Vec<_>>().into_iter().collect()
}

/// The rows of a CSV with a column for each axis.
fn rows(path: &Path, contents: &[u8], axes: &[Axis]) -> Result<Rows, ScenarioError> {
    let table = DataTable::from_csv(path, contents)?;
    let mut problems = Vec::new();
    let remedy = "name a column for every axis";
    let columns: Vec<usize> =
        axes.iter().filter_map(|axis| table.column(&axis.name, remedy).map_err(|p| problems.push(p)).ok()).collect();
    let names = axes.iter().map(|axis| axis.name.as_str());
    for column in table.columns().filter(|column| !names.clone().any(|known| known == *column)) {
        let text = format!("has the column `{}`, which is no axis: {}", beginning(column), hint(column, names.clone()));
        problems.push(table.problem(1, text));
    }
    if !problems.is_empty() {
        return Err(ScenarioError::Problems(problems));
    }
    let shared = Arc::new(path.to_owned());
    let mut rows = Vec::new();
    for (line, cells) in table.rows() {
        let origin = Origin::Line { path: Arc::clone(&shared), line: line as usize, offset: 0 };
        let mut wrong = |text: String| problems.push(table.problem(line, text));
        let levels = axes.iter().zip(&columns).map(|(axis, column)| match &cells[*column] {
            Cell::Text(text) => {
                axis.level_at(&Node { value: cell_value(text), origin: origin.clone() }).map_err(&mut wrong).ok()
            }
            _ => {
                wrong(format!("has an empty cell in the column `{}`: give every axis a value", axis.name));
                None
            }
        });
        rows.extend(levels.collect::<Vec<_>>().into_iter().collect::<Option<Vec<Level>>>());
    }
    if rows.is_empty() && problems.is_empty() {
        problems.push(table.problem_with_all("holds no points: write a row for each, below the names of the axes"));
    }
    if problems.is_empty() { Ok(rows) } else { Err(ScenarioError::Problems(problems)) }
}

/// A cell's value: a whole number, a number, true or false, otherwise a text.
fn cell_value(text: &str) -> Value {
    let number = || text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Number);
    let flag = || text.parse().ok().map(Value::Flag);
    let integer = text.parse().ok().map(Value::Integer);
    integer.or_else(number).or_else(flag).unwrap_or_else(|| Value::Text(text.into()))
}

impl Axis {
    /// The place on the axis that a point names.
    ///
    /// # Errors
    /// A sentence, if it is no case of an axis of cases.
    fn level_at(&self, node: &Node) -> Result<Level, String> {
        let Values::Levels(cases) = &self.values else {
            let keys: Vec<Arc<str>> = self.keys.iter().map(|key| key.as_str().into()).collect();
            return Ok(Level::of(&keys, node));
        };
        let named = super::value::column_value(node).to_string();
        cases.iter().find(|case| case.value.to_string() == named).cloned().ok_or_else(|| {
            let known: Vec<String> = cases.iter().map(|case| case.value.to_string()).collect();
            let hint = hint(&named, known.iter().map(String::as_str));
            format!("gives `{}` the case `{}`, which it has not: {hint}", self.name, beginning(&named))
        })
    }
}
