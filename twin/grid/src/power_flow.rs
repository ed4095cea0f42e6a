//! A network made ready for power flow: chooses the method, keeps what it prepared, and follows switches and taps.

use crate::batch::{Batch, Options, Outputs, Phases};
use crate::error::GridError;
use crate::model::{Network, Severity, Side};
use crate::per_unit::PerUnit;
use crate::solution::{Recorder, Solution};
use crate::solve::{Admittance, FixedPoint, Method, Newton, Solver, Sweep, Task};
use crate::switching::Connections;

/// A network that is ready to be solved, again and again.
///
/// Switches and taps may change between solves. A tap costs new numbers in what was prepared; a switch orders the network
/// anew. Both are done at the next solve, once for all changes.
pub struct PowerFlow {
    network: Network,
    asked: Option<Method>,
    engine: Engine,
}

enum Engine {
    Balanced(Box<Prepared<1, 2>>),
    Three(Box<Prepared<3, 6>>),
}

/// What is to be done before the next solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stale {
    Nothing,
    Numbers,
    Topology,
}

enum Iteration<const K: usize> {
    Sweep(FixedPoint<Sweep<K>, K>),
    CurrentInjection(FixedPoint<Admittance<K>, K>),
}

struct Prepared<const K: usize, const N: usize> {
    per_unit: PerUnit<K>,
    connections: Connections,
    iteration: Iteration<K>,
    /// Made when first needed.
    newton: Option<Newton<K, N>>,
    stale: Stale,
}

impl PowerFlow {
    /// Prepares a network: sweeps where it is radial, current injection where not.
    ///
    /// # Errors
    /// Networks with errors in their [`findings`](Network::findings) (suspicions are let pass here); for three phases, lines
    /// without zero-sequence impedance; and admittance matrices that are singular.
    pub fn new(network: &Network, phases: Phases) -> Result<Self, GridError> {
        Self::prepare(network, phases, None)
    }

    /// Prepares a network for one method, which must fit.
    ///
    /// # Errors
    /// As [`PowerFlow::new`], and where a sweep is asked of a network that is not radial.
    pub fn with_method(network: &Network, phases: Phases, method: Method) -> Result<Self, GridError> {
        Self::prepare(network, phases, Some(method))
    }

    fn prepare(network: &Network, phases: Phases, asked: Option<Method>) -> Result<Self, GridError> {
        let findings = network.findings();
        if findings.iter().any(|finding| finding.severity == Severity::Error) {
            return Err(GridError::Invalid { name: network.name.clone(), findings });
        }
        let engine = match phases {
            Phases::Balanced => Engine::Balanced(Box::new(Prepared::new(network, asked)?)),
            Phases::Three => Engine::Three(Box::new(Prepared::new(network, asked)?)),
        };
        Ok(Self { network: network.clone(), asked, engine })
    }

    /// The network with its present switches and taps.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Whether three phases are one.
    pub fn phases(&self) -> Phases {
        match self.engine {
            Engine::Balanced(_) => Phases::Balanced,
            Engine::Three(_) => Phases::Three,
        }
    }

    /// The method that solves the present topology.
    ///
    /// # Errors
    /// As [`PowerFlow::solve`], after a change.
    pub fn method(&mut self) -> Result<Method, GridError> {
        self.refresh()?;
        let iteration = match &self.engine {
            Engine::Balanced(prepared) => prepared.iteration.method(),
            Engine::Three(prepared) => prepared.iteration.method(),
        };
        Ok(if self.asked == Some(Method::Newton) { Method::Newton } else { iteration })
    }

    /// Solves the steps of a batch.
    ///
    /// # Errors
    /// Arrays of the wrong length, loads that are no finite numbers, and, after a switch or tap was changed, what
    /// [`PowerFlow::new`] refuses. Steps that do not converge are no error: see [`Status`](crate::Status).
    pub fn solve(&mut self, batch: &Batch<'_>, outputs: Outputs, options: &Options) -> Result<Solution, GridError> {
        batch.check(self.network.loads.len(), self.network.sources.len(), self.phases().count())?;
        options.check()?;
        self.refresh()?;
        let newton_only = self.asked == Some(Method::Newton);
        match &mut self.engine {
            Engine::Balanced(prepared) => prepared.solve(&self.network, batch, outputs, options, newton_only),
            Engine::Three(prepared) => prepared.solve(&self.network, batch, outputs, options, newton_only),
        }
    }

