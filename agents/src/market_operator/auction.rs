//! The desk of a product that is traded in call auctions.

use super::Trading;
use super::areas::{Closing, Deal};
use super::desk::{Desk, Ordered};
use super::exchanged::{Exchanged, Room};
use crate::core::Outbox;
use crate::draw::lot;
use crate::id::ParticipantId;
use crate::mail::{Message, RetailTariff};
use crate::record::{AreaRow, ClearingRow, OrderRow, Record, TradeRow};
use crate::retailer::{Cleared, ContractWorth, Worth};
use crate::time::{Calendar, Now, Slot, Span, Time};
use market::areas::AreaOutcome;
use market::community::{Backstop, backstop};
use market::settlement::Traded;
use market::{AgentId, Energy, Money, Order, OrderId, Price, Side, Trade};
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
    /// The storage that an order is for, of those that are for one.
    #[serde(default)]
    storage: BTreeMap<OrderId, ParticipantId>,
}

impl Auction {
    /// Takes an order.
    ///
    /// # Errors
    /// A sentence that says why it is refused.
    pub(super) fn take(
        &mut self,
        Ordered { order, contract, is_outside, storage }: Ordered,
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
        waiting.storage.extend(storage.map(|storage| (id, storage)));
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

    /// Clears all contracts of the gate at `now`, also those that nobody ordered, within what other products left of the
    /// boundaries of areas.
    pub(super) fn close(&mut self, now: Now, desk: &Desk<'_>, exchanged: &mut Exchanged, out: &mut Outbox) {
        let Trading::Auction { mechanism } = &desk.venue.trading else { return };
        let mechanism = mechanism.build_with(desk.preferences);
        for contract in desk.venue.product.contracts_at(now.time) {
            let mut waiting = self.waiting.remove(&contract.start).unwrap_or_default();
            let is_ordered = !waiting.orders.is_empty();
            if let Some(tariff) = desk.backstop {
                waiting.stand_behind(tariff, contract, now, desk);
            }
            let room = exchanged.room(desk.areas, contract, desk.slot);
            let closing = Closing::of(&waiting.orders, &*mechanism, desk.areas, &room);
            exchanged.book(&room, contract, desk.slot, &closing.areas);
            keep(now, contract, &waiting, &closing, (desk, out));
            tell(contract, &waiting, &closing, desk, out);
            publish(contract, &closing, desk, out);
            if is_ordered {
                report(contract, &waiting, &closing, desk, out);
                compare(contract, &waiting, &room, desk, out);
            }
        }
    }
}

impl Waiting {
    /// Puts the retailer behind the orders: it buys all that is offered at its feed-in price, and sells all that is asked for
    /// at its import price.
    fn stand_behind(&mut self, tariff: &RetailTariff, contract: Slot, now: Now, desk: &Desk<'_>) {
        let ids = [self.taken, self.taken + 1].map(OrderId);
        let (agent, retail) = (AgentId(desk.retailer.0), import_price(tariff, contract, now.calendar, desk.slot));
        let behind = Backstop { agent, feed_in: tariff.feed_in, retail, ids };
        let orders = backstop(&behind, &self.orders).expect("feed-in is less than import, and sums are bounded");
        for order in orders {
            match order.side {
                Side::Bid => self.demand += order.quantity,
                Side::Offer => self.supply += order.quantity,
            }
            self.orders.push(order);
        }
    }

    /// What an order would pay at most, or take at least.
    fn limit(&self, id: OrderId) -> Price {
        self.orders[self.place(id)].limit
    }

    fn place(&self, id: OrderId) -> usize {
        self.orders.binary_search_by_key(&id, |order| order.id).expect("trades name orders")
    }

