//! The statistics of a sweep: quantiles, rank correlation, shares of variance. Each returns nothing where there is
//! nothing to say rather than a number that looks like something.

mod chance;
mod partial;

use std::collections::BTreeMap;

pub use chance::{correlation_chance, ratio_chance};
pub use partial::{Known, Partial, partial_ranks};

/// The quantile of sorted values, linear between neighbours (type 7 of Hyndman and Fan 1996, the default of numpy).
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let at = share.clamp(0.0, 1.0) * last as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(last);
    Some(sorted[low] + (sorted[high] - sorted[low]) * (at - low as f64))
}

/// Spearman's rank correlation of two series of one length; ties share the mean of their ranks. None with fewer than
/// three pairs, or where one of the series does not vary.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() || x.len() < 3 {
        return None;
    }
    pearson(&ranks(x), &ranks(y))
}

/// Ranks from 1, ties at the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let ties = order[from..].iter().take_while(|index| values[**index] == values[order[from]]).count().max(1);
        // Ranks from + 1 to from + ties.
        let rank = from as f64 + (ties as f64 + 1.0) / 2.0;
        order[from..from + ties].iter().for_each(|index| ranks[*index] = rank);
        from += ties;
    }
    ranks
}

fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let (mean_x, mean_y) = (mean(x)?, mean(y)?);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xy += dx * dy;
        xx += dx * dx;
        yy += dy * dy;
    }
    (xx > 0.0 && yy > 0.0).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// Values less their mean.
fn centred(values: &[f64]) -> Vec<f64> {
    let mean = mean(values).unwrap_or(0.0);
    values.iter().map(|value| value - mean).collect()
}

/// Mean; none of nothing.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The correlation ratio eta²: the share of the variance of `values` that lies between groups, from 0 to 1. None with
/// fewer than two groups, fewer values than groups and one, or without variance.
pub fn correlation_ratio(groups: &[usize], values: &[f64]) -> Option<f64> {
    let parts = parts(groups, values)?;
    let all = parts.between + parts.within;
    (all > 0.0).then(|| parts.between / all)
}

/// How far values of different groups lie apart, and those of one group: the one-way analysis of variance with random
/// effects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Standard deviation between the values of a group.
    pub within: f64,
    /// Standard deviation between groups, without what the spread within makes of their means; 0 where that explains all.
    pub between: f64,
}

/// The spread of values in groups of at least two values on the whole; none without a group of two, or with one group.
pub fn spread(groups: &[usize], values: &[f64]) -> Option<Spread> {
    let parts = parts(groups, values)?;
    let (count, groups) = (values.len() as f64, parts.sizes.len() as f64);
    let within = parts.within / (count - groups);
    // The effective size of a group where sizes differ.
    let squares: f64 = parts.sizes.iter().map(|size| size * size).sum();
    let size = (count - squares / count) / (groups - 1.0);
    let between = ((parts.between / (groups - 1.0) - within) / size).max(0.0);
    Some(Spread { within: within.sqrt(), between: between.sqrt() })
}

/// Sums of squares between and within groups.
struct Parts {
    between: f64,
    within: f64,
    sizes: Vec<f64>,
}

fn parts(groups: &[usize], values: &[f64]) -> Option<Parts> {
    let mut members: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    groups.iter().zip(values).for_each(|(group, value)| members.entry(*group).or_default().push(*value));
    if members.len() < 2 || values.len() <= members.len() {
        return None;
    }
    let all = mean(values)?;
    let (mut between, mut within) = (0.0, 0.0);
    for values in members.values() {
        let mean = mean(values)?;
        between += values.len() as f64 * (mean - all) * (mean - all);
        within += values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    }
    Some(Parts { between, within, sizes: members.values().map(|values| values.len() as f64).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values for which scipy 1.17.1 and numpy 2.4.6 were asked.
    const X: [f64; 10] = [1.0, 2.0, 2.0, 3.0, 5.0, 5.0, 5.0, 8.0, 9.0, 10.0];
    const Y: [f64; 10] = [2.0, 1.0, 4.0, 4.0, 3.0, 9.0, 7.0, 7.0, 6.0, 8.0];
    const GROUPS: [usize; 9] = [0, 0, 0, 1, 1, 2, 2, 2, 2];
    const VALUES: [f64; 9] = [3.1, 2.9, 3.4, 5.0, 4.4, 1.0, 1.9, 1.2, 0.7];

    #[track_caller]
    fn assert_close(ours: Option<f64>, theirs: f64) {
        let ours = ours.expect("a number");
        assert!((ours - theirs).abs() < 1e-12, "{ours} is not {theirs}");
    }

    #[test]
    fn rank_correlation_with_ties_is_that_of_scipy() {
        // scipy.stats.spearmanr(X, Y).statistic
        assert_close(spearman(&X, &Y), 0.721_393_345_475_064_3);
        assert_close(spearman(&X, &X.map(|x| -x * x * x)), -1.0);
        assert_eq!(spearman(&X, &[7.0; 10]), None, "what does not vary goes with nothing");
        assert_eq!(spearman(&X[..2], &Y[..2]), None);
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy.quantile([1, 2, 4, 8, 16], share)
        for (share, theirs) in [(0.0, 1.0), (0.1, 1.4), (0.5, 4.0), (0.9, 12.8), (1.0, 16.0)] {
            assert_close(quantile(&[1.0, 2.0, 4.0, 8.0, 16.0], share), theirs);
        }
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn shares_of_variance_are_those_of_the_f_test() {
        // F = scipy.stats.f_oneway(three groups).statistic = 48.337423312883466, and eta² = 2 F / (2 F + 6).
        assert_close(correlation_ratio(&GROUPS, &VALUES), 0.941_563_097_514_340_3);
        assert_eq!(correlation_ratio(&[0; 9], &VALUES), None);
        assert_eq!(correlation_ratio(&[0, 1, 2], &VALUES[..3]), None, "groups of one explain everything and nothing");
    }

    #[test]
    fn spread_between_groups_is_what_the_spread_within_does_not_explain() {
        // The mean square within is msw = 0.4255715111601235²; the one between is F · msw; groups count (9 − 29 / 9) / 2.
        let of = spread(&GROUPS, &VALUES);
        assert_close(of.map(|spread| spread.within), 0.425_571_511_160_123_5);
        assert_close(of.map(|spread| spread.between), 1.722_699_134_408_649_3);
        // Groups that differ by less than their members do.
        assert_eq!(spread(&[0, 0, 1, 1], &[0.0, 10.0, 1.0, 9.0]).map(|spread| spread.between), Some(0.0));
        assert_eq!(spread(&[0, 1], &[1.0, 2.0]), None);
    }
}
