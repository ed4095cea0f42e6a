//! The uniform-price call auction: the crossing volume, everybody at one price.
//!
//! The price lies between the highest accepted ask and the lowest accepted bid, which are the two limits
//! of the last slice of the merit order. Where exactly is a [`PriceRule`]; any choice keeps all limits.

use serde::{Deserialize, Serialize};

use super::{Slice, slices};
use crate::{Book, Clearing, Energy, Mechanism, Price};

/// A uniform-price call auction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Uniform {
    /// Which price between the marginal ask and the marginal bid.
    pub rule: PriceRule,
}

/// How the price follows from the marginal ask and the marginal bid.
///
/// The mids are formed in micro-euro per kWh, the resolution of [`Price`], so the roundings differ by
/// 1 µ€/kWh at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriceRule {
    /// The highest accepted ask: supply sets the price, buyers keep the gap. ASSUME's pay-as-clear.
    LastAsk,
    /// The lowest accepted bid: demand sets the price, sellers keep the gap. Grid Singularity's
    /// pay-as-clear.
    LastBid,
    /// Half-way, halves toward zero: 1000 and 2001 give 1500, −3 and 0 give −1. lemlab's auction.
    MidTruncated,
    /// Half-way, halves up, that is toward the higher price: 1000 and 2001 give 1501, −3 and 0 give −1.
    /// HAMLET's auction. Its behaviour on negative halves is not known; up is chosen because then a
    /// constant added to every limit is added to the price, as a levy on all energy would be.
    MidRounded,
}

impl PriceRule {
    /// Every rule, in the order in which choices are listed.
    pub const ALL: [PriceRule; 4] =
        [PriceRule::LastAsk, PriceRule::LastBid, PriceRule::MidTruncated, PriceRule::MidRounded];

    fn price(self, last: &Slice<'_>) -> Price {
        let (ask, bid) = (last.offer.limit, last.bid.limit);
        match self {
            PriceRule::LastAsk => ask,
            PriceRule::LastBid => bid,
            PriceRule::MidTruncated => Price(i64::midpoint(ask.0, bid.0)),
            PriceRule::MidRounded => {
                let doubled = i128::from(ask.0) + i128::from(bid.0);
                let mid = (doubled + 1).div_euclid(2);
                Price(i64::try_from(mid).expect("a mid lies between two 64-bit integers"))
            }
        }
    }
}

impl Mechanism for Uniform {
    fn name(&self) -> &'static str {
        match self.rule {
            PriceRule::LastAsk => "uniform-last-ask",
            PriceRule::LastBid => "uniform-last-bid",
            PriceRule::MidTruncated => "uniform-mid-truncated",
            PriceRule::MidRounded => "uniform-mid-rounded",
        }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let (mut volume, mut count, mut last) = (Energy::ZERO, 0, None);
        for slice in slices(book) {
            volume += slice.quantity;
            count += 1;
            last = Some(slice);
        }
        let Some(last) = last else {
            return Clearing::default();
        };
        let price = self.rule.price(&last);
        let mut trades = Vec::with_capacity(count);
        trades.extend(slices(book).map(|slice| slice.at(price)));
        Clearing { price: Some(price), volume, trades }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AgentId, Order, OrderId, Side, clear};

    fn price(rule: PriceRule, ask: i64, bid: i64) -> Option<i64> {
        let order = |id, side, limit| Order {
            id: OrderId(id),
            agent: AgentId(0),
            side,
            quantity: Energy(1),
            limit: Price(limit),
            quality: 0,
            premium_bp: 0,
            submitted_ms: 0,
            lottery: 0,
        };
        let book = Book::new([order(1, Side::Bid, bid), order(2, Side::Offer, ask)]).expect("both orders are tradable");
        clear(&Uniform { rule }, &book).price.map(|price| price.0)
    }

    #[test]
    fn one_side_may_set_the_price() {
        assert_eq!(price(PriceRule::LastAsk, 10, 30), Some(10));
        assert_eq!(price(PriceRule::LastBid, 10, 30), Some(30));
    }

    #[test]
    fn halves_are_truncated_toward_zero() {
        assert_eq!(price(PriceRule::MidTruncated, 1000, 2001), Some(1500));
        assert_eq!(price(PriceRule::MidTruncated, -3, 0), Some(-1));
        assert_eq!(price(PriceRule::MidTruncated, -2, 1), Some(0));
        assert_eq!(price(PriceRule::MidTruncated, -1, 2), Some(0));
    }

    #[test]
    fn halves_are_rounded_up_above_and_below_zero() {
        assert_eq!(price(PriceRule::MidRounded, 1000, 2001), Some(1501));
        assert_eq!(price(PriceRule::MidRounded, 1000, 2000), Some(1500));
        assert_eq!(price(PriceRule::MidRounded, -3, 0), Some(-1));
        assert_eq!(price(PriceRule::MidRounded, -2, 1), Some(0));
        assert_eq!(price(PriceRule::MidRounded, -1, 2), Some(1));
    }

    #[test]
    fn the_most_extreme_limits_have_a_mid() {
        for rule in [PriceRule::MidTruncated, PriceRule::MidRounded] {
            assert_eq!(price(rule, i64::MAX, i64::MAX), Some(i64::MAX));
            assert_eq!(price(rule, i64::MIN, i64::MIN), Some(i64::MIN));
            assert_eq!(price(rule, i64::MIN, i64::MAX), Some(0));
        }
    }

    #[test]
    fn a_book_that_does_not_cross_has_no_price() {
        for rule in PriceRule::ALL {
            assert_eq!(price(rule, 31, 30), None);
        }
    }
}
