//! The schedule of least cost for one storage behind a connection, with load and production beside it: exact, without a grid.
//!
//! Dynamic programming over what is stored, with piecewise-linear costs to go. Where every step's cost is convex,
//! [`fast`](super::fast) does it in O(T · k) with k pieces between least and most; where it is not (negative prices without
//! charging and discharging at once, gaps of power, imports cheaper than exports), [`envelope`](super::envelope) does it in
//! O(T · k log k), k being the breakpoints of a function that is not convex: bounded by the problem's breakpoints in
//! practice, exponential in T in contrived cases only. Limits are hard at first; if they cannot all be kept, penalties
//! take their place, whether limits are soft or hard, and the result says what is broken.

use super::check::check;
use super::convex::Convex;
use super::envelope;
use super::fast::CostToGo;
use super::problem::{Device, Problem, Storage};
use super::result::{Cost, DevicePlan, Schedule, Status};
use super::step_cost::View;
use super::validate::ProblemError;
use super::window::Windows;
use crate::time::Time;

/// Why one storage was not scheduled.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OneStorageError {
    /// The problem makes no sense.
    #[error(transparent)]
    Problem(#[from] ProblemError),
    /// There is more than one.
    #[error("the problem has {storages} storages; this algorithm schedules one")]
    Many {
        /// How many.
        storages: usize,
    },
    /// Imports cost less than exports earn and nothing forbids or limits both at once.
    #[error("at {at}, importing and exporting at once earns without end; let them exclude each other or limit one")]
    Unbounded {
        /// When the step begins.
        at: Time,
    },
    /// The price of the peak couples steps, and only convex problems with it are solved here.
    #[error("a price of the peak together with costs that are not convex is not solved here; leave one out")]
    PeakNotConvex,
}

/// The best schedule, and what the algorithm believes it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct OneStorage {
    /// The schedule; its cost is recomputed from its powers.
    pub schedule: Schedule,
    /// The least cost there is, EUR, where every limit is kept: how the algorithm sees it. Tests compare it with the cost of
    /// the schedule.
    pub least_cost_eur: Option<f64>,
    /// Whether the fast way was enough.
    pub convex: bool,
}

/// Schedules the one storage of a problem (or none), and curtails what production must be.
///
/// # Errors
/// Each case of [`OneStorageError`].
pub fn schedule_one_storage(problem: &Problem) -> Result<OneStorage, OneStorageError> {
    problem.check()?;
    let storages = problem.devices.iter().filter(|device| matches!(device, Device::Storage(_))).count();
    if storages > 1 {
        return Err(OneStorageError::Many { storages });
    }
    let mut view = View::new(problem);
    if let Some(step) = (0..problem.steps).find(|&step| view.is_unbounded(step)) {
        return Err(OneStorageError::Unbounded { at: problem.start + problem.step * step as i64 });
    }
    let Some(storage) = view.storage else {
        view.relaxed = true;
        let schedule = schedule_of(&view, &vec![0.0; problem.steps]);
        let least_cost_eur = Some(schedule.cost.total_eur());
        return Ok(OneStorage { schedule, least_cost_eur, convex: true });
    };
    let found = solve(&mut view, storage);
    if problem.site.peak_eur_per_kw > 0.0 && found.schedule.cost.peak_eur > 0.0 {
        return super::peak::lower(view, storage, found);
    }
    Ok(found)
}

/// The best schedule within the view's limits, without the price of the peak.
pub(super) fn solve(view: &mut View<'_>, storage: &Storage) -> OneStorage {
    let windows = Windows::new(view.problem, storage);
    let mut branches: Vec<Vec<Convex>> = (0..view.problem.steps).map(|step| view.branches(step)).collect();
    let convex = branches.iter().all(|branches| branches.len() <= 1);
    let found = if convex { fast_way(view.problem, storage, &windows, &branches) } else { None };
    let hard = found.or_else(|| {
        let found = if convex { None } else { envelope::solve(view.problem, storage, &windows, &branches, None) };
        found.map(|(cost, added)| (Some(cost), added))
    });
    let (least_cost_eur, added) = hard.unwrap_or_else(|| {
        view.relaxed = true;
        branches = (0..view.problem.steps).map(|step| view.branches(step)).collect();
        let penalties = Some(&view.problem.rules.penalties);
        let found = envelope::solve(view.problem, storage, &windows, &branches, penalties);
        let (_, added) = found.expect("penalties leave no schedule out");
        (None, added)
    });
    OneStorage { schedule: schedule_of(view, &added), least_cost_eur, convex }
}

/// The least cost and what each step adds, if every limit can be kept; all costs are convex.
fn fast_way(
    problem: &Problem,
    storage: &Storage,
    windows: &Windows,
    branches: &[Vec<Convex>],
) -> Option<(Option<f64>, Vec<f64>)> {
    let last = problem.steps - 1;
    let mut to_go = CostToGo::default();
    if !to_go.begin(windows.at(last), storage.end_value_eur_per_kwh) {
        return None;
    }
    for step in (0..problem.steps).rev() {
        to_go.step_back(branches[step].first()?, storage.kept_per_step.at(step));
        if step > 0 && !to_go.cut(windows.at(step - 1)) {
            return None;
        }
    }
    let cost = to_go.at(storage.soc_start_kwh)?;
    Some((Some(cost), to_go.schedule(storage.soc_start_kwh)))
}

/// What the devices do if the storage adds this much at each step.
pub(super) fn schedule_of(view: &View<'_>, added: &[f64]) -> Schedule {
    let problem = view.problem;
    let mut devices = vec![DevicePlan::default(); problem.devices.len()];
    let (mut net_kw, mut both_kw) = (Vec::with_capacity(problem.steps), Vec::with_capacity(problem.steps));
    let mut soc = view.storage.map_or(0.0, |storage| storage.soc_start_kwh);
    for (step, &added) in added.iter().enumerate() {
        let flows = view.flows(step, added);
        let mut produced = view.produced_kw(step, flows.curtailed_kw).into_iter();
        let mut net = problem.inflexible_kw.at(step);
        for (device, plan) in problem.devices.iter().zip(&mut devices) {
            let power = match device {
                Device::Storage(storage) => {
                    soc = storage.kept_per_step.at(step) * soc + added;
                    plan.soc_kwh.push(soc);
                    plan.both_kw.push(flows.both_kw);
                    flows.power_kw
                }
                Device::CurtailableProduction(_) => -produced.next().expect("one per production"),
            };
            plan.power_kw.push(power);
            net += power;
        }
        net_kw.push(net);
        both_kw.push(flows.site_both_kw);
    }
    for both in devices.iter_mut().map(|plan| &mut plan.both_kw).chain([&mut both_kw]) {
        if both.iter().all(|&power| power == 0.0) {
            both.clear();
        }
    }
    let mut schedule =
        Schedule { status: Status::Feasible, devices, net_kw, both_kw, cost: Cost::default(), violations: Vec::new() };
    let audit = check(problem, &schedule);
    if !audit.broken.is_empty() {
        schedule.status = match problem.rules.keeping {
            super::Keeping::Hard => Status::Infeasible,
            super::Keeping::Soft => Status::Missed,
        };
    }
    (schedule.cost, schedule.violations) = (audit.cost, audit.broken);
    schedule
}
