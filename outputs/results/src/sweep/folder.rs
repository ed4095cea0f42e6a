//! A sweep in a folder.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::store::{Scratch, Store, run_of};
use crate::error::ResultsError;
use crate::folder::partial;
use crate::read::RunHead;
use crate::run::RunState;

/// Runs are written here until they are whole; patterns such as `run=*/assets.parquet` do not see them.
const RUNNING: &str = "running";
/// Runs that are no longer part of the sweep.
const SUPERSEDED: &str = "superseded";
/// How often a folder is made anew when other processes remove it as they end.
const MOST_TRIES: usize = 100;

/// A folder as a [`Store`].
#[derive(Debug)]
pub(super) struct Folder {
    dir: PathBuf,
    /// Whether it is there, or was.
    is_made: AtomicBool,
    /// What tells the files of this process from those of another.
    token: String,
    /// Held locked from the first file to the end of the process, so that another can tell that it is alive.
    alive: Mutex<Option<File>>,
}

impl Folder {
    pub(super) fn open(dir: &Path) -> Result<Self, ResultsError> {
        if dir.exists() && !dir.is_dir() {
            let source = std::io::Error::new(ErrorKind::NotADirectory, "it is no folder");
            return Err(ResultsError::io("use as a folder", dir)(source));
        }
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos());
        let token = format!("{}-{nanos:x}", std::process::id());
        let folder = Self { dir: dir.into(), is_made: AtomicBool::new(dir.is_dir()), token, alive: Mutex::new(None) };
        folder.remove_what_the_dead_left()?;
        Ok(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Makes a folder of the place. The place itself is made once: one that vanishes, as those of a network do, must
    /// not begin again, empty, under its name.
    fn create_dir(&self, name: &str) -> Result<(), ResultsError> {
        if !self.is_made.swap(true, Ordering::Relaxed) {
            fs::create_dir_all(&self.dir).map_err(ResultsError::io("create the folder", &self.dir))?;
        }
        let mut path = self.dir.clone();
        for part in name.split('/').filter(|part| !part.is_empty()) {
            path.push(part);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                made => made.map_err(ResultsError::io("create the folder", &path))?,
            }
        }
        Ok(())
    }

    /// Says that this process lives, by a file held locked.
    fn show_life(&self) -> Result<(), ResultsError> {
        let mut alive = self.alive.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if alive.is_none() {
            *alive = Some(self.locked()?);
        }
        Ok(())
    }

    /// The file that says that this process lives. Whoever is killed before it is locked leaves one that says so.
    fn locked(&self) -> Result<File, ResultsError> {
        let path = self.path(RUNNING).join(format!("{}.lock", self.token));
        while_gone(|| {
            self.create_dir(RUNNING)?;
            let file = File::create(&path).map_err(ResultsError::io("create", &path))?;
            // Where the file system has no locks, nobody takes us for dead either. Where another process has taken us for
            // dead before we had the lock, our file is gone, or will be.
            if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
                std::thread::sleep(Duration::from_millis(1));
                return Err(ResultsError::io("lock", &path)(ErrorKind::NotFound.into()));
            }
            fs::metadata(&path).map_err(ResultsError::io("find", &path))?;
            Ok(file)
        })
    }

    /// Whether a run is complete and has all of its tables.
    fn has_run(&self, run: &str) -> bool {
        let head = RunHead::read(&self.path(&format!("run={run}"))).ok().flatten();
        head.is_some_and(|head| {
            let has_all = || head.tables.keys().all(|table| head.file(table).is_some_and(|file| file.is_file()));
            head.status == RunState::Complete && has_all()
        })
    }

    /// Removes unfinished runs and files of processes that were killed.
    fn remove_what_the_dead_left(&self) -> Result<(), ResultsError> {
        let running = self.path(RUNNING);
        for name in names_in(&running)? {
            let Some(token) = name.strip_suffix(".lock") else { continue };
            let path = running.join(&name);
            let is_dead = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
            if !is_dead {
                continue;
            }
            for of_run in names_in(&running)?.iter().filter(|other| other.trim_end_matches('/').ends_with(token)) {
                gone(fs::remove_dir_all(running.join(of_run)), &running.join(of_run))?;
            }
            let unfinished = format!(".{token}.partial");
            for folder in [self.dir.clone(), self.path("kpis"), self.path("inputs")] {
                for name in names_in(&folder)?.iter().filter(|name| name.ends_with(&unfinished)) {
                    gone(fs::remove_file(folder.join(name)), &folder.join(name))?;
                }
            }
            gone(fs::remove_file(&path), &path)?;
        }
        // One that was killed at its very end left the folder.
        drop(fs::remove_dir(&running));
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.alive.lock().is_ok_and(|alive| alive.is_some()) {
            drop(fs::remove_file(self.path(RUNNING).join(format!("{}.lock", self.token))));
            // Goes if nobody else has anything in it.
            drop(fs::remove_dir(self.path(RUNNING)));
        }
    }
}

