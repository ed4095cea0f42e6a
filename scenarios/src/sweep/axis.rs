//! An axis of a sweep: what differs between the points, and the value at each place of it.

use super::format::{AxisSection, Method, Scale};
use super::value::Level;
use crate::distribution::Distribution;
use crate::document::{Node, Origin, Reader, Value, dotted_keys, nearest};
use crate::error::{Problem, beginning};
use crate::freeze::Assignment;
use crate::parameters::Parameters;
use std::cell::RefCell;
use std::sync::Arc;

/// Columns of the results that are there in every sweep.
const FIXED_COLUMNS: [&str; 14] = [
    "run",
    "point",
    "replicate",
    "seed",
    "start",
    "end",
    "tick_s",
    "participants",
    "inputs",
    "set",
    "status",
    "error",
    "wall_s",
    "ticks",
];
/// Longest name of an axis.
pub(super) const LONGEST_NAME: usize = 64;

/// What differs between the points of a sweep; as data, its public fields.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Axis {
    /// A column of the results.
    pub name: String,
    /// The dotted keys that are set; of cases all those that a case sets.
    pub keys: Vec<String>,
    /// Unit of its values, as the file or the parameter has it; empty where none is known.
    pub unit: String,
    /// What it varies, as the file or the parameter says; empty where neither does.
    pub description: String,
    #[serde(skip)]
    pub(super) values: Values,
    /// Where it is written.
    #[serde(skip)]
    pub(super) node: Node,
}

impl Axis {
    /// Its cases in the order of the file, by name and by what each sets; none of an axis that has none.
    pub fn cases(&self) -> Vec<(String, &[Assignment])> {
        match &self.values {
            Values::Levels(levels) if self.node.at("cases").is_some() => {
                levels.iter().map(|level| (level.value.to_string(), level.assignments.as_slice())).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Where an axis has its values from.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// One of these.
    Levels(Vec<Level>),
    /// Anything from low to high.
    Range { low: f64, high: f64, scale: Scale, whole: bool, origin: Origin },
    /// By a law.
    Law { law: Distribution, whole: bool, origin: Origin },
    /// Each point says it.
    Given,
}

/// What is read of an axis, to find its values.
pub(super) struct Draft<'a> {
    pub(super) path: String,
    pub(super) node: &'a Node,
    pub(super) section: AxisSection,
    pub(super) how: How,
    pub(super) keys: Vec<Arc<str>>,
}

/// How points are chosen, as far as it could be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) method: Option<Method>,
    /// Whether the design begins with the lowest value of every axis.
    pub(super) begins_at_zero: bool,
}

/// Reads one `[[axis]]`; nothing where it has problems, which are collected.
pub(super) fn read(
    number: usize,
    node: &Node,
    how: How,
    notes: &mut Vec<String>,
    problems: &RefCell<Vec<Problem>>,
) -> Option<Axis> {
    let path = match node.at("name").map(|name| &name.value) {
        Some(Value::Text(name)) => format!("axis.{name}"),
        _ => format!("axis {number}"),
    };
    let before = problems.borrow().len();
    let mut reader = Reader::new(&path, node, None, problems);
    let section = AxisSection::read(&mut reader);
    let extras = ["keys", "values", "law", "cases"].map(|key| reader.node(key));
    reader.finish();
    if node.at("name").is_some_and(|name| matches!(name.value, Value::Text(_)))
        && let Some(text) = no_column(&section.name)
    {
        problems.borrow_mut().push(Problem::at(node.at("name")?, &format!("{path}.name"), text));
    }
    let mut draft = Draft { path, node, section, how, keys: Vec::new() };
    let has_cases = extras[3].is_some();
    draft.keys = draft.read_keys(extras[0], has_cases, problems);
    let values = draft.values(extras, notes, problems);
    if problems.borrow().len() > before {
        return None;
    }
    let mut keys: Vec<String> = draft.keys.iter().map(|key| key.to_string()).collect();
    if let (true, Some(Values::Levels(levels))) = (has_cases, &values) {
        let first = levels.first()?;
        keys = first.assignments.iter().map(|assignment| assignment.key().into()).collect();
    }
    let AxisSection { name, about, unit, .. } = draft.section;
    let (unit, description) = (unit.unwrap_or_default(), about.unwrap_or_default());
    Some(Axis { name, keys, unit, description, values: values?, node: node.clone() })
}

/// What is wrong with a name, if it can not be a column of its own.
fn no_column(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if !begins || !name.chars().all(fits) || name.len() > LONGEST_NAME {
        let name = beginning(name);
        let rule = format!("a small letter, then up to {} small letters, digits or `_`", LONGEST_NAME - 1);
        return Some(format!("is {name:?}, which can not be a column: write {rule}"));
    }
    let is_fixed = FIXED_COLUMNS.contains(&name);
    is_fixed.then(|| format!("is `{name}`, which is a column of every sweep: choose another name"))
}

/// What is wrong with a key that is to be set for each point.
pub(super) fn no_key(key: &str) -> Option<String> {
    match dotted_keys(key) {
        Err(text) => Some(text),
        Ok(keys) if keys == ["run", "seed"] => {
            Some("is the seed of a run: leave it out, and write replicates, or seeds = [1, 2, 3]".into())
        }
        Ok(_) => None,
    }
}

impl Draft<'_> {
    pub(super) fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    pub(super) fn problem(&self, key: &str, text: impl Into<String>, problems: &RefCell<Vec<Problem>>) {
        let node = self.node.at(key).unwrap_or(self.node);
        problems.borrow_mut().push(Problem::at(node, &self.path_of(key), text));
    }

