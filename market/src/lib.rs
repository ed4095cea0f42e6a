//! Order books, clearing mechanisms and settlement in exact integers.
//!
//! A call auction takes three steps: collect [`Order`]s into a [`Book`], which refuses what cannot be
//! traded and sorts the rest by merit; [`clear`] the book under a [`Mechanism`], which gives a
//! [`Clearing`] whose conservation rules have been checked; and, once the meters have been read,
//! [`settle`] each account against its retailer's [`Tariff`].
//!
//! Quantities are integer watt-hours, prices integer micro-euro per kilowatt-hour, and money their
//! product, integer nano-euro. Nothing is divided, so nothing is rounded and nothing is lost: floats
//! appear only where a number enters from, or leaves for, people and files.
//!
//! There is no IO, no clock and no random draw in here. The same orders give the same clearing, in
//! whatever sequence they were handed over.
//!
//! ```
//! use market::{AgentId, Book, Energy, Order, OrderId, Price, Side, clear, mechanism};
//!
//! let order = |id, side, kwh, eur_per_mwh| Order {
//!     id: OrderId(id),
//!     agent: AgentId(id as u32),
//!     side,
//!     quantity: Energy::from_kwh(kwh),
//!     limit: Price::from_eur_per_mwh(eur_per_mwh),
//!     quality: 0,
//!     premium_bp: 0,
//!     submitted_ms: 0,
//!     lottery: id,
//! };
//! let book = Book::new([order(1, Side::Bid, 0.5, 250.0), order(2, Side::Offer, 0.8, 150.0)])?;
//! let uniform = mechanism("uniform-mid-truncated")?;
//! let clearing = clear(&*uniform, &book);
//!
//! assert_eq!(clearing.volume, Energy(500));
//! assert_eq!(clearing.price, Some(Price(200_000)));
//! assert_eq!(clearing.trades[0].payment().as_eur(), 0.1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod areas;
pub mod auction;
pub mod blocks;
pub mod community;
pub mod continuous;
pub mod dispatch;
pub mod flexibility;
pub mod optimise;
pub mod peers;
pub mod reserve;
pub mod settlement;
pub mod time;

mod book;
mod clearing;
mod invariants;
mod order;
mod quantity;

pub use auction::{
    BoxedMechanism, PriceRule, Slice, Slices, Specification, SpecificationError, Uniform, mechanism, mechanism_names,
    slices,
};
pub use book::{Book, BookError};
pub use clearing::{Clearing, Mechanism, Note, Trade, clear};
pub use invariants::{Crossing, InvariantBroken, Limits, Promises};
pub use order::{AgentId, Order, OrderId, Side};
pub use quantity::{Energy, Money, Price};
pub use settlement::{Bill, Position, Tariff, settle};
