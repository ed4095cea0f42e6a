//! The swing equation and its machines as one system of differential equations, and a step of its solution.

use super::machine::Machine;
use serde::{Deserialize, Serialize};

/// PV that moves in a straight line to where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct PvCourse {
    from_mw: f64,
    to_mw: f64,
    since_ms: u64,
    until_ms: u64,
}

impl PvCourse {
    pub(super) fn constant(power_mw: f64) -> Self {
        Self { from_mw: power_mw, to_mw: power_mw, since_ms: 0, until_ms: 0 }
    }

    /// From where it is at an instant to another power in a time.
    pub(super) fn turn(&mut self, now_ms: u64, to_mw: f64, over_ms: u64) {
        *self = Self { from_mw: self.at(now_ms as f64), to_mw, since_ms: now_ms, until_ms: now_ms + over_ms };
    }

    pub(super) fn at(&self, ms: f64) -> f64 {
        if ms >= self.until_ms as f64 {
            return self.to_mw;
        }
        let share = (ms - self.since_ms as f64) / (self.until_ms - self.since_ms) as f64;
        self.from_mw + share * (self.to_mw - self.from_mw)
    }

    pub(super) fn is_moving(&self, now_ms: u64) -> bool {
        now_ms < self.until_ms
    }
}

/// What is given from outside during a step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    pub(super) nominal_hz: f64,
    /// Load at nominal frequency, MW.
    pub(super) load_mw: f64,
    /// Relative change of load per relative change of frequency.
    pub(super) damping: f64,
    /// Wind, MW.
    pub(super) wind_mw: f64,
    /// PV at the beginning, the middle and the end of the step, MW.
    pub(super) pv_mw: [f64; 3],
}

/// Integrals over a step, MWs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Energies {
    pub(super) governor_mws: f64,
    pub(super) battery_mws: f64,
    pub(super) damping_mws: f64,
}

/// Units on the grid and the deviation of frequency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Swing {
    pub(super) machines: Vec<Machine>,
    pub(super) power_mw: Vec<f64>,
    /// f − f0, Hz.
    pub(super) deviation_hz: f64,
    #[serde(skip)]
    buffers: Buffers,
}

#[derive(Clone, Debug, Default)]
struct Buffers {
    stage_mw: Vec<f64>,
    slope: Vec<f64>,
    mean: Vec<f64>,
}

impl PartialEq for Buffers {
    /// What is in them between steps has no meaning.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Swing {
    pub(super) fn new(machines: Vec<Machine>) -> Self {
        let power_mw = machines.iter().map(|machine| machine.set_mw).collect();
        Self { machines, power_mw, deviation_hz: 0.0, buffers: Buffers::default() }
    }

    /// Σ H·S, MWs.
    pub(super) fn kinetic_mws(&self) -> f64 {
        self.machines.iter().map(|machine| machine.kinetic_mws).sum()
    }

    /// Sums of power: synchronous units, batteries, MW.
    pub(super) fn sums_mw(&self) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for (machine, power) in self.machines.iter().zip(&self.power_mw) {
            sums[usize::from(machine.is_battery)] += power;
        }
        sums
    }

    /// Takes a unit off; whether it was there.
    pub(super) fn remove(&mut self, unit: usize) -> bool {
        let Some(place) = self.machines.iter().position(|machine| machine.unit == unit) else { return false };
        self.machines.remove(place);
        self.power_mw.remove(place);
        true
    }

    /// Puts a unit on at its set power.
    pub(super) fn add(&mut self, machine: Machine) {
        self.machines.push(machine);
        self.power_mw.push(machine.set_mw);
    }

    /// Change of frequency, Hz/s, at the beginning of a step.
    pub(super) fn slope_hz_per_s(&self, around: &Surroundings) -> f64 {
        let sum_mw: f64 = self.power_mw.iter().sum();
        around.slope_hz_per_s(self.deviation_hz, sum_mw, around.pv_mw[0], self.kinetic_mws())
    }

    /// The fastest change of power of any unit, MW/s.
    pub(super) fn fastest_mw_per_s(&self) -> f64 {
        let slope = |(machine, power): (&Machine, &f64)| machine.slope_mw_per_s(self.deviation_hz, *power).abs();
        self.machines.iter().zip(&self.power_mw).map(slope).fold(0.0, f64::max)
    }

    /// One step of the classical Runge–Kutta method; energies are integrated with the same weights, so that they and the
    /// change of frequency balance to rounding.
    pub(super) fn step(&mut self, step_s: f64, around: &Surroundings) -> Energies {
        const WEIGHTS: [f64; 4] = [1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0];
        const REACH: [f64; 4] = [0.0, 0.5, 0.5, 1.0];
        let kinetic_mws = self.kinetic_mws();
        let Buffers { stage_mw, slope, mean } = &mut self.buffers;
        for buffer in [&mut *slope, &mut *mean] {
            buffer.clear();
            buffer.resize(self.machines.len(), 0.0);
        }
        let (mut slope_hz, mut mean_hz) = (0.0, 0.0);
        let mut energies = Energies::default();
        for stage in 0..4 {
            let reach_s = REACH[stage] * step_s;
            let deviation_hz = self.deviation_hz + reach_s * slope_hz;
            stage_mw.clear();
            stage_mw.extend(self.power_mw.iter().zip(&*slope).map(|(power, slope)| power + reach_s * slope));
            let mut beyond_mw = [0.0; 2];
            for (place, machine) in self.machines.iter().enumerate() {
                slope[place] = machine.slope_mw_per_s(deviation_hz, stage_mw[place]);
                mean[place] += WEIGHTS[stage] * slope[place];
                beyond_mw[usize::from(machine.is_battery)] += stage_mw[place] - machine.set_mw;
            }
            let pv_mw = around.pv_mw[[0, 1, 1, 2][stage]];
            slope_hz = around.slope_hz_per_s(deviation_hz, stage_mw.iter().sum(), pv_mw, kinetic_mws);
            mean_hz += WEIGHTS[stage] * slope_hz;
            let weight_s = WEIGHTS[stage] * step_s;
            energies.governor_mws += weight_s * beyond_mw[0];
            energies.battery_mws += weight_s * beyond_mw[1];
            energies.damping_mws += weight_s * around.damped_mw(deviation_hz);
        }
        for (place, machine) in self.machines.iter_mut().enumerate() {
            let before_mw = self.power_mw[place];
            self.power_mw[place] += step_s * mean[place];
            machine.give_mws(0.5 * step_s * (before_mw + self.power_mw[place]));
        }
        self.deviation_hz += step_s * mean_hz;
        energies
    }
}

impl Surroundings {
    /// What loads take less at this deviation, MW.
    pub(super) fn damped_mw(&self, deviation_hz: f64) -> f64 {
        -self.load_mw * self.damping * deviation_hz / self.nominal_hz
    }

    /// The swing equation, Hz/s.
    fn slope_hz_per_s(&self, deviation_hz: f64, units_mw: f64, pv_mw: f64, kinetic_mws: f64) -> f64 {
        let given_mw = units_mw + pv_mw + self.wind_mw;
        let missing_mw = self.load_mw - self.damped_mw(deviation_hz) - given_mw;
        -self.nominal_hz * missing_mw / (2.0 * kinetic_mws)
    }
}
