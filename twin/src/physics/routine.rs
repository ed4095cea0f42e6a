//! The routine of a household: what it owns, how it lives, and what that comes to on average.

use crate::physics::climate::mean_air_c;
use crate::physics::expectation::{DayKind, Expected};
use crate::physics::usage::{Length, Session, Starts};
use scenarios::HouseholdParameters;

/// Most hours a day that a water heater takes before its power is raised.
const HEATER_MOST_H: f64 = 12.0;
/// Temperature at which the refrigerator runs as its parameter says.
const REFRIGERATOR_REFERENCE_C: f64 = 27.0;

/// Half the width of the lengths of sessions, water heating and chance uses, relative to the mean (assumptions).
const SESSION_SPREAD: f64 = 0.2;
const HEATER_SPREAD: f64 = 0.3;
const USE_SPREAD: f64 = 0.5;

/// When a water heater without off-peak control follows the showers: begin and window of its two sessions (assumption).
const SHOWERS_H: [[f64; 2]; 2] = [[5.5, 2.0], [18.0, 2.5]];
/// Window within which off-peak heaters start, as the contactors' hours are staggered (assumption).
const OFF_PEAK_WINDOW_H: f64 = 1.0;

/// Shares of a day's starts in each local hour, in percent. Assumptions: three meals, the largest in the evening; washing by
/// day; other appliances when people are up and at home.
static COOKING: [f64; 24] = percent([
    0, 0, 0, 0, 0, 3, 7, 5, 2, 1, 3, 10, 12, 5, 1, 1, 2, 6, 15, 16, 8, 2, 1, 0, //
]);
static WASHING: [f64; 24] = percent([
    0, 0, 0, 0, 0, 1, 5, 8, 11, 12, 10, 7, 5, 4, 5, 5, 5, 6, 6, 5, 3, 2, 0, 0, //
]);
static OTHER: [f64; 24] = percent([
    0, 0, 0, 0, 1, 6, 9, 7, 4, 3, 3, 5, 6, 4, 3, 3, 4, 7, 10, 10, 8, 4, 2, 1, //
]);

const fn percent(hours: [u8; 24]) -> [f64; 24] {
    let (mut shares, mut sum, mut hour) = ([0.0; 24], 0, 0);
    while hour < 24 {
        sum += hours[hour];
        shares[hour] = hours[hour] as f64 / 100.0;
        hour += 1;
    }
    assert!(sum == 100, "shares of the hours must add up to 100 %");
    shares
}

/// Appliances whose use is drawn. The numbers are part of the index of their draws: keep them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appliance {
    Evening = 0,
    AirConditioning = 1,
    WaterHeater = 2,
    Cooking = 3,
    Washing = 4,
    Other = 5,
}

/// A compressor's or thermostat's cycle in whole minutes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycle {
    length_min: u16,
    phase_min: u16,
}

impl Cycle {
    fn new(length_min: f64) -> Self {
        Self { length_min: length_min.round().max(1.0) as u16, phase_min: 0 }
    }

    pub(super) fn with_phase(self, share: f64) -> Self {
        Self { phase_min: (share * f64::from(self.length_min)) as u16, ..self }
    }

    /// How much of minute `minute` since 1970 it is on, if it is on for the first `duty` of each cycle.
    pub(super) fn on(self, minute: u64, duty: f64) -> f64 {
        // Minutes fit into 32 bits for 8 000 years, and the division is cheaper.
        let position = (minute as u32).wrapping_add(self.phase_min.into()) % u32::from(self.length_min);
        (duty * f64::from(self.length_min) - f64::from(position)).clamp(0.0, 1.0)
    }
}

/// What a household owns and how it lives: what its parameters come to once all is scaled.
#[derive(Clone, Debug)]
pub(super) struct Routine {
    pub(super) base_kw: f32,
    pub(super) refrigerator_kw: f32,
    pub(super) refrigerator_duty: f32,
    pub(super) refrigerator_per_k: f32,
    pub(super) refrigerator: Cycle,
    pub(super) cooling_above_c: f32,
    pub(super) cooling_per_k: f32,
    pub(super) cooling: Cycle,
    /// Probability that a night is an air-conditioned one.
    pub(super) nights: f32,
    /// Probabilities of having an electric water heater that heats at off-peak hours, and one that heats at any hour.
    pub(super) heater: [f32; 2],
    pub(super) weekend_factor: f32,
    pub(super) night: Session,
    pub(super) evening: Session,
    pub(super) off_peak: Session,
    pub(super) showers: [Session; 2],
    pub(super) cooking: Starts,
    pub(super) washing: Starts,
    pub(super) other: Starts,
    /// Power of each [`Appliance`] while it is on.
    pub(super) power_kw: [f32; 6],
}

