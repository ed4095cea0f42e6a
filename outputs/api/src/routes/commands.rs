//! Commands to devices, and what becomes of a request.

use super::participants::inspect;
use super::responses::{Kernel, Missing, Queued, Refusals};
use crate::desk::next_tick;
use crate::face::{Shared, lock};
use crate::problem::Problem;
use crate::take::{Json, Segment};
use agents::Kind;
use agents::command::Capability;
use agents::face::command::{COMMANDS, read};
use agents::face::{Answer, Asked, Verdict};
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// A command. It is that of MQTT, with its name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Command)]
#[expect(dead_code, reason = "it documents what agents::face::command reads")]
pub(super) struct CommandBody {
    /// What is asked: `setpoint`, `import_limit`, `export_limit`, `reserve` or `withdraw`.
    #[schema(schema_with = names)]
    command: String,
    /// The power, or the energy of a reserve.
    value: Option<f64>,
    /// `kW`, `W` or `MW`; of a reserve `kWh` or `Wh`.
    unit: Option<String>,
    /// A schedule in place of `value`: the powers of steps, of which the first begins at `start`.
    values: Option<Vec<f64>>,
    /// The length of a step of a schedule.
    step_s: Option<f64>,
    /// From when it shall hold; at once if absent.
    #[schema(format = "date-time")]
    start: Option<String>,
    /// Until when it shall hold; a quarter hour, or to the end of the schedule, if neither this nor `duration_s` is there.
    #[schema(format = "date-time")]
    expires: Option<String>,
    /// How long it shall hold.
    duration_s: Option<f64>,
    /// With what right; the operator's if absent.
    #[schema(schema_with = priorities)]
    priority: Option<String>,
    /// An id of the sender's: a request that comes twice with one id is taken once and answered alike.
    #[schema(max_length = 128)]
    id: Option<String>,
}

fn names() -> utoipa::openapi::Object {
    words(COMMANDS)
}

fn priorities() -> utoipa::openapi::Object {
    words(["local", "ems", "dso_emergency", "operator", "safety"])
}

/// One of some words.
pub(super) fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> utoipa::openapi::Object {
    use utoipa::openapi::schema::{ObjectBuilder, Type};
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// What became of a request that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outcome {
    /// `accepted`: it is in the journal and in force, or will be; `overruled`: something of higher priority is in force;
    /// `queued`: the twin is paused or its ticks are far apart, and the next one takes it.
    status: &'static str,
    /// Why, unless it was simply taken.
    reason: Option<String>,
    /// The id the request was given.
    id: Option<String>,
}

/// The status that goes with it: 200 of what is done, 202 of what waits for a tick.
pub(super) type Taken = (StatusCode, axum::Json<Outcome>);

/// The commands of a participant that are in force or will be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Book {
    /// Oldest first; null of a participant that takes none.
    commands: serde_json::Value,
}

/// How often a request that waits for a tick looks whether there will be one.
const LOOK_AROUND: Duration = Duration::from_millis(100);
/// What whoever asks a twin that is paused is told.
const QUEUED: &str = "the twin is paused, or its ticks are far apart: the next one takes it, unless the twin ends before; ask \
                      again with the same id then to hear what became of it";

fn queued(id: Option<String>) -> Taken {
    (StatusCode::ACCEPTED, axum::Json(Outcome { status: "queued", reason: Some(QUEUED.into()), id }))
}

/// Waits until the twin is paused, or so slow that nobody waits for its next tick.
async fn until_it_is_far(shared: &Shared) {
    while next_tick(lock(&shared.told).clock).is_some() {
        tokio::time::sleep(LOOK_AROUND).await;
    }
}

/// Asks something of the twin, and says what became of it.
pub(super) async fn ask(shared: &Shared, asked: Asked, id: Option<String>) -> Result<Taken, Problem> {
    let next_tick = next_tick(lock(&shared.told).clock);
    let answer = match next_tick {
        Some(next_tick) => {
            let answer = shared.desk.request(asked, id.clone(), next_tick);
            tokio::select! {
                answer = answer => answer?,
                () = until_it_is_far(shared) => return Ok(queued(id)),
            }
        }
        None => match shared.desk.leave(asked, id.clone()).await? {
            Some(answer) => answer,
            None => return Ok(queued(id)),
        },
    };
    let Answer { id, verdict, reason, .. } = answer;
    match verdict {
        Verdict::Accepted | Verdict::Overruled => {
            Ok((StatusCode::OK, axum::Json(Outcome { status: verdict.as_str(), reason, id })))
        }
        Verdict::Refused => {
            let reason = reason.unwrap_or_else(|| "the twin refused it without a reason: see its events".into());
            Err(Problem::conflict(reason).of(id))
        }
    }
}

/// The commands in force, and those to come.
#[utoipa::path(get, path = "/v1/participants/{id}/commands", tag = "control",
    params(("id" = String, Path, description = "The participant.")),
    responses((status = 200, description = "Its commands.", body = Book), Missing, Kernel))]
pub(super) async fn commands(
    State(shared): State<Arc<Shared>>,
    Segment(id): Segment<String>,
) -> Result<axum::Json<Book>, Problem> {
    shared.participant(&id)?;
    let inspection = inspect(&shared, &id).await?;
    Ok(axum::Json(Book { commands: inspection.commands }))
}

/// Commands a device. What it does with it is the device's own affair: limits intersect, and the highest priority wins.
#[utoipa::path(post, path = "/v1/participants/{id}/commands", tag = "control", request_body = CommandBody,
    params(("id" = String, Path, description = "The participant.")),
    responses((status = 200, description = "It is taken.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn command(
    State(shared): State<Arc<Shared>>,
    Segment(target): Segment<String>,
    Json(mut body): Json<serde_json::Value>,
) -> Result<Taken, Problem> {
    let kind = shared.participant(&target)?.entry.kind;
    let Some(object) = body.as_object_mut() else {
        return Err(Problem::meaningless(
            "the body must be an object: send {\"command\": \"setpoint\", \"value\": 2.5, …}",
        ));
    };
    let command = match object.remove("command") {
        Some(serde_json::Value::String(command)) if COMMANDS.contains(&command.as_str()) => command,
        _ => {
            let detail = format!("`command` must be one of {}", COMMANDS.join(", "));
            return Err(Problem::meaningless(detail).at_named());
        }
    };
    let written = read(&command, &body).map_err(|wrong| Problem::meaningless(wrong.reason).at_named().of(wrong.id))?;
    if Capability::of(kind).is_none() {
        let remedy = if kind == Kind::Ev { "its charge point does" } else { "others do" };
        return Err(Problem::meaningless(format!("{target} takes no commands: {remedy}")).of(written.id));
    }
    let asked = Asked::Command {
        target,
        directive: written.directive,
        priority: written.priority,
        effective: written.effective,
        lasts: written.lasts,
    };
    ask(&shared, asked, written.id).await
}
