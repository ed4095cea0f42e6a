//! The consumer-centred auction by quality: one auction for all, but no quality is sold that is not there.
//!
//! Everybody trades in one auction at one price rule. If then more energy was bought as green than sellers of green
//! energy have sold, the difference is taken out of the green bids, the lowest first, and the auction is held again.

use std::collections::BTreeMap;

use super::BoxedMechanism;
use super::catalogue::{Documentation, Kind};
use crate::{Book, Clearing, Crossing, Energy, Mechanism, Note, Promises, Side, clear};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "quality-coverage",
    others: &[],
    kind: Kind::Wrapper,
    parameters: "[rounds=COUNT]",
    rule: "one auction for all; bids whose quality no cleared supply covers are cut, the lowest first, until it does",
    price: "that of the auction",
    complexity: "O(rounds · (n + m)), and the auction's per round; 100 rounds at most unless given",
    tie_break: "the auction's; cuts begin at the end of the merit order",
};

/// Any mechanism, held again until the quality bought is covered by the quality sold.
///
/// Rule, for each round:
/// 1. the inner mechanism clears everything;
/// 2. the levels are walked from the highest down. Sold energy of a level, and what higher levels have left over,
///    covers what was bought at it. What is not covered is cut: the level's bids keep, in merit order, no more than is
///    covered, so the lowest-ranked lose first;
/// 3. if anything was cut, the next round.
///
/// What was cut stays cut, so the rounds come to an end, and usually after a few. A bound on them guards against books
/// that give way bit by bit: where nobody wants grey energy but some of it is cheap, it sells whatever is cut, so that
/// every round leaves the same amount uncovered. Each level with a cut is noted as [`Note::SetAside`]; a bound that was
/// reached as [`Note::CoverageNotReached`]. Energy bought at level 0 needs no quality and is always covered. Clears in
/// O(rounds · (n + m)) and what the inner mechanism takes per round. Ties go by the merit order of [`Book`].
///
/// Source: the consumer-centred clearing of lemlab; the carrying over of surplus quality and the bound are ours.
pub struct QualityCoverage {
    /// The most rounds to make; at least 1.
    pub rounds: u32,
    /// What clears each round.
    pub inner: BoxedMechanism,
}

impl QualityCoverage {
    /// The bound where none is given.
    pub const ROUNDS: u32 = 100;
}

impl Mechanism for QualityCoverage {
    fn name(&self) -> &'static str {
        "quality-coverage"
    }

    fn specification(&self) -> String {
        let inner = self.inner.specification();
        match self.rounds {
            QualityCoverage::ROUNDS => format!("quality-coverage {inner}"),
            rounds => format!("quality-coverage rounds={rounds} {inner}"),
        }
    }

    fn promises(&self) -> Promises {
        Promises { crossing: Crossing::MayRemain, ..self.inner.promises() }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let mut kept = book.with_quantities(book.all().iter().map(|order| order.quantity));
        let mut rounds = 0;
        let (mut clearing, uncovered) = loop {
            rounds += 1;
            let clearing = clear(&*self.inner, &kept);
            let covered = covered_by_level(&kept, &clearing);
            let uncovered: Energy = covered.values().map(|level| level.bought - level.covered).sum();
            if uncovered == Energy::ZERO || rounds >= self.rounds {
                break (clearing, uncovered);
            }
            kept = capped(&kept, &covered);
        };
        clearing.notes.extend(set_aside(book, &kept));
        if uncovered > Energy::ZERO {
            clearing.notes.push(Note::CoverageNotReached { rounds, uncovered });
        }
        clearing
    }
}

/// What was bought at one level, and how much of it cleared supply covers.
#[derive(Clone, Copy, Default)]
struct Level {
    sold: Energy,
    bought: Energy,
    covered: Energy,
}

