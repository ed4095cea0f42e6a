//! Snapshots and results: what there is, and the files themselves.

use super::responses::{Disk, Kernel, Missing, Refusals, archived};
use crate::archive::{ResultFile, SnapshotView};
use crate::call::Call;
use crate::face::Shared;
use crate::problem::Problem;
use crate::take::{Json, Nothing, Segment};
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::io::SeekFrom;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;

/// How long a snapshot may take.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

/// A snapshot on the disk.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Snapshot {
    /// Its name.
    name: String,
    /// The instant it was taken at.
    #[schema(format = "date-time")]
    time: String,
    /// The size of its file.
    size_bytes: u64,
}

/// All snapshots.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Snapshots {
    /// Oldest first.
    snapshots: Vec<Snapshot>,
}

/// A file of results.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResultEntry {
    /// Its name, below /v1/results.
    name: String,
    /// Its size.
    size_bytes: u64,
}

/// All files of results.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Results {
    results: Vec<ResultEntry>,
}

impl From<SnapshotView> for Snapshot {
    fn from(view: SnapshotView) -> Self {
        Self { name: view.name, time: view.time.to_string(), size_bytes: view.bytes }
    }
}

/// The snapshots there are.
#[utoipa::path(get, path = "/v1/snapshots", tag = "archive", responses(
    (status = 200, description = "All snapshots.", body = Snapshots), Disk,
))]
pub(super) async fn snapshots(State(shared): State<Arc<Shared>>) -> Result<axum::Json<Snapshots>, Problem> {
    let all = archived(&shared, |archive| archive.snapshots()).await?;
    Ok(axum::Json(Snapshots { snapshots: all.into_iter().map(Snapshot::from).collect() }))
}

/// Takes a snapshot now; answered when it is on the disk.
#[utoipa::path(post, path = "/v1/snapshots", tag = "archive", responses(
    (status = 201, description = "It is taken.", body = Snapshot,
     headers(("Location" = String, description = "Its file."))), Refusals, Kernel,
))]
pub(super) async fn snapshot(State(shared): State<Arc<Shared>>, Json(_): Json<Nothing>) -> Result<Response, Problem> {
    let taken = shared.desk.ask(PATIENCE, |reply| Call::Snapshot { reply }).await?.map_err(Problem::conflict)?;
    let location = located(&format!("/v1/snapshots/{}/file", taken.name));
    Ok((StatusCode::CREATED, location, axum::Json(Snapshot::from(taken))).into_response())
}

/// The header that says where something new is.
pub(super) fn located(path: &str) -> HeaderMap {
    let value = HeaderValue::from_str(path).ok();
    value.into_iter().map(|value| (header::LOCATION, value)).collect()
}

/// The file of a snapshot.
#[utoipa::path(get, path = "/v1/snapshots/{name}/file", tag = "archive",
    params(("name" = String, Path, description = "Its name.")),
    responses(
        (status = 200, description = "The file.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part of the file that `Range` asked for.", body = Vec<u8>,
         content_type = "application/octet-stream"),
        (status = 416, description = "The file has no such part.", body = Problem, content_type = "application/problem+json"),
        Missing, Disk))]
pub(super) async fn snapshot_file(
    State(shared): State<Arc<Shared>>,
    Segment(name): Segment<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = plain(name)?;
    let path = archived(&shared, move |archive| archive.snapshot_file(&name)).await?;
    file(path, &headers).await
}

/// The files of results of the twin and of its forks; only those that are whole.
#[utoipa::path(get, path = "/v1/results", tag = "archive", responses(
    (status = 200, description = "All files.", body = Results), Disk,
))]
pub(super) async fn results(State(shared): State<Arc<Shared>>) -> Result<axum::Json<Results>, Problem> {
    let all = archived(&shared, |archive| archive.results()).await?;
    let entry = |ResultFile { name, bytes }| ResultEntry { name, size_bytes: bytes };
    Ok(axum::Json(Results { results: all.into_iter().map(entry).collect() }))
}

