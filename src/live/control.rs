//! What the API asks of the thread that runs the twin: to show a participant, to pass time in another way, to take a
//! snapshot.

use super::clock::LiveClock;
use super::faces::Faces;
use super::plant::{Plant, wall_clock};
use crate::error::Error;
use agents::command::{Command, CommandBook};
use agents::face::{Answer, Request, Verdict};
use agents::market_operator::{MarketOperator, MarketView, TraderView};
use agents::{Kind, Now, ParticipantId};
use api::{Call, Clock, Inspection, PaceWish, SnapshotView};
use scenarios::PlannedParticipant;
use serde_json::{Value, json};
use std::fs;
use tracing::info;
use twin::{AnyCore, FaultInForce, Host};

/// How many requests wait for a tick at most.
const MOST_LEFT: usize = 4096;

fn too_many(request: &Request) -> Answer {
    let reason = Some(format!("{MOST_LEFT} requests wait for a tick already: resume the twin, or step"));
    Answer { id: request.id.clone(), reply_to: request.reply_to.clone(), verdict: Verdict::Refused, reason }
}

impl Plant {
    /// Does what the API asks for, between two ticks.
    pub(super) fn take_calls(&mut self, faces: &Faces, clock: &mut LiveClock) -> Result<(), Error> {
        let mut calls = Vec::new();
        faces.calls(|call| calls.push(call));
        for call in calls {
            match call {
                Call::Request(request) => self.asked.push(request),
                Call::Leave { request, reply } => {
                    let known = match self.desk.known("api", &request) {
                        None if self.asked.len() >= MOST_LEFT => Some(too_many(&request)),
                        known => known,
                    };
                    if known.is_none() {
                        self.asked.push(request);
                    }
                    reply.send(known);
                }
                Call::Inspect { id, reply } => {
                    if let Some(inspection) = self.inspect(&id) {
                        reply.send(inspection);
                    }
                }
                Call::Market { reply } => reply.send(self.market()),
                Call::Trader { id, reply } => reply.send(self.trader(&id)),
                Call::SetPace { wish, reply } => {
                    let outcome = self.set_pace(wish, clock)?;
                    faces.tell_clock(self.clock(clock));
                    reply.send(outcome.map(|()| self.clock(clock)));
                }
                Call::Step { ticks, reply } => clock.step(ticks, reply),
                Call::Snapshot { reply } => {
                    self.snapshot()?;
                    reply.send(self.last_snapshot());
                }
            }
        }
        Ok(())
    }

    /// The twin's clock.
    pub(super) fn clock(&self, clock: &LiveClock) -> Clock {
        Clock {
            now: self.kernel.now(),
            tick: self.inputs.plan.tick,
            pace: clock.pacer.pace(),
            is_paused: clock.is_paused,
            ticks: self.pulse.ticks(),
            late_ticks: clock.pacer.late(),
            latest: clock.pacer.latest(),
            last_tick_ms: self.pulse.last_ms(),
            restarts: self.host.restarts(),
        }
    }

    fn set_pace(&mut self, wish: PaceWish, clock: &mut LiveClock) -> Result<Result<(), String>, Error> {
        let (wall, now) = (wall_clock(), self.kernel.now());
        if let Err(problem) = clock.set(wish, wall, [now, self.kernel.next_tick()]) {
            return Ok(Err(problem));
        }
        info!(?wish, %now, "time passes in another way");
        // Whoever comes back later has the clock that is left.
        self.head.pace = clock.pacer.pace();
        self.head.anchor = clock.pacer.anchor();
        self.place.write_head(&self.head)?;
        Ok(Ok(()))
    }

    fn last_snapshot(&self) -> Result<SnapshotView, String> {
        let time = self.pulse.snapshot.ok_or("there is no snapshot yet")?;
        let path = self.place.snapshot(time);
        let bytes = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?.len();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(SnapshotView { name, time, bytes })
    }

    /// How a participant stands; none of one that is unknown.
    fn inspect(&self, id: &str) -> Option<Inspection> {
        let id = self.inputs.plan.participant(id)?;
        let (kernel, host) = (&self.kernel, &self.host);
        let mut saved = kernel.inspect(host, id);
        let mut take = |key: &str| saved.get_mut(key).map_or(Value::Null, Value::take);
        let inner = |value: Value| match value {
            // The kind, around what is of it.
            Value::Object(kind) => kind.into_iter().next().map_or(Value::Null, |(_, value)| value),
            other => other,
        };
        let (core, body, mirror) = (inner(take("core")), inner(take("body")), take("mirror"));
        let faults = kernel.world().fault_states().get(&id).into_iter().flat_map(|state| state.faults());
        let faults = faults.map(fault).collect();
        let book = host.command_book(kernel.world(), id);
        let commands = book.map_or(Value::Null, |book| self.commands(book));
        Some(Inspection { core, body, commands, faults, mirror, is_out: kernel.is_out(id) })
    }

    /// The market operator's core.
    fn operator(&self) -> Option<Box<MarketOperator>> {
        let is_it = |participant: &PlannedParticipant| participant.role.kind() == Kind::MarketOperator;
        let index = self.inputs.plan.participants.iter().position(is_it)?;
        let core = self.host.core(self.kernel.world(), ParticipantId(index as u32));
        if let AnyCore::MarketOperator(operator) = core { Some(operator) } else { None }
    }

    /// What the market shows; none where nothing is traded.
    fn market(&self) -> Option<MarketView> {
        let now = Now { time: self.kernel.now(), calendar: self.inputs.plan.calendar };
        self.operator().map(|operator| operator.view(now))
    }

    /// How a prosumer stands in its market; none of one that does not trade.
    fn trader(&self, id: &str) -> Option<TraderView> {
        let id = self.inputs.plan.participant(id)?;
        let AnyCore::Prosumer(prosumer) = self.host.core(self.kernel.world(), id) else { return None };
        let orders = self.operator()?.orders_of(id);
        Some(TraderView { orders, positions: prosumer.positions().collect() })
    }

    /// The commands of a device that are in force or will be.
    fn commands(&self, book: &CommandBook) -> Value {
        let now = self.kernel.now();
        let view = |command: &Command| {
            let source = self.inputs.plan.participants.get(command.source.index());
            let overruled_by = book.overruled_by(command, now);
            let mut view = json!({
                "command": command.directive.to_string(),
                "directive": &command.directive,
                "priority": command.priority,
                "source": source.map(|source| &source.id),
                "effective": command.effective.to_string(),
                "expires": command.expires.to_string(),
                "status": match overruled_by {
                    Some(_) => "overruled",
                    None if now < command.effective => "waiting",
                    None => "in_force",
                },
            });
            if let Some(priority) = overruled_by {
                view["overruled_by"] = json!(priority);
            }
            view
        };
        book.commands().iter().filter(|command| now < command.expires).map(view).collect()
    }
}

/// A fault of a device: what it is, from when until when, and its name if it is the scenario's.
fn fault(held: FaultInForce<'_>) -> Value {
    let mut view = serde_json::to_value(held.fault).expect("faults are plain data");
    view["since"] = json!(held.since.to_string());
    view["until"] = json!(held.until.map(|until| until.to_string()));
    if let Some(name) = held.name {
        view["name"] = json!(name);
    }
    view
}
