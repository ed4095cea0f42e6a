//! Many devices behind one connection: the way in, and how good the schedule is proven to be.
//!
//! One storage is scheduled exactly. Many follow [prices](super::prices), which scales to a thousand of them; problems small
//! enough to be solved as one [program](super::program) are, unless the prices have settled it.

use super::check::check;
use super::member::{Member, Plan};
use super::one_storage::{OneStorageError, schedule_one_storage};
use super::prices::{ENOUGH_EUR, Search};
use super::problem::{Device, Keeping, Problem};
use super::program;
use super::result::{Cost, DevicePlan, Rule, Schedule, Status};
use super::step_cost::View;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Storages times steps up to which a problem is solved exactly as one program, and up to which one is tried where prices
/// leave too large a gap.
const SMALL: usize = 400;
const MEDIUM: usize = 4_000;

/// The best schedule found for all devices together, and how good it is proven to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// The schedule; its cost is recomputed from its powers.
    pub schedule: Schedule,
    /// No schedule costs less than this, EUR; what a schedule breaks counts by its [penalties](super::Penalties).
    pub bound_eur: f64,
    /// What the schedule costs above the bound, EUR, counted likewise.
    pub gap_eur: f64,
    /// How it was found.
    pub method: Method,
    /// Rounds over all devices.
    pub rounds: usize,
}

/// How a schedule was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Exactly, for one storage at most.
    OneStorage,
    /// By prices of every step that all devices follow.
    Prices,
    /// As one linear or mixed-integer problem.
    Program,
}

/// What a solve leaves to the next one: prices and plans. It helps where problems overlap in time, and never changes what
/// is proven of a schedule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warm {
    /// When the first step of the last problem began.
    start: Time,
    /// What a kWh is worth behind the connection at each step, EUR/kWh.
    prices_eur_per_kwh: Vec<f64>,
    /// What each device does at each step, kW, by name.
    plans_kw: BTreeMap<String, Vec<f64>>,
}

/// Schedules all devices of a problem: [`schedule_jointly`] without its proof.
///
/// # Errors
/// As [`schedule_jointly`].
pub fn schedule(problem: &Problem) -> Result<Schedule, OneStorageError> {
    schedule_jointly(problem, None).map(|found| found.schedule)
}

/// Schedules all devices of a problem and proves how good that is; begins where the last solve ended, if one is handed in.
///
/// Alone, a small problem is solved to its end. One of a row of solves (`warm`) is not: a gap of half a percent of what is
/// paid and earned is enough for a plan that the next one will replace, far below what errors of forecasts cost.
///
/// # Errors
/// Each case of [`OneStorageError`] but that there are many.
pub fn schedule_jointly(problem: &Problem, mut warm: Option<&mut Warm>) -> Result<Joint, OneStorageError> {
    let storages = problem.devices.iter().filter(|device| matches!(device, Device::Storage(_))).count();
    if storages <= 1 {
        match schedule_one_storage(problem) {
            Ok(found) => return Ok(one_storage(problem, found.schedule)),
            Err(OneStorageError::PeakNotConvex) => {}
            Err(error) => return Err(error),
        }
    }
    problem.check()?;
    let view = View::new(problem);
    if let Some(step) = (0..problem.steps).find(|&step| view.is_unbounded(step)) {
        return Err(OneStorageError::Unbounded { at: problem.start + problem.step * step as i64 });
    }
    let mut search = Search::new(problem);
    search.is_rolling = warm.is_some();
    if let Some(warm) = &warm {
        warm.hand_to(&mut search);
    }
    search.run();
    let size = search.members.len() * problem.steps;
    let left_eur = search.gap_eur();
    let is_alone = warm.is_none();
    let is_worth_it =
        is_alone && left_eur > ENOUGH_EUR && size <= SMALL || left_eur > search.enough_eur() && size <= MEDIUM;
    let method = if is_worth_it && program::improve(&mut search) { Method::Program } else { Method::Prices };
    let gap_eur = search.gap_eur().max(0.0);
    let best = search.best.take().expect("the first rounds found one");
    if let Some(warm) = &mut warm {
        warm.take_from(&search, &best.plans);
    }
    Ok(Joint { schedule: best.schedule, bound_eur: search.bound_eur, gap_eur, method, rounds: search.rounds })
}

/// An exact schedule is its own bound.
fn one_storage(problem: &Problem, schedule: Schedule) -> Joint {
    let bound_eur = counted_eur(problem, &schedule);
    Joint { schedule, bound_eur, gap_eur: 0.0, method: Method::OneStorage, rounds: 0 }
}

