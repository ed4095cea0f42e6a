//! A prosumer: trades in the market for one site.
//!
//! It expects of the coming slot what the meter showed in the last one, and at a managed site the change that its
//! energy manager plans. Its limit price lies between the retailer's feed-in and import prices: where, is drawn
//! each day (a zero-intelligence trader with a daily reservation price), and each order that got nothing
//! concedes a part of the distance to the retailer's price, beyond which trading makes no sense.

use crate::core::{Core, MeterReading, Outbox, Wake};
use crate::draw::Draws;
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message, RetailTariff};
use crate::market_operator::MarketRules;
use crate::time::{Every, Now, Slot};
use market::{AgentId, Energy, Order, OrderId, Price, Side};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Part of the distance to the retailer's price that an unfilled order concedes.
const CONCESSION: f64 = 0.125;

/// The mind of a prosumer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prosumer {
    operator: ParticipantId,
    rules: MarketRules,
    /// Whether an energy manager plans for the site.
    managed: bool,
    draws: Draws,
    gate: Every,
    tariff: Option<RetailTariff>,
    /// Local day of the present reservation price.
    day: i64,
    /// Share of the distance between feed-in and import price it keeps for itself, in [0, 1).
    greed: f64,
    /// Slot of the last order, while nothing was awarded for it.
    unfilled: Option<Slot>,
    registers: Option<(Energy, Energy)>,
}

impl Prosumer {
    /// A prosumer that trades with `operator`; a managed one waits for its energy manager's plan.
    pub fn new(operator: ParticipantId, rules: MarketRules, managed: bool, draws: Draws) -> Self {
        Self {
            operator,
            rules,
            managed,
            draws,
            gate: Every::new(rules.slot),
            tariff: None,
            day: i64::MIN,
            greed: 0.0,
            unfilled: None,
            registers: None,
        }
    }

    /// Net energy of the slot that has just ended, import positive.
    fn last_slot(&mut self, meter: &MeterReading) -> Option<Energy> {
        let before = self.registers.replace((meter.imported, meter.exported))?;
        Some((meter.imported - before.0) - (meter.exported - before.1))
    }

    fn reconsider_price(&mut self, now: Now, slot: Slot) {
        if self.day != now.day() {
            self.day = now.day();
            self.greed = self.draws.at(self.day).random();
        } else if self.unfilled.take().is_some_and(|unfilled| unfilled != slot) {
            self.greed *= 1.0 - CONCESSION;
        }
    }

    /// Orders `energy` for `slot`: a bid when positive, an offer when negative.
    fn order(&mut self, now: Now, slot: Slot, energy: Energy, out: &mut Outbox) {
        let Some(tariff) = self.tariff.filter(|_| energy != Energy(0)) else {
            return;
        };
        self.reconsider_price(now, slot);
        let import = tariff.import(now.calendar.time_of_day(slot.start));
        let keep = Price((self.greed * (import.0 - tariff.feed_in.0) as f64).round() as i64);
        let (side, quantity, limit) = if energy > Energy(0) {
            (Side::Bid, energy, import - keep)
        } else {
            (Side::Offer, -energy, tariff.feed_in + keep)
        };
        let order = Order {
            id: OrderId(0),
            agent: AgentId(0),
            side,
            quantity,
            limit,
            quality: 0,
            premium_bp: 0,
            submitted_ms: now.time.0,
            lottery: self.draws.ticket(),
        };
        self.unfilled = Some(slot);
        out.send(self.operator, Message::Order { slot, order });
    }
}

impl Core for Prosumer {
    const KIND: Kind = Kind::Prosumer;
    type Sense = MeterReading;
    type Intent = ();

