//! The operator's reserve: a tender each local day for the windows of the next one, calls by the slot, and the settlement of
//! each window from what the aggregator's devices measured.
//!
//! There is no frequency yet that would call reserve: [`ReserveDesk::share_called`] draws the need, and somebody outside may
//! hold it. A model of the grid takes the place of that one function.

use super::Dso;
use crate::core::{Outbox, Stage, Wake};
use crate::draw::Draws;
use crate::id::ParticipantId;
use crate::mail::{Mail, Message};
use crate::record::{Event, EventCode, Record, ReserveRow};
use crate::reserve::{Call, CapacityOffer, Flow, HeldCapacity, ReserveMail};
use crate::time::{Every, Now, Slot, Span, Time};
use market::reserve::{
    Activation, CapacityPrice, Delivery, DeliveryReport, DeliveryRules, Demand, Direction, Power, Pricing, Procurement,
    ReserveError, ReserveOffer, SlotActivation, SlotNeed, Tender, TenderRules, Window, Zone, activate, procure,
    settle_delivery,
};
use market::{AgentId, Energy, Money, OrderId};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How an operator buys reserve and when it calls it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReserveRules {
    /// Length of a slot; windows are made of whole ones.
    pub slot: Span,
    /// Local time of day of the tender.
    pub gate: Span,
    /// Length of a window; divides the day.
    pub window: Span,
    /// Capacity wanted upward.
    pub up: Power,
    /// Capacity wanted downward.
    pub down: Power,
    /// The most that is paid for a kilowatt held for a window.
    pub price_cap: Option<CapacityPrice>,
    /// Who is paid what, for capacity and for energy.
    pub pricing: Pricing,
    /// What non-delivery costs.
    pub delivery: DeliveryRules,
    /// Share of the slots in which reserve is called by itself, half of them in either direction.
    pub called_share: f64,
    /// Mean of the share of the capacity tendered for that is called then, in (0, 1].
    pub mean_call: f64,
}

/// Everything an operator knows of reserve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ReserveDesk {
    rules: ReserveRules,
    /// Whom it asks for offers.
    aggregators: Vec<ParticipantId>,
    draws: Draws,
    slot: Every,
    /// The next tender; none before the first step.
    gate: Option<Time>,
    /// Offers of the tender that is open.
    tender: Option<Vec<(ParticipantId, CapacityOffer)>>,
    windows: Vec<BoughtWindow>,
    /// Waits for quiet, to clear a tender or to settle a window.
    waits: bool,
    /// Percent of the capacity tendered for that is called in this slot, up positive.
    percent: f64,
}

/// A window, what was offered and bought for it, and what has come of it so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct BoughtWindow {
    window: Slot,
    /// The number of an offer is its place here.
    offers: Vec<(ParticipantId, CapacityOffer)>,
    bought: Procurement,
    slots: Vec<SlotActivation>,
    /// By unit, of the slot told last.
    planned: BTreeMap<ParticipantId, Energy>,
    reports: Vec<DeliveryReport>,
}

impl Dso {
    /// The same, which buys reserve from `aggregators`.
    #[must_use]
    pub fn with_reserve(mut self, rules: ReserveRules, aggregators: Vec<ParticipantId>, draws: Draws) -> Self {
        self.reserve = Some(Box::new(ReserveDesk {
            slot: Every::new(rules.slot),
            rules,
            aggregators,
            draws,
            gate: None,
            tender: None,
            windows: Vec::new(),
            waits: false,
            percent: 0.0,
        }));
        self
    }
}

