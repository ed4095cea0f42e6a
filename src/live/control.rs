//! What the API asks of the thread that runs the twin: to show a participant, to pass time in another way, to take a
//! snapshot.

use super::clock::LiveClock;
use super::faces::Faces;
use super::plant::{Plant, wall_clock};
use crate::error::Error;
use api::{Call, Clock, Inspection, PaceWish, SnapshotView};
use serde_json::{Value, json};
use std::fs;
use tracing::info;

impl Plant {
    /// Does what the API asks for, between two ticks.
    pub(super) fn take_calls(&mut self, faces: &Faces, clock: &mut LiveClock) -> Result<(), Error> {
        let mut calls = Vec::new();
        faces.calls(|call| calls.push(call));
        for call in calls {
            match call {
                Call::Request(request) => self.asked.push(request),
                Call::Inspect { id, reply } => {
                    if let Some(inspection) = self.inspect(&id) {
                        reply.send(inspection);
                    }
                }
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
        if let Err(problem) = clock.set(wish, wall, now) {
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
        let commands = core.pointer("/commands/commands").cloned().unwrap_or(Value::Null);
        let faults = match take("faults") {
            Value::Null => json!([]),
            faults => faults,
        };
        Some(Inspection { core, body, commands, faults, mirror, is_out: kernel.is_out(id) })
    }
}
