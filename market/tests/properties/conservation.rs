//! Energy and money are neither made nor lost, whatever the mechanism; and the checker would notice.

use std::collections::BTreeMap;

use market::{AgentId, Energy, Money, Position, Price};
use proptest::prelude::*;

use crate::books::{cleared, filled, orders, specification};
use crate::common::built;

proptest! {
    #[test]
    fn every_clearing_keeps_the_rules_of_conservation(specification in specification(), orders in orders()) {
        let (book, clearing) = cleared(specification, &orders);
        prop_assert_eq!(clearing.check_promises(&book, &built(specification).promises()), Ok(()));
        for side in [book.bids(), book.offers()] {
            let total = side.iter().map(|order| filled(&clearing, order)).sum::<Energy>();
            prop_assert_eq!(total, clearing.volume);
            prop_assert!(side.iter().all(|order| filled(&clearing, order) <= order.quantity));
        }
    }

    #[test]
    fn what_was_filled_and_what_is_left_make_up_the_book(specification in specification(), orders in orders()) {
        let (book, clearing) = cleared(specification, &orders);
        let residual = book.residual(&clearing);
        for order in book.bids().iter().chain(book.offers()) {
            let left = residual.order(order.id).map(|left| left.quantity).unwrap_or_default();
            prop_assert_eq!(filled(&clearing, order) + left, order.quantity);
        }
        prop_assert!(residual.bids().iter().chain(residual.offers()).all(|order| order.quantity > Energy::ZERO));
    }

    #[test]
    fn the_checker_finds_a_watt_hour_too_many_and_a_price_out_of_bounds(
        specification in specification(), orders in orders(), pick in any::<prop::sample::Index>(),
    ) {
        let (book, clearing) = cleared(specification, &orders);
        prop_assume!(!clearing.trades.is_empty());
        let promises = built(specification).promises();
        let at = pick.index(clearing.trades.len());

        let mut bloated = clearing.clone();
        bloated.trades[at].quantity += Energy(100_000 * 40);
        bloated.volume += Energy(100_000 * 40);
        prop_assert!(bloated.check_promises(&book, &promises).is_err());

        let mut overpriced = clearing;
        let bid = book.order(overpriced.trades[at].bid).expect("trades name orders of the book");
        let most = bid.limit.max(bid.limit_with_premium().expect("it fits"));
        overpriced.price = None;
        overpriced.trades[at].price = most + Price(1);
        prop_assert!(overpriced.check_promises(&book, &promises).is_err());
    }

    #[test]
    fn what_buyers_pay_is_what_sellers_receive(specification in specification(), orders in orders()) {
        let (_, clearing) = cleared(specification, &orders);
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
    fn buyers_and_sellers_share_the_welfare_between_them(specification in specification(), orders in orders()) {
        let (book, clearing) = cleared(specification, &orders);
        let (buyers, sellers) = (clearing.surplus_of_buyers(&book), clearing.surplus_of_sellers(&book));
        prop_assert_eq!(buyers + sellers, clearing.welfare(&book));
        prop_assert!(sellers >= Money::ZERO);
        prop_assert!(buyers >= Money::ZERO || specification.contains("premium"));
    }
}
