//! The plants of an island: groups of identical units, what they cost and emit, and how they answer to frequency.
//!
//! All powers are seen from the generation side: what a unit gives is zero or more; a battery that charges gives less
//! than nothing.

mod check;
mod document;
mod fuel;

pub use fuel::{Curve, Fuel, Segment};

use crate::IslandError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What turns something into electricity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the technologies")]
pub enum Technology {
    Diesel,
    CombustionTurbine,
    Biomass,
    Waste,
    Biogas,
    Wind,
    Pv,
    Battery,
}

impl Technology {
    /// Whether power comes with wind and sun and not on demand.
    pub fn is_variable(self) -> bool {
        matches!(self, Self::Wind | Self::Pv)
    }

    /// Whether units are started, stopped and given a power.
    pub fn is_dispatchable(self) -> bool {
        !self.is_variable() && self != Self::Battery
    }

    /// Its name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diesel => "diesel",
            Self::CombustionTurbine => "combustion_turbine",
            Self::Biomass => "biomass",
            Self::Waste => "waste",
            Self::Biogas => "biogas",
            Self::Wind => "wind",
            Self::Pv => "pv",
            Self::Battery => "battery",
        }
    }
}

/// How units are started, stopped and moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Least power of a running unit, MW.
    pub minimum_mw: f64,
    /// Fastest change of the set power, up and down, MW per minute. Governors are faster: [`Governor::ramp_mw_per_s`].
    pub ramp_mw_per_min: f64,
    /// From the order to start until the unit is on the grid at its least power, minutes.
    pub start_min: f64,
    /// Cost of a start, EUR.
    pub start_cost_eur: f64,
    /// Shortest time on the grid, minutes.
    pub minimum_up_min: f64,
    /// Shortest time off the grid, minutes.
    pub minimum_down_min: f64,
    /// Units that run whatever the load.
    #[serde(default)]
    pub must_run: u32,
}

/// The rotating mass of a synchronous machine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Inertia constant H: kinetic energy at nominal speed over rated apparent power, s.
    pub inertia_s: f64,
    /// Rated apparent power S, MVA.
    pub rated_mva: f64,
}

impl Machine {
    /// Kinetic energy at nominal speed, H · S, MWs.
    pub fn kinetic_mws(&self) -> f64 {
        self.inertia_s * self.rated_mva
    }
}

/// How a unit answers to frequency by itself.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Governor {
    /// Droop: relative change of frequency that moves the unit by its rated power.
    pub droop: f64,
    /// Time constant of the first-order lag, s.
    pub lag_s: f64,
    /// Fastest change of power, MW/s.
    pub ramp_mw_per_s: f64,
    /// Most power above its set power that the unit gives as primary reserve, MW.
    pub reserve_mw: f64,
    /// Deviation of frequency within which the unit does nothing, Hz.
    #[serde(default)]
    pub deadband_hz: f64,
}

/// Units that are all alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name in files; units are `NAME_01` and so on where there are several.
    pub name: String,
    /// What it is.
    pub technology: Technology,
    /// Number of units.
    pub count: u32,
    /// Rated power of one unit, MW.
    pub rated_mw: f64,
    /// Wind or PV with storage of its own, which smooths it: the limit on the share of intermittent power passes it by.
    #[serde(default)]
    pub firmed: bool,
    /// Energy of a battery that can be used, MWh.
    #[serde(default)]
    pub energy_mwh: Option<f64>,
    /// Of dispatchable units.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// Of dispatchable units.
    #[serde(default)]
    pub fuel: Option<Fuel>,
    /// Of synchronous machines.
    #[serde(default)]
    pub machine: Option<Machine>,
    /// Of units that answer to frequency.
    #[serde(default)]
    pub governor: Option<Governor>,
    /// Where numbers come from: by key (`rated_mw`), or by table for all of its keys (`operation`). `plausible` marks
    /// what nobody could be found to have said.
    #[serde(default)]
    pub source: BTreeMap<String, String>,
}

