//! Many devices behind one connection: each in turn is scheduled exactly against what all others do, until nothing gets better.

use super::check::check;
use super::one_storage::{OneStorageError, schedule_one_storage};
use super::problem::{Device, Keeping, Problem};
use super::result::{Cost, DevicePlan, Schedule, Status};
use crate::time::Time;
use market::dispatch::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most rounds over all devices.
const MOST_ROUNDS: usize = 20;

/// A round that makes the cost less by no more than this ends the search, EUR.
const ENOUGH_EUR: f64 = 1e-6;

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
/// # Errors
/// Each case of [`OneStorageError`] but that there are many.
pub fn schedule_jointly(problem: &Problem, _warm: Option<&mut Warm>) -> Result<Joint, OneStorageError> {
    first_version(problem).map(|schedule| Joint {
        schedule,
        bound_eur: f64::NEG_INFINITY,
        gap_eur: f64::INFINITY,
        method: Method::Prices,
        rounds: 0,
    })
}

fn first_version(problem: &Problem) -> Result<Schedule, OneStorageError> {
    let storages: Vec<usize> = (0..problem.devices.len()).filter(|at| is_storage(&problem.devices[*at])).collect();
    if storages.len() <= 1 {
        return schedule_one_storage(problem).map(|found| found.schedule);
    }
    problem.check()?;
    let mut plans =
        vec![DevicePlan { power_kw: vec![0.0; problem.steps], ..DevicePlan::default() }; problem.devices.len()];
    let (mut best, mut cost_eur) = (None, f64::INFINITY);
    for _ in 0..MOST_ROUNDS {
        for &turn in &storages {
            let part = part(problem, &plans, &storages, turn);
            let found = schedule_one_storage(&part)?.schedule;
            let places = (0..problem.devices.len()).filter(|at| *at == turn || !is_storage(&problem.devices[*at]));
            for (place, plan) in places.zip(found.devices) {
                plans[place] = plan;
            }
        }
        let found = joined(problem, &plans);
        // What it could not keep counts for more than any cost.
        let missed: f64 = found.violations.iter().map(|missed| missed.amount).sum();
        let found_eur = found.cost.total_eur() + missed * problem.rules.penalties.wish_eur_per_kwh;
        let is_better = found_eur < cost_eur - ENOUGH_EUR;
        if found_eur < cost_eur {
            (best, cost_eur) = (Some(found), found_eur);
        }
        if !is_better {
            break;
        }
    }
    Ok(best.expect("the first round found one"))
}

fn is_storage(device: &Device) -> bool {
    matches!(device, Device::Storage(_))
}

/// The problem of one storage, with all production, beside the other storages as they are planned now.
fn part(problem: &Problem, plans: &[DevicePlan], storages: &[usize], turn: usize) -> Problem {
    let others =
        |step: usize| storages.iter().filter(|at| **at != turn).map(|at| plans[*at].power_kw[step]).sum::<f64>();
    let inflexible = (0..problem.steps).map(|step| problem.inflexible_kw.at(step) + others(step)).collect();
    let devices = problem.devices.iter().enumerate().filter(|(at, device)| *at == turn || !is_storage(device));
    Problem {
        inflexible_kw: Profile::Steps(inflexible),
        devices: devices.map(|(_, device)| device.clone()).collect(),
        prices: problem.prices.clone(),
        site: problem.site.clone(),
        ..*problem
    }
}

/// All plans as one schedule, its cost and what it breaks recomputed.
fn joined(problem: &Problem, plans: &[DevicePlan]) -> Schedule {
    let net = |step: usize| problem.inflexible_kw.at(step) + plans.iter().map(|plan| plan.power_kw[step]).sum::<f64>();
    let mut schedule = Schedule {
        status: Status::Feasible,
        devices: plans.to_vec(),
        net_kw: (0..problem.steps).map(net).collect(),
        both_kw: Vec::new(),
        cost: Cost::default(),
        violations: Vec::new(),
    };
    let audit = check(problem, &schedule);
    if !audit.broken.is_empty() {
        schedule.status = if problem.rules.keeping == Keeping::Hard { Status::Infeasible } else { Status::Missed };
    }
    (schedule.cost, schedule.violations) = (audit.cost, audit.broken);
    schedule
}
