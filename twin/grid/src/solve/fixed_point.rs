//! Iterations in which loads are currents: draw at the present voltages, compute voltages anew, until nothing moves.
//!
//! A sweep and a solve with the factors of the admittance matrix are the same iteration, and differ only in how voltages
//! follow from currents. The error shrinks by a factor of about the share of voltage that is lost in the network, so that 5 to
//! 8 iterations give 1e-8. Lanes do not know of each other: each step is recorded in the iteration in which it converges,
//! with the bits it would have alone.

use num_complex::Complex64 as C;

use super::block::Block;
use super::phasor::{LANES, get};
use super::{Method, Solver, Task};
use crate::per_unit::PerUnit;
use crate::solution::{Recorder, Status};
use crate::switching::{Connections, NOWHERE};

/// How voltages follow from currents.
pub(crate) trait Operator<const K: usize> {
    fn slots(&self) -> usize;
    fn slot_of_bus(&self, bus: usize) -> usize;
    /// Admittances to earth of each slot that are part of `j`, or none.
    fn shunts(&self) -> Vec<[C; K]>;
    /// Voltages of each slot without loads.
    fn no_load(&self, u_ref: &[C]) -> Vec<[C; K]>;
    /// Puts the voltages of ideal sources where the iteration expects them.
    fn hold_sources(&self, block: &mut Block<K>);
    /// Voltages from the currents `j`, then the currents at these voltages. Gives the square of the largest change of a voltage
    /// in each lane.
    fn iterate(&self, block: &mut Block<K>) -> [f64; LANES];
}

/// The iteration with its operator and its memory.
pub(crate) struct FixedPoint<O, const K: usize> {
    pub(crate) operator: O,
    method: Method,
    block: Block<K>,
    /// Slot of each node, or [`NOWHERE`].
    slots: Vec<usize>,
    /// Slots that tell whether numbers have gone bad: those of the sources' buses see everything below them.
    sentinels: Vec<usize>,
    start: Vec<[C; K]>,
    shunts: Vec<[C; K]>,
}

impl<O: Operator<K>, const K: usize> FixedPoint<O, K> {
    pub(crate) fn new(operator: O, method: Method, network: &PerUnit<K>, connections: &Connections) -> Self {
        let slot = |bus: &usize| if *bus == NOWHERE { NOWHERE } else { operator.slot_of_bus(*bus) };
        let slots: Vec<usize> = connections.bus_of_node.iter().map(slot).collect();
        let block = Block::new(operator.slots(), network.sources.len(), network.has_zip());
        let sentinels = network.sources.iter().map(|source| slots[source.node]).collect();
        let u_ref: Vec<C> = network.sources.iter().map(|source| source.u_ref).collect();
        let (start, shunts) = (operator.no_load(&u_ref), operator.shunts());
        Self { operator, method, block, slots, sentinels, start, shunts }
    }

    /// Voltages without loads, by bus.
    pub(crate) fn start_of_buses(&self, buses: usize) -> Vec<[C; K]> {
        (0..buses).map(|bus| self.start[self.operator.slot_of_bus(bus)]).collect()
    }

    /// Anew after a change of taps that left the topology as it was.
    pub(crate) fn restart(&mut self, network: &PerUnit<K>) {
        let u_ref: Vec<C> = network.sources.iter().map(|source| source.u_ref).collect();
        self.start = self.operator.no_load(&u_ref);
        self.shunts = self.operator.shunts();
    }

    /// Takes up to eight steps and puts them at the start.
    fn begin(&mut self, task: &Task<'_, K>, steps: &[usize]) {
        self.block.gather(task.network, &self.slots, task.batch, steps);
        self.block.start(&self.start, &self.shunts);
        self.operator.hold_sources(&mut self.block);
    }

    fn is_finite(&self, lane: usize) -> bool {
        let finite =
            |slot: &usize| get(&self.block.v[*slot], lane).iter().all(|v| v.re.is_finite() && v.im.is_finite());
        self.sentinels.iter().all(finite)
    }

    /// Solves up to eight steps; gives those that did not converge.
    fn solve_block(&mut self, task: &Task<'_, K>, steps: &[usize], recorder: &mut Recorder<'_, K>) -> Vec<usize> {
        self.begin(task, steps);
        // Components are orthogonal: three times the sum of their squares is the sum over the phases.
        let limit = task.options.tolerance_pu * task.options.tolerance_pu / K as f64;
        let mut waiting: Vec<usize> = (0..steps.len()).collect();
        let mut failed = Vec::new();
        for iteration in 1..=task.options.most_iterations {
            let change = self.operator.iterate(&mut self.block);
            let done: Vec<usize> = waiting.iter().copied().filter(|lane| change[*lane] <= limit).collect();
            if done.is_empty() && iteration % 8 != 0 {
                continue;
            }
            let (good, bad): (Vec<usize>, Vec<usize>) = done.iter().partition(|lane| self.is_finite(**lane));
            failed.extend(bad.iter().map(|lane| steps[*lane]));
            let status = Status::Converged { method: self.method, iterations: iteration };
            self.record(steps, &good, status, recorder);
            waiting.retain(|lane| !done.contains(lane) && self.is_finite_or_fail(*lane, steps, &mut failed));
            if waiting.is_empty() {
                break;
            }
        }
        failed.extend(waiting.iter().map(|lane| steps[*lane]));
        failed.sort_unstable();
        failed
    }

    /// Whether a lane may still converge; one that cannot goes to `failed`.
    fn is_finite_or_fail(&self, lane: usize, steps: &[usize], failed: &mut Vec<usize>) -> bool {
        let finite = self.is_finite(lane);
        if !finite {
            failed.push(steps[lane]);
        }
        finite
    }

    fn record(&self, steps: &[usize], lanes: &[usize], status: Status, recorder: &mut Recorder<'_, K>) {
        let places: Vec<(usize, usize)> = lanes.iter().map(|lane| (*lane, steps[*lane])).collect();
        let voltages = &self.block.v;
        recorder.record(&places, status, |node, lane| match self.slots[node] {
            NOWHERE => [C::default(); K],
            slot => get(&voltages[slot], lane),
        });
    }

    /// Records linear estimates: what loads draw at the voltages without loads, and the voltages that follow.
    pub(crate) fn estimate(&mut self, task: &Task<'_, K>, steps: &[usize], recorder: &mut Recorder<'_, K>) {
        for steps in steps.chunks(LANES) {
            self.begin(task, steps);
            self.operator.iterate(&mut self.block);
            let lanes: Vec<usize> = (0..steps.len()).collect();
            self.record(steps, &lanes, Status::Estimated, recorder);
        }
    }
}

impl<O: Operator<K>, const K: usize> Solver<K> for FixedPoint<O, K> {
    fn solve(&mut self, task: &Task<'_, K>, steps: &[usize], recorder: &mut Recorder<'_, K>) -> Vec<usize> {
        steps.chunks(LANES).flat_map(|steps| self.solve_block(task, steps, recorder)).collect()
    }
}
