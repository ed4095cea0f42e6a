//! The values of an axis as they are written: a list, cases, a range, a law.

use super::axis::{Draft, LONGEST_NAME, Values, no_key};
use super::format::{Method, Scale};
use super::value::{AxisValue, Level, column_value};
use crate::distribution::Distribution;
use crate::document::{Node, Value};
use crate::error::{Problem, brief};
use crate::freeze::Assignment;
use crate::parameters::Limits;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Up to here every whole number is a number of its own.
const MOST_WHOLE: f64 = 9e15;

impl Draft<'_> {
    /// A list of values.
    pub(super) fn levels(&self, node: &Node, problems: &RefCell<Vec<Problem>>) -> Option<Vec<Level>> {
        let Value::List(nodes) = &node.value else {
            self.problem("values", format!("is {}: write a list, values = [1, 2, 3]", node.value.kind()), problems);
            return None;
        };
        if nodes.is_empty() {
            self.problem("values", "is empty: write at least one value", problems);
        }
        let mut seen = BTreeSet::new();
        for node in nodes {
            let words = column_value(node).to_string();
            if !seen.insert((node.value.kind(), words.clone())) {
                let text = format!("holds {words} twice: leave one out; replicates are for running a point again");
                problems.borrow_mut().push(Problem::at(node, &self.path_of("values"), text));
            }
        }
        Some(nodes.iter().map(|node| self.level(node)).collect())
    }

    fn level(&self, node: &Node) -> Level {
        Level::of(&self.keys, node)
    }

    /// Cases, each a table of what it sets.
    pub(super) fn cases(&self, node: &Node, problems: &RefCell<Vec<Problem>>) -> Option<Vec<Level>> {
        let remedy = "write a table for each case, [axis.cases.NAME], of dotted keys in quotes";
        match node.table() {
            None => self.problem("cases", format!("is {}: {remedy}", node.value.kind()), problems),
            Some(table) if table.is_empty() => self.problem("cases", format!("is empty: {remedy}"), problems),
            Some(_) => {}
        }
        let mut levels: Vec<Level> = Vec::new();
        for (name, case) in node.entries_as_written() {
            let path = format!("{}.cases.{name}", self.path);
            let wrong = |text: String| problems.borrow_mut().push(Problem::at(case, &path, text));
            if name.is_empty() || name.len() > LONGEST_NAME {
                wrong(format!("can not be the name of a case: write 1 to {LONGEST_NAME} letters"));
            }
            let assignments = assignments(case, &path, problems);
            if case.table().is_some_and(|table| table.is_empty()) {
                wrong("sets nothing: write at least one dotted key in quotes".into());
            } else if let Some(first) = levels.first() {
                let keys = |list: &[Assignment]| list.iter().map(|a| a.key().to_owned()).collect::<BTreeSet<String>>();
                let (here, there) = (keys(&assignments), keys(&first.assignments));
                let other = first.value.to_string();
                if let Some(missing) = there.difference(&here).next() {
                    wrong(format!(
                        "does not set `{missing}`, which case {other} sets: set the same keys in every case"
                    ));
                } else if let Some(more) = here.difference(&there).next() {
                    wrong(format!("sets `{more}`, which case {other} does not: set the same keys in every case"));
                }
            }
            levels.push(Level { value: AxisValue::Text(name.clone()), assignments });
        }
        Some(levels)
    }

    /// A law, which must be one and have values.
    pub(super) fn law(&self, node: &Node, problems: &RefCell<Vec<Problem>>) -> Option<Values> {
        let whole = self.section.whole.unwrap_or(false);
        let choices = node.at("choice").map(|choice| &choice.value);
        let is_of_whole = |nodes: &Vec<Node>| nodes.iter().all(|node| matches!(node.value, Value::Integer(_)));
        let read = Distribution::read(node, &Limits::Any);
        let read = read.map_err(|text| match node.table() {
            Some(_) => text,
            None => format!("is {}: {text}", node.value.kind()),
        });
        let read = read.and_then(|law| {
            if self.how.begins_at_zero && law.is_unbounded_below() {
                let text = "has no lowest value, with which a Sobol sequence begins that is not scrambled: write `min`";
                return Err(text.to_owned());
            }
            law.quantile(0.5)?;
            let (low, high) = (libm::ceil(law.min), libm::floor(law.max));
            if whole && low > high {
                return Err(format!("has no whole number between {} and {}: widen it", brief(law.min), brief(law.max)));
            }
            Ok(law)
        });
        match read {
            Ok(law) => {
                let whole = whole || matches!(choices, Some(Value::List(nodes)) if is_of_whole(nodes));
                Some(Values::Law { law, whole, origin: node.origin.clone() })
            }
            Err(text) => {
                self.problem("law", text, problems);
                None
            }
        }
    }

    /// A range: of a grid its steps, otherwise anything in it.
    pub(super) fn range(
        &self,
        method: Method,
        notes: &mut Vec<String>,
        problems: &RefCell<Vec<Problem>>,
    ) -> Option<Values> {
        // What can not be read as two numbers was told by the reader.
        let ([low, high], node) = (self.section.range?, self.node.at("range")?);
        let (whole, scale) = (self.section.whole.unwrap_or(false), self.section.scale.unwrap_or(Scale::Linear));
        if let Some(text) = no_range(low, high, scale, whole) {
            self.problem("range", text, problems);
            return None;
        }
        let origin = node.origin.clone();
        if method != Method::Grid {
            return Some(Values::Range { low, high, scale, whole, origin });
        }
        let steps = self.steps(low, high, problems)?;
        let mut numbers: Vec<f64> = (0..steps).map(|index| step(low, high, scale, index, steps)).collect();
        if whole {
            let [first, last] = [libm::ceil(low), libm::floor(high)];
            numbers.iter_mut().for_each(|number| *number = libm::round(*number).clamp(first, last));
            numbers.dedup();
            if (numbers.len() as u64) < steps {
                notes.push(format!("{}: {} of {steps} steps are distinct whole numbers", self.path, numbers.len()));
            }
        }
        let value = |number: f64| if whole { Value::Integer(number as i64) } else { Value::Number(number) };
        let node = |number| Node { value: value(number), origin: origin.clone() };
        Some(Values::Levels(numbers.into_iter().map(|number| self.level(&node(number))).collect()))
    }

    /// The number of steps of a range, if it fits the ends.
    fn steps(&self, low: f64, high: f64, problems: &RefCell<Vec<Problem>>) -> Option<u64> {
        let text = match self.section.steps {
            // One that could not be read was told by the reader.
            None if self.node.at("steps").is_some() => return None,
            None => "is missing: write how many values the range has in the grid, both ends included".into(),
            Some(1) if low < high => {
                let high = brief(high);
                format!("is 1, which leaves out {high}: write at least 2, or values = [{high}]")
            }
            Some(steps) if steps > 1 && low == high => {
                format!("is {steps}, but both ends are {}: write steps = 1", brief(low))
            }
            Some(steps) => return Some(steps),
        };
        self.problem("steps", text, problems);
        None
    }
}

