//! From the horizontal to a tilted plane: transposition of beam and diffuse light, and how much of the beam the glass
//! lets in. A [`Plane`] works its geometry out once, so that a call per minute is plain arithmetic.

use super::sky::Irradiance;
use super::sun::SunVector;
use scenarios::Transposition;
use std::sync::LazyLock;

/// Irradiance on a plane, W/m².
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlaneIrradiance {
    /// Straight from the sun.
    pub direct: f64,
    /// From sky and ground.
    pub diffuse: f64,
    /// Cosine of the angle of incidence of the beam; negative when the sun is behind the plane.
    pub cos_incidence: f64,
}

impl PlaneIrradiance {
    /// Direct plus diffuse.
    pub fn global(&self) -> f64 {
        self.direct + self.diffuse
    }
}

/// A fixed plane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    normal: SunVector,
    sky_view: f64,
    ground_reflection: f64,
}

impl Plane {
    /// A plane tilted from the horizontal and facing an azimuth counted from north, clockwise (south = 180), both in
    /// degrees, above ground of the given albedo.
    pub fn new(tilt_deg: f64, azimuth_deg: f64, albedo: f64) -> Self {
        let normal = SunVector::from_angles(tilt_deg, azimuth_deg);
        Self { normal, sky_view: (1.0 + normal.up) / 2.0, ground_reflection: albedo * (1.0 - normal.up) / 2.0 }
    }

    /// Cosine of the angle between the sun and the plane's normal.
    pub fn cos_incidence(&self, sun: &SunVector) -> f64 {
        self.normal.dot(sun)
    }

    /// Irradiance on the plane. Light reflected by the ground, `ghi · albedo (1 − cos β)/2`, counts as diffuse.
    ///
    /// Light of the sky on a plane tilted by β:
    /// - Isotropic: `dhi (1 + cos β)/2`. Source: Hottel & Woertz (1942); Liu & Jordan (1963).
    /// - Hay-Davies: part of it comes from around the sun, in the measure in which the beam gets through,
    ///   `dhi (A Rb + (1 − A)(1 + cos β)/2)` with `A = dni / dni_extra` and `Rb = cos(aoi) / cos(z)`, `cos(z)` of at
    ///   least 0.01745 as in pvlib. Source: Hay & Davies (1980), First Canadian Solar Radiation Data Workshop, 59.
    pub fn irradiance(&self, transposition: Transposition, sun: &SunVector, sky: &Irradiance) -> PlaneIrradiance {
        /// `cos(89°)`: keeps `Rb` finite at the horizon.
        const MIN_COS_ZENITH: f64 = 0.01745;
        let cos_incidence = self.cos_incidence(sun);
        let facing = cos_incidence.max(0.0);
        let sky_diffuse = match transposition {
            Transposition::Isotropic => sky.dhi * self.sky_view,
            Transposition::HayDavies => {
                // Dark skies of any origin carry no beam; the guard keeps a dni_extra left at zero from giving 0/0.
                let anisotropy = if sky.dni > 0.0 { sky.dni / sky.dni_extra } else { 0.0 };
                let beam_ratio = facing / sun.up.max(MIN_COS_ZENITH);
                sky.dhi * (anisotropy * beam_ratio + (1.0 - anisotropy) * self.sky_view)
            }
        };
        PlaneIrradiance {
            direct: sky.dni * facing,
            diffuse: sky_diffuse + sky.ghi * self.ground_reflection,
            cos_incidence,
        }
    }
}

