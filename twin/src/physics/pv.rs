//! A photovoltaic array from light to AC power: incidence losses, cell temperature, DC, inverter. One call per array
//! and minute, so everything is arithmetic on numbers worked out when the array is built.

use super::plane::{DEFAULT_ALBEDO, IamTable, Plane, PlaneIrradiance, Transposition};
use super::sky::Irradiance;
use super::sun::SunVector;
use serde::{Deserialize, Serialize};

/// Faiman's constant heat loss factor, W/(m² K).
const FAIMAN_U0_W_PER_M2_K: f64 = 25.0;
/// Faiman's heat loss factor per wind speed, W/(m² K) per m/s.
const FAIMAN_U1_W_S_PER_M3_K: f64 = 6.84;
/// Irradiance and cell temperature at standard test conditions.
const REFERENCE_IRRADIANCE_W_PER_M2: f64 = 1000.0;
const REFERENCE_CELL_C: f64 = 25.0;
/// Inverter efficiency to which the PVWatts curve is scaled.
const INVERTER_REFERENCE_EFFICIENCY: f64 = 0.9637;

/// What describes an array. The defaults are the reference array of 5 kWc.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PvParams {
    /// DC peak power at standard test conditions, kW.
    pub peak_kw: f64,
    /// Tilt from the horizontal, degrees.
    pub tilt_deg: f64,
    /// Azimuth the array faces, degrees from north, clockwise (south = 180).
    pub azimuth_deg: f64,
    /// Reflectance of the ground.
    pub albedo: f64,
    /// Model of the diffuse sky.
    pub transposition: Transposition,
    /// Change of DC power per kelvin of cell temperature above 25 °C.
    pub temperature_coefficient_per_k: f64,
    /// Share of DC power lost to soiling, shading, mismatch, wiring and the like.
    pub system_losses: f64,
    /// DC power the inverter takes at most per kW of peak power; its AC limit is this times its efficiency.
    pub inverter_dc_kw_per_peak_kw: f64,
    /// Nominal inverter efficiency.
    pub inverter_efficiency: f64,
}

impl Default for PvParams {
    fn default() -> Self {
        Self {
            peak_kw: 5.0,
            tilt_deg: 15.0,
            azimuth_deg: 180.0,
            albedo: DEFAULT_ALBEDO,
            transposition: Transposition::HayDavies,
            temperature_coefficient_per_k: -0.0035,
            // PVWatts' default of eight losses compounded (Dobos 2014, NREL/TP-6A20-62641, table 6).
            system_losses: 0.140_756_6,
            inverter_dc_kw_per_peak_kw: 1.0 / 0.96,
            inverter_efficiency: 0.96,
        }
    }
}

/// What an array does at one instant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PvOutput {
    /// Irradiance on the plane, before reflection at the glass.
    pub plane: PlaneIrradiance,
    /// Irradiance that reaches the cells, W/m².
    pub effective_w_per_m2: f64,
    /// Cell temperature, °C.
    pub cell_c: f64,
    /// DC power after system losses, kW.
    pub dc_kw: f64,
    /// AC power produced, kW, never negative.
    pub ac_kw: f64,
}

/// An array ready to be asked for its power.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(from = "PvParams", into = "PvParams")]
pub struct PvArray {
    params: PvParams,
    plane: Plane,
    iam: &'static IamTable,
    dc_kw_per_w_per_m2: f64,
    inverter: Inverter,
}

impl From<PvParams> for PvArray {
    fn from(params: PvParams) -> Self {
        Self::new(params)
    }
}

impl From<PvArray> for PvParams {
    fn from(array: PvArray) -> Self {
        array.params
    }
}

impl PvArray {
    /// Works out the geometry and the constants of an array.
    pub fn new(params: PvParams) -> Self {
        let inverter_dc_kw = params.peak_kw * params.inverter_dc_kw_per_peak_kw;
        Self {
            params,
            plane: Plane::new(params.tilt_deg, params.azimuth_deg, params.albedo),
            iam: IamTable::physical(),
            dc_kw_per_w_per_m2: params.peak_kw * (1.0 - params.system_losses) / REFERENCE_IRRADIANCE_W_PER_M2,
            inverter: Inverter::new(inverter_dc_kw, params.inverter_efficiency),
        }
    }

    /// What the array was built from.
    pub fn params(&self) -> &PvParams {
        &self.params
    }

