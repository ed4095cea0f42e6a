//! The faults of one device: plain data, saved with it.

use super::{Shown, event};
use crate::weather::Step;
use agents::draw::Draws;
use agents::fault::{Fault, FaultKind};
use agents::record::{Event, EventCode};
use agents::{ParticipantId, Span, Time};
use rand::RngExt;
use rand_distr::StandardNormal;
use scenarios::PlannedFault;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is known of a device's faults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultState {
    /// In the order of the catalogue, then of their beginnings; a fault that is over is kept until its device has started.
    pub(super) held: Vec<Held>,
    /// Faults of the scenario that somebody has cleared, or that another one has replaced.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    settled: BTreeSet<String>,
    /// By how much the register that is shown is ahead of what has flowed.
    #[serde(default)]
    register_error_kwh: f64,
    #[serde(skip)]
    sums: Sums,
}

/// A fault that a device has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    pub(super) fault: Fault,
    pub(super) since: Time,
    /// First instant at which the device has it no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<Time>,
    /// Its name, if it is the scenario's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// Power or stored energy at which a sensor has stuck.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stuck: Option<f64>,
    /// Whether another one took its place, or its device was repaired: it does not have to start again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_settled: bool,
    /// Messages that it has swallowed.
    #[serde(default)]
    pub(super) lost: u64,
    pub(super) draws: Draws,
}

/// What has flowed in the present interval, and what was shown of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    hours: f64,
    true_kwh: f64,
    shown_kwh: f64,
}

impl Held {
    pub(super) fn new(fault: Fault, since: Time, until: Option<Time>, draws: Draws) -> Self {
        Self { fault, since, until, name: None, stuck: None, is_settled: false, lost: 0, draws }
    }

    pub(super) fn is_in_force(&self, time: Time) -> bool {
        self.since <= time && self.until.is_none_or(|until| time < until)
    }

    /// First instant at which the body is not concerned any more.
    fn released(&self) -> Option<Time> {
        let restart_s = match self.fault {
            _ if self.is_settled => 0.0,
            Fault::InverterTrip { restart_s } | Fault::Islanding { restart_s } | Fault::PowerLoss { restart_s } => {
                restart_s
            }
            _ => 0.0,
        };
        self.until.map(|until| until + Span((restart_s * 1000.0).round() as i64))
    }

    fn begun(&self, id: ParticipantId) -> Event {
        let until = self.until.map_or("until it is cleared".into(), |until| format!("until {until}"));
        let name = self.name.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        event(self.since, id, EventCode::FaultBegun, format!("{}, {until}{name}", self.fault))
    }

    fn ended(&self, id: ParticipantId, time: Time, how: &str) -> Event {
        let lost = match self.lost {
            0 => String::new(),
            1 => ", 1 message lost".into(),
            lost => format!(", {lost} messages lost"),
        };
        event(time, id, EventCode::FaultEnded, format!("{}, since {}{how}{lost}", self.fault, self.since))
    }
}

/// A fault of a device, for whoever looks at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaultInForce<'a> {
    /// What it is.
    pub fault: Fault,
    /// First instant at which the device has it.
    pub since: Time,
    /// First instant at which it has it no more; none: until it is cleared.
    pub until: Option<Time>,
    /// Its name, if it is the scenario's.
    pub name: Option<&'a str>,
}

