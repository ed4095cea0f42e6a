//! A photovoltaic array from light to AC power: incidence losses, cell temperature, DC, inverter. One call per array
//! and minute, so everything is arithmetic on numbers worked out when the array is built.

use super::inverter::Inverter;
use super::plane::{IamTable, Plane, PlaneIrradiance};
use super::sky::Irradiance;
use super::sun::SunVector;
use scenarios::{PvParameters, Transposition};

/// Faiman's constant heat loss factor, W/(m² K).
const FAIMAN_U0_W_PER_M2_K: f64 = 25.0;
/// Faiman's heat loss factor per wind speed, W/(m² K) per m/s.
const FAIMAN_U1_W_S_PER_M3_K: f64 = 6.84;
/// Irradiance and cell temperature at standard test conditions.
const REFERENCE_IRRADIANCE_W_PER_M2: f64 = 1000.0;
const REFERENCE_CELL_C: f64 = 25.0;
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
    /// AC power of an inverter left to itself, kW, never negative.
    pub ac_kw: f64,
}

/// An array with its inverter, ready to be asked for its power.
#[derive(Debug, Clone, Copy)]
pub struct PvArray {
    plane: Plane,
    transposition: Transposition,
    iam: &'static IamTable,
    dc_kw_per_w_per_m2: f64,
    temperature_coefficient_per_k: f64,
    inverter: Inverter,
}

impl PvArray {
    /// Works out the geometry and the constants of a plant.
    pub fn new(plant: &PvParameters) -> Self {
        Self {
            plane: Plane::new(plant.tilt_deg, plant.azimuth_deg, plant.albedo),
            transposition: plant.transposition,
            iam: IamTable::physical(),
            dc_kw_per_w_per_m2: plant.peak_kw * (1.0 - plant.system_losses) / REFERENCE_IRRADIANCE_W_PER_M2,
            temperature_coefficient_per_k: plant.temperature_coefficient_per_k,
            inverter: Inverter::new(plant),
        }
    }

    /// Its inverter.
    pub fn inverter(&self) -> &Inverter {
        &self.inverter
    }

    /// AC power produced, kW: a magnitude of zero or more, whose sign in the books is the caller's.
    ///
    /// `sky` is the irradiance under the clouds, `sun` the apparent sun, air temperature in °C, wind in m/s.
    pub fn ac_power_kw(&self, sky: &Irradiance, sun: &SunVector, air_c: f64, wind_m_per_s: f64) -> f64 {
        self.output(sky, sun, air_c, wind_m_per_s).ac_kw
    }

    /// As [`Self::ac_power_kw`], of an array of which only `share` is connected.
    pub fn ac_power_of_share_kw(
        &self,
        share: f64,
        sky: &Irradiance,
        sun: &SunVector,
        (air_c, wind_m_per_s): (f64, f64),
    ) -> f64 {
        self.inverter.ac_kw(share * self.output(sky, sun, air_c, wind_m_per_s).dc_kw)
    }

