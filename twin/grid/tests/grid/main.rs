//! What the crate promises: golden cases, properties over random networks, edges, refusals, imports.

#![expect(clippy::unwrap_used, reason = "a test stops at the first error")]

mod common;
mod golden;
mod networks;
mod power_flow;
mod properties;
