//! What holds for every book, tried on random ones: conservation, merit, and indifference to the order
//! in which things are handed over.

use std::collections::BTreeMap;

use market::{
    AgentId, Book, Clearing, Energy, Mechanism, Money, Order, OrderId, Position, Price, PriceRule, Side, Tariff,
    Uniform, clear, settle,
};
use proptest::prelude::*;

/// Few distinct prices, qualities, instants and tickets, so that ties of every depth are common.
fn order(id: u64) -> impl Strategy<Value = Order> {
    let side = prop_oneof![Just(Side::Bid), Just(Side::Offer)];
    let quantity = prop_oneof![1_i64..20, 1_i64..100_000];
    let limit = prop_oneof![-4_i64..5, -100_000_i64..300_000];
    (side, 0_u32..6, quantity, limit, 0_u8..3, 0_i64..3, 0_u64..3).prop_map(
        move |(side, agent, quantity, limit, quality, submitted_ms, lottery)| Order {
            id: OrderId(id),
            agent: AgentId(agent),
            side,
            quantity: Energy(quantity),
            limit: Price(limit),
            quality,
            premium_bp: 0,
            submitted_ms,
            lottery,
        },
    )
}

fn orders() -> impl Strategy<Value = Vec<Order>> {
    (0_u64..40).prop_flat_map(|count| (0..count).map(order).collect::<Vec<_>>())
}

fn mechanism() -> impl Strategy<Value = Uniform> {
    prop::sample::select(PriceRule::ALL.to_vec()).prop_map(|rule| Uniform { rule })
}

fn cleared(mechanism: Uniform, orders: &[Order]) -> (Book, Clearing) {
    let book = Book::new(orders.iter().copied()).expect("random orders are tradable");
    let clearing = clear(&mechanism, &book);
    (book, clearing)
}

fn filled(clearing: &Clearing, order: &Order) -> Energy {
    let of_order = clearing.trades.iter().filter(|trade| match order.side {
        Side::Bid => trade.bid == order.id,
        Side::Offer => trade.offer == order.id,
    });
    of_order.map(|trade| trade.quantity).sum()
}

/// The most energy that can trade at one price: the smaller of demand and supply, at the best price.
fn crossing_volume(orders: &[Order]) -> Energy {
    let total = |side, willing: &dyn Fn(Price) -> bool| {
        let orders = orders.iter().filter(|order| order.side == side && willing(order.limit));
        orders.map(|order| order.quantity).sum::<Energy>()
    };
    let at = |price| {
        let demand = total(Side::Bid, &|limit| limit >= price);
        demand.min(total(Side::Offer, &|limit| limit <= price))
    };
    orders.iter().map(|order| at(order.limit)).max().unwrap_or_default()
}

