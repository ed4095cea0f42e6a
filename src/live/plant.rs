//! The plant: the kernel with its actors, on the clock, between its faces and its place.

use super::clock::LiveClock;
use super::desk::Desk;
use super::error::LiveError;
use super::faces::Faces;
use super::pulse::Pulse;
use super::view::{Shown, View};
use crate::error::Error;
use crate::inputs::Inputs;
use crate::live::args::Retention;
use crate::live::place::{Head, Place};
use crate::snapshot::{KeptScenario, SnapshotFile};
use agents::face::{Answer, Request, Verdict};
use agents::record::{Catalogue, Event, EventCode, IntervalRows, Record, Recorder};
use agents::{MeterId, Span, Time};
use results::{RunWriter, Status};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tracing::{debug, info, warn};
use twin::{Input, Journal, JournalEntry, Kernel, LiveHost, Pace, Pacer, Turn};

/// How long it sleeps at most before it looks around.
const LOOK_AROUND: Span = Span(100);

/// Events of one kind in one tick that are told one by one; more are told together.
const MOST_ALIKE: usize = 3;
/// How long a tick that nobody waits for gives way to a face that lags.
const GIVE_WAY: Duration = Duration::from_millis(100);

/// How often it logs how it does.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// A live twin under way.
pub(super) struct Plant {
    pub(super) inputs: Inputs,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) kernel: Kernel,
    pub(super) host: LiveHost,
    pub(super) desk: Desk,
    /// What was asked through the API since the last tick.
    pub(super) asked: Vec<Request>,
    pub(super) place: Place,
    pub(super) head: Head,
    pub(super) stretch: Stretch,
    pub(super) pulse: Pulse,
    pub(super) view: Option<View>,
    pub(super) rules: Rules,
}

/// How a live twin keeps itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) catch_up: Span,
    pub(super) snapshot_every: Span,
    pub(super) retention: Retention,
}

/// The results from one snapshot to the next.
pub(super) struct Stretch {
    start: Time,
    writer: RunWriter,
}

impl Stretch {
    /// Results from `start` on; what was written of them before a kill is written again.
    pub(super) fn begin(start: Time, inputs: &Inputs, place: &Place, catalogue: &Catalogue) -> Result<Self, Error> {
        let host = "live";
        let info = results::RunInfo { start, ..inputs.info(inputs.id(host), host) };
        Ok(Self { start, writer: RunWriter::overwrite(&place.results(start), info, catalogue)? })
    }
}

/// Takes the rows of a tick to all who want them.
struct Tap<'a> {
    writer: &'a mut RunWriter,
    /// None while the past is lived through once more.
    faces: Option<&'a Faces>,
    catalogue: &'a Catalogue,
    view: Option<&'a View>,
}

impl Recorder for Tap<'_> {
    fn record(&mut self, rows: &IntervalRows<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.writer.record(rows)?;
        let Some(faces) = self.faces else { return Ok(()) };
        faces.publish(rows);
        let events: Vec<&Event> = rows.records.iter().filter_map(event).collect();
        for code in events.iter().map(|event| event.code).collect::<BTreeSet<_>>() {
            let alike: Vec<&Event> = events.iter().copied().filter(|event| event.code == code).collect();
            if alike.len() > MOST_ALIKE {
                let names: Vec<&str> = alike.iter().take(MOST_ALIKE).map(|event| self.name(event)).collect();
                let who = format!("{} participants", alike.len());
                self.tell(alike[0].time, &who, code, &format!("{}, … (the table `events` has all)", names.join(", ")));
            } else {
                alike.into_iter().for_each(|event| self.tell(event.time, self.name(event), code, &event.detail));
            }
        }
        Ok(())
    }
}

fn event(record: &Record) -> Option<&Event> {
    if let Record::Event(event) = record { Some(event) } else { None }
}

impl Tap<'_> {
    fn name(&self, event: &Event) -> &str {
        self.catalogue.participant(event.participant)
    }

    fn tell(&self, time: Time, participant: &str, code: EventCode, detail: &str) {
        match code {
            EventCode::Quarantined
            | EventCode::MailUndeliverable
            | EventCode::MailCarriedOver
            | EventCode::MirrorDiverged
            | EventCode::MirrorStale => warn!(%time, participant, code = code.as_str(), "{detail}"),
            EventCode::InputTaken => debug!(%time, participant, code = code.as_str(), "{detail}"),
            _ => info!(%time, participant, code = code.as_str(), "{detail}"),
        }
        if let Some(view) = self.view {
            view.event(time, participant, code.as_str(), detail);
        }
    }
}

