//! Newton's method on the mismatch of currents, in rectangular coordinates: the fallback for single steps.
//!
//! `f(v) = Y v + i(v) - y_source u_ref` is not analytic, because loads draw `conj(s / v)`; each complex entry of the
//! Jacobian is therefore a real block of 2 x 2 (balanced) or 6 x 6 (three symmetrical components): `di = a dv + b conj(dv)`.
//! See da Costa et al., "Developments in the Newton Raphson power flow formulation based on current injections", IEEE
//! Trans. Power Systems 14(4), 1999.

use num_complex::Complex64 as C;

use super::admittance::entries;
use super::phasor::{Demand, any_kind, components, phases};
use super::sparse::{Entry, Factors, Pattern};
use super::{Method, Solver, Task};
use crate::branch::BASE_VA;
use crate::solution::{Recorder, Status};
use crate::switching::{Connections, NOWHERE};

/// Below this share of its voltage without load, a node is on the lower of the two branches of solutions: not where a
/// network operates. Newton's method may end there, and its result is then refused.
const UPPER_BRANCH: f64 = 0.5;

/// A real matrix of `N` rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Real<const N: usize>([[f64; N]; N]);

impl<const N: usize> Entry for Real<N> {
    const ZERO: Self = Self([[0.0; N]; N]);

    fn times(self, other: Self) -> Self {
        let entry = |i: usize, j: usize| (0..N).map(|k| self.0[i][k] * other.0[k][j]).sum();
        Self(std::array::from_fn(|i| std::array::from_fn(|j| entry(i, j))))
    }

    fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| std::array::from_fn(|j| self.0[i][j] - other.0[i][j])))
    }

    fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| std::array::from_fn(|j| self.0[i][j] + other.0[i][j])))
    }

    /// By Gauss and Jordan with row pivots.
    fn inverse(self) -> Option<Self> {
        let (mut left, mut right) = (self.0, [[0.0; N]; N]);
        (0..N).for_each(|i| right[i][i] = 1.0);
        for column in 0..N {
            let largest = (column..N).max_by(|a, b| left[*a][column].abs().total_cmp(&left[*b][column].abs()))?;
            left.swap(column, largest);
            right.swap(column, largest);
            let pivot = left[column][column];
            if !pivot.is_normal() {
                return None;
            }
            for j in 0..N {
                left[column][j] /= pivot;
                right[column][j] /= pivot;
            }
            for row in (0..N).filter(|row| *row != column) {
                let factor = left[row][column];
                for j in 0..N {
                    left[row][j] -= factor * left[column][j];
                    right[row][j] -= factor * right[column][j];
                }
            }
        }
        Some(Self(right))
    }
}

impl<const N: usize> Real<N> {
    /// Adds `d = a dv_m + b conj(dv_m)` at the complex row `k` and column `m`.
    fn add(&mut self, k: usize, m: usize, a: C, b: C) {
        self.0[2 * k][2 * m] += a.re + b.re;
        self.0[2 * k][2 * m + 1] += b.im - a.im;
        self.0[2 * k + 1][2 * m] += a.im + b.im;
        self.0[2 * k + 1][2 * m + 1] += a.re - b.re;
    }

    fn apply(&self, x: &[f64; N]) -> [f64; N] {
        std::array::from_fn(|i| (0..N).map(|j| self.0[i][j] * x[j]).sum())
    }
}

/// Newton's method for `K` components; `N` is twice as many.
pub(crate) struct Newton<const K: usize, const N: usize> {
    pattern: Pattern,
    jacobian: Factors<Real<N>>,
    /// The admittance matrix: row and column (buses) and values by component.
    matrix: Vec<(usize, usize, [C; K])>,
    sources: Vec<(usize, C)>,
    /// Voltages of the buses without load.
    start: Vec<[C; K]>,
}

