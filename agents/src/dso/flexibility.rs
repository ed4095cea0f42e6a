//! The DSO's side of the flexibility market: forecasts a congestion point, asks for flexibility where a limit would be
//! exceeded, orders by merit, and settles against the meters.
//!
//! A request goes out before each gate, for the ISPs that the gate is about; at the gate the cheapest offers that cover the
//! need are ordered. Each local day is a market of its own, settled when it is over. The forecast is one of the load without
//! flexibility: what orders have moved, by meter and D-prognosis, is taken out of what was metered. It knows nothing of what
//! devices catch up with after an order.

use super::ledger::FlexDay;
use crate::core::{MeterReading, Outbox};
use crate::flexibility::{Numbering, Persistence, isp_at, period_of, start_of, watts};
use crate::id::{MeterId, ParticipantId};
use crate::look::LastLook;
use crate::mail::{Mail, Message};
use crate::record::EventCode;
use crate::time::{Every, Now, Slot, Span, Time};
use market::Energy;
use market::flexibility::{
    CongestionPoint, Disposition, FlexMarketRules, FlexMessage, FlexRequest, IspRequest, Isps, MessageId, Penalty,
    Selection, SelectionRules,
};
use market::product::Product;
use market::reserve::Power;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The one congestion point there is.
const HERE: CongestionPoint = CongestionPoint(0);

/// On which terms a DSO buys flexibility.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlexTerms {
    /// Name of the congestion point.
    pub congestion_point: String,
    /// Its meters, which are added up.
    pub meters: Vec<MeterId>,
    /// Most it may take; none: no limit.
    pub import_limit_kw: Option<f64>,
    /// Most it may give, positive; none: no limit.
    pub export_limit_kw: Option<f64>,
    /// Asked for beyond what the forecast exceeds a limit by.
    pub margin_kw: f64,
    /// When gates close, and which ISPs they are about: its contracts, of a slot each.
    pub gates: Product,
    /// From a request to its gate; positive.
    pub answer: Span,
    /// Who is asked.
    pub aggregators: Vec<Aggregator>,
    /// How offers are chosen and paid.
    pub selection: SelectionRules,
    /// The fine for what was ordered and not delivered.
    pub penalty: Penalty,
}

/// Who pools flexibility behind the congestion point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregator {
    /// The energy manager.
    pub participant: ParticipantId,
    /// The meters of its connections there, which are added up.
    pub connections: Vec<MeterId>,
}

/// What a DSO with a flexibility market senses besides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FlexSense {
    /// The congestion point.
    pub congestion_point: MeterReading,
    /// The connections of each aggregator, in the order of [`FlexTerms::aggregators`].
    pub aggregators: Vec<MeterReading>,
}

/// The desk at which a DSO buys flexibility.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FlexDesk {
    terms: FlexTerms,
    look: Every,
    looked: LastLook,
    /// At the connections of each aggregator.
    looked_at: Vec<LastLook>,
    /// Of the load without flexibility.
    forecast: Persistence,
    /// Days that are not settled, by first instant.
    days: BTreeMap<Time, FlexDay>,
    open: Vec<OpenRequest>,
    numbers: Numbering,
}

/// A request that waits for its gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct OpenRequest {
    id: MessageId,
    period: Time,
    gate: Time,
    /// What it asks for in each ISP, as deviation.
    needs_w: BTreeMap<Time, i64>,
}

impl FlexDesk {
    pub(super) fn new(terms: FlexTerms) -> Self {
        Self {
            look: Every::new(terms.gates.delivery),
            looked: LastLook::default(),
            looked_at: vec![LastLook::default(); terms.aggregators.len()],
            forecast: Persistence::default(),
            days: BTreeMap::new(),
            open: Vec::new(),
            numbers: Numbering::default(),
            terms,
        }
    }

    pub(super) fn terms(&self) -> &FlexTerms {
        &self.terms
    }

    pub(super) fn next(&self) -> Time {
        self.look.next()
    }

    /// Takes what aggregators say; at the beginning of an ISP looks at the meters, decides, asks, and settles.
    pub(super) fn step(&mut self, now: Now, sense: &FlexSense, inbox: &[Mail], out: &mut Outbox) {
        for mail in inbox {
            if let Message::Flexibility(message) = &mail.message {
                self.take(now, mail.from, message, out);
            }
        }
        if self.look.is_due(now.time) {
            self.measure(now, sense);
            self.decide(now, out);
            self.ask(now, out);
            self.settle(now, out);
        }
    }

    fn slot(&self) -> Span {
        self.terms.gates.delivery
    }

    fn day(&mut self, period: Time) -> &mut FlexDay {
        let (terms, slot) = (&self.terms, self.terms.gates.delivery);
        self.days.entry(period).or_insert_with(|| {
            let rules = FlexMarketRules {
                isps: Isps { count: (Span::DAY.0 / slot.0) as u16, duration: slot },
                congestion_points: BTreeSet::from([HERE]),
                selection: terms.selection,
                deficiency_penalty: terms.penalty,
                contracts: Vec::new(),
            };
            FlexDay::new(rules)
        })
    }