/// What is wrong with a range.
fn no_range(low: f64, high: f64, scale: Scale, whole: bool) -> Option<String> {
    let ends = [low, high].map(brief);
    if low > high {
        Some(format!("goes from {} down to {}: write the lower number first", ends[0], ends[1]))
    } else if scale == Scale::Log && low <= 0.0 {
        Some(format!("begins at {}: with scale = \"log\" both ends must exceed 0", ends[0]))
    } else if whole && libm::ceil(low) > libm::floor(high) {
        Some(format!("holds no whole number between {} and {}: widen it", ends[0], ends[1]))
    } else if whole && low.abs().max(high.abs()) > MOST_WHOLE {
        Some("is too wide for whole numbers: stay below 9e15".into())
    } else {
        None
    }
}

/// The value at a step of a grid, to 15 digits: 0.6 rather than 0.6000000000000001.
fn step(low: f64, high: f64, scale: Scale, index: u64, steps: u64) -> f64 {
    if index == 0 {
        return low;
    }
    if index == steps - 1 {
        return high;
    }
    let share = index as f64 / (steps - 1) as f64;
    let value = match scale {
        Scale::Linear => low + (high - low) * share,
        Scale::Log => low * libm::pow(high / low, share),
    };
    format!("{value:.14e}").parse().expect("a number as it was written")
}

/// The assignments of a table of dotted keys, in the order in which they are written.
pub(super) fn assignments(node: &Node, path: &str, problems: &RefCell<Vec<Problem>>) -> Vec<Assignment> {
    let wrong = |node: &Node, key: &str, text: String| problems.borrow_mut().push(Problem::at(node, key, text));
    if node.table().is_none() {
        wrong(node, path, format!("is {}: write a table of dotted keys in quotes", node.value.kind()));
    }
    let mut assignments = Vec::new();
    for (key, value) in node.entries_as_written() {
        let inner = value.table().and_then(|table| table.keys().next());
        let text = match inner {
            Some(inner) if !key.contains('.') => {
                Some(format!("is a table: put the whole dotted key in quotes, \"{key}.{inner}\" = …"))
            }
            _ => no_key(key),
        };
        match text {
            Some(text) => wrong(value, &format!("{path}.{key}"), text),
            None => assignments.push(Assignment::new(&key.as_str().into(), &Arc::new(value.clone()))),
        }
    }
    assignments
}
