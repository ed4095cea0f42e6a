//! What routes can answer besides what was asked for: documented once, named by each route.

use crate::archive::ArchiveError;
use crate::face::Shared;
use crate::problem::{PROBLEM_JSON, Problem};
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::IntoResponses;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

/// How long a disk may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// A response that is a problem.
pub(super) fn problem(description: &str) -> RefOr<Response> {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content(PROBLEM_JSON, content).build().into()
}

fn problems(all: &[(u16, &str)]) -> BTreeMap<String, RefOr<Response>> {
    all.iter().map(|(status, description)| (status.to_string(), problem(description))).collect()
}

/// Of routes that name something.
pub(super) struct Missing;

impl IntoResponses for Missing {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[(404, "There is no such thing.")])
    }
}

/// Of routes that ask the thread that runs the twin.
pub(super) struct Kernel;

impl IntoResponses for Kernel {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (503, "The twin can not take more now, or ends: ask again after `Retry-After`."),
            (504, "The twin has not answered in time; it may still do what was asked."),
        ])
    }
}

/// Of routes that ask something of the twin.
pub(super) struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            (409, "The twin refused it as things are; the detail says why."),
            (422, "It can not be meant; the pointer says which key is at fault."),
        ])
    }
}

/// Of routes whose requests wait for a tick.
pub(super) struct Queued;

impl IntoResponses for Queued {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = Content::new(Some(Ref::from_schema_name("Outcome")));
        let queued = ResponseBuilder::new()
            .description("The twin is paused, or its ticks are far apart: the next one takes it.")
            .content("application/json", content);
        BTreeMap::from([("202".into(), queued.build().into())])
    }
}

/// Of routes that look at the disk.
pub(super) struct Disk;

impl IntoResponses for Disk {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[(500, "The disk failed."), (503, "The disk is too slow: ask later.")])
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        let detail = error.to_string();
        match error {
            ArchiveError::Missing(_) => Self::missing(detail),
            ArchiveError::Refused(_) => Self::meaningless(detail),
            ArchiveError::Busy(_) => Self::new(StatusCode::TOO_MANY_REQUESTS, detail),
            ArchiveError::Broken(_) => {
                tracing::error!("the archive failed: {detail}");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
            }
        }
    }
}

/// Asks the archive on a thread that may wait.
pub(super) async fn archived<T: Send + 'static>(
    shared: &Arc<Shared>,
    ask: impl FnOnce(&dyn crate::archive::Archive) -> Result<T, ArchiveError> + Send + 'static,
) -> Result<T, Problem> {
    let archive = shared.archive.clone();
    let asked = tokio::task::spawn_blocking(move || ask(archive.as_ref()));
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(answer)) => Ok(answer?),
        Ok(Err(_)) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the archive failed: see the twin's log")),
        Err(_) => Err(Problem::busy(format!("the disk has not answered in {} s: ask again later", PATIENCE.as_secs()))),
    }
}
