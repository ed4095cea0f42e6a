//! What the twin is, and what it shows.

use super::responses::Missing;
use crate::face::{Shared, lock};
use crate::problem::Problem;
use crate::take::Segment;
use crate::view::{AssetView, ClockView, SignalView, SiteView, Viewer, instant};
use agents::SiteId;
use agents::record::SiteEntry;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// What the twin is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Twin {
    /// The scenario's name.
    scenario: String,
    /// The version of the engine.
    version: String,
    /// Where the twin keeps what it needs to go on.
    place: String,
    /// The first instant.
    #[schema(format = "date-time")]
    start: Option<String>,
    /// The last instant; null: none.
    #[schema(format = "date-time")]
    end: Option<String>,
    /// The length of a tick.
    tick_s: f64,
    /// The seed of all draws.
    seed: u64,
    /// Local time less UTC.
    utc_offset_s: f64,
    /// How many participants there are, by kind.
    participants: BTreeMap<&'static str, usize>,
    /// How many sites there are.
    sites: usize,
    /// The clock; null before the first tick.
    clock: Option<ClockView>,
}

/// What the twin is, and its clock.
#[utoipa::path(get, path = "/v1/twin", tag = "twin", responses((status = 200, description = "The twin.", body = Twin)))]
pub(super) async fn twin(State(shared): State<Arc<Shared>>) -> Json<Twin> {
    let overview = &shared.overview;
    let mut participants = BTreeMap::new();
    for entry in &shared.catalogue.participants {
        *participants.entry(entry.kind.as_str()).or_default() += 1;
    }
    Json(Twin {
        scenario: overview.scenario.clone(),
        version: overview.version.clone(),
        place: overview.place.clone(),
        start: instant(overview.start),
        end: instant(overview.end),
        tick_s: overview.tick.seconds(),
        seed: overview.seed,
        utc_offset_s: shared.catalogue.calendar.utc_offset.seconds(),
        participants,
        sites: shared.catalogue.sites.len(),
        clock: lock(&shared.told).clock.map(ClockView::from),
    })
}

/// A site.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Site<'a> {
    /// Its name.
    name: &'a str,
    /// The commune it lies in.
    commune: &'a str,
    /// The portfolio it belongs to, if it belongs to one.
    portfolio: Option<&'a str>,
    /// Its participants.
    participants: Vec<&'a str>,
    /// What its meter showed last; null before the first tick.
    reading: Option<SiteView<'a>>,
}

/// All sites.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sites<'a> {
    sites: Vec<Site<'a>>,
}

/// The sites with their participants, commune, portfolio and latest reading.
#[utoipa::path(get, path = "/v1/sites", tag = "twin", responses(
    (status = 200, description = "All sites, by name.", body = Sites<'_>),
))]
pub(super) async fn sites(State(shared): State<Arc<Shared>>) -> Response {
    let latest = shared.board().latest();
    let mut there: BTreeMap<SiteId, Vec<&str>> = BTreeMap::new();
    for entry in &shared.catalogue.participants {
        if let Some(site) = entry.site {
            there.entry(site).or_default().push(&entry.id);
        }
    }
    let readings: BTreeMap<SiteId, _> = latest
        .iter()
        .flat_map(|frame| &frame.batch.sites)
        .map(|reading| (reading.site, Viewer(&shared.catalogue).site(reading)))
        .collect();
    let mut readings = readings;
    let sites = (0..)
        .map(SiteId)
        .zip(&shared.catalogue.sites)
        .map(|(id, entry)| view(&shared, entry, there.remove(&id).unwrap_or_default(), readings.remove(&id)));
    Json(Sites { sites: sites.collect() }).into_response()
}

fn view<'a>(
    shared: &'a Shared,
    entry: &'a SiteEntry,
    participants: Vec<&'a str>,
    reading: Option<SiteView<'a>>,
) -> Site<'a> {
    let portfolio = entry.portfolio.and_then(|id| shared.catalogue.portfolios.get(id.index()));
    Site { name: &entry.name, commune: &entry.commune, portfolio: portfolio.map(String::as_str), participants, reading }
}

/// One site.
#[utoipa::path(get, path = "/v1/sites/{name}", tag = "twin", params(("name" = String, Path, description = "Its name.")),
    responses((status = 200, description = "The site.", body = Site<'_>), Missing))]
pub(super) async fn site(
    State(shared): State<Arc<Shared>>,
    Segment(name): Segment<String>,
) -> Result<Response, Problem> {
    let found = (0..).map(SiteId).zip(&shared.catalogue.sites).find(|(_, entry)| entry.name == name);
    let missing = || Problem::missing(format!("there is no site {name:?}: GET /v1/sites lists them"));
    let (id, entry) = found.ok_or_else(missing)?;
    let there = shared.catalogue.participants.iter().filter(|entry| entry.site == Some(id));
    let there = there.map(|entry| entry.id.as_str()).collect();
    let latest = shared.board().latest();
    let reading = latest.iter().flat_map(|frame| &frame.batch.sites).find(|reading| reading.site == id);
    let reading = reading.map(|reading| Viewer(&shared.catalogue).site(reading));
    Ok(Json(view(&shared, entry, there, reading)).into_response())
}

/// The latest readings.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct Readings<'a> {
    /// First instant of the interval; null before the first tick.
    #[schema(format = "date-time")]
    time: Option<String>,
    /// Its length.
    length_s: f64,
    assets: Vec<AssetView<'a>>,
    sites: Vec<SiteView<'a>>,
    signals: Vec<SignalView>,
}

/// The latest reading of every asset, site and signal.
#[utoipa::path(get, path = "/v1/readings", tag = "twin", responses(
    (status = 200, description = "The readings of the last interval.", body = Readings<'_>),
))]
pub(super) async fn readings(State(shared): State<Arc<Shared>>) -> Response {
    let viewer = Viewer(&shared.catalogue);
    let Some(frame) = shared.board().latest() else { return Json(Readings::default()).into_response() };
    let batch = &frame.batch;
    let readings = Readings {
        time: instant(batch.start),
        length_s: batch.length.seconds(),
        assets: batch.assets.iter().map(|reading| viewer.asset(reading, batch)).collect(),
        sites: batch.sites.iter().map(|reading| viewer.site(reading)).collect(),
        signals: batch.signals.iter().map(|reading| viewer.signal(reading)).collect(),
    };
    Json(readings).into_response()
}
