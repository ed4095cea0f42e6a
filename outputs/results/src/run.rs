//! What a run is: its description, its state, and `run.json`, which says both.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use agents::record::Catalogue;
use agents::{Span, Time};
use serde::{Deserialize, Serialize};

use crate::error::ResultsError;
use crate::kpis::Kpi;
use crate::schema;

/// The mark of a `run.json` of ours.
pub(crate) const FORMAT: &str = "cariflex-run";

/// Name of the file that says what a run is and whether it is whole.
pub(crate) const RUN_JSON: &str = "run.json";

/// How much of a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Key figures and `run.json` only.
    Kpis,
    /// Hourly means and sums of interval rows; orders, trades, sessions, events and the like complete.
    Hourly,
    /// Every interval.
    Full,
}

impl Level {
    /// The name used in files and on command lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kpis => "kpis",
            Self::Hourly => "hourly",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Level {
    type Err = ResultsError;

    fn from_str(word: &str) -> Result<Self, ResultsError> {
        [Self::Kpis, Self::Hourly, Self::Full]
            .into_iter()
            .find(|level| level.as_str() == word)
            .ok_or_else(|| ResultsError::UnknownLevel(word.to_owned()))
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It reached its end.
    Complete,
    /// It was stopped before its end; what it recorded until then is whole.
    Interrupted,
    /// It could not go on; what it recorded until then is whole.
    Failed,
}

/// What `run.json` says of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It is being written, or whoever wrote it was killed.
    Running,
    /// It reached its end.
    Complete,
    /// It was stopped before its end.
    Interrupted,
    /// It could not go on.
    Failed,
}

impl From<Status> for RunState {
    fn from(status: Status) -> Self {
        match status {
            Status::Complete => Self::Complete,
            Status::Interrupted => Self::Interrupted,
            Status::Failed => Self::Failed,
        }
    }
}

/// What a run is.
#[derive(Clone, Debug, PartialEq)]
pub struct RunInfo {
    /// Its id: a hash of all that decides its rows.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The seed of its random draws.
    pub seed: u64,
    /// First instant.
    pub start: Time,
    /// First instant after the last interval, as planned.
    pub end: Time,
    /// Length of a tick.
    pub tick: Span,
    /// How much of it is kept.
    pub level: Level,
    /// What runs it, for instance `sweep` or `live`.
    pub host: String,
    /// The resolved scenario.
    pub scenario: serde_json::Value,
    /// Every file that was read, with the hash of its contents.
    pub inputs: Vec<InputFile>,
    /// Version and fingerprint of the engine.
    pub engine: String,
}

/// A file a run has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// Its path as the scenario gives it.
    pub path: String,
    /// BLAKE3 hash of its contents, in hexadecimal.
    pub blake3: String,
}

