//! What an energy manager and a prosumer tell each other of storage that is for the market.
//!
//! The manager says what a device holds and can do; the prosumer trades with it and says what it has traded for each slot;
//! the manager has the device do just that.

use crate::id::ParticipantId;
use crate::mail::StorageStatus;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// On which terms a storage is traded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageTerms {
    /// Share of the energy that is left after charging, and again after discharging, in (0, 1].
    pub efficiency: f64,
    /// What a MWh through the terminals costs in wear, each way.
    pub wear_eur_per_mwh: f64,
    /// Share of the usable range that a battery keeps out of the market at either end, where its power falls, in [0, 0.5).
    pub margin: f64,
    /// For how many days clearing prices are remembered, at least 1.
    pub window_days: u32,
    /// The low price level is this quantile of the remembered prices, the high one as much from the top, in [0, 0.5].
    pub quantile: f64,
    /// Into how many orders a bid or offer is divided, each with a limit of its own, at least 1.
    pub steps: u32,
}

/// A one-way efficiency a little below that of a battery's converter at full power, so that what is sold is there.
impl Default for StorageTerms {
    fn default() -> Self {
        Self { efficiency: 0.94, wear_eur_per_mwh: 10.0, margin: 0.06, window_days: 3, quantile: 0.1, steps: 4 }
    }
}

impl StorageTerms {
    /// For how long prices are remembered.
    pub(crate) fn window(&self) -> Span {
        Span::DAY * i64::from(self.window_days)
    }
}

/// A storage that is for the market, as it stands at the beginning of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TradableStorage {
    /// The battery or charge point.
    pub device: ParticipantId,
    /// What it holds and can do; its bounds are those that trade has to keep.
    pub storage: StorageStatus,
    /// What a vehicle must hold until when.
    pub departure: Option<Departure>,
    /// On which terms it is traded.
    pub terms: StorageTerms,
}

/// The departure of a vehicle.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Departure {
    /// Energy it wants to hold.
    pub target_kwh: f64,
    /// From when on it shall hold that.
    pub ready: Time,
    /// When it leaves; nothing is traded for slots that end later.
    pub leaves: Time,
}
