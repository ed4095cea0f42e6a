//! `cariflex replay`: the journal of a live twin once more, on either host, to the same rows.

use super::args::ReplayArgs;
use super::error::LiveError;
use super::place::{self, Head};
use crate::error::{Error, Outcome};
use crate::run::Run;
use crate::snapshot::{SnapshotFile, inputs_beside};
use scenarios::parse_start;
use std::path::PathBuf;

/// Replays as the options say.
///
/// # Errors
/// [`Error`]; [`LiveError::Missing`] if no live twin lies there.
pub fn replay(args: &ReplayArgs) -> Result<Outcome, Error> {
    let dir = &args.place;
    if Head::read(dir)?.is_none() {
        return Err(LiveError::Missing(dir.clone()).into());
    }
    let path = match &args.from {
        Some(path) => path.clone(),
        None => earliest(args)?,
    };
    let file = SnapshotFile::read(&path)?;
    let scenario = file.kept.scenario(&path.display().to_string())?;
    let mut inputs = file.kept.resolve(scenario, &inputs_beside(&path))?;
    let from = file.time();
    let journal = place::journal_since(dir, from)?;
    let last = journal.entries().last().map(|entry| entry.tick);
    let lived = place::reached(dir).into_iter().chain(last).max().unwrap_or(from);
    let wrong = |problem: String| Error::Option { option: "--until", problem };
    let until = match &args.until {
        Some(text) => parse_start(text, inputs.plan.calendar).map_err(wrong)?,
        None => lived,
    };
    if until > lived {
        return Err(wrong(format!(
            "is {until}, and the twin has lived until {lived} only: end there, or look ahead with cariflex run --from"
        )));
    }
    if until <= from {
        let problem = format!("nothing was lived through after {from}, where the replay begins");
        return Err(Error::Option { option: "--until", problem });
    }
    inputs.plan.end = until;
    let run = Run { inputs, from: Some(file.state), journal, host: args.host, threads: 1 };
    run.to_the_end(Some(&args.out), false)
}

/// The earliest snapshot from which the journal has no gap.
fn earliest(args: &ReplayArgs) -> Result<PathBuf, LiveError> {
    let dir = &args.place;
    let journals = place::journals(dir)?;
    let snapshots = place::snapshots(dir)?;
    // Journals are removed from the oldest on, and each begins at a snapshot.
    let first = journals.first().copied();
    let earliest =
        snapshots.into_iter().find(|time| first.is_some_and(|first| first <= *time) && journals.contains(time));
    earliest.map(|time| place::snapshot_path(dir, time)).ok_or_else(|| LiveError::NoSnapshot(dir.clone()))
}