    /// Solves the loads that the network itself holds, as one step.
    ///
    /// # Errors
    /// As [`PowerFlow::solve`].
    pub fn solve_network(&mut self, outputs: Outputs, options: &Options) -> Result<Solution, GridError> {
        let loads = &self.network.loads;
        let (p_w, q_var): (Vec<f64>, Vec<f64>) = match self.phases() {
            Phases::Balanced => loads.iter().map(|load| (load.p_w.total(), load.q_var.total())).unzip(),
            Phases::Three => {
                let by_phase = |load: &crate::model::Load| load.p_w.per_phase().into_iter().zip(load.q_var.per_phase());
                loads.iter().flat_map(by_phase).unzip()
            }
        };
        self.solve(&Batch { steps: 1, p_w: &p_w, q_var: &q_var, u_ref_pu: None }, outputs, options)
    }

    /// Opens or closes a switch.
    ///
    /// # Errors
    /// An id that no switch has.
    pub fn set_switch(&mut self, id: &str, closed: bool) -> Result<(), GridError> {
        let found = self.network.switches.iter().position(|switch| switch.id == id);
        let place = found.ok_or_else(|| GridError::Unknown { kind: "switch", id: id.into() })?;
        if self.network.switches[place].closed != closed {
            self.network.switches[place].closed = closed;
            self.outdate(Stale::Topology);
        }
        Ok(())
    }

    /// Connects or disconnects one end of a line or transformer.
    ///
    /// # Errors
    /// An id that no line or transformer has.
    pub fn set_end(&mut self, id: &str, side: Side, closed: bool) -> Result<(), GridError> {
        let lines = self.network.lines.iter_mut().map(|e| (&e.id, &mut e.from_closed, &mut e.to_closed));
        let transformers = self.network.transformers.iter_mut().map(|e| (&e.id, &mut e.from_closed, &mut e.to_closed));
        let found = lines.chain(transformers).find(|(name, ..)| *name == id);
        let (_, from, to) = found.ok_or_else(|| GridError::Unknown { kind: "line or transformer", id: id.into() })?;
        let end = if side == Side::From { from } else { to };
        if *end != closed {
            *end = closed;
            self.outdate(Stale::Topology);
        }
        Ok(())
    }

    /// Moves a transformer to a tap position.
    ///
    /// # Errors
    /// An id that no transformer has, and positions that it does not have.
    pub fn set_tap(&mut self, id: &str, position: i32) -> Result<(), GridError> {
        let found = self.network.transformers.iter_mut().find(|transformer| transformer.id == id);
        let transformer = found.ok_or_else(|| GridError::Unknown { kind: "transformer", id: id.into() })?;
        let refused = |range: String| GridError::Tap { transformer: id.into(), position, range };
        let taps = transformer.taps.as_mut().ok_or_else(|| refused("it has no taps".into()))?;
        if !(taps.lowest..=taps.highest).contains(&position) {
            return Err(refused(format!("it has {} to {}", taps.lowest, taps.highest)));
        }
        if taps.position != position {
            taps.position = position;
            self.outdate(Stale::Numbers);
        }
        Ok(())
    }

    fn outdate(&mut self, stale: Stale) {
        let known = match &mut self.engine {
            Engine::Balanced(prepared) => &mut prepared.stale,
            Engine::Three(prepared) => &mut prepared.stale,
        };
        *known = (*known).max(stale);
    }

    fn refresh(&mut self) -> Result<(), GridError> {
        match &mut self.engine {
            Engine::Balanced(prepared) => prepared.refresh(&self.network, self.asked),
            Engine::Three(prepared) => prepared.refresh(&self.network, self.asked),
        }
    }
}

impl<const K: usize> Iteration<K> {
    fn new(
        network: &Network,
        per_unit: &PerUnit<K>,
        connections: &Connections,
        asked: Option<Method>,
    ) -> Result<Self, GridError> {
        if matches!(asked, None | Some(Method::Sweep)) {
            match Sweep::new(per_unit, connections) {
                Ok(sweep) => return Ok(Self::Sweep(FixedPoint::new(sweep, Method::Sweep, per_unit, connections))),
                Err(reason) if asked.is_some() => return Err(GridError::Method { method: "sweep", reason }),
                Err(_) => {}
            }
        }
        if let Some(bus) = connections.unearthed(per_unit) {
            let element = format!("node `{}`", network.nodes[connections.name_of_bus[bus]].id);
            let reason =
                "nothing ties its zero sequence to earth; look at windings, give c0_f, or calculate balanced".into();
            return Err(GridError::ThreePhase { element, reason });
        }
        let admittance = Admittance::new(per_unit, connections).map_err(|bus| singular(network, connections, bus))?;
        Ok(Self::CurrentInjection(FixedPoint::new(admittance, Method::CurrentInjection, per_unit, connections)))
    }

