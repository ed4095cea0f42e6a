//! A scenario: what a person wrote, with what it extends and what the command line changes.

use crate::assets::no_name;
use crate::data::{DataTable, Measured, SeriesSection, SessionsSection};
use crate::document::{Node, Origin, Reader, Table, Value, nearest};
use crate::error::{Problem, ScenarioError};
use crate::explain;
use crate::parameters::Limits::Any;
use crate::parameters::{Parameters, parameters};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Version of the format that this program reads.
const VERSION: u64 = 2;
/// Most files that may extend one another.
const MOST_EXTENDED: usize = 16;

/// The built-in scenarios by name, and what each is about.
const BUILT_IN: [(&str, &str); 6] = [
    ("martinique", include_str!("../builtin/martinique.toml")),
    ("martinique-day", include_str!("../builtin/martinique-day.toml")),
    ("martinique-year", include_str!("../builtin/martinique-year.toml")),
    ("martinique-island", include_str!("../builtin/martinique-island.toml")),
    ("cloudy-week", include_str!("../builtin/cloudy-week.toml")),
    ("v2g-evening-peak", include_str!("../builtin/v2g-evening-peak.toml")),
];

parameters! {
    /// The head of a scenario file.
    pub(crate) struct HeadSection in "" {
        /// Version of the format.
        version: u64, "2", Any, "";
        /// Name of the scenario.
        name: String, "name", Any, "";
        /// The scenario it extends: a built-in one, or a file sought from its own folder; what is written here wins.
        extends: Option<String> = None, "scenario", Any, "";
        /// What it is about.
        about: Option<String> = None, "text", Any, "";
    }
}

/// What a person wrote: a file, what it extends, and the assignments of the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub(crate) root: Node,
}

/// A file of measured data that a scenario asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct DataFile {
    /// Dotted path of the key that names it, for instance `series.weather.file`.
    pub key: String,
    /// File and line, or the option, that name it.
    pub place: String,
    /// The file, from the present folder.
    pub path: PathBuf,
}

impl DataFile {
    /// That the file can not be used, and why.
    pub fn problem(&self, why: &impl std::fmt::Display) -> Problem {
        Problem { place: Some(self.place.clone()), key: self.key.clone(), text: format!("can not be used: {why}") }
    }
}

impl Scenario {
    /// The built-in scenarios, each with what it is about.
    pub fn built_in() -> impl Iterator<Item = (&'static str, String)> {
        BUILT_IN.into_iter().map(|(name, text)| {
            let node = Node::parse(text, Path::new(name)).ok();
            let about = node.as_ref().and_then(|node| node.at("about")).map(|node| &node.value);
            (name, if let Some(Value::Text(about)) = about { about.clone() } else { String::new() })
        })
    }

    /// Loads a built-in scenario by name, or a file by path, with all it extends.
    ///
    /// # Errors
    /// [`ScenarioError::NotFound`], [`ScenarioError::Read`], [`ScenarioError::Syntax`] with line and column, or
    /// [`ScenarioError::Problems`] for another version or a circle of extensions.
    pub fn load(name: &str) -> Result<Self, ScenarioError> {
        Self::load_from(name, None)
    }

    /// The same, where a file is sought from `folder`.
    pub(crate) fn load_from(name: &str, folder: Option<&Path>) -> Result<Self, ScenarioError> {
        let (text, path) = source(name, folder)?;
        Self::parse(&text, &path)
    }

