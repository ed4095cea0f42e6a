//! Plans against several futures: what to do now when it is not known what comes.
//!
//! The power of the first slot is one for all futures, since nobody knows which of them it is (it is not anticipated); from then on
//! each future is planned as if it were known. Of the first powers that are best for one of them, the one is taken that costs least in
//! the mean. This is the *expectation* algorithm of Van Hentenryck and Bent, *Online Stochastic Combinatorial Optimization*, MIT Press
//! 2006, chapter 2, also known as hindsight optimisation (Chong, Givan and Chang, 39th IEEE CDC, 2000): a two-stage stochastic
//! programme whose second stage knows too much, so that it thinks waiting a little better than it is. Within slots, what stored energy
//! is worth is likewise the mean over the futures.

use super::fleet::Fleet;
use super::problem::{self, Flexible};
use super::{Planner, ScheduleTerms};
use crate::schedule::{DevicePlan, Penalties, Problem, Schedule, check, schedule_jointly};
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// First powers that differ by less than this are one, kW.
const SAME_KW: f64 = 1e-3;

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

/// A plan for the batteries and its cost, what it breaks counted.
struct Solved {
    plan: DevicePlan,
    net_kw: Vec<f64>,
    counted_eur: f64,
}

impl Basis<'_> {
    /// The best plan for the batteries from the start, or from the slot after it with so much stored; none if there is none.
    fn solve(&self, after: Option<f64>, beside_kw: &[f64]) -> Option<Solved> {
        let skipped = usize::from(after.is_some());
        let (start, steps) = (self.start + self.slot * skipped as i64, beside_kw.len() - skipped);
        if steps == 0 {
            let counted_eur = -self.end_value_eur_per_kwh * after?;
            return Some(Solved { plan: DevicePlan::default(), net_kw: Vec::new(), counted_eur });
        }
        // Limits of a battery that is nearly full or empty now are not those it has in the next slot.
        let rated: Vec<Flexible> = self.batteries.iter().copied().map(Flexible::rated).collect();
        let batteries = if after.is_some() { &rated } else { self.batteries };
        let fleet = Fleet { batteries, slot: self.slot, efficiency: self.terms.efficiency };
        let mut storage = fleet.storage((start, steps), self.end_value_eur_per_kwh, self.terms)?;
        storage.soc_start_kwh = after.unwrap_or(storage.soc_start_kwh);
        let (beside_kw, prices) = (&beside_kw[skipped..], &self.prices[skipped..]);
        let problem = problem::of((start, self.slot), std::iter::once(storage), beside_kw, prices, self.terms);
        let found = schedule_jointly(&problem, None).ok()?;
        let mut schedule = found.schedule;
        Some(Solved { plan: schedule.devices.remove(0), net_kw: schedule.net_kw, counted_eur: found.bound_eur })
    }

    /// What is stored after a first slot at this power.
    fn after(&self, power_kw: f64) -> f64 {
        let held_kwh: f64 = self.batteries.iter().map(|battery| battery.storage.energy_kwh).sum();
        let efficiency = if power_kw > 0.0 { self.terms.efficiency } else { 1.0 / self.terms.efficiency };
        held_kwh + power_kw * efficiency * self.slot.hours()
    }

    /// What a future costs if its first slot is at this power.
    fn cost_eur(&self, power_kw: f64, beside_kw: &[f64]) -> Option<f64> {
        let net_kw = beside_kw[0] + power_kw;
        let (import, export) = self.prices[0];
        let energy_eur = net_kw * if net_kw > 0.0 { import } else { export };
        let wear_eur = power_kw.abs() * self.terms.wear_eur_per_mwh / 1000.0;
        let limits = &self.terms;
        let over_kw = (net_kw - limits.import_limit_kw.unwrap_or(f64::INFINITY)).max(0.0)
            + (-net_kw - limits.export_limit_kw.unwrap_or(f64::INFINITY)).max(0.0);
        let broken_eur = over_kw * Penalties::default().site_eur_per_kwh;
        let rest = self.solve(Some(self.after(power_kw)), beside_kw)?;
        let later_kw = rest.net_kw.iter().copied().fold(0.0, f64::max);
        let peak_eur = limits.peak_eur_per_kw * (net_kw - later_kw).max(0.0);
        Some(self.slot.hours() * (energy_eur + wear_eur + broken_eur) + peak_eur + rest.counted_eur)
    }

    /// The first power that costs least in the mean over the futures, kW; of equals the one nearest to rest.
    fn first_kw(&self, candidates_kw: &[f64], futures_kw: &[Vec<f64>]) -> Option<f64> {
        let mean_eur = |power_kw: f64| -> Option<f64> {
            futures_kw.iter().map(|beside_kw| self.cost_eur(power_kw, beside_kw)).sum()
        };
        let mut best: Option<(f64, f64)> = None;
        for power_kw in candidates_kw {
            let Some(cost_eur) = mean_eur(*power_kw) else { continue };
            if best.is_none_or(|(_, least_eur)| cost_eur < least_eur - 1e-9) {
                best = Some((*power_kw, cost_eur));
            }
        }
        best.map(|(power_kw, _)| power_kw)
    }

    /// How batteries would be planned in each future, and the plan for what is expected once the first slot is the one that suits
    /// all futures best; `expected` is the plan for what is expected alone, all in kW beside the batteries.
    pub(super) fn hedge(
        &self,
        expected: (&[f64], &DevicePlan),
        futures_kw: &[Vec<f64>],
    ) -> Option<(Vec<Future>, DevicePlan)> {
        let (beside_kw, plan) = expected;
        let solved: Vec<Solved> = futures_kw.iter().filter_map(|beside_kw| self.solve(None, beside_kw)).collect();
        let mut candidates_kw: Vec<f64> = solved.iter().map(|solved| solved.plan.power_kw[0]).collect();
        candidates_kw.push(candidates_kw.iter().sum::<f64>() / candidates_kw.len().max(1) as f64);
        candidates_kw.push(plan.power_kw[0]);
        candidates_kw.sort_by(|one, other| one.abs().total_cmp(&other.abs()).then(one.total_cmp(other)));
        candidates_kw.dedup_by(|later, kept| (*later - *kept).abs() < SAME_KW);
        let first_kw = self.first_kw(&candidates_kw, futures_kw)?;
        let futures = solved.into_iter().map(|of| Future { power_kw: of.plan.power_kw, net_kw: of.net_kw }).collect();
        if (first_kw - plan.power_kw[0]).abs() < SAME_KW {
            return Some((futures, plan.clone()));
        }
        let then_kwh = self.after(first_kw);
        let rest = self.solve(Some(then_kwh), beside_kw)?;
        let with_first = |first: f64, rest: Vec<f64>| std::iter::once(first).chain(rest).collect();
        let hedged = DevicePlan {
            power_kw: with_first(first_kw, rest.plan.power_kw),
            soc_kwh: with_first(then_kwh, rest.plan.soc_kwh),
            both_kw: Vec::new(),
        };
        Some((futures, hedged))
    }
}

