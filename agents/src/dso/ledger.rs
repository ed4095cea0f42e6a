//! One local day of the flexibility market: its messages, its ISPs, its settlement.

use super::flexibility::{FlexTerms, extent};
use crate::core::Outbox;
use crate::flexibility::{Numbering, start_of};
use crate::record::{EventCode, FlexibilityRow, Record};
use crate::time::{Now, Slot, Span, Time};
use market::Money;
use market::flexibility::{
    DPrognosis, FlexMarket, FlexMarketRules, FlexMessage, FlexOrder, FlexOrderSettlement, Isps, MessageId, Metering,
    OfferOption, Rejection,
};
use market::reserve::Power;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A day whose flexibility is not settled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FlexDay {
    pub(super) market: FlexMarket,
    /// By first instant.
    pub(super) slots: BTreeMap<Time, FlexSlot>,
    isps: Isps,
    revision: u64,
    prognoses: BTreeMap<MessageId, DPrognosis>,
    /// By aggregator: the highest deviation offered for each ISP since the last decision.
    offered_w: BTreeMap<usize, BTreeMap<u16, i64>>,
    orders: Vec<(usize, MessageId)>,
}

/// What is known of an ISP. Powers in W, consumption positive; those of flexibility are deviations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct FlexSlot {
    /// Metered at the congestion point.
    load_w: i64,
    /// That without what orders have moved.
    pub(super) before_w: i64,
    /// Asked for in all.
    requested_w: i64,
    /// By aggregator; empty as long as nothing was asked for.
    parties: BTreeMap<usize, Party>,
    metered_w: Vec<i64>,
}

/// What an aggregator had to do with an ISP.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Party {
    offered_w: i64,
    ordered_w: i64,
    /// Its D-prognosis, where something was ordered.
    baseline_w: Option<i64>,
    #[serde(skip)]
    delivered_w: i64,
    #[serde(skip)]
    price: Money,
    #[serde(skip)]
    payment: Money,
    #[serde(skip)]
    penalty: Money,
}

impl FlexSlot {
    /// Takes what the meters showed.
    pub(super) fn measure(&mut self, load_w: i64, metered_w: Vec<i64>) {
        let moved_w = |(place, party): (&usize, &Party)| Some(metered_w.get(*place)? - party.baseline_w?);
        self.before_w = load_w - self.parties.iter().filter_map(moved_w).sum::<i64>();
        (self.load_w, self.metered_w) = (load_w, metered_w);
    }
}

impl FlexDay {
    pub(super) fn new(rules: FlexMarketRules) -> Self {
        let isps = rules.isps;
        Self {
            market: FlexMarket::new(rules).expect("a day of slots that divide the hour, and no contract"),
            slots: BTreeMap::new(),
            isps,
            revision: 0,
            prognoses: BTreeMap::new(),
            offered_w: BTreeMap::new(),
            orders: Vec::new(),
        }
    }

    pub(super) fn isps(&self) -> Isps {
        self.isps
    }

