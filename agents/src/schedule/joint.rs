//! Many devices behind one connection: each in turn is scheduled exactly against what all others do, until nothing gets better.

use super::check::check;
use super::one_storage::{OneStorageError, schedule_one_storage};
use super::problem::{Device, Keeping, Problem};
use super::result::{Cost, DevicePlan, Schedule, Status};
use market::dispatch::Profile;

/// Most rounds over all devices.
const MOST_ROUNDS: usize = 20;

/// A round that makes the cost less by no more than this ends the search, EUR.
const ENOUGH_EUR: f64 = 1e-6;

/// Schedules all devices of a problem: exactly where there is one storage at most, else round by round.
///
/// # Errors
/// Each case of [`OneStorageError`] but that there are many.
pub fn schedule(problem: &Problem) -> Result<Schedule, OneStorageError> {
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
