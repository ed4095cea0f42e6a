//! The file format of drills: what goes wrong on which island day, and how it comes back.

use super::cold_load::ColdLoad;
use crate::{Fleet, IslandError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const FORMAT: &str = "cariflex-drills";

/// Something that goes wrong, with units by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Seconds after the beginning.
    pub at_s: f64,
    /// What it is, for people.
    pub what: String,
    /// Units, or groups of units, that leave; those that are not on the grid are left alone.
    #[serde(default)]
    pub units_lost: Vec<String>,
    /// Load that leaves with a line, as a share of the island's.
    #[serde(default)]
    pub load_lost_share: f64,
}

/// Units that come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// A unit, or a group of units.
    pub units: String,
    /// When the first is on the grid, minutes after the blackout.
    pub at_min: f64,
    /// Time from one to the next, minutes.
    #[serde(default)]
    pub every_min: f64,
}

/// How the island comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restoration {
    /// When which units are on the grid.
    pub returns: Vec<Return>,
    /// First opportunity for a feeder, minutes after the blackout.
    pub first_feeder_min: f64,
    /// Time between opportunities, s.
    pub between_feeders_s: f64,
    /// Share of the rating on the grid that stays free.
    pub free_share: f64,
    /// Frequency below which no pickup may go, Hz.
    pub least_hz: f64,
    /// After this the drill ends, whoever is still dark, minutes.
    pub ends_min: f64,
    /// Load after an outage.
    pub cold_load: ColdLoad,
}

/// A blackout drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drill {
    /// Its name.
    pub name: String,
    /// What it is modelled on, for people.
    pub about: String,
    /// When it begins, local time, for people: the drill itself counts from here.
    pub begins: String,
    /// How long the real one took until the last customer, minutes; none if no source says.
    #[serde(default)]
    pub really_took_min: Option<f64>,
    /// Load of the island, MW, all through the drill.
    pub load_mw: f64,
    /// Wind and PV at the beginning, as shares of their rating.
    pub wind_share: f64,
    /// The same of PV.
    pub pv_share: f64,
    /// Groups of the fleet that were not there yet.
    #[serde(default)]
    pub absent: Vec<String>,
    /// What goes wrong.
    pub acts: Vec<Act>,
    /// How it comes back.
    pub restoration: Restoration,
    /// Where numbers come from, by key.
    #[serde(default)]
    pub source: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    version: u32,
    #[serde(rename = "drill")]
    drills: Vec<Drill>,
}

impl Drill {
    /// The two blackouts of June 2015 as drills, from `data/blackouts_2015.toml`: times are what the press reported,
    /// causes and the course of restoration are plausible.
    pub fn blackouts_2015() -> Vec<Self> {
        Self::from_toml(include_str!("../../data/blackouts_2015.toml")).expect("a test reads the file that is shipped")
    }

    /// Reads drills from TOML.
    ///
    /// # Errors
    /// Text that is none of this version, or a number that cannot be. Names of units are looked up when it is played.
    pub fn from_toml(text: &str) -> Result<Vec<Self>, IslandError> {
        let unreadable =
            |error: toml::de::Error| IslandError::Document { document: "drills", reason: error.to_string() };
        let Document { format, version, drills } = toml::from_str(text).map_err(unreadable)?;
        if format != FORMAT || version != 1 {
            return Err(IslandError::Format { document: "drills", format, version, wanted: FORMAT });
        }
        drills.iter().try_for_each(Self::check)?;
        Ok(drills)
    }

    /// Checks every number.
    ///
    /// # Errors
    /// The first that cannot be, with the drill's name and the remedy.
    pub fn check(&self) -> Result<(), IslandError> {
        let back = &self.restoration;
        let mut numbers = vec![
            ("load_mw", self.load_mw, 0.1, 1e5),
            ("wind_share", self.wind_share, 0.0, 1.0),
            ("pv_share", self.pv_share, 0.0, 1.0),
            ("first_feeder_min", back.first_feeder_min, 0.0, 1e5),
            ("between_feeders_s", back.between_feeders_s, 1.0, 86_400.0),
            ("free_share", back.free_share, 0.0, 0.99),
            ("least_hz", back.least_hz, 40.0, 70.0),
            ("ends_min", back.ends_min, 1.0, 14_400.0),
        ];
        for act in &self.acts {
            numbers.push(("at_s", act.at_s, 0.0, 3600.0));
            numbers.push(("load_lost_share", act.load_lost_share, 0.0, 1.0));
        }
        for units in &back.returns {
            numbers.push(("at_min", units.at_min, 0.0, 14_400.0));
            numbers.push(("every_min", units.every_min, 0.0, 14_400.0));
        }
        for (key, value, low, high) in numbers {
            if !(low..=high).contains(&value) {
                let place = format!("drill `{}`", self.name);
                return Err(IslandError::setting(place, key, value, format!("give {low} to {high}")));
            }
        }
        back.cold_load.check()
    }

    /// When which unit of a fleet is back, minutes after the blackout, by rising time.
    pub(super) fn returns(&self, fleet: &Fleet) -> Result<Vec<(f64, usize)>, IslandError> {
        let mut all = Vec::new();
        for entry in &self.restoration.returns {
            let units = fleet.find(&entry.units)?;
            all.extend((0..).zip(units).map(|(place, unit)| (entry.at_min + f64::from(place) * entry.every_min, unit)));
        }
        all.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(all)
    }
}
