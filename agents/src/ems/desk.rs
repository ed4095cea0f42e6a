//! Storage that is for the market: what the energy manager tells prosumers of it, and what they have traded.
//!
//! A storage is told of only in a quarter hour in which it has reported: of one that is silent nothing new is traded, and
//! what was traded before is still commanded. Where nothing was traded for a slot, a storage holds 0 kW: other needs of its
//! site are the prosumer's, who trades them apart. What a storage does otherwise (a fault, a request of the DSO, a vehicle that
//! must charge or leaves early) shows at the meter and is settled as imbalance.

use super::strategy::DEPARTURE_MARGIN;
use super::{Dispatch, Ems, ManagedBattery, ManagedChargePoint, Strategy};
use crate::command::Priority;
use crate::core::Outbox;
use crate::id::ParticipantId;
use crate::mail::{ChargingNeeds, Message, StorageStatus};
use crate::storage_trade::{Departure, StorageTerms, TradableStorage};
use crate::time::{Now, Slot, Span, Time};
use market::Energy;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of storage that is for the market.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Desk {
    /// Bought less sold, by device and slot.
    awarded: BTreeMap<ParticipantId, BTreeMap<Time, Energy>>,
    /// Who has reported since the last plan.
    reported: BTreeSet<ParticipantId>,
}

impl Desk {
    pub(super) fn is_empty(&self) -> bool {
        self == &Self::default()
    }

    /// Whether a device has reported since the last plan.
    pub(super) fn has_reported(&self, device: ParticipantId) -> bool {
        self.reported.contains(&device)
    }

    pub(super) fn note_report(&mut self, device: ParticipantId) {
        self.reported.insert(device);
    }

    /// Forgets the slots that are over, and who reported for the last plan.
    pub(super) fn begin(&mut self, now: Now) {
        self.reported.clear();
        self.awarded.retain(|_, slots| {
            *slots = slots.split_off(&now.time);
            !slots.is_empty()
        });
    }

    /// The power that delivers what was traded for the slot at `start`.
    pub(super) fn power_kw(&self, device: ParticipantId, start: Time, slot: Span) -> f64 {
        let energy = self.awarded.get(&device).and_then(|slots| slots.get(&start));
        energy.map_or(0.0, |energy| energy.as_kwh() / slot.hours())
    }

    /// Tells who trades for a battery's site of it.
    pub(super) fn offer_battery(
        &self,
        (battery, status): (&ManagedBattery, &StorageStatus),
        terms: &StorageTerms,
        out: &mut Outbox,
    ) {
        let margin_kwh = terms.margin * (status.max_kwh - status.min_kwh);
        let (min_kwh, max_kwh) = (status.min_kwh + margin_kwh, status.max_kwh - margin_kwh);
        let storage = StorageStatus { min_kwh, max_kwh, ..*status };
        let tradable = TradableStorage { device: battery.battery, storage, departure: None, terms: *terms };
        self.offer(battery.prosumer, tradable, out);
    }

    /// Tells who trades for a charge point's site of the vehicle that is plugged in, which may charge up to `limit_kw`.
    pub(super) fn offer_vehicle(
        &self,
        (point, limit_kw): (&ManagedChargePoint, f64),
        needs: &ChargingNeeds,
        terms: &StorageTerms,
        out: &mut Outbox,
    ) {
        let storage = StorageStatus {
            min_kwh: needs.reserve_kwh,
            max_kwh: needs.target_kwh,
            charge_limit_kw: needs.storage.charge_limit_kw.min(limit_kw),
            discharge_limit_kw: needs.storage.discharge_limit_kw.min(point.rated_kw),
            ..needs.storage
        };
        // A margin more than the last moment at which it charges whatever was traded.
        let ready = needs.departure - DEPARTURE_MARGIN * 2;
        let departure = Some(Departure { target_kwh: needs.target_kwh, ready, leaves: needs.departure });
        self.offer(point.prosumer, TradableStorage { device: point.evse, storage, departure, terms: *terms }, out);
    }

    fn offer(&self, prosumer: Option<ParticipantId>, tradable: TradableStorage, out: &mut Outbox) {
        if let Some(prosumer) = prosumer.filter(|_| self.has_reported(tradable.device)) {
            out.send(prosumer, Message::Tradable(tradable));
        }
    }
}

impl Ems {
    /// Takes what was traded for a storage; for the slot under way it is commanded at once.
    pub(super) fn take_award(
        &mut self,
        now: Now,
        device: ParticipantId,
        (slot, energy): (Slot, Energy),
        out: &mut Outbox,
    ) {
        self.desk.awarded.entry(device).or_default().insert(slot.start, energy);
        let is_asked = self.is_support_wanted(now.time) || self.keeps_to_orders(now);
        if slot.start != now.time || self.planning || is_asked || self.reserve.is_called(device) {
            return;
        }
        let is_battery = self.batteries.iter().any(|battery| battery.battery == device);
        let dispatch = match (is_battery, self.needs.get(&device)) {
            (true, _) => Dispatch::Hold(self.held_back_kw(now, device)),
            (false, Some(needs)) if matches!(self.vehicle_strategy, Strategy::Market(_)) => {
                self.vehicle_rule(now, device, needs)
            }
            _ => return,
        };
        self.command(now, device, dispatch, Priority::Ems, out);
    }
}
