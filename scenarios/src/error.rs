//! What can be wrong with a scenario or a series file, and the way out.

use crate::document::Node;
use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong with a scenario: the place, the key, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File and line, or the assignment of the command line; none where nothing was written.
    pub place: Option<String>,
    /// Dotted key, for instance `battery.bat_01.power_kw`.
    pub key: String,
    /// What is wrong, and the remedy.
    pub text: String,
}

impl Problem {
    /// A problem with what is written at `node`.
    pub(crate) fn at(node: &Node, key: &str, text: impl Into<String>) -> Self {
        Self { place: Some(node.origin.to_string()), key: key.into(), text: text.into() }
    }

    /// The same problem of a key that lies within another.
    pub(crate) fn within(self, outer: &str) -> Self {
        let key = if self.key.is_empty() { outer.into() } else { format!("{outer}.{}", self.key) };
        Self { key, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{} ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

/// A number as a person reads it: tiny and huge ones with their exponent.
pub(crate) fn brief(number: f64) -> String {
    let is_plain = number == 0.0 || !number.is_finite() || (1e-4..1e15).contains(&number.abs());
    if is_plain { number.to_string() } else { format!("{number:e}") }
}

/// The beginning of a text, where it is long.
pub(crate) fn beginning(text: &str) -> String {
    const MOST_SHOWN: usize = 80;
    let mut shown: String = text.chars().take(MOST_SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Most problems told at once.
pub(crate) const MOST_TOLD: usize = 20;

/// What to do about a file that can not be read, where that is known.
fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::InvalidData => "; save it as UTF-8",
        std::io::ErrorKind::IsADirectory => "; name the file in it",
        _ => "",
    }
}

/// The problems, one on a line.
fn lines(problems: &[Problem]) -> String {
    let mut lines: Vec<_> = problems.iter().take(MOST_TOLD).map(ToString::to_string).collect();
    if problems.len() > MOST_TOLD {
        lines.push(format!("and {} more", problems.len() - MOST_TOLD));
    }
    lines.join("\n       ")
}

/// Why a scenario does not resolve to a plan. Every message names the place and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file can not be read.
    #[error("can not read {path}: {source}{}", remedy(source))]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Neither a built-in scenario nor a file.
    #[error("there is no scenario `{name}`: give the path of a TOML file, or one of the built-in {known}")]
    NotFound {
        /// What was asked for.
        name: String,
        /// The built-in names.
        known: String,
    },
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("{path}: {message}")]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser says, with line and column.
        message: String,
    },
    /// Values that can not be used.
    #[error("{}", lines(.0))]
    Problems(Vec<Problem>),
}

impl From<Problem> for ScenarioError {
    fn from(problem: Problem) -> Self {
        Self::Problems(vec![problem])
    }
}
