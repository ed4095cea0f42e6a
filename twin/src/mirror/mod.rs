//! Mirrored assets: what the field says of them is what they do, and their models run beside.
//!
//! An asset is mirrored from its first sound reading on, until it is released. What it said last holds for a while; from
//! the tick that takes it on, and for whole ticks: one is the field's if the reading holds at its middle. When the field
//! falls silent the model carries on from where reality was last seen.
//!
//! # What a reading does
//!
//! - *Power* is what flows: meters, rows and the asset's own core show it. A battery's or vehicle's stored energy follows
//!   it through the model of its storage, and never leaves what lies between nothing and its capacity: what flows all the
//!   same is counted as unexplained.
//! - *Energy* and *state of charge* set the stored energy, corrected for what was exchanged since they were read. How
//!   far the store was from it is the residual.
//! - *State* matters for charge points and their vehicles alone: it says whether the vehicle is in the plug.
//!
//! Beside it runs the model: a copy of the body, as it stood at the beginning of the tick, under the intents in force.
//! What the field's power is more than the copy's is the residual.
//!
//! # Charge points and vehicles
//!
//! There is one flow between them: the charge point's power if it tells one, else the vehicle's. The vehicle is in the
//! plug if the state of the charge point says so, else if its own does, else if power flows; else it lives by its driver,
//! who can not plug in what the field has not in the plug. A vehicle in the plug passes over the trips that it
//! should be on; one that the field takes out of the plug goes on the trip that it should be on then, or is parked.
//!
//! # What is refused
//!
//! See [`Refusal`]: readings that are late, early, wild or not its own never move a body. They are counted, and told of
//! when they begin and every quarter hour that they go on.

mod rules;
mod state;
mod window;

pub use rules::Refusal;
pub use state::MirrorState;

use agents::face::FieldReading;
use agents::reading::{AssetState, MirrorReading};
use agents::record::EventCode;
use agents::{ParticipantId, Span, Time};
use rules::Spec;
use scenarios::{MirrorParameters, Plan};
use std::collections::BTreeMap;

/// Power that flows at a charge point when it has a vehicle, relative to its rating.
const FLOWING_SHARE: f64 = 0.02;

/// Something that happened to a mirrored asset.
pub(crate) type MirrorEvent = (ParticipantId, EventCode, String);

/// All mirrored assets of a world.
#[derive(Debug)]
pub(crate) struct Mirrors {
    rules: MirrorParameters,
    /// What each participant can show, by dense id; none of those that are no assets.
    specs: Vec<Option<Spec>>,
    states: BTreeMap<ParticipantId, MirrorState>,
    /// End of the last interval.
    reached: Time,
    readings: Vec<MirrorReading>,
    events: Vec<MirrorEvent>,
}

impl Mirrors {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            rules: plan.mirror.clone(),
            specs: plan.participants.iter().map(Spec::of).collect(),
            states: BTreeMap::new(),
            reached: plan.start,
            readings: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Whether a participant can be mirrored.
    pub(crate) fn is_asset(&self, id: ParticipantId) -> bool {
        self.specs.get(id.index()).is_some_and(Option::is_some)
    }

    /// Takes a reading of an asset at tick `now`, or refuses it.
    pub(crate) fn take(&mut self, now: Time, reading: &FieldReading) {
        let FieldReading { asset, quantity, value, time } = *reading;
        let Some(spec) = self.specs[asset.index()] else { return };
        let state = self.states.entry(asset).or_default();
        // What would not hold at the beginning of the tick is of no use, however new it is.
        let is_late =
            time < self.reached - self.rules.hold || state.last_taken(quantity).is_some_and(|last| time <= last);
        let sound = match time {
            _ if is_late => Err(Refusal::Late),
            _ if time > now + self.rules.ahead => Err(Refusal::Early),
            _ => spec.examine(reading, self.rules.wild_above),
        };
        match sound {
            Ok(sound) => {
                if state.take(now, quantity, time, sound) {
                    self.events.push((asset, EventCode::MirrorBegun, "what the field says is what it does".into()));
                }
            }
            Err(why) => {
                if state.refuse(now, why) {
                    // A journal does not know what kind of no number it was.
                    let value = if value.is_finite() { value.to_string() } else { "no number".into() };
                    let detail = format!("a reading was {why}: {quantity} {value} of {time}");
                    self.events.push((asset, EventCode::MirrorRefused, detail));
                }
            }
        }
    }

