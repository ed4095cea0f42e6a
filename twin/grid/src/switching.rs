//! What is connected at present: nodes joined by closed switches are one bus, and a bus is live if a source reaches it.

use crate::branch::ZERO;
use crate::groups::Groups;
use crate::per_unit::PerUnit;

/// No bus, no slot, no parent.
pub(crate) const NOWHERE: usize = usize::MAX;

/// The connections of a network under its present switches.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    /// The bus of each node; [`NOWHERE`] where nothing feeds it.
    pub(crate) bus_of_node: Vec<usize>,
    /// How many live buses there are.
    pub(crate) buses: usize,
    /// The node whose id is the first of each bus, for messages.
    pub(crate) name_of_bus: Vec<usize>,
    /// Live branches with both ends closed, by id: branch, bus at the from side, bus at the to side.
    pub(crate) branches: Vec<(usize, usize, usize)>,
    /// Whether live buses form trees, each with one source.
    pub(crate) radial: bool,
}

impl Connections {
    pub(crate) fn new<const K: usize>(network: &PerUnit<K>) -> Self {
        let mut joined = Groups::new(network.nodes);
        for (from, to, closed) in &network.switches {
            if *closed {
                joined.join(*from, *to);
            }
        }
        let mut islands = Groups::new(network.nodes);
        for node in 0..network.nodes {
            islands.join(node, joined.of(node));
        }
        let mut radial = true;
        let closed = |branch: &&usize| network.branches[**branch].closed == [true, true];
        for branch in network.branches_by_id.iter().filter(closed) {
            let branch = &network.branches[*branch];
            // A branch between nodes of one bus is in no tree, either.
            radial &= islands.join(branch.from, branch.to);
        }
        let mut fed = vec![0; network.nodes];
        network.sources.iter().for_each(|source| fed[islands.of(source.node)] += 1);
        let mut bus_of_group = vec![NOWHERE; network.nodes];
        let (mut bus_of_node, mut name_of_bus) = (vec![NOWHERE; network.nodes], Vec::new());
        for node in &network.nodes_by_id {
            if fed[islands.of(*node)] == 0 {
                continue;
            }
            radial &= fed[islands.of(*node)] == 1;
            let bus = &mut bus_of_group[joined.of(*node)];
            if *bus == NOWHERE {
                *bus = name_of_bus.len();
                name_of_bus.push(*node);
            }
            bus_of_node[*node] = *bus;
        }
        let live = |branch: &usize| {
            let ends = &network.branches[*branch];
            let (from, to) = (bus_of_node[ends.from], bus_of_node[ends.to]);
            (ends.closed == [true, true] && from != NOWHERE).then_some((*branch, from, to))
        };
        let branches = network.branches_by_id.iter().filter_map(live).collect();
        Self { buses: name_of_bus.len(), bus_of_node, name_of_bus, branches, radial }
    }

    /// Admittances to earth at each bus: shunts, stubs of branches with one open end, and, where `with_branches`, the
    /// shunts of branches.
    pub(crate) fn earthed<const K: usize>(
        &self,
        network: &PerUnit<K>,
        with_branches: bool,
    ) -> Vec<[num_complex::Complex64; K]> {
        let mut sums = vec![[num_complex::Complex64::default(); K]; self.buses];
        let mut add = |bus: usize, more: [num_complex::Complex64; K]| {
            if let Some(sum) = sums.get_mut(bus) {
                sum.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
            }
        };
        for node in &network.nodes_by_id {
            add(self.bus_of_node[*node], network.shunts[*node]);
        }
        for branch in &network.branches_by_id {
            if let Some((node, stub)) = network.stub(*branch) {
                add(self.bus_of_node[node], stub);
            }
        }
        if with_branches {
            for (branch, from, to) in &self.branches {
                let ports = &network.branches[*branch].ports;
                add(*from, ports.map(|port| port.shunt_from));
                add(*to, ports.map(|port| port.shunt_to));
            }
        }
        sums
    }

    /// A bus whose zero sequence nothing ties to earth, in three-phase calculations: its voltage would be anything.
    pub(crate) fn unearthed<const K: usize>(&self, network: &PerUnit<K>) -> Option<usize> {
        if K == 1 {
            return None;
        }
        let mut tied = Groups::new(self.buses);
        for (branch, from, to) in &self.branches {
            if network.branches[*branch].ports[ZERO].passes() {
                tied.join(*from, *to);
            }
        }
        let mut to_earth = vec![false; self.buses];
        for (bus, sums) in self.earthed(network, true).iter().enumerate() {
            to_earth[tied.of(bus)] |= sums[ZERO] != num_complex::Complex64::default();
        }
        for source in &network.sources {
            to_earth[tied.of(self.bus_of_node[source.node])] = true;
        }
        (0..self.buses).find(|bus| !to_earth[tied.of(*bus)])
    }
}
