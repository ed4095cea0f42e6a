//! The contract between a participant's core and whoever runs it.

use crate::command::CommandBook;
use crate::id::{Kind, ParticipantId};
use crate::mail::{Mail, Message};
use crate::record::{Event, EventCode, Record};
use crate::time::{Now, Time};
use market::Energy;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// A participant's mind: senses, takes its mail, decides.
///
/// A core is plain data. It is stepped by a host in mail rounds: in round 0 of a tick when it is due, in
/// later rounds when it has mail or asked to be woken when quiet. What it does depends on its own state,
/// `now`, `sense` and `inbox` alone, so that a host may discard it, restore the copy committed after an
/// earlier step, and repeat the step with the same outcome.
pub trait Core: Clone + Debug + Send + Sync + Serialize + DeserializeOwned + 'static {
    /// What the participant is.
    const KIND: Kind;

    /// What this participant can sense: its own body and the meters it may read, nothing else.
    type Sense: Clone + Debug + Default + Send + Sync + 'static;

    /// How the body shall behave from now on: a control mode that the physics evaluates.
    ///
    /// The default is the safe intent, in force until the first step and after quarantine.
    type Intent: Clone + Debug + Default + PartialEq + Send + Serialize + DeserializeOwned + 'static;

    /// One step at `now`: reads `sense` and `inbox` (sorted by sender, then sequence), writes mail and rows to `out`,
    /// and returns the intent that holds from now.
    fn step(&mut self, now: Now, sense: &Self::Sense, inbox: &[Mail], out: &mut Outbox) -> Self::Intent;

    /// When the participant wants to be stepped next, asked after each step.
    fn next_wake(&self, now: Now) -> Wake;

    /// The commands it has taken, of a device that takes any.
    fn command_book(&self) -> Option<&CommandBook> {
        None
    }
}

/// When a participant is due besides on mail and on what happens to its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// In round 0 of the first tick at or after this instant (after the present tick).
    At(Time),
    /// In this tick, once no mail is left and no earlier stage waits; what it sends opens further rounds.
    WhenQuiet(Stage),
    /// Only when mail arrives or its body calls.
    OnMail,
}

impl Wake {
    /// The earlier of two wishes to be woken at an instant; "when quiet" comes first of all.
    pub fn or_at(self, time: Option<Time>) -> Self {
        match (self, time) {
            (Self::At(wake), Some(time)) => Self::At(wake.min(time)),
            (Self::OnMail, Some(time)) => Self::At(time),
            (wake, _) => wake,
        }
    }
}

/// The order in which those who wait for quiet are woken: plans are made before books are cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Reports are in: energy managers plan.
    Plan,
    /// Orders are in: market operators clear.
    Clear,
}

/// What a meter shows at the instant of a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
pub struct MeterReading {
    /// Mean net power over the last interval, consumption positive.
    pub power_kw: f64,
    /// Register of imported energy since the start of the run, whole watt-hours.
    pub imported: Energy,
    /// Register of exported energy since the start of the run, whole watt-hours.
    pub exported: Energy,
}

/// Where a core puts what it sends and what it wants recorded.
///
/// One outbox serves a whole round; the host names the sender before each step.
#[derive(Debug)]
pub struct Outbox {
    from: ParticipantId,
    /// Messages in the order sent.
    pub mail: Vec<Mail>,
    /// Rows for the results, in the order recorded.
    pub records: Vec<Record>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { from: ParticipantId::OUTSIDE, mail: Vec::new(), records: Vec::new() }
    }
}

impl Outbox {
    /// An empty outbox in which `from` is the sender.
    pub fn of(from: ParticipantId) -> Self {
        Self { from, ..Self::default() }
    }

    /// Makes `from` the sender of what follows.
    pub fn begin(&mut self, from: ParticipantId) {
        self.from = from;
    }

    /// Who is sending.
    pub fn sender(&self) -> ParticipantId {
        self.from
    }

    /// Sends `message` to `to`; it arrives in the next mail round.
    pub fn send(&mut self, to: ParticipantId, message: Message) {
        self.mail.push(Mail { to, from: self.from, message });
    }

    /// Records a row for the results.
    pub fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Records an event of the stepping participant.
    pub fn event(&mut self, now: Now, code: EventCode, detail: impl Into<String>) {
        let event = Event { time: now.time, participant: self.from, code, detail: detail.into() };
        self.records.push(Record::Event(event));
    }
}
