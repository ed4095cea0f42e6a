//! A coupled book as the search sees it: blocks in lots, links and groups by index, and what follows from bounds.

use super::book::PriceRange;
use super::curve::Curve;
use super::order::BlockOrder;
use crate::{Book, Side};

/// One unit of welfare (n€) in the objective of the search. The energy of accepted blocks, in Wh, is added below it to
/// break ties; it never reaches a unit, see `ENERGY_BOUND_WH`.
pub(super) const UNIT: i128 = 1 << 43;

/// A block, in lots: the smallest parts of equal ratio in which every slot is a whole number of Wh.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// Slot, and Wh injected by one lot: negative for a bid.
    pub(super) profile: Vec<(usize, i64)>,
    /// How many lots the whole block is; a divisor of 1000.
    pub(super) lots: i64,
    /// The least number of lots other than none.
    pub(super) minimum: i64,
    /// Worth of one lot without payments, in n€: what a bid would pay, minus what an offer would take.
    pub(super) worth: i128,
    /// Wh of one lot over all slots.
    pub(super) energy_wh: i64,
    pub(super) parents: Vec<usize>,
    /// All blocks below this one and itself, ascending.
    pub(super) family: Vec<usize>,
    pub(super) group: Option<usize>,
}

impl Block {
    /// Per mille of the block in one lot.
    pub(super) fn permille(&self) -> i64 {
        1000 / self.lots
    }

    /// What one lot gains at these prices, in n€.
    pub(super) fn surplus(&self, prices: &[i64]) -> i128 {
        self.worth + self.profile.iter().map(|&(slot, wh)| i128::from(wh) * i128::from(prices[slot])).sum::<i128>()
    }

    /// What one lot gains when each slot has the better of two prices.
    pub(super) fn best_surplus(&self, ranges: &[(i64, i64)]) -> i128 {
        let best = |&(slot, wh): &(usize, i64)| {
            let (lowest, highest) = ranges[slot];
            i128::from(wh) * i128::from(if wh > 0 { highest } else { lowest })
        };
        self.worth + self.profile.iter().map(best).sum::<i128>()
    }
}

/// How many lots of a block may be accepted: from the first to the second; where the first is zero, also none, and
/// otherwise not less than the minimum.
pub(super) type Domain = (i64, i64);

/// What the search works on.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) curves: Vec<Curve>,
    pub(super) blocks: Vec<Block>,
    pub(super) groups: Vec<Vec<usize>>,
    pub(super) range: PriceRange,
}

impl Problem {
    /// `sequence` holds every block after its parents.
    pub(super) fn new(
        slots: &[Book],
        orders: &[BlockOrder],
        parents: &[Vec<usize>],
        sequence: &[usize],
        groups: &[Vec<usize>],
        range: PriceRange,
    ) -> Problem {
        let mut blocks: Vec<Block> = orders.iter().zip(parents).map(|(order, parents)| block(order, parents)).collect();
        for &child in sequence.iter().rev() {
            let mut family = std::mem::take(&mut blocks[child].family);
            family.push(child);
            family.sort_unstable();
            family.dedup();
            for parent in blocks[child].parents.clone() {
                blocks[parent].family.extend(&family);
            }
            blocks[child].family = family;
        }
        for (group, members) in groups.iter().enumerate() {
            members.iter().for_each(|&member| blocks[member].group = Some(group));
        }
        let curves = slots.iter().map(|book| Curve::new(book, range)).collect();
        Problem { curves, blocks, groups: groups.to_vec(), range }
    }

    /// All blocks open.
    pub(super) fn open(&self) -> Vec<Domain> {
        self.blocks.iter().map(|block| (0, block.lots)).collect()
    }

    /// What blocks inject in each slot.
    pub(super) fn injections(&self, lots: &[i64]) -> Vec<i64> {
        let mut injected = vec![0; self.curves.len()];
        for (block, &lots) in self.blocks.iter().zip(lots) {
            block.profile.iter().for_each(|&(slot, wh)| injected[slot] += wh * lots);
        }
        injected
    }

    /// The objective for so many lots of each block, without a look at prices; `None` where a slot can not be balanced.
    pub(super) fn value(&self, lots: &[i64]) -> Option<i128> {
        let mut value = 0;
        for (curve, injected) in self.curves.iter().zip(self.injections(lots)) {
            let (least, most) = curve.injection_bounds();
            if !(least..=most).contains(&injected) {
                return None;
            }
            value += curve.welfare(injected) * UNIT;
        }
        let of_blocks = self.blocks.iter().zip(lots);
        Some(value + of_blocks.map(|(block, &lots)| objective(block, block.worth) * i128::from(lots)).sum::<i128>())
    }

