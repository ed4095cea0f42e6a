//! Worlds in parallel: workers take the longest runs first, one at a time, and hand over how they ended.

use super::freeze::Frozen;
use super::progress::Progress;
use crate::error::{Error, Outcome};
use crate::inputs;
use crate::run::drive;
use results::sweep::{Ended, FrozenRun, RunEnd, Store};
use results::{Kpi, Kpis, Level, ResultsError, RunInfo, RunWriter, Status};
use scenarios::Plan;
use std::any::Any;
use std::cell::RefCell;
use std::io::ErrorKind;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use twin::{Kernel, Snapshot, SweepHost};

/// How often the progress is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Rows wait at least this long to be written, so that many short runs share a file.
const WRITE_AFTER: Duration = Duration::from_secs(1);
/// Rows wait at most this share of the time a sweep has taken: a kill loses at most that, and files stay few.
const WAIT_SHARE: u32 = 50;

/// What the workers share.
struct Shared<'a> {
    frozen: &'a Frozen,
    store: &'a dyn Store,
    runs: &'a [&'a FrozenRun],
    next: AtomicUsize,
    /// What has been simulated, in participants times ticks.
    cost: AtomicU64,
    /// The user wants an end, or nothing can be written any more.
    stop: &'a AtomicBool,
    /// What makes it pointless to go on.
    broken: Mutex<Option<Error>>,
}

/// Runs what is pending, and writes rows to the store now and then.
///
/// Whatever the number of workers, rows are the same: each run is one world on one thread.
///
/// # Errors
/// If rows can not be written, or the disk is full or no more files may be opened. Any other run that fails is a row.
pub(super) fn run_all(
    frozen: &Frozen,
    store: &dyn Store,
    runs: &[&FrozenRun],
    workers: usize,
    stop: &AtomicBool,
    progress: &mut Progress,
) -> Result<Outcome, Error> {
    catch_panics();
    let (next, cost, broken) = (AtomicUsize::new(0), AtomicU64::new(0), Mutex::new(None));
    let shared = Shared { frozen, store, runs, next, cost, stop, broken };
    let (sender, receiver) = channel::<(usize, RunEnd)>();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (shared, sender) = (&shared, sender.clone());
            thread::Builder::new().name("worker".into()).spawn_scoped(scope, move || {
                shared.work(&|index, end| sender.send((index, end)).is_ok());
            })?;
        }
        drop(sender);
        let mut rows = Rows::new(store);
        loop {
            match receiver.recv_timeout(LOOK_EVERY) {
                Ok((index, end)) => {
                    progress.ended(runs[index], end.outcome.as_ref().err().map(String::as_str));
                    rows.waiting.push(end);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            progress.tick(shared.cost.load(Ordering::Relaxed));
            if let Err(error) = rows.write_if_due() {
                stop.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        rows.write()?;
        if let Some(error) = shared.broken.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        Ok(if stop.load(Ordering::Relaxed) { Outcome::Interrupted } else { Outcome::Complete })
    })
}

/// Rows on their way to the store.
struct Rows<'a> {
    store: &'a dyn Store,
    waiting: Ended,
    begun: Instant,
    written: Instant,
}

impl<'a> Rows<'a> {
    fn new(store: &'a dyn Store) -> Self {
        let now = Instant::now();
        Self { store, waiting: Ended::default(), begun: now, written: now }
    }

