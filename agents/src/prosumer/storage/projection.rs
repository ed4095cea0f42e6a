//! How full a storage will be, slot by slot, if all of its orders are filled, or none, or any of them.
//!
//! Every order that is out is counted against what the next one may ask: offers on a *low path*, on which all offers are
//! filled and no bid, bids on a *high path*, on which it is the other way round. As long as the low path keeps its floor and
//! the high path its ceiling, every outcome can be delivered, partial ones included.

use crate::storage_trade::TradableStorage;
use crate::time::{Slot, Span, Time};

/// What has been traded for a slot, and what may be; kWh at the terminals.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Traded {
    /// Bought less sold.
    net: f64,
    /// Orders that are out.
    bids: f64,
    offers: f64,
}

impl Traded {
    fn lowest(self) -> f64 {
        self.net - self.offers
    }

    fn highest(self) -> f64 {
        self.net + self.bids
    }

    fn is_free(self) -> bool {
        self == Self::default()
    }
}

/// A storage from the slot under way on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Projection<'a> {
    tradable: &'a TradableStorage,
    /// Beginning of the slot under way, and the length of slots.
    first: Slot,
    slots: Vec<Traded>,
}

impl<'a> Projection<'a> {
    /// A storage as it stands at the beginning of `first`, with nothing traded in this slot and those until `end`.
    pub(super) fn new(tradable: &'a TradableStorage, first: Slot, end: Time) -> Self {
        let count = ((end - first.start).0.max(0) as usize).div_ceil(first.length.0 as usize);
        Self { tradable, first, slots: vec![Traded::default(); count] }
    }

    fn index(&self, start: Time) -> Option<usize> {
        let index = usize::try_from((start - self.first.start).0.div_euclid(self.first.length.0)).ok()?;
        (index < self.slots.len()).then_some(index)
    }

    /// Counts what has been bought (positive) or sold for the slot at `start`.
    pub(super) fn count(&mut self, start: Time, net_kwh: f64) {
        if let Some(index) = self.index(start) {
            self.slots[index].net += net_kwh;
        }
    }

    /// Counts an order that is out: charging positive.
    pub(super) fn reserve(&mut self, start: Time, kwh: f64) {
        if let Some(index) = self.index(start) {
            let slot = &mut self.slots[index];
            *(if kwh > 0.0 { &mut slot.bids } else { &mut slot.offers }) += kwh.abs();
        }
    }

    /// What energy at the terminals does to what is stored.
    fn stored(&self, terminal_kwh: f64) -> f64 {
        let efficiency = self.tradable.terms.efficiency;
        if terminal_kwh > 0.0 { terminal_kwh * efficiency } else { terminal_kwh / efficiency }
    }

    /// The energy at the terminals that changes what is stored by so much.
    fn terminal(&self, stored_kwh: f64) -> f64 {
        let efficiency = self.tradable.terms.efficiency;
        if stored_kwh > 0.0 { stored_kwh / efficiency } else { stored_kwh * efficiency }
    }

    fn charge_limit_kwh(&self) -> f64 {
        self.tradable.storage.charge_limit_kw * self.first.length.hours()
    }

    fn discharge_limit_kwh(&self) -> f64 {
        self.tradable.storage.discharge_limit_kw * self.first.length.hours()
    }

    /// What is stored at the end of each slot, for one energy of each.
    fn path(&self, energy: impl Fn(Traded) -> f64) -> impl Iterator<Item = f64> {
        self.slots.iter().scan(self.tradable.storage.energy_kwh, move |stored, slot| {
            *stored += self.stored(energy(*slot));
            Some(*stored)
        })
    }

