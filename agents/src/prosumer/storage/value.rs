//! What stored energy is worth, and the limit prices that follow from it.
//!
//! Let *L* and *H* be the low and the high price level (EUR/MWh at the terminals), η the efficiency one way, *w* the wear per
//! MWh through the terminals. A MWh that is stored
//!
//! - is worth at most v₁ = η (H − w), when there is so little that it will be sold at the high level: η MWh reach the
//!   terminals;
//! - is worth at least v₀ = (L + w) / η, when there is so much that it can be had again at the low level: 1/η MWh are taken.
//!
//! Between, the value falls linearly from empty to full (a proposal: the simplest marginal value that has the right ends; an
//! optimum by dynamic programming has the same shape). Charging a MWh at price p pays if p + w ≤ η v; discharging one pays if
//! p − w ≥ v / η. So that a layer of the storage that is filled and emptied earns per stored MWh at least
//! η (v/η + w) − (η v − w) / η = w (η + 1/η), which is just the wear: losses and wear are covered, whatever prices do.
//! Where v₁ ≤ v₀ no round trip pays, and there is no curve.

use crate::storage_trade::StorageTerms;
use market::Price;

/// The value of a stored MWh in EUR, by state of charge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ValueCurve {
    full: f64,
    empty: f64,
    efficiency: f64,
    wear: f64,
}

impl ValueCurve {
    /// The curve between two price levels in EUR/MWh; none where a round trip between them does not pay.
    pub(super) fn between((low, high): (f64, f64), terms: &StorageTerms) -> Option<Self> {
        let (efficiency, wear) = (terms.efficiency, terms.wear_eur_per_mwh);
        let (full, empty) = ((low + wear) / efficiency, efficiency * (high - wear));
        (full < empty).then_some(Self { full, empty, efficiency, wear })
    }

    /// The value of a MWh in a storage that is full to `share`.
    fn at(&self, share: f64) -> f64 {
        let share = share.clamp(0.0, 1.0);
        self.empty * (1.0 - share) + self.full * share
    }

    /// The highest price at which to charge a storage beyond `share`.
    pub(super) fn bid(&self, share: f64) -> Price {
        micro(self.efficiency * self.at(share) - self.wear, f64::floor)
    }

    /// The lowest price at which to discharge a storage below `share`.
    pub(super) fn offer(&self, share: f64) -> Price {
        micro(self.at(share) / self.efficiency + self.wear, f64::ceil)
    }
}

/// EUR/MWh as a price, rounded to the cautious side.
fn micro(eur_per_mwh: f64, round: impl Fn(f64) -> f64) -> Price {
    // Whole millionths of a µ€ first: what is exact in decimals shall not be rounded away by its last binary digit.
    Price(round((eur_per_mwh * 1e9).round() / 1e6) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(efficiency: f64, wear_eur_per_mwh: f64) -> StorageTerms {
        StorageTerms { efficiency, wear_eur_per_mwh, ..StorageTerms::default() }
    }

    #[test]
    fn an_empty_storage_sells_at_the_high_level_and_a_full_one_buys_at_the_low_level() {
        let curve = ValueCurve::between((100.0, 270.0), &terms(0.9, 10.0)).expect("the spread covers the losses");
        assert_eq!((curve.offer(0.0), curve.bid(1.0)), (Price(270_000), Price(100_000)));
        assert!(curve.bid(0.0) > curve.bid(0.5) && curve.offer(0.5) > curve.offer(1.0));
    }

    #[test]
    fn there_is_a_round_trip_only_if_the_spread_covers_losses_and_wear() {
        // 100 EUR/MWh and wear of 10 make 110 / 0.81 + 10 = 145.80 the least that pays.
        assert_eq!(ValueCurve::between((100.0, 145.8), &terms(0.9, 10.0)), None);
        assert!(ValueCurve::between((100.0, 145.9), &terms(0.9, 10.0)).is_some());
        assert_eq!(ValueCurve::between((100.0, 100.0), &terms(1.0, 0.0)), None);
    }

    proptest! {
        #[test]
        fn what_is_filled_and_emptied_never_loses(
            low in -100.0..300.0_f64, spread in 0.0..400.0_f64, efficiency in 0.5..1.0_f64, wear in 0.0..50.0_f64,
            share in 0.0..1.0_f64,
        ) {
            let Some(curve) = ValueCurve::between((low, low + spread), &terms(efficiency, wear)) else { return Ok(()) };
            let (bid, offer) = (curve.bid(share).as_eur_per_mwh(), curve.offer(share).as_eur_per_mwh());
            let earned = efficiency * (offer - wear) - (bid + wear) / efficiency;
            prop_assert!(earned >= -1e-9, "{earned}");
            prop_assert!(bid <= curve.bid(0.0).as_eur_per_mwh() && offer <= curve.offer(0.0).as_eur_per_mwh());
        }
    }
}
