//! What was: the journal of what came from outside, and the last events.

use super::responses::{Disk, archived};
use crate::archive::JournalQuery;
use crate::face::Shared;
use crate::frame::Noted;
use crate::problem::Problem;
use crate::select::unknown;
use crate::take::{Query, limit, time};
use crate::view::{EventView, Viewer};
use agents::record::EventCode;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// As many as are shown where nothing else is asked for.
const USUAL: usize = 100;
/// Most of one answer.
const MOST: usize = 1000;

/// Which entries of the journal.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichEntries {
    /// Of ticks from this instant on.
    #[param(format = "date-time")]
    since: Option<String>,
    /// Of ticks before this instant.
    #[param(format = "date-time")]
    until: Option<String>,
    /// About this participant only.
    participant: Option<String>,
    /// So many of those that fit are passed over.
    #[param(minimum = 0)]
    offset: Option<usize>,
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
}

/// Entries of the journal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entries {
    /// What was taken at which tick, oldest first.
    entries: Vec<serde_json::Value>,
    /// Whether more fit.
    is_more: bool,
}

/// What came from outside and was taken, at which tick.
#[utoipa::path(get, path = "/v1/journal", tag = "archive", params(WhichEntries), responses(
    (status = 200, description = "The entries that fit.", body = Entries), Disk,
))]
pub(super) async fn journal(
    State(shared): State<Arc<Shared>>,
    Query(which): Query<WhichEntries>,
) -> Result<Json<Entries>, Problem> {
    if let Some(id) = which.participant.as_deref().filter(|id| !shared.ids.contains_key(*id)) {
        return Err(unknown("participant", id));
    }
    let query = JournalQuery {
        since: time("since", which.since.as_deref())?,
        until: time("until", which.until.as_deref())?,
        participant: which.participant,
        offset: which.offset.unwrap_or(0),
        limit: limit(which.limit, USUAL, MOST)?,
    };
    let page = archived(&shared, move |archive| archive.journal(&query)).await?;
    Ok(Json(Entries { entries: page.entries, is_more: page.is_more }))
}

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichEvents {
    /// From this instant on.
    #[param(format = "date-time")]
    since: Option<String>,
    /// Before this instant.
    #[param(format = "date-time")]
    until: Option<String>,
    /// Of this participant only.
    participant: Option<String>,
    /// With this code only, for instance `command_refused`.
    code: Option<String>,
    /// Those with a greater number only.
    #[param(minimum = 0)]
    after: Option<u64>,
    /// So many at most.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
}

/// Events.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventList<'a> {
    /// Oldest first.
    events: Vec<EventView<'a>>,
    /// What to ask `after` for those that follow.
    next: u64,
    /// Whether more fit.
    is_more: bool,
    /// How many there were, fitting or not, that are not kept any more: the last 10,000 are.
    dropped: u64,
}

/// The last events, since the process started.
#[utoipa::path(get, path = "/v1/events", tag = "twin", params(WhichEvents), responses(
    (status = 200, description = "The events that fit.", body = EventList<'_>),
))]
pub(super) async fn events(
    State(shared): State<Arc<Shared>>,
    Query(which): Query<WhichEvents>,
) -> Result<Response, Problem> {
    let (since, until) = (time("since", which.since.as_deref())?, time("until", which.until.as_deref())?);
    let limit = limit(which.limit, USUAL, MOST)?;
    let after = which.after.unwrap_or(0);
    if after > i64::MAX as u64 {
        return Err(Problem::parameter("after", format!("`after` must be 0 to {}", i64::MAX)));
    }
    let whose = match &which.participant {
        None => None,
        Some(id) => Some(shared.ids.get(id).copied().ok_or_else(|| unknown("participant", id))?),
    };
    let (all, last, dropped) = {
        let board = shared.board();
        (board.events(), board.last_event(), board.dropped())
    };
    let code: Option<EventCode> = which.code.map(code).transpose()?;
    let fits = |noted: &&Arc<Noted>| {
        let event = &noted.event;
        noted.number > after
            && since.is_none_or(|since| event.time >= since)
            && until.is_none_or(|until| event.time < until)
            && whose.is_none_or(|whose| event.participant == whose)
            && code.is_none_or(|code| event.code == code)
    };
    let mut fitting = all.iter().filter(fits);
    let shown: Vec<_> = fitting.by_ref().take(limit).collect();
    let is_more = fitting.next().is_some();
    // Whoever has seen all that fits goes on behind all there is.
    let next = if is_more { shown.last().map_or(last, |noted| noted.number) } else { last.max(after) };
    let events = shown.into_iter().map(|noted| Viewer(&shared.catalogue).event(noted)).collect();
    Ok(Json(EventList { events, next, is_more, dropped }).into_response())
}

fn code(name: String) -> Result<EventCode, Problem> {
    serde_json::from_value(name.into())
        .map_err(|error| Problem::parameter("code", format!("there is no such code of events ({error})")))
}