    fn step(&mut self, now: Now, meter: &MeterReading, inbox: &[Mail], out: &mut Outbox) {
        for mail in inbox {
            match mail.message {
                Message::Tariff(tariff) => self.tariff = Some(tariff),
                Message::PlannedChange { slot, energy } => {
                    if let Some(last) = self.last_slot(meter) {
                        self.order(now, slot, last + energy, out);
                    }
                }
                Message::Award { slot, .. } if self.unfilled == Some(slot) => self.unfilled = None,
                _ => {}
            }
        }
        if !self.managed
            && self.gate.is_due(now.time)
            && let Some(energy) = self.last_slot(meter)
        {
            self.order(now, self.rules.traded_at(now), energy, out);
        }
    }

    fn next_wake(&self, _: Now) -> Wake {
        if self.managed { Wake::OnMail } else { Wake::At(self.gate.next()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Calendar, Span, Time};

    const RULES: MarketRules = MarketRules { slot: Span::from_minutes(15), lead: Span::from_minutes(15) };
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

    fn orders(out: &Outbox) -> Vec<Order> {
        let order = |mail: &Mail| match mail.message {
            Message::Order { order, .. } => Some(order),
            _ => None,
        };
        out.mail.iter().filter_map(order).collect()
    }

    fn prosumer(managed: bool) -> Prosumer {
        Prosumer::new(ParticipantId(0), RULES, managed, Draws::new(1, "prosumer_pv_01", "reservation price"))
    }

    fn exported(wh: i64) -> MeterReading {
        MeterReading { power_kw: 0.0, imported: Energy(0), exported: Energy(wh) }
    }

    #[test]
    fn a_producer_offers_what_it_produced_in_the_last_slot_between_the_retailers_prices() {
        let (mut prosumer, mut out) = (prosumer(false), Outbox::of(ParticipantId(3)));
        prosumer.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF))], &mut out);
        prosumer.step(at(15), &exported(800), &[], &mut out);
        let [order] = orders(&out)[..] else { panic!("one gate with energy, one order") };
        assert_eq!((order.side, order.quantity), (Side::Offer, Energy(800)));
        assert!(TARIFF.feed_in <= order.limit && order.limit <= TARIFF.peak, "{order:?}");
    }

    #[test]
    fn an_order_that_got_nothing_concedes_towards_the_retailers_price() {
        let (mut prosumer, mut out) = (prosumer(false), Outbox::of(ParticipantId(3)));
        prosumer.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF))], &mut out);
        for gate in 1..4 {
            prosumer.step(at(15 * gate), &exported(100 * gate), &[], &mut out);
        }
        let limits: Vec<_> = orders(&out).iter().map(|order| order.limit).collect();
        assert!(limits[0] > limits[1] && limits[1] > limits[2] && limits[2] >= TARIFF.feed_in, "{limits:?}");
    }

    #[test]
    fn a_managed_site_orders_what_was_metered_and_the_change_its_manager_plans() {
        let (mut prosumer, mut out) = (prosumer(true), Outbox::of(ParticipantId(3)));
        let slot = RULES.traded_at(at(0));
        let plan = |slot: Slot| to_prosumer(Message::PlannedChange { slot, energy: Energy(500) });
        prosumer.step(at(0), &exported(0), &[to_prosumer(Message::Tariff(TARIFF)), plan(slot)], &mut out);
        assert!(orders(&out).is_empty(), "no slot has been metered yet");
        prosumer.step(at(15), &exported(200), &[plan(slot.next())], &mut out);
        let [order] = orders(&out)[..] else { panic!("one plan, one order") };
        assert_eq!((order.side, order.quantity), (Side::Bid, Energy(300)));
        assert_eq!(prosumer.next_wake(at(15)), Wake::OnMail);
    }

    #[test]
    fn without_a_tariff_nobody_trades() {
        let (mut prosumer, mut out) = (prosumer(false), Outbox::of(ParticipantId(3)));
        prosumer.step(Now { time: Time(0), ..at(0) }, &exported(0), &[], &mut out);
        prosumer.step(at(15), &exported(800), &[], &mut out);
        assert!(out.mail.is_empty());
    }
}
