//! The command line: what can be asked, and what comes back.

use crate::error::{Error, Outcome};
use crate::run;
use clap::{Args, Parser, Subcommand, ValueEnum};
use results::Level;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit codes, as documented in the help.
const EXIT_CODES: &str = "\
Exit codes:
    0  the run is complete
    1  something broke: a disk, a host, an actor
    2  the scenario, a series or an option can not be used
  130  interrupted; what was recorded until then is whole";

/// Cariflex in one process: the digital twin of Martinique's energy-management platform.
#[derive(Debug, Parser)]
#[command(name = "cariflex", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate a scenario and leave its results as Parquet files.
    #[command(after_help = EXIT_CODES)]
    Run(RunArgs),
}

/// What `cariflex run` takes.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Built-in scenario, or path of a scenario file.
    #[arg(default_value = "martinique")]
    pub scenario: String,
    /// Folder for the results [default: results/SCENARIO-ID, with the id of the run].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace a complete run in the folder given by --out.
    #[arg(long, requires = "out")]
    pub overwrite: bool,
    /// Seed of every random draw.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// First instant: a local date (2026-03-20), or RFC 3339 with an offset.
    #[arg(long, value_name = "TIME")]
    pub start: Option<String>,
    /// Length of the run, for instance 1d or 36h.
    #[arg(long, value_name = "SPAN")]
    pub duration: Option<String>,
    /// Length of a tick, for instance 15m, 60s or 1s.
    #[arg(long, value_name = "SPAN")]
    pub tick: Option<String>,
    /// How much is kept.
    #[arg(long, value_enum, default_value_t = Record::Full)]
    pub record: Record,
    /// Measured series that replace synthetic ones: CSV or Parquet with time, quantity, value, unit. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub series: Vec<PathBuf>,
    /// Who steps the participants.
    #[arg(long, value_enum, default_value_t = HostKind::Sweep)]
    pub host: HostKind,
    /// Threads of the actors' runtime, with --host actors [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// How much of a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Record {
    /// Key figures only.
    Kpis,
    /// Hourly means; orders, trades, sessions and events complete.
    Hourly,
    /// Every interval.
    Full,
}

impl From<Record> for Level {
    fn from(record: Record) -> Self {
        match record {
            Record::Kpis => Self::Kpis,
            Record::Hourly => Self::Hourly,
            Record::Full => Self::Full,
        }
    }
}

/// Who steps the participants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HostKind {
    /// One after the other on one thread: fastest.
    Sweep,
    /// Each in a supervised actor of its own: what runs live.
    Actors,
}

impl HostKind {
    /// The name used in `run.json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Actors => "actors",
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
    };
    report(outcome)
}

fn report(outcome: Result<Outcome, Error>) -> ExitCode {
    match outcome {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            // Nobody may be listening; the exit code still tells.
            drop(writeln!(std::io::stderr(), "error: {error}"));
            error.exit_code()
        }
    }
}
