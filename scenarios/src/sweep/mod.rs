//! Sweeps: a scenario run at many points, each of which sets some of its parameters.
//!
//! A sweep file names a base scenario or a snapshot to go on from, axes of dotted keys, and how points are chosen from them: every combination, a
//! Latin hypercube, Sobol's sequence, or a list. Designs are those of SciPy's `scipy.stats.qmc` for the same seed, bit
//! for bit. `scenarios/SWEEPS.md` is the reference of the format.

mod axis;
mod design;
mod format;
mod generator;
mod levels;
mod list;
mod quantile;
mod read;
mod reference;
mod unit;
mod value;

pub use axis::Axis;
pub use format::Method;
pub use reference::reference;
pub use value::{AxisValue, Point};

use crate::ahead::Ahead;
use crate::error::{Problem, ScenarioError};
use crate::scenario::Scenario;
use agents::Span;
use design::Design;
use std::fs;
use std::path::Path;

/// A sweep, read and checked: the base, and what its points are. That each point's values fit their parameters is found
/// by resolving its scenario.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub about: Option<String>,
    /// How its points are chosen.
    pub method: Method,
    /// What differs between the points, in the order of the file: a column of the results each.
    pub axes: Vec<Axis>,
    /// The seeds with which each point is run, in this order.
    pub seeds: Vec<u64>,
    /// Patterns of the key figures to be kept, in which `*` stands for any letters; none for all of them.
    pub kpis: Vec<String>,
    /// What the reader should know though nothing is wrong.
    pub notes: Vec<String>,
    base: Scenario,
    snapshot: Option<SnapshotName>,
    design: Design,
    /// Where the seeds are written.
    seeds_place: String,
}

/// The snapshot that all points of a sweep go on from, as the sweep file names it.
#[derive(Clone, Debug)]
pub struct SnapshotName {
    /// The value of `from`.
    pub written: String,
    /// File and line where that is written.
    pub place: String,
    ahead: Ahead,
}

/// Opens the snapshot at a path, of a file or of the place of a live twin: the scenario of its run, and how long after the
/// run's start it was taken; otherwise a sentence that says why it can not be used.
pub type OpenSnapshot<'a> = dyn FnMut(&Path) -> Result<(Scenario, Span), String> + 'a;

/// Opens none: for sweeps that begin with a base.
fn open_none(_: &Path) -> Result<(Scenario, Span), String> {
    Err("snapshots are opened by `cariflex sweep` only: write base = … here".into())
}

impl Sweep {
    /// Loads a sweep file; what it names is sought from its folder.
    ///
    /// # Errors
    /// [`ScenarioError`] with everything that is wrong with the file, each with line, key and remedy.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        Self::load_with(path, &mut open_none)
    }

    /// The same of a file that may say `from`, by which `open` opens the snapshot.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with(path: &Path, open: &mut OpenSnapshot<'_>) -> Result<Self, ScenarioError> {
        let text = fs::read_to_string(path).map_err(|source| ScenarioError::Read { path: path.into(), source })?;
        read::sweep(&text, path, open)
    }

    /// Reads a sweep from TOML; `path` is named in errors, and what it names is sought from its folder.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        read::sweep(text, path, &mut open_none)
    }

    /// Takes an assignment of the command line, such as `run.duration=1d`, that holds for all points: it wins over what
    /// the file sets below `[set]`, and loses to the axes.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`] if it is none, or would set the seed, which is that of the replicates.
    pub fn set(&mut self, assignment: &str) -> Result<(), ScenarioError> {
        let place = format!("--set {assignment}");
        let key = assignment.split_once('=').map_or(assignment, |(key, _)| key).trim();
        if let Some(text) = axis::no_key(key).filter(|_| assignment.contains('=')) {
            return Err(Problem { place: Some(place), key: key.into(), text }.into());
        }
        self.base.set(assignment)?;
        if let Some(problem) = self.snapshot.as_ref().and_then(|snapshot| snapshot.ahead.objection(&self.base)) {
            return Err(problem.into());
        }
        for axis in &self.axes {
            if axis.keys.iter().any(|later| axis::covers(later, key)) {
                self.notes.push(format!("{place} changes nothing: axis {} sets it for each point", axis.name));
            }
        }
        Ok(())
    }

    /// The base, or the scenario of the snapshot, with what all points have in common.
    pub fn base(&self) -> &Scenario {
        &self.base
    }

    /// The snapshot that all points go on from; none of a sweep that begins with a base.
    pub fn snapshot(&self) -> Option<&SnapshotName> {
        self.snapshot.as_ref()
    }

    /// How many points there are.
    pub fn count(&self) -> u64 {
        self.design.count(&self.axes)
    }

    /// The points in their order; of a grid, the last axis changes from point to point. The values of an axis are of one
    /// type in all points.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`], if a law has no value where the design wants one.
    pub fn points(&self) -> Result<Vec<Point>, ScenarioError> {
        self.design.points(&self.axes).map_err(ScenarioError::Problems)
    }

    /// The scenario of one run: the base, what the point sets, and the seed; of a run from a snapshot as it is resolved,
    /// with a duration that counts from its start.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`], if a key leads through something that is no table, or to another start. Unknown keys and wrong values are
    /// found by [`Scenario::resolve`], with the line of the axis or the value.
    pub fn scenario(&self, point: &Point, seed: u64) -> Result<Scenario, ScenarioError> {
        let mut scenario = self.base.clone();
        point.assignments.iter().try_for_each(|assignment| scenario.assign(assignment))?;
        scenario.set_seed(seed, &self.seeds_place)?;
        if let Some(snapshot) = &self.snapshot {
            snapshot.ahead.settle(&mut scenario)?;
        }
        Ok(scenario)
    }
}
