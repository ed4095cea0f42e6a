//! The ways to forecast, and the state each of them keeps.

use super::autoregressive::{AutoRegressive, Deviations, MOST_LAGS};
use super::clear_sky::ClearSky;
use super::profile::Profile;
use super::{Bounds, Grid, History, Season, SettingsError};
use crate::series::Series;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// How a series is forecast. Slots of which a method knows nothing yet are expected to be as the last value was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// As the last value was.
    Persistence,
    /// As on an earlier day.
    SeasonalNaive(Season),
    /// As the slot of the day usually is, on weekdays or weekends, by exponential smoothing over days.
    Smoothed {
        /// The weight of a day, in (0, 1].
        smoothing: f64,
    },
    /// As usual, and what deviates from it as deviations go on.
    AutoRegressive(AutoRegressive),
    /// PV: clear sky times an index that goes back to its mean.
    ClearSky,
    /// What will be, which somebody hands in: for bounds on what forecasts are worth, never for a strategy that is compared.
    Perfect(Series),
}

impl Method {
    /// How many days of history it needs, for forecasts of `ahead` days.
    pub(super) fn days(&self, ahead: usize) -> usize {
        // The day before is what every method is compared with.
        let season = if let Self::SeasonalNaive(season) = self { *season } else { Season::DayBefore };
        season.days() + ahead + 1
    }

    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let weight = |name, value: f64| {
            let is_weight = value > 0.0 && value <= 1.0;
            if is_weight { Ok(()) } else { Err(SettingsError::Weight { name, value }) }
        };
        match self {
            Self::Smoothed { smoothing } => weight("smoothing", *smoothing),
            Self::SeasonalNaive(Season::SameDays(0)) => Err(SettingsError::NoDays),
            Self::AutoRegressive(AutoRegressive { order, smoothing, forgetting, ridge }) => {
                weight("smoothing", *smoothing)?;
                weight("forgetting", *forgetting)?;
                if !(1..=MOST_LAGS).contains(order) {
                    return Err(SettingsError::Order { order: *order, most: MOST_LAGS });
                }
                if ridge.is_finite() && *ridge >= 0.0 { Ok(()) } else { Err(SettingsError::Ridge(*ridge)) }
            }
            Self::Perfect(series) if series.step.0 <= 0 => Err(SettingsError::Step(series.step)),
            _ => Ok(()),
        }
    }
}

/// The state of a method.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Model {
    Persistence,
    SeasonalNaive(Season),
    Smoothed(Profile),
    AutoRegressive(Deviations),
    ClearSky(ClearSky),
    Perfect(Series),
}

impl Model {
    pub(super) fn new(method: Method, grid: Grid, bounds: Bounds) -> Self {
        match method {
            Method::Persistence => Self::Persistence,
            Method::SeasonalNaive(season) => Self::SeasonalNaive(season),
            Method::Smoothed { smoothing } => Self::Smoothed(Profile::new(grid, smoothing)),
            Method::AutoRegressive(of) => Self::AutoRegressive(Deviations::new(grid, &of)),
            Method::ClearSky => Self::ClearSky(ClearSky::new(grid, bounds)),
            Method::Perfect(series) => Self::Perfect(series),
        }
    }

    /// Learns that nothing was read for so many slots.
    pub(super) fn miss(&mut self, slots: i64) {
        if let Self::AutoRegressive(model) = self {
            model.miss(slots);
        }
    }

    /// Learns from the value of a slot.
    pub(super) fn observe(&mut self, grid: Grid, slot: Time, value: f64) {
        match self {
            Self::Persistence | Self::SeasonalNaive(_) | Self::Perfect(_) => {}
            Self::Smoothed(profile) => profile.observe(grid, slot, value),
            Self::AutoRegressive(model) => model.observe(grid, slot, Some(value)),
            Self::ClearSky(model) => model.observe(grid, slot, value),
        }
    }

    /// Writes what is expected of the slots from `start` on, not before the end of `history`; `last` is the last value known.
    pub(super) fn expect(&self, history: &History, start: Time, last: f64, into: &mut [f64]) {
        let grid = history.grid();
        let mut fill = |of: &dyn Fn(Time) -> Option<f64>| {
            for (value, index) in into.iter_mut().zip(0..) {
                *value = of(start + grid.step * index).unwrap_or(last);
            }
        };
        match self {
            Self::Persistence => into.fill(last),
            Self::SeasonalNaive(season) => fill(&|slot| season.at(history, slot)),
            Self::Smoothed(profile) => fill(&|slot| profile.at(grid, slot)),
            Self::AutoRegressive(model) => model.expect(history, start, last, into),
            Self::ClearSky(model) => model.expect(history, start, last, into),
            Self::Perfect(series) => fill(&|slot| grid.mean(series, slot)),
        }
    }

    /// Whether the value of a slot is zero for sure.
    pub(super) fn is_dark(&self, grid: Grid, slot: Time) -> bool {
        matches!(self, Self::ClearSky(model) if model.is_dark(grid, slot))
    }
}
