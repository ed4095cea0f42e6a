//! Which offers to accept, exactly: branch and bound over a relaxation that a greedy walk solves.
//!
//! Without minimum acceptances the problem is a matroid (a total, and disjoint zones with minima), so that taking the
//! cheapest watt that still fits is optimal. Only offers accepted in part below their minimum are branched on.

use std::collections::BTreeMap;

use super::{Demand, Objective, Power, ReserveOffer, Zone};
use crate::Money;

/// What the search found for one direction.
pub(super) struct Found {
    /// Watts per offer, in merit order.
    pub(super) accepted_w: Vec<i64>,
    pub(super) objective: Objective,
    /// Nothing is better than this.
    pub(super) bound: Objective,
    pub(super) nodes: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum Choice {
    Open,
    In,
    Out,
}

struct Node {
    choices: Vec<Choice>,
    bound: Objective,
}

/// The best acceptance of `offers` (in merit order, none above the cap). Each node costs O(n); the search stops after
/// `node_limit` of them, and `bound` then tells how far it may be from the best.
pub(super) fn search(demand: &Demand, offers: &[ReserveOffer], node_limit: u64) -> Found {
    let nothing = vec![0; offers.len()];
    let objective = measure(demand, offers, &nothing);
    let worst = Objective { cost: Money(i128::MIN), shortfall_w: 0, zone_shortfall_w: 0 };
    let mut found = Found { accepted_w: nothing, objective, bound: objective, nodes: 0 };
    let mut stack = vec![Node { choices: vec![Choice::Open; offers.len()], bound: worst }];
    while let Some(node) = stack.pop() {
        if node.bound >= found.objective {
            continue;
        }
        if found.nodes >= node_limit {
            let open = stack.iter().map(|node| node.bound).fold(node.bound, Ord::min);
            found.bound = open.min(found.objective);
            return found;
        }
        found.nodes += 1;
        let Some(relaxed_w) = relax(demand, offers, &node.choices) else { continue };
        let bound = measure(demand, offers, &relaxed_w);
        if bound >= found.objective {
            continue;
        }
        let below_minimum = |place: &usize| (1..offers[*place].minimum.0).contains(&relaxed_w[*place]);
        let Some(place) = (0..offers.len()).find(below_minimum) else {
            (found.accepted_w, found.objective) = (relaxed_w, bound);
            continue;
        };
        // The last one pushed is tried first: acceptance.
        for choice in [Choice::Out, Choice::In] {
            let mut choices = node.choices.clone();
            choices[place] = choice;
            stack.push(Node { choices, bound });
        }
    }
    found.bound = found.objective;
    found
}

fn measure(demand: &Demand, offers: &[ReserveOffer], accepted_w: &[i64]) -> Objective {
    let pairs = || offers.iter().zip(accepted_w);
    let total_w: i64 = accepted_w.iter().sum();
    let missing = |&(zone, minimum): &(Zone, Power)| {
        let held_w: i64 = pairs().filter(|(offer, _)| offer.zone == zone).map(|(_, w)| w).sum();
        (minimum.0 - held_w).max(0)
    };
    Objective {
        shortfall_w: (demand.capacity.0 - total_w).max(0),
        zone_shortfall_w: demand.zone_minima.iter().map(missing).sum(),
        cost: pairs().map(|(offer, &w)| Power(w).held_at(offer.capacity_price)).sum(),
    }
}

/// The best acceptance if open offers could be accepted in any part; `None` if those chosen do not fit.
fn relax(demand: &Demand, offers: &[ReserveOffer], choices: &[Choice]) -> Option<Vec<i64>> {
    let floor = |(offer, choice): (&ReserveOffer, &Choice)| if *choice == Choice::In { offer.minimum.0 } else { 0 };
    let mut accepted_w: Vec<i64> = offers.iter().zip(choices).map(floor).collect();
    let mut total_w: i64 = accepted_w.iter().sum();
    let most_w = demand.capacity.0 + demand.surplus_allowed.0;
    if total_w > most_w {
        return None;
    }
    let mut zone_needs: BTreeMap<Zone, i64> = demand.zone_minima.iter().map(|&(zone, w)| (zone, w.0)).collect();
    for (offer, w) in offers.iter().zip(&accepted_w) {
        zone_needs.entry(offer.zone).and_modify(|need_w| *need_w -= w);
    }
    for zones_first in [true, false] {
        for (place, offer) in offers.iter().enumerate() {
            if choices[place] == Choice::Out {
                continue;
            }
            let zone_need = zone_needs.get_mut(&offer.zone);
            let wanted_w = match (&zone_need, zones_first) {
                (Some(need_w), true) => (**need_w).min(most_w - total_w),
                (None, true) => 0,
                (_, false) if offer.capacity_price.0 < 0 => most_w - total_w,
                (_, false) => demand.capacity.0 - total_w,
            };
            let taken_w = wanted_w.min(offer.capacity.0 - accepted_w[place]).max(0);
            accepted_w[place] += taken_w;
            total_w += taken_w;
            if let Some(need_w) = zone_need {
                *need_w -= taken_w;
            }
        }
    }
    Some(accepted_w)
}
