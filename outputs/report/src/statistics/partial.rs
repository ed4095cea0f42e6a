//! Partial rank correlation: how a key figure goes with one axis when what goes with the others is taken away, the
//! standard measure for samples in which all axes vary at once (Iman and Conover 1980; Marino et al. 2008).

use super::{centred, ranks};

/// Columns that are this share of their length or less beside the others say nothing of their own.
const SAME: f64 = 1e-9;

/// What is known of an axis, run by run.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    /// Numbers, which enter as ranks.
    Numbers(&'a [f64]),
    /// Cases, of which all but one enter as columns of 0 and 1.
    Cases(&'a [usize]),
}

/// A correlation and what is needed to test it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partial {
    /// From −1 to +1.
    pub correlation: f64,
    /// Degrees of freedom: runs less two and less what was taken away.
    pub freedom: usize,
}

/// The partial rank correlation of `values` with each axis; none for axes of cases, for an axis that the others
/// determine, and where there are fewer than two axes or no more runs than three per axis.
pub fn partial_ranks(axes: &[Known<'_>], values: &[f64]) -> Vec<Option<Partial>> {
    let runs = values.len();
    let nothing = vec![None; axes.len()];
    if axes.len() < 2 || runs <= 3 * axes.len() {
        return nothing;
    }
    // The key figure is the first column; each further one knows its axis.
    let mut columns = vec![centred(&ranks(values))];
    let mut of_axis = vec![usize::MAX];
    for (place, axis) in axes.iter().enumerate() {
        let added = match axis {
            Known::Numbers(numbers) => vec![centred(&ranks(numbers))],
            Known::Cases(cases) => dummies(cases),
        };
        of_axis.extend(added.iter().map(|_| place));
        columns.extend(added);
    }
    let (Some(columns), true) = (scaled(&columns), columns.iter().all(|column| column.len() == runs)) else {
        return nothing;
    };
    let products = products(&columns);
    let of = |(place, axis): (usize, &Known<'_>)| match axis {
        Known::Numbers(_) => beside_others(products.clone(), of_axis.iter().position(|of| *of == place)?, runs),
        Known::Cases(_) => None,
    };
    axes.iter().enumerate().map(of).collect()
}

/// A column for every case but the first that occurs.
fn dummies(cases: &[usize]) -> Vec<Vec<f64>> {
    let mut known: Vec<usize> = cases.to_vec();
    known.sort_unstable();
    known.dedup();
    let column = |case: &usize| centred(&cases.iter().map(|of| f64::from(of == case)).collect::<Vec<_>>());
    known.iter().skip(1).map(column).collect()
}

/// Columns of length one; those that do not vary stay as they are. None if the first does not vary.
fn scaled(columns: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let length = |column: &[f64]| column.iter().map(|x| x * x).sum::<f64>().sqrt();
    if length(columns.first()?) == 0.0 {
        return None;
    }
    let to_one = |column: &Vec<f64>| match length(column) {
        0.0 => column.clone(),
        length => column.iter().map(|x| x / length).collect(),
    };
    Some(columns.iter().map(to_one).collect())
}

fn products(columns: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    columns.iter().map(|a| columns.iter().map(|b| product(a, b)).collect()).collect()
}

/// The correlation of the first column and that of the axis when all others are eliminated from their products, the
/// largest pivot first; columns without one of their own are left out.
fn beside_others(mut products: Vec<Vec<f64>>, axis: usize, runs: usize) -> Option<Partial> {
    let mut others: Vec<usize> = (1..products.len()).filter(|column| *column != axis).collect();
    let mut taken = 0;
    while let Some(at) = (0..others.len()).max_by(|a, b| {
        let pivot = |at: usize| products[others[at]][others[at]];
        pivot(*a).total_cmp(&pivot(*b))
    }) {
        let pivot = others.swap_remove(at);
        if products[pivot][pivot] <= SAME {
            break;
        }
        eliminate(&mut products, pivot);
        taken += 1;
    }
    let (own, figure) = (products[axis][axis], products[0][0]);
    let freedom = runs.checked_sub(2 + taken).filter(|freedom| *freedom > 0)?;
    (own > SAME && figure > SAME)
        .then(|| Partial { correlation: (products[0][axis] / (own * figure).sqrt()).clamp(-1.0, 1.0), freedom })
}

/// Takes from all columns what goes with this one (Gauss).
fn eliminate(products: &mut [Vec<f64>], pivot: usize) {
    let row = products[pivot].clone();
    for (at, line) in products.iter_mut().enumerate().filter(|(at, _)| *at != pivot) {
        let share = row[at] / row[pivot];
        line.iter_mut().zip(&row).for_each(|(product, of_pivot)| *product -= share * of_pivot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::correlation_chance;

    const A: [f64; 12] = [3.0, 1.0, 4.0, 1.5, 9.0, 2.0, 6.0, 5.0, 3.5, 8.0, 9.7, 9.3];
    const B: [f64; 12] = [2.0, 7.0, 1.0, 8.0, 2.8, 1.8, 2.84, 5.9, 0.45, 9.0, 4.5, 3.0];
    const CASES: [usize; 12] = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 1];
    const VALUES: [f64; 12] = [5.1, 9.9, 7.5, 8.0, 12.0, 6.2, 8.8, 12.5, 5.0, 17.0, 15.0, 13.0];

    #[test]
    fn what_goes_with_one_axis_beside_the_others_is_what_numpy_finds() {
        // Residuals of numpy.linalg.lstsq on [1, scipy.stats.rankdata(other), two columns of cases], their corrcoef, and
        // scipy.stats.t.sf with 7 degrees of freedom.
        let found = partial_ranks(&[Known::Numbers(&A), Known::Numbers(&B), Known::Cases(&CASES)], &VALUES);
        let theirs =
            [(0.950_013_892_636_977_4, 8.754_125_897_748_755e-5), (0.946_290_965_627_696_9, 1.121_512_783_349_796e-4)];
        for (ours, (correlation, chance)) in found.iter().zip(theirs) {
            let ours = ours.expect("a correlation");
            assert!((ours.correlation - correlation).abs() < 1e-12, "{ours:?}");
            assert_eq!(ours.freedom, 7);
            assert!((correlation_chance(ours.correlation, ours.freedom) / chance - 1.0).abs() < 1e-9, "{ours:?}");
        }
        assert_eq!(found[2], None, "cases have no ranks");
    }

    #[test]
    fn axes_that_say_the_same_and_too_few_runs_have_none() {
        let twice = A.map(|a| 2.0 * a);
        let found = partial_ranks(&[Known::Numbers(&A), Known::Numbers(&twice)], &VALUES);
        assert_eq!(found, [None, None], "each is what the other is");
        // A third axis is told apart from two that are one.
        let found = partial_ranks(&[Known::Numbers(&A), Known::Numbers(&twice), Known::Numbers(&B)], &VALUES);
        assert!(found[0].is_none() && found[2].is_some_and(|of| of.freedom == 9), "{found:?}");
        assert_eq!(partial_ranks(&[Known::Numbers(&A[..6]), Known::Numbers(&B[..6])], &VALUES[..6]), [None, None]);
        assert_eq!(partial_ranks(&[Known::Numbers(&A)], &VALUES), [None], "alone it is Spearman's");
        assert_eq!(partial_ranks(&[Known::Numbers(&A), Known::Numbers(&B)], &[3.0; 12]), [None, None]);
    }
}
