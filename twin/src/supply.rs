//! The supply of the island in a run: minutes are collected until a market slot is over, then it is worked out who gave
//! how much.
//!
//! This is accounting after the fact. The operator's forecast of a slot is what came, with an error; nothing of it comes
//! back to participants, bodies or meters, so that no one can act on what is yet to come.

use crate::physics::pv::PvArray;
use crate::physics::sky::Irradiance;
use crate::physics::supply::{Dispatch, Minute, PowerPlants, Units, WindFarm};
use crate::weather::{Sky, Step, Weather};
use agents::draw::Draws;
use agents::reading::{Source, SupplyReading, round_mass_kg, round_power_kw, round_ratio};
use agents::{Slot, Span, Time};
use rand::RngExt;
use rand_distr::StandardNormal;
use scenarios::{Plan, PvParameters, communes};
use serde::{Deserialize, Serialize};

/// After this many correlation times an error is forgotten: exp(−20) is 2e-9.
const MEMORY: f64 = 20.0;

/// Who supplies the island.
#[derive(Debug)]
pub(crate) struct Supply {
    biomass_kw: f64,
    farm: WindFarm,
    /// An array of 1 kW of peak power, and how many of them there are.
    array: PvArray,
    arrays: f64,
    /// The share of them under each sky of the weather.
    shares: Vec<f64>,
    plants: PowerPlants,
    error_share: f64,
    error: ForecastError,
    slot: Span,
    /// Nothing is gathered before this instant.
    since: Time,
    gathered: Gathered,
    readings: Vec<SupplyReading>,
}

/// What has come about in the supply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SupplyState {
    since: Time,
    gathered: Gathered,
    /// The number of the last slot that was settled, and the forecast's error in it.
    last_error: Option<(i64, f64)>,
}

/// What the present slot has seen so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Gathered {
    /// The minutes of the slot by their beginning: their mean powers, and how long they are, in hours.
    minutes: Vec<(Time, Minute, f64)>,
    /// What the meter of the island counted, and what the PV plants of the sites gave.
    net_kwh: f64,
    sites_pv_kwh: f64,
    hours: f64,
}

impl Supply {
    /// The supply of a plan that has one.
    pub(crate) fn of(plan: &Plan, weather: &Weather) -> Option<Self> {
        let of = plan.supply.as_ref()?;
        let plant = PvParameters::from_toml("peak_kw = 1.0").expect("all else has its default");
        Some(Self {
            biomass_kw: of.biomass_mw * 1000.0,
            farm: WindFarm::new(of),
            array: PvArray::new(&plant),
            arrays: of.pv_mw * 1000.0,
            shares: shares(weather),
            plants: PowerPlants::new(of),
            error_share: of.forecast_error_share,
            error: ForecastError::new(plan.seed, of.forecast_correlation_h, plan.slot),
            slot: plan.slot,
            since: plan.start,
            gathered: Gathered::default(),
            readings: Vec::new(),
        })
    }

    /// What has come about.
    pub(crate) fn state(&self) -> SupplyState {
        SupplyState { since: self.since, gathered: self.gathered.clone(), last_error: self.error.last }
    }

    /// Goes on at `now` from `state`; without one it begins with the next slot, for of a part of a slot nothing can be
    /// said.
    pub(crate) fn resume(&mut self, now: Time, state: Option<&SupplyState>) {
        match state {
            Some(SupplyState { since, gathered, last_error }) => {
                (self.since, self.error.last) = (*since, *last_error);
                self.gathered.clone_from(gathered);
            }
            None => self.since = (now - Span(1)).next_multiple(self.slot),
        }
    }

    /// One reading per source if a slot has ended with the last interval.
    pub(crate) fn readings(&self) -> &[SupplyReading] {
        &self.readings
    }

    /// Takes an interval: what the island's sites took in each step, and the mean power their PV plants gave.
    pub(crate) fn advance(&mut self, steps: &[Step], weather: &Weather, island_kw: &[f64], sites_pv_kw: f64) {
        self.readings.clear();
        if steps.first().is_none_or(|step| step.start < self.since) {
            return;
        }
        for (index, (step, air)) in steps.iter().zip(weather.air()).enumerate() {
            let minute = Minute {
                net_kw: island_kw[index],
                biomass_kw: self.biomass_kw,
                wind_kw: self.farm.power_kw(air.wind_m_per_s),
                pv_kw: self.pv_kw(weather, index, air.temperature_c, air.wind_m_per_s),
            };
            self.gathered.add(step, &minute, sites_pv_kw);
        }
        let end = steps.last().map_or(Time(0), |step| step.end);
        if end == end.floor(self.slot) {
            self.settle(Slot::containing(end - Span(1), self.slot));
            self.gathered.clear();
        }
    }

