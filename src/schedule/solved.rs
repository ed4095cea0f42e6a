//! A schedule of a problem: made, looked at again from the definition, and its figures.

use super::error::ScheduleError;
use super::source::Named;
use super::words;
use agents::schedule::{Device, DevicePlan, Schedule, Storage, Violation, check, schedule};

/// A problem and its schedule.
pub(crate) struct Solved {
    /// The file it came from.
    pub(crate) file: String,
    /// The problem.
    pub(crate) named: Named,
    /// What to do, with cost and violations recomputed from the definition.
    pub(crate) schedule: Schedule,
    /// How it was found.
    pub(crate) method: &'static str,
}

/// What one device does over the whole time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// Taken, kWh.
    pub(crate) consumed_kwh: f64,
    /// Given, kWh.
    pub(crate) produced_kwh: f64,
    /// Production that was there and not used, kWh.
    pub(crate) curtailed_kwh: f64,
    /// Stored: at the start, at the end, least and most, kWh.
    pub(crate) soc_kwh: Option<[f64; 4]>,
}

impl Solved {
    /// Schedules a problem.
    ///
    /// # Errors
    /// [`ScheduleError::Input`] if it can not be solved, [`ScheduleError::Mistake`] if the schedule is none.
    pub(crate) fn of(file: &str, named: Named) -> Result<Self, ScheduleError> {
        let problem = &named.problem;
        let mut found = schedule(problem).map_err(|error| {
            let reasons = error.to_string().lines().map(|line| format!("{file}: {}: {line}", named.name)).collect();
            ScheduleError::Input { reasons }
        })?;
        let audit = check(problem, &found);
        if let Some(mistake) = audit.mistakes().next() {
            let (file, problem) = (file.to_owned(), named.name.clone());
            return Err(ScheduleError::Mistake { file, problem, rule: mistake.to_string() });
        }
        (found.cost, found.violations) = (audit.cost, audit.broken);
        let storages = problem.devices.iter().filter(|device| matches!(device, Device::Storage(_))).count();
        let method = if storages <= 1 { "exact" } else { "round-by-round" };
        Ok(Self { file: file.to_owned(), named, schedule: found, method })
    }

    /// Devices and their plans.
    pub(crate) fn plans(&self) -> impl Iterator<Item = (&Device, &DevicePlan)> {
        self.named.problem.devices.iter().zip(&self.schedule.devices)
    }

    /// What a device does.
    pub(crate) fn figures(&self, device: &Device, plan: &DevicePlan) -> Figures {
        let hours = self.named.problem.step_h();
        let both: f64 = plan.both_kw.iter().sum();
        let sum = |part: fn(f64) -> f64| hours * (plan.power_kw.iter().map(|power| part(*power)).sum::<f64>() + both);
        let (consumed_kwh, produced_kwh) = (sum(|power| power.max(0.0)), sum(|power| (-power).max(0.0)));
        let mut figures = Figures { consumed_kwh, produced_kwh, ..Figures::default() };
        match device {
            Device::Storage(storage) => figures.soc_kwh = Some(range(storage, plan)),
            Device::CurtailableProduction(production) => {
                let available = (0..self.named.problem.steps).map(|step| production.available_kw.at(step));
                figures.curtailed_kwh = (hours * available.sum::<f64>() - produced_kwh).max(0.0);
            }
        }
        figures
    }

    /// What the connection takes and gives, kWh, and the most it takes and gives, kW.
    pub(crate) fn connection(&self) -> [f64; 4] {
        let hours = self.named.problem.step_h();
        let mut figures = [0.0_f64; 4];
        for (step, net) in self.schedule.net_kw.iter().enumerate() {
            let both = self.schedule.both_kw.get(step).copied().unwrap_or(0.0);
            let (import, export) = (net.max(0.0) + both, (-net).max(0.0) + both);
            figures[0] += hours * import;
            figures[1] += hours * export;
            figures[2] = figures[2].max(import);
            figures[3] = figures[3].max(export);
        }
        figures
    }

    /// A violation, in words.
    pub(crate) fn in_words(&self, violation: &Violation) -> String {
        words::violation(violation, self.named.clock)
    }
}

fn range(storage: &Storage, plan: &DevicePlan) -> [f64; 4] {
    let start = storage.soc_start_kwh;
    let end = plan.soc_kwh.last().copied().unwrap_or(start);
    let least = plan.soc_kwh.iter().copied().fold(start, f64::min);
    let most = plan.soc_kwh.iter().copied().fold(start, f64::max);
    [start, end, least, most]
}