    /// Narrows the domains to what links, groups, minima and the hope of a price leave. `false` where nothing is left.
    pub(super) fn narrow(&self, domains: &mut [Domain]) -> bool {
        loop {
            let before = domains.to_vec();
            let is_possible = self.narrow_links(domains)
                && self.narrow_groups(domains)
                && self.narrow_minima(domains)
                && self.narrow_losers(domains);
            if !is_possible {
                return false;
            }
            if before == domains {
                return true;
            }
        }
    }

    fn narrow_links(&self, domains: &mut [Domain]) -> bool {
        for (index, child) in self.blocks.iter().enumerate() {
            for &parent in &child.parents {
                let of_parent = self.blocks[parent].permille();
                let (child_from, child_to) = domains[index];
                let (from, to) = domains[parent];
                domains[parent].0 = from.max((child_from * child.permille() + of_parent - 1) / of_parent);
                domains[index].1 = child_to.min(to * of_parent / child.permille());
            }
        }
        domains.iter().all(|(from, to)| from <= to)
    }

    fn narrow_groups(&self, domains: &mut [Domain]) -> bool {
        for group in &self.groups {
            let taken: i64 = group.iter().map(|&member| domains[member].0 * self.blocks[member].permille()).sum();
            for &member in group {
                let permille = self.blocks[member].permille();
                let (from, to) = domains[member];
                let left = 1000 - taken + from * permille;
                if left < from * permille {
                    return false;
                }
                domains[member].1 = to.min(left / permille);
            }
        }
        true
    }

    fn narrow_minima(&self, domains: &mut [Domain]) -> bool {
        for (block, (from, to)) in self.blocks.iter().zip(domains.iter_mut()) {
            if *from > 0 {
                *from = block.minimum.max(*from);
            } else if *to < block.minimum {
                *to = 0;
            }
        }
        domains.iter().all(|(from, to)| from <= to)
    }

    /// The prices that may still come out, slot by slot; `None` where no slot can be balanced any more.
    fn price_ranges(&self, domains: &[Domain]) -> Option<Vec<(i64, i64)>> {
        let mut injected = vec![(0_i64, 0_i64); self.curves.len()];
        for (block, &(from, to)) in self.blocks.iter().zip(domains) {
            for &(slot, wh) in &block.profile {
                let (least, most) = if wh > 0 { (wh * from, wh * to) } else { (wh * to, wh * from) };
                injected[slot].0 += least;
                injected[slot].1 += most;
            }
        }
        let range = |(curve, (least, most)): (&Curve, (i64, i64))| {
            let bounds = curve.injection_bounds();
            let (least, most) = (least.max(bounds.0), most.min(bounds.1));
            (least <= most).then(|| (curve.prices(most).0, curve.prices(least).1))
        };
        self.curves.iter().zip(injected).map(range).collect()
    }

    /// Rejects blocks that lose at any price that may still come out, even with all the help of their descendants.
    fn narrow_losers(&self, domains: &mut [Domain]) -> bool {
        let Some(ranges) = self.price_ranges(domains) else { return false };
        let best: Vec<i128> = self.blocks.iter().map(|block| block.best_surplus(&ranges)).collect();
        for index in 0..self.blocks.len() {
            if domains[index].1 == 0 {
                continue;
            }
            let gain = |&member: &usize| {
                let (from, to) = domains[member];
                let from = if member == index { from.max(self.blocks[index].minimum) } else { from };
                best[member] * i128::from(if best[member] > 0 { to } else { from })
            };
            if self.blocks[index].family.iter().map(gain).sum::<i128>() < 0 {
                domains[index].1 = 0;
                if domains[index].0 > 0 {
                    return false;
                }
            }
        }
        true
    }
}

/// What one lot adds to the objective when it gains so much.
pub(super) fn objective(block: &Block, gain: i128) -> i128 {
    gain * UNIT + i128::from(block.energy_wh)
}

fn block(order: &BlockOrder, parents: &[usize]) -> Block {
    let lots = order.profile.iter().fold(1000, |lots, &(_, energy)| greatest_common_divisor(lots, energy.0));
    let sign = if order.side == Side::Offer { 1 } else { -1 };
    let energy_wh = order.profile.iter().map(|&(_, energy)| energy.0 / lots).sum();
    Block {
        profile: order.profile.iter().map(|&(slot, energy)| (slot, sign * (energy.0 / lots))).collect(),
        lots,
        minimum: (i64::from(order.minimum_permille) * lots + 999) / 1000,
        worth: -i128::from(sign) * i128::from(order.limit.0) * i128::from(energy_wh),
        energy_wh,
        parents: parents.to_vec(),
        family: Vec::new(),
        group: None,
    }
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
