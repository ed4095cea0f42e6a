//! Forks: what if, from a snapshot on.
//!
//! The scenario of the snapshot is changed as the options say, or as the points of a sweep; what has come about stays, and
//! what the change concerns follows it. The twin that the snapshot was taken of goes on and knows nothing of it.

use crate::cli::RunArgs;
use crate::error::Error;
use crate::inputs::{Inputs, change, read};
use crate::live::place::{Head, snapshot_path};
use crate::live::{LiveError, place};
use crate::snapshot::{Copy, KeptScenario, SnapshotFile, copy_in, inputs_beside};
use agents::{Span, Time};
use results::InputFile;
use scenarios::{Ahead, Plan, Scenario};
use std::path::{Path, PathBuf};
use twin::{Kernel, Snapshot, SnapshotError};

/// A snapshot from which runs go on: read once, whatever their number.
#[derive(Debug)]
pub struct Beginning {
    /// Its file.
    pub file: InputFile,
    /// The scenario of the run it was taken of.
    pub kept: KeptScenario,
    state: Snapshot,
    original: Plan,
}

impl Beginning {
    /// The snapshot in `contents`, which are those of `file`; `copy` gets its data files.
    ///
    /// # Errors
    /// [`Error`] if it is none, or its own scenario can not be resolved.
    pub fn of(file: InputFile, contents: &[u8], copy: &Copy<'_>) -> Result<Self, Error> {
        let SnapshotFile { kept, state, .. } = SnapshotFile::parse(Path::new(&file.path), contents)?;
        let original = kept.resolve_with(kept.scenario(&file.path)?, copy)?.plan;
        Ok(Self { file, kept, state, original })
    }

    /// The snapshot in the file `from`, or the latest whole one in the place `from` of a live twin; and the folder of the
    /// copies of its data files.
    ///
    /// # Errors
    /// [`Error`] if there is none, or its own scenario can not be resolved.
    pub fn open(from: &Path) -> Result<(Self, PathBuf), Error> {
        let path = snapshot_file(from)?;
        let contents = read(&path)?;
        let folder = inputs_beside(&path);
        let file = InputFile::of(path.display().to_string(), &contents);
        let beginning = Self::of(file, &contents, &|file| copy_in(&folder, file))?;
        Ok((beginning, folder))
    }

    /// The scenario of the run it was taken of.
    ///
    /// # Errors
    /// [`Error::Scenario`] if it is none.
    pub fn scenario(&self) -> Result<Scenario, Error> {
        self.kept.scenario(&self.file.path)
    }

    /// The instant from which runs go on.
    pub fn time(&self) -> Time {
        self.state.time()
    }

    /// How long after the start of its run it was taken.
    pub fn gone(&self) -> Span {
        self.time() - self.original.start
    }

    /// The run of `inputs`, which came of its scenario, that goes on from it.
    ///
    /// # Errors
    /// [`SnapshotError`] if other participants take part, or what was saved does not fit.
    pub fn fork(&self, mut inputs: Inputs) -> Result<Fork, SnapshotError> {
        let state = self.state.onto(&self.original, &inputs.plan)?;
        inputs.files.push(self.file.clone());
        Ok(Fork { inputs, state })
    }
}

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
        let (beginning, folder) = Beginning::open(from)?;
        let mut scenario = beginning.scenario()?;
        let ahead = Ahead::of(&mut scenario, beginning.gone())?;
        change(&mut scenario, &args.scenario, &[])?;
        ahead.settle(&mut scenario)?;
        let fork = beginning.fork(beginning.kept.resolve(scenario, &folder)?)?;
        // Before a folder is made for it.
        fork.check()?;
        Ok(fork)
    }

    /// Whether it can go on: its stores hold what was stored, its bodies are those that were saved.
    ///
    /// # Errors
    /// [`SnapshotError`] if it can not.
    pub fn check(&self) -> Result<(), SnapshotError> {
        Kernel::restore(&self.inputs.plan, &self.state).map(drop)
    }

    /// The instant from which it goes on.
    pub fn time(&self) -> Time {
        self.state.time()
    }
}

/// The file that is meant: itself, or the latest snapshot of the place of a live twin.
fn snapshot_file(from: &Path) -> Result<PathBuf, Error> {
    if !from.exists() {
        return Err(LiveError::NoBeginning(from.into()).into());
    }
    if !from.is_dir() {
        return Ok(from.into());
    }
    if Head::read(from)?.is_none() {
        return Err(LiveError::Missing(from.into()).into());
    }
    // The latest that is whole: a twin that is being written to has written the one before.
    let (file, _) = place::latest_snapshot(from, Ok)?;
    Ok(snapshot_path(from, file.time()))
}
