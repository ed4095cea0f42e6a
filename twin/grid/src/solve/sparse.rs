//! Sparse LU factors of matrices with a symmetric pattern, without pivoting, of complex numbers or of small blocks.
//!
//! Rows are ordered by approximate minimum degree once per topology; a new tap needs new numbers only. Admittance
//! matrices of networks with a source are close enough to diagonal dominance that no pivoting is needed; a pivot that
//! vanishes is reported with its row.

use num_complex::Complex64 as C;

/// What a matrix may consist of.
pub(crate) trait Entry: Copy {
    const ZERO: Self;
    fn times(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn plus(self, other: Self) -> Self;
    /// None if there is none.
    fn inverse(self) -> Option<Self>;
}

impl Entry for C {
    const ZERO: Self = C::new(0.0, 0.0);

    fn times(self, other: Self) -> Self {
        self * other
    }

    fn minus(self, other: Self) -> Self {
        self - other
    }

    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn inverse(self) -> Option<Self> {
        let size = self.norm_sqr();
        (size.is_normal()).then(|| self.inv())
    }
}

/// Which entries of the factors there are, and in which order the rows come.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// The place of each row of the matrix in the factors.
    pub(crate) place: Vec<usize>,
    /// Where each row begins in `columns`; ends with the length.
    starts: Vec<usize>,
    /// The first entry of each row right of the diagonal.
    rights: Vec<usize>,
    /// Columns of the entries off the diagonal, ascending in each row.
    columns: Vec<usize>,
}

impl Pattern {
    /// The pattern of a matrix of `n` rows with entries on the diagonal and at these pairs, in both directions.
    pub(crate) fn new(n: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut rows = vec![Vec::new(); n];
        for (a, b) in pairs.filter(|(a, b)| a != b) {
            rows[a].push(b);
            rows[b].push(a);
        }
        for row in &mut rows {
            row.sort_unstable();
            row.dedup();
        }
        let place = order(&rows);
        let mut lower: Vec<Vec<usize>> = vec![Vec::new(); n];
        for (row, columns) in rows.iter().enumerate() {
            lower[place[row]] = columns.iter().map(|column| place[*column]).filter(|c| *c < place[row]).collect();
        }
        Self::fill(place, &lower)
    }

    /// Adds the entries that elimination creates: a row has those of each row below it in the elimination tree.
    fn fill(place: Vec<usize>, lower: &[Vec<usize>]) -> Self {
        let n = lower.len();
        let (mut parent, mut seen) = (vec![n; n], vec![n; n]);
        // Row patterns of L by paths in the elimination tree (Liu, SIAM J. Matrix Anal. Appl. 11(1), 1990).
        let (mut left, mut right) = (vec![Vec::new(); n], vec![Vec::new(); n]);
        for row in 0..n {
            seen[row] = row;
            for column in &lower[row] {
                let mut at = *column;
                while seen[at] != row {
                    if parent[at] == n {
                        parent[at] = row;
                    }
                    left[row].push(at);
                    right[at].push(row);
                    seen[at] = row;
                    at = parent[at];
                }
            }
            left[row].sort_unstable();
        }
        let (mut starts, mut rights, mut columns) = (vec![0], Vec::new(), Vec::new());
        for row in 0..n {
            columns.extend_from_slice(&left[row]);
            rights.push(columns.len());
            columns.extend_from_slice(&right[row]);
            starts.push(columns.len());
        }
        Self { place, starts, rights, columns }
    }

    fn rows(&self) -> usize {
        self.rights.len()
    }
}

/// Places of the rows by approximate minimum degree.
fn order(rows: &[Vec<usize>]) -> Vec<usize> {
    let (mut starts, mut columns) = (vec![0i64], Vec::new());
    for (diagonal, row) in rows.iter().enumerate() {
        // With the diagonal, without which the library cannot count.
        columns.extend(row.iter().chain([&diagonal]).map(|column| *column as i64));
        starts.push(columns.len() as i64);
    }
    match amd::order(rows.len() as i64, &starts, &columns, &amd::Control::default()) {
        Ok((_, place, _)) => place.into_iter().map(|place| place as usize).collect(),
        // Any order is right; this one is slow.
        Err(_) => (0..rows.len()).collect(),
    }
}

/// The factors of a matrix.
#[derive(Debug, Clone)]
pub(crate) struct Factors<T> {
    /// Entries off the diagonal: of L (whose diagonal is 1) to the left, of U to the right.
    values: Vec<T>,
    /// Inverses of the diagonal of U.
    inverses: Vec<T>,
    /// Entries of the matrix by place: the diagonal, and off it.
    diagonal: Vec<T>,
    off: Vec<T>,
}

impl<T: Entry> Factors<T> {
    /// An empty matrix of this pattern.
    pub(crate) fn new(pattern: &Pattern) -> Self {
        let (rows, entries) = (vec![T::ZERO; pattern.rows()], vec![T::ZERO; pattern.columns.len()]);
        Self { values: entries.clone(), inverses: rows.clone(), diagonal: rows, off: entries }
    }

