//! What a drill came to.

use crate::frequency::{Happening, Sample, Status, Summary};
use serde::{Deserialize, Serialize};

/// A feeder that was switched on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pickup {
    /// Minutes after the blackout.
    pub at_min: f64,
    /// The feeder.
    pub feeder: String,
    /// What it took at once, MW.
    pub cold_mw: f64,
    /// What all feeders that are on take with it, MW.
    pub load_mw: f64,
    /// Rating of the units on the grid, MW.
    pub online_mw: f64,
    /// Lowest frequency, Hz.
    pub nadir_hz: f64,
    /// Frequency that governors hold, Hz, before it is brought back.
    pub settled_hz: f64,
    /// Share of customers that have electricity again.
    pub customers_share: f64,
}

/// What a feeder went through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeederBack {
    /// Its name.
    pub feeder: String,
    /// Its commune.
    pub commune: String,
    /// Customers.
    pub customers: f64,
    /// How long it was dark, minutes: until the end of the drill if it did not come back.
    pub dark_min: f64,
    /// Whether it came back.
    pub is_back: bool,
    /// Energy it would have taken, MWh.
    pub unserved_mwh: f64,
}

/// A drill from its cause to its end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// How the cascade ended.
    pub cascade: Status,
    /// From the first act to the end of the cascade, s.
    pub cascade_s: f64,
    /// Trace of the cascade.
    pub samples: Vec<Sample>,
    /// What happened in it.
    pub log: Vec<Happening>,
    /// What it came to.
    pub summary: Summary,
    /// Feeders switched on, in order; empty where the island did not go dark.
    pub pickups: Vec<Pickup>,
    /// Opportunities at which the next feeder had to wait.
    pub waited: u32,
    /// Every feeder.
    pub feeders: Vec<FeederBack>,
    /// When the last feeder was back, minutes after the blackout; none if not all came back, or none had gone.
    pub restored_min: Option<f64>,
    /// Energy not served, after the blackout and by shedding before, MWh.
    pub unserved_mwh: f64,
    /// Minutes without electricity per customer of the island (the index SAIDI of this event; IEEE 1366).
    pub minutes_per_customer: f64,
}
