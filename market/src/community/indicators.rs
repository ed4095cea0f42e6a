//! Figures by which mechanisms compare over the same orders and meters.
//!
//! Sums are exact integers; a float appears only where a ratio is formed at the end. A ratio without a base is
//! `None`, never zero or one.

use serde::{Deserialize, Serialize};

use super::CommunityError;
use crate::time::Span;
use crate::{Book, Energy, Money, Trade};

/// Welfare: Σ quantity × (bid limit − offer limit) over all trades, the gain from trade that the limits reveal.
/// Nothing for no trades; negative where trades were made against the limits' order.
///
/// Source: the objective of the single day-ahead coupling (EUPHEMIA public description, 2020), without ramps.
///
/// # Errors
/// If a trade names an order that is not in the book, or the sum exceeds the integers.
pub fn welfare(book: &Book, trades: &[Trade]) -> Result<Money, CommunityError> {
    let mut sum = 0_i128;
    for (place, &Trade { bid, offer, quantity, .. }) in trades.iter().enumerate() {
        let find = |id| book.order(id).ok_or(CommunityError::ForeignTrade { bid, offer });
        let (value, cost) = (quantity * find(bid)?.limit, quantity * find(offer)?.limit);
        let gain = value.0.checked_sub(cost.0).and_then(|gain| sum.checked_add(gain));
        sum = gain.ok_or(CommunityError::AmountTooLarge { place })?;
    }
    Ok(Money(sum))
}

/// Local share: energy traded among members / energy they consumed, 0 to 1. `None` without consumption.
pub fn local_share(traded_locally: Energy, consumption: Energy) -> Option<f64> {
    ratio(traded_locally, consumption)
}

/// Self-sufficiency: 1 − grid import / consumption. `None` without consumption.
///
/// Source: R. Luthander et al., "Photovoltaic self-consumption in buildings: a review", Applied Energy 142, 2015.
pub fn self_sufficiency(consumption: Energy, grid_import: Energy) -> Option<f64> {
    ratio(grid_import, consumption).map(|share| 1.0 - share)
}

/// Self-consumption: 1 − grid export / production. `None` without production.
///
/// Source: as for [`self_sufficiency`].
pub fn self_consumption(production: Energy, grid_export: Energy) -> Option<f64> {
    ratio(grid_export, production).map(|share| 1.0 - share)
}

fn ratio(part: Energy, whole: Energy) -> Option<f64> {
    (whole > Energy::ZERO).then(|| part.0 as f64 / whole.0 as f64)
}

/// What each participant saves: what it would have paid with the retailer alone − what it pays. Negative where
/// the market cost it.
///
/// # Errors
/// If the lists differ in length or a difference exceeds the integers.
pub fn savings(retailer_only: &[Money], actual: &[Money]) -> Result<Vec<Money>, CommunityError> {
    let (baseline, count) = (retailer_only.len(), actual.len());
    if baseline != count {
        return Err(CommunityError::BaselineMismatch { baseline, actual: count });
    }
    let saving = |(place, (&Money(before), &Money(after)))| {
        let difference: Option<i128> = i128::checked_sub(before, after);
        difference.map(Money).ok_or(CommunityError::AmountTooLarge { place })
    };
    retailer_only.iter().zip(actual).enumerate().map(saving).collect()
}

/// Jain's index (Σx)² / (n Σx²): 1 when all are equal, 1/n when one has everything. With savings of both signs it
/// falls towards 0, when gains and losses cancel. `None` for no participants, or when all amounts are zero.
///
/// Source: R. Jain, D.-M. Chiu and W. Hawe, "A quantitative measure of fairness", DEC-TR-301, 1984.
pub fn jain_index(amounts: &[Money]) -> Option<f64> {
    let scaled = scaled(amounts)?;
    let sum: f64 = scaled.iter().sum();
    let squares: f64 = scaled.iter().map(|x| x * x).sum();
    Some(sum * sum / (amounts.len() as f64 * squares))
}

