//! `cariflex run`: one scenario, one host, one folder of results.

use crate::cli::{HostKind, RunArgs};
use crate::error::{Error, Outcome};
use crate::fork::Fork;
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::summary;
use agents::Time;
use agents::record::{Catalogue, Recorder};
use results::{RunInfo, RunWriter, Status, Summary};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use twin::{Host, Journal, Kernel, LiveHost, Snapshot, SweepHost};

/// Runs a scenario as the options say, from its start or from a snapshot.
///
/// # Errors
/// [`Error`]; its exit code tells bad input from what broke.
pub fn run(args: &RunArgs) -> Result<Outcome, Error> {
    if args.threads.is_some() && args.host == HostKind::Sweep {
        let problem = "the sweep host runs on one thread: add --host actors, or leave it out".into();
        return Err(Error::Option { option: "--threads", problem });
    }
    let (inputs, from) = match &args.from {
        None => (Inputs::load(&args.scenario)?, None),
        Some(from) => {
            let Fork { inputs, state } = Fork::of(from, args)?;
            (inputs, Some(state))
        }
    };
    let threads = args.threads.unwrap_or(1).into();
    let run = Run { inputs, from, journal: Journal::default(), host: args.host, threads };
    run.to_the_end(args.out.as_deref(), args.overwrite)
}

/// A run: what it is made from, where it begins, and who steps it.
pub(crate) struct Run {
    /// The scenario and its data.
    pub(crate) inputs: Inputs,
    /// The state it goes on from; none: it begins at its start.
    pub(crate) from: Option<Snapshot>,
    /// What comes from outside.
    pub(crate) journal: Journal,
    /// Who steps the participants.
    pub(crate) host: HostKind,
    /// Threads of the actors' runtime.
    pub(crate) threads: usize,
}

impl Run {
    /// Runs to the end or until it is interrupted, leaves the results in `out` (none: a folder named after the run), and
    /// prints what came of it.
    pub(crate) fn to_the_end(&self, out: Option<&Path>, overwrite: bool) -> Result<Outcome, Error> {
        for note in &self.inputs.plan.measured.notes {
            writeln!(std::io::stderr(), "note: {note}")?;
        }
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
        let plan = &self.inputs.plan;
        let mut progress = Progress::new(&plan.name, self.start(), plan.end);
        let outcome = self.record(out, overwrite, &interrupted, |now| progress.tick(now));
        progress.finish();
        let (outcome, summary) = outcome?;
        match summary::print(plan, &summary, &mut std::io::stdout().lock()) {
            // A reader that has seen enough (`| head`) is no failure: the files are whole.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(outcome),
        }
    }

    /// Runs to the end or until it is interrupted, and leaves the results in `out` (none: a folder named after the run);
    /// `ticked` is told the time after every tick.
    pub(crate) fn record(
        &self,
        out: Option<&Path>,
        overwrite: bool,
        interrupted: &AtomicBool,
        ticked: impl FnMut(Time),
    ) -> Result<(Outcome, Summary), Error> {
        let catalogue = self.inputs.plan.catalogue();
        let mut writer = self.open(out, overwrite, &catalogue)?;
        let outcome = self.simulate(&mut writer, interrupted, ticked);
        let status = match &outcome {
            Ok(Outcome::Complete) => Status::Complete,
            Ok(Outcome::Interrupted) => Status::Interrupted,
            Err(_) => Status::Failed,
        };
        let summary = writer.finish(status);
        Ok((outcome?, summary?))
    }

    /// The instant at which it begins.
    pub(crate) fn start(&self) -> Time {
        self.from.as_ref().map_or(self.inputs.plan.start, Snapshot::time)
    }

    fn open(&self, out: Option<&Path>, overwrite: bool, catalogue: &Catalogue) -> Result<RunWriter, Error> {
        let (plan, host) = (&self.inputs.plan, self.host.as_str());
        let id = self.inputs.id(host);
        let info = RunInfo { start: self.start(), ..self.inputs.info(id.clone(), host) };
        match out {
            Some(dir) if overwrite => Ok(RunWriter::overwrite(dir, info, catalogue)?),
            Some(dir) => Ok(RunWriter::create(dir, info, catalogue)?),
            // The name holds the run's id: what is there already is the same run.
            None => Ok(RunWriter::overwrite(&default_folder(&plan.name, &id), info, catalogue)?),
        }
    }

    fn simulate(
        &self,
        writer: &mut RunWriter,
        interrupted: &AtomicBool,
        ticked: impl FnMut(Time),
    ) -> Result<Outcome, Error> {
        let plan = &self.inputs.plan;
        let mut kernel = match &self.from {
            None => Kernel::new(plan),
            Some(state) => Kernel::restore(plan, state)?,
        };
        kernel.replay(&self.journal)?;
        match (self.host, &self.from) {
            (HostKind::Sweep, from) => {
                let mut host = match from {
                    None => SweepHost::new(plan, kernel.world_mut()),
                    Some(state) => SweepHost::restore(plan, state, kernel.world_mut())?,
                };
                drive(&mut kernel, &mut host, writer, interrupted, ticked)
            }
            (HostKind::Actors, from) => {
                let mut host = match from {
                    None => LiveHost::new(plan, self.threads)?,
                    Some(state) => LiveHost::restore(plan, state, self.threads)?,
                };
                drive(&mut kernel, &mut host, writer, interrupted, ticked)
            }
        }
    }
}

fn default_folder(name: &str, id: &str) -> PathBuf {
    // Half an id tells a few runs apart, and reads better.
    Path::new("results").join(format!("{}-{}", file_name(name), &id[..8]))
}

/// A name as part of the name of a file.
pub(crate) fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    name.chars().map(safe).collect()
}

/// Runs a kernel to its end, or until it is interrupted; `ticked` is told the time after every tick.
///
/// # Errors
/// [`Error::Kernel`] when host or recorder fail.
pub(crate) fn drive(
    kernel: &mut Kernel,
    host: &mut impl Host,
    recorder: &mut dyn Recorder,
    interrupted: &AtomicBool,
    mut ticked: impl FnMut(Time),
) -> Result<Outcome, Error> {
    while !kernel.is_over() {
        if interrupted.load(Ordering::Relaxed) {
            return Ok(Outcome::Interrupted);
        }
        kernel.tick(host, recorder)?;
        ticked(kernel.now());
    }
    Ok(Outcome::Complete)
}
