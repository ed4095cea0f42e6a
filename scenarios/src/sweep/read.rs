//! From a sweep file to a sweep: everything that is wrong with it is told at once.

use super::axis::{self, Axis, How, Values};
use super::design::{Design, too_many};
use super::format::{Method, SweepHead, VERSION};
use super::{OpenSnapshot, SnapshotName, Sweep, levels, list, unit};
use crate::ahead::Ahead;
use crate::assets::no_name;
use crate::document::{Node, Reader, Table, Value, dotted_keys};
use crate::error::{Problem, ScenarioError, beginning};
use crate::parameters::Parameters;
use crate::scenario::{Scenario, is_same, told};
use std::cell::RefCell;
use std::path::Path;

/// Where a parameter has no unit, this says what is written instead.
const NO_UNITS: [&str; 25] = [
    "1 or 3",
    "1, 2 or 3",
    "2",
    "column",
    "commune",
    "date or instant",
    "duration",
    "fault",
    "fleet",
    "id",
    "instant or duration",
    "kind",
    "mechanism",
    "model",
    "name",
    "path",
    "rule",
    "rules",
    "scenario",
    "table",
    "text",
    "time zone",
    "true or false",
    "whole number",
    "word",
];

/// A file that is being read.
struct File<'a> {
    path: &'a Path,
    root: &'a Node,
    head: SweepHead,
    problems: &'a RefCell<Vec<Problem>>,
}

pub(super) fn sweep(text: &str, path: &Path, open: &mut OpenSnapshot<'_>) -> Result<Sweep, ScenarioError> {
    let root = Node::parse(text, path)?;
    let problems = RefCell::default();
    let mut reader = Reader::new("", &root, None, &problems);
    let head = SweepHead::read(&mut reader);
    let [axes, settings, seeds, kpis, ..] =
        ["axis", "set", "seeds", "kpis", "point", "points"].map(|key| reader.node(key));
    reader.finish();
    let file = File { path, root: &root, head, problems: &problems };
    file.check_version()?;
    file.check_name();
    let method = file.method();
    let mut notes = Vec::new();
    let (mut base, snapshot) = file.beginning(open).unzip();
    let snapshot = snapshot.flatten();
    file.set(settings, base.as_mut(), snapshot.as_ref());
    let how = How { method, begins_at_zero: method == Some(Method::Sobol) && file.head.scramble == Some(false) };
    let mut axes = file.axes(axes, how, &mut notes);
    if let (Some(base), Some(axes)) = (&base, &mut axes) {
        file.try_keys(base, snapshot.as_ref(), axes);
    }
    let (seeds, seeds_place) = file.seeds(seeds, base.as_ref());
    let kpis = file.kpis(kpis);
    let design = file.design(method, axes.as_deref(), &mut notes);
    if let (Some(axes), Some(design)) = (&axes, &design)
        && let Some(text) = too_many(design.count(axes), seeds.len() as u64)
    {
        file.problem("axis", text);
    }
    let head = file.head;
    told(problems.into_inner())?;
    let (base, axes, design, method) = base
        .zip(axes)
        .zip(design.zip(method))
        .map(|((base, axes), (design, method))| (base, axes, design, method))
        .expect("what could not be read is a problem");
    let SweepHead { name, about, .. } = head;
    Ok(Sweep { name, about, method, axes, seeds, kpis, notes, base, snapshot, design, seeds_place })
}

