//! The API itself: whether it is there, what it counts, what it can do.

use crate::face::Shared;
use crate::metrics::OPEN_METRICS;
use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The OpenAPI document as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Document(Bytes);

impl Document {
    pub(super) fn of(document: &utoipa::openapi::OpenApi) -> Self {
        Self(document.to_json().expect("a document is plain data").into())
    }
}

/// Where to go on from here.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Index {
    /// What answers: `cariflex`.
    name: &'static str,
    /// The version of the engine.
    version: String,
    /// The scenario that is lived through.
    scenario: String,
    /// The reference of all routes.
    reference: &'static str,
    /// What the twin is.
    twin: &'static str,
    /// Server-sent events.
    stream: &'static str,
    /// The same by WebSocket.
    ws: &'static str,
}

/// Where to go on from here.
#[utoipa::path(get, path = "/", tag = "meta", responses((status = 200, description = "An index.", body = Index)))]
pub(super) async fn index(State(shared): State<Arc<Shared>>) -> Json<Index> {
    Json(Index {
        name: "cariflex",
        version: shared.overview.version.clone(),
        scenario: shared.overview.scenario.clone(),
        reference: "/openapi.json",
        twin: "/v1/twin",
        stream: "/v1/stream",
        ws: "/v1/ws",
    })
}

/// How the API is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Health {
    /// Always `ok`: whoever answers is there.
    status: &'static str,
}

/// Whether the API answers; needs no token.
#[utoipa::path(get, path = "/health", tag = "meta", responses((status = 200, description = "It does.", body = Health)))]
pub(super) async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// What the twin and the API count, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "meta", responses(
    (status = 200, description = "Metrics in the text format of OpenMetrics.", body = String,
     content_type = "application/openmetrics-text"),
))]
pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], shared.metrics.text()).into_response()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "meta", responses(
    (status = 200, description = "An OpenAPI 3.1 document.", body = serde_json::Value),
))]
pub(super) async fn openapi(Extension(document): Extension<Document>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document.0).into_response()
}