impl ReserveDesk {
    /// One step; `held_percent` is what somebody outside holds.
    pub(super) fn step(&mut self, now: Now, held_percent: Option<f64>, inbox: &[Mail], out: &mut Outbox) {
        let waited = self.waits;
        for mail in inbox {
            if let Message::Reserve(reserve) = &mail.message {
                self.take(mail.from, reserve);
            }
        }
        if self.slot.is_due(now.time) {
            let slot = Slot { start: now.time.floor(self.rules.slot), length: self.rules.slot };
            self.call(now, slot, held_percent, out);
            self.waits |= self.windows.iter().any(|window| window.window.end() <= now.time);
        }
        let gate = *self.gate.get_or_insert_with(|| first_gate(now, self.rules.gate));
        if gate <= now.time {
            self.gate = Some(gate + Span::DAY);
            self.open(now, out);
        }
        if waited && inbox.is_empty() {
            self.waits = false;
            self.settle(now, out);
            if let Some(offers) = self.tender.take() {
                self.award(now, &offers, out);
            }
        }
    }

    /// When it wants to be stepped next.
    pub(super) fn next_wake(&self, wake: Wake) -> Wake {
        if self.waits { Wake::WhenQuiet(Stage::Clear) } else { wake.or_at(Some(self.slot.next())).or_at(self.gate) }
    }

    /// Percent of the capacity tendered for that is called in this slot, up positive.
    pub(super) fn percent(&self) -> f64 {
        self.percent
    }

    /// The share of the capacity tendered for that is needed in a slot, up positive, where nobody holds it: a draw by the slot,
    /// until there is a frequency to go by.
    fn share_called(&self, slot: Slot) -> f64 {
        let mut draws = self.draws.at(slot.start.0.div_euclid(slot.length.0));
        let [is_called, is_up, level]: [f64; 3] = [draws.random(), draws.random(), draws.random()];
        if is_called >= self.rules.called_share {
            return 0.0;
        }
        // Uniform around the mean, as wide as a share can be.
        let width = self.rules.mean_call.min(1.0 - self.rules.mean_call);
        let share = self.rules.mean_call + width * (2.0 * level - 1.0);
        if is_up < 0.5 { share } else { -share }
    }

    fn take(&mut self, from: ParticipantId, mail: &ReserveMail) {
        match mail {
            ReserveMail::Offers(offers) => {
                if let Some(tender) = &mut self.tender {
                    tender.extend(offers.iter().map(|offer| (from, *offer)));
                }
            }
            ReserveMail::Planned { slot, flows } => {
                if let Some(window) = self.window_of(*slot) {
                    window.planned = flows.iter().map(|flow| (flow.unit, flow.energy)).collect();
                }
            }
            ReserveMail::Measured { slot, flows } => {
                let length = self.rules.slot;
                if let Some(window) = self.window_of(*slot) {
                    let place = ((slot.start - window.window.start).0 / length.0) as usize;
                    window.report(place, flows);
                }
            }
            ReserveMail::Tender { .. } | ReserveMail::Held(_) | ReserveMail::Called { .. } => {}
        }
    }

    fn window_of(&mut self, slot: Slot) -> Option<&mut BoughtWindow> {
        self.windows.iter_mut().find(|bought| bought.window.start <= slot.start && slot.start < bought.window.end())
    }

    /// Asks for offers for the windows of the next local day.
    fn open(&mut self, now: Now, out: &mut Outbox) {
        let midnight = now.next_midnight();
        let count = Span::DAY.0 / self.rules.window.0;
        let window = |number: i64| Slot { start: midnight + self.rules.window * number, length: self.rules.window };
        let windows: Vec<Slot> = (0..count).map(window).collect();
        let wanted = [(Direction::Up, self.rules.up), (Direction::Down, self.rules.down)];
        let wanted = wanted.into_iter().filter(|(_, power)| *power > Power::ZERO);
        let directions: Vec<Direction> = wanted.map(|(direction, _)| direction).collect();
        self.tender = Some(Vec::new());
        self.waits = true;
        for aggregator in &self.aggregators {
            let tender = ReserveMail::Tender { windows: windows.clone(), directions: directions.clone() };
            out.send(*aggregator, Message::Reserve(Box::new(tender)));
        }
    }

