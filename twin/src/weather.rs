//! The weather over the island: one sky per commune that needs one, on a grid of minutes.
//!
//! The clear sky is evaluated at nodes five minutes apart and interpolated; clouds come by the minute. Within a
//! minute irradiance and air are constant, so that ticks of any length see the same sun and the same loads.

mod air;
mod clouds;

pub(crate) use air::Air;

use self::air::AirModel;
use self::clouds::{CloudCover, Offset};
use crate::physics::clouds::beam_and_diffuse;
use crate::physics::sky::{ClearSky, Irradiance, MonthlyLinke, SkyNode, erbs};
use crate::physics::sun::{DELTA_T_S, Observer, SunVector, sun_position_fast};
use agents::act::HeldSignal;
use agents::reading::Signal;
use agents::series::Series;
use agents::{Calendar, Span, Time};
use scenarios::{Measured, Plan, Quantity, communes};

/// Distance of the instants at which the clear sky is evaluated.
const NODE_DISTANCE: Span = Span::from_minutes(5);
/// Mean length of a degree of latitude.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// A stretch of an interval within which the weather is constant: at most a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) hours: f64,
    /// Local day of the minute in which it lies.
    pub(crate) day: i64,
    /// Local hours since midnight in the middle of that minute: what depends on the hour is the same at any tick.
    pub(crate) hour_of_day: f64,
    /// Whether the local day is over at its end.
    pub(crate) ends_day: bool,
}

impl Step {
    fn new(start: Time, end: Time, calendar: Calendar) -> Self {
        let middle = start.floor(Span::MINUTE) + Span::from_s(30);
        let (day, hour_of_day) = (calendar.day(middle), calendar.time_of_day(middle).hours());
        let ends_day = calendar.time_of_day(end) == Span::ZERO;
        Self { start, end, hours: (end - start).hours(), day, hour_of_day, ends_day }
    }
}

/// Cuts `[start, end)` at full minutes.
pub(crate) fn cut_into_steps(start: Time, end: Time, calendar: Calendar, steps: &mut Vec<Step>) {
    steps.clear();
    let mut from = start;
    while from < end {
        let until = from.next_multiple(Span::MINUTE).min(end);
        steps.push(Step::new(from, until, calendar));
        from = until;
    }
}

/// Cuts the step in which `time` lies, so that one begins at it.
pub(crate) fn cut_at(steps: &mut Vec<Step>, time: Time) {
    let Some(index) = steps.iter().position(|step| step.start < time && time < step.end) else { return };
    let whole = steps[index];
    steps[index] = Step { end: time, hours: (time - whole.start).hours(), ends_day: false, ..whole };
    steps.insert(index + 1, Step { start: time, hours: (whole.end - time).hours(), ..whole });
}

/// The mean of a measured series over the full minute in which a step lies, as far as the series goes: the same in each
/// step of a minute, so that what depends on it in curves and thresholds does not depend on the tick.
pub(crate) fn mean_of_minute(series: &Series, step: &Step) -> f64 {
    let minute = step.start.floor(Span::MINUTE);
    let (from, until) = (minute.max(series.start), (minute + Span::MINUTE).min(series.end()));
    series.mean(from, until).expect("the plan checked that the series covers the run")
}

/// What the sky over a commune gives during one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sky {
    pub(crate) irradiance: Irradiance,
    pub(crate) sun: SunVector,
}

/// The weather of a run.
#[derive(Debug)]
pub(crate) struct Weather {
    calendar: Calendar,
    skies: Vec<CommuneSky>,
    station: usize,
    air: Vec<Air>,
    clouds: CloudCover,
    air_model: AirModel,
    linke: MonthlyLinke,
    measured: Measured,
    /// What somebody holds of it, in the order of [`Signal::ALL`].
    held: Vec<HeldSignal>,
}