fn covered_by_level(book: &Book, clearing: &Clearing) -> BTreeMap<u8, Level> {
    let mut levels: BTreeMap<u8, Level> = BTreeMap::new();
    for (order, left) in book.all().iter().zip(clearing.left(book)) {
        let level = levels.entry(order.quality).or_default();
        match order.side {
            Side::Bid => level.bought += order.quantity - left,
            Side::Offer => level.sold += order.quantity - left,
        }
    }
    let mut surplus = Energy::ZERO;
    for level in levels.values_mut().rev() {
        surplus += level.sold;
        level.covered = level.bought.min(surplus);
        surplus -= level.covered;
    }
    levels
}

/// The book with the bids of every level that lacks cover cut down to what is covered, best bids kept.
fn capped(book: &Book, levels: &BTreeMap<u8, Level>) -> Book {
    let mut room: BTreeMap<u8, Energy> = levels
        .iter()
        .filter(|(_, level)| level.covered < level.bought)
        .map(|(quality, level)| (*quality, level.covered))
        .collect();
    book.with_quantities(book.all().iter().map(|order| match room.get_mut(&order.quality) {
        Some(room) if order.side == Side::Bid => {
            let kept = order.quantity.min(*room);
            *room -= kept;
            kept
        }
        _ => order.quantity,
    }))
}

/// Notes on how much of the bids of each level is missing from `kept`.
fn set_aside(book: &Book, kept: &Book) -> impl Iterator<Item = Note> {
    let mut missing: BTreeMap<u8, Energy> = BTreeMap::new();
    for bid in book.bids() {
        *missing.entry(bid.quality).or_default() += bid.quantity;
    }
    for bid in kept.bids() {
        *missing.entry(bid.quality).or_default() -= bid.quantity;
    }
    let missing = missing.into_iter().rev().filter(|(_, quantity)| *quantity > Energy::ZERO);
    missing.map(|(quality, quantity)| Note::SetAside { quality, quantity })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, of_quality, offer, pairs};
    use super::super::{PriceRule, Uniform};
    use super::*;

    fn coverage(rounds: u32) -> QualityCoverage {
        QualityCoverage { rounds, inner: Box::new(Uniform { rule: PriceRule::LAST_ASK }) }
    }

    #[test]
    fn where_quality_abounds_it_is_one_plain_auction() {
        let book = book([of_quality(1, bid(1, 5, 30)), bid(2, 5, 20), of_quality(2, offer(11, 9, 10))]);
        let clearing = clear(&coverage(100), &book);
        assert_eq!(clearing, clear(&*coverage(100).inner, &book));
    }

    #[test]
    fn the_lowest_green_bid_loses_what_green_supply_does_not_cover() {
        let green = |order| of_quality(1, order);
        let book = book([
            green(bid(1, 4, 40)),
            green(bid(2, 4, 35)),
            bid(3, 4, 30),
            green(offer(11, 6, 10)),
            offer(12, 9, 15),
        ]);
        let clearing = clear(&coverage(100), &book);
        assert_eq!(pairs(&clearing), [(1, 11, 4, 15), (2, 11, 2, 15), (3, 12, 4, 15)]);
        assert_eq!(clearing.notes, [Note::SetAside { quality: 1, quantity: Energy(2) }]);
    }

    #[test]
    fn a_better_quality_covers_a_lower_one_but_not_the_other_way_round() {
        let best = book([of_quality(1, bid(1, 5, 30)), of_quality(2, offer(11, 5, 10))]);
        assert_eq!(clear(&coverage(100), &best).volume, Energy(5));
        let grey = book([of_quality(1, bid(1, 5, 30)), offer(11, 5, 10)]);
        assert_eq!(clear(&coverage(100), &grey).volume, Energy::ZERO);
    }

    #[test]
    fn rounds_that_do_not_suffice_are_told() {
        let book = book([of_quality(1, bid(1, 5, 30)), offer(11, 5, 10)]);
        let clearing = clear(&coverage(1), &book);
        assert_eq!(clearing.volume, Energy(5));
        assert_eq!(clearing.notes, [Note::CoverageNotReached { rounds: 1, uncovered: Energy(5) }]);
    }
}
