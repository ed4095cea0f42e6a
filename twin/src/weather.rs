//! The weather over the island: one sky per commune that needs one, on a grid of minutes.
//!
//! The clear sky is evaluated at nodes five minutes apart and interpolated; clouds come by the minute. Within a
//! minute irradiance and air are constant, so that ticks of any length see the same sun and the same loads.

use crate::physics::climate::mean_air_c;
use crate::physics::clouds::{CloudDay, CloudParams, beam_and_diffuse};
use crate::physics::sky::{ClearSky, Irradiance, MonthlyLinke, SkyNode, erbs};
use crate::physics::sun::{DELTA_T_S, Observer, SunVector, sun_position_fast};
use agents::draw::Draws;
use agents::series::Series;
use agents::{Calendar, Span, Time};
use rand::RngExt;
use rand_distr::StandardNormal;
use scenarios::{Measured, Plan, Quantity, communes};
use std::f64::consts::PI;

/// Distance of the instants at which the clear sky is evaluated.
const NODE_DISTANCE: Span = Span::from_minutes(5);
/// Mean length of a degree of latitude.
const METRES_PER_DEGREE: f64 = 111_195.0;
/// Standard deviation of a day's temperature around the mean day, K (assumption).
const TEMPERATURE_DEVIATION_K: f64 = 0.8;
/// Standard deviation of a day's wind relative to the mean day (assumption).
const WIND_DEVIATION: f64 = 0.25;

/// A stretch of an interval within which the weather is constant: at most a minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) start: Time,
    pub(crate) end: Time,
    pub(crate) hours: f64,
    /// Local day of its middle.
    pub(crate) day: i64,
    /// Local hours since midnight at its middle.
    pub(crate) hour_of_day: f64,
}

impl Step {
    fn new(start: Time, end: Time, calendar: Calendar) -> Self {
        let middle = start + Span((end - start).0 / 2);
        let (day, hour_of_day) = (calendar.day(middle), calendar.time_of_day(middle).hours());
        Self { start, end, hours: (end - start).hours(), day, hour_of_day }
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

/// What the sky over a commune gives during one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sky {
    pub(crate) irradiance: Irradiance,
    pub(crate) sun: SunVector,
}

/// The air over the island during one step.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Air {
    pub(crate) temperature_c: f64,
    pub(crate) wind_m_per_s: f64,
}

/// The weather of a run.
#[derive(Debug)]
pub(crate) struct Weather {
    calendar: Calendar,
    skies: Vec<CommuneSky>,
    station: usize,
    air: Vec<Air>,
    clouds: Clouds,
    days: DayDeviations,
    measured: Measured,
}

#[derive(Debug)]
struct CommuneSky {
    commune: usize,
    observer: Observer,
    /// How much later clouds pass here than at the station, min.
    delay_min: i32,
    clear: Option<(i64, ClearSky)>,
    nodes: Option<(Time, SkyNode, SkyNode)>,
    steps: Vec<Sky>,
}

#[derive(Debug)]
struct Clouds {
    params: CloudParams,
    class: Draws,
    field: Draws,
    day: Option<(i64, CloudDay)>,
}

#[derive(Debug)]
struct DayDeviations {
    draws: Draws,
    day: i64,
    /// Temperature and wind deviations at the midnights that begin and end the day, in standard deviations.
    nodes: [[f64; 2]; 2],
}

impl Weather {
    /// The weather of a plan, with a sky for each of `places` (indices of communes).
    pub(crate) fn new(plan: &Plan, places: impl IntoIterator<Item = usize>) -> Self {
        let params = CloudParams::default();
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
                delay_min: params.advection_delay_min(east_m, north_m).round() as i32,
                clear: None,
                nodes: None,
                steps: Vec::new(),
            }
        };
        let draws = |purpose| Draws::new(plan.seed, "weather", purpose);
        let skies: Vec<_> = wanted.into_iter().map(sky).collect();
        let station = skies.iter().position(|sky| sky.commune == plan.weather.station);
        Self {
            calendar: plan.calendar,
            station: station.expect("the station's commune is among those wanted"),
            skies,
            air: Vec::new(),
            clouds: Clouds { params, class: draws("day class"), field: draws("clouds"), day: None },
            days: DayDeviations { draws: draws("air"), day: i64::MIN, nodes: [[0.0; 2]; 2] },
            measured: plan.measured.clone(),
        }
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
            let air = self.days.air(step, self.calendar, &self.measured);
            self.air.push(air);
        }
        let irradiance = self.measured.get(Quantity::Irradiance);
        for sky in &mut self.skies {
            sky.steps.clear();
            for step in steps {
                let node = sky.node(step);
                let given = match irradiance {
                    Some(series) => measured_sky(series, step, &node),
                    None if node.clear.ghi > 0.0 => {
                        let kc = self.clouds.kc(self.calendar, step, sky.delay_min);
                        beam_and_diffuse(&node, kc)
                    }
                    None => node.clear,
                };
                sky.steps.push(Sky { irradiance: given, sun: node.sun });
            }
        }
    }
}

