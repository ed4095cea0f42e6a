//! Power and what holding it ready costs, as integers whose units multiply exactly: 1 W × 1 µ€/kW = 1 n€.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Span;
use crate::{Energy, Money, Price};

/// Milliseconds in an hour: power × milliseconds ÷ this is energy.
pub(crate) const HOUR_MS: i128 = 3_600_000;

/// A power in watts. Which sign means what is said where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Power(pub i64);

/// The price of holding capacity ready, in micro-euro per kilowatt for the whole product window. It may be negative:
/// the provider then pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CapacityPrice(pub i64);

impl Power {
    /// No power.
    pub const ZERO: Power = Power(0);

    /// The most whole watt-hours this power gives in `span`, rounded down; both at least zero. `None` beyond 64 bits.
    pub fn energy_within(self, span: Span) -> Option<Energy> {
        let wh = i128::from(self.0) * i128::from(span.0) / HOUR_MS;
        i64::try_from(wh).ok().map(Energy)
    }

    /// What holding this capacity costs. Exact, and never overflows.
    pub fn held_at(self, price: CapacityPrice) -> Money {
        Money(i128::from(self.0) * i128::from(price.0))
    }

    /// What delivering this power during `span` costs at `price`, rounded toward zero to whole nano-euro. `None` beyond
    /// 128 bits.
    pub(crate) fn delivered_at(self, price: Price, span: Span) -> Option<Money> {
        let at_one_hour = i128::from(self.0) * i128::from(price.0);
        Some(Money(at_one_hour.checked_mul(i128::from(span.0))? / HOUR_MS))
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} W", self.0)
    }
}

impl fmt::Display for CapacityPrice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} µ€/kW", self.0)
    }
}

/// Splits `total` over `weights` in proportion, exactly: every part is rounded down, and what is left goes one by one to
/// the largest remainders, the earlier place first among equal ones. A part never exceeds its weight where `total` does
/// not exceed their sum.
///
/// All numbers are zero or more and the weights are not all zero; their sum is within 64 bits.
pub(crate) fn in_proportion(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().copied().map(i128::from).sum();
    let share = |&weight: &i64| i128::from(total) * i128::from(weight);
    let mut parts: Vec<i128> = weights.iter().map(|weight| share(weight) / sum).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&place| std::cmp::Reverse(share(&weights[place]) % sum));
    let left = i128::from(total) - parts.iter().sum::<i128>();
    let left = usize::try_from(left).expect("fewer are left than there are parts");
    for &place in &by_remainder[..left] {
        parts[place] += 1;
    }
    parts.into_iter().map(|part| i64::try_from(part).expect("a part is at most the total")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kilowatt_gives_a_quarter_kilowatt_hour_in_a_quarter_hour() {
        assert_eq!(Power(1000).energy_within(Span::from_minutes(15)), Some(Energy(250)));
        assert_eq!(Power(1001).energy_within(Span::from_minutes(15)), Some(Energy(250)));
        assert_eq!(Power(i64::MAX).energy_within(Span::DAY), None);
    }

    #[test]
    fn a_kilowatt_held_at_one_euro_costs_one_euro() {
        assert_eq!(Power(1000).held_at(CapacityPrice(1_000_000)), Money(1_000_000_000));
    }

    #[test]
    fn a_split_gives_all_of_the_total_and_no_part_beyond_its_weight() {
        assert_eq!(in_proportion(10, &[5, 5, 5]), [4, 3, 3]);
        assert_eq!(in_proportion(7, &[1, 0, 6]), [1, 0, 6]);
        assert_eq!(in_proportion(i64::MAX, &[i64::MAX - 1, 1]), [i64::MAX - 1, 1]);
        assert_eq!(in_proportion(0, &[3]), [0]);
    }
}
