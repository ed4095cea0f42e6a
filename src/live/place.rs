//! The place of a live twin: a folder with its journal, its snapshots and its results.
//!
//! ```text
//! live/martinique/
//!   live.json                               what it is: scenario, clock, engine
//!   reached                                 the instant of the last tick, rewritten after each
//!   journal/2026-11-21T19-00-00Z.jsonl      what came from outside after the snapshot of this name
//!   snapshots/2026-11-21T19-00-00Z.json     the state at this instant
//!   results/2026-11-21T19-00-00Z/           the rows from this instant to the next snapshot
//!   forks/f0001/                            the rows of a fork that was asked for through the API
//!   inputs/                                 copies of the scenario's data files
//! ```
//!
//! An entry of the journal is on the disk before anybody is told that it was taken. Results of a stretch are complete
//! before the snapshot that ends it is written; whoever comes back after a kill restores the last snapshot, replays the
//! journal that follows it, and so writes the results of that stretch once more, the same rows.

use super::error::LiveError;
use super::retention;
use crate::inputs::ENGINE;
use crate::live::args::Retention;
use crate::snapshot::{INPUTS, KeptScenario, SnapshotFile, sync_folder, write_whole};
use agents::{Calendar, Span, Time};
use scenarios::parse_start;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use twin::{Anchor, Journal, JournalEntry, Pace};

const FORMAT: &str = "cariflex-live";
const VERSION: u32 = 1;
const HEAD: &str = "live.json";
/// Held locked by the process that runs the twin; that it is there says that the folder is ours.
const LOCK: &str = "live.lock";
const REACHED: &str = "reached";
/// What whoever wants a snapshot now makes, and the live twin removes when it has been taken.
const WANTED: &str = "snapshot-wanted";
const JOURNAL: &str = "journal";
const SNAPSHOTS: &str = "snapshots";
const RESULTS: &str = "results";
/// Results of forks that were asked for through the API.
const FORKS: &str = "forks";

/// What a live twin is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    format: String,
    version: u32,
    /// Name of the scenario.
    pub name: String,
    /// Hash of the resolved scenario and its data.
    pub scenario_hash: String,
    /// Version and fingerprint of the engine that runs it.
    pub engine: String,
    /// How fast its time passes.
    pub pace: Pace,
    /// Where its time is tied to the wall clock.
    pub anchor: Anchor,
    /// What it was built from.
    #[serde(flatten)]
    pub kept: KeptScenario,
}

impl Head {
    /// The head of a live twin that begins now.
    pub fn new(name: &str, scenario_hash: String, pace: Pace, anchor: Anchor, kept: KeptScenario) -> Self {
        let (format, version) = (FORMAT.into(), VERSION);
        Self { format, version, name: name.into(), scenario_hash, engine: ENGINE.into(), pace, anchor, kept }
    }

    /// Reads what lies in `dir`; none if no live twin does.
    ///
    /// # Errors
    /// [`LiveError::Io`] or [`LiveError::Damaged`].
    pub fn read(dir: &Path) -> Result<Option<Self>, LiveError> {
        let path = dir.join(HEAD);
        let text = match fs::read(&path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            text => text.map_err(LiveError::io("read", &path))?,
        };
        let damaged = |problem| LiveError::Damaged { path: path.clone(), problem };
        let head: Self =
            serde_json::from_slice(&text).map_err(|error| damaged(format!("is no head of a live twin: {error}")))?;
        if head.format != FORMAT || head.version != VERSION {
            return Err(damaged(format!("is of another version: this program reads {FORMAT} {VERSION}")));
        }
        Ok(Some(head))
    }
}

/// A folder this process alone runs a live twin in.
#[derive(Debug)]
pub struct Place {
    dir: PathBuf,
    reached: File,
    journal: Option<File>,
    calendar: Calendar,
    _lock: File,
}