impl Routine {
    /// The routine of a household that owns what is probable, scaled to its daily consumption.
    pub(super) fn of(parameters: &HouseholdParameters) -> Self {
        let unscaled = Self::unscaled(parameters).scaled(1.0);
        let natural_kwh = HouseholdExpectation::new(unscaled.clone()).daily_kwh();
        if natural_kwh > 0.0 {
            return unscaled.scaled(parameters.daily_kwh / natural_kwh);
        }
        // Of a household without any use all is base.
        Self { base_kw: (parameters.daily_kwh / 24.0) as f32, ..unscaled }
    }

    fn unscaled(p: &HouseholdParameters) -> Self {
        let session = |from_h, window_h, hours| Session::new(from_h, window_h, Length::new(hours, SESSION_SPREAD));
        let starts = |per_day, shares, min| Starts::new(per_day, shares, Length::new(min / 60.0, USE_SPREAD));
        let heating = Length::new(p.water_heater_kwh_per_day / p.water_heater_kw, HEATER_SPREAD);
        let half = Length::new(p.water_heater_kwh_per_day / p.water_heater_kw / 2.0, HEATER_SPREAD);
        Self {
            base_kw: p.base_kw as f32,
            refrigerator_kw: p.refrigerator_kw as f32,
            refrigerator_duty: p.refrigerator_duty as f32,
            refrigerator_per_k: p.refrigerator_duty_per_k as f32,
            refrigerator: Cycle::new(p.refrigerator_cycle_min),
            cooling_above_c: p.air_conditioning_above_c as f32,
            cooling_per_k: p.air_conditioning_duty_per_k as f32,
            cooling: Cycle::new(p.air_conditioning_cycle_min),
            nights: (p.air_conditioning * p.air_conditioning_nights) as f32,
            heater: [p.water_heater_off_peak, 1.0 - p.water_heater_off_peak]
                .map(|share| (p.water_heater * share) as f32),
            weekend_factor: p.weekend_factor as f32,
            night: session(p.air_conditioning_from_h, p.air_conditioning_window_h, p.air_conditioning_hours),
            evening: session(p.evening_from_h, p.evening_window_h, p.evening_hours),
            off_peak: Session::new(p.water_heater_off_peak_from_h, OFF_PEAK_WINDOW_H, heating),
            showers: SHOWERS_H.map(|[from_h, window_h]| Session::new(from_h, window_h, half)),
            cooking: starts(p.cooking_starts_per_day, &COOKING, p.cooking_min),
            washing: starts(p.washing_starts_per_day, &WASHING, p.washing_min),
            other: starts(p.other_starts_per_day, &OTHER, p.other_min),
            power_kw: [p.evening_kw, p.air_conditioning_kw, p.water_heater_kw, p.cooking_kw, p.washing_kw, p.other_kw]
                .map(|kw| kw as f32),
        }
    }

    /// The same routine with all consumption multiplied by `factor`.
    pub(super) fn scaled(mut self, factor: f64) -> Self {
        let standing_kw = [&mut self.base_kw, &mut self.refrigerator_kw];
        standing_kw.into_iter().for_each(|kw| *kw *= factor as f32);
        for appliance in [Appliance::Evening, Appliance::AirConditioning] {
            self.power_kw[appliance as usize] *= factor as f32;
        }
        for starts in [&mut self.cooking, &mut self.washing, &mut self.other] {
            *starts = starts.scaled(factor);
        }
        let strength = (self.off_peak.mean_h() * factor / HEATER_MOST_H).max(1.0);
        self.power_kw[Appliance::WaterHeater as usize] *= strength as f32;
        self.off_peak = self.off_peak.scaled(factor / strength);
        self.showers = self.showers.map(|session| session.scaled(factor / strength));
        self
    }

    pub(super) fn power_kw(&self, appliance: Appliance) -> f64 {
        self.power_kw[appliance as usize].into()
    }

    /// Share of the time the refrigerator's compressor runs.
    pub(super) fn refrigerator_duty(&self, air_c: f64) -> f64 {
        let change = f64::from(self.refrigerator_per_k) * (air_c - REFRIGERATOR_REFERENCE_C);
        (f64::from(self.refrigerator_duty) + change).clamp(0.0, 1.0)
    }

    /// Share of the time the compressor of an air conditioning that is on runs.
    pub(super) fn cooling_duty(&self, air_c: f64) -> f64 {
        (f64::from(self.cooling_per_k) * (air_c - f64::from(self.cooling_above_c))).clamp(0.0, 1.0)
    }

