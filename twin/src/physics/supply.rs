//! Who supplies the island: must-run biomass, a wind farm, PV that stands there already, diesel engines committed for a
//! market slot, and combustion turbines behind them.
//!
//! Small on purpose: no ramps, no starts, no network, no frequency. A dispatcher that takes part in the rounds and a
//! network under it can take the place of [`PowerPlants::commit`] and [`PowerPlants::dispatch`], which are pure.

use scenarios::SupplyParameters;
use serde::{Deserialize, Serialize};

const KW_PER_MW: f64 = 1000.0;

/// A wind farm as one machine: nothing below the cut-in wind, the cube of the wind up to its rating, nothing from the
/// cut-out wind on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WindFarm {
    rating_kw: f64,
    /// Wind at the hubs relative to that of the weather.
    ratio: f64,
    cut_in_m_per_s: f64,
    rated_m_per_s: f64,
    cut_out_m_per_s: f64,
}

impl WindFarm {
    /// The farm of these parameters.
    pub fn new(of: &SupplyParameters) -> Self {
        Self {
            rating_kw: of.wind_mw * KW_PER_MW,
            ratio: of.wind_speed_ratio,
            cut_in_m_per_s: of.wind_cut_in_m_per_s,
            rated_m_per_s: of.wind_rated_m_per_s,
            cut_out_m_per_s: of.wind_cut_out_m_per_s,
        }
    }

    /// What it can give, kW, zero or more, at this wind of the weather.
    pub fn power_kw(&self, wind_m_per_s: f64) -> f64 {
        let at_hubs = wind_m_per_s * self.ratio;
        if at_hubs <= self.cut_in_m_per_s || at_hubs >= self.cut_out_m_per_s {
            return 0.0;
        }
        let cube = |speed: f64| speed * speed * speed;
        let least = cube(self.cut_in_m_per_s);
        self.rating_kw * ((cube(at_hubs) - least) / (cube(self.rated_m_per_s) - least)).min(1.0)
    }
}

/// Units that are all alike, and what they burn: a straight line from no load to full load (Willans line), so that the
/// fuel of an interval follows from the mean of the units running and the energy given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    count: f64,
    /// Rating of one, kW.
    pub unit_kw: f64,
    no_load_kg_per_h: f64,
    kg_per_kwh: f64,
    co2_kg_per_kg: f64,
}

impl Units {
    /// Units by their specific consumption at full and at half load, g/kWh, the latter within once and twice the former.
    fn new(count: u64, unit_mw: f64, full_g_per_kwh: f64, half_g_per_kwh: f64, co2_kg_per_kg: f64) -> Self {
        let unit_kw = unit_mw * KW_PER_MW;
        // f(P) = full · P at P = rating, and half · P at half of it, in a straight line.
        let no_load_kg_per_h = (half_g_per_kwh - full_g_per_kwh) / 1000.0 * unit_kw;
        let kg_per_kwh = (2.0 * full_g_per_kwh - half_g_per_kwh) / 1000.0;
        Self { count: count as f64, unit_kw, no_load_kg_per_h, kg_per_kwh, co2_kg_per_kg }
    }

    /// Fuel burnt, kg, by units that ran for `unit_h` in all and gave `energy_kwh` together.
    pub fn fuel_kg(&self, unit_h: f64, energy_kwh: f64) -> f64 {
        self.no_load_kg_per_h * unit_h + self.kg_per_kwh * energy_kwh
    }

    /// CO2 of fuel that is burnt, kg.
    pub fn co2_kg(&self, fuel_kg: f64) -> f64 {
        self.co2_kg_per_kg * fuel_kg
    }
}

/// What a minute asks for and what is there without being asked, kW. All but the net load are zero or more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Minute {
    /// What the island's sites take less what they give.
    pub net_kw: f64,
    /// Biomass.
    pub biomass_kw: f64,
    /// Wind.
    pub wind_kw: f64,
    /// PV that is none of the sites'.
    pub pv_kw: f64,
}

impl Minute {
    /// What is left for engines and turbines, kW; negative when there is too much.
    pub fn residual_kw(&self) -> f64 {
        self.net_kw - self.biomass_kw - self.wind_kw - self.pv_kw
    }

    /// Adds a part of a mean: another minute, which is this share of the whole.
    pub fn add(&mut self, minute: &Self, share: f64) {
        self.net_kw += minute.net_kw * share;
        self.biomass_kw += minute.biomass_kw * share;
        self.wind_kw += minute.wind_kw * share;
        self.pv_kw += minute.pv_kw * share;
    }

    /// Moves a mean towards what joins it and is this share of both together.
    pub fn approach(&mut self, joining: &Self, share: f64) {
        let before = std::mem::take(self);
        self.add(&before, 1.0 - share);
        self.add(joining, share);
    }
}

/// Who gives how much in a minute, kW, all zero or more.
///
/// `net = biomass + wind + pv + engines + turbines + unserved − surplus`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the fields are the sources")]
pub struct Dispatch {
    pub biomass_kw: f64,
    pub wind_kw: f64,
    pub pv_kw: f64,
    pub engines_kw: f64,
    pub turbines_kw: f64,
    pub turbines_online: f64,
    pub unserved_kw: f64,
    pub surplus_kw: f64,
}

