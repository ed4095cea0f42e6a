//! Demand of a commune: a daily shape, warmer when it is warmer, with hourly deviations of its own.

use agents::draw::Draws;
use rand::RngExt;
use rand_distr::StandardNormal;
use scenarios::CommuneLoad;

/// A commune's demand and the deviations of its present day.
#[derive(Clone, Debug)]
pub struct Demand {
    spec: CommuneLoad,
    draws: Draws,
    day: i64,
    /// Relative deviation at each full hour of the day, and at the midnight that ends it.
    deviation: [f64; 25],
}

impl Demand {
    /// The demand of a commune with these parameters.
    pub fn new(spec: CommuneLoad, draws: Draws) -> Self {
        Self { spec, draws, day: i64::MIN, deviation: [0.0; 25] }
    }

    /// The commune's share of the island's demand.
    pub fn share(&self) -> f64 {
        self.spec.share
    }

    /// Power wanted on local day `day`, `hours` after its midnight, when the air has `air_c` degrees.
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
        (self.spec.mean_kw * shape * warmth * (1.0 + deviation)).max(0.0)
    }

    fn begin_day(&mut self, day: i64) {
        self.day = day;
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

    fn demand(spread: f64) -> Demand {
        let mut shape = [1.0; 24];
        shape[19] = 1.5;
        let spec = CommuneLoad { mean_kw: 100.0, share: 1.0, shape, per_kelvin: 0.02, reference_c: 27.0, spread };
        Demand::new(spec, Draws::new(1, "load_97209", "demand"))
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
}
