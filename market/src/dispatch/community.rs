//! Who takes part in a dispatch and what limits them, as data that can be written in a file.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::optimise::OptimiseError;

/// What a number may be, as a rule and in words.
type Allowed = (fn(f64) -> bool, &'static str);

/// Larger powers, energies and prices are mistakes, and would overflow integers later. Also refuses what is not a number.
const LARGEST: f64 = 1e9;

/// A number for every step, or one for all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Profile {
    /// The same at every step.
    Constant(f64),
    /// One number per step.
    Steps(Vec<f64>),
}

impl Profile {
    /// Its number at a step, counted from zero.
    ///
    /// # Panics
    /// If the profile is shorter: [`Community::check`] refuses that.
    pub fn at(&self, step: usize) -> f64 {
        match self {
            Profile::Constant(value) => *value,
            Profile::Steps(values) => values[step],
        }
    }

    fn values(&self) -> &[f64] {
        match self {
            Profile::Constant(value) => std::slice::from_ref(value),
            Profile::Steps(values) => values,
        }
    }
}

impl From<f64> for Profile {
    fn from(value: f64) -> Self {
        Profile::Constant(value)
    }
}

/// Most power through a connection in each direction, kW, not negative; `None` is no limit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Most consumption.
    pub import_kw: Option<Profile>,
    /// Most production.
    pub export_kw: Option<Profile>,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        self.import_kw.is_none() && self.export_kw.is_none()
    }

    /// The least and the most net consumption at a step, kW.
    pub(super) fn at(&self, step: usize) -> (f64, f64) {
        let most = |limit: &Option<Profile>| limit.as_ref().map_or(f64::INFINITY, |limit| limit.at(step));
        (-most(&self.export_kw), most(&self.import_kw))
    }
}

/// A part of the network, a feeder for instance, whose net flow may be limited. Groups form trees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What errors call it.
    pub name: String,
    /// The group it lies in, by its place in [`Community::groups`]; none for the community itself.
    #[serde(default)]
    pub parent: Option<usize>,
    /// Limits on the sum of all members in it, those of inner groups included.
    #[serde(default)]
    pub limits: Limits,
}

/// A battery or a vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Most energy at the end of any step.
    #[serde(rename = "e_max_kwh")]
    pub energy_max_kwh: f64,
    /// Least energy at the end of any step.
    #[serde(rename = "e_min_kwh")]
    pub energy_min_kwh: f64,
    /// Most power taken, not negative; zero while a vehicle is away.
    pub charge_max_kw: Profile,
    /// Most power given, not negative.
    pub discharge_max_kw: Profile,
    /// Energy at the beginning.
    #[serde(rename = "e_start_kwh")]
    pub start_kwh: f64,
    /// Least energy at the end of the last step.
    #[serde(rename = "e_end_min_kwh")]
    pub end_min_kwh: f64,
    /// What wear costs, EUR per kWh charged and again per kWh discharged (at the terminals).
    #[serde(rename = "degradation_cost_per_kwh")]
    pub degradation_eur_per_kwh: f64,
    /// Share kept when charging, and again when discharging; above 0, at most 1.
    #[serde(rename = "efficiency_one_way")]
    pub efficiency: f64,
}

/// A household or business.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// What errors call it; its place where empty.
    #[serde(default)]
    pub name: String,
    /// The group it lies in, by its place in [`Community::groups`]; none for the community itself.
    #[serde(default)]
    pub group: Option<usize>,
    /// Limits of its connection.
    #[serde(default)]
    pub limits: Limits,
    /// Consumption that cannot be moved, one number per step.
    pub load_kw: Vec<f64>,
    /// PV available, positive, one number per step; it may be curtailed. Empty without PV.
    #[serde(default, rename = "pv_kw_available")]
    pub pv_kw: Vec<f64>,
    /// Its storages.
    #[serde(default, rename = "storage")]
    pub storages: Vec<Storage>,
}

