//! Looking into a continuous book: best prices, levels, single orders and those of one agent.

use serde::{Deserialize, Serialize};

use super::ContinuousBook;
use super::book::{price_of, rank};
use crate::time::Time;
use crate::{AgentId, Energy, OrderId, Price, Side};

/// An order that waits in the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Resting {
    /// Its id.
    pub id: OrderId,
    /// Its owner.
    pub agent: AgentId,
    /// Buy or sell.
    pub side: Side,
    /// The price at which it trades.
    pub limit: Price,
    /// What it may still trade; positive.
    pub left: Energy,
    /// What it has traded.
    pub traded: Energy,
    /// When it expires, if before the gate.
    pub until: Option<Time>,
    /// Its place in time: among equal limits the lower number goes first.
    pub sequence: u64,
}

/// The orders of one side at one price, taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Level {
    /// The limit they share.
    pub price: Price,
    /// What they may still trade.
    pub quantity: Energy,
    /// How many they are.
    pub orders: u32,
}

impl ContinuousBook {
    /// The highest bid, all orders at its price taken together.
    pub fn best_bid(&self) -> Option<Level> {
        self.levels(Side::Bid).next()
    }

    /// The lowest offer, all orders at its price taken together.
    pub fn best_offer(&self) -> Option<Level> {
        self.levels(Side::Offer).next()
    }

    /// The levels of one side, best first. Take as many as the view is deep.
    pub fn levels(&self, side: Side) -> impl DoubleEndedIterator<Item = Level> + '_ {
        self.side(side).levels.iter().map(move |(&rank, queue)| Level {
            price: price_of(side, rank),
            quantity: queue.left,
            orders: queue.count,
        })
    }

    /// What one side would trade in all.
    pub fn depth(&self, side: Side) -> Energy {
        self.side(side).left
    }

    /// What an order of `side` with this limit would find at once, in O(levels). Self-trade is not looked at.
    pub fn available(&self, side: Side, limit: Price) -> Energy {
        let opposite = opposite(side);
        self.side(opposite).levels.range(..=rank(opposite, limit)).map(|(_, queue)| queue.left).sum()
    }

    /// A resting order, found in O(log n).
    pub fn order(&self, id: OrderId) -> Option<&Resting> {
        self.places.get(&id).map(|&place| self.arena.order(place))
    }

    /// The orders of one side in the order in which they would trade.
    pub fn orders(&self, side: Side) -> impl Iterator<Item = &Resting> + '_ {
        self.side(side).levels.values().flat_map(|queue| self.arena.places(queue)).map(|place| self.arena.order(place))
    }

    /// The orders of one agent, bids first, each side in the order in which it would trade. Walks the whole book.
    pub fn orders_of(&self, agent: AgentId) -> impl Iterator<Item = &Resting> + '_ {
        self.orders(Side::Bid).chain(self.orders(Side::Offer)).filter(move |order| order.agent == agent)
    }

    /// How many orders rest.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no order rests.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The limit at which the last trade was made.
    pub fn last_price(&self) -> Option<Price> {
        self.last_price
    }

    /// When the gate closes, or would have closed.
    pub fn gate(&self) -> Time {
        self.gate
    }

    /// Whether trading has ended.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// The latest instant handed in; `None` before the first.
    pub fn now(&self) -> Option<Time> {
        self.now
    }
}

/// The other side.
pub(super) fn opposite(side: Side) -> Side {
    match side {
        Side::Bid => Side::Offer,
        Side::Offer => Side::Bid,
    }
}
