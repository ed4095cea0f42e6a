//! `cariflex sweep`: thousands of runs, frozen first, worked off in parallel, taken up again after any end.

mod files;
mod freeze;
mod list;
mod place;
mod progress;
mod shard;
mod snapshot;
mod work;

pub use shard::{Shard, ShardArg};
pub(crate) use work::{catch_panics, told_of};

use crate::cli::{HostKind, SweepArgs, print};
use crate::error::{Error, Outcome};
use freeze::Frozen;
use progress::{Progress, Took};
use results::Level;
use results::sweep::{Ended, FrozenRun, KPIS_PARQUET, Store, tables};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// The host of every run of a sweep, as its id and `run.json` name it.
const HOST: &str = HostKind::Sweep.as_str();

/// Runs a sweep, or the part of it that the options ask for.
///
/// # Errors
/// [`Error`]; [`Error::RunsFailed`] when all was done and some runs failed.
pub fn sweep(args: &SweepArgs) -> Result<Outcome, Error> {
    let shard = args.shard.map(|shard| shard.resolve(|name| std::env::var(name).ok())).transpose()?;
    let workers = args.workers.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let (store, frozen) = place::opened(args, workers)?;
    let store = &*store;
    let runs = distinct(&frozen.points.runs);
    if args.dry_run {
        return print(list::list(&frozen, &Ended::read(store)?.done(&frozen, store)?, &store.place()).as_bytes());
    }
    let name = &frozen.manifest.name;
    if args.freeze {
        return print(format!("{name}: {} runs are frozen in {}\n", runs.len(), store.place()).as_bytes());
    }
    let before = Ended::read(store)?;
    before.broken().iter().for_each(|part| place::note(&format!("{part}; its runs are run again")));
    let done = before.done(&frozen, store)?;
    drop(before);
    let mine = part(runs.clone(), shard);
    let pending: Vec<&FrozenRun> = mine.iter().copied().filter(|run| !done.contains(&run.run)).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    let workers = workers.min(pending.len()).max(1);
    let mut progress = Progress::new(name, &pending, mine.len() - pending.len(), workers);
    let worked = work::run_all(&frozen, store, &pending, workers, &stop, &mut progress);
    let failed_now = progress.failed().clone();
    let ended = Ended::read(store)?;
    let done = ended.done(&frozen, store)?;
    let has_failed = |run: &FrozenRun| failed_now.contains(&run.run) || ended.error(&run.run).is_some();
    let is_missing = |run: &&&FrozenRun| !done.contains(&run.run) && !has_failed(run);
    let missing = runs.iter().filter(is_missing).count();
    let took = progress.finish(missing, &store.place());
    if worked? == Outcome::Interrupted {
        let text = format!(
            "{name}: interrupted; the same command goes on with {missing} runs, and `cariflex report {}` draws those that \
             have ended\n",
            store.place()
        );
        print(text.as_bytes())?;
        return Ok(Outcome::Interrupted);
    }
    if missing == 0 {
        tables(&frozen.manifest, &frozen.points, &ended).write(store)?;
        ended.compact(store)?;
        place::sort_runs(&frozen, store)?;
    }
    let failed = mine.iter().filter(|run| has_failed(run)).count();
    let lost = mine.iter().filter(is_missing).count();
    let end = End { runs: mine.len(), ran: pending.len(), failed, lost, missing, workers, took };
    print(end.told(&frozen, &store.place()).as_bytes())?;
    match (failed, lost) {
        (0, 0) => Ok(Outcome::Complete),
        (0, lost) => Err(Error::RunsLost { lost }),
        (failed, _) => Err(Error::RunsFailed { failed, of: mine.len() }),
    }
}

/// The runs of a sweep, each once: points may come to the same run.
fn distinct(runs: &[FrozenRun]) -> Vec<&FrozenRun> {
    let mut seen = BTreeSet::new();
    runs.iter().filter(|run| seen.insert(run.run.as_str())).collect()
}

/// Which runs are complete: their rows are there, and their tables where they have any.
trait Done {
    fn done(&self, frozen: &Frozen, store: &dyn Store) -> Result<BTreeSet<String>, Error>;
}

