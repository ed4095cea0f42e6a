//! The desk of a product that is traded in call auctions.

use super::Trading;
use super::desk::{Desk, Ordered, part};
use crate::core::Outbox;
use crate::draw::lot;
use crate::id::ParticipantId;
use crate::mail::Message;
use crate::record::{ClearingRow, OrderRow, Record, TradeRow};
use crate::retailer::{AlternativeId, Cleared, Worth};
use crate::time::{Now, Slot, Time};
use market::settlement::Traded;
use market::{AgentId, Book, Clearing, Energy, Money, Order, OrderId, Price, Side, Trade};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most orders that may wait for one contract.
pub(super) const MOST_ORDERS: usize = 1_000_000;

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
    /// Those that came from outside.
    #[serde(default)]
    outside: BTreeSet<OrderId>,
}

impl Auction {
    /// Takes an order.
    ///
    /// # Errors
    /// A sentence that says why it is refused.
    pub(super) fn take(
        &mut self,
        Ordered { order, contract, is_outside }: Ordered,
        desk: &Desk<'_>,
    ) -> Result<(), String> {
        let Energy(wh) = order.quantity;
        if wh <= 0 {
            return Err(format!("quantity of {wh} Wh is not positive"));
        }
        if order.limit_with_premium().is_none() {
            return Err(format!("limit of {} with its premium is beyond 64 bits", order.limit));
        }
        let waiting = self.waiting.entry(contract.start).or_default();
        if waiting.orders.len() == MOST_ORDERS {
            return Err(format!("{MOST_ORDERS} orders wait for the slot of {} already", contract.start));
        }
        let total = match order.side {
            Side::Bid => &mut waiting.demand,
            Side::Offer => &mut waiting.supply,
        };
        *total = desk.add_up(*total, &order)?;
        let (id, lottery) = (OrderId(waiting.taken), lot(desk.ticket ^ order.lottery, contract.start.0));
        waiting.taken += 1;
        waiting.orders.push(Order { id, lottery, ..order });
        if is_outside {
            waiting.outside.insert(id);
        }
        Ok(())
    }

    /// Withdraws all that `from` has ordered for `contract`, by itself or from outside; how many orders that were.
    pub(super) fn cancel(&mut self, from: ParticipantId, contract: Slot, is_outside: bool) -> usize {
        let Some(Waiting { orders, demand, supply, outside, .. }) = self.waiting.get_mut(&contract.start) else {
            return 0;
        };
        let before = orders.len();
        orders.retain(|order| {
            let goes = order.agent == AgentId(from.0) && outside.contains(&order.id) == is_outside;
            match order.side {
                _ if !goes => {}
                Side::Bid => *demand -= order.quantity,
                Side::Offer => *supply -= order.quantity,
            }
            !goes
        });
        before - orders.len()
    }

    /// The orders that wait, with the beginning of delivery of what they are for, and whether they came from outside.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (Time, &Order, bool)> {
        self.waiting.iter().flat_map(|(start, waiting)| {
            waiting.orders.iter().map(move |order| (*start, order, waiting.outside.contains(&order.id)))
        })
    }

    /// Clears all contracts of the gate at `now`, also those that nobody ordered.
    pub(super) fn close(&mut self, now: Now, desk: &Desk<'_>, out: &mut Outbox) {
        let Trading::Auction { mechanism } = &desk.venue.trading else { return };
        let mechanism = mechanism.build_with(desk.preferences);
        for contract in desk.venue.product.contracts_at(now.time) {
            let waiting = self.waiting.remove(&contract.start).unwrap_or_default();
            let book = Book::new(waiting.orders.iter().copied()).expect("orders were examined and numbered when taken");
            let clearing = market::clear(&*mechanism, &book);
            keep(now, contract, &waiting, &clearing, (desk, out));
            tell(contract, &clearing, desk, out);
            publish(contract, &clearing, desk, out);
            if desk.compares && !book.is_empty() {
                compare(contract, &book, &clearing, desk, out);
            }
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
            quality: order.quality,
            premium_bp: order.premium_bp,
            filled: desk.whole(filled),
        }));
    }
    let [volume, demand, supply] = [clearing.volume, waiting.demand, waiting.supply].map(|energy| desk.whole(energy));
    let price = clearing.price;
    out.record(Record::Clearing(ClearingRow { time, product, slot, price, volume, demand, supply, value, welfare }));
}

/// What each prosumer has traded, and at which price last.
fn positions(clearing: &Clearing) -> BTreeMap<ParticipantId, (Traded, Price)> {
    let mut positions: BTreeMap<ParticipantId, (Traded, Price)> = BTreeMap::new();
    for trade in &clearing.trades {
        for (side, agent) in [(Side::Bid, trade.buyer), (Side::Offer, trade.seller)] {
            let (sum, price) = positions.entry(ParticipantId(agent.0)).or_default();
            sum.add(&part(trade, side));
            *price = trade.price;
        }
    }
    positions
}

/// One award per prosumer and side, one position per prosumer to the retailer.
fn tell(slot: Slot, clearing: &Clearing, desk: &Desk<'_>, out: &mut Outbox) {
    let product = desk.product;
    for (prosumer, (traded, price)) in positions(clearing) {
        for (side, energy) in [(Side::Bid, traded.bought), (Side::Offer, traded.sold)] {
            if energy > Energy(0) {
                out.send(prosumer, Message::Award { product, slot, side, energy, price });
            }
        }
        out.send(desk.retailer, Message::Traded { slot, prosumer, traded });
    }
}

/// Tells the retailer what the clearing, and the same book under other mechanisms, come to.
fn compare(contract: Slot, book: &Book, clearing: &Clearing, desk: &Desk<'_>, out: &mut Outbox) {
    let mut tell = |alternative, clearing: &Clearing| {
        let limit = |id| book.order(id).expect("trades name orders").limit;
        let gain = |trade: &Trade| trade.quantity * (limit(trade.bid) - limit(trade.offer));
        let worth = Worth {
            volume: clearing.volume,
            value: clearing.trades.iter().map(Trade::payment).sum(),
            welfare: Some(clearing.trades.iter().map(gain).sum()),
        };
        let traded = positions(clearing).into_iter().map(|(prosumer, (traded, _))| (prosumer, traded)).collect();
        let cleared = Cleared { alternative, contract, traded, worth };
        out.send(desk.retailer, Message::WouldHaveCleared(Box::new(cleared)));
    };
    tell(AlternativeId(0), clearing);
    for (alternative, mechanism) in desk.shadows {
        tell(*alternative, &market::clear(&*mechanism.build_with(desk.preferences), book));
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
