//! Parameters of the models, one file per kind of asset, each parameter with its default and where that comes from.

pub(crate) mod battery;
pub(crate) mod clouds;
pub(crate) mod commercial;
pub(crate) mod ev;
pub(crate) mod evse;
pub(crate) mod household;
pub(crate) mod pv;
pub(crate) mod weather;
