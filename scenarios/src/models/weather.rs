//! Parameters of the air over the island and of how clear its clear sky is.

use crate::parameters::Limits::Within;
use crate::parameters::{ASSUMPTION, Conflict, parameters};

parameters! {
    /// The air and the clear sky over the island, where they are not measured.
    pub struct WeatherParameters in "weather" {
        /// Mean air temperature. There is no season in it: give a measured series where that counts.
        temperature_mean_c: f64 = 27.0, "°C", Within(-40.0, 50.0), ASSUMPTION;
        /// Half the difference between the warmest and the coldest hour of a mean day; the course is a sine.
        temperature_amplitude_k: f64 = 3.0, "K", Within(0.0, 30.0), ASSUMPTION;
        /// Local time of day of the warmest hour.
        temperature_peak_h: f64 = 15.0, "h", Within(0.0, 24.0), ASSUMPTION;
        /// Standard deviation of a midnight's temperature from the mean; straight lines between midnights.
        temperature_deviation_k: f64 = 0.8, "K", Within(0.0, 20.0), ASSUMPTION;
        /// Mean wind speed at the arrays.
        wind_mean_m_per_s: f64 = 4.0, "m/s", Within(0.0, 50.0), ASSUMPTION;
        /// Half the difference between the windiest and the calmest hour of a mean day; the course is a sine.
        wind_amplitude_m_per_s: f64 = 2.0, "m/s", Within(0.0, 50.0), ASSUMPTION;
        /// Local time of day of the windiest hour.
        wind_peak_h: f64 = 14.0, "h", Within(0.0, 24.0), ASSUMPTION;
        /// Standard deviation of a midnight's wind from the mean, relative; straight lines between midnights.
        wind_deviation: f64 = 0.25, "share", Within(0.0, 2.0), ASSUMPTION;
        /// Linke turbidity of the clear sky in each month, January first.
        linke: [f64; 12] = [3.11, 3.25, 3.70, 3.90, 3.95, 3.85, 3.90, 4.04, 3.51, 3.58, 3.43, 3.74], "air masses", Within(1.0, 15.0), "SoDa climatology (Remund et al. 2003) as shipped with pvlib, at 14.6 N 61.07 W";
    }
}

impl WeatherParameters {
    /// Checks the rules between the parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        if self.wind_amplitude_m_per_s > self.wind_mean_m_per_s {
            let text = format!(
                "is {}, more than wind_mean_m_per_s of {}: the wind would blow backwards",
                self.wind_amplitude_m_per_s, self.wind_mean_m_per_s
            );
            return Err(Conflict::new("wind_amplitude_m_per_s", text));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_keep_their_own_rules_and_a_backward_wind_does_not() {
        let check = |text: &str| WeatherParameters::from_toml(text).expect("readable").check();
        assert_eq!(check(""), Ok(()));
        let problem = check("wind_mean_m_per_s = 1.5").expect_err("backwards").to_string();
        assert!(problem.contains("wind_amplitude_m_per_s is 2"), "{problem}");
    }
}
