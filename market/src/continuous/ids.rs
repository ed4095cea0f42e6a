//! The ids that were ever used, as ranges: ids that count up take one range, however many they are.

use std::collections::BTreeMap;

use crate::OrderId;

/// A set of ids that only grows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct UsedIds {
    /// First and last id of each range. Ranges neither overlap nor touch.
    ranges: BTreeMap<u64, u64>,
}

impl UsedIds {
    /// Whether the id was used, in O(log r) for r ranges.
    pub(super) fn contains(&self, id: OrderId) -> bool {
        self.ranges.range(..=id.0).next_back().is_some_and(|(_, &last)| id.0 <= last)
    }

    /// Marks an id as used.
    pub(super) fn insert(&mut self, id: OrderId) {
        let OrderId(id) = id;
        let before = self.ranges.range_mut(..=id).next_back();
        if before.as_ref().is_some_and(|(_, last)| id <= **last) {
            return;
        }
        let joins_before = before.filter(|(_, last)| **last + 1 == id);
        let joins_after = id.checked_add(1);
        let first = match joins_before {
            Some((&first, last)) => {
                *last = id;
                first
            }
            None => {
                self.ranges.insert(id, id);
                id
            }
        };
        if let Some(last) = joins_after.and_then(|after| self.ranges.remove(&after)) {
            self.ranges.insert(first, last);
        }
    }

    /// The ranges, ascending, with both ends.
    pub(super) fn ranges(&self) -> impl Iterator<Item = (OrderId, OrderId)> + '_ {
        self.ranges.iter().map(|(&first, &last)| (OrderId(first), OrderId(last)))
    }

    /// Puts ranges that ascend and leave a gap between them together again.
    pub(super) fn from_ranges(ranges: &[(OrderId, OrderId)]) -> Option<UsedIds> {
        let is_range = ranges.iter().all(|(first, last)| first <= last);
        let ascend = ranges.windows(2).all(|pair| pair[0].1.0.checked_add(1).is_some_and(|next| next < pair[1].0.0));
        let ranges = ranges.iter().map(|&(OrderId(first), OrderId(last))| (first, last)).collect();
        (is_range && ascend).then_some(UsedIds { ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_in_any_sequence_melt_into_ranges() {
        let mut used = UsedIds::default();
        for id in [5, 3, 9, 4, 0, u64::MAX, u64::MAX - 1, 4] {
            used.insert(OrderId(id));
        }
        let ranges: Vec<_> = used.ranges().map(|(first, last)| (first.0, last.0)).collect();
        assert_eq!(ranges, [(0, 0), (3, 5), (9, 9), (u64::MAX - 1, u64::MAX)]);
        for (id, is_used) in [(0, true), (1, false), (4, true), (6, false), (u64::MAX, true)] {
            assert_eq!(used.contains(OrderId(id)), is_used, "{id}");
        }
        let ranges: Vec<_> = used.ranges().collect();
        assert_eq!(UsedIds::from_ranges(&ranges), Some(used));
    }

    #[test]
    fn ranges_that_touch_or_descend_are_no_set() {
        let ids = |ranges: &[(u64, u64)]| {
            let ranges: Vec<_> = ranges.iter().map(|&(first, last)| (OrderId(first), OrderId(last))).collect();
            UsedIds::from_ranges(&ranges)
        };
        assert!(ids(&[(1, 2), (4, 4)]).is_some());
        assert_eq!(ids(&[(1, 2), (3, 4)]), None);
        assert_eq!(ids(&[(5, 6), (1, 2)]), None);
        assert_eq!(ids(&[(2, 1)]), None);
    }
}
