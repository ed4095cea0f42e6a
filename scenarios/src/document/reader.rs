//! Reads the keys of one table: a value for each parameter, a problem for each that is wrong, missing or unknown.

use super::{Node, Table, Value};
use crate::error::Problem;
use crate::parameters::{Limits, Parameter, Setting};
use agents::draw::Draws;
use std::cell::RefCell;

/// Reads one table of a scenario. Problems are collected, so that all of them are told at once.
pub(crate) struct Reader<'a> {
    /// Dotted path of the table.
    path: String,
    node: &'a Node,
    table: &'a Table,
    problems: &'a RefCell<Vec<Problem>>,
    drawn: Option<Drawn<'a>>,
    known: Vec<&'static str>,
}

/// Whose parameters are read: a number may be a distribution, of which each participant draws its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn<'a> {
    pub(crate) seed: u64,
    pub(crate) id: &'a str,
}

impl Drawn<'_> {
    /// The source of this participant's draw for one parameter.
    pub(crate) fn draws(&self, parameter: &str) -> Draws {
        Draws::new(self.seed, self.id, &format!("parameter {parameter}"))
    }
}

impl<'a> Reader<'a> {
    /// A reader of `node` at `path`; one that is no table has no keys, and is a problem.
    pub(crate) fn new(
        path: impl Into<String>,
        node: &'a Node,
        drawn: Option<Drawn<'a>>,
        problems: &'a RefCell<Vec<Problem>>,
    ) -> Self {
        static NOTHING: Table = Table::new();
        let path = path.into();
        let table = node.table().unwrap_or_else(|| {
            let text = format!("is {}: write a table of keys and values", node.value.kind());
            problems.borrow_mut().push(Problem::at(node, &path, text));
            &NOTHING
        });
        Self { path, node, table, problems, drawn, known: Vec::new() }
    }

    /// The dotted path of a key of this table.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.into() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a parameter: as written, or its default.
    pub(crate) fn value<T: Setting>(&mut self, parameter: &Parameter, default: Option<T>) -> T {
        self.known.push(parameter.key);
        let Some(node) = self.table.get(parameter.key) else {
            return default.unwrap_or_else(|| {
                let text = format!("is missing: {}", parameter.doc);
                self.problem(parameter.key, text);
                T::placeholder()
            });
        };
        let read = T::read(node, parameter, self.drawn).and_then(|value| match value.beyond(&parameter.limits) {
            None => Ok(value),
            Some(text) => Err(text),
        });
        read.unwrap_or_else(|text| {
            self.problem(parameter.key, text);
            default.unwrap_or_else(T::placeholder)
        })
    }

    /// The node of a key that is read by other means, if it is there.
    pub(crate) fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        self.table.get(key)
    }

    /// Notes a problem at a key of this table.
    pub(crate) fn problem(&self, key: &str, text: impl Into<String>) {
        let node = self.table.get(key).unwrap_or(self.node);
        self.problems.borrow_mut().push(Problem::at(node, &self.path_of(key), text));
    }

    /// Every key that nobody has asked for is a problem.
    pub(crate) fn finish(self) {
        for (key, node) in self.table.iter().filter(|(key, _)| !self.known.contains(&key.as_str())) {
            let hint = match nearest(key, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", self.known.join(", ")),
            };
            let problem = Problem::at(node, &self.path_of(key), format!("is no known key: {hint}"));
            self.problems.borrow_mut().push(problem);
        }
    }
}

impl Limits {
    /// What is wrong with a number, if it lies outside.
    pub(crate) fn objection(&self, value: f64) -> Option<String> {
        match *self {
            Self::Any if value.is_finite() => None,
            Self::Any => Some(format!("is {value}: must be a finite number")),
            Self::Within(low, high) if (low..=high).contains(&value) => None,
            Self::Within(low, high) => Some(format!("is {value}: must lie between {low} and {high}")),
        }
    }
}

/// The known word that looks most like `word`, if one does.
pub(crate) fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let closest = known.into_iter().map(|known| (distance(word, known), known)).min();
    closest.filter(|(distance, known)| *distance <= known.len().max(word.len()) / 3).map(|(_, known)| known)
}

/// Letters to insert, remove or replace to make one word of the other (Levenshtein 1966).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != *y)).min(row[j] + 1).min(above + 1);
            diagonal = above;
        }
    }
    row[b.len()]
}

impl Value {
    /// The number, if it is one.
    pub(crate) fn number(&self) -> Option<f64> {
        match *self {
            Self::Integer(number) => Some(number as f64),
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}