impl Dispatch {
    /// Adds a part of a mean: another minute, which is this share of the whole.
    pub fn add(&mut self, minute: &Self, share: f64) {
        self.biomass_kw += minute.biomass_kw * share;
        self.wind_kw += minute.wind_kw * share;
        self.pv_kw += minute.pv_kw * share;
        self.engines_kw += minute.engines_kw * share;
        self.turbines_kw += minute.turbines_kw * share;
        self.turbines_online += minute.turbines_online * share;
        self.unserved_kw += minute.unserved_kw * share;
        self.surplus_kw += minute.surplus_kw * share;
    }
}

/// Engines and turbines, and the rules by which the operator runs them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerPlants {
    /// The diesel engines.
    pub engines: Units,
    /// The combustion turbines.
    pub turbines: Units,
    min_engines: f64,
    engine_min_load: f64,
    reserve_kw: f64,
    reserve_sigmas: f64,
}

impl PowerPlants {
    /// The plants of these parameters.
    pub fn new(of: &SupplyParameters) -> Self {
        Self {
            engines: Units::new(
                of.engines,
                of.engine_mw,
                of.engine_full_load_g_per_kwh,
                of.engine_half_load_g_per_kwh,
                of.engine_co2_kg_per_kg,
            ),
            turbines: Units::new(
                of.turbines,
                of.turbine_mw,
                of.turbine_full_load_g_per_kwh,
                of.turbine_half_load_g_per_kwh,
                of.turbine_co2_kg_per_kg,
            ),
            min_engines: of.min_engines as f64,
            engine_min_load: of.engine_min_load,
            reserve_kw: of.reserve_mw * KW_PER_MW,
            reserve_sigmas: of.reserve_sigmas,
        }
    }

    /// How many engines run during a slot for which this residual is forecast, with an error of this standard deviation:
    /// the fewest that cover it with the reserve, as far as there are as many.
    pub fn commit(&self, forecast_kw: f64, deviation_kw: f64) -> f64 {
        let wanted_kw = forecast_kw + self.reserve_kw + self.reserve_sigmas * deviation_kw;
        // A billionth of an engine is the noise of sums.
        let wanted = (wanted_kw / self.engines.unit_kw - 1e-9).ceil();
        wanted.max(self.min_engines).min(self.engines.count)
    }

