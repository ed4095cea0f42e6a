//! Where a sweep is kept, and what is made of what is there already.

use super::freeze::Frozen;
use super::snapshot;
use crate::cli::SweepArgs;
use crate::error::Error;
use crate::run::file_name;
use results::ResultsError;
use results::sweep::{KPIS_PARQUET, Manifest, POINTS_PARQUET, Points, RUNS_PARQUET, SWEEP_JSON, Store, open};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

/// Files and folders that a sweep makes, besides the folders of runs.
const OURS: [&str; 9] = [
    SWEEP_JSON,
    POINTS_PARQUET,
    KPIS_PARQUET,
    RUNS_PARQUET,
    "report.html",
    "inputs/",
    "kpis/",
    "running/",
    "superseded/",
];
/// What is drawn from all runs: of no use when runs are missing.
const DRAWN: [&str; 3] = [KPIS_PARQUET, RUNS_PARQUET, "report.html"];

/// The sweep that is asked for and its place: frozen now from a file, or frozen before.
pub(super) fn opened(args: &SweepArgs, threads: usize) -> Result<(Box<dyn Store>, Frozen), Error> {
    let is_place = args.sweep.starts_with("s3://") || Path::new(&args.sweep).is_dir();
    if is_place { frozen_before(args) } else { frozen_now(args, threads) }
}

fn frozen_before(args: &SweepArgs) -> Result<(Box<dyn Store>, Frozen), Error> {
    let given = [("--out", args.out.is_some()), ("--set", !args.set.is_empty()), ("--freeze", args.freeze)];
    if let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given) {
        let problem = format!("{} is frozen: give the sweep file, to change or move it", args.sweep);
        return Err(Error::Option { option, problem });
    }
    let store = open(&args.sweep)?;
    let Some(frozen) = Frozen::read(&*store)? else {
        let problem = format!("it has no {SWEEP_JSON}");
        return Err(ResultsError::NoSweep { place: store.place(), problem }.into());
    };
    if args.fresh && !args.dry_run {
        remove(&*store, &["kpis/"])?;
        remove(&*store, &DRAWN)?;
    }
    Ok((store, frozen))
}

fn frozen_now(args: &SweepArgs, threads: usize) -> Result<(Box<dyn Store>, Frozen), Error> {
    let written = (Path::new(&args.sweep), args.set.as_slice());
    let (mut sweep, mut source) = snapshot::load(written.0, written.1)?;
    let place = args.out.clone().unwrap_or_else(|| format!("results/{}", file_name(&sweep.name)));
    if place.is_empty() {
        return Err(Error::Option { option: "--out", problem: "is empty: name a folder".into() });
    }
    let store = open(&place)?;
    let before = match before(&*store) {
        // What is broken is about to be removed, if it is ours.
        Err(_) if args.fresh && foreign(&*store)?.is_none() => None,
        Err(Error::Results(error)) if foreign(&*store)?.is_none() => {
            let problem = format!("{error}; --fresh begins it anew");
            return Err(Error::Option { option: "sweep", problem });
        }
        before => before?,
    };
    if let Some(before) = before.as_ref().filter(|before| before.name != sweep.name) {
        let problem = format!("{place} holds another sweep, `{}`: choose another place with --out", before.name);
        return Err(Error::Option { option: "--out", problem });
    }
    let kept = before.as_ref().filter(|_| !args.fresh).and_then(|before| before.snapshot.as_ref());
    if let Some(earlier) = snapshot::reload(written, (&sweep, source.as_ref()), kept, &*store)? {
        (sweep, source) = earlier;
        let time = kept.map_or("", |kept| &kept.time);
        note(&format!("goes on from the snapshot of {time}, with which it was frozen; --fresh takes the latest"));
    }
    let frozen = Frozen::of(&sweep, source, &*store, threads)?;
    for text in &sweep.notes {
        note(text);
    }
    if args.dry_run {
        return Ok((store, frozen));
    }
    if args.fresh {
        // What others are running now is theirs, and what the dead left there is gone.
        let finished: Vec<&str> = OURS.into_iter().filter(|name| *name != "running/").collect();
        remove(&*store, &finished)?;
    }
    match before.filter(|_| !args.fresh) {
        Some(before) if before.id == frozen.manifest.id => {
            if !frozen.is_whole(&*store)? {
                frozen.write(&*store)?;
            }
        }
        Some(before) => {
            let change = change(&before, &frozen, &*store)?;
            if args.shard.is_some() {
                let problem = format!(
                    "{} is frozen otherwise ({change}), and a part never freezes anew: give the options it was frozen \
                     with, or its place instead of the file, or run it once without --shard",
                    store.place()
                );
                return Err(Error::Option { option: "--shard", problem });
            }
            note(&format!("{change}; those that are the same are not run again"));
            remove_drawn(&*store)?;
            frozen.write(&*store)?;
            sort_runs(&frozen, &*store)?;
        }
        None => frozen.write(&*store)?,
    }
    Ok((store, frozen))
}

