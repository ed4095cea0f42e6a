//! `cariflex test`: scripts that do things to a twin and say what they expect of it.
//!
//! A script is read and checked in `scenarios::script`, which also goes through its steps; here it meets a kernel, a clock
//! and a place for its results.

mod junit;
mod play;
mod tell;

use crate::cli::print;
use crate::error::{Error, Outcome};
use crate::inputs::Inputs;
use crate::live::args::{MqttArgs, pace};
use crate::run::file_name;
use crate::sweep::{catch_panics, told_of};
use clap::Args;
use play::{Played, play};
use scenarios::script::Script;
use scenarios::{Problem, ScenarioError};
use std::collections::BTreeMap;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
use tell::Teller;
use twin::Pace;

/// Why a script was not begun.
const INTERRUPTED: &str = "not reached: interrupted";
const FAILED_BEFORE: &str = "not reached: a script before it failed (--fail-fast)";

/// What `cariflex test` takes.
#[derive(Clone, Debug, Args)]
pub struct TestArgs {
    /// Scripts.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Change one key of every scenario; wins over what scripts set. Repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Write what came of every script to this file too, as JUnit XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Keep the results of each script in a folder of its name within this one.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seconds of twin time in a second of the wall clock; max: as fast as it goes, and no clock at all.
    #[arg(long, value_name = "N|max", default_value = "max", value_parser = pace)]
    pub speed: Pace,
    /// Scripts at a time, with --speed max.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Begin no other script when one has failed.
    #[arg(long)]
    pub fail_fast: bool,
    /// Check the scripts and list them; run and write nothing.
    #[arg(long)]
    pub list: bool,
    /// Where telemetry goes and commands come from, while scripts run on the wall clock.
    #[command(flatten)]
    pub mqtt: MqttArgs,
}

/// A script and all it needs.
struct Loaded {
    path: PathBuf,
    script: Script,
    inputs: Inputs,
    /// Hash of what decides the rows: the run without a script, and the script.
    id: String,
}

/// Runs scripts as the options say.
///
/// # Errors
/// [`Error::ScriptsFailed`] when all was done and a script failed; whatever else can not be used or broke.
pub fn test(args: &TestArgs) -> Result<Outcome, Error> {
    check_options(args)?;
    let scripts = load(args)?;
    if args.list {
        return print(tell::list(&scripts).as_bytes());
    }
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        // Whoever asks twice does not want to wait for the good-byes.
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    })?;
    let begun = Instant::now();
    let played = play_all(args, &scripts, &stop)?;
    if let Some(path) = &args.junit {
        junit::write(path, &scripts, &played)?;
    }
    print(tell::total(&played, begun.elapsed()).as_bytes())?;
    if stop.load(Ordering::Relaxed) {
        return Ok(Outcome::Interrupted);
    }
    match played.iter().filter(|played| played.has_failed()).count() {
        0 => Ok(Outcome::Complete),
        failed => Err(Error::ScriptsFailed { failed, of: played.len() }),
    }
}

fn check_options(args: &TestArgs) -> Result<(), Error> {
    let wrong = |option, problem: &str| Err(Error::Option { option, problem: problem.into() });
    if args.speed == Pace::FlatOut && args.mqtt.address.is_some() {
        return wrong("--mqtt", "goes with the wall clock only: add --speed 1, or another number");
    }
    if args.speed != Pace::FlatOut && args.jobs > 1 {
        return wrong("--jobs", "goes with --speed max only: on the wall clock scripts run one after the other");
    }
    let folder_of_junit = args.junit.as_deref().and_then(Path::parent).filter(|dir| !dir.as_os_str().is_empty());
    if let Some(dir) = folder_of_junit.filter(|dir| !dir.is_dir()) {
        let problem = format!("there is no folder {}: make it, or name a file elsewhere", dir.display());
        return Err(Error::Option { option: "--junit", problem });
    }
    if let Some(junit) = args.junit.as_deref().filter(|junit| args.files.iter().any(|file| is_same(file, junit))) {
        let problem = format!("{} is one of the scripts: name another file", junit.display());
        return Err(Error::Option { option: "--junit", problem });
    }
    let mut folders = BTreeMap::new();
    for file in args.files.iter().filter(|_| args.out.is_some()) {
        if let Some(other) = folders.insert(folder(file), file) {
            let (file, other) = (file.display(), other.display());
            let problem = format!("{other} and {file} would keep their results in one folder: rename one of them");
            return Err(Error::Option { option: "--out", problem });
        }
    }
    Ok(())
}

