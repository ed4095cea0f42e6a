//! Which contracts are best for one peer at its own prices.
//!
//! Without storages slots stand alone. Buying i and selling j contracts of a slot costs B(i) − S(j) + G(need + j − i): the
//! cheapest i, the dearest j, and the grid for the rest, all convex, so the sum is L♮-convex and steepest descent from
//! nothing, one contract bought, sold or both at a time, ends at the optimum (Murota, Discrete Convex Analysis, 2003). In
//! exact integers. With storages all slots are planned at once, as a mixed-integer problem.

use super::{Contract, Negotiation, NegotiationError};
use crate::dispatch::{Balance, Community, Member};
use crate::optimise::{Column, OptimiseError, Optimiser, Problem, Row};
use crate::{Energy, Money, Price};

/// With storages: what a buyer would forgo to avoid a contract, and a seller to have one, EUR; an order among equals.
const PREFERENCE_EUR: f64 = 1e-6;
/// With storages: what evens out contracts over slots, EUR per contract squared.
const EVENNESS_EUR: f64 = 1e-7;

/// How one peer chooses.
pub(super) struct Chooser {
    peer: usize,
    /// Only with storages.
    plan: Option<Plan>,
}

/// A problem with everything of a peer but its contracts.
struct Plan {
    base: Problem,
    /// What each slot's balance adds up.
    balance: Balance,
    load_kw: Vec<f64>,
}

/// A contract as one of its sides sees it.
#[derive(Clone, Copy)]
struct Side {
    /// Its place in the peer's list.
    place: usize,
    slot: usize,
    buys: bool,
    /// What the buyer pays or the seller gets, fee included.
    price: Price,
}

impl Chooser {
    pub(super) fn of(negotiation: &Negotiation, peer: usize) -> Result<Self, NegotiationError> {
        let has_storage = !negotiation.peers[peer].storages.is_empty();
        let plan = if has_storage { Some(Plan::of(negotiation, peer)?) } else { None };
        Ok(Chooser { peer, plan })
    }

    /// For each contract of the peer whether it wants it.
    pub(super) fn choose(
        &self,
        negotiation: &Negotiation,
        contracts: &[Contract],
        own: &[usize],
        optimiser: &dyn Optimiser,
    ) -> Result<Vec<bool>, OptimiseError> {
        let side = |(place, number): (usize, &usize)| {
            let contract = &contracts[*number];
            let buys = contract.buyer == self.peer;
            let price = match buys {
                true => contract.buyer_price + contract.buyer_fee,
                false => contract.seller_price - contract.seller_fee,
            };
            Side { place, slot: contract.slot, buys, price }
        };
        let mut sides: Vec<Side> = own.iter().enumerate().map(side).collect();
        // The best of each side first; the sort is stable, so equals keep their numbers' order.
        sides.sort_by_key(|side| (side.slot, side.buys, if side.buys { side.price } else { -side.price }));
        let mut chosen = vec![false; own.len()];
        match &self.plan {
            None => {
                for of_slot in sides.chunk_by(|a, b| a.slot == b.slot) {
                    descend(negotiation, self.peer, of_slot, &mut chosen);
                }
            }
            Some(plan) => plan.choose(negotiation, &sides, optimiser, &mut chosen)?,
        }
        Ok(chosen)
    }
}

/// Steepest descent over how many contracts of one slot are bought and sold.
fn descend(negotiation: &Negotiation, peer: usize, of_slot: &[Side], chosen: &mut [bool]) {
    let (sells, buys) = of_slot.split_at(of_slot.partition_point(|side| !side.buys));
    let energy = negotiation.contract;
    let slot = of_slot[0].slot;
    let worth = |sides: &[Side], count: usize| -> Money { sides[..count].iter().map(|side| energy * side.price).sum() };
    // Of equal costs the one with fewer bought and more sold.
    let rank = |(bought, sold): (usize, usize)| {
        let contracts = Energy(energy.0 * (sold as i64 - bought as i64));
        let cost = worth(buys, bought) - worth(sells, sold) + grid_cost(negotiation, peer, slot, contracts);
        (cost, bought as i64 - sold as i64)
    };
    let mut best = (0, 0);
    loop {
        let (bought, sold) = best;
        let steps = [(bought + 1, sold), (bought, sold + 1), (bought + 1, sold + 1)];
        let possible = steps.into_iter().filter(|&(bought, sold)| bought <= buys.len() && sold <= sells.len());
        match possible.min_by_key(|&step| rank(step)) {
            Some(step) if rank(step) < rank(best) => best = step,
            _ => break,
        }
    }
    buys[..best.0].iter().chain(&sells[..best.1]).for_each(|side| chosen[side.place] = true);
}