    /// Reads a scenario from TOML; `path` is named in errors, and what it extends is sought from its folder.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let mut root = Node::parse(text, path)?;
        check_version(&root)?;
        let origin = root.origin.clone();
        let mut way = vec![path.to_owned()];
        while let Some(extends) = root.take("extends") {
            let wrong = |text: String| ScenarioError::from(Problem::at(&extends, "extends", text));
            let Value::Text(name) = &extends.value else {
                let is = extends.value.kind();
                return Err(wrong(format!("is {is}: write the name or path of one scenario in quotes")));
            };
            let folder = way.last().and_then(|path| path.parent());
            let (text, path) = source(name, folder).map_err(|error| wrong(format!("is {name:?}: {error}")))?;
            let is_known = way.iter().any(|known| is_same(known, &path));
            way.push(path.clone());
            if is_known {
                let way: Vec<_> = way.iter().map(|path| path.display().to_string()).collect();
                return Err(wrong(format!("goes in a circle, {}: let one of them extend nothing", way.join(" to "))));
            }
            if way.len() > MOST_EXTENDED {
                return Err(wrong(format!("leads through more than {MOST_EXTENDED} files: join some of them")));
            }
            let mut below = Node::parse(&text, &path)?;
            check_version(&below)?;
            below.overlay(root);
            root = below;
        }
        // What is missing altogether is missed in the file that was asked for.
        root.origin = origin;
        Ok(Self { root })
    }

    /// Takes an assignment such as `run.seed=3` or `battery.*.capacity_kwh=200`.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] if it is none. Unknown keys and wrong values are found by [`Self::resolve`].
    pub fn set(&mut self, assignment: &str) -> Result<(), ScenarioError> {
        self.set_by(&format!("--set {assignment}"), assignment)
    }

    /// The same for an option that is short for it; messages show the option as the user wrote it.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn set_by(&mut self, option: &str, assignment: &str) -> Result<(), ScenarioError> {
        self.root.assign(assignment, &Origin::Option(option.into()))
    }

    /// The text written at a dotted key, if there is one; defaults are not written.
    pub fn text_at(&self, key: &str) -> Option<&str> {
        match &self.root.at(key)?.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Adds a file of measured series with the columns `time`, `quantity`, `value` and `unit`, from the present folder.
    pub fn add_series(&mut self, path: &Path) {
        let origin = Origin::Option(format!("--series {}", path.display()).into());
        let node = |value| Node { value, origin: origin.clone() };
        let Value::Table(root) = &mut self.root.value else { return };
        let series = root.entry("series".into()).or_insert_with(|| node(Value::Table(Table::new())));
        if let Value::Table(table) = &mut series.value {
            let file = node(Value::Text(path.display().to_string()));
            let section = Table::from([("file".into(), file)]);
            let mut names = (1..).map(|number| format!("given_{number}"));
            let free = names.find(|name| !table.contains_key(name)).expect("some number is free");
            table.insert(free, node(Value::Table(section)));
        }
    }

    /// The files of measured data it asks for, in the order of their sections.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] if a section can not be read, with everything else that is wrong.
    pub fn data_files(&self) -> Result<Vec<DataFile>, ScenarioError> {
        let problems = RefCell::default();
        let mut files = Vec::new();
        let mut add = |key: String, node: &Node, file: &str| {
            let at = node.at("file").map_or(&node.origin, |file| &file.origin);
            files.push(DataFile { key: format!("{key}.file"), place: at.to_string(), path: beside(at, file) });
        };
        self.each_section("series", &problems, |key, node, reader| {
            let file = SeriesSection::read_all(reader).file;
            add(key, node, &file);
        });
        self.each_section("sessions", &problems, |key, node, reader| {
            let file = SessionsSection::read(reader).file;
            add(key, node, &file);
        });
        let problems = problems.into_inner();
        if problems.is_empty() {
            return Ok(files);
        }
        self.resolve(&[]).and(told(problems)).map(|()| files)
    }

    /// Makes measured data of the tables of [`Self::data_files`], in their order.
    pub(crate) fn measured(&self, tables: &[Arc<DataTable>], problems: &RefCell<Vec<Problem>>) -> Measured {
        let mut measured = Measured::default();
        let mut tables = tables.iter();
        let note = |outcome: Result<(), Problem>| {
            if let Err(problem) = outcome {
                problems.borrow_mut().push(problem);
            }
        };
        self.each_section("series", problems, |key, node, reader| {
            let section = SeriesSection::read_all(reader);
            if let Some(table) = tables.next() {
                note(section.load((&key, node), table, &mut measured, problems));
            }
        });
        self.each_section("sessions", problems, |key, node, reader| {
            let section = SessionsSection::read(reader);
            if let Some(table) = tables.next() {
                note(section.load((&key, node), table, &mut measured));
            }
        });
        measured
    }

    pub(crate) fn each_section(
        &self,
        name: &str,
        problems: &RefCell<Vec<Problem>>,
        mut read: impl FnMut(String, &Node, &mut Reader<'_>),
    ) {
        let Some(node) = self.root.at(name) else { return };
        let Some(table) = node.table() else {
            let text = format!("must hold tables, one for each: [{name}.some_name]");
            problems.borrow_mut().push(Problem::at(node, name, text));
            return;
        };
        for (section, node) in table {
            let key = format!("{name}.{section}");
            if let Some(text) = no_name(section) {
                problems.borrow_mut().push(Problem::at(node, &key, text));
            }
            let mut reader = Reader::new(&key, node, None, problems);
            read(key, node, &mut reader);
            reader.finish();
        }
    }

    /// Every key of the top level that is none, and what only a file may say.
    pub(crate) fn check_sections(&self, problems: &RefCell<Vec<Problem>>) {
        if let Err(ScenarioError::Problems(wrong)) = check_version(&self.root) {
            problems.borrow_mut().extend(wrong);
        }
        if let Some(extends) = self.root.at("extends") {
            let text = "can not be changed from outside: write a file that extends the other";
            problems.borrow_mut().push(Problem::at(extends, "extends", text));
        }
        let known: BTreeSet<&str> = explain::section_names().collect();
        let Some(table) = self.root.table() else { return };
        for (key, node) in table.iter().filter(|(key, _)| !known.contains(key.as_str())) {
            let hint = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", known.iter().copied().collect::<Vec<_>>().join(", ")),
            };
            problems.borrow_mut().push(Problem::at(node, key, format!("is no known section: {hint}")));
        }
    }
}

