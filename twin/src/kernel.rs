//! The kernel: the tick contract, one piece of code for both hosts.
//!
//! Tick *k* is the instant `t_k`. Inputs that arrived are taken; bodies advance over `[t_{k−1}, t_k)` under the intents in
//! force; participants sense and write mail in rounds until all is quiet; rows are recorded with `time = t_{k−1}`.

mod deeds;
mod links;
mod saved;

pub use deeds::ActOutcome;

use crate::host::{Effects, Host, Round};
use crate::journal::{Input, Journal, JournalEntry};
use crate::mailroom::{self, Due, Wakes};
use crate::world::World;
use agents::command::Command;
use agents::face::{FieldReading, Origin};
use agents::fault::FaultKind;
use agents::reading::{Signal, SignalReading};
use agents::record::{Event, EventCode, IntervalRows, Record, Recorder};
use agents::{Calendar, Mail, Message, Now, ParticipantId, Span, Time};
use deeds::Deed;
use scenarios::Plan;
use std::collections::VecDeque;
use std::error::Error;

/// Most mail rounds in one tick; mail of later ones is carried to the next tick, with an event.
pub const MAX_ROUNDS: u32 = 64;

/// Runs the ticks of one world.
pub struct Kernel {
    world: World,
    ids: Vec<String>,
    calendar: Calendar,
    now: Time,
    end: Time,
    tick: Span,
    slot: Span,
    /// Until when ticks are as long as a market slot.
    skip_until: Option<Time>,
    is_begun: bool,
    wakes: Wakes,
    is_out: Vec<bool>,
    /// What the inputs of this tick do at its end.
    deeds: Vec<Deed>,
    /// What became of those of the last tick.
    act_outcomes: Vec<ActOutcome>,
    /// Commands of the outside that bad links lost in the last tick.
    lost_commands: Vec<(ParticipantId, Command, FaultKind)>,
    /// Mail for the next round.
    mail: Vec<Mail>,
    /// What slow links hold, and when it arrives, in the order sent.
    late_mail: Vec<(Time, Mail)>,
    records: Vec<Record>,
    signals: [Option<f64>; Signal::ALL.len()],
    journal: Journal,
    pending: VecDeque<JournalEntry>,
    /// Quarantines that a replayed journal has in store for this tick.
    replayed_failures: Vec<(u32, ParticipantId)>,
    buffers: Buffers,
}

fn by(origin: &Option<Origin>) -> String {
    origin.as_ref().map_or(String::new(), |Origin { face, id }| format!(", {face} {id:?}"))
}

#[derive(Default)]
struct Buffers {
    due: Vec<Due>,
    recipients: Vec<Due>,
    inboxes: Vec<Mail>,
    effects: Effects,
    signals: Vec<SignalReading>,
    /// Those who failed in this round of the replayed journal.
    held_back: Vec<ParticipantId>,
}

