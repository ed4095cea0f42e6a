//! What a network consists of: nodes, lines, transformers, switches, shunts, loads, sources, and points of measurement.
//!
//! Everything is in SI units with the unit in the name. Ids are strings, unique within the network whatever the kind of
//! element. Loads are positive where they consume; flows are positive where they enter an element.

mod check;
mod file;
mod units;

use serde::{Deserialize, Serialize};

pub use check::{Finding, Severity};
pub use file::{FORMAT, VERSION};

/// An electrical network.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Network {
    /// What people call it.
    pub name: String,
    /// Frequency for which capacitances become susceptances, Hz.
    pub frequency_hz: f64,
    /// Whether it is meant to be radial: then a loop is an error that names the branch that closes it.
    pub radial: bool,
    /// Ids of elements whose unusual values are meant, and not a wrong unit.
    pub unusual: Vec<String>,
    /// Nodes (busbars, cabinets, ends of cables).
    pub nodes: Vec<Node>,
    /// Overhead lines and cables.
    pub lines: Vec<Line>,
    /// Transformers with two windings.
    pub transformers: Vec<Transformer>,
    /// Switches between two nodes of one busbar or bay.
    pub switches: Vec<Switch>,
    /// Capacitors and reactors.
    pub shunts: Vec<Shunt>,
    /// What is consumed, or produced where it is negative.
    pub loads: Vec<Load>,
    /// What feeds the network: ideal voltages behind short-circuit impedances.
    pub sources: Vec<Source>,
    /// Where quantities are read.
    pub measurements: Vec<Measurement>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Unique id.
    pub id: String,
    /// Rated voltage between phases, V.
    pub u_rated_v: f64,
}

/// How a line is built. It changes no result, but is kept for those who read the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Construction {
    /// Wires on poles.
    Overhead,
    /// A cable in the ground.
    #[default]
    Cable,
}

/// A line: a pi model with half of its capacitance at each end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Unique id.
    pub id: String,
    /// Node at the from side.
    pub from_node: String,
    /// Node at the to side.
    pub to_node: String,
    /// Whether the end at the from side is connected. A line that is open at one end draws its charging current.
    #[serde(default = "yes")]
    pub from_closed: bool,
    /// Whether the end at the to side is connected.
    #[serde(default = "yes")]
    pub to_closed: bool,
    /// Overhead line or cable.
    #[serde(default)]
    pub construction: Construction,
    /// Resistance of the whole line, ohm.
    pub r1_ohm: f64,
    /// Reactance of the whole line, ohm.
    pub x1_ohm: f64,
    /// Capacitance of the whole line, F.
    #[serde(default)]
    pub c1_f: f64,
    /// Zero-sequence resistance, ohm: needed for three-phase calculations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r0_ohm: Option<f64>,
    /// Zero-sequence reactance, ohm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x0_ohm: Option<f64>,
    /// Zero-sequence capacitance, F; none is 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub c0_f: Option<f64>,
    /// Current at which its loading is 1, A; without it its loading is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub i_rated_a: Option<f64>,
}

/// How a winding is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Winding {
    /// Delta.
    Delta,
    /// Wye whose neutral is not earthed.
    Wye,
    /// Wye whose neutral is solidly earthed.
    WyeEarthed,
}

/// A side of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The side named first.
    From,
    /// The other side.
    To,
}

/// The taps of a transformer: `u + position * step_v` takes the place of that side's rated voltage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taps {
    /// The winding with the taps.
    pub side: Side,
    /// Present position; 0 is the rated voltage.
    pub position: i32,
    /// Lowest position.
    pub lowest: i32,
    /// Highest position.
    pub highest: i32,
    /// Voltage of one step, V.
    pub step_v: f64,
    /// What an on-load tap changer regulates; none for taps set by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regulator: Option<Regulator>,
}

/// What an on-load tap changer keeps: the magnitude at a node (the mean of the phases) within a band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regulator {
    /// Node whose voltage is kept.
    pub node: String,
    /// Voltage aimed at, in units of the node's rating.
    pub target_pu: f64,
    /// Width of the band around the target within which no tap is changed, in the same unit.
    pub band_pu: f64,
}

