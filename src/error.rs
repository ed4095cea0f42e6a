//! What can go wrong, and the exit code that tells it.

use crate::clear::ClearError;
use crate::live::LiveError;
use crate::schedule::ScheduleError;
use report::ReportError;
use results::ResultsError;
use scenarios::ScenarioError;
use std::process::ExitCode;
use twin::{KernelError, LiveHostError, SnapshotError};

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A scenario or series that can not be used, or an option that makes no sense.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// An option whose value can not be read.
    #[error("{option}: {problem}")]
    Option {
        /// The option, for instance `--tick`.
        option: &'static str,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// A measured series in Parquet that can not be used.
    #[error("{0}")]
    Series(ResultsError),
    /// Results that can not be read or written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// Points of a sweep that can not be run.
    #[error("{affected} of {of} points can not be run, the first at {first}:\n       {source}")]
    Points {
        /// How many.
        affected: usize,
        /// Of how many.
        of: usize,
        /// The parameters of the first.
        first: String,
        /// Everything that is wrong with any of them.
        source: ScenarioError,
    },
    /// Runs of a sweep that failed; the others went on.
    #[error("{failed} of {of} runs failed; runs.parquet tells why, and the same command tries them again")]
    RunsFailed {
        /// How many.
        failed: usize,
        /// Of how many.
        of: usize,
    },
    /// Scripts that failed, or broke.
    #[error("{failed} of {of} scripts failed")]
    ScriptsFailed {
        /// How many.
        failed: usize,
        /// Of how many.
        of: usize,
    },
    /// Books that could not be cleared.
    #[error(transparent)]
    Clear(#[from] ClearError),
    /// Problems that could not be scheduled, or whose limits can not be kept.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// A report that could not be made.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Runs of a sweep that had ended and are gone again.
    #[error("{lost} runs have ended and are gone again: did somebody begin the sweep anew? The same command runs them")]
    RunsLost {
        /// How many.
        lost: usize,
    },
    /// The run broke off.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// The actors could not be started.
    #[error(transparent)]
    LiveHost(#[from] LiveHostError),
    /// The place of a live twin, or a snapshot, that can not be used.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// A snapshot that does not fit.
    #[error("the snapshot can not be used: {0}")]
    Snapshot(#[from] SnapshotError),
    /// A connection to a broker that can not be begun.
    #[error(transparent)]
    Mqtt(#[from] mqtt::MqttError),
    /// An API that can not be begun.
    #[error(transparent)]
    Api(#[from] api::ApiError),
    /// Ctrl-C could not be caught.
    #[error("can not catch Ctrl-C: {0}")]
    Interrupt(#[from] ctrlc::Error),
    /// The terminal or pipe on the other side is gone.
    #[error("can not print: {0}")]
    Print(#[from] std::io::Error),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All was done.
    Complete,
    /// Ctrl-C or a termination signal; what was recorded until then is whole.
    Interrupted,
}

impl Outcome {
    /// 0 complete, 130 interrupted.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Complete => ExitCode::SUCCESS,
            Self::Interrupted => ExitCode::from(130),
        }
    }
}

impl Error {
    /// 2 for input that can not be used, 1 for anything that broke.
    pub fn exit_code(&self) -> ExitCode {
        if self.is_input() { ExitCode::from(2) } else { ExitCode::FAILURE }
    }

    /// Whether it is for whoever asked to change something: nothing broke.
    pub fn is_input(&self) -> bool {
        match self {
            Self::Scenario(_)
            | Self::Series(_)
            | Self::Option { .. }
            | Self::Points { .. }
            | Self::Snapshot(_)
            | Self::Mqtt(_)
            | Self::Api(_) => true,
            Self::Clear(error) if error.is_input() => true,
            Self::Schedule(error) if error.is_input() => true,
            Self::Live(error) if error.is_input() => true,
            Self::Results(
                ResultsError::Complete { .. }
                | ResultsError::Foreign { .. }
                | ResultsError::Busy { .. }
                | ResultsError::HoldsSweep { .. }
                | ResultsError::NoSweep { .. }
                | ResultsError::NotOurs { .. }
                | ResultsError::Later { .. }
                | ResultsError::Json { .. }
                | ResultsError::NoObjectStores { .. },
            ) => true,
            Self::Report(
                ReportError::Nothing { .. }
                | ReportError::Foreign { .. }
                | ReportError::Results(ResultsError::NotOurs { .. } | ResultsError::Later { .. }),
            ) => true,
            _ => false,
        }
    }
}
