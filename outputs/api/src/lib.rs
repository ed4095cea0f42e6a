//! The control API: what an operator, a script or a console sees of the twin and does to it, over HTTP.
//!
//! The server runs on threads of its own. What it shows comes from batches of rows; what only the thread that runs the
//! twin can do is a [`Call`] to it; what lies on the disk is asked of an [`Archive`]. None of it ever waits for a client.

mod archive;
mod call;

pub use archive::{
    Archive, ArchiveError, ForkRequest, ForkStatus, ForkView, JournalPage, JournalQuery, ResultFile, SnapshotView,
};
pub use call::{Call, Clock, Inspection, PaceWish, Reply};
