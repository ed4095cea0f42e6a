//! Faults: the catalogue, those in force, and how they come and go.

use super::acts::act;
use super::commands::{Outcome, Taken, ask};
use super::participants::inspect;
use super::responses::{Kernel, Missing, Queued, Refusals};
use crate::face::Shared;
use crate::problem::Problem;
use crate::take::{Json, Segment, id, lasts};
use crate::view::{FaultEntryView, FaultView, Viewer, instant};
use agents::act::Act;
use agents::fault::{Fault, FaultKind, FaultRefusal};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A fault with its parameters, and how long it holds: described by the catalogue.
#[derive(Debug)]
pub(super) struct FaultBody;

impl PartialSchema for FaultBody {
    fn schema() -> RefOr<Schema> {
        let one_of: Vec<Value> = FaultKind::ALL.into_iter().map(schema).collect();
        serde_json::from_value(json!({ "oneOf": one_of, "description": "A fault, and how long it holds." }))
            .expect("it is a schema")
    }
}

impl ToSchema for FaultBody {
    fn name() -> std::borrow::Cow<'static, str> {
        "Fault".into()
    }
}

/// The schema of one fault, as the catalogue has it.
fn schema(kind: FaultKind) -> Value {
    let entry = kind.entry();
    let mut properties = Map::new();
    properties.insert("kind".into(), json!({ "type": "string", "enum": [kind.as_str()] }));
    for parameter in entry.parameters {
        let schema = json!({
            "type": "number",
            "description": format!("{} Unit: {}.", parameter.doc, parameter.unit),
            "minimum": parameter.least,
            "maximum": parameter.most,
            "default": parameter.default,
        });
        properties.insert(parameter.key.into(), schema);
    }
    let duration = json!({ "type": "number", "description": "How long it holds; until it is cleared if absent." });
    properties.insert("duration_s".into(), duration);
    let until = json!({ "type": "string", "format": "date-time", "description": "Until when it holds." });
    properties.insert("until".into(), until);
    let id = json!({ "type": "string", "maxLength": 128, "description": "An id of the sender's." });
    properties.insert("id".into(), id);
    let devices: Vec<_> = entry.devices.iter().map(|kind| kind.as_str()).collect();
    json!({
        "type": "object",
        "title": kind.as_str(),
        "description": format!("{} Devices: {}.", entry.doc, devices.join(", ")),
        "properties": properties,
        "required": ["kind"],
        "additionalProperties": false,
    })
}

/// The keys of the body that do not belong to the fault.
#[derive(Debug, Deserialize)]
struct Frame {
    kind: String,
    duration_s: Option<f64>,
    until: Option<String>,
    id: Option<String>,
    #[serde(flatten)]
    _parameters: std::collections::BTreeMap<String, IgnoredAny>,
}

/// A fault as it was written; each of its parameters is a number.
fn fault(kind: &str, body: &Map<String, Value>) -> Result<Fault, Problem> {
    let mut values = Vec::new();
    for (key, value) in body {
        if ["kind", "duration_s", "until", "id"].contains(&key.as_str()) {
            continue;
        }
        let wrong = || Problem::meaningless(format!("`{key}` is no number: send one, or leave it out")).at(key);
        values.push((key.as_str(), value.as_f64().ok_or_else(wrong)?));
    }
    Fault::named(kind, values).map_err(|refusal| {
        let key = match &refusal {
            FaultRefusal::UnknownParameter { key, .. } => key.clone(),
            _ => "kind".into(),
        };
        Problem::meaningless(refusal.to_string()).at(&key)
    })
}

/// The faults of a participant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultsOf {
    /// Its faults, with their beginning and end.
    faults: Value,
}

/// All faults that are in force.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Faults<'a> {
    /// First instant of the last interval; null before the first tick.
    #[schema(format = "date-time")]
    time: Option<String>,
    /// The devices that had faults in it.
    faults: Vec<FaultView<'a>>,
}

/// All faults that there can be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FaultCatalogue {
    faults: Vec<FaultEntryView>,
}

