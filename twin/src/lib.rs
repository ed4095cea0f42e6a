//! The twin itself: world and physics, the tick contract, and the two hosts that run it.
//!
//! A [`Kernel`] owns the [`World`] and runs the contract of a tick: inputs, advance, mail rounds, record. It asks a
//! [`Host`] to step cores: the [`SweepHost`] keeps them as components of the world and steps them in place; the
//! [`LiveHost`] keeps each in an actor of its own, supervised. Both give the same rows.

mod bodies;
mod build;
mod host;
mod journal;
mod kernel;
mod mailroom;
mod mirror;
mod network;
pub mod physics;
mod supply;
mod weather;
mod world;

pub use host::live::{Blow, LiveHost, LiveHostError};
pub use host::sweep::SweepHost;
pub use host::{Effects, Host, Round};
pub use journal::{Input, Journal, JournalEntry, JournalError};
pub use kernel::{Kernel, KernelError, MAX_ROUNDS};
pub use mirror::{MirrorState, Refusal};
pub use network::NetworkState;
pub use world::World;
