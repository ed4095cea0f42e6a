//! A household, appliance by appliance, in steps of a minute.
//!
//! What people do on a day is drawn when the day begins: a session of lighting and television, a night's air
//! conditioning, the water heater, and starts by chance of cooking, washing machine and other appliances. Compressors run
//! in cycles whose share of on-time follows the outdoor temperature. Within a minute power is constant, so that ticks of
//! any length see the same household.

use super::routine::{Appliance, HouseholdExpectation, Routine};
use crate::physics::usage::Use;
use agents::Calendar;
use agents::draw::Draws;
use rand::RngExt;
use scenarios::HouseholdParameters;

/// Minutes of a day.
const DAY_MIN: u16 = 1440;
/// Streams of draws set aside for each day.
const STREAMS_PER_DAY: i64 = 8;

/// A use of an appliance, in whole minutes after the present day's midnight; ends may lie on later days.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Event {
    from_min: u16,
    until_min: u16,
    appliance: Appliance,
}

/// A household in the midst of its day.
#[derive(Clone, Debug)]
pub struct Household {
    routine: Routine,
    draws: Draws,
    day: i64,
    events: Vec<Event>,
    /// The minutes of the day during which no event begins or ends, and what events take then.
    quiet_from_min: u16,
    quiet_until_min: u16,
    steady_kw: f32,
    /// Of air conditioning that is on, while its compressor runs.
    cooling_kw: f32,
}

impl Household {
    /// The household called `id` under `seed`, with what it happens to own.
    pub fn new(parameters: &HouseholdParameters, seed: u64, id: &str) -> Self {
        let mut routine = Routine::of(parameters);
        let mut generator = Draws::new(seed, id, "appliances").at(0);
        let [cooling, heater, off_peak, refrigerator_phase, cooling_phase]: [f64; 5] =
            std::array::from_fn(|_| generator.random());
        let owns = |draw: f64, probability: f64| f64::from(u8::from(draw < probability));
        routine.nights = (owns(cooling, parameters.air_conditioning) * parameters.air_conditioning_nights) as f32;
        let (heater, off_peak) =
            (owns(heater, parameters.water_heater), owns(off_peak, parameters.water_heater_off_peak));
        routine.heater = [heater * off_peak, heater * (1.0 - off_peak)].map(|share| share as f32);
        routine.refrigerator = routine.refrigerator.with_phase(refrigerator_phase);
        routine.cooling = routine.cooling.with_phase(cooling_phase);
        Self {
            routine,
            draws: Draws::new(seed, id, "appliance use"),
            day: i64::MIN,
            events: Vec::new(),
            quiet_from_min: 0,
            quiet_until_min: 0,
            steady_kw: 0.0,
            cooling_kw: 0.0,
        }
    }

    /// What this household, with what it owns, is expected to take.
    pub fn expectation(&self) -> HouseholdExpectation {
        HouseholdExpectation::new(self.routine.clone())
    }

    /// Power during minute `minute` (0-1439) of local day `day`, when the air has `air_c` degrees.
    ///
    /// A function of its arguments alone, whatever was asked before.
    pub fn power_kw(&mut self, day: i64, minute: u16, air_c: f64) -> f64 {
        if day != self.day {
            self.begin_day(day);
        }
        if !(self.quiet_from_min..self.quiet_until_min).contains(&minute) {
            self.sum_events(minute);
        }
        let routine = &self.routine;
        let since_1970 = (day * i64::from(DAY_MIN) + i64::from(minute)) as u64;
        let mut power_kw = f64::from(routine.base_kw) + f64::from(self.steady_kw);
        let refrigerator = routine.refrigerator.on(since_1970, routine.refrigerator_duty(air_c));
        power_kw += f64::from(routine.refrigerator_kw) * refrigerator;
        if self.cooling_kw > 0.0 {
            power_kw += f64::from(self.cooling_kw) * routine.cooling.on(since_1970, routine.cooling_duty(air_c));
        }
        power_kw
    }

