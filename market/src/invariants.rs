//! The conservation rules that every clearing keeps, and what a mechanism promises beyond them, checked in every build.

use thiserror::Error;

use crate::book::Locator;
use crate::{AgentId, Book, Clearing, Energy, Order, OrderId, Price, Side, Trade};

/// What a mechanism promises on top of conservation. The default promises nothing but that everybody's own limit is
/// kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Promises {
    /// Which limits are kept, and decide whether two orders cross.
    pub limits: Limits,
    /// All trades have one price, and the clearing names it.
    pub uniform_price: bool,
    /// Whether orders that cross may be left over.
    pub crossing: Crossing,
}

/// The limits a mechanism holds bids to; those of offers are always as given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limits {
    /// As given in the order.
    #[default]
    AsGiven,
    /// [Raised by the bid's premium](Order::limit_with_premium).
    WithPremium,
    /// The higher of the two, where parts of a mechanism differ: a premium lowers a negative limit.
    Higher,
}

/// What may be left over of orders whose limits cross; the weakest promise first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Crossing {
    /// Anything: the mechanism keeps some orders apart.
    #[default]
    MayRemain,
    /// Only orders of one and the same agent.
    ClearedBetweenAgents,
    /// Nothing: every bid left over is below every offer left over.
    Cleared,
}

impl Promises {
    /// What a mechanism can promise that lets others clear one after the other, each on what was left over.
    ///
    /// A stage can only lessen what earlier ones left over. So to leave nothing that crosses is a promise of the whole
    /// if one stage gives it by the same limits; by other limits it is still checked at the end of that stage.
    pub fn of_stages(stages: &[Promises]) -> Promises {
        let limits = match stages {
            [] => Limits::default(),
            [first, others @ ..] if others.iter().all(|other| other.limits == first.limits) => first.limits,
            _ => Limits::Higher,
        };
        let same_limits = stages.iter().filter(|stage| stage.limits == limits && limits != Limits::Higher);
        let crossing = same_limits.map(|stage| stage.crossing).max().unwrap_or_default();
        Promises { limits, uniform_price: false, crossing }
    }
}

impl Limits {
    fn of(self, order: &Order) -> Price {
        let with_premium = || order.limit_with_premium().expect("a book refuses bids whose raised limit does not fit");
        match self {
            Limits::AsGiven => order.limit,
            Limits::WithPremium => with_premium(),
            Limits::Higher => order.limit.max(with_premium()),
        }
    }
}

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
    /// A mechanism with one price that does not name it.
    #[error("the mechanism promises one price for all trades and names none")]
    PriceMissing,
    /// Two orders that could have traded are left over, in a mechanism that promises to leave none.
    #[error(
        "bid {bid} at {bid_limit} and offer {offer} at {offer_limit} are left over, though the mechanism promises \
         to match them"
    )]
    CrossingLeftOver { bid: OrderId, bid_limit: Price, offer: OrderId, offer_limit: Price },
    /// The volume is not what the trades add up to.
    #[error("the clearing reports a volume of {volume}, its trades add up to {traded}")]
    VolumeMismatch { volume: Energy, traded: Energy },
}

impl Clearing {
    /// Checks what every mechanism must conserve and that everybody's own limit is kept:
    /// [`Clearing::check_promises`] with the default promises.
    ///
    /// # Errors
    /// The first rule found broken.
    pub fn check(&self, book: &Book) -> Result<(), InvariantBroken> {
        self.check_promises(book, &Promises::default())
    }

    /// Checks what every mechanism must conserve, and what this one promises:
    ///
    /// - energy bought is energy sold, and adds up to the volume;
    /// - no order trades more than its quantity, and every trade is booked on the order's own agent;
    /// - no buyer pays above its limit and no seller receives less than its own, which also keeps
    ///   offers from trading with bids below them;
    /// - a clearing with one price trades at that price only, and names it where one is promised;
    /// - no crossing orders are left over where that is promised.
    ///
    /// That buyers pay what sellers receive needs no check as long as a [`Trade`] has one price. How much
    /// *should* trade depends on the mechanism and is left to its tests.
    ///
    /// In O(n + t) for n orders and t trades that walk along the merit order, else in O((n + t) log n).
    ///
    /// # Errors
    /// The first rule found broken.
    pub fn check_promises(&self, book: &Book, promises: &Promises) -> Result<(), InvariantBroken> {
        let mut left: Vec<Energy> = book.all().iter().map(|order| order.quantity).collect();
        let mut locator = Locator::new(book);
        let mut traded = Energy::ZERO;
        for trade in &self.trades {
            self.check_price(trade)?;
            for (side, id, booked) in [(Side::Bid, trade.bid, trade.buyer), (Side::Offer, trade.offer, trade.seller)] {
                let index = locator.find(side, id).ok_or(InvariantBroken::UnknownOrder { order: id, side })?;
                check_leg(trade, &book.all()[index], booked, promises.limits, &mut left[index])?;
            }
            traded += trade.quantity;
        }
        match self.price {
            _ if traded != self.volume => return Err(InvariantBroken::VolumeMismatch { volume: self.volume, traded }),
            Some(price) if self.trades.is_empty() => return Err(InvariantBroken::PriceWithoutTrade { price }),
            None if promises.uniform_price && !self.trades.is_empty() => return Err(InvariantBroken::PriceMissing),
            _ => (),
        }
        check_crossing(book, &left, promises)
    }

