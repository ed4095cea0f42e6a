//! The largest, the most and the least: limits and sums at the ends of 64 bits, a million orders, and orders for nothing.

use market::{AgentId, Book, BookError, Energy, Order, OrderId, Price, Side, clear};
use proptest::prelude::*;

use crate::books::cleared;
use crate::common::{SPECIFICATIONS, built};

const COUNT: i64 = 24;

/// Twelve orders of each side, over as much energy as a side can hold, at limits from one end to the other.
fn extreme_orders() -> impl Strategy<Value = Vec<Order>> {
    let limit = prop_oneof![
        Just(i64::MIN),
        Just(i64::MIN + 1),
        Just(-1_i64),
        Just(0_i64),
        Just(1_i64),
        Just(i64::MAX - 1),
        Just(i64::MAX),
        any::<i64>()
    ];
    let one = (limit, 0_u32..6, 0_u8..3, 0_i64..4);
    prop::collection::vec(one, COUNT as usize).prop_map(|drawn| {
        let order = |(id, (limit, agent, quality, short)): (u64, (i64, u32, u8, i64))| Order {
            id: OrderId(id),
            agent: AgentId(agent),
            side: if id % 2 == 0 { Side::Bid } else { Side::Offer },
            quantity: Energy(i64::MAX / (COUNT / 2) - short),
            limit: Price(limit),
            quality,
            // Doubles whatever can be doubled.
            premium_bp: if limit.checked_mul(2).is_some() { 10_000 } else { 0 },
            submitted_ms: 0,
            lottery: 0,
        };
        (0..).zip(drawn).map(order).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_ends_of_the_integers_clear_under_every_mechanism(orders in extreme_orders()) {
        for specification in SPECIFICATIONS {
            let (book, clearing) = cleared(specification, &orders);
            let shared = clearing.surplus_of_buyers(&book) + clearing.surplus_of_sellers(&book);
            prop_assert_eq!(shared, clearing.welfare(&book));
        }
    }
}

/// `count` orders with limits and quantities from a small generator of its own.
fn many_orders(count: u64) -> impl Iterator<Item = Order> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..count).map(move |id| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Order {
            id: OrderId(id),
            agent: AgentId((state % 1_000) as u32),
            side: if state & (1 << 40) == 0 { Side::Bid } else { Side::Offer },
            quantity: Energy(1 + (state >> 20) as i64 % 5_000),
            limit: Price((state >> 33) as i64 % 300_000 - 50_000),
            quality: ((state >> 50) % 3) as u8,
            premium_bp: 500,
            submitted_ms: (state >> 45) as i64 % 900_000,
            lottery: state,
        }
    })
}

#[test]
fn a_million_orders_clear() {
    let book = Book::new(many_orders(1_000_000)).expect("all orders are tradable");
    let volume = |specification| clear(&*built(specification), &book).volume;
    let crossing = volume("uniform-mid-rounded");
    assert_eq!(volume("pay-as-ask"), crossing);
    assert!(crossing > Energy(100_000_000));
    assert!(volume("max-volume-pay-as-bid") > crossing);
    assert!(volume("posted-offers") > Energy::ZERO);
}

#[test]
fn an_order_for_nothing_is_refused_by_name() {
    let mut orders: Vec<Order> = many_orders(10).collect();
    orders[7].quantity = Energy::ZERO;
    let (order, agent, quantity) = (OrderId(7), orders[7].agent, Energy::ZERO);
    assert_eq!(Book::new(orders), Err(BookError::QuantityNotPositive { order, agent, quantity }));
}

#[test]
fn orders_that_differ_in_their_id_alone_are_all_kept() {
    let twin =
        |id, side| Order { id: OrderId(id), side, limit: Price(10), ..many_orders(1).next().expect("one order") };
    let orders: Vec<_> = (0..6).map(|id| twin(id, if id < 3 { Side::Bid } else { Side::Offer })).collect();
    for specification in SPECIFICATIONS.into_iter().filter(|text| !text.contains("max-volume")) {
        let (_, clearing) = cleared(specification, &orders);
        assert_eq!(clearing.volume, orders[..3].iter().map(|order| order.quantity).sum(), "{specification}");
    }
}