impl Store for Folder {
    fn place(&self) -> String {
        self.dir.display().to_string()
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ResultsError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(contents) => Ok(Some(contents)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ResultsError::io("read", &path)(error)),
        }
    }

    fn write(&self, name: &str, contents: &[u8]) -> Result<(), ResultsError> {
        self.show_life()?;
        let path = self.path(name);
        // Two processes may write one file at once: each has a temporary one of its own.
        let mine = partial(&path.with_added_extension(&self.token));
        while_gone(|| {
            self.create_dir(name.rsplit_once('/').map_or("", |(folder, _)| folder))?;
            fs::write(&mine, contents).map_err(|error| {
                drop(fs::remove_file(&mine));
                ResultsError::io("write", &mine)(error)
            })?;
            fs::rename(&mine, &path).map_err(ResultsError::io("rename the finished", &path))
        })
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ResultsError> {
        let mut names = names_in(&self.path(folder))?;
        names.retain(|name| !name.ends_with(".partial"));
        Ok(names)
    }

    fn remove(&self, name: &str) -> Result<(), ResultsError> {
        let path = self.path(name);
        gone(if name.ends_with('/') { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }, &path)
    }

    fn begin_run(&self, run: &str) -> Result<Scratch, ResultsError> {
        self.show_life()?;
        let name = format!("{RUNNING}/{run}-{}", self.token);
        self.create_dir(&name)?;
        Ok(Scratch::new(self.path(&name)))
    }

    fn keep_run(&self, run: &str, scratch: Scratch) -> Result<(), ResultsError> {
        let path = self.path(&format!("run={run}"));
        if self.has_run(run) {
            return Ok(());
        }
        self.remove(&format!("run={run}/"))?;
        match fs::rename(scratch.dir(), &path) {
            // Another process has just kept the same run.
            Err(_) if self.has_run(run) => Ok(()),
            Err(error) => Err(ResultsError::io("rename the finished", &path)(error)),
            Ok(()) => Ok(()),
        }
    }

    fn complete_runs(&self) -> Result<BTreeSet<String>, ResultsError> {
        let names = names_in(&self.dir)?;
        let runs = names.iter().filter_map(|name| run_of(name)).filter(|run| self.has_run(run));
        Ok(runs.map(str::to_owned).collect())
    }

    fn sort_runs(&self, is_wanted: &dyn Fn(&str) -> bool) -> Result<usize, ResultsError> {
        let moves = |from: &str, to: &str, wanted: bool| {
            let names = names_in(&self.path(from))?;
            let runs = names.iter().filter_map(|name| run_of(name)).filter(|run| is_wanted(run) == wanted);
            for folder in runs.map(|run| format!("run={run}")) {
                self.create_dir(to)?;
                // What is there already is the same run; what is gone another process has moved.
                let (from, to) = (self.path(from).join(&folder), self.path(to).join(&folder));
                if to.exists() {
                    gone(fs::remove_dir_all(&from), &from)?;
                } else {
                    gone(fs::rename(&from, &to), &from)?;
                }
            }
            Ok(())
        };
        moves("", SUPERSEDED, false)?;
        moves(SUPERSEDED, "", true)?;
        // Goes if nothing is left in it.
        drop(fs::remove_dir(self.path(SUPERSEDED)));
        Ok(0)
    }
}

/// Names in a folder, sorted, folders with `/`; none if it is not there.
fn names_in(dir: &Path) -> Result<Vec<String>, ResultsError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(ResultsError::io("list", dir))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ResultsError::io("list", dir))?;
        let slash = if entry.path().is_dir() { "/" } else { "" };
        names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names)
}

/// Tries again when another process removes the folder meanwhile: because it ends, or is to begin anew.
fn while_gone<T>(mut make: impl FnMut() -> Result<T, ResultsError>) -> Result<T, ResultsError> {
    let is_gone =
        |error: &ResultsError| matches!(error, ResultsError::Io { source, .. } if source.kind() == ErrorKind::NotFound);
    for _ in 1..MOST_TRIES {
        match make() {
            Err(error) if is_gone(&error) => {}
            made => return made,
        }
    }
    make()
}

/// What is gone already needed no removing.
fn gone(removed: std::io::Result<()>, path: &Path) -> Result<(), ResultsError> {
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ResultsError::io("remove", path)(error)),
        _ => Ok(()),
    }
}
