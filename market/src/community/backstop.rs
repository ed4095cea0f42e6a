//! The retailer as a backstop in an auction: it buys whatever is left at the feed-in price and sells whatever is
//! missing at the retail price.

use super::CommunityError;
use crate::{AgentId, Energy, Order, OrderId, Price, Side};

/// Who stands behind a book, and at which prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Backstop {
    /// The retailer's account.
    pub agent: AgentId,
    /// What it pays for energy.
    pub feed_in: Price,
    /// What it takes for energy; at least `feed_in`.
    pub retail: Price,
    /// Ids of its bid and its offer, unused in the book.
    pub ids: [OrderId; 2],
}

/// The orders of `backstop` behind `orders`: a bid over all the energy offered and an offer over all the energy
/// asked for, so that neither can be exhausted. At equal price they come after everybody else: lowest quality,
/// latest time, highest ticket. A side without counterparty is left out. O(n).
///
/// # Errors
/// If the feed-in price is above the retail price, or bids and offers together exceed 64 bits.
pub fn backstop(backstop: &Backstop, orders: &[Order]) -> Result<Vec<Order>, CommunityError> {
    let &Backstop { agent, feed_in, retail, ids } = backstop;
    if feed_in > retail {
        return Err(CommunityError::BackstopCrossed { feed_in, retail });
    }
    let total = |side| {
        let mut quantities = orders.iter().filter(|order| order.side == side).map(|order| order.quantity.0);
        quantities.try_fold(0_i64, i64::checked_add).ok_or(CommunityError::BackstopTooLarge)
    };
    let (asked, offered) = (total(Side::Bid)?, total(Side::Offer)?);
    asked.checked_add(offered).ok_or(CommunityError::BackstopTooLarge)?;
    let order = |side, id, quantity, limit| Order {
        id,
        agent,
        side,
        quantity: Energy(quantity),
        limit,
        quality: 0,
        premium_bp: 0,
        submitted_ms: i64::MAX,
        lottery: u64::MAX,
    };
    let both = [order(Side::Bid, ids[0], offered, feed_in), order(Side::Offer, ids[1], asked, retail)];
    Ok(both.into_iter().filter(|order| order.quantity > Energy::ZERO).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Book, clear, mechanism};

    const RETAILER: Backstop = Backstop {
        agent: AgentId(99),
        feed_in: Price(50_000),
        retail: Price(200_000),
        ids: [OrderId(u64::MAX - 1), OrderId(u64::MAX)],
    };

    fn order(id: u64, side: Side, quantity: i64, limit: i64) -> Order {
        let agent = AgentId(1);
        let (quantity, limit) = (Energy(quantity), Price(limit));
        Order { id: OrderId(id), agent, side, quantity, limit, quality: 0, premium_bp: 0, submitted_ms: 0, lottery: 0 }
    }

    #[test]
    fn nobody_who_accepts_the_retailers_prices_is_left_without_a_counterparty() {
        // 500 Wh are asked for, 300 offered; 300 trade among the participants and 200 come from the retailer.
        let orders = [order(1, Side::Bid, 500, 200_000), order(2, Side::Offer, 300, 50_000)];
        let all = orders.into_iter().chain(backstop(&RETAILER, &orders).expect("two orders"));
        let book = Book::new(all).expect("a book");
        let mechanism = mechanism("uniform-last-ask").expect("a mechanism of that name");
        let clearing = clear(&*mechanism, &book);
        assert_eq!(clearing.volume, Energy(500));
        assert_eq!(clearing.trades[1].seller, AgentId(99));
        assert_eq!(clearing.trades[1].quantity, Energy(200));
    }

    #[test]
    fn a_side_nobody_needs_is_left_out_and_prices_must_not_cross() {
        let orders = [order(1, Side::Bid, 500, 200_000)];
        let sides: Vec<Side> = backstop(&RETAILER, &orders).expect("one order").iter().map(|o| o.side).collect();
        assert_eq!(sides, [Side::Offer]);
        let crossed = Backstop { feed_in: Price(200_001), ..RETAILER };
        assert!(matches!(backstop(&crossed, &orders), Err(CommunityError::BackstopCrossed { .. })));
        let huge = [order(1, Side::Bid, i64::MAX, 1), order(2, Side::Offer, 1, 1)];
        assert_eq!(backstop(&RETAILER, &huge), Err(CommunityError::BackstopTooLarge));
    }
}
