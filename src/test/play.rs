//! Plays a script: a kernel on a clock or on none, its desk, its faces, and the runner of the script.

use super::{Loaded, TestArgs, folder};
use crate::cli::HostKind;
use crate::error::Error;
use crate::live::desk::{Addressed, Desk};
use crate::live::faces::{Connections, Faces};
use crate::live::plant::wall_clock;
use agents::record::{IntervalRows, Recorder};
use agents::{Span, Time};
use results::{RunWriter, Status};
use scenarios::script::{Check, Outcome, Runner};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use twin::{Anchor, Kernel, Pace, Pacer, SweepHost, Turn};

/// Who steps the participants.
pub(super) const HOST: &str = HostKind::Sweep.as_str();
/// The face of scripts, as journals and events name it.
const FACE: &str = "script";
/// How long it sleeps at most before it looks around.
const LOOK_AROUND: Span = Span(100);
/// A script lives through every tick, however late it is.
const CATCH_UP: Span = Span(i64::MAX / 4);

/// What came of a script.
pub(super) struct Played {
    /// What was looked at, in the order of its steps, and how long that took on the wall clock.
    pub(super) checks: Vec<(Check, Duration)>,
    /// What broke, if anything did.
    pub(super) broke: Option<String>,
    /// The twin time that passed.
    pub(super) passed: Span,
    /// How long it took on the wall clock.
    pub(super) took: Duration,
    begun: Instant,
    looked: Instant,
}

impl Played {
    /// Of a script that begins now.
    pub(super) fn begun() -> Self {
        let now = Instant::now();
        let (checks, passed, took) = (Vec::new(), Span::ZERO, Duration::ZERO);
        Self { checks, broke: None, passed, took, begun: now, looked: now }
    }

    /// Of a script that was not begun, and why.
    pub(super) fn none(loaded: &Loaded, why: &str) -> Self {
        let mut played = Self::begun();
        let start = loaded.inputs.plan.start;
        let mut runner = Runner::new(&loaded.script, start);
        runner.skip(start, why);
        played.take(&mut runner, &mut |_| {});
        played
    }

    /// How many checks turned out so.
    pub(super) fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|(check, _)| check.outcome == outcome).count()
    }

    /// Whether an expectation failed, or something broke.
    pub(super) fn has_failed(&self) -> bool {
        self.broke.is_some() || self.count(Outcome::Failed) > 0
    }

    fn take(&mut self, runner: &mut Runner<'_>, tell: &mut dyn FnMut(&Check)) {
        for check in runner.checks() {
            tell(&check);
            let now = Instant::now();
            self.checks.push((check, now - self.looked));
            self.looked = now;
        }
    }

    /// The script is over; steps that were not gone through because something broke are skipped.
    pub(super) fn end(&mut self, loaded: &Loaded, tell: &mut dyn FnMut(&Check)) {
        self.took = self.begun.elapsed();
        if self.checks.len() < loaded.script.steps() {
            let mut rest = Runner::new(&loaded.script, loaded.inputs.plan.start);
            rest.skip(loaded.inputs.plan.start + self.passed, "not reached: something broke before");
            for check in rest.checks().into_iter().skip(self.checks.len()) {
                tell(&check);
                self.checks.push((check, Duration::ZERO));
            }
        }
    }
}

/// Takes the rows of a tick to all who want them.
struct Tap<'a, 's> {
    writer: Option<&'a mut RunWriter>,
    faces: &'a Faces,
    runner: &'a mut Runner<'s>,
}

impl Recorder for Tap<'_, '_> {
    fn record(&mut self, rows: &IntervalRows<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if let Some(writer) = &mut self.writer {
            writer.record(rows)?;
        }
        self.faces.publish(rows);
        self.runner.rows(rows);
        Ok(())
    }
}

/// A script under way.
struct Stage<'a> {
    loaded: &'a Loaded,
    kernel: Kernel,
    host: SweepHost,
    desk: Desk,
    faces: Faces,
    writer: Option<RunWriter>,
    runner: Runner<'a>,
}

/// Plays a script to its end, or until it is interrupted; `tell` is told of everything that was looked at, at once.
pub(super) fn play(
    args: &TestArgs,
    loaded: &Loaded,
    stop: &AtomicBool,
    played: &mut Played,
    tell: &mut dyn FnMut(&Check),
) -> Result<(), Error> {
    let plan = &loaded.inputs.plan;
    let catalogue = Arc::new(plan.catalogue());
    let faces =
        Connections::of_telemetry(&args.mqtt, plan, &loaded.path)?.start(&loaded.inputs, &loaded.path, &catalogue)?;
    let writer = args.out.as_ref().map(|dir| {
        let info = loaded.inputs.info(loaded.id.clone(), HOST);
        RunWriter::overwrite(&dir.join(folder(&loaded.path)), info, &catalogue)
    });
    let mut kernel = Kernel::new(plan);
    let host = SweepHost::new(plan, kernel.world_mut());
    let runner = Runner::new(&loaded.script, plan.start);
    let mut stage = Stage { loaded, kernel, host, desk: Desk::default(), faces, writer: writer.transpose()?, runner };
    let outcome = stage.run(args.speed, stop, played, tell);
    played.passed = stage.kernel.now() - plan.start;
    let status = match &outcome {
        Ok(()) if stop.load(Ordering::Relaxed) => Status::Interrupted,
        Ok(()) => Status::Complete,
        Err(_) => Status::Failed,
    };
    stage.faces.stop();
    let kept = stage.writer.map(|writer| writer.finish(status)).transpose();
    outcome?;
    kept?;
    Ok(())
}

