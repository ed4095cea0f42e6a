//! What a mechanism decides about a book, and the one way to have it decide.
//!
//! Agents may trade with themselves: a site whose battery buys what its panels sell has two orders like
//! any others. Such a trade moves no money, since what the agent pays it also receives, whereas skipping
//! it would let price and volume depend on whether that site holds one account or two. A mechanism whose
//! rule is to skip it may do so.

use serde::{Deserialize, Serialize};

use crate::{AgentId, Book, Energy, Money, OrderId, Price};

/// A rule that turns a book into trades.
///
/// An implementation decides; it need not check. Clear through [`clear`], which does.
pub trait Mechanism {
    /// The name by which a scenario chooses it, such as `uniform-last-ask`.
    fn name(&self) -> &'static str;

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
    /// its own on each trade.
    pub price: Option<Price>,
    /// Watt-hours bought, which are the watt-hours sold.
    pub volume: Energy,
    /// The trades, best pair first.
    pub trades: Vec<Trade>,
}

/// Clears `book` under `mechanism` and checks the result, in release builds too.
///
/// # Panics
/// If the mechanism breaks a rule of conservation. No order can cause that; it is a bug, and to go on
/// would book energy or money that does not exist.
pub fn clear(mechanism: &dyn Mechanism, book: &Book) -> Clearing {
    let clearing = mechanism.clear(book);
    if let Err(broken) = clearing.check(book) {
        panic!("the mechanism {} cleared a book against the rules: {broken}", mechanism.name());
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
