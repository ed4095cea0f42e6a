//! Demand of a commune: a daily shape, warmer when it is warmer, with hourly deviations of its own.
//!
//! Where a scenario has households and commercial sites of a commune one by one, the commune's load is the rest.

use crate::physics::expectation::{DayKind, Profile};
use agents::Calendar;
use agents::draw::Draws;
use rand::RngExt;
use rand_distr::StandardNormal;
use scenarios::CommuneLoad;

/// A commune's demand and the deviations of its present day.
#[derive(Clone, Debug)]
pub struct Demand {
    spec: CommuneLoad,
    /// What the commune's explicit sites are expected to take.
    explicit: Option<Profile>,
    draws: Draws,
    day: i64,
    /// The present day's demand, relative to the mean day's.
    day_factor: f64,
    /// Relative deviation at each full hour of the day, and at the midnight that ends it.
    deviation: [f64; 25],
}

/// What a commune's load takes at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Remainder {
    /// Demand less what explicit sites are expected to take; never negative.
    pub power_kw: f64,
    /// By how much they are expected to take more than the whole commune wants.
    pub cut_kw: f64,
}

impl Demand {
    /// The demand of a commune with these parameters, of which `explicit` is accounted for elsewhere.
    pub fn new(spec: CommuneLoad, explicit: Option<Profile>, draws: Draws) -> Self {
        Self { spec, explicit, draws, day: i64::MIN, day_factor: 1.0, deviation: [0.0; 25] }
    }

    /// The commune's share of the island's demand.
    pub fn share(&self) -> f64 {
        self.spec.share
    }

    /// Power the whole commune wants on local day `day`, `hours` after its midnight, when the air has `air_c` degrees.
    ///
    /// Linear between full hours; never negative.
    pub fn power_kw(&mut self, day: i64, hours: f64, air_c: f64) -> f64 {
        if day != self.day {
            self.begin_day(day);
        }
        let hour = (hours as usize).min(23);
        let fraction = hours - hour as f64;
        let between = |a: f64, b: f64| a + (b - a) * fraction;
        let shape = between(self.spec.shape[hour], self.spec.shape[(hour + 1) % 24]);
        let deviation = between(self.deviation[hour], self.deviation[hour + 1]);
        let warmth = 1.0 + self.spec.per_kelvin * (air_c - self.spec.reference_c);
        (self.spec.mean_kw * self.day_factor * shape * warmth * (1.0 + deviation)).max(0.0)
    }

    /// What is left of `commune_kw` for those who are not explicit, at the same instant.
    pub fn remainder(&self, commune_kw: f64, day: i64, hours: f64, air_c: f64) -> Remainder {
        let explicit_kw = self.explicit.as_ref().map_or(0.0, |explicit| explicit.power_kw(day, hours, air_c));
        let rest_kw = commune_kw - explicit_kw;
        Remainder { power_kw: rest_kw.max(0.0), cut_kw: (-rest_kw).max(0.0) }
    }

    fn begin_day(&mut self, day: i64) {
        self.day = day;
        let (_, month, _) = Calendar::civil(day);
        // Five weekdays and two days at the weekend have the week's mean.
        let weekday = 7.0 / (5.0 + 2.0 * self.spec.weekend_factor);
        let of_week = if DayKind::of(day) == DayKind::Weekday { weekday } else { weekday * self.spec.weekend_factor };
        self.day_factor = of_week * self.spec.season[month as usize - 1];
        let mut today = self.draws.at(day);
        for deviation in &mut self.deviation[..24] {
            *deviation = self.spec.spread * today.sample::<f64, _>(StandardNormal);
        }
        self.deviation[24] = self.spec.spread * self.draws.at(day + 1).sample::<f64, _>(StandardNormal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::expectation::{Expectation, Expected};

    fn demand(spread: f64) -> Demand {
        let mut shape = [1.0; 24];
        shape[19] = 1.5;
        let spec = CommuneLoad {
            mean_kw: 100.0,
            share: 1.0,
            shape,
            weekend_factor: 1.0,
            season: [1.0; 12],
            per_kelvin: 0.02,
            reference_c: 27.0,
            spread,
        };
        Demand::new(spec, None, Draws::new(1, "load_97209", "demand"))
    }

    /// Takes this power at any time, and a tenth more per kelvin above 27 °C.
    struct Steady(f64);

    impl Expected for Steady {
        fn expected_kw(&self, _: usize, _: DayKind, air_c: f64) -> f64 {
            self.0 * (1.0 + 0.1 * (air_c - 27.0))
        }
    }

    #[test]
    fn the_shape_holds_at_full_hours_and_is_linear_between() {
        let mut demand = demand(0.0);
        assert_eq!(demand.power_kw(0, 19.0, 27.0), 150.0);
        assert_eq!(demand.power_kw(0, 19.5, 27.0), 125.0);
        assert!((demand.power_kw(0, 0.0, 30.0) - 106.0).abs() < 1e-9);
    }

    #[test]
    fn deviations_join_at_midnight() {
        let mut demand = demand(0.05);
        let before = demand.power_kw(0, 24.0 - 1e-6, 27.0);
        let after = demand.power_kw(1, 0.0, 27.0);
        assert!((before - after).abs() < 1e-3, "{before} {after}");
    }

    #[test]
    fn weekends_and_months_have_their_factors_and_the_week_keeps_its_mean() {
        let mut demand = demand(0.0);
        demand.spec.weekend_factor = 0.75;
        demand.spec.season[1] = 1.2;
        // 1970-01-05 was a Monday, 1970-02-02 too.
        let week: Vec<_> = (4..11).map(|day| demand.power_kw(day, 0.0, 27.0)).collect();
        assert!((week.iter().sum::<f64>() - 700.0).abs() < 1e-9, "{week:?}");
        assert!((week[5] / week[4] - 0.75).abs() < 1e-12 && week[6] == week[5] && week[0] == week[4]);
        assert!((demand.power_kw(32, 0.0, 27.0) / week[0] - 1.2).abs() < 1e-12);
    }

    #[test]
    fn the_remainder_is_what_explicit_sites_leave_at_every_temperature_and_what_is_cut_is_told() {
        let mut demand = demand(0.0);
        let mut explicit = Expectation::default();
        explicit.add(&Steady(60.0));
        demand.explicit = Some(explicit.profile());
        let mut rest = |air_c| {
            let commune_kw = demand.power_kw(4, 12.0, air_c);
            demand.remainder(commune_kw, 4, 12.0, air_c)
        };
        let close = |found: Remainder, power_kw: f64, cut_kw: f64| {
            assert!((found.power_kw - power_kw).abs() < 1e-9 && (found.cut_kw - cut_kw).abs() < 1e-9, "{found:?}");
        };
        close(rest(27.0), 40.0, 0.0);
        close(rest(32.0), 110.0 - 90.0, 0.0);
        close(rest(41.0), 0.0, 144.0 - 128.0);
    }
}
