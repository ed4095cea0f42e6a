//! Where between the seller's limit and the buyer's a price lies: ask + k·(bid − ask), exactly, and rounded once.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::Price;

/// How a price follows from an ask and a bid that is not below it.
///
/// The price is ask + k·(bid − ask), formed exactly and then rounded to 1 µ€/kWh, the resolution of [`Price`]. Both
/// limits are whole, so no rounding leaves the interval between them and every limit is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PriceRule {
    k: GapShare,
    rounding: Rounding,
}

impl PriceRule {
    /// The ask (k = 0): supply sets the price, buyers keep the gap. ASSUME's pay-as-clear, where the price is uniform.
    pub const LAST_ASK: PriceRule = PriceRule { k: GapShare::NONE, rounding: Rounding::Truncated };
    /// The bid (k = 1): demand sets the price, sellers keep the gap. Grid Singularity's pay-as-clear, where the price
    /// is uniform.
    pub const LAST_BID: PriceRule = PriceRule { k: GapShare::ALL, rounding: Rounding::Truncated };
    /// Half-way, halves toward zero: 1000 and 2001 give 1500, −3 and 0 give −1. lemlab's auction.
    pub const MID_TRUNCATED: PriceRule = PriceRule { k: GapShare::HALF, rounding: Rounding::Truncated };
    /// Half-way, halves up, that is toward the higher price: 1000 and 2001 give 1501, −3 and 0 give −1. HAMLET's
    /// auction. Its behaviour on negative halves is not known; up is chosen because then a constant added to every
    /// limit is added to the price, as a levy on all energy would be.
    pub const MID_ROUNDED: PriceRule = PriceRule { k: GapShare::HALF, rounding: Rounding::HalfUp };

    /// The rule ask + k·(bid − ask). At k = 0 and k = 1 there is nothing to round, and all roundings are one rule.
    pub fn new(k: GapShare, rounding: Rounding) -> PriceRule {
        let is_exact = k == GapShare::NONE || k == GapShare::ALL;
        PriceRule { k, rounding: if is_exact { Rounding::Truncated } else { rounding } }
    }

    /// The seller's share of the gap.
    pub fn k(self) -> GapShare {
        self.k
    }

    /// How fractions of 1 µ€/kWh are rounded.
    pub fn rounding(self) -> Rounding {
        self.rounding
    }

    /// The price between `ask` and `bid`. With a bid below the ask it lies between the two all the same.
    pub fn between(self, ask: Price, bid: Price) -> Price {
        match self.k {
            GapShare::NONE => ask,
            GapShare::ALL => bid,
            GapShare(millionths) => {
                // Below 2⁶³·2²⁰ + 2⁶⁴·2²⁰, so far within 128 bits.
                let (ask, bid) = (i128::from(ask.0), i128::from(bid.0));
                let price = self.rounding.quotient(ask * WHOLE + i128::from(millionths) * (bid - ask), WHOLE);
                Price(i64::try_from(price).expect("the price lies between two 64-bit integers"))
            }
        }
    }
}

/// Written as the parameters of a mechanism: `k=0.25`, or `k=0.25 rounding=half-up`.
impl fmt::Display for PriceRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k={}", self.k)?;
        match self.rounding {
            Rounding::Truncated => Ok(()),
            rounding => write!(f, " rounding={rounding}"),
        }
    }
}

/// Millionths in the whole.
const WHOLE: i128 = 1_000_000;

/// The seller's share of the gap between ask and bid, from 0 to 1 in exact millionths: the k of the k-double auction
/// (Chatterjee and Samuelson, "Bargaining under incomplete information", Operations Research 31, 1983).
///
/// Read and written as a decimal such as `0.25`, with six digits after the point at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GapShare(u32);

impl GapShare {
    /// Nothing: the price is the ask.
    pub const NONE: GapShare = GapShare(0);
    /// One half: the price is the middle.
    pub const HALF: GapShare = GapShare(500_000);
    /// All of it: the price is the bid.
    pub const ALL: GapShare = GapShare(1_000_000);

    /// A share in millionths; `None` above the whole.
    pub fn from_millionths(millionths: u32) -> Option<GapShare> {
        (millionths <= GapShare::ALL.0).then_some(GapShare(millionths))
    }

    /// The share in millionths, 0 to 1,000,000.
    pub fn millionths(self) -> u32 {
        self.0
    }
}

/// Why a text is no [`GapShare`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be a decimal from 0 to 1 with at most six digits after the point, such as 0.25")]
pub struct NotAShare;

impl FromStr for GapShare {
    type Err = NotAShare;

    fn from_str(text: &str) -> Result<GapShare, NotAShare> {
        let (whole, decimals) = text.split_once('.').map_or((text, None), |(whole, decimals)| (whole, Some(decimals)));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        if !is_number(whole) || decimals.is_some_and(|decimals| !is_number(decimals) || decimals.len() > 6) {
            return Err(NotAShare);
        }
        let padded = format!("{whole}{:0<6}", decimals.unwrap_or_default());
        padded.parse().ok().and_then(GapShare::from_millionths).ok_or(NotAShare)
    }
}

