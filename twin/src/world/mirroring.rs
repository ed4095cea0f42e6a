//! Mirrored assets in the world: bodies follow the field, and copies of them say what the model would have done.

use super::{Flows, World};
use crate::bodies::{BatteryBody, EvBody, EvseBody, Guide, LoadBody, PvBody};
use crate::faults::{Condition, FaultState};
use crate::mirror::{MirrorEvent, MirrorState};
use crate::weather::{Air, Step};
use agents::face::FieldReading;
use agents::reading::MirrorReading;
use agents::{ParticipantId, Span, Time};
use std::collections::BTreeMap;

/// A body of which only the power is mirrored.
pub(super) trait Follower {
    fn power_kw(&self) -> f64;
    fn follow(&mut self, power_kw: f64, steps: usize, flows: &mut Flows);
}

impl Follower for PvBody {
    fn power_kw(&self) -> f64 {
        self.power_kw()
    }

    fn follow(&mut self, power_kw: f64, steps: usize, flows: &mut Flows) {
        self.follow(power_kw, steps, flows);
    }
}

impl Follower for LoadBody {
    fn power_kw(&self) -> f64 {
        self.power_kw()
    }

    fn follow(&mut self, power_kw: f64, steps: usize, flows: &mut Flows) {
        self.follow(power_kw, steps, flows);
    }
}

/// Lets the model of a body live through the interval, and the body follow the field where a power holds: its model has
/// no state that a power could correct.
pub(super) fn follow<B: Follower>(
    body: &mut B,
    (mirror, faults): Known<'_>,
    steps: &[Step],
    flows: &mut Flows,
    aside: &mut Flows,
    advance: impl FnOnce(&mut B, Option<&mut FaultState>, &mut Flows),
) {
    let Some(mirror) = mirror else {
        advance(body, faults, flows);
        return;
    };
    let Some(held_kw) = mirror.held_kw() else {
        advance(body, faults, flows);
        mirror.note_model(body.power_kw());
        return;
    };
    let mut faults_of_model = faults.as_deref().cloned();
    advance(body, faults_of_model.as_mut(), aside);
    mirror.note_model(body.power_kw());
    body.follow(held_kw, steps.len(), flows);
    if let Some(faults) = faults {
        faults.recount(steps, held_kw, None);
    }
}

/// What is known of an asset besides its body: from the field, and of its faults.
pub(super) type Known<'a> = (Option<&'a mut MirrorState>, Option<&'a mut FaultState>);

/// Lets a battery live through the interval, by the field or by its model.
pub(super) fn advance_battery(
    battery: &mut BatteryBody,
    (mirror, faults): Known<'_>,
    (steps, residual_kw, air): (&[Step], &[f64], &[Air]),
    flows: &mut Flows,
    aside: &mut Flows,
) {
    let Some(mirror) = mirror else {
        battery.advance(steps, residual_kw, air, faults, flows);
        return;
    };
    let interval = interval(steps);
    mirror.assimilate_before(&mut battery.unit, interval.0, true);
    let before_kwh = battery.unit.energy_kwh;
    match mirror.held_kw() {
        None => {
            battery.advance(steps, residual_kw, air, faults, flows);
            mirror.note_model(battery.power_kw());
        }
        Some(held_kw) => {
            let (mut model, mut faults_of_model) = (battery.clone(), faults.as_deref().cloned());
            model.advance(steps, residual_kw, air, faults_of_model.as_mut(), aside);
            mirror.note_model(model.power_kw());
            if let Some(faults) = faults {
                faults.recount(steps, held_kw, Some(before_kwh));
            }
            mirror.note_unexplained(battery.follow(held_kw, &model, steps, air, flows));
        }
    }
    mirror.assimilate_after(&mut battery.unit, interval, before_kwh, true);
}

/// First instant and length of what the steps fill.
fn interval(steps: &[Step]) -> (Time, Span) {
    let (first, last) = (steps.first().expect("an interval has steps"), steps.last().expect("as above"));
    (first.start, last.end - first.start)
}