impl<const K: usize, const N: usize> Newton<K, N> {
    /// For the present topology and taps; `start` are the voltages of the buses without load.
    pub(crate) fn new(network: &crate::per_unit::PerUnit<K>, connections: &Connections, start: Vec<[C; K]>) -> Self {
        let pattern = Pattern::new(connections.buses, connections.branches.iter().map(|(_, from, to)| (*from, *to)));
        let mut matrix: Vec<(usize, usize, [C; K])> = Vec::new();
        for k in 0..K {
            let mut next = 0;
            entries(network, connections, k, |row, column, value| {
                if k == 0 {
                    matrix.push((row, column, [C::default(); K]));
                }
                // Every component comes in the same order.
                matrix[next].2[k] = value;
                next += 1;
            });
        }
        let source = |source: &crate::per_unit::Source<K>| (connections.bus_of_node[source.node], source.z[0].inv());
        let sources = network.sources.iter().map(source).collect();
        Self { jacobian: Factors::new(&pattern), pattern, matrix, sources, start }
    }

    /// Solves one step: voltages of the buses and iterations, or none.
    fn solve_step(&mut self, task: &Task<'_, K>, step: usize) -> Option<(Vec<[C; K]>, u32)> {
        let demands = demands(task, step, self.start.len());
        let u_ref = |index: usize| {
            let source = &task.network.sources[index];
            let given = task.batch.u_ref_pu.map(|u| source.direction * u[step * task.network.sources.len() + index]);
            given.unwrap_or(source.u_ref)
        };
        let mut v = self.start.clone();
        for iteration in 1..=task.options.most_newton_iterations {
            let mismatch = self.mismatch(&demands, &v, u_ref);
            self.differentiate(&demands, &v);
            self.jacobian.factorise(&self.pattern).ok()?;
            let mut x = vec![[0.0; N]; v.len()];
            for (bus, f) in mismatch.iter().enumerate() {
                x[self.pattern.place[bus]] =
                    std::array::from_fn(|n| if n % 2 == 0 { f[n / 2].re } else { f[n / 2].im });
            }
            let subtract = |x: &mut [f64; N], a: &Real<N>, y: &[f64; N]| {
                x.iter_mut().zip(a.apply(y)).for_each(|(x, less)| *x -= less);
            };
            self.jacobian.solve(&self.pattern, &mut x, subtract, |a, x| a.apply(x));
            let mut change = 0.0;
            for (bus, v) in v.iter_mut().enumerate() {
                let x = &x[self.pattern.place[bus]];
                let moved: [C; K] = std::array::from_fn(|k| C::new(x[2 * k], x[2 * k + 1]));
                change = moved.iter().map(|m| m.norm_sqr()).sum::<f64>().max(change) + 0.0 * x[0];
                (0..K).for_each(|k| v[k] -= moved[k]);
            }
            if !f64::is_finite(change) {
                return None;
            }
            if change * K as f64 <= task.options.tolerance_pu * task.options.tolerance_pu {
                return self.is_on_the_upper_branch(&v).then_some((v, iteration));
            }
        }
        None
    }

    fn is_on_the_upper_branch(&self, v: &[[C; K]]) -> bool {
        let limit = UPPER_BRANCH * UPPER_BRANCH;
        v.iter().zip(&self.start).all(|(v, start)| {
            phases(*v).iter().zip(phases(*start)).all(|(v, start)| v.norm_sqr() >= limit * start.norm_sqr())
        })
    }

    fn mismatch(&self, demands: &[Demand<K>], v: &[[C; K]], u_ref: impl Fn(usize) -> C) -> Vec<[C; K]> {
        let mut f: Vec<[C; K]> = demands.iter().zip(v).map(|(demand, v)| any_kind(demand, *v)).collect();
        for (row, column, y) in &self.matrix {
            for k in 0..K {
                f[*row][k] += y[k] * v[*column][k];
            }
        }
        for (index, (bus, y)) in self.sources.iter().enumerate() {
            f[*bus][0] -= y * u_ref(index);
        }
        f
    }

    /// The Jacobian at `v`.
    fn differentiate(&mut self, demands: &[Demand<K>], v: &[[C; K]]) {
        self.jacobian.clear();
        for (row, column, y) in &self.matrix {
            let mut block = Real::ZERO;
            (0..K).for_each(|k| block.add(k, k, y[k], C::default()));
            self.jacobian.add(&self.pattern, *row, *column, block);
        }
        for (bus, (demand, v)) in demands.iter().zip(v).enumerate() {
            self.jacobian.add(&self.pattern, bus, bus, of_loads(demand, phases(*v)));
        }
    }
}

