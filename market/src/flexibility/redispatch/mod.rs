//! Redispatch: the least-cost change of schedules that brings every branch of the grid back under its limit.
//!
//! Bids up (more generation, less consumption) and down are moved so that their sum stays zero; the flows follow from a
//! linear network model. What counts, in this order: the overload left, added up over branches, and the cost at the
//! prices bid. A linear program decides and is then rounded to watts: the balance holds exactly, and so do the limits,
//! within which the program stays by a watt per bid where plain rounding would break one. Where no change removes all
//! overloads, what remains is reported, not an error.

mod network;
mod program;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use network::{Branch, BranchId, Network, NodeId, RadialBranch};

use super::POWER_LIMIT;
use crate::optimise::OptimiseError;
use crate::reserve::{Direction, Power};
use crate::time::Span;
use crate::{AgentId, Money, OrderId, Price};

/// What is planned at a node before redispatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Where.
    pub node: NodeId,
    /// Consumption positive, production negative.
    pub power: Power,
}

/// A change that a participant offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedispatchBid {
    /// Unique.
    pub id: OrderId,
    /// Who is paid.
    pub participant: AgentId,
    /// Where.
    pub node: NodeId,
    /// Up: more generation or less consumption.
    pub direction: Direction,
    /// Most watts of change; positive.
    pub quantity: Power,
    /// Up: what the participant is paid per kilowatt-hour. Down: what it pays back, the cost it saves; negative where it
    /// wants to be paid.
    pub price: Price,
    /// When it was sent; breaks ties of rounding.
    pub submitted_ms: i64,
    /// Ticket that breaks the ties left, lowest first.
    pub lottery: u64,
}

/// How the changes are paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedispatchPricing {
    /// Each its own price: bids are proven costs, or pay-as-bid.
    #[default]
    CostBased,
    /// All of one node and direction the price of the marginal bid there: the highest paid up, the lowest paid back down.
    MarketBased,
}

/// One slot to be redispatched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedispatchCase {
    /// How long the slot is; positive.
    pub duration: Span,
    /// The grid.
    pub network: Network,
    /// The plan; nodes may appear several times.
    pub schedules: Vec<Schedule>,
    /// What can be changed.
    pub bids: Vec<RedispatchBid>,
    /// How it is paid.
    pub pricing: RedispatchPricing,
}

/// A bid that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adjustment {
    /// The bid.
    pub bid: RedispatchBid,
    /// Watts of it, positive.
    pub power: Power,
    /// Price per kilowatt-hour.
    pub price: Price,
    /// What the operator pays for the slot, rounded toward zero to nano-euro; negative for most changes down.
    pub payment: Money,
}

/// A branch before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchFlow {
    /// The branch.
    pub branch: BranchId,
    /// Flow of the schedules, rounded to watts away from zero.
    pub before: Power,
    /// Flow after redispatch.
    pub after: Power,
    /// The limit, either way.
    pub limit: Power,
    /// Watts beyond the limit that remain, rounded up.
    pub overload: Power,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redispatch {
    /// The changes, by direction and price.
    pub adjustments: Vec<Adjustment>,
    /// Every branch, in the network's order.
    pub flows: Vec<BranchFlow>,
    /// What the operator pays in all.
    pub payment: Money,
}

impl Redispatch {
    /// Watts beyond limits that no change removes, added up over branches.
    pub fn overload(&self) -> Power {
        Power(self.flows.iter().map(|flow| flow.overload.0).sum())
    }
}

