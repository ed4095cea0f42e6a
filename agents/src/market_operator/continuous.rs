//! The desk of a product that is traded continuously: a limit-order book per contract, from its first gate to its last.

use super::auction::MOST_ORDERS;
use super::desk::{Desk, Ordered, part};
use crate::core::Outbox;
use crate::id::ParticipantId;
use crate::mail::Message;
use crate::record::{ClearingRow, OrderRow, Record, TradeRow};
use crate::retailer::{Cleared, ContractWorth, Worth};
use crate::time::{Now, Slot, Time};
use market::continuous::{Cancellation, ContinuousBook, Event, LimitOrder, Operation, SelfTrade, TimeInForce};
use market::{AgentId, Energy, Money, Order, OrderId, Price, Side, Trade};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The open books of a product, by beginning of delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Continuous {
    open: BTreeMap<Time, Open>,
}

/// The book of one contract, and what has happened in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    book: ContinuousBook,
    /// How many orders were taken.
    taken: u64,
    /// Orders that rest, as they will be recorded.
    resting: BTreeMap<OrderId, OrderRow>,
    demand: Energy,
    supply: Energy,
    volume: Energy,
    value: Money,
    welfare: Money,
    /// Orders that came from outside.
    #[serde(default)]
    outside: BTreeSet<OrderId>,
}

impl Open {
    /// A book that is closed by its desk, once the mail of its last gate is read.
    fn new() -> Self {
        Self {
            book: ContinuousBook::new(Time::NEVER, SelfTrade::Allow),
            taken: 0,
            resting: BTreeMap::new(),
            demand: Energy::ZERO,
            supply: Energy::ZERO,
            volume: Energy::ZERO,
            value: Money::ZERO,
            welfare: Money::ZERO,
            outside: BTreeSet::new(),
        }
    }
}

impl Continuous {
    /// Places an order for `contract`; what it trades at once is told at once.
    ///
    /// # Errors
    /// A sentence that says why it is refused.
    pub(super) fn take(
        &mut self,
        now: Now,
        Ordered { order, contract, is_outside, .. }: Ordered,
        desk: &Desk<'_>,
        out: &mut Outbox,
    ) -> Result<(), String> {
        let open = self.open.entry(contract.start).or_insert_with(Open::new);
        if open.resting.len() == MOST_ORDERS {
            return Err(format!("{MOST_ORDERS} orders wait for the slot of {} already", contract.start));
        }
        let total = if order.side == Side::Bid { open.demand } else { open.supply };
        let total = desk.add_up(total, &order)?;
        let id = OrderId(open.taken);
        let placed = LimitOrder {
            id,
            agent: order.agent,
            side: order.side,
            quantity: order.quantity,
            limit: order.limit,
            time_in_force: TimeInForce::GoodTillGate,
        };
        let events = open.book.apply(Operation::Place(placed));
        if let Some(Event::Rejected { reason, .. }) = events.first() {
            return Err(reason.to_string());
        }
        open.taken += 1;
        *(if order.side == Side::Bid { &mut open.demand } else { &mut open.supply }) = total;
        open.resting.insert(id, row(&order, id, contract, desk));
        if is_outside {
            open.outside.insert(id);
        }
        open.tell(now, contract, &events, desk, out);
        Ok(())
    }

    /// Withdraws all that `from` has ordered for `contract`, by itself or from outside; how many orders that were.
    pub(super) fn cancel(
        &mut self,
        now: Now,
        (from, is_outside): (ParticipantId, bool),
        contract: Slot,
        desk: &Desk<'_>,
        out: &mut Outbox,
    ) -> usize {
        let Some(open) = self.open.get_mut(&contract.start) else { return 0 };
        let agent = AgentId(from.0);
        let goes = |id: &OrderId| open.outside.contains(id) == is_outside;
        let own: Vec<OrderId> = open.book.orders_of(agent).map(|resting| resting.id).filter(goes).collect();
        for order in own.iter().copied() {
            let events = open.book.apply(Operation::Cancel { order, agent });
            open.tell(now, contract, &events, desk, out);
        }
        own.len()
    }

    /// The book of the contract that begins at `start`, and what was traded in it in each settlement slot.
    pub(super) fn book(&self, start: Time) -> Option<(&ContinuousBook, Energy)> {
        self.open.get(&start).map(|open| (&open.book, open.volume))
    }