    /// The dotted keys it sets.
    fn read_keys(&self, several: Option<&Node>, has_cases: bool, problems: &RefCell<Vec<Problem>>) -> Vec<Arc<str>> {
        let one = self.node.at("key");
        let both = "are both there: write `key` for one, or `keys` for several that get the same value";
        let written: Vec<&Node> = match (one, several) {
            (Some(_), Some(_)) => {
                self.problem("keys", format!("and key {both}"), problems);
                return Vec::new();
            }
            (None, None) if has_cases => return Vec::new(),
            (_, _) if has_cases => {
                let key = if one.is_some() { "key" } else { "keys" };
                self.problem(key, "can not go with `cases`, each of which names what it sets: leave it out", problems);
                return Vec::new();
            }
            (None, None) => {
                let text = "is missing: write the dotted key that is set, for instance key = \"fleet.cars.count\"";
                self.problem("key", text, problems);
                return Vec::new();
            }
            (Some(one), None) => vec![one],
            (None, Some(several)) => match &several.value {
                Value::List(nodes) if !nodes.is_empty() => nodes.iter().collect(),
                _ => {
                    self.problem("keys", "is no list of keys: write keys = [\"pv.*.tilt_deg\", …]", problems);
                    return Vec::new();
                }
            },
        };
        let name = if one.is_some() { "key" } else { "keys" };
        let mut keys: Vec<Arc<str>> = Vec::new();
        for node in written {
            let wrong = match &node.value {
                // That a single key is no text was told by the reader.
                Value::Text(_) if keys.iter().any(|known| Value::Text(known.to_string()) == node.value) => {
                    Some("names a key twice: leave one out".into())
                }
                Value::Text(key) => no_key(key).or_else(|| keys_of_record(key)).or_else(|| {
                    keys.push(key.as_str().into());
                    None
                }),
                other if one.is_none() => Some(format!("holds {}: write keys in quotes", other.kind())),
                _ => None,
            };
            if let Some(text) = wrong {
                problems.borrow_mut().push(Problem::at(node, &self.path_of(name), text));
            }
        }
        keys
    }

