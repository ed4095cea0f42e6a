//! The power system of an island, usable alone: its plants, who gives how much at what cost and CO2, and its frequency
//! while something goes wrong.
//!
//! - [`fleet`]: groups of identical units from a file, with Martinique's as the default.
//! - [`dispatch`]: merit order, ramps, starts, spinning reserve, curtailment; price, cost and CO2.
//! - [`frequency`]: the islanded system's frequency in an event: inertia, governors, batteries, load shedding, PV trips.
//! - [`replay`]: measured generation in the columns of the open-data sets.
//! - [`drill`]: a blackout from its cause to the last customer, with the two of June 2015.
//! - [`series`]: price, cost and CO2 of a whole series.
//!
//! There is no IO and no clock in here, and no random draw. Powers are seen from the generation side: what a unit gives
//! is zero or more, what is demanded is zero or more. MW, MWh, EUR, kg and Hz throughout.

pub mod dispatch;
pub mod drill;
pub mod fleet;
pub mod frequency;
pub mod replay;
pub mod series;

mod error;

pub use dispatch::{Dispatcher, Outlook, Request, Rules, State, Step};
pub use error::IslandError;
pub use fleet::{Fleet, Group, Technology};
pub use frequency::{Defence, Disturbance, FrequencyEvent, OperatingPoint};

/// The README's example, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