/// A community and its horizon.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Community {
    /// How many steps.
    pub steps: usize,
    /// How long each is, hours.
    #[serde(rename = "dt_h")]
    pub step_h: f64,
    /// What a kWh from the grid costs, one number per step. Never below the export price: buying from the grid to
    /// sell to it at the same instant would else pay for ever.
    #[serde(rename = "price_import_eur_per_kwh")]
    pub import_price_eur_per_kwh: Vec<f64>,
    /// What a kWh into the grid earns, one number per step.
    #[serde(rename = "price_export_eur_per_kwh")]
    pub export_price_eur_per_kwh: Vec<f64>,
    /// Limits on the sum of all members.
    #[serde(default)]
    pub limits: Limits,
    /// Parts of the network.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Who takes part.
    #[serde(rename = "prosumers")]
    pub members: Vec<Member>,
    /// Whether no storage may charge and discharge in one step. Without it negative prices let storages burn energy in
    /// their losses; with it such steps need integer columns, so give an optimiser that handles these.
    #[serde(default)]
    pub exclusive_charging: bool,
}

/// Why there is no dispatch.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the parts of the message of each case")]
pub enum DispatchError {
    /// A series of another length than the horizon.
    #[error("{what} has {found} values and the horizon {expected} steps; give one value per step")]
    Length { what: String, expected: usize, found: usize },
    /// A number out of its range.
    #[error("{what} is {value}; give {allowed}")]
    OutOfRange { what: String, value: f64, allowed: &'static str },
    /// A group that does not exist, or lies in itself.
    #[error("{what} lies in group {group}, which {wrong}; give the place of another group, or none")]
    Group { what: String, group: usize, wrong: &'static str },
    /// Buying from the grid to sell to the grid would pay, without limit.
    #[error(
        "at step {step} exports earn {export} EUR/kWh and imports cost {import}: trade with the grid alone would never end; correct the prices"
    )]
    EndlessArbitrage { step: usize, import: f64, export: f64 },
    /// A storage cannot hold the energy asked of it, whatever the others do.
    #[error(
        "storage {storage} of {member} can not keep its limits: at the end of step {step} it holds {reachable_kwh:.3} kWh at best and {wanted_kwh:.3} kWh are asked; relax the target or raise its power"
    )]
    TargetOutOfReach { member: String, storage: usize, step: usize, reachable_kwh: f64, wanted_kwh: f64 },
    /// Loads, targets and limits contradict each other.
    #[error(
        "no schedule keeps the limits: {places} can not be balanced; raise the limits there, or relax loads or storage targets"
    )]
    Infeasible { places: String },
    /// The solver failed otherwise.
    #[error("the dispatch was not solved")]
    Optimise(#[source] OptimiseError),
}

impl Community {
    /// How a person would name a member.
    pub fn member_name(&self, member: usize) -> String {
        match self.members[member].name.as_str() {
            "" => format!("member {member}"),
            name => format!("member `{name}`"),
        }
    }

    /// Looks for everything that makes no sense before anything is solved, in O(numbers given).
    ///
    /// # Errors
    /// The first thing wrong, by its name.
    pub fn check(&self) -> Result<(), DispatchError> {
        check_number("the length of a step in hours", self.step_h, |x| x > 0.0, "a positive number")?;
        let any: Allowed = (|_| true, "a finite number within ±1e9");
        self.check_series("the import price", &self.import_price_eur_per_kwh, any)?;
        self.check_series("the export price", &self.export_price_eur_per_kwh, any)?;
        self.check_limits("the community", &self.limits)?;
        let prices = self.import_price_eur_per_kwh.iter().zip(&self.export_price_eur_per_kwh);
        if let Some((step, (&import, &export))) = prices.enumerate().find(|(_, (import, export))| export > import) {
            return Err(DispatchError::EndlessArbitrage { step, import, export });
        }
        for (index, group) in self.groups.iter().enumerate() {
            let what = format!("group `{}`", group.name);
            self.check_limits(&what, &group.limits)?;
            self.check_group(&what, group.parent)?;
            let ancestors = std::iter::successors(group.parent, |&above| self.groups.get(above)?.parent);
            if let Some(above) = ancestors.take(self.groups.len()).find(|&above| above == index) {
                return Err(DispatchError::Group { what, group: above, wrong: "lies in it in turn" });
            }
        }
        (0..self.members.len()).try_for_each(|member| self.check_member(member))
    }

