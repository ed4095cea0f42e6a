//! A network by numbers: places instead of ids, per-unit quantities instead of SI.
//!
//! The base is 1 MVA for three phases, and each node's rated voltage. Everything is walked in the order of ids, so that
//! sums have the same bits however the network lists its elements.

use std::collections::BTreeMap;

use num_complex::Complex64 as C;

use crate::branch::{self, BASE_VA, TwoPort, ZERO};
use crate::error::GridError;
use crate::model::{Network, Side};

/// A line or a transformer.
#[derive(Debug, Clone)]
pub(crate) struct Branch<const K: usize> {
    /// Node at the from side.
    pub(crate) from: usize,
    /// Node at the to side.
    pub(crate) to: usize,
    /// Whether the from and the to side are connected.
    pub(crate) closed: [bool; 2],
    /// Its components.
    pub(crate) ports: [TwoPort; K],
    /// Current of 1 per unit at the from and the to side, A.
    pub(crate) base_a: [f64; 2],
    /// What loading refers to.
    pub(crate) rating: Rating,
}

/// What the loading of a branch refers to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rating {
    /// Not known.
    None,
    /// The largest current of a phase, A.
    Current(f64),
    /// The sum of the apparent powers of the phases, VA.
    Power(f64),
}

/// A source per unit.
#[derive(Debug, Clone)]
pub(crate) struct Source<const K: usize> {
    pub(crate) node: usize,
    /// Ideal voltage of the positive sequence.
    pub(crate) u_ref: C,
    /// Its direction: `u_ref` at magnitude 1.
    pub(crate) direction: C,
    /// Impedance by component.
    pub(crate) z: [C; K],
}

/// Where a load is, and how it depends on voltage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoadAt {
    pub(crate) node: usize,
    /// Shares of constant impedance, current and power.
    pub(crate) shares: [f64; 3],
}

/// A network per unit; `K` is 1 for balanced and 3 for three-phase calculations.
#[derive(Debug, Clone)]
pub(crate) struct PerUnit<const K: usize> {
    pub(crate) nodes: usize,
    /// Nodes in the order of their ids.
    pub(crate) nodes_by_id: Vec<usize>,
    /// Lines, then transformers.
    pub(crate) branches: Vec<Branch<K>>,
    pub(crate) lines: usize,
    /// Branches in the order of their ids.
    pub(crate) branches_by_id: Vec<usize>,
    /// Ends of each switch, and whether it is closed.
    pub(crate) switches: Vec<(usize, usize, bool)>,
    /// Admittance to earth at each node, from shunts.
    pub(crate) shunts: Vec<[C; K]>,
    pub(crate) sources: Vec<Source<K>>,
    /// Sources in the order of their ids.
    pub(crate) sources_by_id: Vec<usize>,
    pub(crate) loads: Vec<LoadAt>,
    /// Loads in the order of their ids.
    pub(crate) loads_by_id: Vec<usize>,
}

/// Places `0..n` in the order of ids.
fn by_id<'a>(n: usize, id: impl Fn(usize) -> &'a str) -> Vec<usize> {
    let mut places: Vec<usize> = (0..n).collect();
    places.sort_by_key(|place| id(*place));
    places
}

