//! What a capacity tender is made of: offers, demand, and the checks on the way in.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{CapacityPrice, Power};
use crate::time::{Span, Time};
use crate::{AgentId, OrderId, Price};

/// Which way reserve acts on the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// More generation or less consumption.
    Up,
    /// Less generation or more consumption.
    Down,
}

/// A node or area of the grid in which reserve is located.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(pub u32);

/// The hours for which capacity is held ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Window {
    /// Its first instant.
    pub start: Time,
    /// Its length; positive.
    pub duration: Span,
}

/// Capacity offered for one window in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReserveOffer {
    /// Unique within the tender.
    pub id: OrderId,
    /// Who is paid.
    pub provider: AgentId,
    /// Up or down.
    pub direction: Direction,
    /// Most watts held ready; positive.
    pub capacity: Power,
    /// Fewest watts accepted, if any are: 0 or 1 is divisible, `capacity` is all or nothing.
    pub minimum: Power,
    /// Least the provider takes for holding a kilowatt ready during the window.
    pub capacity_price: CapacityPrice,
    /// What the provider is paid per kilowatt-hour activated, in either direction. Negative where it pays, as a
    /// generator may that saves fuel when activated down.
    pub activation_price: Price,
    /// Where it is.
    pub zone: Zone,
    /// When it is held ready; the window of the tender.
    pub window: Window,
    /// When the offer was sent; among equal prices the earlier goes first.
    pub submitted_ms: i64,
    /// The ticket that breaks the ties left, lowest first.
    pub lottery: u64,
}

/// What is wanted in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// Up or down.
    pub direction: Direction,
    /// Watts wanted; zero or more.
    pub capacity: Power,
    /// How far beyond `capacity` indivisible (or negatively priced) offers may take the total; zero or more.
    pub surplus_allowed: Power,
    /// Watts of `capacity` that have to be in these zones at least, each named once.
    pub zone_minima: Vec<(Zone, Power)>,
    /// The most that is paid for a kilowatt; offers above it are left out.
    pub price_cap: Option<CapacityPrice>,
}

/// Why a tender, an activation or a report of delivery is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields are the numbers in the message of each case")]
pub enum ReserveError {
    /// A window that holds no time.
    #[error("the product window lasts {duration_ms} ms; give it a positive duration")]
    EmptyWindow { duration_ms: i64 },
    /// An offer of nothing.
    #[error(
        "offer {offer} has a capacity of {capacity}; capacities are positive, so leave it out or turn its direction"
    )]
    CapacityNotPositive { offer: OrderId, capacity: Power },
    /// A minimum no acceptance could keep.
    #[error("offer {offer} accepts {minimum} at least and {capacity} at most; give a minimum from 0 to the capacity")]
    MinimumOutOfRange { offer: OrderId, minimum: Power, capacity: Power },
    /// An offer for other hours.
    #[error("offer {offer} is for another window than the tender's; send it to the tender of its own window")]
    WrongWindow { offer: OrderId },
    /// Two offers with one id.
    #[error("offer id {offer} is used twice; every offer of a tender needs an id of its own")]
    DuplicateOffer { offer: OrderId },
    /// Two demands for one direction.
    #[error("reserve {direction} is asked for twice; add the two demands up")]
    DuplicateDemand { direction: Direction },
    /// A negative number in a demand.
    #[error("the demand for reserve {direction} holds {power} where a power of zero or more is needed")]
    NegativeDemand { direction: Direction, power: Power },
    /// A zone with two minima.
    #[error("the demand for reserve {direction} names zone {} twice; give each zone one minimum", zone.0)]
    DuplicateZone { direction: Direction, zone: Zone },
    /// Zones that ask for more than the whole.
    #[error("the zones of reserve {direction} need {zones} together and the demand is {demand}; raise the demand")]
    ZonesBeyondDemand { direction: Direction, zones: i128, demand: Power },
    /// Sums beyond the integer.
    #[error("the {what} of reserve {direction} add up beyond 64 bits; give them in W, or split the tender")]
    TotalTooLarge { direction: Direction, what: &'static str },
    /// A slot of an activation that holds no time, or in which energy beyond 64 bits could be delivered.
    #[error(
        "slot {slot} lasts {duration_ms} ms; give a positive duration in which the accepted capacity stays within 64 bits of Wh"
    )]
    BadSlot { slot: usize, duration_ms: i64 },
    /// A need below zero.
    #[error("slot {slot} needs {energy_wh} Wh of reserve {direction}; needs are zero or more in both directions")]
    NegativeNeed { slot: usize, direction: Direction, energy_wh: i64 },
    /// A report about an offer that was not activated in that slot.
    #[error(
        "delivery is reported for offer {offer} in slot {slot}, which was not activated there; take the report out"
    )]
    UnknownDelivery { slot: usize, offer: OrderId },
    /// Two reports about one activation.
    #[error("delivery of offer {offer} in slot {slot} is reported twice; send the sum")]
    DuplicateDelivery { slot: usize, offer: OrderId },
    /// Payments beyond the integer.
    #[error("payments and fines add up beyond 127 bits of n€; give prices in µ€ per kW and kWh")]
    MoneyTooLarge,
    /// A tolerance of more than everything.
    #[error("a tolerance of {tolerance_bp} basis points was given; give 0 to 10000")]
    ToleranceOutOfRange { tolerance_bp: u32 },
}

