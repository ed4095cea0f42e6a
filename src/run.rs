//! `cariflex run`: one scenario, one host, one folder of results.

use crate::cli::{HostKind, RunArgs};
use crate::error::{Error, Outcome};
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::summary;
use agents::Time;
use agents::record::{Catalogue, Recorder};
use results::{RunWriter, Status};
use scenarios::Plan;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use twin::{Host, Kernel, LiveHost, SweepHost};

/// Runs a scenario as the options say.
///
/// # Errors
/// [`Error`]; its exit code tells bad input from what broke.
pub fn run(args: &RunArgs) -> Result<Outcome, Error> {
    if args.threads.is_some() && args.host == HostKind::Sweep {
        let problem = "the sweep host runs on one thread: add --host actors, or leave it out".into();
        return Err(Error::Option { option: "--threads", problem });
    }
    let inputs = Inputs::load(&args.scenario)?;
    for note in &inputs.plan.measured.notes {
        writeln!(std::io::stderr(), "note: {note}")?;
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    let catalogue = inputs.plan.catalogue();
    let mut writer = open(args, &inputs, &catalogue)?;
    let outcome = simulate(args, &inputs.plan, &mut writer, &interrupted);
    let status = match &outcome {
        Ok(Outcome::Complete) => Status::Complete,
        Ok(Outcome::Interrupted) => Status::Interrupted,
        Err(_) => Status::Failed,
    };
    let summary = writer.finish(status);
    let outcome = outcome?;
    match summary::print(&inputs.plan, &summary?, &mut std::io::stdout().lock()) {
        // A reader that has seen enough (`| head`) is no failure: the files are whole.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(outcome),
    }
}

fn open(args: &RunArgs, inputs: &Inputs, catalogue: &Catalogue) -> Result<RunWriter, Error> {
    let id = inputs.id(args.host.as_str());
    let info = inputs.info(id.clone(), args.host.as_str());
    match &args.out {
        Some(dir) if args.overwrite => Ok(RunWriter::overwrite(dir, info, catalogue)?),
        Some(dir) => Ok(RunWriter::create(dir, info, catalogue)?),
        // The name holds the run's id: what is there already is the same run.
        None => Ok(RunWriter::overwrite(&default_folder(&inputs.plan.name, &id), info, catalogue)?),
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

fn simulate(args: &RunArgs, plan: &Plan, writer: &mut RunWriter, interrupted: &AtomicBool) -> Result<Outcome, Error> {
    let mut kernel = Kernel::new(plan);
    let mut progress = Progress::new(plan);
    let ticked = |now| progress.tick(now);
    let outcome = match args.host {
        HostKind::Sweep => {
            let mut host = SweepHost::new(plan, kernel.world_mut());
            drive(&mut kernel, &mut host, writer, interrupted, ticked)
        }
        HostKind::Actors => {
            let mut host = LiveHost::new(plan, args.threads.unwrap_or(1).into())?;
            drive(&mut kernel, &mut host, writer, interrupted, ticked)
        }
    };
    progress.finish();
    outcome
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
