//! Faults in files and on wires: an object of the name and the parameters, of which those may be missing that have their
//! defaults.

use super::{Fault, FaultKind};
use crate::number;
use serde::de::Error;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

/// A number, or NaN where there is none.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Number(#[serde(with = "number")] f64);

#[derive(Deserialize)]
struct Written {
    kind: String,
    #[serde(flatten)]
    values: BTreeMap<String, Number>,
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters = self.kind().entry().parameters;
        let mut map = serializer.serialize_map(Some(1 + parameters.len()))?;
        map.serialize_entry("kind", self.kind().as_str())?;
        for (parameter, value) in parameters.iter().zip(self.values()) {
            map.serialize_entry(parameter.key, &Number(value))?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { kind, values } = Written::deserialize(deserializer)?;
        let values = values.iter().map(|(key, value)| (key.as_str(), value.0));
        Self::named(&kind, values).map_err(D::Error::custom)
    }
}

impl Serialize for FaultKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for FaultKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
