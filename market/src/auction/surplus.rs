//! What trade is worth: the surplus of buyers and sellers, and their sum, welfare.

use crate::book::Locator;
use crate::{Book, Clearing, Money, Order, Side, Trade};

/// The exact sums below fit [`Money`] whatever the book: its quantities add up to less than 2⁶³ Wh per side, and two
/// limits differ by less than 2⁶⁴ µ€/kWh.
impl Clearing {
    /// What buyers would have paid at most, minus what sellers would have taken at least, by the limits of `book`,
    /// that is without premiums. The same whatever the prices; the crossing volume has the most.
    ///
    /// # Panics
    /// If the clearing is not one of `book`.
    pub fn welfare(&self, book: &Book) -> Money {
        self.sum(book, |trade, bid, offer| worth(trade, bid) - worth(trade, offer))
    }

    /// What buyers would have paid at most, minus what they pay. Negative where they pay premiums for nothing else.
    ///
    /// # Panics
    /// If the clearing is not one of `book`.
    pub fn surplus_of_buyers(&self, book: &Book) -> Money {
        self.sum(book, |trade, bid, _| worth(trade, bid) - trade.payment())
    }

    /// What sellers receive, minus what they would have taken at least.
    ///
    /// # Panics
    /// If the clearing is not one of `book`.
    pub fn surplus_of_sellers(&self, book: &Book) -> Money {
        self.sum(book, |trade, _, offer| trade.payment() - worth(trade, offer))
    }

    fn sum(&self, book: &Book, term: impl Fn(&Trade, &Order, &Order) -> Money) -> Money {
        let mut locator = Locator::new(book);
        let mut order = |side, id| {
            let index = locator.find(side, id).expect("a clearing names orders of its own book");
            &book.all()[index]
        };
        self.trades.iter().map(|trade| term(trade, order(Side::Bid, trade.bid), order(Side::Offer, trade.offer))).sum()
    }
}

/// The traded energy at the order's own limit.
fn worth(trade: &Trade, order: &Order) -> Money {
    trade.quantity * order.limit
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, offer};
    use super::super::{PriceRule, Uniform};
    use super::*;
    use crate::clear;

    #[test]
    fn buyers_and_sellers_share_the_welfare() {
        let book = book([bid(1, 5, 40), bid(2, 5, 30), offer(11, 7, -10), offer(12, 5, 20)]);
        let clearing = clear(&Uniform { rule: PriceRule::LAST_ASK }, &book);
        assert_eq!(clearing.welfare(&book), Money(5 * 50 + 2 * 40 + 3 * 10));
        assert_eq!(clearing.surplus_of_buyers(&book), Money(5 * 20 + 5 * 10));
        assert_eq!(clearing.surplus_of_sellers(&book), Money(7 * 30));
    }

    #[test]
    fn the_largest_welfare_there_is_fits() {
        let book = book([bid(1, i64::MAX, i64::MAX), offer(11, i64::MAX, i64::MIN)]);
        let clearing = clear(&Uniform { rule: PriceRule::MID_TRUNCATED }, &book);
        let gap = i128::from(u64::MAX);
        assert_eq!(clearing.welfare(&book), Money(i128::from(i64::MAX) * gap));
    }
}
