//! Files of snapshots: the state of a twin between two ticks, with all that is needed to go on from it.

use crate::error::Error;
use crate::inputs::{ENGINE, Inputs, copy_name, read, read_table};
use crate::live::{Answered, LiveError};
use agents::Time;
use results::InputFile;
use scenarios::{Scenario, ScenarioError};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use twin::Snapshot;

/// The mark of such a file.
const FORMAT: &str = "cariflex-snapshot";
/// Version of the file; the state in it has its own.
const VERSION: u32 = 1;
/// Folder of copies of data files, beside that of the snapshots.
pub(crate) const INPUTS: &str = "inputs";

/// Gets the contents of a data file, of a copy if there is one.
pub type Copy<'a> = dyn Fn(&InputFile) -> Result<Vec<u8>, Error> + 'a;

/// The contents of the copy of a data file in `folder`; where there is none, of the file itself.
///
/// # Errors
/// If neither can be read.
pub fn copy_in(folder: &Path, file: &InputFile) -> Result<Vec<u8>, Error> {
    let copy = folder.join(copy_name(&file.path, &file.blake3));
    read(if copy.exists() { &copy } else { Path::new(&file.path) })
}

/// A scenario as it was written, and the data files that it read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptScenario {
    /// The scenario without defaults.
    pub scenario: serde_json::Value,
    /// Its data files.
    pub inputs: Vec<InputFile>,
}

impl KeptScenario {
    /// What is kept of these inputs.
    pub fn of(inputs: &Inputs) -> Self {
        let scenario = serde_json::to_value(inputs.scenario.to_written()).expect("a scenario is plain data");
        Self { scenario, inputs: inputs.files.clone() }
    }

    /// The scenario alone; `name` says in messages where it is kept.
    ///
    /// # Errors
    /// [`Error::Scenario`] if it is none.
    pub fn scenario(&self, name: &str) -> Result<Scenario, Error> {
        Ok(Scenario::from_written(name, &self.scenario)?)
    }

    /// Resolves `scenario`, which came of this one, with the data files that were kept in `folder` or, where there is no
    /// copy, with the files themselves as long as they are what they were.
    ///
    /// # Errors
    /// As [`Inputs::of`]; and if a file has changed.
    pub fn resolve(&self, scenario: Scenario, folder: &Path) -> Result<Inputs, Error> {
        self.resolve_with(scenario, &|file| copy_in(folder, file))
    }

    /// The same with the data files of which `copy` gets the contents.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and those of `copy`.
    pub fn resolve_with(&self, scenario: Scenario, copy: &Copy<'_>) -> Result<Inputs, Error> {
        // A fork may read a file that nobody read before.
        let contents = |path: &Path| self.contents(path, copy).unwrap_or_else(|| read(path));
        Inputs::of(scenario, |path| read_table(path, &contents(path)?))
    }

    /// The contents of the data file at `path` as they were; none of a file that was not read.
    pub fn contents(&self, path: &Path, copy: &Copy<'_>) -> Option<Result<Vec<u8>, Error>> {
        let name = path.display().to_string();
        let kept = self.inputs.iter().find(|file| file.path == name)?;
        Some(copy(kept).and_then(|contents| {
            if InputFile::of("", &contents).blake3 == kept.blake3 {
                return Ok(contents);
            }
            let message = "has changed since the snapshot was taken: put the file back as it was".into();
            Err(ScenarioError::Syntax { path: path.into(), message }.into())
        }))
    }

    /// Copies the data files to `folder`, each under its hash.
    ///
    /// # Errors
    /// [`LiveError::Io`], or if a file can not be read.
    pub fn copy_inputs(&self, folder: &Path) -> Result<(), Error> {
        for file in &self.inputs {
            let copy = folder.join(copy_name(&file.path, &file.blake3));
            if !copy.exists() {
                fs::create_dir_all(folder).map_err(LiveError::io("create", folder))?;
                write_whole(&copy, &read(Path::new(&file.path))?)?;
            }
        }
        Ok(())
    }
}

