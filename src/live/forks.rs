//! Forks that were asked for through the API: runs of their own, each on a thread of its own, beside the live twin.

use super::place::forks_folder;
use crate::cli::{HostKind, Record, RunArgs, ScenarioArgs};
use crate::error::{Error, Outcome};
use crate::fork::Fork;
use crate::run::Run;
use agents::Time;
use api::{ArchiveError, ForkRequest, ForkStatus, ForkView};
use clap::ValueEnum;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tracing::{info, warn};
use twin::Journal;

/// How many run at a time: each takes a core.
const MOST_AT_A_TIME: usize = 2;
/// How many are told of.
const MOST_REMEMBERED: usize = 1000;

/// The forks of a live twin.
#[derive(Debug)]
pub(super) struct Forks {
    /// The place of the live twin.
    place: PathBuf,
    begun: Mutex<Vec<Begun>>,
    /// How many are about to begin.
    starting: AtomicUsize,
}

/// The right to begin a fork.
struct Seat<'a>(&'a AtomicUsize);

impl<'a> Seat<'a> {
    fn take(starting: &'a AtomicUsize, under_way: usize) -> Result<Self, ArchiveError> {
        if starting.fetch_add(1, Ordering::SeqCst) + under_way >= MOST_AT_A_TIME {
            starting.fetch_sub(1, Ordering::SeqCst);
            return Err(ArchiveError::Busy(format!("{MOST_AT_A_TIME} forks are under way: wait for one, or stop one")));
        }
        Ok(Self(starting))
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A fork that was begun.
#[derive(Debug)]
struct Begun {
    view: ForkView,
    run: Arc<Progress>,
    thread: JoinHandle<()>,
}

/// What a fork under way tells of itself.
#[derive(Debug)]
struct Progress {
    is_stopped: AtomicBool,
    start: Time,
    end: Time,
    now: AtomicI64,
    /// How it ended, once it has.
    outcome: Mutex<Option<Result<Outcome, String>>>,
}

impl Forks {
    pub(super) fn new(place: &Path) -> Self {
        Self { place: place.into(), begun: Mutex::default(), starting: AtomicUsize::new(0) }
    }

    /// Begins a fork from `snapshot`, or from the latest one.
    pub(super) fn begin(&self, request: ForkRequest, snapshot: Option<PathBuf>) -> Result<ForkView, ArchiveError> {
        let record = request.record.as_deref().map(|level| Record::from_str(level, false)).transpose();
        let record = record.map_err(|_| {
            let levels: Vec<_> = Record::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
            let levels: Vec<_> = levels.iter().map(|level| level.get_name()).collect();
            ArchiveError::Refused(format!("`record` is one of {}", levels.join(", ")))
        })?;
        let ForkRequest { set, duration, .. } = request.clone();
        let args = RunArgs {
            scenario: ScenarioArgs { set, duration, record, ..ScenarioArgs::default() },
            out: None,
            overwrite: false,
            host: HostKind::Sweep,
            from: snapshot,
            threads: None,
        };
        // One who has no place need not wait for what takes long.
        let _seat = Seat::take(&self.starting, self.under_way())?;
        let from = args.from.as_deref().unwrap_or(&self.place);
        let Fork { inputs, state } = Fork::of(from, &args).map_err(refusal)?;
        let run = Run { inputs, from: Some(state), journal: Journal::default(), host: HostKind::Sweep, threads: 1 };
        let (start, end) = (run.start(), run.inputs.plan.end);
        let (id, out) = self.make_folder()?;
        let progress = Arc::new(Progress {
            is_stopped: AtomicBool::new(false),
            start,
            end,
            now: AtomicI64::new(start.0),
            outcome: Mutex::new(None),
        });
        let shared = Arc::clone(&progress);
        info!(fork = id, from = %start, until = %end, "a fork begins");
        let name = id.clone();
        let thread = thread::Builder::new().name(format!("fork {id}")).spawn(move || {
            let ticked = |now: Time| shared.now.store(now.0, Ordering::Relaxed);
            let outcome = run.record(Some(&out), false, &shared.is_stopped, ticked);
            let outcome = outcome.map(|(outcome, _)| outcome).map_err(|error| error.to_string());
            match &outcome {
                Ok(_) => info!(fork = name, "a fork ends"),
                Err(error) => warn!(fork = name, %error, "a fork failed"),
            }
            *shared.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        });
        let thread = thread.map_err(|error| ArchiveError::Broken(format!("no thread for a fork: {error}")))?;
        let view =
            ForkView { id, request, status: ForkStatus::Running, progress: 0.0, error: None, results: Vec::new() };
        let mut begun = self.lock();
        begun.push(Begun { view: view.clone(), run: progress, thread });
        // Those that ended long ago are in the results only.
        let surplus = begun.len().saturating_sub(MOST_REMEMBERED);
        begun.drain(..surplus);
        Ok(view)
    }

    /// How all of them stand, oldest first.
    pub(super) fn views(&self) -> Vec<ForkView> {
        let mut views: Vec<_> = self.lock().iter_mut().map(|fork| fork.renewed().clone()).collect();
        for view in views.iter_mut().filter(|view| view.status != ForkStatus::Running) {
            view.results = self.files(&view.id);
        }
        views
    }

    /// Stops one, and says how it stands; none of one that is unknown.
    pub(super) fn stop_one(&self, id: &str) -> Option<ForkView> {
        let is_under_way = |fork: &Begun| fork.view.id == id && !fork.thread.is_finished();
        for fork in self.lock().iter().filter(|fork| is_under_way(fork)) {
            fork.run.is_stopped.store(true, Ordering::Relaxed);
        }
        // It looks after every tick.
        while self.lock().iter().any(is_under_way) {
            thread::sleep(Duration::from_millis(2));
        }
        self.views().into_iter().find(|view| view.id == id)
    }

    /// Stops all of them.
    pub(super) fn stop(&self) {
        let ids: Vec<_> = self.lock().iter().map(|fork| fork.view.id.clone()).collect();
        ids.iter().for_each(|id| drop(self.stop_one(id)));
    }

    fn under_way(&self) -> usize {
        self.lock().iter().filter(|fork| !fork.thread.is_finished()).count()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Begun>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A folder that no fork has had.
    fn make_folder(&self) -> Result<(String, PathBuf), ArchiveError> {
        let folder = forks_folder(&self.place);
        let failed = |path: &Path, error| ArchiveError::Broken(format!("can not create {}: {error}", path.display()));
        fs::create_dir_all(&folder).map_err(|error| failed(&folder, error))?;
        for number in 1_u32.. {
            let id = format!("f{number:04}");
            let out = folder.join(&id);
            match fs::create_dir(&out) {
                Ok(()) => return Ok((id, out)),
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&out, error)),
            }
        }
        Err(ArchiveError::Broken("no number is left for a fork".into()))
    }

    fn files(&self, id: &str) -> Vec<String> {
        let files = fs::read_dir(forks_folder(&self.place).join(id)).into_iter().flatten().flatten();
        let mut names: Vec<_> = files.map(|file| format!("forks/{id}/{}", file.file_name().display())).collect();
        names.sort_unstable();
        names
    }
}

impl Begun {
    /// Its view as it stands now.
    fn renewed(&mut self) -> &ForkView {
        let Progress { start, end, now, outcome, .. } = &*self.run;
        let lived = Time(now.load(Ordering::Relaxed)) - *start;
        self.view.progress = (lived.0 as f64 / (*end - *start).0.max(1) as f64).clamp(0.0, 1.0);
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        (self.view.status, self.view.error) = match &*outcome {
            // One that panicked has left no outcome.
            None if self.thread.is_finished() => (ForkStatus::Failed, Some("it broke: see the log".into())),
            None => (ForkStatus::Running, None),
            Some(Ok(Outcome::Complete)) => (ForkStatus::Complete, None),
            Some(Ok(Outcome::Interrupted)) => (ForkStatus::Stopped, None),
            Some(Err(error)) => (ForkStatus::Failed, Some(error.clone())),
        };
        &self.view
    }
}

fn refusal(error: Error) -> ArchiveError {
    if error.is_input() { ArchiveError::Refused(error.to_string()) } else { ArchiveError::Broken(error.to_string()) }
}
