//! The participants of the Cariflex twin: small deterministic state machines that decide.
//!
//! A participant's *core* ([`Core`]) senses its own body and the meters it may read, takes its mail,
//! and answers with mail, an intent for its body and rows for the results. It has no IO, no clock and
//! no random state of its own: the same core runs inside a sweep and as a live actor.
//!
//! Signs and units, everywhere: consumption is positive and production negative; names carry their
//! unit last; instants are UTC.

pub mod act;
pub mod command;
mod core;
pub mod draw;
pub mod face;
pub mod fault;
mod flexibility;
pub mod forecast;
mod id;
mod look;
pub mod mail;
pub mod number;
pub mod reading;
pub mod record;
pub mod reserve;
pub mod schedule;
pub mod series;
pub mod storage_trade;
pub mod time;

pub mod battery;
pub mod charge_point_operator;
pub mod dso;
pub mod ems;
pub mod ev;
pub mod evse;
pub mod load;
pub mod market_operator;
pub mod prosumer;
pub mod pv;
pub mod retailer;

pub use crate::core::{Core, MeterReading, Outbox, Stage, Wake};
pub use crate::id::{Kind, MeterId, ParticipantId, PortfolioId, SiteId, UnknownKind};
pub use crate::look::LastLook;
pub use crate::mail::{Mail, Message};
pub use crate::time::{Calendar, Every, Now, Slot, Span, Time};
