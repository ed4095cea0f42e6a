//! An event: disturbances, relays and the swing between them, on a grid of steps of its own.

use super::defence::Defence;
use super::event::{Disturbance, Happening, What};
use super::machine::Machine;
use super::operating::OperatingPoint;
use super::relay::{Relay, Switches};
use super::swing::{PvCourse, Surroundings, Swing};
use super::trace::{Sample, Summary};
use crate::{Fleet, IslandError};
use serde::{Deserialize, Serialize};

const MS_PER_S: f64 = 1000.0;
const S_PER_H: f64 = 3600.0;
/// Frequency counts as settled below this change, Hz/s ...
const CALM_HZ_PER_S: f64 = 1e-5;
/// ... and below this one of every unit, MW/s ...
const CALM_MW_PER_S: f64 = 1e-4;
/// ... that have lasted for this long, ms.
const CALM_FOR_MS: u64 = 2000;

/// How an event is computed and recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Length of a step, ms: 1 to 50.
    pub step_ms: u64,
    /// Time between samples, ms, a multiple of the step; 0 keeps none.
    pub record_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { step_ms: 20, record_ms: 100 }
    }
}

/// Whether an event goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Something changes, or will.
    Running,
    /// Nothing changes any more.
    Settled,
    /// The island is dark.
    Blackout,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) at_ms: u64,
    pub(super) disturbance: Disturbance,
    /// Of a unit that comes.
    pub(super) machine: Option<Machine>,
}

/// The island's frequency from the beginning of an event to its end. Plain data: it can be written and read between ticks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FrequencyEvent {
    pub(super) settings: Settings,
    pub(super) nominal_hz: f64,
    damping: f64,
    swing: Swing,
    pv: PvCourse,
    pv_left: f64,
    wind_mw: f64,
    /// Load without any shedding, at nominal frequency, MW.
    pub(super) load_mw: f64,
    /// Share of it that is shed.
    shed: f64,
    pub(super) relays: Vec<Relay>,
    pub(super) pending: Vec<Pending>,
    /// The host's time, and that of the last step, ms since the beginning.
    pub(super) now_ms: u64,
    pub(super) at_ms: u64,
    pub(super) calm_ms: u64,
    pub(super) status: Status,
    summary: Summary,
    log: Vec<Happening>,
    samples: Vec<Sample>,
}

impl FrequencyEvent {
    /// An event that begins from balance at nominal frequency.
    ///
    /// # Errors
    /// Settings out of range, or an operating point that cannot be.
    pub fn begin(
        fleet: &Fleet,
        from: &OperatingPoint,
        defence: &Defence,
        settings: Settings,
    ) -> Result<Self, IslandError> {
        defence.check()?;
        from.check(fleet)?;
        if !(1..=50).contains(&settings.step_ms) {
            return Err(IslandError::setting("event", "step_ms", settings.step_ms, "give 1 to 50 ms"));
        }
        if !settings.record_ms.is_multiple_of(settings.step_ms) {
            let remedy = format!("give a multiple of the step, {} ms", settings.step_ms);
            return Err(IslandError::setting("event", "record_ms", settings.record_ms, remedy));
        }
        let nominal_hz = defence.nominal_hz;
        let machine = |((unit, (group, _)), power): ((usize, (usize, u32)), &Option<f64>)| {
            power.map(|power_mw| Machine::new(&fleet.groups()[group], unit, power_mw, nominal_hz))
        };
        let machines = fleet.unit_groups().enumerate().zip(&from.power_mw).filter_map(machine).collect();
        Ok(Self {
            settings,
            nominal_hz,
            damping: defence.load_damping,
            swing: Swing::new(machines),
            pv: PvCourse::constant(from.pv_mw),
            pv_left: 1.0,
            wind_mw: from.wind_mw,
            load_mw: from.load_mw(),
            shed: 0.0,
            relays: relays(defence),
            pending: Vec::new(),
            now_ms: 0,
            at_ms: 0,
            calm_ms: 0,
            status: Status::Running,
            summary: Summary { nadir_hz: nominal_hz, zenith_hz: nominal_hz, ..Summary::default() },
            log: Vec::new(),
            samples: Vec::new(),
        })
    }

