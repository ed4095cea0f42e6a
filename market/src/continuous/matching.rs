//! An incoming order meets the other side, and what is conserved while it does.

use super::ContinuousBook;
use super::book::{price_of, rank};
use super::event::{Cancellation, Event, Rejection, SelfTrade};
use super::view::{Resting, opposite};
use crate::{Energy, Price, Side, Trade};

impl ContinuousBook {
    /// Trades `incoming` against the other side until it is filled, nothing within its limit is left, or its own agent
    /// stands in the way. Then nothing of it is left to trade, or all that is may rest without crossing.
    pub(super) fn trade(&mut self, incoming: &mut Resting, events: &mut Vec<Event>) {
        let (wanted, rested) = (incoming.left, self.side(opposite(incoming.side)).left);
        let (mut traded, mut cancelled) = (Energy::ZERO, Energy::ZERO);
        while incoming.left > Energy::ZERO {
            let Some(resting) = self.next_against(incoming) else { break };
            let is_own = resting.agent == incoming.agent;
            let (order, left, reason) = (resting.id, resting.left, Cancellation::SelfTrade);
            match self.self_trade {
                SelfTrade::CancelResting if is_own => {
                    self.take_out(self.places[&order]);
                    cancelled += left;
                    events.push(Event::Cancelled { order, left, reason });
                }
                SelfTrade::CancelIncoming if is_own => {
                    events.push(Event::Cancelled { order: incoming.id, left: incoming.left, reason });
                    self.assert_conserved(wanted - incoming.left, traded, rested, cancelled, incoming);
                    incoming.left = Energy::ZERO;
                    return;
                }
                _ => {
                    let trade = pair(incoming, &resting);
                    traded += trade.quantity;
                    self.fill(incoming, &resting, &trade);
                    events.push(Event::Traded { trade, incoming: incoming.side });
                }
            }
        }
        self.assert_conserved(wanted - incoming.left, traded, rested, cancelled, incoming);
    }

    /// The first order of the other side, if it is within the limit of `incoming`.
    fn next_against(&self, incoming: &Resting) -> Option<Resting> {
        let side = opposite(incoming.side);
        let (&best, queue) = self.side(side).levels.first_key_value()?;
        let first = queue.first().expect("a level without orders is removed");
        (best <= rank(side, incoming.limit)).then(|| *self.arena.order(first))
    }

    /// Books a trade on both orders.
    fn fill(&mut self, incoming: &mut Resting, resting: &Resting, trade: &Trade) {
        assert_within_limits(incoming, trade);
        assert_within_limits(resting, trade);
        let quantity = trade.quantity;
        incoming.left -= quantity;
        incoming.traded += quantity;
        self.last_price = Some(trade.price);
        if quantity == resting.left {
            self.take_out(self.places[&resting.id]);
            return;
        }
        let (ladder, arena) = self.side_mut(resting.side);
        let mut best = ladder.levels.first_entry().expect("the order just met stands on the best level");
        let queue = best.get_mut();
        let place = queue.first().expect("the order just met is the first of its queue");
        arena.take(queue, place, quantity, quantity);
        ladder.left -= quantity;
    }

    /// Refuses an order that would not trade in full. Its own agent's orders are none to trade with unless the book
    /// allows that: they are passed over, or end the walk, as they would when it trades.
    pub(super) fn refuse_unless_filled(&self, incoming: &Resting) -> Result<(), Rejection> {
        let side = opposite(incoming.side);
        let mut available = Energy::ZERO;
        'levels: for queue in self.side(side).levels.range(..=rank(side, incoming.limit)).map(|(_, queue)| queue) {
            if available >= incoming.left {
                break;
            }
            if self.self_trade == SelfTrade::Allow {
                available += queue.left;
                continue;
            }
            for order in self.arena.places(queue).map(|place| self.arena.order(place)) {
                let is_own = order.agent == incoming.agent;
                match self.self_trade {
                    SelfTrade::CancelIncoming if is_own => break 'levels,
                    SelfTrade::CancelResting if is_own => {}
                    _ => available += order.left,
                }
                if available >= incoming.left {
                    break 'levels;
                }
            }
        }
        if available >= incoming.left { Ok(()) } else { Err(Rejection::WouldNotFill { available }) }
    }

    /// What the incoming order gained is what the resting ones lost, and what the trades say.
    fn assert_conserved(&self, gained: Energy, traded: Energy, rested: Energy, cancelled: Energy, incoming: &Resting) {
        let lost = rested - self.side(opposite(incoming.side)).left - cancelled;
        assert!(
            gained == traded && lost == traded,
            "order {} traded {gained}, the resting orders lost {lost}, and the trades add up to {traded}",
            incoming.id
        );
    }

    /// After an operation no bid reaches an offer: they would have traded.
    pub(super) fn assert_not_crossed(&self) {
        let best = |side| Some(price_of(side, *self.side(side).levels.first_key_value()?.0));
        if let (Some(bid), Some(offer)) = (best(Side::Bid), best(Side::Offer)) {
            assert!(bid < offer, "the book is crossed: a bid at {bid} rests beside an offer at {offer}");
        }
    }
}

/// The trade of an incoming order with the first one it meets: the smaller of both, at the price that rested.
fn pair(incoming: &Resting, resting: &Resting) -> Trade {
    let (bid, offer) = match incoming.side {
        Side::Bid => (incoming, resting),
        Side::Offer => (resting, incoming),
    };
    Trade {
        bid: bid.id,
        offer: offer.id,
        buyer: bid.agent,
        seller: offer.agent,
        quantity: incoming.left.min(resting.left),
        price: resting.limit,
    }
}

fn assert_within_limits(order: &Resting, &Trade { quantity, price, .. }: &Trade) {
    let Resting { id, side, limit, left, .. } = *order;
    assert!(Energy::ZERO < quantity && quantity <= left, "{side} {id} has {left} left and trades {quantity}");
    let is_acceptable = |price: Price| match side {
        Side::Bid => price <= limit,
        Side::Offer => price >= limit,
    };
    assert!(is_acceptable(price), "{side} {id} with limit {limit} trades at {price}");
}