impl Plant {
    /// Lives through what the journal holds beyond the snapshot that was restored, up to the last tick that was done: the
    /// same rows as the first time. Nobody outside hears of it.
    pub(super) fn live_again(&mut self, until: Time, mut journal: Journal, stop: &AtomicBool) -> Result<(), Error> {
        let from = self.kernel.now();
        let mut entries = journal.take().into_iter().peekable();
        while self.kernel.now() < until && !self.kernel.is_over() && !stop.load(Ordering::Relaxed) {
            let next = self.kernel.next_tick();
            while let Some(entry) = entries.next_if(|entry| entry.tick <= next) {
                self.desk.recall(&entry, &self.inputs.plan);
            }
            let mut tap = Tap { writer: &mut self.stretch.writer, faces: None, catalogue: &self.catalogue, view: None };
            self.kernel.tick(&mut self.host, &mut tap)?;
            // They were told the first time.
            drop(self.desk.answers(&self.kernel, &self.host));
        }
        // It is on the disk already.
        self.kernel.journal_mut().take();
        if from < self.kernel.now() {
            info!(%from, until = %self.kernel.now(), "the time since the last snapshot was lived through once more");
        }
        Ok(())
    }

    /// Lives until it is interrupted or its time is over, then rests in a snapshot.
    pub(super) fn live(mut self, faces: Faces, interrupted: &AtomicBool) -> Result<(), Error> {
        let pacer = Pacer::new(self.head.pace, self.head.anchor, self.inputs.plan.tick, self.rules.catch_up);
        let mut clock = LiveClock::new(pacer);
        faces.tell_clock(self.clock(&clock));
        let outcome = self.tick_on(&faces, &mut clock, interrupted);
        clock.give_up_steps("the twin stops");
        if let Some(view) = &mut self.view {
            view.close();
        }
        let outcome = outcome.and_then(|()| self.snapshot());
        let mut late = Vec::new();
        let outcome = outcome.and(self.take_calls(&faces, &mut clock));
        self.requests(&faces, |face, Request { id, reply_to, .. }| {
            let reason = Some("the twin is about to stop: send it again when it is back".into());
            late.push((face, Answer { id, reply_to, verdict: Verdict::Refused, reason }));
        });
        faces.answer(late);
        self.log("at rest", &faces, &clock.pacer);
        faces.stop();
        outcome?;
        // The stretch that has just begun has no rows.
        let Self { stretch: Stretch { start, writer }, place, .. } = self;
        drop(writer);
        Ok(place.remove_results(start)?)
    }

    fn tick_on(&mut self, faces: &Faces, clock: &mut LiveClock, interrupted: &AtomicBool) -> Result<(), Error> {
        let mut logged = Instant::now();
        while !interrupted.load(Ordering::Relaxed) && !self.kernel.is_over() {
            self.take_calls(faces, clock)?;
            // What is left of a gap is passed before anything is due by the clock again.
            let turn = if self.kernel.is_skipping() && !clock.is_paused {
                Some(Turn::Go)
            } else {
                clock.turn(wall_clock(), self.kernel.now(), self.kernel.next_tick())
            };
            match turn {
                None => faces.wait(LOOK_AROUND),
                Some(Turn::Wait(span)) => faces.wait(span.min(LOOK_AROUND)),
                Some(Turn::Go) => {
                    if clock.is_free_running() {
                        give_way(faces);
                    }
                    self.tick(faces, clock)?;
                }
                Some(Turn::Skip(until)) => {
                    let behind_s = (until - self.kernel.now()).seconds();
                    warn!(now = %self.kernel.now(), %until, behind_s, "too far behind the clock: the gap is passed in ticks of a market slot");
                    self.kernel.skip(until);
                    self.place.append(&self.kernel.journal_mut().take())?;
                }
                Some(Turn::SetBack(by)) => {
                    warn!(
                        by_s = by.seconds(),
                        "the wall clock was set back: the twin's time goes on, ahead of it until it has come as far"
                    );
                }
            }
            if self.place.is_snapshot_wanted() {
                self.snapshot()?;
                self.place.snapshot_is_taken();
            }
            self.show(faces, &clock.pacer);
            if logged.elapsed() >= LOG_EVERY {
                logged = Instant::now();
                self.log("under way", faces, &clock.pacer);
            }
        }
        Ok(())
    }

    fn log(&self, what: &'static str, faces: &Faces, pacer: &Pacer) {
        let (ticks, restarts, (taken, refused)) = (self.pulse.ticks(), self.host.restarts(), self.desk.counts());
        let (late, latest_ms) = (pacer.late(), pacer.latest().0);
        info!(now = %self.kernel.now(), ticks, late, latest_ms, restarts, taken, refused, "{what}");
        faces.log();
    }

    /// One tick: inputs are journaled, then taken, then answered.
    fn tick(&mut self, faces: &Faces, clock: &mut LiveClock) -> Result<(), Error> {
        let begun = Instant::now();
        self.take_inputs(faces)?;
        let mut tap = Tap {
            writer: &mut self.stretch.writer,
            faces: Some(faces),
            catalogue: &self.catalogue,
            view: self.view.as_ref(),
        };
        self.kernel.tick(&mut self.host, &mut tap)?;
        // Those who failed in this tick.
        self.place.append(&self.kernel.journal_mut().take())?;
        faces.answer(self.desk.answers(&self.kernel, &self.host));
        self.place.reach(self.kernel.now())?;
        self.pulse.beat(begun.elapsed());
        faces.tell_clock(self.clock(clock));
        clock.ticked(|clock| self.clock(clock));
        if self.kernel.now() >= self.stretch.start.next_multiple(self.rules.snapshot_every) {
            self.snapshot()?;
        }
        Ok(())
    }

