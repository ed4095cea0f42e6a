//! The whole market behind one door: messages in, decisions and settlements out, everything in the trail.
//!
//! [`FlexMarket`] is plain data that the core of a DSO holds. Messages are handed to [`FlexMarket::handle`] as they come;
//! [`FlexMarket::decide`] turns the offers on a request into orders; a [`Metering`] settles an order once its day is
//! over; [`FlexMarket::settle_contract_day`] pays for availability. A message refused changes nothing but the trail.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::trail::{FlexMessage, FlexOrderResponse, Metering, TrailEntry};
use super::validate::{check_offer, check_prognosis};
use super::{
    CongestionPoint, ContractDay, ContractId, ContractSettlement, DPrognosis, FlexContract, FlexOffer,
    FlexOfferRevocation, FlexOrder, FlexRequest, FlexReservationUpdate, IspPower, Isps, MessageId, OfferEvent,
    OfferState, OrderEvent, OrderState, Penalty, Rejection, RequestState, Selected, Selection, SelectionRules, select,
    settle_contract, settle_order,
};
use crate::reserve::Power;
use crate::time::{Span, Time};
use crate::{AgentId, Money};

/// What the operator sets before the market opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexMarketRules {
    /// The slots of a day.
    pub isps: Isps,
    /// The places where flexibility is traded.
    pub congestion_points: BTreeSet<CongestionPoint>,
    /// How offers are chosen and paid.
    pub selection: SelectionRules,
    /// The fine for what was ordered and not delivered.
    pub deficiency_penalty: Penalty,
    /// Long-term contracts.
    pub contracts: Vec<FlexContract>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held<Message, State> {
    received: Time,
    message: Message,
    state: State,
}

/// A local flexibility market, from request to settlement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlexMarket {
    rules: FlexMarketRules,
    latest: Option<Time>,
    used: BTreeSet<MessageId>,
    prognoses: BTreeMap<MessageId, DPrognosis>,
    /// In order of arrival: the last one of a contract and day counts.
    reservations: Vec<FlexReservationUpdate>,
    requests: BTreeMap<MessageId, Held<FlexRequest, RequestState>>,
    offers: BTreeMap<MessageId, Held<FlexOffer, OfferState>>,
    orders: BTreeMap<MessageId, Held<FlexOrder, OrderState>>,
    /// Orders that their aggregator refused.
    refused: BTreeSet<MessageId>,
    contract_days: BTreeSet<(ContractId, Time)>,
    /// What each aggregator has received.
    accounts: BTreeMap<AgentId, Money>,
    paid: Money,
    trail: Vec<TrailEntry>,
}

impl FlexMarket {
    /// An empty market.
    ///
    /// # Errors
    /// A day that is none, contracts with one id or of unknown places, and reservations of another length than the day.
    pub fn new(rules: FlexMarketRules) -> Result<FlexMarket, Rejection> {
        rules.isps.check()?;
        let mut ids = BTreeSet::new();
        for contract in &rules.contracts {
            if !ids.insert(contract.id) {
                return Err(Rejection::DuplicateContract { contract: contract.id });
            }
            rules.check_place(contract.congestion_point)?;
            rules.isps.check_series(&contract.reserved)?;
        }
        Ok(FlexMarket {
            rules,
            latest: None,
            used: BTreeSet::new(),
            prognoses: BTreeMap::new(),
            reservations: Vec::new(),
            requests: BTreeMap::new(),
            offers: BTreeMap::new(),
            orders: BTreeMap::new(),
            refused: BTreeSet::new(),
            contract_days: BTreeSet::new(),
            accounts: BTreeMap::new(),
            paid: Money::ZERO,
            trail: Vec::new(),
        })
    }