impl Planner {
    /// Has a schedule hedged against several futures, if that is asked for and as soon as there is something to make them of.
    pub(super) fn hedged(
        &self,
        basis: &Basis<'_>,
        problem: &Problem,
        beside_kw: &[f64],
        scheduled: &mut Schedule,
    ) -> Vec<Future> {
        let steps = beside_kw.len();
        let as_expected = |scheduled: &Schedule| {
            let plan = scheduled.devices.first().filter(|_| !basis.batteries.is_empty());
            let power_kw = plan.map_or_else(|| vec![0.0; steps], |plan| plan.power_kw.clone());
            vec![Future { power_kw, net_kw: scheduled.net_kw.clone() }]
        };
        let count = self.terms.futures;
        if count < 2 || basis.batteries.is_empty() {
            return as_expected(scheduled);
        }
        let Ok(members) = self.rest.scenarios(basis.start, steps, count) else { return as_expected(scheduled) };
        // Vehicles do as planned in all futures.
        let vehicles_kw = |step: usize| scheduled.devices[1..].iter().map(|plan| plan.power_kw[step]).sum::<f64>();
        let vehicles_kw: Vec<f64> = (0..steps).map(vehicles_kw).collect();
        let own_kw = self.own.all_kw(basis.batteries);
        let beside = |mut rest_kw: Vec<f64>| {
            rest_kw[0] += basis.shift_kw;
            rest_kw.iter().zip(&vehicles_kw).map(|(rest_kw, vehicles_kw)| rest_kw + vehicles_kw + own_kw).collect()
        };
        let futures_kw: Vec<Vec<f64>> = members.members.into_iter().map(beside).collect();
        let expected_kw: Vec<f64> =
            beside_kw.iter().zip(&vehicles_kw).map(|(rest, vehicles)| rest + vehicles).collect();
        let Some((futures, plan)) = basis.hedge((&expected_kw, &scheduled.devices[0]), &futures_kw) else {
            return as_expected(scheduled);
        };
        scheduled.net_kw = plan.power_kw.iter().zip(&expected_kw).map(|(power, beside)| power + beside).collect();
        scheduled.devices[0] = plan;
        let audit = check(problem, scheduled);
        (scheduled.cost, scheduled.violations) = (audit.cost, audit.broken);
        futures
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{SLOT, battery, terms};
    use super::*;

    /// Import costs 0.20 now and 0.40 in an hour's time; nothing is paid for exports.
    const PRICES: [(f64, f64); 5] = [(0.2, 0.0), (0.4, 0.0), (0.4, 0.0), (0.4, 0.0), (0.4, 0.0)];

    fn basis<'a>(batteries: &'a [Flexible], terms: &'a ScheduleTerms) -> Basis<'a> {
        let (start, prices) = (Time(0), &PRICES[..]);
        Basis { start, slot: SLOT, batteries, prices, end_value_eur_per_kwh: 0.1, shift_kw: 0.0, terms }
    }

    #[test]
    fn the_first_power_is_that_of_least_mean_cost_and_the_plan_goes_on_from_there() {
        let terms = terms();
        let batteries = [battery(1, 5.0)];
        let basis = basis(&batteries, &terms);
        let expected = vec![0.0; 5];
        let plan = basis.solve(None, &expected).expect("a plan").plan;
        assert_eq!(plan.power_kw[0], 0.0, "nothing is needed if all is as expected");
        // In two of three futures 20 kW are missing in the last hour, for which energy is bought now.
        let missing: Vec<f64> = [0.0, 20.0, 20.0, 20.0, 20.0].to_vec();
        let futures = [expected.iter().map(|_| 0.0).collect(), missing.clone(), missing];
        let (paths, hedged) = basis.hedge((&expected, &plan), &futures).expect("a plan");
        assert_eq!(paths.len(), 3);
        assert!(hedged.power_kw[0] > 10.0, "{hedged:?}");
        let mean = |power_kw: f64| -> f64 {
            futures.iter().map(|future| basis.cost_eur(power_kw, future).expect("a cost")).sum()
        };
        assert!(mean(hedged.power_kw[0]) < mean(0.0) - 0.1);
        let held_kwh = basis.after(hedged.power_kw[0]);
        assert!((hedged.soc_kwh[0] - held_kwh).abs() < 1e-9 && hedged.power_kw.len() == 5);
    }

    #[test]
    fn a_future_that_is_sure_changes_nothing() {
        let terms = terms();
        let batteries = [battery(1, 30.0)];
        let basis = basis(&batteries, &terms);
        let expected = vec![5.0, 30.0, -10.0, 20.0, 8.0];
        let plan = basis.solve(None, &expected).expect("a plan").plan;
        let (_, hedged) = basis.hedge((&expected, &plan), &[expected.clone(), expected.clone()]).expect("a plan");
        assert_eq!(hedged, plan);
        let whole = basis.solve(None, &expected).expect("a plan").counted_eur;
        assert!((basis.cost_eur(plan.power_kw[0], &expected).expect("a cost") - whole).abs() < 1e-9);
    }
}