/// A snapshot as it lies in a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SnapshotFile {
    format: String,
    version: u32,
    /// Version and fingerprint of the engine that wrote it.
    pub engine: String,
    /// The instant, to be read.
    time: String,
    /// What the twin was built from.
    #[serde(flatten)]
    pub kept: KeptScenario,
    /// Requests from outside that were answered, so that one that comes twice is taken once.
    pub answered: Vec<Answered>,
    /// The state.
    pub state: Snapshot,
    /// Hash of the state as it is written here.
    blake3: String,
}

impl SnapshotFile {
    /// A snapshot of a twin built from `kept`.
    pub fn new(kept: KeptScenario, answered: Vec<Answered>, state: Snapshot) -> Self {
        let (time, blake3) = (state.time().to_string(), hash(&state));
        Self { format: FORMAT.into(), version: VERSION, engine: ENGINE.into(), time, kept, answered, state, blake3 }
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// [`LiveError::Io`] or [`LiveError::Damaged`].
    pub fn read(path: &Path) -> Result<Self, LiveError> {
        Self::parse(path, &fs::read(path).map_err(LiveError::io("read", path))?)
    }

    /// Reads a snapshot from the contents of the file at `path`.
    ///
    /// # Errors
    /// [`LiveError::Damaged`].
    pub fn parse(path: &Path, contents: &[u8]) -> Result<Self, LiveError> {
        let damaged = |problem: String| LiveError::Damaged { path: path.into(), problem };
        #[derive(Deserialize)]
        struct Stamp {
            format: String,
            version: u32,
        }
        let stamp: Stamp = serde_json::from_slice(contents)
            .map_err(|error| damaged(format!("is no snapshot, or not whole: {error}")))?;
        if stamp.format != FORMAT {
            return Err(damaged("is no snapshot of a twin".into()));
        }
        if stamp.version != VERSION {
            let problem = format!("is of version {}, this program reads version {VERSION}", stamp.version);
            return Err(damaged(problem));
        }
        let file: Self =
            serde_json::from_slice(contents).map_err(|error| damaged(format!("can not be read: {error}")))?;
        if file.blake3 != hash(&file.state) {
            return Err(damaged("its state is not what was written: put a copy back, or take another snapshot".into()));
        }
        Ok(file)
    }

    /// Writes the snapshot, whole or not at all; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`LiveError::Io`].
    pub fn write(&self, path: &Path) -> Result<(), LiveError> {
        write_whole_with(path, |file| {
            let mut writer = BufWriter::new(file);
            serde_json::to_writer(&mut writer, self)?;
            writer.write_all(b"\n")?;
            writer.flush()
        })
    }

    /// The instant of the snapshot.
    pub fn time(&self) -> Time {
        self.state.time()
    }
}

/// The hash of a state: written and read again it is the same text.
fn hash(state: &Snapshot) -> String {
    blake3::hash(state.to_json().as_bytes()).to_hex().to_string()
}

/// The folder of the copies of data files that belong to the snapshot at `path`: in the place of a live twin they lie
/// beside its folder of snapshots.
pub fn inputs_beside(path: &Path) -> PathBuf {
    path.parent().and_then(Path::parent).unwrap_or(Path::new(".")).join(INPUTS)
}

/// Writes a file, whole or not at all; it is on the disk when this returns.
pub(crate) fn write_whole(path: &Path, contents: &[u8]) -> Result<(), LiveError> {
    write_whole_with(path, |file| file.write_all(contents))
}

fn write_whole_with(path: &Path, fill: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<(), LiveError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = || -> std::io::Result<()> {
        let mut file = File::create(&partial)?;
        fill(&mut file)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        sync_folder(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    };
    written().map_err(LiveError::io("write", path))
}

/// Puts the names in a folder on the disk, where the system can.
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