    /// Takes one message, from the DSO or an aggregator, at the instant `now`.
    ///
    /// # Errors
    /// Why it is refused; it is in the trail all the same. Decisions, orders and settlements are the market's own and
    /// refused here.
    pub fn handle(&mut self, now: Time, message: FlexMessage) -> Result<(), Rejection> {
        let result = self.admit(now, message.id()).and_then(|()| match &message {
            FlexMessage::Prognosis(prognosis) => self.take_prognosis(prognosis),
            FlexMessage::Reservation(update) => self.take_reservation(update),
            FlexMessage::Request(request) => self.take_request(now, request),
            FlexMessage::Offer(offer) => self.take_offer(now, offer),
            FlexMessage::Revocation(revocation) => self.take_revocation(revocation),
            FlexMessage::OrderResponse(response) => self.take_response(response),
            FlexMessage::Metering(metering) => self.take_metering(now, metering),
            _ => Err(Rejection::Selection {
                reason: "decisions, orders and settlements come from the market".to_owned(),
            }),
        });
        if let (Ok(()), Some(id)) = (&result, message.id()) {
            self.used.insert(id);
        }
        // A metering is followed by the settlement it caused, which was noted before it.
        let settled =
            matches!((&result, &message), (Ok(()), FlexMessage::Metering(_))).then(|| self.trail.pop()).flatten();
        self.note(now, message, result.as_ref().err().cloned());
        self.trail.extend(settled);
        result
    }

    /// Decides a request: selects among the offers that stand, orders them, and declines the rest. Orders are numbered
    /// from `first_order` up, by merit.
    ///
    /// # Errors
    /// An unknown or closed request, numbers in use, and those of [`select`].
    pub fn decide(&mut self, now: Time, request: MessageId, first_order: MessageId) -> Result<Selection, Rejection> {
        self.admit(now, None)?;
        let held = self.requests.get(&request).ok_or(Rejection::UnknownRequest { request })?;
        if held.state != RequestState::Open {
            return Err(Rejection::RequestClosed { request });
        }
        let standing = |held: &&Held<FlexOffer, OfferState>| {
            held.message.request == request && held.state == OfferState::Standing && held.message.expires > now
        };
        let offers: Vec<(Time, &FlexOffer)> =
            self.offers.values().filter(standing).map(|held| (held.received, &held.message)).collect();
        let selection = select(&held.message, &offers, self.rules.isps, &self.rules.selection, now)?;
        let count = selection.selected.len() as u64;
        let last = first_order.0.checked_add(count).ok_or(Rejection::DuplicateMessage { id: first_order })?;
        let ids = first_order.0..last;
        if let Some(&id) = self.used.range(first_order..).next().filter(|id| ids.contains(&id.0)) {
            return Err(Rejection::DuplicateMessage { id });
        }
        self.note(now, FlexMessage::Decision { request, selection: selection.clone() }, None);
        for (id, selected) in ids.map(MessageId).zip(&selection.selected) {
            self.order(now, id, selected);
        }
        self.close(request, RequestState::Decided);
        Ok(selection)
    }

    /// Settles one day of a contract, once that day is over.
    ///
    /// # Errors
    /// An unknown contract, a day settled before or not yet over, and amounts too large.
    pub fn settle_contract_day(
        &mut self,
        now: Time,
        contract: ContractId,
        period: Time,
    ) -> Result<ContractSettlement, Rejection> {
        self.admit(now, None)?;
        let terms = self.rules.contract(contract)?.clone();
        let end = self.rules.end_of(period);
        if now < end || self.contract_days.contains(&(contract, period)) {
            return Err(Rejection::ContractDay { contract, period, end, now });
        }
        let settled = self.contract_day(&terms, period)?;
        self.pay(terms.aggregator, settled.net_settlement)?;
        self.contract_days.insert((contract, period));
        self.note(now, FlexMessage::ContractSettlement(settled.clone()), None);
        Ok(settled)
    }

    /// The life of an offer.
    pub fn offer_state(&self, offer: MessageId) -> Option<OfferState> {
        self.offers.get(&offer).map(|held| held.state)
    }

    /// The life of an order.
    pub fn order_state(&self, order: MessageId) -> Option<OrderState> {
        self.orders.get(&order).map(|held| held.state)
    }

    /// The life of a request.
    pub fn request_state(&self, request: MessageId) -> Option<RequestState> {
        self.requests.get(&request).map(|held| held.state)
    }

    /// An order that was placed.
    pub fn order_placed(&self, order: MessageId) -> Option<&FlexOrder> {
        self.orders.get(&order).map(|held| &held.message)
    }

    /// What the DSO has paid in all; always what the aggregators have received.
    pub fn paid(&self) -> Money {
        self.paid
    }

    /// What each aggregator has received, net of fines.
    pub fn accounts(&self) -> &BTreeMap<AgentId, Money> {
        &self.accounts
    }

    /// Everything that happened since the trail was last taken, in order.
    pub fn trail(&self) -> &[TrailEntry] {
        &self.trail
    }