    fn check_member(&self, index: usize) -> Result<(), DispatchError> {
        let (member, name) = (&self.members[index], self.member_name(index));
        let positive: Allowed = (|x| x >= 0.0, "a number from 0 to 1e9");
        self.check_group(&name, member.group)?;
        self.check_limits(&name, &member.limits)?;
        self.check_series(&format!("the load of {name}"), &member.load_kw, (|_| true, "a finite number within ±1e9"))?;
        if !member.pv_kw.is_empty() {
            self.check_series(&format!("the PV of {name}"), &member.pv_kw, positive)?;
        }
        for (place, storage) in member.storages.iter().enumerate() {
            let of = |part: &str| format!("{part} of storage {place} of {name}");
            self.check_profile(&of("the charging power"), &storage.charge_max_kw)?;
            self.check_profile(&of("the discharging power"), &storage.discharge_max_kw)?;
            let efficiency = |x: f64| x > 0.0 && x <= 1.0;
            check_number(&of("the efficiency"), storage.efficiency, efficiency, "a share above 0 and at most 1")?;
            check_number(&of("the cost of wear"), storage.degradation_eur_per_kwh, positive.0, positive.1)?;
            for (part, value) in [
                ("the most energy", storage.energy_max_kwh),
                ("the least energy", storage.energy_min_kwh),
                ("the energy at the start", storage.start_kwh),
                ("the least energy at the end", storage.end_min_kwh),
            ] {
                check_number(&of(part), value, |_| true, "a finite number within ±1e9")?;
            }
        }
        Ok(())
    }

    fn check_group(&self, what: &str, group: Option<usize>) -> Result<(), DispatchError> {
        match group {
            Some(group) if group >= self.groups.len() => {
                Err(DispatchError::Group { what: what.to_owned(), group, wrong: "does not exist" })
            }
            _ => Ok(()),
        }
    }

    fn check_limits(&self, what: &str, limits: &Limits) -> Result<(), DispatchError> {
        for (part, limit) in [("import", &limits.import_kw), ("export", &limits.export_kw)] {
            if let Some(limit) = limit {
                self.check_profile(&format!("the {part} limit of {what}"), limit)?;
            }
        }
        Ok(())
    }

    fn check_profile(&self, what: &str, profile: &Profile) -> Result<(), DispatchError> {
        if let Profile::Steps(values) = profile {
            self.check_length(what, values)?;
        }
        let check = |&value: &f64| check_number(what, value, |x| x >= 0.0, "a number from 0 to 1e9");
        profile.values().iter().try_for_each(check)
    }

    fn check_series(&self, what: &str, values: &[f64], (is_allowed, allowed): Allowed) -> Result<(), DispatchError> {
        self.check_length(what, values)?;
        values.iter().try_for_each(|&value| check_number(what, value, is_allowed, allowed))
    }

    fn check_length(&self, what: &str, values: &[f64]) -> Result<(), DispatchError> {
        let (expected, found) = (self.steps, values.len());
        let what = || what.to_owned();
        if found == expected { Ok(()) } else { Err(DispatchError::Length { what: what(), expected, found }) }
    }
}

fn check_number(
    what: &str,
    value: f64,
    is_allowed: impl Fn(f64) -> bool,
    allowed: &'static str,
) -> Result<(), DispatchError> {
    if value.abs() <= LARGEST && is_allowed(value) {
        return Ok(());
    }
    Err(DispatchError::OutOfRange { what: what.to_owned(), value, allowed })
}