    /// What must be stored at the end of each slot for the departure alone: the target less what can still be charged in slots
    /// of which nothing is traded or on offer. Without a departure, nothing.
    fn departure_floors(&self) -> Vec<f64> {
        let mut floors = vec![f64::NEG_INFINITY; self.slots.len()];
        let Some(departure) = self.tradable.departure else { return floors };
        let full_kwh = self.stored(self.charge_limit_kwh());
        let end = |index: usize| self.first.start + self.first.length * (index as i64 + 1);
        // Slots beyond the projection are free.
        let last = end(self.slots.len().saturating_sub(1));
        let after = ((departure.ready - last).0.max(0) / self.first.length.0) as f64;
        let mut floor = departure.target_kwh - after * full_kwh;
        for index in (0..self.slots.len()).rev() {
            floors[index] = floor;
            let slot = self.slots[index];
            floor -= match slot.is_free() {
                true if end(index) <= departure.ready => full_kwh,
                true => 0.0,
                false => self.stored(slot.lowest()),
            };
        }
        floors
    }

    /// Stored energy that may still be given in the slot: all later slots keep the bounds even if nothing is charged back, and
    /// what a departure needs can be charged back in free ones.
    ///
    /// That this holds for the slot is enough for all orders placed before: on the low path no slot gains more than the floors
    /// of the departure suppose, so that earlier ones keep theirs, and those of later ones do not depend on this one.
    pub(super) fn room_below(&self, start: Time) -> f64 {
        let Some(index) = self.index(start) else { return 0.0 };
        let low: Vec<f64> = self.path(Traded::lowest).skip(index).collect();
        let lowest = low.iter().copied().fold(f64::INFINITY, f64::min);
        (lowest - self.tradable.storage.min_kwh).min(low[0] - self.departure_floors()[index]).max(0.0)
    }

    /// Stored energy that may still be added at the end of the slot and of all later ones.
    pub(super) fn room_above(&self, start: Time) -> f64 {
        let Some(index) = self.index(start) else { return 0.0 };
        let most_kwh = self.tradable.storage.max_kwh;
        self.path(Traded::highest).skip(index).map(|high| most_kwh - high).fold(f64::INFINITY, f64::min).max(0.0)
    }

    /// Most that can be offered for the slot, kWh at the terminals.
    pub(super) fn can_give(&self, start: Time) -> f64 {
        let Some(slot) = self.tradable_slot(start) else { return 0.0 };
        let lowest = slot.lowest();
        let by_store = lowest - self.terminal(self.stored(lowest) - self.room_below(start));
        by_store.min(lowest + self.discharge_limit_kwh()).max(0.0)
    }

    /// Most that can be bid for the slot, kWh at the terminals.
    pub(super) fn can_take(&self, start: Time) -> f64 {
        let Some(slot) = self.tradable_slot(start) else { return 0.0 };
        let highest = slot.highest();
        let by_store = self.terminal(self.stored(highest) + self.room_above(start)) - highest;
        by_store.min(self.charge_limit_kwh() - highest).max(0.0)
    }

    /// What must be bought for the slot lest the target be missed, kWh at the terminals, where `promised_kwh` are bought in
    /// slots before it.
    pub(super) fn must_take(&self, start: Time, promised_kwh: f64) -> f64 {
        let (Some(index), Some(_)) = (self.index(start), self.tradable.departure) else { return 0.0 };
        let low = self.path(Traded::lowest).nth(index).expect("the index is of a slot");
        let missing = self.departure_floors()[index] - low - self.stored(promised_kwh);
        self.terminal(missing.max(0.0)).min(self.can_take(start))
    }

    /// The slot, unless the vehicle has left before it ends.
    fn tradable_slot(&self, start: Time) -> Option<Traded> {
        let is_there = self.tradable.departure.is_none_or(|departure| start + self.first.length <= departure.leaves);
        self.index(start).filter(|_| is_there).map(|index| self.slots[index])
    }

    /// How full the storage is, as a share of its bounds, with `room` kWh left above.
    pub(super) fn share_below(&self, room: f64) -> f64 {
        let storage = &self.tradable.storage;
        let range = storage.max_kwh - storage.min_kwh;
        if range > 0.0 { ((range - room) / range).clamp(0.0, 1.0) } else { 1.0 }
    }

    /// Whether it is a vehicle that will leave.
    pub(super) fn has_departure(&self) -> bool {
        self.tradable.departure.is_some()
    }

    /// Into how many orders its bids and offers are divided.
    pub(super) fn steps(&self) -> u32 {
        self.tradable.terms.steps.max(1)
    }

