//! The relaxation with divisible blocks, solved by a projected Newton method.
//!
//! With ratios between none and all, welfare is a concave function of the ratios: per slot the worth of what blocks
//! inject ([`Curve`](super::curve::Curve)), plus the worth of the blocks. Its slope, the price, falls in steps; the mean
//! over a window falls steadily, and so has a second derivative. A Newton step solves one system as large as the blocks
//! whose ratio is neither none nor all, kept within its box by projection (Bertsekas 1982); then the window narrows.
//! Links and exclusive groups are further rows, whose price is what a broken rule costs. The prices at the end
//! give bounds (see [`dual`](super::dual)), which hold however well or badly all this went.

use super::problem::{Domain, Problem};

/// Windows, as shares of the mean energy of a simple order.
const WINDOWS: [f64; 6] = [4.0, 1.0, 0.25, 0.06, 0.015, 0.004];

/// A problem in floats, ratios from 0 to 1.
pub(super) struct Relaxation<'problem> {
    problem: &'problem Problem,
    /// Per block: rows and what the whole block adds to them; slots first, then links, then groups.
    columns: Vec<Vec<(usize, f64)>>,
    worth: Vec<f64>,
    /// Child and parent of each link row.
    pub(super) links: Vec<(usize, usize)>,
    /// What breaking a link or a group by one whole costs at most.
    penalties: Vec<f64>,
    /// Mean energy per row, by which windows are measured.
    sizes: Vec<f64>,
}

/// A point of the relaxation.
#[derive(Debug, Clone)]
pub(super) struct Point {
    /// Ratio of each block.
    pub(super) share: Vec<f64>,
    /// µ€/kWh per slot, then n€ per whole of each link.
    pub(super) prices: Vec<f64>,
}

impl<'problem> Relaxation<'problem> {
    pub(super) fn new(problem: &'problem Problem) -> Self {
        let slots = problem.curves.len();
        let mut columns: Vec<Vec<(usize, f64)>> = problem
            .blocks
            .iter()
            .map(|block| block.profile.iter().map(|&(slot, wh)| (slot, (wh * block.lots) as f64)).collect())
            .collect();
        let stake = |index: usize| {
            let most = |&(slot, wh): &(usize, f64)| wh.abs() * problem.curves[slot].largest_limit() as f64;
            columns[index].iter().map(most).sum::<f64>()
                + (problem.blocks[index].worth * i128::from(problem.blocks[index].lots)).abs() as f64
        };
        let mut links = Vec::new();
        let mut penalties = Vec::new();
        for (child, block) in problem.blocks.iter().enumerate() {
            for &parent in &block.parents {
                links.push((child, parent));
                penalties.push(block.family.iter().map(|&member| stake(member)).sum::<f64>().max(stake(parent)));
            }
        }
        for group in &problem.groups {
            penalties.push(group.iter().map(|&member| stake(member)).fold(1.0, f64::max));
        }
        for (row, &(child, parent)) in links.iter().enumerate() {
            columns[child].push((slots + row, -1.0));
            columns[parent].push((slots + row, 1.0));
        }
        for (group, members) in problem.groups.iter().enumerate() {
            members.iter().for_each(|&member| columns[member].push((slots + links.len() + group, -1.0)));
        }
        let of_blocks =
            problem.blocks.iter().map(|block| (block.energy_wh * block.lots) as f64 / block.profile.len() as f64);
        let typical = of_blocks.fold(1.0, f64::max);
        let sizes = problem.curves.iter().map(|curve| curve.mean_wh().unwrap_or(typical));
        let worth = problem.blocks.iter().map(|block| (block.worth * i128::from(block.lots)) as f64).collect();
        Relaxation { problem, worth, sizes: sizes.collect(), columns, links, penalties }
    }