    fn take(&mut self, now: Now, from: ParticipantId, message: &FlexMessage, out: &mut Outbox) {
        let (period, aggregator) = match message {
            FlexMessage::Prognosis(prognosis) => (prognosis.period, prognosis.aggregator),
            FlexMessage::Offer(offer) => (offer.period, offer.aggregator),
            _ => return,
        };
        let known =
            self.terms.aggregators.iter().position(|of| of.participant == from && of.participant.0 == aggregator.0);
        let (Some(place), Some(day)) = (known, self.days.get_mut(&period)) else {
            out.event(now, EventCode::FlexibilityRefused, "from nobody who was asked, or about another day".to_owned());
            return;
        };
        if let Err(rejection) = day.take(now.time, place, message) {
            out.event(now, EventCode::FlexibilityRefused, rejection.to_string());
        }
    }

    /// Notes what the meters showed in the ISP that has ended.
    fn measure(&mut self, now: Now, sense: &FlexSense) {
        let net = |meter: &MeterReading| meter.imported - meter.exported;
        let load_kw = self.looked.mean_kw(now.time, net(&sense.congestion_point));
        let flows = self.looked_at.iter_mut().zip(&sense.aggregators);
        let flows_kw: Option<Vec<f64>> = flows.map(|(looked, meter)| looked.mean_kw(now.time, net(meter))).collect();
        let (Some(load_kw), Some(flows_kw)) = (load_kw, flows_kw) else { return };
        let start = now.time - self.slot();
        let flows_w = flows_kw.into_iter().map(watts).collect();
        let slot = self.day(period_of(now, start)).slots.entry(start).or_default();
        slot.measure(watts(load_kw), flows_w);
        let before_kw = slot.before_w as f64 / 1000.0;
        self.forecast.note(start, before_kw);
    }

    /// Orders at the gates that close now.
    fn decide(&mut self, now: Now, out: &mut Outbox) {
        let (due, open): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.open).into_iter().partition(|request: &OpenRequest| request.gate <= now.time);
        self.open = open;
        for request in due {
            let Some(day) = self.days.get_mut(&request.period) else { continue };
            let first = self.numbers.peek(out.sender());
            match day.market.decide(now.time, request.id, first) {
                Ok(selection) => {
                    self.numbers.skip(selection.selected.len());
                    self.order(now, (&request, &selection), first, out);
                }
                Err(rejection) => out.event(now, EventCode::FlexibilityRefused, rejection.to_string()),
            }
        }
    }

    /// Sends the orders of a decision, and tells what is missing.
    fn order(
        &mut self,
        now: Now,
        (request, selection): (&OpenRequest, &Selection),
        first: MessageId,
        out: &mut Outbox,
    ) {
        let slot = self.slot();
        let Some(day) = self.days.get_mut(&request.period) else { return };
        day.note_decision(&request.needs_w, slot, request.period);
        for id in (first.0..).take(selection.selected.len()).map(MessageId) {
            let order = day.market.order_placed(id).expect("it has just been placed").clone();
            let known = |of: &Aggregator| of.participant.0 == order.aggregator.0;
            let place = self.terms.aggregators.iter().position(known).expect("only those who were asked offer");
            day.note_order(place, &order, slot);
            let powers_w = order.isps.iter().map(|isp| isp.power.0);
            let detail = format!("{} for {:.2} EUR at most", extent(powers_w, slot, "ISPs"), order.price.as_eur());
            out.event(now, EventCode::FlexibilityOrdered, detail);
            let to = self.terms.aggregators[place].participant;
            out.send(to, Message::Flexibility(Box::new(FlexMessage::Order(order))));
        }
        let missing_w = || selection.shortfall.iter().map(|power| power.0).filter(|missing_w| *missing_w > 0);
        if missing_w().next().is_some() {
            let from = request.needs_w.keys().next().copied().unwrap_or(request.gate);
            let dear = if selection.above_cap.is_empty() { "" } else { ", with offers above the price cap" };
            let detail = format!("{} missing from {from} on{dear}", extent(missing_w(), slot, "ISPs"));
            out.event(now, EventCode::FlexibilityShort, detail);
        }
    }

    /// Asks for what the coming gate is about, where the forecast exceeds a limit.
    fn ask(&mut self, now: Now, out: &mut Outbox) {
        let gate = self.terms.gates.gate_from(now.time + self.terms.answer, now.calendar);
        if gate != now.time + self.terms.answer {
            return;
        }
        let mut asked: BTreeMap<Time, Vec<IspRequest>> = BTreeMap::new();
        for Slot { start, length } in self.terms.gates.contracts_at(gate) {
            let period = period_of(now, start);
            let Some(forecast_kw) = self.forecast.expected_kw(start) else { return };
            let ordered_w = self.days.get(&period).map_or(0, |day| day.ordered_w(start));
            if let Some((min_power, max_power)) = self.terms.room(watts(forecast_kw) + ordered_w) {
                let (disposition, start) = (Disposition::Requested, isp_at(period, start, length));
                let isp = IspRequest { disposition, start, duration: 1, min_power, max_power };
                asked.entry(period).or_default().push(isp);
            }
        }
        for (period, isps) in asked {
            self.send_request(now, (period, gate), isps, out);
        }
    }

    fn send_request(&mut self, now: Now, (period, gate): (Time, Time), isps: Vec<IspRequest>, out: &mut Outbox) {
        let (slot, id) = (self.slot(), self.numbers.next(out.sender()));
        let day = self.day(period);
        let request = FlexRequest {
            id,
            congestion_point: HERE,
            period,
            revision: day.next_revision(),
            expires: gate,
            contract: None,
            zones: Vec::new(),
            isps,
        };
        let rooms = request.rooms(day.isps()).expect("each ISP asked for has a need on one side");
        let starts = (1..).map(|isp| start_of(period, isp, slot));
        let needs_w: BTreeMap<Time, i64> =
            starts.zip(rooms).map(|(start, room)| (start, room.need.0)).filter(|(_, need_w)| *need_w != 0).collect();
        let message = FlexMessage::Request(request);
        if let Err(rejection) = day.market.handle(now.time, message.clone()) {
            out.event(now, EventCode::FlexibilityRefused, rejection.to_string());
            return;
        }
        let from = needs_w.keys().next().copied().unwrap_or(gate);
        let detail = format!(
            "{} at {} from {from} on, gate {gate}",
            extent(needs_w.values().copied(), slot, "ISPs"),
            self.terms.congestion_point
        );
        out.event(now, EventCode::FlexibilityRequested, detail);
        self.open.push(OpenRequest { id, period, gate, needs_w });
        for of in &self.terms.aggregators {
            out.send(of.participant, Message::Flexibility(Box::new(message.clone())));
        }
    }

    /// Settles the days that are over, and records them.
    fn settle(&mut self, now: Now, out: &mut Outbox) {
        let over = |period: &Time| *period + Span::DAY <= now.time;
        let periods: Vec<Time> = self.days.keys().copied().filter(over).collect();
        for period in periods {
            let mut day = self.days.remove(&period).expect("it is in the list");
            day.settle(now, period, (&self.terms, &mut self.numbers), out);
        }
    }
}