impl File<'_> {
    fn problem(&self, key: &str, text: impl Into<String>) {
        self.problems.borrow_mut().push(self.root.problem(key, text));
    }

    fn folder(&self) -> Option<&Path> {
        self.path.parent()
    }

    /// Nothing else is told of a file of another version.
    fn check_version(&self) -> Result<(), ScenarioError> {
        match self.root.at("version").map(|node| &node.value) {
            Some(Value::Integer(version)) if *version == VERSION as i64 => Ok(()),
            Some(Value::Integer(2)) if self.root.at("axis").is_none() => {
                let text = "is 2, that of scenarios: `cariflex run` runs one, and a sweep file begins with version = 1";
                Err(self.root.error("version", text))
            }
            Some(Value::Integer(version)) => {
                Err(self.root.error("version", format!("is {version}: this program reads sweeps of version 1")))
            }
            Some(other) => {
                Err(self.root.error("version", format!("is {}: write the whole number, version = 1", other.kind())))
            }
            None => Err(self.root.error("version", "is missing: write version = 1 in the first line")),
        }
    }

    /// The name, which begins that of the folder of results.
    fn check_name(&self) {
        if matches!(self.root.at("name").map(|node| &node.value), Some(Value::Text(_)))
            && let Some(text) = no_name(&self.head.name)
        {
            self.problem("name", text);
        }
    }

    /// The method, if it could be read; and that only its own keys are there.
    fn method(&self) -> Option<Method> {
        let Some(Value::Text(written)) = self.root.at("method").map(|node| &node.value) else { return None };
        let method = Some(self.head.method).filter(|method| method.as_str() == written)?;
        let is_there = |key: &&str| self.root.at(key).is_some();
        if !method.is_sampled() {
            for key in ["n", "seed", "scramble"].into_iter().filter(is_there) {
                let text = format!("goes with the methods lhs and sobol only: leave it out with {written:?}");
                self.problem(key, text);
            }
        }
        if method != Method::List {
            for key in ["point", "points"].into_iter().filter(is_there) {
                self.problem(key, format!("goes with the method list only: leave it out with {written:?}"));
            }
        }
        Some(method)
    }

    /// What the points begin with: a base, or the scenario of a snapshot and the snapshot.
    fn beginning(&self, open: &mut OpenSnapshot<'_>) -> Option<(Scenario, Option<SnapshotName>)> {
        let (mut base, snapshot) = match ["base", "from"].map(|key| self.root.at(key).map(|node| &node.value)) {
            [Some(_), Some(_)] => {
                self.problem("from", "can not go with `base`: a sweep begins with one or goes on from the other");
                return None;
            }
            [Some(Value::Text(name)), None] => (self.base(name)?, None),
            [None, Some(Value::Text(name))] => {
                self.snapshot(name, open).map(|(base, snapshot)| (base, Some(snapshot)))?
            }
            [None, None] => {
                let text = "is missing: write base = …, the scenario that all points begin with, or from = …, the snapshot \
                            or the place of a live twin that all points go on from";
                self.problem("base", text);
                return None;
            }
            _ => return None,
        };
        // Thousands of runs with all their rows are rarely meant; below `[set]` they can be had. A base whose `run` is no
        // table is told of when it is resolved.
        drop(base.set_by("what a sweep records", "run.record=kpis"));
        Some((base, snapshot))
    }

    fn base(&self, name: &str) -> Option<Scenario> {
        let path = self.folder().unwrap_or(Path::new("")).join(name);
        if is_same(&path, self.path) {
            self.problem("base", format!("is {name:?}, this sweep file itself: name the scenario that is varied"));
            return None;
        }
        match Scenario::load_from(name, self.folder()) {
            Ok(base) => Some(base),
            // Those of the base name its lines themselves.
            Err(ScenarioError::Problems(found)) => {
                self.problems.borrow_mut().extend(found);
                None
            }
            Err(error) => {
                self.problem("base", format!("is {name:?}: {error}"));
                None
            }
        }
    }

    /// The scenario of the snapshot called `name`, and the snapshot.
    fn snapshot(&self, name: &str, open: &mut OpenSnapshot<'_>) -> Option<(Scenario, SnapshotName)> {
        let opened = open(&self.folder().unwrap_or(Path::new("")).join(name)).and_then(|(mut scenario, gone)| {
            let ahead = Ahead::of(&mut scenario, gone).map_err(|error| error.to_string())?;
            let place = self.root.origin_near("from").to_string();
            Ok((scenario, SnapshotName { written: name.into(), place, ahead }))
        });
        opened.map_err(|text| self.problem("from", format!("is {name:?}: {text}"))).ok()
    }

    /// Sets in the base what all points have in common.
    fn set(&self, settings: Option<&Node>, base: Option<&mut Scenario>, snapshot: Option<&SnapshotName>) {
        let Some(node) = settings else { return };
        let assignments = levels::assignments(node, "set", self.problems);
        let Some(base) = base else { return };
        for assignment in assignments {
            if let Err(ScenarioError::Problems(found)) = base.assign(&assignment) {
                self.problems.borrow_mut().extend(found);
            }
        }
        self.problems.borrow_mut().extend(snapshot.and_then(|snapshot| snapshot.ahead.objection(base)));
    }

    /// The axes, if all of them could be read.
    fn axes(&self, node: Option<&Node>, how: How, notes: &mut Vec<String>) -> Option<Vec<Axis>> {
        let Some(node) = node else {
            self.problem("axis", "is missing: write at least one [[axis]], with name, key and values");
            return None;
        };
        let nodes = match &node.value {
            Value::List(nodes) if nodes.is_empty() => {
                self.problem("axis", "is empty: write at least one [[axis]], with name, key and values");
                return None;
            }
            Value::List(nodes) if nodes.iter().all(|node| node.table().is_some()) => nodes,
            other => {
                self.problem("axis", format!("is {}: write [[axis]] for each axis", other.kind()));
                return None;
            }
        };
        let read = |(index, node)| axis::read(index + 1, node, how, notes, self.problems);
        let axes: Vec<Option<Axis>> = nodes.iter().enumerate().map(read).collect();
        let is_complete = axes.iter().all(Option::is_some);
        let axes: Vec<Axis> = axes.into_iter().flatten().collect();
        axis::check_together(&axes, self.problems);
        is_complete.then_some(axes)
    }

    /// Every key must lead through tables of the base; where it names a parameter, the axis is described by it.
    fn try_keys(&self, base: &Scenario, snapshot: Option<&SnapshotName>, axes: &mut [Axis]) {
        let mut tried = base.clone();
        let sections = base.sections();
        for axis in axes {
            let is_begun = snapshot.is_some_and(|snapshot| snapshot.ahead.objection(&tried).is_none());
            let parameter = axis.keys.iter().find_map(|key| parameter_at(&sections, key));
            if let Some(parameter) = parameter.filter(|_| axis.node.at("cases").is_none()) {
                let or = |said: &mut String, known: &str| {
                    if said.is_empty() {
                        *said = known.into();
                    }
                };
                or(&mut axis.unit, if NO_UNITS.contains(&parameter.unit) { "" } else { parameter.unit });
                or(&mut axis.description, parameter.doc);
            }
            let cases = match &axis.values {
                Values::Levels(levels) => &levels[..1],
                _ => &[],
            };
            let wrong =
                cases.iter().flat_map(|case| &case.assignments).find_map(|assignment| tried.assign(assignment).err());
            let given = || {
                let any = Node { value: Value::Table(Table::new()), origin: axis.node.origin.clone() };
                axis.keys.iter().find_map(|key| tried.root.assign_value(key, &any).err().map(|text| (key, text)))
            };
            if let Some(ScenarioError::Problems(found)) = wrong {
                self.problems.borrow_mut().extend(found);
            } else if let Some((key, text)) = cases.is_empty().then(given).flatten() {
                let node = ["key", "keys"].into_iter().find_map(|name| axis.node.at(name)).unwrap_or(&axis.node);
                self.problems.borrow_mut().push(Problem::at(node, key, text));
            }
            // Told once, of the axis that writes it first.
            let objection = snapshot.filter(|_| is_begun).and_then(|snapshot| snapshot.ahead.objection(&tried));
            self.problems.borrow_mut().extend(objection);
        }
    }

    /// The seeds of every point, and where they are written.
    fn seeds(&self, node: Option<&Node>, base: Option<&Scenario>) -> (Vec<u64>, String) {
        let place = |key: &str| self.root.origin_near(key).to_string();
        let Some(node) = node else {
            let of_base = match base.and_then(|base| base.root.at("run.seed")).map(|node| &node.value) {
                Some(Value::Integer(seed)) => u64::try_from(*seed).unwrap_or(0),
                _ => 0,
            };
            let first = self.head.first_seed.unwrap_or(of_base);
            let count = self.head.replicates.unwrap_or(1);
            let place = place(if self.root.at("first_seed").is_some() { "first_seed" } else { "replicates" });
            return ((first..first.saturating_add(count)).collect(), place);
        };
        for key in ["replicates", "first_seed"] {
            if self.root.at(key).is_some() {
                self.problem(key, "can not go with `seeds`, which lists them: leave one out");
            }
        }
        let wrong = |node: &Node, text: String| self.problems.borrow_mut().push(Problem::at(node, "seeds", text));
        let nodes = match &node.value {
            Value::List(nodes) if !nodes.is_empty() => &nodes[..],
            _ => {
                wrong(node, "is no list of seeds: write seeds = [1, 2, 3], or replicates = 3".into());
                &[]
            }
        };
        let mut seeds = Vec::new();
        for node in nodes {
            match node.value {
                Value::Integer(seed) if seed >= 0 && seeds.contains(&(seed as u64)) => {
                    wrong(node, format!("holds {seed} twice: the same run would be made again, leave one out"));
                }
                Value::Integer(seed) if seed >= 0 => seeds.push(seed as u64),
                Value::Integer(seed) => wrong(node, format!("holds {seed}: write whole numbers of at least 0")),
                ref other => wrong(node, format!("holds {}: write whole numbers", other.kind())),
            }
        }
        (seeds, place("seeds"))
    }

    /// Patterns of key figures.
    fn kpis(&self, node: Option<&Node>) -> Vec<String> {
        let Some(node) = node else { return Vec::new() };
        let wrong = |node: &Node, text: String| self.problems.borrow_mut().push(Problem::at(node, "kpis", text));
        let nodes = match &node.value {
            Value::List(nodes) if !nodes.is_empty() => &nodes[..],
            _ => {
                wrong(node, "is no list of names: write kpis = [\"island_*\"], or leave it out for all".into());
                &[]
            }
        };
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '*');
        let mut patterns: Vec<String> = Vec::new();
        for node in nodes {
            match &node.value {
                Value::Text(pattern) if pattern.is_empty() || !pattern.chars().all(fits) => {
                    let rule = "write small letters, digits and `_`, and `*` for any of them";
                    wrong(node, format!("holds {:?}: {rule}", beginning(pattern)));
                }
                Value::Text(pattern) if patterns.contains(pattern) => {
                    wrong(node, format!("holds {pattern:?} twice: leave one out"));
                }
                Value::Text(pattern) => patterns.push(pattern.clone()),
                other => wrong(node, format!("holds {}: write names in quotes", other.kind())),
            }
        }
        patterns
    }

    fn design(&self, method: Option<Method>, axes: Option<&[Axis]>, notes: &mut Vec<String>) -> Option<Design> {
        let method = method?;
        match method {
            Method::Grid => Some(Design::Grid),
            Method::List => Some(Design::List(list::read(self.root, self.folder(), axes?, self.problems))),
            Method::Lhs | Method::Sobol => {
                if self.root.at("n").is_none() {
                    self.problem("n", format!("is missing: write how many points {} shall have", method.as_str()));
                }
                let n = self.head.n?;
                let most = unit::most_dimensions();
                if method == Method::Sobol && axes.is_some_and(|axes| axes.len() > most) {
                    self.problem(
                        "axis",
                        format!("is there more than {most} times, which is the most of sobol: take lhs"),
                    );
                }
                if method == Method::Sobol && !n.is_power_of_two() {
                    let near = n.next_power_of_two();
                    notes.push(format!(
                        "{} points of Sobol's sequence are not balanced, as numbers that are powers of two are: \
                         {} or {near}",
                        n,
                        near / 2
                    ));
                }
                let (seed, scramble) = (self.head.seed.unwrap_or(0), self.head.scramble.unwrap_or(true));
                Some(Design::Sampled { method, n: n as usize, seed, scramble })
            }
        }
    }
}

/// The parameter that a dotted key names in a scenario, whatever `*` stands for.
fn parameter_at(sections: &[(String, Vec<crate::Parameter>)], key: &str) -> Option<crate::Parameter> {
    let keys = dotted_keys(key).ok()?;
    let (last, table) = keys.split_last()?;
    let fits = |path: &str| {
        let path: Vec<&str> = path.split('.').filter(|key| !key.is_empty()).collect();
        path.len() == table.len() && path.iter().zip(table).all(|(path, key)| path == key || *key == "*")
    };
    sections
        .iter()
        .filter(|(path, _)| fits(path))
        .find_map(|(_, parameters)| parameters.iter().find(|parameter| parameter.key == *last).cloned())
}