impl World {
    /// Lets a vehicle and its charge point, of which one at least is mirrored, live through the interval, by the field as
    /// far as it is known and by their models. Returns whether anything happened that their cores should know of.
    pub(super) fn advance_mirrored_pair(&mut self, index: usize, faults: &mut [Option<FaultState>; 2]) -> bool {
        let (ev_entity, evse_entity, [ev_id, evse_id]) = self.pairs[index];
        let [mut ev, mut evse] = self.bodies.entity_mut([ev_entity, evse_entity]);
        let mut ev = ev.get_mut::<EvBody>().expect("vehicles have their bodies");
        let mut evse = evse.get_mut::<EvseBody>().expect("charge points have their bodies");
        let (ev, evse, mirrors, air) = (&mut *ev, &mut *evse, &mut self.mirrors, self.weather.air());
        let (start, length) = interval(&self.steps);
        let end = start + length;

        let power_kw = mirrors.held_at_plug(ev_id, evse_id);
        let told = mirrors.told_plugged(ev_id, evse_id);
        let is_flowing = power_kw.is_some_and(|power_kw| mirrors.is_flowing(evse_id, power_kw));
        let is_plugged = told.or(is_flowing.then_some(true));
        let mut happened = is_plugged.is_some_and(|is_plugged| ev.be_plugged(is_plugged, start, evse));
        match told {
            Some(true) => ev.pass_over_trips(|trip| trip.depart < end),
            // Power alone tells of a departure with a delay: the trip can still be made.
            None if is_flowing => ev.pass_over_trips(|trip| trip.back <= end),
            _ => {}
        }
        if let Some(mirror) = mirrors.mirrored(ev_id) {
            let is_plugged = ev.is_plugged();
            mirror.assimilate_before(&mut ev.unit, start, is_plugged);
        }
        let model = power_kw.map(|power_kw| (power_kw, ev.clone(), evse.clone()));
        let before_kwh = ev.unit.energy_kwh;
        let mut guide = Guide { power_kw, is_plugged, ..Guide::default() };
        let model_kw = match model {
            None => {
                happened |= ev.advance(&self.steps, air, evse, &mut guide, faults, &mut self.flows);
                (ev.power_kw(), evse.power_kw())
            }
            Some((power_kw, mut model_ev, mut model_evse)) => {
                let (aside, mut unguided) = (&mut self.aside, Guide::default());
                model_ev.advance(&self.steps, air, &mut model_evse, &mut unguided, &mut faults.clone(), aside);
                ev.meet(Condition::SOUND);
                evse.meet(Condition::SOUND);
                happened |= ev.advance(&self.steps, air, evse, &mut guide, &mut [None, None], &mut self.flows);
                for (faults, power_kw) in faults.iter_mut().zip([ev.power_kw(), power_kw]) {
                    if let Some(faults) = faults {
                        faults.recount(&self.steps, power_kw, Some(before_kwh));
                    }
                }
                (model_ev.power_kw(), model_evse.power_kw())
            }
        };
        if let Some(mirror) = mirrors.mirrored(ev_id) {
            mirror.note_model(model_kw.0);
            mirror.note_unexplained(guide.unexplained_kwh);
            let is_plugged = ev.is_plugged();
            mirror.assimilate_after(&mut ev.unit, (start, length), before_kwh, is_plugged);
        }
        if let Some(mirror) = mirrors.mirrored(evse_id) {
            mirror.note_model(model_kw.1);
        }
        happened
    }

    /// Charge points that no vehicle uses show what the field says of them.
    pub(super) fn follow_lone_charge_points(&mut self) {
        for point in &self.lone_points {
            let mut evse = self.bodies.get_mut::<EvseBody>(*point).expect("charge points have their bodies");
            if let Some(held_kw) = self.mirrors.mirrored(evse.id).and_then(|mirror| mirror.held_kw()) {
                evse.follow(held_kw, self.steps.len(), &mut self.flows);
            }
        }
    }

    /// Whether a participant is an asset, which can be mirrored.
    pub(crate) fn is_asset(&self, id: ParticipantId) -> bool {
        self.mirrors.is_asset(id)
    }

    /// Takes a reading from the field at tick `now`; the interval that ends then shows it.
    pub(crate) fn take_reading(&mut self, now: Time, reading: FieldReading) {
        self.mirrors.take(now, &reading);
    }

    /// Has an asset simulated from where reality left it.
    pub(crate) fn release(&mut self, asset: ParticipantId) {
        self.mirrors.release(asset);
    }

    /// What happened to mirrored assets since the last call.
    pub(crate) fn take_mirror_events(&mut self) -> Vec<MirrorEvent> {
        self.mirrors.take_events()
    }

    /// One reading per mirrored asset, in id order, for the last interval.
    pub fn mirror(&self) -> &[MirrorReading] {
        self.mirrors.readings()
    }

    /// Everything that is known of assets in the field, by id: what a snapshot keeps of them beside their bodies.
    pub fn mirror_states(&self) -> &BTreeMap<ParticipantId, MirrorState> {
        self.mirrors.states()
    }

    /// Goes on at `now`, the instant of the last tick, from what was known of assets in the field then.
    pub fn restore_mirror(&mut self, now: Time, states: BTreeMap<ParticipantId, MirrorState>) {
        self.mirrors.restore(now, states);
    }
}
