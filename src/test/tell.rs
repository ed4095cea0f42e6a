//! What is said of scripts: a line for each expectation, and what they come to.

use super::Loaded;
use super::play::Played;
use agents::{Calendar, Span, Time};
use scenarios::script::{Check, Outcome};
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Writes lines to standard output, those of one script together.
pub(super) struct Teller {
    out: Mutex<()>,
    /// Whether lines are written as they come: no other script is under way.
    is_alone: bool,
    is_coloured: bool,
}

/// The lines of one script.
pub(super) struct Lines<'t> {
    teller: &'t Teller,
    text: String,
}

impl Teller {
    /// One for scripts that run alone, or beside others.
    pub(super) fn new(is_alone: bool) -> Self {
        let is_coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { out: Mutex::new(()), is_alone, is_coloured }
    }

    /// A script begins.
    pub(super) fn begin(&self, loaded: &Loaded) -> Lines<'_> {
        let mut lines = Lines { teller: self, text: String::new() };
        lines.line(&one_line(&format!("{}: {}", loaded.path.display(), loaded.script.name)));
        lines
    }

    fn mark(&self, outcome: Outcome) -> String {
        let (word, colour) = (word(outcome), colour(outcome));
        if self.is_coloured { format!("\x1b[{colour}m{word}\x1b[0m") } else { word.into() }
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "PASS",
        Outcome::Failed => "FAIL",
        Outcome::Skipped => "SKIP",
    }
}

/// Green, red and yellow, as terminals number them.
fn colour(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Passed => 32,
        Outcome::Failed => 31,
        Outcome::Skipped => 33,
    }
}

impl Lines<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        if self.teller.is_alone {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let _alone = self.teller.out.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = std::io::stdout().lock();
        // A reader that has seen enough (`| head`) is no failure; the exit code still tells.
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }

    /// Something was looked at.
    pub(super) fn check(&mut self, loaded: &Loaded, check: &Check) {
        let mark = self.teller.mark(check.outcome);
        self.line(&format!("  {mark}  {}", said(loaded, check)));
    }

    /// The script is over.
    pub(super) fn end(&mut self, played: &Played) {
        if let Some(broke) = &played.broke {
            let mark = self.teller.mark(Outcome::Failed);
            self.line(&format!("  {mark}  {}", one_line(broke)));
        }
        let counts = counts([played]);
        self.line(&format!("  {counts}  ({} of twin time in {})", passed(played.passed), took(played.took)));
        self.flush();
    }
}

/// What was looked at, when, and what was seen; of what failed, where it is written.
fn said(loaded: &Loaded, check: &Check) -> String {
    let name = check.name.as_ref().map_or(String::new(), |name| format!("{}: ", one_line(name)));
    let time = clock(check.time, loaded.inputs.plan.calendar);
    let mut text = format!("{time}  {name}{}  (saw {})", one_line(&check.what), one_line(&check.saw));
    match check.outcome {
        Outcome::Passed => {}
        Outcome::Failed => {
            let _ = write!(text, "  {}:{}", loaded.path.display(), check.line);
        }
        Outcome::Skipped => text = format!("{time}  {name}{}  ({})", one_line(&check.what), check.saw),
    }
    text
}

/// A text of others, on one line and without what a terminal would obey.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// An instant as a local clock shows it.
fn clock(time: Time, calendar: Calendar) -> String {
    let s = calendar.time_of_day(time).0 / 1000;
    format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}

fn passed(span: Span) -> String {
    let s = span.0 / 1000;
    let (hours, minutes, s) = (s / 3600, s / 60 % 60, s % 60);
    format!("{hours}:{minutes:02}:{s:02}")
}

fn took(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

/// How the checks of scripts turned out.
fn counts<'p>(played: impl IntoIterator<Item = &'p Played> + Clone) -> String {
    let count = |outcome| played.clone().into_iter().map(|played| played.count(outcome)).sum::<usize>();
    let mut text = format!("{} passed, {} failed", count(Outcome::Passed), count(Outcome::Failed));
    let skipped = count(Outcome::Skipped);
    if skipped > 0 {
        let _ = write!(text, ", {skipped} skipped");
    }
    let broke = played.into_iter().filter(|played| played.broke.is_some()).count();
    if broke > 0 {
        let _ = write!(text, ", {broke} broke");
    }
    text
}

/// What all scripts came to.
pub(super) fn total(played: &[Played], begun: Duration) -> String {
    let s = if played.len() == 1 { "" } else { "s" };
    let failed = played.iter().filter(|played| played.has_failed()).count();
    let of = if failed > 0 { format!(", {failed} of them failed") } else { String::new() };
    format!("{} script{s}{of}: {}  ({})\n", played.len(), counts(played), took(begun))
}

/// The scripts, a line each.
pub(super) fn list(scripts: &[Loaded]) -> String {
    let line = |loaded: &Loaded| {
        let (path, plan, script) = (loaded.path.display(), &loaded.inputs.plan, &loaded.script);
        let (steps, timeout) = (script.steps(), passed(script.timeout));
        let s = if steps == 1 { "" } else { "s" };
        format!("{path}: {}\n  {steps} step{s} within {timeout} from {}, {}\n", script.name, plan.start, plan.name)
    };
    scripts.iter().map(line).collect()
}
