//! The market operator: collects orders until the gate closes, clears, and tells who got what.
//!
//! At every gate it trades the slot that begins one lead time later. The book is complete once no mail is
//! left, so it asks to be woken when quiet; its awards open the next rounds.

use crate::core::{Core, Outbox, Stage, Wake};
use crate::draw::lot;
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message};
use crate::record::{ClearingRow, EventCode, OrderRow, Record, TradeRow};
use crate::time::{Every, Now, Slot, Span};
use market::{AgentId, Book, Clearing, Energy, Money, Order, OrderId, Price, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The mind of a market operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarketOperator {
    mechanism: String,
    rules: MarketRules,
    retailer: ParticipantId,
    ticket: u64,
    gate: Every,
    open: Option<Slot>,
    orders: Vec<Order>,
}

/// When what is traded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarketRules {
    /// Length of a delivery slot.
    pub slot: Span,
    /// From gate closure to the beginning of delivery; a multiple of the slot.
    pub lead: Span,
}

impl MarketRules {
    /// The slot that is traded at `now`.
    pub fn traded_at(self, now: Now) -> Slot {
        Slot::containing(now.time + self.lead, self.slot)
    }
}

impl MarketOperator {
    /// An operator that clears by the mechanism of this name and reports positions to `retailer`.
    ///
    /// `ticket` seeds the lottery among exact ties. The name must be one of [`market::mechanism_names`].
    pub fn new(mechanism: &str, rules: MarketRules, retailer: ParticipantId, ticket: u64) -> Self {
        let (gate, orders) = (Every::new(rules.slot), Vec::new());
        Self { mechanism: mechanism.into(), rules, retailer, ticket, gate, open: None, orders }
    }

    fn take(&mut self, now: Now, from: ParticipantId, slot: Slot, order: &Order, out: &mut Outbox) {
        if self.open != Some(slot) {
            out.event(now, EventCode::OrderRefused, format!("gate closed for the slot of {}", slot.start));
            return;
        }
        if order.quantity <= Energy(0) {
            out.event(now, EventCode::OrderRefused, format!("quantity of {} Wh is not positive", order.quantity.0));
            return;
        }
        self.orders.push(Order {
            id: OrderId(self.orders.len() as u64),
            agent: AgentId(from.0),
            submitted_ms: now.time.0,
            lottery: lot(self.ticket ^ order.lottery, slot.start.0),
            ..*order
        });
    }

    fn clear(&mut self, now: Now, slot: Slot, out: &mut Outbox) {
        let orders = std::mem::take(&mut self.orders);
        let book = Book::new(orders.iter().copied()).expect("orders were examined and numbered when taken");
        let mechanism = market::mechanism(&self.mechanism).expect("the plan names a mechanism that exists");
        let clearing = market::clear(&*mechanism, &book);
        self.keep(now, slot, &orders, &clearing, out);
        self.tell(slot, &clearing, out);
    }

    fn keep(&self, now: Now, slot: Slot, orders: &[Order], clearing: &Clearing, out: &mut Outbox) {
        let mut filled = vec![Energy(0); orders.len()];
        for trade in &clearing.trades {
            filled[trade.bid.0 as usize] += trade.quantity;
            filled[trade.offer.0 as usize] += trade.quantity;
            let (buyer, seller) = (ParticipantId(trade.buyer.0), ParticipantId(trade.seller.0));
            let row = TradeRow { time: now.time, slot, buyer, seller, energy: trade.quantity, price: trade.price };
            out.record(Record::Trade(row));
        }
        let total = |side| orders.iter().filter(|order| order.side == side).map(|order| order.quantity).sum();
        for (order, filled) in orders.iter().zip(filled) {
            out.record(Record::Order(OrderRow {
                time: now.time,
                slot,
                order: order.id,
                participant: ParticipantId(order.agent.0),
                side: order.side,
                energy: order.quantity,
                limit: order.limit,
                filled,
            }));
        }
        let (demand, supply) = (total(Side::Bid), total(Side::Offer));
        let (price, volume) = (clearing.price, clearing.volume);
        out.record(Record::Clearing(ClearingRow { time: now.time, slot, price, volume, demand, supply }));
    }