    /// AC power produced, kW: a magnitude of zero or more, whose sign in the books is the caller's.
    ///
    /// `sky` is the irradiance under the clouds, `sun` the apparent sun, air temperature in °C, wind in m/s.
    pub fn ac_power_kw(&self, sky: &Irradiance, sun: &SunVector, air_c: f64, wind_m_per_s: f64) -> f64 {
        self.output(sky, sun, air_c, wind_m_per_s).ac_kw
    }

    /// As [`Self::ac_power_kw`], with the steps in between.
    pub fn output(&self, sky: &Irradiance, sun: &SunVector, air_c: f64, wind_m_per_s: f64) -> PvOutput {
        let plane = self.plane.irradiance(self.params.transposition, sun, sky);
        let effective_w_per_m2 = plane.direct * self.iam.at(plane.cos_incidence) + plane.diffuse;
        let cell_c = cell_temperature_c(plane.global(), air_c, wind_m_per_s);
        let warming = 1.0 + self.params.temperature_coefficient_per_k * (cell_c - REFERENCE_CELL_C);
        // PVWatts DC, Dobos (2014), NREL/TP-6A20-62641, equation 2.
        let dc_kw = self.dc_kw_per_w_per_m2 * effective_w_per_m2 * warming.max(0.0);
        PvOutput { plane, effective_w_per_m2, cell_c, dc_kw, ac_kw: self.inverter.ac_kw(dc_kw) }
    }
}

/// Cell temperature, °C: `air + poa / (25 + 6.84 wind)`, poa in W/m² and wind in m/s.
///
/// Source: Faiman (2008), Progress in Photovoltaics 16, 307-315, with his mean coefficients.
pub fn cell_temperature_c(plane_w_per_m2: f64, air_c: f64, wind_m_per_s: f64) -> f64 {
    air_c + plane_w_per_m2 / (FAIMAN_U0_W_PER_M2_K + FAIMAN_U1_W_S_PER_M3_K * wind_m_per_s.max(0.0))
}

/// The PVWatts inverter. With ζ = dc / dc_max the efficiency is
/// `nominal / 0.9637 · (−0.0162 ζ − 0.0059 / ζ + 0.9858)`; multiplied by dc it becomes a parabola without a division.
///
/// Source: Dobos (2014), NREL/TP-6A20-62641, equations 8-11.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Inverter {
    square_per_kw: f64,
    slope: f64,
    idle_kw: f64,
    ac_limit_kw: f64,
}

impl Inverter {
    fn new(dc_limit_kw: f64, efficiency: f64) -> Self {
        let scale = efficiency / INVERTER_REFERENCE_EFFICIENCY;
        Self {
            square_per_kw: if dc_limit_kw > 0.0 { -0.0162 * scale / dc_limit_kw } else { 0.0 },
            slope: 0.9858 * scale,
            idle_kw: -0.0059 * scale * dc_limit_kw,
            ac_limit_kw: efficiency * dc_limit_kw,
        }
    }

