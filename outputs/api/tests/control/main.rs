//! The control API over real sockets, before a small kernel that answers and an archive in memory.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod archive;
mod client;
mod control;
mod guard;
mod kernel;
mod reads;
mod reference;
mod streams;
mod wire;
