//! The uniform-price call auction: the crossing volume, everybody at one price.
//!
//! The price lies between the highest accepted ask and the lowest accepted bid, which are the two limits
//! of the last slice of the merit order. Where exactly is a [`PriceRule`]; any choice keeps all limits.

use super::catalogue::{Documentation, Kind};
use super::{PriceRule, slices};
use crate::{Book, Clearing, Crossing, Energy, Mechanism, Promises};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "uniform",
    others: &["uniform-last-ask", "uniform-last-bid", "uniform-mid-truncated", "uniform-mid-rounded"],
    kind: Kind::Auction,
    parameters: "k=SHARE [rounding=MODE]",
    rule: "the best bid meets the best offer while bid ≥ ask; the crossing volume trades",
    price: "one for all: ask + k·(bid − ask) of the last pair; last-ask is k=0, last-bid k=1, mid k=0.5",
    complexity: "O((n + m) log(n + m)) to sort, O(n + m) to clear",
    tie_break: "quality, then submission, then lottery",
};

/// A uniform-price call auction.
///
/// Rule: the [`slices`] of the merit order, all at the price of the last. Clears in O(n + m). Ties go by the merit
/// order of [`Book`]; they never change price or volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Uniform {
    /// Which price between the marginal ask and the marginal bid.
    pub rule: PriceRule,
}

impl Uniform {
    /// The rules that have a name of their own.
    pub const NAMED: [(&'static str, PriceRule); 4] = [
        ("uniform-last-ask", PriceRule::LAST_ASK),
        ("uniform-last-bid", PriceRule::LAST_BID),
        ("uniform-mid-truncated", PriceRule::MID_TRUNCATED),
        ("uniform-mid-rounded", PriceRule::MID_ROUNDED),
    ];
}

impl Mechanism for Uniform {
    fn name(&self) -> &'static str {
        Uniform::NAMED.into_iter().find(|(_, rule)| *rule == self.rule).map_or("uniform", |(name, _)| name)
    }

    fn specification(&self) -> String {
        match self.name() {
            "uniform" => format!("uniform {}", self.rule),
            name => name.to_owned(),
        }
    }

    fn promises(&self) -> Promises {
        Promises { uniform_price: true, crossing: Crossing::Cleared, ..Promises::default() }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let (mut volume, mut count, mut last) = (Energy::ZERO, 0, None);
        for slice in slices(book) {
            volume += slice.quantity;
            count += 1;
            last = Some(slice);
        }
        let Some(last) = last else {
            return Clearing::default();
        };
        let price = self.rule.between(last.offer.limit, last.bid.limit);
        let mut trades = Vec::with_capacity(count);
        trades.extend(slices(book).map(|slice| slice.at(price)));
        Clearing { price: Some(price), volume, trades, notes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, offer};
    use super::*;
    use crate::{Price, clear};

    #[test]
    fn the_last_pair_sets_the_price_of_all() {
        let book = book([bid(1, 5, 40), bid(2, 5, 30), offer(11, 5, 10), offer(12, 3, 21)]);
        let price = |rule| clear(&Uniform { rule }, &book).price;
        assert_eq!(price(PriceRule::LAST_ASK), Some(Price(21)));
        assert_eq!(price(PriceRule::LAST_BID), Some(Price(30)));
        assert_eq!(price(PriceRule::MID_TRUNCATED), Some(Price(25)));
        assert_eq!(price(PriceRule::MID_ROUNDED), Some(Price(26)));
    }

    #[test]
    fn a_book_that_does_not_cross_has_no_price() {
        let book = book([bid(1, 5, 30), offer(11, 5, 31)]);
        for (_, rule) in Uniform::NAMED {
            assert_eq!(clear(&Uniform { rule }, &book), Clearing::default());
        }
    }

    #[test]
    fn the_names_say_the_rule() {
        for (name, rule) in Uniform::NAMED {
            assert_eq!(Uniform { rule }.specification(), name);
        }
        let rule = PriceRule::new("0.25".parse().expect("a share"), super::super::Rounding::HalfUp);
        assert_eq!(Uniform { rule }.specification(), "uniform k=0.25 rounding=half-up");
    }
}