impl Place {
    /// Makes `dir` ours; creates it if need be. `fresh` removes what a live twin left there.
    ///
    /// # Errors
    /// [`LiveError::Busy`], [`LiveError::Foreign`] or [`LiveError::Io`].
    pub fn claim(dir: &Path, calendar: Calendar, fresh: bool) -> Result<Self, LiveError> {
        // Folders of other programs are called results, too.
        let is_ours = dir.join(LOCK).exists();
        if !is_ours && fs::read_dir(dir).is_ok_and(|mut files| files.next().is_some()) {
            return Err(LiveError::Foreign(dir.into()));
        }
        let has_head = !fresh && Head::read(dir)?.is_some();
        fs::create_dir_all(dir).map_err(LiveError::io("create", dir))?;
        let lock = lock(dir)?;
        let has_snapshots = fs::read_dir(dir.join(SNAPSHOTS)).is_ok_and(|mut files| files.next().is_some());
        if !has_head && has_snapshots && !fresh {
            let problem = "is missing, and there are snapshots: put it back, or begin anew with --fresh".into();
            return Err(LiveError::Damaged { path: dir.join(HEAD), problem });
        }
        if fresh {
            // The head goes last: whoever is interrupted here removes the rest the next time.
            for name in [JOURNAL, SNAPSHOTS, RESULTS, FORKS, INPUTS] {
                remove(&dir.join(name), |path| fs::remove_dir_all(path))?;
            }
            for name in [REACHED, WANTED, HEAD] {
                remove(&dir.join(name), |path| fs::remove_file(path))?;
            }
        }
        for name in [JOURNAL, SNAPSHOTS, RESULTS] {
            let path = dir.join(name);
            fs::create_dir_all(&path).map_err(LiveError::io("create", &path))?;
        }
        let path = dir.join(REACHED);
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let reached = opened.map_err(LiveError::io("open", &path))?;
        Ok(Self { dir: dir.into(), reached, journal: None, calendar, _lock: lock })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of the copies of data files.
    pub fn inputs(&self) -> PathBuf {
        self.dir.join(INPUTS)
    }

    /// Whether there is any state to go on from.
    pub fn has_snapshots(&self) -> bool {
        snapshots(&self.dir).is_ok_and(|snapshots| !snapshots.is_empty())
    }

    /// Where the rows from `time` on go.
    pub fn results(&self, time: Time) -> PathBuf {
        self.dir.join(RESULTS).join(file_name(time))
    }

    /// Where the snapshot of `time` lies.
    pub fn snapshot(&self, time: Time) -> PathBuf {
        snapshot_path(&self.dir, time)
    }

    /// Writes what the live twin is.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn write_head(&self, head: &Head) -> Result<(), LiveError> {
        let mut text = serde_json::to_string_pretty(head).expect("a head is plain data");
        text.push('\n');
        write_whole(&self.dir.join(HEAD), text.as_bytes())
    }

