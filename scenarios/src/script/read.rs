//! From a file to a script: everything that is wrong with it, and with its scenario, is told at once.

use super::format::{MOST_STEPS, ScriptHead, VERSION};
use super::step::{self, Context};
use super::{Begin, Resolve, Script, Step, What};
use crate::document::{Node, Origin, Reader, Value};
use crate::duration::format_duration;
use crate::error::{Problem, ScenarioError};
use crate::parameters::Parameters;
use crate::scenario::{Scenario, told};
use agents::Span;
use agents::record::Catalogue;
use std::cell::RefCell;
use std::path::Path;

/// A file that is being read.
struct File<'a> {
    path: &'a Path,
    root: &'a Node,
    head: ScriptHead,
    problems: &'a RefCell<Vec<Problem>>,
}

pub(super) fn script(
    text: &str,
    path: &Path,
    sets: &[String],
    resolve: &mut Resolve<'_>,
) -> Result<Script, ScenarioError> {
    let root = Node::parse(text, path)?;
    let problems = RefCell::default();
    let mut reader = Reader::new("", &root, None, &problems);
    let head = ScriptHead::read(&mut reader);
    let [of_script, steps] = ["set", "step"].map(|key| reader.node(key));
    reader.finish();
    let file = File { path, root: &root, head, problems: &problems };
    file.check_version()?;
    if matches!(root.at("name").map(|node| &node.value), Some(Value::Text(name)) if name.trim().is_empty()) {
        file.problem("name", "is empty: say in a sentence what the script shows");
    }
    for key in ["tick", "timeout"] {
        let span = if key == "tick" { file.head.tick } else { file.head.timeout };
        if span == Span::ZERO {
            file.problem(key, "is no time at all: write a duration such as \"1s\"");
        }
    }
    let scenario = file.scenario(of_script, sets);
    let catalogue = scenario.and_then(|scenario| file.resolve(scenario, resolve));
    let steps = file.steps(steps, catalogue.as_ref());
    let ScriptHead { name, about, timeout, .. } = file.head;
    told(problems.into_inner())?;
    Ok(Script { name, about, timeout, steps })
}

