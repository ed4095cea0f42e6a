//! What a folder says of itself: `run.json` of a run, `sweep.json` of a sweep.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use agents::Time;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Table;
use crate::error::ResultsError;
use crate::run::{FORMAT, InputFile, Level, RUN_JSON, RunState};
use crate::schema::{self, Table as Definition};
use crate::sweep::{self, Ended, KPIS_PARQUET, Manifest, Points, RUNS_PARQUET, SWEEP_JSON};

/// What a folder holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Head {
    /// A run.
    Run(Box<RunHead>),
    /// A sweep.
    Sweep(Box<SweepHead>),
}

/// `run.json`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct RunHead {
    /// The folder it was read from.
    #[serde(skip)]
    pub dir: PathBuf,
    /// How it goes.
    pub status: RunState,
    /// Its name.
    pub name: String,
    /// Its seed.
    pub seed: u64,
    /// First instant.
    #[serde(deserialize_with = "instant")]
    pub start: Time,
    /// First instant after the last interval, as planned.
    #[serde(deserialize_with = "instant")]
    pub end: Time,
    /// First instant after the last interval recorded; none before the last word.
    #[serde(default, deserialize_with = "instant_or_none")]
    pub reached: Option<Time>,
    /// Length of a tick.
    pub tick_s: f64,
    /// How much of it is kept.
    pub level: Level,
    /// What ran it.
    pub host: String,
    /// Version and fingerprint of the engine.
    pub engine: String,
    /// Its tables.
    #[serde(default)]
    pub tables: BTreeMap<String, TableHead>,
    /// Its key figures.
    #[serde(default)]
    pub kpis: BTreeMap<String, Option<f64>>,
    /// The files it read.
    #[serde(default)]
    pub inputs: Vec<InputFile>,
    /// How many took part of each kind.
    #[serde(default, deserialize_with = "counts")]
    pub participants: BTreeMap<String, u64>,
    /// The scenario as resolved.
    #[serde(default)]
    pub scenario: Value,
}

/// A table of a run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TableHead {
    /// Its file in the folder.
    pub file: String,
    /// Its rows.
    pub rows: u64,
}

/// A sweep in a folder.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepHead {
    /// The folder.
    pub dir: PathBuf,
    /// What `sweep.json` says.
    pub manifest: Manifest,
}

impl RunHead {
    /// Reads `run.json` of a folder; none if there is none.
    ///
    /// # Errors
    /// If it can not be read, is not ours, or is of a later version.
    pub fn read(dir: &Path) -> Result<Option<Self>, ResultsError> {
        let Some(text) = text(&dir.join(RUN_JSON))? else { return Ok(None) };
        let head: Self = parse(&text, dir, RUN_JSON, FORMAT, schema::VERSION)?;
        Ok(Some(Self { dir: dir.to_owned(), ..head }))
    }

    /// Where a table of it is, if it was recorded.
    pub fn table(&self, table: &Definition) -> Option<PathBuf> {
        self.file(table.name)
    }

    /// Where the table of that name is, if it was recorded; the file may have been taken away since.
    pub fn file(&self, table: &str) -> Option<PathBuf> {
        self.tables.get(table).map(|table| self.dir.join(&table.file))
    }
}

impl SweepHead {
    /// Reads `sweep.json` of a folder; none if there is none.
    ///
    /// # Errors
    /// If it can not be read, is not ours, or is of a later version.
    pub fn read(dir: &Path) -> Result<Option<Self>, ResultsError> {
        let text = text(&dir.join(SWEEP_JSON))?;
        let manifest = text.map(|text| Manifest::parse(&text, dir)).transpose()?;
        Ok(manifest.map(|manifest| Self { dir: dir.to_owned(), manifest }))
    }

    /// The tables `kpis` and `runs`: those in the folder, or of a sweep that goes on, of the runs that have ended.
    ///
    /// # Errors
    /// If they can not be read.
    pub fn tables(&self) -> Result<(Table, Table), ResultsError> {
        let [kpis, runs] = [KPIS_PARQUET, RUNS_PARQUET].map(|name| self.dir.join(name));
        if kpis.is_file() && runs.is_file() {
            return Ok((Table::open(&kpis)?, Table::open(&runs)?));
        }
        let store = sweep::open(&self.dir.display().to_string())?;
        let (points, ended) = (Points::read(&*store)?, Ended::read(&*store)?);
        let tables = sweep::tables(&self.manifest, &points, &ended);
        Ok((Table::of_bytes(&kpis, tables.kpis)?, Table::of_bytes(&runs, tables.runs)?))
    }
}

/// Tells what a folder holds.
///
/// # Errors
/// If it holds neither a run nor a sweep of ours, or one that can not be read.
pub fn head(dir: &Path) -> Result<Head, ResultsError> {
    if let Some(sweep) = SweepHead::read(dir)? {
        return Ok(Head::Sweep(Box::new(sweep)));
    }
    match RunHead::read(dir)? {
        Some(run) => Ok(Head::Run(Box::new(run))),
        None => Err(ResultsError::NotOurs { dir: dir.to_owned() }),
    }
}

