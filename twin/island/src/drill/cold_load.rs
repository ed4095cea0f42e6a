//! Cold-load pickup: after an outage customers take more than before, because what cycles runs all at once.
//!
//! The delayed exponential of Ucak and Pahwa, "An analytical approach for step-by-step restoration of distribution systems
//! following extended outages", IEEE Transactions on Power Delivery 9 (1994): the undiversified load holds for a time,
//! then falls to the diversified one exponentially. How much diversity is lost grows with the outage, here towards its
//! largest value exponentially.

use crate::IslandError;
use serde::{Deserialize, Serialize};

/// How cold load behaves.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColdLoad {
    /// Load right after a long outage over the usual one.
    pub factor: f64,
    /// Time constant by which an outage takes diversity away, minutes.
    pub lost_in_min: f64,
    /// How long the full load holds, minutes.
    pub holds_min: f64,
    /// Time constant by which it then falls, minutes.
    pub decays_in_min: f64,
}

impl ColdLoad {
    /// Load over the usual one, some minutes after the end of an outage that lasted so long.
    pub fn factor(&self, outage_min: f64, since_min: f64) -> f64 {
        let lost = 1.0 - libm::exp(-outage_min / self.lost_in_min);
        let left = libm::exp(-(since_min - self.holds_min).max(0.0) / self.decays_in_min);
        1.0 + (self.factor - 1.0) * lost * left
    }

    pub(super) fn check(&self) -> Result<(), IslandError> {
        for (key, value, low, high) in [
            ("factor", self.factor, 1.0, 5.0),
            ("lost_in_min", self.lost_in_min, 0.1, 1440.0),
            ("holds_min", self.holds_min, 0.0, 1440.0),
            ("decays_in_min", self.decays_in_min, 0.1, 1440.0),
        ] {
            if !(low..=high).contains(&value) {
                return Err(IslandError::setting("cold load", key, value, format!("give {low} to {high}")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_then_falls_and_short_outages_lose_little() {
        let cold = ColdLoad { factor: 2.0, lost_in_min: 30.0, holds_min: 15.0, decays_in_min: 20.0 };
        assert_eq!(cold.factor(0.0, 0.0), 1.0);
        assert!((cold.factor(1e6, 0.0) - 2.0).abs() < 1e-12 && cold.factor(1e6, 15.0) == cold.factor(1e6, 0.0));
        let after = cold.factor(1e6, 35.0);
        assert!((after - (1.0 + libm::exp(-1.0))).abs() < 1e-12, "{after}");
        assert!(cold.factor(10.0, 0.0) < 1.3);
    }
}
