//! Reserve from the portfolio's batteries: what is offered, how it is held, and what is done when it is called.
//!
//! A unit offers in every other window only. In its window it keeps so much stored, and so much room, that all of what it
//! sold could be called in all of the time that is left; plans have what lies between. After the window it has a window's
//! time to come back, and no more is offered than can be recovered in that time. Vehicles are not offered: when they leave is
//! their drivers' affair.
//!
//! In a slot in which anything is called, batteries that would follow the portfolio's meter hold their planned power instead:
//! they would undo what the others deliver.

use super::{Dispatch, Ems, ManagedBattery};
use crate::command::{Directive, Priority, Value};
use crate::core::Outbox;
use crate::draw::lot;
use crate::id::ParticipantId;
use crate::mail::{Message, StorageStatus};
use crate::reserve::{Call, CapacityOffer, Flow, HeldCapacity, ReserveMail, ReserveTerms, mean_kw};
use crate::time::{Now, Slot, Span, Time};
use market::Energy;
use market::reserve::{CapacityPrice, Direction, Power};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Share of its rating that a unit gives or takes at least while it delivers: a converter does not start for next to nothing
/// (`least_power`), and the plan that is told makes up for the rest.
const LEAST_LOAD: f64 = 0.02;

/// What an energy manager knows of reserve.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ReserveDesk {
    terms: Option<ReserveTerms>,
    /// Who asked for offers that are not made yet, for which windows and directions.
    tender: Option<(ParticipantId, Vec<Slot>, Vec<Direction>)>,
    /// What is held by each unit, of windows that are not over.
    held: BTreeMap<ParticipantId, Vec<HeldCapacity>>,
    /// Who called what for the slot under way.
    called: Option<(ParticipantId, Slot, Vec<Call>)>,
    /// The units that were called in the slot before, of which a measurement is due.
    due: Option<(ParticipantId, Slot, Vec<ParticipantId>)>,
}

/// Powers between which a unit's plan has to stay, kW, consumption positive; both of one sign where it has to recover.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bounds {
    lowest_kw: f64,
    highest_kw: f64,
}

/// What a battery is told in view of the reserve it holds.
pub(super) struct Reserved {
    pub(super) dispatch: Dispatch,
    /// The plan: what it does without a call.
    pub(super) planned_kw: f64,
    bounds: Option<Bounds>,
    /// The plan of a unit that is called.
    pub(super) told: Option<Flow>,
}

impl ReserveDesk {
    pub(super) fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    pub(super) fn offering(terms: ReserveTerms) -> Self {
        Self { terms: Some(terms), ..Self::default() }
    }

    pub(super) fn take(&mut self, from: ParticipantId, mail: &ReserveMail) {
        match mail {
            ReserveMail::Tender { windows, directions } => {
                self.tender = Some((from, windows.clone(), directions.clone()));
            }
            ReserveMail::Held(held) => {
                held.iter().for_each(|held| self.held.entry(held.unit).or_default().push(*held));
            }
            ReserveMail::Called { slot, calls } => self.called = Some((from, *slot, calls.clone())),
            ReserveMail::Offers(_) | ReserveMail::Planned { .. } | ReserveMail::Measured { .. } => {}
        }
    }

    /// Forgets windows that are over, and calls of slots before this one.
    fn begin(&mut self, now: Now) {
        self.held.retain(|_, held| {
            held.retain(|held| held.window.end() > now.time);
            !held.is_empty()
        });
        self.called = self.called.take().filter(|(_, slot, _)| slot.end() > now.time);
    }

    fn call(&self, unit: ParticipantId) -> Option<&Call> {
        self.called.as_ref()?.2.iter().find(|call| call.unit == unit)
    }

    pub(super) fn is_called(&self, unit: ParticipantId) -> bool {
        self.call(unit).is_some()
    }

    /// Energy a unit has to hold at least and at most when the slot is over, without the call of the slot.
    ///
    /// What is sold could still be called from the beginning of the slot to the end of the window. Before the window what is
    /// missing may still be recovered until it begins.
    fn band_kwh(&self, battery: &ManagedBattery, status: &StorageStatus, slot: Slot) -> Option<(f64, f64)> {
        let (terms, held) = (self.terms?, self.held.get(&battery.battery)?);
        let margin_kwh = terms.margin * (status.max_kwh - status.min_kwh);
        let (mut floor_kwh, mut ceiling_kwh) = (status.min_kwh, status.max_kwh);
        let recovery_kw = terms.power_share * battery.rated_kw;
        for HeldCapacity { window, direction, power, .. } in held {
            let hours = (window.end() - window.start.max(slot.start)).hours();
            let lead_hours = (window.start - slot.end()).hours().max(0.0);
            let power_kw = power.0 as f64 / 1000.0;
            match direction {
                Direction::Up => {
                    let needed_kwh = status.min_kwh + margin_kwh + power_kw * hours / terms.efficiency;
                    floor_kwh = floor_kwh.max(needed_kwh - recovery_kw * terms.efficiency * lead_hours);
                }
                Direction::Down => {
                    let most_kwh = status.max_kwh - margin_kwh - power_kw * hours;
                    ceiling_kwh = ceiling_kwh.min(most_kwh + recovery_kw * lead_hours);
                }
            }
        }
        Some((floor_kwh, ceiling_kwh))
    }