/// Why a run can not go on.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The host is broken.
    #[error("the host failed at {time}: {source}")]
    Host {
        /// The tick.
        time: Time,
        /// What the host says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Rows could not be kept.
    #[error("results could not be written at {time}: {source}")]
    Recorder {
        /// The tick.
        time: Time,
        /// What the recorder says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An input names nobody, or a reading somebody who is no asset.
    #[error("there is no participant `{0}` in this scenario that this could be for")]
    UnknownTarget(String),
    /// Something that can not be done to this participant.
    #[error("{target}: {reason}")]
    Impossible {
        /// Whom or what it was about.
        target: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A journal begins before the run, or holds inputs of a tick already past.
    #[error("the journal holds an input for {entry}, but the run is at {now}: replay it from its own start")]
    JournalTooEarly {
        /// Tick of the entry.
        entry: Time,
        /// Present tick.
        now: Time,
    },
}

impl Kernel {
    /// A kernel at the start of `plan`, with its world.
    pub fn new(plan: &Plan) -> Self {
        let participants = plan.participants.len();
        Self {
            world: World::new(plan),
            ids: plan.participants.iter().map(|participant| participant.id.clone()).collect(),
            calendar: plan.calendar,
            now: plan.start,
            end: plan.end,
            tick: plan.tick,
            slot: plan.slot,
            skip_until: None,
            is_begun: false,
            wakes: Wakes::new(participants),
            is_out: vec![false; participants],
            deeds: Vec::new(),
            act_outcomes: Vec::new(),
            lost_commands: Vec::new(),
            mail: Vec::new(),
            late_mail: Vec::new(),
            records: Vec::new(),
            signals: [None; Signal::ALL.len()],
            journal: Journal::default(),
            pending: VecDeque::new(),
            replayed_failures: Vec::new(),
            buffers: Buffers::default(),
        }
    }

    /// The world, for those who look at it between ticks.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world, for a host that settles in it.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// The instant of the last tick.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Whether a participant failed and was put out.
    pub fn is_out(&self, id: ParticipantId) -> bool {
        self.is_out[id.index()]
    }

    /// Whether the run has reached its end.
    pub fn is_over(&self) -> bool {
        self.now >= self.end
    }

    /// The instant of the next tick: a multiple of the tick's length, or the end of the run.
    pub fn next_tick(&self) -> Time {
        let next = match self.skip_until {
            Some(until) => self.now.next_multiple(self.slot).min(until),
            None => self.now.next_multiple(self.tick),
        };
        next.min(self.end)
    }

    /// What came from outside so far, but for what was taken out.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The journal, for a run without end that keeps it elsewhere.
    pub fn journal_mut(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// Passes the time until `until`, a multiple of the tick's length, in ticks of a market slot: what a clock does that is
    /// too far behind. The world lives through it; it is journaled, and an event.
    pub fn skip(&mut self, until: Time) {
        let until = until.min(self.end);
        self.journal.insert(self.now, Input::Skip { until });
        self.begin_skip(until);
    }

    /// Whether the next tick is one of those of a gap that is passed.
    pub fn is_skipping(&self) -> bool {
        self.skip_until.is_some_and(|until| self.now < until)
    }

    fn begin_skip(&mut self, until: Time) {
        let behind = until - self.now;
        let detail = format!("{} s behind: passed in ticks of {} s", behind.seconds(), self.slot.seconds());
        self.note(ParticipantId::OUTSIDE, EventCode::ClockReanchored, detail);
        self.skip_until = Some(until);
    }

    /// Takes an external input for the next tick, journals it, and returns that tick's instant.
    ///
    /// # Errors
    /// [`KernelError::UnknownTarget`]; nothing is journaled then.
    pub fn submit(&mut self, input: Input) -> Result<Time, KernelError> {
        self.examine(&input)?;
        let tick = if self.is_begun { self.next_tick() } else { self.now };
        self.enter(tick, input);
        Ok(tick)
    }

    /// Takes the inputs of a journal, each for the tick that took it first.
    ///
    /// # Errors
    /// [`KernelError::JournalTooEarly`] or [`KernelError::UnknownTarget`]; nothing is taken then.
    pub fn replay(&mut self, journal: &Journal) -> Result<(), KernelError> {
        for entry in journal.entries() {
            self.examine(&entry.input)?;
            // A skip is stamped with the tick after which it begins.
            let is_taken = self.is_begun && entry.tick == self.now && !matches!(entry.input, Input::Skip { .. });
            if entry.tick < self.now || is_taken {
                return Err(KernelError::JournalTooEarly { entry: entry.tick, now: self.now });
            }
        }
        for JournalEntry { tick, input } in journal.entries() {
            self.enter(*tick, input.clone());
        }
        Ok(())
    }

    /// Journals an input and keeps it for its tick, after all others of that tick: a replayed journal may hold later ones.
    fn enter(&mut self, tick: Time, input: Input) {
        self.journal.insert(tick, input.clone());
        let place = self.pending.partition_point(|entry| entry.tick <= tick);
        self.pending.insert(place, JournalEntry { tick, input });
    }

    fn examine(&self, input: &Input) -> Result<(), KernelError> {
        match input {
            Input::Command { target, .. } => self.find(target).map(|_| ()),
            Input::Reading { asset, .. } | Input::Release { asset } => self.find_asset(asset).map(|_| ()),
            Input::Act { target, act, .. } => {
                let kind = self.world.kind(self.find(target)?);
                act.examine(kind, self.now).map_err(|reason| KernelError::Impossible { target: target.clone(), reason })
            }
            Input::Signal { held, .. } => held
                .examine(self.now)
                .map_err(|reason| KernelError::Impossible { target: held.signal.as_str().into(), reason }),
            Input::Skip { .. } => Ok(()),
            Input::Quarantine { participant, .. } if participant.index() < self.ids.len() => Ok(()),
            Input::Quarantine { participant, .. } => Err(KernelError::UnknownTarget(participant.0.to_string())),
        }
    }

    fn find(&self, id: &str) -> Result<ParticipantId, KernelError> {
        let found = self.ids.binary_search_by(|other| other.as_str().cmp(id));
        found.map(|index| ParticipantId(index as u32)).map_err(|_| KernelError::UnknownTarget(id.into()))
    }

    fn find_asset(&self, id: &str) -> Result<ParticipantId, KernelError> {
        let found = self.find(id)?;
        if self.world.is_asset(found) { Ok(found) } else { Err(KernelError::UnknownTarget(id.into())) }
    }

    /// Runs one tick on `host` and gives its rows to `recorder`. The first call also runs the mail rounds of the start; when
    /// the run is over nothing happens.
    ///
    /// # Errors
    /// [`KernelError`] when host or recorder fails; the run is over then.
    pub fn tick<H: Host>(&mut self, host: &mut H, recorder: &mut dyn Recorder) -> Result<(), KernelError> {
        self.act_outcomes.clear();
        self.lost_commands.clear();
        if !self.is_begun {
            self.world.begin_faults(self.now);
            self.take_inputs();
            self.do_deeds(0);
            self.mail_rounds(host)?;
            self.is_begun = true;
        }
        if self.is_over() {
            return Ok(());
        }
        self.take_skips();
        let start = self.now;
        self.now = self.next_tick();
        self.skip_until = self.skip_until.filter(|until| self.now < *until);
        self.bring_late_mail();
        let known = self.mail.len();
        self.take_inputs();
        self.world.advance(start, self.now);
        self.do_deeds(known);
        self.note_the_mirror();
        self.read_signals();
        self.mail_rounds(host)?;
        self.record(start, recorder)
    }

    /// Takes the skips of a replayed journal that begin now; the last tick is recorded by then, as it was when they came.
    fn take_skips(&mut self) {
        while let Some(&JournalEntry { tick, input: Input::Skip { until } }) = self.pending.front()
            && tick <= self.now
        {
            self.pending.pop_front();
            self.begin_skip(until);
        }
    }

    fn take_inputs(&mut self) {
        let is_due = |entry: &JournalEntry, now| entry.tick <= now && !matches!(entry.input, Input::Skip { .. });
        while self.pending.front().is_some_and(|entry| is_due(entry, self.now)) {
            let Some(JournalEntry { input, .. }) = self.pending.pop_front() else { return };
            match input {
                Input::Command { target, command, origin } => {
                    let to = self.find(&target).expect("targets were examined when the input was submitted");
                    let Command { directive, priority, expires, .. } = &command;
                    let detail = format!("{directive}, priority {priority}, until {expires}{}", by(&origin));
                    self.note(to, EventCode::InputTaken, detail);
                    let message = Message::Command(command);
                    self.mail.push(Mail { to, from: ParticipantId::OUTSIDE, message });
                }
                Input::Act { target, act, origin } => {
                    let to = self.find(&target).expect("targets were examined when the input was submitted");
                    self.note(to, EventCode::InputTaken, format!("{act}{}", by(&origin)));
                    self.deeds.push(Deed::Act { to, act, origin });
                }
                Input::Signal { held, origin } => {
                    self.note(ParticipantId::OUTSIDE, EventCode::InputTaken, format!("{held}{}", by(&origin)));
                    self.deeds.push(Deed::Signal { held });
                }
                Input::Reading { asset, quantity, value, time } => {
                    let asset = self.find(&asset).expect("assets were examined when the input was submitted");
                    self.world.take_reading(self.now, FieldReading { asset, quantity, value, time });
                }
                Input::Release { asset } => {
                    let asset = self.find(&asset).expect("assets were examined when the input was submitted");
                    self.world.release(asset);
                }
                Input::Quarantine { participant, round } => self.replayed_failures.push((round, participant)),
                Input::Skip { .. } => {}
            }
        }
    }

    /// What became of mirrored assets until the end of the interval.
    fn note_the_mirror(&mut self) {
        for (asset, code, detail) in self.world.take_mirror_events() {
            self.note(asset, code, detail);
        }
    }

    /// Signals that held during the interval: what was told before its end, and the weather.
    fn read_signals(&mut self) {
        let readings = &mut self.buffers.signals;
        readings.clear();
        readings.extend(self.world.weather_signals());
        let told = Signal::ALL.into_iter().zip(self.signals);
        readings.extend(told.filter_map(|(signal, value)| value.map(|value| signal.reading(value))));
    }

    /// Round 0 for all who are due, called or have mail; further rounds for those with mail; when no mail is left, those
    /// who wait for quiet. New intents hold from now.
    fn mail_rounds<H: Host>(&mut self, host: &mut H) -> Result<(), KernelError> {
        let now = Now { time: self.now, calendar: self.calendar };
        for number in 0..MAX_ROUNDS {
            self.collect_due(number);
            if self.buffers.due.is_empty() {
                self.replayed_failures.clear();
                return Ok(());
            }
            self.hold_back_failures(number);
            let mut effects = std::mem::take(&mut self.buffers.effects);
            let round = Round { now, number, due: &self.buffers.due, mail: &self.buffers.inboxes };
            let outcome = host.round(&mut self.world, &round, &mut effects);
            outcome.map_err(|source| KernelError::Host { time: now.time, source: Box::new(source) })?;
            self.bring_about(number, &mut effects);
            self.buffers.effects = effects;
        }
        self.replayed_failures.clear();
        let carried = self.mail.len();
        if carried > 0 || self.wakes.is_anyone_waiting_for_quiet() {
            let detail = format!("{carried} messages after {MAX_ROUNDS} rounds");
            self.note(ParticipantId::OUTSIDE, EventCode::MailCarriedOver, detail);
        }
        Ok(())
    }

    fn collect_due(&mut self, number: u32) {
        self.set_aside_undeliverable();
        let Buffers { due, recipients, inboxes, .. } = &mut self.buffers;
        std::mem::swap(&mut self.mail, inboxes);
        self.mail.clear();
        mailroom::sort(inboxes);
        mailroom::recipients(inboxes, recipients);
        if number == 0 {
            self.wakes.merge_due(self.now, self.world.called(), recipients, due);
        } else {
            std::mem::swap(due, recipients);
        }
        let is_out = &self.is_out;
        due.retain(|due| !is_out[due.id.index()]);
        if due.is_empty() {
            self.wakes.quiet(due);
        }
    }

    /// Lets those sit out who failed in this round when the replayed journal was written; they are put out after it, as
    /// they were then.
    fn hold_back_failures(&mut self, number: u32) {
        let (is_out, held_back) = (&self.is_out, &mut self.buffers.held_back);
        let failed_now = |(round, id): &&(u32, ParticipantId)| *round == number && !is_out[id.index()];
        held_back.clear();
        held_back.extend(self.replayed_failures.iter().filter(failed_now).map(|(_, id)| *id));
        if !held_back.is_empty() {
            self.buffers.due.retain(|due| !held_back.contains(&due.id));
        }
    }

    fn set_aside_undeliverable(&mut self) {
        let is_out = &self.is_out;
        let is_deliverable = |mail: &Mail| is_out.get(mail.to.index()).is_some_and(|is_out| !is_out);
        if self.mail.iter().all(is_deliverable) {
            return;
        }
        let (kept, lost): (Vec<_>, Vec<_>) = self.mail.drain(..).partition(is_deliverable);
        self.mail = kept;
        for mail in lost {
            self.fail_undeliverable(&mail);
            self.note(mail.to, EventCode::MailUndeliverable, format!("{:?}", mail.message));
        }
    }

    fn bring_about(&mut self, number: u32, effects: &mut Effects) {
        for (id, wake) in effects.wakes.drain(..) {
            self.wakes.set(id, wake);
        }
        self.post(&mut effects.outbox.mail);
        for record in effects.outbox.records.drain(..) {
            match record {
                Record::Signal(signal, value) => self.signals[signal as usize] = Some(value),
                Record::ActFailed(act, reason) => self.fail_act(act, reason),
                record => self.records.push(record),
            }
        }
        for id in std::mem::take(&mut self.buffers.held_back) {
            self.put_out(id);
        }
        for id in effects.failed.drain(..) {
            self.journal.insert(self.now, Input::Quarantine { participant: id, round: number });
            self.put_out(id);
        }
    }

    /// Takes a participant out for good: its body follows the safe intent.
    fn put_out(&mut self, id: ParticipantId) {
        self.is_out[id.index()] = true;
        self.wakes.silence(id);
        self.world.make_safe(id);
        self.note(id, EventCode::Quarantined, "failed twice at one step: its body follows the safe intent".into());
    }

    fn note(&mut self, participant: ParticipantId, code: EventCode, detail: String) {
        self.records.push(Record::Event(Event { time: self.now, participant, code, detail }));
    }

    fn record(&mut self, start: Time, recorder: &mut dyn Recorder) -> Result<(), KernelError> {
        let rows = IntervalRows {
            start,
            length: self.now - start,
            assets: self.world.assets(),
            sites: self.world.sites(),
            signals: &self.buffers.signals,
            supply: self.world.supply(),
            mirror: self.world.mirror(),
            faults: self.world.faults(),
            records: &self.records,
        };
        let outcome = recorder.record(&rows);
        self.records.clear();
        outcome.map_err(|source| KernelError::Recorder { time: start, source })
    }
}
