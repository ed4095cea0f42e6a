//! What was traded, by the slots in which it is delivered.

use super::Worth;
use crate::record::{AreaDelivery, DeliveryRow};
use crate::time::{Now, Slot, Span, Time};
use market::areas::{AreaId, AreaOutcome};
use market::{Energy, Money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What trades of a contract come to, in each settlement slot of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContractWorth {
    /// The contract: its delivery slot.
    pub contract: Slot,
    /// What they come to in all.
    pub worth: Worth,
    /// What they come to in each area, if there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub areas: Vec<AreaOutcome>,
}

/// What is still to be delivered, by the beginning of the settlement slot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Deliveries(BTreeMap<Time, Delivery>);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Delivery {
    worth: Worth,
    /// Bought, local, fees.
    areas: BTreeMap<AreaId, (Energy, Energy, Money)>,
}

impl Deliveries {
    /// Takes trades, settled in slots of length `slot`.
    pub(super) fn take(&mut self, traded: &ContractWorth, slot: Span) {
        let mut start = traded.contract.start;
        while start < traded.contract.end() {
            let delivery = self.0.entry(start).or_default();
            delivery.worth.add(&traded.worth);
            for of in traded.areas.iter().filter(|of| of.bought != Energy::ZERO || of.fees != Money::ZERO) {
                let (bought, local, fees) = delivery.areas.entry(of.area).or_default();
                *bought += of.bought;
                *local += of.local;
                *fees += of.fees;
            }
            start += slot;
        }
    }

    /// What is delivered in `slot`; none if nothing was traded for it, not even in vain.
    pub(super) fn settle(&mut self, now: Now, slot: Slot) -> Option<DeliveryRow> {
        let Delivery { worth, areas } = self.0.remove(&slot.start)?;
        let area = |(area, (bought, local, fees))| AreaDelivery { area, bought, local, fees };
        Some(DeliveryRow { time: now.time, slot, worth, areas: areas.into_iter().map(area).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Calendar;

    const QUARTER: Span = Span::from_minutes(15);

    #[test]
    fn what_is_traded_for_an_hour_is_delivered_in_each_of_its_quarters() {
        let (start, calendar) = (Time(0), Calendar::default());
        let worth = Worth { volume: Energy(300), value: Money(7), welfare: Some(Money(2)), fees: Money(1) };
        let traded = |length| ContractWorth { contract: Slot { start, length }, worth, areas: Vec::new() };
        let mut deliveries = Deliveries::default();
        deliveries.take(&traded(Span::HOUR), QUARTER);
        deliveries.take(&traded(QUARTER), QUARTER);
        let mut volumes = Vec::new();
        for quarter in 0..6 {
            let slot = Slot { start: start + QUARTER * quarter, length: QUARTER };
            let now = Now { time: slot.end(), calendar };
            volumes.push(deliveries.settle(now, slot).map(|row| (row.worth.volume.0, row.worth.fees.0)));
        }
        let quarter = Some((300, 1));
        assert_eq!(volumes, [Some((600, 2)), quarter, quarter, quarter, None, None]);
        assert_eq!(deliveries, Deliveries::default());
    }
}
