//! What one stream tells its reader: who is slow gets the latest, and is told how much was missed.

use crate::face::{Shared, lock};
use crate::frame::{News, Topic, Wire, lagged};
use crate::problem::Problem;
use crate::select::Selection;
use crate::view::Viewer;
use agents::{Span, Time};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;

/// Most streams at once.
pub(crate) const MOST_STREAMS: usize = 2000;
/// Ticks that wait for a reader before it is told that it missed some.
pub(crate) const MOST_NEWS: usize = 8;

/// One of [`MOST_STREAMS`].
#[derive(Debug)]
struct Seat(Arc<Shared>);

impl Seat {
    fn take(shared: &Arc<Shared>) -> Result<Self, Problem> {
        let taken: &AtomicUsize = &shared.streams;
        let one_more = |taken: usize| (taken < MOST_STREAMS).then_some(taken + 1);
        taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more)
            .map_err(|_| Problem::busy(format!("{MOST_STREAMS} streams are open, which is the most: close some")))?;
        shared.metrics.streams.inc();
        Ok(Self(shared.clone()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
        self.0.metrics.streams.dec();
    }
}

/// When readings are due again.
#[derive(Debug, Default)]
struct Due(Option<Time>);

impl Due {
    fn is(&mut self, time: Time, every: Span) -> bool {
        // A twin that goes on from an earlier instant begins anew.
        let is = self.0.is_none_or(|due| time >= due || due - time > every);
        if is && every > Span::ZERO {
            self.0 = Some(time.next_multiple(every));
        }
        is
    }
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Feed {
    seat: Seat,
    news: Receiver<News>,
    ending: watch::Receiver<bool>,
    selection: Selection,
    wire: Wire,
    waiting: VecDeque<Bytes>,
    /// The number of the last tick that was told.
    tick: u64,
    /// The number of the last event that was told or passed over.
    event: u64,
    readings: Due,
    clock: Due,
}

impl Feed {
    /// A stream, which begins with the latest readings and the clock.
    pub(crate) fn open(shared: &Arc<Shared>, selection: Selection, wire: Wire) -> Result<Self, Problem> {
        let seat = Seat::take(shared)?;
        let mut feed = Self {
            news: shared.news.subscribe(),
            ending: shared.ending.subscribe(),
            seat,
            selection,
            wire,
            waiting: VecDeque::new(),
            tick: 0,
            event: 0,
            readings: Due::default(),
            clock: Due::default(),
        };
        let (latest, event) = {
            let board = shared.board();
            (board.latest(), board.last_event())
        };
        feed.event = event;
        if let Some(frame) = latest {
            feed.tick = frame.batch.number;
            feed.readings.is(frame.batch.start, feed.selection.every);
            let viewer = Viewer(&shared.catalogue);
            let is_reading = |topic: &Topic| *topic != Topic::Events;
            let readings = feed.selection.only(is_reading);
            feed.waiting.extend(frame.messages(viewer, &readings, wire, true));
        }
        if let Some(clock) = lock(&shared.told).clock {
            feed.take(News::Clock(Arc::new(crate::frame::ClockFrame::new(clock))));
        }
        Ok(feed)
    }

    /// The next message; none when the API ends. Nothing is lost if this is not waited for to its end.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            let news = tokio::select! {
                _ = self.ending.wait_for(|is_ending| *is_ending) => return None,
                news = self.news.recv() => news,
            };
            match news {
                Ok(news) => self.take(news),
                Err(RecvError::Lagged(_)) => self.skip_to_the_latest(),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn skip_to_the_latest(&mut self) {
        let (mut tick, mut clock) = (None, None);
        loop {
            match self.news.try_recv() {
                Ok(news @ News::Tick(_)) => tick = Some(news),
                Ok(news @ News::Clock(_)) => clock = Some(news),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        tick.into_iter().chain(clock).for_each(|news| self.take(news));
    }

    fn take(&mut self, news: News) {
        let frame = match news {
            News::Clock(frame) => {
                let is_told =
                    self.selection.wants(Topic::Clock) && self.clock.is(frame.clock.now, self.selection.every);
                self.waiting.extend(is_told.then(|| frame.message(self.wire)));
                return;
            }
            News::Tick(frame) => frame,
        };
        // It was among the latest when the stream began.
        if frame.batch.number <= self.tick {
            return;
        }
        let missed = frame.batch.number - self.tick - 1;
        if self.tick > 0 && missed > 0 {
            self.seat.0.metrics.missed.inc_by(missed);
            self.waiting.push_back(lagged(self.wire, &frame.batch.start.to_string(), missed, self.event));
        }
        self.tick = frame.batch.number;
        self.event = frame.events.last().map_or(self.event, |noted| noted.number);
        let with_readings = self.readings.is(frame.batch.start, self.selection.every);
        let viewer = Viewer(&self.seat.0.catalogue);
        self.waiting.extend(frame.messages(viewer, &self.selection, self.wire, with_readings));
    }
}
