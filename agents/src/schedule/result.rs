//! What to do, what it costs, and what could not be kept.

use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What to do, step by step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Whether every limit is kept.
    pub status: Status,
    /// One plan per device, in their order.
    pub devices: Vec<DevicePlan>,
    /// What the connection takes at each step, kW; negative where it gives.
    pub net_kw: Vec<f64>,
    /// What it takes *and* gives besides at each step, kW; empty where nothing does. Only where
    /// [`Exclusion::Free`](super::Exclusion::Free) allows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub both_kw: Vec<f64>,
    /// What it costs.
    pub cost: Cost,
    /// What could not be kept, in order of devices, then steps; the connection comes last.
    pub violations: Vec<Violation>,
}

/// What one device does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevicePlan {
    /// Its power at each step, kW; negative where it gives.
    pub power_kw: Vec<f64>,
    /// What it takes *and* gives besides at each step, kW; empty where nothing does. Only where
    /// [`Exclusion::Free`](super::Exclusion::Free) allows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub both_kw: Vec<f64>,
    /// What a storage holds at the end of each step, kWh; empty for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub soc_kwh: Vec<f64>,
}

/// Whether every limit is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is.
    Feasible,
    /// Not every one can be, and limits are soft: see [`Schedule::violations`].
    Missed,
    /// Not every one can be, and limits are hard: see [`Schedule::violations`].
    Infeasible,
}

/// The parts of a cost, EUR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// What imports cost.
    pub import_eur: f64,
    /// What exports earn.
    pub export_eur: f64,
    /// How much storages wear.
    pub ageing_eur: f64,
    /// What the highest import costs.
    pub peak_eur: f64,
    /// What is stored in the end is worth.
    pub end_value_eur: f64,
}

impl Cost {
    /// What energy costs: imports less exports, EUR.
    pub fn energy_eur(&self) -> f64 {
        self.import_eur - self.export_eur
    }

    /// Everything together, EUR: what schedulers make least.
    pub fn total_eur(&self) -> f64 {
        self.energy_eur() + self.ageing_eur + self.peak_eur - self.end_value_eur
    }
}

/// A rule that is not kept at a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// The device; none for the connection.
    pub device: Option<String>,
    /// The rule.
    pub rule: Rule,
    /// The step.
    pub step: usize,
    /// The end of the step for what is stored, else its start.
    pub at: Time,
    /// By how much, in the [unit](Rule::unit) of the rule; positive.
    pub amount: f64,
}

/// A rule of a problem. The first ones can be missed, the others belong to the very nature of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// At least `soc_min_kwh` is stored.
    SocMin,
    /// At most `soc_max_kwh` is stored.
    SocMax,
    /// At least what a minimum says is stored.
    Minimum,
    /// At most what a maximum says is stored.
    Maximum,
    /// No less than the target is stored.
    TargetMissed,
    /// No more than the target is stored.
    TargetExceeded,
    /// The connection takes no more than it may.
    ImportLimit,
    /// The connection gives no more than it may.
    ExportLimit,
    /// A device takes no more than it may.
    ChargeLimit,
    /// A device gives no more than it may.
    DischargeLimit,
    /// A device runs at a power it can run at.
    Mode,
    /// Two directions exclude each other.
    Exclusion,
    /// What is stored follows from what is charged and discharged.
    Soc,
    /// The connection takes what is behind it.
    Balance,
    /// There is a number for every step and device.
    Shape,
}

impl Rule {
    /// Whether a schedule may break it when there is no other way.
    pub fn can_be_missed(self) -> bool {
        self <= Rule::ExportLimit
    }

    /// The unit of its amounts.
    pub fn unit(self) -> &'static str {
        match self {
            Rule::Shape => "",
            rule if rule <= Rule::TargetExceeded || rule == Rule::Soc => "kWh",
            _ => "kW",
        }
    }
}

/// `ev misses target_missed by 31.2 kWh at 2026-03-20T11:30:00Z`, in words.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.rule {
            Rule::SocMin => "below soc_min_kwh",
            Rule::SocMax => "above soc_max_kwh",
            Rule::Minimum => "below a minimum",
            Rule::Maximum => "above a maximum",
            Rule::TargetMissed => "below its target",
            Rule::TargetExceeded => "above its target",
            Rule::ImportLimit => "above the limit of import",
            Rule::ExportLimit => "above the limit of export",
            Rule::ChargeLimit => "above what it may take",
            Rule::DischargeLimit => "above what it may give",
            Rule::Mode => "off the powers it can run at",
            Rule::Exclusion => "both ways at once",
            Rule::Soc => "off what its powers say is stored",
            Rule::Balance => "off what is behind the connection",
            Rule::Shape => "of another length than the problem",
        };
        let who = self.device.as_deref().unwrap_or("the connection");
        write!(f, "{who} at {}: {:.6} {} {what}", self.at, self.amount, self.rule.unit())
    }
}
