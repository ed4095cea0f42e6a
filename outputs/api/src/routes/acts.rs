//! What is done to participants: a vehicle is plugged in or out, a token is presented.

use super::commands::{Outcome, Taken, ask};
use super::responses::{Kernel, Missing, Queued, Refusals};
use crate::face::Shared;
use crate::problem::Problem;
use crate::take::{Json, Segment, id, lasts};
use agents::act::Act;
use agents::face::{Asked, Lasts};
use agents::{Kind, Time};
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Puts a vehicle into the plug, or takes it out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Plug {
    /// Whether it shall be in the plug.
    plugged: bool,
    /// How long its driver leaves it so; until the next trip if neither this nor `until` is there.
    duration_s: Option<f64>,
    /// Until when its driver leaves it so.
    #[schema(format = "date-time")]
    until: Option<String>,
    /// An id of the sender's: a request that comes twice with one id is taken once.
    #[schema(max_length = 128)]
    id: Option<String>,
}

/// Presents a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    /// What it says; that of a vehicle's driver is the vehicle's id.
    #[schema(min_length = 1, max_length = 36)]
    token: String,
    /// An id of the sender's: a request that comes twice with one id is taken once.
    #[schema(max_length = 128)]
    id: Option<String>,
}

/// An act that this kind of participant can be subject to. When it would be over is for the twin to say, which knows the
/// instant that takes it.
pub(super) fn act(
    target: String,
    kind: Kind,
    act: Act,
    lasts: Option<Lasts>,
    id: Option<&str>,
) -> Result<Asked, Problem> {
    let refused = |reason| Problem::meaningless(reason).of(id.map(String::from));
    act.examine(kind, Time(i64::MIN)).map_err(refused)?;
    Ok(Asked::Act { target, act, lasts })
}

/// Plugs a vehicle in or out, at its own id or that of its charge point.
#[utoipa::path(post, path = "/v1/participants/{id}/plug", tag = "control", request_body = Plug,
    params(("id" = String, Path, description = "A vehicle or a charge point.")),
    responses((status = 200, description = "It is done.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn plug(
    State(shared): State<Arc<Shared>>,
    Segment(target): Segment<String>,
    Json(body): Json<Plug>,
) -> Result<Taken, Problem> {
    let kind = shared.participant(&target)?.entry.kind;
    let (id, lasts) = (id(body.id)?, lasts(body.duration_s, body.until.as_deref())?);
    let done = if body.plugged { Act::PlugIn { until: None } } else { Act::Unplug { until: None } };
    ask(&shared, act(target, kind, done, lasts, id.as_deref())?, id).await
}

/// Presents a token at a charge point.
#[utoipa::path(post, path = "/v1/participants/{id}/token", tag = "control", request_body = Token,
    params(("id" = String, Path, description = "A charge point.")),
    responses((status = 200, description = "It is presented.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn token(
    State(shared): State<Arc<Shared>>,
    Segment(target): Segment<String>,
    Json(body): Json<Token>,
) -> Result<Taken, Problem> {
    let kind = shared.participant(&target)?.entry.kind;
    let id = id(body.id)?;
    let presented = Act::PresentToken { token: body.token };
    ask(&shared, act(target, kind, presented, None, id.as_deref())?, id).await
}
