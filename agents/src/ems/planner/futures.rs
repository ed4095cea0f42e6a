//! Plans against several futures: what a stored kWh is worth when it is not known what comes.
//!
//! Each future is planned as if it were known; what a kWh more or less in the store is worth then is averaged over all of them. This
//! mean decides in which direction batteries follow the meter within a slot, and so what is stored and given back before anybody
//! knows which future it is: nothing is anticipated. Reservoirs are run by such values of water (Pereira and Pinto, *Mathematical
//! Programming* 52, 1991). What is taken from the connection or given to it for its price is that of the expected future alone.

use super::fleet::Fleet;
use super::problem::{self, Flexible};
use super::{Planner, ScheduleTerms};
use crate::schedule::{Schedule, schedule_jointly};
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// How a plan would go on in one possible future: batteries and connection, kW.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Future {
    pub(super) power_kw: Vec<f64>,
    pub(super) net_kw: Vec<f64>,
}

/// What all futures have in common.
pub(super) struct Basis<'a> {
    pub(super) start: Time,
    pub(super) slot: Span,
    pub(super) batteries: &'a [Flexible],
    pub(super) prices: &'a [(f64, f64)],
    pub(super) end_value_eur_per_kwh: f64,
    /// By how much the first slot is believed to be other than forecast, kW.
    pub(super) shift_kw: f64,
    pub(super) terms: &'a ScheduleTerms,
}

impl Basis<'_> {
    /// The best plan for the batteries if so much is taken besides; none if there is none.
    fn solve(&self, beside_kw: &[f64]) -> Option<Future> {
        let fleet = Fleet { batteries: self.batteries, slot: self.slot, efficiency: self.terms.efficiency };
        let storage = fleet.storage((self.start, beside_kw.len()), self.end_value_eur_per_kwh, self.terms)?;
        let storages = std::iter::once(storage);
        let problem = problem::of((self.start, self.slot), storages, beside_kw, self.prices, self.terms);
        let mut schedule = schedule_jointly(&problem, None).ok()?.schedule;
        Some(Future { power_kw: schedule.devices.remove(0).power_kw, net_kw: schedule.net_kw })
    }
}

impl Planner {
    /// The futures a plan is for: the one it was made for, or as many as are asked for, as soon as there is something to make them
    /// of.
    pub(super) fn futures(&self, basis: &Basis<'_>, beside_kw: &[f64], scheduled: &Schedule) -> Vec<Future> {
        let steps = beside_kw.len();
        let batteries = scheduled.devices.first().filter(|_| !basis.batteries.is_empty());
        let power_kw = batteries.map_or_else(|| vec![0.0; steps], |plan| plan.power_kw.clone());
        let expected = vec![Future { power_kw, net_kw: scheduled.net_kw.clone() }];
        let count = self.terms.futures;
        if count < 2 || basis.batteries.is_empty() {
            return expected;
        }
        let Ok(paths) = self.rest.scenarios(basis.start, steps, count) else { return expected };
        // Vehicles do as planned in all futures.
        let vehicles_kw = |step: usize| scheduled.devices[1..].iter().map(|plan| plan.power_kw[step]).sum::<f64>();
        let own_kw = self.own.all_kw(basis.batteries);
        let beside = |mut rest_kw: Vec<f64>| -> Vec<f64> {
            rest_kw[0] += basis.shift_kw;
            rest_kw.iter().enumerate().map(|(step, rest_kw)| rest_kw + vehicles_kw(step) + own_kw).collect()
        };
        let futures: Vec<Future> = paths.members.into_iter().filter_map(|path| basis.solve(&beside(path))).collect();
        if futures.is_empty() { expected } else { futures }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SLOT, battery, terms};
    use super::*;

    #[test]
    fn each_future_is_planned_as_if_it_were_known() {
        // Import costs 0.20 now and 0.40 in an hour's time; nothing is paid for exports.
        let prices = [(0.2, 0.0), (0.4, 0.0), (0.4, 0.0), (0.4, 0.0), (0.4, 0.0)];
        let (terms, batteries) = (terms(), [battery(1, 5.0)]);
        let basis = Basis {
            start: Time(0),
            slot: SLOT,
            batteries: &batteries,
            prices: &prices,
            end_value_eur_per_kwh: 0.1,
            shift_kw: 0.0,
            terms: &terms,
        };
        let quiet = basis.solve(&[0.0; 5]).expect("a plan");
        assert_eq!(quiet.power_kw[0], 0.0, "nothing is needed if nothing comes");
        let missing = basis.solve(&[0.0, 20.0, 20.0, 20.0, 20.0]).expect("a plan");
        assert!(missing.power_kw[0] > 10.0, "it is bought while it is cheap: {missing:?}");
        assert!((missing.net_kw[0] - missing.power_kw[0]).abs() < 1e-9);
    }
}
