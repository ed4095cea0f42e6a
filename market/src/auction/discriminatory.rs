//! The discriminatory call auction: the crossing volume, every pair of orders at a price of its own.

use super::catalogue::{Documentation, Kind};
use super::{PriceRule, slices};
use crate::{Book, Clearing, Crossing, Energy, Mechanism, Promises};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "discriminatory",
    others: &["pay-as-ask", "pay-as-bid"],
    kind: Kind::Auction,
    parameters: "k=SHARE [rounding=MODE]",
    rule: "the best bid meets the best offer while bid ≥ ask; the crossing volume trades",
    price: "per pair: ask + k·(bid − ask); pay-as-ask is k=0, pay-as-bid k=1",
    complexity: "O((n + m) log(n + m)) to sort, O(n + m) to clear",
    tie_break: "quality, then submission, then lottery",
};

/// A two-sided call auction with a price per pair.
///
/// Rule: the [`slices`] of the merit order, each at the price between its own two limits. Clears in O(n + m). Ties go
/// by the merit order of [`Book`]; they decide who meets whom, never the volume.
///
/// Note that some tools call the rule that pays the seller's limit pay-as-bid (an offer being a seller's bid); here it
/// is `pay-as-ask`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Discriminatory {
    /// Which price between the two limits of a pair.
    pub rule: PriceRule,
}

impl Discriminatory {
    /// The rules that have a name of their own.
    pub const NAMED: [(&'static str, PriceRule); 2] =
        [("pay-as-ask", PriceRule::LAST_ASK), ("pay-as-bid", PriceRule::LAST_BID)];
}

impl Mechanism for Discriminatory {
    fn name(&self) -> &'static str {
        Discriminatory::NAMED
            .into_iter()
            .find(|(_, rule)| *rule == self.rule)
            .map_or("discriminatory", |(name, _)| name)
    }

    fn specification(&self) -> String {
        match self.name() {
            "discriminatory" => format!("discriminatory {}", self.rule),
            name => name.to_owned(),
        }
    }

    fn promises(&self) -> Promises {
        Promises { crossing: Crossing::Cleared, ..Promises::default() }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let (mut volume, mut trades) = (Energy::ZERO, Vec::new());
        for slice in slices(book) {
            volume += slice.quantity;
            trades.push(slice.at(self.rule.between(slice.offer.limit, slice.bid.limit)));
        }
        Clearing { price: None, volume, trades, notes: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, offer, pairs};
    use super::*;
    use crate::clear;

    #[test]
    fn every_pair_has_its_own_price() {
        let book = book([bid(1, 5, 40), bid(2, 5, 31), offer(11, 7, 10), offer(12, 3, 20)]);
        let trades = |rule| pairs(&clear(&Discriminatory { rule }, &book));
        assert_eq!(trades(PriceRule::LAST_ASK), [(1, 11, 5, 10), (2, 11, 2, 10), (2, 12, 3, 20)]);
        assert_eq!(trades(PriceRule::LAST_BID), [(1, 11, 5, 40), (2, 11, 2, 31), (2, 12, 3, 31)]);
        assert_eq!(trades(PriceRule::MID_TRUNCATED), [(1, 11, 5, 25), (2, 11, 2, 20), (2, 12, 3, 25)]);
    }
}
