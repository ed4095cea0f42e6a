//! Reads the keys of one table: a value for each parameter, a problem for each that is wrong, missing or unknown.

use super::{Node, Origin, Table, Value};
use crate::error::{Problem, brief};
use crate::parameters::{Limits, Parameter, Setting};
use agents::draw::Draws;
use std::cell::RefCell;

/// Most keys listed in a message.
const MOST_LISTED: usize = 12;

/// Reads one table of a scenario. Problems are collected, so that all of them are told at once.
pub(crate) struct Reader<'a> {
    /// Dotted path of the table.
    path: String,
    node: &'a Node,
    table: &'a Table,
    problems: &'a RefCell<Vec<Problem>>,
    drawn: Option<Drawn<'a>>,
    known: Vec<&'static str>,
    /// Whether keys can not be told from others.
    is_any_known: bool,
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
        Self { path, node, table, problems, drawn, known: Vec::new(), is_any_known: false }
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
                let unit = if parameter.unit.is_empty() { String::new() } else { format!(" ({})", parameter.unit) };
                let text = format!("is missing: write {} = …{unit}. {}", parameter.key, parameter.doc);
                self.problem(parameter.key, text + self.misspelt());
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

    /// Takes every key that is there for known.
    pub(crate) fn take_all(&mut self) {
        self.is_any_known = true;
    }

    /// What to think of when a table that is incomplete was made by an assignment alone.
    pub(crate) fn misspelt(&self) -> &'static str {
        match self.node.origin {
            Origin::Option(_) if !self.path.is_empty() => " Nothing else writes this table: is its name misspelt?",
            _ => "",
        }
    }

    /// Notes a problem at a key of this table, if it is one.
    pub(crate) fn problem(&self, key: &str, text: impl Into<String>) {
        if self.node.table().is_none() {
            // That it is no table was told when the reader was made.
            return;
        }
        let node = self.table.get(key).unwrap_or(self.node);
        self.problems.borrow_mut().push(Problem::at(node, &self.path_of(key), text));
    }

    /// Every key that nobody has asked for is a problem.
    pub(crate) fn finish(self) {
        let is_known = |key: &str| self.is_any_known || self.known.contains(&key);
        for (key, node) in self.table.iter().filter(|(key, _)| !is_known(key)) {
            let hint = match nearest(key, self.known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if self.known.len() > MOST_LISTED && !self.path.is_empty() => {
                    let section = self.path.split('.').next().unwrap_or_default();
                    format!("`cariflex explain {section}` lists those that are")
                }
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
            Self::Within(low, high) => {
                Some(format!("is {}: must lie between {} and {}", brief(value), brief(low), brief(high)))
            }
        }
    }
}

/// The known word that looks most like `word`, if one does.
pub fn nearest<'w>(word: &str, known: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let known: Vec<&str> = known.into_iter().collect();
    let closest = known.iter().map(|known| (distance(word, known), *known)).min();
    let resembling = closest.filter(|(distance, known)| *distance <= known.len().max(word.len()) / 3);
    // `tilt` stands for `tilt_deg`.
    let begun =
        || known.iter().filter(|known| word.len() > 2 && known.starts_with(word)).min_by_key(|known| known.len());
    resembling.map(|(_, known)| known).or_else(|| begun().copied())
}

/// Letters to insert, remove, replace or swap with the next to make one word of the other (Damerau 1964, without
/// editing a pair twice).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let mut least = (rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1])).min(row[j - 1] + 1);
            least = least.min(rows[i - 1][j] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_that_of_a_slip_of_the_finger_or_the_rest_of_a_beginning() {
        let known = ["tilt_deg", "tick", "portfolio", "peak_kw"];
        let nearest = |word| nearest(word, known);
        assert_eq!(nearest("tikc"), Some("tick"));
        assert_eq!(nearest("tilt"), Some("tilt_deg"));
        assert_eq!(nearest("portofolio"), Some("portfolio"));
        assert_eq!([nearest("albedo"), nearest("p"), nearest("")], [None; 3]);
        assert_eq!([distance("abc", "acb"), distance("kitten", "sitting"), distance("", "ab")], [1, 3, 2]);
    }
}
