//! Networks written by other programs, and tables of one's own.
//!
//! Everything here takes text: who reads the files is the caller.

mod csv;
mod pandapower;
mod tables;

pub use csv::{Tables, from_csv};
pub use pandapower::from_pandapower;