    fn check_price(&self, &Trade { bid, offer, price, .. }: &Trade) -> Result<(), InvariantBroken> {
        match self.price {
            Some(uniform) if uniform != price => Err(InvariantBroken::PriceNotUniform { bid, offer, price, uniform }),
            _ => Ok(()),
        }
    }
}

/// Checks one side of a trade and takes its quantity from what is `left` of the order.
fn check_leg(
    trade: &Trade,
    order: &Order,
    booked: AgentId,
    limits: Limits,
    left: &mut Energy,
) -> Result<(), InvariantBroken> {
    let &Order { id, agent: owner, side, .. } = order;
    let limit = limits.of(order);
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

/// Checks that no two orders are left over that the mechanism should have matched, in O(n).
fn check_crossing(book: &Book, left: &[Energy], promises: &Promises) -> Result<(), InvariantBroken> {
    if promises.crossing == Crossing::MayRemain {
        return Ok(());
    }
    let (left_of_bids, left_of_offers) = left.split_at(book.bids().len());
    let leaders = |orders, left| leaders(orders, left, promises.limits);
    let (bids, offers) = (leaders(book.bids(), left_of_bids), leaders(book.offers(), left_of_offers));
    for (bid, bid_limit) in bids.into_iter().flatten() {
        for (offer, offer_limit) in offers.into_iter().flatten() {
            let own = bid.agent == offer.agent && promises.crossing == Crossing::ClearedBetweenAgents;
            if bid_limit >= offer_limit && !own {
                return Err(InvariantBroken::CrossingLeftOver { bid: bid.id, bid_limit, offer: offer.id, offer_limit });
            }
        }
    }
    Ok(())
}

/// The order left over with the best limit, and the best one of any other agent: whatever pair of two agents
/// crosses, one of the pairs among these crosses too.
fn leaders<'book>(orders: &'book [Order], left: &[Energy], limits: Limits) -> [Option<(&'book Order, Price)>; 2] {
    let is_better = |order: &Order, limit: Price, than: Option<(&Order, Price)>| match (than, order.side) {
        (None, _) => true,
        (Some((_, best)), Side::Bid) => limit > best,
        (Some((_, best)), Side::Offer) => limit < best,
    };
    let (mut first, mut other) = (None::<(&Order, Price)>, None);
    for (order, _) in orders.iter().zip(left).filter(|(_, left)| **left > Energy::ZERO) {
        let limit = limits.of(order);
        let leads_itself = first.is_some_and(|(leader, _)| leader.agent == order.agent);
        if is_better(order, limit, first) {
            other = if leads_itself { other } else { first };
            first = Some((order, limit));
        } else if !leads_itself && is_better(order, limit, other) {
            other = Some((order, limit));
        }
    }
    [first, other]
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
        Clearing { price: Some(Price(15)), volume: Energy(8), trades, notes: Vec::new() }
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

    #[test]
    fn a_promised_price_that_is_missing_is_found() {
        let promises = Promises { uniform_price: true, ..Promises::default() };
        assert_eq!(sound().check_promises(&book(), &promises), Ok(()));
        let unpriced = Clearing { price: None, ..sound() };
        assert_eq!(unpriced.check_promises(&book(), &promises), Err(InvariantBroken::PriceMissing));
        assert_eq!(Clearing::default().check_promises(&book(), &promises), Ok(()));
    }

    #[test]
    fn a_bid_above_its_limit_passes_only_with_its_premium() {
        let orders = book().all().iter().map(|order| Order { premium_bp: 5_000, ..*order }).collect::<Vec<_>>();
        let book = Book::new(orders).expect("all orders are tradable");
        let trades = vec![trade(2, 2, 3, 30)];
        let clearing = Clearing { price: Some(Price(30)), volume: Energy(3), trades, notes: Vec::new() };
        assert!(matches!(clearing.check(&book), Err(InvariantBroken::LimitViolated { .. })));
        let promises = Promises { limits: Limits::WithPremium, ..Promises::default() };
        assert_eq!(clearing.check_promises(&book, &promises), Ok(()));
    }

    #[test]
    fn crossing_orders_left_over_are_found_where_none_are_promised() {
        let promising = |crossing| Promises { crossing, ..Promises::default() };
        let idle = |book: &Book, crossing| Clearing::default().check_promises(book, &promising(crossing));
        let left_over = |bid, bid_limit| {
            let (bid_limit, offer_limit) = (Price(bid_limit), Price(10));
            Err(InvariantBroken::CrossingLeftOver { bid: OrderId(bid), bid_limit, offer: OrderId(3), offer_limit })
        };
        assert_eq!(sound().check_promises(&book(), &promising(Crossing::Cleared)), Ok(()));
        assert_eq!(idle(&book(), Crossing::MayRemain), Ok(()));
        assert_eq!(idle(&book(), Crossing::Cleared), left_over(1, 30));
        // Bid 1 belongs to the seller itself, bid 2 does not.
        assert_eq!(idle(&book(), Crossing::ClearedBetweenAgents), left_over(2, 20));
        let own = book().filtered(|order| order.agent == AgentId(1));
        assert_eq!(idle(&own, Crossing::Cleared), left_over(1, 30));
        assert_eq!(idle(&own, Crossing::ClearedBetweenAgents), Ok(()));
    }
}
