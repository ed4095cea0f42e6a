//! What is done to the world from outside: vehicles plugged in and out, faults, weather made by hand.

use super::World;
use agents::act::{Act, HeldSignal};
use agents::reading::{FaultReading, Signal};
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

    /// Does something to a participant at `now`; its body calls for its core, where that should know of it.
    pub(crate) fn act(&mut self, now: Time, id: ParticipantId, act: &Act) -> Result<(), String> {
        Err(format!("{act} at {now} to {}: not built", self.kind(id)))
    }

    /// Holds the weather at a value, or lets it go.
    pub(crate) fn hold_weather(&mut self, _held: &HeldSignal) {}

    /// One reading per faulty asset, in id order, for the last interval.
    pub fn faults(&self) -> &[FaultReading] {
        &[]
    }
}
