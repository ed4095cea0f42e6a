//! Participants: who there is, and how one of them stands.

use super::responses::{Kernel, Missing};
use crate::call::{Call, Inspection};
use crate::face::Shared;
use crate::problem::Problem;
use crate::select;
use crate::take::{Named, Query, Segment, limit};
use crate::view::{AssetView, Viewer};
use agents::Kind;
use agents::command::Capability;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Most participants in one answer.
const MOST: usize = 10_000;
/// As many as are shown where nothing else is asked for.
const USUAL: usize = 1000;

/// Which participants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of this kind only, for instance `battery`.
    kind: Option<String>,
    /// Of this site only.
    site: Option<String>,
    /// Those whose id contains this.
    q: Option<String>,
    /// So many of those that fit are passed over.
    #[param(minimum = 0)]
    offset: Option<usize>,
    /// So many at most.
    #[param(minimum = 1, maximum = 10_000, default = 1000)]
    limit: Option<usize>,
}

/// A participant.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Participant<'a> {
    /// Its id.
    id: &'a str,
    /// What it is.
    kind: &'static str,
    /// The site it belongs to, of assets.
    site: Option<&'a str>,
    /// Nominal energy, of assets that store.
    capacity_kwh: Option<f64>,
    /// The commands it can take.
    commands: &'static [&'static str],
}

/// Some participants.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Participants<'a> {
    participants: Vec<Participant<'a>>,
    /// How many fit, shown or not.
    total: usize,
}

/// How a participant stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Standing<'a> {
    #[serde(flatten)]
    participant: Participant<'a>,
    /// Its parameters in the scenario; null where they are not known.
    parameters: Option<&'a serde_json::Value>,
    /// What it really does, and beside it what it shows if it is faulty; null of one that is no asset, or before the first
    /// tick.
    reading: Option<AssetView<'a>>,
    /// How it stands inside.
    inspection: Inspection,
}

/// What it can be asked to do.
fn commands(kind: Kind) -> &'static [&'static str] {
    match Capability::of(kind) {
        None => &[],
        Some(Capability::LimitsOnly) => &["import_limit", "export_limit", "withdraw"],
        Some(Capability::Setpoints) => &["setpoint", "import_limit", "export_limit", "withdraw"],
        Some(Capability::FollowsMeter) => &["setpoint", "import_limit", "export_limit", "reserve", "withdraw"],
    }
}

impl<'a> Participant<'a> {
    fn of(shared: &'a Shared, named: Named<'a>) -> Self {
        let entry = named.entry;
        let site = entry.site.and_then(|site| shared.catalogue.sites.get(site.index()));
        Self {
            id: &entry.id,
            kind: entry.kind.as_str(),
            site: site.map(|site| site.name.as_str()),
            capacity_kwh: entry.capacity_kwh,
            commands: commands(entry.kind),
        }
    }
}

/// Who there is, by id.
#[utoipa::path(get, path = "/v1/participants", tag = "twin", params(Which), responses(
    (status = 200, description = "The participants that fit.", body = Participants<'_>),
))]
pub(super) async fn participants(
    State(shared): State<Arc<Shared>>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let kind: Option<Kind> = which.kind.as_deref().map(str::parse).transpose().map_err(|unknown| {
        let names = Kind::ALL.map(Kind::as_str).join(", ");
        Problem::parameter("kind", format!("{unknown}: name one of {names}"))
    })?;
    let site = which.site.as_deref().map(|name| select::site(&shared.catalogue, name)).transpose()?;
    let limit = limit(which.limit, USUAL, MOST)?;
    let fits = |named: &Named<'_>| {
        kind.is_none_or(|kind| named.entry.kind == kind)
            && site.is_none_or(|site| named.entry.site == Some(site))
            && which.q.as_deref().is_none_or(|part| named.entry.id.contains(part))
    };
    let all = (0..).map(agents::ParticipantId).zip(&shared.catalogue.participants);
    let fitting: Vec<Named<'_>> = all.map(|(dense, entry)| Named { dense, entry }).filter(fits).collect();
    let total = fitting.len();
    let shown = fitting.into_iter().skip(which.offset.unwrap_or(0)).take(limit);
    let participants = shown.map(|named| Participant::of(&shared, named)).collect();
    Ok(Json(Participants { participants, total }).into_response())
}

/// How one participant stands: its entry, its parameters, its latest reading, its state, its commands and its faults.
#[utoipa::path(get, path = "/v1/participants/{id}", tag = "twin",
    params(("id" = String, Path, description = "Its id.")),
    responses((status = 200, description = "How it stands.", body = Standing<'_>), Missing, Kernel))]
pub(super) async fn participant(
    State(shared): State<Arc<Shared>>,
    Segment(id): Segment<String>,
) -> Result<Response, Problem> {
    let named = shared.participant(&id)?;
    let inspection = inspect(&shared, &id).await?;
    let latest = shared.board().latest();
    let reading = latest.as_ref().and_then(|frame| {
        let reading = frame.batch.assets.iter().find(|reading| reading.asset == named.dense)?;
        Some(Viewer(&shared.catalogue).asset(reading, &frame.batch))
    });
    let standing = Standing {
        participant: Participant::of(&shared, named),
        parameters: shared.overview.parameters.get(&id),
        reading,
        inspection,
    };
    Ok(Json(standing).into_response())
}

/// Asks how a participant stands.
pub(super) async fn inspect(shared: &Shared, id: &str) -> Result<Inspection, Problem> {
    shared.desk.ask_soon(|reply| Call::Inspect { id: id.into(), reply }).await
}
