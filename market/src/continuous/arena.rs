//! Where the resting orders live: a slab of nodes, linked into one queue per price level.
//!
//! Freed places are used again, so a book that lives for long takes no more memory than its fullest moment. Links are
//! 32-bit indices, which keeps a node within a cache line and allows 4.3 billion resting orders.

use super::view::Resting;
use crate::Energy;

/// The place of an order in the slab.
pub(super) type Place = u32;

/// No place: the end of a queue.
const NONE: Place = Place::MAX;

#[derive(Debug, Clone, Copy)]
struct Node {
    order: Resting,
    earlier: Place,
    later: Place,
}

/// The slab.
#[derive(Debug, Clone, Default)]
pub(super) struct Arena {
    nodes: Vec<Node>,
    free: Vec<Place>,
}

/// The orders of one side at one price, first come first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Queue {
    first: Place,
    last: Place,
    /// What the orders may still trade.
    pub(super) left: Energy,
    /// How many they are.
    pub(super) count: u32,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue { first: NONE, last: NONE, left: Energy::ZERO, count: 0 }
    }
}

impl Queue {
    /// The order that trades next.
    pub(super) fn first(&self) -> Option<Place> {
        (self.first != NONE).then_some(self.first)
    }
}

impl Arena {
    /// The order at a place that is taken.
    pub(super) fn order(&self, place: Place) -> &Resting {
        &self.nodes[place as usize].order
    }

    /// Makes the order at `place` smaller by `quantity`, of which `traded` has traded, and its queue with it.
    pub(super) fn take(&mut self, queue: &mut Queue, place: Place, quantity: Energy, traded: Energy) {
        let order = &mut self.nodes[place as usize].order;
        order.left -= quantity;
        order.traded += traded;
        queue.left -= quantity;
    }

    /// Appends an order to a queue, in O(1).
    pub(super) fn push(&mut self, queue: &mut Queue, order: Resting) -> Place {
        let node = Node { order, earlier: queue.last, later: NONE };
        let place = if let Some(place) = self.free.pop() {
            self.nodes[place as usize] = node;
            place
        } else {
            let place = Place::try_from(self.nodes.len()).ok().filter(|&place| place != NONE);
            self.nodes.push(node);
            place.expect("memory ends long before 4.3 billion orders do")
        };
        match queue.last {
            NONE => queue.first = place,
            last => self.nodes[last as usize].later = place,
        }
        queue.last = place;
        queue.left += order.left;
        queue.count += 1;
        place
    }

    /// Takes an order out of its queue, wherever in it, in O(1).
    pub(super) fn remove(&mut self, queue: &mut Queue, place: Place) -> Resting {
        let Node { order, earlier, later } = self.nodes[place as usize];
        match earlier {
            NONE => queue.first = later,
            earlier => self.nodes[earlier as usize].later = later,
        }
        match later {
            NONE => queue.last = earlier,
            later => self.nodes[later as usize].earlier = earlier,
        }
        queue.left -= order.left;
        queue.count -= 1;
        self.free.push(place);
        order
    }

    /// The places of a queue, first come first.
    pub(super) fn places(&self, queue: &Queue) -> impl Iterator<Item = Place> + '_ {
        let some = |place| (place != NONE).then_some(place);
        std::iter::successors(some(queue.first), move |&place| some(self.nodes[place as usize].later))
    }
}