    /// Has an asset simulated from now on.
    pub(crate) fn release(&mut self, asset: ParticipantId) {
        if self.states.get_mut(&asset).is_some_and(MirrorState::release) {
            self.events.push((asset, EventCode::MirrorReleased, "simulated from where reality left it".into()));
        }
    }

    /// Begins an interval: what holds at its middle holds throughout.
    pub(crate) fn begin(&mut self, start: Time, end: Time) {
        let middle = start + Span((end - start).0 / 2);
        let (rules, events) = (&self.rules, &mut self.events);
        for (asset, state) in self.states.iter_mut().filter(|(_, state)| state.since().is_some()) {
            state.begin(middle, rules, &mut |code, detail| events.push((*asset, code, detail)));
        }
    }

    /// Whether any asset is mirrored.
    pub(crate) fn is_at_work(&self) -> bool {
        self.states.values().any(|state| state.since().is_some())
    }

    /// What is known of an asset, if it is mirrored.
    pub(crate) fn mirrored(&mut self, asset: ParticipantId) -> Option<&mut MirrorState> {
        self.states.get_mut(&asset).filter(|state| state.since().is_some())
    }

    /// The power that holds at a charge point: its own, or else its vehicle's.
    pub(crate) fn held_at_plug(&self, vehicle: ParticipantId, evse: ParticipantId) -> Option<f64> {
        let held_kw = |id| self.states.get(&id).and_then(MirrorState::held_kw);
        held_kw(evse).or_else(|| held_kw(vehicle))
    }

    /// Whether the vehicle is in the plug, as far as states that hold tell it.
    pub(crate) fn told_plugged(&self, vehicle: ParticipantId, evse: ParticipantId) -> Option<bool> {
        let held_state = |id| self.states.get(&id).and_then(MirrorState::held_state);
        let of_point = held_state(evse).map(|state| state != AssetState::Available);
        let of_vehicle = || held_state(vehicle).map(|state| !matches!(state, AssetState::Parked | AssetState::Driving));
        of_point.or_else(of_vehicle)
    }

    /// Whether this power at a charge point is more than it takes for itself.
    pub(crate) fn is_flowing(&self, evse: ParticipantId, power_kw: f64) -> bool {
        self.specs[evse.index()].is_some_and(|spec| power_kw.abs() > FLOWING_SHARE * spec.rating_kw)
    }

    /// Ends an interval: compares and shows.
    pub(crate) fn end(&mut self, start: Time, end: Time) {
        self.reached = end;
        self.readings.clear();
        let (rules, specs, events) = (&self.rules, &self.specs, &mut self.events);
        for (asset, state) in &mut self.states {
            let mut tell = |code, detail| events.push((*asset, code, detail));
            state.tell_refused(end, &mut tell);
            if let (Some(_), Some(spec)) = (state.since(), &specs[asset.index()]) {
                state.end((start, end - start), (rules, spec), &mut tell);
                self.readings.push(state.reading(*asset, end));
            }
        }
    }

    /// One reading per mirrored asset for the last interval, in id order.
    pub(crate) fn readings(&self) -> &[MirrorReading] {
        &self.readings
    }

    /// What happened since the last call.
    pub(crate) fn take_events(&mut self) -> Vec<MirrorEvent> {
        std::mem::take(&mut self.events)
    }

    /// Everything that is known of assets in the field.
    pub(crate) fn states(&self) -> &BTreeMap<ParticipantId, MirrorState> {
        &self.states
    }

    /// Goes on at `now` from what was known then.
    pub(crate) fn restore(&mut self, now: Time, states: BTreeMap<ParticipantId, MirrorState>) {
        (self.reached, self.states) = (now, states);
    }
}
