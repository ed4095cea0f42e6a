//! The merit order of the DSO: the cheapest set of offer options that covers a request.
//!
//! Of each offer at most one option is taken, at a factor on the operator's grid between its minimum and one. What counts,
//! in this order: the shortfall over all ISPs, then the cost at the prices asked. No ISP is taken beyond the far end of
//! its room. Small sets are searched exactly; where that search is cut short, a mixed-integer program (see
//! [`optimise`](crate::optimise)) is solved too, and the better result comes with the gap that is left.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::program::solve_as_program;
use super::search::search;
use super::validate::check_offer;
use super::{ActivationFactor, FlexOffer, FlexRequest, Isps, MessageId, OptionReference, Rejection, Room};
use crate::reserve::{HOUR_MS, Power, Pricing};
use crate::time::Time;
use crate::{Money, Price};

/// How the DSO chooses and pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectionRules {
    /// As bid, or all at the highest price per kilowatt-hour taken. Only energy that was requested counts for it, and
    /// nobody is paid less than asked.
    pub pricing: Pricing,
    /// The most that is paid for a kilowatt-hour of what was requested; dearer options are left out.
    pub price_cap: Option<Price>,
    /// Factors are multiples of this many hundredths; a divisor of 100, where 100 means whole options only.
    pub factor_step: u8,
    /// Most nodes of the exact search.
    pub node_limit: u64,
    /// Most nodes of the mixed-integer program that follows where the search was cut short; 0 leaves it out.
    pub program_nodes: u64,
}

impl Default for SelectionRules {
    fn default() -> Self {
        SelectionRules {
            pricing: Pricing::PayAsBid,
            price_cap: None,
            factor_step: 10,
            node_limit: 50_000,
            program_nodes: 200,
        }
    }
}

/// What is ordered of one offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selected {
    /// The offer.
    pub offer: MessageId,
    /// Its option.
    pub option: OptionReference,
    /// The share of it.
    pub factor: ActivationFactor,
    /// Deviation in each ISP of the day.
    pub powers: Vec<Power>,
    /// What the aggregator asked for this share.
    pub asked: Money,
    /// What full delivery is paid.
    pub payment: Money,
}

/// How good a selection is known to be. Both compare cost at equal shortfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Nothing better exists.
    Optimal,
    /// Nothing with less shortfall or costing less by more than this exists, but for the tolerance of the optimiser and
    /// the rounding of shares to watts.
    WithinGap(Money),
    /// The search was cut short and nothing is known.
    Unproven,
}

/// The decision on one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// What to order, by merit.
    pub selected: Vec<Selected>,
    /// What is missing in each ISP of the day, zero or more in the direction requested.
    pub shortfall: Vec<Power>,
    /// Σ of what is asked: what was minimised.
    pub cost: Money,
    /// Options above the price cap.
    pub above_cap: Vec<(MessageId, OptionReference)>,
    /// How good it is.
    pub proof: Proof,
}

impl Selection {
    /// What the DSO pays if all of it is delivered.
    pub fn payment(&self) -> Money {
        self.selected.iter().map(|selected| selected.payment).sum()
    }
}

/// One option at one factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Activation {
    pub(super) option: usize,
    pub(super) factor: ActivationFactor,
    pub(super) powers_w: Vec<i64>,
    /// Watts in the direction requested, over the ISPs requested; positive.
    pub(super) useful_w: i64,
    pub(super) price: i128,
}

/// An offer with every way to order it, best price per useful watt first.
pub(super) struct Candidate<'a> {
    pub(super) offer: &'a FlexOffer,
    pub(super) activations: Vec<Activation>,
}

/// A choice per candidate, by index into its activations, and what it reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) activations: Vec<Option<usize>>,
    pub(super) shortfall_w: i128,
    pub(super) cost: i128,
}

/// Selects from `offers`, each with the time at which it came in, which breaks ties before its lottery ticket does.
///
/// # Errors
/// The [`Rejection`] of the first offer that does not answer `request`, and a factor step that does not divide 100.
///
/// # Panics
/// If the result broke a bound or a price, which no input can cause.
pub fn select(
    request: &FlexRequest,
    offers: &[(Time, &FlexOffer)],
    isps: Isps,
    rules: &SelectionRules,
    now: Time,
) -> Result<Selection, Rejection> {
    if rules.factor_step == 0 || 100 % rules.factor_step != 0 {
        let reason = format!("a factor step of {} hundredths does not divide 100", rules.factor_step);
        return Err(Rejection::Selection { reason });
    }
    let rooms = request.rooms(isps)?;
    let mut above_cap = Vec::new();
    let mut candidates = Vec::new();
    for &(received, offer) in offers {
        check_offer(offer, request, isps, now)?;
        let activations = activations(offer, &rooms, isps, rules, &mut above_cap)?;
        if !activations.is_empty() {
            candidates.push((received, Candidate { offer, activations }));
        }
    }
    candidates.sort_by(|(a_received, a), (b_received, b)| {
        by_rate(&a.activations[0], &b.activations[0])
            .then_with(|| (a_received, a.offer.lottery, a.offer.id).cmp(&(b_received, b.offer.lottery, b.offer.id)))
    });
    let candidates: Vec<Candidate<'_>> = candidates.into_iter().map(|(_, candidate)| candidate).collect();
    let (choice, finished) = search(&rooms, &candidates, rules.node_limit);
    let (choice, proof) = match finished {
        true => (choice, Proof::Optimal),
        false if rules.program_nodes == 0 => (choice, Proof::Unproven),
        false => solve_as_program(&rooms, &candidates, rules, choice),
    };
    above_cap.sort_unstable();
    let selection = conclude(&rooms, &candidates, &choice, rules.pricing, above_cap, proof);
    check(&selection, &rooms);
    Ok(selection)
}

