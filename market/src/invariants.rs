//! The conservation rules that every clearing keeps, whatever the mechanism, checked in every build.

use thiserror::Error;

use crate::{AgentId, Book, Clearing, Energy, Order, OrderId, Price, Side, Trade};

/// A rule of conservation a mechanism has broken: a defect in its code, never in the orders.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the numbers in the message of each case")]
pub enum InvariantBroken {
    /// A trade names an order the book does not hold on that side.
    #[error("a trade names order {order} as its {side}, but the book has no such {side}")]
    UnknownOrder { order: OrderId, side: Side },
    /// A trade charges or credits another agent than the one that sent the order.
    #[error("order {order} is agent {owner}'s, but its trade is booked on agent {booked}")]
    WrongAgent { order: OrderId, owner: AgentId, booked: AgentId },
    /// A trade of nothing, or one that flows backwards.
    #[error("bid {bid} and offer {offer} trade {quantity}, which is not positive")]
    QuantityNotPositive { bid: OrderId, offer: OrderId, quantity: Energy },
    /// An order trades more than its quantity.
    #[error("{side} {order} has {left} left and trades {traded} more")]
    Overfilled { order: OrderId, side: Side, left: Energy, traded: Energy },
    /// A buyer pays more, or a seller receives less, than it agreed to.
    #[error("{side} {order} with limit {limit} trades at {price}")]
    LimitViolated { order: OrderId, side: Side, limit: Price, price: Price },
    /// The trades of a uniform clearing differ in price.
    #[error("bid {bid} and offer {offer} trade at {price} in a clearing at {uniform}")]
    PriceNotUniform { bid: OrderId, offer: OrderId, price: Price, uniform: Price },
    /// A price nobody trades at.
    #[error("the clearing has the price {price} and no trade")]
    PriceWithoutTrade { price: Price },
    /// The volume is not what the trades add up to.
    #[error("the clearing reports a volume of {volume}, its trades add up to {traded}")]
    VolumeMismatch { volume: Energy, traded: Energy },
}

impl Clearing {
    /// Checks what every mechanism must conserve, in O(t log n) for t trades and n orders:
    ///
    /// - energy bought is energy sold, and adds up to the volume;
    /// - no order trades more than its quantity, and every trade is booked on the order's own agent;
    /// - no buyer pays above its limit and no seller receives less than its own, which also keeps
    ///   offers from trading with bids below them;
    /// - a clearing with one price trades at that price only.
    ///
    /// That buyers pay what sellers receive needs no check as long as a [`Trade`] has one price. How much
    /// *should* trade depends on the mechanism and is left to its tests.
    ///
    /// # Errors
    /// The first rule found broken.
    pub fn check(&self, book: &Book) -> Result<(), InvariantBroken> {
        let mut left: Vec<Energy> = book.all().iter().map(|order| order.quantity).collect();
        let mut traded = Energy::ZERO;
        for trade in &self.trades {
            self.check_price(trade)?;
            for (side, id, booked) in [(Side::Bid, trade.bid, trade.buyer), (Side::Offer, trade.offer, trade.seller)] {
                let index = book
                    .index_of(id)
                    .filter(|&index| book.all()[index].side == side)
                    .ok_or(InvariantBroken::UnknownOrder { order: id, side })?;
                check_leg(trade, &book.all()[index], booked, &mut left[index])?;
            }
            traded += trade.quantity;
        }
        match self.price {
            _ if traded != self.volume => Err(InvariantBroken::VolumeMismatch { volume: self.volume, traded }),
            Some(price) if self.trades.is_empty() => Err(InvariantBroken::PriceWithoutTrade { price }),
            _ => Ok(()),
        }
    }

    fn check_price(&self, &Trade { bid, offer, price, .. }: &Trade) -> Result<(), InvariantBroken> {
        match self.price {
            Some(uniform) if uniform != price => Err(InvariantBroken::PriceNotUniform { bid, offer, price, uniform }),
            _ => Ok(()),
        }
    }
}

