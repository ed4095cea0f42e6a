//! The coupled book: simple orders per slot and blocks over them, checked on the way in.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::order::{BlockOrder, GroupId};
use super::problem::Problem;
use crate::{Book, Energy, OrderId, Price};

/// The prices that may come out, both ends included: the harmonised limits of the market.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceRange {
    /// The lowest price.
    pub lowest: Price,
    /// The highest price.
    pub highest: Price,
}

/// No price may be further from zero: 2³⁶ µ€/kWh, about 69 million euro per MWh.
pub(super) const PRICE_BOUND: i64 = 1 << 36;
/// All orders together may not be for more: 2⁴² Wh, about 4.4 TWh. With [`PRICE_BOUND`] this keeps the search within
/// 128 bits.
pub(super) const ENERGY_BOUND_WH: i64 = 1 << 42;

/// Simple orders for each slot, and blocks over the slots.
#[derive(Debug, Clone)]
pub struct CoupledBook {
    pub(super) slots: Vec<Book>,
    pub(super) blocks: Vec<BlockOrder>,
    pub(super) prices: PriceRange,
    pub(super) problem: Problem,
}

/// Why orders are no coupled book.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the numbers in the message of each case")]
pub enum CoupledBookError {
    /// A range of prices that holds none, or goes too far.
    #[error("prices from {lowest} to {highest}: give the lowest first, neither beyond ±{PRICE_BOUND} µ€/kWh")]
    BadPriceRange { lowest: Price, highest: Price },
    /// A limit at which no trade could be made.
    #[error("order {order} has the limit {limit}, outside the prices of this market, {lowest} to {highest}")]
    LimitOutOfRange { order: OrderId, limit: Price, lowest: Price, highest: Price },
    /// An id used by two orders.
    #[error("order id {order} is used twice; every order of a coupled book, simple or block, needs an id of its own")]
    DuplicateOrder { order: OrderId },
    /// A block of nothing.
    #[error("block {block} has an empty profile; give at least one slot, or leave the block out")]
    EmptyProfile { block: OrderId },
    /// A slot that the book does not have.
    #[error("block {block} is for slot {slot}, but the book has {slots} slots, counted from 0")]
    SlotOutOfRange { block: OrderId, slot: usize, slots: usize },
    /// One slot twice in a profile.
    #[error("block {block} names slot {slot} twice; add the two energies up")]
    SlotTwice { block: OrderId, slot: usize },
    /// Nothing, or the other side, in one slot.
    #[error(
        "block {block} is for {energy} in slot {slot}; energies are positive on both sides, so leave the slot out or make a block of the other side"
    )]
    EnergyNotPositive { block: OrderId, slot: usize, energy: Energy },
    /// A minimum that is no ratio.
    #[error("block {block} has a minimum acceptance of {permille} per mille; it lies between 1 and 1000")]
    BadMinimum { block: OrderId, permille: u16 },
    /// A parent that is no block of the book.
    #[error("block {block} names the parent {parent}, which is no block of this book")]
    UnknownParent { block: OrderId, parent: OrderId },
    /// Blocks that descend from themselves.
    #[error("block {block} descends from itself; remove a parent from the cycle")]
    Cycle { block: OrderId },
    /// More energy than the search can add up.
    #[error(
        "up to order {order} the orders add up to more than {ENERGY_BOUND_WH} Wh; give energies in Wh, or split the book"
    )]
    TotalTooLarge { order: OrderId },
}

impl CoupledBook {
    /// Checks the blocks against the slots, in O(n log n) plus the number of pairs of block and descendant.
    ///
    /// # Errors
    /// The first order at fault, with the way out; the whole set is then refused.
    pub fn new(slots: Vec<Book>, blocks: Vec<BlockOrder>, prices: PriceRange) -> Result<CoupledBook, CoupledBookError> {
        let PriceRange { lowest, highest } = prices;
        if lowest > highest || lowest.0 < -PRICE_BOUND || highest.0 > PRICE_BOUND {
            return Err(CoupledBookError::BadPriceRange { lowest, highest });
        }
        refuse_limits_and_ids(&slots, &blocks, prices)?;
        for block in &blocks {
            refuse_bad_profile(block, slots.len())?;
        }
        refuse_too_much(&slots, &blocks)?;
        let parents = parent_indices(&blocks)?;
        let sequence = parents_first(&blocks, &parents)?;
        let problem = Problem::new(&slots, &blocks, &parents, &sequence, &members(&blocks), prices);
        Ok(CoupledBook { slots, blocks, prices, problem })
    }

    /// The simple orders of each slot.
    pub fn slots(&self) -> &[Book] {
        &self.slots
    }