/// What the grid costs a peer without storages that gives `contracts` on balance: PV is used as far as it pays.
fn grid_cost(negotiation: &Negotiation, peer: usize, slot: usize, contracts: Energy) -> Money {
    let (load, pv) = (negotiation.peers[peer].load[slot], negotiation.peers[peer].pv[slot]);
    let need = load + contracts;
    let cost = |used: Energy| match need - used {
        rest @ Energy(0..) => rest * negotiation.import_price[slot],
        rest @ Energy(..0) => rest * negotiation.export_price[slot],
    };
    // Piecewise linear in what is used, so one of its corners is best.
    let corners = [Energy::ZERO, need.clamp(Energy::ZERO, pv), pv];
    corners.into_iter().map(cost).min().expect("there are three corners")
}

impl Plan {
    fn of(negotiation: &Negotiation, peer: usize) -> Result<Self, NegotiationError> {
        let prosumer = &negotiation.peers[peer];
        let (slots, slot_h) = (negotiation.import_price.len(), negotiation.slot_h);
        let kw = |energy: &Energy| energy.as_kwh() / slot_h;
        let eur = |price: &Price| price.as_eur_per_mwh() / 1e3;
        let community = Community {
            steps: slots,
            step_h: slot_h,
            import_price_eur_per_kwh: negotiation.import_price.iter().map(eur).collect(),
            export_price_eur_per_kwh: negotiation.export_price.iter().map(eur).collect(),
            members: vec![Member {
                load_kw: prosumer.load.iter().map(kw).collect(),
                pv_kw: prosumer.pv.iter().map(kw).collect(),
                storages: prosumer.storages.clone(),
                ..Member::default()
            }],
            ..Community::default()
        };
        let (base, balance) =
            community.behind_the_meter(0).map_err(|error| NegotiationError::Storage { peer, error })?;
        Ok(Plan { base, balance, load_kw: community.members[0].load_kw.clone() })
    }

    /// Contracts of one slot, side and price are one integer column, and the first of them are taken.
    fn choose(
        &self,
        negotiation: &Negotiation,
        sides: &[Side],
        optimiser: &dyn Optimiser,
        chosen: &mut [bool],
    ) -> Result<(), OptimiseError> {
        let (mut problem, mut balance) = (self.base.clone(), self.balance.clone());
        let contract_kwh = negotiation.contract.as_kwh();
        let mut counts = Vec::new();
        for equals in sides.chunk_by(|a, b| (a.slot, a.buys, a.price) == (b.slot, b.buys, b.price)) {
            let sign = if equals[0].buys { 1.0 } else { -1.0 };
            let cost = sign * (contract_kwh * equals[0].price.as_eur_per_mwh() / 1e3 + PREFERENCE_EUR);
            let count = Column::between(0.0, equals.len() as f64).integer().cost(cost).quadratic(EVENNESS_EUR);
            let count = problem.column(count);
            balance[equals[0].slot].push((count, sign * contract_kwh / negotiation.slot_h));
            counts.push((count, equals));
        }
        for (terms, &load_kw) in balance.into_iter().zip(&self.load_kw) {
            problem.row(Row::equal(load_kw).with_all(terms));
        }
        let solution = optimiser.solve(&problem)?;
        for (count, equals) in counts {
            let taken = solution.value(count).round() as usize;
            equals.iter().take(taken).for_each(|side| chosen[side.place] = true);
        }
        Ok(())
    }
}
