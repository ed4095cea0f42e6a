//! Test scripts: what is done to a scenario, step by step, and what is expected of it.
//!
//! A script is read and checked against the participants of its scenario; a [`Runner`] goes through its steps as time
//! passes. `scenarios/SCRIPTS.md` is the reference of the format.

mod condition;
mod format;
mod read;
mod reference;
mod runner;
mod step;

pub use reference::reference;
pub use runner::{Check, Outcome, Runner};

use crate::duration::format_duration;
use crate::error::ScenarioError;
use crate::scenario::Scenario;
use agents::Span;
use agents::face::Asked;
use agents::record::Catalogue;
use condition::Condition;
use runner::Expected;
use std::fmt;
use std::fs;
use std::path::Path;

/// A script, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// What it shows.
    pub name: String,
    /// What there is to know besides.
    pub about: Option<String>,
    /// Twin time that it may take.
    pub timeout: Span,
    steps: Vec<Step>,
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    line: usize,
    name: Option<String>,
    begin: Begin,
    what: What,
}

/// The instant before which a step does not begin.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Begin {
    /// So long after the start of the script.
    At(Span),
    /// So long after the end of the step before.
    After(Span),
}

/// What a step is.
#[derive(Clone, Debug, PartialEq)]
enum What {
    Ask { asked: Asked, expected: Expected },
    Wait { condition: Condition, within: Span },
    Expect { condition: Condition, throughout: Option<Span> },
}

/// Resolves the scenario of a script, and says who takes part.
pub type Resolve<'a> = dyn FnMut(Scenario) -> Result<Catalogue, ScenarioError> + 'a;

impl Script {
    /// Loads a script; `sets` are assignments of the command line, and win over what the script sets.
    ///
    /// # Errors
    /// [`ScenarioError`] with everything that is wrong with the script and with its scenario.
    pub fn load(path: &Path, sets: &[String], resolve: &mut Resolve<'_>) -> Result<Self, ScenarioError> {
        let text = fs::read_to_string(path).map_err(|source| ScenarioError::Read { path: path.into(), source })?;
        Self::parse(&text, path, sets, resolve)
    }

    /// Reads a script from TOML; `path` is named in errors, and the scenario is sought from its folder.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn parse(text: &str, path: &Path, sets: &[String], resolve: &mut Resolve<'_>) -> Result<Self, ScenarioError> {
        read::script(text, path, sets, resolve)
    }

    /// How many steps it has.
    pub fn steps(&self) -> usize {
        self.steps.len()
    }
}

impl Step {
    fn condition(&self) -> Option<&Condition> {
        match &self.what {
            What::Ask { .. } => None,
            What::Wait { condition, .. } | What::Expect { condition, .. } => Some(condition),
        }
    }
}

/// What a step expects, as people say it.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Ask { asked, expected } => {
                if let Some(target) = asked.target() {
                    write!(f, "{target} ")?;
                }
                write!(f, "{asked}: {}", expected.verdict)?;
                expected.reason_contains.as_ref().map_or(Ok(()), |part| write!(f, " with {part:?}"))
            }
            What::Wait { condition, within } => write!(f, "{condition} within {}", format_duration(*within)),
            What::Expect { condition, throughout: Some(span) } => {
                write!(f, "{condition} throughout {}", format_duration(*span))
            }
            What::Expect { condition, throughout: None } => condition.fmt(f),
        }
    }
}
