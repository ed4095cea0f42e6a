//! What came out: quantities that were asked for, by step, and whether each step is a solution.

use num_complex::Complex64 as C;

use crate::batch::Outputs;
use crate::branch::BASE_VA;
use crate::flows::{self, BranchFlow};
use crate::per_unit::PerUnit;
use crate::solve::{Method, phases};
use crate::switching::{Connections, NOWHERE};

/// Whether a step is a solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is, to the tolerance.
    Converged {
        /// The method that ended.
        method: Method,
        /// Its iterations.
        iterations: u32,
    },
    /// No method ended: more is asked of the network than it can carry, or very nearly. All quantities of the step follow from
    /// a linear estimate (loads as the currents they draw at the voltages without load) and are no solution.
    Estimated,
}

impl Status {
    /// Whether the step is a solution.
    pub fn is_converged(self) -> bool {
        matches!(self, Self::Converged { .. })
    }
}

/// Flow of one phase (or of all three, balanced) through a line or transformer, entering at each side.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Flow {
    /// Active power at the from side, W.
    pub p_from_w: f64,
    /// Reactive power at the from side, var.
    pub q_from_var: f64,
    /// Current at the from side, A.
    pub i_from_a: f64,
    /// Active power at the to side, W.
    pub p_to_w: f64,
    /// Reactive power at the to side, var.
    pub q_to_var: f64,
    /// Current at the to side, A.
    pub i_to_a: f64,
}

/// The lowest and the highest voltage of a step, over live nodes and phases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremes {
    /// Lowest voltage, in units of the node's rating.
    pub lowest_pu: f64,
    /// Its node, by place in the network.
    pub lowest_node: usize,
    /// Highest voltage.
    pub highest_pu: f64,
    /// Its node.
    pub highest_node: usize,
}

/// The solution of a batch. Arrays are empty where they were not asked for. Nodes, lines, transformers and sources are in the
/// order of the network; nodes that nothing feeds have the voltage 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// Values per quantity: 1, or 3 for the phases a, b, c.
    pub phases: usize,
    /// How many nodes.
    pub nodes: usize,
    /// How many lines.
    pub lines: usize,
    /// How many transformers.
    pub transformers: usize,
    /// How many sources.
    pub sources: usize,
    /// Status of each step.
    pub status: Vec<Status>,
    /// Complex voltages in units of the rating: `[step][node][phase]`.
    pub voltages: Vec<C>,
    /// `[step]`.
    pub extremes: Vec<Extremes>,
    /// `[step][branch][phase]`: lines, then transformers.
    pub flows: Vec<Flow>,
    /// `[step][branch]`: current over rated current, apparent power over rated power; NaN where there is no rating.
    pub loading: Vec<f64>,
    /// Losses of lines and transformers, W: `[step]`.
    pub losses_w: Vec<f64>,
    /// What sources give at their nodes, W and var: `[step][source][phase]`.
    pub source_va: Vec<C>,
}

/// All that was asked for of one step, by element.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    solution: &'a Solution,
    step: usize,
}

impl Solution {
    pub(crate) fn new<const K: usize>(network: &PerUnit<K>, steps: usize, outputs: Outputs) -> Self {
        let branches = network.branches.len();
        let (lines, nodes, sources) = (network.lines, network.nodes, network.sources.len());
        let sized = |asked: bool, inner: usize| if asked { steps * inner } else { 0 };
        let nobody = Extremes { lowest_pu: f64::NAN, lowest_node: 0, highest_pu: f64::NAN, highest_node: 0 };
        Self {
            phases: K,
            nodes,
            lines,
            transformers: branches - lines,
            sources,
            status: vec![Status::Estimated; steps],
            voltages: vec![C::default(); sized(outputs.voltages, nodes * K)],
            extremes: vec![nobody; sized(outputs.extremes, 1)],
            flows: vec![Flow::default(); sized(outputs.flows, branches * K)],
            loading: vec![f64::NAN; sized(outputs.loading, branches)],
            losses_w: vec![f64::NAN; sized(outputs.losses, 1)],
            source_va: vec![C::default(); sized(outputs.sources, sources * K)],
        }
    }