    /// What to expect in each hour of the day.
    fn hours(&self) -> [ExpectedHour; 24] {
        std::array::from_fn(|hour| {
            let expected_kwh = |appliance, hours_of_use: f64| self.power_kw(appliance) * hours_of_use;
            let showers: f64 = self.showers.iter().map(|session| session.expected_h(hour)).sum();
            let heating =
                f64::from(self.heater[0]) * self.off_peak.expected_h(hour) + f64::from(self.heater[1]) * showers;
            ExpectedHour {
                steady_kw: f64::from(self.base_kw)
                    + expected_kwh(Appliance::Evening, self.evening.expected_h(hour))
                    + expected_kwh(Appliance::WaterHeater, heating),
                chance_kw: expected_kwh(Appliance::Cooking, self.cooking.expected_h(hour))
                    + expected_kwh(Appliance::Washing, self.washing.expected_h(hour))
                    + expected_kwh(Appliance::Other, self.other.expected_h(hour)),
                cooling_kw: f64::from(self.nights)
                    * expected_kwh(Appliance::AirConditioning, self.night.expected_h(hour)),
            }
        })
    }
}

/// Expected mean powers of one hour of the day.
#[derive(Clone, Copy, Debug)]
struct ExpectedHour {
    steady_kw: f64,
    /// Of starts by chance on a weekday.
    chance_kw: f64,
    /// Of air conditioning, if its compressor ran all the time.
    cooling_kw: f64,
}

/// What a household is expected to take.
#[derive(Clone, Debug)]
pub struct HouseholdExpectation {
    routine: Routine,
    hours: [ExpectedHour; 24],
}

impl HouseholdExpectation {
    pub(super) fn new(routine: Routine) -> Self {
        Self { hours: routine.hours(), routine }
    }

    /// Expected consumption of a mean day of the week under the mean climate.
    pub fn daily_kwh(&self) -> f64 {
        let day = |kind| (0..24).map(|hour| self.expected_kw(hour, kind, mean_air_c(hour as f64 + 0.5))).sum::<f64>();
        DayKind::ALL.iter().map(|(kind, days)| days / 7.0 * day(*kind)).sum()
    }
}

impl Expected for HouseholdExpectation {
    fn expected_kw(&self, hour: usize, day: DayKind, air_c: f64) -> f64 {
        let ExpectedHour { steady_kw, chance_kw, cooling_kw } = self.hours[hour];
        let factor = if day == DayKind::Weekday { 1.0 } else { f64::from(self.routine.weekend_factor) };
        steady_kw
            + factor * chance_kw
            + f64::from(self.routine.refrigerator_kw) * self.routine.refrigerator_duty(air_c)
            + cooling_kw * self.routine.cooling_duty(air_c)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unscaled(text: &str) -> HouseholdExpectation {
        HouseholdExpectation::new(Routine::unscaled(&HouseholdParameters::from_toml(text).expect(text)).scaled(1.0))
    }

    #[test]
    fn the_defaults_come_to_their_daily_consumption_by_themselves() {
        let natural_kwh = unscaled("").daily_kwh();
        assert!((natural_kwh - 12.9).abs() < 0.1, "{natural_kwh}");
    }

    #[test]
    fn a_day_by_hand() {
        let with = |text: &str| unscaled(text).daily_kwh();
        let nothing = "evening_kw = 0\nair_conditioning = 0\nwater_heater = 0\ncooking_kw = 0\nwashing_kw = 0\n\
                       other_kw = 0\nrefrigerator_kw = 0\nbase_kw = 0.1\n";
        let base = with(nothing);
        assert!((base - 2.4).abs() < 1e-6, "{base}");
        // Two starts of half an hour at 1.5 kW; a fifth more on two days of seven.
        let cooking =
            nothing.replace("cooking_kw = 0", "cooking_kw = 1.5\ncooking_starts_per_day = 2\ncooking_min = 30");
        let cooking = with(&cooking) - base;
        assert!((cooking - 1.5 * (5.0 + 2.0 * 1.2) / 7.0).abs() < 1e-5, "{cooking}");
        // Half of the households heat 3.3 kWh a day, whenever they do.
        let heater = with(&nothing.replace("water_heater = 0", "water_heater = 0.5")) - base;
        assert!((heater - 1.65).abs() < 1e-5, "{heater}");
        // 1 kW on 80 % of the nights from 20:45 to 5:45 on average, at 10 % per kelvin above 20 °C: the mean climate has
        // 24.9 °C then.
        let cooling = with(&nothing.replace("air_conditioning = 0", "air_conditioning = 1")) - base;
        assert!((cooling - 0.8 * 9.0 * 0.49).abs() < 0.06, "{cooling}");
    }

    #[test]
    fn a_cycle_is_on_for_the_duty_of_each_of_its_lengths() {
        let cycle = Cycle::new(10.0).with_phase(0.3);
        let on: Vec<_> = (0..10).map(|minute| cycle.on(minute, 0.25)).collect();
        // Three minutes into its cycle at minute 0.
        assert_eq!(on, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.5]);
    }
}
