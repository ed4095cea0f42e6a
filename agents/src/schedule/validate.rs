//! Refuses problems that make no sense, all reasons at once.

use super::problem::{Device, Problem, Storage};
use crate::time::{Span, Time};
use market::dispatch::Profile;

/// Why a problem makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .reasons.join("\n"))]
pub struct ProblemError {
    /// One sentence per field, with the first step at which it is wrong and the remedy.
    pub reasons: Vec<String>,
}

/// What numbers a field may hold.
#[derive(Clone, Copy)]
enum Range {
    /// Every finite number.
    Any,
    /// 0 or more, finite.
    Size,
    /// Above 0, up to 1.
    Share,
}

impl Range {
    fn holds(self, value: f64) -> bool {
        match self {
            Range::Any => value.is_finite(),
            Range::Size => value.is_finite() && value >= 0.0,
            Range::Share => value > 0.0 && value <= 1.0,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Range::Any => "give a finite number",
            Range::Size => "give a finite number, 0 or more",
            Range::Share => "give a number above 0 and up to 1",
        }
    }
}

struct Reasons {
    steps: usize,
    found: Vec<String>,
}

impl Problem {
    /// Looks at every number.
    ///
    /// # Errors
    /// Every field that no schedule can be made from, with the first step at which it is wrong.
    pub fn check(&self) -> Result<(), ProblemError> {
        let mut reasons = Reasons { steps: self.steps, found: Vec::new() };
        if self.steps == 0 {
            reasons.add("steps is 0; give at least 1");
        }
        if self.step <= Span::ZERO {
            reasons.add("step is not positive; give the length of a step in ms");
        }
        if !reasons.found.is_empty() {
            return Err(ProblemError { reasons: reasons.found });
        }
        reasons.profile("prices.import_eur_per_kwh", &self.prices.import_eur_per_kwh, Range::Any);
        reasons.profile("prices.export_eur_per_kwh", &self.prices.export_eur_per_kwh, Range::Any);
        reasons.profile("inflexible_kw", &self.inflexible_kw, Range::Any);
        let limits = [("import", &self.site.limits.import_kw), ("export", &self.site.limits.export_kw)];
        for (name, limit) in limits {
            if let Some(limit) = limit {
                reasons.profile(&format!("site.limits.{name}_kw"), limit, Range::Size);
            }
        }
        reasons.number("site.peak_free_kw", self.site.peak_free_kw, Range::Size);
        reasons.number("site.peak_eur_per_kw", self.site.peak_eur_per_kw, Range::Size);
        let penalties = &self.rules.penalties;
        reasons.number("rules.penalties.soc_eur_per_kwh", penalties.soc_eur_per_kwh, Range::Size);
        reasons.number("rules.penalties.wish_eur_per_kwh", penalties.wish_eur_per_kwh, Range::Size);
        reasons.number("rules.penalties.site_eur_per_kwh", penalties.site_eur_per_kwh, Range::Size);
        for device in &self.devices {
            match device {
                Device::Storage(storage) => self.check_storage(storage, &mut reasons),
                Device::CurtailableProduction(production) => {
                    let field = format!("device `{}`: available_kw", production.name);
                    reasons.profile(&field, &production.available_kw, Range::Size);
                }
            }
        }
        if reasons.found.is_empty() { Ok(()) } else { Err(ProblemError { reasons: reasons.found }) }
    }

    fn check_storage(&self, storage: &Storage, reasons: &mut Reasons) {
        let of = |field: &str| format!("device `{}`: {field}", storage.name);
        reasons.number(&of("soc_start_kwh"), storage.soc_start_kwh, Range::Size);
        reasons.profile(&of("soc_min_kwh"), &storage.soc_min_kwh, Range::Size);
        reasons.profile(&of("soc_max_kwh"), &storage.soc_max_kwh, Range::Size);
        reasons.profile(&of("charge_max_kw"), &storage.charge_max_kw, Range::Size);
        reasons.profile(&of("discharge_max_kw"), &storage.discharge_max_kw, Range::Size);
        reasons.profile(&of("kept_per_step"), &storage.kept_per_step, Range::Share);
        reasons.number(&of("charge_efficiency"), storage.charge_efficiency, Range::Share);
        reasons.number(&of("discharge_efficiency"), storage.discharge_efficiency, Range::Share);
        reasons.number(&of("ageing_eur_per_kwh"), storage.ageing_eur_per_kwh, Range::Size);
        reasons.number(&of("end_value_eur_per_kwh"), storage.end_value_eur_per_kwh, Range::Any);
        let both = (&storage.soc_min_kwh, &storage.soc_max_kwh);
        if let Some(step) = (0..self.steps).find(|&step| crossed(both, step)) {
            reasons
                .add(&format!("{} is above soc_max_kwh; lower one or raise the other", at(&of("soc_min_kwh"), step)));
        }
        for (index, &[least, most]) in storage.modes_kw.iter().enumerate() {
            if !(least.is_finite() && most.is_finite() && least <= most) {
                reasons.add(&format!("{} is [{least}, {most}]; give [least, most]", of(&format!("modes_kw[{index}]"))));
            }
        }
        for (name, limits) in [("minima", &storage.minima), ("maxima", &storage.maxima)] {
            for (index, limit) in limits.iter().enumerate() {
                let field = of(&format!("{name}[{index}]"));
                reasons.number(&format!("{field}.soc_kwh"), limit.soc_kwh, Range::Size);
                if limit.until < limit.from {
                    reasons.add(&format!("{field} ends before it begins; swap from and until"));
                }
            }
        }
        for (index, target) in storage.targets.iter().enumerate() {
            let field = of(&format!("targets[{index}]"));
            reasons.number(&format!("{field}.soc_kwh"), target.soc_kwh, Range::Size);
            if !self.ends_a_step(target.at) {
                reasons.add(&format!("{field} is at {}, which ends no step; move it to an end", target.at));
            }
        }
    }

    fn ends_a_step(&self, at: Time) -> bool {
        let since = (at - self.start).0;
        since > 0 && since % self.step.0 == 0 && at <= self.end_of(self.steps - 1)
    }
}

fn crossed((low, high): (&Profile, &Profile), step: usize) -> bool {
    let value = |profile: &Profile| match profile {
        Profile::Constant(value) => Some(*value),
        Profile::Steps(values) => values.get(step).copied(),
    };
    value(low).zip(value(high)).is_some_and(|(low, high)| low > high)
}

fn at(field: &str, step: usize) -> String {
    format!("{field} at step {step}")
}

impl Reasons {
    fn add(&mut self, reason: &str) {
        self.found.push(reason.to_owned());
    }

    fn number(&mut self, field: &str, value: f64, range: Range) {
        if !range.holds(value) {
            self.add(&format!("{field} is {value}; {}", range.words()));
        }
    }

    fn profile(&mut self, field: &str, profile: &Profile, range: Range) {
        match profile {
            Profile::Constant(value) => self.number(field, *value, range),
            Profile::Steps(values) => {
                if values.len() != self.steps {
                    let (has, steps) = (values.len(), self.steps);
                    self.add(&format!(
                        "{field} has {has} numbers for {steps} steps; give one per step, or one for all"
                    ));
                }
                if let Some(step) = values.iter().position(|&value| !range.holds(value)) {
                    self.number(&at(field, step), values[step], range);
                }
            }
        }
    }
}