impl Node {
    pub(crate) fn take(&mut self, key: &str) -> Option<Self> {
        match &mut self.value {
            Value::Table(table) => table.remove(key),
            _ => None,
        }
    }
}

/// The problems as an error, if there are any; each only once, also where a `*` has written it in many tables.
pub(crate) fn told(mut problems: Vec<Problem>) -> Result<(), ScenarioError> {
    let mut seen = BTreeSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    let what = |problem: &Problem| {
        let last = problem.key.rsplit_once('.').map_or(&*problem.key, |(_, last)| last);
        (problem.place.clone(), last.to_owned(), problem.text.clone())
    };
    let mut counts = BTreeMap::new();
    problems.iter().for_each(|problem| *counts.entry(what(problem)).or_insert(0) += 1);
    problems.retain_mut(|problem| match counts.remove(&what(problem)) {
        Some(1) => true,
        Some(count) => {
            problem.text.push_str(&format!(" (and so for {} more)", count - 1));
            true
        }
        None => false,
    });
    if problems.is_empty() { Ok(()) } else { Err(ScenarioError::Problems(problems)) }
}

/// The text of a scenario and the path by which it goes: a built-in one, or a file sought from `folder`.
fn source(name: &str, folder: Option<&Path>) -> Result<(String, PathBuf), ScenarioError> {
    if let Some((_, text)) = BUILT_IN.into_iter().find(|(built_in, _)| *built_in == name) {
        return Ok((text.into(), PathBuf::from(name)));
    }
    let path = folder.unwrap_or(Path::new("")).join(name);
    if !path.exists() {
        let known = BUILT_IN.map(|(name, _)| format!("`{name}`")).join(", ");
        return Err(ScenarioError::NotFound { name: path.display().to_string(), known });
    }
    let text = fs::read_to_string(&path).map_err(|source| ScenarioError::Read { path: path.clone(), source })?;
    Ok((text, path))
}

/// Whether two paths lead to one file.
pub(crate) fn is_same(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

fn check_version(root: &Node) -> Result<(), ScenarioError> {
    match root.at("version").map(|node| &node.value) {
        Some(Value::Integer(version)) if *version == VERSION as i64 => Ok(()),
        Some(Value::Integer(1)) if root.at("axis").is_some() => {
            let text = "is that of a sweep, which holds axes: `cariflex sweep` runs it, and a scenario has version = 2";
            Err(root.error("version", text))
        }
        Some(Value::Integer(1)) => {
            let text = "is 1: this program reads version 2, in which assets are tables by id: [pv] pv_01 = { … }";
            Err(root.error("version", text))
        }
        Some(Value::Integer(version)) => {
            Err(root.error("version", format!("is {version}: this program reads version 2")))
        }
        Some(other) => Err(root.error("version", format!("is {}: write the whole number, version = 2", other.kind()))),
        None => Err(root.error("version", "is missing: write version = 2 in the first line")),
    }
}

/// The folder from which a file named there is sought; none for the present one.
pub(crate) fn folder_of(origin: &Origin) -> Option<&Path> {
    match origin {
        Origin::Line { path, .. } => path.parent(),
        Origin::Kept { folder, .. } => Some(folder),
        Origin::Option(_) => None,
    }
}

/// A file named in a scenario lies beside it, one named on the command line in the present folder.
fn beside(origin: &Origin, file: &str) -> PathBuf {
    folder_of(origin).map_or_else(|| file.into(), |folder| folder.join(file))
}