    pub(super) fn next_revision(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// What was ordered for an ISP so far.
    pub(super) fn ordered_w(&self, start: Time) -> i64 {
        self.slots.get(&start).map_or(0, |slot| slot.parties.values().map(|party| party.ordered_w).sum())
    }

    /// Takes a message of the aggregator at `place`.
    pub(super) fn take(&mut self, time: Time, place: usize, message: &FlexMessage) -> Result<(), Rejection> {
        self.market.handle(time, message.clone())?;
        self.market.take_trail();
        match message {
            FlexMessage::Prognosis(prognosis) => {
                self.prognoses.insert(prognosis.id, prognosis.clone());
            }
            FlexMessage::Offer(offer) => {
                for (isp, power_w) in
                    offer.options.iter().max_by_key(|option| size_w(option)).into_iter().flat_map(each)
                {
                    *self.offered_w.entry(place).or_default().entry(isp).or_default() += power_w;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Notes what was asked for and offered, beyond what was ordered before; orders come after.
    pub(super) fn note_decision(&mut self, needs_w: &BTreeMap<Time, i64>, slot: Span, period: Time) {
        for (start, need_w) in needs_w {
            let ordered_w = self.ordered_w(*start);
            self.slots.entry(*start).or_default().requested_w = ordered_w + need_w;
        }
        for (place, offered_w) in std::mem::take(&mut self.offered_w) {
            for (isp, offered_w) in offered_w {
                let slot = self.slots.entry(start_of(period, isp, slot)).or_default();
                let party = slot.parties.entry(place).or_default();
                party.offered_w = party.ordered_w + offered_w;
            }
        }
    }

    pub(super) fn note_order(&mut self, place: usize, order: &FlexOrder, slot: Span) {
        let baseline = self.prognoses.get(&order.baseline).map(|prognosis| &prognosis.powers);
        for isp in &order.isps {
            let party = self.slots.entry(start_of(order.period, isp.start, slot)).or_default();
            let party = party.parties.entry(place).or_default();
            party.ordered_w += isp.power.0;
            party.baseline_w = baseline.and_then(|powers| powers.get(usize::from(isp.start) - 1)).map(|power| power.0);
        }
        self.orders.push((place, order.id));
    }

    /// Settles the orders of the day, which is over, and records its ISPs.
    pub(super) fn settle(
        &mut self,
        now: Now,
        period: Time,
        (terms, numbers): (&FlexTerms, &mut Numbering),
        out: &mut Outbox,
    ) {
        let slot = self.isps.duration;
        for (place, order) in std::mem::take(&mut self.orders) {
            let metered = |isp: u16| {
                let slot = self.slots.get(&start_of(period, isp, slot));
                Power(slot.and_then(|slot| slot.metered_w.get(place)).copied().unwrap_or(0))
            };
            let powers = (1..=self.isps.count).map(metered).collect();
            let metering = Metering { id: numbers.next(out.sender()), order, powers };
            self.market.take_trail();
            if let Err(rejection) = self.market.handle(now.time, FlexMessage::Metering(metering)) {
                out.event(now, EventCode::FlexibilityRefused, rejection.to_string());
                continue;
            }
            for entry in self.market.take_trail() {
                if let FlexMessage::OrderSettlement(settled) = entry.message {
                    self.note_settlement((place, period), &settled);
                    tell_deficiency(now, &settled, slot, out);
                }
            }
        }
        self.record(now, terms, out);
    }

    fn note_settlement(&mut self, (place, period): (usize, Time), settled: &FlexOrderSettlement) {
        let order = self.market.order_placed(settled.order).expect("it was settled");
        let all_w: i128 = order.isps.iter().map(|isp| i128::from(isp.power.0.abs())).sum();
        for isp in &settled.isps {
            let start = start_of(period, isp.isp, self.isps.duration);
            let party = self.slots.entry(start).or_default().parties.entry(place).or_default();
            party.delivered_w += isp.delivered_flex_power.0;
            party.price.0 += order.price.0 * i128::from(isp.ordered_flex_power.0.abs()) / all_w.max(1);
            party.payment += isp.price;
            party.penalty += isp.penalty;
        }
    }

    /// Records the ISPs in which something was asked for, or the load was beyond a limit.
    fn record(&self, now: Now, terms: &FlexTerms, out: &mut Outbox) {
        let nobody = Party::default();
        for (start, slot) in &self.slots {
            let (excess_before_w, excess_w) = (terms.excess_w(slot.before_w), terms.excess_w(slot.load_w));
            if slot.requested_w == 0 && excess_before_w == 0 && excess_w == 0 {
                continue;
            }
            for (place, aggregator) in terms.aggregators.iter().enumerate() {
                let party = slot.parties.get(&place).unwrap_or(&nobody);
                out.record(Record::Flexibility(Box::new(FlexibilityRow {
                    time: now.time,
                    slot: Slot { start: *start, length: self.isps.duration },
                    congestion_point: terms.congestion_point.clone(),
                    aggregator: aggregator.participant,
                    load: Power(slot.load_w),
                    load_before: Power(slot.before_w),
                    excess: Power(excess_w),
                    excess_before: Power(excess_before_w),
                    requested: Power(slot.requested_w),
                    offered: Power(party.offered_w),
                    ordered: Power(party.ordered_w),
                    baseline: party.baseline_w.map(Power),
                    metered: Power(slot.metered_w.get(place).copied().unwrap_or(0)),
                    delivered: Power(party.delivered_w),
                    price: party.price,
                    payment: party.payment,
                    penalty: party.penalty,
                })));
            }
        }
    }
}

/// Tells what was ordered and not delivered, where that is fined.
fn tell_deficiency(now: Now, settled: &FlexOrderSettlement, slot: Span, out: &mut Outbox) {
    let missing_w = settled.isps.iter().filter(|isp| isp.penalty > Money::ZERO).map(|isp| isp.power_deficiency.0);
    if missing_w.clone().next().is_some() {
        let fine_eur = settled.penalty.as_eur();
        let detail = format!("{} not delivered, fined {fine_eur:.2} EUR", extent(missing_w, slot, "ISPs"));
        out.event(now, EventCode::FlexibilityUndelivered, detail);
    }
}

/// The powers of an option, ISP by ISP.
fn each(option: &OfferOption) -> impl Iterator<Item = (u16, i64)> + '_ {
    option.isps.iter().flat_map(|isp| (isp.start..isp.start + isp.duration).map(|number| (number, isp.power.0)))
}

fn size_w(option: &OfferOption) -> i64 {
    each(option).map(|(_, power_w)| power_w.abs()).sum()
}
