//! The desk of a product that is traded in call auctions.

use super::Trading;
use super::desk::{Desk, Ordered};
use crate::core::Outbox;
use crate::draw::lot;
use crate::id::ParticipantId;
use crate::mail::Message;
use crate::record::{ClearingRow, OrderRow, Record, TradeRow};
use crate::time::{Now, Slot, Time};
use market::{AgentId, Book, Clearing, Energy, Money, Order, OrderId, Price, Side};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most orders that may wait for one contract.
pub(super) const MOST_ORDERS: usize = 1_000_000;

/// The furthest limit that is taken, either way: 1e9 EUR/MWh.
pub(super) const FURTHEST_LIMIT: Price = Price(1_000_000_000_000);

/// Orders that wait for their gate, by beginning of delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Auction {
    waiting: BTreeMap<Time, Waiting>,
}

/// Orders that wait for one contract, in the order in which they came, which is that of their ids.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Waiting {
    orders: Vec<Order>,
    /// How many were taken, those included that were withdrawn.
    taken: u64,
    /// What all bids ask, and all offers offer, in each settlement slot.
    demand: Energy,
    supply: Energy,
}

impl Auction {
    /// Takes an order.
    ///
    /// # Errors
    /// A sentence that says why it is refused.
    pub(super) fn take(&mut self, Ordered { order, contract }: Ordered, desk: &Desk<'_>) -> Result<(), String> {
        let Energy(wh) = order.quantity;
        if wh <= 0 {
            return Err(format!("quantity of {wh} Wh is not positive"));
        }
        if order.limit.0.unsigned_abs() > FURTHEST_LIMIT.0.unsigned_abs() {
            return Err(format!("limit of {} is beyond {FURTHEST_LIMIT}", order.limit));
        }
        let waiting = self.waiting.entry(contract.start).or_default();
        if waiting.orders.len() == MOST_ORDERS {
            return Err(format!("{MOST_ORDERS} orders wait for the slot of {} already", contract.start));
        }
        let total = match order.side {
            Side::Bid => &mut waiting.demand,
            Side::Offer => &mut waiting.supply,
        };
        let sum = total.0.checked_add(wh).filter(|sum| sum.checked_mul(desk.slots()).is_some());
        *total = Energy(sum.ok_or_else(|| format!("quantity of {wh} Wh is more than can be added up"))?);
        let (id, lottery) = (OrderId(waiting.taken), lot(desk.ticket ^ order.lottery, contract.start.0));
        waiting.taken += 1;
        waiting.orders.push(Order { id, lottery, ..order });
        Ok(())
    }

    /// Withdraws all that `from` has ordered for `contract`.
    pub(super) fn cancel(&mut self, from: ParticipantId, contract: Slot) {
        if let Some(Waiting { orders, demand, supply, .. }) = self.waiting.get_mut(&contract.start) {
            orders.retain(|order| {
                let goes = order.agent == AgentId(from.0);
                match order.side {
                    _ if !goes => {}
                    Side::Bid => *demand -= order.quantity,
                    Side::Offer => *supply -= order.quantity,
                }
                !goes
            });
        }
    }

    /// Clears all contracts of the gate at `now`, also those that nobody ordered.
    pub(super) fn close(&mut self, now: Now, desk: &Desk<'_>, out: &mut Outbox) {
        let Trading::Auction { mechanism } = &desk.venue.trading else { return };
        let mechanism = mechanism.build().expect("the plan names a mechanism that needs no preferences");
        for contract in desk.venue.product.contracts_at(now.time) {
            let waiting = self.waiting.remove(&contract.start).unwrap_or_default();
            let book = Book::new(waiting.orders.iter().copied()).expect("orders were examined and numbered when taken");
            let clearing = market::clear(&*mechanism, &book);
            keep(now, contract, &waiting, &clearing, (desk, out));
            tell(contract, &clearing, desk, out);
            publish(contract, &clearing, desk, out);
        }
    }
}

fn keep(now: Now, slot: Slot, waiting: &Waiting, clearing: &Clearing, (desk, out): (&Desk<'_>, &mut Outbox)) {
    let (time, product) = (now.time, desk.product);
    let mut filled = vec![Energy(0); waiting.orders.len()];
    let place = |id: OrderId| waiting.orders.binary_search_by_key(&id, |order| order.id).expect("trades name orders");
    let (mut value, mut welfare) = (Money::ZERO, Money::ZERO);
    for trade in &clearing.trades {
        let [bid, offer] = [place(trade.bid), place(trade.offer)];
        filled[bid] += trade.quantity;
        filled[offer] += trade.quantity;
        value += desk.whole(trade.quantity) * trade.price;
        welfare += desk.whole(trade.quantity) * (waiting.orders[bid].limit - waiting.orders[offer].limit);
        let (buyer, seller) = (ParticipantId(trade.buyer.0), ParticipantId(trade.seller.0));
        let (energy, price) = (desk.whole(trade.quantity), trade.price);
        out.record(Record::Trade(TradeRow { time, product, slot, buyer, seller, energy, price }));
    }
    for (order, filled) in waiting.orders.iter().zip(filled) {
        out.record(Record::Order(OrderRow {
            time: Time(order.submitted_ms),
            product,
            slot,
            order: order.id,
            participant: ParticipantId(order.agent.0),
            side: order.side,
            energy: desk.whole(order.quantity),
            limit: order.limit,
            filled: desk.whole(filled),
        }));
    }
    let [volume, demand, supply] = [clearing.volume, waiting.demand, waiting.supply].map(|energy| desk.whole(energy));
    let price = clearing.price;
    out.record(Record::Clearing(ClearingRow { time, product, slot, price, volume, demand, supply, value, welfare }));
}

/// One award per prosumer and side, one position per prosumer to the retailer.
fn tell(slot: Slot, clearing: &Clearing, desk: &Desk<'_>, out: &mut Outbox) {
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
        buyer.paid += trade.payment();
        buyer.price = trade.price;
        let seller = positions.entry(ParticipantId(trade.seller.0)).or_default();
        seller.sold += trade.quantity;
        seller.paid -= trade.payment();
        seller.price = trade.price;
    }
    let product = desk.product;
    for (prosumer, Got { bought, sold, paid, price }) in positions {
        for (side, energy) in [(Side::Bid, bought), (Side::Offer, sold)] {
            if energy > Energy(0) {
                out.send(prosumer, Message::Award { product, slot, side, energy, price });
            }
        }
        out.send(desk.retailer, Message::Traded { slot, prosumer, bought, sold, paid });
    }
}

/// The price of the contract, to those who learn from it.
fn publish(slot: Slot, clearing: &Clearing, desk: &Desk<'_>, out: &mut Outbox) {
    if desk.audience.is_empty() {
        return;
    }
    let paid: Money = clearing.trades.iter().fold(Money::ZERO, |paid, trade| paid + trade.quantity * trade.price);
    let volume: i128 = clearing.trades.iter().map(|trade| i128::from(trade.quantity.0)).sum();
    // The mean of prices is none of them, but lies between: it fits.
    let mean = (volume > 0).then(|| Price((paid.0 / volume) as i64));
    let price = clearing.price.or(mean);
    for listener in desk.audience {
        out.send(*listener, Message::Cleared { slot, price });
    }
}
