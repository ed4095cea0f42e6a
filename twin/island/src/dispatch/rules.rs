//! The rules by which an island's operator runs its plants.

use crate::IslandError;
use serde::{Deserialize, Serialize};

/// Rules of commitment and dispatch. Defaults are for Martinique; what the island's sources do not say is an assumption.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Largest share of the demand that wind and PV without storage may cover; the rest is disconnected. The multi-year
    /// energy plan of the island: 0.35 in 2018, 0.45 as the aim for 2023 (decree 2018-852).
    pub intermittent_share: f64,
    /// Spinning reserve as a multiple of the rating of the largest running unit: 1 is N−1 (assumption).
    pub largest_unit_factor: f64,
    /// Reserve that is held at least, MW (assumption: none).
    pub least_reserve_mw: f64,
    /// Uncertainty of the demand for which units are committed besides, as a share of it (assumption).
    pub demand_margin: f64,
    /// Uncertainty of wind and PV for which units are committed besides, as a share of their power (assumption).
    pub intermittent_margin: f64,
    /// Demand above the need at which a unit may be stopped, as a share of the unit's rating: keeps units from being
    /// started and stopped in turns (assumption).
    pub stop_margin: f64,
    /// Time between two decisions on who runs, s; a shortage is answered at once. Longer steps are cut to this (assumption).
    pub decision_s: f64,
    /// Units that start within this time, s, answer a shortage whatever their place in the priority list (assumption).
    pub quick_start_s: f64,
    /// Price where demand is not served, EUR/MWh (assumption).
    pub unserved_eur_per_mwh: f64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            intermittent_share: 0.45,
            largest_unit_factor: 1.0,
            least_reserve_mw: 0.0,
            demand_margin: 0.03,
            intermittent_margin: 0.2,
            stop_margin: 0.3,
            decision_s: 900.0,
            quick_start_s: 600.0,
            unserved_eur_per_mwh: 10_000.0,
        }
    }
}

impl Rules {
    /// Checks every rule.
    ///
    /// # Errors
    /// The first rule outside its range.
    pub fn check(&self) -> Result<(), IslandError> {
        for (key, value, low, high) in [
            ("intermittent_share", self.intermittent_share, 0.0, 1.0),
            ("largest_unit_factor", self.largest_unit_factor, 0.0, 10.0),
            ("least_reserve_mw", self.least_reserve_mw, 0.0, 1e6),
            ("demand_margin", self.demand_margin, 0.0, 1.0),
            ("intermittent_margin", self.intermittent_margin, 0.0, 1.0),
            ("stop_margin", self.stop_margin, 0.0, 5.0),
            ("decision_s", self.decision_s, 1.0, 3600.0),
            ("quick_start_s", self.quick_start_s, 0.0, 86_400.0),
            ("unserved_eur_per_mwh", self.unserved_eur_per_mwh, 0.0, 1e6),
        ] {
            if !(low..=high).contains(&value) {
                return Err(IslandError::setting("rules of dispatch", key, value, format!("give {low} to {high}")));
            }
        }
        Ok(())
    }
}
