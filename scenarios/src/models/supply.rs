//! Parameters of those who supply the island: what stands there already, and the engines that follow the rest.

use crate::parameters::Limits::Within;
use crate::parameters::{ASSUMPTION, Conflict, parameters};

parameters! {
    /// Who supplies the island's net load: must-run biomass, wind and PV that stand there already, diesel engines committed
    /// slot by slot, combustion turbines. None without this section. It is worked out after the fact and moves nobody.
    pub struct SupplyParameters in "supply" {
        /// Power of biomass, waste and biogas, which run all the time.
        biomass_mw: f64 = 31.3, "MW", Within(0.0, 1e6), "electricitymaps 2022: 18.5 % of a mean load of 169 MW";
        /// Rating of the wind farm.
        wind_mw: f64 = 12.0, "MW", Within(0.0, 1e6), "IEDOM 2020: Grand'Rivière";
        /// Wind at the farm's hubs relative to that of the weather.
        wind_speed_ratio: f64 = 1.95, "factor", Within(0.0, 10.0), "assumption, so that with the default wind the farm gives 2.7 % of a mean load of 169 MW (electricitymaps 2022)";
        /// Wind at the hubs below which the farm stands still; above it the power rises with the cube of the wind.
        wind_cut_in_m_per_s: f64 = 3.0, "m/s", Within(0.0, 50.0), ASSUMPTION;
        /// Wind at the hubs from which the farm gives its rating.
        wind_rated_m_per_s: f64 = 12.0, "m/s", Within(0.1, 100.0), ASSUMPTION;
        /// Wind at the hubs from which the farm stands still again.
        wind_cut_out_m_per_s: f64 = 25.0, "m/s", Within(0.1, 200.0), ASSUMPTION;
        /// Peak power of the PV that stands on the island besides the plants of the scenario: arrays as plants are by
        /// default, spread like the population over the skies of the scenario.
        pv_mw: f64 = 63.9, "MW", Within(0.0, 1e6), "IEDOM 2020";
        /// Number of engines, all alike.
        engines: u64 = 15, "count", Within(0.0, 10_000.0), "IEDOM 2020: 211 and 68.6 MW of diesel engines, in units of engine_mw";
        /// Rating of an engine.
        engine_mw: f64 = 18.3, "MW", Within(0.01, 1e4), "ewag 2014: the twelve engines of Bellefontaine";
        /// Engines that run whatever the load.
        min_engines: u64 = 2, "count", Within(0.0, 10_000.0), ASSUMPTION;
        /// Least load of an engine that runs, relative to its rating; wind and PV give way to it.
        engine_min_load: f64 = 0.4, "share", Within(0.0, 1.0), ASSUMPTION;
        /// Fuel of an engine at full load, per kWh of electricity. Between loads the fuel follows a straight line.
        engine_full_load_g_per_kwh: f64 = 205.0, "g/kWh", Within(1.0, 2000.0), "assumption: a medium-speed engine of 43 % on heavy fuel oil";
        /// Fuel of an engine at half load, per kWh of electricity.
        engine_half_load_g_per_kwh: f64 = 220.0, "g/kWh", Within(1.0, 4000.0), ASSUMPTION;
        /// CO2 of the engines' fuel when it is burnt.
        engine_co2_kg_per_kg: f64 = 3.127, "kg/kg", Within(0.0, 10.0), "IPCC 2006: residual fuel oil, 77.4 kg/GJ and 40.4 GJ/t";
        /// Number of combustion turbines, all alike.
        turbines: u64 = 6, "count", Within(0.0, 10_000.0), ASSUMPTION;
        /// Rating of a turbine.
        turbine_mw: f64 = 21.5, "MW", Within(0.01, 1e4), "IEDOM 2020: 129 MW in all; the number of turbines is assumed";
        /// Fuel of a turbine at full load, per kWh of electricity. Between loads the fuel follows a straight line.
        turbine_full_load_g_per_kwh: f64 = 280.0, "g/kWh", Within(1.0, 2000.0), "assumption: an open cycle of 30 % on diesel oil";
        /// Fuel of a turbine at half load, per kWh of electricity.
        turbine_half_load_g_per_kwh: f64 = 350.0, "g/kWh", Within(1.0, 4000.0), ASSUMPTION;
        /// CO2 of the turbines' fuel when it is burnt.
        turbine_co2_kg_per_kg: f64 = 3.186, "kg/kg", Within(0.0, 10.0), "IPCC 2006: gas and diesel oil, 74.1 kg/GJ and 43.0 GJ/t";
        /// Standard deviation of the error of the operator's forecast, relative to the power of all PV of the island.
        forecast_error_share: f64 = 0.1, "share", Within(0.0, 2.0), ASSUMPTION;
        /// Time after which errors have little to do with one another: their correlation falls to 1/e.
        forecast_correlation_h: f64 = 1.0, "h", Within(0.01, 24.0), ASSUMPTION;
        /// Reserve that is always kept on running engines.
        reserve_mw: f64 = 18.3, "MW", Within(0.0, 1e6), "assumption: the largest unit";
        /// Reserve kept besides, in standard deviations of the forecast's error.
        reserve_sigmas: f64 = 2.0, "factor", Within(0.0, 10.0), ASSUMPTION;
    }
}