    /// Decides the tender, window by window, and says what is to be held.
    fn award(&mut self, now: Now, offers: &[(ParticipantId, CapacityOffer)], out: &mut Outbox) {
        let midnight = now.next_midnight();
        let mut held: BTreeMap<ParticipantId, Vec<HeldCapacity>> = BTreeMap::new();
        for number in 0..Span::DAY.0 / self.rules.window.0 {
            let window = Slot { start: midnight + self.rules.window * number, length: self.rules.window };
            let of_window = offers.iter().filter(|(_, offer)| offer.window == window).copied().collect();
            let bought = match self.buy(now, window, of_window) {
                Ok(bought) => bought,
                Err(error) => {
                    out.event(now, EventCode::ReserveShort, format!("no tender for {}: {error}", window.start));
                    continue;
                }
            };
            for result in &bought.bought.directions {
                let (missing, wanted) = (result.shortfall(), result.demand.capacity);
                if missing > Power::ZERO {
                    let direction = result.demand.direction;
                    let detail = format!("{missing} of {wanted} {direction} missing from {}", window.start);
                    out.event(now, EventCode::ReserveShort, detail);
                }
            }
            for award in bought.bought.awards() {
                let (aggregator, offer) = bought.offers[award.offer.id.0 as usize];
                let CapacityOffer { unit, direction, .. } = offer;
                let accepted = HeldCapacity { unit, window, direction, power: award.accepted };
                held.entry(aggregator).or_default().push(accepted);
            }
            self.windows.push(bought);
        }
        for (aggregator, held) in held {
            out.send(aggregator, Message::Reserve(Box::new(ReserveMail::Held(held))));
        }
    }

    fn buy(
        &self,
        now: Now,
        window: Slot,
        offers: Vec<(ParticipantId, CapacityOffer)>,
    ) -> Result<BoughtWindow, ReserveError> {
        let hours = Window { start: window.start, duration: window.length };
        let demand = |(direction, capacity)| Demand {
            direction,
            capacity,
            surplus_allowed: Power::ZERO,
            zone_minima: Vec::new(),
            price_cap: self.rules.price_cap,
        };
        let demands = [(Direction::Up, self.rules.up), (Direction::Down, self.rules.down)].map(demand);
        let offer = |(number, (aggregator, offer)): (usize, &(ParticipantId, CapacityOffer))| ReserveOffer {
            id: OrderId(number as u64),
            provider: AgentId(aggregator.0),
            direction: offer.direction,
            capacity: offer.capacity,
            minimum: Power::ZERO,
            capacity_price: offer.capacity_price,
            activation_price: offer.activation_price,
            zone: Zone::default(),
            window: hours,
            submitted_ms: now.time.0,
            lottery: offer.lottery,
        };
        let tender = Tender::new(hours, demands, offers.iter().enumerate().map(offer))?;
        let rules = TenderRules { pricing: self.rules.pricing, ..TenderRules::default() };
        let bought = procure(&tender, &rules);
        let (slots, planned, reports) = (Vec::new(), BTreeMap::new(), Vec::new());
        Ok(BoughtWindow { window, offers, bought, slots, planned, reports })
    }

