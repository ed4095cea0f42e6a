//! What one connection still has to send: kept in order, bounded, and sent again when a connection was lost.

use crate::topics::Quantity;
use agents::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// A series of readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeriesId {
    /// Of the participant with this index.
    Asset(u32, Quantity),
    /// Of the site with this index.
    Site(u32),
    /// Of the signal with this index.
    Signal(u32),
}

/// Something to send. A reading becomes text when it is sent: waiting, it is small.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// A reading.
    Reading { series: SeriesId, value: f64, time: Time },
    /// An event.
    Event(Arc<Text>),
    /// The result of a command: never given up.
    Result(Arc<Text>),
    /// Whether somebody is available: said anew in every connection.
    Availability(Arc<Text>),
}

/// A message that is written already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

/// An item the connection has taken.
#[derive(Debug)]
struct InFlight {
    item: Item,
    /// The number the connection gave it when it went out.
    packet: Option<u16>,
}

/// What one connection still has to send.
#[derive(Debug)]
pub(crate) struct Outbox {
    /// Results and availability, before all others.
    urgent: VecDeque<Item>,
    /// Readings and events, oldest first.
    telemetry: VecDeque<Item>,
    in_flight: VecDeque<InFlight>,
    /// Most readings and events.
    limit: usize,
}

impl Outbox {
    pub(crate) fn new(limit: usize) -> Self {
        Self { urgent: VecDeque::new(), telemetry: VecDeque::new(), in_flight: VecDeque::new(), limit }
    }

    /// Adds an item; how many old ones gave way.
    pub(crate) fn push(&mut self, item: Item) -> u64 {
        match item {
            Item::Result(_) | Item::Availability(_) => self.urgent.push_back(item),
            Item::Reading { .. } | Item::Event(_) => self.telemetry.push_back(item),
        }
        self.give_way()
    }

    /// Adds what is said last of all, behind everything that waits.
    pub(crate) fn push_last(&mut self, item: Item) {
        self.telemetry.push_back(item);
    }

    fn give_way(&mut self) -> u64 {
        let over = self.telemetry.len().saturating_sub(self.limit);
        self.telemetry.drain(..over);
        over as u64
    }

    /// The next item to send; it is kept until [`Self::sent`] or [`Self::acknowledged`] says that it has arrived.
    pub(crate) fn next(&mut self) -> Option<Item> {
        let item = self.urgent.pop_front().or_else(|| self.telemetry.pop_front())?;
        self.in_flight.push_back(InFlight { item: item.clone(), packet: None });
        Some(item)
    }

    /// The connection has sent the next item, under this number; 0 for one that nobody acknowledges. How many items that
    /// completes.
    pub(crate) fn sent(&mut self, packet: u16) -> u64 {
        // Acknowledged ones leave from the front, so that those not sent yet follow those that are.
        let Some(next) = self.in_flight.iter().position(|one| one.packet.is_none()) else { return 0 };
        if packet == 0 {
            self.in_flight.remove(next);
            return 1;
        }
        self.in_flight[next].packet = Some(packet);
        0
    }

    /// The broker has the item of this number. How many items that completes.
    pub(crate) fn acknowledged(&mut self, packet: u16) -> u64 {
        let found = self.in_flight.iter().position(|one| one.packet == Some(packet));
        found.and_then(|index| self.in_flight.remove(index)).map_or(0, |_| 1)
    }

    /// The connection is lost: what did not arrive for certain waits again, in its order, before what is newer. How many
    /// items gave way.
    pub(crate) fn lost(&mut self) -> u64 {
        while let Some(InFlight { item, .. }) = self.in_flight.pop_back() {
            match item {
                Item::Availability(_) => {}
                Item::Result(_) => self.urgent.push_front(item),
                Item::Reading { .. } | Item::Event(_) => self.telemetry.push_front(item),
            }
        }
        self.urgent.retain(|item| !matches!(item, Item::Availability(_)));
        self.give_way()
    }

    /// How many answers and words on availability wait.
    pub(crate) fn urgent(&self) -> usize {
        self.urgent.len()
    }

    /// How many messages wait or are not acknowledged.
    pub(crate) fn len(&self) -> usize {
        self.urgent.len() + self.telemetry.len() + self.in_flight.len()
    }

    /// How many items the connection has taken and not completed.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(s: i64) -> Item {
        Item::Reading { series: SeriesId::Site(0), value: 1.0, time: Time(s * 1000) }
    }

    fn text(topic: &str) -> Arc<Text> {
        Arc::new(Text { topic: topic.into(), payload: Vec::new() })
    }

    fn push(outbox: &mut Outbox, seconds: std::ops::Range<i64>) {
        for s in seconds {
            outbox.push(reading(s));
        }
    }

    fn drain(outbox: &mut Outbox) -> Vec<Item> {
        std::iter::from_fn(|| outbox.next()).collect()
    }

    #[test]
    fn the_oldest_readings_give_way_and_results_and_availability_never() {
        let mut outbox = Outbox::new(2);
        let given_way: u64 = (0..5).map(|s| outbox.push(reading(s))).sum();
        assert_eq!(given_way, 3);
        let others: Vec<_> = (0..9).map(|_| Item::Result(text("r"))).collect();
        assert_eq!(others.iter().cloned().map(|item| outbox.push(item)).sum::<u64>(), 0);
        assert_eq!(drain(&mut outbox), [others, vec![reading(3), reading(4)]].concat());
    }

    #[test]
    fn what_did_not_arrive_is_sent_again_in_order_before_what_is_newer() {
        let mut outbox = Outbox::new(100);
        push(&mut outbox, 0..6);
        (0..5).for_each(|_| drop(outbox.next()));
        assert_eq!([1, 2, 3].map(|packet| outbox.sent(packet)), [0, 0, 0]);
        assert_eq!([outbox.acknowledged(2), outbox.acknowledged(2), outbox.acknowledged(9)], [1, 0, 0]);
        outbox.push(reading(6));
        assert_eq!(outbox.lost(), 0);
        assert_eq!(drain(&mut outbox), [0, 2, 3, 4, 5, 6].map(reading));
    }

    #[test]
    fn what_nobody_acknowledges_is_gone_when_it_is_sent() {
        let mut outbox = Outbox::new(100);
        push(&mut outbox, 0..3);
        (0..3).for_each(|_| drop(outbox.next()));
        assert_eq!([outbox.sent(1), outbox.sent(0)], [0, 1]);
        assert_eq!((outbox.in_flight(), outbox.len()), (2, 2));
        outbox.lost();
        assert_eq!(drain(&mut outbox), [0, 2].map(reading));
    }

    #[test]
    fn availability_is_not_repeated_from_an_old_connection() {
        let mut outbox = Outbox::new(100);
        outbox.push(Item::Availability(text("sent")));
        outbox.next();
        outbox.push(Item::Availability(text("waiting")));
        outbox.push(Item::Result(text("r")));
        outbox.lost();
        assert_eq!(drain(&mut outbox), [Item::Result(text("r"))]);
    }

    #[test]
    fn what_comes_back_gives_way_too_when_there_is_too_much_of_it() {
        let mut outbox = Outbox::new(2);
        push(&mut outbox, 0..2);
        (0..2).for_each(|_| drop(outbox.next()));
        push(&mut outbox, 2..4);
        assert_eq!(outbox.lost(), 2);
        assert_eq!(drain(&mut outbox), [2, 3].map(reading));
    }
}
