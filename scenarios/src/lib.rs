//! Scenario files, measured series, Martinique's data, and the [`Plan`] they resolve to.
//!
//! A [`Scenario`] is what a person writes; [`Scenario::resolve`] checks it and makes the plan: participants
//! in the sorted order of their ids, sites, portfolios, and everything that holds for the whole run. A
//! [`Sweep`](sweep::Sweep) is one scenario at many points.

mod ahead;
mod areas;
mod assets;
mod communes;
mod contracts;
mod data;
mod defaults;
mod distribution;
mod document;
mod duration;
mod error;
mod explain;
mod faults;
mod fleets;
mod flexibility;
mod freeze;
mod models;
mod names;
mod parameters;
mod plan;
mod products;
mod reserve;
mod resolve;
mod scenario;
mod schedule;
pub mod script;
mod sections;
mod settlement;
mod strategies;
pub mod sweep;
mod window;
mod wishes;

pub use ahead::Ahead;
pub use communes::{Commune, communes};
pub use data::{Cell, DataTable, Measured, Quantity};
pub use document::nearest;
pub use duration::parse_duration;
pub use error::{Problem, ScenarioError};
pub use explain::{overview, reference};
pub use faults::fault_reference;
pub use freeze::Assignment;
pub use models::battery::{BatteryHabit, BatteryParameters};
pub use models::clouds::{CloudParameters, DayClass, DayClassParameters};
pub use models::commercial::{CommercialKind, CommercialParameters};
pub use models::ev::{DriverModel, EvParameters};
pub use models::evse::EvseParameters;
pub use models::household::HouseholdParameters;
pub use models::mirror::MirrorParameters;
pub use models::mqtt::{MqttConnections, MqttParameters, MqttStoragePower};
pub use models::pv::{PvParameters, Transposition};
pub use models::supply::SupplyParameters;
pub use models::weather::WeatherParameters;
pub use parameters::{Conflict, Limits, Parameter};
pub use plan::{CommuneLoad, LoadModel, Plan, PlannedFault, PlannedParticipant, PlannedSite, Role, Vehicle, Weather};
pub use scenario::{DataFile, Scenario};
pub use sections::Recording;
pub use window::parse_start;