    /// One large array under the light of all skies together.
    fn pv_kw(&self, weather: &Weather, step: usize, air_c: f64, wind_m_per_s: f64) -> f64 {
        let Sky { irradiance: Irradiance { dni_extra, .. }, sun } = weather.station_sky()[step];
        let mut mean = Irradiance { dni_extra, ..Irradiance::default() };
        for (index, share) in self.shares.iter().enumerate() {
            let Irradiance { ghi, dni, dhi, .. } = weather.sky(index)[step].irradiance;
            mean.ghi += share * ghi;
            mean.dni += share * dni;
            mean.dhi += share * dhi;
        }
        if mean.ghi > 0.0 { self.arrays * self.array.ac_power_kw(&mean, &sun, air_c, wind_m_per_s) } else { 0.0 }
    }

    /// Works out who gave how much in a slot that is over.
    fn settle(&mut self, slot: Slot) {
        let Gathered { minutes, net_kwh, sites_pv_kwh, hours } = &self.gathered;
        let mut asked = Minute::default();
        for (_, minute, h) in minutes {
            asked.add(minute, h / hours);
        }
        let deviation_kw = self.error_share * (asked.pv_kw + sites_pv_kwh / hours);
        let forecast_kw = asked.residual_kw() + deviation_kw * self.error.at(slot);
        let engines_online = self.plants.commit(forecast_kw, deviation_kw);
        let mut given = Dispatch::default();
        for (_, minute, h) in minutes {
            given.add(&self.plants.dispatch(engines_online, minute), h / hours);
        }
        assert_balanced(&given, net_kwh / hours, &asked);
        self.readings.extend(readings(slot, &self.plants, &asked, &given, engines_online));
    }
}

/// Checks that the sources give what the meter of the island shows.
fn assert_balanced(given: &Dispatch, island_kw: f64, asked: &Minute) {
    let produced_kw = given.biomass_kw + given.wind_kw + given.pv_kw + given.engines_kw + given.turbines_kw;
    let supplied_kw = produced_kw + given.unserved_kw - given.surplus_kw;
    let gross_kw = 1.0 + island_kw.abs() + asked.biomass_kw + asked.wind_kw + asked.pv_kw + produced_kw;
    assert!(
        (supplied_kw - island_kw).abs() <= 1e-9 * gross_kw,
        "sources give {supplied_kw} kW, the meter shows {island_kw} kW"
    );
}

/// The means of a slot as they are shown.
fn readings(
    slot: Slot,
    plants: &PowerPlants,
    asked: &Minute,
    given: &Dispatch,
    engines_online: f64,
) -> [SupplyReading; Source::ALL.len()] {
    let reading = |source, power_kw: f64, available_kw: f64| SupplyReading {
        slot,
        source,
        power_kw: round_power_kw(-power_kw),
        curtailed_kw: round_power_kw(available_kw - power_kw),
        units_online: None,
        fuel_kg: None,
        co2_kg: None,
    };
    let burning = |source, units: &Units, power_kw: f64, online: f64| {
        let hours = slot.length.hours();
        let fuel_kg = units.fuel_kg(online * hours, power_kw * hours);
        SupplyReading {
            units_online: Some(round_ratio(online)),
            fuel_kg: Some(round_mass_kg(fuel_kg)),
            co2_kg: Some(round_mass_kg(units.co2_kg(fuel_kg))),
            ..reading(source, power_kw, power_kw)
        }
    };
    [
        reading(Source::Biomass, given.biomass_kw, asked.biomass_kw),
        reading(Source::Wind, given.wind_kw, asked.wind_kw),
        reading(Source::Pv, given.pv_kw, asked.pv_kw),
        burning(Source::Engines, &plants.engines, given.engines_kw, engines_online),
        burning(Source::Turbines, &plants.turbines, given.turbines_kw, given.turbines_online),
        reading(Source::Unserved, given.unserved_kw, given.unserved_kw),
        reading(Source::Surplus, -given.surplus_kw, -given.surplus_kw),
    ]
}

impl Gathered {
    /// Takes a step. Steps of one minute become one: what happens within it does not depend on the tick.
    fn add(&mut self, step: &Step, powers: &Minute, sites_pv_kw: f64) {
        let since = step.start.floor(Span::MINUTE);
        match self.minutes.last_mut() {
            Some((known, mean, hours)) if *known == since => {
                *hours += step.hours;
                mean.approach(powers, step.hours / *hours);
            }
            _ => self.minutes.push((since, *powers, step.hours)),
        }
        self.net_kwh += powers.net_kw * step.hours;
        self.sites_pv_kwh += sites_pv_kw * step.hours;
        self.hours += step.hours;
    }

    fn clear(&mut self) {
        self.minutes.clear();
        (self.net_kwh, self.sites_pv_kwh, self.hours) = (0.0, 0.0, 0.0);
    }
}

