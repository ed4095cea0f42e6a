//! What lies on the disk beside a live twin: its journal, its snapshots, its results, and forks.

use agents::Time;
use serde::Serialize;
use std::path::PathBuf;
use utoipa::ToSchema;

/// Reads and makes what lies on the disk. All of it is called on threads that may wait.
pub trait Archive: Send + Sync + 'static {
    /// Entries of the journal, oldest first.
    ///
    /// # Errors
    /// [`ArchiveError::Broken`].
    fn journal(&self, query: &JournalQuery) -> Result<JournalPage, ArchiveError>;

    /// The snapshots there are, oldest first.
    ///
    /// # Errors
    /// [`ArchiveError::Broken`].
    fn snapshots(&self) -> Result<Vec<SnapshotView>, ArchiveError>;

    /// The file of a snapshot.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`] or [`ArchiveError::Broken`].
    fn snapshot_file(&self, name: &str) -> Result<PathBuf, ArchiveError>;

    /// The files of results there are, of the twin and of its forks; only those that are whole.
    ///
    /// # Errors
    /// [`ArchiveError::Broken`].
    fn results(&self) -> Result<Vec<ResultFile>, ArchiveError>;

    /// The path of a file of results.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`] or [`ArchiveError::Broken`].
    fn result_file(&self, name: &str) -> Result<PathBuf, ArchiveError>;

    /// Begins a fork on a thread of its own, and says under which id it goes.
    ///
    /// # Errors
    /// [`ArchiveError::Refused`] where it can not be meant, [`ArchiveError::Busy`] where too many are under way,
    /// [`ArchiveError::Missing`] where there is no such snapshot.
    fn fork(&self, request: ForkRequest) -> Result<ForkView, ArchiveError>;

    /// The forks that were begun, oldest first.
    fn forks(&self) -> Vec<ForkView>;

    /// Stops a fork that is under way.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`] where there is none of this id.
    fn stop_fork(&self, id: &str) -> Result<ForkView, ArchiveError>;
}

/// Why the archive can not do something.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// There is no such thing.
    #[error("{0}")]
    Missing(String),
    /// It can not be meant, and why.
    #[error("{0}")]
    Refused(String),
    /// It can be done later.
    #[error("{0}")]
    Busy(String),
    /// Something broke: a disk.
    #[error("{0}")]
    Broken(String),
}

/// Which entries of the journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JournalQuery {
    /// Of ticks from here on.
    pub since: Option<Time>,
    /// Of ticks before this one.
    pub until: Option<Time>,
    /// The string id of the participant they are about.
    pub participant: Option<String>,
    /// So many of those that fit are passed over.
    pub offset: usize,
    /// So many at most.
    pub limit: usize,
}

/// Entries of the journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JournalPage {
    /// The entries, as the journal has them: `{"tick": …, "input": …}`.
    pub entries: Vec<serde_json::Value>,
    /// Whether there are more.
    pub is_more: bool,
}

/// A snapshot on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotView {
    /// Its name, by which it is asked for.
    pub name: String,
    /// The instant it was taken at.
    pub time: Time,
    /// The size of its file.
    pub bytes: u64,
}

/// A file of results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultFile {
    /// Its name, by which it is asked for: `2026-11-21T19-00-00Z/assets.parquet`, or `forks/f1/kpis.parquet`.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// What if.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForkRequest {
    /// The snapshot it begins with; none: the latest.
    pub snapshot: Option<String>,
    /// What is changed in the scenario, as `--set` takes it.
    pub set: Vec<String>,
    /// How long it runs, as `--duration` takes it; none: a day.
    pub duration: Option<String>,
    /// How much is kept, as `--record` takes it; none: as the scenario says.
    pub record: Option<String>,
}

/// A fork.
#[derive(Clone, Debug, PartialEq)]
pub struct ForkView {
    /// Its id.
    pub id: String,
    /// What was asked for.
    pub request: ForkRequest,
    /// How it stands.
    pub status: ForkStatus,
    /// Share of its time that it has lived through, 0 to 1.
    pub progress: f64,
    /// Why it failed, if it did.
    pub error: Option<String>,
    /// The names of its files of results, once it is complete.
    pub results: Vec<String>,
}

/// How a fork stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForkStatus {
    /// It runs.
    Running,
    /// Its results are whole.
    Complete,
    /// It was stopped; what it has recorded is whole.
    Stopped,
    /// It could not go on.
    Failed,
}
