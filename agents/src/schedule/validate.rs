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

/// The largest price, EUR/kWh: ten times what a kWh that is not served is ever valued at, and far below what
/// [breaking a limit](super::Penalties) counts.
pub const MOST_EUR_PER_KWH: f64 = 100.0;
/// The largest price of the peak, EUR/kW.
pub const MOST_EUR_PER_KW: f64 = 100_000.0;
/// The largest power and energy, kW and kWh: beyond them rounding alone breaks limits.
pub const MOST_KW_OR_KWH: f64 = 1e9;
/// The least efficiency, and the least share kept over a step.
pub const LEAST_SHARE: f64 = 0.01;
/// The most that a penalty counts, EUR per unit.
const MOST_PENALTY_EUR: f64 = 1e9;
/// Most steps: a year of minutes, and then some.
const MOST_STEPS: usize = 600_000;
/// The longest step, and the farthest the start may lie from 1970: what is added to them stays a time.
const LONGEST_STEP: Span = Span(366 * Span::DAY.0);
const FARTHEST_MS: u64 = 1 << 52;

/// What numbers a field may hold: from the least to the most.
#[derive(Clone, Copy)]
struct Range(f64, f64);

impl Range {
    const PRICE: Self = Self(-MOST_EUR_PER_KWH, MOST_EUR_PER_KWH);
    const COST: Self = Self(0.0, MOST_EUR_PER_KWH);
    const PEAK_PRICE: Self = Self(0.0, MOST_EUR_PER_KW);
    const PENALTY: Self = Self(0.0, MOST_PENALTY_EUR);
    const FLOW: Self = Self(-MOST_KW_OR_KWH, MOST_KW_OR_KWH);
    const SIZE: Self = Self(0.0, MOST_KW_OR_KWH);
    const SHARE: Self = Self(LEAST_SHARE, 1.0);

    fn holds(self, value: f64) -> bool {
        (self.0..=self.1).contains(&value)
    }

    fn words(self) -> String {
        format!("give a number from {} to {}", self.0, self.1)
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
        if self.steps > MOST_STEPS {
            reasons.add(&format!("steps is {}; give at most {MOST_STEPS}, or longer ones", self.steps));
        }
        if self.step <= Span::ZERO || self.step > LONGEST_STEP {
            reasons.add("step is not positive, or longer than a year; give the length of a step in ms");
        }
        if self.start.0.unsigned_abs() > FARTHEST_MS {
            reasons.add("start is no instant; give ms since 1970");
        }
        if !reasons.found.is_empty() {
            return Err(ProblemError { reasons: reasons.found });
        }
        reasons.profile("prices.import_eur_per_kwh", &self.prices.import_eur_per_kwh, Range::PRICE);
        reasons.profile("prices.export_eur_per_kwh", &self.prices.export_eur_per_kwh, Range::PRICE);
        reasons.profile("inflexible_kw", &self.inflexible_kw, Range::FLOW);
        let limits = [("import", &self.site.limits.import_kw), ("export", &self.site.limits.export_kw)];
        for (name, limit) in limits {
            if let Some(limit) = limit {
                reasons.profile(&format!("site.limits.{name}_kw"), limit, Range::SIZE);
            }
        }
        reasons.number("site.peak_free_kw", self.site.peak_free_kw, Range::SIZE);
        reasons.number("site.peak_eur_per_kw", self.site.peak_eur_per_kw, Range::PEAK_PRICE);
        let penalties = &self.rules.penalties;
        reasons.number("rules.penalties.soc_eur_per_kwh", penalties.soc_eur_per_kwh, Range::PENALTY);
        reasons.number("rules.penalties.wish_eur_per_kwh", penalties.wish_eur_per_kwh, Range::PENALTY);
        reasons.number("rules.penalties.site_eur_per_kwh", penalties.site_eur_per_kwh, Range::PENALTY);
        for device in &self.devices {
            match device {
                Device::Storage(storage) => self.check_storage(storage, &mut reasons),
                Device::CurtailableProduction(production) => {
                    let field = format!("device `{}`: available_kw", production.name);
                    reasons.profile(&field, &production.available_kw, Range::SIZE);
                }
            }
        }
        if reasons.found.is_empty() { Ok(()) } else { Err(ProblemError { reasons: reasons.found }) }
    }

    fn check_storage(&self, storage: &Storage, reasons: &mut Reasons) {
        let of = |field: &str| format!("device `{}`: {field}", storage.name);
        reasons.number(&of("soc_start_kwh"), storage.soc_start_kwh, Range::SIZE);
        reasons.profile(&of("soc_min_kwh"), &storage.soc_min_kwh, Range::SIZE);
        reasons.profile(&of("soc_max_kwh"), &storage.soc_max_kwh, Range::SIZE);
        reasons.profile(&of("charge_max_kw"), &storage.charge_max_kw, Range::SIZE);
        reasons.profile(&of("discharge_max_kw"), &storage.discharge_max_kw, Range::SIZE);
        reasons.profile(&of("kept_per_step"), &storage.kept_per_step, Range::SHARE);
        reasons.number(&of("charge_efficiency"), storage.charge_efficiency, Range::SHARE);
        reasons.number(&of("discharge_efficiency"), storage.discharge_efficiency, Range::SHARE);
        reasons.number(&of("ageing_eur_per_kwh"), storage.ageing_eur_per_kwh, Range::COST);
        reasons.number(&of("end_value_eur_per_kwh"), storage.end_value_eur_per_kwh, Range::PRICE);
        let both = (&storage.soc_min_kwh, &storage.soc_max_kwh);
        if let Some(step) = (0..self.steps).find(|&step| crossed(both, step)) {
            reasons
                .add(&format!("{} is above soc_max_kwh; lower one or raise the other", at(&of("soc_min_kwh"), step)));
        }
        for (index, &[least, most]) in storage.modes_kw.iter().enumerate() {
            if !(Range::FLOW.holds(least) && Range::FLOW.holds(most) && least <= most) {
                let (field, Range(from, to)) = (of(&format!("modes_kw[{index}]")), Range::FLOW);
                reasons.add(&format!("{field} is [{least}, {most}]; give [least, most], both from {from} to {to}"));
            }
        }
        for (name, limits) in [("minima", &storage.minima), ("maxima", &storage.maxima)] {
            for (index, limit) in limits.iter().enumerate() {
                let field = of(&format!("{name}[{index}]"));
                reasons.number(&format!("{field}.soc_kwh"), limit.soc_kwh, Range::SIZE);
                if limit.until < limit.from {
                    reasons.add(&format!("{field} ends before it begins; swap from and until"));
                }
            }
        }
        for (index, target) in storage.targets.iter().enumerate() {
            let field = of(&format!("targets[{index}]"));
            reasons.number(&format!("{field}.soc_kwh"), target.soc_kwh, Range::SIZE);
            if !self.ends_a_step(target.at) {
                reasons.add(&format!("{field} is at {}, which ends no step; move it to an end", target.at));
            }
        }
    }

    fn ends_a_step(&self, at: Time) -> bool {
        let since = at.0.saturating_sub(self.start.0);
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
