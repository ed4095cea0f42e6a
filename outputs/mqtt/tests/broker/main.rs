//! The face and the mirror at a real Mosquitto, seen by Mosquitto's own clients.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod commands;
mod faults;
mod loss;
mod mirror;
mod proxy;
mod publishing;
mod security;
mod server;
mod twin;
