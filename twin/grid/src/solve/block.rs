//! The state of eight steps that are solved side by side.

use num_complex::Complex64 as C;

use super::phasor::{Demand, LANES, Phasor, Phasors, any_kind, constant_power, get, set};
use crate::batch::Batch;
use crate::branch::BASE_VA;
use crate::per_unit::PerUnit;
use crate::switching::NOWHERE;

/// Voltages, currents and demands of each slot; a slot is a bus, or an ideal source, in an order the method likes.
#[derive(Debug, Clone)]
pub(crate) struct Block<const K: usize> {
    /// Voltages by component.
    pub(crate) v: Vec<Phasors<K>>,
    /// Currents by component: what is drawn at each slot at its voltage `v`, between iterations.
    pub(crate) j: Vec<Phasors<K>>,
    /// Powers by phase that do not depend on voltage.
    pub(crate) power: Vec<Phasors<K>>,
    /// Powers by phase that grow with the voltage, and with its square; empty where there are none.
    pub(crate) current: Vec<Phasors<K>>,
    pub(crate) impedance: Vec<Phasors<K>>,
    /// Ideal voltages of the sources.
    pub(crate) u_ref: Vec<Phasor>,
}

impl<const K: usize> Block<K> {
    pub(crate) fn new(slots: usize, sources: usize, zip: bool) -> Self {
        let zeros = || vec![[Phasor::ZERO; K]; slots];
        let (current, impedance) = if zip { (zeros(), zeros()) } else { (Vec::new(), Vec::new()) };
        let u_ref = vec![Phasor::ZERO; sources];
        Self { v: zeros(), j: zeros(), power: zeros(), current, impedance, u_ref }
    }

    /// Takes the loads of up to eight steps, and the voltages of the sources. Lanes beyond have no loads. `slots` are those
    /// of the nodes.
    pub(crate) fn gather(&mut self, network: &PerUnit<K>, slots: &[usize], batch: &Batch<'_>, steps: &[usize]) {
        for demand in [&mut self.power, &mut self.current, &mut self.impedance] {
            demand.fill([Phasor::ZERO; K]);
        }
        let loads = network.loads.len();
        let scale = K as f64 / BASE_VA;
        for load in &network.loads_by_id {
            let at = network.loads[*load];
            let slot = slots[at.node];
            if slot == NOWHERE {
                continue;
            }
            let [impedance, current, power] = at.shares;
            for k in 0..K {
                let place = |lane: usize| (steps[lane] * loads + load) * K + k;
                if power == 1.0 {
                    let phasor = &mut self.power[slot][k];
                    for lane in 0..steps.len() {
                        phasor.re[lane] += batch.p_w[place(lane)] * scale;
                        phasor.im[lane] += batch.q_var[place(lane)] * scale;
                    }
                    continue;
                }
                for lane in 0..steps.len() {
                    let s = C::new(batch.p_w[place(lane)], batch.q_var[place(lane)]) * scale;
                    for (demand, share) in
                        [(&mut self.power, power), (&mut self.current, current), (&mut self.impedance, impedance)]
                    {
                        let phasor = &mut demand[slot][k];
                        phasor.set(lane, phasor.get(lane) + s * share);
                    }
                }
            }
        }
        for (index, source) in network.sources.iter().enumerate() {
            self.u_ref[index] = Phasor::all(source.u_ref);
            if let Some(u_ref_pu) = batch.u_ref_pu {
                for (lane, step) in steps.iter().enumerate() {
                    let u = u_ref_pu[step * network.sources.len() + index];
                    self.u_ref[index].set(lane, source.direction * u);
                }
            }
        }
    }

    /// What is demanded at a slot in a lane.
    #[inline(always)]
    pub(crate) fn demand(&self, slot: usize, lane: usize) -> Demand<K> {
        let none = [C::default(); K];
        let of = |demand: &[Phasors<K>]| demand.get(slot).map_or(none, |phasors| get(phasors, lane));
        Demand { power: of(&self.power), current: of(&self.current), impedance: of(&self.impedance) }
    }

    /// Puts every lane at the same voltages, and computes what is drawn there. `shunts` are admittances to earth that count
    /// as loads.
    pub(crate) fn start(&mut self, voltages: &[[C; K]], shunts: &[[C; K]]) {
        let zip = !self.current.is_empty();
        for (slot, voltage) in voltages.iter().enumerate() {
            self.v[slot] = voltage.map(Phasor::all);
            let shunt = shunts.get(slot).copied().unwrap_or([C::default(); K]);
            for lane in 0..LANES {
                let demand = self.demand(slot, lane);
                let mut drawn = if zip { any_kind(&demand, *voltage) } else { constant_power(demand.power, *voltage) };
                for k in 0..K {
                    drawn[k] += shunt[k] * voltage[k];
                }
                set(&mut self.j[slot], lane, drawn);
            }
        }
    }
}
