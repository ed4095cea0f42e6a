//! A sliding window: a mean over a while, kept in a few parts.

use agents::{Span, Time};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Into how many parts a window is cut: it is exact to one of them.
const PARTS: i64 = 10;

/// What was added during the last while.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Window {
    parts: VecDeque<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Part {
    start: Time,
    length: Span,
    sum: f64,
}

impl Window {
    /// Adds `amount` over the interval of `length` that begins at `start`, and forgets what lies more than `span` before
    /// its end.
    pub(crate) fn add(&mut self, start: Time, length: Span, amount: f64, span: Span) {
        match self.parts.back_mut() {
            Some(part) if start < part.start + Span(span.0 / PARTS) => {
                part.length = start + length - part.start;
                part.sum += amount;
            }
            _ => self.parts.push_back(Part { start, length, sum: amount }),
        }
        let since = start + length - span;
        while self.parts.front().is_some_and(|part| part.start + part.length <= since) {
            self.parts.pop_front();
        }
    }

    /// All that was added.
    pub(crate) fn sum(&self) -> f64 {
        self.parts.iter().map(|part| part.sum).sum()
    }

    /// Mean over the window of what was added in units times hours; none until it reaches over all of `span`.
    pub(crate) fn mean(&self, span: Span) -> Option<f64> {
        let length = self.parts.iter().fold(Span::ZERO, |length, part| Span(length.0 + part.length.0));
        (length >= span).then(|| self.sum() / length.hours())
    }

    pub(crate) fn clear(&mut self) {
        self.parts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds intervals of `tick` in which the power is that of the second in which they begin.
    fn fill(window: &mut Window, seconds: std::ops::Range<i64>, tick: i64, power_kw: impl Fn(i64) -> f64) {
        for second in seconds.step_by(tick as usize) {
            let length = Span::from_s(tick);
            window.add(Time(second * 1000), length, power_kw(second) * length.hours(), Span::from_minutes(5));
        }
    }

    #[test]
    fn a_mean_is_there_once_the_window_is_full_and_forgets_what_is_older() {
        for tick in [1, 30, 60, 900] {
            let mut window = Window::default();
            fill(&mut window, 0..900, tick, |_| 8.0);
            assert!((window.mean(Span::from_minutes(5)).expect("full") - 8.0).abs() < 1e-9, "ticks of {tick} s");
            fill(&mut window, 900..1800, tick, |_| 2.0);
            assert!((window.mean(Span::from_minutes(5)).expect("full") - 2.0).abs() < 1e-9, "ticks of {tick} s");
            assert!(window.parts.len() <= 11, "{}", window.parts.len());
        }
        let mut window = Window::default();
        fill(&mut window, 0..299, 1, |_| 8.0);
        assert_eq!(window.mean(Span::from_minutes(5)), None);
    }
}
