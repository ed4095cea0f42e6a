//! Scenario files, measured series, Martinique's data, and the [`Plan`] they resolve to.
//!
//! A [`Scenario`] is what a person writes; [`Scenario::resolve`] checks it and makes the plan: participants
//! in the sorted order of their ids, sites, portfolios, and everything that holds for the whole run.

mod communes;
mod duration;
mod error;
mod file;
mod plan;
mod resolve;
mod series;
mod values;

pub use communes::{Commune, communes};
pub use duration::parse_duration;
pub use error::ScenarioError;
pub use file::{
    BatteryEntry, ChargePointOperatorSection, DsoSection, EmsSection, EvEntry, EvseEntry, LoadsSection, MarketSection,
    PlaceSection, PvEntry, RetailerSection, RunSection, Scenario,
};
pub use plan::{
    ChargePoint, CommuneLoad, Plan, PlannedParticipant, PlannedSite, PvPlant, Role, Storage, Vehicle, Weather,
};
pub use resolve::parse_start;
pub use series::{Measured, Quantity, SeriesRow, parse_csv};