/// Something in a place that no sweep has made.
fn foreign(store: &dyn Store) -> Result<Option<String>, Error> {
    Ok(store.list("")?.into_iter().find(|name| !OURS.contains(&name.as_str()) && !is_run(name)))
}

/// Whether a name is that of the folder of a run.
fn is_run(name: &str) -> bool {
    name.starts_with("run=") && name.ends_with('/')
}

/// What has changed since a sweep was frozen, and how much of it is still the same.
fn change(before: &Manifest, frozen: &Frozen, store: &dyn Store) -> Result<String, Error> {
    let what = if before.engine == frozen.manifest.engine { "sweep" } else { "program" };
    let earlier: BTreeSet<String> =
        Points::read(store).unwrap_or_default().runs.into_iter().map(|run| run.run).collect();
    let runs = &frozen.points.runs;
    let same = runs.iter().filter(|run| earlier.contains(&run.run)).count();
    Ok(format!("the {what} has changed: {same} of its {} runs are the same as before", runs.len()))
}

/// Puts away the tables of runs that are no longer part of the sweep.
pub(super) fn sort_runs(frozen: &Frozen, store: &dyn Store) -> Result<(), Error> {
    let wanted: BTreeSet<&str> = frozen.points.runs.iter().map(|run| run.run.as_str()).collect();
    let left = store.sort_runs(&|run| wanted.contains(run))?;
    if left > 0 {
        note(&format!(
            "{left} folders run=… belong to an earlier sweep: join what you read with {KPIS_PARQUET} by `run`"
        ));
    }
    Ok(())
}

/// The sweep that a place holds; none if it is empty.
fn before(store: &dyn Store) -> Result<Option<Manifest>, Error> {
    if let Some(manifest) = Manifest::read(store)? {
        return Ok(Some(manifest));
    }
    // A sweep may have been killed before its manifest was written.
    match foreign(store)? {
        None => Ok(None),
        Some(name) => {
            let problem = format!("it holds no sweep, but `{name}`");
            Err(ResultsError::NoSweep { place: store.place(), problem }.into())
        }
    }
}

fn remove_drawn(store: &dyn Store) -> Result<(), Error> {
    Ok(DRAWN.iter().try_for_each(|name| store.remove(name))?)
}

/// Removes these and the folders of all runs.
fn remove(store: &dyn Store, names: &[&str]) -> Result<(), Error> {
    names.iter().try_for_each(|name| store.remove(name))?;
    let runs = store.list("")?.into_iter().filter(|name| is_run(name));
    Ok(runs.into_iter().try_for_each(|name| store.remove(&name))?)
}

pub(super) fn note(text: &str) {
    // A note is for whoever looks.
    drop(writeln!(std::io::stderr(), "note: {text}"));
}
