//! What points of measurement read in a solution.

use num_complex::Complex64 as C;

use crate::model::{Network, Quantity};
use crate::solution::{Flow, Solution};

/// What one point reads, by phase; empty where the quantity was not among the outputs that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Id of the point.
    pub id: String,
    /// What is read.
    pub quantity: Quantity,
    /// Complex voltages in units of the node's rating, or powers in W and var.
    pub values: Vec<C>,
}

impl Network {
    /// What the points of measurement read in a step of a solution of this network, in the order of the network.
    ///
    /// # Panics
    /// Where there is no such step.
    pub fn readings(&self, solution: &Solution, step: usize) -> Vec<Reading> {
        let step = solution.step(step);
        let from = |flow: &Flow| C::new(flow.p_from_w, flow.q_from_var);
        let to = |flow: &Flow| C::new(flow.p_to_w, flow.q_to_var);
        let flows = |id: &str| match self.lines.iter().position(|line| line.id == id) {
            Some(line) => step.line(line),
            None => self.transformers.iter().position(|e| e.id == id).map_or(&[][..], |place| step.transformer(place)),
        };
        let read = |element: &str, quantity: Quantity| match quantity {
            Quantity::Voltage => {
                let node = self.nodes.iter().position(|node| node.id == element);
                node.map_or_else(Vec::new, |node| step.voltages(node).to_vec())
            }
            Quantity::FlowFrom => flows(element).iter().map(from).collect(),
            Quantity::FlowTo => flows(element).iter().map(to).collect(),
            Quantity::SourcePower => {
                let source = self.sources.iter().position(|source| source.id == element);
                source.map_or_else(Vec::new, |source| step.source_va(source).to_vec())
            }
        };
        let reading = |point: &crate::model::Measurement| Reading {
            id: point.id.clone(),
            quantity: point.quantity,
            values: read(&point.element, point.quantity),
        };
        self.measurements.iter().map(reading).collect()
    }
}
