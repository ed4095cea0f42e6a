//! Smart charging by itself (2.0.1 part 2, block K and section K.3): which limit holds at which EVSE at which instant.
//!
//! [`Profiles`] keeps what was installed; [`Profiles::limit_at`] says what holds, [`Profiles::next_change`] until when,
//! and [`Profiles::composite`] what will hold. Nothing in here knows a session, a clock or a body.
//!
//! What holds is found purpose by purpose: of those valid at the instant the highest stack level counts; outside its
//! schedule a profile gives way to the next lower one. A `TxProfile` takes the place of `TxDefaultProfile`. Then all
//! purposes are met at once: the lowest current, the lowest power, the fewest phases.

mod composite;
mod install;
mod limit;
mod profiles;
mod timing;

pub use composite::Composite;
pub use install::{Rules, Why};
pub use limit::{Limit, Supply};
pub use profiles::{Installed, Profiles, Session};

#[cfg(test)]
mod tests;
