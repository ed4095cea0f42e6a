//! A prosumer: trades in the market for one site.
//!
//! It expects of coming slots what the meter showed before, and at a managed site the change that its energy manager
//! plans; what it has not traded yet it orders at each gate, within the retailer's prices ([`Bidding`]). Storage that the
//! manager leaves to the market it trades by the value of what is stored (`storage`). Orders from outside go through it as well: it passes them on, and counts what they get.

mod bidding;
mod expectation;
mod outside;
mod storage;
mod terms;

pub use bidding::Bidding;
pub use terms::OrderTerms;

use crate::act::ActId;
use crate::core::{Core, MeterReading, Outbox, Wake};
use crate::draw::Draws;
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message, RetailTariff};
use crate::market_operator::{MarketRules, Trading, Venues, gates_at, next_gate};
use crate::time::{Every, Now, Slot, Time};
use bidding::Bidder;
use expectation::Expectation;
use market::product::ProductId;
use market::{AgentId, Energy, Order, OrderId, Side};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use storage::{StorageOrder, StorageTrader};

/// The product of the very next slots, by whose rhythm energy managers plan.
const SPOT: ProductId = ProductId(0);

/// The mind of a prosumer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prosumer {
    operator: ParticipantId,
    rules: MarketRules,
    venues: Venues,
    /// Whether an energy manager plans for the site.
    managed: bool,
    bidder: Bidder,
    #[serde(default)]
    terms: OrderTerms,
    /// When the meter is read: at the end of every slot.
    meter: Every,
    expectation: Expectation,
    tariff: Option<RetailTariff>,
    /// The last instant at whose gates it ordered.
    ordered: Option<Time>,
    /// Bought minus sold of each settlement slot to come, by its beginning.
    positions: BTreeMap<Time, Energy>,
    /// Contracts to come that are traded from outside, by the beginning of their delivery.
    #[serde(default)]
    outside: BTreeSet<(Time, ProductId)>,
    /// What it knows of the site's storage; its trades are not among the positions.
    #[serde(default)]
    storage: StorageTrader,
}

impl Prosumer {
    /// A prosumer that trades with `operator`. A managed one waits for its energy manager's plan before it orders in the
    /// first of `venues`, which is then the one of the very next slots.
    pub fn new(
        operator: ParticipantId,
        (rules, venues): (MarketRules, Venues),
        managed: bool,
        bidding: Bidding,
        draws: Draws,
    ) -> Self {
        let looks_ahead = venues.len() > 1 || venues.iter().any(|venue| venue.product.contracts > 1);
        Self {
            operator,
            rules,
            venues,
            managed,
            bidder: Bidder::new(bidding, draws),
            terms: OrderTerms::default(),
            meter: Every::new(rules.slot),
            expectation: Expectation::new(rules.slot, looks_ahead),
            tariff: None,
            ordered: None,
            positions: BTreeMap::new(),
            outside: BTreeSet::new(),
            storage: StorageTrader::default(),
        }
    }

    /// The same, whose orders say this of quality.
    #[must_use]
    pub fn with_terms(self, terms: OrderTerms) -> Self {
        Self { terms, ..self }
    }

    /// Mean position over the settlement slots of `contract`.
    fn position(&self, contract: Slot) -> Energy {
        self.mean(&self.positions, contract)
    }

    fn mean(&self, energies: &BTreeMap<Time, Energy>, contract: Slot) -> Energy {
        let sum: Energy = energies.range(contract.start..contract.end()).map(|(_, energy)| *energy).sum();
        Energy(sum.0 / (contract.length.0 / self.rules.slot.0))
    }

    /// Adds `energy` to each settlement slot of `contract`.
    fn add(&self, energies: &mut BTreeMap<Time, Energy>, contract: Slot, energy: Energy) {
        let mut start = contract.start;
        while start < contract.end() {
            *energies.entry(start).or_default() += energy;
            start += self.rules.slot;
        }
    }

