//! What is done to the world from outside: vehicles plugged in and out, faults, weather made by hand.

use super::World;
use crate::bodies::{EvBody, EvseBody};
use agents::act::{Act, HeldSignal};
use agents::fault::FaultKind;
use agents::reading::Signal;
use agents::{Kind, ParticipantId, Time};

impl World {
    /// What a participant is.
    pub(crate) fn kind(&self, id: ParticipantId) -> Kind {
        self.kinds[id.index()]
    }

    /// All participants of a kind, in id order.
    pub(crate) fn all_of(&self, kind: Kind) -> impl Iterator<Item = ParticipantId> {
        let found = self.kinds.iter().enumerate().filter(move |(_, found)| **found == kind);
        found.map(|(index, _)| ParticipantId(index as u32))
    }

    /// Whether a signal is the weather's.
    pub(crate) fn is_weather(&self, signal: Signal) -> bool {
        matches!(signal, Signal::Irradiance | Signal::Temperature | Signal::WindSpeed)
    }

    /// Does something to the participant `name` at `now`; its body calls for its core, where that should know of it.
    ///
    /// # Errors
    /// A sentence that says why it can not be done; nothing has happened then.
    pub(crate) fn act(&mut self, now: Time, (id, name): (ParticipantId, &str), act: &Act) -> Result<(), String> {
        act.examine(self.kind(id), now)?;
        match act {
            Act::PlugIn { until } => return self.put(now, id, true, *until),
            Act::Unplug { until } => return self.put(now, id, false, *until),
            // The kernel brings the token, if it can be read.
            Act::PresentToken { .. } => return self.read_a_token(now, id),
            // The kernel brings them: who trades answers in the mail rounds.
            Act::PlaceOrder(_) | Act::CancelOrders(_) => return Ok(()),
            Act::Inject { fault, until } => self.faults.inject(now, (id, name), *fault, *until),
            Act::Clear { kind } => self.faults.clear(now, id, *kind)?,
        }
        self.renew_conditions(now);
        Ok(())
    }

    /// Puts the vehicle `id`, or that of the charge point `id`, into the plug or takes it out.
    fn put(&mut self, now: Time, id: ParticipantId, is_plugged: bool, until: Option<Time>) -> Result<(), String> {
        let Some(&(ev, evse, ids)) = self.pairs.iter().find(|(_, _, ids)| ids.contains(&id)) else {
            return Err("no vehicle uses this charge point: name a vehicle, or the charge point of one".into());
        };
        if ids.iter().any(|id| self.mirrors.mirrored(*id).is_some()) {
            return Err("it is mirrored: the field says whether the vehicle is in the plug".into());
        }
        let [mut ev, mut evse] = self.bodies.entity_mut([ev, evse]);
        let mut ev = ev.get_mut::<EvBody>().expect("vehicles have their bodies");
        let mut evse = evse.get_mut::<EvseBody>().expect("charge points have their bodies");
        match (is_plugged, ev.is_plugged()) {
            (true, true) => return Err("the vehicle is plugged in already".into()),
            (true, false) if !evse.is_free() => return Err("another vehicle is in the plug".into()),
            (false, false) => return Err("the vehicle is not plugged in".into()),
            (false, true) if ev.is_held_fast(&evse) => {
                return Err(format!("the connector is locked: {}", FaultKind::ConnectorStuck));
            }
            _ => {}
        }
        ev.be_put(is_plugged, now, until, &mut evse);
        self.call(ids);
        Ok(())
    }

    fn read_a_token(&self, now: Time, id: ParticipantId) -> Result<(), String> {
        let faults = self.fault_states().get(&id);
        let reasons = [FaultKind::ReaderFailure, FaultKind::PowerLoss];
        match reasons.into_iter().find(|kind| faults.is_some_and(|faults| faults.has(*kind, now))) {
            Some(reason) => Err(format!("the token was not read: {reason}")),
            None => Ok(()),
        }
    }

    /// Holds the weather at a value, or lets it go.
    pub(crate) fn hold_weather(&mut self, held: &HeldSignal) {
        self.weather.hold(held);
    }

    /// What of the weather is held.
    pub(crate) fn held_weather(&self) -> &[HeldSignal] {
        self.weather.held()
    }
}
