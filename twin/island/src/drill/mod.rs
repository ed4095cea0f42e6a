//! A blackout from its cause to the last customer: cascade, dark island, restoration feeder by feeder.
//!
//! The cascade is an event of [`crate::frequency`]. Restoration follows a rule: units come back at the times of the plan
//! and share the load by rating; at regular opportunities the next feeder by priority is switched on if the units on
//! the grid keep some of their rating free with it, and if an event of the frequency model, played beforehand with the
//! feeder's cold load, stays above the plan's least frequency. Otherwise the feeder waits for the next opportunity.
//! Between two feeders frequency is brought back to nominal by hand. Wind and PV stay off until the end.

mod cold_load;
mod feeder;
mod plan;
mod play;
mod report;

pub use cold_load::ColdLoad;
pub use feeder::Feeder;
pub use plan::{Act, Drill, Restoration, Return};
pub use play::play;
pub use report::{FeederBack, Pickup, Report};
