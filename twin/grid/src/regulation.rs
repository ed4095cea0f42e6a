//! On-load tap changers: step by step, each keeps the voltage at its node within a band.

use std::collections::BTreeMap;

use crate::batch::{Batch, Options, Outputs};
use crate::error::GridError;
use crate::power_flow::PowerFlow;
use crate::solution::Solution;

/// One step solved with regulated taps.
#[derive(Debug, Clone, PartialEq)]
pub struct Regulated {
    /// The step, at the taps that were reached.
    pub solution: Solution,
    /// Changes of tap that were made.
    pub moves: u32,
    /// Transformers whose voltage is outside the band still: at the end of their taps, or because others work against them.
    pub outside: Vec<String>,
}

/// A regulator by places.
struct Changer {
    transformer: usize,
    node: usize,
}

impl PowerFlow {
    /// Solves one step, and moves the taps of regulated transformers until each voltage is within its band or no tap is left.
    /// Taps stay where they end, and the next step begins there.
    ///
    /// In each round every changer outside of its band moves one position, in the order of ids. A changer that would go back
    /// on itself stays, so that a band narrower than a tap does not hunt.
    ///
    /// # Errors
    /// As [`PowerFlow::solve`], and a batch of more than one step.
    pub fn solve_regulated(
        &mut self,
        batch: &Batch<'_>,
        outputs: Outputs,
        options: &Options,
    ) -> Result<Regulated, GridError> {
        if batch.steps != 1 {
            let shape = "one step at a time, since taps remember".into();
            return Err(GridError::Shape { array: "steps", found: batch.steps, wanted: 1, shape });
        }
        let changers = self.changers();
        let mut last = vec![0; changers.len()];
        let mut moves = 0;
        loop {
            let seen = self.solve(batch, Outputs::VOLTAGES, options)?;
            let mut moved = false;
            for (changer, last) in changers.iter().zip(&mut last) {
                let wish = if seen.all_converged() { self.wish(changer, &seen) } else { 0 };
                if wish != 0 && wish != -*last && self.may_move(changer, wish) {
                    self.move_tap(changer, wish)?;
                    (*last, moved, moves) = (wish, true, moves + 1);
                }
            }
            if !moved {
                let outside = changers.iter().filter(|changer| self.wish(changer, &seen) != 0);
                let name = |changer: &Changer| self.network().transformers[changer.transformer].id.clone();
                let outside = outside.map(name).collect();
                return Ok(Regulated { solution: self.solve(batch, outputs, options)?, moves, outside });
            }
        }
    }

    /// Regulated transformers by id.
    fn changers(&self) -> Vec<Changer> {
        let network = self.network();
        let nodes: BTreeMap<&str, usize> =
            network.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), place)).collect();
        let mut places: Vec<usize> = (0..network.transformers.len()).collect();
        places.sort_by_key(|place| &network.transformers[*place].id);
        let regulated = places.into_iter().filter_map(|transformer| {
            let regulator = network.transformers[transformer].taps.as_ref()?.regulator.as_ref()?;
            Some(Changer { transformer, node: nodes[regulator.node.as_str()] })
        });
        regulated.collect()
    }

    /// Which way a changer wants to move: the sign is that of the tap position. The node is on the to side, or behind it: more
    /// turns on the from side lower its voltage, more turns on the to side raise it.
    fn wish(&self, changer: &Changer, seen: &Solution) -> i32 {
        let Some(taps) = &self.network().transformers[changer.transformer].taps else { return 0 };
        let Some(regulator) = &taps.regulator else { return 0 };
        let voltages = seen.step(0).voltages(changer.node);
        let mean = voltages.iter().map(|v| v.norm_sqr().sqrt()).sum::<f64>() / voltages.len() as f64;
        let off = mean - regulator.target_pu;
        if mean == 0.0 || off.abs() <= regulator.band_pu / 2.0 {
            return 0;
        }
        let lowers = (taps.side == crate::model::Side::From) == (taps.step_v > 0.0);
        if (off > 0.0) == lowers { 1 } else { -1 }
    }

    fn may_move(&self, changer: &Changer, wish: i32) -> bool {
        let taps = &self.network().transformers[changer.transformer].taps;
        taps.as_ref().is_some_and(|taps| (taps.lowest..=taps.highest).contains(&(taps.position + wish)))
    }

    fn move_tap(&mut self, changer: &Changer, wish: i32) -> Result<(), GridError> {
        let transformer = &self.network().transformers[changer.transformer];
        let position = transformer.taps.as_ref().map_or(0, |taps| taps.position) + wish;
        let id = transformer.id.clone();
        self.set_tap(&id, position)
    }
}
