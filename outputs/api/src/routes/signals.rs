//! Signals: weather, prices, what the DSO asks; what they are, and how they are held.

use super::commands::{Outcome, Taken, ask};
use super::responses::{Kernel, Missing, Queued, Refusals};
use crate::face::Shared;
use crate::problem::Problem;
use crate::take::{Json, Segment, id, lasts};
use crate::view::instant;
use agents::Time;
use agents::act::HeldSignal;
use agents::face::Asked;
use agents::reading::Signal;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// A signal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignalState {
    /// Its name.
    signal: &'static str,
    /// The unit of its value.
    unit: &'static str,
    /// Its value over the last interval; null where it is not in force.
    value: Option<f64>,
    /// The least it can be held at.
    minimum: f64,
    /// The most it can be held at.
    maximum: f64,
    /// First instant of the last interval; null before the first tick.
    #[schema(format = "date-time")]
    time: Option<String>,
}

/// All signals.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignalStates {
    signals: Vec<SignalState>,
}

/// Holds a signal at a value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hold {
    /// The value, in the unit of the signal and within its limits.
    value: f64,
    /// How long it is held; until it is let go if neither this nor `until` is there.
    duration_s: Option<f64>,
    /// Until when it is held.
    #[schema(format = "date-time")]
    until: Option<String>,
    /// An id of the sender's: a request that comes twice with one id is taken once.
    #[schema(max_length = 128)]
    id: Option<String>,
}

fn named(name: &str) -> Result<Signal, Problem> {
    Signal::ALL.into_iter().find(|signal| signal.as_str() == name).ok_or_else(|| {
        let names = Signal::ALL.map(Signal::as_str).join(", ");
        Problem::missing(format!("there is no signal {name:?}: name one of {names}"))
    })
}

fn state(shared: &Shared, signal: Signal) -> SignalState {
    let latest = shared.board().latest();
    let batch = latest.as_ref().map(|frame| &frame.batch);
    let reading = batch.and_then(|batch| batch.signals.iter().find(|reading| reading.signal == signal));
    let (minimum, maximum) = signal.range();
    SignalState {
        signal: signal.as_str(),
        unit: signal.unit(),
        value: reading.map(|reading| reading.value),
        minimum,
        maximum,
        time: batch.and_then(|batch| instant(batch.start)),
    }
}

/// All signals, with their latest values and the limits within which they can be held.
#[utoipa::path(get, path = "/v1/signals", tag = "twin", responses(
    (status = 200, description = "All signals.", body = SignalStates),
))]
pub(super) async fn signals(State(shared): State<Arc<Shared>>) -> axum::Json<SignalStates> {
    axum::Json(SignalStates { signals: Signal::ALL.into_iter().map(|signal| state(&shared, signal)).collect() })
}

/// One signal.
#[utoipa::path(get, path = "/v1/signals/{signal}", tag = "twin",
    params(("signal" = String, Path, description = "Its name, for instance `irradiance`.")),
    responses((status = 200, description = "The signal.", body = SignalState), Missing))]
pub(super) async fn signal(
    State(shared): State<Arc<Shared>>,
    Segment(name): Segment<String>,
) -> Result<axum::Json<SignalState>, Problem> {
    Ok(axum::Json(state(&shared, named(&name)?)))
}

/// Holds a signal at a value, whatever weather, tariffs and DSO say.
#[utoipa::path(put, path = "/v1/signals/{signal}", tag = "control", request_body = Hold,
    params(("signal" = String, Path, description = "Its name.")),
    responses((status = 200, description = "It is held.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn hold(
    State(shared): State<Arc<Shared>>,
    Segment(name): Segment<String>,
    Json(body): Json<Hold>,
) -> Result<Taken, Problem> {
    let signal = named(&name)?;
    let (id, lasts) = (id(body.id)?, lasts(body.duration_s, body.until.as_deref())?);
    let held = HeldSignal { signal, value: Some(body.value), until: None };
    let refused = |reason| Problem::meaningless(reason).at("value").of(id.clone());
    held.examine(Time(i64::MIN)).map_err(refused)?;
    ask(&shared, Asked::Signal { held, lasts }, id).await
}

/// Lets a signal go: it is again what weather, tariffs and DSO say.
#[utoipa::path(delete, path = "/v1/signals/{signal}", tag = "control",
    params(("signal" = String, Path, description = "Its name.")),
    responses((status = 200, description = "It is let go.", body = Outcome), Queued, Missing, Refusals, Kernel))]
pub(super) async fn let_go(
    State(shared): State<Arc<Shared>>,
    Segment(name): Segment<String>,
) -> Result<Taken, Problem> {
    let held = HeldSignal { signal: named(&name)?, value: None, until: None };
    ask(&shared, Asked::Signal { held, lasts: None }, None).await
}
