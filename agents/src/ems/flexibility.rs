//! The energy manager as an aggregator of flexibility: forecasts what its storage will take, offers what it can change, and
//! has devices do what was ordered.
//!
//! Of each request batteries and vehicles make an offer each, at a price each. Batteries change what they take by what their
//! power and their energy allow, the energy counted once over all ISPs; vehicles charge less, as far as they can catch up
//! before they leave. Because each device can do the whole of its part and nothing of it, it can do any share. The baseline is
//! the manager's own D-prognosis: what its rule will do as far as it is known by now, and for batteries that follow a meter
//! what they did a day before. In an ISP of which something was ordered everything that is offered keeps to the prognosis but
//! for the order, and who comes later waits, unless a vehicle must charge.

use super::strategy::{DEPARTURE_MARGIN, must_charge};
use super::{Dispatch, Ems, ManagedBattery, ManagedChargePoint, Strategy};
use crate::core::Outbox;
use crate::draw::lot;
use crate::flexibility::{Numbering, Persistence, isp_at, start_of, watts};
use crate::id::ParticipantId;
use crate::mail::{ChargingNeeds, Message, StorageStatus};
use crate::time::{Now, Span, Time};
use market::flexibility::{
    ActivationFactor, DPrognosis, FlexMessage, FlexOffer, FlexOrder, FlexRequest, IspPower, MessageId, OfferOption,
    OptionReference,
};
use market::reserve::{Power, Zone};
use market::{AgentId, Money, Price};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What an energy manager offers to a DSO, and at which prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlexibleStorage {
    /// Batteries and charge points behind the congestion point, each with a connection that it shares with none but these.
    pub devices: BTreeSet<ParticipantId>,
    /// Asked for energy that batteries take less or more: wear, and what else it could have done.
    pub battery: Price,
    /// Asked for energy that vehicles take later.
    pub vehicle: Price,
    /// Its ticket in the lottery among equal offers.
    pub ticket: u64,
}

/// What an aggregator remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct FlexDesk {
    terms: FlexibleStorage,
    numbers: Numbering,
    revision: u64,
    /// Requests that came since the last plan.
    requests: Vec<(ParticipantId, FlexRequest)>,
    /// Offers that may be ordered.
    offers: BTreeMap<MessageId, Offered>,
    /// What each device is to do where something was ordered, by ISP.
    orders: BTreeMap<Time, BTreeMap<ParticipantId, Part>>,
    /// What batteries took together, orders aside.
    batteries: Persistence,
}

/// A device's part of a prognosis and of what is offered or ordered, kW.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Part {
    baseline_kw: f64,
    change_kw: f64,
}

/// An offer that was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Offered {
    /// All devices of the prognosis in the ISPs requested.
    baseline_kw: BTreeMap<Time, BTreeMap<ParticipantId, f64>>,
    changes_kw: BTreeMap<Time, BTreeMap<ParticipantId, f64>>,
}

/// A device in a slot to come, if nothing more is ordered.
#[derive(Clone, Copy, Debug)]
struct Planned {
    start: Time,
    part: Part,
    /// Stored when the slot is over.
    energy_kwh: f64,
}

impl Planned {
    fn power_kw(&self) -> f64 {
        self.part.baseline_kw + self.part.change_kw
    }
}

/// What is asked for in each ISP, kW, as deviation.
type Needs = BTreeMap<Time, f64>;

impl FlexDesk {
    /// The part of a device in an ISP of which something was ordered: nothing for who was not there.
    fn ordered(&self, start: Time, device: ParticipantId) -> Option<Part> {
        let parts = self.orders.get(&start).filter(|_| self.terms.devices.contains(&device))?;
        Some(parts.get(&device).copied().unwrap_or_default())
    }

    fn take_order(&mut self, order: &FlexOrder, slot: Span) {
        let Some(offered) = self.offers.remove(&order.offer) else { return };
        let share = f64::from(order.activation_factor.0) / 100.0;
        for isp in order.isps.iter().flat_map(|isp| isp.start..isp.start + isp.duration) {
            let start = start_of(order.period, isp, slot);
            let parts = self.orders.entry(start).or_default();
            for (device, baseline_kw) in offered.baseline_kw.get(&start).into_iter().flatten() {
                parts.entry(*device).or_insert(Part { baseline_kw: *baseline_kw, change_kw: 0.0 });
            }
            for (device, change_kw) in offered.changes_kw.get(&start).into_iter().flatten() {
                parts.entry(*device).or_default().change_kw += change_kw * share;
            }
        }
    }

