//! Forks: what if, from a snapshot on.
//!
//! The scenario of the snapshot is changed as the options say; what has come about stays, and what the change concerns
//! follows it. The twin that the snapshot was taken of goes on and knows nothing of it.

use crate::cli::RunArgs;
use crate::error::Error;
use crate::inputs::{Inputs, Preset, change};
use crate::live::place::{Head, snapshot_path};
use crate::live::{LiveError, place};
use crate::snapshot::{SnapshotFile, inputs_beside};
use agents::{Span, Time};
use results::InputFile;
use scenarios::parse_duration;
use std::path::{Path, PathBuf};
use twin::Snapshot;

/// How far a fork looks ahead where it is not said.
const USUAL: &str = "1d";

/// A run that goes on from a snapshot.
#[derive(Debug)]
pub struct Fork {
    /// The scenario as changed; the snapshot is among its files.
    pub inputs: Inputs,
    /// The state as it fits the changed scenario.
    pub state: Snapshot,
}

impl Fork {
    /// The fork that the options ask for.
    ///
    /// # Errors
    /// [`Error`] if there is no such snapshot, or if the changed scenario does not fit it.
    pub fn of(from: &Path, args: &RunArgs) -> Result<Self, Error> {
        if args.scenario.start.is_some() {
            let problem = "a run from a snapshot starts at the snapshot's instant: leave it out".into();
            return Err(Error::Option { option: "--start", problem });
        }
        let path = snapshot_file(from)?;
        let contents = std::fs::read(&path).map_err(LiveError::io("read", &path))?;
        let file = SnapshotFile::parse(&path, &contents)?;
        let (name, folder) = (path.display().to_string(), inputs_beside(&path));
        let original = file.kept.resolve(file.kept.scenario(&name)?, &folder)?;
        let mut scenario = file.kept.scenario(&name)?;
        let ahead = args.scenario.duration.as_deref().unwrap_or(USUAL);
        let ahead = parse_duration(ahead).map_err(|problem| Error::Option { option: "--duration", problem })?;
        let length = file.time() - original.plan.start + ahead;
        let mut rest = args.scenario.clone();
        rest.duration = None;
        let seconds = (length.0 + Span::from_s(1).0 - 1).div_euclid(Span::from_s(1).0);
        let preset = Preset::new("--duration", &format!("run.duration={seconds}s"));
        change(&mut scenario, &rest, &[preset])?;
        let mut inputs = file.kept.resolve(scenario, &folder)?;
        let state = file.state.onto(&original.plan, &inputs.plan)?;
        inputs.files.push(InputFile::of(name, &contents));
        Ok(Self { inputs, state })
    }

    /// The instant from which it goes on.
    pub fn time(&self) -> Time {
        self.state.time()
    }
}

/// The file that is meant: itself, or the latest snapshot of the place of a live twin.
fn snapshot_file(from: &Path) -> Result<PathBuf, Error> {
    if !from.is_dir() {
        return Ok(from.into());
    }
    if Head::read(from)?.is_none() {
        return Err(LiveError::Missing(from.into()).into());
    }
    // The latest that is whole: a twin that is being written to has written the one before.
    let (file, _) = place::latest_snapshot(from)?;
    Ok(snapshot_path(from, file.time()))
}
