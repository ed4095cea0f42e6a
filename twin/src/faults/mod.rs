//! Faults of devices: which ones are in force, what they do to bodies, and what faulty devices show.
//!
//! A fault holds from its beginning to its end, whatever the length of a tick: steps are cut at both instants, as they
//! are at full minutes. It comes from the scenario ([`PlannedFault`]) or from outside ([`Faults::inject`]). Where a device
//! has to start again its body stays out of order for that time after the end of the fault.
//!
//! # What acts where
//!
//! - On the *body*: [`Condition`], by which bodies live in each step. A body that follows the field is not bothered: the
//!   fault acts on its model alone, beside it.
//! - On the *sensor*: [`FaultState::count`] sums what is shown beside what is so. The device's own core senses what is
//!   shown; a register goes on from what was shown, also when the fault is over.
//! - On the *clock*: told in the reading; within the twin there is one clock.
//! - On the *link*: [`Faults::pass`] says what becomes of a message. Vehicle and charge point in one plug talk through the
//!   cable, which no link fault concerns.
//!
//! All that is known is one map of plain data, [`FaultState`]. Of a twin without faults, no code but a look into that
//! empty map is run.

mod condition;
mod link;
mod state;

pub(crate) use condition::Condition;
pub(crate) use link::Passage;
pub use state::{FaultInForce, FaultState};

use crate::weather::Step;
use agents::draw::Draws;
use agents::fault::{Fault, FaultKind};
use agents::reading::{AssetReading, FaultReading, round_energy_kwh, round_power_kw};
use agents::record::{Event, EventCode};
use agents::{ParticipantId, Time};
use scenarios::{Plan, PlannedFault};
use state::Held;
use std::collections::BTreeMap;

/// All faults of a world.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    seed: u64,
    /// Those of the scenario, by their beginnings, each with its draws.
    planned: Vec<(PlannedFault, Draws)>,
    /// How many of them have been begun, or were over by then.
    enrolled: usize,
    states: BTreeMap<ParticipantId, FaultState>,
    /// What faulty devices showed to their own cores in the last interval.
    shown: BTreeMap<ParticipantId, Shown>,
    /// How many messages of each device its link has dealt with at this instant.
    passed: BTreeMap<ParticipantId, usize>,
    readings: Vec<FaultReading>,
    events: Vec<Event>,
}

/// What a faulty device shows, before it is rounded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shown {
    /// Mean power over the interval.
    pub(crate) power_kw: f64,
    /// Stored energy at the end of the interval, of a device that stores.
    pub(crate) energy_kwh: Option<f64>,
    /// By how much its register is ahead of what has flowed.
    pub(crate) register_error_kwh: f64,
}

