//! Synthetic clouds: a class for every day, a clear-sky index kc for every minute of it, and what kc does to beam and
//! diffuse light.
//!
//! What is known from the literature is only the shape: the index at one minute has two humps, sun and shadow, and on
//! a trade-wind island the days fall into a handful of classes. Every number is a parameter.

use super::sky::{Irradiance, SkyNode};
use rand::Rng;
use scenarios::{CloudParameters, DayClass, DayClassParameters};

/// Minutes in a local day.
pub const MINUTES_PER_DAY: usize = 1440;

/// Even an overcast sky keeps a gap now and then; full cover would make the rate of shadows infinite.
const MAX_CLOUD_FRACTION: f64 = 0.98;
/// Days looked back for a class; only classes that never merge get that far, which the parameters' check refuses.
const MAX_DAYS_BACK: i64 = 1000;
/// Most numbers a cloud-fraction law draws.
const MAX_UNIFORMS: usize = CloudParameters::MAX_SHAPES as usize - 1;

/// The clouds of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudModel {
    parameters: CloudParameters,
    /// By class, in the order of [`DayClass::ALL`].
    classes: [DayClassParameters; 4],
    /// Unit vector to where the clouds come from: east, north.
    upwind: [f64; 2],
}

impl CloudModel {
    /// The model with these parameters.
    pub fn new(parameters: &CloudParameters) -> Self {
        let (east, north) = libm::sincos(parameters.wind_from_deg.to_radians());
        let classes = DayClass::ALL.map(|class| parameters.of(class));
        Self { parameters: parameters.clone(), classes, upwind: [east, north] }
    }

    /// The parameters of a class.
    pub fn of(&self, class: DayClass) -> &DayClassParameters {
        &self.classes[class as usize]
    }

    /// The class of a day, given one uniform draw in `[0, 1)` per day; the scenario's, where it sets one.
    ///
    /// The classes form one stationary Markov chain, `class(d) = next(class(d − 1), u(d))`, yet no history is kept: all
    /// four possible pasts are followed from further and further back until they have merged, after which the class no
    /// longer depends on what came before. With the default rows that takes a few days.
    ///
    /// Source: coupling from the past, Propp & Wilson (1996), Random Structures & Algorithms 9, 223-252.
    pub fn day_class(&self, u: impl Fn(i64) -> f64, day: i64) -> DayClass {
        if let Some(class) = self.parameters.day_class {
            return class;
        }
        // classes[i]: the class of `day` if the chain stood in class i before the earliest day looked at.
        let mut classes = DayClass::ALL;
        for back in 0..MAX_DAYS_BACK {
            let draw = u(day - back);
            classes = DayClass::ALL.map(|before| classes[self.next_class(before, draw) as usize]);
            if classes.iter().all(|class| *class == classes[0]) {
                break;
            }
        }
        classes[0]
    }

    fn next_class(&self, before: DayClass, draw: f64) -> DayClass {
        let mut sum = 0.0;
        for (class, probability) in DayClass::ALL.into_iter().zip(self.of(before).next_day) {
            sum += probability;
            if draw < sum {
                return class;
            }
        }
        DayClass::Rain
    }

    /// The cloud fraction of a day of a class, the same over the whole island.
    pub fn day_cloud_fraction(&self, class: DayClass, rng: &mut impl Rng) -> f64 {
        let [alpha, beta] = self.of(class).cloud_fraction;
        self::beta(alpha as usize, beta as usize, rng)
    }

    /// How much later clouds pass a place than the origin, min; negative when earlier.
    ///
    /// The place lies `east_m` and `north_m` from the origin. Frozen clouds drift with the wind (Taylor's hypothesis),
    /// so places along it see the same shadows one after another.
    pub fn delay_min(&self, east_m: f64, north_m: f64) -> f64 {
        let [upwind_east, upwind_north] = self.upwind;
        -(east_m * upwind_east + north_m * upwind_north) / (self.parameters.wind_speed_m_per_s * 60.0)
    }

