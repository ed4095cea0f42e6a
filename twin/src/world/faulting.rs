//! Faults in the world: bodies live with them, readings show them, and links do to messages what they do.

use super::World;
use crate::bodies::{EvBody, EvseBody};
use crate::faults::{FaultState, Passage};
use agents::fault::FaultKind;
use agents::reading::{AssetState, FaultReading};
use agents::record::Event;
use agents::{Mail, Message, ParticipantId, Time};
use std::collections::BTreeMap;

impl World {
    /// Begins the faults that the scenario has in store for the very start.
    pub(crate) fn begin_faults(&mut self, now: Time) {
        self.faults.enrol(now, |from| from <= now);
        self.renew_conditions(now);
    }

    /// Begins and forgets what begins and is over in the coming interval, and cuts its steps there.
    pub(super) fn cut_at_changes(&mut self, start: Time, end: Time) {
        self.faults.begin(start, end);
        if self.faults.is_at_work() {
            self.faults.cut(&mut self.steps);
        }
        self.weather.cut(start, &mut self.steps);
    }

    /// Charge points that no vehicle uses have a meter, too.
    pub(super) fn count_lone_charge_points(&mut self) {
        for point in &self.lone_points {
            let evse = self.bodies.get::<EvseBody>(*point).expect("charge points have their bodies");
            if let Some(faults) = self.faults.of(evse.id) {
                faults.recount(&self.steps, evse.power_kw(), None);
            }
        }
    }

    /// Ends an interval for faults: says what is shown, and who is out of order.
    pub(super) fn show_faults(&mut self, start: Time, end: Time) {
        if self.faults.is_at_work() {
            let last = self.steps.last().expect("an interval has steps").start;
            for (id, state) in self.faults.states() {
                if state.at(last).is_out_of_order() && !self.is_led_by_the_field(*id) {
                    self.assets[self.row_of[id.index()]].state = AssetState::Faulted;
                }
            }
            let mut faults = std::mem::take(&mut self.faults);
            faults.show([start, last, end], |id| {
                let store = self.storage_unit(id).map(|unit| [unit.energy_kwh, unit.spec.capacity_kwh]);
                (self.assets[self.row_of[id.index()]], store)
            });
            self.faults = faults;
        } else {
            self.faults.show_nothing();
        }
        self.faults.finish(start, end);
        self.renew_conditions(end);
    }

    /// Has bodies that keep it know what their faults leave of them now, and has those called of whom something is told.
    pub(super) fn renew_conditions(&mut self, now: Time) {
        if !self.faults.is_at_work() {
            return;
        }
        let led: Vec<_> = self.faults.states().keys().copied().filter(|id| self.is_led_by_the_field(*id)).collect();
        for (id, state) in self.faults.states().iter().filter(|(id, _)| !led.contains(id)) {
            let mut entity = self.bodies.entity_mut(self.entities[id.index()]);
            if let Some(mut evse) = entity.get_mut::<EvseBody>() {
                evse.meet(state.at(now));
            } else if let Some(mut ev) = entity.get_mut::<EvBody>() {
                ev.meet(state.at(now));
            }
        }
        let told_of: Vec<_> = self.faults.told_of().collect();
        self.call(told_of);
    }

    /// Has these step at this tick.
    pub(super) fn call(&mut self, ids: impl IntoIterator<Item = ParticipantId>) {
        self.called.extend(ids);
        self.called.sort_unstable();
        self.called.dedup();
    }

    fn is_led_by_the_field(&self, id: ParticipantId) -> bool {
        let state = self.mirrors.states().get(&id).filter(|state| state.since().is_some());
        state.is_some_and(|state| state.held_kw().is_some())
    }

    /// What becomes of a message at `now`. Vehicle and charge point talk through the cable, and who comes by in person needs
    /// no link.
    pub(crate) fn pass(&mut self, now: Time, mail: &Mail) -> Passage {
        let Mail { to, from, message } = mail;
        let is_in_person = *from == ParticipantId::OUTSIDE && !matches!(message, Message::Command(_));
        if is_in_person || self.share_a_plug([*to, *from]) || self.share_a_plug([*from, *to]) {
            return Passage::Arrives(agents::Span::ZERO);
        }
        self.faults.pass(now, [*from, *to])
    }

    fn share_a_plug(&self, [ev, evse]: [ParticipantId; 2]) -> bool {
        let found = self.pairs.binary_search_by_key(&ev, |(_, _, ids)| ids[0]);
        found.is_ok_and(|index| self.pairs[index].2[1] == evse)
    }

    /// The fault for which nothing reaches a device at `now`, if there is one.
    pub(crate) fn why_unreachable(&self, now: Time, id: ParticipantId) -> Option<FaultKind> {
        self.faults.why_unreachable(now, id)
    }

    /// What happened to faults since the last call.
    pub(crate) fn take_fault_events(&mut self) -> Vec<Event> {
        self.faults.take_events()
    }

    /// One reading per device that had a fault in the last interval, in id order.
    pub fn faults(&self) -> &[FaultReading] {
        self.faults.readings()
    }

    /// Everything that is known of faults, by device: what a snapshot keeps of them beside the bodies.
    pub fn fault_states(&self) -> &BTreeMap<ParticipantId, FaultState> {
        self.faults.states()
    }

    /// Goes on at `now` from what was known of faults then.
    pub(crate) fn restore_faults(&mut self, now: Time, states: BTreeMap<ParticipantId, FaultState>) {
        self.faults.restore(states);
        self.renew_conditions(now);
    }
}
