//! Rows of an energy manager that plans: its plans, what it forecast, what came, and what that cost.

use crate::forecast::{LEVELS, Score};
use crate::id::ParticipantId;
use crate::time::{Slot, Span, Time};
use serde::{Deserialize, Serialize};

/// Why a plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanReason {
    /// There was none.
    First,
    /// The one in force reached no further.
    Ended,
    /// A local day has begun.
    Day,
    /// A slot has begun, and each is planned.
    Slot,
    /// What is not planned departs from what was forecast.
    Forecast,
    /// A vehicle came, or thought better of its stay.
    Arrival,
    /// A vehicle left, or a device fell silent.
    Departure,
    /// Prices were published.
    Price,
    /// A limit of a device changed.
    Limit,
    /// A device does not hold what it should by now.
    Device,
}

impl PlanReason {
    /// Every reason, in declaration order.
    pub const ALL: [Self; 10] = [
        Self::First,
        Self::Ended,
        Self::Day,
        Self::Slot,
        Self::Forecast,
        Self::Arrival,
        Self::Departure,
        Self::Price,
        Self::Limit,
        Self::Device,
    ];

    /// Whether something was not as it was planned or known.
    pub fn is_news(self) -> bool {
        match self {
            Self::First | Self::Ended | Self::Day | Self::Slot => false,
            Self::Forecast | Self::Arrival | Self::Departure | Self::Price | Self::Limit | Self::Device => true,
        }
    }

    /// The name used in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Ended => "ended",
            Self::Day => "day",
            Self::Slot => "slot",
            Self::Forecast => "forecast",
            Self::Arrival => "arrival",
            Self::Departure => "departure",
            Self::Price => "price",
            Self::Limit => "limit",
            Self::Device => "device",
        }
    }
}

/// A plan.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRow {
    /// When it was made.
    pub time: Time,
    /// Why.
    pub reason: PlanReason,
    /// How many slots it is about.
    pub slots: u32,
    /// What it expects to cost, less the value of what is stored in the end, EUR.
    pub cost_eur: f64,
    /// By how much it misses what a device should hold, at worst, kWh.
    pub missed_kwh: f64,
}

/// What a plan says of a device in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleRow {
    /// When the plan was made.
    pub time: Time,
    /// The battery or charge point.
    pub device: ParticipantId,
    /// The slot.
    pub slot: Slot,
    /// Its power, kW; charging positive.
    pub power_kw: f64,
    /// What it holds at the end of the slot, kWh.
    pub soc_kwh: f64,
    /// Why the plan was made.
    pub reason: PlanReason,
}

/// What was expected of a slot: what the portfolio takes besides the storage that is planned.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastRow {
    /// When (belief time).
    pub time: Time,
    /// The slot.
    pub slot: Slot,
    /// Mean power expected, kW.
    pub expected_kw: f64,
    /// Its quantiles at [`LEVELS`](crate::forecast::LEVELS), kW.
    pub quantiles_kw: [f64; LEVELS.len()],
}

/// What a planned local day cost at the planner's prices, and what it could have cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanDayRow {
    /// When it was over.
    pub time: Time,
    /// Its first slot that was lived through.
    pub start: Time,
    /// What it cost, wear of batteries included, EUR.
    pub cost_eur: f64,
    /// What it would have cost had batteries been scheduled in perfect foresight, EUR.
    pub best_eur: f64,
}

/// What was planned and forecast for a slot when it began, and what came. Storage is that which is planned, the rest is all
/// else of the portfolio; consumption and charging positive.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanSlotRow {
    /// The slot, which is over.
    pub slot: Slot,
    /// What all storage was to take by the plan in force, kW; none without a plan for the slot.
    pub planned_kw: Option<f64>,
    /// What it took, kW.
    pub storing_kw: f64,
    /// What the rest was expected to take by that plan, which may be hours old, kW.
    pub planned_rest_kw: Option<f64>,
    /// What it took, kW.
    pub rest_kw: f64,
    /// Prices of import and export that the planner went by, EUR/kWh.
    pub prices: (f64, f64),
}

/// How good forecasts were up to an instant, from `leads.0` to `leads.1` slots ahead; 1 is the slot that begins when the
/// forecast is issued.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastScoreRow {
    /// Up to when.
    pub time: Time,
    /// The length of a slot.
    pub step: Span,
    /// The lead times, first and last.
    pub leads: (u32, u32),
    /// Sums over all that was scored since the start, kW.
    pub score: Score,
}
