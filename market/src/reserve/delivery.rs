//! Delivered against ordered: payment for what came, fines for what did not.
//!
//! Energy delivered is paid up to what was called; more is passive and unpaid. Energy missing beyond the tolerance is
//! fined per kilowatt-hour. The most power that was missing in any slot counts as capacity that was not available, and
//! is fined per kilowatt once for the window. No report at all counts as nothing delivered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::activation::within_money;
use super::{Activation, ActivationOrder, CapacityAward, CapacityPrice, HOUR_MS, Power, Procurement, ReserveError};
use crate::time::Span;
use crate::{AgentId, Energy, Money, OrderId, Price};

/// What non-delivery costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeliveryRules {
    /// Share of the energy called, in basis points, that may be missing without a fine. It is rounded down to whole
    /// watt-hours, and what is missing beyond it is fined, not all of it.
    pub tolerance_bp: u32,
    /// Fine per kilowatt-hour missing.
    pub energy_fine: Price,
    /// Fine per kilowatt that was not available at the worst moment of the window.
    pub capacity_fine: CapacityPrice,
}

/// What the meters say about one activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// The slot, counted from 0 as in [`Activation::slots`].
    pub slot: usize,
    /// The offer called.
    pub offer: OrderId,
    /// Energy delivered in the direction called; negative where it went the other way.
    pub delivered: Energy,
}

/// One activation, compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotDelivery {
    /// The slot.
    pub slot: usize,
    /// What was called.
    pub order: ActivationOrder,
    /// What was delivered of it: 0 to `order.energy`.
    pub delivered: Energy,
    /// What is missing beyond the tolerance.
    pub fined: Energy,
    /// Paid to the provider for delivery; negative where the activation price is.
    pub payment: Money,
    /// Paid by the provider for non-delivery.
    pub fine: Money,
}

/// The account of one provider over a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ProviderAccount {
    /// For holding ready.
    pub capacity: Money,
    /// For delivering.
    pub energy: Money,
    /// Fines for energy.
    pub energy_fines: Money,
    /// Fines for capacity that was not available.
    pub capacity_fines: Money,
}

impl ProviderAccount {
    /// What the provider receives.
    pub fn net(&self) -> Money {
        self.capacity + self.energy - self.energy_fines - self.capacity_fines
    }
}

/// The settlement of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// One entry per activation, by slot, then as called.
    pub slots: Vec<SlotDelivery>,
    /// The capacity of each offer that was not available at the worst moment, where any was.
    pub unavailable: BTreeMap<OrderId, Power>,
    /// By provider; every provider with an award has one.
    pub accounts: BTreeMap<AgentId, ProviderAccount>,
    /// What the operator pays in all, which is what the providers receive.
    pub operator_pays: Money,
}

/// Settles a window, in O(n log n).
///
/// # Errors
/// [`ReserveError::UnknownDelivery`], [`ReserveError::DuplicateDelivery`], [`ReserveError::ToleranceOutOfRange`] and
/// [`ReserveError::MoneyTooLarge`].
///
/// # Panics
/// If what the operator pays were not what the providers receive, which no input can cause; and if `activation` was not
/// made from `bought`.
pub fn settle_delivery(
    bought: &Procurement,
    activation: &Activation,
    reports: &[DeliveryReport],
    rules: &DeliveryRules,
) -> Result<Delivery, ReserveError> {
    if rules.tolerance_bp > 10_000 {
        return Err(ReserveError::ToleranceOutOfRange { tolerance_bp: rules.tolerance_bp });
    }
    let delivered = by_activation(activation, reports)?;
    let mut slots = Vec::new();
    let mut unavailable: BTreeMap<OrderId, Power> = BTreeMap::new();
    for (slot, called) in activation.slots.iter().enumerate() {
        for order in &called.orders {
            let reported = delivered.get(&(slot, order.offer)).copied().unwrap_or(Energy::ZERO);
            let compared = compare(slot, order, reported, rules);
            if compared.fined > Energy::ZERO {
                let missing = missing_power(compared.fined, called.need.duration, order.accepted);
                let worst = unavailable.entry(order.offer).or_default();
                *worst = missing.max(*worst);
            }
            slots.push(compared);
        }
    }
    let energy_amounts = slots.iter().flat_map(|slot| [slot.payment, slot.fine]);
    let capacity_fines = unavailable.values().map(|power| power.held_at(rules.capacity_fine));
    let capacity = bought.awards().map(CapacityAward::payment);
    within_money(energy_amounts.chain(capacity_fines).chain(capacity))?;
    let accounts = accounts(bought, &slots, &unavailable, rules);
    let operator_pays = bought.directions.iter().map(super::DirectionResult::payment).sum::<Money>()
        + slots.iter().map(|slot| slot.payment - slot.fine).sum::<Money>()
        - unavailable.values().map(|power| power.held_at(rules.capacity_fine)).sum::<Money>();
    let received: Money = accounts.values().map(ProviderAccount::net).sum();
    assert_eq!(operator_pays, received, "what the operator pays is what the providers receive");
    Ok(Delivery { slots, unavailable, accounts, operator_pays })
}

fn by_activation(
    activation: &Activation,
    reports: &[DeliveryReport],
) -> Result<BTreeMap<(usize, OrderId), Energy>, ReserveError> {
    let mut delivered = BTreeMap::new();
    for &DeliveryReport { slot, offer, delivered: energy } in reports {
        let called = activation.slots.get(slot).is_some_and(|called| called.orders.iter().any(|o| o.offer == offer));
        if !called {
            return Err(ReserveError::UnknownDelivery { slot, offer });
        }
        if delivered.insert((slot, offer), energy).is_some() {
            return Err(ReserveError::DuplicateDelivery { slot, offer });
        }
    }
    Ok(delivered)
}

fn compare(slot: usize, order: &ActivationOrder, reported: Energy, rules: &DeliveryRules) -> SlotDelivery {
    let delivered = reported.clamp(Energy::ZERO, order.energy);
    let tolerated_wh = i128::from(order.energy.0) * i128::from(rules.tolerance_bp) / 10_000;
    let tolerated = Energy(i64::try_from(tolerated_wh).expect("a share of a 64-bit energy"));
    let fined = (order.energy - delivered - tolerated).max(Energy::ZERO);
    SlotDelivery {
        slot,
        order: *order,
        delivered,
        fined,
        payment: delivered * order.price,
        fine: fined * rules.energy_fine,
    }
}

/// The power that would have given the energy missing, rounded up, and never more than was sold.
fn missing_power(missing: Energy, duration: Span, accepted: Power) -> Power {
    let watts = (i128::from(missing.0) * HOUR_MS + i128::from(duration.0) - 1) / i128::from(duration.0);
    Power(i64::try_from(watts).unwrap_or(i64::MAX)).min(accepted)
}

fn accounts(
    bought: &Procurement,
    slots: &[SlotDelivery],
    unavailable: &BTreeMap<OrderId, Power>,
    rules: &DeliveryRules,
) -> BTreeMap<AgentId, ProviderAccount> {
    let mut accounts: BTreeMap<AgentId, ProviderAccount> = BTreeMap::new();
    for award in bought.awards() {
        let account = accounts.entry(award.offer.provider).or_default();
        account.capacity += award.payment();
        if let Some(missing) = unavailable.get(&award.offer.id) {
            account.capacity_fines += missing.held_at(rules.capacity_fine);
        }
    }
    for slot in slots {
        let account = accounts.entry(slot.order.provider).or_default();
        account.energy += slot.payment;
        account.energy_fines += slot.fine;
    }
    accounts
}