    /// As [`Self::ac_power_kw`], with the steps in between.
    pub fn output(&self, sky: &Irradiance, sun: &SunVector, air_c: f64, wind_m_per_s: f64) -> PvOutput {
        let plane = self.plane.irradiance(self.transposition, sun, sky);
        let effective_w_per_m2 = plane.direct * self.iam.at(plane.cos_incidence) + plane.diffuse;
        let cell_c = cell_temperature_c(plane.global(), air_c, wind_m_per_s);
        let warming = 1.0 + self.temperature_coefficient_per_k * (cell_c - REFERENCE_CELL_C);
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

#[cfg(test)]
mod tests {
    use super::super::clouds::beam_and_diffuse;
    use super::super::sky::{ClearSky, SkyNode};
    use super::super::sun::golden::{CLEAR_DAYS, Row, assert_close, clear_day, site};
    use super::super::sun::{DELTA_T_S, sun_position, sun_position_fast};
    use super::*;

    /// The golden array of 5 kWc, changed by `text`.
    fn array(text: &str) -> PvArray {
        let peak = if text.contains("peak_kw") { "" } else { "peak_kw = 5.0\n" };
        PvArray::new(&PvParameters::from_toml(&format!("{peak}{text}")).expect("readable"))
    }

    fn golden_node(row: &Row) -> SkyNode {
        ClearSky::new(&site(), row["linke"], row["dni_extra"]).node(&sun_position(row["unix"], &site(), DELTA_T_S))
    }

    fn golden_output(row: &Row) -> PvOutput {
        let node = golden_node(row);
        array("").output(&node.clear, &node.sun, row["t_air"], row["wind"])
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
        let array = self::array("");
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
    fn power_scales_with_size_and_falls_with_heat() {
        let node = golden_node(&clear_day(CLEAR_DAYS[0])[49]);
        let power = |peak_kw: f64, air_c: f64| {
            array(&format!("peak_kw = {peak_kw:?}")).ac_power_kw(&node.clear, &node.sun, air_c, 4.0)
        };
        assert!((power(50.0, 27.0) - 10.0 * power(5.0, 27.0)).abs() < 1e-9);
        assert!(power(5.0, 35.0) < power(5.0, 27.0));
    }

    #[test]
    fn night_and_any_sun_position_give_a_finite_power_of_zero_or_more() {
        let array = self::array("");
        for zenith_deg in 0..=180 {
            let sun = SunVector::from_angles(f64::from(zenith_deg), 100.0);
            for sky in [Irradiance::default(), Irradiance { ghi: 900.0, dni: 800.0, dhi: 150.0, dni_extra: 1360.0 }] {
                let power = array.ac_power_kw(&sky, &sun, 27.0, 0.0);
                assert!((0.0..=5.0).contains(&power), "{zenith_deg}: {power}");
                assert!(sky.ghi > 0.0 || power == 0.0);
            }
        }
    }

    #[test]
    fn every_parameter_of_the_array_takes_effect() {
        let node = golden_node(&clear_day(CLEAR_DAYS[0])[40]);
        let output = |text: &str| array(text).output(&node.clear, &node.sun, 27.0, 4.0);
        let standard = output("");
        // The ground is seen by (1 − cos 15°)/2 of the plane.
        let ground = node.clear.ghi * (1.0 - libm::cos(15.0_f64.to_radians())) / 2.0;
        let gained = output("albedo = 0.5").plane.diffuse - standard.plane.diffuse;
        assert!((gained - 0.3 * ground).abs() < 1e-9, "{gained}");
        let isotropic = output("transposition = \"isotropic\"").plane.diffuse;
        let sky_view = (1.0 + libm::cos(15.0_f64.to_radians())) / 2.0;
        assert!((isotropic - node.clear.dhi * sky_view - 0.2 * ground).abs() < 1e-9);
        let warm = 1.0 - 0.0035 * (standard.cell_c - 25.0);
        let hot = output("temperature_coefficient_per_k = -0.01").dc_kw / standard.dc_kw;
        assert!((hot - (1.0 - 0.01 * (standard.cell_c - 25.0)) / warm).abs() < 1e-12);
        let lossless = output("system_losses = 0.0").dc_kw / standard.dc_kw;
        assert!((lossless - 1.0 / (1.0 - 0.140_756_6)).abs() < 1e-12);
        assert!((output("inverter_dc_per_peak = 0.4").ac_kw - 5.0 * 0.4 * 0.96).abs() < 1e-12);
        assert!((output("inverter_efficiency = 0.9").ac_kw / standard.ac_kw - 0.9 / 0.96).abs() < 1e-12);
        assert!(output("tilt_deg = 60.0\nazimuth_deg = 0.0").dc_kw < 0.6 * standard.dc_kw);
    }

    #[test]
    fn the_june_sun_passes_north_of_the_zenith_without_a_jump_in_power() {
        let rows = clear_day(CLEAR_DAYS[1]);
        let sky = ClearSky::new(&site(), rows[48]["linke"], rows[48]["dni_extra"]);
        let noon_s = rows[48]["unix"];
        let azimuth_deg = |minute: i32| sun_position(noon_s + f64::from(minute) * 60.0, &site(), DELTA_T_S).azimuth_deg;
        // From east by north to west, through 360 degrees.
        assert!(azimuth_deg(-60) < 90.0 && azimuth_deg(90) > 270.0);
        let node = |minute: i32| sky.node(&sun_position_fast(noon_s + f64::from(minute) * 60.0, &site(), DELTA_T_S));
        for facing_deg in [0.0, 180.0, 359.0] {
            let array = array(&format!("tilt_deg = 30.0\nazimuth_deg = {facing_deg:?}"));
            // As a run sees it: nodes five minutes apart, interpolated to the minute.
            let power_kw = |minute: i32| {
                let (first, part) = (minute.div_euclid(5) * 5, f64::from(minute.rem_euclid(5)) / 5.0);
                let minute = node(first).between(&node(first + 5), part);
                array.ac_power_kw(&minute.clear, &minute.sun, 30.0, 4.0)
            };
            for minute in -60..90 {
                let change_w = (power_kw(minute + 1) - power_kw(minute)) * 1000.0;
                assert!(change_w.abs() < 12.0, "facing {facing_deg}, minute {minute}: {change_w} W");
                let exact = node(minute);
                let exact_kw = array.ac_power_kw(&exact.clear, &exact.sun, 30.0, 4.0);
                assert!((power_kw(minute) - exact_kw).abs() < 0.002, "facing {facing_deg}, minute {minute}");
            }
        }
    }
}
