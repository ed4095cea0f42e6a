//! The snapshot that a sweep goes on from: opened where it lies, copied to the sweep's place, and read from there.

use crate::error::Error;
use crate::fork::Beginning;
use crate::inputs::{self, copy_name};
use crate::snapshot::copy_in;
use results::sweep::{FrozenSnapshot, Store};
use results::{InputFile, ResultsError};
use scenarios::sweep::{SnapshotName, Sweep};
use std::path::{Path, PathBuf};

/// The snapshot of a sweep, and where it is read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) beginning: Beginning,
    copies: Copies,
    /// Whether the sweep file names the place of a live twin, whose latest snapshot it is.
    is_latest: bool,
}

/// Where the copies of the snapshot's data files are.
#[derive(Debug)]
enum Copies {
    /// In this folder, beside the snapshot.
    Folder(PathBuf),
    /// In the sweep's place, with the snapshot itself.
    Store,
}

impl Source {
    /// The snapshot at `path`, of a file or of the place of a live twin.
    ///
    /// # Errors
    /// Those of [`Beginning::open`].
    fn open(path: &Path) -> Result<Self, Error> {
        let (beginning, folder) = Beginning::open(path)?;
        Ok(Self { beginning, copies: Copies::Folder(folder), is_latest: path.is_dir() })
    }

    /// The snapshot as it was frozen.
    ///
    /// # Errors
    /// [`ResultsError::NoSweep`] if the copy of a file is not there, or was edited.
    pub(super) fn frozen(snapshot: &FrozenSnapshot, store: &dyn Store) -> Result<Self, Error> {
        let contents = frozen_copy(store, &copy_of(&snapshot.file), &snapshot.file)?;
        let copy = |file: &InputFile| frozen_copy(store, &copy_name(&file.path, &file.blake3), file);
        let beginning = Beginning::of(snapshot.file.clone(), &contents, &copy)?;
        Ok(Self { beginning, copies: Copies::Store, is_latest: false })
    }

    /// The contents of a data file that the scenario of the snapshot reads; none of any other.
    pub(super) fn contents(&self, path: &Path, store: &dyn Store) -> Option<Result<Vec<u8>, Error>> {
        self.beginning.kept.contents(path, &|file| match &self.copies {
            Copies::Folder(folder) => copy_in(folder, file),
            Copies::Store => frozen_copy(store, &copy_name(&file.path, &file.blake3), file),
        })
    }

    /// What the manifest says of it.
    pub(super) fn info(&self, name: &SnapshotName) -> FrozenSnapshot {
        let Beginning { file, .. } = &self.beginning;
        FrozenSnapshot { from: name.written.clone(), time: self.beginning.time().to_string(), file: file.clone() }
    }

    /// Copies the snapshot to the sweep's place.
    ///
    /// # Errors
    /// If that fails, or the file has changed since it was read.
    pub(super) fn write(&self, store: &dyn Store) -> Result<(), Error> {
        let file = &self.beginning.file;
        match self.copies {
            Copies::Folder(_) => {
                let contents = unchanged(file, inputs::read(Path::new(&file.path))?)?;
                Ok(store.write(&format!("inputs/{}", copy_of(file)), &contents)?)
            }
            Copies::Store => Ok(()),
        }
    }
}

/// What the copy of a snapshot is called in the folder of copies.
pub(super) fn copy_of(file: &InputFile) -> String {
    format!("{}.json", &file.blake3[..16])
}

/// The contents of a file that were read once more, if they are what they were.
pub(super) fn unchanged(file: &InputFile, contents: Vec<u8>) -> Result<Vec<u8>, Error> {
    if InputFile::of("", &contents).blake3 == file.blake3 {
        return Ok(contents);
    }
    let problem = format!("{} changed while the sweep was being frozen: try again", file.path);
    Err(Error::Option { option: "sweep", problem })
}

/// The contents of a copy in the sweep's place.
fn frozen_copy(store: &dyn Store, copy: &str, file: &InputFile) -> Result<Vec<u8>, Error> {
    let broken = |problem: String| ResultsError::NoSweep { place: store.place(), problem };
    let way_out = "put it back, or begin anew with `cariflex sweep FILE --fresh`";
    match store.read(&format!("inputs/{copy}"))? {
        Some(contents) if InputFile::of("", &contents).blake3 == file.blake3 => Ok(contents),
        Some(_) => Err(broken(format!("`inputs/{copy}` was edited since it was frozen: {way_out}")).into()),
        None => Err(broken(format!("`inputs/{copy}` is missing: {way_out}")).into()),
    }
}

/// Loads a sweep file with the snapshot that it names, if it names one.
///
/// # Errors
/// Everything that is wrong with the file.
pub(super) fn load(path: &Path, sets: &[String]) -> Result<(Sweep, Option<Source>), Error> {
    load_with(path, sets, &|path| Source::open(path))
}

/// The same sweep that goes on from the snapshot with which it was `frozen`, where the sweep file names the place of a live
/// twin that has gone on since; otherwise nothing.
///
/// # Errors
/// If the snapshot is no longer there.
pub(super) fn reload(
    (path, sets): (&Path, &[String]),
    (sweep, source): (&Sweep, Option<&Source>),
    frozen: Option<&FrozenSnapshot>,
    store: &dyn Store,
) -> Result<Option<(Sweep, Option<Source>)>, Error> {
    let (Some(name), Some(source), Some(frozen)) = (sweep.snapshot(), source, frozen) else { return Ok(None) };
    if !source.is_latest || frozen.from != name.written || frozen.file.blake3 == source.beginning.file.blake3 {
        return Ok(None);
    }
    load_with(path, sets, &|_| Source::frozen(frozen, store)).map(Some)
}

fn load_with(
    path: &Path,
    sets: &[String],
    open: &dyn Fn(&Path) -> Result<Source, Error>,
) -> Result<(Sweep, Option<Source>), Error> {
    let mut source = None;
    let mut sweep = Sweep::load_with(path, &mut |path| {
        let opened = open(path).map_err(|error| error.to_string())?;
        let scenario = opened.beginning.scenario().map_err(|error| error.to_string())?;
        let gone = opened.beginning.gone();
        source = Some(opened);
        Ok((scenario, gone))
    })?;
    sets.iter().try_for_each(|assignment| sweep.set(assignment))?;
    Ok((sweep, source))
}
