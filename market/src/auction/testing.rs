//! Short ways to write books and to read clearings in the tests of this folder.

use crate::{AgentId, Book, Clearing, Energy, Order, OrderId, Price, Side};

/// Orders of different ids belong to different agents, all came at one instant, and their ticket is their id.
fn order(side: Side, id: u64, quantity: i64, limit: i64) -> Order {
    Order {
        id: OrderId(id),
        agent: AgentId(id as u32),
        side,
        quantity: Energy(quantity),
        limit: Price(limit),
        quality: 0,
        premium_bp: 0,
        submitted_ms: 0,
        lottery: id,
    }
}

pub(super) fn bid(id: u64, quantity: i64, limit: i64) -> Order {
    order(Side::Bid, id, quantity, limit)
}

pub(super) fn offer(id: u64, quantity: i64, limit: i64) -> Order {
    order(Side::Offer, id, quantity, limit)
}

pub(super) fn by(agent: u32, order: Order) -> Order {
    Order { agent: AgentId(agent), ..order }
}

pub(super) fn of_quality(quality: u8, order: Order) -> Order {
    Order { quality, ..order }
}

pub(super) fn book<const N: usize>(orders: [Order; N]) -> Book {
    Book::new(orders).expect("all orders are tradable")
}

/// Bid, offer, watt-hours and price of each trade.
pub(super) fn pairs(clearing: &Clearing) -> Vec<(u64, u64, i64, i64)> {
    let pair = |trade: &crate::Trade| (trade.bid.0, trade.offer.0, trade.quantity.0, trade.price.0);
    clearing.trades.iter().map(pair).collect()
}