/// All devices that had a fault in the last interval, and what they show.
#[utoipa::path(get, path = "/v1/faults", tag = "control", responses(
    (status = 200, description = "The faulty devices.", body = Faults<'_>),
))]
pub(super) async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    let latest = shared.board().latest();
    let Some(frame) = latest else { return axum::Json(Faults::default()).into_response() };
    let faulty = frame.batch.faults.iter().filter(|fault| !fault.faults.is_empty());
    let faults = faulty.map(|fault| Viewer(&shared.catalogue).fault(fault)).collect();
    axum::Json(Faults { time: instant(frame.batch.start), faults }).into_response()
}

/// All faults that there can be, with their devices and parameters.
#[utoipa::path(get, path = "/v1/faults/catalogue", tag = "control", responses(
    (status = 200, description = "The catalogue.", body = FaultCatalogue),
))]
pub(super) async fn catalogue() -> axum::Json<FaultCatalogue> {
    axum::Json(FaultCatalogue { faults: FaultKind::ALL.into_iter().map(FaultEntryView::from).collect() })
}

/// The faults of a participant, with their beginning and end.
#[utoipa::path(get, path = "/v1/participants/{id}/faults", tag = "control",
    params(("id" = String, Path, description = "The participant.")),
    responses((status = 200, description = "Its faults.", body = FaultsOf), Missing, Kernel))]
pub(super) async fn faults_of(
    State(shared): State<Arc<Shared>>,
    Segment(id): Segment<String>,
) -> Result<axum::Json<FaultsOf>, Problem> {
    shared.participant(&id)?;
    Ok(axum::Json(FaultsOf { faults: inspect(&shared, &id).await?.faults }))
}

/// Breaks a device. It has at most one fault of a kind: another one takes its place.
#[utoipa::path(post, path = "/v1/participants/{id}/faults", tag = "control", request_body = FaultBody,
    params(("id" = String, Path, description = "The device.")),
    responses((status = 200, description = "It is broken.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn inject(
    State(shared): State<Arc<Shared>>,
    Segment(target): Segment<String>,
    Json(body): Json<Value>,
) -> Result<Taken, Problem> {
    let kind = shared.participant(&target)?.entry.kind;
    let Some(object) = body.as_object() else {
        return Err(Problem::meaningless("the body must be an object: send {\"kind\": \"derating\", \"share\": 0.5}"));
    };
    let frame: Frame = crate::take::read(&body)?;
    let (id, lasts) = (id(frame.id)?, lasts(frame.duration_s, frame.until.as_deref())?);
    let fault = fault(&frame.kind, object)?;
    let examined = fault.examine(kind);
    if let Err(FaultRefusal::OutOfRange { parameter, .. }) = &examined {
        let reason = examined.as_ref().err().map(ToString::to_string).unwrap_or_default();
        return Err(Problem::meaningless(reason).at(parameter.key).of(id));
    }
    ask(&shared, act(target, kind, Act::Inject { fault, until: None }, lasts, id.as_deref())?, id).await
}

/// Repairs a device: all its faults are over.
#[utoipa::path(delete, path = "/v1/participants/{id}/faults", tag = "control",
    params(("id" = String, Path, description = "The device.")),
    responses((status = 200, description = "It is repaired.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn clear_all(
    State(shared): State<Arc<Shared>>,
    Segment(target): Segment<String>,
) -> Result<Taken, Problem> {
    let kind = shared.participant(&target)?.entry.kind;
    ask(&shared, act(target, kind, Act::Clear { kind: None }, None, None)?, None).await
}

/// Ends one fault of a device.
#[utoipa::path(delete, path = "/v1/participants/{id}/faults/{kind}", tag = "control",
    params(("id" = String, Path, description = "The device."), ("kind" = String, Path, description = "The fault.")),
    responses((status = 200, description = "It is over.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn clear(
    State(shared): State<Arc<Shared>>,
    Segment((target, fault)): Segment<(String, String)>,
) -> Result<Taken, Problem> {
    let kind = shared.participant(&target)?.entry.kind;
    let fault: FaultKind = fault.parse().map_err(|refusal: FaultRefusal| Problem::missing(refusal.to_string()))?;
    ask(&shared, act(target, kind, Act::Clear { kind: Some(fault) }, None, None)?, None).await
}
