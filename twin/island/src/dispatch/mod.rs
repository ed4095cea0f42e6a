//! Who gives how much, step by step: commitment by rule ([`commit`](self)), exact economic dispatch of those who run
//! ([`economic`]), and what it costs and emits.
//!
//! In each step, in this order: units that were starting come, those that leave go; wind and PV are admitted up to the
//! limit on their share; who runs is decided when it is time to or capacity is short; units move within their ramps; if
//! their least power is too much, wind and PV give way alike. Instants within a step are rounded to the nearer end of
//! it. A step longer than the time between decisions is cut into equal parts.
//!
//! Batteries hold their power back for frequency: they count as reserve and are not dispatched for energy.

pub mod economic;

mod commit;
mod plant;
mod request;
mod rules;
mod state;
mod step;

pub use request::{Outlook, Request, Step};
pub use rules::Rules;
pub use state::{State, Unit};
pub use step::Dispatcher;
