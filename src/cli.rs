//! The command line: what can be asked, and what comes back.

use crate::error::{Error, Outcome};
use crate::{check, report, run};
use clap::{Args, Parser, Subcommand, ValueEnum};
use scenarios::Recording;
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
    /// Check a scenario and everything it refers to, without running it.
    #[command(after_help = EXIT_CODES)]
    Check(ScenarioArgs),
    /// Make a report of a run or a sweep: one HTML file, to look at, pass on and print.
    Report(ReportArgs),
    /// Explain a section or parameter of scenario files: unit, default, limits, source, and its value in a scenario.
    Explain(ExplainArgs),
}

/// Which scenario, and what is changed in it.
#[derive(Clone, Debug, Args)]
pub struct ScenarioArgs {
    /// Built-in scenario (martinique, martinique-day, martinique-year, martinique-island, cloudy-week,
    /// v2g-evening-peak), or path of a scenario file.
    #[arg(default_value = "martinique")]
    pub scenario: String,
    /// Change one key, for instance run.seed=3, 'battery.*.capacity_kwh=200' or fleet.roofs.share=0.3. Repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Seed of every random draw: short for --set run.seed=N.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
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
    /// How much is kept [default: what the scenario says].
    #[arg(long, value_enum)]
    pub record: Option<Record>,
    /// Measured series that replace synthetic ones: CSV or Parquet with time, quantity, value, unit. Repeatable.
    #[arg(long, value_name = "FILE")]
    pub series: Vec<PathBuf>,
}

/// What `cariflex explain` takes.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// Section (battery), parameter (battery.cycle_life) or key of the scenario (battery.bat_01.cycle_life).
    pub name: Option<String>,
    /// The scenario in which its value is looked up.
    #[arg(long, value_name = "SCENARIO", default_value = "martinique")]
    pub scenario: String,
}

/// What `cariflex run` takes.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// Which scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Folder for the results [default: results/SCENARIO-ID, with the id of the run].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace a complete run in the folder given by --out.
    #[arg(long, requires = "out")]
    pub overwrite: bool,
    /// Who steps the participants.
    #[arg(long, value_enum, default_value_t = HostKind::Sweep)]
    pub host: HostKind,
    /// Threads of the actors' runtime, with --host actors [default: 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
}

/// What `cariflex report` takes.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Folder of a run or a sweep, for instance results/martinique-1a2b3c4d.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// The file to write [default: report.html in DIR].
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
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

impl From<Record> for Recording {
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
        Command::Check(args) => check::check(&args),
        Command::Explain(args) => check::explain(&args),
        Command::Report(args) => report::report(&args),
    };
    end(outcome)
}

fn end(outcome: Result<Outcome, Error>) -> ExitCode {
    match outcome {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            // Nobody may be listening; the exit code still tells.
            drop(writeln!(std::io::stderr(), "error: {error}"));
            error.exit_code()
        }
    }
}
