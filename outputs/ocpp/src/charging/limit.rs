//! A limit in the units of profiles, and what an EVSE is supplied with.

use crate::v201::{ChargingRateUnit, ChargingSchedulePeriod};
use serde::{Deserialize, Serialize};

/// What an EVSE, or the station, is supplied with and could draw without any profile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Supply {
    /// Voltage from line to neutral in V; of a DC station, that of its grid side.
    pub voltage_v: f64,
    /// Phases, 1 to 3.
    pub phases: u8,
    /// Current per phase in A.
    pub current_a: f64,
}

impl Supply {
    /// All it could draw, in W.
    pub fn power_w(self) -> f64 {
        self.voltage_v * f64::from(self.phases) * self.current_a
    }

    /// All it could draw, as a limit.
    pub fn limit(self) -> Limit {
        Limit { current_a: self.current_a, power_w: self.power_w(), phases: self.phases, phase_to_use: None }
    }
}

/// What may be drawn: current, power and phases all hold at once. Never negative.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Current per phase in A.
    pub current_a: f64,
    /// Power of all phases together in W.
    pub power_w: f64,
    /// Number of phases, 1 to 3.
    pub phases: u8,
    /// The phase to use, 1 to 3, where there is only one and it was named.
    pub phase_to_use: Option<u8>,
}

impl Limit {
    /// The limit of a period of a schedule in `unit`.
    ///
    /// A current is per phase, a power is of all phases together (part 2, 2.2.11 `ChargingSchedulePeriodType`). Without
    /// `numberPhases` three are meant, of which there are as many as the supply has.
    pub fn of_period(period: &ChargingSchedulePeriod, unit: ChargingRateUnit, supply: Supply) -> Self {
        let asked = period.number_phases.and_then(|phases| u8::try_from(phases).ok()).unwrap_or(3);
        let phases = asked.clamp(1, supply.phases.max(1));
        let volts = supply.voltage_v * f64::from(phases);
        let (current_a, power_w) = match unit {
            ChargingRateUnit::A => (period.limit, period.limit * volts),
            ChargingRateUnit::W => (period.limit / volts, period.limit),
        };
        let phase_to_use = period.phase_to_use.and_then(|phase| u8::try_from(phase).ok()).filter(|_| phases == 1);
        Self { current_a, power_w, phases, phase_to_use }
    }

    /// What keeps both limits. A power over fewer phases is a higher current, never above what either allows.
    pub fn and(self, other: Self, voltage_v: f64) -> Self {
        let phases = self.phases.min(other.phases);
        let volts = voltage_v * f64::from(phases);
        let power_w = self.power_w.min(other.power_w).min(self.current_a.min(other.current_a) * volts);
        Self { current_a: power_w / volts, power_w, phases, phase_to_use: self.phase_to_use.or(other.phase_to_use) }
    }

    /// The limit in a unit of profiles.
    pub fn rate(self, unit: ChargingRateUnit) -> f64 {
        match unit {
            ChargingRateUnit::A => self.current_a,
            ChargingRateUnit::W => self.power_w,
        }
    }
}