#[derive(Debug)]
struct CommuneSky {
    commune: usize,
    observer: Observer,
    /// Where it lies in the field of clouds, seen from the station.
    offset: Offset,
    clear: Option<(i64, ClearSky)>,
    nodes: Option<(Time, SkyNode, SkyNode)>,
    steps: Vec<Sky>,
}

impl Weather {
    /// The weather of a plan, with a sky for each of `places` (indices of communes).
    pub(crate) fn new(plan: &Plan, places: impl IntoIterator<Item = usize>) -> Self {
        let clouds = CloudCover::new(plan.seed, &plan.weather.clouds);
        let station = &communes()[plan.weather.station];
        let mut wanted: Vec<usize> = places.into_iter().chain([plan.weather.station]).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let sky = |commune: usize| {
            let place = &communes()[commune];
            let north_m = (place.lat_deg - station.lat_deg) * METRES_PER_DEGREE;
            let east_m =
                (place.lon_deg - station.lon_deg) * METRES_PER_DEGREE * libm::cos(station.lat_deg.to_radians());
            CommuneSky {
                commune,
                observer: Observer::new(place.lat_deg, place.lon_deg, plan.weather.altitude_m),
                offset: clouds.offset(east_m, north_m),
                clear: None,
                nodes: None,
                steps: Vec::new(),
            }
        };
        let skies: Vec<_> = wanted.into_iter().map(sky).collect();
        let station = skies.iter().position(|sky| sky.commune == plan.weather.station);
        Self {
            calendar: plan.calendar,
            station: station.expect("the station's commune is among those wanted"),
            skies,
            air: Vec::new(),
            clouds,
            air_model: AirModel::new(plan.seed, &plan.weather.air),
            linke: MonthlyLinke(plan.weather.air.linke),
            measured: plan.measured.clone(),
            held: Vec::new(),
        }
    }

    /// Holds a signal of the weather, or lets it go.
    pub(crate) fn hold(&mut self, held: &HeldSignal) {
        self.held.retain(|other| other.signal != held.signal);
        if held.value.is_some() {
            self.held.push(*held);
            self.held.sort_by_key(|held| held.signal);
        }
    }

    /// What is held of it.
    pub(crate) fn held(&self) -> &[HeldSignal] {
        &self.held
    }

    /// Forgets what is held no more in a step that begins at `start` or later, and cuts steps where that ends.
    pub(crate) fn cut(&mut self, start: Time, steps: &mut Vec<Step>) {
        self.held.retain(|held| held.until.is_none_or(|until| start < until));
        self.held.iter().filter_map(|held| held.until).for_each(|until| cut_at(steps, until));
    }

    fn held_at(&self, signal: Signal, time: Time) -> Option<f64> {
        let is_meant = |held: &&HeldSignal| held.signal == signal && held.until.is_none_or(|until| time < until);
        self.held.iter().find(is_meant)?.value
    }

    /// The index of the sky over a commune that was asked for in [`Weather::new`].
    pub(crate) fn sky_over(&self, commune: usize) -> usize {
        let found = self.skies.iter().position(|sky| sky.commune == commune);
        found.expect("a sky was made for every commune with a PV plant")
    }

    /// What the sky `index` gives in each step.
    pub(crate) fn sky(&self, index: usize) -> &[Sky] {
        &self.skies[index].steps
    }