/// Cheaper per useful watt first. Both factors of a product stay below 2⁶³.
pub(super) fn by_rate(a: &Activation, b: &Activation) -> Ordering {
    (a.price * i128::from(b.useful_w)).cmp(&(b.price * i128::from(a.useful_w)))
}

fn activations(
    offer: &FlexOffer,
    rooms: &[Room],
    isps: Isps,
    rules: &SelectionRules,
    above_cap: &mut Vec<(MessageId, OptionReference)>,
) -> Result<Vec<Activation>, Rejection> {
    let mut all = Vec::new();
    for (option, described) in offer.options.iter().enumerate() {
        let whole_w = isps.powers(&described.isps)?;
        let useful_w = useful(rooms, whole_w.iter().map(|power| power.0));
        let dear = |cap: Price| {
            let energy = i128::from(useful_w) * i128::from(isps.duration.0);
            described.price.0 * HOUR_MS > energy.saturating_mul(i128::from(cap.0))
        };
        if rules.price_cap.is_some_and(dear) {
            above_cap.push((offer.id, described.reference));
            continue;
        }
        let factors = (1..=100 / rules.factor_step).map(|multiple| ActivationFactor(multiple * rules.factor_step));
        for factor in factors.filter(|&factor| factor >= described.min_activation_factor) {
            let powers_w: Vec<i64> = whole_w.iter().map(|&power| factor.of_power(power).0).collect();
            let useful_w = useful(rooms, powers_w.iter().copied());
            let price = factor.of_price(described.price).0;
            all.push(Activation { option, factor, powers_w, useful_w, price });
        }
    }
    all.sort_by(|a, b| by_rate(a, b).then_with(|| (b.useful_w, a.option).cmp(&(a.useful_w, b.option))));
    Ok(all)
}

/// Watts in the direction requested, over the ISPs requested.
pub(super) fn useful(rooms: &[Room], powers_w: impl Iterator<Item = i64>) -> i64 {
    rooms.iter().zip(powers_w).map(|(room, power_w)| (room.need.0.signum() * power_w).max(0)).sum()
}

/// Shortfall and cost of a choice; `None` if it leaves the room of an ISP.
pub(super) fn evaluate(rooms: &[Room], candidates: &[Candidate<'_>], activations: &[Option<usize>]) -> Option<Choice> {
    let mut totals_w = vec![0_i64; rooms.len()];
    let mut cost = 0;
    for (candidate, chosen) in candidates.iter().zip(activations) {
        let Some(chosen) = chosen.map(|index| &candidate.activations[index]) else { continue };
        totals_w.iter_mut().zip(&chosen.powers_w).for_each(|(total, power)| *total += power);
        cost += chosen.price;
    }
    let pairs = || rooms.iter().zip(&totals_w);
    pairs().all(|(room, &total_w)| fits(room, total_w)).then(|| Choice {
        activations: activations.to_vec(),
        shortfall_w: pairs().map(|(room, &total_w)| i128::from(missing(room, total_w))).sum(),
        cost,
    })
}

fn fits(room: &Room, total_w: i64) -> bool {
    room.min_power.is_none_or(|min| total_w >= min.0) && room.max_power.is_none_or(|max| total_w <= max.0)
}

/// Watts missing of what an ISP needs.
pub(super) fn missing(room: &Room, total_w: i64) -> i64 {
    (room.need.0.abs() - room.need.0.signum() * total_w).max(0) * room.need.0.signum().abs()
}

fn conclude(
    rooms: &[Room],
    candidates: &[Candidate<'_>],
    choice: &Choice,
    pricing: Pricing,
    above_cap: Vec<(MessageId, OptionReference)>,
    proof: Proof,
) -> Selection {
    let mut chosen: Vec<(&FlexOffer, Activation)> = Vec::new();
    for (candidate, index) in candidates.iter().zip(&choice.activations) {
        chosen.extend(index.map(|index| (candidate.offer, candidate.activations[index].clone())));
    }
    let dearest = chosen.iter().map(|(_, activation)| activation).max_by(|a, b| by_rate(a, b));
    let payment = |activation: &Activation| match (pricing, dearest) {
        (Pricing::Uniform, Some(dearest)) => {
            let (amount, unit) = (dearest.price * i128::from(activation.useful_w), i128::from(dearest.useful_w));
            Money(-(-amount).div_euclid(unit))
        }
        _ => Money(activation.price),
    };
    let selected = |(offer, activation): &(&FlexOffer, Activation)| Selected {
        offer: offer.id,
        option: offer.options[activation.option].reference,
        factor: activation.factor,
        powers: activation.powers_w.iter().copied().map(Power).collect(),
        asked: Money(activation.price),
        payment: payment(activation),
    };
    let total_w = |isp: usize| chosen.iter().map(|(_, activation)| activation.powers_w[isp]).sum();
    Selection {
        selected: chosen.iter().map(selected).collect(),
        shortfall: rooms.iter().enumerate().map(|(isp, room)| Power(missing(room, total_w(isp)))).collect(),
        cost: Money(choice.cost),
        above_cap,
        proof,
    }
}

/// The rules of conservation, in every build.
fn check(selection: &Selection, rooms: &[Room]) {
    for (isp, room) in rooms.iter().enumerate() {
        let total_w: i64 = selection.selected.iter().map(|selected| selected.powers[isp].0).sum();
        assert!(fits(room, total_w), "{total_w} W ordered in ISP {} leave its room", isp + 1);
    }
    for selected in &selection.selected {
        assert!(selected.payment >= selected.asked, "offer {} is paid less than it asked", selected.offer.0);
    }
    let asked: Money = selection.selected.iter().map(|selected| selected.asked).sum();
    assert_eq!(asked, selection.cost, "the cost is what was asked");
}