    /// What deals come to in each settlement slot.
    fn worth(&self, closing: &Closing) -> Worth {
        let mut worth = Worth { volume: closing.volume(), welfare: Some(Money::ZERO), ..Worth::default() };
        for deal in &closing.deals {
            let Trade { bid, offer, quantity, .. } = deal.trade;
            worth.value += deal.trade.payment();
            worth.fees += quantity * deal.fee();
            *worth.welfare.get_or_insert_default() +=
                quantity * (self.limit(bid) - self.limit(offer)) - quantity * deal.fee();
        }
        worth
    }
}

/// What the retailer takes for equal energy in each settlement slot of `contract`: the mean, rounded up to a µ€/kWh.
fn import_price(tariff: &RetailTariff, contract: Slot, calendar: Calendar, slot: Span) -> Price {
    let slots = contract.length.0 / slot.0;
    let price = |index: i64| i128::from(tariff.import(calendar.time_of_day(contract.start + slot * index)).0);
    let sum: i128 = (0..slots).map(price).sum();
    let mean = -(-sum).div_euclid(i128::from(slots));
    Price(i64::try_from(mean).expect("a mean lies between prices"))
}

fn keep(now: Now, slot: Slot, waiting: &Waiting, closing: &Closing, (desk, out): (&Desk<'_>, &mut Outbox)) {
    let (time, product) = (now.time, desk.product);
    let mut filled = vec![Energy(0); waiting.orders.len()];
    for deal in &closing.deals {
        let trade = &deal.trade;
        for id in [trade.bid, trade.offer] {
            filled[waiting.place(id)] += trade.quantity;
        }
        let (buyer, seller) = (ParticipantId(trade.buyer.0), ParticipantId(trade.seller.0));
        let (energy, price, fee) = (desk.whole(trade.quantity), trade.price, deal.fee());
        out.record(Record::Trade(TradeRow { time, product, slot, buyer, seller, energy, price, fee }));
    }
    for (order, filled) in waiting.orders.iter().zip(filled) {
        out.record(Record::Order(OrderRow {
            // What stands behind a book comes last, when it is cleared.
            time: Time(order.submitted_ms).min(time),
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
    let Worth { volume, value, welfare, fees } = waiting.worth(closing);
    let [volume, demand, supply] = [volume, waiting.demand, waiting.supply].map(|energy| desk.whole(energy));
    let [value, welfare, fees] = [value, welfare.unwrap_or_default(), fees].map(|amount| desk.in_all(amount));
    let price = closing.price;
    for area in &closing.areas {
        let outcome = AreaOutcome {
            volume: desk.whole(area.volume),
            fees: desk.in_all(area.fees),
            demand: desk.whole(area.demand),
            bought: desk.whole(area.bought),
            sold: desk.whole(area.sold),
            local: desk.whole(area.local),
            ..*area
        };
        out.record(Record::Area(Box::new(AreaRow { time, product, slot, outcome })));
    }
    out.record(Record::Clearing(ClearingRow {
        time,
        product,
        slot,
        price,
        volume,
        demand,
        supply,
        value,
        welfare,
        fees,
    }));
}

/// The two parts of each deal: whose, by which order, on which side, and what is paid or received. A retailer that stands
/// behind a book has no meter, and waits for no award.
fn parts(closing: &Closing, retailer: ParticipantId) -> impl Iterator<Item = (ParticipantId, OrderId, Side, &Deal)> {
    closing.deals.iter().flat_map(move |deal| {
        let Trade { buyer, bid, seller, offer, .. } = deal.trade;
        let both = [(buyer, bid, Side::Bid, deal), (seller, offer, Side::Offer, deal)];
        let told = both.map(|(agent, order, side, deal)| (ParticipantId(agent.0), order, side, deal));
        told.into_iter().filter(move |(prosumer, ..)| *prosumer != retailer)
    })
}

/// What each prosumer has traded.
fn positions(closing: &Closing, retailer: ParticipantId) -> BTreeMap<ParticipantId, Traded> {
    let mut positions: BTreeMap<ParticipantId, Traded> = BTreeMap::new();
    for (prosumer, _, side, deal) in parts(closing, retailer) {
        positions.entry(prosumer).or_default().add(&deal.part(side));
    }
    positions
}

/// One award per prosumer, side and storage (or none), at the price of its last deal; one position per prosumer to the
/// retailer.
fn tell(slot: Slot, waiting: &Waiting, closing: &Closing, desk: &Desk<'_>, out: &mut Outbox) {
    let product = desk.product;
    let mut awards: BTreeMap<(ParticipantId, Side, Option<ParticipantId>), (Energy, Price)> = BTreeMap::new();
    for (prosumer, order, side, deal) in parts(closing, desk.retailer) {
        let storage = waiting.storage.get(&order).copied();
        let (energy, price) = awards.entry((prosumer, side, storage)).or_default();
        *energy += deal.trade.quantity;
        *price = if side == Side::Bid { deal.buyer_pays } else { deal.trade.price };
    }
    for ((prosumer, side, storage), (energy, price)) in awards {
        out.send(prosumer, Message::Award { product, slot, side, energy, price, storage });
    }
    for (prosumer, traded) in positions(closing, desk.retailer) {
        out.send(desk.retailer, Message::Traded { slot, prosumer, traded });
    }
}

/// Tells the retailer what the clearing comes to, also in each area.
fn report(contract: Slot, waiting: &Waiting, closing: &Closing, desk: &Desk<'_>, out: &mut Outbox) {
    let traded = ContractWorth { contract, worth: waiting.worth(closing), areas: closing.areas.clone() };
    out.send(desk.retailer, Message::Worth(Box::new(traded)));
}

/// Tells the retailer what the same orders under other mechanisms come to; in the same areas.
fn compare(contract: Slot, waiting: &Waiting, room: &Room, desk: &Desk<'_>, out: &mut Outbox) {
    for (alternative, mechanism) in desk.shadows {
        let mechanism = mechanism.build_with(desk.preferences);
        let closing = Closing::of(&waiting.orders, &*mechanism, desk.areas, room);
        let traded = positions(&closing, desk.retailer).into_iter().collect();
        let cleared = Cleared { alternative: *alternative, contract, traded, worth: waiting.worth(&closing) };
        out.send(desk.retailer, Message::WouldHaveCleared(Box::new(cleared)));
    }
}

/// The price of the contract, to those who learn from it.
fn publish(slot: Slot, closing: &Closing, desk: &Desk<'_>, out: &mut Outbox) {
    for listener in desk.audience {
        let price = closing.price_for(*listener, desk.areas);
        out.send(*listener, Message::Cleared { product: desk.product, slot, price });
    }
}
