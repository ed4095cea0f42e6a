//! Forecasts of what a meter will show, from what it has shown: power, prices, carbon intensity, arrivals of vehicles.
//!
//! A core keeps a [`Forecaster`] in its state, tells it each slot that is over ([`Forecaster::observe`]) and asks it for the
//! coming ones ([`Forecaster::forecast`]). A [`Forecast`] is a belief: it carries when it was issued, and is a fan of
//! quantiles around what is expected; [`Scenarios`] are whole paths, for strategies that plan for several futures at once.
//! Vehicles come and go rather than have values in slots; [`Arrivals`] is for them.
//!
//! Nothing in here looks ahead: a forecast is a function of the slots that were over when it was issued. The one exception
//! has to be asked for and be handed what will be ([`Method::Perfect`]); a clear sky ([`Forecaster::tell_clear_sky`]) is
//! astronomy and known beforehand.
//!
//! Every forecaster tests itself. At every eleventh slot it notes what it expects of the whole horizon and compares that with
//! what comes. These errors make its quantiles and scenarios, and its [`Score`]s by lead time, beside those of persistence.
//!
//! Rust has libraries of forecasting (augurs, anofox-forecast: ETS, MSTL, Prophet, ARIMA). They fit whole series at once, with
//! the platform's own logarithms and optimisers, so that a fit costs milliseconds in each slot and its digits may differ from
//! machine to machine; what is needed here is an update per slot in microseconds, a state that a snapshot can hold, and the
//! same numbers everywhere, which these few files give.

mod arrivals;
mod autoregressive;
mod belief;
mod clear_sky;
mod errors;
mod forecaster;
mod grid;
mod history;
mod method;
mod profile;
mod quantiles;
mod scenarios;
mod score;
mod seasonal;

pub use arrivals::{Arrivals, ArrivalsError, Visit};
pub use autoregressive::AutoRegressive;
pub use belief::Forecast;
pub use forecaster::{ForecastError, Forecaster, Settings, SettingsError};
pub use grid::{Bounds, Grid};
pub use history::{History, ObservationError};
pub use method::Method;
pub use quantiles::{LEVELS, Quantiles};
pub use scenarios::Scenarios;
pub use score::{Outcome, Score, crps_of_members, crps_of_quantiles, pinball};
pub use seasonal::Season;

#[cfg(test)]
mod tests;