    /// Hands over the trail and starts a new one, so that a long-lived market does not grow for ever.
    pub fn take_trail(&mut self) -> Vec<TrailEntry> {
        std::mem::take(&mut self.trail)
    }

    fn note(&mut self, time: Time, message: FlexMessage, rejection: Option<Rejection>) {
        self.trail.push(TrailEntry { time, message, rejection });
    }

    fn admit(&mut self, now: Time, id: Option<MessageId>) -> Result<(), Rejection> {
        if let Some(latest) = self.latest.filter(|&latest| now < latest) {
            return Err(Rejection::ClockBackwards { now, latest });
        }
        self.latest = Some(now);
        match id.filter(|id| self.used.contains(id)) {
            Some(id) => Err(Rejection::DuplicateMessage { id }),
            None => Ok(()),
        }
    }

    fn take_prognosis(&mut self, prognosis: &DPrognosis) -> Result<(), Rejection> {
        self.rules.check_place(prognosis.congestion_point)?;
        check_prognosis(prognosis, self.rules.isps)?;
        let of = |p: &DPrognosis| (p.aggregator, p.congestion_point, p.period);
        let same = self.prognoses.values().filter(|earlier| of(earlier) == of(prognosis));
        check_revision(prognosis.revision, same.map(|earlier| earlier.revision))?;
        self.prognoses.insert(prognosis.id, prognosis.clone());
        Ok(())
    }

    fn take_reservation(&mut self, update: &FlexReservationUpdate) -> Result<(), Rejection> {
        let contract = self.rules.contract(update.contract)?;
        let powers = self.rules.isps.powers(&update.isps)?;
        for (index, (power, reserved)) in powers.iter().zip(&contract.reserved).enumerate() {
            let within = power.0.signum() * reserved.0.signum() >= 0 && power.0.abs() <= reserved.0.abs();
            if !within {
                let (contract, isp) = (contract.id, index as u16 + 1);
                return Err(Rejection::BeyondContract { contract, isp, power: *power });
            }
        }
        self.reservations.push(update.clone());
        Ok(())
    }

    fn take_request(&mut self, now: Time, request: &FlexRequest) -> Result<(), Rejection> {
        self.rules.check_place(request.congestion_point)?;
        if request.expires <= now {
            return Err(Rejection::Expired { expires: request.expires, now });
        }
        if let Some(contract) = request.contract {
            self.rules.contract_at(contract, request.congestion_point)?;
        }
        request.rooms(self.rules.isps)?;
        let of = |r: &FlexRequest| (r.congestion_point, r.period, r.contract);
        let same = || self.requests.values().filter(|held| of(&held.message) == of(request));
        check_revision(request.revision, same().map(|held| held.message.revision))?;
        let replaced: Vec<MessageId> =
            same().filter(|held| held.state == RequestState::Open).map(|held| held.message.id).collect();
        for earlier in replaced {
            self.close(earlier, RequestState::Replaced);
        }
        let held = Held { received: now, message: request.clone(), state: RequestState::Open };
        self.requests.insert(request.id, held);
        Ok(())
    }

    fn take_offer(&mut self, now: Time, offer: &FlexOffer) -> Result<(), Rejection> {
        let request = self.requests.get(&offer.request).ok_or(Rejection::UnknownRequest { request: offer.request })?;
        if request.state != RequestState::Open {
            return Err(Rejection::RequestClosed { request: offer.request });
        }
        if request.message.expires <= now {
            return Err(Rejection::Expired { expires: request.message.expires, now });
        }
        check_offer(offer, &request.message, self.rules.isps, now)?;
        if let Some(contract) = offer.contract
            && self.rules.contract(contract)?.aggregator != offer.aggregator
        {
            return Err(Rejection::UnknownContract { contract });
        }
        let is_baseline = |prognosis: &&DPrognosis| {
            (prognosis.aggregator, prognosis.congestion_point, prognosis.period)
                == (offer.aggregator, offer.congestion_point, offer.period)
        };
        let baseline = offer.baseline;
        self.prognoses.get(&baseline).filter(is_baseline).ok_or(Rejection::UnknownBaseline { baseline })?;
        self.offers.insert(offer.id, Held { received: now, message: offer.clone(), state: OfferState::Standing });
        Ok(())
    }