/// Why a case can not be redispatched.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the numbers in the message of each case")]
pub enum RedispatchError {
    #[error("the slot lasts {duration_ms} ms; give it a positive duration of at most a day")]
    BadDuration { duration_ms: i64 },
    #[error("{what} {id} holds {power}; give {range}")]
    PowerOutOfRange { what: &'static str, id: u64, power: Power, range: &'static str },
    #[error("bid id {bid} is used twice; every bid needs an id of its own")]
    DuplicateBid { bid: OrderId },
    #[error("branch id {} is used twice; every branch needs an id of its own", branch.0)]
    DuplicateBranch { branch: BranchId },
    #[error("node {} of {what} is not in the network; add it to a branch", node.0)]
    UnknownNode { node: NodeId, what: &'static str },
    #[error("node {} has two branches towards the root; a radial network has one per node", node.0)]
    TwoParents { node: NodeId },
    #[error("node {} is not connected to root {}; a radial network is one tree", node.0, root.0)]
    NotATree { node: NodeId, root: NodeId },
    #[error("the factor of node {} on branch {} is {factor_ppm} millionths; give -1000000 to 1000000", node.0, branch.0)]
    FactorOutOfRange { branch: BranchId, node: NodeId, factor_ppm: i32 },
    #[error("the linear program was not solved: {0}")]
    Optimiser(#[from] OptimiseError),
}

/// Redispatches one slot.
///
/// # Errors
/// [`RedispatchError`]; overloads that remain are no error.
///
/// # Panics
/// If the balance or a bid were broken, which no input can cause.
pub fn redispatch(case: &RedispatchCase) -> Result<Redispatch, RedispatchError> {
    let branches = case.network.branches()?;
    let nodes = case.network.nodes();
    check_case(case, &nodes)?;
    let mut bids = case.bids.clone();
    bids.sort_unstable_by_key(|bid| (bid.direction, cost_per_kwh(bid), bid.submitted_ms, bid.lottery, bid.id));
    let mut loads: BTreeMap<NodeId, i128> = BTreeMap::new();
    for schedule in &case.schedules {
        *loads.entry(schedule.node).or_default() += i128::from(schedule.power.0);
    }
    let before: Vec<i128> = branches.iter().map(|branch| branch.flow_uw(&loads)).collect();
    let changes_w = program::least_cost_changes(&branches, &before, &bids)?;
    let after = program::flows_after(&branches, &before, &bids, &changes_w);
    let balance: i64 = bids.iter().zip(&changes_w).map(|(bid, w)| sign(bid) * w).sum();
    assert_eq!(balance, 0, "changes up and down cancel");
    let flow = |((branch, &before), &after): ((&Branch, &i128), &i128)| BranchFlow {
        branch: branch.id,
        before: to_watts(before),
        after: to_watts(after),
        limit: branch.limit,
        overload: to_watts(branch.overload_uw(after)),
    };
    let adjustments = pay(case, &bids, &changes_w);
    Ok(Redispatch {
        flows: branches.iter().zip(&before).zip(&after).map(flow).collect(),
        payment: adjustments.iter().map(|adjustment| adjustment.payment).sum(),
        adjustments,
    })
}

/// What a kilowatt-hour of a bid costs the operator.
fn cost_per_kwh(bid: &RedispatchBid) -> i128 {
    i128::from(sign(bid)) * i128::from(bid.price.0)
}

/// +1 up, −1 down.
fn sign(bid: &RedispatchBid) -> i64 {
    match bid.direction {
        Direction::Up => 1,
        Direction::Down => -1,
    }
}

/// Millionths of a watt as watts, rounded away from zero.
fn to_watts(uw: i128) -> Power {
    let watts = (uw + 999_999 * uw.signum()) / 1_000_000;
    Power(i64::try_from(watts).expect("flows of bounded powers fit"))
}

fn check_case(case: &RedispatchCase, nodes: &BTreeSet<NodeId>) -> Result<(), RedispatchError> {
    if case.duration <= Span::ZERO || case.duration > Span::DAY {
        return Err(RedispatchError::BadDuration { duration_ms: case.duration.0 });
    }
    for &Schedule { node, power } in &case.schedules {
        if !nodes.contains(&node) {
            return Err(RedispatchError::UnknownNode { node, what: "a schedule" });
        }
        if power > POWER_LIMIT || power < Power(-POWER_LIMIT.0) {
            let (what, range) = ("the schedule of node", "at most 2^40 W either way");
            return Err(RedispatchError::PowerOutOfRange { what, id: node.0.into(), power, range });
        }
    }
    let mut ids = BTreeSet::new();
    for &RedispatchBid { id, node, quantity: power, .. } in &case.bids {
        if !ids.insert(id) {
            return Err(RedispatchError::DuplicateBid { bid: id });
        }
        if !nodes.contains(&node) {
            return Err(RedispatchError::UnknownNode { node, what: "a bid" });
        }
        if power <= Power::ZERO || power > POWER_LIMIT {
            return Err(RedispatchError::PowerOutOfRange { what: "bid", id: id.0, power, range: "1 to 2^40 W" });
        }
    }
    Ok(())
}

fn pay(case: &RedispatchCase, bids: &[RedispatchBid], changes_w: &[i64]) -> Vec<Adjustment> {
    let used = || bids.iter().zip(changes_w).filter(|&(_, &w)| w > 0);
    // Sorted by cost, so the last one used at a node is the marginal one.
    let marginal: BTreeMap<(NodeId, Direction), Price> =
        used().map(|(bid, _)| ((bid.node, bid.direction), bid.price)).collect();
    let adjustment = |(bid, &w): (&RedispatchBid, &i64)| {
        assert!(w <= bid.quantity.0, "bid {} is used for {w} W, beyond its quantity", bid.id);
        let price = match case.pricing {
            RedispatchPricing::CostBased => bid.price,
            RedispatchPricing::MarketBased => marginal[&(bid.node, bid.direction)],
        };
        let paid =
            Power(w).delivered_at(price, case.duration).expect("2^40 W × 2^63 × a day is within 127 bits × an hour");
        let payment = if bid.direction == Direction::Up { paid } else { -paid };
        Adjustment { bid: *bid, power: Power(w), price, payment }
    };
    used().map(adjustment).collect()
}
