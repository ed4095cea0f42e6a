//! Where a sweep is kept: files by name, each read and written in one piece.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use crate::error::ResultsError;

/// A place for the files of a sweep. Names are relative and go by `/`, for instance `kpis/part-1.parquet`.
///
/// What is written is there as a whole or not at all; the last writer wins. Several processes may use one place.
pub trait Store: Debug + Send + Sync {
    /// How a user would write the place, for messages.
    fn place(&self) -> String;

    /// The contents of a file; none if there is no such file.
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ResultsError>;

    /// The contents of several files, in the order of their names; none for one that is not there. A store that is far
    /// away is asked for many at once.
    fn read_all(&self, names: &[String]) -> Result<Vec<Option<Vec<u8>>>, ResultsError> {
        names.iter().map(|name| self.read(name)).collect()
    }

    /// Writes a file, or replaces it.
    fn write(&self, name: &str, contents: &[u8]) -> Result<(), ResultsError>;

    /// Names of what lies in a folder (empty for the place itself), sorted; folders end in `/`. A folder that is not
    /// there is empty.
    fn list(&self, folder: &str) -> Result<Vec<String>, ResultsError>;

    /// Removes a file, or a folder (`name/`) with all that lies in it; what is not there needs no removing.
    fn remove(&self, name: &str) -> Result<(), ResultsError>;

    /// A folder of this machine in which a run may be written.
    fn begin_run(&self, run: &str) -> Result<Scratch, ResultsError>;

    /// Keeps a run that is whole as `run=<id>/`, unless it is there already.
    fn keep_run(&self, run: &str, scratch: Scratch) -> Result<(), ResultsError>;

    /// Moves runs that are no longer wanted to `superseded/`, so that patterns such as `run=*/sites.parquet` do not read
    /// them, and those that are wanted again back. Returns how many had to be left where they are.
    fn sort_runs(&self, is_wanted: &dyn Fn(&str) -> bool) -> Result<usize, ResultsError> {
        let names = self.list("")?;
        Ok(names.iter().filter_map(|name| run_of(name)).filter(|run| !is_wanted(run)).count())
    }
}

/// The run whose folder goes by this name; none if it is no such folder.
pub(super) fn run_of(name: &str) -> Option<&str> {
    name.strip_prefix("run=")?.strip_suffix('/')
}

/// A folder in which a run is being written; removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left of it is removed by the next who opens the sweep.
        drop(std::fs::remove_dir_all(&self.dir));
    }
}

/// Opens a place: the path of a folder, which need not be there yet, or `s3://bucket/prefix`.
///
/// # Errors
/// If the place can not be used, or object stores are not built in.
pub fn open(place: &str) -> Result<Box<dyn Store>, ResultsError> {
    match place.strip_prefix("s3://") {
        None => Ok(Box::new(super::folder::Folder::open(Path::new(place))?)),
        #[cfg(feature = "s3")]
        Some(rest) => Ok(Box::new(super::bucket::Bucket::open(rest)?)),
        #[cfg(not(feature = "s3"))]
        Some(_) => Err(ResultsError::NoObjectStores { place: place.into() }),
    }
}
