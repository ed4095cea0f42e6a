//! What a mechanism decides about a book, and the one way to have it decide.
//!
//! Agents may trade with themselves: a site whose battery buys what its panels sell has two orders like
//! any others. Such a trade moves no money, since what the agent pays it also receives, whereas skipping
//! it would let price and volume depend on whether that site holds one account or two. A mechanism whose
//! rule is to skip it may do so.

use serde::{Deserialize, Serialize};

use crate::book::Locator;
use crate::{AgentId, Book, Energy, Money, OrderId, Price, Promises, Side};

/// A rule that turns a book into trades.
///
/// An implementation decides; it need not check. Clear through [`clear`], which does.
pub trait Mechanism {
    /// The one word by which a scenario chooses it, such as `uniform-last-ask` or `premium`.
    fn name(&self) -> &'static str;

    /// The whole text by which a scenario chooses it, with parameters and with what it wraps, such as
    /// `premium uniform k=0.25`; [`mechanism`](crate::mechanism) reads it back.
    fn specification(&self) -> String {
        self.name().to_owned()
    }

    /// What it promises beyond conservation; [`clear`] holds it to that.
    fn promises(&self) -> Promises {
        Promises::default()
    }

    /// Clears the book. A pure function: the same book gives the same clearing.
    fn clear(&self, book: &Book) -> Clearing;
}

/// One bid and one offer matched. The price paid is the price received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Trade {
    /// The buying order.
    pub bid: OrderId,
    /// The selling order.
    pub offer: OrderId,
    /// The agent of the bid.
    pub buyer: AgentId,
    /// The agent of the offer; may be the buyer itself.
    pub seller: AgentId,
    /// Watt-hours delivered; positive.
    pub quantity: Energy,
    /// What the buyer pays and the seller receives; where negative, the seller pays.
    pub price: Price,
}

impl Trade {
    /// What the buyer pays the seller.
    pub fn payment(&self) -> Money {
        self.quantity * self.price
    }
}

/// The outcome of one auction. The default is an auction in which nothing cleared.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Clearing {
    /// The one price of all trades. `None` when nothing cleared, or when the mechanism puts a price of
    /// its own on each trade, level or stage.
    pub price: Option<Price>,
    /// Watt-hours bought, which are the watt-hours sold.
    pub volume: Energy,
    /// The trades, best pair first; those of several levels or stages one after the other.
    pub trades: Vec<Trade>,
    /// What a reader of the result should know beyond its trades, in the sequence in which it came about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// A remark of a mechanism on its clearing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Note {
    /// What one level of quality cleared, in a mechanism that clears each by itself. Levels nobody bids for are not
    /// listed.
    Level {
        /// The level.
        quality: u8,
        /// Its price, if it has one and traded at all.
        price: Option<Price>,
        /// Watt-hours traded.
        volume: Energy,
    },
    /// What one mechanism of a chain cleared; the notes of its own come before.
    Stage {
        /// The [specification](Mechanism::specification) of that mechanism.
        mechanism: String,
        /// Its price, if it has one and traded at all.
        price: Option<Price>,
        /// Watt-hours traded.
        volume: Energy,
    },
    /// What agents that name each other traded before everybody else.
    Partners {
        /// Watt-hours traded.
        volume: Energy,
    },
    /// Bids of one level that were set aside because no supply of that quality would have covered them.
    SetAside {
        /// The level.
        quality: u8,
        /// Watt-hours bid for and set aside.
        quantity: Energy,
    },
    /// The coverage of quality was still not reached when the rounds were used up: the trades stand, but some of
    /// them deliver less quality than was asked for.
    CoverageNotReached {
        /// Rounds of clearing that were made.
        rounds: u32,
        /// Watt-hours bought at a quality which no cleared supply covers.
        uncovered: Energy,
    },
}

impl Clearing {
    /// What is left of every order, listed as in [`Book::all`].
    ///
    /// # Panics
    /// If the clearing is not one of `book`.
    pub(crate) fn left(&self, book: &Book) -> Vec<Energy> {
        let mut left: Vec<Energy> = book.all().iter().map(|order| order.quantity).collect();
        let mut locator = Locator::new(book);
        for trade in &self.trades {
            for (side, id) in [(Side::Bid, trade.bid), (Side::Offer, trade.offer)] {
                let index = locator.find(side, id).expect("a clearing names orders of its own book");
                left[index] -= trade.quantity;
            }
        }
        left
    }

    /// Adds what a level or a stage cleared. The price stays what it was: parts need not agree on one.
    pub(crate) fn add(&mut self, part: Clearing) {
        self.volume += part.volume;
        self.trades.extend(part.trades);
        self.notes.extend(part.notes);
    }
}

/// Clears `book` under `mechanism` and checks the result against its [promises](Mechanism::promises), in release
/// builds too. A mechanism made of others has each of them checked in the same way.
///
/// # Panics
/// If the mechanism breaks a rule of conservation or a promise. No order can cause that; it is a bug, and to go on
/// would book energy or money that does not exist.
pub fn clear(mechanism: &dyn Mechanism, book: &Book) -> Clearing {
    let clearing = mechanism.clear(book);
    if let Err(broken) = clearing.check_promises(book, &mechanism.promises()) {
        panic!("the mechanism {} cleared a book against the rules: {broken}", mechanism.specification());
    }
    clearing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "the mechanism lossy cleared a book against the rules: the clearing reports")]
    fn clearing_through_the_entry_point_stops_at_a_broken_rule() {
        struct Lossy;
        impl Mechanism for Lossy {
            fn name(&self) -> &'static str {
                "lossy"
            }
            fn clear(&self, _: &Book) -> Clearing {
                Clearing { volume: Energy(7), ..Clearing::default() }
            }
        }
        clear(&Lossy, &Book::default());
    }
}