impl Done for Ended {
    fn done(&self, frozen: &Frozen, store: &dyn Store) -> Result<BTreeSet<String>, Error> {
        let rows = frozen.points.runs.iter().filter(|run| self.is_complete(&run.run)).map(|run| run.run.clone());
        if frozen.manifest.record == Level::Kpis {
            return Ok(rows.collect());
        }
        let tables = store.complete_runs()?;
        Ok(rows.filter(|run| tables.contains(run)).collect())
    }
}

/// What came of a sweep, or of a part of it.
struct End {
    /// Runs of this part.
    runs: usize,
    /// How many of them were run now.
    ran: usize,
    failed: usize,
    /// Runs of this part that have ended and are gone again.
    lost: usize,
    /// Runs of the whole sweep that have not ended.
    missing: usize,
    workers: usize,
    took: Took,
}

impl End {
    fn told(&self, frozen: &Frozen, place: &str) -> String {
        let Self { runs, ran, failed, lost, missing, workers, took } = self;
        let manifest = &frozen.manifest;
        let there = runs - ran;
        let there = if there > 0 { format!(" ({there} were there)") } else { String::new() };
        let mut text =
            format!("{}: {} of {runs} runs complete{there}, {failed} failed\n", manifest.name, runs - failed - lost);
        if *ran > 0 {
            let s = if *workers == 1 { "" } else { "s" };
            let _ = writeln!(
                text,
                "{:.1} s with {workers} worker{s}, {:.2} simulated years per second",
                took.wall_s, took.years_per_s
            );
        }
        let _ = match missing {
            // Reports are made of folders.
            0 if place.starts_with("s3://") => writeln!(text, "{place}/{KPIS_PARQUET}: a row per complete run"),
            0 => writeln!(text, "{place}/{KPIS_PARQUET}: a row per complete run; `cariflex report {place}` draws them"),
            _ => writeln!(text, "{missing} runs have not ended; whoever ends the last writes {KPIS_PARQUET}"),
        };
        text
    }
}

/// The runs of a part, those that cost most first: who takes every n-th of them has about as much to do as the others.
fn part(mut runs: Vec<&FrozenRun>, shard: Option<Shard>) -> Vec<&FrozenRun> {
    runs.sort_by_key(|run| std::cmp::Reverse(run.cost()));
    let Some(Shard { number, of }) = shard else { return runs };
    let is_mine = |index: usize| index as u64 % of == number - 1;
    runs.into_iter().enumerate().filter(|(index, _)| is_mine(*index)).map(|(_, run)| run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::{Span, Time};

    fn run(index: u64) -> FrozenRun {
        FrozenRun {
            run: format!("{index:03}"),
            point: index,
            replicate: 0,
            seed: 1,
            start: Time(0),
            end: Time(0) + Span::from_minutes(15) * (1 + index as i64 % 7),
            tick: Span::from_minutes(15),
            participants: 1 + index * index % 50,
            inputs: Vec::new(),
            set: "[]".into(),
        }
    }

    #[test]
    fn parts_are_all_of_it_once_and_cost_about_the_same() {
        let runs: Vec<_> = (0..200).map(run).collect();
        let parts: Vec<_> = (1..=8).map(|number| part(distinct(&runs), Some(Shard { number, of: 8 }))).collect();
        let mut all: Vec<&str> = parts.iter().flatten().map(|run| run.run.as_str()).collect();
        all.sort_unstable();
        assert_eq!(all, runs.iter().map(|run| run.run.as_str()).collect::<Vec<_>>());
        let costs: Vec<u64> = parts.iter().map(|part| part.iter().map(|run| run.cost()).sum()).collect();
        let (least, most) = (costs.iter().min().expect("parts"), costs.iter().max().expect("parts"));
        assert!(most - least < most / 8, "{costs:?}");
        assert_eq!(part(distinct(&runs), None).len(), 200);
    }

    #[test]
    fn more_parts_than_runs_leave_some_without_any() {
        let runs: Vec<_> = (0..3).map(run).collect();
        let sizes: Vec<_> = (1..=5).map(|number| part(distinct(&runs), Some(Shard { number, of: 5 })).len()).collect();
        assert_eq!(sizes, [1, 1, 1, 0, 0]);
    }
}
