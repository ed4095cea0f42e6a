//! Trading with the storage of a site: bids and offers by the opportunity value of stored energy.
//!
//! Each slot, the energy manager says what every storage holds and can do. For all auctions that have a gate then, offers go
//! first to the contracts that are expected to be dearest, bids to the cheapest, each divided into steps of one layer of the
//! storage ([`value`]); what a vehicle must charge is bid at the retailer's price, which is what it costs if nobody sells.
//! Both a bid and an offer for one slot are well: the bid is always below. What is awarded is told to the manager as
//! the sum for the slot, so that a message that is lost is made good by the next.
//!
//! Storage is traded in auctions of contracts as long as a settlement slot. The operator says of each award for which storage
//! it is, or that it is for the rest of the site.

mod prices;
mod projection;
mod value;

use crate::id::ParticipantId;
use crate::mail::RetailTariff;
use crate::market_operator::{Trading, Venue, gates_at};
use crate::storage_trade::TradableStorage;
use crate::time::{Calendar, Now, Slot, Span, Time};
use market::product::ProductId;
use market::{Energy, Price, Side};
use prices::{Prices, Retail};
use projection::{Projection, slot_at};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use value::ValueCurve;

/// For how long prices are remembered before a manager has said it.
const LONGEST_WINDOW: Span = Span(Span::DAY.0 * 31);

/// What a prosumer knows of the storage of its site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct StorageTrader {
    /// Who manages the storage; none as long as it has said nothing.
    manager: Option<ParticipantId>,
    /// What was told at the beginning of the slot under way, by device.
    told: BTreeMap<ParticipantId, (Time, TradableStorage)>,
    /// Bought less sold for each device and slot, of slots that are not over.
    awarded: BTreeMap<ParticipantId, BTreeMap<Time, Energy>>,
    /// Orders at the last gates that may still be filled.
    out: Vec<Placed>,
    prices: Prices,
}

/// An order that is out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Placed {
    /// For which storage; none: for the rest of the site.
    device: Option<ParticipantId>,
    product: ProductId,
    slot: Slot,
    side: Side,
    limit: Price,
    left: Energy,
    at: Time,
}

/// An order that shall be placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StorageOrder {
    pub(super) product: ProductId,
    pub(super) slot: Slot,
    pub(super) side: Side,
    pub(super) quantity: Energy,
    pub(super) limit: Price,
}

/// What a storage is to do in a slot: whom to tell, for which device, how much.
pub(super) type Told = (ParticipantId, ParticipantId, Energy);

impl StorageTrader {
    /// Whether the site has storage that is for the market.
    pub(super) fn is_trading(&self) -> bool {
        self.manager.is_some()
    }

    /// The manager says how a storage stands.
    pub(super) fn note_storage(&mut self, now: Now, manager: ParticipantId, tradable: TradableStorage) {
        self.manager = Some(manager);
        self.told.insert(tradable.device, (now.time, tradable));
    }

    /// A gate has closed.
    pub(super) fn note_price(&mut self, slot: Slot, price: Option<Price>) {
        self.prices.note(slot, price);
    }

    /// Forgets what is over.
    pub(super) fn forget(&mut self, now: Now) {
        self.awarded.retain(|_, slots| {
            *slots = slots.split_off(&now.time);
            !slots.is_empty()
        });
        self.told.retain(|_, (time, _)| *time == now.time);
        let window = self.told.values().map(|(_, tradable)| tradable.terms.window()).max();
        self.prices.forget(now.time - window.unwrap_or(LONGEST_WINDOW));
    }

    /// Something else than storage is ordered for the site.
    pub(super) fn note_other(&mut self, now: Now, order: &StorageOrder) {
        if self.is_trading() {
            self.place(now, None, order);
        }
    }

    fn place(&mut self, now: Now, device: Option<ParticipantId>, order: &StorageOrder) {
        // What is left of earlier gates has not been filled.
        self.out.retain(|placed| placed.at == now.time);
        let StorageOrder { product, slot, side, quantity: left, limit } = *order;
        self.out.push(Placed { device, product, slot, side, limit, left, at: now.time });
    }

    /// Takes an award for a storage, or for the rest of the site: what is filled is out no more. Of a storage's, says what it is
    /// to do in the slot.
    pub(super) fn take_award(
        &mut self,
        (product, slot, side): (ProductId, Slot, Side),
        storage: Option<ParticipantId>,
        energy: Energy,
    ) -> Option<Told> {
        let mut rest = energy;
        for placed in &mut self.out {
            if (placed.device, placed.product, placed.slot, placed.side) == (storage, product, slot, side) {
                let part = placed.left.min(rest);
                placed.left -= part;
                rest -= part;
            }
        }
        let device = storage?;
        let net = self.awarded.entry(device).or_default().entry(slot.start).or_default();
        *net = if side == Side::Bid { *net + energy } else { *net - energy };
        Some((self.manager?, device, *net))
    }

