//! Parameters of a PV plant.

use crate::parameters::Limits::{Any, Within};
use crate::parameters::{ASSUMPTION, Conflict, choice, parameters};
use serde::{Deserialize, Serialize};

/// How the light of the sky is brought onto the plane of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transposition {
    /// Brighter around the sun (Hay and Davies 1980).
    HayDavies,
    /// Equally bright everywhere.
    Isotropic,
}

choice!(Transposition { "hay-davies" => Transposition::HayDavies, "isotropic" => Transposition::Isotropic });

parameters! {
    /// A PV plant: a fixed array and its inverter.
    pub struct PvParameters in "pv" {
        /// DC power under standard test conditions.
        peak_kw: f64, "kW", Within(1e-3, 1e6), "5 kWc in the documents of the Cariflex platform";
        /// Inclination from the horizontal.
        tilt_deg: f64 = 15.0, "degrees", Within(0.0, 90.0), ASSUMPTION;
        /// Direction it faces, from north, clockwise (south is 180).
        azimuth_deg: f64 = 180.0, "degrees", Within(0.0, 360.0), ASSUMPTION;
        /// Reflectance of the ground.
        albedo: f64 = 0.2, "share", Within(0.0, 1.0), "pvlib's default for urban ground";
        /// Model of the diffuse light of the sky.
        transposition: Transposition = Transposition::HayDavies, "model", Any, "Hay and Davies 1980";
        /// Change of DC power per kelvin of cell temperature above 25 °C, relative.
        temperature_coefficient_per_k: f64 = -0.0035, "1/K", Within(-0.02, 0.0), "PVWatts 5, module type premium";
        /// Share of DC power lost to soiling, shading, mismatch, wiring and the like.
        system_losses: f64 = 0.140_756_6, "share", Within(0.0, 0.9), "PVWatts 5: eight losses compounded (NREL/TP-6A20-62641)";
        /// DC power the inverter takes at most, per peak power; its rating is this times its efficiency: the most active
        /// power in kW and, in kVA, the most apparent power it gives.
        inverter_dc_per_peak: f64 = 1.0 / 0.96, "kW/kW", Within(0.1, 5.0), "an AC rating equal to the peak power";
        /// Nominal efficiency of the inverter.
        inverter_efficiency: f64 = 0.96, "share", Within(0.5, 1.0), "PVWatts 5";
        /// Air temperature above which the inverter lowers its limit.
        derate_above_c: f64 = 45.0, "°C", Within(0.0, 100.0), "common in data sheets of string inverters";
        /// Share of its rating by which the limit falls per kelvin above that, down to nothing.
        derate_per_k: f64 = 0.02, "1/K", Within(0.0, 1.0), ASSUMPTION;
        /// Reactive power against voltage: four voltages in p.u., rising, then at each the reactive power as a share of
        /// the rating, never rising (positive: given to the network); straight lines between, constant beyond; none: no
        /// reactive power. It goes before active power, and fades out below a fifth of the rating (IEEE 1547-2018, 5.2).
        volt_var: Option<[f64; 8]> = None, "p.u., share", Within(-1.0, 2.0), "IEEE 1547-2018 category B would be [0.92, 0.98, 1.02, 1.08, 0.44, 0.0, 0.0, -0.44]";
        /// Frequency above which active power falls from what it was when the frequency went above.
        frequency_watt_above_hz: f64 = 50.2, "Hz", Within(45.0, 65.0), "EN 50549-1:2019, default threshold";
        /// Rise of the frequency, relative to 50 Hz, that takes all power away.
        frequency_watt_droop: f64 = 0.05, "share", Within(0.001, 1.0), "EN 50549-1:2019, default droop of 5 %";
        /// Number of phases it feeds.
        phases: u64 = 3, "1 or 3", Within(1.0, 3.0), ASSUMPTION;
        /// The phase a single-phase plant feeds.
        phase: u64 = 1, "1, 2 or 3", Within(1.0, 3.0), ASSUMPTION;
    }
}

impl PvParameters {
    /// AC rating of the inverter, kW.
    pub fn rating_kw(&self) -> f64 {
        self.peak_kw * self.inverter_dc_per_peak * self.inverter_efficiency
    }

    /// Checks the rules between the parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        if self.phases == 2 {
            return Err(Conflict::new("phases", "is 2: write 1 or 3"));
        }
        let Some([v1, v2, v3, v4, q1, q2, q3, q4]) = self.volt_var else { return Ok(()) };
        if !(0.0 <= v1 && v1 < v2 && v2 < v3 && v3 < v4) {
            let text = format!("begins with the voltages {v1}, {v2}, {v3}, {v4}: write four that rise");
            return Err(Conflict::new("volt_var", text));
        }
        if q1 > 1.0 || !(q1 >= q2 && q2 >= q3 && q3 >= q4) {
            let rule = "write four shares between 1 and -1, none larger than the one before";
            let text = format!("ends with the reactive powers {q1}, {q2}, {q3}, {q4}: {rule}");
            return Err(Conflict::new("volt_var", text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Conflict> {
        PvParameters::from_toml(&format!("peak_kw = 5.0\n{text}")).expect("readable").check()
    }

    #[test]
    fn the_defaults_and_the_curve_of_ieee_1547_keep_the_rules() {
        assert_eq!(check(""), Ok(()));
        assert_eq!(check("volt_var = [0.92, 0.98, 1.02, 1.08, 0.44, 0.0, 0.0, -0.44]"), Ok(()));
    }

    #[test]
    fn curves_of_the_wrong_shape_and_two_phases_are_refused() {
        for (text, expected) in [
            ("volt_var = [0.92, 1.02, 0.98, 1.08, 0.44, 0.0, 0.0, -0.44]", "write four that rise"),
            ("volt_var = [0.92, 0.98, 0.98, 1.08, 0.44, 0.0, 0.0, -0.44]", "write four that rise"),
            ("volt_var = [-0.1, 0.98, 1.02, 1.08, 0.44, 0.0, 0.0, -0.44]", "write four that rise"),
            ("volt_var = [0.92, 0.98, 1.02, 1.08, -0.44, 0.0, 0.0, 0.44]", "none larger"),
            ("volt_var = [0.92, 0.98, 1.02, 1.08, 1.44, 0.0, 0.0, -0.44]", "between 1 and -1"),
            ("phases = 2", "write 1 or 3"),
        ] {
            let problem = check(text).expect_err(expected).to_string();
            assert!(problem.contains(expected), "{problem}");
        }
    }
}
