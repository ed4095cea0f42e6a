//! Streams: what is told as it happens, as server-sent events or by WebSocket.

use crate::face::Shared;
use crate::feed::Feed;
use crate::frame::Wire;
use crate::guard::BEARER;
use crate::problem::Problem;
use crate::select::{Selection, StreamQuery};
use crate::take::Query;
use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A stream that has nothing to tell says so, so that both sides notice when the other is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// A reader that answers no ping, or takes nothing, for so long is gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// Most bytes that a reader may send at once: it has nothing to say.
const MOST_INCOMING: usize = 4096;

/// What happens, as server-sent events: `assets`, `sites`, `signals`, `events` and `clock` after each tick, with its
/// instant as id. It begins with the latest readings. A reader that is too slow gets the latest and is told `lagged`, with
/// the ticks it missed and the number of the last event it knows, after which GET /v1/events goes on.
#[utoipa::path(get, path = "/v1/stream", tag = "streams", params(StreamQuery), responses(
    (status = 200, description = "Events without end.", body = String, content_type = "text/event-stream"),
    (status = 503, description = "Too many streams are open.", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn stream(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<StreamQuery>,
) -> Result<Response, Problem> {
    let selection = Selection::read(&query, &shared.catalogue, &shared.ids)?;
    let feed = Feed::open(&shared, selection, Wire::Events)?;
    let messages = futures_util::stream::unfold(feed, |mut feed| async move {
        let message = match timeout(KEEP_ALIVE, feed.next()).await {
            Ok(message) => message?,
            Err(_) => Bytes::from_static(b": nothing new\n\n"),
        };
        Some((Ok::<_, Infallible>(message), feed))
    });
    let content = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    Ok((content, Body::from_stream(messages)).into_response())
}

/// The same by WebSocket: each message is `{"event": …, "id": …, "data": …}`. A browser, which can send no header, offers
/// the protocols `bearer` and the token.
#[utoipa::path(get, path = "/v1/ws", tag = "streams", params(StreamQuery), responses(
    (status = 101, description = "Messages without end."),
    (status = 426, description = "This is no handshake of a WebSocket.", body = Problem,
     content_type = "application/problem+json"),
    (status = 503, description = "Too many streams are open.", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn ws(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<StreamQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let selection = Selection::read(&query, &shared.catalogue, &shared.ids)?;
    let upgrade = upgrade.map_err(|rejection| {
        let detail = format!("this is no handshake of a WebSocket ({rejection}): use a client that speaks it");
        let protocol = header::HeaderValue::from_static("websocket");
        Problem::new(StatusCode::UPGRADE_REQUIRED, detail).with_header(header::UPGRADE, protocol)
    })?;
    let feed = Feed::open(&shared, selection, Wire::Socket)?;
    let upgrade = upgrade.read_buffer_size(1024).write_buffer_size(0).max_message_size(MOST_INCOMING);
    Ok(upgrade.max_frame_size(MOST_INCOMING).protocols([BEARER]).on_upgrade(move |socket| tell(socket, feed)))
}

/// Tells until one of both is gone.
async fn tell(mut socket: WebSocket, mut feed: Feed) {
    let mut ping = tokio::time::interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    let mut heard = Instant::now();
    loop {
        let message = tokio::select! {
            message = feed.next() => match message.map(Utf8Bytes::try_from) {
                Some(Ok(text)) => Message::Text(text),
                _ => break,
            },
            _ = ping.tick() => {
                if heard.elapsed() > PATIENCE {
                    return;
                }
                Message::Ping(Bytes::new())
            }
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {
                    heard = Instant::now();
                    continue;
                }
            },
        };
        if !matches!(timeout(PATIENCE, socket.send(message)).await, Ok(Ok(()))) {
            return;
        }
    }
    let goodbye = CloseFrame { code: close_code::AWAY, reason: "the twin ends".into() };
    // Whoever is gone already needs no goodbye.
    let _ = timeout(Duration::from_secs(1), socket.send(Message::Close(Some(goodbye)))).await;
}