/// Whose a file is, before all of it is understood.
#[derive(Debug, Default, Deserialize)]
struct Stamp {
    #[serde(default)]
    format: String,
    #[serde(default)]
    schema_version: u32,
}

/// Understands the text of a file of ours called `name` in `dir`.
pub(crate) fn parse<T: DeserializeOwned>(
    text: &[u8],
    dir: &Path,
    name: &str,
    format: &str,
    version: u32,
) -> Result<T, ResultsError> {
    let stamp: Stamp = serde_json::from_slice(text).unwrap_or_default();
    if stamp.format != format {
        return Err(ResultsError::NotOurs { dir: dir.to_owned() });
    }
    let path = dir.join(name);
    if stamp.schema_version > version {
        return Err(ResultsError::Later { path, version: stamp.schema_version, known: version });
    }
    serde_json::from_slice(text).map_err(|source| ResultsError::Json { path, source })
}

/// The contents of a file; none if there is none.
fn text(path: &Path) -> Result<Option<Vec<u8>>, ResultsError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(ResultsError::io("read", path)(error)),
    }
}

fn instant<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
    let text = String::deserialize(deserializer)?;
    let instant: jiff::Timestamp = text.parse().map_err(serde::de::Error::custom)?;
    Ok(Time(instant.as_millisecond()))
}

/// Counts by kind, or made from a list of participants.
fn counts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Participants {
        Counts(BTreeMap<String, u64>),
        List(Vec<Participant>),
    }
    #[derive(Deserialize)]
    struct Participant {
        kind: String,
    }
    Ok(match Participants::deserialize(deserializer)? {
        Participants::Counts(counts) => counts,
        Participants::List(list) => {
            let mut counts = BTreeMap::new();
            list.into_iter().for_each(|participant| *counts.entry(participant.kind).or_default() += 1);
            counts
        }
    })
}

fn instant_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    #[derive(Deserialize)]
    struct Instant(#[serde(deserialize_with = "instant")] Time);
    Ok(Option::<Instant>::deserialize(deserializer)?.map(|Instant(time)| time))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWEEP: &str = r#"{"format": "cariflex-sweep", "schema_version": 1, "name": "roofs", "method": "lhs", "points": 2,
        "seeds": [1, 2], "runs": 4, "record": "kpis", "later": {},
        "axes": [{"name": "share", "keys": ["fleet.roofs.share"], "unit": "", "description": "share of homes"}]}"#;

    #[test]
    fn a_folder_tells_what_it_holds() {
        let dir = tempfile::tempdir().expect("a folder");
        let neither = head(dir.path()).expect_err("an empty folder").to_string();
        assert!(neither.contains("cariflex run") && neither.contains("cariflex sweep"), "{neither}");
        fs::write(dir.path().join(SWEEP_JSON), SWEEP).expect("a file");
        let Head::Sweep(sweep) = head(dir.path()).expect("a sweep") else { panic!("it is a sweep") };
        let sweep = sweep.manifest;
        assert_eq!((sweep.runs, sweep.seeds.len(), sweep.record), (4, 2, Level::Kpis));
        assert_eq!(sweep.axes[0].keys, ["fleet.roofs.share"]);
    }

    #[test]
    fn participants_are_counted_where_they_are_listed() {
        let run = r#"{"format": "cariflex-run", "schema_version": 1, "status": "complete", "name": "x", "seed": 1,
            "start": "2026-03-20T04:00:00Z", "end": "2026-03-21T04:00:00Z", "reached": "2026-03-21T04:00:00Z", "tick_s": 900.0,
            "level": "full", "host": "sweep", "engine": "0", "participants": PARTICIPANTS}"#;
        let dir = tempfile::tempdir().expect("a folder");
        for participants in
            [r#"{"pv": 2, "dso": 1}"#, r#"[{"kind": "pv"}, {"kind": "dso", "id": "dso"}, {"kind": "pv"}]"#]
        {
            fs::write(dir.path().join(RUN_JSON), run.replace("PARTICIPANTS", participants)).expect("a file");
            let Head::Run(run) = head(dir.path()).expect("a run") else { panic!("it is a run") };
            assert_eq!(run.participants, BTreeMap::from([("dso".to_owned(), 1), ("pv".to_owned(), 2)]));
            assert_eq!((run.start, run.reached), (Time(1_773_979_200_000), Some(Time(1_774_065_600_000))));
        }
    }

    #[test]
    fn what_is_not_ours_broken_or_of_a_later_version_is_refused() {
        let dir = tempfile::tempdir().expect("a folder");
        for (text, word) in [
            ("{}".to_owned(), "no run"),
            (SWEEP.replace("\"lhs\"", "7"), "sweep.json"),
            (SWEEP.replace("\"schema_version\": 1", "\"schema_version\": 99"), "99"),
        ] {
            fs::write(dir.path().join(SWEEP_JSON), text).expect("a file");
            let error = head(dir.path()).expect_err("nothing to read").to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
