//! The rules by which devices are dispatched, and what a vehicle may and must do whatever the rule.

use crate::mail::ChargingNeeds;
use crate::storage_trade::StorageTerms;
use crate::time::{Now, Span};
use serde::{Deserialize, Serialize};

/// Time kept in hand before a departure: within it a vehicle charges whatever the price.
pub(super) const DEPARTURE_MARGIN: Span = Span::from_minutes(30);

/// How devices are dispatched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Strategy {
    /// Batteries bring the portfolio's meter to zero; vehicles charge at once.
    SelfConsumption {},
    /// Charge at or below one price, discharge at or above another.
    PriceThreshold {
        /// Charge at this consumption price (EUR/MWh) or below.
        charge_below_eur_per_mwh: f64,
        /// Discharge at this consumption price (EUR/MWh) or above.
        discharge_above_eur_per_mwh: f64,
    },
    /// The site's prosumer trades with the storage, and each slot brings what has been traded for it; nothing traded is
    /// nothing done. Vehicles that must charge lest they miss their target do so all the same.
    Market(StorageTerms),
    /// A plan of least cost is made ahead, on terms that are one for all devices ([`ScheduleTerms`](super::ScheduleTerms)).
    Schedule {},
}

impl Strategy {
    /// The terms of trade, if it is for the market.
    #[must_use]
    pub fn terms(&self) -> Option<&StorageTerms> {
        match self {
            Self::Market(terms) => Some(terms),
            _ => None,
        }
    }
}

/// Hours of charging at full power that `needs` still asks for.
fn hours_to_target(needs: &ChargingNeeds) -> f64 {
    let missing_kwh = (needs.target_kwh - needs.storage.energy_kwh).max(0.0);
    if missing_kwh > 0.0 { missing_kwh / needs.storage.charge_limit_kw } else { 0.0 }
}

/// Whether the time to departure is just enough to charge what is missing.
pub(super) fn must_charge(now: Now, needs: &ChargingNeeds) -> bool {
    (needs.departure - now.time).hours() <= hours_to_target(needs) + DEPARTURE_MARGIN.hours()
}

/// Whether the vehicle can give energy for a quarter hour and still take it back before it leaves.
pub(super) fn may_discharge(now: Now, needs: &ChargingNeeds) -> bool {
    let hours_left = (needs.departure - now.time).hours();
    needs.storage.energy_kwh > needs.reserve_kwh && hours_left > hours_to_target(needs) + 2.0 * DEPARTURE_MARGIN.hours()
}
