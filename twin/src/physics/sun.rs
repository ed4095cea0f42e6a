//! Where the sun stands: zenith and azimuth from published algorithms, and the unit vector the rest of the PV chain
//! works with, so that planes and interpolation never meet the wrap of an azimuth at north.

use solar_positioning::time::JulianDate;
use solar_positioning::{Location, SolarPositions};

/// Terrestrial time minus universal time, s. The value of the golden cases; the true one drifts by well under a second
/// a year, which moves the sun by less than 1e-5 degree.
pub const DELTA_T_S: f64 = 69.0;

/// Air temperature used for refraction when nothing better is known, °C (pvlib's default).
pub const REFRACTION_TEMPERATURE_C: f64 = 12.0;

/// Julian date of 1970-01-01T00:00Z.
const UNIX_EPOCH_JULIAN_DAYS: f64 = 2_440_587.5;

/// First and last instant of the range Grena fitted, 2010-01-01 and 2110-01-01, a day inside it, unix s.
const GRENA_FROM_UNIX_S: f64 = 1_262_390_400.0;
const GRENA_UNTIL_UNIX_S: f64 = 4_417_891_200.0;

/// Apparent radius of the sun plus refraction at the horizon, degrees: below this the SPA does not refract.
const REFRACTION_FLOOR_DEG: f64 = -(0.26667 + 0.5667);

/// Unit vector from the observer to the sun.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SunVector {
    /// Component towards the zenith: the cosine of the zenith angle, negative when the sun is down.
    pub up: f64,
    /// Component towards east.
    pub east: f64,
    /// Component towards north.
    pub north: f64,
}

impl SunVector {
    /// From a zenith angle and an azimuth counted from north, clockwise, both in degrees.
    pub fn from_angles(zenith_deg: f64, azimuth_deg: f64) -> Self {
        let (sin_zenith, cos_zenith) = libm::sincos(zenith_deg.to_radians());
        let (sin_azimuth, cos_azimuth) = libm::sincos(azimuth_deg.to_radians());
        Self { up: cos_zenith, east: sin_zenith * sin_azimuth, north: sin_zenith * cos_azimuth }
    }

    /// The cosine of the angle between the two directions.
    pub fn dot(&self, other: &Self) -> f64 {
        self.up * other.up + self.east * other.east + self.north * other.north
    }

    /// The direction `fraction` of the way from `self` to `other`, along the chord and back to unit length.
    ///
    /// Opposite directions have no way between them; `self` is returned then.
    pub fn between(&self, other: &Self, fraction: f64) -> Self {
        let blend = |from: f64, to: f64| from + (to - from) * fraction;
        let chord = Self {
            up: blend(self.up, other.up),
            east: blend(self.east, other.east),
            north: blend(self.north, other.north),
        };
        let length = chord.dot(&chord).sqrt();
        if length == 0.0 {
            return *self;
        }
        Self { up: chord.up / length, east: chord.east / length, north: chord.north / length }
    }
}

/// A place from which the sun is seen, with the air it is seen through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observer {
    /// Latitude, degrees, north positive.
    pub latitude_deg: f64,
    /// Longitude, degrees, east positive.
    pub longitude_deg: f64,
    /// Height above sea level, m.
    pub altitude_m: f64,
    /// Air pressure, Pa.
    pub pressure_pa: f64,
    /// Air temperature for refraction, °C.
    pub temperature_c: f64,
}

impl Observer {
    /// An observer in the standard atmosphere at its altitude.
    pub fn new(latitude_deg: f64, longitude_deg: f64, altitude_m: f64) -> Self {
        Self {
            latitude_deg,
            longitude_deg,
            altitude_m,
            pressure_pa: pressure_at_altitude_pa(altitude_m),
            temperature_c: REFRACTION_TEMPERATURE_C,
        }
    }

    fn location(&self) -> Location {
        Location { latitude: self.latitude_deg, longitude: self.longitude_deg }
    }
}

/// Air pressure in the standard atmosphere, Pa: `100 ((44331.514 − h) / 11880.516)^(1 / 0.1902632)`.
///
/// Source: Portland State Aerospace Society, *A quick derivation relating altitude to air pressure* (2004), the form
/// pvlib uses (`alt2pres`).
pub fn pressure_at_altitude_pa(altitude_m: f64) -> f64 {
    100.0 * libm::pow((44_331.514 - altitude_m) / 11_880.516, 1.0 / 0.190_263_2)
}

/// Where the sun stands at one instant for one observer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SunPosition {
    /// True angle from the vertical, without refraction, degrees.
    pub zenith_deg: f64,
    /// Angle from the vertical as seen through the air, degrees.
    pub apparent_zenith_deg: f64,
    /// Azimuth from north, clockwise, in `[0, 360)` degrees.
    pub azimuth_deg: f64,
    /// Unit vector to the apparent sun.
    pub vector: SunVector,
}

impl SunPosition {
    fn seen_through_air(zenith_deg: f64, azimuth_deg: f64, observer: &Observer) -> Self {
        let apparent_zenith_deg =
            zenith_deg - refraction_deg(90.0 - zenith_deg, observer.pressure_pa, observer.temperature_c);
        let vector = SunVector::from_angles(apparent_zenith_deg, azimuth_deg);
        Self { zenith_deg, apparent_zenith_deg, azimuth_deg, vector }
    }
}

