//! Forks: what would be if.

use super::files::located;
use super::responses::{Disk, Missing, archived};
use crate::archive::{ForkRequest, ForkStatus, ForkView};
use crate::face::Shared;
use crate::problem::Problem;
use crate::take::{Json, Segment};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Most assignments of one fork.
const MOST_SET: usize = 1000;

/// What if.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ForkRequest)]
pub(super) struct ForkBody {
    /// The snapshot it begins with; the latest if absent.
    snapshot: Option<String>,
    /// What is changed in the scenario, as `--set` takes it: `battery.bat_01.power_kw=5`.
    #[serde(default)]
    #[schema(max_items = 1000)]
    set: Vec<String>,
    /// How long it runs, for instance `2d`; a day if absent.
    duration: Option<String>,
    /// How much is kept: as the scenario says if absent.
    record: Option<String>,
}

/// A fork.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Fork {
    /// Its id.
    id: String,
    /// What was asked for.
    request: ForkBody,
    /// How it stands.
    status: ForkStatus,
    /// Share of its time that it has lived through, 0 to 1.
    progress: f64,
    /// Why it failed, if it did.
    error: Option<String>,
    /// The names of its files of results, once it is complete.
    results: Vec<String>,
}

/// All forks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Forks {
    /// Oldest first.
    forks: Vec<Fork>,
}

impl From<ForkView> for Fork {
    fn from(view: ForkView) -> Self {
        let ForkRequest { snapshot, set, duration, record } = view.request;
        Self {
            id: view.id,
            request: ForkBody { snapshot, set, duration, record },
            status: view.status,
            progress: view.progress,
            error: view.error,
            results: view.results,
        }
    }
}

async fn all(shared: &Arc<Shared>) -> Result<Vec<ForkView>, Problem> {
    archived(shared, |archive| Ok(archive.forks())).await
}

/// The forks that were begun.
#[utoipa::path(get, path = "/v1/forks", tag = "archive", responses(
    (status = 200, description = "All forks.", body = Forks), Disk,
))]
pub(super) async fn forks(State(shared): State<Arc<Shared>>) -> Result<axum::Json<Forks>, Problem> {
    Ok(axum::Json(Forks { forks: all(&shared).await?.into_iter().map(Fork::from).collect() }))
}

/// Begins a fork: the twin as it was in a snapshot goes on beside the live one, in a changed scenario, as fast as it goes.
#[utoipa::path(post, path = "/v1/forks", tag = "archive", request_body = Option<ForkBody>, responses(
    (status = 201, description = "It is under way.", body = Fork,
     headers(("Location" = String, description = "Where it is told how it goes."))),
    (status = 422, description = "It can not be meant.", body = Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many are under way: wait for one, or stop one.", body = Problem,
     content_type = "application/problem+json"),
    Missing, Disk,
))]
pub(super) async fn begin(State(shared): State<Arc<Shared>>, Json(body): Json<ForkBody>) -> Result<Response, Problem> {
    let ForkBody { snapshot, set, duration, record } = body;
    if set.len() > MOST_SET {
        return Err(Problem::meaningless(format!("`set` has more than {MOST_SET} assignments: send fewer")).at_named());
    }
    let request = ForkRequest { snapshot, set, duration, record };
    let fork = archived(&shared, move |archive| archive.fork(request)).await?;
    let location = located(&format!("/v1/forks/{}", fork.id));
    Ok((StatusCode::CREATED, location, axum::Json(Fork::from(fork))).into_response())
}

/// How a fork stands.
#[utoipa::path(get, path = "/v1/forks/{id}", tag = "archive", params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "The fork.", body = Fork), Missing, Disk))]
pub(super) async fn fork(
    State(shared): State<Arc<Shared>>,
    Segment(id): Segment<String>,
) -> Result<axum::Json<Fork>, Problem> {
    let found = all(&shared).await?.into_iter().find(|fork| fork.id == id);
    let missing = || Problem::missing(format!("there is no fork {id:?}: GET /v1/forks lists them"));
    found.map(|fork| axum::Json(fork.into())).ok_or_else(missing)
}

/// Stops a fork; what it has recorded is kept.
#[utoipa::path(delete, path = "/v1/forks/{id}", tag = "archive", params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "It is stopped, or was over before.", body = Fork), Missing, Disk))]
pub(super) async fn stop(
    State(shared): State<Arc<Shared>>,
    Segment(id): Segment<String>,
) -> Result<axum::Json<Fork>, Problem> {
    let stopped = archived(&shared, move |archive| archive.stop_fork(&id)).await?;
    Ok(axum::Json(stopped.into()))
}
