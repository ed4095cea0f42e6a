//! The clock: how time passes, and how it is paused, stepped and sped up.

use super::responses::{Kernel, Refusals};
use crate::board::Told;
use crate::call::{Call, Clock, MOST_TICKS, PaceWish, SPEEDS};
use crate::face::{Shared, lock};
use crate::problem::Problem;
use crate::take::{Json, Nothing};
use crate::view::{ClockView, SpeedView};
use axum::extract::State;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// How long they may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How many ticks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Steps {
    /// How many ticks; one if absent.
    #[schema(minimum = 1, maximum = 100_000, default = 1)]
    ticks: Option<u32>,
}

/// How fast.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SpeedBody {
    /// How many times as fast as the wall clock, 0.001 to 1,000,000; or `max`: as fast as it goes.
    #[schema(value_type = SpeedView)]
    speed: serde_json::Value,
}

/// The clock as of the last tick.
#[utoipa::path(get, path = "/v1/clock", tag = "clock", responses(
    (status = 200, description = "The clock.", body = ClockView), Kernel,
))]
pub(super) async fn clock(State(shared): State<Arc<Shared>>) -> Result<axum::Json<ClockView>, Problem> {
    let clock = lock(&shared.told).clock;
    clock.map(|clock| axum::Json(clock.into())).ok_or_else(|| Problem::busy("the twin has not begun yet: ask again"))
}

async fn set(shared: &Shared, wish: PaceWish) -> Result<axum::Json<ClockView>, Problem> {
    let answer = shared.desk.ask_soon(|reply| Call::SetPace { wish, reply }).await?;
    told(shared, answer)
}

/// Whoever asks for the clock next finds it as it was just answered.
fn told(shared: &Shared, answer: Result<Clock, String>) -> Result<axum::Json<ClockView>, Problem> {
    let clock = answer.map_err(Problem::conflict)?;
    *lock(&shared.told) = Told { clock: Some(clock), is_news: true };
    Ok(axum::Json(clock.into()))
}

/// Time stands still, until it is resumed or stepped.
#[utoipa::path(post, path = "/v1/clock/pause", tag = "clock", responses(
    (status = 200, description = "It stands still.", body = ClockView), Refusals, Kernel,
))]
pub(super) async fn pause(
    State(shared): State<Arc<Shared>>,
    Json(_): Json<Nothing>,
) -> Result<axum::Json<ClockView>, Problem> {
    set(&shared, PaceWish::Pause).await
}

/// Time passes again, as before the pause and from where it stands.
#[utoipa::path(post, path = "/v1/clock/resume", tag = "clock", responses(
    (status = 200, description = "It passes again.", body = ClockView), Refusals, Kernel,
))]
pub(super) async fn resume(
    State(shared): State<Arc<Shared>>,
    Json(_): Json<Nothing>,
) -> Result<axum::Json<ClockView>, Problem> {
    set(&shared, PaceWish::Resume).await
}

/// Runs some ticks of a twin that is paused; answered after the last.
#[utoipa::path(post, path = "/v1/clock/step", tag = "clock", request_body = Option<Steps>, responses(
    (status = 200, description = "They are done.", body = ClockView), Refusals, Kernel,
))]
pub(super) async fn step(
    State(shared): State<Arc<Shared>>,
    Json(steps): Json<Steps>,
) -> Result<axum::Json<ClockView>, Problem> {
    let ticks = steps.ticks.unwrap_or(1);
    if !(1..=MOST_TICKS).contains(&ticks) {
        return Err(Problem::meaningless(format!("`ticks` must be 1 to {MOST_TICKS}")).at_named());
    }
    let answer = shared.desk.ask(PATIENCE, |reply| Call::Step { ticks, reply }).await?;
    told(&shared, answer)
}

/// Time passes at another speed, from where it stands.
#[utoipa::path(put, path = "/v1/clock/speed", tag = "clock", request_body = SpeedBody, responses(
    (status = 200, description = "It does.", body = ClockView), Refusals, Kernel,
))]
pub(super) async fn speed(
    State(shared): State<Arc<Shared>>,
    Json(body): Json<SpeedBody>,
) -> Result<axum::Json<ClockView>, Problem> {
    let (slowest, fastest) = (SPEEDS.start(), SPEEDS.end());
    let wish = match (body.speed.as_str(), body.speed.as_f64()) {
        (Some("max"), _) => PaceWish::FlatOut,
        (None, Some(speed)) if SPEEDS.contains(&speed) => PaceWish::Speed(speed),
        _ => {
            let detail = format!("`speed` must be a number from {slowest} to {fastest}, or \"max\"");
            return Err(Problem::meaningless(detail).at_named());
        }
    };
    set(&shared, wish).await
}