    /// How far a place lies across the wind from the origin, in widths of a cloud band; positive to the right of where
    /// the clouds come from.
    pub fn bands_across(&self, east_m: f64, north_m: f64) -> f64 {
        let [upwind_east, upwind_north] = self.upwind;
        (east_m * upwind_north - north_m * upwind_east) / (self.parameters.across_wind_km * 1000.0)
    }

    fn cloud_fraction_at(&self, day_cloud_fraction: f64, minute: usize) -> f64 {
        let hour = (minute as f64 + 0.5) / 60.0;
        let from_peak = (hour - self.parameters.afternoon_peak_h) / self.parameters.afternoon_half_width_h;
        let rise = self.parameters.afternoon_cloud_rise * (1.0 - from_peak * from_peak).max(0.0);
        (day_cloud_fraction + rise).clamp(0.0, MAX_CLOUD_FRACTION)
    }
}

/// The clear-sky index of every minute of one local day: measured over clear-sky global horizontal irradiance, as a
/// mean over the minute.
#[derive(Debug, Clone, PartialEq)]
pub struct CloudDay {
    /// Index by minute since local midnight.
    pub kc: [f32; MINUTES_PER_DAY],
}

impl CloudDay {
    /// A day without clouds.
    pub const CLOUDLESS: Self = Self { kc: [1.0; MINUTES_PER_DAY] };

    /// Draws a day of this class and cloud fraction: sun and shadow in turn with exponential lengths. Shadows last
    /// `shadow_mean_min` on average and sun `(1 − cf)/cf` times that, so shadows take the fraction cf of the time; a
    /// bright edge takes the first minutes of some sunny spells.
    ///
    /// The generator must be seeded for this field and day alone: how many draws a day takes varies.
    pub fn generate(model: &CloudModel, class: DayClass, day_cloud_fraction: f64, rng: &mut impl Rng) -> Self {
        let mut field = CloudField::at_midnight(model, model.of(class), day_cloud_fraction, rng);
        let mut day = Self::CLOUDLESS;
        for (minute, kc) in day.kc.iter_mut().enumerate() {
            *kc = field.minute_mean(minute, rng) as f32;
        }
        day
    }

    /// The index at a minute of the day for a site that the field passes `delay_min` later. Beyond midnight, when it
    /// is dark anyway, the first or last minute of the day stands in.
    pub fn kc_at(&self, minute: usize, delay_min: i32) -> f64 {
        let there = minute as i64 - i64::from(delay_min);
        f64::from(self.kc[there.clamp(0, MINUTES_PER_DAY as i64 - 1) as usize])
    }
}

/// What stands between the place and the sun.
#[derive(Debug, Clone, Copy)]
enum Overhead {
    /// Sun. The spell ends when a unit-exponential hazard is used up at the rate of shadows, which may change on the
    /// way; `edge_min` minutes of it are still bright with `edge_kc`.
    Sun { hazard: f64, edge_min: f64, edge_kc: f64 },
    /// The shadow of one cloud.
    Shadow { rest_min: f64, kc: f64 },
}

/// The field above one place as the day goes by.
struct CloudField<'a> {
    model: &'a CloudModel,
    class: &'a DayClassParameters,
    day_cloud_fraction: f64,
    overhead: Overhead,
}

impl<'a> CloudField<'a> {
    fn at_midnight(
        model: &'a CloudModel,
        class: &'a DayClassParameters,
        day_cloud_fraction: f64,
        rng: &mut impl Rng,
    ) -> Self {
        let mut field =
            Self { model, class, day_cloud_fraction, overhead: Overhead::Shadow { rest_min: 0.0, kc: 0.0 } };
        let covered = uniform(rng) < model.cloud_fraction_at(day_cloud_fraction, 0);
        field.overhead = if covered { field.shadow(rng) } else { field.sun_after_shadow(rng) };
        field
    }

