//! A unit that is on the grid during an event: its inertia, and its governor or the converter of a battery.
//!
//! With the deviation x = f − f0, beyond the dead band x', the power p follows
//! `dp/dt = (target − p) / T` within the ramp, `target = p0 − x'/f0 · rating / droop` within its limits
//! (Kundur, *Power System Stability and Control*, section 11.1: governors with speed droop).

use crate::fleet::{Group, Technology};
use serde::{Deserialize, Serialize};

/// Energy of a battery at the beginning of an event, as a share of what can be used (assumption: half, ready for both sides).
const BATTERY_AT_BEGINNING: f64 = 0.5;

/// A unit on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Machine {
    /// Its number in the fleet.
    pub(super) unit: usize,
    pub(super) is_battery: bool,
    /// H · S, MWs.
    pub(super) kinetic_mws: f64,
    /// Set power p0, MW.
    pub(super) set_mw: f64,
    /// Rating over droop and nominal frequency, MW/Hz; 0 without a governor.
    gain_mw_per_hz: f64,
    deadband_hz: f64,
    per_lag_s: f64,
    ramp_mw_per_s: f64,
    lowest_mw: f64,
    highest_mw: f64,
    /// Of a battery: what it can still give and take, MWs.
    room_mws: [f64; 2],
}

impl Machine {
    pub(super) fn new(group: &Group, unit: usize, set_mw: f64, nominal_hz: f64) -> Self {
        let is_battery = group.technology == Technology::Battery;
        let energy_mws = group.energy_mwh.unwrap_or(0.0) * 3600.0;
        let mut machine = Self {
            unit,
            is_battery,
            kinetic_mws: group.machine.map_or(0.0, |machine| machine.kinetic_mws()),
            set_mw,
            gain_mw_per_hz: 0.0,
            deadband_hz: 0.0,
            per_lag_s: 1.0,
            ramp_mw_per_s: 1.0,
            lowest_mw: set_mw,
            highest_mw: set_mw,
            room_mws: [energy_mws * BATTERY_AT_BEGINNING, energy_mws * (1.0 - BATTERY_AT_BEGINNING)],
        };
        if let Some(governor) = group.governor {
            machine.gain_mw_per_hz = group.rated_mw / (governor.droop * nominal_hz);
            machine.deadband_hz = governor.deadband_hz;
            machine.per_lag_s = 1.0 / governor.lag_s;
            machine.ramp_mw_per_s = governor.ramp_mw_per_s;
            machine.lowest_mw = if is_battery { -group.rated_mw } else { 0.0 };
            machine.highest_mw = group.rated_mw.min(set_mw + governor.reserve_mw).max(set_mw);
        }
        machine
    }

    /// Where its power goes at this deviation of frequency, MW.
    pub(super) fn target_mw(&self, deviation_hz: f64) -> f64 {
        let beyond_hz = if deviation_hz > self.deadband_hz {
            deviation_hz - self.deadband_hz
        } else if deviation_hz < -self.deadband_hz {
            deviation_hz + self.deadband_hz
        } else {
            0.0
        };
        let target_mw = (self.set_mw - self.gain_mw_per_hz * beyond_hz).clamp(self.lowest_mw, self.highest_mw);
        match self.is_battery {
            true if target_mw > 0.0 && self.room_mws[0] <= 0.0 => 0.0,
            true if target_mw < 0.0 && self.room_mws[1] <= 0.0 => 0.0,
            _ => target_mw,
        }
    }

    /// Change of its power, MW/s.
    pub(super) fn slope_mw_per_s(&self, deviation_hz: f64, power_mw: f64) -> f64 {
        if self.gain_mw_per_hz == 0.0 {
            return 0.0;
        }
        let wanted = (self.target_mw(deviation_hz) - power_mw) * self.per_lag_s;
        wanted.clamp(-self.ramp_mw_per_s, self.ramp_mw_per_s)
    }

    /// Takes what a battery gave in a step out of what it stores, MWs.
    pub(super) fn give_mws(&mut self, energy_mws: f64) {
        if self.is_battery {
            self.room_mws[0] -= energy_mws;
            self.room_mws[1] += energy_mws;
        }
    }
}