    /// Forgets the ISPs that are over.
    fn forget(&mut self, now: Now) {
        self.orders = self.orders.split_off(&now.time);
        self.offers.retain(|_, offered| offered.changes_kw.keys().next().is_some_and(|first| now.time <= *first));
    }
}

impl Ems {
    /// The same manager, which offers flexibility of this storage.
    #[must_use]
    pub fn with_flexibility(self, terms: FlexibleStorage) -> Self {
        let desk = FlexDesk {
            terms,
            numbers: Numbering::default(),
            revision: 0,
            requests: Vec::new(),
            offers: BTreeMap::new(),
            orders: BTreeMap::new(),
            batteries: Persistence::default(),
        };
        Self { flexibility: Some(desk), ..self }
    }

    /// Whether something was ordered of the slot that begins now.
    pub(super) fn keeps_to_orders(&self, now: Now) -> bool {
        self.flexibility.as_ref().is_some_and(|desk| desk.orders.contains_key(&now.time))
    }

    /// The power that a device is to hold in the slot that begins now, where something was ordered of it.
    pub(super) fn ordered_kw(&self, now: Now, device: ParticipantId) -> Option<f64> {
        let part = self.flexibility.as_ref()?.ordered(now.time, device)?;
        Some(part.baseline_kw + part.change_kw)
    }

    pub(super) fn take_flexibility(&mut self, from: ParticipantId, message: &FlexMessage) {
        let (slot, Some(desk)) = (self.rules.slot, &mut self.flexibility) else { return };
        match message {
            FlexMessage::Request(request) => desk.requests.push((from, request.clone())),
            FlexMessage::Order(order) => desk.take_order(order, slot),
            _ => {}
        }
    }

    /// Sends a prognosis and offers for each request that came.
    pub(super) fn answer_requests(&mut self, now: Now, out: &mut Outbox) {
        let Some(mut desk) = self.flexibility.take() else { return };
        self.note_batteries(now, &mut desk);
        desk.forget(now);
        for (dso, request) in std::mem::take(&mut desk.requests) {
            self.answer(now, &mut desk, (dso, &request), out);
        }
        self.flexibility = Some(desk);
    }

    /// Notes what batteries took in the last slot; where something was ordered, what they would have taken.
    fn note_batteries(&self, now: Now, desk: &mut FlexDesk) {
        let last = now.time - self.rules.slot;
        let flexible = || self.batteries.iter().filter(|battery| desk.terms.devices.contains(&battery.battery));
        let power_kw = match desk.orders.get(&last) {
            Some(parts) => flexible().filter_map(|of| parts.get(&of.battery)).map(|part| part.baseline_kw).sum(),
            None => flexible().filter_map(|of| self.statuses.get(&of.battery)).map(|status| status.power_kw).sum(),
        };
        desk.batteries.note(last, power_kw);
    }

    fn answer(&self, now: Now, desk: &mut FlexDesk, (dso, request): (ParticipantId, &FlexRequest), out: &mut Outbox) {
        let slot = self.rules.slot;
        let Some((needs_kw, last)) = needs_of(request, slot) else { return };
        let until = last.max(desk.orders.last_key_value().map_or(last, |(start, _)| *start));
        let batteries = self.battery_plans(now, desk, until);
        let vehicles = self.vehicle_plans(now, desk, until);
        let of_batteries = batteries
            .iter()
            .map(|(battery, status, plan)| (battery.battery, self.battery_changes(status, plan, &needs_kw)));
        let of_batteries = spread(of_batteries, &needs_kw);
        let of_vehicles =
            vehicles.iter().map(|(point, needs, plan)| (point.evse, self.vehicle_changes(needs, plan, &needs_kw)));
        let of_vehicles = spread(of_vehicles, &needs_kw);
        let mut baseline_kw: BTreeMap<Time, BTreeMap<ParticipantId, f64>> = BTreeMap::new();
        let battery_plans = batteries.iter().map(|(battery, _, plan)| (battery.battery, plan));
        for (device, plan) in battery_plans.chain(vehicles.iter().map(|(point, _, plan)| (point.evse, plan))) {
            for planned in plan.iter().filter(|planned| needs_kw.contains_key(&planned.start)) {
                baseline_kw.entry(planned.start).or_default().insert(device, planned.part.baseline_kw);
            }
        }
        let baseline = self.send_prognosis(desk, (dso, request), &baseline_kw, out);
        let offers = [(of_batteries, desk.terms.battery), (of_vehicles, desk.terms.vehicle)];
        for (changes_kw, price) in offers {
            let changes: Vec<IspPower> = changes_kw
                .iter()
                .map(|(start, changes_kw)| IspPower {
                    start: isp_at(request.period, *start, slot),
                    duration: 1,
                    power: Power(changes_kw.values().copied().map(watts).sum()),
                })
                .filter(|isp| isp.power.0 != 0)
                .collect();
            let Some(first) = changes.first() else { continue };
            let id = desk.numbers.next(out.sender());
            let offer = FlexOffer {
                id,
                aggregator: AgentId(out.sender().0),
                request: request.id,
                congestion_point: request.congestion_point,
                period: request.period,
                expires: start_of(request.period, first.start, slot),
                contract: request.contract,
                baseline,
                zone: Zone(0),
                lottery: lot(desk.terms.ticket, id.0 as i64),
                options: vec![OfferOption {
                    reference: OptionReference(1),
                    price: price_of(&changes, price, slot),
                    min_activation_factor: ActivationFactor(1),
                    isps: changes,
                }],
            };
            desk.offers.insert(id, Offered { baseline_kw: baseline_kw.clone(), changes_kw });
            out.send(dso, Message::Flexibility(Box::new(FlexMessage::Offer(offer))));
        }
    }

