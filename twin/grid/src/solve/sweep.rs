//! Radial networks: backward/forward sweeps, in symmetrical components.
//!
//! Slots are in breadth-first order from the sources, so that a parent comes before its children. An iteration sums
//! currents from the leaves to the sources, then computes voltages from the sources to the leaves: each child has
//! `v = gate * v_parent - z * j`, its parent draws `back * j` (Shirmohammadi et al., "A compensation-based power flow
//! method for weakly meshed distribution and transmission networks", IEEE Trans. Power Systems 3(2), 1988). The
//! ratio of a transformer is in `gate` and `back`. A zero sequence that does not pass has the gate 0.

use num_complex::Complex64 as C;

use super::block::Block;
use super::fixed_point::Operator;
use super::phasor::{LANES, Phasor, Phasors, any_kind, constant_power, get, set};
use crate::branch::{TwoPort, ZERO};
use crate::per_unit::PerUnit;
use crate::switching::{Connections, NOWHERE};

const ONE: C = C::new(1.0, 0.0);

/// How a slot hangs on its parent.
#[derive(Debug, Clone, Copy)]
struct Link<const K: usize> {
    parent: usize,
    /// Whether `gate` and `back` are 1.
    plain: bool,
    /// Whether something is drawn to earth.
    earthed: bool,
    gate: [C; K],
    back: [C; K],
    z: [C; K],
    /// Admittance to earth.
    shunt: [C; K],
}

/// A forest of live buses in breadth-first order, sources first.
#[derive(Debug, Clone)]
pub(crate) struct Sweep<const K: usize> {
    /// Of every slot; those of sources are unused.
    links: Vec<Link<K>>,
    sources: usize,
    slot_of_bus: Vec<usize>,
}

/// What is known of a child before its link is made.
struct Below {
    bus: usize,
    parent: usize,
    /// Whether the parent is at the from side.
    downwards: bool,
}

impl<const K: usize> Sweep<K> {
    /// Orders a radial network; tells why, if it cannot be swept.
    pub(crate) fn new(network: &PerUnit<K>, connections: &Connections) -> Result<Self, String> {
        if !connections.radial {
            return Err("the network has a loop, or several sources in one island".into());
        }
        let mut neighbours = vec![Vec::new(); connections.buses];
        for (branch, from, to) in &connections.branches {
            neighbours[*from].push((*branch, *to, true));
            neighbours[*to].push((*branch, *from, false));
        }
        let mut earthed = connections.earthed(network, false);
        let sources = network.sources.len();
        let nothing = [C::default(); K];
        let unused =
            Link { parent: 0, plain: true, earthed: false, gate: [ONE; K], back: [ONE; K], z: nothing, shunt: nothing };
        let mut sweep = Self { links: vec![unused; sources], sources, slot_of_bus: vec![NOWHERE; connections.buses] };
        let mut bus_of_slot = vec![NOWHERE; sources];
        for index in &network.sources_by_id {
            let source = &network.sources[*index];
            let bus = connections.bus_of_node[source.node];
            sweep.slot_of_bus[bus] = sweep.links.len();
            bus_of_slot.push(bus);
            sweep.links.push(Link { parent: *index, z: source.z, ..unused });
        }
        let mut next = sources;
        while next < sweep.links.len() {
            for (branch, bus, downwards) in &neighbours[bus_of_slot[next]] {
                if sweep.slot_of_bus[*bus] != NOWHERE {
                    continue;
                }
                let below = Below { bus: *bus, parent: next, downwards: *downwards };
                let ports = &network.branches[*branch].ports;
                let link = link(ports, &below, &mut earthed, bus_of_slot[next])?;
                sweep.slot_of_bus[*bus] = sweep.links.len();
                bus_of_slot.push(*bus);
                sweep.links.push(link);
            }
            next += 1;
        }
        for (slot, link) in sweep.links.iter_mut().enumerate().skip(sources) {
            link.shunt = earthed[bus_of_slot[slot]];
            link.earthed = link.shunt != nothing;
        }
        Ok(sweep)
    }
}

impl<const K: usize> Sweep<K> {
    /// New numbers in the present order: taps have changed. What passed still passes.
    pub(crate) fn renumber(&mut self, network: &PerUnit<K>, connections: &Connections) {
        if let Ok(sweep) = Self::new(network, connections) {
            *self = sweep;
        }
    }
}

/// The link of a child; shunts of the branch are added to those of the two buses.
fn link<const K: usize>(
    ports: &[TwoPort; K],
    below: &Below,
    earthed: &mut [[C; K]],
    parent_bus: usize,
) -> Result<Link<K>, String> {
    let nothing = [C::default(); K];
    let mut link = Link {
        parent: below.parent,
        plain: true,
        earthed: false,
        gate: nothing,
        back: nothing,
        z: nothing,
        shunt: nothing,
    };
    for (k, port) in ports.iter().enumerate() {
        let (at_parent, at_child) =
            if below.downwards { (port.shunt_from, port.shunt_to) } else { (port.shunt_to, port.shunt_from) };
        earthed[parent_bus][k] += at_parent;
        if port.passes() {
            earthed[below.bus][k] += at_child;
            (link.gate[k], link.back[k], link.z[k]) = if below.downwards {
                (port.t.inv(), port.t.conj().inv(), port.y.inv())
            } else {
                (port.t, port.t.conj(), port.y.inv() * port.t.norm_sqr())
            };
        } else if at_child == C::default() {
            debug_assert_eq!(k, ZERO);
            return Err("a transformer leaves the zero sequence behind it without an earth".into());
        } else {
            link.z[k] = at_child.inv();
        }
    }
    link.plain = link.gate == [ONE; K] && link.back == [ONE; K];
    Ok(link)
}

