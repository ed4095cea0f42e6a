//! Charging stations as a charging station management system (CSMS) sees them: OCPP 2.0.1 over JSON.
//!
//! Nothing in here does IO: bytes, time and random numbers come in; frames and acts on the body go out.
//!
//! - [`rpc`] reads and writes frames, and knows what is wrong with them;
//! - [`v201`] are the messages as types;
//! - [`charging`] is smart charging by itself: which limit holds when;
//! - [`station`] is a station's session: everything a charging station remembers and answers.
//!
//! `COVERAGE.md` lists the standard's use cases and the tests that hold them, and what is not covered.

#![cfg_attr(test, expect(clippy::unwrap_used, reason = "a test fails where it panics"))]

pub mod charging;
mod error;
pub mod rpc;
pub mod station;
pub mod v201;

pub use error::OcppError;

/// Versions of the protocol whose spelling the frames know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// OCPP 1.6, JSON.
    V16,
    /// OCPP 2.0.1.
    V201,
}