impl Group {
    /// Rated power of all its units, MW.
    pub fn total_mw(&self) -> f64 {
        f64::from(self.count) * self.rated_mw
    }

    /// The name of one of its units, counted from 0.
    pub fn unit_name(&self, unit: u32) -> String {
        if self.count == 1 { self.name.clone() } else { format!("{}_{:02}", self.name, unit + 1) }
    }

    /// Primary reserve that one unit gives at most, MW.
    pub fn reserve_mw(&self) -> f64 {
        self.governor.map_or(0.0, |governor| governor.reserve_mw)
    }
}

/// The plants of an island, checked. Units are numbered group by group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "document::Document", into = "document::Document")]
pub struct Fleet {
    name: String,
    groups: Vec<Group>,
}

impl Fleet {
    /// A fleet of these groups.
    ///
    /// # Errors
    /// The first number that cannot be, with the unit's name and the remedy.
    pub fn new(name: impl Into<String>, groups: Vec<Group>) -> Result<Self, IslandError> {
        check::check(&groups)?;
        Ok(Self { name: name.into(), groups })
    }

    /// Reads a fleet from TOML; the format is described in the crate's README.
    ///
    /// # Errors
    /// Text that is no fleet of this version, or a number that cannot be.
    pub fn from_toml(text: &str) -> Result<Self, IslandError> {
        document::read(text)
    }

    /// The plants of Martinique, from `data/martinique_fleet.toml`, where every number has its source or is marked
    /// plausible.
    pub fn martinique() -> Self {
        Self::from_toml(include_str!("../../data/martinique_fleet.toml"))
            .expect("a test reads the file that is shipped")
    }

    /// The fleet without these groups, for instance as it was before they were built.
    ///
    /// # Errors
    /// A name that no group has.
    pub fn without(&self, names: &[String]) -> Result<Self, IslandError> {
        if let Some(name) = names.iter().find(|name| !self.groups.iter().any(|group| group.name == **name)) {
            let known: Vec<&str> = self.groups.iter().map(|group| group.name.as_str()).collect();
            return Err(IslandError::UnknownUnit { unit: name.clone(), known: known.join(", ") });
        }
        let groups = self.groups.iter().filter(|group| !names.contains(&group.name)).cloned().collect();
        Ok(Self { name: self.name.clone(), groups })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its groups.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Number of units of all groups.
    pub fn units(&self) -> usize {
        self.groups.iter().map(|group| group.count as usize).sum()
    }

    /// Of each unit, in their order: its group and its number within it, from 0.
    pub fn unit_groups(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.groups.iter().enumerate().flat_map(|(place, group)| (0..group.count).map(move |unit| (place, unit)))
    }

    /// The name of a unit; of one that is not there, none.
    pub fn unit_name(&self, unit: usize) -> Option<String> {
        self.unit_groups().nth(unit).map(|(group, number)| self.groups[group].unit_name(number))
    }

    /// The units of this name: one, or all of a group.
    ///
    /// # Errors
    /// No unit or group has this name.
    pub fn find(&self, name: &str) -> Result<Vec<usize>, IslandError> {
        let is = |&(_, (group, number)): &(usize, (usize, u32))| {
            let group = &self.groups[group];
            group.name == name || group.unit_name(number) == name
        };
        let found: Vec<usize> = self.unit_groups().enumerate().filter(is).map(|(unit, _)| unit).collect();
        if found.is_empty() {
            let known: Vec<&str> = self.groups.iter().map(|group| group.name.as_str()).collect();
            return Err(IslandError::UnknownUnit { unit: name.into(), known: known.join(", ") });
        }
        Ok(found)
    }

    /// The groups whose power comes with wind and sun, in the order in which a request lists what is available.
    pub fn variable(&self) -> impl Iterator<Item = (usize, &Group)> {
        self.groups.iter().enumerate().filter(|(_, group)| group.technology.is_variable())
    }

    /// Rated power of a technology, MW.
    pub fn technology_mw(&self, technology: Technology) -> f64 {
        self.groups.iter().filter(|group| group.technology == technology).map(Group::total_mw).sum()
    }
}
