//! From text to tree, and one tree over another.

use super::{Node, Origin, Table, Value};
use crate::error::{Problem, ScenarioError};
use std::path::Path;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, de};

/// The lines of a text, to turn places in it into numbers.
struct Lines<'t> {
    text: &'t str,
    path: Arc<std::path::PathBuf>,
}

impl Lines<'_> {
    fn origin(&self, place: usize) -> Origin {
        let before = &self.text.as_bytes()[..place.min(self.text.len())];
        Origin::Line(Arc::clone(&self.path), before.iter().filter(|byte| **byte == b'\n').count() + 1)
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Result<Node, Problem> {
        let origin = self.origin(value.span().start);
        let value = match value.get_ref() {
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Integer(number) => {
                let read = i64::from_str_radix(number.as_str(), number.radix());
                Value::Integer(read.map_err(|_| self.problem(value, "is too large a number"))?)
            }
            DeValue::Float(number) => {
                let read = number.as_str().parse();
                Value::Number(read.map_err(|_| self.problem(value, "is no number that can be read"))?)
            }
            DeValue::Array(values) => {
                Value::List(values.iter().map(|value| self.node(value)).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => Value::Table(self.table(table)?),
        };
        Ok(Node { value, origin })
    }

    fn table(&self, table: &DeTable<'_>) -> Result<Table, Problem> {
        let entry = |(key, value): (&Spanned<de::DeString<'_>>, &Spanned<DeValue<'_>>)| {
            let mut node = self.node(value)?;
            // A table's own place is where its name stands.
            node.origin = self.origin(key.span().start);
            Ok((key.get_ref().to_string(), node))
        };
        table.iter().map(entry).collect()
    }

    fn problem(&self, value: &Spanned<DeValue<'_>>, text: &str) -> Problem {
        Problem { place: Some(self.origin(value.span().start).to_string()), key: String::new(), text: text.into() }
    }
}

impl Node {
    /// Reads TOML; `path` is named in errors and in the places of values.
    ///
    /// # Errors
    /// [`ScenarioError::Syntax`] with line and column.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let root = DeTable::parse(text).map_err(|error| ScenarioError::Syntax {
            path: path.into(),
            message: error.to_string().trim_end().into(),
        })?;
        let lines = Lines { text, path: Arc::new(path.into()) };
        let table = lines.table(root.get_ref())?;
        Ok(Self { value: Value::Table(table), origin: lines.origin(0) })
    }

    /// Lays another tree over this one: tables are joined key by key, everything else is replaced.
    pub(crate) fn overlay(&mut self, over: Self) {
        match (&mut self.value, over.value) {
            (Value::Table(below), Value::Table(above)) => {
                for (key, node) in above {
                    match below.get_mut(&key) {
                        Some(known) => known.overlay(node),
                        None => drop(below.insert(key, node)),
                    }
                }
            }
            (below, above) => {
                *below = above;
                self.origin = over.origin;
            }
        }
    }

    /// Takes an assignment `a.b.c=value`. A `*` stands for every table at its place; the value is read as TOML, and as a
    /// text if it is none.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] if it is no assignment, or leads through something that is no table.
    pub(crate) fn assign(&mut self, assignment: &str) -> Result<(), ScenarioError> {
        let origin = Origin::Assignment(assignment.into());
        let wrong =
            |text: String| ScenarioError::from(Problem { place: Some(origin.to_string()), key: String::new(), text });
        let Some((path, value)) = assignment.split_once('=') else {
            return Err(wrong("is no assignment: write KEY=VALUE, for instance run.seed=3".into()));
        };
        let keys: Vec<&str> = path.trim().split('.').map(str::trim).collect();
        if keys.iter().any(|key| key.is_empty()) {
            return Err(wrong(format!("`{path}` is no dotted key: write for instance battery.bat_01.power_kw=25")));
        }
        let value = value.trim();
        let parsed = Self::parse(&format!("value = {value}"), Path::new("--set")).ok();
        let written = parsed.and_then(|node| node.at("value").map(|node| node.value.clone()));
        let mut node = Self { value: written.unwrap_or_else(|| Value::Text(value.into())), origin: origin.clone() };
        node.stamp(&origin);
        self.put(&keys, &node).map_err(wrong)
    }

    fn put(&mut self, keys: &[&str], node: &Self) -> Result<(), String> {
        let Some((key, rest)) = keys.split_first() else {
            // Written over, not joined: `--set x={}` empties x.
            *self = node.clone();
            return Ok(());
        };
        let kind = self.value.kind();
        let Value::Table(table) = &mut self.value else {
            return Err(format!("`{key}` would lie within {kind}: its key is too long"));
        };
        if *key == "*" {
            if table.values().all(|child| child.table().is_none()) {
                return Err("`*` stands for tables, and there are none at its place".into());
            }
            return table
                .values_mut()
                .filter(|child| child.table().is_some())
                .try_for_each(|child| child.put(rest, node));
        }
        let empty = || Self { value: Value::Table(Table::new()), origin: node.origin.clone() };
        table.entry((*key).to_owned()).or_insert_with(empty).put(rest, node)
    }

    fn stamp(&mut self, origin: &Origin) {
        self.origin = origin.clone();
        match &mut self.value {
            Value::List(nodes) => nodes.iter_mut().for_each(|node| node.stamp(origin)),
            Value::Table(table) => table.values_mut().for_each(|node| node.stamp(origin)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Node {
        Node::parse(text, Path::new("test.toml")).expect("valid TOML")
    }

    #[test]
    fn every_value_knows_its_line() {
        let tree = tree("a = 1\n\n[b]\nc = [1,\n 2]\n");
        assert_eq!(tree.origin_near("a").to_string(), "test.toml, line 1");
        assert_eq!(tree.origin_near("b.c").to_string(), "test.toml, line 4");
        assert_eq!(tree.origin_near("b.missing").to_string(), "test.toml, line 3");
    }

    #[test]
    fn a_tree_laid_over_another_joins_tables_and_replaces_the_rest() {
        let mut below = tree("[pv]\na = { x = 1, y = 2 }\n[list]\nv = [1, 2]\n");
        below.overlay(tree("[pv]\na = { x = 5 }\nb = { x = 7 }\n[list]\nv = [3]\n"));
        let expected = tree("[pv]\na = { x = 5, y = 2 }\nb = { x = 7 }\n[list]\nv = [3]\n");
        assert_eq!(words(&below), words(&expected));
        assert_eq!(below.origin_near("pv.a.x").to_string(), "test.toml, line 2");
    }

    #[test]
    fn an_assignment_is_read_as_toml_or_as_text() {
        let mut tree = tree("[run]\nseed = 1\n[pv]\na = { x = 1 }\nb = { x = 1 }\n");
        for assignment in
            ["run.seed=3", "run.start = 2026-03-20", "pv.*.x=2.5", "new.table={a=[1]}", "run.note=hello you"]
        {
            tree.assign(assignment).expect(assignment);
        }
        let seen = |path: &str| words(tree.at(path).expect(path));
        assert_eq!([seen("run.seed"), seen("pv.b.x"), seen("new.table")], ["3", "2.5", "{a: [1]}"].map(String::from));
        assert_eq!([seen("run.start"), seen("run.note")], ["2026-03-20", "hello you"].map(String::from));
        assert_eq!(tree.origin_near("run.seed").to_string(), "--set run.seed=3");
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        for assignment in ["run.seed", "=3", "a..b=3", "run.seed.x=3", "run.*.x=3"] {
            let error = tree("[run]\nseed = 1\n").assign(assignment).expect_err(assignment).to_string();
            assert!(error.contains(assignment), "{error}");
        }
    }

    /// The tree without its places, in words.
    fn words(node: &Node) -> String {
        match &node.value {
            Value::Flag(flag) => flag.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::List(nodes) => format!("[{}]", nodes.iter().map(words).collect::<Vec<_>>().join(", ")),
            Value::Table(table) => {
                let entry = |(key, node): (&String, &Node)| format!("{key}: {}", words(node));
                format!("{{{}}}", table.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }
}