/// Sun position by the NREL solar position algorithm (Reda & Andreas 2003, NREL/TP-560-34302): ±0.0003 degree for the
/// years −2000 to 6000. The reference; see [`sun_position_fast`] for bulk work.
///
/// `delta_t_s` is terrestrial minus universal time, usually [`DELTA_T_S`].
///
/// # Panics
/// When the instant or the coordinates are outside what the algorithm covers; both are checked when a scenario is
/// resolved.
pub fn sun_position(unix_s: f64, observer: &Observer, delta_t_s: f64) -> SunPosition {
    position_by(SolarPositions::new(), unix_s, observer, observer.altitude_m, delta_t_s)
}

/// Sun position by the third algorithm of Grena (2012), Solar Energy 86, 1323-1337: within 0.01 degree from 2010 to
/// 2110 at a few per cent of the cost of the SPA. Instants outside those years go to [`sun_position`].
///
/// # Panics
/// As [`sun_position`].
pub fn sun_position_fast(unix_s: f64, observer: &Observer, delta_t_s: f64) -> SunPosition {
    if !(GRENA_FROM_UNIX_S..GRENA_UNTIL_UNIX_S).contains(&unix_s) {
        return sun_position(unix_s, observer, delta_t_s);
    }
    // The algorithm has no parallax term for height and its crate refuses one.
    position_by(SolarPositions::grena3(), unix_s, observer, 0.0, delta_t_s)
}

fn position_by(model: SolarPositions, unix_s: f64, observer: &Observer, height_m: f64, delta_t_s: f64) -> SunPosition {
    let instant = JulianDate::new(UNIX_EPOCH_JULIAN_DAYS + unix_s / 86_400.0, delta_t_s)
        .expect("a resolved scenario has finite instants");
    // Unrefracted, because both angles are wanted and one refraction then serves both algorithms.
    let sun = model
        .at_from_julian(instant, observer.location(), height_m, None)
        .expect("a resolved scenario has valid coordinates and years");
    SunPosition::seen_through_air(sun.zenith_angle(), sun.azimuth(), observer)
}

/// Atmospheric refraction at a true elevation, degrees, zero for a sun wholly below the horizon.
///
/// Source: Reda & Andreas 2003, equation 42:
/// `Δe = p/1010 · 283/(273 + T) · 1.02 / (60 tan(e + 10.3/(e + 5.11)))`, p in hPa.
pub fn refraction_deg(elevation_deg: f64, pressure_pa: f64, temperature_c: f64) -> f64 {
    if elevation_deg < REFRACTION_FLOOR_DEG {
        return 0.0;
    }
    let phase_deg = elevation_deg + 10.3 / (elevation_deg + 5.11);
    pressure_pa / 101_000.0 * (283.0 / (273.0 + temperature_c)) * 1.02 / (60.0 * libm::tan(phase_deg.to_radians()))
}

/// Golden cases for the tests of the whole PV chain.
#[cfg(test)]
pub(super) mod golden {
    use super::super::sky::MonthlyLinke;
    use super::Observer;
    use scenarios::WeatherParameters;
    use std::collections::HashMap;
    use std::path::Path;

    /// The two clear-sky days, March with the midday sun south of the zenith and June with it north.
    pub(crate) const CLEAR_DAYS: [&str; 2] = ["clear_sky_2026-03-20.csv", "clear_sky_2026-06-21.csv"];

    /// A row of a golden table by column name; empty cells are NaN, so comparing one by mistake fails.
    pub(crate) type Row = HashMap<String, f64>;

    pub(crate) fn site() -> Observer {
        Observer::new(14.6, -61.07, 10.0)
    }

    /// The turbidity that scenarios have by default, which the golden days were computed with.
    pub(crate) fn linke() -> MonthlyLinke {
        MonthlyLinke(WeatherParameters::from_toml("").expect("all parameters have defaults").linke)
    }

    pub(crate) fn table(name: &str) -> Vec<Row> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/pv").join(name);
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut lines = text.lines();
        let header: Vec<&str> = lines.next().expect("a header line").split(',').collect();
        let row = |line: &str| {
            let cells = line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN));
            header.iter().map(|name| (*name).to_owned()).zip(cells).collect()
        };
        lines.map(row).collect()
    }

    pub(crate) fn clear_day(name: &str) -> Vec<Row> {
        let rows = table(name);
        assert_eq!(rows.len(), 96, "{name} has a row per quarter hour");
        rows
    }

    /// Asserts `value` within `relative` or `absolute` of the golden one, whichever is wider.
    #[track_caller]
    pub(crate) fn assert_close(row: &Row, column: &str, value: f64, relative: f64, absolute: f64) {
        let golden = row[column];
        let tolerance = absolute.max(relative * golden.abs());
        assert!((value - golden).abs() <= tolerance, "{column} at {}: {value} instead of {golden}", row["unix"]);
    }
}

