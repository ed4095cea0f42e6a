//! What the flexibility market adds up to.

use agents::Slot;
use agents::record::FlexibilityRow;
use market::Money;

/// What the figures of the flexibility market are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlexibilityTotals {
    pub(crate) requested_kwh: f64,
    pub(crate) ordered_kwh: f64,
    pub(crate) delivered_kwh: f64,
    pub(crate) payment: Money,
    pub(crate) penalty: Money,
    pub(crate) congested_before_min: f64,
    pub(crate) congested_min: f64,
    /// The ISP whose rows are coming in: of its aggregators only the first one tells of the congestion point.
    slot: Option<Slot>,
}

impl FlexibilityTotals {
    pub(super) fn add(&mut self, row: &FlexibilityRow) {
        let hours = row.slot.length.hours();
        let energy_kwh = |power: market::reserve::Power| power.0.abs() as f64 / 1000.0 * hours;
        if self.slot.replace(row.slot) != Some(row.slot) {
            self.requested_kwh += energy_kwh(row.requested);
            self.congested_before_min += if row.excess_before.0 > 0 { hours * 60.0 } else { 0.0 };
            self.congested_min += if row.excess.0 > 0 { hours * 60.0 } else { 0.0 };
        }
        self.ordered_kwh += energy_kwh(row.ordered);
        self.delivered_kwh += energy_kwh(row.delivered);
        self.payment += row.payment;
        self.penalty += row.penalty;
    }
}
