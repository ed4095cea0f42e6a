//! A schedule of a problem: made, looked at again from the definition, and its figures.

use super::error::ScheduleError;
use super::source::Named;
use super::words;
use agents::schedule::{
    Device, DevicePlan, Method, OneStorageError, Schedule, Storage, Violation, check, schedule_jointly,
};

/// A problem and its schedule.
pub(crate) struct Solved {
    /// The file it came from.
    pub(crate) file: String,
    /// The problem.
    pub(crate) named: Named,
    /// What to do, with cost and violations recomputed from the definition.
    pub(crate) schedule: Schedule,
    /// How it was found.
    pub(crate) method: Method,
    /// How good it is proven to be.
    pub(crate) proof: Proof,
}

/// What is proven of a schedule: no other one costs less than the bound. What it breaks counts on both sides, by penalties.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Proof {
    /// EUR.
    pub(crate) bound_eur: f64,
    /// What the schedule costs above the bound, EUR.
    pub(crate) gap_eur: f64,
}

impl Proof {
    /// What is lost to rounding in sums of many steps: within it a schedule is as cheap as can be.
    const ROUNDING_EUR: f64 = 1e-6;

    /// Whether it is proven that no schedule is cheaper.
    pub(crate) fn is_closed(self) -> bool {
        self.gap_eur <= Self::ROUNDING_EUR
    }
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
        let mut found = schedule_jointly(problem, None).map_err(|error| {
            let reasons = match error {
                OneStorageError::Problem(error) => error.reasons,
                other => vec![other.to_string()],
            };
            let name = words::label(&named.name);
            let reasons = reasons.iter().map(|reason| format!("{file}: {name}: {}", words::visible(reason))).collect();
            ScheduleError::Input { reasons }
        })?;
        let audit = check(problem, &found.schedule);
        if let Some(mistake) = audit.mistakes().next() {
            let (file, problem) = (file.to_owned(), words::label(&named.name));
            return Err(ScheduleError::Mistake { file, problem, rule: words::visible(&mistake.to_string()) });
        }
        (found.schedule.cost, found.schedule.violations) = (audit.cost, audit.broken);
        let proof = Proof { bound_eur: found.bound_eur, gap_eur: found.gap_eur };
        Ok(Self { file: file.to_owned(), named, schedule: found.schedule, method: found.method, proof })
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

    /// How the schedule was found and how good it is proven to be, in words.
    pub(crate) fn method_in_words(&self) -> String {
        let found = words::method(self.method);
        let Proof { bound_eur, gap_eur } = self.proof;
        if self.proof.is_closed() {
            return format!("{found}: no schedule is cheaper");
        }
        let gap = format!("{found}: at most {} EUR", words::number(gap_eur));
        // What is missed counts in bound and gap, so that a share of them is a share of nothing.
        let share = 100.0 * gap_eur / bound_eur.abs().max(f64::MIN_POSITIVE);
        if self.schedule.violations.is_empty() && share < 100.0 {
            format!("{gap} ({}%) above the cheapest there is, which is not known", words::number(share))
        } else if self.schedule.violations.is_empty() {
            format!("{gap} above the cheapest there is, which is not known")
        } else {
            format!("{gap} worse than the best there is (what is missed counted by its penalties), which is not known")
        }
    }
}

fn range(storage: &Storage, plan: &DevicePlan) -> [f64; 4] {
    let start = storage.soc_start_kwh;
    let end = plan.soc_kwh.last().copied().unwrap_or(start);
    let least = plan.soc_kwh.iter().copied().fold(start, f64::min);
    let most = plan.soc_kwh.iter().copied().fold(start, f64::max);
    [start, end, least, most]
}