impl Faults {
    pub(crate) fn new(plan: &Plan) -> Self {
        let draws = |fault: &PlannedFault| {
            Draws::new(plan.seed, &plan.participants[fault.target.index()].id, fault.fault.kind().as_str())
        };
        let mut planned: Vec<_> = plan.faults.iter().map(|fault| (fault.clone(), draws(fault))).collect();
        planned.sort_by(|(a, _), (b, _)| a.from.cmp(&b.from).then_with(|| a.name.cmp(&b.name)));
        Self {
            seed: plan.seed,
            planned,
            enrolled: 0,
            states: BTreeMap::new(),
            shown: BTreeMap::new(),
            passed: BTreeMap::new(),
            readings: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Begins an interval: forgets what is over, and begins what the scenario has in store before its end.
    pub(crate) fn begin(&mut self, start: Time, end: Time) {
        self.passed.clear();
        if self.states.is_empty() && self.enrolled == self.planned.len() {
            return;
        }
        self.states.retain(|_, state| state.begin(start));
        self.enrol(start, |from| from < end);
    }

    /// Begins those faults of the scenario whose time has come, at `now` at the earliest.
    pub(crate) fn enrol(&mut self, now: Time, has_come: impl Fn(Time) -> bool) {
        while let Some((fault, draws)) = self.planned.get(self.enrolled).filter(|(fault, _)| has_come(fault.from)) {
            self.enrolled += 1;
            let PlannedFault { name, target, fault, from, until } = fault;
            let (since, until) = ((*from).max(now), *until);
            if until.is_some_and(|until| until <= since)
                || self.states.get(target).is_some_and(|state| state.knows(name))
            {
                continue;
            }
            let held = Held { name: Some(name.clone()), ..Held::new(*fault, since, until, draws.clone()) };
            self.events.extend(self.states.entry(*target).or_default().take(*target, held));
        }
    }

    /// Gives a device a fault from `now` on.
    pub(crate) fn inject(&mut self, now: Time, (id, name): (ParticipantId, &str), fault: Fault, until: Option<Time>) {
        let draws = Draws::new(self.seed, name, fault.kind().as_str());
        let held = Held::new(fault, now, until, draws);
        self.events.extend(self.states.entry(id).or_default().take(id, held));
    }

    /// Ends a device's fault of this kind, or all of them.
    pub(crate) fn clear(&mut self, now: Time, id: ParticipantId, kind: Option<FaultKind>) -> Result<(), String> {
        let ended = self.states.get_mut(&id).map(|state| state.clear(now, id, kind)).unwrap_or_default();
        match kind {
            Some(kind) if ended.is_empty() => Err(format!("it has no fault {kind}")),
            None if ended.is_empty() => Err("it has no fault".into()),
            _ => {
                self.events.extend(ended);
                Ok(())
            }
        }
    }

    /// Cuts steps at the instants in them at which faults change what bodies do.
    pub(crate) fn cut(&self, steps: &mut Vec<Step>) {
        for time in self.states.values().flat_map(FaultState::changes) {
            crate::weather::cut_at(steps, time);
        }
    }

    /// What is known of a device's faults.
    pub(crate) fn of(&mut self, id: ParticipantId) -> Option<&mut FaultState> {
        self.states.get_mut(&id)
    }

    /// Takes out what is known of these two devices, until it is given back.
    pub(crate) fn lend(&mut self, ids: [ParticipantId; 2]) -> [Option<FaultState>; 2] {
        if self.states.is_empty() { [None, None] } else { ids.map(|id| self.states.remove(&id)) }
    }

    /// Takes back what was lent.
    pub(crate) fn give_back(&mut self, ids: [ParticipantId; 2], lent: [Option<FaultState>; 2]) {
        self.states.extend(ids.into_iter().zip(lent).filter_map(|(id, state)| Some((id, state?))));
    }

    /// Whether anything is known of any device.
    pub(crate) fn is_at_work(&self) -> bool {
        !self.states.is_empty()
    }

    /// Ends an interval: ends faults, and begins those of the scenario that begin now.
    pub(crate) fn finish(&mut self, start: Time, end: Time) {
        for (id, state) in &self.states {
            self.events.extend(state.ended_within(*id, start, end));
        }
        self.enrol(end, |from| from <= end);
    }

    /// Notes what each faulty device shows for the interval that ends at `end` and whose last step begins at `last`;
    /// `truth` gives an asset's reading, its stored energy and capacity.
    pub(crate) fn show(
        &mut self,
        [start, last, end]: [Time; 3],
        truth: impl Fn(ParticipantId) -> (AssetReading, Option<[f64; 2]>),
    ) {
        self.show_nothing();
        for (id, state) in &mut self.states {
            let faults = state.kinds_within(start, end);
            let (reading, store) = truth(*id);
            let shown = state.shown(last, end, store);
            if shown.register_error_kwh != 0.0 || !faults.is_empty() {
                self.shown.insert(*id, shown);
            }
            if faults.is_empty() {
                continue;
            }
            let turned = |reactive_kvar: f64| if state.is_reversed(last) { 0.0 - reactive_kvar } else { reactive_kvar };
            self.readings.push(FaultReading {
                asset: *id,
                faults,
                shown: (!state.is_silent(last, end)).then(|| AssetReading {
                    power_kw: round_power_kw(shown.power_kw),
                    energy_kwh: shown.energy_kwh.map(round_energy_kwh),
                    reactive_kvar: reading.reactive_kvar.map(turned),
                    ..reading
                }),
                clock_error: state.clock_error(last, end),
                link: state.link(last),
            });
        }
    }

    /// Notes that nothing is known of any device.
    pub(crate) fn show_nothing(&mut self) {
        self.readings.clear();
        self.shown.clear();
    }

    /// What a faulty device showed its own core in the last interval.
    pub(crate) fn shown(&self, id: ParticipantId) -> Option<&Shown> {
        self.shown.get(&id)
    }

    /// One reading per device that had a fault in the last interval, in id order.
    pub(crate) fn readings(&self) -> &[FaultReading] {
        &self.readings
    }

    /// What happened since the last call, with its own instants.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The devices of events that wait to be taken.
    pub(crate) fn told_of(&self) -> impl Iterator<Item = ParticipantId> {
        self.events.iter().map(|event| event.participant)
    }

    /// Everything that is known of faults, by device.
    pub(crate) fn states(&self) -> &BTreeMap<ParticipantId, FaultState> {
        &self.states
    }

    /// Goes on from what was known.
    pub(crate) fn restore(&mut self, states: BTreeMap<ParticipantId, FaultState>) {
        self.states = states;
    }
}

fn event(time: Time, participant: ParticipantId, code: EventCode, detail: String) -> Event {
    Event { time, participant, code, detail }
}