#[cfg(test)]
mod tests {
    use super::golden::{assert_close, clear_day, site, table};
    use super::*;

    fn assert_azimuth(row: &golden::Row, azimuth_deg: f64, tolerance_deg: f64) {
        let off = (azimuth_deg - row["azimuth"] + 540.0) % 360.0 - 180.0;
        assert!(off.abs() <= tolerance_deg, "azimuth at {}: {azimuth_deg}", row["unix"]);
    }

    fn sea_level_pressure() -> Observer {
        Observer { pressure_pa: 101_325.0, ..site() }
    }

    #[test]
    fn spa_agrees_with_the_reference_to_a_millionth_of_a_degree() {
        let rows = table("solar_position.csv");
        assert_eq!(rows.len(), 134);
        for row in &rows {
            let sun = sun_position(row["unix"], &sea_level_pressure(), DELTA_T_S);
            assert_close(row, "zenith", sun.zenith_deg, 0.0, 1e-6);
            assert_close(row, "apparent_zenith", sun.apparent_zenith_deg, 0.0, 1e-6);
            assert_azimuth(row, sun.azimuth_deg, 1e-6);
        }
    }

    #[test]
    fn the_fast_algorithm_stays_within_a_hundredth_of_a_degree_from_2010_on() {
        let rows = table("solar_position.csv");
        let recent: Vec<_> = rows.iter().filter(|row| row["unix"] >= GRENA_FROM_UNIX_S).collect();
        assert!(recent.len() > 50);
        for row in recent {
            let sun = sun_position_fast(row["unix"], &sea_level_pressure(), DELTA_T_S);
            assert_close(row, "zenith", sun.zenith_deg, 0.0, 0.01);
            assert_close(row, "apparent_zenith", sun.apparent_zenith_deg, 0.0, 0.01);
            // An azimuth error counts by the circle it moves the sun on, which shrinks towards the zenith.
            let circle = libm::sin(sun.zenith_deg.to_radians());
            assert_azimuth(row, sun.azimuth_deg, 0.01 / circle);
        }
    }

    #[test]
    fn the_fast_algorithm_hands_years_it_was_not_fitted_for_to_the_reference() {
        for unix_s in [636_337_229.0, 4_500_000_000.0] {
            assert_eq!(sun_position_fast(unix_s, &site(), DELTA_T_S), sun_position(unix_s, &site(), DELTA_T_S));
        }
        for edge_s in [GRENA_FROM_UNIX_S, GRENA_UNTIL_UNIX_S - 1.0] {
            let (fast, exact) = (sun_position_fast(edge_s, &site(), 69.0), sun_position(edge_s, &site(), 69.0));
            assert!(fast.vector.dot(&exact.vector) > libm::cos(0.01_f64.to_radians()));
        }
    }

    #[test]
    fn the_june_midday_sun_of_martinique_stands_north_of_the_zenith() {
        let rows = clear_day("clear_sky_2026-06-21.csv");
        let noon = rows.iter().min_by(|a, b| a["zenith"].total_cmp(&b["zenith"])).expect("96 rows");
        let sun = sun_position(noon["unix"], &site(), DELTA_T_S);
        assert!(sun.vector.north > 0.0 && sun.zenith_deg < 10.0, "{sun:?}");
        // Azimuths run through north: the average of the two around noon is not south.
        let (before, after) =
            (sun_position(noon["unix"] - 900.0, &site(), 69.0), sun_position(noon["unix"] + 900.0, &site(), 69.0));
        assert!((before.azimuth_deg - after.azimuth_deg).abs() > 180.0);
        assert!(before.vector.between(&after.vector, 0.5).north > 0.0);
    }

    #[test]
    fn the_sun_rises_in_the_east_and_sets_in_the_west() {
        let rows = clear_day("clear_sky_2026-03-20.csv");
        let east_at = |row: usize| sun_position(rows[row]["unix"], &site(), DELTA_T_S).vector.east;
        assert!(east_at(26) > 0.9 && east_at(70) < -0.9);
    }

    #[test]
    fn vectors_are_unit_long_and_interpolate_without_the_wrap_at_north() {
        let west_of_north = SunVector::from_angles(40.0, 359.0);
        let east_of_north = SunVector::from_angles(40.0, 1.0);
        let middle = west_of_north.between(&east_of_north, 0.5);
        assert!((middle.dot(&middle) - 1.0).abs() < 1e-15);
        assert!(middle.east.abs() < 1e-15 && middle.north > 0.6);
        let nadir = SunVector { up: -1.0, east: 0.0, north: 0.0 };
        let zenith = SunVector { up: 1.0, ..nadir };
        assert_eq!(zenith.between(&nadir, 0.5), zenith);
    }

    #[test]
    fn refraction_lifts_the_horizon_sun_by_half_a_degree_and_vanishes_below() {
        assert!((refraction_deg(0.0, 101_325.0, 12.0) - 0.48).abs() < 0.01);
        assert_eq!(refraction_deg(-0.9, 101_325.0, 12.0), 0.0);
        assert!(refraction_deg(90.0, 101_325.0, 12.0).abs() < 1e-4);
    }
}
