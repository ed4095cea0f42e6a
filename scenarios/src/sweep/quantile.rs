//! Quantiles: where the cumulative distribution of a law takes a given value.
//!
//! The normal law's is Wichura's (1988, Algorithm AS 241, Applied Statistics 37, 477-484), good to about one part in
//! 10¹⁶ also in the tails, of which the smaller one is always computed with: nothing is lost to 1 - p.

use crate::distribution::{Distribution, Law, pick};
use std::f64::consts::FRAC_1_SQRT_2;

/// Share of a normal law within its bounds below which quantiles would no longer be numbers of full precision.
const LEAST_SHARE: f64 = 1e-280;

const OUT_OF_REACH: &str = "hardly ever lies between its bounds: widen them, or move the law";

impl Distribution {
    /// Whether the law has no smallest value.
    pub(crate) fn is_unbounded_below(&self) -> bool {
        matches!(self.law, Law::Normal([_, deviation]) if deviation > 0.0) && self.min == f64::NEG_INFINITY
    }

    /// The value below which the law, cut off at its bounds, lies with probability `p`.
    ///
    /// # Errors
    /// A sentence, if the law does not lie within its bounds, or has no end there where `p` is 0 or 1.
    pub(crate) fn quantile(&self, p: f64) -> Result<f64, String> {
        if let Law::Normal([value, 0.0]) | Law::LogNormal([value, 0.0]) = self.law {
            return if (self.min..=self.max).contains(&value) { Ok(value) } else { Err(OUT_OF_REACH.into()) };
        }
        let value = match &self.law {
            Law::Uniform([low, high]) => low + (high - low) * p,
            Law::Choice(values) => pick(values, p),
            Law::Normal([mean, deviation]) => mean + deviation * self.standard(p, |x| (x - mean) / deviation)?,
            Law::LogNormal([median, sigma]) => {
                let standard = |x: f64| if x <= 0.0 { f64::NEG_INFINITY } else { libm::log(x / median) / sigma };
                median * libm::exp(sigma * self.standard(p, standard)?)
            }
        };
        if !value.is_finite() {
            return Err("has no end, and the design reaches for it: write `min` and `max`".into());
        }
        // Rounding may lead beyond a bound by its last digit.
        Ok(value.clamp(self.min, self.max))
    }

    /// The quantile of the standard normal law between the bounds as `standard` brings them to it.
    fn standard(&self, p: f64, standard: impl Fn(f64) -> f64) -> Result<f64, String> {
        let (low, high) = (standard(self.min), standard(self.max));
        // What lies beyond 0 is counted from above, where the probabilities are small.
        let share = if low > 0.0 { below(-low) - below(-high) } else { below(high) - below(low) };
        if share < LEAST_SHARE {
            return Err(OUT_OF_REACH.into());
        }
        let from_below = below(low) + p * share;
        let quantile = if from_below <= 0.5 { normal(from_below) } else { -normal(below(-high) + (1.0 - p) * share) };
        Ok(quantile.clamp(low, high))
    }
}

/// Probability that a standard normal variable lies below `x`.
fn below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The quantile of the standard normal law; infinite at 0 and 1.
pub(crate) fn normal(p: f64) -> f64 {
    let from_middle = p - 0.5;
    if from_middle.abs() <= 0.425 {
        let r = 0.180_625 - from_middle * from_middle;
        return from_middle * ratio(&MIDDLE, r);
    }
    let tail = if from_middle < 0.0 { p } else { 1.0 - p };
    if tail <= 0.0 {
        return f64::INFINITY.copysign(from_middle);
    }
    let r = libm::sqrt(-libm::log(tail));
    let value = if r <= 5.0 { ratio(&NEAR_TAIL, r - 1.6) } else { ratio(&FAR_TAIL, r - 5.0) };
    value.copysign(from_middle)
}

