//! The control API: what an operator, a script or a console sees of the twin and does to it, over HTTP.
//!
//! The server runs on threads of its own. What it shows comes from batches of rows; what only the thread that runs the
//! twin can do is a [`Call`] to it; what lies on the disk is asked of an [`Archive`]. None of it ever waits for a client.
//!
//! The reference of all routes is the document at `/openapi.json`, which is made from this code.

mod archive;
mod board;
mod call;
mod desk;
mod error;
mod face;
mod feed;
mod frame;
mod guard;
mod metrics;
mod problem;
mod queue;
mod routes;
mod select;
mod server;
mod settings;
mod take;
mod tls;
mod view;

pub use agents::face::Secret;
pub use archive::{
    Archive, ArchiveError, ForkRequest, ForkStatus, ForkView, JournalPage, JournalQuery, ResultFile, SnapshotView,
};
pub use call::{Call, Clock, Inspection, MOST_TICKS, PaceWish, Reply, SPEEDS};
pub use error::ApiError;
pub use face::{Face, Overview, Status};
pub use settings::{Settings, Tls};
