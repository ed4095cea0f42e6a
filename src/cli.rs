//! The command line: what can be asked, and what comes back.

use crate::clear::ClearArgs;
use crate::error::{Error, Outcome};
use crate::live::args::{LiveArgs, ReplayArgs, SnapshotArgs};
use crate::schedule::ScheduleArgs;
use crate::sweep::ShardArg;
use crate::test::TestArgs;
use crate::{check, clear, live, report, run, schedule, sweep, test};
use clap::{Args, Parser, Subcommand, ValueEnum};
use scenarios::Recording;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit codes, as documented in the help.
const EXIT_CODES: &str = "\
Exit codes:
    0  the run is complete
    1  something broke: a disk, a host, an actor
    2  the scenario, a series or an option can not be used
  130  interrupted; what was recorded until then is whole";

const SNAPSHOT_HELP: &str = "\
Exit codes:
    0  the snapshot is on the disk, and so are all rows before it
    1  something broke
    2  there is no live twin there, or none that runs";

const LIVE_HELP: &str = "\
Without --start the twin begins with the present market slot, without --duration it goes on until it is stopped, and
without --tick its ticks are a second, whatever the scenario says.

Exit codes:
    0  it was stopped (Ctrl-C or a termination signal) or its time was over; it rests in a snapshot
    1  something broke: a disk, a host, an actor
    2  the scenario, its place or an option can not be used

scenarios/LIVE.md describes places, topics, commands and mirroring.";

const SWEEP_HELP: &str = "\
Exit codes:
    0  all runs that were asked for are complete
    1  a run failed (the others went on), or something broke
    2  the sweep file, a scenario or an option can not be used
  130  interrupted; the same command goes on

On a terminal a bar shows how far it is; elsewhere lines of JSON do, on standard error.
scenarios/SWEEPS.md describes sweep files.";

const TEST_HELP: &str = "\
Exit codes:
    0  all that was expected came about
    1  an expectation failed, or something broke
    2  a script, its scenario or an option can not be used; nothing was run
  130  interrupted; what was looked at until then is told, in the JUnit file too

scenarios/SCRIPTS.md describes scripts.";

const CLEAR_HELP: &str = "\
Exit codes:
    0  all books are cleared
    1  something broke: a disk, a pipe
    2  a file, a book, an order, a mechanism or an option can not be used; nothing was written
  130  interrupted; nothing was written

market/README.md describes mechanisms and files.";

const SCHEDULE_HELP: &str = "\
A file holds what FlexMeasures' API takes: start, duration, resolution, flex-model (a device or several) and flex-context
(prices, limits of the connection, load), with series written in it. Other fields are told by the content.

  cariflex schedule examples/schedules/battery.json
  cariflex schedule examples/schedules/ev.json --svg ev.svg --out ev.csv

Exit codes:
    0  every problem is scheduled; what soft limits miss is told
    1  hard limits can not all be kept (the schedule that misses least is shown), or something broke
    2  a file, a field or an option can not be used; nothing was written
  130  interrupted; nothing was written

scenarios/SCHEDULES.md describes fields, units, signs and results.";

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
    /// Run a scenario live: on the wall clock, with its faces, until it is stopped; the same command goes on after any end.
    #[command(after_help = LIVE_HELP)]
    Live(Box<LiveArgs>),
    /// Ask a live twin for a snapshot now, and print the name of its file.
    #[command(after_help = SNAPSHOT_HELP)]
    Snapshot(SnapshotArgs),
    /// Run the journal of a live twin again: the same rows.
    #[command(after_help = EXIT_CODES)]
    Replay(ReplayArgs),
    /// Run a scenario at many points and seeds, on all cores; the same command goes on after any end.
    #[command(after_help = SWEEP_HELP)]
    Sweep(SweepArgs),
    /// Run test scripts: do things to a twin, break it, and check what comes of it.
    #[command(after_help = TEST_HELP)]
    Test(Box<TestArgs>),
    /// Clear order books from files, by one market mechanism or by several side by side.
    #[command(after_help = CLEAR_HELP)]
    Clear(ClearArgs),
    /// Schedule storages and production from files at least cost, in FlexMeasures' fields.
    #[command(after_help = SCHEDULE_HELP)]
    Schedule(ScheduleArgs),
    /// Make a report of a run or a sweep: one HTML file, to look at, pass on and print.
    Report(ReportArgs),
    /// Explain a section or parameter of scenario files: unit, default, limits, source, and its value in a scenario.
    Explain(ExplainArgs),
}

/// Which scenario, and what is changed in it.
#[derive(Clone, Debug, Default, Args)]
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

/// What `cariflex sweep` takes.
#[derive(Clone, Debug, Args)]
pub struct SweepArgs {
    /// Sweep file; or the place of a sweep that is frozen already.
    #[arg(value_name = "FILE|PLACE")]
    pub sweep: String,
    /// Folder of the sweep, or s3://bucket/prefix [default: results/NAME, with the name of the sweep].
    #[arg(long, value_name = "PLACE")]
    pub out: Option<String>,
    /// Change one key of the scenario at all points. Repeatable.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Worlds at a time [default: the number of cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: Option<u16>,
    /// Do one part of the runs: 2/8 is the second of eight, array (or array/8) asks the variables of the job array.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<ShardArg>,
    /// Remove what the place holds of this sweep, and begin anew.
    #[arg(long, conflicts_with = "shard")]
    pub fresh: bool,
    /// Check everything and list the points; run and write nothing.
    #[arg(long, conflicts_with_all = ["fresh", "freeze"])]
    pub dry_run: bool,
    /// Write down what will be run, and stop; `cariflex sweep PLACE` runs it, wherever the place can be reached.
    #[arg(long)]
    pub freeze: bool,
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
    /// Go on from this snapshot, or from the last one of this live twin: --set changes its scenario, --duration counts from
    /// there [default of --duration: 1d].
    #[arg(long, value_name = "SNAPSHOT|PLACE", conflicts_with_all = ["scenario", "start"])]
    pub from: Option<PathBuf>,
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
    pub const fn as_str(self) -> &'static str {
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
        Command::Live(args) => live::live(&args),
        Command::Snapshot(args) => live::snapshot(&args),
        Command::Replay(args) => live::replay::replay(&args),
        Command::Check(args) => check::check(&args),
        Command::Sweep(args) => sweep::sweep(&args),
        Command::Test(args) => test::test(&args),
        Command::Explain(args) => check::explain(&args),
        Command::Clear(args) => clear::clear(&args),
        Command::Schedule(args) => schedule::schedule(&args),
        Command::Report(args) => report::report(&args),
    };
    end(outcome)
}

/// Prints on standard output; a reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(text: &[u8]) -> Result<Outcome, Error> {
    match std::io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(Outcome::Complete),
    }
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
