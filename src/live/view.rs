//! The view on a terminal: what time it is in the twin, whether it keeps up, its faces, and what happened last.

use agents::{Calendar, Span, Time};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::IsTerminal;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How often the view changes.
const EVERY: Duration = Duration::from_millis(250);
/// How many events are shown.
const EVENTS: usize = 5;

/// What is shown besides events.
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) now: Time,
    pub(super) pace: String,
    pub(super) clock: String,
    pub(super) plant: String,
    pub(super) faces: Vec<String>,
    pub(super) place: String,
}

/// A few lines at the bottom of a terminal, drawn on a thread of their own: a terminal that is stopped must not stop the
/// clock.
pub(super) struct View {
    lines: MultiProgress,
    out: Option<SyncSender<Vec<String>>>,
    /// The plant tells them while it is borrowed.
    events: RefCell<VecDeque<String>>,
    calendar: Calendar,
    shown: Option<Instant>,
}

impl View {
    /// A view, if standard error is a terminal.
    pub(super) fn on_terminal(calendar: Calendar) -> Option<Self> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let lines = MultiProgress::new();
        let (out, texts) = sync_channel::<Vec<String>>(1);
        let drawn = lines.clone();
        let drawing = std::thread::Builder::new().name("view".into()).spawn(move || draw(&drawn, &texts));
        drawing.is_ok().then(|| Self { lines, out: Some(out), events: RefCell::default(), calendar, shown: None })
    }

    /// What the log is written above of.
    pub(super) fn lines(&self) -> MultiProgress {
        self.lines.clone()
    }

    /// Notes an event.
    pub(super) fn event(&self, time: Time, participant: &str, code: &str, detail: &str) {
        let mut events = self.events.borrow_mut();
        if events.len() == EVENTS {
            events.pop_front();
        }
        events.push_back(format!("  {}  {participant}  {code}: {detail}", local(time, self.calendar)));
    }

    /// Shows what `shown` says, if it is time again.
    pub(super) fn show(&mut self, shown: impl FnOnce() -> Shown) {
        if self.shown.is_some_and(|shown| shown.elapsed() < EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let Shown { name, now, pace, clock, plant, faces, place } = shown();
        let mut texts = vec![String::new(), format!("{name}  {}  {pace}", local(now, self.calendar)), clock, plant];
        texts.extend(faces);
        texts.push(place);
        texts.extend(self.events.borrow().iter().cloned());
        if let Some(out) = &self.out {
            // One that can not be drawn in time is followed by another.
            drop(out.try_send(texts));
        }
    }

    /// Takes the view away.
    pub(super) fn close(&mut self) {
        self.out = None;
    }
}

/// Draws what comes until nothing comes any more.
fn draw(lines: &MultiProgress, texts: &Receiver<Vec<String>>) {
    let mut bars: Vec<ProgressBar> = Vec::new();
    for texts in texts {
        while bars.len() < texts.len() {
            let style = ProgressStyle::with_template("{wide_msg}").expect("the template is well formed");
            bars.push(lines.add(ProgressBar::new_spinner().with_style(style)));
        }
        for (bar, text) in bars.iter().zip(texts) {
            bar.set_message(text);
            bar.tick();
        }
    }
    bars.into_iter().for_each(|bar| bar.finish_and_clear());
}

/// An instant in local time, to be read.
fn local(time: Time, calendar: Calendar) -> String {
    let text = (time + calendar.utc_offset).to_string().replace('T', " ");
    let (sign, minutes) = match calendar.utc_offset {
        offset if offset < Span::ZERO => ('−', -offset.0 / Span::MINUTE.0),
        offset => ('+', offset.0 / Span::MINUTE.0),
    };
    format!("{} {sign}{:02}:{:02}", text.trim_end_matches('Z'), minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_shown_in_local_time_with_their_offset() {
        let martinique = Calendar { utc_offset: Span::HOUR * -4 };
        assert_eq!(local(Time(1_773_979_200_000), martinique), "2026-03-20 00:00:00 −04:00");
        assert_eq!(local(Time(0), Calendar { utc_offset: Span::from_minutes(330) }), "1970-01-01 05:30:00 +05:30");
    }
}
