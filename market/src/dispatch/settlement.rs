//! What members pay at the prices of a dispatch, in integers, and what is left over where the network was full.

use super::community::Community;
use super::schedule::Dispatch;
use crate::{Energy, Money, Price};

/// What one member owes for the whole horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Account {
    /// Energy taken through its connection.
    pub bought: Energy,
    /// Energy given through it, positive.
    pub sold: Energy,
    /// What it pays at its own prices; negative if it earns.
    pub payment: Money,
}

/// Who pays what. Payments of members = payment to the grid + surplus, exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// Members in their order.
    pub members: Vec<Account>,
    /// What the community pays the grid for its net imports, less what its exports earn.
    pub grid: Money,
    /// What members pay beyond that: the congestion rent of limits that bind (merchandising surplus). Without any it is
    /// nothing but rounding.
    pub surplus: Money,
}

/// Settles a dispatch at its prices, step by step.
///
/// Energy is rounded to whole Wh once: the community's net flow of a step to the nearest, and the members' so that they
/// add up to it (largest remainder; of equal remainders the member listed first). Prices are rounded to whole µ€/kWh.
/// O(members × steps × log members).
///
/// # Panics
/// If the dispatch is one of another community, or its numbers do not fit 64 bits.
pub fn settle(community: &Community, dispatch: &Dispatch) -> Settlement {
    let mut members = vec![Account::default(); community.members.len()];
    let mut grid = Money::ZERO;
    let price = |eur_per_kwh: f64| Price::from_eur_per_mwh(eur_per_kwh * 1e3);
    for step in 0..community.steps {
        let net_wh = |kw: f64| kw * community.step_h * 1e3;
        let total = Energy::from_kwh((dispatch.import_kw[step] - dispatch.export_kw[step]) * community.step_h);
        let shares: Vec<f64> = dispatch.members.iter().map(|member| net_wh(member.net_kw[step])).collect();
        for (index, (account, energy)) in members.iter_mut().zip(apportion(total.0, &shares)).enumerate() {
            let energy = Energy(energy);
            account.payment += energy * price(dispatch.members[index].price_eur_per_kwh[step]);
            match energy {
                Energy(..0) => account.sold -= energy,
                Energy(0..) => account.bought += energy,
            }
        }
        let prices = match total {
            Energy(..0) => &community.export_price_eur_per_kwh,
            Energy(0..) => &community.import_price_eur_per_kwh,
        };
        grid += total * price(prices[step]);
    }
    let paid: Money = members.iter().map(|account| account.payment).sum();
    Settlement { members, grid, surplus: paid - grid }
}

/// Whole numbers that add up to `total`, each as near as can be to its share. The shares should add up to `total` but for
/// rounding. What is missing after rounding down goes, one by one, to the largest remainders, the first of equals first.
///
/// # Panics
/// If a share is not finite or beyond 64 bits.
fn apportion(total: i64, shares: &[f64]) -> Vec<i64> {
    let mut whole: Vec<i64> = shares
        .iter()
        .map(|share| {
            assert!(share.abs() < 9e18, "a share is {share}, which no 64-bit integer holds");
            share.floor() as i64
        })
        .collect();
    let remainder = |index: usize| shares[index] - shares[index].floor();
    let mut order: Vec<usize> = (0..shares.len()).collect();
    order.sort_by(|&a, &b| remainder(b).total_cmp(&remainder(a)));
    let missing = i128::from(total) - whole.iter().map(|&share| i128::from(share)).sum::<i128>();
    let count = shares.len() as i128;
    if count == 0 {
        return whole;
    }
    for (rank, &index) in order.iter().enumerate() {
        // Shares that add up leave less than one for each; the rest of the division covers those that do not.
        let extra = missing.div_euclid(count) + i128::from((rank as i128) < missing.rem_euclid(count));
        whole[index] += i64::try_from(extra).expect("what is missing is a share of 64-bit numbers");
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_after_rounding_goes_to_the_largest_remainders() {
        assert_eq!(apportion(10, &[3.4, 3.3, 3.3]), [4, 3, 3]);
        assert_eq!(apportion(0, &[2.5, -2.5]), [3, -3]);
        assert_eq!(apportion(-1, &[0.6, -1.7, 0.2]), [1, -2, 0]);
        assert_eq!(apportion(7, &[1.0, 1.0]), [4, 3]);
        assert_eq!(apportion(0, &[]), [0; 0]);
    }
}