    /// Goes on by a time of the host, ms, through as many whole steps as fit; stops where the event ends.
    pub fn advance(&mut self, dt_ms: u64) -> Status {
        self.now_ms += dt_ms;
        while self.status == Status::Running && self.at_ms + self.settings.step_ms <= self.now_ms {
            self.step();
        }
        self.status
    }

    /// Goes on to the end of the event, or for so long at most, ms.
    pub fn run(&mut self, at_most_ms: u64) -> Status {
        let begun_ms = self.now_ms;
        while self.status == Status::Running && self.now_ms < begun_ms + at_most_ms {
            self.advance(self.settings.step_ms);
        }
        self.status
    }

    fn step(&mut self) {
        while self.pending.first().is_some_and(|pending| pending.at_ms <= self.at_ms) {
            let pending = self.pending.remove(0);
            self.apply(pending);
        }
        if self.status == Status::Blackout {
            return;
        }
        let around = self.surroundings();
        let slope = self.swing.slope_hz_per_s(&around);
        if slope.abs() > self.summary.steepest_hz_per_s.abs() {
            self.summary.steepest_hz_per_s = slope;
        }
        self.record(&around);
        let step_s = self.settings.step_ms as f64 / MS_PER_S;
        let energies = self.swing.step(step_s, &around);
        self.at_ms += self.settings.step_ms;
        self.summary.governor_mwh += energies.governor_mws / S_PER_H;
        self.summary.battery_mwh += energies.battery_mws / S_PER_H;
        self.summary.damping_mwh += energies.damping_mws / S_PER_H;
        self.summary.unserved_mwh += self.load_mw * self.shed * step_s / S_PER_H;
        let frequency_hz = self.nominal_hz + self.swing.deviation_hz;
        if frequency_hz < self.summary.nadir_hz {
            (self.summary.nadir_hz, self.summary.nadir_at_ms) = (frequency_hz, self.at_ms);
        }
        self.summary.zenith_hz = self.summary.zenith_hz.max(frequency_hz);
        self.look();
        self.settle();
    }

    fn surroundings(&self) -> Surroundings {
        let pv_mw = |steps: f64| self.pv_left * self.pv.at(self.at_ms as f64 + steps * self.settings.step_ms as f64);
        Surroundings {
            nominal_hz: self.nominal_hz,
            load_mw: self.load_mw * (1.0 - self.shed),
            damping: self.damping,
            wind_mw: self.wind_mw,
            pv_mw: [pv_mw(0.0), pv_mw(0.5), pv_mw(1.0)],
        }
    }

    fn apply(&mut self, pending: Pending) {
        match &pending.disturbance {
            Disturbance::UnitLost { unit } => {
                self.swing.remove(*unit);
            }
            Disturbance::UnitConnected { unit, .. } => {
                self.swing.remove(*unit);
                self.swing.add(pending.machine.expect("`check` makes a machine for every unit that comes"));
            }
            Disturbance::LoadLost { load_mw } => self.load_mw -= load_mw,
            Disturbance::LoadReturned { load_mw } => self.load_mw += load_mw,
            Disturbance::LineTripped { load_mw, units, .. } => {
                self.load_mw -= load_mw;
                for unit in units {
                    self.swing.remove(*unit);
                }
            }
            Disturbance::PvRamp { to_mw, over_s } => {
                self.pv.turn(self.at_ms, *to_mw, libm::round(over_s * MS_PER_S) as u64);
            }
            Disturbance::StageRestored { stage } => self.restore(*stage),
        }
        self.note(What::Disturbed(pending.disturbance));
        if self.swing.kinetic_mws() <= 0.0 {
            self.go_dark();
        }
    }

    fn restore(&mut self, wanted: usize) {
        for relay in &mut self.relays {
            if let Switches::Load { stage, share } = relay.switches
                && stage == wanted
                && relay.has_fired
            {
                relay.reset();
                self.shed -= share;
            }
        }
        self.sum_shed();
    }

