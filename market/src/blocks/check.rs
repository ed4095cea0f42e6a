//! The rules of coupling, checked on every outcome in every build, from the orders as they came in.

use std::collections::BTreeMap;

use thiserror::Error;

use super::book::CoupledBook;
use super::order::{BlockOrder, GroupId};
use super::outcome::{BlockAward, Coupling, Fill};
use crate::{Book, Energy, Money, Order, OrderId, Price, Side};

/// A rule that an outcome breaks: a defect in the code, never in the orders.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the numbers in the message of each case")]
pub enum CouplingBroken {
    /// The outcome is not for the slots and blocks of the book.
    #[error("the outcome has {slots} slots and {blocks} blocks, which are not those of the book")]
    Shape { slots: usize, blocks: usize },
    /// Energy from nowhere.
    #[error("in slot {slot} {bought} are bought and {sold} sold, and the volume is {volume}")]
    Unbalanced { slot: usize, bought: Energy, sold: Energy, volume: Energy },
    /// A fill that is not of the book, or larger than its order, or of nothing.
    #[error("in slot {slot} order {order} trades {quantity}, which the book does not allow")]
    BadFill { slot: usize, order: OrderId, quantity: Energy },
    /// An order that is not treated by the price.
    #[error("in slot {slot} the {side} {order} with limit {limit} trades {traded} of {quantity} at {price}")]
    NotByPrice { slot: usize, side: Side, order: OrderId, limit: Price, traded: Energy, quantity: Energy, price: Price },
    /// A price outside of the market's range.
    #[error("slot {slot} has the price {price}, outside the range of the market")]
    PriceOutOfRange { slot: usize, price: Price },
    /// A ratio that its block or its parents do not allow, or that does not fit its energies or payments.
    #[error("block {block} is accepted at {permille} per mille, which its profile, minimum or parents do not allow")]
    BadRatio { block: OrderId, permille: u16 },
    /// More than one of an exclusive group.
    #[error("the ratios of group {} add up to {permille} per mille", group.0)]
    GroupExceeded { group: GroupId, permille: u32 },
    /// A block that loses money.
    #[error("block {block}, with its descendants, loses {loss}")]
    BlockLoses { block: OrderId, loss: Money },
    /// Welfare that is not what the orders say.
    #[error("the outcome reports a welfare of {reported}; its orders add up to {found}")]
    WelfareMismatch { reported: Money, found: Money },
    /// Payments that do not add up.
    #[error("buyers and sellers together are left with {left}; what the ones pay the others receive")]
    MoneyCreated { left: Money },
}

impl Coupling {
    /// Checks everything but that welfare is the highest, in O(n log n) plus the number of pairs of block and descendant.
    ///
    /// # Errors
    /// The first rule found broken.
    pub fn check(&self, book: &CoupledBook) -> Result<(), CouplingBroken> {
        let (slots, blocks) = (self.prices.len(), self.blocks.len());
        let is_of_book = slots == book.slots.len() && blocks == book.blocks.len();
        if !is_of_book || self.fills.len() != slots || self.volumes.len() != slots {
            return Err(CouplingBroken::Shape { slots, blocks });
        }
        let mut totals =
            Totals { bought: vec![Energy::ZERO; slots], sold: vec![Energy::ZERO; slots], ..Totals::default() };
        for (slot, orders) in book.slots.iter().enumerate() {
            self.check_slot(book, slot, orders, &mut totals)?;
        }
        for (order, award) in book.blocks.iter().zip(&self.blocks) {
            self.check_award(order, award, &mut totals)?;
        }
        self.check_balance(&totals)?;
        self.check_links(book)?;
        self.check_losses(book)
    }

    fn check_slot(
        &self,
        book: &CoupledBook,
        slot: usize,
        orders: &Book,
        totals: &mut Totals,
    ) -> Result<(), CouplingBroken> {
        let price = self.prices[slot];
        if !(book.prices.lowest..=book.prices.highest).contains(&price) {
            return Err(CouplingBroken::PriceOutOfRange { slot, price });
        }
        let mut traded = vec![Energy::ZERO; orders.len()];
        for &Fill { order, side, quantity } in &self.fills[slot] {
            let bad = CouplingBroken::BadFill { slot, order, quantity };
            let index = orders.index_of(order).ok_or(bad.clone())?;
            let simple = &orders.all()[index];
            let is_first = traded[index] == Energy::ZERO;
            if simple.side != side || !is_first || quantity <= Energy::ZERO || quantity > simple.quantity {
                return Err(bad);
            }
            traded[index] = quantity;
            totals.add(slot, side, quantity, simple.limit, price);
        }
        for (&Order { id: order, side, limit, quantity, .. }, traded) in orders.all().iter().zip(traded) {
            let gains = if side == Side::Bid { limit.cmp(&price) } else { price.cmp(&limit) };
            let is_by_price = match gains {
                std::cmp::Ordering::Greater => traded == quantity,
                std::cmp::Ordering::Equal => true,
                std::cmp::Ordering::Less => traded == Energy::ZERO,
            };
            if !is_by_price {
                return Err(CouplingBroken::NotByPrice { slot, side, order, limit, traded, quantity, price });
            }
        }
        Ok(())
    }

