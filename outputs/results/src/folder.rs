//! The folder of a run: whose it is, temporary names, and the rename that makes a file count.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::error::ResultsError;
use crate::run::{RUN_JSON, RunJson, RunState, read_state};
use crate::schema::{TABLES, Table};
use crate::sweep::SWEEP_JSON;

/// Held locked by the process that writes; the system releases it when that process dies.
const LOCK: &str = "lock.partial";

/// What to do with results that are already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Leave complete runs and files of others alone; take over unfinished runs.
    Keep,
    /// Replace them.
    Overwrite,
}

/// A folder this process alone writes a run into.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
    lock: File,
}

impl Folder {
    /// Makes `dir` ours, creates it if need be, and marks it `running`.
    ///
    /// Tables of an earlier run of ours go, so that no reader takes them for this one's; files by other
    /// names are never touched.
    pub(crate) fn claim(dir: &Path, existing: Existing, run_json: &RunJson<'_>) -> Result<Self, ResultsError> {
        if dir.join(SWEEP_JSON).exists() {
            return Err(ResultsError::HoldsSweep { dir: dir.to_owned() });
        }
        if existing == Existing::Keep {
            check_vacant(dir)?;
        }
        fs::create_dir_all(dir).map_err(ResultsError::io("create the folder", dir))?;
        let folder = Self { dir: dir.to_owned(), lock: lock(dir)? };
        // Once more: another process may have finished a run between the first look and the lock.
        if existing == Existing::Keep {
            check_vacant(dir)?;
        }
        let ours = matches!(read_state(dir), Ok(Some(_)));
        folder.write_run_json(run_json)?;
        if ours {
            folder.remove_tables()?;
        }
        Ok(folder)
    }

    /// The folder itself.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a table is written until it is whole.
    pub(crate) fn partial(&self, table: &Table) -> PathBuf {
        partial(&self.dir.join(table.file_name()))
    }

    /// Gives a table that is whole its name.
    pub(crate) fn publish(&self, table: &Table) -> Result<(), ResultsError> {
        publish(&self.dir.join(table.file_name()))
    }

    /// Replaces `run.json` in one step: readers see the old or the new one.
    pub(crate) fn write_run_json(&self, run_json: &RunJson<'_>) -> Result<(), ResultsError> {
        let path = self.dir.join(RUN_JSON);
        let mut text = serde_json::to_string_pretty(run_json)
            .map_err(|error| ResultsError::io("describe the run in", &path)(error.into()))?;
        text.push('\n');
        let partial = partial(&path);
        fs::write(&partial, text).map_err(ResultsError::io("write", &partial))?;
        publish(&path)
    }

    /// Lets go of the folder.
    pub(crate) fn release(self) -> Result<(), ResultsError> {
        let path = self.dir.join(LOCK);
        fs::remove_file(&path).map_err(ResultsError::io("remove", &path))?;
        drop(self.lock);
        Ok(())
    }

    fn remove_tables(&self) -> Result<(), ResultsError> {
        for table in TABLES {
            for path in [self.dir.join(table.file_name()), self.partial(table)] {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(ResultsError::io("remove", &path)(error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// The temporary name of a file.
pub(crate) fn partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// Gives the file at the temporary name of `path` its name.
pub(crate) fn publish(path: &Path) -> Result<(), ResultsError> {
    fs::rename(partial(path), path).map_err(ResultsError::io("rename the finished", path))
}

/// Refuses complete runs, `run.json`s of others, and tables of nobody knows whom.
fn check_vacant(dir: &Path) -> Result<(), ResultsError> {
    match read_state(dir)? {
        Some(RunState::Complete) => Err(ResultsError::Complete { dir: dir.to_owned() }),
        Some(RunState::Running | RunState::Interrupted | RunState::Failed) => Ok(()),
        None => {
            let tables = TABLES.iter().map(|table| dir.join(table.file_name()));
            match tables.flat_map(|path| [partial(&path), path]).find(|path| path.exists()) {
                Some(path) => Err(ResultsError::Foreign { path }),
                None => Ok(()),
            }
        }
    }
}

/// Takes the lock of the folder. Where the file system has no locks, nobody is kept out.
fn lock(dir: &Path) -> Result<File, ResultsError> {
    let path = dir.join(LOCK);
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(ResultsError::io("create", &path))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(ResultsError::Busy { dir: dir.to_owned() }),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}
