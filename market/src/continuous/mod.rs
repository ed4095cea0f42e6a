//! The continuous limit-order book: price-time priority, cancel and replace, trade at the resting order's price.
//!
//! One [`ContinuousBook`] trades one delivery slot until its gate closes. It changes through [`Operation`]s only, each
//! of which gives the [`Event`]s it caused, in the order in which they happened, so a journal of operations replays to
//! the same book and the same events. There is no clock in it: [`Operation::Advance`] hands the time in.
//!
//! # Rules
//! - The best price goes first, and at one price whoever came first. Nothing else counts: not the agent, not its id.
//! - A trade happens at the price of the order that rested. Prices may be negative.
//! - A [`replace`](Operation::Replace) that lowers the quantity, or changes nothing, keeps the order's place in the
//!   queue. Another limit, or more quantity, sends it to the end of the queue, and it may trade on the way.
//! - An agent may trade with itself unless the book's [`SelfTrade`] says otherwise.
//! - An order that is [`rejected`](Event::Rejected) leaves no trace; its id may be used again. The id of an order that
//!   was accepted is used for ever, even after the order has gone.
//!
//! # Representation
//! Orders live in an arena; each price level is a doubly linked queue through it; a sorted map finds the level of a
//! price and another the place of an id. With L levels and n resting orders an order is placed in O(log L + log n),
//! plus O(1) for each trade; it is cancelled or reduced in the same time, whatever its place in its queue.

mod arena;
mod book;
mod event;
mod ids;
mod matching;
mod snapshot;
mod view;

pub use book::ContinuousBook;
pub use event::{Cancellation, Event, LimitOrder, Operation, Rejection, SelfTrade, TimeInForce};
pub use snapshot::{BookState, StateError};
pub use view::{Level, Resting};
