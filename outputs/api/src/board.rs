//! What the face knows and answers by itself: the latest interval, the clock, and the last events.

use crate::call::Clock;
use crate::frame::{Frame, Noted};
use crate::queue::Batch;
use std::collections::VecDeque;
use std::sync::Arc;

/// Most events that are kept.
pub(crate) const MOST_EVENTS: usize = 10_000;

/// What the face knows.
#[derive(Debug, Default)]
pub(crate) struct Board {
    latest: Option<Arc<Frame>>,
    events: VecDeque<Arc<Noted>>,
    /// The number before that of the first event.
    first_event: u64,
    /// The number of the last event.
    last_event: u64,
}

impl Board {
    /// A board whose events are numbered from this on.
    pub(crate) fn numbered_from(number: u64) -> Self {
        Self { first_event: number, last_event: number, ..Self::default() }
    }

    /// Takes an interval, and hands it on with its events numbered.
    pub(crate) fn take(&mut self, mut batch: Batch) -> Arc<Frame> {
        let mut number = self.last_event;
        let noted = std::mem::take(&mut batch.events).into_iter().map(|event| {
            number += 1;
            Arc::new(Noted { number, event })
        });
        let noted: Vec<_> = noted.collect();
        self.last_event = number;
        self.events.extend(noted.iter().cloned());
        let surplus = self.events.len().saturating_sub(MOST_EVENTS);
        self.events.drain(..surplus);
        let frame = Arc::new(Frame::new(batch, noted));
        self.latest = Some(frame.clone());
        frame
    }

    pub(crate) fn latest(&self) -> Option<Arc<Frame>> {
        self.latest.clone()
    }

    /// The events that are kept, oldest first.
    pub(crate) fn events(&self) -> Vec<Arc<Noted>> {
        self.events.iter().cloned().collect()
    }

    pub(crate) fn last_event(&self) -> u64 {
        self.last_event
    }

    /// How many events there were that are not kept any more.
    pub(crate) fn dropped(&self) -> u64 {
        self.last_event - self.first_event - self.events.len() as u64
    }
}

/// The clock, and whether streams have heard of it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) clock: Option<Clock>,
    pub(crate) is_news: bool,
}