    fn begin_day(&mut self, day: i64) {
        if self.day.checked_add(1) == Some(day) {
            self.carry_over();
        } else {
            // No use lasts beyond the second day after its own.
            self.events.clear();
            for earlier in [day - 2, day - 1] {
                self.draw_events(earlier);
                self.carry_over();
            }
        }
        self.draw_events(day);
        self.day = day;
        (self.quiet_from_min, self.quiet_until_min) = (0, 0);
    }

    /// Keeps what goes on after midnight.
    fn carry_over(&mut self) {
        self.events.retain_mut(|event| {
            let goes_on = event.until_min > DAY_MIN;
            event.from_min = event.from_min.saturating_sub(DAY_MIN);
            event.until_min = event.until_min.saturating_sub(DAY_MIN);
            goes_on
        });
    }

    fn draw_events(&mut self, day: i64) {
        let Self { routine, draws, events, .. } = self;
        let stream = |appliance: Appliance| draws.at(day * STREAMS_PER_DAY + appliance as i64);
        let mut put = |appliance: Appliance, found: Use| {
            // Both ends cut down to whole minutes: on average the use is as long as it was.
            let [from_min, until_min] = [found.from_h, found.until_h].map(|hours| (hours * 60.0) as u16);
            if from_min < until_min {
                events.push(Event { from_min, until_min, appliance });
            }
        };
        if routine.power_kw(Appliance::Evening) > 0.0 {
            put(Appliance::Evening, routine.evening.draw(&mut stream(Appliance::Evening)));
        }
        if routine.nights > 0.0 {
            let mut generator = stream(Appliance::AirConditioning);
            if generator.random::<f32>() < routine.nights {
                put(Appliance::AirConditioning, routine.night.draw(&mut generator));
            }
        }
        let heats = |index: usize| routine.heater[index] > 0.0;
        if heats(0) || heats(1) {
            let mut generator = stream(Appliance::WaterHeater);
            let sessions = if heats(0) { std::slice::from_ref(&routine.off_peak) } else { &routine.showers[..] };
            sessions.iter().for_each(|session| put(Appliance::WaterHeater, session.draw(&mut generator)));
        }
        let factor = if Calendar::is_weekend(day) { routine.weekend_factor.into() } else { 1.0 };
        for (appliance, starts) in [
            (Appliance::Cooking, &routine.cooking),
            (Appliance::Washing, &routine.washing),
            (Appliance::Other, &routine.other),
        ] {
            starts.draw(factor, &mut stream(appliance), |found| put(appliance, found));
        }
    }

