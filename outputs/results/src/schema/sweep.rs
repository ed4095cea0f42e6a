//! The tables of a sweep.

use super::tables::column;
use super::{Column, ColumnType, Table};
use ColumnType::{Name, Number, Real, Text, Time};

const RUN: Column =
    column("run", Text, "", "Id of the run: a hash of the scenario as resolved, its data, the seed and the engine");
const POINT: Column = column("point", Number, "", "Number of the point, from 0");
const REPLICATE: Column = column("replicate", Number, "", "Which of the runs at this point it is, from 0");
const SEED: Column = column("seed", Number, "", "Seed of the run's draws");
const START: Column = column("start", Time, "", "First instant of the run");
const END: Column = column("end", Time, "", "First instant after the last interval");
const TICK: Column = column("tick_s", Real, "s", "Length of a tick");
const PARTICIPANTS: Column = column("participants", Number, "", "Number of participants");
const COMPLETE: &str = "every row";

/// The runs of a sweep as they were frozen.
pub const POINTS: Table = Table {
    name: "points",
    rows: "One row per run, by point and replicate: frozen before the first run. One column per axis stands behind `seed`.",
    hourly: COMPLETE,
    columns: &[
        RUN,
        POINT,
        REPLICATE,
        SEED,
        START,
        END,
        TICK,
        PARTICIPANTS,
        column("inputs", Name, "", "Its data files in `inputs/`, in the order in which the scenario asks for them"),
        column("set", Text, "", "What is assigned to the scenario of `sweep.json`: pairs of key and value, in JSON"),
    ],
};

/// The key figures of a sweep.
pub const SWEEP_KPIS: Table = Table {
    name: "kpis",
    rows: "One row per complete run, by point and replicate. One column per axis stands behind `seed`, one per key \
           figure that was asked for at the end.",
    hourly: COMPLETE,
    columns: &[RUN, POINT, REPLICATE, SEED, START, END, TICK],
};

/// How the runs of a sweep went.
pub const RUNS: Table = Table {
    name: "runs",
    rows: "One row per run, by point and replicate. One column per axis stands behind `seed`.",
    hourly: COMPLETE,
    columns: &[
        RUN,
        POINT,
        REPLICATE,
        SEED,
        column("status", Name, "", "`complete` or `failed`"),
        column("error", Text, "", "Why it failed; null if it did not").or_null(),
        column("wall_s", Real, "s", "What it took on the wall clock"),
        PARTICIPANTS,
        column("ticks", Number, "", "Number of its ticks"),
    ],
};

/// Runs that have ended, while a sweep goes on.
pub const PARTS: Table = Table {
    name: "part",
    rows: "One row per run that has ended, by id; then one column per key figure. A run may be in several parts, always \
           with the same figures.",
    hourly: COMPLETE,
    columns: &[
        RUN,
        column("error", Text, "", "Why it failed; null if it did not").or_null(),
        column("wall_s", Real, "s", "What it took on the wall clock"),
    ],
};