    /// Orders at all gates of this instant, but for those that wait for a plan.
    fn order_at_gates(&mut self, now: Now, out: &mut Outbox) {
        let (venues, managed) = (Venues::clone(&self.venues), self.managed);
        // Whatever is awarded, no energy is ordered at two gates of one instant.
        let mut placed = BTreeMap::new();
        for (id, venue) in gates_at(&venues, now).filter(|(id, _)| !(managed && *id == SPOT)) {
            let expected: Vec<_> = venue
                .product
                .contracts_at(now.time)
                .filter_map(|contract| Some((contract, self.expectation.of(now, contract)?)))
                .map(|(contract, energy)| (contract, Energy((energy.0 as f64 * venue.share).round() as i64)))
                .collect();
            self.order(now, id, expected, &mut placed, out);
        }
    }

    /// Orders what is missing to have the expected energy in each contract: bids where it is positive, offers where negative.
    /// `placed` is what has been ordered for each settlement slot at other gates of this instant.
    fn order(
        &mut self,
        now: Now,
        id: ProductId,
        expected: Vec<(Slot, Energy)>,
        placed: &mut BTreeMap<Time, Energy>,
        out: &mut Outbox,
    ) {
        let Some(tariff) = self.tariff.filter(|_| self.bidder.is_active()) else { return };
        let venues = Venues::clone(&self.venues);
        let Some(venue) = venues.get(usize::from(id.0)) else { return };
        if venue.trading == Trading::Continuous {
            for (slot, _) in &expected {
                out.send(self.operator, Message::CancelOrders { product: id, slot: *slot, act: None });
            }
        }
        let missing = |(slot, energy): (Slot, Energy)| (slot, energy - self.position(slot) - self.mean(placed, slot));
        let missing: Vec<_> = expected.into_iter().map(missing).filter(|(_, energy)| *energy != Energy(0)).collect();
        if missing.is_empty() {
            return;
        }
        self.bidder.begin(now, id);
        for (slot, energy) in missing {
            let side = if energy > Energy(0) { Side::Bid } else { Side::Offer };
            let prices = (tariff.feed_in, tariff.import(now.calendar.time_of_day(slot.start)));
            let limit = self.bidder.limit(now, side, (id, &venue.product), slot, prices);
            let order = StorageOrder { product: id, slot, side, quantity: Energy(energy.0.abs()), limit };
            self.storage.note_other(now, &order);
            self.send(now, (&order, None), self.terms.of(side), None, out);
            self.add(placed, slot, energy);
        }
    }

    fn send(
        &self,
        now: Now,
        (order, storage): (&StorageOrder, Option<ParticipantId>),
        (quality, premium_bp): (u8, u32),
        act: Option<ActId>,
        out: &mut Outbox,
    ) {
        let StorageOrder { product, slot, side, quantity, limit } = *order;
        let order = Order {
            id: OrderId(0),
            agent: AgentId(0),
            side,
            quantity,
            limit,
            quality,
            premium_bp,
            submitted_ms: now.time.0,
            lottery: self.bidder.ticket(),
        };
        out.send(self.operator, Message::Order { product, slot, order, act, storage });
    }

    /// Orders for the site's storage at all gates of this instant, once its manager has told of it all.
    fn order_for_storage(&mut self, now: Now, out: &mut Outbox) {
        let Some(tariff) = self.tariff.filter(|_| self.bidder.is_active()) else { return };
        let venues = Venues::clone(&self.venues);
        for (storage, order) in self.storage.orders(now, &venues, (tariff, self.rules.slot)) {
            self.send(now, (&order, Some(storage)), self.terms.of(order.side), None, out);
        }
    }

    /// Counts what was bought (positive) or sold in each settlement slot of `contract`.
    fn count(&mut self, contract: Slot, side: Side, energy: Energy) {
        let mut positions = std::mem::take(&mut self.positions);
        self.add(&mut positions, contract, if side == Side::Bid { energy } else { -energy });
        self.positions = positions;
    }
}

impl Core for Prosumer {
    const KIND: Kind = Kind::Prosumer;
    type Sense = MeterReading;
    type Intent = ();

