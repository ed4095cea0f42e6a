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
