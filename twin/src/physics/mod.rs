//! Physics as pure functions: sun and sky, clouds, PV, storage, charging, demand.

pub mod charging;
pub mod clouds;
pub mod demand;
pub mod plane;
pub mod pv;
pub mod sky;
pub mod storage;
pub mod sun;
