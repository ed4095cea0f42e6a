//! Bilateral trade: negotiation by price adjustment, and the alternating direction method of multipliers (ADMM).
//!
//! Two ways for peers to trade with each other without anybody who knows everything. In a [`negotiate`]d market blocks of
//! energy are offered at prices that rise until nobody who wants one is refused; it ends at *an* agreement, like people do.
//! `trade` lets every peer answer prices and wishes of its partners with what is best for itself, and drives these to
//! the agreement of least cost for all, the one that a central dispatch would find.

pub mod negotiation;

pub use negotiation::{Negotiation, NegotiationError, Outcome, PeerTrade, Prosumer, negotiate};