    /// Sends the D-prognosis: what all devices take in the ISPs requested; nothing is said of the others, of which nothing
    /// can be ordered.
    fn send_prognosis(
        &self,
        desk: &mut FlexDesk,
        (dso, request): (ParticipantId, &FlexRequest),
        baseline_kw: &BTreeMap<Time, BTreeMap<ParticipantId, f64>>,
        out: &mut Outbox,
    ) -> MessageId {
        let slot = self.rules.slot;
        let of = |isp: u16| {
            let parts_kw = baseline_kw.get(&start_of(request.period, isp, slot));
            Power(watts(parts_kw.map_or(0.0, |parts_kw| parts_kw.values().sum())))
        };
        desk.revision += 1;
        let prognosis = DPrognosis {
            id: desk.numbers.next(out.sender()),
            aggregator: AgentId(out.sender().0),
            congestion_point: request.congestion_point,
            period: request.period,
            revision: desk.revision,
            powers: (1..=(Span::DAY.0 / slot.0) as u16).map(of).collect(),
        };
        let id = prognosis.id;
        out.send(dso, Message::Flexibility(Box::new(FlexMessage::Prognosis(prognosis))));
        id
    }

    /// What each battery will do up to the slot that begins at `until`.
    fn battery_plans(
        &self,
        now: Now,
        desk: &FlexDesk,
        until: Time,
    ) -> Vec<(&ManagedBattery, &StorageStatus, Vec<Planned>)> {
        let known = |battery: &ManagedBattery| {
            desk.terms.devices.contains(&battery.battery) && self.desk.has_reported(battery.battery)
        };
        let flexible = || self.batteries.iter().filter(|battery| known(battery));
        let rated_kw: f64 = flexible().map(|battery| battery.rated_kw).sum();
        let with_status = flexible().filter_map(|battery| Some((battery, self.statuses.get(&battery.battery)?)));
        let plan = |(battery, status): (_, _)| {
            (battery, status, self.battery_plan(now, desk, (battery, status, rated_kw), until))
        };
        with_status.map(plan).collect()
    }

    fn battery_plan(
        &self,
        now: Now,
        desk: &FlexDesk,
        (battery, status, rated_kw): (&ManagedBattery, &StorageStatus, f64),
        until: Time,
    ) -> Vec<Planned> {
        let hours = self.rules.slot.hours();
        let efficiency = self.battery_strategy.terms().copied().unwrap_or_default().efficiency;
        let share = battery.rated_kw / rated_kw;
        self.plan(now, status.energy_kwh, until, |at, energy_kwh| {
            let least_kw =
                -status.discharge_limit_kw.min(((energy_kwh - status.min_kwh) * efficiency / hours).max(0.0));
            let most_kw = status.charge_limit_kw.min(((status.max_kwh - energy_kwh) / efficiency / hours).max(0.0));
            let ordered = desk.ordered(at.time, battery.battery);
            let part = ordered.unwrap_or_else(|| {
                let wanted_kw = match self.battery_strategy {
                    Strategy::SelfConsumption {} => {
                        desk.batteries.expected_kw(at.time).map_or(0.0, |expected_kw| expected_kw * share)
                    }
                    _ => match self.battery_rule(at, battery, status, None) {
                        Dispatch::Hold(power_kw) => power_kw,
                        // Who follows the meter by a plan is expected to do what the plan is made of.
                        Dispatch::Follow { .. } => self.planned_kw(at, battery.battery).unwrap_or_default(),
                        Dispatch::Free => 0.0,
                    },
                };
                Part { baseline_kw: whole_watts(wanted_kw.clamp(least_kw, most_kw)), change_kw: 0.0 }
            });
            let power_kw = part.baseline_kw + part.change_kw;
            (part, energy_kwh + if power_kw > 0.0 { power_kw * efficiency } else { power_kw / efficiency } * hours)
        })
    }

