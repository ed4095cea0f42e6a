//! Bilateral contracts and support schemes: what they pay for one slot against a reference price.
//!
//! Each function is one formula, exact in integers. `reference` is the price of the spot or local market for the
//! slot. The forms are those of the contract market of ASSUME 0.6 and of the texts named at each function.

use serde::{Deserialize, Serialize};

use super::SettlementError;
use crate::{Energy, Money, Price};

/// Who makes up for the difference in a contract for differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CfdForm {
    /// Each side pays the other: above the strike the generator pays back.
    TwoWay,
    /// The generator keeps what the market pays above the strike.
    OneWay,
}

/// What happens to support while the reference price is negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AtNegativePrices {
    /// It is paid all the same.
    #[default]
    Paid,
    /// It is suspended, as in Germany since the Renewable Energy Sources Act of 2023, section 51.
    Suspended,
}

/// Fixed-quantity power purchase agreement (baseload): the buyer pays strike × contracted + reference ×
/// (delivered − contracted). What the seller fails to deliver it owes at the reference price, what it delivers
/// beyond is bought at that price.
///
/// Source: pay-as-contracted structure of the EFET standard PPA, 2019.
///
/// # Errors
/// If an amount is negative or the payment exceeds the integers.
pub fn fixed_quantity_ppa(
    contracted: Energy,
    delivered: Energy,
    strike: Price,
    reference: Price,
) -> Result<Money, SettlementError> {
    not_negative(contracted)?;
    not_negative(delivered)?;
    add(contracted * strike, (delivered - contracted) * reference, delivered, reference)
}

/// Swing contract with take-or-pay: the buyer pays strike × min(max(taken, minimum), maximum) + reference ×
/// max(taken − maximum, 0). What it does not take of the minimum it pays without receiving it. A minimum of
/// nothing and the largest maximum make a pay-as-produced agreement.
///
/// Source: P. Jaillet, E. I. Ronn and S. Tompaidis, "Valuation of commodity-based swing options",
/// Management Science 50(7), 2004; here with a bound per slot.
///
/// # Errors
/// If an amount is negative, the bounds are swapped or the payment exceeds the integers.
pub fn swing_ppa(
    taken: Energy,
    minimum: Energy,
    maximum: Energy,
    strike: Price,
    reference: Price,
) -> Result<Money, SettlementError> {
    if taken.min(minimum) < Energy::ZERO || minimum > maximum {
        return Err(SettlementError::ContractQuantity { quantity: taken, minimum, maximum });
    }
    let within = taken.max(minimum).min(maximum);
    let beyond = taken.max(maximum) - maximum;
    add(within * strike, beyond * reference, taken, reference)
}

/// Contract for differences: the generator receives (strike − reference) × quantity, where negative it pays;
/// one-way, max(strike − reference, 0) × quantity.
///
/// Source: Low Carbon Contracts Company, CfD Standard Terms (two-way); Regulation (EU) 2019/943, article 19d.
///
/// # Errors
/// If the quantity is negative or the payment exceeds the integers.
pub fn contract_for_differences(
    form: CfdForm,
    quantity: Energy,
    strike: Price,
    reference: Price,
) -> Result<Money, SettlementError> {
    not_negative(quantity)?;
    let payment = subtract(quantity * strike, quantity * reference, quantity, reference)?;
    Ok(if form == CfdForm::OneWay { payment.max(Money::ZERO) } else { payment })
}

/// Feed-in tariff: the generator receives tariff × quantity from the purchaser, whatever the market price.
///
/// Source: French purchase obligation (Code de l'énergie, L314-1).
///
/// # Errors
/// If the quantity is negative.
pub fn feed_in_tariff(quantity: Energy, tariff: Price) -> Result<Money, SettlementError> {
    not_negative(quantity)?;
    Ok(quantity * tariff)
}

/// Sliding market premium: on top of its market revenue the generator receives max(applicable value − market
/// value, 0) × quantity. The market value is the mean of the reference period, and `reference` the price of the
/// slot, which only decides on suspension.
///
/// Source: German Renewable Energy Sources Act (EEG 2023), section 23a with annex 1, and section 51.
///
/// # Errors
/// If the quantity is negative or the payment exceeds the integers.
pub fn market_premium(
    quantity: Energy,
    applicable: Price,
    market_value: Price,
    reference: Price,
    at_negative: AtNegativePrices,
) -> Result<Money, SettlementError> {
    let premium = contract_for_differences(CfdForm::OneWay, quantity, applicable, market_value)?;
    let suspended = at_negative == AtNegativePrices::Suspended && reference < Price::ZERO;
    Ok(if suspended { Money::ZERO } else { premium })
}