proptest! {
    #[test]
    fn every_clearing_keeps_the_rules_of_conservation(
        mechanism in mechanism(), orders in orders(),
    ) {
        let (book, clearing) = cleared(mechanism, &orders);
        prop_assert_eq!(clearing.check(&book), Ok(()));
        for side in [book.bids(), book.offers()] {
            let total = side.iter().map(|order| filled(&clearing, order)).sum::<Energy>();
            prop_assert_eq!(total, clearing.volume);
            prop_assert!(side.iter().all(|order| filled(&clearing, order) <= order.quantity));
        }
    }

    #[test]
    fn the_volume_is_the_crossing_volume(mechanism in mechanism(), orders in orders()) {
        let (_, clearing) = cleared(mechanism, &orders);
        prop_assert_eq!(clearing.volume, crossing_volume(&orders));
        prop_assert_eq!(clearing.price.is_some(), clearing.volume > Energy::ZERO);
    }

    #[test]
    fn nobody_is_served_before_a_better_order_is_full(
        mechanism in mechanism(), orders in orders(),
    ) {
        let (book, clearing) = cleared(mechanism, &orders);
        for side in [book.bids(), book.offers()] {
            for pair in side.windows(2) {
                let next_is_served = filled(&clearing, &pair[1]) > Energy::ZERO;
                prop_assert!(!next_is_served || filled(&clearing, &pair[0]) == pair[0].quantity);
            }
        }
    }

    #[test]
    fn insertion_order_never_matters(
        mechanism in mechanism(),
        (orders, shuffled) in orders().prop_flat_map(|orders| {
            (Just(orders.clone()), Just(orders).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(cleared(mechanism, &orders), cleared(mechanism, &shuffled));
    }

    #[test]
    fn twice_the_quantities_trade_twice_the_volume_at_the_same_price(
        mechanism in mechanism(), orders in orders(),
    ) {
        let double = |order: &Order| Order { quantity: order.quantity + order.quantity, ..*order };
        let doubled: Vec<_> = orders.iter().map(double).collect();
        let (_, once) = cleared(mechanism, &orders);
        let (_, twice) = cleared(mechanism, &doubled);
        prop_assert_eq!(twice.volume, once.volume + once.volume);
        prop_assert_eq!(twice.price, once.price);
        prop_assert_eq!(twice.trades.len(), once.trades.len());
    }

    #[test]
    fn a_constant_on_every_limit_is_added_to_the_price(
        rule in prop::sample::select(vec![
            PriceRule::LastAsk, PriceRule::LastBid, PriceRule::MidRounded,
        ]),
        orders in orders(),
        levy in -1_000_i64..1_000,
    ) {
        let raise = |order: &Order| Order { limit: order.limit + Price(levy), ..*order };
        let raised: Vec<_> = orders.iter().map(raise).collect();
        let (_, before) = cleared(Uniform { rule }, &orders);
        let (_, after) = cleared(Uniform { rule }, &raised);
        prop_assert_eq!(after.volume, before.volume);
        prop_assert_eq!(after.price, before.price.map(|price| price + Price(levy)));
    }

    #[test]
    fn the_checker_finds_a_watt_hour_too_many_and_a_price_out_of_bounds(
        mechanism in mechanism(), orders in orders(), pick in any::<prop::sample::Index>(),
    ) {
        let (book, clearing) = cleared(mechanism, &orders);
        prop_assume!(!clearing.trades.is_empty());
        let at = pick.index(clearing.trades.len());

        let mut bloated = clearing.clone();
        bloated.trades[at].quantity += Energy(1);
        bloated.volume += Energy(1);
        prop_assert!(bloated.check(&book).is_err());

        let mut overpriced = clearing;
        let bid = book.order(overpriced.trades[at].bid).expect("trades name orders of the book");
        overpriced.price = None;
        overpriced.trades[at].price = bid.limit + Price(1);
        prop_assert!(overpriced.check(&book).is_err());
    }

    #[test]
    fn what_buyers_pay_is_what_sellers_receive(mechanism in mechanism(), orders in orders()) {
        let (_, clearing) = cleared(mechanism, &orders);
        let mut positions: BTreeMap<AgentId, Position> = BTreeMap::new();
        for trade in &clearing.trades {
            for agent in (0..6).map(AgentId) {
                positions.entry(agent).or_default().record(agent, trade);
            }
        }
        prop_assert_eq!(positions.values().map(|agent| agent.paid).sum::<Money>(), Money::ZERO);
        prop_assert_eq!(positions.values().map(Position::net).sum::<Energy>(), Energy::ZERO);
        let bought = positions.values().map(|agent| agent.bought).sum::<Energy>();
        prop_assert_eq!(bought, clearing.volume);
    }

    #[test]
    fn every_watt_hour_is_billed_once(
        (import, export) in (0_i64..5_000, prop_oneof![Just(0_i64), 0_i64..5_000]),
        (bought, sold, paid) in (0_i64..5_000, 0_i64..5_000, -1_000_000_i128..1_000_000),
        (import_price, export_price) in (-500_i64..500, -500_i64..500),
    ) {
        let position = Position { bought: Energy(bought), sold: Energy(sold), paid: Money(paid) };
        let tariff = Tariff { import: Price(import_price), export: Price(export_price) };
        let bill = settle(Energy(import), Energy(export), &position, &tariff);

        let residual_net = (import - export) - (bought - sold);
        prop_assert_eq!(bill.residual_import - bill.residual_export, Energy(residual_net));
        prop_assert!(bill.residual_import.min(bill.residual_export) >= Energy::ZERO);
        prop_assert_eq!(
            bill.residual,
            bill.residual_import * tariff.import - bill.residual_export * tariff.export
        );
        prop_assert_eq!(bill.total, position.paid + bill.residual);
        if import == 0 || export == 0 {
            prop_assert_eq!(bill.residual_import.min(bill.residual_export), Energy::ZERO);
        }
    }
}

#[test]
fn the_random_books_do_trade() {
    // Were they too thin to cross, every property above would hold for nothing.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut trades = Vec::new();
    for _ in 0..200 {
        let tree = orders().new_tree(&mut runner).expect("the strategy yields books");
        let orders = prop::strategy::ValueTree::current(&tree);
        let book = Book::new(orders).expect("random orders are tradable");
        trades.push(Uniform { rule: PriceRule::LastAsk }.clear(&book).trades.len());
    }
    trades.sort_unstable();
    assert!(trades[100] >= 5, "half of the random books have {} trades or fewer", trades[100]);
}
