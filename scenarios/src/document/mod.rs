//! A scenario as it was written: a tree of values, each knowing the file and the line it comes from.
//!
//! The tree is made from a file, the file it extends, and the overrides of the command line; later ones win key by
//! key. What is read from it (`reader`) is checked against the parameters' own definitions, and every problem is
//! told with its place.

mod merge;
mod reader;

pub(crate) use merge::dotted_keys;
pub use reader::nearest;
pub(crate) use reader::{Drawn, Reader};

use crate::error::{Problem, ScenarioError};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A line of a file or of a built-in scenario, counted from 1; `offset` is that in bytes, for the order of keys.
    Line { path: Arc<PathBuf>, line: usize, offset: usize },
    /// An option of the command line, such as `--set run.seed=3`; or wherever else nothing but an assignment stands.
    Option(Arc<str>),
    /// A scenario that was kept as data: where, and the folder from which the files it names were sought.
    Kept { place: Arc<str>, folder: Arc<PathBuf> },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { path, line, .. } => write!(f, "{}, line {line}", path.display()),
            Self::Option(text) | Self::Kept { place: text, .. } => f.write_str(text),
        }
    }
}

/// The keys of a table in their order of sorting.
pub(crate) type Table = BTreeMap<String, Node>;

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// What can be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Flag(bool),
    Integer(i64),
    Number(f64),
    Text(String),
    List(Vec<Node>),
    Table(Table),
}

impl Value {
    /// What it is, for a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Flag(_) => "true or false",
            Self::Integer(_) | Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The entries of a table in the order in which they were written.
    pub(crate) fn entries_as_written(&self) -> Vec<(&String, &Self)> {
        let mut entries: Vec<_> = self.table().into_iter().flatten().collect();
        entries.sort_by_key(|(_, node)| if let Origin::Line { offset, .. } = node.origin { offset } else { 0 });
        entries
    }

    /// The node at a dotted path below this one.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        if path.is_empty() {
            return Some(self);
        }
        path.split('.').try_fold(self, |node, key| node.table()?.get(key))
    }

    /// The nearest place to a dotted path: its own, or that of the table that would hold it.
    pub(crate) fn origin_near(&self, path: &str) -> &Origin {
        let mut node = self;
        for key in path.split('.') {
            match node.table().and_then(|table| table.get(key)) {
                Some(child) => node = child,
                None => break,
            }
        }
        &node.origin
    }

    /// A problem at a dotted path below this node, which is the root.
    pub(crate) fn problem(&self, key: impl Into<String>, text: impl Into<String>) -> Problem {
        let key = key.into();
        Problem { place: Some(self.origin_near(&key).to_string()), key, text: text.into() }
    }

    /// The same as an error.
    pub(crate) fn error(&self, key: impl Into<String>, text: impl Into<String>) -> ScenarioError {
        self.problem(key, text).into()
    }
}

impl serde::Serialize for Node {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Flag(flag) => flag.serialize(serializer),
            Value::Integer(number) => number.serialize(serializer),
            Value::Number(number) => number.serialize(serializer),
            Value::Text(text) => text.serialize(serializer),
            Value::List(nodes) => nodes.serialize(serializer),
            Value::Table(table) => table.serialize(serializer),
        }
    }
}