/// Whether two paths are of one file that is there.
fn is_same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}

/// The name of the folder for a script's results.
fn folder(file: &Path) -> String {
    file_name(&file.file_stem().unwrap_or_default().to_string_lossy())
}

/// Reads all scripts; what is wrong with any of them is told at once.
fn load(args: &TestArgs) -> Result<Vec<Loaded>, Error> {
    let (mut scripts, mut problems) = (Vec::new(), Vec::new());
    for path in &args.files {
        match load_one(path, &args.set) {
            Ok(loaded) => scripts.push(loaded),
            Err(ScenarioError::Problems(found)) => problems.extend(found),
            Err(error) => problems.push(Problem { place: None, key: String::new(), text: error.to_string() }),
        }
    }
    // An assignment of the command line is wrong in the same words for each of them.
    problems.dedup();
    if problems.is_empty() { Ok(scripts) } else { Err(ScenarioError::Problems(problems).into()) }
}

fn load_one(path: &Path, sets: &[String]) -> Result<Loaded, ScenarioError> {
    let text = fs::read_to_string(path).map_err(|source| ScenarioError::Read { path: path.into(), source })?;
    let mut inputs = None;
    let mut resolve = |scenario| match Inputs::of_scenario(scenario) {
        Ok(resolved) => Ok(inputs.insert(resolved).plan.catalogue()),
        Err(Error::Scenario(error)) => Err(error),
        Err(error) => Err(Problem { place: None, key: String::new(), text: error.to_string() }.into()),
    };
    let script = Script::parse(&text, path, sets, &mut resolve)?;
    let inputs = inputs.expect("a script that could be read has a scenario that could be resolved");
    let both = format!("{}{text}", inputs.id(play::HOST));
    let id = blake3::hash(both.as_bytes()).to_hex()[..16].into();
    Ok(Loaded { path: path.into(), script, inputs, id })
}

/// Plays every script, some at a time, and says what came of each, in their order.
fn play_all(args: &TestArgs, scripts: &[Loaded], stop: &AtomicBool) -> Result<Vec<Played>, Error> {
    catch_panics();
    let jobs = usize::from(args.jobs).min(scripts.len());
    let (next, has_failed, played) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(BTreeMap::new()));
    let teller = Teller::new(jobs == 1);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(loaded) = scripts.get(index) else { return };
            let one = if stop.load(Ordering::Relaxed) {
                Played::none(loaded, INTERRUPTED)
            } else if args.fail_fast && has_failed.load(Ordering::Relaxed) {
                Played::none(loaded, FAILED_BEFORE)
            } else {
                play_one(args, loaded, stop, &teller)
            };
            has_failed.fetch_or(one.has_failed(), Ordering::Relaxed);
            played.lock().unwrap_or_else(PoisonError::into_inner).insert(index, one);
        }
    };
    thread::scope(|scope| {
        for _ in 0..jobs {
            // Panics of a worker are caught and told with the script.
            thread::Builder::new().name("worker".into()).spawn_scoped(scope, work)?;
        }
        Ok::<_, Error>(())
    })?;
    Ok(played.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
}

/// Plays one script, and says so line by line.
fn play_one(args: &TestArgs, loaded: &Loaded, stop: &AtomicBool, teller: &Teller) -> Played {
    let mut lines = teller.begin(loaded);
    let mut played = Played::begun();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        play(args, loaded, stop, &mut played, &mut |check| lines.check(loaded, check))
    }));
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => played.broke = Some(error.to_string()),
        Err(panic) => played.broke = Some(told_of(panic.as_ref())),
    }
    played.end(loaded, &mut |check| lines.check(loaded, check));
    lines.end(&played);
    played
}