    fn write_if_due(&mut self) -> Result<(), Error> {
        let wait = WRITE_AFTER.max(self.begun.elapsed() / WAIT_SHARE);
        if self.written.elapsed() < wait { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), Error> {
        if !self.waiting.is_empty() {
            std::mem::take(&mut self.waiting).write_part(self.store)?;
        }
        self.written = Instant::now();
        Ok(())
    }
}

impl Shared<'_> {
    fn work(&self, hand_over: &dyn Fn(usize, RunEnd) -> bool) {
        while !self.stop.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(run) = self.runs.get(index) else { return };
            let begun = Instant::now();
            let outcome = panic::catch_unwind(AssertUnwindSafe(|| self.run(run)));
            let outcome = match outcome {
                Ok(Ok(Some(kpis))) => Ok(kpis),
                Ok(Ok(None)) => return,
                Ok(Err(error)) if is_exhausted(&error) => {
                    // Every run after it would be simulated for nothing.
                    *self.broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    self.stop.store(true, Ordering::Relaxed);
                    return;
                }
                Ok(Err(error)) => Err(error.to_string()),
                Err(panic) => Err(told_of(panic.as_ref())),
            };
            let wall_s = begun.elapsed().as_secs_f64();
            if !hand_over(index, RunEnd { run: run.run.clone(), wall_s, outcome }) {
                return;
            }
        }
    }

    /// Runs one world; none if it was interrupted.
    fn run(&self, run: &FrozenRun) -> Result<Option<Vec<Kpi>>, Error> {
        let (inputs, from) = self.frozen.inputs(run, self.store)?;
        if inputs.id(super::HOST) != run.run {
            let problem = format!("run {} is not what was frozen: were its files edited?", run.run);
            return Err(ResultsError::NoSweep { place: self.store.place(), problem }.into());
        }
        match inputs::level(inputs.plan.record) {
            Level::Kpis => {
                let mut kpis = Kpis::new(&inputs.plan.catalogue());
                let outcome = self.simulate(&inputs.plan, from.as_ref(), &mut kpis)?;
                Ok((outcome == Outcome::Complete).then(|| kpis.table()))
            }
            Level::Hourly | Level::Full => {
                let scratch = self.store.begin_run(&run.run)?;
                let info = RunInfo { start: run.start, ..inputs.info(run.run.clone(), super::HOST) };
                let mut writer = RunWriter::create(scratch.dir(), info, &inputs.plan.catalogue())?;
                if self.simulate(&inputs.plan, from.as_ref(), &mut writer)? == Outcome::Interrupted {
                    return Ok(None);
                }
                let summary = writer.finish(Status::Complete)?;
                self.store.keep_run(&run.run, scratch)?;
                Ok(Some(summary.kpis))
            }
        }
    }

    fn simulate(
        &self,
        plan: &Plan,
        from: Option<&Snapshot>,
        recorder: &mut dyn agents::record::Recorder,
    ) -> Result<Outcome, Error> {
        let (mut kernel, mut host) = match from {
            None => {
                let mut kernel = Kernel::new(plan);
                let host = SweepHost::new(plan, kernel.world_mut());
                (kernel, host)
            }
            Some(state) => {
                let mut kernel = Kernel::restore(plan, state)?;
                let host = SweepHost::restore(plan, state, kernel.world_mut())?;
                (kernel, host)
            }
        };
        let participants = plan.participants.len() as u64;
        drive(&mut kernel, &mut host, recorder, self.stop, |_| {
            self.cost.fetch_add(participants, Ordering::Relaxed);
        })
    }
}

/// What Unix systems call EMFILE; the standard library has no word for it.
const TOO_MANY_FILES: i32 = 24;

/// Whether something failed for want of space or of files that may be open.
fn is_exhausted(error: &Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            let has_too_many_files = error.raw_os_error() == Some(TOO_MANY_FILES);
            return has_too_many_files || matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
        }
        cause = error.source();
    }
    false
}

thread_local! {
    /// Where the last panic of this thread happened.
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A panic of a worker is told with its run; elsewhere it goes its usual way.
pub(crate) fn catch_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() == Some("worker") {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            PLACE.with_borrow_mut(|of_thread| *of_thread = place);
        } else {
            usual(info);
        }
    }));
}

/// What a panic of a worker said, and where.
pub(crate) fn told_of(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let place = PLACE.with_borrow(String::clone);
    format!("a bug of the twin: {} ({place})", said.unwrap_or("it panicked"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_found_below_what_was_tried() {
        let full = |kind: ErrorKind| {
            let source = std::io::Error::new(kind, "no space left on device");
            let of_results = results::ResultsError::Io { action: "write", path: "run.json".into(), source };
            let source = Box::new(of_results);
            Error::Kernel(twin::KernelError::Recorder { time: agents::Time(0), source })
        };
        assert!(is_exhausted(&full(ErrorKind::StorageFull)) && is_exhausted(&full(ErrorKind::QuotaExceeded)));
        assert!(!is_exhausted(&full(ErrorKind::PermissionDenied)));
    }

    #[test]
    fn a_panic_is_told_with_what_it_said_and_where() {
        catch_panics();
        let fail = || told_of(panic::catch_unwind(|| assert_eq!(1 + 1, 3, "sums")).expect_err("it panics").as_ref());
        let worker = thread::Builder::new().name("worker".into()).spawn(fail).expect("a thread");
        let told = worker.join().expect("what was caught goes no further");
        assert!(told.contains("a bug of the twin") && told.contains("sums") && told.contains("work.rs"), "{told}");
    }
}