    fn shadow(&self, rng: &mut impl Rng) -> Overhead {
        Overhead::Shadow {
            rest_min: self.class.shadow_mean_min * exponential(rng),
            kc: within(self.class.shadow_kc, rng),
        }
    }

    fn sun_after_shadow(&self, rng: &mut impl Rng) -> Overhead {
        let bright = uniform(rng) < self.model.parameters.edge_probability;
        let edge_min = within(self.model.parameters.edge_min, rng) * f64::from(u8::from(bright));
        Overhead::Sun { hazard: exponential(rng), edge_min, edge_kc: within(self.model.parameters.edge_kc, rng) }
    }

    /// Mean kc over a minute; to be called for each in turn. Spells end within minutes, not at them, so that
    /// short ones keep their weight.
    fn minute_mean(&mut self, minute: usize, rng: &mut impl Rng) -> f64 {
        let cloud_fraction = self.model.cloud_fraction_at(self.day_cloud_fraction, minute);
        let shadows_per_min = cloud_fraction / (1.0 - cloud_fraction) / self.class.shadow_mean_min;
        let sun_kc = 1.0 + self.model.parameters.sun_kc_deviation * bell(rng);
        let (mut left_min, mut sum) = (1.0, 0.0);
        while left_min > 0.0 {
            let step_min: f64;
            match &mut self.overhead {
                Overhead::Shadow { rest_min, kc } => {
                    step_min = rest_min.min(left_min);
                    sum += step_min * *kc;
                    *rest_min -= step_min;
                    if *rest_min <= 0.0 {
                        self.overhead = self.sun_after_shadow(rng);
                    }
                }
                Overhead::Sun { hazard, edge_min, edge_kc } => {
                    let spell_min = *hazard / shadows_per_min;
                    let at_edge = *edge_min > 0.0;
                    let (level_min, kc) = match at_edge {
                        true => (edge_min.min(left_min), *edge_kc),
                        false => (left_min, sun_kc),
                    };
                    step_min = spell_min.min(level_min);
                    sum += step_min * kc;
                    *edge_min -= step_min;
                    *hazard -= step_min * shadows_per_min;
                    if spell_min <= level_min {
                        self.overhead = self.shadow(rng);
                    }
                }
            }
            left_min -= step_min;
        }
        sum
    }
}

