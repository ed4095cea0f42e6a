//! What goes wrong, and comes back.

use serde::{Deserialize, Serialize};

/// What happens from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Disturbance {
    /// A unit leaves the grid with its power and inertia.
    UnitLost {
        /// Its number in the fleet.
        unit: usize,
    },
    /// A unit comes to the grid.
    UnitConnected {
        /// Its number in the fleet.
        unit: usize,
        /// What it gives at once and is set to, MW.
        power_mw: f64,
    },
    /// Customers leave.
    LoadLost {
        /// What they took at nominal frequency, MW.
        load_mw: f64,
    },
    /// Customers come back, or take more.
    LoadReturned {
        /// What they take at nominal frequency, MW.
        load_mw: f64,
    },
    /// A line trips: what hangs on it is lost.
    LineTripped {
        /// Its name, for the log.
        line: String,
        /// Customers behind it, at nominal frequency, MW.
        load_mw: f64,
        /// Units behind it.
        #[serde(default)]
        units: Vec<usize>,
    },
    /// Clouds come or go: all PV, tripped or not, moves to another power in a straight line.
    PvRamp {
        /// Where it goes, MW.
        to_mw: f64,
        /// In which time, s; 0 is at once.
        over_s: f64,
    },
    /// A stage of load shedding is put back.
    StageRestored {
        /// The stage, counted from 0.
        stage: usize,
    },
}

impl Disturbance {
    /// Change of the load at nominal frequency, MW.
    pub(super) fn load_mw(&self) -> f64 {
        match self {
            Self::LoadReturned { load_mw } => *load_mw,
            Self::LoadLost { load_mw } | Self::LineTripped { load_mw, .. } => -load_mw,
            _ => 0.0,
        }
    }
}

/// Something that happened, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Happening {
    /// Milliseconds since the event began.
    pub at_ms: u64,
    /// Frequency when it happened, Hz.
    pub frequency_hz: f64,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Something from outside.
    Disturbed(Disturbance),
    /// A stage of load shedding fired.
    Shed {
        /// The stage, counted from 0.
        stage: usize,
        /// Load it took off, at nominal frequency, MW.
        load_mw: f64,
    },
    /// PV left by its settings.
    PvTripped {
        /// Share of all PV.
        share: f64,
        /// What it gave, MW.
        power_mw: f64,
    },
    /// All units left by their protection, or the last one was lost.
    Blackout {
        /// Load that was still served, at nominal frequency, MW.
        load_mw: f64,
    },
    /// Nothing changes any more.
    Settled,
}