    /// The blocks, in the order given.
    pub fn blocks(&self) -> &[BlockOrder] {
        &self.blocks
    }

    /// The prices that may come out.
    pub fn prices(&self) -> PriceRange {
        self.prices
    }
}

fn refuse_limits_and_ids(slots: &[Book], blocks: &[BlockOrder], prices: PriceRange) -> Result<(), CoupledBookError> {
    let PriceRange { lowest, highest } = prices;
    let simple = slots.iter().flat_map(Book::all).map(|order| (order.id, order.limit));
    let mut seen = BTreeSet::new();
    for (order, limit) in simple.chain(blocks.iter().map(|block| (block.id, block.limit))) {
        if !(lowest..=highest).contains(&limit) {
            return Err(CoupledBookError::LimitOutOfRange { order, limit, lowest, highest });
        }
        if !seen.insert(order) {
            return Err(CoupledBookError::DuplicateOrder { order });
        }
    }
    Ok(())
}

fn refuse_bad_profile(block: &BlockOrder, slots: usize) -> Result<(), CoupledBookError> {
    let &BlockOrder { id, minimum_permille: permille, .. } = block;
    if block.profile.is_empty() {
        return Err(CoupledBookError::EmptyProfile { block: id });
    }
    if !(1..=1000).contains(&permille) {
        return Err(CoupledBookError::BadMinimum { block: id, permille });
    }
    let mut seen = BTreeSet::new();
    for &(slot, energy) in &block.profile {
        if slot >= slots {
            return Err(CoupledBookError::SlotOutOfRange { block: id, slot, slots });
        }
        if energy <= Energy::ZERO {
            return Err(CoupledBookError::EnergyNotPositive { block: id, slot, energy });
        }
        if !seen.insert(slot) {
            return Err(CoupledBookError::SlotTwice { block: id, slot });
        }
    }
    Ok(())
}

fn refuse_too_much(slots: &[Book], blocks: &[BlockOrder]) -> Result<(), CoupledBookError> {
    let simple = slots.iter().flat_map(Book::all).map(|order| (order.id, order.quantity));
    let of_blocks = blocks.iter().flat_map(|block| block.profile.iter().map(|&(_, energy)| (block.id, energy)));
    let mut total = 0_i64;
    for (order, energy) in simple.chain(of_blocks) {
        total = total.saturating_add(energy.0);
        if total > ENERGY_BOUND_WH {
            return Err(CoupledBookError::TotalTooLarge { order });
        }
    }
    Ok(())
}

fn parent_indices(blocks: &[BlockOrder]) -> Result<Vec<Vec<usize>>, CoupledBookError> {
    let index_by_id: BTreeMap<_, _> = blocks.iter().enumerate().map(|(index, block)| (block.id, index)).collect();
    let find = |block: OrderId, parent: &OrderId| {
        let unknown = CoupledBookError::UnknownParent { block, parent: *parent };
        index_by_id.get(parent).copied().ok_or(unknown)
    };
    blocks.iter().map(|block| block.parents.iter().map(|parent| find(block.id, parent)).collect()).collect()
}

/// The blocks in a sequence in which each comes after its parents (Kahn 1962).
fn parents_first(blocks: &[BlockOrder], parents: &[Vec<usize>]) -> Result<Vec<usize>, CoupledBookError> {
    let mut children = vec![Vec::new(); blocks.len()];
    for (child, parents) in parents.iter().enumerate() {
        parents.iter().for_each(|&parent| children[parent].push(child));
    }
    let mut waits_for: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut sequence: Vec<usize> = (0..blocks.len()).filter(|&block| waits_for[block] == 0).collect();
    let mut done = 0;
    while let Some(&block) = sequence.get(done) {
        done += 1;
        for &child in &children[block] {
            waits_for[child] -= 1;
            if waits_for[child] == 0 {
                sequence.push(child);
            }
        }
    }
    // What waits is in a cycle or below one; going up from there ends in the cycle.
    let Some(mut block) = waits_for.iter().position(|&parents| parents > 0) else { return Ok(sequence) };
    for _ in 0..blocks.len() {
        let waiting = parents[block].iter().find(|&&parent| waits_for[parent] > 0);
        block = *waiting.expect("a block that waits has a parent that waits");
    }
    Err(CoupledBookError::Cycle { block: blocks[block].id })
}

/// The members of each exclusive group, by index.
fn members(blocks: &[BlockOrder]) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<GroupId, Vec<usize>> = BTreeMap::new();
    for (index, block) in blocks.iter().enumerate() {
        if let Some(group) = block.group {
            groups.entry(group).or_default().push(index);
        }
    }
    groups.into_values().collect()
}