    /// Sums what events take at `minute`, and finds out until when that holds.
    fn sum_events(&mut self, minute: u16) {
        (self.quiet_from_min, self.quiet_until_min) = (minute, DAY_MIN);
        (self.steady_kw, self.cooling_kw) = (0.0, 0.0);
        for event in &self.events {
            if minute < event.from_min {
                self.quiet_until_min = self.quiet_until_min.min(event.from_min);
            } else if minute < event.until_min {
                self.quiet_until_min = self.quiet_until_min.min(event.until_min);
                let sum = match event.appliance {
                    Appliance::AirConditioning => &mut self.cooling_kw,
                    _ => &mut self.steady_kw,
                };
                *sum += self.routine.power_kw[event.appliance as usize];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::climate::mean_air_c;
    use crate::physics::expectation::{DayKind, Expected};

    /// A local day that was a Monday: 2024-10-07.
    const MONDAY: i64 = 20_003;
    /// No appliance but those a test adds.
    const NOTHING: &str = "base_kw = 0\nrefrigerator_kw = 0\nair_conditioning = 0\nwater_heater = 0\nevening_kw = 0\n\
                           cooking_kw = 0\nwashing_kw = 0\nother_kw = 0\n";

    fn parameters(text: &str) -> HouseholdParameters {
        HouseholdParameters::from_toml(text).expect(text)
    }

    /// A household with nothing but what `changes` says, each line of which replaces one of [`NOTHING`].
    fn only(changes: &str) -> Household {
        let is_changed =
            |line: &&str| !changes.lines().any(|change| change.split(' ').next() == line.split(' ').next());
        let rest: Vec<_> = NOTHING.lines().filter(is_changed).collect();
        Household::new(&parameters(&format!("{}\n{changes}", rest.join("\n"))), 1, "house")
    }

    fn fleet(count: usize, text: &str) -> Vec<Household> {
        let parameters = parameters(text);
        (0..count).map(|number| Household::new(&parameters, 7, &format!("house_{number:03}"))).collect()
    }

    /// Power in every minute of a day, `warmer` kelvin above the mean climate.
    fn day_kw(household: &mut Household, day: i64, warmer: f64) -> Vec<f64> {
        (0..DAY_MIN)
            .map(|minute| household.power_kw(day, minute, mean_air_c((f64::from(minute) + 0.5) / 60.0) + warmer))
            .collect()
    }

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    /// Asserts that `found` is `expected`, up to the 32 bits in which a household keeps its constants.
    #[track_caller]
    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found}, not {expected}");
    }

    #[test]
    fn a_refrigerator_runs_18_of_45_minutes_at_27_degrees_and_longer_when_it_is_warmer() {
        // 0.1 kW for 40 % of the time is 0.96 kWh a day: nothing needs scaling.
        let mut household = only("refrigerator_kw = 0.1\ndaily_kwh = 0.96");
        let mut minutes_on =
            |air_c: f64| (0..45).map(|m| household.power_kw(MONDAY, 600 + m, air_c) / 0.1).sum::<f64>();
        assert_close(minutes_on(27.0), 18.0);
        // 40 % + 3 · 1.2 %: 19 full minutes, and a part of one.
        assert_close(minutes_on(30.0), 0.436 * 45.0);
        assert_close(minutes_on(27.0 - 0.4 / 0.012), 0.0);
        let on: Vec<_> = (0..45).map(|m| household.power_kw(MONDAY, 600 + m, 30.0)).collect();
        assert_eq!(on.iter().filter(|kw| **kw > 0.0999).count(), 19);
    }

    #[test]
    fn air_conditioning_runs_by_the_outdoor_temperature_on_nights_it_is_used() {
        // On from 20:00 for 8 h, give or take a fifth: at 25 °C half of each cycle of 15 minutes.
        let mut household = only(
            "air_conditioning = 1\nair_conditioning_nights = 1\nair_conditioning_from_h = 20\n\
             air_conditioning_window_h = 0\nair_conditioning_hours = 8",
        );
        let full_kw = household.power_kw(MONDAY, 21 * 60, 40.0);
        let mut cycle = |minute: u16, air_c: f64| -> f64 {
            (0..15).map(|m| household.power_kw(MONDAY, minute + m, air_c) / full_kw).sum()
        };
        assert_close(cycle(21 * 60, 25.0), 7.5);
        assert_close(cycle(60, 23.0), 4.5);
        assert_close(cycle(21 * 60, 20.0), 0.0);
        assert_close(cycle(12 * 60, 40.0), 0.0);
        // What began in the evening goes on after midnight, and ends between 2:24 and 5:36.
        assert_close(cycle(120, 40.0), 15.0);
        assert_close(cycle(5 * 60 + 40, 40.0), 0.0);
        let expected = household.expectation().daily_kwh();
        assert_close(expected, 12.9);
    }

    #[test]
    fn off_peak_water_heaters_start_after_22h_and_take_their_energy() {
        let mut household = only("water_heater = 1\nwater_heater_off_peak = 1\ndaily_kwh = 3.3");
        let days: Vec<_> = (0..200).map(|day| day_kw(&mut household, MONDAY + day, 0.0)).collect();
        for day in &days {
            assert!(day[4 * 60..22 * 60].iter().all(|kw| *kw == 0.0));
            assert!(day[23 * 60 + 1] > 1.999);
        }
        let kwh = mean(&days.concat()) * 24.0;
        assert!((kwh - 3.3).abs() < 0.1, "{kwh}");
    }

    #[test]
    fn a_fleet_takes_its_daily_consumption_with_its_peak_in_the_evening() {
        let mut fleet = fleet(300, "");
        let days: Vec<Vec<Vec<f64>>> = fleet
            .iter_mut()
            .map(|household| (0..14).map(|day| day_kw(household, MONDAY + day, 0.0)).collect())
            .collect();
        let kwh = |household: &Vec<Vec<f64>>| mean(&household.concat()) * 24.0;
        let each: Vec<_> = days.iter().map(kwh).collect();
        // Ownership makes households differ by 3 kWh: the mean of 300 is known to 0.15.
        assert!((mean(&each) - 12.9).abs() < 0.45, "{}", mean(&each));
        let expected: Vec<_> = fleet.iter().map(|household| household.expectation().daily_kwh()).collect();
        assert!((mean(&each) / mean(&expected) - 1.0).abs() < 0.01, "{} {}", mean(&each), mean(&expected));
        let quarters = |minutes: &[f64]| minutes.chunks(15).map(mean).collect::<Vec<_>>();
        let quarters: Vec<Vec<f64>> = days.iter().map(|household| quarters(&household.concat())).collect();
        let together: Vec<f64> =
            (0..quarters[0].len()).map(|k| mean(&quarters.iter().map(|kw| kw[k]).collect::<Vec<_>>())).collect();
        let peak = |kw: &[f64]| kw.iter().copied().fold(0.0, f64::max);
        // Found 1.30 kW together, 4.3 kW alone: load factors of 0.41 and 0.12.
        let (together_kw, alone_kw) = (peak(&together), mean(&quarters.iter().map(|kw| peak(kw)).collect::<Vec<_>>()));
        assert!((1.0..1.6).contains(&together_kw) && (3.5..5.5).contains(&alone_kw), "{together_kw} {alone_kw}");
        let of_day = |quarter: usize| mean(&together.iter().skip(quarter).step_by(96).copied().collect::<Vec<_>>());
        let highest = (0..96).max_by(|a, b| of_day(*a).total_cmp(&of_day(*b))).expect("a day has quarters");
        assert!((18 * 4 + 2..21 * 4).contains(&highest), "the peak is in quarter {highest}");
        // Nights are above afternoons by what air conditioning takes.
        let [night, afternoon] = [2, 15].map(|hour| mean(&(0..4).map(|k| of_day(4 * hour + k)).collect::<Vec<_>>()));
        assert!(night > 1.15 * afternoon, "{night} {afternoon}");
    }

    #[test]
    fn a_fleet_takes_in_every_hour_what_is_expected_at_any_temperature() {
        let mut fleet = fleet(200, "");
        for (day, kind, warmer) in
            [(MONDAY, DayKind::Weekday, 0.0), (MONDAY, DayKind::Weekday, 4.0), (MONDAY + 5, DayKind::Saturday, -2.0)]
        {
            // The same day of 20 weeks, each with the day before it.
            let mut found = [0.0; 24];
            for household in &mut fleet {
                for week in 0..20 {
                    let kw = day_kw(household, day + 7 * week, warmer);
                    kw.chunks(60).zip(&mut found).for_each(|(hour, sum)| *sum += mean(hour) / 20.0);
                }
            }
            let expected = |hour: usize| {
                let air_c = mean_air_c(hour as f64 + 0.5) + warmer;
                fleet.iter().map(|household| household.expectation().expected_kw(hour, kind, air_c)).sum::<f64>()
            };
            for (hour, found) in found.into_iter().enumerate() {
                let ratio = found / expected(hour);
                assert!((ratio - 1.0).abs() < 0.05, "{kind:?}, {warmer} K, hour {hour}: {ratio}");
            }
        }
    }

    #[test]
    fn households_own_appliances_as_often_as_is_probable_and_those_who_do_take_more() {
        let fleet = fleet(1000, "air_conditioning = 0.3");
        let (with, without): (Vec<&Household>, Vec<_>) =
            fleet.iter().partition(|household| household.routine.nights > 0.0);
        assert!((260..340).contains(&with.len()), "{}", with.len());
        let daily = |households: &[&Household]| {
            mean(&households.iter().map(|household| household.expectation().daily_kwh()).collect::<Vec<_>>())
        };
        assert!(daily(&with) > daily(&without) + 3.0, "{} {}", daily(&with), daily(&without));
        for certain in [0, 1] {
            let sure =
                Household::new(&parameters(&format!("air_conditioning = {certain}\nwater_heater = 1")), 1, "house");
            assert_close(sure.expectation().daily_kwh(), 12.9);
        }
    }

    #[test]
    fn every_consumption_can_be_scaled_to() {
        for text in [
            "daily_kwh = 0.5",
            "daily_kwh = 100",
            "water_heater_kwh_per_day = 100\nwater_heater_kw = 0.1",
            "base_kw = 0",
        ] {
            let parameters = parameters(&format!("{text}\nair_conditioning = 1\nwater_heater = 1"));
            let mut household = Household::new(&parameters, 1, "house");
            assert_close(household.expectation().daily_kwh(), parameters.daily_kwh);
            let days: Vec<_> = (0..140).flat_map(|day| day_kw(&mut household, MONDAY + day, 0.0)).collect();
            let error = mean(&days) * 24.0 / parameters.daily_kwh - 1.0;
            assert!(error.abs() < 0.06, "{text}: off by {error}");
        }
        assert_close(only("daily_kwh = 24").power_kw(MONDAY, 0, 27.0), 1.0);
    }

    #[test]
    fn a_day_is_the_same_whatever_was_asked_before() {
        let new = || only("air_conditioning = 1\ncooking_kw = 1.5\nwashing_kw = 0.5\nevening_kw = 0.3");
        let mut walked = new();
        (MONDAY - 4..MONDAY).for_each(|day| drop(day_kw(&mut walked, day, 0.0)));
        let expected = day_kw(&mut walked, MONDAY, 0.0);
        assert_eq!(expected, day_kw(&mut new(), MONDAY, 0.0));
        let mut backwards: Vec<_> = (0..DAY_MIN)
            .rev()
            .map(|minute| walked.power_kw(MONDAY, minute, mean_air_c((f64::from(minute) + 0.5) / 60.0)))
            .collect();
        backwards.reverse();
        assert_eq!(expected, backwards);
    }

    #[test]
    fn an_appliance_more_changes_no_other_appliances_day() {
        let events = |text: &str, appliance: Appliance| {
            let mut household = Household::new(&parameters(text), 1, "house");
            household.begin_day(MONDAY);
            household.events.into_iter().filter(|event| event.appliance == appliance).collect::<Vec<_>>()
        };
        // Half as many starts of twice the length are the same energy, so that the scale stays as well.
        let changed = "air_conditioning = 1\ncooking_starts_per_day = 1.1\ncooking_min = 64";
        for appliance in [Appliance::Evening, Appliance::AirConditioning, Appliance::Washing, Appliance::Other] {
            assert_eq!(events("air_conditioning = 1", appliance), events(changed, appliance), "{appliance:?}");
        }
        let cooking = |text| events(text, Appliance::Cooking);
        assert_ne!(cooking("air_conditioning = 1"), cooking(changed));
    }

    #[test]
    fn a_household_is_small() {
        assert!(size_of::<Household>() <= 304, "{} bytes", size_of::<Household>());
        assert_eq!(size_of::<Event>(), 6);
    }
}