/// A transformer: a pi model with half of its no-load branch at each side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transformer {
    /// Unique id.
    pub id: String,
    /// Node of the first winding, usually the higher voltage.
    pub from_node: String,
    /// Node of the second winding.
    pub to_node: String,
    /// Whether the from side is connected.
    #[serde(default = "yes")]
    pub from_closed: bool,
    /// Whether the to side is connected.
    #[serde(default = "yes")]
    pub to_closed: bool,
    /// Rated voltage of the from winding between phases, V.
    pub u1_v: f64,
    /// Rated voltage of the to winding between phases, V.
    pub u2_v: f64,
    /// Rated power, VA.
    pub sn_va: f64,
    /// Short-circuit voltage as a share of the rated (0.04 for 4 %).
    pub uk: f64,
    /// Short-circuit losses at rated current, W.
    pub pk_w: f64,
    /// No-load current as a share of the rated.
    #[serde(default)]
    pub i0: f64,
    /// No-load losses, W.
    #[serde(default)]
    pub p0_w: f64,
    /// Clock number of the vector group: the to side lags by 30 degrees times this.
    #[serde(default)]
    pub clock: u8,
    /// Connection of the from winding.
    pub from_winding: Winding,
    /// Connection of the to winding.
    pub to_winding: Winding,
    /// Its taps, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taps: Option<Taps>,
}

/// A switch without impedance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Unique id.
    pub id: String,
    /// One node.
    pub from_node: String,
    /// The other.
    pub to_node: String,
    /// Whether it is closed.
    pub closed: bool,
}

/// An admittance to earth, the same in every phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shunt {
    /// Unique id.
    pub id: String,
    /// Its node.
    pub node: String,
    /// Conductance, S.
    #[serde(default)]
    pub g1_s: f64,
    /// Susceptance, S; positive for a capacitor.
    #[serde(default)]
    pub b1_s: f64,
    /// Zero-sequence conductance, S; 0 where the star point is not earthed.
    #[serde(default)]
    pub g0_s: f64,
    /// Zero-sequence susceptance, S.
    #[serde(default)]
    pub b0_s: f64,
}

/// A power of three phases together, or of each phase.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Power {
    /// Of three phases together, shared equally.
    Total(f64),
    /// Of the phases a, b, c.
    PerPhase([f64; 3]),
}

impl Power {
    /// Of all phases.
    pub fn total(self) -> f64 {
        match self {
            Self::Total(total) => total,
            Self::PerPhase([a, b, c]) => a + b + c,
        }
    }

    /// Of each phase.
    pub fn per_phase(self) -> [f64; 3] {
        match self {
            Self::Total(total) => [total / 3.0; 3],
            Self::PerPhase(phases) => phases,
        }
    }
}

/// How a load depends on its voltage u in units of the rating: shares of its power that grow with u², u, and not at all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadKind {
    /// p = p0.
    ConstantPower,
    /// p = p0 u.
    ConstantCurrent,
    /// p = p0 u².
    ConstantImpedance,
    /// p = p0 (impedance u² + current u + power); the shares add up to 1.
    Zip {
        /// Share that grows with u².
        impedance: f64,
        /// Share that grows with u.
        current: f64,
        /// Share that does not depend on u.
        power: f64,
    },
}

impl LoadKind {
    /// Shares of constant impedance, current and power.
    pub fn shares(self) -> [f64; 3] {
        match self {
            Self::ConstantImpedance => [1.0, 0.0, 0.0],
            Self::ConstantCurrent => [0.0, 1.0, 0.0],
            Self::ConstantPower => [0.0, 0.0, 1.0],
            Self::Zip { impedance, current, power } => [impedance, current, power],
        }
    }
}

/// A load between each phase and earth; negative powers are generation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Unique id.
    pub id: String,
    /// Its node.
    pub node: String,
    /// Active power at rated voltage, W.
    pub p_w: Power,
    /// Reactive power at rated voltage, var.
    pub q_var: Power,
    /// How it depends on voltage.
    #[serde(default = "constant_power")]
    pub kind: LoadKind,
}

/// An ideal voltage behind the short-circuit impedance `u_rated² / sk`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Unique id.
    pub id: String,
    /// Its node.
    pub node: String,
    /// Magnitude of the ideal voltage in units of the node's rating.
    pub u_ref_pu: f64,
    /// Angle of the ideal voltage of phase a, rad.
    #[serde(default)]
    pub u_angle_rad: f64,
    /// Short-circuit power, VA.
    pub sk_va: f64,
    /// Resistance of its impedance over reactance.
    pub rx_ratio: f64,
    /// Zero-sequence impedance over positive-sequence impedance.
    #[serde(default = "one")]
    pub z01_ratio: f64,
}

/// What a point of measurement reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Voltage of a node.
    Voltage,
    /// What enters a line or transformer at its from side.
    FlowFrom,
    /// What enters it at its to side.
    FlowTo,
    /// What a source gives.
    SourcePower,
}

/// A point of measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Unique id.
    pub id: String,
    /// The element it looks at.
    pub element: String,
    /// What it reads there.
    pub quantity: Quantity,
}

fn yes() -> bool {
    true
}

fn one() -> f64 {
    1.0
}

fn constant_power() -> LoadKind {
    LoadKind::ConstantPower
}