    /// One award per prosumer and side, one position per prosumer to the retailer.
    fn tell(&self, slot: Slot, clearing: &Clearing, out: &mut Outbox) {
        #[derive(Default)]
        struct Got {
            bought: Energy,
            sold: Energy,
            paid: Money,
            price: Price,
        }
        let mut positions: BTreeMap<ParticipantId, Got> = BTreeMap::new();
        for trade in &clearing.trades {
            let buyer = positions.entry(ParticipantId(trade.buyer.0)).or_default();
            buyer.bought += trade.quantity;
            buyer.paid += trade.quantity * trade.price;
            buyer.price = trade.price;
            let seller = positions.entry(ParticipantId(trade.seller.0)).or_default();
            seller.sold += trade.quantity;
            seller.paid -= trade.quantity * trade.price;
            seller.price = trade.price;
        }
        for (prosumer, Got { bought, sold, paid, price }) in positions {
            for (side, energy) in [(Side::Bid, bought), (Side::Offer, sold)] {
                if energy > Energy(0) {
                    out.send(prosumer, Message::Award { slot, side, energy, price });
                }
            }
            out.send(self.retailer, Message::Traded { slot, prosumer, bought, sold, paid });
        }
    }
}

impl Core for MarketOperator {
    const KIND: Kind = Kind::MarketOperator;
    type Sense = ();
    type Intent = ();

    fn step(&mut self, now: Now, (): &(), inbox: &[Mail], out: &mut Outbox) {
        let gate_opens = self.gate.is_due(now.time);
        if gate_opens {
            self.open = Some(self.rules.traded_at(now));
        }
        for mail in inbox {
            if let Message::Order { slot, order } = &mail.message {
                self.take(now, mail.from, *slot, order, out);
            }
        }
        if inbox.is_empty()
            && !gate_opens
            && let Some(slot) = self.open.take()
        {
            self.clear(now, slot, out);
        }
    }

    fn next_wake(&self, _: Now) -> Wake {
        if self.open.is_some() { Wake::WhenQuiet(Stage::Clear) } else { Wake::At(self.gate.next()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Calendar, Time};

    const RULES: MarketRules = MarketRules { slot: Span::from_minutes(15), lead: Span::from_minutes(15) };

    fn order(from: u32, side: Side, wh: i64, limit: i64, slot: Slot) -> Mail {
        let order = Order {
            id: OrderId(0),
            agent: AgentId(0),
            side,
            quantity: Energy(wh),
            limit: Price(limit),
            quality: 0,
            premium_bp: 0,
            submitted_ms: 0,
            lottery: u64::from(from),
        };
        Mail { to: ParticipantId(0), from: ParticipantId(from), message: Message::Order { slot, order } }
    }

    #[test]
    fn the_book_is_cleared_when_quiet_and_both_sides_are_told() {
        let now = Now { time: Time(0), calendar: Calendar::default() };
        let (mut operator, mut out) =
            (MarketOperator::new("uniform-mid-truncated", RULES, ParticipantId(9), 1), Outbox::of(ParticipantId(0)));
        operator.step(now, &(), &[], &mut out);
        assert_eq!(operator.next_wake(now), Wake::WhenQuiet(Stage::Clear));
        let slot = RULES.traded_at(now);
        let inbox = [order(1, Side::Bid, 500, 200_000, slot), order(2, Side::Offer, 800, 100_000, slot)];
        operator.step(now, &(), &inbox, &mut out);
        operator.step(now, &(), &[], &mut out);
        assert_eq!(operator.next_wake(now), Wake::At(slot.start));
        let award = |side| Message::Award { slot, side, energy: Energy(500), price: Price(150_000) };
        assert_eq!(out.mail[0].message, award(Side::Bid));
        assert_eq!((out.mail[2].to, &out.mail[2].message), (ParticipantId(2), &award(Side::Offer)));
        assert_eq!(out.mail.iter().filter(|mail| mail.to == ParticipantId(9)).count(), 2);
    }

    #[test]
    fn an_order_after_gate_closure_is_refused_with_an_event() {
        let now = Now { time: Time(0), calendar: Calendar::default() };
        let (mut operator, mut out) =
            (MarketOperator::new("uniform-mid-truncated", RULES, ParticipantId(9), 1), Outbox::of(ParticipantId(0)));
        let slot = Slot::containing(now.time, RULES.slot);
        operator.step(now, &(), &[order(1, Side::Bid, 500, 1, slot)], &mut out);
        assert!(matches!(&out.records[0], Record::Event(event) if event.code == EventCode::OrderRefused));
    }
}