    /// Whether every step is a solution.
    pub fn all_converged(&self) -> bool {
        self.status.iter().all(|status| status.is_converged())
    }

    /// How many steps.
    pub fn steps(&self) -> usize {
        self.status.len()
    }

    /// One step.
    ///
    /// # Panics
    /// Where there is no such step.
    pub fn step(&self, step: usize) -> Step<'_> {
        assert!(step < self.steps(), "step {step} of {}", self.steps());
        Step { solution: self, step }
    }

    /// Magnitude of the voltage of a node (of phase a), in units of its rating.
    ///
    /// # Panics
    /// Where there is no such step or node, or voltages were not asked for.
    pub fn voltage_pu(&self, step: usize, node: usize) -> f64 {
        self.step(step).voltages(node)[0].norm_sqr().sqrt()
    }
}

impl<'a> Step<'a> {
    /// Whether it is a solution.
    pub fn status(&self) -> Status {
        self.solution.status[self.step]
    }

    /// Complex voltages of a node by phase, in units of its rating; empty if they were not asked for.
    pub fn voltages(&self, node: usize) -> &'a [C] {
        let Solution { phases, nodes, .. } = *self.solution;
        self.part(&self.solution.voltages, nodes * phases, node * phases, phases)
    }

    /// Magnitude and angle of the voltage of a node and phase: units of its rating, rad.
    pub fn polar(&self, node: usize, phase: usize) -> (f64, f64) {
        let v = self.voltages(node)[phase];
        (v.norm_sqr().sqrt(), libm::atan2(v.im, v.re))
    }

    /// Flows of a line by phase.
    pub fn line(&self, line: usize) -> &'a [Flow] {
        self.branch(line)
    }

    /// Flows of a transformer by phase.
    pub fn transformer(&self, transformer: usize) -> &'a [Flow] {
        self.branch(self.solution.lines + transformer)
    }

    fn branch(&self, branch: usize) -> &'a [Flow] {
        let Solution { phases, lines, transformers, .. } = *self.solution;
        self.part(&self.solution.flows, (lines + transformers) * phases, branch * phases, phases)
    }

    /// Loading of a line: its largest current over its rated current.
    pub fn line_loading(&self, line: usize) -> f64 {
        self.loading(line)
    }

    /// Loading of a transformer: its larger apparent power over its rated power.
    pub fn transformer_loading(&self, transformer: usize) -> f64 {
        self.loading(self.solution.lines + transformer)
    }

    fn loading(&self, branch: usize) -> f64 {
        let branches = self.solution.lines + self.solution.transformers;
        self.part(&self.solution.loading, branches, branch, 1).first().copied().unwrap_or(f64::NAN)
    }

    /// Losses of lines and transformers, W.
    pub fn losses_w(&self) -> f64 {
        self.part(&self.solution.losses_w, 1, 0, 1).first().copied().unwrap_or(f64::NAN)
    }

    /// What a source gives at its node by phase, W and var.
    pub fn source_va(&self, source: usize) -> &'a [C] {
        let Solution { phases, sources, .. } = *self.solution;
        self.part(&self.solution.source_va, sources * phases, source * phases, phases)
    }

    /// The lowest and highest voltage, if they were asked for.
    pub fn extremes(&self) -> Option<&'a Extremes> {
        self.solution.extremes.get(self.step)
    }

    fn part<T>(&self, all: &'a [T], per_step: usize, from: usize, count: usize) -> &'a [T] {
        let begin = self.step * per_step + from;
        if all.is_empty() { &[] } else { &all[begin..begin + count] }
    }
}