    /// The change of what is stored by an order alone, positive: charging for `kwh` above zero.
    pub(super) fn layer(&self, kwh: f64) -> f64 {
        self.stored(kwh).abs()
    }
}

/// The slot that begins at `time` or has it in it.
pub(super) fn slot_at(time: Time, length: Span) -> Slot {
    Slot::containing(time, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ParticipantId;
    use crate::mail::StorageStatus;
    use crate::storage_trade::{Departure, StorageTerms};
    use proptest::prelude::*;

    const QUARTER: Span = Span::from_minutes(15);

    fn at(quarter: i64) -> Time {
        Time(0) + QUARTER * quarter
    }

    fn battery(energy_kwh: f64) -> TradableStorage {
        let (charge_limit_kw, discharge_limit_kw) = (40.0, 40.0);
        let storage = StorageStatus {
            energy_kwh,
            min_kwh: 10.0,
            max_kwh: 90.0,
            charge_limit_kw,
            discharge_limit_kw,
            power_kw: 0.0,
        };
        let terms = StorageTerms { efficiency: 0.8, ..StorageTerms::default() };
        TradableStorage { device: ParticipantId(1), storage, departure: None, terms }
    }

    fn projection(tradable: &TradableStorage, slots: i64) -> Projection<'_> {
        Projection::new(tradable, slot_at(at(0), QUARTER), at(slots))
    }

    #[test]
    fn what_was_sold_for_later_is_not_sold_again_before() {
        let battery = battery(20.0);
        let mut projection = projection(&battery, 8);
        assert_eq!(projection.can_give(at(1)), 8.0, "10 kWh above the floor");
        projection.count(at(6), -6.0);
        assert!((projection.can_give(at(1)) - 2.0).abs() < 1e-9);
        projection.reserve(at(4), -1.0);
        assert!((projection.can_give(at(7)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_vehicle_sells_only_what_it_can_charge_back_before_it_leaves_and_must_buy_in_time() {
        let departure = Departure { target_kwh: 60.0, ready: at(4), leaves: at(8) };
        let vehicle = TradableStorage { departure: Some(departure), ..battery(60.0) };
        let mut open = projection(&vehicle, 10);
        // Slots 2 and 3 can charge 16 kWh back; slot 1 may give 12.8 of them by energy, 10 by power.
        assert_eq!(open.can_give(at(1)), 10.0);
        assert_eq!((open.can_give(at(7)), open.can_give(at(8)), open.can_take(at(8))), (0.0, 0.0, 0.0));
        open.reserve(at(1), -10.0);
        assert!(open.can_give(at(2)) < 1e-9, "slot 3 alone can not bring back both");
        let empty = TradableStorage { departure: Some(departure), ..battery(40.0) };
        let must: Vec<f64> = (0..5).map(|quarter| projection(&empty, 8).must_take(at(quarter), 0.0)).collect();
        assert_eq!(must, [0.0, 5.0, 10.0, 10.0, 10.0], "24 kWh are still to be had after the first quarter hour");
    }

    proptest! {
        #[test]
        fn whatever_part_of_the_orders_is_filled_can_be_delivered(
            energy in 10.0..90.0_f64,
            asked in prop::collection::vec((1..24_i64, any::<bool>(), 0.0..1.0_f64, 0.0..1.0_f64), 1..60),
        ) {
            let battery = battery(energy);
            let mut filled = vec![0.0; 24];
            let mut orders = projection(&battery, 24);
            for (quarter, is_bid, share, part) in asked {
                let can = if is_bid { orders.can_take(at(quarter)) } else { -orders.can_give(at(quarter)) };
                orders.reserve(at(quarter), can * share);
                filled[quarter as usize] += can * share * part;
            }
            let mut stored = energy;
            for kwh in filled {
                prop_assert!(kwh.abs() <= 10.0 + 1e-9);
                stored += orders.stored(kwh);
                prop_assert!((10.0 - 1e-9..=90.0 + 1e-9).contains(&stored), "{stored}");
            }
        }
    }
}