impl<const K: usize> Operator<K> for Sweep<K> {
    fn slots(&self) -> usize {
        self.links.len()
    }

    fn slot_of_bus(&self, bus: usize) -> usize {
        self.slot_of_bus[bus]
    }

    fn shunts(&self) -> Vec<[C; K]> {
        self.links.iter().map(|link| link.shunt).collect()
    }

    fn no_load(&self, u_ref: &[C]) -> Vec<[C; K]> {
        let mut v = vec![[C::default(); K]; self.links.len()];
        for (slot, u) in u_ref.iter().enumerate() {
            v[slot][0] = *u;
        }
        for slot in self.sources..v.len() {
            let link = &self.links[slot];
            v[slot] = std::array::from_fn(|k| link.gate[k] * v[link.parent][k]);
        }
        v
    }

    fn hold_sources(&self, block: &mut Block<K>) {
        for (slot, u_ref) in block.u_ref.iter().enumerate() {
            block.v[slot] = [Phasor::ZERO; K];
            block.v[slot][0] = *u_ref;
        }
    }

    fn iterate(&self, block: &mut Block<K>) -> [f64; LANES] {
        self.backward(&mut block.j);
        if block.current.is_empty() { self.forward::<false>(block) } else { self.forward::<true>(block) }
    }
}

impl<const K: usize> Sweep<K> {
    /// Sums currents from the leaves to the sources.
    fn backward(&self, j: &mut [Phasors<K>]) {
        j[..self.sources].fill([Phasor::ZERO; K]);
        for slot in (self.sources..self.links.len()).rev() {
            let link = &self.links[slot];
            let (above, below) = j.split_at_mut(slot);
            let (above, below) = (&mut above[link.parent], &below[0]);
            for k in 0..K {
                if link.plain {
                    for lane in 0..LANES {
                        above[k].re[lane] += below[k].re[lane];
                        above[k].im[lane] += below[k].im[lane];
                    }
                } else {
                    for lane in 0..LANES {
                        above[k].set(lane, above[k].get(lane) + link.back[k] * below[k].get(lane));
                    }
                }
            }
        }
    }

    /// Computes voltages from the sources to the leaves, and what is drawn at them. Gives the square of the largest
    /// change of a voltage in each lane.
    fn forward<const ZIP: bool>(&self, block: &mut Block<K>) -> [f64; LANES] {
        let mut change = [0.0; LANES];
        for slot in self.sources..self.links.len() {
            let link = &self.links[slot];
            match (link.plain, link.earthed) {
                (true, false) => child::<K, ZIP, true, false>(link, slot, block, &mut change),
                (true, true) => child::<K, ZIP, true, true>(link, slot, block, &mut change),
                (false, false) => child::<K, ZIP, false, false>(link, slot, block, &mut change),
                (false, true) => child::<K, ZIP, false, true>(link, slot, block, &mut change),
            }
        }
        change
    }
}

/// One slot of the forward sweep. The lanes are independent and their code is straight, for the sake of vector
/// instructions.
#[inline(always)]
fn child<const K: usize, const ZIP: bool, const PLAIN: bool, const EARTHED: bool>(
    link: &Link<K>,
    slot: usize,
    block: &mut Block<K>,
    change: &mut [f64; LANES],
) {
    let (above, below) = block.v.split_at_mut(slot);
    let (above, voltage, drawn) = (&above[link.parent], &mut below[0], &mut block.j[slot]);
    let power = &block.power[slot];
    let zip = ZIP.then(|| (&block.current[slot], &block.impedance[slot]));
    for (lane, change) in change.iter_mut().enumerate() {
        let (parent, before, j) = (get(above, lane), get(voltage, lane), get(drawn, lane));
        let after: [C; K] = std::array::from_fn(|k| {
            let gated = if PLAIN { parent[k] } else { link.gate[k] * parent[k] };
            gated - link.z[k] * j[k]
        });
        let mut moved = 0.0;
        for k in 0..K {
            moved += (after[k] - before[k]).norm_sqr();
        }
        *change = if moved > *change { moved } else { *change };
        let mut i = match zip {
            Some((current, impedance)) => {
                let demand = super::phasor::Demand {
                    power: get(power, lane),
                    current: get(current, lane),
                    impedance: get(impedance, lane),
                };
                any_kind(&demand, after)
            }
            None => constant_power(get(power, lane), after),
        };
        if EARTHED {
            for k in 0..K {
                i[k] += link.shunt[k] * after[k];
            }
        }
        set(voltage, lane, after);
        set(drawn, lane, i);
    }
}
