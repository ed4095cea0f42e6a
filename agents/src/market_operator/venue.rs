//! What is traded in a market, when and how: known to its operator and to all who trade there.

use crate::time::{Now, Slot, Span};
use market::auction::Specification;
use market::product::{Product, ProductId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// When what is traded for delivery in the very next slots: the rhythm of plans and meters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketRules {
    /// Length of a settlement slot.
    pub slot: Span,
    /// From gate closure to the beginning of delivery; a multiple of the slot.
    pub lead: Span,
}

impl MarketRules {
    /// The slot that is traded at `now`.
    pub fn traded_at(self, now: Now) -> Slot {
        Slot::containing(now.time + self.lead, self.slot)
    }
}

/// A product, how it is traded, and how much of what they expect participants trade in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Venue {
    /// What is traded when.
    pub product: Product,
    /// How.
    pub trading: Trading,
    /// Share of the energy they expect that participants trade here, in [0, 1]; the rest they leave to later gates.
    pub share: f64,
}

/// How bids and offers meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Trading {
    /// All at once, at the gate.
    Auction {
        /// By this mechanism.
        mechanism: Specification,
    },
    /// Whenever an order comes that another one meets; gates are where the first contract of the product ends.
    Continuous,
}

/// The venues of a market; a product's id is the index of its venue.
pub type Venues = Arc<[Venue]>;

/// The venues whose product has a gate at `now`, with their ids.
pub(crate) fn gates_at(venues: &[Venue], now: Now) -> impl Iterator<Item = (ProductId, &Venue)> {
    let venues = venues.iter().enumerate().map(|(index, venue)| (ProductId(index as u8), venue));
    venues.filter(move |(_, venue)| venue.product.gate_from(now.time, now.calendar) == now.time)
}

/// The first gate of any product after `now`; none without a product.
pub(crate) fn next_gate(venues: &[Venue], now: Now) -> Option<crate::Time> {
    venues.iter().map(|venue| venue.product.gate_from(now.time + Span(1), now.calendar)).min()
}
