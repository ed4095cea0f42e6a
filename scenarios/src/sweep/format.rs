//! The keys of a sweep file, defined as those of a scenario are.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{choice, parameters};
use serde::Serialize;

/// Version of the format that this program reads.
pub(super) const VERSION: u64 = 1;
/// Most runs of one sweep.
pub(super) const MOST_RUNS: u64 = 1_000_000;

/// How the points of a sweep are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Every value of every axis with every other.
    Grid,
    /// A Latin hypercube.
    Lhs,
    /// Sobol's sequence.
    Sobol,
    /// As listed.
    List,
}

choice!(Method {
    "grid" => Method::Grid,
    "lhs" => Method::Lhs,
    "sobol" => Method::Sobol,
    "list" => Method::List,
});

impl Method {
    /// Its name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Lhs => "lhs",
            Self::Sobol => "sobol",
            Self::List => "list",
        }
    }

    /// Whether points are drawn from the unit cube.
    pub(super) fn is_sampled(self) -> bool {
        matches!(self, Self::Lhs | Self::Sobol)
    }
}

/// How a range is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Scale {
    Linear,
    Log,
}

choice!(Scale { "linear" => Scale::Linear, "log" => Scale::Log });

parameters! {
    /// The head of a sweep file.
    pub(super) struct SweepHead in "" {
        /// Version of the format.
        version: u64, "1", Any, "";
        /// Name of the sweep.
        name: String, "name", Any, "";
        /// What it is about.
        about: Option<String> = None, "text", Any, "";
        /// The scenario that all points begin with: a built-in one, or a file sought from the sweep file's folder. A sweep has
        /// this or `from`.
        base: Option<String> = None, "scenario", Any, "";
        /// Instead of base, what all points go on from: the place of a live twin, whose latest snapshot is taken, or the
        /// file of a snapshot, sought from the sweep file's folder.
        from: Option<String> = None, "path", Any, "";
        /// How points are chosen: all combinations (grid), a Latin hypercube (lhs), Sobol's sequence (sobol), or as listed
        /// (list).
        method: Method, "method", Any, "";
        /// Number of points; of lhs and sobol, which need it.
        n: Option<u64> = None, "whole number", Within(1.0, 1e6), "";
        /// Seed of the sampling; of lhs and sobol. None: 0.
        seed: Option<u64> = None, "whole number", Any, "";
        /// Whether points are scattered at random within the order of the design; of lhs and sobol. None: true, as SciPy
        /// has it.
        scramble: Option<bool> = None, "true or false", Any, "";
        /// How often each point is run, with a seed of its own each time: first_seed, first_seed + 1 and so on. None: once.
        replicates: Option<u64> = None, "whole number", Within(1.0, 1e6), "";
        /// The first of these seeds. None: run.seed of the base, or of the snapshot.
        first_seed: Option<u64> = None, "whole number", Within(0.0, 9e15), "";
    }
}

parameters! {
    /// What differs between the points. An axis has one key or several, and says its values by one of `values`, `range`,
    /// `law` and `cases`; with the method list the points say them.
    pub(super) struct AxisSection in "axis" {
        /// Name of the axis: a column of the results.
        name: String, "name", Any, "";
        /// What it varies, for readers of the results. None: as the parameter is described, if the key names one.
        about: Option<String> = None, "text", Any, "";
        /// Unit of its values, for readers of the results. None: that of the parameter.
        unit: Option<String> = None, "unit", Any, "";
        /// The dotted key that is set, as `--set` takes it; `*` stands for every table at its place.
        key: Option<String> = None, "key", Any, "";
        /// Lowest and highest value.
        range: Option<[f64; 2]> = None, "list of two", Any, "";
        /// Number of values of a range, both ends included; of grids, which need it.
        steps: Option<u64> = None, "whole number", Within(1.0, 1e6), "";
        /// Whether a range is divided evenly (linear) or by equal factors (log). None: linear.
        scale: Option<Scale> = None, "linear or log", Any, "";
        /// Whole numbers only: of a range all of them equally likely (by equal factors, with the scale log), in a grid the
        /// nearest to each step; of a law the nearest.
        whole: Option<bool> = None, "true or false", Any, "";
    }
}
