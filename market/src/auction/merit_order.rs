//! The walk down both merit orders that every simple call auction shares.
//!
//! The best bid meets the best offer for as long as the buyer's limit is not below the seller's, each
//! meeting trading what is left of the smaller of the two. The sum of these slices is the volume at
//! which the curves of demand and supply cross; mechanisms differ only in the price they put on a slice.

use crate::{Book, Energy, Order, Price, Trade};

/// One meeting of a bid and an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice<'book> {
    /// The buying order, whose limit is at least the offer's.
    pub bid: &'book Order,
    /// The selling order.
    pub offer: &'book Order,
    /// What passes between the two; positive, within both quantities.
    pub quantity: Energy,
}

impl Slice<'_> {
    /// The slice traded at `price`, which buyer and seller share.
    pub fn at(&self, price: Price) -> Trade {
        Trade {
            bid: self.bid.id,
            offer: self.offer.id,
            buyer: self.bid.agent,
            seller: self.offer.agent,
            quantity: self.quantity,
            price,
        }
    }
}

/// The slices of a book, from the pair with the most to gain to the one at the crossing.
///
/// Along the way bid limits never rise and offer limits never fall, so the last slice holds the lowest
/// accepted bid and the highest accepted offer. There are fewer slices than orders, and each pair of
/// orders meets once at most. Equal limits trade.
pub fn slices(book: &Book) -> Slices<'_> {
    Slices { bids: book.bids(), offers: book.offers(), taken_of_bid: Energy::ZERO, taken_of_offer: Energy::ZERO }
}

/// Iterator over the [`slices`] of a book.
#[derive(Debug, Clone)]
pub struct Slices<'book> {
    bids: &'book [Order],
    offers: &'book [Order],
    taken_of_bid: Energy,
    taken_of_offer: Energy,
}

impl<'book> Iterator for Slices<'book> {
    type Item = Slice<'book>;

    fn next(&mut self) -> Option<Slice<'book>> {
        let (bid, offer) = (self.bids.first()?, self.offers.first()?);
        if bid.limit < offer.limit {
            return None;
        }
        let left_of_bid = bid.quantity - self.taken_of_bid;
        let left_of_offer = offer.quantity - self.taken_of_offer;
        let quantity = left_of_bid.min(left_of_offer);
        self.taken_of_bid += quantity;
        self.taken_of_offer += quantity;
        if quantity == left_of_bid {
            self.bids = &self.bids[1..];
            self.taken_of_bid = Energy::ZERO;
        }
        if quantity == left_of_offer {
            self.offers = &self.offers[1..];
            self.taken_of_offer = Energy::ZERO;
        }
        Some(Slice { bid, offer, quantity })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.bids.len() + self.offers.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AgentId, OrderId, Side};

    fn walk(bids: &[(i64, i64)], offers: &[(i64, i64)]) -> Vec<(u64, u64, i64)> {
        let side = |side, first: u64, orders: &[(i64, i64)]| {
            (first..)
                .zip(orders.to_vec())
                .map(move |(id, (quantity, limit))| Order {
                    id: OrderId(id),
                    agent: AgentId(0),
                    side,
                    quantity: Energy(quantity),
                    limit: Price(limit),
                    quality: 0,
                    premium_bp: 0,
                    submitted_ms: 0,
                    lottery: id,
                })
                .collect::<Vec<_>>()
        };
        let orders = side(Side::Bid, 1, bids).into_iter().chain(side(Side::Offer, 11, offers));
        let book = Book::new(orders).expect("all orders are tradable");
        slices(&book).map(|slice| (slice.bid.id.0, slice.offer.id.0, slice.quantity.0)).collect()
    }

    #[test]
    fn partial_fills_carry_over_to_the_next_order_on_either_side() {
        let slices = walk(&[(500, 30), (500, 20)], &[(800, 10), (500, 20)]);
        assert_eq!(slices, [(1, 11, 500), (2, 11, 300), (2, 12, 200)]);
    }

    #[test]
    fn equal_limits_trade_and_the_walk_stops_below() {
        assert_eq!(walk(&[(5, 10)], &[(5, 10)]), [(1, 11, 5)]);
        assert_eq!(walk(&[(5, 9)], &[(5, 10)]), []);
        assert_eq!(walk(&[(5, 30), (5, 20)], &[(5, 10), (5, 25)]), [(1, 11, 5)]);
    }

    #[test]
    fn a_one_sided_book_has_no_slice() {
        assert_eq!(walk(&[(5, 10)], &[]), []);
        assert_eq!(walk(&[], &[(5, 10)]), []);
    }
}
