//! Methods of power flow behind one trait.

mod admittance;
mod block;
mod fixed_point;
mod newton;
mod phasor;
mod sparse;
mod sweep;

use crate::batch::{Batch, Options};
use crate::per_unit::PerUnit;
use crate::solution::Recorder;
use crate::switching::Connections;

pub(crate) use admittance::Admittance;
pub(crate) use fixed_point::FixedPoint;
pub(crate) use newton::Newton;
pub(crate) use phasor::phases;
pub(crate) use sweep::Sweep;

/// How a step is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Backward/forward sweep: radial networks.
    Sweep,
    /// Current injection with the factorised admittance matrix: any network.
    CurrentInjection,
    /// Newton's method on the mismatch of currents: any network.
    Newton,
}

impl Method {
    /// Its name in messages and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::CurrentInjection => "current_injection",
            Self::Newton => "newton",
        }
    }
}

/// What a solver works on.
pub(crate) struct Task<'a, const K: usize> {
    pub(crate) network: &'a PerUnit<K>,
    pub(crate) connections: &'a Connections,
    pub(crate) batch: &'a Batch<'a>,
    pub(crate) options: &'a Options,
}

/// A method, ready for the present topology and taps.
pub(crate) trait Solver<const K: usize> {
    /// Solves these steps of a batch and records those that converge. Gives the others.
    fn solve(&mut self, task: &Task<'_, K>, steps: &[usize], recorder: &mut Recorder<'_, K>) -> Vec<usize>;
}