/// Fixed market premium: premium × quantity on top of the market revenue.
///
/// # Errors
/// If the quantity is negative.
pub fn fixed_premium(
    quantity: Energy,
    premium: Price,
    reference: Price,
    at_negative: AtNegativePrices,
) -> Result<Money, SettlementError> {
    let payment = feed_in_tariff(quantity, premium)?;
    let suspended = at_negative == AtNegativePrices::Suspended && reference < Price::ZERO;
    Ok(if suspended { Money::ZERO } else { payment })
}

fn not_negative(quantity: Energy) -> Result<(), SettlementError> {
    let bounds = (Energy::ZERO, Energy(i64::MAX));
    if quantity >= Energy::ZERO {
        return Ok(());
    }
    Err(SettlementError::ContractQuantity { quantity, minimum: bounds.0, maximum: bounds.1 })
}

fn add(a: Money, b: Money, quantity: Energy, price: Price) -> Result<Money, SettlementError> {
    a.0.checked_add(b.0).map(Money).ok_or(SettlementError::ContractTooLarge { quantity, price })
}

fn subtract(a: Money, b: Money, quantity: Energy, price: Price) -> Result<Money, SettlementError> {
    a.0.checked_sub(b.0).map(Money).ok_or(SettlementError::ContractTooLarge { quantity, price })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRIKE: Price = Price(100);

    fn wh(quantity: i64) -> Energy {
        Energy(quantity)
    }

    #[test]
    fn a_fixed_quantity_is_paid_as_contracted_and_the_difference_at_the_reference() {
        // 1000 × 100 = 100,000; 200 short at 150 cost the seller 30,000; 200 more earn it 30,000.
        let ppa = |delivered| fixed_quantity_ppa(wh(1_000), wh(delivered), STRIKE, Price(150));
        assert_eq!(ppa(1_000), Ok(Money(100_000)));
        assert_eq!(ppa(800), Ok(Money(70_000)));
        assert_eq!(ppa(1_200), Ok(Money(130_000)));
    }

    #[test]
    fn a_swing_contract_is_paid_between_its_bounds() {
        // Within 300..500: 400 × 100. Below: 300 × 100 although 100 are taken. Above: 500 × 100 + 50 × 150.
        let swing = |taken| swing_ppa(wh(taken), wh(300), wh(500), STRIKE, Price(150));
        assert_eq!(swing(400), Ok(Money(40_000)));
        assert_eq!(swing(100), Ok(Money(30_000)));
        assert_eq!(swing(550), Ok(Money(57_500)));
        assert!(matches!(
            swing_ppa(wh(1), wh(5), wh(3), STRIKE, STRIKE),
            Err(SettlementError::ContractQuantity { .. })
        ));
    }

    #[test]
    fn a_contract_for_differences_makes_the_strike_the_price() {
        let cfd = |form, reference| contract_for_differences(form, wh(10), STRIKE, Price(reference));
        assert_eq!(cfd(CfdForm::TwoWay, 60), Ok(Money(400)));
        assert_eq!(cfd(CfdForm::TwoWay, 130), Ok(Money(-300)));
        assert_eq!(cfd(CfdForm::TwoWay, -20), Ok(Money(1_200)));
        assert_eq!(cfd(CfdForm::OneWay, 130), Ok(Money::ZERO));
        assert_eq!(cfd(CfdForm::OneWay, 60), Ok(Money(400)));
    }

    #[test]
    fn premiums_may_be_suspended_at_negative_prices() {
        let premium = |reference, rule| market_premium(wh(10), STRIKE, Price(70), Price(reference), rule);
        assert_eq!(premium(-1, AtNegativePrices::Paid), Ok(Money(300)));
        assert_eq!(premium(-1, AtNegativePrices::Suspended), Ok(Money::ZERO));
        assert_eq!(premium(0, AtNegativePrices::Suspended), Ok(Money(300)));
        assert_eq!(market_premium(wh(10), STRIKE, Price(170), STRIKE, AtNegativePrices::Paid), Ok(Money::ZERO));
        assert_eq!(fixed_premium(wh(10), Price(7), Price(-5), AtNegativePrices::Suspended), Ok(Money::ZERO));
        assert_eq!(fixed_premium(wh(10), Price(7), Price(5), AtNegativePrices::Suspended), Ok(Money(70)));
        assert_eq!(feed_in_tariff(wh(10), Price(-7)), Ok(Money(-70)));
    }

    #[test]
    fn extremes_are_paid_or_refused_and_never_overflow() {
        let (most, highest, lowest) = (wh(i64::MAX), Price(i64::MAX), Price(i64::MIN));
        assert!(contract_for_differences(CfdForm::TwoWay, most, highest, lowest).is_ok());
        assert!(fixed_quantity_ppa(most, wh(0), highest, lowest).is_ok());
        assert!(swing_ppa(most, wh(0), most, lowest, highest).is_ok());
        assert!(feed_in_tariff(wh(-1), STRIKE).is_err());
    }
}
