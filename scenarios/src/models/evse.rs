//! Parameters of a charge point.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, parameters};

parameters! {
    /// A charge point with one AC outlet.
    pub struct EvseParameters in "evse" {
        /// Rated power, both ways, on all of its phases together.
        power_kw: f64, "kW", Within(1e-3, 1e4), "22 or 11 kW in the documents of the Cariflex platform";
        /// Name on the wire, for instance `CP001`.
        alias: Option<String> = None, "name", Any, "documents of the Cariflex platform";
        /// Number of phases of its outlet.
        phases: u64 = 3, "1, 2 or 3", Within(1.0, 3.0), "documents of the Cariflex platform: three-phase 22 kW";
        /// The phase of the network to which the first phase of its outlet is wired.
        first_phase: u64 = 1, "1, 2 or 3", Within(1.0, 3.0), ASSUMPTION;
        /// Voltage between a phase and neutral.
        voltage_v: f64 = 230.0, "V", Within(100.0, 300.0), "EN 50160";
        /// Current the cable can carry, told by the resistor in its plug.
        cable_a: f64 = 32.0, "A", Within(6.0, 63.0), "IEC 61851-1: 13, 20, 32 or 63 A";
        /// Least current that can be offered on each phase in use, and that is asked for when energy is given back: less
        /// is none.
        min_current_a: f64 = 6.0, "A", Within(0.0, 63.0), "IEC 61851-1";
        /// Whether the charge-point operator authorises and bills its sessions; otherwise it charges whoever plugs in.
        operated: bool = true, "true or false", Any, "documents of the Cariflex platform";
        /// Whether a vehicle that is plugged in waits until somebody presents a token.
        requires_token: bool = false, "true or false", Any, ASSUMPTION;
        /// Whether it can pass energy from a vehicle to the network.
        bidirectional: bool = true, "true or false", Any, "documents of the Cariflex platform: V2G";
    }
}

impl EvseParameters {
    /// Checks what holds between parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        let rated_a = self.power_kw * 1000.0 / (self.voltage_v * self.phases as f64);
        if self.min_current_a > self.cable_a.min(rated_a) {
            let text = format!(
                "is {}, more than its cable ({} A) and rating ({rated_a:.1} A on each phase) allow: nobody could charge",
                self.min_current_a, self.cable_a
            );
            return Err(Conflict::new("min_current_a", text));
        }
        Ok(())
    }
}
