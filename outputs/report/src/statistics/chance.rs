//! How probable it is that chance alone makes an effect this large.

/// Probability that so large a correlation, of either sign, comes from two series that do not go together: the t test of
/// a correlation with so many degrees of freedom.
pub fn correlation_chance(correlation: f64, freedom: usize) -> f64 {
    beta_share(freedom as f64 / 2.0, 0.5, 1.0 - correlation * correlation)
}

/// Probability that so large a correlation ratio eta² comes from `groups` groups that do not differ, in which there are
/// `values` values: the F test of a one-way analysis of variance.
pub fn ratio_chance(ratio: f64, groups: usize, values: usize) -> f64 {
    let within = values.saturating_sub(groups) as f64 / 2.0;
    beta_share(within, groups.saturating_sub(1) as f64 / 2.0, 1.0 - ratio)
}

/// The regularized incomplete beta function, by its continued fraction (DLMF 8.17.22); 1 where it is not defined.
fn beta_share(a: f64, b: f64, x: f64) -> f64 {
    if !(a > 0.0 && b > 0.0 && x < 1.0) {
        return 1.0;
    }
    if x <= 0.0 {
        return 0.0;
    }
    // The fraction is quick on this side only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_share(b, a, 1.0 - x);
    }
    let front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * x.ln() + b * (1.0 - x).ln();
    (front.exp() / a) * fraction(a, b, x)
}

/// The fraction 1 / (1 + d₁ / (1 + d₂ / (1 + …))) from within, over terms enough for any count of runs.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TERMS: u32 = 2000;
    let term = |n: u32| {
        let m = f64::from(n / 2);
        match n % 2 {
            0 => m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            _ => -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        }
    };
    1.0 / (1..=TERMS).rev().fold(1.0, |rest, n| 1.0 + term(n) / rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_those_of_scipy() {
        // 2 scipy.stats.t.sf(|t|, freedom), t = r √(freedom / (1 − r²))
        for (r, freedom, theirs) in [
            (0.5, 10, 0.097_854_614_257_812_5),
            (-0.1, 400, 0.045_094_107_137_079_77),
            (0.9, 3, 0.037_386_073_468_498_63),
        ] {
            let ours = correlation_chance(r, freedom);
            assert!((ours / theirs - 1.0).abs() < 1e-9, "{r} {freedom}: {ours}");
        }
        assert_eq!(correlation_chance(0.0, 5), 1.0);
        assert_eq!(correlation_chance(1.0, 5), 0.0);
        // scipy.stats.f.sf(F, groups − 1, values − groups)
        for (ratio, groups, values, theirs) in
            [(0.3, 3, 12, 0.200_882_072_370_831_6), (0.05, 4, 200, 0.017_906_665_792_287_307)]
        {
            let ours = ratio_chance(ratio, groups, values);
            assert!((ours / theirs - 1.0).abs() < 1e-9, "{ratio} {groups}: {ours}");
        }
    }
}
