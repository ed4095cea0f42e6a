//! What a sweep leaves: a frozen manifest and its points, rows of runs as they end, and two tables when all have.
//!
//! | file | what it is |
//! |---|---|
//! | `sweep.json` | the [`Manifest`], written before the first run |
//! | `points.parquet` | one row per run: id, point, seed, parameters, and what is assigned |
//! | `inputs/` | the measured data files and the snapshot, named by their hashes |
//! | `kpis/part-*.parquet` | runs that have ended, as a worker writes them now and then |
//! | `kpis.parquet` | one row per complete run, parameters as columns, when no run is missing |
//! | `runs.parquet` | how every run went: status, error, wall time |
//! | `run=<id>/` | the tables of each run, when more than key figures are recorded |
//!
//! Everything is written in one piece and named by what it holds, so that any number of processes may work on one
//! sweep, twice if need be, without knowing of each other: the same run gives the same row. The place is a
//! [`Store`]: a folder, or a bucket of an object store.

#[cfg(feature = "s3")]
mod bucket;
mod ended;
mod folder;
mod manifest;
mod points;
mod store;
mod tables;

pub use ended::{Ended, RunEnd};
pub use manifest::{AxisInfo, CaseInfo, FrozenSnapshot, Manifest};
pub use points::{Cell, FrozenRun, Parameter, Points};
pub use store::{Scratch, Store, open};
pub use tables::{SweepTables, figures, idle_patterns, matches, tables};

/// The manifest's name in its store.
pub const SWEEP_JSON: &str = "sweep.json";
/// The points' name in its store.
pub const POINTS_PARQUET: &str = "points.parquet";
/// The name of the table of key figures in its store.
pub const KPIS_PARQUET: &str = "kpis.parquet";
/// The name of the table of how runs went in its store.
pub const RUNS_PARQUET: &str = "runs.parquet";