    /// The orders that rest, as they will be recorded, and whether they came from outside.
    pub(super) fn resting(&self) -> impl Iterator<Item = (&OrderRow, bool)> {
        self.open.values().flat_map(|open| open.resting.iter().map(move |(id, row)| (row, open.outside.contains(id))))
    }

    /// Closes the book of the contract whose last gate is at `now`, also one that nobody has ordered in.
    pub(super) fn close(&mut self, now: Now, desk: &Desk<'_>, out: &mut Outbox) {
        let contract = desk.venue.product.contracts_at(now.time).next().expect("a product has contracts");
        let mut open = self.open.remove(&contract.start).unwrap_or_else(Open::new);
        let events = open.book.apply(Operation::CloseGate);
        open.tell(now, contract, &events, desk, out);
        let Open { volume, demand, supply, value, welfare, .. } = open;
        let [volume, demand, supply] = [volume, demand, supply].map(|energy| desk.whole(energy));
        let [value, welfare] = [value, welfare].map(|amount| Money(amount.0 * i128::from(desk.slots())));
        out.record(Record::Clearing(ClearingRow {
            time: now.time,
            product: desk.product,
            slot: contract,
            price: None,
            volume,
            demand,
            supply,
            value,
            welfare,
            fees: Money::ZERO,
        }));
    }
}

fn row(order: &Order, id: OrderId, slot: Slot, desk: &Desk<'_>) -> OrderRow {
    OrderRow {
        time: Time(order.submitted_ms),
        product: desk.product,
        slot,
        order: id,
        participant: ParticipantId(order.agent.0),
        side: order.side,
        energy: desk.whole(order.quantity),
        limit: order.limit,
        quality: order.quality,
        premium_bp: order.premium_bp,
        filled: Energy::ZERO,
    }
}

impl Open {
    /// Tells and records what has happened in the book.
    fn tell(&mut self, now: Now, contract: Slot, events: &[Event], desk: &Desk<'_>, out: &mut Outbox) {
        for event in events {
            match event {
                Event::Traded { trade, .. } => self.trade(now, contract, trade, desk, out),
                Event::Cancelled { order, left, reason } => {
                    let row = self.resting.remove(order).expect("what rests is known");
                    // What its owner withdrew is neither asked nor offered any more.
                    match row.side {
                        _ if *reason != Cancellation::ByOwner => {}
                        Side::Bid => self.demand -= *left,
                        Side::Offer => self.supply -= *left,
                    }
                    out.record(Record::Order(row));
                }
                _ => {}
            }
        }
    }

    fn trade(&mut self, now: Now, slot: Slot, trade: &Trade, desk: &Desk<'_>, out: &mut Outbox) {
        let (product, energy, price) = (desk.product, trade.quantity, trade.price);
        let [bid, offer] = [trade.bid, trade.offer].map(|id| self.resting[&id].limit);
        self.volume += energy;
        self.value += trade.payment();
        self.welfare += energy * (bid - offer);
        let (buyer, seller) = (ParticipantId(trade.buyer.0), ParticipantId(trade.seller.0));
        let whole = desk.whole(energy);
        let (time, fee) = (now.time, Price::ZERO);
        out.record(Record::Trade(TradeRow { time, product, slot, buyer, seller, energy: whole, price, fee }));
        for id in [trade.bid, trade.offer] {
            let row = self.resting.get_mut(&id).expect("what trades is known");
            row.filled += whole;
            if row.filled == row.energy {
                out.record(Record::Order(*row));
                self.resting.remove(&id);
            }
        }
        for (side, prosumer) in [(Side::Bid, buyer), (Side::Offer, seller)] {
            // Storage is traded in auctions.
            out.send(prosumer, Message::Award { product, slot, side, energy, price, storage: None });
            out.send(desk.retailer, Message::Traded { slot, prosumer, traded: part(trade, side) });
        }
        let (value, welfare) = (trade.payment(), Some(energy * (bid - offer)));
        let worth = Worth { volume: energy, value, welfare, ..Worth::default() };
        let traded = ContractWorth { contract: slot, worth, areas: Vec::new() };
        out.send(desk.retailer, Message::Worth(Box::new(traded)));
        // Other mechanisms are for auctions: what meets continuously stays as it was.
        let traded = [(buyer, part(trade, Side::Bid)), (seller, part(trade, Side::Offer))];
        for &(alternative, _) in desk.shadows {
            let cleared = Cleared { alternative, contract: slot, traded: traded.to_vec(), worth };
            out.send(desk.retailer, Message::WouldHaveCleared(Box::new(cleared)));
        }
    }
}
