//! What a unit burns: efficiency by load as points, fuel in straight lines between them, and from it cost and CO2.

use serde::{Deserialize, Serialize};

/// Fuel of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fuel {
    /// Price of the fuel by its lower heating value, EUR/MWh.
    pub price_eur_per_mwh: f64,
    /// CO2 of burning it, kg/MWh of lower heating value; 0 where the carbon is biogenic.
    pub co2_kg_per_mwh: f64,
    /// Wear, oil and the like per MWh of electricity, EUR/MWh.
    #[serde(default)]
    pub variable_cost_eur_per_mwh: f64,
    /// Points `[load, efficiency]`, both as shares, by rising load up to 1: electricity over fuel. Between points the
    /// fuel follows a straight line; below the first the first line goes on. One point is a constant efficiency.
    pub efficiency: Vec<[f64; 2]>,
}

/// A stretch of a unit's cost curve with one marginal cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Power up to which it goes, MW.
    pub to_mw: f64,
    /// Marginal cost, EUR/MWh.
    pub eur_per_mwh: f64,
    /// Marginal emission, kg/MWh (which is g/kWh).
    pub co2_kg_per_mwh: f64,
}

/// Cost and CO2 of a running unit by its power: a value at no load, and segments of rising marginal cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// What running costs at no load, EUR/h.
    pub no_load_eur_per_h: f64,
    /// What running emits at no load, kg/h.
    pub no_load_co2_kg_per_h: f64,
    /// By power.
    pub segments: Vec<Segment>,
}

impl Fuel {
    /// Fuel burnt at a point, MW of lower heating value per MW of rating.
    fn burnt([load, efficiency]: [f64; 2]) -> f64 {
        load / efficiency
    }

    /// Marginal fuel of each stretch between points, MWh/MWh; of one point its mean.
    pub(super) fn slopes(&self) -> Vec<f64> {
        match self.efficiency[..] {
            [[_, efficiency]] => vec![1.0 / efficiency],
            _ => {
                let slope =
                    |pair: &[[f64; 2]]| (Self::burnt(pair[1]) - Self::burnt(pair[0])) / (pair[1][0] - pair[0][0]);
                self.efficiency.windows(2).map(slope).collect()
            }
        }
    }

    /// Fuel at no load, MW of lower heating value per MW of rating: where the first line meets no load.
    pub(super) fn no_load(&self) -> f64 {
        match self.efficiency[..] {
            [first, ..] if self.efficiency.len() > 1 => Self::burnt(first) - self.slopes()[0] * first[0],
            _ => 0.0,
        }
    }

    /// The curve of a unit of this rating, MW.
    pub fn curve(&self, rated_mw: f64) -> Curve {
        let ends: Vec<f64> = match self.efficiency.len() {
            1 => vec![rated_mw],
            _ => self.efficiency[1..].iter().map(|[load, _]| load * rated_mw).collect(),
        };
        let segment = |(slope, to_mw): (f64, f64)| Segment {
            to_mw,
            eur_per_mwh: slope * self.price_eur_per_mwh + self.variable_cost_eur_per_mwh,
            co2_kg_per_mwh: slope * self.co2_kg_per_mwh,
        };
        let no_load_mw = self.no_load() * rated_mw;
        Curve {
            no_load_eur_per_h: no_load_mw * self.price_eur_per_mwh,
            no_load_co2_kg_per_h: no_load_mw * self.co2_kg_per_mwh,
            segments: self.slopes().into_iter().zip(ends).map(segment).collect(),
        }
    }
}

impl Curve {
    /// Cost and emission of running at this power: EUR/h and kg/h. Beyond the last segment its slope goes on.
    pub fn at(&self, power_mw: f64) -> (f64, f64) {
        let (mut cost, mut co2) = (self.no_load_eur_per_h, self.no_load_co2_kg_per_h);
        let mut from_mw = 0.0;
        let last = self.segments.len().saturating_sub(1);
        for (place, segment) in self.segments.iter().enumerate() {
            let to_mw = if place == last { power_mw } else { segment.to_mw.min(power_mw) };
            let part_mw = (to_mw - from_mw).max(0.0);
            cost += part_mw * segment.eur_per_mwh;
            co2 += part_mw * segment.co2_kg_per_mwh;
            from_mw = segment.to_mw;
        }
        (cost, co2)
    }

    /// Mean cost at this power, EUR/MWh: at the rating the key of the priority list.
    pub fn mean_eur_per_mwh(&self, power_mw: f64) -> f64 {
        self.at(power_mw).0 / power_mw
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fuel() -> Fuel {
        Fuel {
            price_eur_per_mwh: 50.0,
            co2_kg_per_mwh: 280.0,
            variable_cost_eur_per_mwh: 6.0,
            efficiency: vec![[0.5, 0.40], [0.8, 0.44], [1.0, 0.44]],
        }
    }

    #[test]
    fn at_the_points_the_efficiency_is_what_the_fuel_says() {
        let curve = fuel().curve(20.0);
        for [load, efficiency] in fuel().efficiency {
            let (cost, co2) = curve.at(20.0 * load);
            let (mean, specific) = (cost / (20.0 * load), co2 / (20.0 * load));
            assert!((mean - (50.0 / efficiency + 6.0)).abs() < 1e-9, "{load}: {mean} EUR/MWh");
            assert!((specific - 280.0 / efficiency).abs() < 1e-9, "{load}: {specific} g/kWh");
        }
    }

    #[test]
    fn one_point_is_a_constant_efficiency() {
        let curve = Fuel { efficiency: vec![[1.0, 0.25]], ..fuel() }.curve(10.0);
        assert_eq!((curve.no_load_eur_per_h, curve.segments.len()), (0.0, 1));
        assert!((curve.mean_eur_per_mwh(3.0) - 206.0).abs() < 1e-9);
    }
}
