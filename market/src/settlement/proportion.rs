//! Percentages and shares of integers, with every remainder accounted for.

use std::cmp::Reverse;

use super::SettlementError;
use crate::Money;

/// How many basis points make a whole.
pub const BASIS_POINTS: i128 = 10_000;

/// `rate_bp` hundredths of a percent of `amount`, to the nearest multiple of `unit`, halves away from zero;
/// `None` if it does not fit, or `unit` is not positive.
///
/// Away from zero, because then a charge and its refund are the same number.
pub fn basis_points_of(amount: Money, rate_bp: u32, unit: Money) -> Option<Money> {
    if unit <= Money::ZERO {
        return None;
    }
    let product = amount.0.checked_mul(i128::from(rate_bp))?;
    let divisor = BASIS_POINTS.checked_mul(unit.0)?;
    let (quotient, remainder) = (product / divisor, product % divisor);
    let half_or_more = remainder.unsigned_abs() >= divisor.unsigned_abs().div_ceil(2);
    let rounded = if half_or_more { quotient + product.signum() } else { quotient };
    rounded.checked_mul(unit.0).map(Money)
}

/// Shares `total` out in proportion to `weights`, by largest remainder: every share is the exact one rounded
/// down, and the units left over go one each to the largest remainders. The shares sum to `total`. O(n log n).
///
/// Equal remainders are served by lottery ticket, lowest first, then by place in the list, never by who it is. No
/// share exceeds its weight if `total` is at most the sum of the weights.
///
/// Source: Hamilton's method, M. L. Balinski and H. P. Young, "Fair Representation", 2nd ed., 2001.
///
/// # Errors
/// If `total` or a weight is negative, all weights are zero while `total` is not, the lists differ in length, or
/// a product exceeds 128 bits.
pub fn apportion(total: i128, weights: &[i128], tickets: &[u64]) -> Result<Vec<i128>, SettlementError> {
    if weights.len() != tickets.len() {
        return Err(SettlementError::TicketsMismatch { weights: weights.len(), tickets: tickets.len() });
    }
    let mut sum = 0_i128;
    for &weight in weights {
        let bad = SettlementError::BadWeight { total, weight };
        if weight < 0 || total < 0 || weight.checked_mul(total).is_none() {
            return Err(bad);
        }
        sum = sum.checked_add(weight).ok_or(bad)?;
    }
    if total == 0 {
        return Ok(vec![0; weights.len()]);
    }
    if sum == 0 {
        return Err(SettlementError::NoWeight { total });
    }
    let mut shares: Vec<i128> = weights.iter().map(|weight| weight * total / sum).collect();
    let left = total - shares.iter().sum::<i128>();
    let mut queue: Vec<usize> = (0..weights.len()).collect();
    queue.sort_by_key(|&at| (Reverse(weights[at] * total % sum), tickets[at]));
    let left = usize::try_from(left).expect("fewer units are left over than there are shares");
    queue[..left].iter().for_each(|&at| shares[at] += 1);
    Ok(shares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_rounds_halves_away_from_zero_on_both_sides() {
        let of = |amount, rate| basis_points_of(Money(amount), rate, Money(1));
        assert_eq!(of(1_000, 850), Some(Money(85)));
        assert_eq!(of(5, 1_000), Some(Money(1)));
        assert_eq!(of(-5, 1_000), Some(Money(-1)));
        assert_eq!(of(4, 1_000), Some(Money(0)));
        assert_eq!(of(i128::MAX, 2), None);
    }

    #[test]
    fn a_percentage_can_be_rounded_to_cents() {
        // 8.5 % of 1.23 EUR are 10.455 ct, that is 10 ct; of 1.30 EUR 11.05 ct; of 1.00 EUR exactly 8.5 ct, up to
        // 9.
        let cents = |eur_cents: i128| basis_points_of(Money(eur_cents * 10_000_000), 850, Money(10_000_000));
        assert_eq!(cents(123), Some(Money(100_000_000)));
        assert_eq!(cents(130), Some(Money(110_000_000)));
        assert_eq!(cents(100), Some(Money(90_000_000)));
        assert_eq!(basis_points_of(Money(1), 1, Money(0)), None);
    }

    #[test]
    fn shares_sum_to_the_total_and_the_largest_remainders_get_the_rest() {
        // 10 over 1:1:1 leaves one unit to the lowest ticket; over 5:3:2 it is exact; 7 over 5:3:2 is 3.5, 2.1,
        // 1.4.
        assert_eq!(apportion(10, &[1, 1, 1], &[5, 2, 9]), Ok(vec![3, 4, 3]));
        assert_eq!(apportion(10, &[5, 3, 2], &[0, 0, 0]), Ok(vec![5, 3, 2]));
        assert_eq!(apportion(7, &[5, 3, 2], &[0, 0, 0]), Ok(vec![4, 2, 1]));
        assert_eq!(apportion(1, &[1, 1], &[7, 7]), Ok(vec![1, 0]));
    }

    #[test]
    fn what_cannot_be_shared_is_refused() {
        assert_eq!(apportion(0, &[0, 0], &[0, 0]), Ok(vec![0, 0]));
        assert_eq!(apportion(3, &[0, 0], &[0, 0]), Err(SettlementError::NoWeight { total: 3 }));
        assert_eq!(apportion(3, &[], &[]), Err(SettlementError::NoWeight { total: 3 }));
        assert!(matches!(apportion(-1, &[1], &[0]), Err(SettlementError::BadWeight { .. })));
        assert!(matches!(apportion(i128::MAX, &[2], &[0]), Err(SettlementError::BadWeight { .. })));
        assert!(matches!(apportion(1, &[1], &[]), Err(SettlementError::TicketsMismatch { .. })));
    }
}
