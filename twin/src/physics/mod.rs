//! Physics as pure functions: sun and sky, clouds, PV and its inverter, storage with its warmth and age, charging, loads.

pub mod ageing;
pub mod charging;
pub mod climate;
pub mod clouds;
pub mod commercial;
pub mod demand;
pub mod expectation;
pub mod household;
pub mod inverter;
pub mod plane;
pub mod pv;
mod routine;
pub mod sky;
pub mod storage;
pub mod sun;
pub mod supply;
pub mod thermal;
pub mod usage;
