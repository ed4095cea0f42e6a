//! What went wrong with a request, as `application/problem+json` (RFC 9457): what, where, and the remedy.

use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The media type of problems.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong with a request: as small as a pointer, since it is what may come of everything.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Body>);

/// What went wrong with a request (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Body {
    /// Which problem it is: `about:blank`, which says that title and status tell all there is to tell by machine.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    kind: &'static str,
    /// The status in words.
    title: &'static str,
    /// The status of the response.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong with this request, and the remedy.
    detail: String,
    /// The path of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-reference")]
    instance: Option<String>,
    /// What of the body is at fault, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// The parameter of the path or the query that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The id of the request, if it was given one.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip)]
    header: Option<(HeaderName, HeaderValue)>,
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Body::schema()
    }
}

impl ToSchema for Problem {}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Body {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail: detail.into(),
            instance: None,
            pointer: None,
            parameter: None,
            id: None,
            header: None,
        }))
    }

    /// There is no such thing.
    pub(crate) fn missing(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// It can be read but not be meant.
    pub(crate) fn meaningless(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// It can not be done as things are.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// It can be done later.
    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
    }

    /// A parameter of the query can not be read.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::BAD_REQUEST, detail);
        problem.0.parameter = Some(name.into());
        problem
    }

    /// The value of `key` in the body is at fault.
    pub(crate) fn at(mut self, key: &str) -> Self {
        self.0.pointer = Some(format!("/{}", key.replace('~', "~0").replace('/', "~1")));
        self
    }

    /// The detail begins with the key at fault in backquotes, where one is.
    pub(crate) fn at_named(self) -> Self {
        let key = self.0.detail.strip_prefix('`').and_then(|rest| rest.split_once('`')).map(|(key, _)| key.to_string());
        match key {
            Some(key) => self.at(&key),
            None => self,
        }
    }

    pub(crate) fn of(mut self, id: Option<String>) -> Self {
        self.0.id = id;
        self
    }

    pub(crate) fn on(mut self, path: &str) -> Self {
        self.0.instance = Some(path.into());
        self
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.header = Some((name, value));
        self
    }

    /// The body, for a connection that is not even read.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&self.0).expect("a problem is plain data")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).expect("it was made of one");
        let content = [(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON))];
        let mut response = (status, content, self.to_json()).into_response();
        if let Some((name, value)) = self.0.header.clone() {
            response.headers_mut().insert(name, value);
        }
        // The guard knows the path, and adds it.
        response.extensions_mut().insert(self);
        response
    }
}
