//! Bilateral trade: negotiation by price adjustment, and the alternating direction method of multipliers (ADMM).
//!
//! Two ways for peers to trade with each other without anybody who knows everything. In a negotiated market
//! ([`negotiate`]) blocks of energy are offered at prices that rise until nobody who wants one is refused; it ends at *an*
//! agreement, like people do. [`agree`] lets every peer answer the prices and wishes of its partners with what is best for
//! itself, and drives these to the agreement of least cost for all, the one that a central dispatch would find.

mod admm;
mod negotiation;

use serde::Serialize;

use crate::{Energy, Price};

pub use admm::{Admm, AdmmError, Agreement, Edge, Elastic, Exchange, Peer, agree};
pub use negotiation::{Negotiation, NegotiationError, Outcome, Prosumer, negotiate};

/// What two peers have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PeerTrade {
    /// When it is delivered.
    pub slot: usize,
    /// Who gives.
    pub seller: usize,
    /// Who takes.
    pub buyer: usize,
    /// What is given.
    pub energy: Energy,
    /// What the buyer pays the seller; fees come on top.
    pub price: Price,
    /// What the buyer pays beyond it, per energy.
    pub buyer_fee: Price,
    /// What the seller pays out of it, per energy.
    pub seller_fee: Price,
}
