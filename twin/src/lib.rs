//! The twin itself: world and physics, the tick contract, and the two hosts that run it.
//!
//! A [`Kernel`] owns the [`World`] and runs the contract of a tick: inputs, advance, mail rounds, record. It asks a
//! [`Host`] to step cores: the [`SweepHost`] keeps them as components of the world and steps them in place; the
//! [`LiveHost`] keeps each in an actor of its own, supervised. Both give the same rows.
//!
//! Between two ticks a [`Snapshot`] can be taken, from which either host goes on as if nothing had happened.

mod bodies;
mod build;
mod cores;
mod faults;
mod host;
mod journal;
mod kernel;
mod mailroom;
mod mirror;
mod network;
mod pacer;
pub mod physics;
mod snapshot;
mod state;
mod supply;
mod weather;
mod world;

pub use cores::AnyCore;
pub use faults::{FaultInForce, FaultState};
pub use host::live::{Blow, LiveHost, LiveHostError};
pub use host::sweep::SweepHost;
pub use host::{Effects, Host, Round};
pub use journal::{Input, Journal, JournalEntry, JournalError};
pub use kernel::{ActOutcome, Kernel, KernelError, MAX_ROUNDS};
pub use mirror::{MirrorState, Refusal};
pub use network::NetworkState;
pub use pacer::{Anchor, Pace, Pacer, Turn};
pub use snapshot::{Snapshot, SnapshotError};
pub use world::World;
