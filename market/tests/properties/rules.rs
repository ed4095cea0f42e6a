//! What each rule promises of its own, against a second and simpler way to work it out.

use std::collections::BTreeMap;

use market::auction::{Specification, catalogue_table, mechanism_names};
use market::{AgentId, Clearing, Energy, Money, Note, Order, OrderId, Price, Side, Trade, clear, mechanism};
use proptest::prelude::*;

use crate::books::{cleared, filled, orders, specification, with_limits};
use crate::common::{SPECIFICATIONS, built};

/// The mechanisms that trade the crossing volume in merit order.
const CROSSING: [&str; 6] = [
    "uniform-last-ask",
    "uniform-last-bid",
    "uniform-mid-truncated",
    "uniform-mid-rounded",
    "discriminatory k=0.3 rounding=down",
    "pay-as-bid",
];

fn total(orders: &[Order], side: Side, counts: impl Fn(Price) -> bool) -> Energy {
    orders.iter().filter(|order| order.side == side && counts(order.limit)).map(|order| order.quantity).sum()
}

/// The most energy that can trade at one price: the smaller of demand and supply, at the best price.
fn crossing_volume(orders: &[Order]) -> Energy {
    let demand = |price| total(orders, Side::Bid, |limit| limit >= price);
    let supply = |price| total(orders, Side::Offer, |limit| limit <= price);
    orders.iter().map(|order| demand(order.limit).min(supply(order.limit))).max().unwrap_or_default()
}

/// The optimum of the linear program "maximise bids − asks subject to bought = sold", by its dual: what all orders would
/// gain at one price, at the price where that is least.
fn optimal_welfare(orders: &[Order]) -> Money {
    let gain = |order: &Order, price: Price| match order.side {
        Side::Bid => order.quantity * (order.limit - price).max(Price::ZERO),
        Side::Offer => order.quantity * (price - order.limit).max(Price::ZERO),
    };
    let dual = |price| orders.iter().map(|order| gain(order, price)).sum::<Money>();
    orders.iter().map(|order| dual(order.limit)).min().unwrap_or_default()
}

/// The most energy that can flow from offers to bids that can pay them, by the smallest cut: bids above a threshold and
/// offers up to it.
fn largest_volume(orders: &[Order]) -> Energy {
    let cut = |threshold| {
        total(orders, Side::Bid, |limit| limit > threshold) + total(orders, Side::Offer, |limit| limit <= threshold)
    };
    let cuts = orders.iter().map(|order| cut(order.limit)).chain([total(orders, Side::Bid, |_| true)]);
    cuts.min().unwrap_or_default()
}

/// Bid, offer, quantity and price when buyers come one by one and each looks through all offers for the cheapest.
fn bought_one_by_one(orders: &[Order]) -> Vec<(OrderId, OrderId, Energy, Price)> {
    let of = |side| orders.iter().copied().filter(move |order| order.side == side);
    let (mut buyers, mut offers): (Vec<Order>, Vec<Order>) = (of(Side::Bid).collect(), of(Side::Offer).collect());
    buyers.sort_by_key(|bid| (bid.submitted_ms, bid.lottery, bid.id));
    let mut bought = Vec::new();
    for mut bid in buyers {
        loop {
            let open = offers.iter_mut().filter(|offer| offer.quantity > Energy::ZERO && offer.limit <= bid.limit);
            let rank =
                |offer: &Order| (offer.limit, u8::MAX - offer.quality, offer.submitted_ms, offer.lottery, offer.id);
            let Some(best) = open.min_by_key(|offer| rank(offer)).filter(|_| bid.quantity > Energy::ZERO) else {
                break;
            };
            let quantity = bid.quantity.min(best.quantity);
            bid.quantity -= quantity;
            best.quantity -= quantity;
            bought.push((bid.id, best.id, quantity, best.limit));
        }
    }
    bought
}

fn flat(clearing: &Clearing) -> Vec<(OrderId, OrderId, Energy, Price)> {
    clearing.trades.iter().map(|trade| (trade.bid, trade.offer, trade.quantity, trade.price)).collect()
}