    /// Takes what the faces were asked since the last time, each with the name of its face.
    fn requests(&mut self, faces: &Faces, mut take: impl FnMut(&'static str, Request)) {
        faces.requests(&mut take);
        self.asked.drain(..).for_each(|request| take("api", request));
    }

    fn take_inputs(&mut self, faces: &Faces) -> Result<(), Error> {
        let mut requests = Vec::new();
        self.requests(faces, |face, request| requests.push((face, request)));
        let (plan, kernel, desk) = (&self.inputs.plan, &mut self.kernel, &mut self.desk);
        faces.readings(|reading| {
            let asset = plan.participants[reading.asset.index()].id.clone();
            let input = Input::Reading { asset, quantity: reading.quantity, value: reading.value, time: reading.time };
            if let Err(error) = kernel.submit(input) {
                warn!(%error, "a reading of the field was not taken");
            }
        });
        let mut answers = Vec::new();
        for (face, request) in requests {
            let asked = request.asked.clone();
            let Some((face, answer)) = desk.receive(face, request, plan, kernel) else { continue };
            if answer.verdict == Verdict::Refused {
                let (target, id, reason) = (asked.target(), answer.id.as_deref(), answer.reason.as_deref());
                warn!(face, target, %asked, id, reason, "a request was refused");
            }
            answers.push((face, answer));
        }
        let entries: Vec<JournalEntry> = kernel.journal_mut().take();
        self.place.append(&entries)?;
        faces.answer(answers);
        Ok(())
    }

    /// Completes the results so far, writes the state down, and begins the next stretch of results.
    pub(super) fn snapshot(&mut self) -> Result<(), Error> {
        let now = self.kernel.now();
        if now <= self.stretch.start {
            return Ok(());
        }
        let begun = Instant::now();
        let next = Stretch::begin(now, &self.inputs, &self.place, &self.catalogue)?;
        let ended = std::mem::replace(&mut self.stretch, next);
        ended.writer.finish(Status::Complete)?;
        self.place.secure_results(ended.start)?;
        write_snapshot(&self.inputs, &self.place, &mut self.kernel, &self.host, &self.desk)?;
        self.place.open_journal(now)?;
        self.place.thin_out(now, &self.rules.retention)?;
        self.pulse.snapshot = Some(now);
        let ms = begun.elapsed().as_millis() as u64;
        info!(time = %now, ms, path = %self.place.snapshot(now).display(), "snapshot");
        Ok(())
    }

    fn show(&mut self, faces: &Faces, pacer: &Pacer) {
        let Some(view) = &mut self.view else { return };
        let (kernel, head, place) = (&self.kernel, &self.head, &self.place);
        let (pulse, restarts, (taken, refused)) = (&self.pulse, self.host.restarts(), self.desk.counts());
        view.show(|| Shown {
            name: head.name.clone(),
            now: kernel.now(),
            pace: pace_text(head.pace),
            clock: format!("clock   late {} (at most {} ms)  {pulse}", pacer.late(), pacer.latest().0),
            plant: format!(
                "plant   {:.1} kW net  commands {taken} taken, {refused} refused  actors replaced {restarts}",
                kernel.world().meter(MeterId::Island).power_kw
            ),
            faces: faces.lines(),
            place: match pulse.snapshot {
                Some(time) => format!("place   {}  last snapshot {time}", place.dir().display()),
                None => format!("place   {}", place.dir().display()),
            },
        });
    }
}

/// Lets a face that lags catch up; nobody waits for the tick.
fn give_way(faces: &Faces) {
    let begun = Instant::now();
    while faces.are_lagging() && begun.elapsed() < GIVE_WAY {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Writes the state of a twin to its place.
pub(super) fn write_snapshot(
    inputs: &Inputs,
    place: &Place,
    kernel: &mut Kernel,
    host: &LiveHost,
    desk: &Desk,
) -> Result<(), LiveError> {
    let state = kernel.save(host);
    SnapshotFile::new(KeptScenario::of(inputs), desk.answered(), state).write(&place.snapshot(kernel.now()))
}

/// The wall clock.
pub(crate) fn wall_clock() -> Time {
    // A clock before 1970 is not set: the pacer treats it as one that was set back.
    Time(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}

fn pace_text(pace: Pace) -> String {
    match pace {
        Pace::FlatOut => "as fast as it goes".into(),
        Pace::Clock(1.0) => "wall clock".into(),
        Pace::Clock(speed) => format!("{speed} times the wall clock"),
    }
}
