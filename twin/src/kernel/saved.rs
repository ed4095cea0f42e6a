//! A kernel between two ticks: saved, and restored from a snapshot.
//!
//! Between ticks there are neither records nor failures of a replay that wait: both are used up within their tick.

use super::Kernel;
use crate::faults::FaultState;
use crate::host::Host;
use crate::journal::JournalEntry;
use crate::snapshot::{SavedParticipant, Snapshot, SnapshotError, VERSION};
use agents::ParticipantId;
use agents::reading::Signal;
use scenarios::Plan;

impl Kernel {
    /// Takes a snapshot of the twin: of this kernel, its world, and the cores of `host`, which runs it. Nothing changes by
    /// that. A kernel whose tick failed is not between two ticks, and its snapshot worth nothing.
    pub fn save(&self, host: &impl Host) -> Snapshot {
        let participants = self.ids.iter().enumerate();
        let participants =
            participants.map(|(index, name)| (name.clone(), self.saved(host, ParticipantId(index as u32))));
        let told = Signal::ALL.into_iter().zip(self.signals);
        let (sites, portfolios, island) = self.world.meter_states();
        Snapshot {
            version: VERSION,
            time: self.now,
            is_begun: self.is_begun,
            skip_until: self.skip_until,
            signals: told.filter_map(|(signal, value)| Some((signal, value?))).collect(),
            mail: self.mail.clone(),
            late_mail: self.late_mail.clone(),
            weather: self.world.held_weather().to_vec(),
            inputs: self.pending.iter().cloned().collect(),
            participants: participants.collect(),
            island,
            portfolios,
            sites,
            supply: self.world.supply_state(),
        }
    }

    fn saved(&self, host: &impl Host, id: ParticipantId) -> SavedParticipant {
        let (wake, waits_for) = self.wakes.of(id);
        SavedParticipant {
            is_out: self.is_out[id.index()],
            wake,
            waits_for,
            core: host.core(&self.world, id),
            body: self.world.body_state(id),
            mirror: self.world.mirror_states().get(&id).cloned(),
            faults: self.world.fault_states().get(&id).map(FaultState::saved),
        }
    }

    /// What has come about in a participant, as a snapshot would have it: JSON with the keys `core`, `body`, `is_out` and more.
    pub fn inspect(&self, host: &impl Host, id: ParticipantId) -> serde_json::Value {
        serde_json::to_value(self.saved(host, id)).expect("what is saved is plain data")
    }

    /// A kernel of `plan` that goes on from `snapshot`, with its world; the host is restored into that.
    ///
    /// Its journal begins with the inputs of the snapshot that no tick has taken. The readings of its world are blank until
    /// the first tick. For a plan other than the one it was taken of, see [`Snapshot::onto`].
    ///
    /// # Errors
    /// [`SnapshotError`] if other participants take part in the plan, if it does not run on after the snapshot, or if what
    /// was saved does not fit into it.
    pub fn restore(plan: &Plan, snapshot: &Snapshot) -> Result<Self, SnapshotError> {
        snapshot.check(plan)?;
        let mut kernel = Self::new(plan);
        kernel.world.lay(snapshot)?;
        kernel.now = snapshot.time;
        kernel.is_begun = snapshot.is_begun;
        kernel.skip_until = snapshot.skip_until;
        kernel.mail.clone_from(&snapshot.mail);
        kernel.late_mail.clone_from(&snapshot.late_mail);
        for (index, saved) in snapshot.participants.values().enumerate() {
            kernel.is_out[index] = saved.is_out;
            kernel.wakes.resume(ParticipantId(index as u32), saved.wake, saved.waits_for);
        }
        for (signal, value) in &snapshot.signals {
            kernel.signals[*signal as usize] = Some(*value);
        }
        for JournalEntry { tick, input } in &snapshot.inputs {
            kernel.examine(input).map_err(|source| SnapshotError::Input { tick: *tick, reason: source.to_string() })?;
            kernel.enter(*tick, input.clone());
        }
        Ok(kernel)
    }
}