    /// Begins the journal that follows the snapshot of `time`, or goes on with it.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn open_journal(&mut self, time: Time) -> Result<(), LiveError> {
        let path = journal_path(&self.dir, time);
        let failed = |what| LiveError::io(what, &path);
        let mut file = File::options().read(true).append(true).create(true).open(&path).map_err(failed("open"))?;
        let whole = whole_lines(&fs::read(&path).map_err(failed("read"))?);
        // What a kill left of a line was never acknowledged.
        file.set_len(whole as u64).map_err(failed("shorten"))?;
        if whole == 0 {
            file.write_all(Journal::default().to_json_lines().as_bytes()).map_err(failed("write"))?;
            file.sync_all().map_err(failed("write"))?;
            sync_folder(&self.dir.join(JOURNAL)).map_err(failed("write"))?;
        }
        self.journal = Some(file);
        Ok(())
    }

    /// Makes the place ready to go on from the snapshot of `time`: what lies beyond it will be lived through once more.
    ///
    /// Later snapshots are damaged, or they would have been taken; results of later stretches come anew.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn go_on_from(&mut self, time: Time) -> Result<(), LiveError> {
        for later in snapshots(&self.dir)?.into_iter().filter(|other| *other > time) {
            let path = self.snapshot(later);
            fs::rename(&path, path.with_extension("damaged")).map_err(LiveError::io("rename", &path))?;
        }
        for later in instants(&self.dir.join(RESULTS), "")?.into_iter().filter(|other| *other > time) {
            remove(&self.results(later), |path| fs::remove_dir_all(path))?;
        }
        // New entries follow the last ones there are.
        let latest = instants(&self.dir.join(JOURNAL), "jsonl")?.pop();
        self.open_journal(latest.map_or(time, |latest| latest.max(time)))
    }

    /// Appends entries to the journal; they are on the disk when this returns.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn append(&mut self, entries: &[JournalEntry]) -> Result<(), LiveError> {
        let Some(file) = self.journal.as_mut().filter(|_| !entries.is_empty()) else { return Ok(()) };
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry).expect("journal entries are plain data");
            lines.push(b'\n');
        }
        let written = file.write_all(&lines).and_then(|()| file.sync_data());
        written.map_err(LiveError::io("write the journal in", &self.dir))
    }

    /// Notes that the tick of `time` is done.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn reach(&mut self, time: Time) -> Result<(), LiveError> {
        // Twenty digits always, so that nothing of an earlier instant stays behind.
        let text = format!("{:<20}\n", time.0);
        let written = self.reached.seek(SeekFrom::Start(0)).and_then(|_| self.reached.write_all(text.as_bytes()));
        written.map_err(LiveError::io("note the time in", &self.dir))
    }

    /// The instant of the last tick that was done before, if it is known.
    pub fn reached(&self) -> Option<Time> {
        reached(&self.dir)
    }

    /// Puts the rows from `time` on on the disk.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn secure_results(&self, time: Time) -> Result<(), LiveError> {
        let dir = self.results(time);
        let secure = || -> std::io::Result<()> {
            for file in fs::read_dir(&dir)? {
                File::open(file?.path())?.sync_all()?;
            }
            sync_folder(&dir)
        };
        secure().map_err(LiveError::io("secure the results in", &dir))
    }

    /// Removes the rows from `time` on: there are none yet.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn remove_results(&self, time: Time) -> Result<(), LiveError> {
        remove(&self.results(time), |path| fs::remove_dir_all(path))
    }

    /// Whether somebody wants a snapshot now.
    pub fn is_snapshot_wanted(&self) -> bool {
        self.dir.join(WANTED).exists()
    }

    /// Tells whoever wanted a snapshot that there is one.
    pub fn snapshot_is_taken(&self) {
        // If it can not be removed there will be one snapshot too many.
        drop(fs::remove_file(self.dir.join(WANTED)));
    }

    /// Removes what is no longer kept: snapshots by the rule, and journals from before the days of which one is kept each.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn thin_out(&self, now: Time, rule: &Retention) -> Result<(), LiveError> {
        let snapshots = snapshots(&self.dir)?;
        for time in retention::expired(&snapshots, now, self.calendar, rule) {
            let path = self.snapshot(time);
            fs::remove_file(&path).map_err(LiveError::io("remove", &path))?;
        }
        let oldest = now - Span::DAY * i64::from(rule.days.max(1));
        let mut journals = instants(&self.dir.join(JOURNAL), "jsonl")?;
        // The one in which that instant lies is still needed.
        journals.truncate(journals.partition_point(|time| *time <= oldest).saturating_sub(1));
        for time in journals {
            let path = journal_path(&self.dir, time);
            fs::remove_file(&path).map_err(LiveError::io("remove", &path))?;
        }
        Ok(())
    }
}

/// The instants of the snapshots in the place `dir`, oldest first.
///
/// # Errors
/// [`LiveError::Io`].
pub fn snapshots(dir: &Path) -> Result<Vec<Time>, LiveError> {
    instants(&dir.join(SNAPSHOTS), "json")
}

/// The instants at which journals begin in the place `dir`, oldest first.
///
/// # Errors
/// [`LiveError::Io`].
pub fn journals(dir: &Path) -> Result<Vec<Time>, LiveError> {
    instants(&dir.join(JOURNAL), "jsonl")
}

/// Where the snapshot of `time` lies in the place `dir`.
pub fn snapshot_path(dir: &Path, time: Time) -> PathBuf {
    dir.join(SNAPSHOTS).join(format!("{}.json", file_name(time)))
}

/// The latest snapshot in the place `dir` of which `restore` can make something, and what is wrong with later ones.
///
/// # Errors
/// [`LiveError::NoSnapshot`] or [`LiveError::Io`].
pub fn latest_snapshot<T>(
    dir: &Path,
    restore: impl Fn(SnapshotFile) -> Result<T, LiveError>,
) -> Result<(T, Vec<LiveError>), LiveError> {
    let mut damaged = Vec::new();
    for time in snapshots(dir)?.into_iter().rev() {
        let path = snapshot_path(dir, time);
        let named = |file: SnapshotFile| match file.time() {
            found if found == time => Ok(file),
            found => Err(LiveError::Damaged { path: path.clone(), problem: format!("holds the state of {found}") }),
        };
        match SnapshotFile::read(&path).and_then(named).and_then(&restore) {
            Ok(found) => return Ok((found, damaged)),
            Err(error) => damaged.push(error),
        }
    }
    Err(LiveError::NoSnapshot(dir.into()))
}

