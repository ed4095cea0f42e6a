//! The file format of a fleet: TOML, versioned, units in the names of keys.

use super::{Fleet, Group};
use crate::IslandError;
use serde::{Deserialize, Serialize};

const FORMAT: &str = "cariflex-fleet";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    format: String,
    version: u32,
    name: String,
    #[serde(rename = "unit")]
    units: Vec<Group>,
}

pub(super) fn read(text: &str) -> Result<Fleet, IslandError> {
    let unreadable = |error: toml::de::Error| IslandError::Document { document: "fleet", reason: error.to_string() };
    toml::from_str::<Document>(text).map_err(unreadable)?.try_into()
}

impl TryFrom<Document> for Fleet {
    type Error = IslandError;

    fn try_from(document: Document) -> Result<Self, IslandError> {
        let Document { format, version, name, units } = document;
        if format != FORMAT || version != 1 {
            return Err(IslandError::Format { document: "fleet", format, version, wanted: FORMAT });
        }
        Self::new(name, units)
    }
}

impl From<Fleet> for Document {
    fn from(fleet: Fleet) -> Self {
        Self { format: FORMAT.into(), version: 1, name: fleet.name, units: fleet.groups }
    }
}
