//! An independent look at a schedule: what it costs, and which rules it breaks, from the definition of the problem alone.
//!
//! Schedulers use it too, for the cost and the violations they report; what they believe of their optimum is another
//! number, which tests compare with this one.

use super::problem::{Device, Exclusion, Problem, Storage};
use super::result::{Cost, DevicePlan, Rule, Schedule, Violation};
use crate::time::Time;
use market::dispatch::Profile;

/// What misses a rule by less than this keeps it; kW and kWh.
const NEAR: f64 = 1e-6;

/// What a schedule costs and breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// What it costs, recomputed from its powers and the prices.
    pub cost: Cost,
    /// The rules it breaks by more than 1e-6 kW or kWh: what cannot be kept as well as what never may happen.
    pub broken: Vec<Violation>,
}

impl Audit {
    /// The broken rules that no schedule may break.
    pub fn mistakes(&self) -> impl Iterator<Item = &Violation> {
        self.broken.iter().filter(|violation| !violation.rule.can_be_missed())
    }
}

/// Looks at a schedule of a problem that [makes sense](Problem::check), in O(steps · devices).
///
/// What has another length than the problem is told as [`Rule::Shape`] and nothing else is looked at.
pub fn check(problem: &Problem, schedule: &Schedule) -> Audit {
    let mut broken = Broken(Vec::new());
    if !has_shape(problem, schedule) {
        broken.add(None, Rule::Shape, 0, problem.start, f64::INFINITY);
        return Audit { cost: Cost::default(), broken: broken.0 };
    }
    let mut cost = Cost::default();
    for (device, plan) in problem.devices.iter().zip(&schedule.devices) {
        match device {
            Device::Storage(storage) => check_storage(problem, storage, plan, &mut cost, &mut broken),
            Device::CurtailableProduction(production) => {
                for (step, &power) in plan.power_kw.iter().enumerate() {
                    let time = problem.start + problem.step * step as i64;
                    let mut add = |rule, amount| broken.add(Some(&production.name), rule, step, time, amount);
                    add(Rule::ChargeLimit, power);
                    add(Rule::DischargeLimit, -power - production.available_kw.at(step));
                    add(Rule::Exclusion, both(plan, step).abs());
                }
            }
        }
    }
    check_site(problem, schedule, &mut cost, &mut broken);
    Audit { cost, broken: broken.0 }
}

fn check_storage(problem: &Problem, storage: &Storage, plan: &DevicePlan, cost: &mut Cost, broken: &mut Broken) {
    let hours = problem.step.hours();
    let mut soc = storage.soc_start_kwh;
    for step in 0..problem.steps {
        let time = problem.start + problem.step * step as i64;
        let (power, both) = (plan.power_kw[step], both(plan, step));
        let (charge, discharge) = (power.max(0.0) + both, (-power).max(0.0) + both);
        cost.ageing_eur += hours * storage.ageing_eur_per_kwh * (charge + discharge);

        let mut add = |rule, amount| broken.add(Some(&storage.name), rule, step, time, amount);
        add(Rule::ChargeLimit, charge - storage.charge_max_kw.at(step));
        add(Rule::DischargeLimit, discharge - storage.discharge_max_kw.at(step));
        add(Rule::Mode, off_modes(storage, step, power));
        add(Rule::Exclusion, if problem.rules.storage == Exclusion::Exclusive { both.abs() } else { -both });

        let kept = storage.kept_per_step.at(step);
        let loss = if kept == 1.0 { 1.0 } else { (kept - 1.0) / libm::log(kept) };
        let stored = storage.charge_efficiency * charge - discharge / storage.discharge_efficiency;
        soc = kept * soc + loss * hours * stored;
        let end = problem.start + problem.step * (step as i64 + 1);
        let mut add = |rule, amount| broken.add(Some(&storage.name), rule, step, end, amount);
        add(Rule::Soc, (soc - plan.soc_kwh[step]).abs());
        add(Rule::SocMin, storage.soc_min_kwh.at(step) - soc);
        add(Rule::SocMax, soc - storage.soc_max_kwh.at(step));
        let holds = |from: Time, until: Time| from <= end && end <= until;
        for limit in storage.minima.iter().filter(|limit| holds(limit.from, limit.until)) {
            add(Rule::Minimum, limit.soc_kwh - soc);
        }
        for limit in storage.maxima.iter().filter(|limit| holds(limit.from, limit.until)) {
            add(Rule::Maximum, soc - limit.soc_kwh);
        }
        for target in storage.targets.iter().filter(|target| target.at == end) {
            add(Rule::TargetMissed, target.soc_kwh - soc);
            add(Rule::TargetExceeded, soc - target.soc_kwh);
        }
    }
    cost.end_value_eur += storage.end_value_eur_per_kwh * soc;
}