    fn step(&mut self, now: Now, meter: &MeterReading, inbox: &[Mail], out: &mut Outbox) {
        if self.meter.is_due(now.time) {
            self.expectation.read(now, meter);
            self.positions = self.positions.split_off(&now.time);
            self.outside = self.outside.split_off(&(now.time, SPOT));
            self.storage.forget(now);
        }
        for mail in inbox {
            match &mail.message {
                Message::Tariff(tariff) => self.tariff = Some(*tariff),
                Message::PlannedChange { slot, energy } if self.managed => {
                    if let Some(last) = self.expectation.last() {
                        self.order(now, SPOT, vec![(*slot, last + *energy)], &mut BTreeMap::new(), out);
                    }
                    if self.storage.is_trading() {
                        self.order_at_gates(now, out);
                        self.order_for_storage(now, out);
                    }
                }
                Message::Tradable(tradable) => {
                    let moved_kwh = tradable.storage.power_kw * self.rules.slot.hours();
                    self.expectation.exclude(now, Energy::from_kwh(moved_kwh));
                    self.storage.note_storage(now, mail.from, *tradable);
                }
                Message::Cleared { slot, price, .. } if slot.length == self.rules.slot => {
                    self.storage.note_price(*slot, *price);
                }
                Message::Award { product, slot, side, energy, price, storage } => {
                    self.bidder.take_award(*product);
                    let told = self.storage.take_award((*product, *slot, *side), *storage, *energy);
                    if let Some((manager, device, energy)) = told {
                        out.send(manager, Message::Awarded { device, slot: *slot, energy });
                    }
                    if storage.is_none() {
                        self.count(*slot, *side, *energy);
                        self.tell_award(now, (*product, *slot), (*side, *energy, *price), out);
                    }
                }
                Message::PlaceOrder { act, order } => self.place(now, *act, order, out),
                Message::WithdrawOrders { act, contract } => self.withdraw(*act, contract, out),
                _ => {}
            }
        }
        if self.ordered != Some(now.time) && gates_at(&self.venues, now).next().is_some() {
            self.ordered = Some(now.time);
            // What its storage did in the slot that is over is none of the site's habits: the manager tells it first.
            if !self.storage.is_trading() {
                self.order_at_gates(now, out);
            }
        }
    }