    fn ac_kw(&self, dc_kw: f64) -> f64 {
        ((self.square_per_kw * dc_kw + self.slope) * dc_kw + self.idle_kw).min(self.ac_limit_kw).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::clouds::beam_and_diffuse;
    use super::super::sky::{ClearSky, SkyNode};
    use super::super::sun::golden::{CLEAR_DAYS, Row, assert_close, clear_day, site};
    use super::super::sun::{DELTA_T_S, sun_position, sun_position_fast};
    use super::*;

    fn golden_node(row: &Row) -> SkyNode {
        ClearSky::new(&site(), row["linke"], row["dni_extra"]).node(&sun_position(row["unix"], &site(), DELTA_T_S))
    }

    fn golden_output(row: &Row) -> PvOutput {
        let node = golden_node(row);
        PvArray::new(PvParams::default()).output(&node.clear, &node.sun, row["t_air"], row["wind"])
    }

    #[test]
    fn clear_sky_days_agree_with_the_reference_from_sun_to_socket() {
        for name in CLEAR_DAYS {
            for row in &clear_day(name) {
                let output = golden_output(row);
                let low = (85.0..92.0).contains(&row["zenith"]);
                assert_close(row, "poa_effective", output.effective_w_per_m2, 1e-3, if low { 1.0 } else { 0.1 });
                assert_close(row, "t_cell", output.cell_c, 0.0, 0.02);
                let low_sun_w = if low { 5.0 } else { 1.0 };
                assert_close(row, "p_dc", output.dc_kw * 1000.0, 2e-3, low_sun_w);
                assert_close(row, "p_ac", output.ac_kw * 1000.0, 2e-3, low_sun_w);
            }
        }
    }

    #[test]
    fn daily_ac_energy_agrees_with_the_reference() {
        for (name, about_kwh) in CLEAR_DAYS.into_iter().zip([28.2, 25.4]) {
            let rows = clear_day(name);
            let ours: f64 = rows.iter().map(|row| golden_output(row).ac_kw * 0.25).sum();
            let golden: f64 = rows.iter().map(|row| row["p_ac"] / 1000.0 * 0.25).sum();
            assert!((ours / golden - 1.0).abs() < 1e-3, "{name}: {ours} instead of {golden}");
            assert!((ours - about_kwh).abs() < 0.1, "{name}: {ours}");
        }
    }

    #[test]
    fn the_path_of_the_kernel_keeps_daily_energy_within_a_tenth_of_a_percent() {
        let array = PvArray::new(PvParams::default());
        for name in CLEAR_DAYS {
            let (mut ours, mut golden) = (0.0, 0.0);
            for row in &clear_day(name) {
                let sky = ClearSky::new(&site(), row["linke"], row["dni_extra"]);
                let node = |unix_s: f64| sky.node(&sun_position_fast(unix_s, &site(), DELTA_T_S));
                // Nodes two minutes before and three after the quarter, as an interpolated minute sees them.
                let minute = node(row["unix"] - 120.0).between(&node(row["unix"] + 180.0), 0.4);
                let under_clouds = beam_and_diffuse(&minute, 1.0);
                ours += array.ac_power_kw(&under_clouds, &minute.sun, row["t_air"], row["wind"]) * 1000.0;
                golden += row["p_ac"];
            }
            assert!((ours / golden - 1.0).abs() < 1e-3, "{name}: {ours} instead of {golden}");
        }
    }

    #[test]
    fn the_inverter_clips_at_its_limit_and_never_draws() {
        let inverter = Inverter::new(5.0 / 0.96, 0.96);
        assert_eq!(inverter.ac_kw(7.0), 5.0);
        assert_eq!(inverter.ac_kw(0.0), 0.0);
        assert_eq!(inverter.ac_kw(0.01), 0.0);
        let half = 2.5 / 0.96;
        assert!((inverter.ac_kw(half) / half - 0.96 / 0.9637 * (0.9858 - 0.0081 - 0.0118)).abs() < 1e-12);
    }

    #[test]
    fn a_small_inverter_clips_the_noon_that_a_large_one_passes() {
        let rows = clear_day(CLEAR_DAYS[0]);
        let node = golden_node(&rows[49]);
        let noon_kw = |inverter_dc_kw_per_peak_kw: f64| {
            let params = PvParams { inverter_dc_kw_per_peak_kw, ..PvParams::default() };
            PvArray::new(params).ac_power_kw(&node.clear, &node.sun, 27.0, 4.0)
        };
        assert!((noon_kw(0.5) - 5.0 * 0.5 * 0.96).abs() < 1e-12);
        assert!(noon_kw(1.0 / 0.96) > 3.5);
    }

    #[test]
    fn power_scales_with_size_and_falls_with_heat() {
        let node = golden_node(&clear_day(CLEAR_DAYS[0])[49]);
        let power = |peak_kw: f64, air_c: f64| {
            PvArray::new(PvParams { peak_kw, ..PvParams::default() }).ac_power_kw(&node.clear, &node.sun, air_c, 4.0)
        };
        assert!((power(50.0, 27.0) - 10.0 * power(5.0, 27.0)).abs() < 1e-9);
        assert!(power(5.0, 35.0) < power(5.0, 27.0));
        assert_eq!(power(0.0, 27.0), 0.0);
    }

    #[test]
    fn night_and_any_sun_position_give_a_finite_power_of_zero_or_more() {
        let array = PvArray::new(PvParams::default());
        for zenith_deg in 0..=180 {
            let sun = SunVector::from_angles(f64::from(zenith_deg), 100.0);
            for sky in [Irradiance::default(), Irradiance { ghi: 900.0, dni: 800.0, dhi: 150.0, dni_extra: 1360.0 }] {
                let power = array.ac_power_kw(&sky, &sun, 27.0, 0.0);
                assert!((0.0..=5.0).contains(&power), "{zenith_deg}: {power}");
                assert!(sky.ghi > 0.0 || power == 0.0);
            }
        }
    }
}