impl Warm {
    /// Moves prices and plans to the steps of a problem. Nothing is moved where steps are of another kind.
    fn hand_to(&self, search: &mut Search<'_>) {
        let problem = search.problem;
        let since = problem.start - self.start;
        let steps = self.prices_eur_per_kwh.len() as i64;
        let shift = since.0.div_euclid(problem.step.0);
        if steps == 0 || since.0 < 0 || shift >= steps {
            return;
        }
        let at = |values: &[f64], step: usize| values.get(step + shift as usize).copied();
        for (step, price) in search.prices.iter_mut().enumerate() {
            *price = at(&self.prices_eur_per_kwh, step).map_or(*price, |eur_per_kwh| eur_per_kwh * problem.step_h());
        }
        let plan = |member: &Member| {
            let mut plan = Plan { power_kw: vec![0.0; problem.steps], both_kw: vec![0.0; problem.steps] };
            for values in member.places.iter().filter_map(|&place| self.plans_kw.get(problem.devices[place].name())) {
                for (step, power) in plan.power_kw.iter_mut().enumerate() {
                    *power += at(values, step).unwrap_or(0.0);
                }
            }
            for (step, power) in plan.power_kw.iter_mut().enumerate() {
                let (low, high) = member.reach_kw(step);
                *power = power.clamp(low, high);
            }
            plan
        };
        let plans = search.members.iter().map(plan).collect();
        search.start_with(plans);
    }

    fn take_from(&mut self, search: &Search<'_>, plans: &[Plan]) {
        let problem = search.problem;
        self.start = problem.start;
        self.prices_eur_per_kwh = search.prices.iter().map(|price| price / problem.step_h()).collect();
        self.plans_kw.clear();
        for (member, plan) in search.members.iter().zip(plans) {
            let share = 1.0 / member.places.len() as f64;
            let power_kw: Vec<f64> = plan.power_kw.iter().map(|power| power * share).collect();
            for &place in &member.places {
                self.plans_kw.insert(problem.devices[place].name().to_owned(), power_kw.clone());
            }
        }
    }
}

/// What a schedule costs, what it breaks counted by the penalties, EUR.
pub(super) fn counted_eur(problem: &Problem, schedule: &Schedule) -> f64 {
    let penalties = &problem.rules.penalties;
    let missed = schedule.violations.iter().map(|missed| {
        let eur_per_unit = match missed.rule {
            Rule::SocMin | Rule::SocMax => penalties.soc_eur_per_kwh,
            Rule::ImportLimit | Rule::ExportLimit => problem.step_h() * penalties.site_eur_per_kwh,
            _ => penalties.wish_eur_per_kwh,
        };
        eur_per_unit * missed.amount
    });
    schedule.cost.total_eur() + missed.sum::<f64>()
}

/// The plans of all storages as one schedule, production at its best beside them; its cost and what it breaks recomputed.
pub(super) fn joined(problem: &Problem, view: &View<'_>, members: &[Member], plans: &[Plan]) -> Schedule {
    let mut devices = vec![DevicePlan::default(); problem.devices.len()];
    for (member, plan) in members.iter().zip(plans) {
        let share = 1.0 / member.places.len() as f64;
        let shared = |values: &[f64]| values.iter().map(|value| value * share).collect::<Vec<f64>>();
        let both_kw = if plan.both_kw.iter().all(|&both| both == 0.0) { Vec::new() } else { shared(&plan.both_kw) };
        let planned = DevicePlan { power_kw: shared(&plan.power_kw), both_kw, soc_kwh: Vec::new() };
        for &place in &member.places {
            devices[place] = planned.clone();
            devices[place].soc_kwh = member.soc_kwh(plan, share);
        }
    }
    let (mut net_kw, mut both_kw) = (Vec::with_capacity(problem.steps), Vec::with_capacity(problem.steps));
    for step in 0..problem.steps {
        let storages: f64 = plans.iter().map(|plan| plan.power_kw[step]).sum();
        let flows = view.flows_beside(step, storages, 0.0);
        let mut produced = view.produced_kw(step, flows.curtailed_kw).into_iter();
        let mut net = problem.inflexible_kw.at(step);
        for (device, plan) in problem.devices.iter().zip(&mut devices) {
            if matches!(device, Device::CurtailableProduction(_)) {
                plan.power_kw.push(-produced.next().expect("one per production"));
            }
            net += plan.power_kw[step];
        }
        net_kw.push(net);
        both_kw.push(flows.site_both_kw);
    }
    if both_kw.iter().all(|&power| power == 0.0) {
        both_kw.clear();
    }
    let mut schedule =
        Schedule { status: Status::Feasible, devices, net_kw, both_kw, cost: Cost::default(), violations: Vec::new() };
    let audit = check(problem, &schedule);
    if !audit.broken.is_empty() {
        schedule.status = if problem.rules.keeping == Keeping::Hard { Status::Infeasible } else { Status::Missed };
    }
    (schedule.cost, schedule.violations) = (audit.cost, audit.broken);
    schedule
}
