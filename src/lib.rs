//! Cariflex in one process: the front door of the digital twin.
//!
//! This crate composes the rooms: it reads a scenario and measured series, builds the kernel and a host, and
//! connects them to the results. The binary `cariflex` is a thin wrapper around [`cli`].

pub mod check;
pub mod clear;
pub mod cli;
pub mod error;
pub mod file_error;
pub mod fork;
pub mod inputs;
pub mod live;
pub mod progress;
pub mod report;
pub mod run;
pub mod schedule;
pub mod snapshot;
pub mod summary;
pub mod sweep;
pub mod test;