impl FlexTerms {
    /// The bounds of the deviation that is asked for, where a load of `load_w` exceeds a limit; none where it does not.
    fn room(&self, load_w: i64) -> Option<(Option<Power>, Option<Power>)> {
        let margin_w = watts(self.margin_kw);
        let import_w = self.import_limit_kw.map(|limit_kw| watts(limit_kw) - load_w);
        let export_w = self.export_limit_kw.map(|limit_kw| -watts(limit_kw) - load_w);
        if let Some(to_limit_w) = import_w.filter(|to_limit_w| *to_limit_w < 0) {
            let need_w = to_limit_w - margin_w;
            return Some((export_w.map(|export_w| Power(export_w.min(need_w - 1))), Some(Power(need_w))));
        }
        let to_limit_w = export_w.filter(|to_limit_w| *to_limit_w > 0)?;
        let need_w = to_limit_w + margin_w;
        Some((Some(Power(need_w)), import_w.map(|import_w| Power(import_w.max(need_w + 1)))))
    }

    /// How far a load of `load_w` is beyond a limit, W.
    pub(super) fn excess_w(&self, load_w: i64) -> i64 {
        let import_w = self.import_limit_kw.map_or(0, |limit_kw| load_w - watts(limit_kw));
        let export_w = self.export_limit_kw.map_or(0, |limit_kw| -load_w - watts(limit_kw));
        import_w.max(export_w).max(0)
    }
}

/// In how many ISPs how much at most, and how much energy in all.
pub(super) fn extent(powers_w: impl Iterator<Item = i64> + Clone, slot: Span, what: &str) -> String {
    let most_kw = powers_w.clone().max_by_key(|power_w| power_w.abs()).unwrap_or(0) as f64 / 1000.0;
    let energy = Energy::from_kwh(powers_w.clone().map(|power_w| power_w as f64 / 1000.0).sum::<f64>() * slot.hours());
    // Of nothing, or of less than is shown, a minus would be odd.
    let shown = |value: f64| (value * 10.0).round() / 10.0 + 0.0;
    format!("up to {:.1} kW in {} {what}, {:.1} kWh", shown(most_kw), powers_w.count(), shown(energy.as_kwh()))
}

#[cfg(test)]
#[path = "flexibility_tests.rs"]
mod tests;