fn measured_sky(series: &Series, step: &Step, node: &SkyNode) -> Irradiance {
    let ghi = series.mean(step.start, step.end).expect("the plan checked that the series covers the run");
    if ghi <= 0.0 {
        return Irradiance { dni_extra: node.clear.dni_extra, ..Irradiance::default() };
    }
    let zenith_deg = libm::acos(node.sun.up.clamp(-1.0, 1.0)).to_degrees();
    erbs(ghi, zenith_deg, node.clear.dni_extra)
}

impl CommuneSky {
    /// The clear sky in the middle of the minute in which the step lies.
    fn node(&mut self, step: &Step) -> SkyNode {
        let from = step.start.floor(NODE_DISTANCE);
        if self.nodes.is_none_or(|(start, ..)| start != from) {
            let first = match self.nodes {
                Some((start, _, second)) if start + NODE_DISTANCE == from => second,
                _ => self.evaluate(from),
            };
            self.nodes = Some((from, first, self.evaluate(from + NODE_DISTANCE)));
        }
        let (start, first, second) = self.nodes.expect("just set");
        if first.clear.ghi == 0.0 && second.clear.ghi == 0.0 {
            return first;
        }
        let middle = step.start.floor(Span::MINUTE) + Span::from_s(30);
        first.between(&second, (middle - start).0 as f64 / NODE_DISTANCE.0 as f64)
    }

    fn evaluate(&mut self, time: Time) -> SkyNode {
        let utc_day = time.0.div_euclid(Span::DAY.0);
        let clear = match self.clear {
            Some((day, clear)) if day == utc_day => clear,
            _ => ClearSky::on_day(&self.observer, &MonthlyLinke::MARTINIQUE, time.unix_s()),
        };
        self.clear = Some((utc_day, clear));
        clear.node(&sun_position_fast(time.unix_s(), &self.observer, DELTA_T_S))
    }
}

impl Clouds {
    fn kc(&mut self, calendar: Calendar, step: &Step, delay_min: i32) -> f64 {
        let day = calendar.day(step.start);
        if self.day.as_ref().is_none_or(|(known, _)| *known != day) {
            let class = self.params.day_class(|day| self.class.at(day).random(), day);
            self.day = Some((day, CloudDay::generate(class, &self.params, &mut self.field.at(day))));
        }
        let (_, clouds) = self.day.as_ref().expect("just set");
        let minute = (calendar.time_of_day(step.start).0 / Span::MINUTE.0) as usize;
        clouds.kc_at(minute, delay_min)
    }
}

impl DayDeviations {
    fn air(&mut self, step: &Step, calendar: Calendar, measured: &Measured) -> Air {
        let given = |quantity| measured.get(quantity).and_then(|series: &Series| series.mean(step.start, step.end));
        let (temperature_c, wind_m_per_s) = (given(Quantity::Temperature), given(Quantity::WindSpeed));
        if let (Some(temperature_c), Some(wind_m_per_s)) = (temperature_c, wind_m_per_s) {
            return Air { temperature_c, wind_m_per_s };
        }
        let synthetic = self.synthetic_air(step, calendar);
        Air {
            temperature_c: temperature_c.unwrap_or(synthetic.temperature_c),
            wind_m_per_s: wind_m_per_s.unwrap_or(synthetic.wind_m_per_s),
        }
    }

    /// The mean day (the mean climate, 4 ± 2 m/s of wind with their peak at 14 h), plus the day's deviations, in the
    /// middle of the minute in which the step lies.
    fn synthetic_air(&mut self, step: &Step, calendar: Calendar) -> Air {
        if step.day != self.day {
            self.nodes = [step.day, step.day + 1].map(|day| {
                let mut draw = self.draws.at(day);
                std::array::from_fn(|_| draw.sample(StandardNormal))
            });
            self.day = step.day;
        }
        let hours = calendar.time_of_day(step.start.floor(Span::MINUTE) + Span::from_s(30)).hours();
        let deviation =
            |index: usize| self.nodes[0][index] + (self.nodes[1][index] - self.nodes[0][index]) * hours / 24.0;
        let temperature_c = mean_air_c(hours) + TEMPERATURE_DEVIATION_K * deviation(0);
        let wind_m_per_s = (4.0 + 2.0 * libm::sin((hours - 8.0) * PI / 12.0)) * (1.0 + WIND_DEVIATION * deviation(1));
        Air { temperature_c, wind_m_per_s: wind_m_per_s.max(0.0) }
    }
}