    /// The powers left to a unit's plan in a slot; none if nothing is held.
    fn bounds(&self, battery: &ManagedBattery, status: &StorageStatus, slot: Slot) -> Option<Bounds> {
        let (floor_kwh, ceiling_kwh) = self.band_kwh(battery, status, slot)?;
        let efficiency = self.terms?.efficiency;
        let held_kw = |wanted: Direction| {
            let held = self.held.get(&battery.battery).into_iter().flatten();
            let now = held.filter(|held| held.window.start < slot.end() && held.direction == wanted);
            now.map(|held| held.power.0 as f64 / 1000.0).sum::<f64>()
        };
        let charge_kw = (status.charge_limit_kw - held_kw(Direction::Down)).max(0.0);
        let discharge_kw = (status.discharge_limit_kw - held_kw(Direction::Up)).max(0.0);
        // Charging stores less than it takes, discharging takes more than it gives.
        let through = |stored_kwh: f64, charged: f64, discharged: f64| {
            stored_kwh / slot.length.hours() * if stored_kwh > 0.0 { charged } else { discharged }
        };
        let lowest_kw = through(floor_kwh - status.energy_kwh, 1.0 / efficiency, efficiency);
        let highest_kw = through(ceiling_kwh - status.energy_kwh, 1.0, 1.0);
        Some(Bounds {
            lowest_kw: lowest_kw.clamp(-discharge_kw, charge_kw),
            highest_kw: highest_kw.clamp(-discharge_kw, charge_kw),
        })
    }

    /// The storage as the market may have it: what is held is not for sale twice.
    pub(super) fn spared(&self, battery: &ManagedBattery, status: &StorageStatus, slot: Slot) -> StorageStatus {
        let Some((floor_kwh, ceiling_kwh)) = self.band_kwh(battery, status, slot) else { return *status };
        let Some(bounds) = self.bounds(battery, status, slot) else { return *status };
        StorageStatus {
            min_kwh: floor_kwh.min(status.energy_kwh),
            max_kwh: ceiling_kwh.max(status.energy_kwh),
            charge_limit_kw: bounds.highest_kw.max(0.0),
            discharge_limit_kw: (-bounds.lowest_kw).max(0.0),
            ..*status
        }
    }

    /// All offers of a unit that can be held, for one window.
    fn offers(
        &self,
        (place, battery): (usize, &ManagedBattery),
        status: &StorageStatus,
        window: Slot,
        directions: &[Direction],
    ) -> Vec<CapacityOffer> {
        let Some(terms) = self.terms else { return Vec::new() };
        let number = window.start.0.div_euclid(window.length.0);
        if (number + place as i64).rem_euclid(2) != 0 || directions.is_empty() {
            return Vec::new();
        }
        let hours = window.length.hours();
        let usable_kwh = (status.max_kwh - status.min_kwh) * (1.0 - 2.0 * terms.margin) / directions.len() as f64;
        // What was taken can be put back in the same time at the power of recovery.
        let recoverable_kw = terms.power_share * battery.rated_kw * terms.efficiency * terms.efficiency;
        let lottery = lot(battery.ticket, window.start.0);
        let draw = lot(battery.ticket ^ lottery, number) as f64 / u64::MAX as f64;
        let factor = 1.0 + terms.capacity_spread * (2.0 * draw - 1.0);
        let price = CapacityPrice((terms.capacity_eur_per_mw_h * hours * factor * 1000.0).round() as i64);
        let offer = |direction: &Direction| {
            let lasting_kw = match direction {
                Direction::Up => usable_kwh * terms.efficiency / hours,
                Direction::Down => usable_kwh / hours,
            };
            CapacityOffer {
                unit: battery.battery,
                window,
                direction: *direction,
                capacity: Power((lasting_kw.min(recoverable_kw) * 1000.0).floor() as i64),
                capacity_price: price,
                activation_price: terms.activation_price,
                lottery,
            }
        };
        directions.iter().map(offer).filter(|offer| offer.capacity > Power::ZERO).collect()
    }
}

impl Ems {
    /// The same, which offers the capacity of its batteries as reserve.
    #[must_use]
    pub fn with_reserve(mut self, terms: ReserveTerms) -> Self {
        self.reserve = ReserveDesk::offering(terms);
        self
    }

    /// Before a plan: answers a tender, and tells what called units took in the slot that is over.
    pub(super) fn begin_reserve(&mut self, now: Now, out: &mut Outbox) {
        if let Some((operator, slot, units)) = self.reserve.due.take() {
            let reported = units.into_iter().filter(|unit| self.desk.has_reported(*unit));
            let energy = |status: &StorageStatus| Energy::from_kwh(status.power_kw * slot.length.hours());
            let flow = |unit| Some(Flow { unit, energy: energy(self.statuses.get(&unit)?) });
            let flows = reported.filter_map(flow).collect();
            out.send(operator, Message::Reserve(Box::new(ReserveMail::Measured { slot, flows })));
        }
        self.reserve.begin(now);
        let Some((operator, windows, directions)) = self.reserve.tender.take() else { return };
        let mut offers = Vec::new();
        for window in windows {
            for (place, battery) in self.batteries.iter().enumerate() {
                let Some(status) = self.statuses.get(&battery.battery) else { continue };
                offers.extend(self.reserve.offers((place, battery), status, window, &directions));
            }
        }
        out.send(operator, Message::Reserve(Box::new(ReserveMail::Offers(offers))));
    }