    /// The commune of each sky, by the index of the sky.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        self.skies.iter().map(|sky| sky.commune)
    }

    /// What the sky over the station gives in each step.
    pub(crate) fn station_sky(&self) -> &[Sky] {
        &self.skies[self.station].steps
    }

    /// The air in each step.
    pub(crate) fn air(&self) -> &[Air] {
        &self.air
    }

    /// Mean irradiance at the station, temperature and wind over the steps.
    pub(crate) fn means(&self, steps: &[Step]) -> [f64; 3] {
        let mut sums = [0.0; 3];
        let mut hours = 0.0;
        for ((step, sky), air) in steps.iter().zip(&self.skies[self.station].steps).zip(&self.air) {
            hours += step.hours;
            let values = [sky.irradiance.ghi, air.temperature_c, air.wind_m_per_s];
            for (sum, value) in sums.iter_mut().zip(values) {
                *sum += value * step.hours;
            }
        }
        sums.map(|sum| sum / hours)
    }

    /// Makes the weather of the coming steps.
    pub(crate) fn advance(&mut self, steps: &[Step]) {
        self.air.clear();
        for step in steps {
            self.air.push(self.air_model.air(step, &self.measured));
        }
        if !self.held.is_empty() {
            self.hold_the_air(steps);
        }
        let irradiance = self.measured.get(Quantity::Irradiance);
        let is_held = !self.held.is_empty();
        let held: Vec<_> =
            steps.iter().filter(|_| is_held).map(|step| self.held_at(Signal::Irradiance, step.start)).collect();
        for sky in &mut self.skies {
            sky.steps.clear();
            for (index, step) in steps.iter().enumerate() {
                let node = sky.node(step, &self.linke);
                let known = held.get(index).copied().flatten();
                let known = known.or_else(|| irradiance.map(|series| mean_of_minute(series, step)));
                let given = match known {
                    Some(ghi) => sky_under(ghi, &node),
                    None if node.clear.ghi > 0.0 => {
                        let kc = self.clouds.kc(self.calendar, step, sky.offset);
                        beam_and_diffuse(&node, kc)
                    }
                    None => node.clear,
                };
                sky.steps.push(Sky { irradiance: given, sun: node.sun });
            }
        }
    }
}

impl Weather {
    fn hold_the_air(&mut self, steps: &[Step]) {
        for (index, step) in steps.iter().enumerate() {
            let [temperature_c, wind_m_per_s] =
                [Signal::Temperature, Signal::WindSpeed].map(|signal| self.held_at(signal, step.start));
            let air = &mut self.air[index];
            air.temperature_c = temperature_c.unwrap_or(air.temperature_c);
            air.wind_m_per_s = wind_m_per_s.unwrap_or(air.wind_m_per_s);
        }
    }
}

/// The sky of which only the global irradiance is known.
fn sky_under(ghi: f64, node: &SkyNode) -> Irradiance {
    if ghi <= 0.0 {
        return Irradiance { dni_extra: node.clear.dni_extra, ..Irradiance::default() };
    }
    let zenith_deg = libm::acos(node.sun.up.clamp(-1.0, 1.0)).to_degrees();
    erbs(ghi, zenith_deg, node.clear.dni_extra)
}

impl CommuneSky {
    /// The clear sky in the middle of the minute in which the step lies.
    fn node(&mut self, step: &Step, linke: &MonthlyLinke) -> SkyNode {
        let from = step.start.floor(NODE_DISTANCE);
        if self.nodes.is_none_or(|(start, ..)| start != from) {
            let first = match self.nodes {
                Some((start, _, second)) if start + NODE_DISTANCE == from => second,
                _ => self.evaluate(from, linke),
            };
            self.nodes = Some((from, first, self.evaluate(from + NODE_DISTANCE, linke)));
        }
        let (start, first, second) = self.nodes.expect("just set");
        if first.clear.ghi == 0.0 && second.clear.ghi == 0.0 {
            return first;
        }
        let middle = step.start.floor(Span::MINUTE) + Span::from_s(30);
        first.between(&second, (middle - start).0 as f64 / NODE_DISTANCE.0 as f64)
    }

