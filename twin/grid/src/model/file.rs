//! Networks as versioned JSON: `NETWORKS.md` describes the format.

use serde::{Deserialize, Serialize};

use super::{Line, Load, Measurement, Network, Node, Shunt, Source, Switch, Transformer};
use crate::error::GridError;

/// What the field `format` of a file says.
pub const FORMAT: &str = "cariflex-network";
/// The version that is written, and the only one that is read.
pub const VERSION: u64 = 1;

/// A file as it lies on the disk.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u64,
    name: String,
    #[serde(default = "european")]
    frequency_hz: f64,
    #[serde(default)]
    radial: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unusual: Vec<String>,
    nodes: Vec<Node>,
    #[serde(default)]
    lines: Vec<Line>,
    #[serde(default)]
    transformers: Vec<Transformer>,
    #[serde(default)]
    switches: Vec<Switch>,
    #[serde(default)]
    shunts: Vec<Shunt>,
    #[serde(default)]
    loads: Vec<Load>,
    sources: Vec<Source>,
    #[serde(default)]
    measurements: Vec<Measurement>,
}

/// The part of any version that says which one it is.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

fn european() -> f64 {
    50.0
}

impl Network {
    /// Reads a network from JSON; `place` names the file in messages.
    ///
    /// # Errors
    /// Text that is no network of version 1, and networks in which [`Network::findings`] finds anything.
    pub fn from_json(text: &str, place: &str) -> Result<Self, GridError> {
        let refused = |reason: String| GridError::File { place: place.into(), reason };
        let head: Head = serde_json::from_str(text).map_err(|e| refused(e.to_string()))?;
        if head.format != FORMAT {
            return Err(refused(format!("the format is `{}`, and should be `{FORMAT}`", head.format)));
        }
        if head.version != VERSION {
            return Err(GridError::Version { format: FORMAT, found: head.version, known: VERSION });
        }
        let file: File = serde_json::from_str(text).map_err(|e| refused(e.to_string()))?;
        let network = Self {
            name: file.name,
            frequency_hz: file.frequency_hz,
            radial: file.radial,
            unusual: file.unusual,
            nodes: file.nodes,
            lines: file.lines,
            transformers: file.transformers,
            switches: file.switches,
            shunts: file.shunts,
            loads: file.loads,
            sources: file.sources,
            measurements: file.measurements,
        };
        network.validate()?;
        Ok(network)
    }

    /// Writes the network as JSON that [`Network::from_json`] reads back to the same network.
    pub fn to_json(&self) -> String {
        let network = self.clone();
        let file = File {
            format: FORMAT.into(),
            version: VERSION,
            name: network.name,
            frequency_hz: network.frequency_hz,
            radial: network.radial,
            unusual: network.unusual,
            nodes: network.nodes,
            lines: network.lines,
            transformers: network.transformers,
            switches: network.switches,
            shunts: network.shunts,
            loads: network.loads,
            sources: network.sources,
            measurements: network.measurements,
        };
        serde_json::to_string_pretty(&file).expect("the fields have names, and numbers are written whatever they are")
    }
}
