//! What a request holds: read within limits of size and time, and refused with the place and the remedy.

use crate::face::Shared;
use crate::problem::Problem;
use agents::face::Lasts;
use agents::face::command::{examine_id, instant, span};
use agents::record::ParticipantEntry;
use agents::{ParticipantId, Time};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// Most bytes of a body.
pub(crate) const MOST_BODY_BYTES: usize = 64 * 1024;
/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Nothing but an empty object, or no body at all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A body.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &Arc<Shared>) -> Result<Self, Problem> {
        let too_large = || {
            let detail = format!("the body is too large: send at most {MOST_BODY_BYTES} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        };
        let told = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if told.is_some_and(|length: u64| length > MOST_BODY_BYTES as u64) {
            return Err(too_large());
        }
        let body = Limited::new(request.into_body(), MOST_BODY_BYTES).collect();
        let body = match tokio::time::timeout(PATIENCE, body).await {
            Err(_) => {
                let detail = format!("the body did not come within {} s: send it at once", PATIENCE.as_secs());
                return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, detail));
            }
            Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(too_large()),
            Ok(Err(_)) => return Err(Problem::new(StatusCode::BAD_REQUEST, "the body broke off: send all of it")),
            Ok(Ok(body)) => body.to_bytes(),
        };
        let body: &[u8] = if body.is_empty() { b"{}" } else { &body };
        let json = serde_json::from_slice(body).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, format!("the body is no JSON ({error}): correct it"))
        })?;
        read(&json).map(Self)
    }
}

/// Reads what a body says, and names the key that is at fault.
pub(crate) fn read<T: DeserializeOwned>(json: &serde_json::Value) -> Result<T, Problem> {
    T::deserialize(json).map_err(|error| {
        let detail = format!("the body can not be meant ({error}): correct it");
        let problem = Problem::meaningless(detail);
        match key_at_fault::<T>(json, &error.to_string()) {
            Some(key) => problem.at(&key),
            None => problem,
        }
    })
}

/// The key whose value can not be read, or the one that the error names.
fn key_at_fault<T: DeserializeOwned>(json: &serde_json::Value, error: &str) -> Option<String> {
    let is_of_a_key = ["unknown field `", "missing field `"];
    if let Some(rest) = is_of_a_key.iter().find_map(|before| error.strip_prefix(before)) {
        return rest.split_once('`').map(|(key, _)| key.to_string());
    }
    // The key without which the complaint is another one.
    let object = json.as_object()?;
    let is_at_fault = |key: &&String| {
        let mut without = object.clone();
        without.remove(*key);
        T::deserialize(serde_json::Value::Object(without)).err().is_none_or(|other| other.to_string() != error)
    };
    object.keys().find(is_at_fault).cloned()
}

/// A query.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Shared>> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Shared>) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|rejection| {
            let text = rejection.body_text();
            let reason = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, reason)| reason);
            let name = reason.split_once('`').and_then(|(_, rest)| rest.split_once('`')).map(|(name, _)| name);
            let name = name.or_else(|| reason.split_once(':').map(|(name, _)| name)).unwrap_or("query").to_string();
            Problem::parameter(&name, format!("the query can not be read ({reason}): correct it, or leave it out"))
        })
    }
}

/// Parts of a path.
#[derive(Debug)]
pub(crate) struct Segment<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Shared>> for Segment<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let path = Path::<T>::from_request_parts(parts, shared).await;
        path.map(|path| Self(path.0)).map_err(|rejection| {
            Problem::new(StatusCode::BAD_REQUEST, format!("the path can not be read ({rejection}): correct it"))
        })
    }
}

/// A participant that a path names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named<'a> {
    pub(crate) dense: ParticipantId,
    pub(crate) entry: &'a ParticipantEntry,
}

impl Shared {
    /// The participant of this string id.
    pub(crate) fn participant(&self, id: &str) -> Result<Named<'_>, Problem> {
        let dense = self.ids.get(id).copied();
        dense
            .map(|dense| Named { dense, entry: &self.catalogue.participants[dense.index()] })
            .ok_or_else(|| Problem::missing(format!("there is no participant {id:?}: GET /v1/participants lists them")))
    }
}

/// How long a request holds, of the keys that say so.
pub(crate) fn lasts(duration_s: Option<f64>, until: Option<&str>) -> Result<Option<Lasts>, Problem> {
    match (duration_s, until) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Problem::meaningless("`until` and `duration_s` say the same: send one of them").at_named())
        }
        (Some(seconds), None) => {
            let span = span("duration_s", seconds).map_err(|reason| Problem::meaningless(reason).at_named())?;
            Ok(Some(Lasts::For(span)))
        }
        (None, Some(text)) => {
            let time = instant(text).map_err(|remedy| Problem::meaningless(format!("`until` {remedy}")).at_named())?;
            Ok(Some(Lasts::Until(time)))
        }
    }
}

/// An id that a request can go by.
pub(crate) fn id(id: Option<String>) -> Result<Option<String>, Problem> {
    if let Some(reason) = id.as_deref().and_then(|id| examine_id(id).err()) {
        return Err(Problem::meaningless(reason).at_named());
    }
    Ok(id)
}

/// An instant of a query.
pub(crate) fn time(name: &str, text: Option<&str>) -> Result<Option<Time>, Problem> {
    let read = |text| instant(text).map_err(|remedy| Problem::parameter(name, format!("`{name}` {remedy}")));
    text.map(read).transpose()
}

/// A limit of a query, or its usual value.
pub(crate) fn limit(asked: Option<usize>, usual: usize, most: usize) -> Result<usize, Problem> {
    match asked {
        None => Ok(usual),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::parameter("limit", format!("`limit` must be 1 to {most}"))),
    }
}