    fn values(
        &self,
        [_, values, law, cases]: [Option<&Node>; 4],
        notes: &mut Vec<String>,
        problems: &RefCell<Vec<Problem>>,
    ) -> Option<Values> {
        let written = [("values", values), ("range", self.node.at("range")), ("law", law), ("cases", cases)];
        let there: Vec<&str> = written.iter().filter(|(_, node)| node.is_some()).map(|(name, _)| *name).collect();
        self.check_companions(&there, problems);
        match (&there[..], self.how.method?) {
            ([], Method::List) => Some(Values::Given),
            ([], Method::Grid) => {
                let text = "says no values: write values = […], range = [low, high] with steps, or cases";
                self.problem("values", text, problems);
                None
            }
            ([], _) => {
                self.problem("values", "says no values: write range = [low, high], values, law or cases", problems);
                None
            }
            (["cases"], _) => self.cases(cases?, problems).map(Values::Levels),
            ([name], Method::List) => {
                self.problem(
                    name,
                    "can not go with the method list, whose points say the values: leave it out",
                    problems,
                );
                None
            }
            (["law"], Method::Grid) => {
                let text = "can not go with the method grid: write method = \"lhs\" or \"sobol\", or list values";
                self.problem("law", text, problems);
                None
            }
            (["values"], _) => self.levels(values?, problems).map(Values::Levels),
            (["law"], _) => self.law(law?, problems),
            (["range"], method) => self.range(method, notes, problems),
            (several, _) => {
                let others = several[1..].join("` and `");
                self.problem(several[0], format!("can not go with `{others}`: keep one of them"), problems);
                None
            }
        }
    }

    /// Keys that only go with another that is not there.
    fn check_companions(&self, there: &[&str], problems: &RefCell<Vec<Problem>>) {
        let sampled = self.how.method.is_some_and(Method::is_sampled);
        for (key, goes_with) in [("steps", &["range"][..]), ("scale", &["range"]), ("whole", &["range", "law"])] {
            if self.node.at(key).is_none() {
                continue;
            }
            if !there.iter().any(|name| goes_with.contains(name)) {
                self.problem(key, format!("goes with `{}` only: leave it out", goes_with.join("` or `")), problems);
            } else if key == "steps" && sampled {
                self.problem(
                    key,
                    "goes with the method grid only: `n` of the file says how many points there are",
                    problems,
                );
            }
        }
    }
}

/// What is wrong with a key that all runs must have in common.
fn keys_of_record(key: &str) -> Option<String> {
    (dotted_keys(key).ok()? == ["run", "record"])
        .then(|| "is how much is kept, which all runs have in common: write it below [set]".into())
}

/// Whether whatever is written at `earlier` is written over at `later`.
pub(super) fn covers(later: &str, earlier: &str) -> bool {
    let (Ok(later), Ok(earlier)) = (dotted_keys(later), dotted_keys(earlier)) else { return false };
    later.len() <= earlier.len() && later.iter().zip(&earlier).all(|(later, earlier)| later == earlier || *later == "*")
}

/// Axes must have names of their own, and none may write over what another sets.
pub(super) fn check_together(axes: &[Axis], problems: &RefCell<Vec<Problem>>) {
    for (index, axis) in axes.iter().enumerate() {
        let path = format!("axis.{}", axis.name);
        let before = &axes[..index];
        if before.iter().any(|other| other.name == axis.name) {
            let node = axis.node.at("name").unwrap_or(&axis.node);
            let text = "is the name of two axes: each is a column, rename one";
            problems.borrow_mut().push(Problem::at(node, &format!("{path}.name"), text));
        }
        for (key, other) in axis.keys.iter().flat_map(|key| before.iter().map(move |other| (key, other))) {
            if let Some(covered) = other.keys.iter().find(|earlier| covers(key, earlier)) {
                let node = ["key", "keys", "cases"].into_iter().find_map(|name| axis.node.at(name));
                let text = format!("sets `{key}` over `{covered}` of axis.{}: keep one of them", other.name);
                problems.borrow_mut().push(Problem::at(node.unwrap_or(&axis.node), &path, text));
            }
        }
    }
}

/// The name that may be meant.
pub(super) fn hint<'n>(name: &str, known: impl Iterator<Item = &'n str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
    }
}