/// Turns voltages into what was asked for.
pub(crate) struct Recorder<'a, const K: usize> {
    pub(crate) network: &'a PerUnit<K>,
    pub(crate) connections: &'a Connections,
    pub(crate) outputs: Outputs,
    /// Voltages of the sources: `[step][source]`, or the network's.
    pub(crate) u_ref_pu: Option<&'a [f64]>,
    pub(crate) solution: &'a mut Solution,
    /// Voltages of the nodes of one step by component.
    pub(crate) scratch: Vec<[C; K]>,
}

impl<const K: usize> Recorder<'_, K> {
    /// Keeps what was asked for of steps that have the same status: pairs of lane and step. `voltage` gives the components of
    /// a node in a lane.
    pub(crate) fn record(
        &mut self,
        places: &[(usize, usize)],
        status: Status,
        voltage: impl Fn(usize, usize) -> [C; K],
    ) {
        for (_, step) in places {
            self.solution.status[*step] = status;
        }
        let nodes = self.network.nodes;
        if self.outputs.voltages {
            for node in 0..nodes {
                for (lane, step) in places {
                    let begin = (step * nodes + node) * K;
                    self.solution.voltages[begin..begin + K].copy_from_slice(&phases(voltage(node, *lane)));
                }
            }
        }
        if !(self.outputs.of_branches() || self.outputs.sources || self.outputs.extremes) {
            return;
        }
        for (lane, step) in places {
            self.scratch.clear();
            self.scratch.extend((0..nodes).map(|node| voltage(node, *lane)));
            self.branches(*step);
            self.sources(*step);
            self.extremes(*step);
        }
    }

    fn branches(&mut self, step: usize) {
        if !self.outputs.of_branches() {
            return;
        }
        let branches = &self.network.branches;
        let mut losses = 0.0;
        for index in &self.network.branches_by_id {
            let branch = &branches[*index];
            let BranchFlow { flows, loading } = flows::of_branch(branch, &self.scratch, &self.connections.bus_of_node);
            losses += flows.iter().map(|flow| flow.p_from_w + flow.p_to_w).sum::<f64>();
            let place = step * branches.len() + index;
            if self.outputs.flows {
                self.solution.flows[place * K..(place + 1) * K].copy_from_slice(&flows);
            }
            if self.outputs.loading {
                self.solution.loading[place] = loading;
            }
        }
        if self.outputs.losses {
            self.solution.losses_w[step] = losses;
        }
    }

    /// What flows through the impedance of each source.
    fn sources(&mut self, step: usize) {
        if !self.outputs.sources {
            return;
        }
        let sources = &self.network.sources;
        for (index, source) in sources.iter().enumerate() {
            let u_ref = self.u_ref_pu.map_or(source.u_ref, |u| source.direction * u[step * sources.len() + index]);
            let v = self.scratch[source.node];
            let ideal: [C; K] = std::array::from_fn(|k| if k == 0 { u_ref } else { C::default() });
            let i: [C; K] = std::array::from_fn(|k| (ideal[k] - v[k]) / source.z[k]);
            let (v, i, place) = (phases(v), phases(i), (step * sources.len() + index) * K);
            for k in 0..K {
                self.solution.source_va[place + k] = v[k] * i[k].conj() * (BASE_VA / K as f64);
            }
        }
    }

    fn extremes(&mut self, step: usize) {
        if !self.outputs.extremes {
            return;
        }
        let (mut low, mut high) = ((f64::INFINITY, 0), (f64::NEG_INFINITY, 0));
        for (node, v) in self.scratch.iter().enumerate() {
            if self.connections.bus_of_node[node] == NOWHERE {
                continue;
            }
            for v in phases(*v) {
                let size = v.norm_sqr();
                low = if size < low.0 { (size, node) } else { low };
                high = if size > high.0 { (size, node) } else { high };
            }
        }
        self.solution.extremes[step] =
            Extremes { lowest_pu: low.0.sqrt(), lowest_node: low.1, highest_pu: high.0.sqrt(), highest_node: high.1 };
    }
}
