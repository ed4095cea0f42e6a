//! The capacity auction: acceptance by least shortfall and cost, payment as bid or at one price per direction.

use serde::{Deserialize, Serialize};

use super::search::{Found, search};
use super::{CapacityPrice, Demand, Direction, Power, ReserveOffer, Tender, Window, Zone};
use crate::{Money, OrderId};

/// Who is paid what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pricing {
    /// Each its own price.
    PayAsBid,
    /// All accepted of one direction the highest price accepted in it.
    #[default]
    Uniform,
}

/// How a tender is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderRules {
    /// Payment of capacity.
    pub pricing: Pricing,
    /// Most nodes searched per direction; only indivisible offers need more than one.
    pub node_limit: u64,
}

impl Default for TenderRules {
    fn default() -> Self {
        TenderRules { pricing: Pricing::Uniform, node_limit: 20_000 }
    }
}

/// What acceptance minimises, in this order. The cost counts every offer at its own price, whatever is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Objective {
    /// Watts of the demand not met.
    pub shortfall_w: i64,
    /// Watts missing from the minima of zones, added up.
    pub zone_shortfall_w: i64,
    /// Σ accepted × capacity price.
    pub cost: Money,
}

/// Capacity accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapacityAward {
    /// The offer, as it was sent.
    pub offer: ReserveOffer,
    /// Watts accepted: from its minimum (1 at least) to its capacity.
    pub accepted: Power,
    /// What a kilowatt is paid.
    pub price: CapacityPrice,
}

impl CapacityAward {
    /// What the operator pays for the window.
    pub fn payment(&self) -> Money {
        self.accepted.held_at(self.price)
    }
}

/// The result of one direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectionResult {
    /// What was wanted.
    pub demand: Demand,
    /// What was accepted, in merit order.
    pub awards: Vec<CapacityAward>,
    /// What was reached.
    pub objective: Objective,
    /// Nothing better than this exists. Equal to `objective` where the search ended, which proves it optimal.
    pub bound: Objective,
    /// Zones whose minimum is missed, by how much.
    pub zone_shortfalls: Vec<(Zone, Power)>,
    /// Offers above the price cap, left out.
    pub above_cap: Vec<OrderId>,
    /// Nodes searched.
    pub nodes: u64,
}

impl DirectionResult {
    /// Watts accepted in all.
    pub fn accepted(&self) -> Power {
        Power(self.awards.iter().map(|award| award.accepted.0).sum())
    }

    /// Watts of the demand not met.
    pub fn shortfall(&self) -> Power {
        Power(self.objective.shortfall_w)
    }

    /// What the operator pays for holding ready.
    pub fn payment(&self) -> Money {
        self.awards.iter().map(CapacityAward::payment).sum()
    }

    /// Whether nothing better exists.
    pub fn is_optimal(&self) -> bool {
        self.bound == self.objective
    }
}

/// The result of a tender: one entry per demand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Procurement {
    /// The hours bought.
    pub window: Window,
    /// Up before down.
    pub directions: Vec<DirectionResult>,
}

impl Procurement {
    /// The result of one direction, if it was asked for.
    pub fn direction(&self, direction: Direction) -> Option<&DirectionResult> {
        self.directions.iter().find(|result| result.demand.direction == direction)
    }

    /// All that was accepted.
    pub fn awards(&self) -> impl Iterator<Item = &CapacityAward> {
        self.directions.iter().flat_map(|result| &result.awards)
    }
}

/// Decides a tender: the least shortfall, then the least shortfall of zones, then the least cost, to the watt.
///
/// Of acceptances equal in all three the one found first counts, in a search that goes by merit order (price, submission,
/// lottery) and tries acceptance before refusal. Without indivisible offers that is plain merit order. With them, an
/// offer cheaper than the uniform price may be refused because it does not fit.
///
/// # Panics
/// If the result broke a rule of conservation, which no offer can cause.
pub fn procure(tender: &Tender, rules: &TenderRules) -> Procurement {
    let decide_one = |demand: &Demand| {
        let result = decide(demand, tender.offers(demand.direction), rules);
        check(&result);
        result
    };
    Procurement { window: tender.window, directions: tender.demands.iter().map(decide_one).collect() }
}

fn decide(demand: &Demand, offers: &[ReserveOffer], rules: &TenderRules) -> DirectionResult {
    let within_cap = |offer: &&ReserveOffer| demand.price_cap.is_none_or(|cap| offer.capacity_price <= cap);
    let (eligible, dear): (Vec<&ReserveOffer>, Vec<_>) = offers.iter().partition(within_cap);
    let eligible: Vec<ReserveOffer> = eligible.into_iter().copied().collect();
    let Found { accepted_w, objective, bound, nodes } = search(demand, &eligible, rules.node_limit);
    let accepted = eligible.iter().zip(&accepted_w).filter(|&(_, &w)| w > 0);
    let highest = accepted.clone().map(|(offer, _)| offer.capacity_price).max();
    let award = |(offer, &w): (&ReserveOffer, &i64)| CapacityAward {
        offer: *offer,
        accepted: Power(w),
        price: match rules.pricing {
            Pricing::PayAsBid => offer.capacity_price,
            Pricing::Uniform => highest.expect("an accepted offer has a price"),
        },
    };
    let awards: Vec<CapacityAward> = accepted.map(award).collect();
    let missing = |&(zone, minimum): &(Zone, Power)| {
        let held_w: i64 = awards.iter().filter(|award| award.offer.zone == zone).map(|award| award.accepted.0).sum();
        (minimum.0 > held_w).then(|| (zone, Power(minimum.0 - held_w)))
    };
    DirectionResult {
        demand: demand.clone(),
        zone_shortfalls: demand.zone_minima.iter().filter_map(missing).collect(),
        awards,
        objective,
        bound,
        above_cap: dear.into_iter().map(|offer| offer.id).collect(),
        nodes,
    }
}

/// The rules of conservation, in every build.
fn check(result: &DirectionResult) {
    let demand = &result.demand;
    for &CapacityAward { offer, accepted, price } in &result.awards {
        let least = offer.minimum.max(Power(1));
        assert!(accepted >= least && accepted <= offer.capacity, "offer {} is accepted at {accepted}", offer.id);
        assert!(price >= offer.capacity_price, "offer {} is paid {price}, below its own price", offer.id);
        assert_eq!(offer.direction, demand.direction, "offer {} is accepted in the other direction", offer.id);
    }
    let (accepted_w, wanted_w) = (result.accepted().0, demand.capacity.0);
    assert!(accepted_w <= wanted_w + demand.surplus_allowed.0, "{accepted_w} W accepted exceed the demand");
    assert_eq!(result.objective.shortfall_w, (wanted_w - accepted_w).max(0), "the shortfall is the demand not met");
    let zones_w: i64 = result.zone_shortfalls.iter().map(|(_, missing)| missing.0).sum();
    assert_eq!(result.objective.zone_shortfall_w, zones_w, "the zones' shortfalls add up");
    assert!(result.payment() >= result.objective.cost, "providers are paid what they asked for at least");
}
