//! The continuous book itself: what each operation checks, and what it changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::arena::{Arena, Place, Queue};
use super::event::{Cancellation, Event, LimitOrder, Operation, Rejection, SelfTrade, TimeInForce};
use super::ids::UsedIds;
use super::snapshot::BookState;
use super::view::Resting;
use crate::time::Time;
use crate::{AgentId, Energy, OrderId, Price, Side};

/// A limit-order book for one delivery slot. The module says by which rules it trades.
///
/// It serialises as its [`BookState`], and two books are equal when their states are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "BookState", into = "BookState")]
pub struct ContinuousBook {
    pub(super) gate: Time,
    pub(super) self_trade: SelfTrade,
    pub(super) now: Option<Time>,
    pub(super) is_closed: bool,
    pub(super) last_price: Option<Price>,
    pub(super) next_sequence: u64,
    pub(super) arena: Arena,
    pub(super) bids: Ladder,
    pub(super) offers: Ladder,
    pub(super) places: BTreeMap<OrderId, Place>,
    pub(super) used_ids: UsedIds,
    /// What expires before the gate: instant, place in time, id.
    pub(super) expiries: BTreeSet<(Time, u64, OrderId)>,
}

/// The price levels of one side.
#[derive(Debug, Clone, Default)]
pub(super) struct Ladder {
    /// By [`rank`], so that the best level comes first on either side. No level is empty.
    pub(super) levels: BTreeMap<i64, Queue>,
    /// What all orders of the side may still trade.
    pub(super) left: Energy,
}

/// Where a limit stands on its side, lowest first: offers ascend, bids descend. The complement of a bid's limit
/// reverses its order and, unlike the negative, exists for every integer.
pub(super) fn rank(side: Side, limit: Price) -> i64 {
    match side {
        Side::Bid => !limit.0,
        Side::Offer => limit.0,
    }
}

/// The limit that has this rank.
pub(super) fn price_of(side: Side, rank: i64) -> Price {
    match side {
        Side::Bid => Price(!rank),
        Side::Offer => Price(rank),
    }
}

impl ContinuousBook {
    /// An empty book that trades until `gate`.
    pub fn new(gate: Time, self_trade: SelfTrade) -> ContinuousBook {
        ContinuousBook {
            gate,
            self_trade,
            now: None,
            is_closed: false,
            last_price: None,
            next_sequence: 0,
            arena: Arena::default(),
            bids: Ladder::default(),
            offers: Ladder::default(),
            places: BTreeMap::new(),
            used_ids: UsedIds::default(),
            expiries: BTreeSet::new(),
        }
    }

    /// Does one thing to the book and says what came of it.
    ///
    /// # Panics
    /// If a rule of conservation is broken: a defect in this code, which no operation can cause.
    pub fn apply(&mut self, operation: Operation) -> Vec<Event> {
        let mut events = Vec::new();
        self.apply_into(operation, &mut events);
        events
    }

    /// Like [`ContinuousBook::apply`], with the events appended to a list that the caller may use again.
    ///
    /// # Panics
    /// As [`ContinuousBook::apply`].
    pub fn apply_into(&mut self, operation: Operation, events: &mut Vec<Event>) {
        let (order, outcome) = match operation {
            Operation::Place(order) => (Some(order.id), self.place(&order, events)),
            Operation::Cancel { order, agent } => (Some(order), self.cancel(order, agent, events)),
            Operation::Replace { order, agent, limit, quantity } => {
                (Some(order), self.replace(order, agent, limit, quantity, events))
            }
            Operation::Advance { now } => (None, self.advance(now, events)),
            Operation::CloseGate => (None, self.close_gate(events)),
        };
        if let Err(reason) = outcome {
            events.push(Event::Rejected { order, reason });
        }
        self.assert_not_crossed();
    }

    fn place(&mut self, order: &LimitOrder, events: &mut Vec<Event>) -> Result<(), Rejection> {
        let &LimitOrder { id, agent, side, quantity, limit, time_in_force } = order;
        self.refuse_when_closed()?;
        if quantity <= Energy::ZERO {
            return Err(Rejection::QuantityNotPositive { quantity });
        }
        if self.used_ids.contains(id) {
            return Err(Rejection::DuplicateId);
        }
        self.refuse_too_much(side, Energy::ZERO, quantity)?;
        let until = match (time_in_force, self.now) {
            (TimeInForce::GoodTillTime(until), Some(now)) if until <= now => {
                return Err(Rejection::AlreadyExpired { until, now });
            }
            (TimeInForce::GoodTillTime(until), _) => Some(until),
            _ => None,
        };
        let sequence = self.next_sequence;
        let mut incoming = Resting { id, agent, side, limit, left: quantity, traded: Energy::ZERO, until, sequence };
        if time_in_force == TimeInForce::FillOrKill {
            self.refuse_unless_filled(&incoming)?;
        }
        self.used_ids.insert(id);
        events.push(Event::Accepted { order: id });
        self.trade(&mut incoming, events);
        if incoming.left > Energy::ZERO {
            match time_in_force {
                TimeInForce::GoodTillGate | TimeInForce::GoodTillTime(_) => self.rest(incoming),
                TimeInForce::ImmediateOrCancel | TimeInForce::FillOrKill => {
                    let reason = Cancellation::Unfilled;
                    events.push(Event::Cancelled { order: id, left: incoming.left, reason });
                }
            }
        }
        Ok(())
    }

    fn cancel(&mut self, order: OrderId, agent: AgentId, events: &mut Vec<Event>) -> Result<(), Rejection> {
        self.refuse_when_closed()?;
        let place = self.owned(order, agent)?;
        let left = self.take_out(place).left;
        events.push(Event::Cancelled { order, left, reason: Cancellation::ByOwner });
        Ok(())
    }

