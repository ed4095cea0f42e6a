//! Activation: the energy a slot needs, from the accepted capacity, cheapest activation price first.
//!
//! Accepted watts give at most watts × duration, rounded down to whole watt-hours, so no provider is ever called beyond
//! what it sold. Among equal activation prices the energy is shared in proportion to capacity × time, to the watt-hour;
//! the watt-hours that do not divide go by largest remainder, then submission and lottery.

use serde::{Deserialize, Serialize};

use super::{CapacityAward, Direction, Power, Pricing, Procurement, ReserveError, in_proportion};
use crate::time::Span;
use crate::{AgentId, Energy, Money, OrderId, Price};

/// What one slot of the window needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SlotNeed {
    /// How long the slot is.
    pub duration: Span,
    /// Energy missing; zero or more.
    pub up: Energy,
    /// Energy in excess; zero or more. A slot may need both, one after the other.
    pub down: Energy,
}

/// Energy called from one accepted offer in one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivationOrder {
    /// The offer.
    pub offer: OrderId,
    /// Who delivers it.
    pub provider: AgentId,
    /// Up or down.
    pub direction: Direction,
    /// The capacity it has to come from.
    pub accepted: Power,
    /// Energy called; positive.
    pub energy: Energy,
    /// What a kilowatt-hour delivered is paid, in either direction.
    pub price: Price,
}

/// What is called in one slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotActivation {
    /// What was needed.
    pub need: SlotNeed,
    /// Up before down, cheapest first.
    pub orders: Vec<ActivationOrder>,
    /// Energy up that the accepted capacity can not give.
    pub shortfall_up: Energy,
    /// Energy down that the accepted capacity can not take.
    pub shortfall_down: Energy,
}

/// What is called over a whole window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activation {
    /// One entry per need, in the order given.
    pub slots: Vec<SlotActivation>,
}

impl Activation {
    /// What the operator pays if all of it is delivered.
    pub fn payment(&self) -> Money {
        self.slots.iter().flat_map(|slot| &slot.orders).map(|order| order.energy * order.price).sum()
    }
}

/// Calls the energy that each slot needs, in O(slots × awards) after one sort.
///
/// With [`Pricing::Uniform`] all of one slot and direction are paid the highest activation price called there.
///
/// # Errors
/// [`ReserveError::BadSlot`], [`ReserveError::NegativeNeed`] and [`ReserveError::MoneyTooLarge`]. Energy that can not be had is reported, not an error.
///
/// # Panics
/// If a rule of conservation were broken, which no input can cause.
pub fn activate(bought: &Procurement, needs: &[SlotNeed], pricing: Pricing) -> Result<Activation, ReserveError> {
    let mut awards: Vec<&CapacityAward> = bought.awards().collect();
    awards.sort_unstable_by_key(|award| {
        let offer = &award.offer;
        (offer.direction, offer.activation_price, offer.submitted_ms, offer.lottery, offer.id)
    });
    let first_down = awards.partition_point(|award| award.offer.direction == Direction::Up);
    let (up, down) = awards.split_at(first_down);
    let slots = needs.iter().enumerate().map(|(slot, &need)| {
        let mut orders = Vec::new();
        let shortfall_up = call(slot, need.up, need.duration, Direction::Up, up, pricing, &mut orders)?;
        let shortfall_down = call(slot, need.down, need.duration, Direction::Down, down, pricing, &mut orders)?;
        let activated = SlotActivation { need, orders, shortfall_up, shortfall_down };
        check(&activated);
        Ok(activated)
    });
    let activation = Activation { slots: slots.collect::<Result<_, _>>()? };
    let amounts = activation.slots.iter().flat_map(|slot| &slot.orders).map(|order| order.energy * order.price);
    within_money(amounts)?;
    Ok(activation)
}

/// Refuses amounts that could not be added up in every order and with every sign.
pub(super) fn within_money(mut amounts: impl Iterator<Item = Money>) -> Result<(), ReserveError> {
    let sum = amounts.try_fold(0_u128, |sum, amount| sum.checked_add(amount.0.unsigned_abs()));
    match sum {
        Some(sum) if sum <= i128::MAX.unsigned_abs() => Ok(()),
        _ => Err(ReserveError::MoneyTooLarge),
    }
}

/// Appends the orders of one direction and returns the energy nobody can give.
fn call(
    slot: usize,
    need: Energy,
    duration: Span,
    direction: Direction,
    awards: &[&CapacityAward],
    pricing: Pricing,
    orders: &mut Vec<ActivationOrder>,
) -> Result<Energy, ReserveError> {
    let bad_slot = ReserveError::BadSlot { slot, duration_ms: duration.0 };
    if duration <= Span::ZERO {
        return Err(bad_slot);
    }
    if need < Energy::ZERO {
        return Err(ReserveError::NegativeNeed { slot, direction, energy_wh: need.0 });
    }
    let total = Power(awards.iter().map(|award| award.accepted.0).sum());
    total.energy_within(duration).ok_or(bad_slot)?;
    let first = orders.len();
    let mut left = need;
    for tied in awards.chunk_by(|a, b| a.offer.activation_price == b.offer.activation_price) {
        let within = |award: &&CapacityAward| {
            award.accepted.energy_within(duration).expect("a part of what fits into 64 bits does too").0
        };
        let most_wh: Vec<i64> = tied.iter().map(within).collect();
        let called = left.min(Energy(most_wh.iter().sum()));
        if called == Energy::ZERO {
            continue;
        }
        left -= called;
        let parts_wh = in_proportion(called.0, &most_wh);
        let called_ones = tied.iter().zip(parts_wh).filter(|&(_, wh)| wh > 0);
        orders.extend(called_ones.map(|(award, wh)| ActivationOrder {
            offer: award.offer.id,
            provider: award.offer.provider,
            direction,
            accepted: award.accepted,
            energy: Energy(wh),
            price: award.offer.activation_price,
        }));
    }
    if let (Pricing::Uniform, Some(highest)) = (pricing, orders[first..].last().map(|order| order.price)) {
        orders[first..].iter_mut().for_each(|order| order.price = highest);
    }
    Ok(left)
}

/// The rules of conservation, in every build.
fn check(slot: &SlotActivation) {
    for order in &slot.orders {
        let most = order.accepted.energy_within(slot.need.duration).expect("it was computed before");
        assert!(
            order.energy > Energy::ZERO && order.energy <= most,
            "offer {} is called for {}",
            order.offer,
            order.energy
        );
    }
    for (direction, need, shortfall) in
        [(Direction::Up, slot.need.up, slot.shortfall_up), (Direction::Down, slot.need.down, slot.shortfall_down)]
    {
        let orders = slot.orders.iter().filter(|order| order.direction == direction);
        let called: Energy = orders.map(|order| order.energy).sum();
        assert_eq!(called + shortfall, need, "energy called and missing {direction} add up to the need");
    }
}