    /// What becomes of what a battery was to do, `wanted_kw` in the mean, in view of the reserve.
    pub(super) fn reserved(
        &self,
        now: Now,
        (battery, status): (&ManagedBattery, &StorageStatus),
        (dispatch, wanted_kw): (Dispatch, f64),
    ) -> Reserved {
        let slot = slot_at(now.time, self.rules.slot);
        let bounds = self.reserve.bounds(battery, status, slot);
        let Some(call) = self.reserve.call(battery.battery) else {
            let planned_kw = bounds.map_or(wanted_kw, |bounds| bounds.keep(wanted_kw));
            let follows = matches!(dispatch, Dispatch::Follow { .. }) && self.reserve.called.is_none();
            let dispatch = match bounds {
                Some(bounds) if follows && bounds.lowest_kw <= 0.0 && bounds.highest_kw >= 0.0 => dispatch,
                None if follows || !matches!(dispatch, Dispatch::Follow { .. }) => dispatch,
                _ => Dispatch::Hold(planned_kw),
            };
            return Reserved { dispatch, planned_kw, bounds, told: None };
        };
        let planned_kw = self.possible_kw(status, wanted_kw, status.min_kwh, status.max_kwh);
        let planned_kw = bounds.map_or(planned_kw, |bounds| bounds.keep(planned_kw));
        let least = Energy::from_kwh(LEAST_LOAD * battery.rated_kw * slot.length.hours());
        let change = match call.direction {
            Direction::Up => -call.energy,
            Direction::Down => call.energy,
        };
        let mut ordered = Energy::from_kwh(planned_kw * slot.length.hours()) + change;
        if ordered.0.abs() < least.0 {
            ordered = if call.direction == Direction::Up { -least } else { least };
        }
        let dispatch = Dispatch::Hold(mean_kw(ordered, slot.length));
        let told = Flow { unit: battery.battery, energy: ordered - change };
        Reserved { dispatch, planned_kw: mean_kw(told.energy, slot.length), bounds: None, told: Some(told) }
    }

    /// What was traded for the slot under way, as far as the reserve that is held leaves it.
    pub(super) fn held_back_kw(&self, now: Now, device: ParticipantId) -> f64 {
        let traded_kw = self.desk.power_kw(device, now.time, self.rules.slot);
        let battery = self.batteries.iter().find(|battery| battery.battery == device);
        let known = battery.zip(self.statuses.get(&device));
        let slot = slot_at(now.time, self.rules.slot);
        let bounds = known.and_then(|(battery, status)| self.reserve.bounds(battery, status, slot));
        bounds.map_or(traded_kw, |bounds| bounds.keep(traded_kw))
    }

    /// Limits that keep a battery that follows a meter to its side of it, and from using what it holds.
    pub(super) fn limit_follower(&self, now: Now, to: ParticipantId, reserved: &Reserved, out: &mut Outbox) {
        let Dispatch::Follow { side, .. } = reserved.dispatch else { return };
        let all = (f64::NEG_INFINITY, f64::INFINITY);
        let held = reserved.bounds.map_or(all, |bounds| (bounds.lowest_kw, bounds.highest_kw));
        let (lowest_kw, highest_kw) = side.of(held);
        // Plus nothing: minus zero becomes zero.
        let import = Directive::ImportLimit(Value::Constant(highest_kw + 0.0));
        let export = Directive::ExportLimit(Value::Constant(-lowest_kw + 0.0));
        for (directive, limit_kw) in [(import, highest_kw), (export, lowest_kw)] {
            if limit_kw.is_finite() {
                self.send(now, to, Priority::Ems, directive, out);
            }
        }
    }

    /// After the batteries have their commands: tells the operator the plans of those that are called.
    pub(super) fn tell_plans(&mut self, flows: Vec<Flow>, out: &mut Outbox) {
        let Some((operator, slot, _)) = &self.reserve.called else { return };
        let (operator, slot) = (*operator, *slot);
        self.reserve.due = Some((operator, slot, flows.iter().map(|flow| flow.unit).collect()));
        out.send(operator, Message::Reserve(Box::new(ReserveMail::Planned { slot, flows })));
    }
}

impl Bounds {
    /// The power nearest to `power_kw` that is left; where the bounds have crossed, energy that is missing goes first.
    fn keep(self, power_kw: f64) -> f64 {
        power_kw.min(self.highest_kw).max(self.lowest_kw)
    }
}

fn slot_at(time: Time, length: Span) -> Slot {
    Slot { start: time.floor(length), length }
}
