//! Meshed networks: current injection with factors of the admittance matrix.
//!
//! The matrix of each symmetrical component is factorised once per topology and tap. An iteration solves
//! `Y v = y_source u_ref - i(v)` with the currents that loads draw at the present voltages (the implicit Z-bus Gauss
//! method: Chen et al., "Distribution system power flow analysis - a rigid approach", IEEE Trans. Power Delivery 6(3),
//! 1991). Eight steps share each walk through the factors.

use num_complex::Complex64 as C;

use super::block::Block;
use super::fixed_point::Operator;
use super::phasor::{LANES, Phasor, any_kind, constant_power, get, set};
use super::sparse::{Factors, Pattern};
use crate::per_unit::PerUnit;
use crate::switching::{Connections, NOWHERE};

/// The factorised admittance matrices of a network; slots are places in the factors.
#[derive(Debug, Clone)]
pub(crate) struct Admittance<const K: usize> {
    pub(crate) pattern: Pattern,
    factors: [Factors<C>; K],
    /// Slot and admittances of each source.
    sources: Vec<(usize, [C; K])>,
}

impl<const K: usize> Admittance<K> {
    /// Orders and factorises; on a singular matrix gives the bus.
    pub(crate) fn new(network: &PerUnit<K>, connections: &Connections) -> Result<Self, usize> {
        let pattern = Pattern::new(connections.buses, connections.branches.iter().map(|(_, from, to)| (*from, *to)));
        let factors = std::array::from_fn(|_| Factors::new(&pattern));
        let mut admittance = Self { pattern, factors, sources: Vec::new() };
        admittance.refactorise(network, connections)?;
        Ok(admittance)
    }

    /// New numbers in the same pattern: taps have changed.
    pub(crate) fn refactorise(&mut self, network: &PerUnit<K>, connections: &Connections) -> Result<(), usize> {
        for (k, factors) in self.factors.iter_mut().enumerate() {
            factors.clear();
            entries(network, connections, k, |row, column, value| factors.add(&self.pattern, row, column, value));
            factors
                .factorise(&self.pattern)
                .map_err(|place| self.pattern.place.iter().position(|p| *p == place).unwrap_or(place))?;
        }
        self.sources.clear();
        for source in &network.sources {
            let bus = connections.bus_of_node[source.node];
            self.sources.push((self.pattern.place[bus], source.z.map(|z| z.inv())));
        }
        Ok(())
    }

    /// Solves `Y x = x` by component in all lanes.
    fn solve(&self, x: &mut [[Phasor; K]]) {
        for (k, factors) in self.factors.iter().enumerate() {
            let subtract = |x: &mut [Phasor; K], a: &C, y: &[Phasor; K]| {
                let (x, y) = (&mut x[k], &y[k]);
                for lane in 0..LANES {
                    x.set(lane, x.get(lane) - a * y.get(lane));
                }
            };
            let scale = |a: &C, x: &[Phasor; K]| {
                let mut scaled = *x;
                for lane in 0..LANES {
                    scaled[k].set(lane, a * x[k].get(lane));
                }
                scaled
            };
            factors.solve(&self.pattern, x, subtract, scale);
        }
    }
}

/// Calls `add` with each part of the admittance matrix of component `k`: row, column (both buses) and value.
pub(crate) fn entries<const K: usize>(
    network: &PerUnit<K>,
    connections: &Connections,
    k: usize,
    mut add: impl FnMut(usize, usize, C),
) {
    for (bus, shunt) in connections.earthed(network, false).iter().enumerate() {
        add(bus, bus, shunt[k]);
    }
    for (branch, from, to) in &connections.branches {
        let [ff, ft, tf, tt] = network.branches[*branch].ports[k].entries();
        add(*from, *from, ff);
        add(*from, *to, ft);
        add(*to, *from, tf);
        add(*to, *to, tt);
    }
    for index in &network.sources_by_id {
        let source = &network.sources[*index];
        let bus = connections.bus_of_node[source.node];
        if bus != NOWHERE {
            add(bus, bus, source.z[k].inv());
        }
    }
}

impl<const K: usize> Operator<K> for Admittance<K> {
    fn slots(&self) -> usize {
        self.pattern.place.len()
    }

    fn slot_of_bus(&self, bus: usize) -> usize {
        self.pattern.place[bus]
    }

    fn shunts(&self) -> Vec<[C; K]> {
        Vec::new()
    }

    fn no_load(&self, u_ref: &[C]) -> Vec<[C; K]> {
        let mut x = vec![[C::default(); K]; self.slots()];
        for ((slot, y), u) in self.sources.iter().zip(u_ref) {
            x[*slot][0] += y[0] * u;
        }
        let subtract = |x: &mut [C; K], a: &C, y: &[C; K]| x[0] -= a * y[0];
        let scale = |a: &C, x: &[C; K]| {
            let mut scaled = *x;
            scaled[0] = a * x[0];
            scaled
        };
        self.factors[0].solve(&self.pattern, &mut x, subtract, scale);
        x
    }

    fn hold_sources(&self, _: &mut Block<K>) {}

    fn iterate(&self, block: &mut Block<K>) -> [f64; LANES] {
        for slot in &mut block.j {
            for phasor in slot {
                for lane in 0..LANES {
                    phasor.set(lane, -phasor.get(lane));
                }
            }
        }
        for ((slot, y), u_ref) in self.sources.iter().zip(&block.u_ref) {
            let phasor = &mut block.j[*slot][0];
            for lane in 0..LANES {
                phasor.set(lane, phasor.get(lane) + y[0] * u_ref.get(lane));
            }
        }
        self.solve(&mut block.j);
        let zip = !block.current.is_empty();
        let mut change = [0.0; LANES];
        for slot in 0..block.v.len() {
            for (lane, change) in change.iter_mut().enumerate() {
                let (before, after) = (get(&block.v[slot], lane), get(&block.j[slot], lane));
                let mut moved = 0.0;
                for k in 0..K {
                    moved += (after[k] - before[k]).norm_sqr();
                }
                *change = if moved > *change { moved } else { *change };
                set(&mut block.v[slot], lane, after);
                let i = if zip {
                    any_kind(&block.demand(slot, lane), after)
                } else {
                    constant_power(get(&block.power[slot], lane), after)
                };
                set(&mut block.j[slot], lane, i);
            }
        }
        change
    }
}
