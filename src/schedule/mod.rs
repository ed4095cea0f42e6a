//! `cariflex schedule`: scheduling problems from files, their schedules of least cost.
//!
//! | file | what it does |
//! |---|---|
//! | `source` | opens a file and tells by its content what it is written in |
//! | `reading`, `units`, `series` | places and their faults, quantities with units, what changes with time |
//! | `flexmeasures`, `flex_model`, `flex_context` | FlexMeasures' own fields |
//! | `golden`, `linear` | the fields of the golden cases |
//! | `solved` | a schedule, looked at again, and its figures |
//! | `people`, `words` | what is shown to people |
//! | `picture` | the picture of a schedule |
//! | `out` | what is written for machines |

mod error;
mod flex_context;
mod flex_model;
mod flexmeasures;
mod golden;
mod linear;
mod out;
mod people;
mod picture;
mod reading;
mod series;
mod solved;
mod source;
mod units;
mod words;

use crate::cli::print;
use crate::error::{Error, Outcome};
use agents::schedule::Status;
use clap::Args;
use solved::Solved;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use error::ScheduleError;

/// What `cariflex schedule` takes.
#[derive(Clone, Debug, Args)]
pub struct ScheduleArgs {
    /// Problems as JSON, one per file or one after the other (JSON lines); - is standard input.
    #[arg(value_name = "PROBLEM.json", required = true)]
    pub files: Vec<PathBuf>,
    /// Print one JSON document with everything.
    #[arg(long)]
    pub json: bool,
    /// Write a file too: .json holds everything, .csv and .parquet hold a row per device and step.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Draw the schedule of the one problem: prices, powers, stored energy, limits, and what is missed.
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,
    /// Replace the files of --out and --svg.
    #[arg(long)]
    pub force: bool,
}

/// Schedules problems as the options say.
///
/// # Errors
/// [`Error::Schedule`]; its exit code tells what can not be used from what can not be kept.
pub fn schedule(args: &ScheduleArgs) -> Result<Outcome, Error> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))?;
    out::check_names(args).map_err(ScheduleError::from)?;
    let (mut reasons, mut problems) = (Vec::new(), Vec::new());
    for path in &args.files {
        let file = source::shown(path);
        problems.extend(
            source::problems(path, &mut reasons)
                .map_err(ScheduleError::from)?
                .into_iter()
                .map(|named| (file.clone(), named)),
        );
    }
    if reasons.is_empty() && args.svg.is_some() && problems.len() != 1 {
        reasons.push(format!("--svg: draws one problem, and there are {}: give one", problems.len()));
    }
    let mut solved = Vec::with_capacity(problems.len());
    for (file, named) in problems {
        if interrupted.load(Ordering::Relaxed) {
            return Ok(Outcome::Interrupted);
        }
        // With faults elsewhere nothing is written, but what can not be solved is told too.
        match Solved::of(&file, named) {
            Ok(one) => solved.push(one),
            Err(error) => match error {
                ScheduleError::Input { reasons: more } => reasons.extend(more),
                other => return Err(other.into()),
            },
        }
    }
    if !reasons.is_empty() {
        return Err(ScheduleError::Input { reasons }.into());
    }
    if let Some(path) = &args.svg {
        out::write(path, picture::picture(&solved[0]).as_bytes()).map_err(ScheduleError::from)?;
    }
    if let Some(path) = &args.out {
        out::write_all(path, &solved).map_err(ScheduleError::from)?;
    }
    let printed = if args.json { out::document(&solved) } else { people::page(&solved) };
    print(printed.as_bytes())?;
    let failed: Vec<_> = solved.iter().filter(|one| one.schedule.status == Status::Infeasible).collect();
    match failed.first() {
        None => Ok(Outcome::Complete),
        Some(first) => {
            let miss = first.schedule.violations.first().map(|miss| first.in_words(miss)).unwrap_or_default();
            let first = format!("{}: {miss}", words::label(&first.named.name));
            Err(ScheduleError::Infeasible { infeasible: failed.len(), of: solved.len(), first }.into())
        }
    }
}
