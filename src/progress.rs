//! How far a run is: a bar with speed and time left on a terminal, a plain line now and then elsewhere.

use agents::{Span, Time};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often a plain line is printed.
const PLAIN_EVERY: Duration = Duration::from_secs(10);
/// How often the bar moves.
const BAR_EVERY: Duration = Duration::from_millis(100);

/// Shows how far a run is, on standard error.
pub struct Progress {
    start: Time,
    end: Time,
    begun: Instant,
    shown: Instant,
    ticks: u32,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// A run that begins now, of this name, from `start` to `end` of its time.
    pub fn new(name: &str, start: Time, end: Time) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let template = "{spinner} {msg}  [{bar:32}] {percent:>3} %  {prefix}  {eta} left";
            let style = ProgressStyle::with_template(template).expect("the template is well formed");
            let bar = ProgressBar::new((end - start).0 as u64).with_style(style.progress_chars("=> "));
            bar.set_message(name.to_owned());
            bar
        });
        let now = Instant::now();
        Self { start, end, begun: now, shown: now, ticks: 0, bar }
    }

    /// The run has reached `now`.
    pub fn tick(&mut self, now: Time) {
        self.ticks += 1;
        // Asking the clock costs more than most ticks of a small world.
        if !self.ticks.is_multiple_of(16) {
            return;
        }
        let every = if self.bar.is_some() { BAR_EVERY } else { PLAIN_EVERY };
        if self.shown.elapsed() < every {
            return;
        }
        self.shown = Instant::now();
        let speed = (now - self.start).seconds() / self.begun.elapsed().as_secs_f64();
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(format!("{} days/s", round(speed / Span::DAY.seconds())));
                bar.set_position((now - self.start).0 as u64);
            }
            None => {
                let left_s = (self.end - now).seconds() / speed;
                let share = 100.0 * (now - self.start).seconds() / (self.end - self.start).seconds();
                // Progress is for whoever looks; a closed pipe must not end a run.
                drop(writeln!(
                    std::io::stderr(),
                    "{now}  {share:.1} %  {} times real time  {left_s:.0} s left",
                    round(speed)
                ));
            }
        }
    }

    /// The run is over; the bar goes.
    pub fn finish(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// Two figures are enough for a speed.
fn round(value: f64) -> String {
    if value < 10.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}
