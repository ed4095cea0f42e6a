//! The dispatchable groups of a fleet in the form in which a dispatcher reckons: seconds, and sums over units.

use super::economic::{Kind, Merit};
use super::rules::Rules;
use crate::fleet::{Fleet, Technology};

/// Sums of powers are compared with this much tolerance, MW.
pub(super) const NEAR_MW: f64 = 1e-9;

/// A dispatchable group.
#[derive(Clone, Debug)]
pub(super) struct Plant {
    pub(super) first_unit: usize,
    pub(super) count: usize,
    pub(super) rated_mw: f64,
    pub(super) minimum_mw: f64,
    pub(super) reserve_mw: f64,
    pub(super) ramp_mw_per_s: f64,
    pub(super) start_s: f64,
    pub(super) start_cost_eur: f64,
    pub(super) up_s: f64,
    pub(super) down_s: f64,
    pub(super) must_run: u32,
}

impl Plant {
    /// The numbers of its units in the fleet.
    pub(super) fn units(&self) -> std::ops::Range<usize> {
        self.first_unit..self.first_unit + self.count
    }
}

/// The plants of a fleet, what they cost, and in which order they are asked.
#[derive(Clone, Debug)]
pub(super) struct Plants {
    /// In the order of the fleet; the place of a plant is that of its kind in `merit`.
    pub(super) all: Vec<Plant>,
    pub(super) merit: Merit,
    /// Places in `all` by full-load average cost, the cheapest first.
    pub(super) priority: Vec<usize>,
    /// Reserve of all batteries, MW.
    pub(super) battery_mw: f64,
}

impl Plants {
    pub(super) fn of(fleet: &Fleet) -> Self {
        let (mut all, mut kinds, mut first_unit) = (Vec::new(), Vec::new(), 0);
        for group in fleet.groups() {
            if let (Some(operation), Some(kind)) = (&group.operation, Kind::of(group)) {
                all.push(Plant {
                    first_unit,
                    count: group.count as usize,
                    rated_mw: group.rated_mw,
                    minimum_mw: operation.minimum_mw,
                    reserve_mw: group.reserve_mw(),
                    ramp_mw_per_s: operation.ramp_mw_per_min / 60.0,
                    start_s: operation.start_min * 60.0,
                    start_cost_eur: operation.start_cost_eur,
                    up_s: operation.minimum_up_min * 60.0,
                    down_s: operation.minimum_down_min * 60.0,
                    must_run: operation.must_run,
                });
                kinds.push(kind);
            }
            first_unit += group.count as usize;
        }
        let cost = |plant: &usize| kinds[*plant].curve.mean_eur_per_mwh(kinds[*plant].rated_mw);
        let mut priority: Vec<usize> = (0..all.len()).collect();
        priority.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        let batteries = fleet.groups().iter().filter(|group| group.technology == Technology::Battery);
        let battery_mw = batteries.map(|group| f64::from(group.count) * group.reserve_mw()).sum();
        Self { all, merit: Merit::new(kinds), priority, battery_mw }
    }
}

/// What units that run, or will, can do together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Capability {
    pub(super) rated_mw: f64,
    pub(super) reserve_mw: f64,
    pub(super) largest_mw: f64,
}

impl Capability {
    pub(super) fn of(plants: &[Plant], counts: &[u32]) -> Self {
        let mut sum = Self::default();
        for (plant, count) in plants.iter().zip(counts) {
            sum.add(plant, *count);
        }
        sum
    }

    pub(super) fn add(&mut self, plant: &Plant, count: u32) {
        if count > 0 {
            self.rated_mw += f64::from(count) * plant.rated_mw;
            self.reserve_mw += f64::from(count) * plant.reserve_mw.min(plant.rated_mw - plant.minimum_mw);
            self.largest_mw = self.largest_mw.max(plant.rated_mw);
        }
    }

    /// Reserve that is wanted of units and batteries together, MW.
    ///
    /// The reserve counted is that of all running units, the largest included, and what is wanted is its whole rating.
    /// That is N−1: a unit j that gives p_j has no more reserve than rating_j − p_j, so that the others hold at least
    /// rating_j − (rating_j − p_j) = p_j.
    pub(super) fn required_mw(&self, rules: &Rules) -> f64 {
        (rules.largest_unit_factor * self.largest_mw).max(rules.least_reserve_mw)
    }

    /// Whether a load can be met with the reserve held: there are powers that sum to the load and leave the reserve if
    /// and only if ratings cover both together and reserve limits cover the reserve.
    pub(super) fn covers(&self, need_mw: f64, battery_mw: f64, rules: &Rules) -> bool {
        let reserve_mw = (self.required_mw(rules) - battery_mw).max(0.0);
        self.rated_mw >= need_mw + reserve_mw - NEAR_MW && self.reserve_mw >= reserve_mw - NEAR_MW
    }
}