    fn look(&mut self) {
        for place in 0..self.relays.len() {
            if self.status == Status::Blackout || !self.relays[place].look(self.at_ms, self.swing.deviation_hz) {
                continue;
            }
            match self.relays[place].switches {
                Switches::Load { stage, share } => {
                    self.shed += share;
                    self.note(What::Shed { stage, load_mw: share * self.load_mw });
                }
                Switches::Pv { share } => {
                    self.pv_left = (self.pv_left - share).max(0.0);
                    self.note(What::PvTripped { share, power_mw: share * self.pv.at(self.at_ms as f64) });
                }
                Switches::Units => self.go_dark(),
            }
        }
        self.sum_shed();
    }

    fn sum_shed(&mut self) {
        self.summary.shed_mw = self.shed * self.load_mw;
    }

    fn go_dark(&mut self) {
        self.note(What::Blackout { load_mw: self.load_mw * (1.0 - self.shed) });
        self.status = Status::Blackout;
        if self.settings.record_ms > 0 {
            let unserved_mw = self.load_mw;
            self.samples.push(Sample {
                at_ms: self.at_ms,
                frequency_hz: None,
                units_mw: 0.0,
                batteries_mw: 0.0,
                pv_mw: 0.0,
                load_mw: 0.0,
                unserved_mw,
            });
        }
    }

    fn settle(&mut self) {
        let is_calm = self.status == Status::Running
            && self.pending.is_empty()
            && !self.pv.is_moving(self.at_ms)
            && !self.relays.iter().any(Relay::is_waiting)
            && self.swing.slope_hz_per_s(&self.surroundings()).abs() < CALM_HZ_PER_S
            && self.swing.fastest_mw_per_s() < CALM_MW_PER_S;
        self.calm_ms = if is_calm { self.calm_ms + self.settings.step_ms } else { 0 };
        if self.calm_ms >= CALM_FOR_MS {
            self.status = Status::Settled;
            self.note(What::Settled);
            self.record(&self.surroundings());
        }
    }

    fn record(&mut self, around: &Surroundings) {
        if self.settings.record_ms == 0 || !self.at_ms.is_multiple_of(self.settings.record_ms) {
            return;
        }
        let [units_mw, batteries_mw] = self.swing.sums_mw();
        self.samples.push(Sample {
            at_ms: self.at_ms,
            frequency_hz: Some(self.nominal_hz + self.swing.deviation_hz),
            units_mw,
            batteries_mw,
            pv_mw: around.pv_mw[0],
            load_mw: around.load_mw - around.damped_mw(self.swing.deviation_hz),
            unserved_mw: self.load_mw * self.shed,
        });
    }

    fn note(&mut self, what: What) {
        let frequency_hz = self.nominal_hz + self.swing.deviation_hz;
        self.log.push(Happening { at_ms: self.at_ms, frequency_hz, what });
    }

    /// Frequency now, Hz; none when the island is dark.
    pub fn frequency_hz(&self) -> Option<f64> {
        (self.status != Status::Blackout).then_some(self.nominal_hz + self.swing.deviation_hz)
    }

    /// Whether it goes on.
    pub fn status(&self) -> Status {
        self.status
    }

    /// The instant of the last step, ms since the beginning.
    pub fn at_ms(&self) -> u64 {
        self.at_ms
    }

    /// Power of each unit on the grid, by its number in the fleet, MW.
    pub fn powers_mw(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.swing.machines.iter().map(|machine| machine.unit).zip(self.swing.power_mw.iter().copied())
    }

    /// What it has come to so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// What happened, in order.
    pub fn happenings(&self) -> &[Happening] {
        &self.log
    }

    /// Samples so far.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }
}

/// The relays of a defence: shedding, PV, units.
fn relays(defence: &Defence) -> Vec<Relay> {
    let nominal_hz = defence.nominal_hz;
    let stages = defence.shedding.iter().enumerate();
    let mut relays: Vec<Relay> = stages.map(|(place, stage)| Relay::of_stage(place, stage, nominal_hz)).collect();
    let pv = defence.pv_trip.iter();
    relays.extend(pv.map(|trip| Relay::of_trip(trip, nominal_hz, Switches::Pv { share: trip.share })));
    relays.extend(defence.unit_trip.iter().map(|trip| Relay::of_trip(trip, nominal_hz, Switches::Units)));
    relays
}