impl File<'_> {
    fn problem(&self, key: &str, text: impl Into<String>) {
        self.problems.borrow_mut().push(self.root.problem(key, text));
    }

    /// Nothing else is told of a file of another version.
    fn check_version(&self) -> Result<(), ScenarioError> {
        match self.root.at("version").map(|node| &node.value) {
            Some(Value::Integer(VERSION)) if self.root.at("axis").is_none() => Ok(()),
            Some(Value::Integer(VERSION)) => {
                Err(self.root.error("version", "is that of a sweep, which holds axes: `cariflex sweep` runs it"))
            }
            Some(Value::Integer(2)) if self.root.at("step").is_none() => {
                let text = "is 2, that of scenarios: `cariflex run` runs one, and a script begins with version = 1";
                Err(self.root.error("version", text))
            }
            Some(Value::Integer(version)) => {
                Err(self.root.error("version", format!("is {version}: this program reads scripts of version 1")))
            }
            Some(other) => {
                Err(self.root.error("version", format!("is {}: write the whole number, version = 1", other.kind())))
            }
            None => Err(self.root.error("version", "is missing: write version = 1 in the first line")),
        }
    }

    /// The scenario with what the head, the script and the command line change in it.
    fn scenario(&self, of_script: Option<&Node>, sets: &[String]) -> Option<Scenario> {
        let sets_of_script = self.sets(of_script);
        let Some(Value::Text(name)) = self.root.at("scenario").map(|node| &node.value) else { return None };
        let mut scenario = match Scenario::load_from(name, self.path.parent()) {
            Ok(scenario) => scenario,
            // Those of the scenario name its lines themselves.
            Err(ScenarioError::Problems(found)) => {
                self.problems.borrow_mut().extend(found);
                return None;
            }
            Err(error) => {
                self.problem("scenario", format!("is {name:?}: {error}"));
                return None;
            }
        };
        let ScriptHead { start, tick, timeout, .. } = &self.head;
        let (tick, timeout) = (format_duration(*tick), format_duration(*timeout));
        let of_head = [("start", "run.start", start.as_ref()), ("tick", "run.tick", Some(&tick))];
        for (key, path, value) in of_head.into_iter().chain([("timeout", "run.duration", Some(&timeout))]) {
            let Some(value) = value else { continue };
            let node = Node { value: Value::Text(value.clone()), origin: self.root.origin_near(key).clone() };
            // A scenario whose `run` is no table is told of when it is resolved.
            drop(scenario.root.assign_value(path, &node));
        }
        let of_line = sets_of_script.iter().map(|(text, origin)| scenario.root.assign(text, origin));
        let wrong: Vec<ScenarioError> = of_line.filter_map(Result::err).collect();
        let wrong = wrong.into_iter().chain(sets.iter().filter_map(|text| scenario.set(text).err()));
        let before = self.problems.borrow().len();
        for error in wrong {
            if let ScenarioError::Problems(found) = error {
                self.problems.borrow_mut().extend(found);
            }
        }
        (self.problems.borrow().len() == before).then_some(scenario)
    }

    /// The assignments of the script.
    fn sets(&self, node: Option<&Node>) -> Vec<(String, Origin)> {
        let Some(node) = node else { return Vec::new() };
        let Value::List(nodes) = &node.value else {
            self.problem("set", format!("is {}: write a list, set = [\"run.seed=3\"]", node.value.kind()));
            return Vec::new();
        };
        let assignment = |node: &Node| match &node.value {
            Value::Text(text) => Some((text.clone(), node.origin.clone())),
            other => {
                let text = format!("holds {}: write assignments in quotes, \"run.seed=3\"", other.kind());
                self.problems.borrow_mut().push(Problem::at(node, "set", text));
                None
            }
        };
        nodes.iter().filter_map(assignment).collect()
    }

    fn resolve(&self, scenario: Scenario, resolve: &mut Resolve<'_>) -> Option<Catalogue> {
        match resolve(scenario) {
            Ok(catalogue) => Some(catalogue),
            Err(ScenarioError::Problems(found)) => {
                self.problems.borrow_mut().extend(found);
                None
            }
            Err(error) => {
                self.problem("scenario", format!("can not be used: {error}"));
                None
            }
        }
    }

    /// The steps; those that could not be read are problems.
    fn steps(&self, node: Option<&Node>, catalogue: Option<&Catalogue>) -> Vec<Step> {
        let remedy = "write [[step]] for each step";
        let nodes = match node.map(|node| &node.value) {
            None => {
                self.problem("step", format!("is missing: {remedy}"));
                return Vec::new();
            }
            Some(Value::List(nodes)) if nodes.is_empty() => {
                self.problem("step", format!("is empty: {remedy}"));
                return Vec::new();
            }
            Some(Value::List(nodes)) if nodes.len() > MOST_STEPS => {
                self.problem("step", format!("is there {} times: write at most {MOST_STEPS}", nodes.len()));
                return Vec::new();
            }
            Some(Value::List(nodes)) if nodes.iter().all(|node| node.table().is_some()) => nodes,
            Some(other) => {
                self.problem("step", format!("is {}: {remedy}", other.kind()));
                return Vec::new();
            }
        };
        let context = Context { catalogue, problems: self.problems };
        let read: Vec<Option<Step>> =
            nodes.iter().enumerate().map(|(index, node)| step::read(index + 1, node, context)).collect();
        self.check_times(nodes, &read);
        let can_fail = |node: &Node| ["expect", "wait", "answer"].iter().any(|key| node.at(key).is_some());
        if !nodes.iter().any(can_fail) {
            let text = "expects nothing: write a step with `expect`, `wait` or `answer`, or the script can not fail";
            self.problem("step", text);
        }
        read.into_iter().flatten().collect()
    }

    /// Steps begin one after the other, and within the time of the script.
    fn check_times(&self, nodes: &[Node], steps: &[Option<Step>]) {
        let timeout = self.head.timeout;
        let mut clock = Span::ZERO;
        for (index, (node, step)) in nodes.iter().zip(steps).enumerate() {
            let Some(step) = step else { continue };
            let wrong = |key: &str, text: String| {
                let place = node.at(key).unwrap_or(node);
                self.problems.borrow_mut().push(Problem::at(place, &format!("step {}.{key}", index + 1), text));
            };
            let earliest = clock;
            let (key, begin) = match step.begin {
                Begin::At(span) => ("at", span),
                Begin::After(span) => ("after", earliest + span),
            };
            if begin < earliest {
                let (at, before) = (format_duration(begin), format_duration(earliest));
                wrong(
                    key,
                    format!("is {at}, but the steps before take until {before}: put the steps in the order of time"),
                );
            }
            clock = earliest.max(begin);
            if begin >= timeout {
                let (at, timeout) = (format_duration(begin), format_duration(timeout));
                wrong(
                    key,
                    format!("is {at} after the start, when time is over: write a timeout of more than {timeout}"),
                );
                return;
            }
            if let What::Expect { throughout: Some(span), .. } = &step.what {
                clock = clock + *span;
                if clock > timeout {
                    let (end, timeout) = (format_duration(clock), format_duration(timeout));
                    wrong("throughout", format!("ends {end} after the start: write a timeout of more than {timeout}"));
                    return;
                }
            }
        }
    }
}