/// Share of the beam that glass transmits at an angle of incidence, relative to normal incidence: Snell's law,
/// Fresnel reflection of both polarisations and absorption, with refractive index 1.526, extinction 4 /m, 2 mm.
///
/// Source: De Soto, Klein & Beckman (2006), Solar Energy 80, 78-88, section 3, with pvlib's parameters. Written with
/// cosines, which unlike the tangents of the paper have no singularity at normal incidence.
pub fn physical_iam(cos_incidence: f64) -> f64 {
    const REFRACTIVE_INDEX: f64 = 1.526;
    const EXTINCTION_PER_M: f64 = 4.0;
    const THICKNESS_M: f64 = 0.002;
    if cos_incidence <= 0.0 {
        return 0.0;
    }
    let outside = cos_incidence.min(1.0);
    let inside = (1.0 - (1.0 - outside * outside) / (REFRACTIVE_INDEX * REFRACTIVE_INDEX)).sqrt();
    let square = |x: f64| x * x;
    let reflected_at = |outside: f64, inside: f64| {
        let perpendicular = square((outside - REFRACTIVE_INDEX * inside) / (outside + REFRACTIVE_INDEX * inside));
        let parallel = square((REFRACTIVE_INDEX * outside - inside) / (REFRACTIVE_INDEX * outside + inside));
        (perpendicular + parallel) / 2.0
    };
    let transmitted = (1.0 - reflected_at(outside, inside)) / (1.0 - reflected_at(1.0, 1.0));
    transmitted * libm::exp(-EXTINCTION_PER_M * THICKNESS_M * (1.0 / inside - 1.0))
}

/// [`physical_iam`] as a table over the cosine of incidence, exact to 1e-5 and free of transcendental functions.
#[derive(Clone, PartialEq)]
pub struct IamTable {
    values: [f64; IamTable::INTERVALS + 1],
}

impl std::fmt::Debug for IamTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IamTable").finish_non_exhaustive()
    }
}

impl IamTable {
    const INTERVALS: usize = 1024;