/// A file of results.
#[utoipa::path(get, path = "/v1/results/{*name}", tag = "archive",
    params(("name" = String, Path, description = "Its name, as GET /v1/results has it.")),
    responses(
        (status = 200, description = "The file.", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part of the file that `Range` asked for.", body = Vec<u8>,
         content_type = "application/octet-stream"),
        (status = 416, description = "The file has no such part.", body = Problem, content_type = "application/problem+json"),
        Missing, Disk))]
pub(super) async fn result_file(
    State(shared): State<Arc<Shared>>,
    Segment(name): Segment<String>,
    _: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = plain(name)?;
    let path = archived(&shared, move |archive| archive.result_file(&name)).await?;
    file(path, &headers).await
}

/// A name that can not lead out of where the files are.
fn plain(name: String) -> Result<String, Problem> {
    let is_plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0', ':']);
    if name.split('/').all(is_plain) {
        return Ok(name);
    }
    Err(Problem::missing(format!("there is no file {name:?}: the lists of files have their names")))
}

/// Sends a file, or the part of it that is asked for, without reading it whole.
async fn file(path: PathBuf, headers: &HeaderMap) -> Result<Response, Problem> {
    let broken = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            return Problem::missing("the file is not there any more: ask for the list again");
        }
        tracing::error!("a file could not be sent: {}: {error}", path.display());
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the file can not be read: {error}"))
    };
    let mut file = tokio::fs::File::open(&path).await.map_err(broken)?;
    let length = file.metadata().await.map_err(broken)?.len();
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file").replace(['"', '\\'], "_");
    let part = match headers.get(header::RANGE).and_then(|range| range.to_str().ok()) {
        None => None,
        Some(range) => asked(range, length)?,
    };
    let (first, count) = part.unwrap_or((0, length));
    file.seek(SeekFrom::Start(first)).await.map_err(broken)?;
    let status = if part.is_some() { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
    let body = Body::from_stream(ReaderStream::with_capacity(file.take(count), CHUNK));
    let content = [
        (header::CONTENT_TYPE, "application/octet-stream".to_string()),
        (header::CONTENT_LENGTH, count.to_string()),
        (header::ACCEPT_RANGES, "bytes".to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    let mut response = (status, content, body).into_response();
    if part.is_some() {
        let range = HeaderValue::from_str(&format!("bytes {first}-{}/{length}", first + count - 1));
        response.headers_mut().extend(range.ok().map(|range| (header::CONTENT_RANGE, range)));
    }
    Ok(response)
}

/// The first byte and the number of bytes of a range; none of ranges that are not served, which then give all.
fn asked(range: &str, length: u64) -> Result<Option<(u64, u64)>, Problem> {
    let Some((first, last)) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Ok(None);
    };
    let (first, end) = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if last >= first => (first, last.saturating_add(1).min(length)),
        (Ok(first), Err(_)) if last.trim().is_empty() => (first, length),
        (Err(_), Ok(count)) if first.trim().is_empty() => (length.saturating_sub(count), length),
        _ => return Ok(None),
    };
    if first < end {
        return Ok(Some((first, end - first)));
    }
    let size = HeaderValue::from_str(&format!("bytes */{length}")).expect("digits");
    let detail = format!("the file has {length} bytes: ask for a part of them");
    Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail).with_header(header::CONTENT_RANGE, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_of_the_file() {
        let read = |range: &str| asked(range, 10).map_err(|problem| problem.to_json());
        assert_eq!(read("bytes=0-3"), Ok(Some((0, 4))));
        assert_eq!(read("bytes=4-"), Ok(Some((4, 6))));
        assert_eq!(read("bytes=-3"), Ok(Some((7, 3))));
        assert_eq!(read("bytes=8-99"), Ok(Some((8, 2))));
        for not_served in ["bytes=0-1,4-5", "lines=0-1", "bytes=3-1", "bytes=-", "bytes=x-"] {
            assert_eq!(read(not_served), Ok(None), "{not_served}");
        }
        assert!(read("bytes=10-").is_err());
        assert!(asked("bytes=0-", 0).is_err());
    }

    #[test]
    fn names_do_not_lead_out() {
        assert!(plain("a/b.parquet".into()).is_ok());
        for name in ["..", "a/../b", "/etc/passwd", "a//b", "a\\b", "", "./a", "c:a"] {
            assert!(plain(name.into()).is_err(), "{name}");
        }
    }
}
