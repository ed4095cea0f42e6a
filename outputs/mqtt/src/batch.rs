//! What the kernel hands over for one interval: a copy, so that it can go on at once.

use agents::Time;
use agents::reading::{AssetReading, FaultReading, MirrorReading, SignalReading, SiteReading};
use agents::record::{AwardRow, Event, IntervalRows, Record};
use std::collections::VecDeque;

/// Most batches that wait for the face.
pub(crate) const MOST_WAITING: usize = 16;

/// What is published of one interval.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Batch {
    /// First instant of the interval.
    pub(crate) start: Time,
    pub(crate) assets: Vec<AssetReading>,
    pub(crate) sites: Vec<SiteReading>,
    pub(crate) signals: Vec<SignalReading>,
    pub(crate) mirror: Vec<MirrorReading>,
    /// What faulty assets show in place of their readings, in the order of ids.
    pub(crate) faults: Vec<FaultReading>,
    pub(crate) events: Vec<Event>,
    pub(crate) awards: Vec<AwardRow>,
}

impl Batch {
    /// Becomes a copy of the rows, in the memory it has.
    fn fill(&mut self, rows: &IntervalRows<'_>) {
        self.start = rows.start;
        self.assets.clear();
        self.assets.extend_from_slice(rows.assets);
        self.sites.clear();
        self.sites.extend_from_slice(rows.sites);
        self.signals.clear();
        self.signals.extend_from_slice(rows.signals);
        self.mirror.clear();
        self.mirror.extend_from_slice(rows.mirror);
        self.faults.clear();
        self.faults.extend_from_slice(rows.faults);
        let event = |record: &Record| if let Record::Event(event) = record { Some(event.clone()) } else { None };
        self.events.clear();
        self.events.extend(rows.records.iter().filter_map(event));
        let award = |record: &Record| if let Record::Award(award) = record { Some(*award) } else { None };
        self.awards.clear();
        self.awards.extend(rows.records.iter().filter_map(award));
    }

    fn readings(&self) -> u64 {
        (self.assets.len() + self.sites.len() + self.signals.len() + self.mirror.len()) as u64
    }
}

/// Batches between the kernel and the face, and empty ones on their way back, so that memory is asked for once.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    waiting: VecDeque<Batch>,
    spare: Vec<Batch>,
    /// Readings that gave way because the face lags.
    pub(crate) overtaken: u64,
}

impl Batches {
    /// An empty batch to be filled.
    pub(crate) fn spare(&mut self) -> Batch {
        self.spare.pop().unwrap_or_default()
    }

    /// Adds a batch. If too many wait, the readings of the oldest give way; its events and awards go with the next.
    pub(crate) fn push(&mut self, batch: Batch) {
        self.waiting.push_back(batch);
        if self.waiting.len() > MOST_WAITING
            && let Some(mut oldest) = self.waiting.pop_front()
        {
            self.overtaken += oldest.readings();
            if let Some(next) = self.waiting.front_mut() {
                oldest.events.append(&mut next.events);
                std::mem::swap(&mut oldest.events, &mut next.events);
                oldest.awards.append(&mut next.awards);
                std::mem::swap(&mut oldest.awards, &mut next.awards);
            }
            self.spare.push(oldest);
        }
    }

    /// Whether half as many wait as may.
    pub(crate) fn is_half_full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING / 2
    }

    /// The oldest batch.
    pub(crate) fn pop(&mut self) -> Option<Batch> {
        self.waiting.pop_front()
    }

    /// Takes an empty batch back.
    pub(crate) fn give_back(&mut self, batch: Batch) {
        if self.spare.len() < MOST_WAITING {
            self.spare.push(batch);
        }
    }
}

/// A copy of `rows` in `batch`.
pub(crate) fn filled(mut batch: Batch, rows: &IntervalRows<'_>) -> Batch {
    batch.fill(rows);
    batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use agents::ParticipantId;
    use agents::reading::Signal;
    use agents::record::EventCode;

    fn batch(s: i64) -> Batch {
        let event = |code| Event { time: Time(s), participant: ParticipantId(0), code, detail: s.to_string() };
        Batch {
            start: Time(s),
            signals: vec![Signal::Temperature.reading(27.0); 3],
            events: vec![event(EventCode::InputTaken), event(EventCode::LoadControl)],
            ..Batch::default()
        }
    }

    #[test]
    fn a_face_that_lags_loses_the_oldest_readings_and_no_event() {
        let mut batches = Batches::default();
        (0..20).for_each(|s| batches.push(batch(s)));
        assert_eq!(batches.overtaken, 4 * 3);
        let taken: Vec<Batch> = std::iter::from_fn(|| batches.pop()).collect();
        assert_eq!(taken.iter().map(|batch| batch.start.0).collect::<Vec<_>>(), (4..20).collect::<Vec<_>>());
        let events: Vec<_> = taken.iter().flat_map(|batch| &batch.events).map(|event| event.time.0).collect();
        let all: Vec<_> = (0..20).flat_map(|s| [s, s]).collect();
        assert_eq!(events, all, "in their order");
    }

    #[test]
    fn memory_is_used_again() {
        let mut batches = Batches::default();
        let used = batch(0);
        let room = used.signals.capacity();
        batches.give_back(used);
        assert_eq!(batches.spare().signals.capacity(), room);
    }
}