    fn method(&self) -> Method {
        match self {
            Self::Sweep(_) => Method::Sweep,
            Self::CurrentInjection(_) => Method::CurrentInjection,
        }
    }
}

fn singular(network: &Network, connections: &Connections, bus: usize) -> GridError {
    GridError::Singular { node: network.nodes[connections.name_of_bus[bus]].id.clone() }
}

impl<const K: usize, const N: usize> Prepared<K, N> {
    fn new(network: &Network, asked: Option<Method>) -> Result<Self, GridError> {
        let per_unit = PerUnit::new(network)?;
        let connections = Connections::new(&per_unit);
        let iteration = Iteration::new(network, &per_unit, &connections, asked)?;
        Ok(Self { per_unit, connections, iteration, newton: None, stale: Stale::Nothing })
    }

    /// Follows changes of switches and taps.
    fn refresh(&mut self, network: &Network, asked: Option<Method>) -> Result<(), GridError> {
        if self.stale == Stale::Nothing {
            return Ok(());
        }
        self.newton = None;
        for transformer in 0..network.transformers.len() {
            self.per_unit.retap(network, transformer);
        }
        if self.stale == Stale::Topology {
            self.per_unit.reswitch(network);
            self.connections = Connections::new(&self.per_unit);
            self.iteration = Iteration::new(network, &self.per_unit, &self.connections, asked)?;
        } else {
            self.renumber(network)?;
        }
        self.stale = Stale::Nothing;
        Ok(())
    }

    /// New numbers in the present topology.
    fn renumber(&mut self, network: &Network) -> Result<(), GridError> {
        match &mut self.iteration {
            Iteration::Sweep(iteration) => {
                iteration.operator.renumber(&self.per_unit, &self.connections);
                iteration.restart(&self.per_unit);
            }
            Iteration::CurrentInjection(iteration) => {
                let done = iteration.operator.refactorise(&self.per_unit, &self.connections);
                done.map_err(|bus| singular(network, &self.connections, bus))?;
                iteration.restart(&self.per_unit);
            }
        }
        Ok(())
    }

    fn solve(
        &mut self,
        network: &Network,
        batch: &Batch<'_>,
        outputs: Outputs,
        options: &Options,
        newton_only: bool,
    ) -> Result<Solution, GridError> {
        let mut solution = Solution::new(&self.per_unit, batch.steps, outputs);
        let (per_unit, connections) = (&self.per_unit, &self.connections);
        let task = Task { network: per_unit, connections, batch, options };
        let u_ref_pu = batch.u_ref_pu;
        let mut recorder = Recorder {
            network: per_unit,
            connections,
            outputs,
            u_ref_pu,
            solution: &mut solution,
            scratch: Vec::new(),
        };
        let steps: Vec<usize> = (0..batch.steps).collect();
        let left = match &mut self.iteration {
            _ if newton_only => steps,
            Iteration::Sweep(iteration) => iteration.solve(&task, &steps, &mut recorder),
            Iteration::CurrentInjection(iteration) => iteration.solve(&task, &steps, &mut recorder),
        };
        if left.is_empty() {
            return Ok(solution);
        }
        all_finite(network, batch, &left, K)?;
        let start = || match &self.iteration {
            Iteration::Sweep(iteration) => iteration.start_of_buses(connections.buses),
            Iteration::CurrentInjection(iteration) => iteration.start_of_buses(connections.buses),
        };
        let newton = self.newton.get_or_insert_with(|| Newton::new(per_unit, connections, start()));
        let left = newton.solve(&task, &left, &mut recorder);
        match &mut self.iteration {
            Iteration::Sweep(iteration) => iteration.estimate(&task, &left, &mut recorder),
            Iteration::CurrentInjection(iteration) => iteration.estimate(&task, &left, &mut recorder),
        }
        Ok(solution)
    }
}

/// Refuses loads that are no numbers. Only steps that did not converge can have them.
fn all_finite(network: &Network, batch: &Batch<'_>, steps: &[usize], phases: usize) -> Result<(), GridError> {
    let per_step = network.loads.len() * phases;
    for step in steps {
        let range = step * per_step..(step + 1) * per_step;
        let values = batch.p_w[range.clone()].iter().zip(&batch.q_var[range]);
        if let Some(place) = values.into_iter().position(|(p, q)| !(p.is_finite() && q.is_finite())) {
            let load = network.loads[place / phases].id.clone();
            return Err(GridError::NotFinite { load, step: *step });
        }
    }
    Ok(())
}
