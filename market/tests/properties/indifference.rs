//! What must not matter: the sequence in which orders are handed over, the numbers of agents, the unit of energy and
//! the zero of the prices.

use market::{AgentId, Clearing, Order, Price, Trade};
use proptest::prelude::*;

use crate::books::{cleared, orders, specification, with_limits};

/// Without premiums, which are a share of the limit, and without truncation, which knows where zero is.
const INDIFFERENT_TO_ZERO: [&str; 14] = [
    "uniform-last-ask",
    "uniform-last-bid",
    "uniform-mid-rounded",
    "uniform k=0.123456 rounding=up",
    "discriminatory k=0.3 rounding=down",
    "pay-as-bid",
    "max-volume-pay-as-bid",
    "posted-offers",
    "negotiation energy_wh=5000 increment_ueur_per_kwh=5000",
    "admm iterations=100",
    "quality-low-to-high pay-as-bid",
    "quality-separate uniform-last-bid",
    "quality-coverage uniform-mid-rounded",
    "preferred-partners k=0.5 rounding=half-up uniform-last-ask then posted-offers",
];

fn trades(clearing: &Clearing, change: impl Fn(&Trade) -> Trade) -> Vec<Trade> {
    clearing.trades.iter().map(change).collect()
}

proptest! {
    #[test]
    fn insertion_order_never_matters(
        specification in specification(),
        (orders, shuffled) in orders().prop_flat_map(|orders| (Just(orders.clone()), Just(orders).prop_shuffle())),
    ) {
        prop_assert_eq!(cleared(specification, &orders), cleared(specification, &shuffled));
    }

    #[test]
    fn nobody_profits_from_the_number_of_its_account(
        specification in specification().prop_filter("partners are named by number", |text| !text.contains("partners")),
        orders in orders(),
    ) {
        let renumbered = |agent: AgentId| AgentId(1_000 - agent.0);
        let others: Vec<_> = orders.iter().map(|order| Order { agent: renumbered(order.agent), ..*order }).collect();
        let (_, before) = cleared(specification, &orders);
        let (_, after) = cleared(specification, &others);
        let renumber = |trade: &Trade| {
            Trade { buyer: renumbered(trade.buyer), seller: renumbered(trade.seller), ..*trade }
        };
        prop_assert_eq!(after.trades, trades(&before, renumber));
        prop_assert_eq!(after.price, before.price);
    }

    #[test]
    fn twice_the_quantities_trade_twice_the_volume_at_the_same_prices(
        specification in specification().prop_filter(
            "contracts are of a fixed energy, and shares of two are rounded anew",
            |text| !text.contains("negotiation") && !text.contains("admm"),
        ),
        orders in orders(),
    ) {
        let double = |order: &Order| Order { quantity: order.quantity + order.quantity, ..*order };
        let doubled: Vec<_> = orders.iter().map(double).collect();
        let (_, once) = cleared(specification, &orders);
        let (_, twice) = cleared(specification, &doubled);
        prop_assert_eq!(twice.volume, once.volume + once.volume);
        prop_assert_eq!(twice.price, once.price);
        let double = |trade: &Trade| Trade { quantity: trade.quantity + trade.quantity, ..*trade };
        prop_assert_eq!(twice.trades, trades(&once, double));
    }

    #[test]
    fn a_constant_on_every_limit_is_added_to_every_price(
        specification in prop::sample::select(INDIFFERENT_TO_ZERO.to_vec()),
        orders in orders(),
        levy in -1_000_i64..1_000,
    ) {
        let levy = Price(levy);
        let (_, before) = cleared(specification, &orders);
        let (_, after) = cleared(specification, &with_limits(&orders, |order| order.limit + levy));
        prop_assert_eq!(after.price, before.price.map(|price| price + levy));
        prop_assert_eq!(after.trades, trades(&before, |trade| Trade { price: trade.price + levy, ..*trade }));
    }
}