    fn take_revocation(&mut self, revocation: &FlexOfferRevocation) -> Result<(), Rejection> {
        let offer = revocation.offer;
        let held = self.offers.get_mut(&offer).filter(|held| held.message.aggregator == revocation.aggregator);
        let held = held.ok_or(Rejection::UnknownOffer { offer })?;
        let refused = Rejection::OfferState { offer, state: held.state.to_string() };
        held.state = held.state.after(OfferEvent::Revoke).ok_or(refused)?;
        Ok(())
    }

    fn take_response(&mut self, response: &FlexOrderResponse) -> Result<(), Rejection> {
        let order = response.order;
        let held = self.orders.get_mut(&order).filter(|held| held.message.aggregator == response.aggregator);
        let held = held.ok_or(Rejection::UnknownOrder { order })?;
        let event = if response.accepted { OrderEvent::Accept } else { OrderEvent::Refuse };
        let refused = Rejection::OrderState { order, state: held.state.to_string() };
        held.state = held.state.after(event).ok_or(refused)?;
        if !response.accepted {
            self.refused.insert(order);
        }
        Ok(())
    }

    fn take_metering(&mut self, now: Time, metering: &Metering) -> Result<(), Rejection> {
        let order = metering.order;
        let held = self.orders.get(&order).ok_or(Rejection::UnknownOrder { order })?;
        let end = self.rules.end_of(held.message.period);
        if now < end {
            return Err(Rejection::TooEarly { order, end, now });
        }
        let refused = Rejection::OrderState { order, state: held.state.to_string() };
        let state = held.state.after(OrderEvent::Settle).ok_or(refused)?;
        let baseline = &self.baseline_of(held)?;
        // Who refused an order is settled as if it had stayed on its baseline.
        let metered = if held.state == OrderState::Refused { baseline } else { &metering.powers };
        self.rules.isps.check_series(&metering.powers)?;
        let penalty = self.rules.deficiency_penalty;
        let settled = settle_order(&held.message, baseline, metered, self.rules.isps, penalty)?;
        self.pay(settled.aggregator, settled.net_settlement)?;
        self.orders.get_mut(&order).expect("it was found above").state = state;
        self.note(now, FlexMessage::OrderSettlement(settled), None);
        Ok(())
    }

    /// The prognosis of an order, moved by what the same aggregator was ordered before at the same place and day, so that
    /// one deviation is never paid twice. Orders that were refused move nothing.
    fn baseline_of(&self, order: &Held<FlexOrder, OrderState>) -> Result<Vec<Power>, Rejection> {
        let prognosis = self.prognoses.get(&order.message.baseline).expect("an offer needs its baseline");
        let mut baseline = prognosis.powers.clone();
        let of = |order: &FlexOrder| (order.aggregator, order.congestion_point, order.period);
        let is_before = |other: &&Held<FlexOrder, OrderState>| {
            of(&other.message) == of(&order.message)
                && (other.received, other.message.id) < (order.received, order.message.id)
                && !self.refused.contains(&other.message.id)
        };
        for earlier in self.orders.values().filter(is_before) {
            let powers = self.rules.isps.powers(&earlier.message.isps)?;
            baseline.iter_mut().zip(powers).for_each(|(sum, power)| sum.0 += power.0);
        }
        Ok(baseline)
    }

    fn order(&mut self, now: Time, id: MessageId, selected: &Selected) {
        let held = self.offers.get_mut(&selected.offer).expect("only offers that stand are selected");
        held.state = held.state.after(OfferEvent::Order).expect("it stands");
        let offer = &held.message;
        let moved = |(isp, &power): (u16, &Power)| IspPower { start: isp, duration: 1, power };
        let order = FlexOrder {
            id,
            aggregator: offer.aggregator,
            offer: offer.id,
            option: selected.option,
            activation_factor: selected.factor,
            price: selected.payment,
            congestion_point: offer.congestion_point,
            period: offer.period,
            baseline: offer.baseline,
            isps: (1..).zip(&selected.powers).filter(|(_, power)| power.0 != 0).map(moved).collect(),
        };
        self.used.insert(id);
        self.orders.insert(id, Held { received: now, message: order.clone(), state: OrderState::Sent });
        self.note(now, FlexMessage::Order(order), None);
    }

