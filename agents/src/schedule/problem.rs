//! What is to be scheduled: devices behind one connection, prices, limits, and how strictly they hold.
//!
//! Powers are constant within a step, stored energy is told at the ends of steps. Signs: consumption (charging, import)
//! positive, production negative; limits are sizes, never negative. Two known schedulers are special cases:
//! FlexMeasures' `StorageScheduler` is [`Exclusion::Exclusive`] with [`Keeping::Soft`], OPLEM's linear problem is
//! [`Exclusion::Free`] with [`Keeping::Hard`].

use crate::time::{Span, Time};
use market::dispatch::{Limits, Profile};
use serde::{Deserialize, Serialize};

/// What is to be scheduled.
///
/// The cost to be made least is, in EUR, `Σ h · (import price · import − export price · export)`, plus ageing, plus the
/// price of the peak, less the value of what is stored in the end; h is the length of a step in hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Problem {
    /// When the first step begins.
    pub start: Time,
    /// How long a step is; positive.
    pub step: Span,
    /// How many there are; at least one.
    pub steps: usize,
    /// What energy costs at the connection.
    pub prices: Prices,
    /// The connection.
    #[serde(default)]
    pub site: Site,
    /// What cannot be scheduled behind the same connection: load less production, kW; negative where it produces.
    #[serde(default = "zero")]
    pub inflexible_kw: Profile,
    /// What can be scheduled.
    pub devices: Vec<Device>,
    /// How strictly limits hold, and what excludes what.
    #[serde(default)]
    pub rules: Rules,
}

/// What energy costs at the connection; any sign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// What a kWh taken costs, EUR/kWh.
    pub import_eur_per_kwh: Profile,
    /// What a kWh given earns, EUR/kWh.
    pub export_eur_per_kwh: Profile,
}

/// The connection all devices share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Site {
    /// Most that it may take and give; nothing where there is no limit.
    pub limits: Limits,
    /// Import up to here never costs anything extra, kW.
    pub peak_free_kw: f64,
    /// What each kW of the highest import above that costs, once per problem, EUR/kW.
    pub peak_eur_per_kw: f64,
}

/// Something that can be scheduled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Device {
    /// Takes, keeps and gives energy: a battery or a vehicle.
    Storage(Box<Storage>),
    /// Gives what it chooses of what there is.
    CurtailableProduction(CurtailableProduction),
}

/// Takes, keeps and gives energy.
///
/// With s the [kept share](Self::kept_per_step) of a step, stored energy goes by
/// `soc[t+1] = s · soc[t] + f · h · (η_c · charge[t] − discharge[t] / η_d)`, where `f = (s − 1) / ln s` (1 without loss) is
/// exact for constant power into a stock that decays exponentially.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// What errors and violations call it.
    pub name: String,
    /// What it holds when the first step begins, kWh. Outside the limits it is brought back as soon as possible.
    pub soc_start_kwh: f64,
    /// Least at the end of each step, kWh.
    #[serde(default = "zero")]
    pub soc_min_kwh: Profile,
    /// Most at the end of each step, kWh.
    pub soc_max_kwh: Profile,
    /// Least in some windows.
    #[serde(default)]
    pub minima: Vec<SocLimit>,
    /// Most in some windows.
    #[serde(default)]
    pub maxima: Vec<SocLimit>,
    /// What it must hold at some instants.
    #[serde(default)]
    pub targets: Vec<SocTarget>,
    /// Most it may take, kW; zero while it is away.
    pub charge_max_kw: Profile,
    /// Most it may give, kW; zero while it is away.
    pub discharge_max_kw: Profile,
    /// Stored of what is taken, above 0 and up to 1.
    #[serde(default = "one")]
    pub charge_efficiency: f64,
    /// Given of what leaves the store, above 0 and up to 1.
    #[serde(default = "one")]
    pub discharge_efficiency: f64,
    /// Share of the stored energy still there after one step, above 0 and up to 1.
    #[serde(default = "all")]
    pub kept_per_step: Profile,
    /// Ranges `[least, most]` of power it can run at, kW with sign; none means every power. Minimum power is
    /// `[[0, 0], [4.14, 22]]`. Where a limit allows no range at all (it is away), it stands still.
    #[serde(default)]
    pub modes_kw: Vec<[f64; 2]>,
    /// What a kWh charged wears, and a kWh discharged, EUR/kWh.
    #[serde(default)]
    pub ageing_eur_per_kwh: f64,
    /// What a kWh held at the end of the last step is worth, EUR/kWh.
    #[serde(default)]
    pub end_value_eur_per_kwh: f64,
}