/// Checks one side of a trade and takes its quantity from what is `left` of the order.
fn check_leg(trade: &Trade, order: &Order, booked: AgentId, left: &mut Energy) -> Result<(), InvariantBroken> {
    let &Order { id, agent: owner, side, limit, .. } = order;
    let &Trade { bid, offer, quantity, price, .. } = trade;
    if booked != owner {
        return Err(InvariantBroken::WrongAgent { order: id, owner, booked });
    }
    if quantity <= Energy::ZERO {
        return Err(InvariantBroken::QuantityNotPositive { bid, offer, quantity });
    }
    if quantity > *left {
        return Err(InvariantBroken::Overfilled { order: id, side, left: *left, traded: quantity });
    }
    let acceptable = match side {
        Side::Bid => price <= limit,
        Side::Offer => price >= limit,
    };
    if !acceptable {
        return Err(InvariantBroken::LimitViolated { order: id, side, limit, price });
    }
    *left -= quantity;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bid 1 of agent 1 takes 5 Wh at 30 or less, bid 2 of agent 2 takes 5 Wh at 20 or less, offer 3 of
    /// agent 1 gives 8 Wh at 10 or more.
    fn book() -> Book {
        let order = |id, agent, side, quantity, limit| Order {
            id: OrderId(id),
            agent: AgentId(agent),
            side,
            quantity: Energy(quantity),
            limit: Price(limit),
            quality: 0,
            premium_bp: 0,
            submitted_ms: 0,
            lottery: 0,
        };
        Book::new([order(1, 1, Side::Bid, 5, 30), order(2, 2, Side::Bid, 5, 20), order(3, 1, Side::Offer, 8, 10)])
            .expect("all orders are tradable")
    }

    fn trade(bid: u64, buyer: u32, quantity: i64, price: i64) -> Trade {
        Trade {
            bid: OrderId(bid),
            offer: OrderId(3),
            buyer: AgentId(buyer),
            seller: AgentId(1),
            quantity: Energy(quantity),
            price: Price(price),
        }
    }

    fn sound() -> Clearing {
        let trades = vec![trade(1, 1, 5, 15), trade(2, 2, 3, 15)];
        Clearing { price: Some(Price(15)), volume: Energy(8), trades }
    }

    /// What the checker says once `change` has spoilt a sound clearing.
    fn verdict(change: impl FnOnce(&mut Clearing)) -> Result<(), InvariantBroken> {
        let mut clearing = sound();
        change(&mut clearing);
        clearing.check(&book())
    }

    #[test]
    fn a_sound_clearing_passes_and_an_agent_may_trade_with_itself() {
        assert_eq!(sound().trades[0].buyer, sound().trades[0].seller);
        assert_eq!(verdict(|_| ()), Ok(()));
        assert_eq!(Clearing::default().check(&book()), Ok(()));
    }

    #[test]
    fn a_price_per_trade_passes_within_the_limits() {
        let priced_each = |clearing: &mut Clearing| {
            clearing.price = None;
            clearing.trades[0].price = Price(30);
            clearing.trades[1].price = Price(10);
        };
        assert_eq!(verdict(priced_each), Ok(()));
    }

    #[test]
    fn energy_from_nowhere_is_found() {
        let (order, side, left) = (OrderId(3), Side::Offer, Energy(3));
        let overfilled = InvariantBroken::Overfilled { order, side, left, traded: Energy(4) };
        assert_eq!(verdict(|clearing| clearing.trades[1].quantity = Energy(4)), Err(overfilled));
        assert_eq!(
            verdict(|clearing| clearing.volume = Energy(9)),
            Err(InvariantBroken::VolumeMismatch { volume: Energy(9), traded: Energy(8) })
        );
        assert_eq!(
            verdict(|clearing| clearing.trades.truncate(1)),
            Err(InvariantBroken::VolumeMismatch { volume: Energy(8), traded: Energy(5) })
        );
        let backwards = |clearing: &mut Clearing| clearing.trades[1].quantity = Energy(-3);
        assert!(matches!(verdict(backwards), Err(InvariantBroken::QuantityNotPositive { .. })));
    }

    #[test]
    fn a_limit_that_was_not_kept_is_found() {
        let violated = |id, side, limit, price| {
            let (limit, price) = (Price(limit), Price(price));
            Err(InvariantBroken::LimitViolated { order: OrderId(id), side, limit, price })
        };
        let at = |price| {
            verdict(move |clearing| {
                clearing.price = Some(Price(price));
                clearing.trades.iter_mut().for_each(|trade| trade.price = Price(price));
            })
        };
        assert_eq!(at(20), Ok(()));
        assert_eq!(at(21), violated(2, Side::Bid, 20, 21));
        assert_eq!(at(10), Ok(()));
        assert_eq!(at(9), violated(3, Side::Offer, 10, 9));
    }

    #[test]
    fn a_trade_booked_on_a_wrong_order_or_agent_is_found() {
        assert_eq!(
            verdict(|clearing| clearing.trades[0].bid = OrderId(7)),
            Err(InvariantBroken::UnknownOrder { order: OrderId(7), side: Side::Bid })
        );
        assert_eq!(
            verdict(|clearing| clearing.trades[0].offer = OrderId(2)),
            Err(InvariantBroken::UnknownOrder { order: OrderId(2), side: Side::Offer })
        );
        let (order, owner, booked) = (OrderId(3), AgentId(1), AgentId(2));
        assert_eq!(
            verdict(|clearing| clearing.trades[0].seller = AgentId(2)),
            Err(InvariantBroken::WrongAgent { order, owner, booked })
        );
    }

    #[test]
    fn a_uniform_price_that_is_not_one_price_is_found() {
        let stray = verdict(|clearing| clearing.trades[1].price = Price(16));
        assert!(matches!(stray, Err(InvariantBroken::PriceNotUniform { .. })));
        let priced_nothing = Clearing { price: Some(Price(15)), ..Clearing::default() };
        let price = Price(15);
        assert_eq!(priced_nothing.check(&book()), Err(InvariantBroken::PriceWithoutTrade { price }));
    }
}
