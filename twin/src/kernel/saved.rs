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
        let cores = host.cores(&self.world);
        assert_eq!(cores.len(), self.ids.len(), "a host has a core for every participant of its kernel");
        let participants = self.ids.iter().zip(cores).enumerate().map(|(index, (name, core))| {
            let id = ParticipantId(index as u32);
            let (wake, waits_for) = self.wakes.of(id);
            let body = self.world.body_state(id);
            let mirror = self.world.mirror_states().get(&id).cloned();
            let faults = self.world.fault_states().get(&id).map(FaultState::saved);
            let is_out = self.is_out[index];
            (name.clone(), SavedParticipant { is_out, wake, waits_for, core, body, mirror, faults })
        });
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
