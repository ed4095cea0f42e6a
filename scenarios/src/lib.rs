//! Scenario files, measured series, Martinique's data, and the [`Plan`] they resolve to.
//!
//! A [`Scenario`] is what a person writes; [`Scenario::resolve`] checks it and makes the plan: participants
//! in the sorted order of their ids, sites, portfolios, and everything that holds for the whole run.

mod communes;
mod distribution;
mod document;
mod duration;
mod error;
mod file;
mod models;
mod parameters;
mod plan;
mod resolve;
mod series;
mod values;

pub use communes::{Commune, communes};
pub use duration::parse_duration;
pub use error::{Problem, ScenarioError};
pub use file::{
    BatteryEntry, ChargePointOperatorSection, DsoSection, EmsSection, EvEntry, EvseEntry, LoadsSection, MarketSection,
    PlaceSection, PvEntry, RetailerSection, RunSection, Scenario,
};
pub use models::battery::{BatteryHabit, BatteryParameters};
pub use models::commercial::CommercialParameters;
pub use models::ev::{DriverModel, EvParameters};
pub use models::evse::EvseParameters;
pub use models::household::HouseholdParameters;
pub use models::pv::{PvParameters, Transposition};
pub use parameters::{Limits, Parameter};
pub use plan::{CommuneLoad, LoadModel, Plan, PlannedParticipant, PlannedSite, Role, Vehicle, Weather};
pub use resolve::parse_start;
pub use series::{Measured, Quantity, SeriesRow, parse_csv};