fn check_site(problem: &Problem, schedule: &Schedule, cost: &mut Cost, broken: &mut Broken) {
    let (hours, site) = (problem.step.hours(), &problem.site);
    let mut peak_kw = site.peak_free_kw;
    for step in 0..problem.steps {
        let time = problem.start + problem.step * step as i64;
        let net = schedule.net_kw[step];
        let behind: f64 = schedule.devices.iter().map(|plan| plan.power_kw[step]).sum();
        let both = schedule.both_kw.get(step).copied().unwrap_or(0.0);
        let (import, export) = (net.max(0.0) + both, (-net).max(0.0) + both);
        let mut add = |rule, amount| broken.add(None, rule, step, time, amount);
        add(Rule::Balance, (problem.inflexible_kw.at(step) + behind - net).abs());
        add(Rule::Exclusion, if problem.rules.site == Exclusion::Exclusive { both.abs() } else { -both });
        let beyond = |power: f64, limit: &Option<Profile>| limit.as_ref().map_or(0.0, |limit| power - limit.at(step));
        add(Rule::ImportLimit, beyond(import, &site.limits.import_kw));
        add(Rule::ExportLimit, beyond(export, &site.limits.export_kw));
        cost.import_eur += hours * import * problem.prices.import_eur_per_kwh.at(step);
        cost.export_eur += hours * export * problem.prices.export_eur_per_kwh.at(step);
        peak_kw = peak_kw.max(import);
    }
    cost.peak_eur = site.peak_eur_per_kw * (peak_kw - site.peak_free_kw);
}

/// How far a power is from all ranges the storage can run at within its limits.
fn off_modes(storage: &Storage, step: usize, power: f64) -> f64 {
    let (lowest, highest) = (-storage.discharge_max_kw.at(step), storage.charge_max_kw.at(step));
    let ranges = storage.modes_kw.iter().map(|&[least, most]| (least.max(lowest), most.min(highest)));
    let distance = |(least, most): (f64, f64)| (least - power).max(power - most).max(0.0);
    let nearest = ranges.filter(|(least, most)| least <= most).map(distance).min_by(f64::total_cmp);
    match nearest {
        Some(distance) => distance,
        None if storage.modes_kw.is_empty() => 0.0,
        None => power.abs(),
    }
}

fn both(plan: &DevicePlan, step: usize) -> f64 {
    plan.both_kw.get(step).copied().unwrap_or(0.0)
}

fn has_shape(problem: &Problem, schedule: &Schedule) -> bool {
    let full = |values: &[f64]| values.len() == problem.steps;
    let full_or_none = |values: &[f64]| values.is_empty() || full(values);
    let fits = |(device, plan): (&Device, &DevicePlan)| {
        let soc = if matches!(device, Device::Storage(_)) { full(&plan.soc_kwh) } else { plan.soc_kwh.is_empty() };
        soc && full(&plan.power_kw) && full_or_none(&plan.both_kw)
    };
    schedule.devices.len() == problem.devices.len()
        && full(&schedule.net_kw)
        && full_or_none(&schedule.both_kw)
        && problem.devices.iter().zip(&schedule.devices).all(fits)
}

struct Broken(Vec<Violation>);

impl Broken {
    /// Notes a rule that is missed by more than rounding; what is not a number breaks every rule.
    fn add(&mut self, device: Option<&str>, rule: Rule, step: usize, at: Time, amount: f64) {
        if amount.is_nan() || amount > NEAR {
            self.0.push(Violation { device: device.map(str::to_owned), rule, step, at, amount });
        }
    }
}
