//! Auctions by quality: every level an auction of its own, with a price of its own.
//!
//! A level is a number on the order; 0 is grey and higher is better, what each stands for is data. Since trade is kept
//! apart, the volumes may add up to less than in one auction for all, or to more: a low bid may buy an offer that only
//! it is allowed to buy.

use std::collections::BTreeSet;
use std::fmt;

use super::BoxedMechanism;
use super::catalogue::{Documentation, Kind};
use crate::{Book, Clearing, Crossing, Mechanism, Note, Promises, Side, clear};

const PRICE: &str = "that of the auction, one auction per level";
const COMPLEXITY: &str = "O(levels · (n + m)), and the auction's per level";
const TIE_BREAK: &str = "the auction's, within a level";

pub(super) const DOCUMENTATIONS: [Documentation; 3] = [
    Documentation {
        name: "quality-high-to-low",
        others: &[],
        kind: Kind::Wrapper,
        parameters: "",
        rule: "levels from the highest down; bids of a level meet its offers and those left over from higher levels",
        price: PRICE,
        complexity: COMPLEXITY,
        tie_break: TIE_BREAK,
    },
    Documentation {
        name: "quality-low-to-high",
        others: &[],
        kind: Kind::Wrapper,
        parameters: "",
        rule: "levels from the lowest up; bids of a level meet all offers left of that quality or better",
        price: PRICE,
        complexity: COMPLEXITY,
        tie_break: TIE_BREAK,
    },
    Documentation {
        name: "quality-separate",
        others: &[],
        kind: Kind::Wrapper,
        parameters: "",
        rule: "bids and offers meet only at equal quality",
        price: PRICE,
        complexity: COMPLEXITY,
        tie_break: TIE_BREAK,
    },
];

/// Which offers the bids of a level meet, and which level goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QualityMode {
    /// From the highest level down; better offers that are left over pass down. Who asks for more is served first.
    HighToLow,
    /// From the lowest level up; offers of equal or better quality serve a level, and what is left passes up. Good
    /// offers may go to buyers that did not ask for them.
    LowToHigh,
    /// Equal quality only; nothing passes on.
    Separate,
}

impl QualityMode {
    /// Every mode, in the order in which choices are listed.
    pub const ALL: [QualityMode; 3] = [QualityMode::HighToLow, QualityMode::LowToHigh, QualityMode::Separate];

    /// The word by which a scenario chooses it.
    pub fn name(self) -> &'static str {
        match self {
            QualityMode::HighToLow => "quality-high-to-low",
            QualityMode::LowToHigh => "quality-low-to-high",
            QualityMode::Separate => "quality-separate",
        }
    }
}

impl fmt::Display for QualityMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One auction per level of quality.
///
/// Rule: the levels that are bid for are cleared one after the other, in the sequence of the [`QualityMode`], each by
/// the inner mechanism on its bids and the offers open to it. What every level traded, and at which price, is a
/// [`Note::Level`]. Clears in O(levels · (n + m)) and what the inner mechanism takes; there are 256 levels at most,
/// and three in practice. Ties are the inner mechanism's, within a level.
pub struct Quality {
    /// Who meets whom, and who first.
    pub mode: QualityMode,
    /// What clears each level.
    pub inner: BoxedMechanism,
}

impl Mechanism for Quality {
    fn name(&self) -> &'static str {
        self.mode.name()
    }

    fn specification(&self) -> String {
        format!("{} {}", self.mode, self.inner.specification())
    }

    fn promises(&self) -> Promises {
        Promises { limits: self.inner.promises().limits, uniform_price: false, crossing: Crossing::MayRemain }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let mut levels: Vec<u8> =
            book.bids().iter().map(|bid| bid.quality).collect::<BTreeSet<_>>().into_iter().collect();
        if self.mode == QualityMode::HighToLow {
            levels.reverse();
        }
        let (mut clearing, mut open) = (Clearing::default(), None::<Book>);
        for quality in levels {
            let rest = open.as_ref().unwrap_or(book);
            let level = rest.filtered(|order| match order.side {
                Side::Offer if self.mode != QualityMode::Separate => order.quality >= quality,
                _ => order.quality == quality,
            });
            let part = clear(&*self.inner, &level);
            let note = Note::Level { quality, price: part.price, volume: part.volume };
            open = Some(rest.residual(&part));
            clearing.add(part);
            clearing.notes.push(note);
        }
        clearing
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, of_quality, offer, pairs};
    use super::super::{PriceRule, Uniform};
    use super::*;
    use crate::{Energy, Price};

    fn cleared(mode: QualityMode) -> Clearing {
        let inner = Box::new(Uniform { rule: PriceRule::LAST_ASK });
        let book = book([
            bid(1, 5, 30),
            of_quality(1, bid(2, 5, 40)),
            of_quality(2, offer(11, 8, 10)),
            of_quality(1, offer(12, 5, 20)),
            offer(13, 5, 25),
        ]);
        clear(&Quality { mode, inner }, &book)
    }

    #[test]
    fn from_the_top_the_demanding_buyer_is_served_first() {
        assert_eq!(pairs(&cleared(QualityMode::HighToLow)), [(2, 11, 5, 10), (1, 11, 3, 20), (1, 12, 2, 20)]);
    }

    #[test]
    fn from_the_bottom_the_undemanding_buyer_takes_the_cheapest() {
        assert_eq!(pairs(&cleared(QualityMode::LowToHigh)), [(1, 11, 5, 10), (2, 11, 3, 20), (2, 12, 2, 20)]);
    }

    #[test]
    fn kept_apart_each_level_has_its_own_price() {
        let clearing = cleared(QualityMode::Separate);
        assert_eq!(pairs(&clearing), [(1, 13, 5, 25), (2, 12, 5, 20)]);
        assert_eq!(clearing.price, None);
        let level = |quality, price| Note::Level { quality, price: Some(Price(price)), volume: Energy(5) };
        assert_eq!(clearing.notes, [level(0, 25), level(1, 20)]);
    }
}