/// Gini coefficient Σᵢ Σⱼ |xᵢ − xⱼ| / (2 n Σ|x|), in O(n log n): 0 when all are equal, 1 − 1/n when one has
/// everything. Dividing by the sum of sizes, not by the sum, keeps it within 0 to 1 for amounts of both signs;
/// for amounts of one sign it is the usual coefficient. `None` for no participants, or when all amounts are zero.
///
/// Source: E. Raffinetti, E. Siletti and A. Vernizzi, "On the Gini coefficient normalization when attributes with
/// negative values are considered", Statistical Methods & Applications 24, 2015 (here without their factor n / (n
/// − 1)).
pub fn gini(amounts: &[Money]) -> Option<f64> {
    let mut scaled = scaled(amounts)?;
    scaled.sort_unstable_by(f64::total_cmp);
    let n = scaled.len() as f64;
    let sizes: f64 = scaled.iter().map(|x| x.abs()).sum();
    // Σᵢ Σⱼ |xᵢ − xⱼ| = 2 Σₖ (2k − n + 1) xₖ for ascending x and k from 0.
    let spread: f64 = scaled.iter().enumerate().map(|(k, x)| (2.0 * k as f64 - n + 1.0) * x).sum();
    Some((spread / (n * sizes)).max(0.0))
}

/// Amounts in units of the largest, which neither index depends on, so that squares and sums stay finite.
fn scaled(amounts: &[Money]) -> Option<Vec<f64>> {
    let largest = amounts.iter().map(|amount| amount.0.unsigned_abs()).max().filter(|&largest| largest > 0)?;
    Some(amounts.iter().map(|amount| amount.0 as f64 / largest as f64).collect())
}

/// The highest residual import and export of a series of slots, each the sum over all accounts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Peaks {
    /// Mean power of the slot with the highest residual import.
    pub import_kw: f64,
    /// Mean power of the slot with the highest residual export.
    pub export_kw: f64,
}

/// Peaks of `slots` (residual import, residual export), each `length` long; zero without slots.
///
/// # Errors
/// If the slots have no length.
pub fn peaks(slots: &[(Energy, Energy)], length: Span) -> Result<Peaks, CommunityError> {
    if length <= Span::ZERO {
        return Err(CommunityError::EmptySlot { length_ms: length.0 });
    }
    let highest = |side: fn(&(Energy, Energy)) -> Energy| {
        slots.iter().map(side).max().unwrap_or_default().max(Energy::ZERO).as_kwh() / length.hours()
    };
    Ok(Peaks { import_kw: highest(|slot| slot.0), export_kw: highest(|slot| slot.1) })
}

/// What one mechanism made of a period, as measured; the input of [`Indicators::of`].
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Sum of [`welfare`] over the books.
    pub welfare: Money,
    /// Energy traded among members.
    pub traded_locally: Energy,
    /// Energy consumed by members, behind their meters or from the grid.
    pub consumption: Energy,
    /// Energy produced by members.
    pub production: Energy,
    /// Residual import and export of the community, per slot.
    pub residuals: &'a [(Energy, Energy)],
    /// Length of these slots.
    pub slot: Span,
    /// What each participant would have paid with the retailer alone.
    pub retailer_only: &'a [Money],
    /// What each participant pays.
    pub paid: &'a [Money],
}

/// One row of a comparison of mechanisms side by side.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Indicators {
    /// See [`welfare`].
    pub welfare: Money,
    /// See [`local_share`].
    pub local_share: Option<f64>,
    /// See [`self_sufficiency`].
    pub self_sufficiency: Option<f64>,
    /// See [`self_consumption`].
    pub self_consumption: Option<f64>,
    /// Sum of [`savings`].
    pub savings: Money,
    /// Jain's index of the savings.
    pub jain: Option<f64>,
    /// Gini coefficient of the savings.
    pub gini: Option<f64>,
    /// See [`peaks`].
    pub peaks: Peaks,
}

