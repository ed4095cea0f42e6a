//! Sweeps: a scenario run at many points, each of which sets some of its parameters.
//!
//! A sweep file names a base scenario, axes of dotted keys, and how points are chosen from them: every combination, a
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

use crate::error::{Problem, ScenarioError};
use crate::scenario::Scenario;
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
    design: Design,
    /// Where the seeds are written.
    seeds_place: String,
}

impl Sweep {
    /// Loads a sweep file; what it names is sought from its folder.
    ///
    /// # Errors
    /// [`ScenarioError`] with everything that is wrong with the file, each with line, key and remedy.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text = fs::read_to_string(path).map_err(|source| ScenarioError::Read { path: path.into(), source })?;
        Self::parse(&text, path)
    }

    /// Reads a sweep from TOML; `path` is named in errors, and what it names is sought from its folder.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        read::sweep(text, path)
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
        for axis in &self.axes {
            if axis.keys.iter().any(|later| axis::covers(later, key)) {
                self.notes.push(format!("{place} changes nothing: axis {} sets it for each point", axis.name));
            }
        }
        Ok(())
    }

    /// The base with what all points have in common.
    pub fn base(&self) -> &Scenario {
        &self.base
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

    /// The scenario of one run: the base, what the point sets, and the seed.
    ///
    /// # Errors
    /// [`ScenarioError::Problems`], if a key leads through something that is no table. Unknown keys and wrong values are
    /// found by [`Scenario::resolve`], with the line of the axis or the value.
    pub fn scenario(&self, point: &Point, seed: u64) -> Result<Scenario, ScenarioError> {
        let mut scenario = self.base.clone();
        point.assignments.iter().try_for_each(|assignment| scenario.assign(assignment))?;
        scenario.set_seed(seed, &self.seeds_place)?;
        Ok(scenario)
    }
}