/// Offers and demands that belong together, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tender {
    pub(super) window: Window,
    pub(super) demands: Vec<Demand>,
    /// By direction, then merit.
    pub(super) offers: Vec<ReserveOffer>,
}

impl Tender {
    /// Checks and sorts, in O(n log n). The sequence in which offers were handed over never shows.
    ///
    /// # Errors
    /// The first of [`ReserveError`] that applies to an offer or a demand.
    pub fn new(
        window: Window,
        demands: impl IntoIterator<Item = Demand>,
        offers: impl IntoIterator<Item = ReserveOffer>,
    ) -> Result<Tender, ReserveError> {
        if window.duration <= Span::ZERO {
            return Err(ReserveError::EmptyWindow { duration_ms: window.duration.0 });
        }
        let mut demands: Vec<Demand> = demands.into_iter().collect();
        demands.sort_by_key(|demand| demand.direction);
        if let Some(pair) = demands.windows(2).find(|pair| pair[0].direction == pair[1].direction) {
            return Err(ReserveError::DuplicateDemand { direction: pair[0].direction });
        }
        demands.iter().try_for_each(check_demand)?;
        let mut offers: Vec<ReserveOffer> = offers.into_iter().collect();
        offers.sort_unstable_by_key(|offer| {
            (offer.direction, offer.capacity_price, offer.submitted_ms, offer.lottery, offer.id)
        });
        check_offers(window, &offers)?;
        Ok(Tender { window, demands, offers })
    }

    /// The hours that are bought.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The offers of one direction, in merit order: lowest capacity price, earliest submission, lowest ticket.
    pub fn offers(&self, direction: Direction) -> &[ReserveOffer] {
        let first_down = self.offers.partition_point(|offer| offer.direction == Direction::Up);
        match direction {
            Direction::Up => &self.offers[..first_down],
            Direction::Down => &self.offers[first_down..],
        }
    }
}

fn check_demand(demand: &Demand) -> Result<(), ReserveError> {
    let direction = demand.direction;
    let minima = demand.zone_minima.iter().map(|&(_, power)| power);
    if let Some(power) = minima.clone().chain([demand.capacity, demand.surplus_allowed]).find(|power| power.0 < 0) {
        return Err(ReserveError::NegativeDemand { direction, power });
    }
    let mut seen = BTreeSet::new();
    if let Some(&(zone, _)) = demand.zone_minima.iter().find(|(zone, _)| !seen.insert(*zone)) {
        return Err(ReserveError::DuplicateZone { direction, zone });
    }
    let zones: i128 = minima.map(|power| i128::from(power.0)).sum();
    if zones > i128::from(demand.capacity.0) {
        return Err(ReserveError::ZonesBeyondDemand { direction, zones, demand: demand.capacity });
    }
    match demand.capacity.0.checked_add(demand.surplus_allowed.0) {
        Some(_) => Ok(()),
        None => Err(ReserveError::TotalTooLarge { direction, what: "demand and surplus" }),
    }
}

fn check_offers(window: Window, offers: &[ReserveOffer]) -> Result<(), ReserveError> {
    let mut ids = BTreeSet::new();
    let mut total_w = [0_i64; 2];
    for &ReserveOffer { id: offer, direction, capacity, minimum, window: own, .. } in offers {
        if !ids.insert(offer) {
            return Err(ReserveError::DuplicateOffer { offer });
        }
        if capacity <= Power::ZERO {
            return Err(ReserveError::CapacityNotPositive { offer, capacity });
        }
        if minimum < Power::ZERO || minimum > capacity {
            return Err(ReserveError::MinimumOutOfRange { offer, minimum, capacity });
        }
        if own != window {
            return Err(ReserveError::WrongWindow { offer });
        }
        let total = &mut total_w[direction as usize];
        *total = total.checked_add(capacity.0).ok_or(ReserveError::TotalTooLarge { direction, what: "offers" })?;
    }
    Ok(())
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Direction::Up => "up",
            Direction::Down => "down",
        })
    }
}
