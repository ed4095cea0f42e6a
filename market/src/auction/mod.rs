//! Call auctions of one delivery slot: every mechanism one file, all of them found by name.

mod merit_order;
mod registry;
mod uniform;

pub use merit_order::{Slice, Slices, slices};
pub use registry::{mechanism, mechanism_names};
pub use uniform::{PriceRule, Uniform};