    /// Calls what the slot needs.
    fn call(&mut self, now: Now, slot: Slot, held_percent: Option<f64>, out: &mut Outbox) {
        let share = held_percent.map_or_else(|| self.share_called(slot), |percent| percent / 100.0);
        let (wanted, pricing) = ([self.rules.up, self.rules.down], self.rules.pricing);
        self.percent = if self.window_of(slot).is_some() { share * 100.0 } else { 0.0 };
        let Some(window) = self.window_of(slot) else { return };
        let energy = |power: Power, share: f64| {
            let watts = (power.0 as f64 * share.max(0.0)).round() as i64;
            Power(watts).energy_within(slot.length).unwrap_or(Energy::ZERO)
        };
        let need = SlotNeed { duration: slot.length, up: energy(wanted[0], share), down: energy(wanted[1], -share) };
        // What the clock has passed over, nothing was called in.
        let place = ((slot.start - window.window.start).0 / slot.length.0) as usize;
        let nothing = SlotNeed { duration: slot.length, ..SlotNeed::default() };
        let mut needs = vec![nothing; place.saturating_sub(window.slots.len())];
        needs.push(need);
        match activate(&window.bought, &needs, pricing) {
            Ok(activation) => window.slots.extend(activation.slots),
            Err(error) => {
                out.event(now, EventCode::ReserveShort, format!("nothing can be called: {error}"));
                return;
            }
        }
        let Some(called) = window.slots.last().filter(|_| need != nothing) else { return };
        let mut calls: BTreeMap<ParticipantId, Vec<Call>> = BTreeMap::new();
        for order in &called.orders {
            let (aggregator, offer) = window.offers[order.offer.0 as usize];
            let call = Call { unit: offer.unit, direction: order.direction, energy: order.energy };
            calls.entry(aggregator).or_default().push(call);
        }
        let missing = called.shortfall_up + called.shortfall_down;
        let (direction, need) = if share > 0.0 { (Direction::Up, need.up) } else { (Direction::Down, need.down) };
        let short = if missing > Energy::ZERO { format!(", {missing} of it not held") } else { String::new() };
        out.event(now, EventCode::ReserveCalled, format!("{need} {direction} by {}{short}", slot.end()));
        for (aggregator, calls) in calls {
            out.send(aggregator, Message::Reserve(Box::new(ReserveMail::Called { slot, calls })));
        }
    }

    /// Settles the windows that are over.
    fn settle(&mut self, now: Now, out: &mut Outbox) {
        let over = |bought: &BoughtWindow| bought.window.end() <= now.time;
        let (over, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.windows).into_iter().partition(over);
        self.windows = left;
        for window in over {
            match window.settled(&self.rules.delivery) {
                Ok(delivery) => window.record(now, &delivery, &self.rules.delivery, out),
                Err(error) => {
                    let detail = format!("the window from {} can not be settled: {error}", window.window.start);
                    out.event(now, EventCode::ReserveUndelivered, detail);
                }
            }
        }
    }
}

impl BoughtWindow {
    /// Takes what called units took in the slot at `place`.
    fn report(&mut self, place: usize, flows: &[Flow]) {
        let Some(called) = self.slots.get(place) else { return };
        let mut known: BTreeSet<OrderId> =
            self.reports.iter().filter(|report| report.slot == place).map(|report| report.offer).collect();
        for order in &called.orders {
            let unit = self.offers[order.offer.0 as usize].1.unit;
            let measured = flows.iter().find(|flow| flow.unit == unit);
            let Some((measured, planned)) = measured.zip(self.planned.get(&unit)) else { continue };
            let delivered = match order.direction {
                Direction::Up => *planned - measured.energy,
                Direction::Down => measured.energy - *planned,
            };
            if known.insert(order.offer) {
                self.reports.push(DeliveryReport { slot: place, offer: order.offer, delivered });
            }
        }
    }

    fn settled(&self, rules: &DeliveryRules) -> Result<Delivery, ReserveError> {
        let activation = Activation { slots: self.slots.clone() };
        settle_delivery(&self.bought, &activation, &self.reports, rules)
    }

