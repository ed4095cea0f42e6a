//! Orders from outside: a prosumer makes them orders of its market, passes them on, and tells what they got.

use super::storage::StorageOrder;
use super::{Prosumer, SPOT};
use crate::act::{ActId, NamedContract, PlacedOrder, side_name};
use crate::core::Outbox;
use crate::mail::Message;
use crate::record::{AwardRow, EventCode, Record};
use crate::time::{Now, Slot, Time};
use market::product::ProductId;
use market::{Energy, Price, Side};

impl Prosumer {
    /// Bought minus sold of each settlement slot to come in which it has traded, by its beginning.
    pub fn positions(&self) -> impl Iterator<Item = (Slot, Energy)> {
        let length = self.rules.slot;
        self.positions.iter().map(move |(start, energy)| (Slot { start: *start, length }, *energy))
    }

    /// Places an order from outside; whether it comes in time is for the operator to say.
    pub(super) fn place(&mut self, now: Now, act: ActId, placed: &PlacedOrder, out: &mut Outbox) {
        let ordered = self.contract(&placed.contract()).and_then(|(product, slot)| {
            let quantity = self.per_settlement_slot(placed.energy, slot)?;
            Ok((product, slot, quantity))
        });
        match ordered {
            Ok((product, slot, quantity)) => {
                self.outside.insert((slot.start, product));
                let order = StorageOrder { product, slot, side: placed.side, quantity, limit: placed.limit };
                self.storage.note_other(now, &order);
                let (quality, premium_bp) = self.terms.of(placed.side);
                let said = (placed.quality.unwrap_or(quality), placed.premium_bp.unwrap_or(premium_bp));
                self.send(now, (&order, None), said, Some(act), out);
            }
            Err(reason) => out.record(Record::ActFailed(act, reason)),
        }
    }

    /// Withdraws what is left of the orders from outside.
    pub(super) fn withdraw(&self, act: ActId, contract: &NamedContract, out: &mut Outbox) {
        match self.contract(contract) {
            Ok((product, slot)) => out.send(self.operator, Message::CancelOrders { product, slot, act: Some(act) }),
            Err(reason) => out.record(Record::ActFailed(act, reason)),
        }
    }

    /// Tells what was got of a contract that is traded from outside.
    pub(super) fn tell_award(
        &self,
        now: Now,
        (product, slot): (ProductId, Slot),
        (side, energy, price): (Side, Energy, Price),
        out: &mut Outbox,
    ) {
        let Some(venue) = self.venues.get(usize::from(product.0)) else { return };
        if !self.outside.contains(&(slot.start, product)) {
            return;
        }
        let energy = Energy(energy.0 * (slot.length.0 / self.rules.slot.0));
        let (word, kwh, name) = (side_name(side), energy.as_kwh(), &venue.product.name);
        let (start, limit) = (slot.start, price.as_eur_per_mwh());
        let detail = format!("{word} {kwh} kWh of {name} for delivery from {start} at {limit} EUR/MWh");
        out.event(now, EventCode::OrderAwarded, detail);
        let (time, prosumer) = (now.time, out.sender());
        out.record(Record::Award(AwardRow { time, prosumer, product, slot, side, energy, price }));
    }

    /// The product and the delivery slot that are meant.
    fn contract(&self, named: &NamedContract) -> Result<(ProductId, Slot), String> {
        let products = || self.venues.iter().map(|venue| venue.product.name.as_str());
        let index = match &named.product {
            None => usize::from(SPOT.0),
            Some(name) => products().position(|product| product == name).ok_or_else(|| {
                format!("there is no product {name:?}: name one of {}", products().collect::<Vec<_>>().join(", "))
            })?,
        };
        let venue = self.venues.get(index).ok_or("nothing is traded in this market")?;
        // So far away nothing is ever delivered, and its end must be an instant.
        let reach = Time(i64::MAX / 2);
        if named.delivery > reach || named.delivery < Time(-reach.0) {
            return Err(format!("a delivery from {} can not be meant: send its beginning", named.delivery));
        }
        Ok((ProductId(index as u8), Slot { start: named.delivery, length: venue.product.delivery }))
    }

