//! A table of measured data as it stands in a file, before anything is made of it.

use crate::document::nearest;
use crate::error::{Problem, ScenarioError, beginning, brief};
use agents::Time;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Missing,
    /// A text, which may be a number or an instant.
    Text(String),
    /// A number; not a number counts as missing.
    Number(f64),
    /// An instant.
    Instant(Time),
}

/// A table of measured data. Clones share its cells.
#[derive(Clone, Debug, PartialEq)]
pub struct DataTable {
    path: PathBuf,
    /// What a row is called in messages: `line` of a CSV, `row` of a Parquet file.
    row_name: &'static str,
    columns: Vec<String>,
    /// Number of each row in its file, and its cells in the order of the columns.
    rows: Arc<[(u64, Vec<Cell>)]>,
}

impl DataTable {
    /// A table of rows that have no lines, such as those of a Parquet file; they are counted from 1.
    pub fn of_rows(path: &Path, columns: Vec<String>, rows: Vec<Vec<Cell>>) -> Self {
        let rows = (1..).zip(rows).collect();
        Self { path: path.into(), row_name: "row", columns, rows }
    }

    /// Reads CSV: comma-separated, one line of column names, `#` begins a comment; `path` is named in errors.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] naming file and line.
    pub fn from_csv(path: &Path, contents: &[u8]) -> Result<Self, ScenarioError> {
        let contents = contents.strip_prefix("\u{feff}".as_bytes()).unwrap_or(contents);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(contents);
        let broken = |error: csv::Error| {
            let line = error.position().map_or(1, csv::Position::line);
            let text = match error.kind() {
                csv::ErrorKind::Utf8 { .. } => "is not UTF-8: save the file as UTF-8".into(),
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    format!("has {len} fields where the first line names {expected_len} columns: make them agree")
                }
                _ => format!("is not readable as CSV: {error}"),
            };
            ScenarioError::from(problem(path, "line", line, text))
        };
        let columns: Vec<String> = reader.headers().map_err(broken)?.iter().map(String::from).collect();
        if let [only] = &columns[..]
            && let Some(separator) = [(';', "semicolons"), ('\t', "tabs")].iter().find(|(sign, _)| only.contains(*sign))
        {
            let text = format!("separates columns with {}: write commas, and decimal points", separator.1);
            return Err(problem(path, "line", 1, text).into());
        }
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(broken)?;
            let line = record.position().map_or(0, csv::Position::line);
            let cell = |text: &str| if text.is_empty() { Cell::Missing } else { Cell::Text(text.into()) };
            rows.push((line, record.iter().map(cell).collect()));
        }
        Ok(Self { path: path.into(), row_name: "line", columns, rows: rows.into() })
    }

    /// The file it comes from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rows: number in the file, and cells in the order of the columns.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u64, &[Cell])> {
        self.rows.iter().map(|(line, cells)| (*line, &cells[..]))
    }

    /// The names of the columns.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    pub(crate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known == column)
    }

    /// The place of a column.
    ///
    /// # Errors
    /// [`Problem`] with the columns there are, and where the column's name may be said otherwise: `remedy`.
    pub(crate) fn column(&self, name: &str, remedy: &str) -> Result<usize, Problem> {
        let mut found = (0..self.columns.len()).filter(|index| self.columns[*index] == name);
        let text = match (found.next(), found.next()) {
            (Some(index), None) => return Ok(index),
            (Some(_), Some(_)) => format!("has two columns `{name}`: rename or remove one"),
            (None, _) => {
                let near = nearest(name, self.columns.iter().map(String::as_str));
                let hint = near.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
                let known = if self.columns.is_empty() { "nothing".into() } else { self.columns.join(", ") };
                format!("has no column `{name}`{hint}, its first line names {}: {remedy}", beginning(&known))
            }
        };
        Err(self.problem_with_all(text))
    }

    /// The place of a row, for messages.
    pub(crate) fn place(&self, row: u64) -> String {
        format!("{}, {} {row}", self.path.display(), self.row_name)
    }

    /// A problem with a row.
    pub(crate) fn problem(&self, row: u64, text: impl Into<String>) -> Problem {
        Problem { place: Some(self.place(row)), key: String::new(), text: text.into() }
    }

    /// A problem with the table as a whole.
    pub(crate) fn problem_with_all(&self, text: impl Into<String>) -> Problem {
        Problem { place: Some(self.path.display().to_string()), key: String::new(), text: text.into() }
    }
}

fn problem(path: &Path, row_name: &str, row: u64, text: String) -> Problem {
    Problem { place: Some(format!("{}, {row_name} {row}", path.display())), key: String::new(), text }
}

impl Cell {
    /// The number in it; none where it is missing.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub(crate) fn number(&self) -> Result<Option<f64>, String> {
        let number = match self {
            Self::Missing => return Ok(None),
            Self::Number(number) => *number,
            Self::Text(text) => {
                text.parse().map_err(|_| format!("`{}` is not a number: use a decimal point", beginning(text)))?
            }
            Self::Instant(time) => {
                return Err(format!("`{time}` is an instant where a number is wanted: name another column"));
            }
        };
        match number {
            number if number.is_nan() => Ok(None),
            number if number.is_infinite() => Err(format!("`{number}` is not a finite number: fill or remove it")),
            number => Ok(Some(number)),
        }
    }

    /// The text in it.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub(crate) fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Missing => Err("is empty where a text is wanted: fill it in".into()),
            Self::Number(number) => {
                Err(format!("`{}` is a number where a text is wanted: name another column", brief(*number)))
            }
            Self::Instant(time) => Err(format!("`{time}` is an instant where a text is wanted: name another column")),
        }
    }
}