    /// One row per offer, and an event for each unit that was fined.
    fn record(&self, now: Now, delivery: &Delivery, rules: &DeliveryRules, out: &mut Outbox) {
        let (time, mut paid) = (now.time, Money::ZERO);
        for (number, (provider, offer)) in self.offers.iter().enumerate() {
            let id = OrderId(number as u64);
            let award = self.bought.awards().find(|award| award.offer.id == id);
            let capacity_fine = |power: &Power| power.held_at(rules.capacity_fine);
            let mut row = ReserveRow {
                time,
                window: self.window,
                direction: offer.direction,
                provider: *provider,
                unit: offer.unit,
                offered: offer.capacity,
                accepted: award.map_or(Power::ZERO, |award| award.accepted),
                capacity_price: offer.capacity_price,
                activation_price: offer.activation_price,
                called: Energy::ZERO,
                delivered: Energy::ZERO,
                capacity_payment: award.map_or(Money::ZERO, |award| award.payment()),
                energy_payment: Money::ZERO,
                energy_fine: Money::ZERO,
                capacity_fine: delivery.unavailable.get(&id).map_or(Money::ZERO, capacity_fine),
            };
            for slot in delivery.slots.iter().filter(|slot| slot.order.offer == id) {
                row.called += slot.order.energy;
                row.delivered += slot.delivered;
                row.energy_payment += slot.payment;
                row.energy_fine += slot.fine;
            }
            paid += row.total();
            if let Some(missing) = delivery.unavailable.get(&id) {
                let (called, delivered) = (row.called, row.delivered);
                let direction = offer.direction;
                let detail = format!("{delivered} of {called} {direction} delivered, {missing} missing at the worst");
                let code = EventCode::ReserveUndelivered;
                out.record(Record::Event(Event { time, participant: offer.unit, code, detail }));
            }
            out.record(Record::Reserve(Box::new(row)));
        }
        assert_eq!(paid, delivery.operator_pays, "the rows of a window add up to what the operator pays");
    }
}