impl InputFile {
    /// The file that the scenario calls `path`, with these contents.
    pub fn of(path: impl Into<String>, contents: &[u8]) -> Self {
        Self { path: path.into(), blake3: blake3::hash(contents).to_hex().to_string() }
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its folder.
    pub dir: PathBuf,
    /// How it ended.
    pub status: Status,
    /// First instant recorded.
    pub start: Time,
    /// First instant after the last interval recorded.
    pub reached: Time,
    /// Tables and their numbers of rows.
    pub tables: Vec<(&'static str, u64)>,
    /// Its key figures, in the order of the columns of `kpis.parquet`.
    pub kpis: Vec<Kpi>,
}

/// `run.json` as it is written.
#[derive(Debug, Serialize)]
pub(crate) struct RunJson<'a> {
    format: &'static str,
    schema_version: u32,
    status: RunState,
    id: &'a str,
    name: &'a str,
    seed: u64,
    start: String,
    end: String,
    reached: Option<String>,
    tick_s: f64,
    level: Level,
    host: &'a str,
    engine: &'a str,
    units: &'static str,
    signs: &'static str,
    tables: BTreeMap<&'static str, TableJson>,
    kpis: BTreeMap<&'a str, Option<f64>>,
    inputs: &'a [InputFile],
    /// How many there are of each kind.
    participants: BTreeMap<&'static str, usize>,
    /// How many there are.
    sites: usize,
    portfolios: &'a [String],
    scenario: &'a serde_json::Value,
}

#[derive(Debug, Serialize)]
struct TableJson {
    file: String,
    rows: u64,
}

impl<'a> RunJson<'a> {
    /// What is known before the first interval.
    pub(crate) fn running(info: &'a RunInfo, catalogue: &'a Catalogue) -> Self {
        Self {
            format: FORMAT,
            schema_version: schema::VERSION,
            status: RunState::Running,
            id: &info.id,
            name: &info.name,
            seed: info.seed,
            start: info.start.to_string(),
            end: info.end.to_string(),
            reached: None,
            tick_s: info.tick.seconds(),
            level: info.level,
            host: &info.host,
            engine: &info.engine,
            units: schema::UNIT_CONVENTION,
            signs: schema::SIGN_CONVENTION,
            tables: BTreeMap::new(),
            kpis: BTreeMap::new(),
            inputs: &info.inputs,
            participants: participants(catalogue),
            sites: catalogue.sites.len(),
            portfolios: &catalogue.portfolios,
            scenario: &info.scenario,
        }
    }

    /// The last word.
    pub(crate) fn ended(info: &'a RunInfo, catalogue: &'a Catalogue, summary: &'a Summary) -> Self {
        let file = |name: &str| format!("{name}.parquet");
        Self {
            status: summary.status.into(),
            reached: Some(summary.reached.to_string()),
            tables: summary.tables.iter().map(|&(name, rows)| (name, TableJson { file: file(name), rows })).collect(),
            kpis: summary.kpis.iter().map(|kpi| (kpi.name.as_str(), kpi.value)).collect(),
            ..Self::running(info, catalogue)
        }
    }
}

fn participants(catalogue: &Catalogue) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for entry in &catalogue.participants {
        *counts.entry(entry.kind.as_str()).or_insert(0) += 1;
    }
    counts
}

/// The part of `run.json` that says whose it is and how far it got.
#[derive(Deserialize)]
struct Stamp {
    format: String,
    status: RunState,
}

/// Reads how far the run in `dir` got; none when there is no `run.json`.
///
/// # Errors
/// [`ResultsError::Foreign`] if `run.json` was not made by a run of this twin.
pub fn read_state(dir: &Path) -> Result<Option<RunState>, ResultsError> {
    let path = dir.join(RUN_JSON);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(ResultsError::io("read", &path)(error)),
    };
    match serde_json::from_slice::<Stamp>(&text) {
        Ok(stamp) if stamp.format == FORMAT => Ok(Some(stamp.status)),
        _ => Err(ResultsError::Foreign { path }),
    }
}

/// Aligned lines of label, value and unit; a dash where there is nothing to say.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.kpis.iter().map(|kpi| kpi.label.chars().count()).max().unwrap_or(0);
        for kpi in &self.kpis {
            let value = kpi.value.map_or("–".to_owned(), |value| value.to_string());
            writeln!(f, "{:width$}  {value:>16} {}", kpi.label, kpi.unit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_as_they_are_written() {
        for level in [Level::Kpis, Level::Hourly, Level::Full] {
            assert_eq!(level.to_string().parse::<Level>().expect("its own name"), level);
        }
        let error = "minute".parse::<Level>().expect_err("no such level").to_string();
        assert!(error.contains("`minute`") && error.contains("`hourly`"), "{error}");
    }

    #[test]
    fn input_files_are_hashed_by_content() {
        let input = InputFile::of("data/weather.csv", b"abc");
        // Test vector of the BLAKE3 team for "abc".
        assert_eq!(input.blake3, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
        assert_eq!(input.path, "data/weather.csv");
    }
}
