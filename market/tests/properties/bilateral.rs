//! Trade between pairs of orders: how near negotiation and consensus come to the best there is.

use market::auction::mechanism;
use market::{AgentId, Book, Energy, Money, Order, OrderId, Price, Side, clear};
use proptest::prelude::*;

use crate::books::{cleared, orders};

fn welfare_and_volume(specification: &str, orders: &[Order]) -> (Money, Energy) {
    let (book, clearing) = cleared(specification, orders);
    (clearing.welfare(&book), clearing.volume)
}

proptest! {
    #[test]
    fn a_negotiation_is_an_increment_per_kwh_below_the_optimum_at_most(orders in orders()) {
        for (energy_wh, increment) in [(1_000, 1_000), (200, 5_000), (50_000, 20_000)] {
            let text = format!("negotiation energy_wh={energy_wh} increment_ueur_per_kwh={increment}");
            let (welfare, _) = welfare_and_volume(&text, &orders);
            let (best, crossing) = welfare_and_volume("uniform-last-ask", &orders);
            let slack = crossing * Price(increment);
            prop_assert!(welfare <= best && best - welfare <= slack, "{} of {} in {}", welfare, best, text);
        }
    }

    #[test]
    fn consensus_comes_within_a_hundredth_of_the_optimum_and_a_watt_hour_per_order(orders in orders()) {
        let (welfare, _) = welfare_and_volume("admm", &orders);
        let (best, _) = welfare_and_volume("uniform-last-ask", &orders);
        let limits = || orders.iter().map(|order| order.limit);
        let range = limits().max().unwrap_or_default() - limits().min().unwrap_or_default();
        let slack = Money(best.0 / 100) + Energy(orders.len() as i64) * range;
        prop_assert!(welfare <= best && best - welfare <= slack, "{} of {}", welfare, best);
    }
}

/// `count` orders with limits and quantities from a small generator of its own, in books as large as an island's.
fn island(count: u64) -> Book {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let order = |id| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Order {
            id: OrderId(id),
            agent: AgentId(id as u32),
            side: if state & (1 << 40) == 0 { Side::Bid } else { Side::Offer },
            quantity: Energy(1 + (state >> 20) as i64 % 2_000),
            limit: Price((state >> 33) as i64 % 170_000 + 100_000),
            quality: 0,
            premium_bp: 0,
            submitted_ms: 0,
            lottery: state,
        }
    };
    Book::new((0..count).map(order)).expect("all orders are tradable")
}

#[test]
fn large_books_are_cleared_in_coarser_steps_and_lose_little() {
    for count in [1_000, 10_000, 100_000] {
        let book = island(count);
        let cleared = |text: &str| clear(&*mechanism(text).expect("a mechanism"), &book);
        let best = cleared("uniform-last-ask");
        for (text, share) in [("negotiation", 0.99), ("admm", 0.999)] {
            let clearing = cleared(text);
            assert!(clearing.welfare(&book).0 as f64 >= share * best.welfare(&book).0 as f64, "{text} of {count}");
            assert!(clearing.trades.len() <= 5 * count as usize, "{text} of {count}: {}", clearing.trades.len());
        }
    }
}