impl FaultState {
    /// The faults of the device, in the order of the catalogue; some may be over while the device starts again.
    pub fn faults(&self) -> impl Iterator<Item = FaultInForce<'_>> {
        self.held.iter().map(|held| FaultInForce {
            fault: held.fault,
            since: held.since,
            until: held.until,
            name: held.name.as_deref(),
        })
    }

    /// Begins an interval; whether anything is left to be known.
    pub(super) fn begin(&mut self, start: Time) -> bool {
        self.sums = Sums::default();
        self.held.retain(|held| held.released().is_none_or(|released| start < released));
        !self.held.is_empty() || !self.settled.is_empty() || self.register_error_kwh != 0.0
    }

    /// Whether a fault of the scenario is in force, or settled.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.settled.contains(name) || self.held.iter().any(|held| held.name.as_deref() == Some(name))
    }

    /// Takes a fault, in place of another one of its kind; returns what there is to be told.
    pub(super) fn take(&mut self, id: ParticipantId, fault: Held) -> Vec<Event> {
        let (kind, since) = (fault.fault.kind(), fault.since);
        let mut events = Vec::new();
        for held in self.held.iter_mut().filter(|held| held.fault.kind() == kind) {
            if held.is_in_force(since) {
                held.until = Some(since);
                events.push(held.ended(id, since, ", replaced by another one"));
                self.settled.extend(held.name.clone());
            }
            held.is_settled = true;
        }
        events.push(fault.begun(id));
        let place = self.held.partition_point(|held| (held.fault.kind(), held.since) <= (kind, since));
        self.held.insert(place, fault);
        events
    }

    /// Ends the faults of this kind, or all, and what is left of the start after one that is over; returns what there is to
    /// be told.
    pub(super) fn clear(&mut self, now: Time, id: ParticipantId, kind: Option<FaultKind>) -> Vec<Event> {
        let mut events = Vec::new();
        let is_meant = |held: &&mut Held| kind.is_none_or(|kind| held.fault.kind() == kind);
        for held in self.held.iter_mut().filter(is_meant) {
            if held.is_in_force(now) {
                held.until = Some(now);
                events.push(held.ended(id, now, ", cleared"));
                self.settled.extend(held.name.clone());
            } else if held.released().is_some_and(|released| now < released) {
                held.is_settled = true;
                events.push(held.ended(id, now, ", and it does not have to start again"));
            }
        }
        events
    }

    /// What there is to be told of faults that ended after `start`, and at `end` at the latest, by themselves.
    pub(super) fn ended_within(&self, id: ParticipantId, start: Time, end: Time) -> impl Iterator<Item = Event> {
        let ended = move |held: &Held| {
            let until = held.until.filter(|until| start < *until && *until <= end)?;
            let is_replaced =
                self.held.iter().any(|other| other.fault.kind() == held.fault.kind() && other.since == until);
            (!is_replaced).then(|| held.ended(id, until, ""))
        };
        self.held.iter().filter_map(ended)
    }

    /// The instants at which it changes what the body does or the sensors show.
    pub(super) fn changes(&self) -> impl Iterator<Item = Time> {
        self.held.iter().flat_map(|held| [Some(held.since), held.until, held.released()]).flatten()
    }

    pub(super) fn in_force(&self, time: Time) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(move |held| held.is_in_force(time))
    }

    /// Those in force, and those after which the device is starting.
    pub(super) fn acting_at(&self, time: Time) -> impl Iterator<Item = &Held> {
        let acts = move |held: &&Held| held.since <= time && held.released().is_none_or(|released| time < released);
        self.held.iter().filter(acts)
    }

    /// The kinds of faults in force at any time in `[start, end)`, in the order of the catalogue.
    pub(super) fn kinds_within(&self, start: Time, end: Time) -> Vec<FaultKind> {
        let is_within =
            |held: &&Held| held.since < end && held.until.is_none_or(|until| start < until && held.since < until);
        let mut kinds: Vec<_> = self.held.iter().filter(is_within).map(|held| held.fault.kind()).collect();
        kinds.dedup();
        kinds
    }

    /// Whether the device has a fault of this kind at `time`.
    pub(crate) fn has(&self, kind: FaultKind, time: Time) -> bool {
        self.in_force(time).any(|held| held.fault.kind() == kind)
    }

    /// Counts what flowed in a step, and what was shown of it; `stored_kwh` is what the device held at its beginning.
    pub(crate) fn count(&mut self, step: &Step, power_kw: f64, stored_kwh: Option<f64>) {
        let mut shown_kw = power_kw;
        for held in self.held.iter_mut().filter(|held| held.is_in_force(step.start)) {
            match held.fault {
                Fault::SensorStuck {} => shown_kw = *held.stuck.get_or_insert(power_kw),
                Fault::SensorBias { offset_kw, factor } => shown_kw = shown_kw * factor + offset_kw,
                Fault::MeterReversed {} => shown_kw = -shown_kw,
                Fault::SocStuck {} => held.stuck = held.stuck.or(stored_kwh),
                _ => {}
            }
        }
        self.sums.hours += step.hours;
        self.sums.true_kwh += power_kw * step.hours;
        self.sums.shown_kwh += shown_kw * step.hours;
    }

    /// Counts an interval at one power, in place of what was counted.
    pub(crate) fn recount(&mut self, steps: &[Step], power_kw: f64, stored_kwh: Option<f64>) {
        self.sums = Sums::default();
        steps.iter().for_each(|step| self.count(step, power_kw, stored_kwh));
    }

    /// What is shown of an interval that ends at `end` and whose last step begins at `last`. `store` is what is held at
    /// its end, and the capacity.
    pub(super) fn shown(&mut self, last: Time, end: Time, store: Option<[f64; 2]>) -> Shown {
        let Sums { hours, true_kwh, shown_kwh } = self.sums;
        self.register_error_kwh += shown_kwh - true_kwh;
        let mut power_kw = if hours > 0.0 { shown_kwh / hours } else { 0.0 };
        let mut energy_kwh = store.map(|[stored_kwh, _]| stored_kwh);
        for held in self.in_force(last) {
            match held.fault {
                Fault::SensorNoise { deviation_kw } => {
                    let normal: f64 = held.draws.at(second(end)).sample(StandardNormal);
                    power_kw += deviation_kw * normal;
                }
                Fault::SocMisreport { offset_percent } => {
                    let wrong = |[stored_kwh, capacity_kwh]: [f64; 2]| {
                        (stored_kwh + offset_percent / 100.0 * capacity_kwh).clamp(0.0, capacity_kwh)
                    };
                    energy_kwh = store.map(wrong);
                }
                Fault::SocStuck {} => energy_kwh = held.stuck.or(energy_kwh),
                _ => {}
            }
        }
        Shown { power_kw, energy_kwh, register_error_kwh: self.register_error_kwh }
    }

    /// Whether nothing is shown: there is no power, or the reading has dropped out.
    pub(super) fn is_silent(&self, last: Time, end: Time) -> bool {
        self.in_force(last).any(|held| match held.fault {
            Fault::PowerLoss { .. } => true,
            Fault::SensorDropout { share } => held.draws.at(second(end)).random::<f64>() < share,
            _ => false,
        })
    }

    /// Whether its meter is connected the wrong way round.
    pub(super) fn is_reversed(&self, time: Time) -> bool {
        self.has(FaultKind::MeterReversed, time)
    }

    /// By how much its clock is ahead at `end`, if its faults at `last` hold until then.
    pub(super) fn clock_error(&self, last: Time, end: Time) -> Span {
        let error_ms = self.in_force(last).map(|held| match held.fault {
            Fault::ClockOffset { offset_s } => offset_s * 1000.0,
            Fault::ClockDrift { ppm } => ppm * 1e-6 * (end - held.since).0 as f64,
            _ => 0.0,
        });
        Span(error_ms.sum::<f64>().round() as i64)
    }

    /// What there is to be saved of it.
    pub(crate) fn saved(&self) -> Self {
        Self { sums: Sums::default(), ..self.clone() }
    }

    /// What becomes of it in a twin whose scenario has these faults in store for the device: what came from outside stays;
    /// of the scenario's own, those hold that it has.
    pub(crate) fn move_to(&mut self, now: Time, id: ParticipantId, planned: &[PlannedFault]) {
        self.held.retain_mut(|held| {
            let Some(name) = &held.name else { return true };
            if !held.is_in_force(now) {
                return true;
            }
            let same = |fault: &&PlannedFault| fault.target == id && fault.name == *name;
            let Some(fault) = planned.iter().find(same).filter(|fault| fault.fault.kind() == held.fault.kind()) else {
                return false;
            };
            (held.fault, held.until) = (fault.fault, fault.until);
            fault.from <= now && held.is_in_force(now)
        });
    }
}

