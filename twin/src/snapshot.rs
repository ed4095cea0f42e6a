//! Snapshots: the twin between two ticks, as plain data.
//!
//! A snapshot holds what has *come about*, neither parameters nor caches: to restore it, everything is built anew from a
//! plan and its state is laid over it. Weather, clouds and demand are functions of seed and time, so nothing of them is
//! kept. The plan may be a changed one ([`Snapshot::onto`]), as long as the same participants take part.
//!
//! ```text
//! kernel.save(&host) ─► Snapshot ─► to_json ─► file ─► from_json ─► Kernel::restore, SweepHost::restore
//!                          └─ onto(original, changed) ─► Kernel::restore(changed, …)
//! ```
//!
//! Numbers in the file are exact. JSON knows no NaN and no infinity, and nothing that is saved can be one: scenarios and
//! cores refuse them, and the only place that keeps what somebody wrongly sent, commands no one has taken yet, writes it as
//! nothing (`null`) and reads it back as NaN.

mod error;
mod fork;
mod named;

pub use error::SnapshotError;

use crate::cores::AnyCore;
use crate::faults::FaultState;
use crate::journal::{Journal, JournalEntry};
use crate::mirror::MirrorState;
use crate::supply::SupplyState;
use crate::world::{BodyState, MeterState};
use agents::act::HeldSignal;
use agents::reading::Signal;
use agents::{Mail, Stage, Time};
use scenarios::Plan;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the snapshot's format.
pub(crate) const VERSION: u32 = 4;

/// The twin between two ticks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    pub(crate) version: u32,
    /// The instant of the last tick.
    pub(crate) time: Time,
    /// Whether the mail rounds of the start have been held.
    pub(crate) is_begun: bool,
    /// Until when ticks are as long as a market slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) skip_until: Option<Time>,
    /// What was told of each signal last.
    pub(crate) signals: BTreeMap<Signal, f64>,
    /// Mail that waits for the next tick.
    pub(crate) mail: Vec<Mail>,
    /// Mail that slow links hold, and when it arrives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) late_mail: Vec<(Time, Mail)>,
    /// What somebody holds of the weather.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) weather: Vec<HeldSignal>,
    /// Inputs that no tick has taken.
    pub(crate) inputs: Vec<JournalEntry>,
    #[serde(deserialize_with = "named::participants")]
    pub(crate) participants: BTreeMap<String, SavedParticipant>,
    pub(crate) island: MeterState,
    pub(crate) portfolios: BTreeMap<String, MeterState>,
    pub(crate) sites: BTreeMap<String, MeterState>,
    pub(crate) supply: Option<SupplyState>,
}

/// What has come about in a participant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedParticipant {
    /// Whether it was put out.
    pub(crate) is_out: bool,
    /// When it wants to be stepped next.
    pub(crate) wake: Time,
    /// The stage at which it waits for quiet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) waits_for: Option<Stage>,
    pub(crate) core: AnyCore,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<BodyState>,
    /// What is known of it from the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mirror: Option<MirrorState>,
    /// What is known of its faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) faults: Option<FaultState>,
}

#[derive(Deserialize)]
struct Header {
    version: u32,
}

impl Snapshot {
    /// The instant of the last tick before it was taken; the start of the run if there was none.
    pub fn time(&self) -> Time {
        self.time
    }

    /// The snapshot as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("snapshots are plain data with keys that are words or numbers")
    }

    /// Reads what [`Self::to_json`] wrote.
    ///
    /// # Errors
    /// [`SnapshotError::Version`] for a snapshot of another version, [`SnapshotError::Unreadable`] for anything else that
    /// is none.
    pub fn from_json(text: &str) -> Result<Self, SnapshotError> {
        let read = serde_json::from_str::<Self>(text);
        // What another version wrote will hardly have the same fields: the number tells best what is wrong.
        let version = match &read {
            Ok(snapshot) => Some(snapshot.version),
            Err(_) => serde_json::from_str(text).ok().map(|Header { version }| version),
        };
        match version {
            Some(version) if version != VERSION => Err(SnapshotError::Version { version }),
            _ => read.map_err(SnapshotError::Unreadable),
        }
    }

    /// The same snapshot, but what comes from outside after it is what `journal` says of later ticks: for a replay from
    /// here on. Inputs that no tick had taken yet are part of the snapshot, and of the journal of the run it was taken of.
    #[must_use]
    pub fn with_inputs(mut self, journal: &Journal) -> Self {
        let is_to_come = |entry: &&JournalEntry| entry.tick > self.time || (!self.is_begun && entry.tick == self.time);
        self.inputs = journal.entries().iter().filter(is_to_come).cloned().collect();
        self
    }

    /// The cores in id order.
    pub(crate) fn cores(&self) -> impl Iterator<Item = &AnyCore> {
        self.participants.values().map(|saved| &saved.core)
    }

    /// Checks that the same participants, sites and portfolios are in `plan`, and that it runs on after the snapshot.
    pub(crate) fn check(&self, plan: &Plan) -> Result<(), SnapshotError> {
        if self.version != VERSION {
            return Err(SnapshotError::Version { version: self.version });
        }
        let ids = plan.participants.iter().map(|participant| participant.id.as_str());
        named::check_same("participant", ids, self.participants.keys())?;
        for (participant, saved) in plan.participants.iter().zip(self.participants.values()) {
            let (in_plan, in_snapshot) = (participant.role.kind(), saved.core.kind());
            if in_plan != in_snapshot {
                return Err(SnapshotError::OtherKind { id: participant.id.clone(), in_plan, in_snapshot });
            }
        }
        named::check_same("site", plan.sites.iter().map(|site| site.name.as_str()), self.sites.keys())?;
        named::check_same("portfolio", plan.portfolios.iter().map(String::as_str), self.portfolios.keys())?;
        if self.time < plan.start || plan.end < self.time {
            return Err(SnapshotError::OutsideTheRun { time: self.time, start: plan.start, end: plan.end });
        }
        Ok(())
    }
}