impl Indicators {
    /// All figures of one mechanism. O(slots + participants log participants).
    ///
    /// # Errors
    /// Those of [`savings`] and [`peaks`], and if a sum exceeds the integers.
    pub fn of(measured: &Measured<'_>) -> Result<Indicators, CommunityError> {
        let saved = savings(measured.retailer_only, measured.paid)?;
        let (mut import, mut export) = (0_i64, 0_i64);
        for (place, slot) in measured.residuals.iter().enumerate() {
            let too_large = CommunityError::AmountTooLarge { place };
            import = import.checked_add(slot.0.0).ok_or(too_large.clone())?;
            export = export.checked_add(slot.1.0).ok_or(too_large)?;
        }
        let mut sum = 0_i128;
        for (place, saving) in saved.iter().enumerate() {
            sum = sum.checked_add(saving.0).ok_or(CommunityError::AmountTooLarge { place })?;
        }
        Ok(Indicators {
            welfare: measured.welfare,
            local_share: local_share(measured.traded_locally, measured.consumption),
            self_sufficiency: self_sufficiency(measured.consumption, Energy(import)),
            self_consumption: self_consumption(measured.production, Energy(export)),
            savings: Money(sum),
            jain: jain_index(&saved),
            gini: gini(&saved),
            peaks: peaks(measured.residuals, measured.slot)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(amounts: &[i128]) -> Vec<Money> {
        amounts.iter().map(|&amount| Money(amount)).collect()
    }

    #[test]
    fn equal_savings_are_fair_and_one_winner_is_not() {
        assert_eq!(jain_index(&money(&[5, 5, 5, 5])), Some(1.0));
        assert_eq!(jain_index(&money(&[0, 0, 0, 8])), Some(0.25));
        assert_eq!(gini(&money(&[5, 5, 5, 5])), Some(0.0));
        assert_eq!(gini(&money(&[0, 0, 0, 8])), Some(0.75));
        // 1, 2, 3: (6)² / (3 × 14) = 36/42; Σ|xᵢ − xⱼ| = 8, over 2 × 3 × 6 = 2/9.
        assert!((jain_index(&money(&[1, 2, 3])).expect("amounts") - 6.0 / 7.0).abs() < 1e-12);
        assert!((gini(&money(&[3, 1, 2])).expect("amounts") - 2.0 / 9.0).abs() < 1e-12);
    }

    #[test]
    fn losses_are_measured_and_nothing_to_compare_is_none() {
        // One gains what the other loses: Σx = 0. Σ|xᵢ − xⱼ| = 2 × 8 over 2 × 2 × 8.
        assert_eq!(jain_index(&money(&[4, -4])), Some(0.0));
        assert_eq!(gini(&money(&[4, -4])), Some(0.5));
        assert_eq!(gini(&money(&[-4, -4])), Some(0.0));
        for nothing in [&[][..], &[0, 0][..]] {
            assert_eq!((jain_index(&money(nothing)), gini(&money(nothing))), (None, None));
        }
        assert_eq!(gini(&money(&[i128::MIN, i128::MIN])), Some(0.0));
    }

    #[test]
    fn shares_have_no_value_without_a_base() {
        assert_eq!(self_sufficiency(Energy(400), Energy(100)), Some(0.75));
        assert_eq!(self_consumption(Energy(400), Energy(300)), Some(0.25));
        assert_eq!(local_share(Energy(100), Energy(400)), Some(0.25));
        assert_eq!(self_sufficiency(Energy::ZERO, Energy::ZERO), None);
        assert_eq!(self_consumption(Energy::ZERO, Energy::ZERO), None);
        assert_eq!(local_share(Energy::ZERO, Energy::ZERO), None);
    }

    #[test]
    fn peaks_are_powers_and_savings_may_be_negative() {
        // 500 Wh in a quarter of an hour are 2 kW.
        let slots = [(Energy(100), Energy(0)), (Energy(500), Energy(250))];
        let found = peaks(&slots, Span::from_minutes(15)).expect("a length");
        assert_eq!(found, Peaks { import_kw: 2.0, export_kw: 1.0 });
        assert_eq!(peaks(&[], Span::HOUR), Ok(Peaks::default()));
        assert!(peaks(&slots, Span::ZERO).is_err());
        assert_eq!(savings(&money(&[10, 10]), &money(&[7, 12])), Ok(money(&[3, -2])));
        assert!(savings(&money(&[1]), &[]).is_err());
        assert!(savings(&money(&[i128::MAX]), &money(&[-1])).is_err());
    }
}