    /// Who gives what in a minute while `engines_online` engines run.
    ///
    /// Beyond the engines come turbines, as few as do it, and beyond these nobody. Below the engines' least load wind and
    /// PV give way alike; then biomass, then the engines themselves, and what is left over is surplus.
    pub fn dispatch(&self, engines_online: f64, minute: &Minute) -> Dispatch {
        let residual_kw = minute.residual_kw();
        let online_kw = engines_online * self.engines.unit_kw;
        let Minute { biomass_kw, wind_kw, pv_kw, .. } = *minute;
        if residual_kw > online_kw {
            let missing_kw = residual_kw - online_kw;
            let turbines_kw = missing_kw.min(self.turbines.count * self.turbines.unit_kw);
            return Dispatch {
                biomass_kw,
                wind_kw,
                pv_kw,
                engines_kw: online_kw,
                turbines_kw,
                turbines_online: (turbines_kw / self.turbines.unit_kw).ceil().min(self.turbines.count),
                unserved_kw: missing_kw - turbines_kw,
                surplus_kw: 0.0,
            };
        }
        let engines_kw = residual_kw.max(online_kw * self.engine_min_load);
        let mut excess_kw = engines_kw - residual_kw;
        let mut give_way = |power_kw: f64| {
            let less_kw = excess_kw.min(power_kw);
            excess_kw -= less_kw;
            power_kw - less_kw
        };
        let fluctuating_kw = wind_kw + pv_kw;
        let kept_kw = give_way(fluctuating_kw);
        let kept = if fluctuating_kw > 0.0 { kept_kw / fluctuating_kw } else { 1.0 };
        Dispatch {
            biomass_kw: give_way(biomass_kw),
            wind_kw: wind_kw * kept,
            pv_kw: pv_kw * kept,
            engines_kw: give_way(engines_kw),
            surplus_kw: excess_kw,
            ..Dispatch::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten engines of 10 MW with a least load of 4 MW, two turbines of 20 MW.
    const SMALL: &str = "engines = 10\nengine_mw = 10\nengine_min_load = 0.4\nturbines = 2\nturbine_mw = 20\n\
                         reserve_mw = 10\nreserve_sigmas = 2\nwind_speed_ratio = 2";

    fn parameters() -> SupplyParameters {
        SupplyParameters::from_toml(SMALL).expect("readable")
    }

    fn plants() -> PowerPlants {
        PowerPlants::new(&parameters())
    }

    fn minute(net_mw: f64) -> Minute {
        Minute { net_kw: net_mw * 1e3, biomass_kw: 20e3, wind_kw: 5e3, pv_kw: 15e3 }
    }

    /// The dispatch of three engines, in MW: biomass, wind, pv, engines, turbines, unserved, surplus.
    fn dispatch_mw(net_mw: f64) -> [f64; 7] {
        let given = plants().dispatch(3.0, &minute(net_mw));
        let sum_kw = given.biomass_kw + given.wind_kw + given.pv_kw + given.engines_kw + given.turbines_kw;
        assert!((sum_kw + given.unserved_kw - given.surplus_kw - net_mw * 1e3).abs() < 1e-9, "{given:?}");
        [
            given.biomass_kw,
            given.wind_kw,
            given.pv_kw,
            given.engines_kw,
            given.turbines_kw,
            given.unserved_kw,
            given.surplus_kw,
        ]
        .map(|kw| (kw * 1e-3 * 1e6).round() / 1e6)
    }

    #[test]
    fn the_wind_farm_follows_the_cube_of_the_wind_at_its_hubs() {
        let farm = WindFarm::new(&parameters());
        // At the hubs twice as much: cut-in at 3, rating at 12, cut-out at 25 m/s.
        assert_eq!([0.0, 1.5, 6.0, 12.4, 12.5].map(|wind| farm.power_kw(wind)), [0.0, 0.0, 12e3, 12e3, 0.0]);
        let expected_kw = 12e3 * (512.0 - 27.0) / (1728.0 - 27.0);
        assert!((farm.power_kw(4.0) - expected_kw).abs() < 1e-9);
    }

    #[test]
    fn engines_are_as_few_as_cover_forecast_and_reserve() {
        let plants = plants();
        let cases = [
            (0.0, 0.0, 2.0),    // never fewer than the least
            (25.0, 0.0, 4.0),   // 25 + 10
            (30.0, 0.0, 4.0),   // 30 + 10 fit exactly
            (30.001, 0.0, 5.0), // and not a kilowatt more
            (30.0, 2.5, 5.0),   // 30 + 10 + 2 · 2.5
            (500.0, 0.0, 10.0), // never more than there are
        ];
        for (forecast_mw, deviation_mw, engines) in cases {
            assert_eq!(plants.commit(forecast_mw * 1e3, deviation_mw * 1e3), engines, "{forecast_mw} MW");
        }
    }

    #[test]
    fn engines_follow_and_turbines_take_what_is_beyond_them() {
        assert_eq!(dispatch_mw(65.0), [20.0, 5.0, 15.0, 25.0, 0.0, 0.0, 0.0]);
        assert_eq!(dispatch_mw(70.0), [20.0, 5.0, 15.0, 30.0, 0.0, 0.0, 0.0]);
        assert_eq!(dispatch_mw(95.0), [20.0, 5.0, 15.0, 30.0, 25.0, 0.0, 0.0]);
        assert_eq!(dispatch_mw(125.0), [20.0, 5.0, 15.0, 30.0, 40.0, 15.0, 0.0]);
    }

    #[test]
    fn below_their_least_load_wind_and_pv_give_way_then_biomass_then_engines() {
        // Least load of three engines: 12 MW.
        assert_eq!(dispatch_mw(52.0), [20.0, 5.0, 15.0, 12.0, 0.0, 0.0, 0.0]);
        assert_eq!(dispatch_mw(42.0), [20.0, 2.5, 7.5, 12.0, 0.0, 0.0, 0.0]);
        assert_eq!(dispatch_mw(25.0), [13.0, 0.0, 0.0, 12.0, 0.0, 0.0, 0.0]);
        assert_eq!(dispatch_mw(5.0), [0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0]);
        assert_eq!(dispatch_mw(-7.0), [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]);
    }

    #[test]
    fn turbines_run_as_few_as_do_it() {
        let online = |net_mw: f64| plants().dispatch(3.0, &minute(net_mw)).turbines_online;
        assert_eq!([70.0, 70.1, 90.0, 90.1, 300.0].map(online), [0.0, 1.0, 1.0, 2.0, 2.0]);
    }

    #[test]
    fn fuel_at_full_and_half_load_is_what_the_parameters_say() {
        let plants = PowerPlants::new(&SupplyParameters::from_toml("").expect("readable"));
        let g_per_kwh = |units: &Units, load: f64| {
            let power_kw = units.unit_kw * load;
            units.fuel_kg(1.0, power_kw) / power_kw * 1000.0
        };
        for (units, full, half) in [(plants.engines, 205.0, 220.0), (plants.turbines, 280.0, 350.0)] {
            assert!((g_per_kwh(&units, 1.0) - full).abs() < 1e-9 && (g_per_kwh(&units, 0.5) - half).abs() < 1e-9);
        }
        // Two engines share a load at the cost of one more idling.
        let [one, two] = [1.0, 2.0].map(|units| plants.engines.fuel_kg(units, 18_300.0));
        assert!((two - one - 0.015 * 18_300.0).abs() < 1e-9);
        assert!((plants.engines.co2_kg(1000.0) - 3127.0).abs() < 1e-9);
    }
}