    /// The orders of all storages, each with its storage, at the gates of this instant; they count as placed.
    pub(super) fn orders(
        &mut self,
        now: Now,
        venues: &[Venue],
        (tariff, length): (RetailTariff, Span),
    ) -> Vec<(ParticipantId, StorageOrder)> {
        let retail: Retail = (tariff, now.calendar);
        let told: Vec<TradableStorage> = self.told.values().map(|(_, tradable)| *tradable).collect();
        let mut orders = Vec::new();
        for tradable in &told {
            let terms = &tradable.terms;
            let levels = self.prices.levels(terms.quantile, &retail);
            let curve = ValueCurve::between(levels, terms);
            for (product, venue) in gates_at(venues, now) {
                let is_auction = matches!(venue.trading, Trading::Auction { .. });
                if !is_auction || venue.product.delivery != length {
                    continue;
                }
                let contracts: Vec<Slot> = venue.product.contracts_at(now.time).collect();
                let end = contracts.last().map_or(now.time, |slot| slot.end());
                let mut gate = Gate {
                    product,
                    share: venue.share,
                    retail: &retail,
                    low: levels.0,
                    projection: self.projection(tradable, now, (length, end)),
                    orders: Vec::new(),
                };
                gate.must(&contracts);
                gate.offers(self.ranked(&contracts, |worth| -worth.giving.0, &retail), curve.as_ref());
                gate.bids(self.ranked(&contracts, |worth| worth.taking.0, &retail), curve.as_ref());
                for order in gate.orders {
                    self.place(now, Some(tradable.device), &order);
                    orders.push((tradable.device, order));
                }
            }
        }
        orders
    }

    /// Contracts in the order of what they are expected to be worth, earlier ones first among equals.
    fn ranked(&self, contracts: &[Slot], key: impl Fn(prices::Worth) -> i64, retail: &Retail) -> Vec<Slot> {
        let mut ranked: Vec<(i64, Slot)> =
            contracts.iter().map(|slot| (key(self.prices.expected(slot.start, retail)), *slot)).collect();
        ranked.sort_by_key(|(key, slot)| (*key, slot.start));
        ranked.into_iter().map(|(_, slot)| slot).collect()
    }

    /// A storage with all that is awarded and out.
    fn projection<'a>(&self, tradable: &'a TradableStorage, now: Now, (length, end): (Span, Time)) -> Projection<'a> {
        let device = tradable.device;
        let awarded = self.awarded.get(&device).into_iter().flat_map(|slots| slots.range(now.time..));
        let out: Vec<&Placed> =
            self.out.iter().filter(|placed| placed.device == Some(device) && placed.at == now.time).collect();
        let last = awarded.clone().map(|(start, _)| *start + length).chain(out.iter().map(|of| of.slot.end()));
        let end = last.fold(end, Time::max);
        let mut projection = Projection::new(tradable, slot_at(now.time, length), end);
        awarded.for_each(|(start, energy)| projection.count(*start, energy.as_kwh()));
        for placed in out {
            let kwh = placed.left.as_kwh();
            projection.reserve(placed.slot.start, if placed.side == Side::Bid { kwh } else { -kwh });
        }
        projection
    }
}

/// The orders of one storage at one gate.
struct Gate<'a> {
    product: ProductId,
    share: f64,
    retail: &'a (RetailTariff, Calendar),
    /// The low price level, EUR/MWh.
    low: f64,
    projection: Projection<'a>,
    orders: Vec<StorageOrder>,
}

impl Gate<'_> {
    fn import(&self, slot: Slot) -> Price {
        let (tariff, calendar) = self.retail;
        tariff.import(calendar.time_of_day(slot.start))
    }

    /// Bids for what a vehicle must charge, at the retailer's price.
    fn must(&mut self, contracts: &[Slot]) {
        let mut promised_kwh = 0.0;
        for slot in contracts {
            let kwh = self.projection.must_take(slot.start, promised_kwh);
            promised_kwh += kwh;
            self.order(*slot, Side::Bid, watt_hours(kwh), self.import(*slot));
        }
    }

    fn offers(&mut self, contracts: Vec<Slot>, curve: Option<&ValueCurve>) {
        let Some(curve) = curve else { return };
        for slot in contracts {
            let whole = watt_hours(self.projection.can_give(slot.start) * self.share);
            for part in self.parts(whole) {
                let room = self.projection.room_below(slot.start) - self.projection.layer(-part.as_kwh());
                // What the storage is full to with so little left to give.
                let limit = curve.offer(1.0 - self.projection.share_below(room)).max(self.retail.0.feed_in);
                if limit <= self.import(slot) {
                    self.order(slot, Side::Offer, part, limit);
                }
            }
        }
    }

    /// Where no round trip pays, a vehicle still buys at the low level.
    fn bids(&mut self, contracts: Vec<Slot>, curve: Option<&ValueCurve>) {
        if curve.is_none() && !self.projection.has_departure() {
            return;
        }
        let low = Price::from_eur_per_mwh(self.low);
        for slot in contracts {
            let whole = watt_hours(self.projection.can_take(slot.start) * self.share);
            for part in self.parts(whole) {
                let room = self.projection.room_above(slot.start) - self.projection.layer(part.as_kwh());
                let share = self.projection.share_below(room);
                let limit = curve.map_or(low, |curve| curve.bid(share)).min(self.import(slot));
                if limit >= self.retail.0.feed_in {
                    self.order(slot, Side::Bid, part, limit);
                }
            }
        }
    }

    /// Equal parts of an energy, as many as there are steps.
    fn parts(&self, Energy(whole): Energy) -> Vec<Energy> {
        let steps = i64::from(self.projection.steps());
        let parts = (0..steps).map(|step| whole * (step + 1) / steps - whole * step / steps);
        parts.filter(|part| *part > 0).map(Energy).collect()
    }

    fn order(&mut self, slot: Slot, side: Side, quantity: Energy, limit: Price) {
        if quantity > Energy(0) {
            let kwh = quantity.as_kwh();
            self.projection.reserve(slot.start, if side == Side::Bid { kwh } else { -kwh });
            self.orders.push(StorageOrder { product: self.product, slot, side, quantity, limit });
        }
    }
}

/// Whole watt-hours that are surely there.
fn watt_hours(kwh: f64) -> Energy {
    Energy((kwh * 1000.0 + 1e-6).floor() as i64)
}

#[cfg(test)]
mod tests;
