//! Who may ask, from where and how: looked at before any route is.

use crate::face::Shared;
use crate::problem::Problem;
use crate::server::Arrival;
use crate::settings::Settings;
use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// The route that everybody may ask.
pub(crate) const HEALTH: &str = "/health";
/// What a WebSocket names besides its token: browsers can send no other header with one.
pub(crate) const BEARER: &str = "bearer";

/// Who may ask.
pub(crate) struct Gate {
    /// Of the token only this is kept.
    token: Option<blake3::Hash>,
    listen: IpAddr,
    hosts: Vec<String>,
    origins: Vec<String>,
    scheme: &'static str,
}

impl Gate {
    pub(crate) fn new(settings: &Settings, scheme: &'static str) -> Self {
        let lower = |names: &[String]| names.iter().map(|name| name.to_ascii_lowercase()).collect();
        Self {
            token: settings.token.as_ref().map(|token| blake3::hash(token.reveal().as_bytes())),
            listen: settings.listen.ip(),
            hosts: lower(&settings.hosts),
            origins: lower(&settings.origins),
            scheme,
        }
    }

    /// Whether a token is needed.
    pub(crate) fn is_closed(&self) -> bool {
        self.token.is_some()
    }

    fn admit(&self, request: &Request) -> Result<(), Problem> {
        let authority = authority(request)?;
        self.admit_host(&authority, request.extensions().get::<Arrival>())?;
        self.admit_origin(&authority, request.headers())?;
        if is_preflight(request) {
            return Ok(());
        }
        if request.uri().path() != HEALTH {
            self.admit_bearer(request.headers())?;
        }
        admit_media_type(request)
    }

    /// Names that only look like ours are how pages of others reach a server of this machine (DNS rebinding).
    fn admit_host(&self, authority: &Authority, arrival: Option<&Arrival>) -> Result<(), Problem> {
        let name = authority.host().to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let is_ours = match address {
            Some(address) => {
                let local = arrival.map(|arrival| arrival.local.ip().to_canonical());
                address.is_loopback() || address == self.listen || Some(address.to_canonical()) == local
            }
            None => name == "localhost",
        };
        let whole = authority.as_str().to_ascii_lowercase();
        if is_ours || self.hosts.iter().any(|host| *host == name || *host == whole) {
            return Ok(());
        }
        let detail = format!(
            "the twin does not go by the name {name:?}: ask for it by its address, or allow the name (--api-host)"
        );
        Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail))
    }

    fn admit_origin(&self, authority: &Authority, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().unwrap_or("null").to_ascii_lowercase();
        if self.is_listed(&origin) || origin == format!("{}://{}", self.scheme, authority.as_str().to_ascii_lowercase())
        {
            return Ok(());
        }
        let detail = format!("pages of {origin:?} may not use this API: allow it if they shall (--api-origin)");
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    fn is_listed(&self, origin: &str) -> bool {
        self.origins.iter().any(|listed| listed == origin)
    }

    /// The hashes are compared in constant time.
    fn admit_bearer(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(right) = &self.token else { return Ok(()) };
        let given = bearer(headers).map(|token| blake3::hash(token.as_bytes()));
        if given.is_some_and(|given| given == *right) {
            return Ok(());
        }
        let detail = match given {
            None => "a token is needed: send `Authorization: Bearer TOKEN`",
            Some(_) => "the token is not the right one: send that of the twin's settings",
        };
        let challenge = HeaderValue::from_static("Bearer realm=\"cariflex\"");
        Err(Problem::new(StatusCode::UNAUTHORIZED, detail).with_header(header::WWW_AUTHENTICATE, challenge))
    }

    /// What a browser must be told so that a page of another origin may read the response.
    fn share(&self, origin: Option<HeaderValue>, is_preflight: bool, headers: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        headers.append(header::VARY, HeaderValue::from_static("origin"));
        let is_listed =
            |origin: &HeaderValue| origin.to_str().is_ok_and(|origin| self.is_listed(&origin.to_ascii_lowercase()));
        let Some(origin) = origin.filter(is_listed) else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let mut say = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
        say(header::ACCESS_CONTROL_EXPOSE_HEADERS, "location, retry-after, content-range, content-disposition");
        if is_preflight {
            say(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PUT, DELETE");
            say(header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, last-event-id, range");
            say(header::ACCESS_CONTROL_MAX_AGE, "600");
        }
    }
}

/// The one name under which the twin is asked for.
fn authority(request: &Request) -> Result<Authority, Problem> {
    let wrong = |detail: &str| Problem::new(StatusCode::BAD_REQUEST, detail);
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host,
        _ => return Err(wrong("the header `Host` must be there once: send the name of the server in it")),
    };
    let host: Authority = host
        .as_bytes()
        .try_into()
        .map_err(|_| wrong("the header `Host` is no name of a server: send host and port"))?;
    match request.uri().authority() {
        Some(asked) if *asked != host => Err(wrong("the address and the header `Host` differ: send one name")),
        _ => Ok(host),
    }
}

fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The token that was sent, in its header or, with a WebSocket, among its protocols.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case(BEARER).then(|| token.trim());
    }
    let is_socket =
        headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
    let protocols = headers.get(header::SEC_WEBSOCKET_PROTOCOL).filter(|_| is_socket)?;
    let (first, token) = protocols.to_str().ok()?.split_once(',')?;
    (first.trim() == BEARER).then(|| token.trim())
}

/// What changes something comes as JSON, which no form of another page can send.
fn admit_media_type(request: &Request) -> Result<(), Problem> {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let is_json = |value: &HeaderValue| {
        let media_type = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case("application/json")
    };
    let is_right = match request.headers().get(header::CONTENT_TYPE) {
        Some(value) => is_json(value),
        None => request.body().is_end_stream(),
    };
    if is_right {
        return Ok(());
    }
    let detail = "the body must be JSON: send it with the header `Content-Type: application/json`";
    let accepted = HeaderValue::from_static("application/json");
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).with_header(header::ACCEPT, accepted))
}

/// Looks at a request before its route does, and finishes what its route answers.
pub(crate) async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = name(request.method());
    let path = request.uri().path().to_string();
    // Routes are few, whatever paths are asked for.
    let route =
        request.extensions().get::<MatchedPath>().map_or("none".to_string(), |route| route.as_str().to_string());
    let origin = request.headers().get(header::ORIGIN).cloned();
    let is_preflight = is_preflight(&request);
    let mut response = match shared.gate.admit(&request) {
        Err(problem) => problem.into_response(),
        Ok(()) if is_preflight => StatusCode::NO_CONTENT.into_response(),
        Ok(()) => next.run(request).await,
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let placed = problem.on(&path).to_json();
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = placed.into();
    }
    let headers = response.headers_mut();
    shared.gate.share(origin, is_preflight, headers);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let status = response.status();
    shared.metrics.request(method, &route, status.as_u16(), began.elapsed());
    shared.requests.fetch_add(1, Ordering::Relaxed);
    if status.is_client_error() {
        shared.refused.fetch_add(1, Ordering::Relaxed);
    }
    response
}

/// Methods are few, whatever is asked.
fn name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
