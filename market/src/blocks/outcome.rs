//! What coupling decides, and the one way to have it decide.

use serde::{Deserialize, Serialize};

use super::book::CoupledBook;
use super::problem::{Problem, UNIT};
use super::search::{Found, search};
use crate::{Energy, Money, OrderId, Price, Side};

/// What became of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Accepted in full.
    Accepted,
    /// Accepted in part.
    PartlyAccepted,
    /// Rejected, and at these prices it would not have gained.
    Rejected,
    /// Rejected although it would gain at these prices: with it the prices, or what others may do, would change.
    ParadoxicallyRejected,
}

/// The outcome for one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockAward {
    /// The block.
    pub block: OrderId,
    /// What became of it.
    pub verdict: Verdict,
    /// The ratio of acceptance, in per mille.
    pub permille: u16,
    /// Slot and energy traded, as in the profile; empty if rejected.
    pub filled: Vec<(usize, Energy)>,
    /// What the block pays, negative for what it receives.
    pub paid: Money,
    /// What it gains against its limit by what it trades; a parent's may be negative.
    pub surplus: Money,
}

/// What a simple order trades, at the price of its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fill {
    /// The order.
    pub order: OrderId,
    /// Buy or sell.
    pub side: Side,
    /// Positive.
    pub quantity: Energy,
}

/// How sure it is that nothing better exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Welfare is the highest possible and ties are broken as the module says.
    Optimal,
    /// Welfare and the energy of the accepted blocks are the highest possible; another outcome may be as good and stand
    /// before this one in the tie-break by place. The search ended at its limit of nodes.
    OptimalUpToTies,
    /// The search ended at its limit, or could not settle whether prices exist for an outcome.
    Bounded {
        /// No outcome has more welfare.
        welfare_at_most: Money,
    },
}

/// The outcome for a coupled book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupling {
    /// One price for each slot, also where nothing trades. Half-way between the prices at which the simple orders would
    /// do the same, toward zero, if no accepted block then loses; else a price near it.
    pub prices: Vec<Price>,
    /// Energy bought in each slot, which is the energy sold.
    pub volumes: Vec<Energy>,
    /// The simple orders that trade in each slot, bids first, in merit order.
    pub fills: Vec<Vec<Fill>>,
    /// One award for each block, in the order given.
    pub blocks: Vec<BlockAward>,
    /// What buyers would have paid at most minus what sellers would have taken at least.
    pub welfare: Money,
    /// How sure it is that nothing better exists.
    pub proof: Proof,
    /// How many nodes the search looked at.
    pub nodes: u64,
}

impl Coupling {
    /// How much welfare may be missing.
    pub fn gap(&self) -> Money {
        match self.proof {
            Proof::Bounded { welfare_at_most } => welfare_at_most - self.welfare,
            Proof::Optimal | Proof::OptimalUpToTies => Money::ZERO,
        }
    }
}

/// Clears a coupled book by the rules of the module and checks the result, in release builds too.
///
/// The search ends after `node_limit` nodes. In the benchmark `blocks`, days of quarter hours with 20 to 40 blocks were
/// proven within some hundred nodes (one of ten needed 3,600), most with 80 too; with 200 the best outcome found within
/// ten thousand was 0.005 to 0.03 % below the bound. The best outcome until then is returned
/// with a [`Proof`] that says so. It keeps every rule but that of highest welfare.
///
/// # Panics
/// If the outcome breaks a rule. No order can cause that; it is a bug.
pub fn couple(book: &CoupledBook, node_limit: u64) -> Coupling {
    let found = search(&book.problem, node_limit);
    let coupling = report(book, &found);
    if let Err(broken) = coupling.check(book) {
        panic!("blocks were coupled against the rules: {broken}");
    }
    coupling
}

fn report(book: &CoupledBook, found: &Found) -> Coupling {
    let Problem { curves, blocks, .. } = &book.problem;
    let injected = book.problem.injections(&found.lots);
    let mut fills = Vec::with_capacity(curves.len());
    let mut volumes = Vec::with_capacity(curves.len());
    let mut welfare = 0;
    for ((curve, slot), &injected) in curves.iter().zip(&book.slots).zip(&injected) {
        let of_slot = slot.all().iter().zip(curve.fills(slot, injected));
        let fill = |(order, quantity): (&crate::Order, Energy)| Fill { order: order.id, side: order.side, quantity };
        let of_slot: Vec<Fill> = of_slot.map(fill).filter(|fill| fill.quantity > Energy::ZERO).collect();
        volumes.push(of_slot.iter().filter(|fill| fill.side == Side::Bid).map(|fill| fill.quantity).sum::<Energy>());
        fills.push(of_slot);
        welfare += curve.welfare(injected);
    }
    for (block, &lots) in blocks.iter().zip(&found.lots) {
        welfare += block.worth * i128::from(lots);
        for &(slot, wh) in block.profile.iter().filter(|&&(_, wh)| wh < 0) {
            volumes[slot] += Energy(-wh * lots);
        }
    }
    let awards = (0..blocks.len()).map(|index| award(book, found, index)).collect();
    let proof = if found.bound > found.value {
        Proof::Bounded { welfare_at_most: Money(found.bound.div_euclid(UNIT)) }
    } else if found.is_first_of_ties {
        Proof::Optimal
    } else {
        Proof::OptimalUpToTies
    };
    let prices = found.prices.iter().map(|&price| Price(price)).collect();
    Coupling { prices, volumes, fills, blocks: awards, welfare: Money(welfare), proof, nodes: found.nodes }
}

fn award(book: &CoupledBook, found: &Found, index: usize) -> BlockAward {
    let (order, block, lots) = (&book.blocks[index], &book.problem.blocks[index], found.lots[index]);
    let gain = block.surplus(&found.prices);
    let verdict = if lots == block.lots {
        Verdict::Accepted
    } else if lots > 0 {
        Verdict::PartlyAccepted
    } else if gain > 0 {
        Verdict::ParadoxicallyRejected
    } else {
        Verdict::Rejected
    };
    let traded = block.profile.iter().filter(|_| lots > 0).map(|&(slot, wh)| (slot, wh * lots));
    let received = |(slot, wh): (usize, i64)| Energy(wh) * Price(found.prices[slot]);
    BlockAward {
        block: order.id,
        verdict,
        permille: u16::try_from(lots * block.permille()).expect("a ratio is 1000 per mille at most"),
        filled: traded.clone().map(|(slot, wh)| (slot, Energy(wh.abs()))).collect(),
        paid: -traded.map(received).sum::<Money>(),
        surplus: Money(gain * i128::from(lots)),
    }
}