/// The first gate at `now` or later.
fn first_gate(now: Now, gate: Span) -> Time {
    let today = now.calendar.midnight(now.day()) + gate;
    if today < now.time { today + Span::DAY } else { today }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;
    use market::Price;

    const EMS: ParticipantId = ParticipantId(7);
    const UNIT: ParticipantId = ParticipantId(3);
    const SLOT: Span = Span::from_minutes(15);

    fn at(minutes: i64) -> Now {
        Now { time: Time(0) + Span::from_minutes(minutes), calendar: Calendar::default() }
    }

    fn desk(called_share: f64) -> ReserveDesk {
        let delivery =
            DeliveryRules { tolerance_bp: 1000, energy_fine: Price(500_000), capacity_fine: CapacityPrice(200_000) };
        let rules = ReserveRules {
            slot: SLOT,
            gate: Span::HOUR * 12,
            window: Span::HOUR * 12,
            up: Power(10_000),
            down: Power::ZERO,
            price_cap: None,
            pricing: Pricing::PayAsBid,
            delivery,
            called_share,
            mean_call: 0.4,
        };
        ReserveDesk {
            slot: Every::new(SLOT),
            rules,
            aggregators: vec![EMS],
            draws: Draws::new(1, "dso", "reserve"),
            gate: None,
            tender: None,
            windows: Vec::new(),
            waits: false,
            percent: 0.0,
        }
    }

    fn from_ems(mail: ReserveMail) -> [Mail; 1] {
        [Mail { to: ParticipantId(0), from: EMS, message: Message::Reserve(Box::new(mail)) }]
    }

    fn sent(out: &mut Outbox) -> Vec<ReserveMail> {
        let reserve = |mail: Mail| match mail.message {
            Message::Reserve(reserve) if mail.to == EMS => *reserve,
            other => panic!("only reserve is sent, and to the aggregator: {other:?}"),
        };
        out.mail.drain(..).map(reserve).collect()
    }

    /// A desk that has bought 8 of 10 kW for the first half of the next day.
    fn bought(out: &mut Outbox) -> ReserveDesk {
        let mut desk = desk(0.0);
        desk.step(at(0), None, &[], out);
        assert_eq!(sent(out), []);
        desk.step(at(720), None, &[], out);
        let [ReserveMail::Tender { windows, directions }] = &sent(out)[..] else { panic!("a tender at noon") };
        assert_eq!((windows.len(), &directions[..]), (2, &[Direction::Up][..]));
        let offer = CapacityOffer {
            unit: UNIT,
            window: windows[0],
            direction: Direction::Up,
            capacity: Power(8_000),
            capacity_price: CapacityPrice(100_000),
            activation_price: Price(200_000),
            lottery: 0,
        };
        desk.step(at(720), None, &from_ems(ReserveMail::Offers(vec![offer])), out);
        assert_eq!(desk.next_wake(Wake::OnMail), Wake::WhenQuiet(Stage::Clear));
        desk.step(at(720), None, &[], out);
        let held = HeldCapacity { unit: UNIT, window: windows[0], direction: Direction::Up, power: Power(8_000) };
        assert_eq!(sent(out), [ReserveMail::Held(vec![held])]);
        desk
    }

    #[test]
    fn what_is_missing_at_a_tender_is_told() {
        let mut out = Outbox::of(ParticipantId(0));
        bought(&mut out);
        let short = |record: &Record| match record {
            Record::Event(event) if event.code == EventCode::ReserveShort => Some(event.detail.clone()),
            _ => None,
        };
        let told: Vec<_> = out.records.iter().filter_map(short).collect();
        assert!(told[0].starts_with("2000 W of 10000 W up missing"), "{told:?}");
        assert_eq!(told.len(), 2, "nothing was offered for the second window");
    }

    #[test]
    fn a_window_is_called_by_the_signal_and_settled_against_the_plan() {
        let mut out = Outbox::of(ParticipantId(0));
        let mut desk = bought(&mut out);
        desk.step(at(1440), Some(60.0), &[], &mut out);
        let slot = Slot { start: at(1440).time, length: SLOT };
        let call = Call { unit: UNIT, direction: Direction::Up, energy: Energy(1500) };
        assert_eq!(sent(&mut out), [ReserveMail::Called { slot, calls: vec![call] }]);
        let flow = |wh| vec![Flow { unit: UNIT, energy: Energy(wh) }];
        desk.step(at(1440), None, &from_ems(ReserveMail::Planned { slot, flows: flow(500) }), &mut out);
        desk.step(at(1455), Some(0.0), &from_ems(ReserveMail::Measured { slot, flows: flow(-700) }), &mut out);
        out.records.clear();
        desk.step(at(1440 + 720), Some(0.0), &[], &mut out);
        desk.step(at(1440 + 720), Some(0.0), &[], &mut out);
        let row = out.records.iter().find_map(|record| match record {
            Record::Reserve(row) if row.accepted > Power::ZERO => Some(row),
            _ => None,
        });
        let row = row.expect("the window is over");
        // From 500 Wh to -700 Wh are 1200 of 1500 Wh; 150 Wh are tolerated, and 150 Wh in a quarter hour are 600 W.
        assert_eq!((row.called, row.delivered), (Energy(1500), Energy(1200)));
        assert_eq!(row.capacity_payment, Power(8_000).held_at(CapacityPrice(100_000)));
        assert_eq!(row.energy_payment, Energy(1200) * Price(200_000));
        assert_eq!(row.energy_fine, Energy(150) * Price(500_000));
        assert_eq!(row.capacity_fine, Power(600).held_at(CapacityPrice(200_000)));
    }

    #[test]
    fn the_need_is_drawn_as_often_and_as_high_as_the_rules_say() {
        let desk = desk(0.25);
        let share = |slot: i64| desk.share_called(Slot { start: Time(0) + SLOT * slot, length: SLOT });
        let shares: Vec<f64> = (0..20_000).map(share).filter(|share| *share != 0.0).collect();
        assert!((shares.len() as f64 / 20_000.0 - 0.25).abs() < 0.01, "{}", shares.len());
        let mean = shares.iter().map(|share| share.abs()).sum::<f64>() / shares.len() as f64;
        assert!((mean - 0.4).abs() < 0.01, "{mean}");
        let up = shares.iter().filter(|share| **share > 0.0).count() as f64;
        assert!((up / shares.len() as f64 - 0.5).abs() < 0.02 && shares.iter().all(|share| share.abs() <= 1.0));
    }
}