    /// What each vehicle that is there will do up to the slot that begins at `until`.
    fn vehicle_plans(
        &self,
        now: Now,
        desk: &FlexDesk,
        until: Time,
    ) -> Vec<(&ManagedChargePoint, &ChargingNeeds, Vec<Planned>)> {
        let known = |point: &&ManagedChargePoint| {
            desk.terms.devices.contains(&point.evse) && self.desk.has_reported(point.evse)
        };
        let with_needs = self.charge_points.iter().filter(known);
        let with_needs = with_needs.filter_map(|point| Some((point, self.needs.get(&point.evse)?)));
        let plan = |(point, needs): (_, _)| (point, needs, self.vehicle_plan(now, desk, (point, needs), until));
        with_needs.map(plan).collect()
    }

    fn vehicle_plan(
        &self,
        now: Now,
        desk: &FlexDesk,
        (point, needs): (&ManagedChargePoint, &ChargingNeeds),
        until: Time,
    ) -> Vec<Planned> {
        let hours = self.rules.slot.hours();
        self.plan(now, needs.storage.energy_kwh, until, |at, energy_kwh| {
            let then = ChargingNeeds { storage: StorageStatus { energy_kwh, ..needs.storage }, ..*needs };
            let ordered = desk.ordered(at.time, point.evse).filter(|_| !must_charge(at, &then));
            let part = ordered.unwrap_or_else(|| {
                let wanted_kw = match self.vehicle_rule(at, point.evse, &then) {
                    Dispatch::Hold(power_kw) => power_kw,
                    _ => needs.storage.charge_limit_kw,
                };
                let stays = at.time + self.rules.slot <= needs.departure;
                let wanted_kw = if stays { wanted_kw.clamp(-point.rated_kw, point.rated_kw) } else { 0.0 };
                let baseline_kw = self.possible_kw(&then.storage, wanted_kw, needs.reserve_kwh, needs.target_kwh);
                Part { baseline_kw: whole_watts(baseline_kw), change_kw: 0.0 }
            });
            (part, energy_kwh + (part.baseline_kw + part.change_kw) * hours)
        })
    }

    /// Goes through the slots from the one that begins now; `step` tells what a device does and what it then holds.
    fn plan(&self, now: Now, energy_kwh: f64, until: Time, step: impl Fn(Now, f64) -> (Part, f64)) -> Vec<Planned> {
        let (mut plan, mut energy_kwh, mut start) = (Vec::new(), energy_kwh, now.time);
        while start <= until {
            let (part, then_kwh) = step(Now { time: start, ..now }, energy_kwh);
            energy_kwh = then_kwh;
            plan.push(Planned { start, part, energy_kwh });
            start += self.rules.slot;
        }
        plan
    }

    /// The most a battery can change in the direction of each need, positive, and how much energy at the terminals it can
    /// change in all, whatever part of it is ordered.
    fn battery_changes(&self, status: &StorageStatus, plan: &[Planned], needs_kw: &Needs) -> Changeable {
        let terms = self.battery_strategy.terms().copied().unwrap_or_default();
        let margin_kwh = terms.margin * (status.max_kwh - status.min_kwh);
        let first = needs_kw.keys().next().copied().unwrap_or(Time::NEVER);
        let energies_kwh = || plan.iter().filter(|planned| first <= planned.start).map(|planned| planned.energy_kwh);
        let is_less = needs_kw.values().next().is_some_and(|need_kw| *need_kw < 0.0);
        let energy_kwh = if is_less {
            (energies_kwh().fold(f64::INFINITY, f64::min) - status.min_kwh - margin_kwh) * terms.efficiency
        } else {
            status.max_kwh - margin_kwh - energies_kwh().fold(f64::NEG_INFINITY, f64::max)
        };
        let most_kw = |planned: &Planned| {
            let (start, power_kw) = (planned.start, planned.power_kw());
            let room_kw = match needs_kw.get(&start)? {
                need_kw if *need_kw < 0.0 && is_less => power_kw + status.discharge_limit_kw,
                need_kw if *need_kw > 0.0 && !is_less => status.charge_limit_kw - power_kw,
                _ => 0.0,
            };
            Some((start, room_kw.max(0.0)))
        };
        Changeable {
            most_kw: plan.iter().filter_map(most_kw).collect(),
            energy_kwh: energy_kwh.max(0.0),
            hours: self.rules.slot.hours(),
        }
    }

