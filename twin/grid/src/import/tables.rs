//! The tables of a network that pandapower wrote as JSON: each is a text that holds a data frame in split form.

use serde::Deserialize;
use serde_json::Value;

use crate::error::GridError;

const PROGRAM: &str = "pandapower";

/// An error about an element.
pub(super) fn refused(element: impl Into<String>, reason: impl Into<String>) -> GridError {
    GridError::Import { program: PROGRAM, element: element.into(), reason: reason.into() }
}

/// A data frame.
#[derive(Debug, Deserialize)]
struct Frame {
    columns: Vec<Value>,
    index: Vec<Value>,
    data: Vec<Vec<Value>>,
}

/// A table with the name that pandapower gives it.
pub(super) struct Table {
    name: &'static str,
    frame: Frame,
}

/// A row of a table.
pub(super) struct Row<'a> {
    table: &'a Table,
    place: usize,
}

impl Table {
    /// The table of this name among the fields of a network; empty if it is not there.
    pub(super) fn of(fields: &Value, name: &'static str) -> Result<Self, GridError> {
        let Some(field) = fields.get(name) else {
            return Ok(Self { name, frame: Frame { columns: Vec::new(), index: Vec::new(), data: Vec::new() } });
        };
        if field.get("orient").is_some_and(|orient| orient != "split") {
            return Err(refused(name, "is not in the orientation `split`; write it with pandapower.to_json"));
        }
        // Older versions nest a text, newer ones may nest the frame itself.
        let content = field.get("_object").unwrap_or(field);
        let read = match content {
            Value::String(text) => serde_json::from_str(text),
            other => Frame::deserialize(other),
        };
        let frame: Frame = read.map_err(|e| refused(name, format!("is no table: {e}")))?;
        let fits =
            frame.index.len() == frame.data.len() && frame.data.iter().all(|row| row.len() == frame.columns.len());
        if fits { Ok(Self { name, frame }) } else { Err(refused(name, "has rows of different lengths")) }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.frame.data.len()).map(|place| Row { table: self, place })
    }
}

impl Row<'_> {
    /// The index of the row as text.
    pub(super) fn index(&self) -> String {
        match &self.table.frame.index[self.place] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The table and the index: what the element is called in messages.
    pub(super) fn element(&self) -> String {
        format!("{} {}", self.table.name, self.index())
    }

    /// The id of the element in our network.
    pub(super) fn id(&self) -> String {
        format!("{}_{}", self.table.name, self.index())
    }

    /// The value of a column, if it is there and not empty.
    pub(super) fn get(&self, column: &str) -> Option<&Value> {
        let at = self.table.frame.columns.iter().position(|name| name == column)?;
        Some(&self.table.frame.data[self.place][at]).filter(|value| !value.is_null())
    }

    /// A number, or none where it is empty.
    pub(super) fn optional(&self, column: &str) -> Result<Option<f64>, GridError> {
        let Some(value) = self.get(column) else { return Ok(None) };
        let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let wrong = || refused(self.element(), format!("{column} is {value}, not a number"));
        number.map(Some).ok_or_else(wrong)
    }

    /// A number that must be there.
    pub(super) fn number(&self, column: &str) -> Result<f64, GridError> {
        self.optional(column)?.ok_or_else(|| refused(self.element(), format!("{column} is missing")))
    }

    /// A number, or this one where it is empty.
    pub(super) fn number_or(&self, column: &str, default: f64) -> Result<f64, GridError> {
        Ok(self.optional(column)?.unwrap_or(default))
    }

    /// A whole number.
    pub(super) fn whole_or(&self, column: &str, default: i32) -> Result<i32, GridError> {
        let number = self.number_or(column, f64::from(default))?;
        if number.fract() == 0.0 && number.abs() < 1e6 {
            Ok(number as i32)
        } else {
            Err(refused(self.element(), format!("{column} is {number}, not a whole number")))
        }
    }

    /// A text, or none.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.get(column).and_then(Value::as_str)
    }

    /// A truth value, or this one where it is empty.
    pub(super) fn truth_or(&self, column: &str, default: bool) -> bool {
        self.get(column).and_then(Value::as_bool).unwrap_or(default)
    }

    pub(super) fn in_service(&self) -> bool {
        self.truth_or("in_service", true)
    }

    /// The id of the bus that a column names.
    pub(super) fn bus(&self, column: &str) -> Result<String, GridError> {
        match self.get(column) {
            Some(Value::String(text)) => Ok(format!("bus_{text}")),
            Some(Value::Number(number)) => Ok(format!("bus_{number}")),
            _ => Err(refused(self.element(), format!("{column} is missing"))),
        }
    }
}
