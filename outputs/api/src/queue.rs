//! What the kernel hands over for one interval: a copy, so that it can go on at once.

use agents::fault::FaultKind;
use agents::reading::{AssetReading, FaultReading, SignalReading, SiteReading};
use agents::record::{Event, IntervalRows, Record};
use agents::{Span, Time};
use std::collections::VecDeque;

/// Most intervals that wait for the face.
pub(crate) const MOST_WAITING: usize = 16;

/// What is shown of one interval.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    /// Its number since the start, beginning with 1.
    pub(crate) number: u64,
    /// First instant of the interval.
    pub(crate) start: Time,
    /// Its length.
    pub(crate) length: Span,
    pub(crate) assets: Vec<AssetReading>,
    pub(crate) sites: Vec<SiteReading>,
    pub(crate) signals: Vec<SignalReading>,
    pub(crate) faults: Vec<FaultReading>,
    pub(crate) events: Vec<Event>,
}

impl Batch {
    /// A copy of the rows.
    pub(crate) fn of(rows: &IntervalRows<'_>) -> Self {
        let event = |record: &Record| if let Record::Event(event) = record { Some(event.clone()) } else { None };
        Self {
            number: 0,
            start: rows.start,
            length: rows.length,
            assets: rows.assets.to_vec(),
            sites: rows.sites.to_vec(),
            signals: rows.signals.to_vec(),
            faults: rows.faults.to_vec(),
            events: rows.records.iter().filter_map(event).collect(),
        }
    }

    /// The kinds of faults that a device had in the interval.
    pub(crate) fn fault(&self, asset: agents::ParticipantId) -> Option<&FaultReading> {
        let found = self.faults.binary_search_by_key(&asset, |fault| fault.asset).ok();
        found.map(|place| &self.faults[place]).filter(|fault| !fault.faults.is_empty())
    }
}

/// The names of faults.
pub(crate) fn names(faults: &[FaultKind]) -> Vec<&'static str> {
    faults.iter().map(|kind| kind.as_str()).collect()
}

/// Intervals between the kernel and the face.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    waiting: VecDeque<Batch>,
    pushed: u64,
    /// Intervals whose readings gave way because the face lags.
    pub(crate) dropped: u64,
}

impl Queue {
    /// Adds an interval. If too many wait, the readings of the oldest give way; its events go with the next.
    pub(crate) fn push(&mut self, mut batch: Batch) {
        self.pushed += 1;
        batch.number = self.pushed;
        self.waiting.push_back(batch);
        if self.waiting.len() > MOST_WAITING
            && let Some(mut oldest) = self.waiting.pop_front()
        {
            self.dropped += 1;
            if let Some(next) = self.waiting.front_mut() {
                oldest.events.append(&mut next.events);
                // No more are kept of them than are kept of all.
                let surplus = oldest.events.len().saturating_sub(crate::board::MOST_EVENTS);
                oldest.events.drain(..surplus);
                next.events = oldest.events;
            }
        }
    }

    /// The oldest interval.
    pub(crate) fn pop(&mut self) -> Option<Batch> {
        self.waiting.pop_front()
    }

    /// Whether half as many wait as may.
    pub(crate) fn is_half_full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::ParticipantId;
    use agents::record::EventCode;

    fn batch(s: i64) -> Batch {
        let event = |code| Event { time: Time(s), participant: ParticipantId(0), code, detail: s.to_string() };
        Batch { start: Time(s), events: vec![event(EventCode::InputTaken)], ..Batch::default() }
    }

    #[test]
    fn a_face_that_lags_loses_the_oldest_intervals_and_no_event() {
        let mut queue = Queue::default();
        (0..20).for_each(|s| queue.push(batch(s)));
        assert_eq!(queue.dropped, 4);
        let taken: Vec<Batch> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(taken.iter().map(|batch| batch.number).collect::<Vec<_>>(), (5..=20).collect::<Vec<_>>());
        let events: Vec<_> = taken.iter().flat_map(|batch| &batch.events).map(|event| event.time.0).collect();
        assert_eq!(events, (0..20).collect::<Vec<_>>(), "in their order");
    }
}
