//! A station and a CSMS with a link between them that can be cut anywhere, on a clock of their own.

mod csms;
mod flows;
mod fuzz;
mod link;
mod requests;
