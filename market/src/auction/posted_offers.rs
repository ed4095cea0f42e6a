//! The one-sided market: sellers post offers, buyers come one after the other and take what suits them.

use super::catalogue::{Documentation, Kind};
use crate::{Book, Clearing, Crossing, Energy, Mechanism, Order, Promises, Slice};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "posted-offers",
    others: &[],
    kind: Kind::Auction,
    parameters: "",
    rule: "bids in the sequence of submission, each taking the cheapest offers within its limit; first come, first served",
    price: "per pair: the ask",
    complexity: "O((n + m) log(n + m)) to sort, O(n + m) to clear",
    tie_break: "bids of one instant by lottery; offers by quality, submission, lottery",
};

/// Pay-as-offer: buyers take posted offers at their price.
///
/// Rule: bids are served in the sequence of their submission, those of one instant by their lottery ticket (and by id
/// only if a ticket was drawn twice), whatever they would pay; each takes the cheapest offers left whose limit is not
/// above its own, at the offer's limit. An offer taken in part stays posted with the rest, under the same id, as
/// [`Book::residual`] shows. Clears in O(n log n + m) for n bids and m offers: the cheapest offer is the same for
/// every buyer, so no offer is looked at twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostedOffers;

impl Mechanism for PostedOffers {
    fn name(&self) -> &'static str {
        "posted-offers"
    }

    fn promises(&self) -> Promises {
        Promises { crossing: Crossing::Cleared, ..Promises::default() }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let mut buyers: Vec<&Order> = book.bids().iter().collect();
        buyers.sort_unstable_by_key(|bid| (bid.submitted_ms, bid.lottery, bid.id));
        let mut posted = book.offers().iter().map(|offer| (offer, offer.quantity)).peekable();
        let mut clearing = Clearing::default();
        for bid in buyers {
            let mut wanted = bid.quantity;
            while wanted > Energy::ZERO {
                let Some((offer, left)) = posted.peek_mut().filter(|(offer, _)| offer.limit <= bid.limit) else {
                    break;
                };
                let quantity = wanted.min(*left);
                wanted -= quantity;
                *left -= quantity;
                clearing.volume += quantity;
                clearing.trades.push(Slice { bid, offer, quantity }.at(offer.limit));
                if *left == Energy::ZERO {
                    posted.next();
                }
            }
        }
        clearing
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, offer, pairs};
    use super::*;
    use crate::clear;

    #[test]
    fn the_first_buyer_takes_the_cheapest_offer_whatever_others_would_pay() {
        let late = Order { submitted_ms: 9, ..bid(1, 5, 90) };
        let early = Order { submitted_ms: 3, ..bid(2, 4, 20) };
        let book = book([late, early, offer(11, 5, 10), offer(12, 5, 30)]);
        let clearing = clear(&PostedOffers, &book);
        assert_eq!(pairs(&clearing), [(2, 11, 4, 10), (1, 11, 1, 10), (1, 12, 4, 30)]);
    }

    #[test]
    fn a_buyer_whose_limit_is_too_low_leaves_the_offer_to_the_next() {
        let poor = Order { submitted_ms: 1, ..bid(1, 5, 9) };
        let rich = Order { submitted_ms: 2, ..bid(2, 5, 10) };
        assert_eq!(pairs(&clear(&PostedOffers, &book([poor, rich, offer(11, 5, 10)]))), [(2, 11, 5, 10)]);
    }

    #[test]
    fn a_part_taken_leaves_the_rest_posted_under_the_same_id() {
        let book = book([bid(1, 2, 20), offer(11, 5, 10)]);
        let residual = book.residual(&clear(&PostedOffers, &book));
        assert!(residual.bids().is_empty());
        assert_eq!(residual.offers(), [Order { quantity: Energy(3), ..book.offers()[0] }]);
    }

    #[test]
    fn buyers_of_one_instant_draw_lots() {
        let second = Order { lottery: 2, ..bid(1, 5, 20) };
        let first = Order { lottery: 1, ..bid(2, 5, 20) };
        assert_eq!(pairs(&clear(&PostedOffers, &book([second, first, offer(11, 5, 10)]))), [(2, 11, 5, 10)]);
    }
}