proptest! {
    #[test]
    fn the_volume_is_the_crossing_volume_and_the_welfare_the_optimum(
        specification in prop::sample::select(CROSSING.to_vec()), orders in orders(),
    ) {
        let (book, clearing) = cleared(specification, &orders);
        prop_assert_eq!(clearing.volume, crossing_volume(&orders));
        prop_assert_eq!(clearing.welfare(&book), optimal_welfare(&orders));
    }

    #[test]
    fn no_mechanism_has_more_welfare_than_the_optimum(specification in specification(), orders in orders()) {
        let (book, clearing) = cleared(specification, &orders);
        prop_assert!(clearing.welfare(&book) <= optimal_welfare(&orders));
    }

    #[test]
    fn nobody_is_served_before_a_better_order_is_full(
        specification in prop::sample::select(CROSSING.to_vec()), orders in orders(),
    ) {
        let (book, clearing) = cleared(specification, &orders);
        for side in [book.bids(), book.offers()] {
            for pair in side.windows(2) {
                let next_is_served = filled(&clearing, &pair[1]) > Energy::ZERO;
                prop_assert!(!next_is_served || filled(&clearing, &pair[0]) == pair[0].quantity);
            }
        }
    }

    #[test]
    fn a_larger_share_of_the_gap_is_never_a_lower_price(
        orders in orders(), low in 0_u32..=1_000_000, high in 0_u32..=1_000_000,
    ) {
        let share = |millionths: u32| format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        for auction in ["uniform", "discriminatory"] {
            let at = |millionths| cleared(&format!("{auction} k={}", share(millionths)), &orders).1;
            let (less, more) = (at(low.min(high)), at(low.max(high)));
            prop_assert_eq!(less.volume, more.volume);
            prop_assert!(less.trades.iter().zip(&more.trades).all(|(less, more)| less.price <= more.price));
        }
    }

    #[test]
    fn the_largest_volume_is_the_largest_where_nobody_is_on_both_sides(orders in orders()) {
        let apart = |order: &Order| match order.side {
            Side::Bid => *order,
            Side::Offer => Order { agent: AgentId(order.agent.0 + 10), ..*order },
        };
        let orders: Vec<_> = orders.iter().map(apart).collect();
        let (_, clearing) = cleared("max-volume-pay-as-bid", &orders);
        prop_assert_eq!(clearing.volume, largest_volume(&orders));
        prop_assert!(clearing.volume >= crossing_volume(&orders));
    }

    #[test]
    fn the_largest_volume_skips_ones_own_orders(orders in orders()) {
        let (_, clearing) = cleared("max-volume-pay-as-bid", &orders);
        prop_assert!(clearing.trades.iter().all(|trade| trade.buyer != trade.seller));
    }

    #[test]
    fn buyers_of_posted_offers_are_served_one_by_one(orders in orders()) {
        prop_assert_eq!(flat(&cleared("posted-offers", &orders).1), bought_one_by_one(&orders));
    }

    #[test]
    fn a_premium_is_the_same_auction_with_higher_limits(orders in orders()) {
        let raised = with_limits(&orders, |order| order.limit_with_premium().expect("it fits"));
        for auction in ["uniform-mid-truncated", "pay-as-bid", "posted-offers", "quality-separate uniform-last-ask"] {
            let with_premium = cleared(&format!("premium {auction}"), &orders).1;
            prop_assert_eq!(with_premium, cleared(auction, &raised).1);
        }
    }

    #[test]
    fn nobody_gets_less_quality_than_it_asked_for(orders in orders()) {
        let quality: BTreeMap<OrderId, u8> = orders.iter().map(|order| (order.id, order.quality)).collect();
        let qualities = |trade: &Trade| (quality[&trade.bid], quality[&trade.offer]);
        for mode in ["quality-high-to-low", "quality-low-to-high", "quality-separate"] {
            let (_, clearing) = cleared(&format!("{mode} uniform-mid-rounded"), &orders);
            let is_kept = |(asked, given): (u8, u8)| if mode == "quality-separate" { given == asked } else { given >= asked };
            prop_assert!(clearing.trades.iter().map(qualities).all(is_kept));
        }
    }

    #[test]
    fn quality_bought_is_covered_by_quality_sold(orders in orders()) {
        for auction in ["uniform-mid-rounded", "pay-as-ask"] {
            let (book, clearing) = cleared(&format!("quality-coverage {auction}"), &orders);
            let is_noted = clearing.notes.iter().any(|note| matches!(note, Note::CoverageNotReached { .. }));
            let traded = |side: &[Order], least| {
                let of_quality = side.iter().filter(|order| order.quality >= least);
                of_quality.map(|order| filled(&clearing, order)).sum::<Energy>()
            };
            let is_covered = (0..3).all(|least| traded(book.offers(), least) >= traded(book.bids(), least));
            prop_assert_eq!(is_covered, !is_noted);
        }
    }

    #[test]
    fn a_chain_is_each_stage_on_what_was_left(orders in orders()) {
        let (book, first) = cleared("quality-separate uniform-last-ask", &orders);
        let rest = book.residual(&first);
        let second = clear(&*built("posted-offers"), &rest);
        let (_, chained) = cleared("quality-separate uniform-last-ask then posted-offers", &orders);
        prop_assert_eq!(chained.volume, first.volume + second.volume);
        prop_assert_eq!(chained.trades, [first.trades, second.trades].concat());
    }

    #[test]
    fn partners_come_before_all_others(orders in orders()) {
        let (book, clearing) = cleared("preferred-partners k=0.5 uniform-last-ask", &orders);
        let are_partners = |trade: &Trade| {
            let pair = (trade.buyer.0.min(trade.seller.0), trade.buyer.0.max(trade.seller.0));
            [(0, 3), (1, 4), (2, 2)].contains(&pair)
        };
        let Some(Note::Partners { volume }) = clearing.notes.first() else { panic!("partners are noted") };
        let first: Vec<_> = clearing.trades.iter().take_while(|trade| are_partners(trade)).collect();
        prop_assert!(first.iter().map(|trade| trade.quantity).sum::<Energy>() >= *volume);
        let residual = book.residual(&clearing);
        for (bid, offer) in residual.bids().iter().flat_map(|bid| residual.offers().iter().map(move |offer| (bid, offer))) {
            prop_assert!(bid.limit < offer.limit);
        }
    }
}

#[test]
fn specifications_are_read_as_they_are_written() {
    for text in SPECIFICATIONS {
        let specification: Specification = text.parse().expect("a mechanism");
        assert_eq!(specification.to_string(), text);
        assert_eq!(built(text).specification(), text);
    }
}

#[test]
fn every_word_of_the_table_is_a_mechanism() {
    let table = catalogue_table();
    for name in mechanism_names() {
        assert!(table.contains(&format!("`{name}")), "{name} is in the table");
        assert!(mechanism(name).is_ok());
    }
}