/// Uniform in `[0, 1)` with 53 bits. Written out so that the draws do not change with a release of `rand`.
fn uniform(rng: &mut impl Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

fn within([least, greatest]: [f64; 2], rng: &mut impl Rng) -> f64 {
    least + (greatest - least) * uniform(rng)
}

fn exponential(rng: &mut impl Rng) -> f64 {
    -libm::log(1.0 - uniform(rng))
}

/// Nearly standard normal: four uniforms of 16 bits out of one word (Irwin-Hall). Bounded at ±3.46, so kc cannot
/// stray, and without a transcendental function in the one draw that every minute makes.
fn bell(rng: &mut impl Rng) -> f64 {
    const MEAN: f64 = 4.0 * 32_767.5;
    const DEVIATION: f64 = 37_837.227_3; // sqrt(4 (65536² − 1) / 12)
    let word = rng.next_u64();
    let sum: u64 = (0..4).map(|part| (word >> (16 * part)) & 0xFFFF).sum();
    (sum as f64 - MEAN) / DEVIATION
}

/// Beta with whole-numbered shapes: the alpha-th smallest of `alpha + beta − 1` uniforms has exactly this law.
fn beta(alpha: usize, beta: usize, rng: &mut impl Rng) -> f64 {
    let count = (alpha + beta).saturating_sub(1).clamp(1, MAX_UNIFORMS);
    let mut draws = [0.0; MAX_UNIFORMS];
    let draws = &mut draws[..count];
    draws.fill_with(|| uniform(rng));
    draws.sort_by(f64::total_cmp);
    draws[(alpha.max(1) - 1).min(count - 1)]
}

/// Irradiance under clouds of clear-sky index `kc` (0 or more).
///
/// - Global is `kc` times clear.
/// - Beam below `kc = 1` is `(kc − 0.38 (1 − kc))^2.5` times clear and gone below 0.275, the rule with which the
///   CM SAF SARAH satellite record derives direct from global irradiance (Müller et al. 2015, Remote Sensing 7,
///   8067-8101, after Skartveit, Olseth & Tuft 1998). From 1 up the sun is free and the excess is cloud-edge diffuse.
/// - Diffuse is what closes, written as clear diffuse plus the differences so that `kc = 1` returns the clear sky bit
///   for bit.
pub fn beam_and_diffuse(node: &SkyNode, kc: f64) -> Irradiance {
    let clear = node.clear;
    let transmittance = beam_transmittance(kc);
    let clear_beam_horizontal = clear.dni * node.sun.up.max(0.0);
    let excess = (kc - 1.0) * clear.ghi + (1.0 - transmittance) * clear_beam_horizontal;
    Irradiance {
        ghi: kc * clear.ghi,
        dni: transmittance * clear.dni,
        dhi: (clear.dhi + excess).max(0.0),
        dni_extra: clear.dni_extra,
    }
}

fn beam_transmittance(kc: f64) -> f64 {
    if kc >= 1.0 {
        return 1.0;
    }
    let base = (kc - 0.38 * (1.0 - kc)).max(0.0);
    base * base * base.sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::sky::ClearSky;
    use super::super::sun::golden::{linke, site};
    use super::super::sun::{DELTA_T_S, sun_position};
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    /// A hashed uniform per day, as a kernel would draw it.
    fn day_draw(seed: u64) -> impl Fn(i64) -> f64 {
        move |day| uniform(&mut rng(1_000_003 * seed + (day + 1_000_000) as u64))
    }

    fn model(text: &str) -> CloudModel {
        CloudModel::new(&CloudParameters::from_toml(text).expect("readable"))
    }

    fn generate(class: DayClass, model: &CloudModel, seed: u64) -> CloudDay {
        let mut rng = rng(seed);
        let day_cloud_fraction = model.day_cloud_fraction(class, &mut rng);
        CloudDay::generate(model, class, day_cloud_fraction, &mut rng)
    }

    fn days(class: DayClass, model: &CloudModel, count: u64) -> Vec<CloudDay> {
        (0..count).map(|day| generate(class, model, day)).collect()
    }

    fn mean_kc(days: &[CloudDay], minutes: std::ops::Range<usize>) -> f64 {
        let sum = |day: &CloudDay| -> f64 { day.kc[minutes.clone()].iter().map(|kc| f64::from(*kc)).sum() };
        days.iter().map(sum).sum::<f64>() / (days.len() * minutes.len()) as f64
    }

    fn node_at(unix_s: f64) -> SkyNode {
        let sky = ClearSky::on_day(&site(), &linke(), unix_s);
        sky.node(&sun_position(unix_s, &site(), DELTA_T_S))
    }

    #[test]
    fn a_clear_sky_index_of_one_returns_the_clear_sky_bit_for_bit() {
        for quarter in 0..96 {
            let node = node_at(1_773_979_200.0 + f64::from(quarter) * 900.0);
            assert_eq!(beam_and_diffuse(&node, 1.0), node.clear);
            let cloudless = CloudDay::CLOUDLESS.kc_at(700, 5);
            assert_eq!(beam_and_diffuse(&node, cloudless), node.clear);
        }
    }

    #[test]
    fn beam_and_diffuse_close_and_never_go_negative() {
        for quarter in 0..96 {
            let node = node_at(1_773_979_200.0 + f64::from(quarter) * 900.0);
            for kc in (0..=140).map(|percent| f64::from(percent) / 100.0) {
                let sky = beam_and_diffuse(&node, kc);
                let gap = sky.dni * node.sun.up.max(0.0) + sky.dhi - sky.ghi;
                assert!(gap.abs() < 1e-9, "kc {kc}: {sky:?}");
                let least = sky.ghi.min(sky.dni).min(sky.dhi);
                assert!(least >= 0.0, "kc {kc}: {sky:?}");
                assert!(sky.dni <= node.clear.dni);
            }
        }
    }

    #[test]
    fn shadows_take_the_beam_before_the_diffuse() {
        let noon = node_at(1_774_022_400.0);
        let shadow = beam_and_diffuse(&noon, 0.4);
        assert!(shadow.dni < 0.1 * noon.clear.dni && shadow.dhi > noon.clear.dhi);
        assert_eq!(beam_and_diffuse(&noon, 0.27).dni, 0.0);
        assert!((beam_transmittance(0.6) - 0.134_337).abs() < 1e-6);
        let edge = beam_and_diffuse(&noon, 1.15);
        assert!(edge.dni == noon.clear.dni && edge.dhi > 1.5 * noon.clear.dhi);
    }

    #[test]
    fn the_class_of_a_day_follows_from_the_day_before_without_keeping_history() {
        let (model, draw) = (model(""), day_draw(7));
        let draws = std::cell::Cell::new(0);
        let u = |day| {
            draws.set(draws.get() + 1);
            draw(day)
        };
        for day in -500..1500 {
            let from_yesterday = model.next_class(model.day_class(u, day - 1), draw(day));
            assert_eq!(model.day_class(u, day), from_yesterday, "day {day}");
        }
        assert!(draws.get() < 20_000, "{} draws for 4000 classes", draws.get());
    }

    #[test]
    fn classes_occur_as_often_as_the_stationary_law_says() {
        let model = model("");
        let (u, count) = (day_draw(3), 20_000);
        let mut seen = [0.0; 4];
        for day in 0..count {
            seen[model.day_class(&u, day) as usize] += 1.0 / count as f64;
        }
        let mut law = [0.25; 4];
        for _ in 0..200 {
            let into = |to: usize| {
                let from = |class: DayClass| law[class as usize] * model.of(class).next_day[to];
                DayClass::ALL.map(from).iter().sum()
            };
            law = [into(0), into(1), into(2), into(3)];
        }
        for (seen, law) in seen.iter().zip(law) {
            assert!((seen - law).abs() < 0.015, "{seen} instead of {law}");
        }
    }

    #[test]
    fn a_day_depends_on_its_generator_alone() {
        let model = model("");
        let day = |seed| generate(DayClass::Scattered, &model, seed);
        assert!(day(5) == day(5) && day(5) != day(6));
    }

    #[test]
    fn shadows_take_the_share_of_time_that_the_cloud_fraction_says() {
        let model = model("afternoon_cloud_rise = 0.0\nsun_kc_deviation = 0.0\nedge_probability = 0.0");
        for class in DayClass::ALL {
            let law = model.of(class);
            let cloud_fraction = law.cloud_fraction[0] / (law.cloud_fraction[0] + law.cloud_fraction[1]);
            let shadow_kc = (law.shadow_kc[0] + law.shadow_kc[1]) / 2.0;
            let expected = 1.0 - cloud_fraction * (1.0 - shadow_kc);
            let mean = mean_kc(&days(class, &model, 400), 0..1440);
            assert!((mean - expected).abs() < 0.02, "{class:?}: {mean}, {expected}");
        }
    }

    #[test]
    fn scattered_minutes_have_two_humps_and_bright_edges() {
        let minutes: Vec<f32> = days(DayClass::Scattered, &model(""), 100).iter().flat_map(|day| day.kc).collect();
        let share = |from: f32, to: f32| {
            let inside = minutes.iter().filter(|kc| (from..to).contains(*kc));
            inside.count() as f64 / minutes.len() as f64
        };
        assert!(share(0.25, 0.65) > 2.0 * share(0.65, 0.9), "shadow hump");
        assert!(share(0.9, 1.15) > 2.0 * share(0.65, 0.9), "sun hump");
        assert!((0.01..0.05).contains(&share(1.1, 1.3)), "edges");
        assert!(minutes.iter().all(|kc| (0.2..1.25).contains(kc)));
    }

    #[test]
    fn afternoons_are_cloudier_than_mornings() {
        let days = days(DayClass::Scattered, &model(""), 300);
        let mean = |from_hour: usize, to_hour: usize| mean_kc(&days, from_hour * 60..to_hour * 60);
        assert!(mean(13, 16) < mean(7, 10) - 0.03);
    }

    #[test]
    fn a_default_year_lets_through_a_plausible_share_of_the_clear_sky() {
        let (model, u) = (model(""), day_draw(1));
        let day = |day| generate(model.day_class(&u, day), &model, day as u64);
        let mean = mean_kc(&(0..365).map(day).collect::<Vec<_>>(), 420..1020);
        assert!((0.70..0.88).contains(&mean), "{mean}");
    }

    #[test]
    fn a_scenario_can_make_all_days_of_one_class() {
        let model = model("day_class = \"overcast\"");
        assert!((0..100).all(|day| model.day_class(day_draw(1), day) == DayClass::Overcast));
    }

    #[test]
    fn clouds_pass_places_downwind_later_and_places_abreast_at_once() {
        let model = model("across_wind_km = 4.8");
        // 4.8 km to the west-south-west at 8 m/s is ten minutes.
        let (east, north) = libm::sincos(67.5_f64.to_radians());
        let downwind = [-4800.0 * east, -4800.0 * north];
        assert!((model.delay_min(downwind[0], downwind[1]) - 10.0).abs() < 1e-12);
        assert!(model.bands_across(downwind[0], downwind[1]).abs() < 1e-12);
        let abreast = [4800.0 * north, -4800.0 * east];
        assert!(model.delay_min(abreast[0], abreast[1]).abs() < 1e-12);
        assert!((model.bands_across(abreast[0], abreast[1]) - 1.0).abs() < 1e-12);
        let day = generate(DayClass::Scattered, &model, 2);
        assert_eq!(day.kc_at(610, 10), f64::from(day.kc[600]));
        assert_eq!(day.kc_at(5, 10), f64::from(day.kc[0]));
        assert_eq!(day.kc_at(1435, -10), f64::from(day.kc[1439]));
    }

    #[test]
    fn draws_have_the_mean_and_spread_of_their_laws() {
        fn assert_law(draw: impl FnMut() -> f64, mean: f64, variance: f64) {
            let draws: Vec<f64> = std::iter::repeat_with(draw).take(40_000).collect();
            let seen = draws.iter().sum::<f64>() / 40_000.0;
            let spread = draws.iter().map(|x| (x - seen) * (x - seen)).sum::<f64>() / 40_000.0;
            let mean_off = (seen - mean).abs() / variance.sqrt();
            let spread_off = (spread / variance - 1.0).abs();
            assert!(mean_off < 0.03 && spread_off < 0.05, "{seen}, {spread}");
        }
        let mut rng = rng(9);
        assert_law(|| uniform(&mut rng), 0.5, 1.0 / 12.0);
        assert_law(|| exponential(&mut rng), 1.0, 1.0);
        assert_law(|| bell(&mut rng), 0.0, 1.0);
        assert_law(|| beta(4, 7, &mut rng), 4.0 / 11.0, 28.0 / (121.0 * 12.0));
    }

    #[test]
    fn extreme_parameters_neither_hang_nor_leave_the_numbers() {
        let model = model(
            "rain_cloud_fraction = [64, 1]\nrain_shadow_mean_min = 0.25\nclear_cloud_fraction = [1, 64]\n\
             clear_shadow_mean_min = 1440\nedge_min = [0, 0]\nafternoon_cloud_rise = 1.0",
        );
        for class in [DayClass::Rain, DayClass::Clear] {
            let kc = days(class, &model, 20).into_iter().flat_map(|day| day.kc);
            assert!(kc.into_iter().all(|kc| (0.0..1.4).contains(&kc)));
        }
    }
}
