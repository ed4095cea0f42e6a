//! What a participant sends to a market: so much energy, at this price or better.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Energy, Price};

/// Which way energy would flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The agent wants to buy.
    Bid,
    /// The agent wants to sell.
    Offer,
}

/// The number of an order, unique within a book over both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct OrderId(pub u64);

/// The account that pays or is paid for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct AgentId(pub u32);

/// A limit order for one delivery slot. It may be filled in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Order {
    /// Unique within the book.
    pub id: OrderId,
    /// Who pays or is paid. An agent may have several orders, on both sides and at one price.
    pub agent: AgentId,
    /// Buy or sell.
    pub side: Side,
    /// Watt-hours to trade at most; positive on both sides.
    pub quantity: Energy,
    /// The most a bid pays, the least an offer takes. May be negative.
    pub limit: Price,
    /// Level of quality, for example 0 grey, 1 green, 2 green and local. Among equal prices the higher
    /// level goes first, on both sides.
    pub quality: u8,
    /// What a bid adds to its limit where a mechanism pays premiums for quality, in basis points (hundredths of a
    /// percent) of the limit; without meaning elsewhere, and for offers.
    pub premium_bp: u32,
    /// When the order reached the market, in milliseconds of simulated time from any fixed instant.
    /// Among equal price and quality the earlier order goes first.
    pub submitted_ms: i64,
    /// A ticket the caller draws from its seeded generator. It breaks the ties that price, quality and
    /// time leave, lowest ticket first, so that nobody profits from the number of its account.
    pub lottery: u64,
}

/// Basis points in the whole.
const WHOLE_BP: i128 = 10_000;

impl Order {
    /// What the order is held to where premiums are paid: a bid's limit plus trunc(limit × premium), truncated toward
    /// zero; an offer's limit as it is. A premium on a negative limit lowers it, as in the tool the rule comes from
    /// (lemlab). `None` if the sum does not fit 64 bits; a [`Book`](crate::Book) refuses such a bid.
    pub fn limit_with_premium(&self) -> Option<Price> {
        if self.side == Side::Offer || self.premium_bp == 0 {
            return Some(self.limit);
        }
        let limit = i128::from(self.limit.0);
        // Integer division truncates toward zero.
        let raised = limit + limit * i128::from(self.premium_bp) / WHOLE_BP;
        i64::try_from(raised).ok().map(Price)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Bid => "bid",
            Side::Offer => "offer",
        })
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(side: Side, limit: i64, premium_bp: u32) -> Option<i64> {
        let order = Order {
            id: OrderId(1),
            agent: AgentId(1),
            side,
            quantity: Energy(1),
            limit: Price(limit),
            quality: 0,
            premium_bp,
            submitted_ms: 0,
            lottery: 0,
        };
        order.limit_with_premium().map(|price| price.0)
    }

    #[test]
    fn a_premium_is_truncated_toward_zero_on_both_sides_of_zero() {
        assert_eq!(raised(Side::Bid, 1999, 500), Some(1999 + 99));
        assert_eq!(raised(Side::Bid, -1999, 500), Some(-1999 - 99));
        assert_eq!(raised(Side::Bid, 3, 3_333), Some(3));
    }

    #[test]
    fn an_offer_knows_no_premium() {
        assert_eq!(raised(Side::Offer, 1999, 500), Some(1999));
        assert_eq!(raised(Side::Offer, i64::MAX, u32::MAX), Some(i64::MAX));
    }

    #[test]
    fn a_raised_limit_beyond_64_bits_is_no_limit() {
        assert_eq!(raised(Side::Bid, i64::MAX, 0), Some(i64::MAX));
        assert_eq!(raised(Side::Bid, i64::MAX, 1), None);
        assert_eq!(raised(Side::Bid, i64::MIN, 1), None);
    }
}
