//! Scenarios that go on from a snapshot: their start is that of the run it was taken of, their duration counts from it.

use crate::document::{Node, Reader, Value};
use crate::duration::format_duration;
use crate::error::{Problem, ScenarioError};
use crate::parameters::Parameters;
use crate::scenario::Scenario;
use crate::sections::RunSection;
use agents::Span;
use std::cell::RefCell;

/// How far a run looks ahead where that is not said.
const USUAL: &str = "run.duration=1d";
/// What is wrong with another start.
const FIXED_START: &str = "can not be changed: a run from a snapshot begins at its instant, leave it out";

/// How the scenario of a snapshot is changed to go on from it.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// `run.start` of the run of which the snapshot was taken.
    start: Option<Node>,
    /// How long after it the snapshot was taken.
    gone: Span,
}

impl Ahead {
    /// Runs of `scenario` that go on from a snapshot taken `gone` after its start; from now on its `run.duration` counts
    /// from the snapshot, and is a day.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] if its `run` is no table.
    pub fn of(scenario: &mut Scenario, gone: Span) -> Result<Self, ScenarioError> {
        scenario.set_by("what a run from a snapshot looks ahead", USUAL)?;
        Ok(Self::again(scenario, gone))
    }

    /// The same of a scenario whose `run.duration` counts from the snapshot already.
    pub fn again(scenario: &Scenario, gone: Span) -> Self {
        Self { start: scenario.root.at("run.start").cloned(), gone }
    }

    /// What is wrong with a scenario that has been changed, if its start is another one.
    pub(crate) fn objection(&self, changed: &Scenario) -> Option<Problem> {
        let start = changed.root.at("run.start");
        let at = start.or(changed.root.at("run")).unwrap_or(&changed.root);
        (start != self.start.as_ref()).then(|| Problem::at(at, "run.start", FIXED_START))
    }

    /// Makes a scenario that has been changed one to be resolved: its `run.duration` then counts from its start. Of a
    /// snapshot that was taken within a tick, it counts from the tick's end.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] if its start is another one.
    pub fn settle(&self, changed: &mut Scenario) -> Result<(), ScenarioError> {
        if let Some(problem) = self.objection(changed) {
            return Err(problem.into());
        }
        let Some(node) = changed.root.at("run") else { return Ok(()) };
        let problems = RefCell::default();
        let run = RunSection::read(&mut Reader::new("run", node, None, &problems));
        // What can not be read is told when it is resolved.
        if problems.into_inner().is_empty() {
            let ticks = (self.gone.0 + run.tick.0 - 1).div_euclid(run.tick.0);
            let total = ticks.saturating_mul(run.tick.0).saturating_add(run.duration.0);
            let origin = changed.root.origin_near("run.duration").clone();
            let value = Node { value: Value::Text(format_duration(Span(total))), origin };
            changed.root.assign_value("run.duration", &value).expect("the run is a table with a duration");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ahead(gone: Span, assignments: &[&str]) -> Result<Scenario, String> {
        let mut scenario = Scenario::load("martinique").expect("it is built in");
        let ahead = Ahead::of(&mut scenario, gone).expect("it has a run");
        assignments.iter().try_for_each(|assignment| scenario.set(assignment)).map_err(|error| error.to_string())?;
        ahead.settle(&mut scenario).map_err(|error| error.to_string())?;
        Ok(scenario)
    }

    #[test]
    fn the_duration_counts_from_the_snapshot_or_from_the_end_of_the_tick_in_which_it_was_taken() {
        let [hours, odd] = [Span::from_hours(9.0), Span::from_hours(9.0) + Span::from_s(5)];
        for (gone, assignments, expected) in [
            (hours, &[][..], "33h"),
            (hours, &["run.duration=36h"], "45h"),
            (odd, &["run.tick=1s", "run.duration=55s"], "541m"),
            (odd, &["run.tick=15m", "run.duration=1h"], "615m"),
        ] {
            let scenario = ahead(gone, assignments).expect("it can go on");
            assert_eq!(scenario.text_at("run.duration"), Some(expected), "{assignments:?}");
            scenario.resolve(&[]).expect("it can go on");
        }
    }

    #[test]
    fn a_run_from_a_snapshot_has_no_other_start_whoever_writes_it() {
        for assignment in ["run.start=2026-03-20", "run={ start = \"2026-03-20\", duration = \"1d\" }", "run={}"] {
            let error = ahead(Span::HOUR, &[assignment]).expect_err(assignment);
            assert!(error.contains(assignment) && error.contains("run.start can not be changed"), "{error}");
        }
        let error = ahead(Span::HOUR, &["run.duration=soon"]).expect("found later").resolve(&[]).expect_err("no span");
        assert!(error.to_string().contains("--set run.duration=soon: run.duration"), "{error}");
    }
}
