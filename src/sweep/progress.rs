//! How far a sweep is: a bar with the time left on a terminal, lines of JSON elsewhere. Both on standard error.

use indicatif::{ProgressBar, ProgressStyle};
use results::sweep::FrozenRun;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a line of JSON is printed.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// Seconds of a year of 365 days.
const YEAR_S: f64 = 365.0 * 86400.0;

/// A bar for the runs that are checked before the first one starts; hidden where no one looks.
pub(super) fn checking(runs: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} checking  [{bar:32}] {pos}/{len} runs");
    ProgressBar::new(runs as u64).with_style(style.expect("the template is well formed").progress_chars("=> "))
}

/// What a sweep took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    /// Seconds of the wall clock.
    pub(super) wall_s: f64,
    /// Simulated years per second of the wall clock.
    pub(super) years_per_s: f64,
}

/// Shows how far a sweep is.
pub(super) struct Progress {
    begun: Instant,
    shown: Instant,
    /// What all runs cost, in participants times ticks; progress goes by it, because runs differ.
    cost: u64,
    /// All runs of this part, and those of them that were done before.
    runs: usize,
    there: usize,
    done: usize,
    failed: usize,
    simulated_s: f64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A sweep whose `runs` begin now, with others that are `there` already.
    pub(super) fn new(name: &str, runs: &[&FrozenRun], there: usize, workers: usize) -> Self {
        let cost = runs.iter().map(|run| run.cost()).sum();
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = "{spinner} {prefix} [{wide_bar}] {percent:>3} %  {msg}";
            let style = ProgressStyle::with_template(template).expect("the template is well formed");
            let bar = ProgressBar::new(cost).with_style(style.progress_chars("=> "));
            bar.set_prefix(name.to_owned());
            bar
        });
        let now = Instant::now();
        let progress = Self {
            begun: now,
            shown: now,
            cost,
            runs: runs.len() + there,
            there,
            done: 0,
            failed: 0,
            simulated_s: 0.0,
            bar,
        };
        progress.say(&json!({
            "event": "begin", "sweep": name, "runs": progress.runs, "there": there, "workers": workers,
        }));
        progress
    }

    /// `cost` is what has been simulated so far, in participants times ticks.
    pub(super) fn tick(&mut self, cost: u64) {
        let left_s = self.left_s(cost);
        match &self.bar {
            Some(bar) => {
                bar.set_position(cost);
                let failed = if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
                let speed = self.years_per_s();
                let left = left_s.map_or_else(String::new, |left_s| format!("  {} left", clock(left_s)));
                let done = self.there + self.done;
                bar.set_message(format!("{done}/{} runs{failed}  {speed:.2} years/s{left}", self.runs));
            }
            None if self.shown.elapsed() >= LINE_EVERY => {
                self.shown = Instant::now();
                self.say(&json!({
                    "event": "progress",
                    "done": self.done,
                    "failed": self.failed,
                    "there": self.there,
                    "runs": self.runs,
                    "share": round(cost as f64 / self.cost as f64, 4),
                    "years_per_s": round(self.years_per_s(), 3),
                    "left_s": left_s.map(f64::round),
                }));
            }
            None => {}
        }
    }

    /// A run has ended.
    pub(super) fn ended(&mut self, run: &FrozenRun, error: Option<&str>) {
        self.done += 1;
        self.simulated_s += (run.end - run.start).seconds();
        let Some(error) = error else { return };
        self.failed += 1;
        match &self.bar {
            Some(bar) => bar.println(format!("failed: point {}, seed {}: {error}", run.point, run.seed)),
            None => self.say(&json!({
                "event": "failed", "run": run.run, "point": run.point, "seed": run.seed, "error": error,
            })),
        }
    }

    /// All is over; the bar goes. `missing` runs are left to others, or to another time.
    pub(super) fn finish(self, missing: usize, place: &str) -> Took {
        let took = Took { wall_s: self.begun.elapsed().as_secs_f64(), years_per_s: self.years_per_s() };
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        self.say(&json!({
            "event": "end",
            "done": self.done,
            "failed": self.failed,
            "missing": missing,
            "wall_s": round(took.wall_s, 3),
            "years_per_s": round(took.years_per_s, 3),
            "place": place,
        }));
        took
    }

    /// Simulated years per second of the wall clock.
    fn years_per_s(&self) -> f64 {
        self.simulated_s / YEAR_S / self.begun.elapsed().as_secs_f64().max(1e-9)
    }

    fn left_s(&self, cost: u64) -> Option<f64> {
        let share = cost as f64 / self.cost as f64;
        (share > 0.0).then(|| self.begun.elapsed().as_secs_f64() * (1.0 / share - 1.0))
    }

    /// Progress is for whoever looks: a closed pipe must not end a sweep.
    fn say(&self, line: &serde_json::Value) {
        if self.bar.is_none() {
            drop(writeln!(std::io::stderr(), "{line}"));
        }
    }
}

fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

/// A time as hours, minutes and seconds.
fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours} h {minutes:02} min") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_a_person_would() {
        assert_eq!([clock(4.4), clock(65.0), clock(7260.0)], ["0:04", "1:05", "2 h 01 min"].map(String::from));
    }
}