    pub(super) fn problem(&self) -> &'problem Problem {
        self.problem
    }

    /// Climbs from `share` within the domains, through the windows from the given one on. After each window `enough` is
    /// shown the point; the climb ends when it says so.
    pub(super) fn climb(
        &self,
        domains: &[Domain],
        share: &[f64],
        first_window: usize,
        steps: usize,
        mut enough: impl FnMut(&Point) -> bool,
    ) {
        let bounds: Vec<(f64, f64)> = domains
            .iter()
            .zip(&self.problem.blocks)
            .map(|(&(from, to), block)| (from as f64 / block.lots as f64, to as f64 / block.lots as f64))
            .collect();
        let mut share: Vec<f64> = share.iter().zip(&bounds).map(|(share, &(from, to))| share.clamp(from, to)).collect();
        for &window in &WINDOWS[first_window..] {
            let mut at = self.evaluate(&share, window);
            for _ in 0..steps {
                let Some(next) = self.step(&share, &at, &bounds, window) else { break };
                (share, at) = next;
            }
            if enough(&Point { share: share.clone(), prices: at.prices }) {
                return;
            }
        }
    }

    fn evaluate(&self, share: &[f64], window: f64) -> Evaluation {
        let slots = self.problem.curves.len();
        let mut rows = vec![0.0; slots + self.penalties.len()];
        rows[slots + self.links.len()..].fill(1.0);
        for (column, &share) in self.columns.iter().zip(share) {
            column.iter().for_each(|&(row, factor)| rows[row] += factor * share);
        }
        let (mut prices, mut slopes) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for (row, &value) in rows.iter().enumerate() {
            let (price, slope) = match row.checked_sub(slots) {
                None => self.problem.curves[row].smooth(value, window * self.sizes[row]),
                // Nothing is broken above zero; below, each part costs the same.
                Some(row) => {
                    let width = window * 0.02;
                    let broken = (0.5 - value / (2.0 * width)).clamp(0.0, 1.0);
                    let is_near = broken > 0.0 && broken < 1.0;
                    (broken * self.penalties[row], if is_near { self.penalties[row] / (2.0 * width) } else { 0.0 })
                }
            };
            prices.push(price);
            slopes.push(slope);
        }
        let gain = |(column, worth): (&Vec<(usize, f64)>, &f64)| {
            worth + column.iter().map(|&(row, factor)| factor * prices[row]).sum::<f64>()
        };
        let gains = self.columns.iter().zip(&self.worth).map(gain).collect();
        Evaluation { gains, prices, slopes }
    }

    /// A step along the projected Newton direction, as long as it pays; `None` where there is nothing left to gain.
    fn step(
        &self,
        share: &[f64],
        at: &Evaluation,
        bounds: &[(f64, f64)],
        window: f64,
    ) -> Option<(Vec<f64>, Evaluation)> {
        let is_free = |&index: &usize| {
            let (from, to) = bounds[index];
            let gain = at.gains[index];
            from < to && !(share[index] <= from && gain <= 0.0 || share[index] >= to && gain >= 0.0)
        };
        let free: Vec<usize> = (0..share.len()).filter(is_free).collect();
        if free.is_empty() {
            return None;
        }
        let direction = self.direction(&free, at);
        let mut stride = 1.0;
        for _ in 0..12 {
            let mut moved = share.to_vec();
            for (&index, by) in free.iter().zip(&direction) {
                moved[index] = (share[index] + stride * by).clamp(bounds[index].0, bounds[index].1);
            }
            let along =
                |gains: &[f64]| free.iter().map(|&index| gains[index] * (moved[index] - share[index])).sum::<f64>();
            let before = along(&at.gains);
            let furthest = free.iter().map(|&index| (moved[index] - share[index]).abs()).fold(0.0, f64::max);
            if furthest < 1e-7 {
                return None;
            }
            let next = self.evaluate(&moved, window);
            if before > 0.0 && along(&next.gains) >= -0.6 * before {
                return Some((moved, next));
            }
            stride *= 0.4;
        }
        None
    }

    /// Solves (A D Aᵀ + ε) d = gains for the free blocks, D the slopes of the rows.
    fn direction(&self, free: &[usize], at: &Evaluation) -> Vec<f64> {
        let size = free.len();
        let mut by_row: Vec<Vec<(usize, f64)>> = vec![Vec::new(); at.slopes.len()];
        for (place, &index) in free.iter().enumerate() {
            self.columns[index].iter().for_each(|&(row, factor)| by_row[row].push((place, factor)));
        }
        let mut matrix = vec![0.0; size * size];
        for (members, &slope) in by_row.iter().zip(&at.slopes) {
            if slope == 0.0 {
                continue;
            }
            for (position, &(a, by_a)) in members.iter().enumerate() {
                members[..=position].iter().for_each(|&(b, by_b)| matrix[a * size + b] += slope * by_a * by_b);
            }
        }
        for (place, &index) in free.iter().enumerate() {
            // Along what costs nothing, a gain moves a block by its whole.
            matrix[place * size + place] += 1e-9 * matrix[place * size + place] + at.gains[index].abs() * 0.05 + 1.0;
        }
        let gains = free.iter().map(|&index| at.gains[index]).collect();
        solve(matrix, gains)
    }
}

struct Evaluation {
    /// What one more whole block would add.
    gains: Vec<f64>,
    prices: Vec<f64>,
    slopes: Vec<f64>,
}

/// Solves a symmetric positive definite system given by its lower triangle (Cholesky).
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for row in 0..size {
        let (above, of_row) = matrix.split_at_mut(row * size);
        for column in 0..row {
            let of_column = &above[column * size..column * size + column];
            let done: f64 = of_row[..column].iter().zip(of_column).map(|(a, b)| a * b).sum();
            of_row[column] = (of_row[column] - done) / above[column * size + column];
        }
        let done: f64 = of_row[..row].iter().map(|a| a * a).sum();
        // Rounding may leave nothing of a diagonal.
        of_row[row] = (of_row[row] - done).max(1e-12 * of_row[row]).max(f64::MIN_POSITIVE).sqrt();
    }
    for row in 0..size {
        let done: f64 = (0..row).map(|column| matrix[row * size + column] * right[column]).sum();
        right[row] = (right[row] - done) / matrix[row * size + row];
    }
    for row in (0..size).rev() {
        let done: f64 = (row + 1..size).map(|below| matrix[below * size + row] * right[below]).sum();
        right[row] = (right[row] - done) / matrix[row * size + row];
    }
    right
}