    fn replace(
        &mut self,
        order: OrderId,
        agent: AgentId,
        limit: Price,
        quantity: Energy,
        events: &mut Vec<Event>,
    ) -> Result<(), Rejection> {
        self.refuse_when_closed()?;
        let place = self.owned(order, agent)?;
        if quantity <= Energy::ZERO {
            return Err(Rejection::QuantityNotPositive { quantity });
        }
        let present = *self.arena.order(place);
        let traded = present.traded;
        if quantity <= traded {
            return Err(Rejection::AlreadyTraded { traded });
        }
        let left = quantity - traded;
        if limit == present.limit && left <= present.left {
            self.shrink(place, present.left - left);
            events.push(Event::Reduced { order, left });
            return Ok(());
        }
        self.refuse_too_much(present.side, present.left, left)?;
        self.take_out(place);
        events.push(Event::Replaced { order, limit, left });
        let mut incoming = Resting { limit, left, sequence: self.next_sequence, ..present };
        self.trade(&mut incoming, events);
        if incoming.left > Energy::ZERO {
            self.rest(incoming);
        }
        Ok(())
    }

    fn advance(&mut self, now: Time, events: &mut Vec<Event>) -> Result<(), Rejection> {
        if let Some(earlier) = self.now.filter(|&earlier| now < earlier) {
            return Err(Rejection::TimeRunsBack { now: earlier });
        }
        self.now = Some(now);
        while let Some(&(until, _, order)) = self.expiries.first() {
            if until > now.min(self.gate) {
                break;
            }
            let left = self.take_out(self.places[&order]).left;
            events.push(Event::Expired { order, left });
        }
        if now >= self.gate && !self.is_closed {
            self.close_gate(events)?;
        }
        Ok(())
    }

    fn close_gate(&mut self, events: &mut Vec<Event>) -> Result<(), Rejection> {
        self.refuse_when_closed()?;
        self.is_closed = true;
        for side in [Side::Bid, Side::Offer] {
            let cancelled = |order: &Resting| Event::Cancelled {
                order: order.id,
                left: order.left,
                reason: Cancellation::GateClosed,
            };
            events.extend(self.orders(side).map(cancelled));
        }
        self.arena = Arena::default();
        (self.bids, self.offers) = (Ladder::default(), Ladder::default());
        self.places.clear();
        self.expiries.clear();
        Ok(())
    }

    fn refuse_when_closed(&self) -> Result<(), Rejection> {
        if self.is_closed { Err(Rejection::GateClosed) } else { Ok(()) }
    }

    /// Each side adds up to 64 bits at most, as in a [`Book`](crate::Book). An order counts in full, even if a part of
    /// it will trade at once.
    fn refuse_too_much(&self, side: Side, leaves: Energy, comes: Energy) -> Result<(), Rejection> {
        let others = self.side(side).left - leaves;
        match others.0.checked_add(comes.0) {
            Some(_) => Ok(()),
            None => Err(Rejection::TotalTooLarge { quantity: comes, side }),
        }
    }

    fn owned(&self, order: OrderId, agent: AgentId) -> Result<Place, Rejection> {
        let place = *self.places.get(&order).ok_or(Rejection::UnknownOrder)?;
        let owner = self.arena.order(place).agent;
        if owner == agent { Ok(place) } else { Err(Rejection::NotTheOwner { owner }) }
    }

    pub(super) fn side(&self, side: Side) -> &Ladder {
        match side {
            Side::Bid => &self.bids,
            Side::Offer => &self.offers,
        }
    }

    pub(super) fn side_mut(&mut self, side: Side) -> (&mut Ladder, &mut Arena) {
        match side {
            Side::Bid => (&mut self.bids, &mut self.arena),
            Side::Offer => (&mut self.offers, &mut self.arena),
        }
    }

    /// Queues an order behind all others of its limit.
    pub(super) fn rest(&mut self, order: Resting) {
        self.next_sequence = order.sequence + 1;
        let (ladder, arena) = self.side_mut(order.side);
        let queue = ladder.levels.entry(rank(order.side, order.limit)).or_default();
        let place = arena.push(queue, order);
        ladder.left += order.left;
        self.places.insert(order.id, place);
        if let Some(until) = order.until {
            self.expiries.insert((until, order.sequence, order.id));
        }
    }

    /// Takes an order out of the book, and its level with it when it was the last.
    pub(super) fn take_out(&mut self, place: Place) -> Resting {
        let &Resting { side, limit, .. } = self.arena.order(place);
        let (ladder, arena) = self.side_mut(side);
        let rank = rank(side, limit);
        let queue = ladder.levels.get_mut(&rank).expect("a resting order stands on a level");
        let order = arena.remove(queue, place);
        if queue.count == 0 {
            ladder.levels.remove(&rank);
        }
        ladder.left -= order.left;
        self.places.remove(&order.id);
        if let Some(until) = order.until {
            self.expiries.remove(&(until, order.sequence, order.id));
        }
        order
    }

    /// Makes an order smaller without touching its place in the queue.
    fn shrink(&mut self, place: Place, by: Energy) {
        let &Resting { side, limit, .. } = self.arena.order(place);
        let (ladder, arena) = self.side_mut(side);
        let queue = ladder.levels.get_mut(&rank(side, limit)).expect("a resting order stands on a level");
        arena.take(queue, place, by, Energy::ZERO);
        ladder.left -= by;
    }
}

impl PartialEq for ContinuousBook {
    fn eq(&self, other: &ContinuousBook) -> bool {
        BookState::from(self) == BookState::from(other)
    }
}

impl Eq for ContinuousBook {}