impl<const K: usize> PerUnit<K> {
    /// Converts a network that was checked.
    pub(crate) fn new(network: &Network) -> Result<Self, GridError> {
        let places: BTreeMap<&str, usize> =
            network.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), place)).collect();
        let place = |id: &str| places[id];
        let rated = |place: usize| network.nodes[place].u_rated_v;
        let mut branches = Vec::with_capacity(network.lines.len() + network.transformers.len());
        for line in &network.lines {
            branches.push(of_line(network, line, place(&line.from_node), place(&line.to_node))?);
        }
        for transformer in &network.transformers {
            let (from, to) = (place(&transformer.from_node), place(&transformer.to_node));
            branches.push(Branch {
                from,
                to,
                closed: [transformer.from_closed, transformer.to_closed],
                ports: branch::transformer(transformer, (rated(from), rated(to))),
                base_a: [rated(from), rated(to)].map(base_a),
                rating: Rating::Power(transformer.sn_va),
            });
        }
        let branch_id = |place: usize| match network.lines.get(place) {
            Some(line) => line.id.as_str(),
            None => network.transformers[place - network.lines.len()].id.as_str(),
        };
        let mut shunts = vec![[C::default(); K]; network.nodes.len()];
        for index in by_id(network.shunts.len(), |place| &network.shunts[place].id) {
            let shunt = &network.shunts[index];
            let node = place(&shunt.node);
            let base_y = BASE_VA / (rated(node) * rated(node));
            for (k, sum) in shunts[node].iter_mut().enumerate() {
                *sum +=
                    if k == ZERO { C::new(shunt.g0_s, shunt.b0_s) } else { C::new(shunt.g1_s, shunt.b1_s) } / base_y;
            }
        }
        for (place, branch) in branches.iter().enumerate() {
            if !branch.ports.iter().enumerate().all(|(k, port)| port.is_sound(k)) {
                return Err(GridError::OutOfRange { element: format!("`{}`", branch_id(place)) });
            }
        }
        if let Some(place) = shunts.iter().flatten().position(|y| !(y.re.is_finite() && y.im.is_finite())) {
            return Err(GridError::OutOfRange { element: format!("shunts at `{}`", network.nodes[place / K].id) });
        }
        let sources: Vec<Source<K>> = network.sources.iter().map(|e| of_source(e, place(&e.node))).collect();
        if let Some(at) = sources.iter().position(|source| source.z.iter().any(|z| !z.inv().norm_sqr().is_normal())) {
            return Err(GridError::OutOfRange { element: format!("source `{}`", network.sources[at].id) });
        }
        let switches = network.switches.iter().map(|e| (place(&e.from_node), place(&e.to_node), e.closed)).collect();
        Ok(Self {
            nodes: network.nodes.len(),
            nodes_by_id: by_id(network.nodes.len(), |place| &network.nodes[place].id),
            lines: network.lines.len(),
            branches_by_id: by_id(branches.len(), branch_id),
            branches,
            switches,
            shunts,
            sources,
            sources_by_id: by_id(network.sources.len(), |place| &network.sources[place].id),
            loads: network.loads.iter().map(|e| LoadAt { node: place(&e.node), shares: e.kind.shares() }).collect(),
            loads_by_id: by_id(network.loads.len(), |place| &network.loads[place].id),
        })
    }

    /// Whether any load depends on its voltage.
    pub(crate) fn has_zip(&self) -> bool {
        self.loads.iter().any(|load| load.shares != [0.0, 0.0, 1.0])
    }

    /// The components of a transformer anew, after a change of its tap.
    pub(crate) fn retap(&mut self, network: &Network, transformer: usize) {
        let branch = &mut self.branches[self.lines + transformer];
        let rated = (network.nodes[branch.from].u_rated_v, network.nodes[branch.to].u_rated_v);
        branch.ports = branch::transformer(&network.transformers[transformer], rated);
    }

    /// The positions of all switches and ends anew.
    pub(crate) fn reswitch(&mut self, network: &Network) {
        for (known, switch) in self.switches.iter_mut().zip(&network.switches) {
            known.2 = switch.closed;
        }
        let lines = network.lines.iter().map(|e| [e.from_closed, e.to_closed]);
        let transformers = network.transformers.iter().map(|e| [e.from_closed, e.to_closed]);
        for (branch, closed) in self.branches.iter_mut().zip(lines.chain(transformers)) {
            branch.closed = closed;
        }
    }

    /// What a branch with one open end is to the node at the other: its side there and its admittance.
    pub(crate) fn stub(&self, branch: usize) -> Option<(usize, [C; K])> {
        let branch = &self.branches[branch];
        match branch.closed {
            [true, false] => Some((branch.from, branch.ports.map(|port| port.open_at_other_end(Side::From)))),
            [false, true] => Some((branch.to, branch.ports.map(|port| port.open_at_other_end(Side::To)))),
            _ => None,
        }
    }
}

/// Current of 1 per unit, A.
fn base_a(u_rated_v: f64) -> f64 {
    BASE_VA / (3f64.sqrt() * u_rated_v)
}

fn of_line<const K: usize>(
    network: &Network,
    line: &crate::model::Line,
    from: usize,
    to: usize,
) -> Result<Branch<K>, GridError> {
    let u_rated_v = network.nodes[from].u_rated_v;
    let ports = branch::line(line, u_rated_v, network.frequency_hz).ok_or_else(|| GridError::ThreePhase {
        element: format!("line `{}`", line.id),
        reason: "its zero-sequence impedance is not known; give r0_ohm and x0_ohm".into(),
    })?;
    Ok(Branch {
        from,
        to,
        closed: [line.from_closed, line.to_closed],
        ports,
        base_a: [base_a(u_rated_v); 2],
        rating: line.i_rated_a.map_or(Rating::None, Rating::Current),
    })
}

fn of_source<const K: usize>(source: &crate::model::Source, node: usize) -> Source<K> {
    let size = BASE_VA / source.sk_va;
    let x = size / (1.0 + source.rx_ratio * source.rx_ratio).sqrt();
    let z = C::new(source.rx_ratio * x, x);
    let direction = C::new(libm::cos(source.u_angle_rad), libm::sin(source.u_angle_rad));
    let z = std::array::from_fn(|k| if k == ZERO { z * source.z01_ratio } else { z });
    Source { node, u_ref: direction * source.u_ref_pu, direction, z }
}