    /// Closes a request and declines the offers on it that were not ordered.
    fn close(&mut self, request: MessageId, state: RequestState) {
        self.requests.get_mut(&request).expect("only known requests are closed").state = state;
        for held in self.offers.values_mut().filter(|held| held.message.request == request) {
            held.state = held.state.after(OfferEvent::Decline).unwrap_or(held.state);
        }
    }

    /// Moves money; checks in every build that none appears or is lost.
    fn pay(&mut self, aggregator: AgentId, amount: Money) -> Result<(), Rejection> {
        let too_large =
            || Rejection::Selection { reason: "the accounts leave 127 bits of n€; check prices".to_owned() };
        let account = self.accounts.entry(aggregator).or_default();
        let (received, paid) = (account.0.checked_add(amount.0), self.paid.0.checked_add(amount.0));
        let (received, paid) = received.zip(paid).ok_or_else(too_large)?;
        account.0 = received;
        self.paid.0 = paid;
        let all = self.accounts.values().try_fold(0_i128, |sum, account| sum.checked_add(account.0));
        assert!(all.is_none_or(|all| all == self.paid.0), "aggregators have received what the DSO has paid");
        Ok(())
    }

    fn contract_day(&self, terms: &FlexContract, period: Time) -> Result<ContractSettlement, Rejection> {
        let isps = self.rules.isps;
        let mut updates =
            self.reservations.iter().filter(|update| (update.contract, update.period) == (terms.id, period));
        let reserved = updates.next_back().map_or(Ok(terms.reserved.clone()), |update| isps.powers(&update.isps))?;
        let under = |contract, day| contract == Some(terms.id) && day == period;
        let mut requested = vec![Power::ZERO; reserved.len()];
        let of_day = |held: &&Held<FlexRequest, RequestState>| {
            under(held.message.contract, held.message.period) && held.state != RequestState::Replaced
        };
        for held in self.requests.values().filter(of_day) {
            let needs = held.message.rooms(isps)?.into_iter().map(|room| room.need);
            keep_larger(&mut requested, needs);
        }
        let mut offered = vec![Power::ZERO; reserved.len()];
        let valid = |held: &&Held<FlexOffer, OfferState>| {
            under(held.message.contract, held.message.period) && held.state != OfferState::Revoked
        };
        for option in self.offers.values().filter(valid).flat_map(|held| &held.message.options) {
            keep_larger(&mut offered, isps.powers(&option.isps)?.into_iter());
        }
        let mut ordered = vec![Power::ZERO; reserved.len()];
        for held in self.orders.values() {
            let offer = &self.offers[&held.message.offer].message;
            if under(offer.contract, offer.period) {
                let powers = isps.powers(&held.message.isps)?;
                ordered.iter_mut().zip(powers).for_each(|(sum, power)| sum.0 += power.0);
            }
        }
        let day =
            ContractDay { period, reserved: &reserved, requested: &requested, offered: &offered, ordered: &ordered };
        settle_contract(terms, &day, isps)
    }
}

impl FlexMarketRules {
    fn check_place(&self, place: CongestionPoint) -> Result<(), Rejection> {
        let known = self.congestion_points.contains(&place);
        if known { Ok(()) } else { Err(Rejection::UnknownCongestionPoint { congestion_point: place.0 }) }
    }

    fn contract(&self, contract: ContractId) -> Result<&FlexContract, Rejection> {
        let found = self.contracts.iter().find(|known| known.id == contract);
        found.ok_or(Rejection::UnknownContract { contract })
    }

    fn contract_at(&self, contract: ContractId, place: CongestionPoint) -> Result<&FlexContract, Rejection> {
        let known = self.contract(contract)?;
        if known.congestion_point == place { Ok(known) } else { Err(Rejection::UnknownContract { contract }) }
    }

    fn end_of(&self, period: Time) -> Time {
        period + Span(i64::from(self.isps.count) * self.isps.duration.0)
    }
}

fn keep_larger(kept: &mut [Power], powers: impl Iterator<Item = Power>) {
    for (kept, power) in kept.iter_mut().zip(powers) {
        if power.0.abs() > kept.0.abs() {
            *kept = power;
        }
    }
}

fn check_revision(revision: u64, earlier: impl Iterator<Item = u64>) -> Result<(), Rejection> {
    match earlier.max() {
        Some(latest) if revision <= latest => Err(Rejection::StaleRevision { revision, latest }),
        _ => Ok(()),
    }
}
