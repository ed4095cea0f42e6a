//! The value of an axis at a point: what the column says, and what is set.

use crate::document::{Node, Value};
use crate::freeze::Assignment;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The value of an axis as a column of the results holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum AxisValue {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A text, the name of a case, or a list or table as JSON.
    Text(String),
}

impl fmt::Display for AxisValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => flag.fmt(f),
            Self::Integer(number) => number.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A point of a sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The value of each axis, in their order.
    pub values: Vec<AxisValue>,
    /// What is set, in this order.
    pub assignments: Vec<Assignment>,
}

/// A place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Level {
    pub(super) value: AxisValue,
    pub(super) assignments: Vec<Assignment>,
}

impl Level {
    /// One value at every key.
    pub(super) fn of(keys: &[Arc<str>], node: &Node) -> Self {
        let shared = Arc::new(node.clone());
        let assignments = keys.iter().map(|key| Assignment::new(key, &shared)).collect();
        Self { value: column_value(node), assignments }
    }
}

/// What a column says of a value.
pub(super) fn column_value(node: &Node) -> AxisValue {
    match &node.value {
        Value::Flag(flag) => AxisValue::Flag(*flag),
        Value::Integer(number) => AxisValue::Integer(*number),
        Value::Number(number) => AxisValue::Number(*number),
        Value::Text(text) => AxisValue::Text(text.clone()),
        // A tree of values can always be written.
        Value::List(_) | Value::Table(_) => AxisValue::Text(serde_json::to_string(node).unwrap_or_default()),
    }
}

/// Makes the values of each axis of one type: whole and other numbers are numbers, anything else is text.
pub(super) fn unify(points: &mut [Point]) {
    let axes = points.first().map_or(0, |point| point.values.len());
    for axis in 0..axes {
        let is = |test: fn(&AxisValue) -> bool| points.iter().all(|point| test(&point.values[axis]));
        if is(|value| matches!(value, AxisValue::Flag(_))) || is(|value| matches!(value, AxisValue::Integer(_))) {
            continue;
        }
        let are_numbers = is(|value| matches!(value, AxisValue::Integer(_) | AxisValue::Number(_)));
        for value in points.iter_mut().map(|point| &mut point.values[axis]) {
            match value {
                AxisValue::Integer(number) if are_numbers => *value = AxisValue::Number(*number as f64),
                other if !are_numbers => *other = AxisValue::Text(other.to_string()),
                _ => {}
            }
        }
    }
}
