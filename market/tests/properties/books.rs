//! Random books, and how to clear and read them.

use market::{AgentId, Book, Clearing, Energy, Order, OrderId, Price, Side, clear};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::common::{SPECIFICATIONS, built};

/// Few distinct prices, qualities, instants and tickets, so that ties of every depth are common.
fn order(id: u64) -> impl Strategy<Value = Order> {
    let side = prop_oneof![Just(Side::Bid), Just(Side::Offer)];
    let quantity = prop_oneof![1_i64..20, 1_i64..100_000];
    let limit = prop_oneof![-4_i64..5, -100_000_i64..300_000];
    let premium_bp = prop_oneof![Just(0_u32), Just(500), 0_u32..30_000];
    (side, 0_u32..6, quantity, limit, 0_u8..3, premium_bp, 0_i64..3, 0_u64..3).prop_map(
        move |(side, agent, quantity, limit, quality, premium_bp, submitted_ms, lottery)| Order {
            id: OrderId(id),
            agent: AgentId(agent),
            side,
            quantity: Energy(quantity),
            limit: Price(limit),
            quality,
            premium_bp,
            submitted_ms,
            lottery,
        },
    )
}

/// Up to 39 orders of six agents.
pub(crate) fn orders() -> impl Strategy<Value = Vec<Order>> {
    (0_u64..40).prop_flat_map(|count| (0..count).map(order).collect::<Vec<_>>())
}

/// Any of the mechanisms, as text.
pub(crate) fn specification() -> impl Strategy<Value = &'static str> {
    prop::sample::select(SPECIFICATIONS.to_vec())
}

pub(crate) fn book(orders: &[Order]) -> Book {
    Book::new(orders.iter().copied()).expect("random orders are tradable")
}

/// The book, and what the mechanism of this text makes of it.
pub(crate) fn cleared(specification: &str, orders: &[Order]) -> (Book, Clearing) {
    let book = book(orders);
    let clearing = clear(&*built(specification), &book);
    (book, clearing)
}

pub(crate) fn filled(clearing: &Clearing, order: &Order) -> Energy {
    let of_order = clearing.trades.iter().filter(|trade| match order.side {
        Side::Bid => trade.bid == order.id,
        Side::Offer => trade.offer == order.id,
    });
    of_order.map(|trade| trade.quantity).sum()
}

/// The orders with every limit changed.
pub(crate) fn with_limits(orders: &[Order], limit: impl Fn(&Order) -> Price) -> Vec<Order> {
    orders.iter().map(|order| Order { limit: limit(order), ..*order }).collect()
}

#[test]
fn the_random_books_do_trade_under_every_mechanism() {
    // Were they too thin to cross, every property would hold for nothing.
    for specification in SPECIFICATIONS {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let mechanism = built(specification);
        let mut trades = Vec::new();
        for _ in 0..200 {
            let tree = orders().new_tree(&mut runner).expect("the strategy yields books");
            trades.push(mechanism.clear(&book(&tree.current())).trades.len());
        }
        trades.sort_unstable();
        assert!(trades[100] >= 4, "half of the random books have {} trades or fewer by {specification}", trades[100]);
    }
}
