//! What the twin promises across its rooms: one test per promise, each named after what it promises.
//!
//! Rows are compared exactly, and so are the unrounded powers and energies behind them. Faults are drawn from seeds;
//! a test that fails prints the seed, which fails again.

#![expect(clippy::unwrap_used, reason = "a test fails where it panics")]

mod areas;
mod clock;
mod draws;
mod energy;
mod faults;
mod faults_shown;
mod faults_told;
mod flexibility;
mod forks;
mod hosts;
mod inputs;
mod invoices;
mod mail;
mod markets;
mod mirror;
mod money;
mod network;
mod orders;
mod plans;
mod qualities;
mod reserve;
mod rig;
mod rooms;
mod snapshots;
mod sources;
mod storage_trade;
mod supply;
mod ticks;