/// A ratio of two polynomials, lowest power first.
fn ratio([above, under]: &[[f64; 8]; 2], r: f64) -> f64 {
    let polynomial = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
    polynomial(above) / polynomial(under)
}

/// AS 241, PPND16: for p from 0.075 to 0.925.
#[expect(clippy::excessive_precision, reason = "as they were published")]
const MIDDLE: [[f64; 8]; 2] = [
    [
        3.387_132_872_796_366_608,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561e3,
    ],
];

/// For the rest down to a tail of exp(-25).
#[expect(clippy::excessive_precision, reason = "as they were published")]
const NEAR_TAIL: [[f64; 8]; 2] = [
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_9,
        5.769_497_221_460_691_405_5,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_7e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_4e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_4,
        6.897_673_349_851_000_045_5e-1,
        1.481_039_764_274_800_745_9e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
];

/// For tails smaller than that.
#[expect(clippy::excessive_precision, reason = "as they were published")]
const FAR_TAIL: [[f64; 8]; 2] = [
    [
        6.657_904_643_501_103_777_2,
        5.463_784_911_164_114_369_9,
        1.784_826_539_917_291_335_8,
        2.965_605_718_285_048_912_3e-1,
        2.653_218_952_657_612_309_3e-2,
        1.242_660_947_388_078_438_6e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879_376_9e-1,
        1.369_298_809_227_358_053_1e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591e-4,
        1.846_318_317_510_054_681_8e-5,
        1.421_511_758_316_445_888_7e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Node;
    use crate::parameters::Limits;
    use std::path::Path;

    fn law(text: &str) -> Distribution {
        let tree = Node::parse(&format!("x = {text}"), Path::new("test.toml")).expect("valid TOML");
        Distribution::read(tree.at("x").expect("written"), &Limits::Any).expect(text)
    }

    #[test]
    fn the_normal_quantile_undoes_the_cumulative_distribution_far_into_both_tails() {
        for tail in [1e-300, 1e-100, 1e-20, 1e-11, 1e-5, 0.01, 0.0749, 0.0751, 0.3, 0.5] {
            let back = below(normal(tail));
            // In the far tail an error of the quantile weighs by its size.
            let weight = 1.0 + normal(tail) * normal(tail);
            assert!((back / tail - 1.0).abs() < 4e-16 * weight, "{tail}: {back}");
            if tail > 1e-6 {
                assert!((normal(1.0 - tail) + normal(tail)).abs() < 1e-9 * normal(tail).abs().max(1e-7), "{tail}");
            }
        }
        assert_eq!([normal(0.0), normal(1.0)], [f64::NEG_INFINITY, f64::INFINITY]);
    }

    #[test]
    fn a_law_that_is_cut_off_fills_its_bounds_and_no_more() {
        for text in [
            "{ normal = [10, 2], min = 8, max = 9 }",
            "{ normal = [10, 2], min = 30, max = 31 }",
            "{ normal = [10, 2], min = -31, max = -30 }",
            "{ log-normal = [10, 0.5], min = 8, max = 60 }",
        ] {
            let law = law(text);
            let of = |p| law.quantile(p).expect("there is a value");
            assert!((of(0.0) / law.min - 1.0).abs() + (of(1.0) / law.max - 1.0).abs() < 1e-14, "{text}");
            let values: Vec<f64> = (0..=100).map(|percent| of(f64::from(percent) / 100.0)).collect();
            assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{text}");
        }
    }

    #[test]
    fn where_there_is_no_value_it_is_said() {
        assert!(law("{ normal = [0, 1] }").quantile(0.0).expect_err("no end").contains("write `min` and `max`"));
        assert!(law("{ normal = [0, 1], min = 90 }").quantile(0.5).expect_err("too far").contains("hardly ever"));
        assert_eq!(law("{ normal = [3, 0] }").quantile(0.0), Ok(3.0));
        assert!(law("{ normal = [3, 0], min = 4 }").quantile(0.5).is_err());
    }
}
