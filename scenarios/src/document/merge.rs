//! From text to tree, and one tree over another.

use super::{Node, Origin, Table, Value};
use crate::assets::AssetKind;
use crate::error::{Problem, ScenarioError};
use std::path::Path;
use std::sync::Arc;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, de};

/// The lines of a text, to turn places in it into numbers.
struct Lines {
    /// Where lines end.
    ends: Vec<usize>,
    path: Arc<std::path::PathBuf>,
}

impl Lines {
    fn of(text: &str, path: &Path) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(place, _)| place).collect();
        Self { ends, path: Arc::new(path.into()) }
    }

    fn origin(&self, place: usize) -> Origin {
        let line = self.ends.partition_point(|end| *end < place) + 1;
        Origin::Line { path: Arc::clone(&self.path), line, offset: place }
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Result<Node, Problem> {
        let origin = self.origin(value.span().start);
        let value = match value.get_ref() {
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Integer(number) => {
                let read = i64::from_str_radix(number.as_str(), number.radix());
                Value::Integer(
                    read.map_err(|_| self.problem(value, "is too large a whole number: write fewer digits"))?,
                )
            }
            DeValue::Float(number) => {
                let read = number.as_str().parse();
                Value::Number(read.map_err(|_| self.problem(value, "is no number: write one such as 2.5"))?)
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
            let mut node = self.node(value).map_err(|problem| problem.within(key.get_ref()))?;
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

/// What the parser says, without what a terminal would obey, and without the rest of a line that is no text.
fn legible(message: &str) -> String {
    const MOST_SHOWN: usize = 160;
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let line = |line: &str| line.chars().map(plain).take(MOST_SHOWN).collect();
    message.trim_end().lines().map(line).collect::<Vec<String>>().join("\n")
}

/// The two sides of the first `separator` that stands in no quotes.
fn split_outside_quotes(text: &str, separator: char) -> Option<(&str, &str)> {
    let mut quote = None;
    for (place, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c == separator => return Some((&text[..place], &text[place + c.len_utf8()..])),
            _ => {}
        }
    }
    None
}

/// Longest dotted path of an assignment, in bytes.
const LONGEST_PATH: usize = 1000;

/// The keys of a dotted path; a key may stand in quotes, as in TOML.
fn keys(path: &str) -> Vec<&str> {
    let (first, rest) = split_outside_quotes(path, '.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let bare = first.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| bare.strip_prefix(quote)?.strip_suffix(quote));
    let mut found = vec![quoted.unwrap_or(bare)];
    found.extend(rest.into_iter().flat_map(keys));
    found
}

/// The same, checked.
///
/// # Errors
/// A sentence that says what is wrong, and ends with a right one.
pub(crate) fn dotted_keys(path: &str) -> Result<Vec<&str>, String> {
    if path.len() > LONGEST_PATH {
        return Err("has a key that is too long: write for instance battery.bat_01.power_kw".into());
    }
    let keys = keys(path);
    if keys.iter().any(|key| key.is_empty()) {
        return Err(format!("`{path}` is no dotted key: write for instance battery.bat_01.power_kw"));
    }
    Ok(keys)
}

/// A value of the command line: what it is in TOML, otherwise a text.
fn written(value: &str) -> Value {
    let parsed = Node::parse(&format!("value = {value}"), Path::new("value"));
    match parsed.map(|node| node.value) {
        // A value that goes on to write other keys is none.
        Ok(Value::Table(mut table)) if table.len() == 1 => {
            table.remove("value").map_or_else(|| Value::Text(value.into()), |node| node.value)
        }
        _ => Value::Text(value.into()),
    }
}

/// Whether the table at `path` is one of keys, rather than a value that happens to be written as a table.
fn is_joined(path: &[&str]) -> bool {
    let holds_tables = |section: &str| {
        ["fleet", "series", "sessions", "fault", "product"].contains(&section)
            || AssetKind::ALL.iter().any(|kind| kind.section() == section)
    };
    match path {
        [] | [_] => true,
        [section, _] => holds_tables(section),
        ["fleet", _, "evse"] | ["series", _, "columns"] => true,
        _ => false,
    }
}

impl Node {
    /// Reads TOML; `path` is named in errors and in the places of values.
    ///
    /// # Errors
    /// [`ScenarioError::Syntax`] with line and column.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let root = DeTable::parse(text)
            .map_err(|error| ScenarioError::Syntax { path: path.into(), message: legible(&error.to_string()) })?;
        let lines = Lines::of(text, path);
        let table = lines.table(root.get_ref())?;
        Ok(Self { value: Value::Table(table), origin: lines.origin(0) })
    }

    /// Lays another tree over this one: sections, assets, fleets and the like are joined key by key; everything else,
    /// also a table that is one value (a rule, a law, weights of communes), is replaced.
    pub(crate) fn overlay(&mut self, over: Self) {
        self.overlay_at(&[], over);
    }

    fn overlay_at(&mut self, path: &[&str], over: Self) {
        match (&mut self.value, over.value) {
            (Value::Table(below), Value::Table(above)) if is_joined(path) => {
                for (key, node) in above {
                    match below.get_mut(&key) {
                        Some(known) => known.overlay_at(&[path, &[&key]].concat(), node),
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
    pub(crate) fn assign(&mut self, assignment: &str, origin: &Origin) -> Result<(), ScenarioError> {
        let wrong =
            |text: String| ScenarioError::from(Problem { place: Some(origin.to_string()), key: String::new(), text });
        let Some((path, value)) = split_outside_quotes(assignment, '=') else {
            return Err(wrong("is no assignment: write KEY=VALUE, for instance run.seed=3".into()));
        };
        let keys = dotted_keys(path).map_err(|text| wrong(format!("{text}=25")))?;
        let value = value.trim();
        let mut node = Self { value: written(value), origin: origin.clone() };
        node.stamp(origin);
        self.put(&keys, &node).map_err(wrong)
    }

    /// Writes a value at a dotted path, in which a `*` stands for every table at its place.
    ///
    /// # Errors
    /// A sentence, if it is no dotted path, or leads through something that is no table.
    pub(crate) fn assign_value(&mut self, path: &str, value: &Self) -> Result<(), String> {
        self.put(&dotted_keys(path)?, value)
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
        // A table that nothing but an assignment has made, whose name may be misspelt.
        let empty = || {
            let origin = Origin::Option(node.origin.to_string().into());
            Self { value: Value::Table(Table::new()), origin }
        };
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

    fn assign(tree: &mut Node, assignment: &str) -> Result<(), ScenarioError> {
        tree.assign(assignment, &Origin::Option(format!("--set {assignment}").into()))
    }

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
    fn a_table_that_is_one_value_is_replaced_as_a_whole() {
        let mut below =
            tree("[ems]\nrule = { rule = \"a\", x = 1 }\n[fleet.f]\npeak = { normal = [1, 2] }\nevse = { a = 1 }\n");
        below.overlay(tree(
            "[ems]\nrule = { rule = \"b\" }\n[fleet.f]\npeak = { uniform = [1, 2] }\nevse = { b = 1 }\n",
        ));
        let expected = "{ems: {rule: {rule: b}}, fleet: {f: {evse: {a: 1, b: 1}, peak: {uniform: [1, 2]}}}}";
        assert_eq!(words(&below), expected);
        assert_eq!(below.origin_near("ems.rule").to_string(), "test.toml, line 2");
    }

    #[test]
    fn an_assignment_is_read_as_toml_or_as_text() {
        let mut tree = tree("[run]\nseed = 1\n[pv]\na = { x = 1 }\nb = { x = 1 }\n");
        for assignment in
            ["run.seed=3", "run.start = 2026-03-20", "pv.*.x=2.5", "new.table={a=[1]}", "run.note=hello you"]
        {
            assign(&mut tree, assignment).expect(assignment);
        }
        let seen = |path: &str| words(tree.at(path).expect(path));
        assert_eq!([seen("run.seed"), seen("pv.b.x"), seen("new.table")], ["3", "2.5", "{a: [1]}"].map(String::from));
        assert_eq!([seen("run.start"), seen("run.note")], ["2026-03-20", "hello you"].map(String::from));
        assert_eq!(tree.origin_near("run.seed").to_string(), "--set run.seed=3");
    }

    #[test]
    fn keys_and_values_of_an_assignment_may_hold_dots_equal_signs_and_accents() {
        let mut tree = tree("");
        let assignments =
            ["columns.\"Temp. °C\".unit=K", "a.b=x=y", "pv.pv_01.commune=Le Prêcheur", "c=3\nd = 4", "e.'f = g'={h=1}"];
        for assignment in assignments {
            assign(&mut tree, assignment).expect(assignment);
        }
        let expected = "{a: {b: x=y}, c: 3\nd = 4, columns: {Temp. °C: {unit: K}}, e: {f = g: {h: 1}}, \
                        pv: {pv_01: {commune: Le Prêcheur}}}";
        assert_eq!(words(&tree), expected);
    }

    #[test]
    fn what_is_no_assignment_is_refused() {
        for assignment in ["run.seed", "=3", "a..b=3", "run.seed.x=3", "run.*.x=3"] {
            let error = assign(&mut tree("[run]\nseed = 1\n"), assignment).expect_err(assignment).to_string();
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
