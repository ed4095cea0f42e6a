//! Scenarios and assignments as plain data, to be kept and run again without the files they were written in.
//!
//! What is kept is the tree as it was written, without defaults. A number stays what it was, whole or not. Where a key
//! names a file of measured data, the folder from which it was sought is kept with it, so that the file's path comes
//! out the same.

use crate::document::{Node, Origin, Table, Value, dotted_keys};
use crate::error::{Problem, ScenarioError};
use crate::scenario::{Scenario, folder_of};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Keys of what stands in place of the name of a file.
const FILE_KEYS: [&str; 2] = ["file", "folder"];

/// Where a value was written that was kept as data by itself.
const IN_A_POINT: &str = "a point of the sweep";

/// A value to be written at a dotted key, in which `*` stands for every table at its place.
///
/// As data it is the pair of key and value.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    key: Arc<str>,
    /// Shared by the points that set it.
    value: Arc<Node>,
}

impl Assignment {
    pub(crate) fn new(key: &Arc<str>, value: &Arc<Node>) -> Self {
        Self { key: Arc::clone(key), value: Arc::clone(value) }
    }

    /// The dotted key, for instance `battery.*.capacity_kwh`.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl Scenario {
    /// The scenario as it was written, with what it extends and what has been set, but without defaults; `from_written`
    /// reads it.
    pub fn to_written(&self) -> impl Serialize + '_ {
        Kept { node: &self.root, path: Vec::new() }
    }

    /// Reads a scenario from what [`Self::to_written`] made of it; `name` says in messages where it is kept.
    ///
    /// # Errors
    /// [`ScenarioError::Syntax`] if it is no such data.
    pub fn from_written<'de, D: Deserializer<'de>>(name: &str, written: D) -> Result<Self, ScenarioError> {
        let wrong = |message: String| ScenarioError::Syntax { path: name.into(), message };
        let mut root = Node::deserialize(written).map_err(|error| wrong(error.to_string()))?;
        if root.table().is_none() {
            return Err(wrong(format!("is {} where a scenario is wanted: keep its tables", root.value.kind())));
        }
        root.take_out(&mut Vec::new(), &name.into());
        Ok(Self { root })
    }

    /// Writes the value of an assignment. Unknown keys and wrong values are found by [`Self::resolve`].
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] if its key leads through something that is no table.
    pub fn assign(&mut self, assignment: &Assignment) -> Result<(), ScenarioError> {
        let Assignment { key, value } = assignment;
        self.root.assign_value(key, value).map_err(|text| Problem::at(value, key, text).into())
    }

    /// Writes `run.seed`; `place` says in messages where it comes from.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] if it is too large to be written, 2⁶³ or more.
    pub fn set_seed(&mut self, seed: u64, place: &str) -> Result<(), ScenarioError> {
        let origin = Origin::Option(place.into());
        let mut value = Node { value: Value::Integer(0), origin };
        let Ok(seed) = i64::try_from(seed) else {
            return Err(Problem::at(&value, "run.seed", format!("is {seed}: choose one below 2^63")).into());
        };
        value.value = Value::Integer(seed);
        self.assign(&Assignment::new(&"run.seed".into(), &value.into()))
    }
}

/// Whether the value at a path names a file of measured data.
fn is_file(path: &[&str]) -> bool {
    matches!(path, ["series" | "sessions", _, "file"])
}

/// A node as it is kept.
struct Kept<'a> {
    node: &'a Node,
    path: Vec<&'a str>,
}

impl Serialize for Kept<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.node.value {
            Value::Flag(flag) => flag.serialize(serializer),
            Value::Integer(number) => number.serialize(serializer),
            Value::Number(number) if number.is_finite() => number.serialize(serializer),
            Value::Number(number) => {
                let key = self.path.join(".");
                Err(S::Error::custom(format!("{}: {key} is {number}: write a finite number", self.node.origin)))
            }
            Value::Text(text) => match folder_of(&self.node.origin) {
                Some(folder) if is_file(&self.path) => {
                    let mut map = serializer.serialize_map(Some(2))?;
                    map.serialize_entry(FILE_KEYS[0], text)?;
                    map.serialize_entry(FILE_KEYS[1], &folder.display().to_string())?;
                    map.end()
                }
                _ => text.serialize(serializer),
            },
            Value::List(nodes) => serializer.collect_seq(nodes.iter().map(|node| Kept { node, path: Vec::new() })),
            Value::Table(table) => serializer.collect_map(
                table.iter().map(|(key, node)| (key, Kept { node, path: [&self.path[..], &[key.as_str()]].concat() })),
            ),
        }
    }
}

impl Serialize for Assignment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let path = dotted_keys(&self.key).map_err(S::Error::custom)?;
        (&*self.key, Kept { node: &self.value, path }).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Assignment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (key, mut value) = <(String, Node)>::deserialize(deserializer)?;
        let mut path = dotted_keys(&key).map_err(de::Error::custom)?;
        value.take_out(&mut path.drain(..).map(String::from).collect(), &IN_A_POINT.into());
        Ok(Self { key: key.into(), value: value.into() })
    }
}

impl Node {
    /// Says of everything below where it is kept, and makes names of files what they were.
    fn take_out(&mut self, path: &mut Vec<String>, place: &Arc<str>) {
        self.origin = Origin::Option(Arc::clone(place));
        let is_file = is_file(&path.iter().map(String::as_str).collect::<Vec<_>>());
        match &mut self.value {
            Value::Table(table) if is_file => {
                if let [Some(Value::Text(file)), Some(Value::Text(folder))] =
                    FILE_KEYS.map(|key| table.get(key).map(|node| &node.value))
                {
                    let folder = Arc::new(PathBuf::from(folder));
                    self.origin = Origin::Kept { place: Arc::clone(place), folder };
                    self.value = Value::Text(file.clone());
                }
            }
            Value::Table(table) => {
                for (key, node) in table {
                    path.push(key.clone());
                    node.take_out(path, place);
                    path.pop();
                }
            }
            Value::List(nodes) => nodes.iter_mut().for_each(|node| node.take_out(&mut Vec::new(), place)),
            _ => {}
        }
    }
}

/// A tree whose places are said afterwards.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl TreeVisitor {
    fn node(value: Value) -> Node {
        Node { value, origin: Origin::Option(IN_A_POINT.into()) }
    }
}

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of a scenario")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Self::node(Value::Flag(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Self::node(Value::Integer(number)))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        let too_large = |_| E::custom(format!("{number} is too large a whole number: write fewer digits"));
        i64::try_from(number).map(|number| Self::node(Value::Integer(number))).map_err(too_large)
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Self::node(Value::Number(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Self::node(Value::Text(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element()? {
            nodes.push(node);
        }
        Ok(Self::node(Value::List(nodes)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut table = Table::new();
        while let Some((key, node)) = map.next_entry()? {
            table.insert(key, node);
        }
        Ok(Self::node(Value::Table(table)))
    }
}
