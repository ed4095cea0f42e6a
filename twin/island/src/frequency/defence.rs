//! How loads, PV and units answer to frequency beyond their governors: damping, load shedding, disconnection.

use crate::IslandError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const FORMAT: &str = "cariflex-defence";

/// A stage of under-frequency load shedding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shedding {
    /// It sheds below this frequency, Hz ...
    pub below_hz: f64,
    /// ... that has lasted for this long, s.
    pub delay_s: f64,
    /// Share of the load that there would be without any shedding.
    pub share: f64,
}

/// A setting at which installations leave the network: below or above a frequency.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// They leave below this frequency, Hz; or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below_hz: Option<f64>,
    /// They leave above this frequency, Hz; or none. One of both is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_hz: Option<f64>,
    /// For how long it must last, s.
    pub delay_s: f64,
    /// Share of all installations of the kind.
    #[serde(default = "whole")]
    pub share: f64,
}

fn whole() -> f64 {
    1.0
}

/// The head of a file of settings; what it is about are the other keys.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u32,
}

/// Settings of an island.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Defence {
    /// Its name.
    pub name: String,
    /// Nominal frequency f0, Hz.
    pub nominal_hz: f64,
    /// Relative change of load per relative change of frequency.
    pub load_damping: f64,
    /// Stages of load shedding, by falling threshold.
    #[serde(default)]
    pub shedding: Vec<Shedding>,
    /// Settings of PV; shares that leave on the same side add up to one at most.
    #[serde(default)]
    pub pv_trip: Vec<Trip>,
    /// Protection of the generating units: it takes them all at once.
    #[serde(default)]
    pub unit_trip: Vec<Trip>,
    /// Where numbers come from, by key.
    #[serde(default)]
    pub source: BTreeMap<String, String>,
}

impl Defence {
    /// No shedding and no trips, without damping.
    pub fn bare() -> Self {
        Self {
            name: "bare".into(),
            nominal_hz: 50.0,
            load_damping: 0.0,
            shedding: Vec::new(),
            pv_trip: Vec::new(),
            unit_trip: Vec::new(),
            source: BTreeMap::new(),
        }
    }

    /// Settings that are plausible for Martinique, from `data/martinique_defence.toml`.
    pub fn martinique() -> Self {
        Self::from_toml(include_str!("../../data/martinique_defence.toml"))
            .expect("a test reads the file that is shipped")
    }

    /// Reads settings from TOML.
    ///
    /// # Errors
    /// Text that is none of this version, or a setting that cannot be.
    pub fn from_toml(text: &str) -> Result<Self, IslandError> {
        let unreadable =
            |error: toml::de::Error| IslandError::Document { document: "defence", reason: error.to_string() };
        let mut keys: toml::Table = toml::from_str(text).map_err(unreadable)?;
        let head = keys.iter().filter(|(key, _)| ["format", "version"].contains(&key.as_str()));
        let head = head.map(|(key, value)| (key.clone(), value.clone())).collect::<toml::Table>();
        let Head { format, version } = head.try_into().map_err(unreadable)?;
        if format != FORMAT || version != 1 {
            return Err(IslandError::Format { document: "defence", format, version, wanted: FORMAT });
        }
        keys.retain(|key, _| !["format", "version"].contains(&key));
        let read: Self = keys.try_into().map_err(unreadable)?;
        read.check()?;
        Ok(read)
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// The first that cannot be, with its place and the remedy.
    pub fn check(&self) -> Result<(), IslandError> {
        within("defence", "nominal_hz", self.nominal_hz, 40.0, 70.0)?;
        within("defence", "load_damping", self.load_damping, 0.0, 5.0)?;
        for (place, stage) in self.shedding.iter().enumerate() {
            let name = format!("shedding stage {}", place + 1);
            within(&name, "below_hz", stage.below_hz, 0.8 * self.nominal_hz, self.nominal_hz)?;
            within(&name, "delay_s", stage.delay_s, 0.0, 600.0)?;
            within(&name, "share", stage.share, 0.0, 1.0)?;
            if place > 0 && stage.below_hz > self.shedding[place - 1].below_hz {
                let remedy = "list stages by falling threshold";
                return Err(IslandError::setting(name, "below_hz", stage.below_hz, remedy));
            }
        }
        let shed: f64 = self.shedding.iter().map(|stage| stage.share).sum();
        within("shedding", "sum of shares", shed, 0.0, 1.0 + 1e-9)?;
        for (kind, trips) in [("pv_trip", &self.pv_trip), ("unit_trip", &self.unit_trip)] {
            for (place, trip) in trips.iter().enumerate() {
                trip.check(&format!("{kind} {}", place + 1), self.nominal_hz)?;
            }
            for is_below in [true, false] {
                let same = trips.iter().filter(|trip| trip.below_hz.is_some() == is_below);
                let sum: f64 = same.map(|trip| trip.share).sum();
                if kind == "pv_trip" {
                    within(kind, "sum of shares on one side", sum, 0.0, 1.0 + 1e-9)?;
                }
            }
        }
        if let Some(trip) = self.unit_trip.iter().find(|trip| trip.share != 1.0) {
            return Err(IslandError::setting(
                "unit_trip",
                "share",
                trip.share,
                "units leave together: take `share` out",
            ));
        }
        Ok(())
    }
}

impl Trip {
    fn check(&self, name: &str, nominal_hz: f64) -> Result<(), IslandError> {
        match (self.below_hz, self.above_hz) {
            (Some(below), None) => within(name, "below_hz", below, 0.8 * nominal_hz, nominal_hz)?,
            (None, Some(above)) => within(name, "above_hz", above, nominal_hz, 1.2 * nominal_hz)?,
            both => {
                let remedy = "give one of `below_hz` and `above_hz`";
                return Err(IslandError::setting(name, "threshold", format!("{both:?}"), remedy));
            }
        }
        within(name, "delay_s", self.delay_s, 0.0, 600.0)?;
        within(name, "share", self.share, 0.0, 1.0)
    }
}

fn within(place: &str, key: &'static str, value: f64, low: f64, high: f64) -> Result<(), IslandError> {
    match (low..=high).contains(&value) {
        true => Ok(()),
        false => Err(IslandError::setting(place, key, value, format!("give {low} to {high}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../data/martinique_defence.toml");

    #[test]
    fn the_shipped_settings_are_read_and_say_where_they_come_from() {
        let defence = Defence::martinique();
        assert_eq!((defence.shedding.len(), defence.pv_trip.len(), defence.unit_trip.len()), (5, 4, 2));
        for key in ["nominal_hz", "load_damping", "shedding", "pv_trip", "unit_trip"] {
            assert!(defence.source.contains_key(key), "{key}");
        }
    }

    #[test]
    fn settings_that_cannot_be_are_refused_with_their_place() {
        for (line, other, word) in [
            ("below_hz = 48.2", "below_hz = 49.0", "shedding stage 2"),
            ("share = 0.12", "share = 0.8", "sum of shares"),
            ("above_hz = 50.2", "above_hz = 49.0", "pv_trip 2"),
            ("above_hz = 50.2", "above_hz = 50.2\nbelow_hz = 49.0", "give one of"),
            ("load_damping = 1.5", "load_damping = -1.5", "load_damping"),
            ("version = 1", "version = 7", "version 7"),
        ] {
            let error = Defence::from_toml(&SHIPPED.replacen(line, other, 1)).expect_err(other).to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
