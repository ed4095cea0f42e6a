//! What an event leaves behind: samples, and what they come to.

use serde::{Deserialize, Serialize};

/// The island at an instant of an event.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Milliseconds since the event began.
    pub at_ms: u64,
    /// Frequency, Hz; none when the island is dark.
    pub frequency_hz: Option<f64>,
    /// Power of synchronous units, MW.
    pub units_mw: f64,
    /// Power of batteries, MW; negative while they charge.
    pub batteries_mw: f64,
    /// Power of PV, MW.
    pub pv_mw: f64,
    /// Load that is served, with its damping, MW.
    pub load_mw: f64,
    /// Load that is shed or dark, at nominal frequency, MW.
    pub unserved_mw: f64,
}

/// What an event has come to so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Lowest frequency, Hz.
    pub nadir_hz: f64,
    /// When, ms.
    pub nadir_at_ms: u64,
    /// Highest frequency, Hz.
    pub zenith_hz: f64,
    /// Steepest change of frequency with its sign, Hz/s.
    pub steepest_hz_per_s: f64,
    /// Load shed by stages and not put back, at nominal frequency, MW.
    pub shed_mw: f64,
    /// Energy that governors gave beyond set powers, MWh.
    pub governor_mwh: f64,
    /// Energy that batteries gave beyond set powers, MWh.
    pub battery_mwh: f64,
    /// Energy that loads took less because frequency was low, MWh; negative when it was high.
    pub damping_mwh: f64,
    /// Energy of load shed or dark, MWh.
    pub unserved_mwh: f64,
}
