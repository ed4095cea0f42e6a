//! The auction with the largest volume: dear offers are sold to the bids that can pay for them.
//!
//! A compatibility mode, after the pay-as-bid market of Grid Singularity (gsy-framework). The crossing volume is what
//! serves the cheapest offers and the highest bids; more than that can trade if cheap offers are kept for low bids. The
//! volume is then the largest there is, as long as no agent is on both sides; but not the welfare, and a dear offer may
//! sell while a cheaper one does not.

use std::collections::VecDeque;

use super::catalogue::{Documentation, Kind};
use crate::{Book, Clearing, Crossing, Energy, Mechanism, Order, Promises, Slice};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "max-volume-pay-as-bid",
    others: &[],
    kind: Kind::Auction,
    parameters: "",
    rule: "offers from the dearest down, each to the highest bids of other agents with bid ≥ ask; may exceed the crossing volume",
    price: "per pair: the bid",
    complexity: "O((n + m) log(n + m)) to sort, O(n + m) to clear",
    tie_break: "quality, then submission, then lottery",
};

/// The auction with the largest volume, pay-as-bid.
///
/// Rule: offers from the most expensive down take the highest bids left that can pay them, except their own agent's, at
/// the bid's limit. Every cheaper offer can serve all the bids a dearer one can, so no energy is wasted, except that
/// an offer may find only its own agent's bids left where another sequence would have spared others. Clears in O(n + m): the bids an offer has to skip are its own agent's only, and those always stand together at the front.
/// Ties go by the merit order of [`Book`], on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MaxVolumePayAsBid;

impl Mechanism for MaxVolumePayAsBid {
    fn name(&self) -> &'static str {
        "max-volume-pay-as-bid"
    }

    fn promises(&self) -> Promises {
        Promises { crossing: Crossing::ClearedBetweenAgents, ..Promises::default() }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let mut clearing = Clearing::default();
        let mut bids = OpenBids::of(book);
        // The dearest limit first, but merit order among equal limits.
        for offer in book.offers().chunk_by(|a, b| a.limit == b.limit).rev().flatten() {
            let mut left = offer.quantity;
            while left > Energy::ZERO {
                let Some((bid, open)) = bids.best_for(offer) else { break };
                let quantity = left.min(*open);
                *open -= quantity;
                left -= quantity;
                clearing.volume += quantity;
                clearing.trades.push(Slice { bid, offer, quantity }.at(bid.limit));
            }
        }
        clearing
    }
}

/// The bids that are not yet full, best first: `skipped`, then the rest from `next` on.
struct OpenBids<'book> {
    bids: &'book [Order],
    /// What is open of each bid.
    open: Vec<Energy>,
    /// Bids passed over by offers of their own agent. They all belong to one agent: an offer of any other agent takes
    /// them before it looks at the rest.
    skipped: VecDeque<usize>,
    next: usize,
}

impl<'book> OpenBids<'book> {
    fn of(book: &'book Book) -> Self {
        let open = book.bids().iter().map(|bid| bid.quantity).collect();
        OpenBids { bids: book.bids(), open, skipped: VecDeque::new(), next: 0 }
    }

    /// The best bid of another agent that can pay for `offer`, and what is open of it.
    fn best_for(&mut self, offer: &Order) -> Option<(&'book Order, &mut Energy)> {
        while self.skipped.front().is_some_and(|&at| self.open[at] == Energy::ZERO) {
            self.skipped.pop_front();
        }
        let others = self.skipped.front().copied().filter(|&at| self.bids[at].agent != offer.agent);
        let at = match others {
            Some(at) => at,
            None => self.next_of_another(offer)?,
        };
        (self.bids[at].limit >= offer.limit).then(|| (&self.bids[at], &mut self.open[at]))
    }

    /// Moves on to the next open bid of another agent; the bids of the offer's own are set aside.
    fn next_of_another(&mut self, offer: &Order) -> Option<usize> {
        loop {
            let bid = self.bids.get(self.next).filter(|bid| bid.limit >= offer.limit)?;
            if self.open[self.next] > Energy::ZERO && bid.agent != offer.agent {
                return Some(self.next);
            }
            if self.open[self.next] > Energy::ZERO {
                self.skipped.push_back(self.next);
            }
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, by, offer, pairs};
    use super::*;
    use crate::clear;

    #[test]
    fn cheap_offers_are_kept_for_low_bids() {
        let book = book([bid(1, 5, 30), bid(2, 5, 20), offer(11, 5, 10), offer(12, 5, 25)]);
        let clearing = clear(&MaxVolumePayAsBid, &book);
        assert_eq!(pairs(&clearing), [(1, 12, 5, 30), (2, 11, 5, 20)]);
    }

    #[test]
    fn nobody_trades_with_itself_and_skipped_bids_wait_for_others() {
        let book = book([
            by(7, bid(1, 5, 40)),
            by(7, bid(2, 5, 30)),
            by(8, bid(3, 5, 20)),
            by(7, offer(11, 3, 15)),
            by(8, offer(12, 20, 10)),
        ]);
        let clearing = clear(&MaxVolumePayAsBid, &book);
        assert_eq!(pairs(&clearing), [(3, 11, 3, 20), (1, 12, 5, 40), (2, 12, 5, 30)]);
    }

    #[test]
    fn offers_at_one_price_are_served_in_merit_order() {
        let book = book([bid(1, 5, 30), offer(11, 5, 10), offer(12, 5, 10)]);
        assert_eq!(pairs(&clear(&MaxVolumePayAsBid, &book)), [(1, 11, 5, 30)]);
    }
}