    fn next_wake(&self, now: Now) -> Wake {
        Wake::At(self.meter.next()).or_at(next_gate(&self.venues, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::StorageStatus;
    use crate::market_operator::Venue;
    use crate::storage_trade::{StorageTerms, TradableStorage};
    use crate::time::{Calendar, Span};
    use market::Price;
    use market::product::Product;

    const QUARTER: Span = Span::from_minutes(15);
    const RULES: MarketRules = MarketRules { slot: QUARTER, lead: QUARTER };
    const TARIFF: RetailTariff = RetailTariff {
        peak: Price(300_000),
        off_peak: Price(200_000),
        off_peak_from: Span::ZERO,
        off_peak_until: Span::ZERO,
        feed_in: Price(100_000),
    };

    fn at(minutes: i64) -> Now {
        Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
    }

    fn to_prosumer(message: Message) -> Mail {
        Mail { to: ParticipantId(3), from: ParticipantId(1), message }
    }

    fn orders(out: &Outbox) -> Vec<(u8, Slot, Order)> {
        let order = |mail: &Mail| match mail.message {
            Message::Order { product, slot, order, .. } => Some((product.0, slot, order)),
            _ => None,
        };
        out.mail.iter().filter_map(order).collect()
    }

    fn venue(every: Span, at: Span, lead: Span, contracts: u32) -> Venue {
        let product = Product { name: "test".into(), every, at, lead, delivery: QUARTER, contracts };
        Venue {
            product,
            trading: Trading::Auction { mechanism: "uniform-mid-truncated".parse().expect("it exists") },
            share: 1.0,
        }
    }

    fn prosumer(managed: bool, bidding: Bidding) -> Prosumer {
        let venues = [
            venue(QUARTER, Span::ZERO, QUARTER, 1),
            venue(Span::DAY, Span::HOUR * 12, Span::HOUR * 12, 96),
            venue(Span::HOUR, Span::ZERO, Span::HOUR, 24),
        ];
        let draws = Draws::new(1, "prosumer_pv_01", "reservation price");
        let venues = if bidding == Bidding::Ramp { venues[2..].into() } else { venues[..2].into() };
        Prosumer::new(ParticipantId(0), (RULES, venues), managed, bidding, draws)
    }

    fn exported(wh: i64) -> MeterReading {
        MeterReading { power_kw: 0.0, imported: Energy(0), exported: Energy(wh) }
    }

    #[test]
    fn a_producer_offers_what_it_produced_in_the_last_slot_between_the_retailers_prices() {
        for bidding in [Bidding::ReservationPrice, Bidding::ZeroIntelligence, Bidding::Truthful] {
            let (mut prosumer, mut out) = (prosumer(false, bidding), Outbox::of(ParticipantId(3)));
            prosumer.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF))], &mut out);
            prosumer.step(at(15), &exported(800), &[], &mut out);
            let [(0, slot, order)] = orders(&out)[..] else { panic!("one gate with energy, one order") };
            assert_eq!((order.side, order.quantity, slot), (Side::Offer, Energy(800), RULES.traded_at(at(15))));
            assert!(TARIFF.feed_in <= order.limit && order.limit <= TARIFF.peak, "{order:?}");
            assert_eq!(order.limit == TARIFF.feed_in, bidding == Bidding::Truthful);
        }
    }

    #[test]
    fn an_order_that_got_nothing_concedes_towards_the_retailers_price() {
        let (mut prosumer, mut out) = (prosumer(false, Bidding::ReservationPrice), Outbox::of(ParticipantId(3)));
        prosumer.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF))], &mut out);
        for gate in 1..4 {
            prosumer.step(at(15 * gate), &exported(100 * gate), &[], &mut out);
        }
        let limits: Vec<_> = orders(&out).iter().map(|(.., order)| order.limit).collect();
        assert!(limits[0] > limits[1] && limits[1] > limits[2] && limits[2] >= TARIFF.feed_in, "{limits:?}");
    }

    #[test]
    fn a_managed_site_orders_what_was_metered_and_the_change_its_manager_plans() {
        let (mut prosumer, mut out) = (prosumer(true, Bidding::ReservationPrice), Outbox::of(ParticipantId(3)));
        let slot = RULES.traded_at(at(0));
        let plan = |slot: Slot| to_prosumer(Message::PlannedChange { slot, energy: Energy(500) });
        prosumer.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF)), plan(slot)], &mut out);
        assert!(orders(&out).is_empty(), "no slot has been metered yet");
        prosumer.step(at(15), &exported(200), &[], &mut out);
        assert!(orders(&out).is_empty(), "it waits for the plan");
        prosumer.step(at(15), &exported(200), &[plan(slot.next())], &mut out);
        let [(0, _, order)] = orders(&out)[..] else { panic!("one plan, one order") };
        assert_eq!((order.side, order.quantity), (Side::Bid, Energy(300)));
    }

    #[test]
    fn what_was_bought_a_day_ahead_is_not_bought_again() {
        let (mut prosumer, mut out) = (prosumer(false, Bidding::Truthful), Outbox::of(ParticipantId(3)));
        prosumer.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF))], &mut out);
        let noon = 12 * 60;
        for quarter in 1..=48 {
            prosumer.step(at(15 * quarter), &exported(100 * quarter), &[], &mut out);
        }
        let day_ahead: Vec<_> = orders(&out).into_iter().filter(|(product, ..)| *product == 1).collect();
        assert_eq!(day_ahead.len(), 48, "of the afternoon nothing is known yet");
        let (_, slot, order) = day_ahead[8];
        assert_eq!((slot.start, order.quantity), (at(24 * 60 + 120).time, Energy(100)));
        let award = |wh| Message::Award {
            product: ProductId(1),
            slot,
            side: Side::Offer,
            energy: Energy(wh),
            price: Price(1),
            storage: None,
        };
        let (before, mut out) = (slot.start - QUARTER, Outbox::of(ParticipantId(3)));
        prosumer.step(at(noon), &exported(4800), &[to_prosumer(award(70))], &mut out);
        let before = Now { time: before, ..at(0) };
        prosumer.step(before, &exported(4900), &[], &mut out);
        let [(0, of, order)] = orders(&out)[..] else { panic!("one spot gate, one order") };
        assert_eq!((of, order.side, order.quantity), (slot, Side::Offer, Energy(30)));
    }

    #[test]
    fn a_ramp_ends_at_the_retailers_price_when_the_last_gate_closes() {
        let (mut prosumer, mut out) = (prosumer(false, Bidding::Ramp), Outbox::of(ParticipantId(3)));
        prosumer.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF))], &mut out);
        for quarter in 1..=192 {
            prosumer.step(at(15 * quarter), &exported(100 * quarter), &[], &mut out);
        }
        let contract = at(40 * 60).time;
        let limits: Vec<_> =
            orders(&out).iter().filter(|(_, slot, _)| slot.start == contract).map(|(.., order)| order.limit).collect();
        assert_eq!(limits.len(), 6, "six hours of hourly gates");
        assert!(limits.is_sorted_by(|a, b| a > b), "{limits:?}");
        assert_eq!(limits.last(), Some(&TARIFF.feed_in));
        assert!(limits[0] > TARIFF.peak - Price(40_000) && limits[0] <= TARIFF.peak, "{limits:?}");
    }

    #[test]
    fn without_a_tariff_or_with_orders_from_outside_only_nothing_is_ordered() {
        let (mut without, mut out) = (prosumer(false, Bidding::Truthful), Outbox::of(ParticipantId(3)));
        without.step(at(0), &exported(0), &[], &mut out);
        without.step(at(15), &exported(800), &[], &mut out);
        let mut external = prosumer(false, Bidding::External);
        external.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF))], &mut out);
        external.step(at(15), &exported(800), &[], &mut out);
        assert!(out.mail.is_empty());
    }

    #[test]
    fn storage_is_traded_once_a_tariff_is_known_apart_from_the_site_and_its_manager_is_told_of_awards() {
        let (mut prosumer, manager) = (prosumer(true, Bidding::Truthful), ParticipantId(1));
        let storage = StorageStatus {
            energy_kwh: 50.0,
            min_kwh: 10.0,
            max_kwh: 90.0,
            charge_limit_kw: 40.0,
            discharge_limit_kw: 40.0,
            power_kw: -4.0,
        };
        let (device, terms) = (ParticipantId(7), StorageTerms::default());
        let tradable = Message::Tradable(TradableStorage { device, storage, departure: None, terms });
        let told = |quarter: i64| {
            let slot = RULES.traded_at(at(15 * quarter));
            [tradable.clone(), Message::PlannedChange { slot, energy: Energy(0) }].map(to_prosumer)
        };
        let mut out = Outbox::of(ParticipantId(3));
        prosumer.step(at(0), &exported(0), &told(0), &mut out);
        assert!(out.mail.is_empty(), "no tariff is known");
        prosumer.step(at(15), &exported(1300), &[to_prosumer(Message::Tariff(TARIFF))], &mut out);
        assert!(out.mail.is_empty(), "the manager has not told yet");
        prosumer.step(at(15), &exported(1300), &told(1), &mut out);
        let (slot, placed) = (RULES.traded_at(at(15)), orders(&out));
        assert!(placed.iter().all(|(product, of, _)| (*product, *of) == (0, slot)));
        let (_, _, site) = placed[0];
        // Of 1,300 Wh that went out, the storage gave 1,000.
        assert_eq!((site.side, site.quantity, site.limit), (Side::Offer, Energy(300), TARIFF.feed_in));
        assert!(placed[1..].iter().any(|(.., order)| order.side == Side::Bid));
        let award = |wh, storage| {
            let (side, energy, price) = (Side::Offer, Energy(wh), TARIFF.peak);
            to_prosumer(Message::Award { product: SPOT, slot, side, energy, price, storage })
        };
        let mut out = Outbox::of(ParticipantId(3));
        prosumer.step(at(15), &exported(1300), &[award(300, None), award(1000, Some(device))], &mut out);
        let awarded = Message::Awarded { device, slot, energy: Energy(-1000) };
        assert_eq!(out.mail, [Mail { to: manager, from: ParticipantId(3), message: awarded }]);
        assert_eq!(prosumer.position(slot), Energy(-300));
    }
}