impl Stage<'_> {
    fn run(
        &mut self,
        pace: Pace,
        stop: &AtomicBool,
        played: &mut Played,
        tell: &mut dyn FnMut(&Check),
    ) -> Result<(), Error> {
        let plan = &self.loaded.inputs.plan;
        let anchor = Anchor { wall: wall_clock(), twin: plan.start };
        let mut pacer = Pacer::new(pace, anchor, plan.tick, CATCH_UP);
        while !self.runner.is_over() {
            let now = self.kernel.now();
            if stop.load(Ordering::Relaxed) {
                self.runner.skip(now, super::INTERRUPTED);
            } else if self.kernel.is_over() {
                self.runner.fail(now, "the end of its time (timeout)");
            } else {
                match pacer.turn(wall_clock(), now, self.kernel.next_tick()) {
                    Turn::Wait(span) => std::thread::sleep(Duration::from_millis(span.min(LOOK_AROUND).0 as u64)),
                    // Nothing is ever so far behind that it would be skipped.
                    Turn::Go | Turn::Skip(_) => self.tick()?,
                    Turn::SetBack(_) => {}
                }
            }
            played.passed = self.kernel.now() - plan.start;
            played.take(&mut self.runner, tell);
        }
        Ok(())
    }

    /// One tick: what is asked is taken, then it is answered.
    fn tick(&mut self) -> Result<(), Error> {
        let (plan, kernel, desk) = (&self.loaded.inputs.plan, &mut self.kernel, &mut self.desk);
        let mut refused = Vec::new();
        self.faces.requests(|face, request| refused.extend(desk.receive(face, request, plan, kernel)));
        let tick: Time = kernel.next_tick();
        if let Some(request) = self.runner.request(tick) {
            refused.extend(desk.receive(FACE, request, plan, kernel));
        }
        self.answer(refused);
        let mut tap = Tap { writer: self.writer.as_mut(), faces: &self.faces, runner: &mut self.runner };
        self.kernel.tick(&mut self.host, &mut tap)?;
        let answers = self.desk.answers(&self.kernel, &self.host);
        self.answer(answers);
        Ok(())
    }

    /// Gives answers to whoever asked.
    fn answer(&mut self, answers: Vec<Addressed>) {
        let (own, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(face, _)| *face == FACE);
        own.iter().for_each(|(_, answer)| self.runner.answer(answer));
        self.faces.answer(others);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Loaded, TestArgs, load_one};
    use super::*;

    const HEAD: &str = "version = 1\nname = \"a test\"\nscenario = \"martinique-day\"\n";

    fn args() -> TestArgs {
        let (files, set, mqtt) = (Vec::new(), Vec::new(), crate::live::args::MqttArgs::default());
        let (junit, out, speed, jobs) = (None, None, Pace::FlatOut, 1);
        TestArgs { files, set, junit, out, speed, jobs, fail_fast: false, list: false, mqtt }
    }

    fn loaded(steps: &str) -> Loaded {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("script.toml");
        std::fs::write(&path, format!("{HEAD}{steps}")).expect("the folder can be written to");
        load_one(&path, &[]).expect(steps)
    }

    /// How each step turned out, and what was seen.
    fn told(loaded: &Loaded, stop: bool) -> Vec<(Outcome, String)> {
        let mut played = Played::begun();
        play(&args(), loaded, &AtomicBool::new(stop), &mut played, &mut |_| {}).expect("nothing breaks");
        played.checks.into_iter().map(|(check, _)| (check.outcome, check.saw)).collect()
    }

    #[test]
    fn a_command_acts_in_the_interval_after_the_tick_that_takes_it() {
        let steps = "[[step]]\nat = \"1m\"\nset = \"bat_01\"\nsetpoint_kw = 12.5\n\
                     [[step]]\nexpect = { of = \"bat_01\", what = \"power_kw\", is = 12.5 }\n\
                     [[step]]\nset = \"bat_01\"\nsetpoint_kw = 3\npriority = \"ems\"\nanswer = \"overruled\"\n\
                     [[step]]\nset = \"pv_01\"\nsetpoint_kw = 3\nanswer = \"refused\"\n\
                     [[step]]\nexpect = { event = \"input_taken\", of = \"bat_01\", since = \"1m\" }\n";
        let told = told(&loaded(steps), false);
        assert!(told.iter().all(|(outcome, _)| *outcome == Outcome::Passed), "{told:?}");
        assert_eq!(told[1].1, "12.500");
    }

    #[test]
    fn what_is_interrupted_is_skipped() {
        let steps = "[[step]]\nexpect = { of = \"bat_01\", what = \"power_kw\", above = -60 }\n";
        let told = told(&loaded(steps), true);
        assert_eq!(told, [(Outcome::Skipped, "not reached: interrupted".to_owned())]);
    }

    #[test]
    fn the_end_of_its_time_fails_a_script() {
        let steps = "timeout = \"2m\"\n[[step]]\n\
                     wait = { of = \"bat_01\", what = \"power_kw\", above = 60 }\nwithin = \"1h\"\n";
        let told = told(&loaded(steps), false);
        assert_eq!(told, [(Outcome::Failed, "the end of its time (timeout)".to_owned())]);
    }
}
