//! What areas have sold and bought across their boundaries for slots still to be delivered.
//!
//! Several products deliver in one slot, so each clearing has the room that the others left: together they never take a
//! boundary beyond its limits. Energy sold outwards makes room for as much inwards, and the other way round.

use super::areas::{AreaFees, Areas};
use crate::time::{Slot, Span, Time};
use market::Energy;
use market::areas::{AreaId, AreaOutcome, Capacity};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Net exports by settlement slot and area with limits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Exchanged {
    by_slot: BTreeMap<Time, BTreeMap<AreaId, Energy>>,
}

/// What boundaries still carry in each settlement slot of a contract, by area.
pub(super) type Room = BTreeMap<AreaId, Capacity>;

impl Exchanged {
    /// Whether nothing is traded across boundaries with limits.
    pub(super) fn is_empty(&self) -> bool {
        self.by_slot.is_empty()
    }

    /// What is left for a contract: in each of its slots the least of all. Empty without limits.
    pub(super) fn room(&self, areas: Option<&Areas>, contract: Slot, slot: Span) -> Room {
        let Some(AreaFees::Limited { capacities, .. }) = areas.map(|areas| &areas.fees) else { return Room::new() };
        let booked = |area| {
            let in_slot = move |start| self.by_slot.get(&start).and_then(|nets| nets.get(&area)).copied();
            starts(contract, slot).map(move |start| in_slot(start).unwrap_or_default())
        };
        let left = |(&area, &Capacity { import, export }): (&AreaId, &Capacity)| {
            let (least, most) = (booked(area).min().unwrap_or_default(), booked(area).max().unwrap_or_default());
            (area, Capacity { import: import.map(|it| it + least), export: export.map(|it| it - most) })
        };
        capacities.iter().map(left).collect()
    }

    /// Counts what a clearing has come to, per settlement slot of its contract.
    pub(super) fn book(&mut self, room: &Room, contract: Slot, slot: Span, outcomes: &[AreaOutcome]) {
        for outcome in outcomes.iter().filter(|outcome| room.contains_key(&outcome.area)) {
            let net = outcome.sold - outcome.bought;
            for start in starts(contract, slot).filter(|_| net != Energy::ZERO) {
                *self.by_slot.entry(start).or_default().entry(outcome.area).or_default() += net;
            }
        }
    }

    /// Drops what is delivered by `now`.
    pub(super) fn drop_delivered(&mut self, now: Time, slot: Span) {
        self.by_slot.retain(|start, _| *start + slot > now);
    }
}

/// The beginnings of the settlement slots of a contract.
fn starts(contract: Slot, slot: Span) -> impl Iterator<Item = Time> {
    (0..contract.length.0 / slot.0).map(move |index| contract.start + slot * index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::areas::{Area, AreaTree, Fee, Subsidies};

    const QUARTER: Span = Span::from_minutes(15);
    const VILLAGE: AreaId = AreaId(1);

    /// A village that may send out 500 Wh in a slot, and take in 300.
    fn areas() -> Areas {
        let area = |id, parent| Area { id: AreaId(id), parent, fee: Fee::default() };
        let tree = AreaTree::new([area(0, None), area(1, Some(AreaId(0)))], Subsidies::Refused).expect("a tree");
        let limit = Capacity { import: Some(Energy(300)), export: Some(Energy(500)) };
        let fees = AreaFees::Limited { tree, capacities: BTreeMap::from([(VILLAGE, limit)]) };
        Areas { fees, home: BTreeMap::new(), elsewhere: AreaId(0) }
    }

    fn quarter(index: i64) -> Slot {
        Slot { start: Time(0) + QUARTER * index, length: QUARTER }
    }

    fn left(exchanged: &Exchanged, contract: Slot) -> [Option<i64>; 2] {
        let Capacity { import, export } = exchanged.room(Some(&areas()), contract, QUARTER)[&VILLAGE];
        [import, export].map(|limit| limit.map(|limit| limit.0))
    }

    fn traded(exchanged: &mut Exchanged, contract: Slot, sold: i64, bought: i64) {
        let room = exchanged.room(Some(&areas()), contract, QUARTER);
        let village = AreaOutcome { sold: Energy(sold), bought: Energy(bought), ..AreaOutcome::nothing(VILLAGE) };
        exchanged.book(&room, contract, QUARTER, &[AreaOutcome::nothing(AreaId(0)), village]);
    }

    #[test]
    fn what_one_product_has_taken_is_missing_in_the_slots_of_another() {
        let mut exchanged = Exchanged::default();
        let hour = Slot { start: Time(0), length: Span::HOUR };
        assert_eq!(left(&exchanged, hour), [Some(300), Some(500)]);
        traded(&mut exchanged, quarter(1), 450, 50);
        assert_eq!(left(&exchanged, quarter(1)), [Some(700), Some(100)], "exports make room for imports");
        assert_eq!(left(&exchanged, hour), [Some(300), Some(100)], "the least of all its slots");
        assert_eq!(left(&exchanged, quarter(2)), [Some(300), Some(500)]);
        traded(&mut exchanged, hour, 0, 200);
        assert_eq!(left(&exchanged, quarter(1)), [Some(500), Some(300)]);
        assert_eq!(left(&exchanged, hour), [Some(100), Some(300)]);
        traded(&mut exchanged, quarter(7), 10, 10);
        assert_eq!(exchanged.by_slot.len(), 4, "nothing crossed in the last");
    }

    #[test]
    fn what_is_delivered_is_dropped_and_the_rest_is_kept_and_read_back() {
        let mut exchanged = Exchanged::default();
        traded(&mut exchanged, Slot { start: Time(0), length: Span::HOUR }, 100, 0);
        exchanged.drop_delivered(quarter(2).start, QUARTER);
        assert_eq!(exchanged.by_slot.keys().copied().collect::<Vec<_>>(), [quarter(2).start, quarter(3).start]);
        let kept = serde_json::to_string(&exchanged).expect("it is plain");
        assert_eq!(serde_json::from_str::<Exchanged>(&kept).expect("it is what was written"), exchanged);
        exchanged.drop_delivered(quarter(4).start, QUARTER);
        assert!(exchanged.is_empty());
    }

    #[test]
    fn without_limits_there_is_nothing_to_keep() {
        assert_eq!(Exchanged::default().room(None, quarter(0), QUARTER), Room::new());
    }
}