    /// The same of a vehicle, which charges less where that is asked for and catches up before it leaves.
    fn vehicle_changes(&self, needs: &ChargingNeeds, plan: &[Planned], needs_kw: &Needs) -> Changeable {
        let hours = self.rules.slot.hours();
        let last = plan.last().map_or(needs.storage.energy_kwh, |planned| planned.energy_kwh);
        let end = plan.last().map_or(Time::NEVER, |planned| planned.start + self.rules.slot);
        let spare_h = (needs.departure - DEPARTURE_MARGIN * 2 - end).hours();
        let energy_kwh = spare_h * needs.storage.charge_limit_kw - (needs.target_kwh - last).max(0.0);
        let most_kw = |planned: &Planned| {
            let need_kw = needs_kw.get(&planned.start)?;
            Some((planned.start, if *need_kw < 0.0 { planned.power_kw().max(0.0) } else { 0.0 }))
        };
        Changeable { most_kw: plan.iter().filter_map(most_kw).collect(), energy_kwh: energy_kwh.max(0.0), hours }
    }
}

/// What a device can change, without sign.
struct Changeable {
    most_kw: Vec<(Time, f64)>,
    energy_kwh: f64,
    hours: f64,
}

/// Has one device after the other cover what is left of the needs; whole watts, never more than it can.
fn spread(
    devices: impl Iterator<Item = (ParticipantId, Changeable)>,
    needs_kw: &Needs,
) -> BTreeMap<Time, BTreeMap<ParticipantId, f64>> {
    let mut left_kw = needs_kw.clone();
    let mut changes_kw: BTreeMap<Time, BTreeMap<ParticipantId, f64>> = BTreeMap::new();
    for (device, can) in devices {
        let wanted_kw = |(start, most_kw): &(Time, f64)| most_kw.min(left_kw.get(start).copied().unwrap_or(0.0).abs());
        let energy_kwh: f64 = can.most_kw.iter().map(wanted_kw).sum::<f64>() * can.hours;
        let share = if energy_kwh > can.energy_kwh { can.energy_kwh / energy_kwh } else { 1.0 };
        let parts: Vec<(Time, f64)> = can.most_kw.iter().map(|of| (of.0, floor_watts(wanted_kw(of) * share))).collect();
        for (start, part_kw) in parts.into_iter().filter(|(_, part_kw)| *part_kw > 0.0) {
            let left_kw = left_kw.get_mut(&start).expect("only needs are changed");
            let change_kw = part_kw * left_kw.signum();
            *left_kw = whole_watts(*left_kw - change_kw);
            changes_kw.entry(start).or_default().insert(device, change_kw);
        }
    }
    changes_kw
}

/// What a request asks for in each ISP, and the last ISP it names; none if it asks for nothing that can be read.
fn needs_of(request: &FlexRequest, slot: Span) -> Option<(Needs, Time)> {
    let isps = market::flexibility::Isps { count: (Span::DAY.0 / slot.0) as u16, duration: slot };
    let rooms = request.rooms(isps).ok()?;
    let needs = (1..).zip(rooms).filter(|(_, room)| room.need.0 != 0);
    let needs_kw: Needs =
        needs.map(|(isp, room)| (start_of(request.period, isp, slot), room.need.0 as f64 / 1000.0)).collect();
    let last = *needs_kw.last_key_value()?.0;
    Some((needs_kw, last))
}

/// What the energy of an option costs at `price`, rounded up.
fn price_of(changes: &[IspPower], price: Price, slot: Span) -> Money {
    let watts: i128 = changes.iter().map(|isp| i128::from(isp.power.0.abs())).sum();
    let (amount, hour) = (watts * i128::from(price.0) * i128::from(slot.0), i128::from(Span::HOUR.0));
    Money(-(-amount).div_euclid(hour))
}

fn whole_watts(power_kw: f64) -> f64 {
    (power_kw * 1000.0).round() / 1000.0
}

fn floor_watts(power_kw: f64) -> f64 {
    (power_kw * 1000.0).floor() / 1000.0
}
