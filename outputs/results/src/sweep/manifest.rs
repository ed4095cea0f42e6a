//! `sweep.json`: what a sweep is, frozen before its first run.

use serde::{Deserialize, Serialize};

use super::{Points, SWEEP_JSON, Store};
use crate::error::ResultsError;
use crate::read::heads;
use crate::run::{InputFile, Level};
use std::path::Path;

/// The mark of a `sweep.json` of ours.
const FORMAT: &str = "cariflex-sweep";
/// Version of `sweep.json` and of the tables of a sweep; grows when a reader has to know of a change.
const VERSION: u32 = 1;

/// What a sweep is. All that a run needs is here, in `points.parquet` and in `inputs/`: what is edited, moved or
/// lost afterwards changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// A hash of what is below and of the ids of all runs, see [`fits`](Self::fits).
    #[serde(default)]
    pub id: String,
    /// Name of the sweep.
    pub name: String,
    /// What it is about.
    #[serde(default)]
    pub about: Option<String>,
    /// Version and fingerprint of the engine for which it was frozen.
    #[serde(default)]
    pub engine: String,
    /// How its points were chosen: `grid`, `lhs`, `sobol` or `list`.
    pub method: String,
    /// How many points there are.
    pub points: u64,
    /// The seeds with which each point is run.
    #[serde(default)]
    pub seeds: Vec<u64>,
    /// How many runs there are.
    pub runs: u64,
    /// How much of each run is kept.
    pub record: Level,
    /// What varies, in the order of the columns.
    #[serde(default)]
    pub axes: Vec<AxisInfo>,
    /// Patterns of the key figures that `kpis.parquet` holds; empty for all.
    #[serde(default)]
    pub kpis: Vec<String>,
    /// The key figures that these are, in the order of the columns.
    #[serde(default)]
    pub figures: Vec<String>,
    /// The measured data files, by the paths at which they were found; copies lie in `inputs/`.
    #[serde(default)]
    pub inputs: Vec<InputFile>,
    /// The snapshot that all runs go on from; none where they begin with their start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<FrozenSnapshot>,
    /// The scenario to which the assignments of each run are made, as written.
    #[serde(default)]
    pub scenario: serde_json::Value,
}

/// The snapshot that a sweep goes on from; a copy lies in `inputs/`, named by its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrozenSnapshot {
    /// What the sweep file calls it: a file, or the place of a live twin, of which it was the latest.
    pub from: String,
    /// Its instant, to be read.
    pub time: String,
    /// The file in which it was found.
    pub file: InputFile,
}

/// An axis, for a reader.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AxisInfo {
    /// Its column.
    pub name: String,
    /// The dotted keys it assigns.
    pub keys: Vec<String>,
    /// Unit of its values; empty where there is none.
    pub unit: String,
    /// What it varies.
    pub description: String,
    /// Its cases, in the order of the file, where it has any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseInfo>,
}

/// A case of an axis, for a reader.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseInfo {
    /// Its name.
    pub name: String,
    /// What it assigns: pairs of key and value.
    pub set: Vec<(String, serde_json::Value)>,
}

/// The manifest as it is written.
#[derive(Serialize)]
struct Stamped<'a> {
    format: &'static str,
    schema_version: u32,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

impl Manifest {
    /// Gives the manifest its id.
    pub fn seal(mut self, points: &Points) -> Self {
        self.id = self.seal_of(points);
        self
    }

    /// Whether these are the points it was sealed with.
    pub fn fits(&self, points: &Points) -> bool {
        self.id == self.seal_of(points)
    }

    /// A hash of all that tells this sweep from another. Folders and files are left out: they are named as seen from where
    /// the program was started, and what lies in them is part of the ids of the runs.
    fn seal_of(&self, points: &Points) -> String {
        let scenario = serde_json::Value::Null;
        let told = Self { id: String::new(), scenario, inputs: Vec::new(), snapshot: None, ..self.clone() };
        let mut hasher = blake3::Hasher::new();
        hasher.update(told.text().as_bytes());
        for run in &points.runs {
            hasher.update(format!("{} {} {} {}\n", run.run, run.point, run.seed, run.inputs.join(" ")).as_bytes());
        }
        hasher.finalize().to_hex()[..16].into()
    }

    /// Reads the manifest of a place; none if there is none.
    ///
    /// # Errors
    /// If it can not be read, is not ours, or was written by a later version.
    pub fn read(store: &dyn Store) -> Result<Option<Self>, ResultsError> {
        let place = store.place();
        store.read(SWEEP_JSON)?.map(|text| Self::parse(&text, Path::new(&place))).transpose()
    }

    /// Understands the text of a `sweep.json` found at `place`.
    pub(crate) fn parse(text: &[u8], place: &Path) -> Result<Self, ResultsError> {
        heads::parse(text, place, SWEEP_JSON, FORMAT, VERSION)
    }

    /// Writes it; from now on the sweep is frozen.
    pub fn write(&self, store: &dyn Store) -> Result<(), ResultsError> {
        store.write(SWEEP_JSON, self.text().as_bytes())
    }

    fn text(&self) -> String {
        let stamped = Stamped { format: FORMAT, schema_version: VERSION, manifest: self };
        let mut text = serde_json::to_string_pretty(&stamped).expect("a manifest is plain data");
        text.push('\n');
        text
    }
}
