//! Parameters of a household, appliance by appliance.

use crate::parameters::Limits::Within;
use crate::parameters::{ASSUMPTION, parameters};

parameters! {
    /// A household, appliance by appliance.
    pub struct HouseholdParameters in "household" {
        /// Mean consumption the appliances' use is scaled to.
        daily_kwh: f64 = 12.9, "kWh/day", Within(0.1, 1000.0), "IEDOM 2020/2022: mean of low-voltage customers, small businesses included";
        /// Number of phases of its connection.
        phases: u64 = 1, "1 or 3", Within(1.0, 3.0), ASSUMPTION;
        /// The phase a single-phase connection uses.
        phase: u64 = 1, "1, 2 or 3", Within(1.0, 3.0), ASSUMPTION;
    }
}