    fn check_award(&self, order: &BlockOrder, award: &BlockAward, totals: &mut Totals) -> Result<(), CouplingBroken> {
        let BlockAward { block, permille, .. } = *award;
        let bad = CouplingBroken::BadRatio { block, permille };
        let share = |energy: Energy| i128::from(energy.0) * i128::from(permille);
        let is_whole = order.profile.iter().all(|&(_, energy)| share(energy) % 1000 == 0);
        let is_enough = permille == 0 || (order.minimum_permille..=1000).contains(&permille);
        let profile = if permille == 0 { &[] } else { order.profile.as_slice() };
        let is_share = award.filled.len() == profile.len()
            && award
                .filled
                .iter()
                .zip(profile)
                .all(|(filled, full)| filled.0 == full.0 && i128::from(filled.1.0) * 1000 == share(full.1));
        if order.id != block || !is_whole || !is_enough || !is_share {
            return Err(bad);
        }
        let (mut paid, mut gained) = (Money::ZERO, Money::ZERO);
        for &(slot, energy) in &award.filled {
            let price = self.prices[slot];
            totals.add(slot, order.side, energy, order.limit, price);
            let (at_price, at_limit) = (energy * price, energy * order.limit);
            match order.side {
                Side::Bid => (paid, gained) = (paid + at_price, gained + at_limit - at_price),
                Side::Offer => (paid, gained) = (paid - at_price, gained + at_price - at_limit),
            }
        }
        if award.paid == paid && award.surplus == gained { Ok(()) } else { Err(bad) }
    }

    fn check_balance(&self, totals: &Totals) -> Result<(), CouplingBroken> {
        for (slot, &volume) in self.volumes.iter().enumerate() {
            let (bought, sold) = (totals.bought[slot], totals.sold[slot]);
            if bought != sold || bought != volume {
                return Err(CouplingBroken::Unbalanced { slot, bought, sold, volume });
            }
        }
        if totals.welfare != self.welfare {
            return Err(CouplingBroken::WelfareMismatch { reported: self.welfare, found: totals.welfare });
        }
        match totals.paid {
            Money::ZERO => Ok(()),
            left => Err(CouplingBroken::MoneyCreated { left }),
        }
    }

    fn check_links(&self, book: &CoupledBook) -> Result<(), CouplingBroken> {
        let permille: BTreeMap<OrderId, u16> = self.blocks.iter().map(|award| (award.block, award.permille)).collect();
        let mut groups: BTreeMap<GroupId, u32> = BTreeMap::new();
        for order in &book.blocks {
            let (block, ratio) = (order.id, permille[&order.id]);
            if order.parents.iter().any(|parent| permille[parent] < ratio) {
                return Err(CouplingBroken::BadRatio { block, permille: ratio });
            }
            if let Some(group) = order.group {
                *groups.entry(group).or_default() += u32::from(ratio);
            }
        }
        match groups.into_iter().find(|&(_, permille)| permille > 1000) {
            Some((group, permille)) => Err(CouplingBroken::GroupExceeded { group, permille }),
            None => Ok(()),
        }
    }

    /// Each accepted block with all its descendants: found here by walking down the links, once per block.
    fn check_losses(&self, book: &CoupledBook) -> Result<(), CouplingBroken> {
        let index: BTreeMap<OrderId, usize> =
            book.blocks.iter().zip(0..).map(|(order, index)| (order.id, index)).collect();
        let mut children = vec![Vec::new(); book.blocks.len()];
        for (child, order) in book.blocks.iter().enumerate() {
            order.parents.iter().for_each(|parent| children[index[parent]].push(child));
        }
        for (root, award) in self.blocks.iter().enumerate().filter(|(_, award)| award.permille > 0) {
            let (mut is_counted, mut to_visit, mut surplus) = (vec![false; children.len()], vec![root], Money::ZERO);
            while let Some(member) = to_visit.pop() {
                if !std::mem::replace(&mut is_counted[member], true) {
                    surplus += self.blocks[member].surplus;
                    to_visit.extend(&children[member]);
                }
            }
            if surplus < Money::ZERO {
                return Err(CouplingBroken::BlockLoses { block: award.block, loss: -surplus });
            }
        }
        Ok(())
    }
}

/// Sums over the orders that trade.
#[derive(Default)]
struct Totals {
    bought: Vec<Energy>,
    sold: Vec<Energy>,
    welfare: Money,
    paid: Money,
}

impl Totals {
    fn add(&mut self, slot: usize, side: Side, quantity: Energy, limit: Price, price: Price) {
        match side {
            Side::Bid => {
                self.bought[slot] += quantity;
                self.welfare += quantity * limit;
                self.paid += quantity * price;
            }
            Side::Offer => {
                self.sold[slot] += quantity;
                self.welfare -= quantity * limit;
                self.paid -= quantity * price;
            }
        }
    }
}