impl SupplyParameters {
    /// Checks the rules between the parameters.
    ///
    /// # Errors
    /// [`Conflict`]: the key at fault, and the remedy.
    pub fn check(&self) -> Result<(), Conflict> {
        let rising = [
            ("wind_rated_m_per_s", self.wind_rated_m_per_s, "wind_cut_in_m_per_s", self.wind_cut_in_m_per_s),
            ("wind_cut_out_m_per_s", self.wind_cut_out_m_per_s, "wind_rated_m_per_s", self.wind_rated_m_per_s),
        ];
        for (key, value, below, least) in rising {
            if value <= least {
                return Err(Conflict::new(key, format!("is {value}: it must be more than {below}, which is {least}")));
            }
        }
        if self.min_engines > self.engines {
            let text = format!("is {}, but there are {} engines: lower it", self.min_engines, self.engines);
            return Err(Conflict::new("min_engines", text));
        }
        for (key, half, full) in [
            ("engine_half_load_g_per_kwh", self.engine_half_load_g_per_kwh, self.engine_full_load_g_per_kwh),
            ("turbine_half_load_g_per_kwh", self.turbine_half_load_g_per_kwh, self.turbine_full_load_g_per_kwh),
        ] {
            // Beyond these a straight line would have fuel come out of an idle machine, or less of it at more load.
            if !(full..=2.0 * full).contains(&half) {
                let text = format!("is {half}: it must lie between the value at full load, {full}, and twice that");
                return Err(Conflict::new(key, text));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), Conflict> {
        SupplyParameters::from_toml(text).expect("readable").check()
    }

    #[test]
    fn the_defaults_keep_their_own_rules() {
        assert_eq!(check(""), Ok(()));
    }

    #[test]
    fn what_can_not_go_together_is_told_with_the_key_at_fault() {
        for (text, key) in [
            ("wind_rated_m_per_s = 3.0", "wind_rated_m_per_s"),
            ("wind_cut_out_m_per_s = 11.0", "wind_cut_out_m_per_s"),
            ("engines = 1", "min_engines"),
            ("engine_half_load_g_per_kwh = 200", "engine_half_load_g_per_kwh"),
            ("turbine_half_load_g_per_kwh = 561", "turbine_half_load_g_per_kwh"),
        ] {
            assert_eq!(check(text).expect_err(text).key, key);
        }
    }

    #[test]
    fn the_default_ratings_are_those_of_the_island() {
        let supply = SupplyParameters::from_toml("").expect("readable");
        let engines_mw = supply.engines as f64 * supply.engine_mw;
        assert!(engines_mw <= 211.0 + 68.6 && engines_mw + supply.engine_mw > 211.0 + 68.6, "{engines_mw} MW");
        assert!((supply.turbines as f64 * supply.turbine_mw - 129.0).abs() < 1e-9);
    }
}
