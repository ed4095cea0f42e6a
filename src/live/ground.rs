//! The ground a plant stands on: what it is made of, before it begins or goes on.

use super::desk::Desk;
use super::error::LiveError;
use super::place::{self, Head, Place};
use super::plant::{Plant, Rules, Stretch, write_snapshot};
use super::pulse::Pulse;
use super::view::View;
use crate::error::Error;
use crate::inputs::{ENGINE, Inputs};
use crate::snapshot::{KeptScenario, SnapshotFile};
use agents::Time;
use agents::record::Catalogue;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tracing::warn;
use twin::{Anchor, Kernel, LiveHost, Pace};

/// What a plant is made of besides what comes about in it.
pub(super) struct Ground {
    pub(super) inputs: Inputs,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) place: Place,
    pub(super) view: Option<View>,
    pub(super) rules: Rules,
    /// Threads of the actors' runtime.
    pub(super) threads: usize,
}

impl Ground {
    /// A plant at its start. Its place has everything to go on from when this returns.
    pub(super) fn begin(mut self, hash: String, pace: Pace, anchor: Anchor) -> Result<Plant, Error> {
        let plan = &self.inputs.plan;
        let (start, kept) = (plan.start, KeptScenario::of(&self.inputs));
        kept.copy_inputs(&self.place.inputs())?;
        let head = Head::new(&plan.name, hash, pace, anchor, kept);
        // Whoever is ended between this and the snapshot begins again, and at the same start.
        self.place.write_head(&head)?;
        let (mut kernel, host, desk) = (Kernel::new(plan), LiveHost::new(plan, self.threads)?, Desk::default());
        write_snapshot(&self.inputs, &self.place, &mut kernel, &host, &desk)?;
        self.place.open_journal(start)?;
        self.plant(head, start, kernel, host, desk)
    }

    /// A plant that goes on: the last snapshot is restored, and what the journal holds beyond it is lived through.
    pub(super) fn go_on(
        mut self,
        mut head: Head,
        pace: Pace,
        wall: Time,
        interrupted: &AtomicBool,
    ) -> Result<Plant, Error> {
        if head.engine != ENGINE {
            warn!(before = head.engine, now = ENGINE, "another version of the program goes on from here");
        }
        let ((mut kernel, host, desk), damaged) = place::latest_snapshot(self.place.dir(), |file| self.restore(file))?;
        for error in damaged {
            warn!(%error, "a snapshot can not be used: an earlier one is taken");
        }
        let from = kernel.now();
        let journal = place::journal_since(self.place.dir(), from)?;
        kernel.replay(&journal)?;
        let last = journal.entries().last().map(|entry| entry.tick);
        let until = self.place.reached().into_iter().chain(last).max().unwrap_or(from);
        self.place.go_on_from(from)?;
        if head.pace != pace {
            head.pace = pace;
            head.anchor = Anchor { wall, twin: until };
        }
        head.engine = ENGINE.into();
        head.scenario_hash = self.inputs.lasting_hash();
        head.kept = KeptScenario::of(&self.inputs);
        self.place.write_head(&head)?;
        let mut plant = self.plant(head, from, kernel, host, desk)?;
        plant.live_again(until, journal, interrupted)?;
        Ok(plant)
    }

    /// What a snapshot comes to.
    fn restore(&self, file: SnapshotFile) -> Result<(Kernel, LiveHost, Desk), LiveError> {
        let (plan, path) = (&self.inputs.plan, self.place.snapshot(file.time()));
        let unfit = |problem: String| LiveError::Damaged { path: path.clone(), problem };
        let kernel = Kernel::restore(plan, &file.state).map_err(|error| unfit(error.to_string()))?;
        let host = LiveHost::restore(plan, &file.state, self.threads).map_err(|error| unfit(error.to_string()))?;
        Ok((kernel, host, Desk::remembering(file.answered)))
    }

    fn plant(self, head: Head, since: Time, kernel: Kernel, host: LiveHost, desk: Desk) -> Result<Plant, Error> {
        let Self { inputs, catalogue, place, view, rules, .. } = self;
        let stretch = Stretch::begin(since, &inputs, &place, &catalogue)?;
        let pulse = Pulse::since(since);
        let asked = Vec::new();
        Ok(Plant { inputs, catalogue, kernel, host, desk, asked, place, head, stretch, pulse, view, rules })
    }
}