    fn evaluate(&mut self, time: Time, linke: &MonthlyLinke) -> SkyNode {
        let utc_day = time.0.div_euclid(Span::DAY.0);
        let clear = match self.clear {
            Some((day, clear)) if day == utc_day => clear,
            _ => ClearSky::on_day(&self.observer, linke, time.unix_s()),
        };
        self.clear = Some((utc_day, clear));
        clear.node(&sun_position_fast(time.unix_s(), &self.observer, DELTA_T_S))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::Scenario;
    use std::path::Path;

    /// A plan of a March week in minutes under these clouds, with a sky over Ducos.
    fn weather(clouds: &str) -> (Weather, Plan) {
        let text = "version = 2\nname = \"sky\"\n[run]\nstart = \"2026-03-20\"\nduration = \"7d\"\n";
        let scenario = Scenario::parse(text, Path::new("sky.toml")).expect("readable");
        let mut plan = scenario.resolve(&[]).expect("valid");
        plan.weather.clouds = scenarios::CloudParameters::from_toml(clouds).expect("readable");
        (Weather::new(&plan, [plan.weather.station]), plan)
    }

    fn steps(plan: &Plan, from: Time, until: Time) -> Vec<Step> {
        let mut steps = Vec::new();
        cut_into_steps(from, until, plan.calendar, &mut steps);
        steps
    }

    #[test]
    fn a_clear_sky_index_of_one_gives_the_clear_sky_of_every_minute_exactly() {
        let cloudless = "day_class = \"clear\"\nclear_shadow_kc = [1, 1]\nsun_kc_deviation = 0\nedge_kc = [1, 1]";
        let (mut weather, plan) = weather(cloudless);
        let steps = steps(&plan, plan.start, plan.start + Span::DAY);
        weather.advance(&steps);
        let mut clear = self::weather(cloudless).0.skies.remove(0);
        let linke = MonthlyLinke(plan.weather.air.linke);
        let mut lit = 0;
        for (step, sky) in steps.iter().zip(weather.sky(0)) {
            let node = clear.node(step, &linke);
            assert_eq!((sky.irradiance, sky.sun), (node.clear, node.sun), "{}", step.start);
            lit += u32::from(sky.irradiance.ghi > 0.0);
        }
        assert!((700..760).contains(&lit), "{lit} minutes of light");
    }

    #[test]
    fn held_weather_takes_the_place_of_the_models_until_its_end() {
        let (mut weather, plan) = weather("");
        let from = plan.start + Span::from_hours(12.0);
        let until = Some(from + Span::from_s(150));
        for (signal, value) in [(Signal::Irradiance, 321.0), (Signal::Temperature, -3.0)] {
            weather.hold(&HeldSignal { signal, value: Some(value), until });
        }
        let mut steps = steps(&plan, from, from + Span::from_minutes(4));
        weather.cut(from, &mut steps);
        assert_eq!(
            steps.iter().map(|step| (step.end - step.start).seconds()).collect::<Vec<_>>(),
            [60.0, 60.0, 30.0, 30.0, 60.0]
        );
        weather.advance(&steps);
        let is_held: Vec<_> = weather.sky(0).iter().map(|sky| sky.irradiance.ghi == 321.0).collect();
        assert_eq!(is_held, [true, true, true, false, false]);
        let is_cold: Vec<_> = weather.air().iter().map(|air| air.temperature_c == -3.0).collect();
        assert_eq!(is_cold, is_held);
        weather.cut(from + Span::from_minutes(4), &mut Vec::new());
        assert_eq!(weather.held(), []);
    }

    #[test]
    fn seconds_and_quarter_hours_see_the_same_sky() {
        let (mut by_quarter, plan) = weather("day_class = \"scattered\"");
        let (mut by_second, _) = weather("day_class = \"scattered\"");
        let from = plan.start + Span::from_hours(10.0);
        by_quarter.advance(&steps(&plan, from, from + Span::from_minutes(15)));
        let expected: Vec<Sky> = by_quarter.sky(0).to_vec();
        for second in 0..900 {
            let start = from + Span::from_s(second);
            by_second.advance(&steps(&plan, start, start + Span::from_s(1)));
            assert_eq!(by_second.sky(0)[0].irradiance, expected[second as usize / 60].irradiance, "second {second}");
        }
    }
}