/// The second in which an instant lies.
pub(super) fn second(time: Time) -> i64 {
    time.0.div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::Calendar;

    const DEVICE: ParticipantId = ParticipantId(3);

    fn at(minute: i64) -> Time {
        Time(0) + Span::from_minutes(minute)
    }

    fn held(name: &str, [from, until]: [i64; 2]) -> Held {
        let fault = Fault::named(name, []).expect("a fault");
        Held::new(fault, at(from), Some(at(until)), Draws::new(1, "bat_01", name))
    }

    fn steps(from: i64, until: i64) -> Vec<Step> {
        let mut steps = Vec::new();
        crate::weather::cut_into_steps(at(from), at(until), Calendar::default(), &mut steps);
        steps
    }

    #[test]
    fn a_device_that_has_to_start_is_out_of_order_after_its_fault_and_not_before_it() {
        let mut state = FaultState::default();
        state.take(DEVICE, held("inverter_trip", [5, 10]));
        let off: Vec<_> = (0..15).filter(|minute| state.at(at(*minute)).is_off).collect();
        assert_eq!(off, [5, 6, 7, 8, 9, 10]);
        assert_eq!(state.kinds_within(at(10), at(11)), []);
        assert!(state.begin(at(10)) && !state.begin(at(11)), "then nothing is left to be known");
    }

    #[test]
    fn another_fault_of_the_kind_takes_the_place_of_the_first_and_of_its_name() {
        let mut state = FaultState::default();
        state.take(DEVICE, Held { name: Some("heat".into()), ..held("derating", [0, 60]) });
        let events = state.take(DEVICE, held("derating", [10, 20]));
        let told: Vec<_> = events.iter().map(|event| (event.code, event.time)).collect();
        assert_eq!(told, [(EventCode::FaultEnded, at(10)), (EventCode::FaultBegun, at(10))]);
        assert_eq!(state.ended_within(DEVICE, at(0), at(15)).count(), 0, "it was told");
        assert_eq!(state.ended_within(DEVICE, at(15), at(20)).count(), 1);
        assert!(state.knows("heat") && !state.has(FaultKind::Derating, at(30)));
    }

    #[test]
    fn what_is_shown_of_an_interval_is_wrong_from_the_beginning_of_the_fault_and_stays_in_the_register() {
        let mut state = FaultState::default();
        state.take(DEVICE, held("meter_reversed", [15, 60]));
        state.recount(&steps(0, 30), 4.0, None);
        let shown = state.shown(at(29), at(30), None);
        assert!(shown.power_kw.abs() < 1e-9 && (shown.register_error_kwh + 2.0).abs() < 1e-9, "{shown:?}");
        state.clear(at(30), DEVICE, None);
        state.begin(at(30));
        state.recount(&steps(30, 60), 4.0, None);
        let shown = state.shown(at(59), at(60), None);
        assert!((shown.power_kw - 4.0).abs() < 1e-9 && (shown.register_error_kwh + 2.0).abs() < 1e-9, "{shown:?}");
    }

    #[test]
    fn what_is_shown_of_a_store_stays_within_its_capacity() {
        for (offset_percent, expected) in [(10.0, 60.0), (80.0, 100.0), (-80.0, 0.0)] {
            let mut state = FaultState::default();
            let fault = Fault::SocMisreport { offset_percent };
            state.take(DEVICE, Held { fault, ..held("soc_misreport", [0, 60]) });
            assert_eq!(state.shown(at(0), at(1), Some([50.0, 100.0])).energy_kwh, Some(expected));
        }
    }
}
