//! Physics as pure functions: sun and sky, clouds, PV, storage with its warmth and age, demand.

pub mod ageing;
pub mod clouds;
pub mod demand;
pub mod plane;
pub mod pv;
pub mod sky;
pub mod storage;
pub mod sun;
pub mod thermal;