/// The error of the operator's forecast, in standard deviations: drawn for each slot, and keeping a part of the error of
/// the slot before (an AR(1) process), which makes it a function of seed and slot alone but for what is long forgotten.
#[derive(Debug)]
struct ForecastError {
    draws: Draws,
    /// What is kept of the error of the slot before.
    kept: f64,
    fresh: f64,
    memory: i64,
    last: Option<(i64, f64)>,
}

impl ForecastError {
    fn new(seed: u64, correlation_h: f64, slot: Span) -> Self {
        let kept = libm::exp(-slot.hours() / correlation_h);
        Self {
            draws: Draws::new(seed, "supply", "forecast error"),
            kept,
            fresh: libm::sqrt(1.0 - kept * kept),
            memory: (MEMORY * correlation_h / slot.hours()).ceil() as i64,
            last: None,
        }
    }

    fn at(&mut self, slot: Slot) -> f64 {
        let index = slot.start.0.div_euclid(slot.length.0);
        let (mut known, mut error) = match self.last {
            Some((last, error)) if last < index => (last, error),
            _ => (index - self.memory - 1, 0.0),
        };
        while known < index {
            known += 1;
            let drawn: f64 = self.draws.at(known).sample(StandardNormal);
            error = self.kept * error + self.fresh * drawn;
        }
        self.last = Some((index, error));
        error
    }
}

/// Which share of the island's people lives nearest to the place of each sky: a flat map will do for that.
fn shares(weather: &Weather) -> Vec<f64> {
    let places: Vec<usize> = weather.places().collect();
    let mut people = vec![0.0; places.len()];
    for home in communes() {
        let distance = |place: usize| {
            let place = &communes()[place];
            let north_deg = place.lat_deg - home.lat_deg;
            let east_deg = (place.lon_deg - home.lon_deg) * libm::cos(home.lat_deg.to_radians());
            north_deg * north_deg + east_deg * east_deg
        };
        let by_distance = |a: &usize, b: &usize| distance(places[*a]).total_cmp(&distance(places[*b]));
        let nearest = (0..places.len()).min_by(by_distance).expect("there is a sky over the station");
        people[nearest] += f64::from(home.population);
    }
    let all: f64 = people.iter().sum();
    people.into_iter().map(|people| people / all).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(seed: u64, correlation_h: f64, slots: std::ops::Range<i64>) -> Vec<f64> {
        let length = Span::from_minutes(15);
        let mut error = ForecastError::new(seed, correlation_h, length);
        slots.map(|index| error.at(Slot { start: Time(length.0 * index), length })).collect()
    }

    #[test]
    fn errors_of_a_forecast_have_the_deviation_and_the_correlation_they_promise() {
        let errors = errors(3, 1.0, 0..40_000);
        let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / errors.len() as f64;
        let square = mean(&mut errors.iter().map(|error| error * error));
        assert!(mean(&mut errors.iter().copied()).abs() < 0.05 && (square - 1.0).abs() < 0.05, "{square}");
        for (slots, expected) in [(1, -0.25_f64), (4, -1.0), (16, -4.0)] {
            let together = mean(&mut errors.iter().zip(&errors[slots..]).map(|(a, b)| a * b)) / square;
            assert!((together - expected.exp()).abs() < 0.03, "{slots} slots apart: {together}");
        }
    }

    #[test]
    fn an_error_is_that_of_its_slot_wherever_the_run_began() {
        let (early, late) = (errors(7, 2.0, 1000..1100), errors(7, 2.0, 1090..1100));
        for (a, b) in early[90..].iter().zip(&late) {
            assert!((a - b).abs() < 1e-7, "{a} and {b}");
        }
        assert!((errors(8, 2.0, 1000..1001)[0] - early[0]).abs() > 1e-3, "another seed, another error");
    }

    #[test]
    fn steps_of_a_minute_become_one_and_the_slot_keeps_its_energy() {
        let mut gathered = Gathered::default();
        let mut steps = Vec::new();
        let power = |net_kw| Minute { net_kw, ..Minute::default() };
        for second in 0..120 {
            let start = Time(second * 1000);
            crate::weather::cut_into_steps(start, start + Span::from_s(1), agents::Calendar::default(), &mut steps);
            gathered.add(&steps[0], &power(second as f64), 2.0);
        }
        let [(_, first, h), (_, second, _)] = gathered.minutes[..] else { panic!("{:?}", gathered.minutes) };
        let close = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
        assert!(close(first.net_kw, 29.5) && close(second.net_kw, 89.5) && close(h, 1.0 / 60.0));
        assert!(close(gathered.net_kwh, 59.5 / 30.0) && close(gathered.sites_pv_kwh, 2.0 / 30.0));
    }
}
