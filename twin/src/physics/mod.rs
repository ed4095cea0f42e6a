//! Physics as pure functions: sun and sky, clouds, PV and its inverter, storage with its warmth and age, demand.

pub mod ageing;
pub mod clouds;
pub mod demand;
pub mod inverter;
pub mod plane;
pub mod pv;
pub mod sky;
pub mod storage;
pub mod sun;
pub mod thermal;
