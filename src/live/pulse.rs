//! The pulse of a live twin: how many ticks, how fast, how long each takes.

use agents::Time;
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

/// Ticks over which times and rates are taken.
const RECENT: usize = 256;

/// How a live twin does.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    ticks: u64,
    /// When recent ticks ended, and how long each took.
    recent: VecDeque<(Instant, Duration)>,
    /// The last snapshot.
    pub(super) snapshot: Option<Time>,
}

impl Pulse {
    /// The pulse of a twin whose last snapshot is this one.
    pub(super) fn since(snapshot: Time) -> Self {
        Self { snapshot: Some(snapshot), ..Self::default() }
    }

    /// A tick has ended that took this long.
    pub(super) fn beat(&mut self, took: Duration) {
        self.ticks += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back((Instant::now(), took));
    }

    /// How many ticks there were.
    pub(super) fn ticks(&self) -> u64 {
        self.ticks
    }

    /// How long the last tick took, in milliseconds.
    pub(super) fn last_ms(&self) -> f64 {
        self.recent.back().map_or(0.0, |(_, took)| took.as_secs_f64() * 1000.0)
    }

    /// Ticks per second over the recent ones.
    fn rate(&self) -> Option<f64> {
        let (first, last) = (self.recent.front()?.0, self.recent.back()?.0);
        let seconds = (last - first).as_secs_f64();
        (seconds > 0.0).then(|| (self.recent.len() - 1) as f64 / seconds)
    }

    /// The time that so large a share of recent ticks took at most, in milliseconds.
    fn quantile_ms(&self, share: f64) -> f64 {
        let mut times: Vec<_> = self.recent.iter().map(|(_, took)| *took).collect();
        times.sort_unstable();
        let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    }
}

impl fmt::Display for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ticks", self.ticks)?;
        if let Some(rate) = self.rate() {
            write!(
                f,
                ", {rate:.1}/s, {:.2} ms each (99 % below {:.2})",
                self.quantile_ms(0.5),
                self.quantile_ms(0.99)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pulse_tells_the_median_and_the_worst_of_recent_ticks() {
        let mut pulse = Pulse::default();
        assert_eq!(pulse.to_string(), "0 ticks");
        for ms in 0..1000 {
            pulse.beat(Duration::from_millis(ms));
        }
        assert_eq!((pulse.quantile_ms(0.5), pulse.quantile_ms(0.99)), (872.0, 997.0));
        assert!(pulse.to_string().starts_with("1000 ticks, "), "{pulse}");
    }
}