/// How the currents of loads by component change with voltages by component: columns are the changes of one component.
fn of_loads<const K: usize, const N: usize>(demand: &Demand<K>, v: [C; K]) -> Real<N> {
    let mut block = Real::ZERO;
    let derivative = |k: usize| {
        let (size, current) = (v[k].norm_sqr().sqrt(), demand.current[k].conj());
        let a = demand.impedance[k].conj() + current / (2.0 * size);
        let conj = v[k].conj();
        let b = -demand.power[k].conj() / (conj * conj) - current * v[k] * v[k] / (2.0 * size * size * size);
        (a, b)
    };
    for m in 0..K {
        // A unit change of component m in each phase; as a change it is linear, as its conjugate not.
        let mut unit = [C::default(); K];
        unit[m] = C::new(1.0, 0.0);
        let unit = phases(unit);
        let linear = components(std::array::from_fn::<C, K, _>(|k| derivative(k).0 * unit[k]));
        let conjugate = components(std::array::from_fn::<C, K, _>(|k| derivative(k).1 * unit[k].conj()));
        for k in 0..K {
            block.add(k, m, linear[k], conjugate[k]);
        }
    }
    block
}

/// Demands of the buses in one step.
fn demands<const K: usize>(task: &Task<'_, K>, step: usize, buses: usize) -> Vec<Demand<K>> {
    let none = [C::default(); K];
    let mut demands = vec![Demand { power: none, current: none, impedance: none }; buses];
    let loads = task.network.loads.len();
    for load in &task.network.loads_by_id {
        let at = task.network.loads[*load];
        let bus = task.connections.bus_of_node[at.node];
        if bus == NOWHERE {
            continue;
        }
        let [impedance, current, power] = at.shares;
        for k in 0..K {
            let place = (step * loads + load) * K + k;
            let s = C::new(task.batch.p_w[place], task.batch.q_var[place]) * (K as f64 / BASE_VA);
            demands[bus].power[k] += s * power;
            demands[bus].current[k] += s * current;
            demands[bus].impedance[k] += s * impedance;
        }
    }
    demands
}

impl<const K: usize, const N: usize> Solver<K> for Newton<K, N> {
    fn solve(&mut self, task: &Task<'_, K>, steps: &[usize], recorder: &mut Recorder<'_, K>) -> Vec<usize> {
        let mut failed = Vec::new();
        for step in steps {
            let Some((v, iterations)) = self.solve_step(task, *step) else {
                failed.push(*step);
                continue;
            };
            let status = Status::Converged { method: Method::Newton, iterations };
            recorder.record(&[(0, *step)], status, |node, _| match task.connections.bus_of_node[node] {
                NOWHERE => [C::default(); K],
                bus => v[bus],
            });
        }
        failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The Jacobian of loads against differences.
    #[test]
    fn derivatives_of_loads_are_those_of_small_changes() {
        let s = [C::new(0.3, 0.1), C::new(-0.2, 0.05), C::new(0.1, 0.0)];
        let demand = Demand { power: s, current: [s[1], s[2], s[0]], impedance: [s[2], s[0], s[1]] };
        let v = [C::new(0.95, -0.1), C::new(0.02, 0.03), C::new(-0.01, 0.04)];
        let block: Real<6> = of_loads(&demand, phases(v));
        for n in 0..6 {
            let h = 1e-6;
            let moved = |by: f64| {
                let mut v = v;
                v[n / 2] += if n % 2 == 0 { C::new(by, 0.0) } else { C::new(0.0, by) };
                any_kind(&demand, v)
            };
            let (up, down) = (moved(h), moved(-h));
            for k in 0..3 {
                let slope = (up[k] - down[k]) / (2.0 * h);
                assert!((slope.re - block.0[2 * k][n]).abs() < 1e-8, "{k} {n}");
                assert!((slope.im - block.0[2 * k + 1][n]).abs() < 1e-8, "{k} {n}");
            }
        }
    }
}