    /// Makes every entry of the matrix zero.
    pub(crate) fn clear(&mut self) {
        self.diagonal.fill(T::ZERO);
        self.off.fill(T::ZERO);
    }

    /// Adds to an entry of the matrix, which must be in the pattern.
    pub(crate) fn add(&mut self, pattern: &Pattern, row: usize, column: usize, value: T) {
        let (row, column) = (pattern.place[row], pattern.place[column]);
        if row == column {
            self.diagonal[row] = self.diagonal[row].plus(value);
            return;
        }
        let begin = pattern.starts[row];
        let columns = &pattern.columns[begin..pattern.starts[row + 1]];
        let at = begin + columns.binary_search(&column).expect("the pattern was made from the same branches");
        self.off[at] = self.off[at].plus(value);
    }

    /// Factorises the matrix; on a pivot without an inverse gives its place.
    pub(crate) fn factorise(&mut self, pattern: &Pattern) -> Result<(), usize> {
        let mut work = vec![T::ZERO; pattern.rows()];
        for row in 0..pattern.rows() {
            let (begin, right, end) = (pattern.starts[row], pattern.rights[row], pattern.starts[row + 1]);
            for at in begin..end {
                work[pattern.columns[at]] = self.off[at];
            }
            work[row] = self.diagonal[row];
            for at in begin..right {
                let pivot = pattern.columns[at];
                let factor = work[pivot].times(self.inverses[pivot]);
                self.values[at] = factor;
                for above in pattern.rights[pivot]..pattern.starts[pivot + 1] {
                    let column = pattern.columns[above];
                    work[column] = work[column].minus(factor.times(self.values[above]));
                }
            }
            for at in right..end {
                self.values[at] = work[pattern.columns[at]];
            }
            self.inverses[row] = work[row].inverse().ok_or(row)?;
        }
        Ok(())
    }

    /// Solves for one right-hand side by place; `subtract` does `x -= a y`, `scale` gives `a x`.
    pub(crate) fn solve<V: Copy>(
        &self,
        pattern: &Pattern,
        x: &mut [V],
        subtract: impl Fn(&mut V, &T, &V),
        scale: impl Fn(&T, &V) -> V,
    ) {
        for row in 0..pattern.rows() {
            let (above, rest) = x.split_at_mut(row);
            for at in pattern.starts[row]..pattern.rights[row] {
                subtract(&mut rest[0], &self.values[at], &above[pattern.columns[at]]);
            }
        }
        for row in (0..pattern.rows()).rev() {
            let (upto, below) = x.split_at_mut(row + 1);
            for at in pattern.rights[row]..pattern.starts[row + 1] {
                subtract(&mut upto[row], &self.values[at], &below[pattern.columns[at] - row - 1]);
            }
            upto[row] = scale(&self.inverses[row], &upto[row]);
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first error")]
mod tests {
    use super::*;

    #[test]
    fn a_ring_with_a_chord_is_solved() {
        let n = 12;
        let pairs: Vec<_> = (0..n).map(|i| (i, (i + 1) % n)).chain([(2, 9)]).collect();
        let pattern = Pattern::new(n, pairs.iter().copied());
        let mut factors = Factors::<C>::new(&pattern);
        let mut dense = vec![vec![C::default(); n]; n];
        let mut add = |row: usize, column: usize, value: C| {
            factors.add(&pattern, row, column, value);
            dense[row][column] += value;
        };
        for (index, (a, b)) in pairs.iter().enumerate() {
            let y = C::new(1.0 + index as f64, -0.3 * index as f64);
            let t = C::new(0.8, 0.6);
            add(*a, *a, y);
            add(*b, *b, y);
            add(*a, *b, -y * t);
            add(*b, *a, -y * t.conj());
        }
        add(0, 0, C::new(0.5, 0.0));
        factors.factorise(&pattern).unwrap();
        let b: Vec<C> = (0..n).map(|i| C::new(i as f64, 1.0)).collect();
        let mut x = vec![C::default(); n];
        (0..n).for_each(|i| x[pattern.place[i]] = b[i]);
        factors.solve(&pattern, &mut x, |x, a, y| *x -= a * y, |a, x| a * x);
        for i in 0..n {
            let sum: C = (0..n).map(|j| dense[i][j] * x[pattern.place[j]]).sum();
            assert!((sum - b[i]).norm_sqr() < 1e-20, "{i}");
        }
    }

    #[test]
    fn a_row_of_zeros_is_named() {
        let pattern = Pattern::new(3, [(0, 1)].into_iter());
        let mut factors = Factors::<C>::new(&pattern);
        factors.add(&pattern, 0, 0, C::new(1.0, 0.0));
        factors.add(&pattern, 1, 1, C::new(1.0, 0.0));
        assert_eq!(factors.factorise(&pattern), Err(pattern.place[2]));
    }
}