    /// The table, worked out on first use.
    pub fn physical() -> &'static Self {
        static TABLE: LazyLock<IamTable> = LazyLock::new(|| {
            let value = |index: usize| physical_iam(index as f64 / IamTable::INTERVALS as f64);
            IamTable { values: std::array::from_fn(value) }
        });
        &TABLE
    }

    /// The modifier at a cosine of incidence; zero from behind.
    pub fn at(&self, cos_incidence: f64) -> f64 {
        let place = cos_incidence.clamp(0.0, 1.0) * Self::INTERVALS as f64;
        let index = (place as usize).min(Self::INTERVALS - 1);
        let (below, above) = (self.values[index], self.values[index + 1]);
        below + (above - below) * (place - index as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sky::ClearSky;
    use super::super::sun::golden::{CLEAR_DAYS, Row, assert_close, clear_day, site};
    use super::super::sun::{DELTA_T_S, SunPosition, sun_position};
    use super::*;

    /// The albedo of the golden days.
    const ALBEDO: f64 = 0.2;

    fn golden_sky(row: &Row) -> (SunPosition, Irradiance) {
        let sun = sun_position(row["unix"], &site(), DELTA_T_S);
        (sun, ClearSky::new(&site(), row["linke"], row["dni_extra"]).irradiance(&sun))
    }

    #[test]
    fn clear_sky_days_agree_with_the_reference_on_a_tilted_plane() {
        let plane = Plane::new(15.0, 180.0, ALBEDO);
        for name in CLEAR_DAYS {
            for row in &clear_day(name) {
                let (sun, sky) = golden_sky(row);
                let tilted = plane.irradiance(Transposition::HayDavies, &sun.vector, &sky);
                let isotropic = plane.irradiance(Transposition::Isotropic, &sun.vector, &sky);
                let absolute = if (85.0..92.0).contains(&row["zenith"]) { 1.0 } else { 0.1 };
                assert_close(row, "aoi", libm::acos(tilted.cos_incidence).to_degrees(), 0.0, 1e-5);
                assert_close(row, "poa_direct", tilted.direct, 1e-3, absolute);
                assert_close(row, "poa_diffuse", tilted.diffuse, 1e-3, absolute);
                assert_close(row, "poa_haydavies", tilted.global(), 1e-3, absolute);
                assert_close(row, "poa_isotropic", isotropic.global(), 1e-3, absolute);
                if row["poa_direct"] > 0.0 {
                    assert_close(row, "iam", physical_iam(tilted.cos_incidence), 0.0, 1e-6);
                    assert_close(row, "iam", IamTable::physical().at(tilted.cos_incidence), 0.0, 1e-5);
                }
            }
        }
    }

    #[test]
    fn a_horizontal_plane_sees_the_horizontal_irradiance() {
        let row = &clear_day(CLEAR_DAYS[0])[50];
        let (sun, sky) = golden_sky(row);
        let flat = Plane::new(0.0, 77.0, ALBEDO);
        for transposition in [Transposition::HayDavies, Transposition::Isotropic] {
            let on_plane = flat.irradiance(transposition, &sun.vector, &sky);
            assert!((on_plane.global() - sky.ghi).abs() < 1e-9);
        }
    }

    #[test]
    fn east_planes_see_the_morning_and_north_planes_the_june_noon() {
        let june = clear_day(CLEAR_DAYS[1]);
        let direct = |azimuth_deg: f64, row: &Row| {
            let (sun, sky) = golden_sky(row);
            Plane::new(30.0, azimuth_deg, ALBEDO).irradiance(Transposition::HayDavies, &sun.vector, &sky).direct
        };
        let (morning, noon) = (&june[32], &june[48]);
        assert!(direct(90.0, morning) > direct(270.0, morning));
        assert!(direct(0.0, noon) > direct(180.0, noon));
    }

    #[test]
    fn a_roof_to_the_south_sees_the_june_noon_over_its_ridge_and_a_south_wall_not_at_all() {
        let june = clear_day(CLEAR_DAYS[1]);
        let noon = june.iter().min_by(|a, b| a["zenith"].total_cmp(&b["zenith"])).expect("96 rows");
        let (sun, sky) = golden_sky(noon);
        let on_plane =
            |tilt_deg| Plane::new(tilt_deg, 180.0, ALBEDO).irradiance(Transposition::HayDavies, &sun.vector, &sky);
        // The sun stands 8.84° from the zenith, a little east of north: incidence is near 15° + 8.84° on the roof.
        let incidence_deg = libm::acos(on_plane(15.0).cos_incidence).to_degrees();
        assert!((incidence_deg - noon["aoi"]).abs() < 1e-5 && (23.0..24.0).contains(&incidence_deg), "{incidence_deg}");
        assert!((on_plane(15.0).direct - sky.dni * libm::cos(incidence_deg.to_radians())).abs() < 1e-9);
        assert!(on_plane(90.0).direct == 0.0 && on_plane(90.0).diffuse > 0.0);
    }

    #[test]
    fn a_sun_on_the_horizon_does_not_blow_up_the_circumsolar_light() {
        let wall = Plane::new(90.0, 90.0, 0.0);
        let sky = Irradiance { ghi: 10.0, dni: 20.0, dhi: 10.0, dni_extra: 1360.0 };
        let rising = SunVector::from_angles(89.9, 90.0);
        // By hand: 10 (20/1360 sin(89.9°) / 0.01745 + (1 - 20/1360) / 2).
        let diffuse = wall.irradiance(Transposition::HayDavies, &rising, &sky).diffuse;
        assert!((diffuse - 13.353_897).abs() < 1e-5, "{diffuse}");
    }

    #[test]
    fn no_sun_position_gives_a_number_that_is_not_one_and_night_gives_zero() {
        let skies = [
            Irradiance::default(),
            Irradiance { dni_extra: 1360.0, ..Irradiance::default() },
            Irradiance { ghi: 20.0, dni: 10.0, dhi: 19.0, dni_extra: 1360.0 },
        ];
        let plane = Plane::new(15.0, 180.0, ALBEDO);
        for zenith_deg in 0..=180 {
            let sun = SunVector::from_angles(f64::from(zenith_deg), 100.0);
            for (index, sky) in skies.iter().enumerate() {
                for transposition in [Transposition::HayDavies, Transposition::Isotropic] {
                    let tilted = plane.irradiance(transposition, &sun, sky);
                    assert!(tilted.direct >= 0.0 && tilted.diffuse >= 0.0 && tilted.global() < 200.0);
                    assert!(index == 2 || tilted.global() == 0.0);
                }
            }
        }
    }

    #[test]
    fn the_table_of_the_incidence_modifier_is_exact_to_a_hundred_thousandth() {
        let table = IamTable::physical();
        for step in -10_000..=1_010_000 {
            let cos_incidence = f64::from(step) * 1e-6;
            let error = table.at(cos_incidence) - physical_iam(cos_incidence);
            assert!(error.abs() < 1e-5, "{cos_incidence}: {error:e}");
        }
        assert_eq!((table.at(1.0), physical_iam(1.0)), (1.0, 1.0));
        assert_eq!((table.at(-0.2), physical_iam(-0.2)), (0.0, 0.0));
    }
}