    /// What flows in each settlement slot, of energy over the whole contract.
    fn per_settlement_slot(&self, energy: Energy, contract: Slot) -> Result<Energy, String> {
        let slots = contract.length.0 / self.rules.slot.0;
        if energy.0 % slots == 0 {
            return Ok(Energy(energy.0 / slots));
        }
        let (kwh, step_kwh) = (energy.as_kwh(), Energy(slots).as_kwh());
        Err(format!(
            "{kwh} kWh over {slots} settlement slots are no whole watt-hours in each: order a multiple of {step_kwh} kWh"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Core;
    use crate::draw::Draws;
    use crate::id::ParticipantId;
    use crate::mail::Mail;
    use crate::market_operator::{MarketRules, Trading, Venue};
    use crate::prosumer::{Bidding, OrderTerms};
    use crate::time::{Calendar, Span};
    use market::product::Product;

    const QUARTER: Span = Span::from_minutes(15);
    const ACT: ActId = ActId { tick: Time(0), number: 3 };
    const NOW: Now = Now { time: Time(0), calendar: Calendar { utc_offset: Span::ZERO } };

    fn prosumer() -> Prosumer {
        let venue = |name: &str, delivery: Span| Venue {
            product: Product {
                name: name.into(),
                every: delivery,
                at: Span::ZERO,
                lead: delivery,
                delivery,
                contracts: 1,
            },
            trading: Trading::Continuous,
            share: 1.0,
        };
        let venues = [venue("spot", QUARTER), venue("hours", Span::HOUR)];
        let rules = MarketRules { slot: QUARTER, lead: QUARTER };
        let draws = Draws::new(1, "prosumer_a", "reservation price");
        Prosumer::new(ParticipantId(0), (rules, venues.into()), false, Bidding::External, draws)
    }

    fn tell(prosumer: &mut Prosumer, message: Message) -> Outbox {
        let mut out = Outbox::of(ParticipantId(3));
        let mail = Mail { to: ParticipantId(3), from: ParticipantId::OUTSIDE, message };
        prosumer.step(NOW, &crate::core::MeterReading::default(), &[mail], &mut out);
        out
    }

    fn placed(product: Option<&str>, wh: i64) -> PlacedOrder {
        let (product, delivery) = (product.map(String::from), NOW.time + Span::HOUR);
        let (quality, premium_bp) = (None, None);
        PlacedOrder {
            product,
            delivery,
            side: Side::Offer,
            energy: Energy(wh),
            limit: Price(50_000),
            quality,
            premium_bp,
        }
    }

    fn refusal(out: &Outbox) -> &str {
        let [Record::ActFailed(ACT, reason)] = &out.records[..] else { panic!("one refusal: {:?}", out.records) };
        assert!(out.mail.is_empty());
        reason
    }

    #[test]
    fn an_order_from_outside_reaches_the_operator_with_its_energy_per_settlement_slot() {
        let mut prosumer = prosumer();
        for (product, id, length, wh) in [(None, 0, QUARTER, 1000), (Some("hours"), 1, Span::HOUR, 250)] {
            let out = tell(&mut prosumer, Message::PlaceOrder { act: ACT, order: placed(product, 1000) });
            let [Mail { message: Message::Order { product, slot, order, act, .. }, .. }] = &out.mail[..] else {
                panic!("one order: {:?}", out.mail)
            };
            assert_eq!((product.0, slot.length, order.quantity, *act), (id, length, Energy(wh), Some(ACT)));
            assert_eq!((order.side, order.limit), (Side::Offer, Price(50_000)));
        }
        let contract = placed(Some("hours"), 1).contract();
        let out = tell(&mut prosumer, Message::WithdrawOrders { act: ACT, contract });
        assert!(matches!(out.mail[0].message, Message::CancelOrders { product: ProductId(1), act: Some(ACT), .. }));
    }

    #[test]
    fn an_order_from_outside_says_what_the_site_says_of_quality_unless_it_says_so_itself() {
        let mut prosumer = prosumer().with_terms(OrderTerms { quality: 1, wanted_quality: 2, premium_bp: 700 });
        let mut said = |order: PlacedOrder| {
            let out = tell(&mut prosumer, Message::PlaceOrder { act: ACT, order });
            let [Mail { message: Message::Order { order, .. }, .. }] = &out.mail[..] else { panic!("{:?}", out.mail) };
            (order.quality, order.premium_bp)
        };
        let bid = || PlacedOrder { side: Side::Bid, ..placed(None, 1000) };
        assert_eq!((said(placed(None, 1000)), said(bid())), ((1, 0), (2, 700)));
        assert_eq!(said(PlacedOrder { quality: Some(0), ..placed(None, 1000) }), (0, 0));
        assert_eq!(said(PlacedOrder { quality: Some(1), premium_bp: Some(0), ..bid() }), (1, 0));
    }

    #[test]
    fn an_order_that_can_not_be_made_is_refused_with_the_remedy() {
        let mut prosumer = prosumer();
        let mut refuse = |order| refusal(&tell(&mut prosumer, Message::PlaceOrder { act: ACT, order })).to_owned();
        assert_eq!(refuse(placed(Some("gas"), 1)), r#"there is no product "gas": name one of spot, hours"#);
        let odd = "1.001 kWh over 4 settlement slots are no whole watt-hours in each: order a multiple of 0.004 kWh";
        assert_eq!(refuse(placed(Some("hours"), 1001)), odd);
        for delivery in [Time::NEVER, Time(i64::MIN)] {
            assert!(refuse(PlacedOrder { delivery, ..placed(None, 1) }).contains("can not be meant"));
        }
    }

    #[test]
    fn an_award_is_counted_and_told_where_orders_came_from_outside() {
        let mut prosumer = prosumer();
        let slot = Slot { start: NOW.time + Span::HOUR, length: Span::HOUR };
        let (side, energy, price) = (Side::Offer, Energy(250), Price(60_000));
        let award = || Message::Award { product: ProductId(1), slot, side, energy, price, storage: None };
        assert!(tell(&mut prosumer, award()).records.is_empty(), "its own affair");
        tell(&mut prosumer, Message::PlaceOrder { act: ACT, order: placed(Some("hours"), 1000) });
        let out = tell(&mut prosumer, award());
        let [Record::Event(event), Record::Award(row)] = &out.records[..] else { panic!("{:?}", out.records) };
        assert_eq!(event.detail, "offer 1 kWh of hours for delivery from 1970-01-01T01:00:00Z at 60 EUR/MWh");
        assert_eq!((row.prosumer, row.energy), (ParticipantId(3), Energy(1000)));
        let positions: Vec<_> = prosumer.positions().map(|(slot, energy)| (slot.start, energy)).collect();
        let quarter = |index: i64| (slot.start + QUARTER * index, Energy(-500));
        assert_eq!(positions, [quarter(0), quarter(1), quarter(2), quarter(3)]);
    }
}
