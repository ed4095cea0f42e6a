//! One mechanism after the other, each on what the one before has left over.

use super::BoxedMechanism;
use super::catalogue::{Documentation, Kind};
use crate::{Book, Clearing, Mechanism, Note, Promises, clear};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "then",
    others: &[],
    kind: Kind::Link,
    parameters: "",
    rule: "the second stage clears what the first has left over; any number of stages",
    price: "that of each stage",
    complexity: "the sum of the stages', and O(n + m) between them",
    tie_break: "each stage's",
};

/// Mechanisms in sequence, written `first then second`.
///
/// Rule: the first clears the book, each further one the [residual](Book::residual) of all before. Orders keep the
/// limits, premiums and places of the original book; a premium raises limits in its own stage only. What each stage
/// traded is a [`Note::Stage`]. Clears in the sum of the stages' times, and O(n + m) between them.
pub struct Chain {
    stages: Vec<BoxedMechanism>,
}

impl Chain {
    /// The stages in sequence; without any, nothing clears.
    pub fn new(stages: Vec<BoxedMechanism>) -> Chain {
        Chain { stages }
    }
}

impl Mechanism for Chain {
    fn name(&self) -> &'static str {
        "chain"
    }

    fn specification(&self) -> String {
        self.stages.iter().map(|stage| stage.specification()).collect::<Vec<_>>().join(" then ")
    }

    fn promises(&self) -> Promises {
        let stages: Vec<Promises> = self.stages.iter().map(|stage| stage.promises()).collect();
        Promises::of_stages(&stages)
    }

    fn clear(&self, book: &Book) -> Clearing {
        let (mut clearing, mut open) = (Clearing::default(), None::<Book>);
        for stage in &self.stages {
            let rest = open.as_ref().unwrap_or(book);
            let part = clear(&**stage, rest);
            let note = Note::Stage { mechanism: stage.specification(), price: part.price, volume: part.volume };
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
    use super::super::{Discriminatory, Premium, PriceRule, Quality, QualityMode, Uniform};
    use super::*;
    use crate::{Crossing, Energy, Limits, Order, Price};

    #[test]
    fn what_one_stage_leaves_over_the_next_one_clears_without_premium() {
        let uniform = || Box::new(Uniform { rule: PriceRule::LAST_BID });
        let separate = Box::new(Quality { mode: QualityMode::Separate, inner: uniform() });
        let chain = Chain::new(vec![
            Box::new(Premium { inner: separate }),
            Box::new(Discriminatory { rule: PriceRule::LAST_ASK }),
        ]);
        let green_bid = Order { premium_bp: 5_000, ..of_quality(1, bid(1, 8, 20)) };
        let book = book([green_bid, of_quality(1, offer(11, 5, 25)), offer(12, 9, 10)]);
        let clearing = clear(&chain, &book);
        assert_eq!(pairs(&clearing), [(1, 11, 5, 30), (1, 12, 3, 10)]);
        let level = Note::Level { quality: 1, price: Some(Price(30)), volume: Energy(5) };
        let stage = |mechanism: &str, volume| Note::Stage { mechanism: mechanism.into(), price: None, volume };
        let first = stage("premium quality-separate uniform-last-bid", Energy(5));
        assert_eq!(clearing.notes, [level, first, stage("pay-as-ask", Energy(3))]);
    }

    #[test]
    fn a_plain_stage_anywhere_leaves_nothing_that_crosses() {
        let plain = || Box::new(Discriminatory { rule: PriceRule::LAST_ASK });
        let separate = || Box::new(Quality { mode: QualityMode::Separate, inner: plain() });
        assert_eq!(Chain::new(vec![plain(), separate()]).promises().crossing, Crossing::Cleared);
        assert_eq!(Chain::new(vec![separate(), separate()]).promises().crossing, Crossing::MayRemain);
        let with_premium = Chain::new(vec![Box::new(Premium { inner: separate() }), plain()]);
        assert_eq!(with_premium.promises().crossing, Crossing::MayRemain);
        assert_eq!(with_premium.promises().limits, Limits::Higher);
    }
}