impl fmt::Display for GapShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = (self.0 / GapShare::ALL.0, self.0 % GapShare::ALL.0);
        if decimals == 0 {
            return write!(f, "{whole}");
        }
        f.write_str(format!("{whole}.{decimals:06}").trim_end_matches('0'))
    }
}

/// What becomes of a fraction of 1 µ€/kWh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rounding {
    /// Toward zero.
    #[default]
    Truncated,
    /// To the nearest, halves toward the higher price.
    HalfUp,
    /// Toward the lower price.
    Down,
    /// Toward the higher price.
    Up,
}

impl Rounding {
    /// Every mode, in the order in which choices are listed.
    pub const ALL: [Rounding; 4] = [Rounding::Truncated, Rounding::HalfUp, Rounding::Down, Rounding::Up];

    /// `numerator / denominator` for a positive denominator.
    fn quotient(self, numerator: i128, denominator: i128) -> i128 {
        match self {
            Rounding::Truncated => numerator / denominator,
            Rounding::HalfUp => (2 * numerator + denominator).div_euclid(2 * denominator),
            Rounding::Down => numerator.div_euclid(denominator),
            Rounding::Up => -(-numerator).div_euclid(denominator),
        }
    }
}

impl fmt::Display for Rounding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rounding::Truncated => "truncated",
            Rounding::HalfUp => "half-up",
            Rounding::Down => "down",
            Rounding::Up => "up",
        })
    }
}

/// Why a text is no [`Rounding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be one of truncated, half-up, down, up")]
pub struct NotARounding;

impl FromStr for Rounding {
    type Err = NotARounding;

    fn from_str(text: &str) -> Result<Rounding, NotARounding> {
        Rounding::ALL.into_iter().find(|rounding| rounding.to_string() == text).ok_or(NotARounding)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(k: &str, rounding: Rounding, ask: i64, bid: i64) -> i64 {
        PriceRule::new(k.parse().expect("a share"), rounding).between(Price(ask), Price(bid)).0
    }

    #[test]
    fn either_side_may_set_the_price() {
        for rounding in Rounding::ALL {
            assert_eq!(price("0", rounding, 10, 30), 10);
            assert_eq!(price("1", rounding, 10, 30), 30);
            assert_eq!(PriceRule::new(GapShare::ALL, rounding), PriceRule::LAST_BID);
        }
    }

    #[test]
    fn halves_are_truncated_toward_zero() {
        let mid = |ask, bid| PriceRule::MID_TRUNCATED.between(Price(ask), Price(bid)).0;
        assert_eq!([mid(1000, 2001), mid(-3, 0), mid(-2, 1), mid(-1, 2)], [1500, -1, 0, 0]);
    }

    #[test]
    fn halves_are_rounded_up_above_and_below_zero() {
        let mid = |ask, bid| PriceRule::MID_ROUNDED.between(Price(ask), Price(bid)).0;
        assert_eq!([mid(1000, 2001), mid(1000, 2000), mid(-3, 0), mid(-2, 1), mid(-1, 2)], [1501, 1500, -1, 0, 1]);
    }

    #[test]
    fn a_quarter_of_the_gap_is_exact_and_rounded_once() {
        // 10 + 7/4 = 11.75 and −13 + 7/4 = −11.25.
        let [truncated, half_up, down, up] = Rounding::ALL.map(|rounding| price("0.25", rounding, 10, 17));
        assert_eq!([truncated, half_up, down, up], [11, 12, 11, 12]);
        let [truncated, half_up, down, up] = Rounding::ALL.map(|rounding| price("0.25", rounding, -13, -6));
        assert_eq!([truncated, half_up, down, up], [-11, -11, -12, -11]);
    }

    #[test]
    fn the_most_extreme_limits_have_a_price_between_them() {
        for rounding in Rounding::ALL {
            for k in ["0.000001", "0.5", "0.999999"] {
                assert_eq!(price(k, rounding, i64::MAX, i64::MAX), i64::MAX);
                assert_eq!(price(k, rounding, i64::MIN, i64::MIN), i64::MIN);
            }
        }
        assert_eq!(price("0.5", Rounding::Truncated, i64::MIN, i64::MAX), 0);
    }

    #[test]
    fn shares_are_written_as_they_are_read() {
        for text in ["0", "1", "0.5", "0.25", "0.000001", "0.999999"] {
            assert_eq!(text.parse::<GapShare>().map(|share| share.to_string()), Ok(text.to_owned()));
        }
        assert_eq!("0.500".parse(), Ok(GapShare::HALF));
        assert_eq!("1.0".parse(), Ok(GapShare::ALL));
    }

    #[test]
    fn what_is_no_share_of_a_gap_is_refused() {
        for text in
            ["", ".", "1.", ".5", "-0.5", "+1", "1.000001", "2", "0.0000001", "NaN", "1e-3", "0.5.5", "99999999999"]
        {
            assert_eq!(text.parse::<GapShare>(), Err(NotAShare), "{text}");
        }
    }
}