/// What came from outside after the snapshot of `from`, in all journals that follow it.
///
/// # Errors
/// [`LiveError::Damaged`] naming file and line, or [`LiveError::Io`].
pub fn journal_since(dir: &Path, from: Time) -> Result<Journal, LiveError> {
    let mut all = Journal::default();
    let journals = journals(dir)?;
    // Every snapshot begins a journal, the last one perhaps not yet.
    let snapshots = snapshots(dir)?;
    let followed = snapshots.iter().take(snapshots.len().saturating_sub(1));
    if let Some(missing) = followed.into_iter().find(|time| **time >= from && !journals.contains(time)) {
        let problem = "is missing: put it back, or begin at a later snapshot".into();
        return Err(LiveError::Damaged { path: journal_path(dir, *missing), problem });
    }
    for time in journals.iter().copied().filter(|time| *time >= from) {
        let path = journal_path(dir, time);
        let mut text = fs::read(&path).map_err(LiveError::io("read", &path))?;
        text.truncate(whole_lines(&text));
        // One that was only just begun.
        if text.is_empty() && journals.last() == Some(&time) {
            continue;
        }
        let damaged = |problem: String| LiveError::Damaged { path: path.clone(), problem };
        let text = String::from_utf8(text).map_err(|_| damaged("is no text".into()))?;
        let journal = Journal::from_json_lines(&text).map_err(|error| damaged(error.to_string()))?;
        all.append(journal);
    }
    Ok(all)
}

/// The instant of the last tick noted in the place `dir`.
pub fn reached(dir: &Path) -> Option<Time> {
    fs::read_to_string(dir.join(REACHED)).ok()?.trim().parse().ok().map(Time)
}

/// Whether a process runs the live twin of `dir`.
pub fn is_running(dir: &Path) -> bool {
    File::open(dir.join(LOCK)).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Asks the live twin of `dir` for a snapshot.
///
/// # Errors
/// [`LiveError::Io`].
pub fn want_snapshot(dir: &Path) -> Result<(), LiveError> {
    let path = dir.join(WANTED);
    File::create(&path).map(drop).map_err(LiveError::io("create", &path))
}

/// Whether the live twin of `dir` has not yet taken the snapshot that was asked for.
pub fn is_snapshot_outstanding(dir: &Path) -> bool {
    dir.join(WANTED).exists()
}

/// Takes back what was asked for.
pub fn take_back_snapshot(dir: &Path) {
    // It may have been taken in this moment.
    drop(fs::remove_file(dir.join(WANTED)));
}

/// Where the results of stretches lie in the place `dir`.
pub fn results_folder(dir: &Path) -> PathBuf {
    dir.join(RESULTS)
}

/// Where the results of forks lie in the place `dir`.
pub fn forks_folder(dir: &Path) -> PathBuf {
    dir.join(FORKS)
}

/// The file of the journal that begins at `time` in the place `dir`.
pub fn journal_path(dir: &Path, time: Time) -> PathBuf {
    dir.join(JOURNAL).join(format!("{}.jsonl", file_name(time)))
}

/// The length of the lines that are whole.
fn whole_lines(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1)
}

/// An instant as the name of a file.
pub fn file_name(time: Time) -> String {
    time.to_string().replace(':', "-")
}

/// The instants that files of this extension in `folder` are named after, oldest first.
fn instants(folder: &Path, extension: &str) -> Result<Vec<Time>, LiveError> {
    let failed = |source| LiveError::Io { what: "list", path: folder.into(), source };
    let mut times = Vec::new();
    for file in fs::read_dir(folder).map_err(failed)? {
        let path = file.map_err(failed)?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| stem.is_ascii());
        if let Some(stem) = stem.filter(|_| path.extension().unwrap_or_default() == extension) {
            let (date, time) = stem.split_at_checked(10).unwrap_or((stem, ""));
            times.extend(parse_start(&format!("{date}{}", time.replace('-', ":")), Calendar::default()));
        }
    }
    times.sort_unstable();
    Ok(times)
}

fn remove(path: &Path, remove: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), LiveError> {
    match remove(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(LiveError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Takes the lock of the folder. Where the file system has no locks, nobody is kept out.
fn lock(dir: &Path) -> Result<File, LiveError> {
    let path = dir.join(LOCK);
    let opened = File::options().write(true).create(true).truncate(false).open(&path);
    let file = opened.map_err(LiveError::io("create", &path))?;
    // Whoever looks whether the twin runs holds it for a moment.
    for _ in 0..10 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
    Err(LiveError::Busy(dir.into()))
}
