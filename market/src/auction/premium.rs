//! Premiums for quality: what a buyer adds to its limit where quality is paid for.

use super::BoxedMechanism;
use super::catalogue::{Documentation, Kind};
use crate::{Book, Clearing, Limits, Mechanism, Promises, clear};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "premium",
    others: &[],
    kind: Kind::Wrapper,
    parameters: "",
    rule: "every bid limit is raised by trunc(limit · premium) before the auction",
    price: "that of the auction, formed with the raised limits",
    complexity: "O(n log n) to sort the bids again, and the auction's",
    tie_break: "the auction's",
};

/// Any mechanism, with every bid limit raised by its premium.
///
/// Rule: a bid stands at its [limit with premium](crate::Order::limit_with_premium); prices are formed with that, and
/// it is what the buyer may have to pay. A bid whose raised limit does not fit 64 bits never gets here: a [`Book`]
/// refuses it. Ties are those of the raised limits. Adds O(n log n) for n bids.
pub struct Premium {
    /// What clears the book with the raised limits.
    pub inner: BoxedMechanism,
}

impl Mechanism for Premium {
    fn name(&self) -> &'static str {
        "premium"
    }

    fn specification(&self) -> String {
        format!("premium {}", self.inner.specification())
    }

    fn promises(&self) -> Promises {
        Promises { limits: Limits::WithPremium, ..self.inner.promises() }
    }

    fn clear(&self, book: &Book) -> Clearing {
        clear(&*self.inner, &book.with_premiums())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, offer, pairs};
    use super::super::{Discriminatory, PriceRule};
    use super::*;
    use crate::Order;

    #[test]
    fn the_buyer_pays_up_to_its_raised_limit() {
        let pay_as_bid = || Box::new(Discriminatory { rule: PriceRule::LAST_BID });
        let book = book([Order { premium_bp: 1_000, ..bid(1, 5, 100) }, bid(2, 5, 105), offer(11, 7, 104)]);
        assert_eq!(pairs(&clear(&*pay_as_bid(), &book)), [(2, 11, 5, 105)]);
        let clearing = clear(&Premium { inner: pay_as_bid() }, &book);
        assert_eq!(pairs(&clearing), [(1, 11, 5, 110), (2, 11, 2, 105)]);
        assert!(clearing.check(&book).is_err(), "bid 1 alone would not have paid that");
    }
}