/// Gives what it chooses of what there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurtailableProduction {
    /// What errors and violations call it.
    pub name: String,
    /// Most it can give, kW, as a positive number.
    pub available_kw: Profile,
}

/// A limit of stored energy over a window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocLimit {
    /// It holds at the ends of steps from here
    pub from: Time,
    /// to here, both included.
    pub until: Time,
    /// The limit, kWh.
    pub soc_kwh: f64,
}

/// Stored energy at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocTarget {
    /// The end of a step.
    pub at: Time,
    /// What is to be held then, kWh.
    pub soc_kwh: f64,
}

/// How strictly limits hold, and what excludes what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// What it means that a limit cannot be kept.
    pub keeping: Keeping,
    /// Whether a storage may charge and discharge at once.
    pub storage: Exclusion,
    /// Whether the site may import and export at once.
    pub site: Exclusion,
    /// What breaking a limit counts.
    pub penalties: Penalties,
}

/// What it means that a limit of stored energy or of the connection cannot be kept. Either way the schedule breaks as
/// little as possible, then costs as little as possible, and tells what it broke. Limits of power are always kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeping {
    /// The problem has no solution.
    Hard,
    /// The schedule is as good as can be.
    #[default]
    Soft,
}

/// Whether two directions of one flow exclude each other within a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// One at a time, as it is physically.
    #[default]
    Exclusive,
    /// Both at once, as plain linear problems have it.
    Free,
}

/// What breaking a limit counts while schedules are compared; never part of a cost. Far above all prices, so that nothing
/// is broken to save money: one kWh less in a store must not be worth this much.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Penalties {
    /// Below `soc_min` or above `soc_max`, per kWh and step end.
    pub soc_eur_per_kwh: f64,
    /// Off a minimum, a maximum or a target, per kWh and step end.
    pub wish_eur_per_kwh: f64,
    /// Beyond a limit of the connection, per kWh.
    pub site_eur_per_kwh: f64,
}

impl Default for Penalties {
    fn default() -> Self {
        Self { soc_eur_per_kwh: 100_000.0, wish_eur_per_kwh: 1_000.0, site_eur_per_kwh: 10_000.0 }
    }
}

impl Problem {
    /// When a step ends; the last instant the schedule speaks of for the last step.
    pub fn end_of(&self, step: usize) -> Time {
        self.start + self.step * (step as i64 + 1)
    }

    /// The length of a step in hours.
    pub fn step_h(&self) -> f64 {
        self.step.hours()
    }
}

impl Device {
    /// What errors and violations call it.
    pub fn name(&self) -> &str {
        match self {
            Device::Storage(storage) => &storage.name,
            Device::CurtailableProduction(production) => &production.name,
        }
    }
}

impl Storage {
    /// A storage without losses, targets or ageing, within `[0, capacity]`, of the same power both ways.
    pub fn new(name: &str, capacity_kwh: f64, power_kw: f64) -> Self {
        Self {
            name: name.to_owned(),
            soc_start_kwh: 0.0,
            soc_min_kwh: zero(),
            soc_max_kwh: Profile::Constant(capacity_kwh),
            minima: Vec::new(),
            maxima: Vec::new(),
            targets: Vec::new(),
            charge_max_kw: Profile::Constant(power_kw),
            discharge_max_kw: Profile::Constant(power_kw),
            charge_efficiency: 1.0,
            discharge_efficiency: 1.0,
            kept_per_step: all(),
            modes_kw: Vec::new(),
            ageing_eur_per_kwh: 0.0,
            end_value_eur_per_kwh: 0.0,
        }
    }
}

fn zero() -> Profile {
    Profile::Constant(0.0)
}

fn all() -> Profile {
    Profile::Constant(1.0)
}

fn one() -> f64 {
    1.0
}
