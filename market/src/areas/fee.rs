//! Fees on a boundary, summed over a path, and their exact inverse.
//!
//! A path of boundaries costs c per kilowatt-hour plus a share r of a base price s that is not negative, together
//! F(s) = c + ⌊r × max(s, 0)⌋. The base is what the seller receives. Rounding down keeps s + F(s) strictly
//! increasing in s, so that it has an inverse, and limits mapped by it hold to the last micro-euro.

use serde::{Deserialize, Serialize};

use crate::Price;
use crate::settlement::BASIS_POINTS;

/// What crossing one boundary costs, paid by the buyer. Both parts may be set; they add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fee {
    /// So much per kilowatt-hour.
    pub constant: Price,
    /// So many basis points of what the seller receives; nothing of a price below zero. Percentages along a path
    /// add up before they are rounded, down to a whole µ€/kWh.
    pub rate_bp: u32,
}

/// The fees of a path: constants and rates summed. In 128 bits no sum of 64-bit constants overflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PathFee {
    pub constant: i128,
    pub rate_bp: i128,
}

impl PathFee {
    pub(super) fn plus(self, fee: Fee) -> PathFee {
        PathFee {
            constant: self.constant + i128::from(fee.constant.0),
            rate_bp: self.rate_bp + i128::from(fee.rate_bp),
        }
    }

    /// The percentage part alone: ⌊rate × max(base, 0)⌋.
    pub(super) fn share(self, base: i128) -> i128 {
        base.max(0) * self.rate_bp / BASIS_POINTS
    }

    /// `price` plus the fee on it.
    pub(super) fn add(self, price: i128) -> i128 {
        price + self.share(price) + self.constant
    }

    /// The highest price that with the fee on it does not exceed `total`.
    pub(super) fn strip(self, total: i128) -> i128 {
        let rest = total - self.constant;
        if rest <= 0 {
            return rest;
        }
        let mut price = rest * BASIS_POINTS / (BASIS_POINTS + self.rate_bp);
        // Truncation of share and quotient leaves the candidate low by a unit at most.
        while price + 1 + self.share(price + 1) <= rest {
            price += 1;
        }
        price
    }
}

/// Splits the fee per kilowatt-hour that a path collects among its boundaries, innermost first: each gets its
/// constant, and of the percentage part what its rate adds to the rounded sum of the rates before it. Exact by
/// construction.
pub(super) fn split(fees: &[Fee], collected: i128) -> Vec<i128> {
    let path = fees.iter().fold(PathFee::default(), |path, &fee| path.plus(fee));
    let percentage = collected - path.constant;
    let up_to = |rate: i128| if path.rate_bp == 0 { 0 } else { percentage * rate / path.rate_bp };
    let mut before = 0;
    let part = |fee: &Fee| {
        let after = before + i128::from(fee.rate_bp);
        let own = i128::from(fee.constant.0) + up_to(after) - up_to(before);
        before = after;
        own
    };
    fees.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(constant: i64, rate_bp: u32) -> PathFee {
        PathFee::default().plus(Fee { constant: Price(constant), rate_bp })
    }

    #[test]
    fn a_fee_is_added_and_taken_off_again() {
        // 10 % of 200,000 are 20,000, and 5,000 on top.
        assert_eq!(path(5_000, 1_000).add(200_000), 225_000);
        assert_eq!(path(5_000, 1_000).strip(225_000), 200_000);
        assert_eq!(path(5_000, 0).strip(3_000), -2_000);
        assert_eq!(path(5_000, 1_000).add(-2_000), 3_000);
    }

    #[test]
    fn stripping_finds_the_highest_price_whose_total_fits() {
        for rate in [0, 1, 33, 999, 10_000, 70_001] {
            for total in -50..400 {
                let fee = path(7, rate);
                let price = fee.strip(total);
                assert!(fee.add(price) <= total && fee.add(price + 1) > total, "rate {rate}, total {total}");
            }
        }
    }

    #[test]
    fn the_boundaries_of_a_path_share_exactly_what_it_collects() {
        let fees = [(5, 100), (0, 50), (7, 0), (0, 150)].map(|(c, rate_bp)| Fee { constant: Price(c), rate_bp });
        let parts = split(&fees, 12 + 10);
        assert_eq!(parts, [5 + 3, 2, 7, 5]);
        assert_eq!(parts.iter().sum::<i128>(), 22);
        assert_eq!(split(&[], 0), [0_i128; 0]);
    }
}
