//! Calls of our own: one at a time, each with an id of its own and a deadline.

use agents::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// A call that waits for its answer; `K` is what the caller wants to know again when it comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InFlight<K> {
    /// Its id.
    pub id: String,
    /// What was asked.
    pub asked: K,
    /// When it is given up.
    pub deadline: Time,
}

/// The calls of one side of a connection (2.0.1 part 4, section 4.1.1: one outstanding call).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calls<K> {
    /// What ids are made of; never the same twice, on whatever connection.
    ticket: u64,
    made: u64,
    waiting: Option<InFlight<K>>,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered<K> {
    /// It answers the call that waits.
    Ours(K),
    /// It is too late, or answers nothing that was asked.
    Stray,
}

impl<K> Calls<K> {
    /// Nothing asked yet; `ticket` is a random number, another one for each station.
    pub fn new(ticket: u64) -> Self {
        Self { ticket, made: 0, waiting: None }
    }

    /// Whether a call may be made now.
    pub fn is_free(&self) -> bool {
        self.waiting.is_none()
    }

    /// The call that waits.
    pub fn waiting(&self) -> Option<&InFlight<K>> {
        self.waiting.as_ref()
    }

    /// A number no call or thing of this station had before, as text in the form of a UUID (version 4).
    pub fn unique(&mut self) -> String {
        self.made += 1;
        let [high, low] = [2 * self.made, 2 * self.made + 1].map(|n| agents::draw::lot(self.ticket, n as i64));
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, (high & 0x0fff) | 0x4000);
        format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", (low >> 48 & 0x3fff) | 0x8000, low & 0xffff_ffff_ffff)
    }

    /// Begins a call and returns its id. Only when [`Self::is_free`].
    pub fn begin(&mut self, asked: K, now: Time, timeout: Span) -> String {
        debug_assert!(self.is_free(), "one call at a time");
        let id = self.unique();
        self.waiting = Some(InFlight { id: id.clone(), asked, deadline: now + timeout });
        id
    }

    /// An answer to call `id` came.
    pub fn answered(&mut self, id: &str) -> Answered<K> {
        match self.waiting.take_if(|waiting| waiting.id == id) {
            Some(waiting) => Answered::Ours(waiting.asked),
            None => Answered::Stray,
        }
    }

    /// The call that has waited too long, if any: it is given up.
    pub fn overdue(&mut self, now: Time) -> Option<K> {
        self.waiting.take_if(|waiting| waiting.deadline <= now).map(|waiting| waiting.asked)
    }

    /// The connection is gone: nothing will be answered.
    pub fn abandon(&mut self) -> Option<K> {
        self.waiting.take().map(|waiting| waiting.asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn an_answer_that_comes_too_late_is_a_stray() {
        let mut calls = Calls::new(7);
        let first = calls.begin("first", Time(0), Span::from_s(30));
        assert_eq!(calls.overdue(Time(29_999)), None);
        assert_eq!(calls.overdue(Time(30_000)), Some("first"));
        let second = calls.begin("second", Time(30_000), Span::from_s(30));
        assert_eq!(calls.answered(&first), Answered::Stray);
        assert_eq!(calls.answered(&second), Answered::Ours("second"));
        assert_eq!(calls.answered(&second), Answered::Stray);
    }

    #[test]
    fn ids_are_uuids_and_never_the_same() {
        let mut seen = BTreeSet::new();
        for ticket in 0..10 {
            let mut calls = Calls::<()>::new(ticket);
            for _ in 0..1000 {
                let id = calls.unique();
                assert_eq!((id.len(), &id[14..15]), (36, "4"), "{id}");
                assert!(seen.insert(id));
            }
        }
    }
}
