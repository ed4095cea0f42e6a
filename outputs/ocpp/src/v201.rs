//! The messages of OCPP 2.0.1 (part 3, JSON schemas) as types: what a station sends and what it may be sent.
//!
//! A type that is received knows its schema: lengths, occurrences and unknown properties are judged while it is read, and
//! `customData` is taken wherever the schema has it. What is only sent has no such checks; tests hold it against the
//! official schemas.
//!
//! Names are the standard's, so fields are not described here once more.
#![expect(missing_docs, reason = "fields and values have the standard's names and meaning")]

mod build;
mod enums;
mod macros;
mod message;
mod primitive;
mod received;
mod sent;
mod shared;

pub use enums::*;
pub use message::{Request, ResponseTo};
pub use primitive::{CustomData, DateTime, Items, Text};
pub use received::*;
pub use sent::*;
pub use shared::*;
