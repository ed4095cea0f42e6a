//! Preferred partners: agents that name each other trade first, then everybody with everybody.

use std::collections::{BTreeMap, BTreeSet};

use super::catalogue::{Documentation, Kind};
use super::{BoxedMechanism, PriceRule};
use crate::{AgentId, Book, Clearing, Energy, Mechanism, Note, Order, Promises, Slice, clear};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "preferred-partners",
    others: &[],
    kind: Kind::Wrapper,
    parameters: "k=SHARE [rounding=MODE]",
    rule: "first the best bid takes the best offers of agents that it names and that name it, while bid ≥ ask; then the auction on the rest",
    price: "between partners per pair: ask + k·(bid − ask); then that of the auction",
    complexity: "O((n + m)(p + log(n + m))) for p partners per agent, and the auction's",
    tie_break: "quality, then submission, then lottery",
};

/// Who would rather trade with whom. Only agents that name each other are partners; an agent may name itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    named: BTreeSet<(AgentId, AgentId)>,
}

impl Preferences {
    /// From pairs of an agent and one that it names; the sequence of the pairs does not matter.
    pub fn new(named: impl IntoIterator<Item = (AgentId, AgentId)>) -> Preferences {
        Preferences { named: named.into_iter().collect() }
    }

    /// Whether nobody names anybody.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The agents that `agent` names and that name it.
    pub fn partners(&self, agent: AgentId) -> impl Iterator<Item = AgentId> {
        let named = self.named.range((agent, AgentId(0))..=(agent, AgentId(u32::MAX)));
        named.map(|&(_, other)| other).filter(move |&other| self.named.contains(&(other, agent)))
    }
}

/// Trade among partners, then any mechanism on what is left.
///
/// Rule: bids in merit order take the offers of their agent's partners, the best in merit order first, while the bid is
/// not below the ask, each pair at its own price under `rule`. Then the inner mechanism clears what is left. What
/// partners traded is a [`Note::Partners`]. Ties go by the merit order of [`Book`], never by agent. Partners trade in
/// O((n + m) · (p + log(n + m))) for p partners per agent.
pub struct PreferredPartners {
    /// Who names whom.
    pub preferences: Preferences,
    /// The price between the two limits of a pair of partners.
    pub rule: PriceRule,
    /// The open trade that follows.
    pub inner: BoxedMechanism,
}

impl PreferredPartners {
    fn among_partners(&self, book: &Book) -> Clearing {
        let mut clearing = Clearing::default();
        let mut offers = OffersByAgent::of(book);
        for bid in book.bids() {
            let partners: Vec<AgentId> =
                self.preferences.partners(bid.agent).filter(|agent| offers.of_agent.contains_key(agent)).collect();
            let mut wanted = bid.quantity;
            while wanted > Energy::ZERO {
                let Some(at) = offers.best_of(&partners).filter(|&at| book.offers()[at].limit <= bid.limit) else {
                    break;
                };
                let offer = &book.offers()[at];
                let quantity = offers.take(offer.agent, wanted);
                wanted -= quantity;
                clearing.volume += quantity;
                let price = self.rule.between(offer.limit, bid.limit);
                clearing.trades.push(Slice { bid, offer, quantity }.at(price));
            }
        }
        clearing
    }
}

impl Mechanism for PreferredPartners {
    fn name(&self) -> &'static str {
        "preferred-partners"
    }

    fn specification(&self) -> String {
        format!("preferred-partners {} {}", self.rule, self.inner.specification())
    }

    fn promises(&self) -> Promises {
        Promises::of_stages(&[Promises::default(), self.inner.promises()])
    }

    fn clear(&self, book: &Book) -> Clearing {
        let mut clearing = self.among_partners(book);
        clearing.notes.push(Note::Partners { volume: clearing.volume });
        let open_trade = clear(&*self.inner, &book.residual(&clearing));
        clearing.add(open_trade);
        clearing
    }
}

/// The offers of each agent in merit order, and how far they have been taken.
struct OffersByAgent<'book> {
    offers: &'book [Order],
    of_agent: BTreeMap<AgentId, Queue>,
}

struct Queue {
    /// Places in the book's offers, the best last.
    places: Vec<usize>,
    /// What is left of the best.
    left: Energy,
}

impl<'book> OffersByAgent<'book> {
    fn of(book: &'book Book) -> Self {
        let mut of_agent: BTreeMap<AgentId, Queue> = BTreeMap::new();
        for (at, offer) in book.offers().iter().enumerate().rev() {
            let queue = of_agent.entry(offer.agent).or_insert(Queue { places: Vec::new(), left: Energy::ZERO });
            queue.places.push(at);
            queue.left = offer.quantity;
        }
        OffersByAgent { offers: book.offers(), of_agent }
    }

    /// The place of the best offer these agents have left.
    fn best_of(&self, agents: &[AgentId]) -> Option<usize> {
        agents.iter().filter_map(|agent| self.of_agent.get(agent)?.places.last().copied()).min()
    }

    /// Takes from the best offer of `agent` up to `wanted`, and says how much.
    fn take(&mut self, agent: AgentId, wanted: Energy) -> Energy {
        let queue = self.of_agent.get_mut(&agent).expect("only offers that are there are taken");
        let taken = wanted.min(queue.left);
        queue.left -= taken;
        if queue.left == Energy::ZERO {
            queue.places.pop();
            queue.left = queue.places.last().map_or(Energy::ZERO, |&at| self.offers[at].quantity);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, by, offer, pairs};
    use super::super::{Discriminatory, Uniform};
    use super::*;

    fn preferred(named: &[(u32, u32)]) -> PreferredPartners {
        PreferredPartners {
            preferences: Preferences::new(named.iter().map(|&(from, to)| (AgentId(from), AgentId(to)))),
            rule: PriceRule::MID_TRUNCATED,
            inner: Box::new(Discriminatory { rule: PriceRule::LAST_ASK }),
        }
    }

    #[test]
    fn partners_trade_before_better_orders_of_others() {
        let book = book([bid(1, 5, 40), bid(2, 5, 30), offer(11, 5, 10), offer(12, 5, 20)]);
        let clearing = clear(&preferred(&[(2, 11), (11, 2)]), &book);
        assert_eq!(pairs(&clearing), [(2, 11, 5, 20), (1, 12, 5, 20)]);
        assert_eq!(clearing.notes, [Note::Partners { volume: Energy(5) }]);
    }

    #[test]
    fn a_preference_that_is_not_returned_counts_for_nothing() {
        let book = book([bid(1, 5, 40), bid(2, 5, 30), offer(11, 5, 10), offer(12, 5, 20)]);
        let clearing = clear(&preferred(&[(2, 11), (1, 12)]), &book);
        assert_eq!(pairs(&clearing), [(1, 11, 5, 10), (2, 12, 5, 20)]);
    }

    #[test]
    fn of_several_partners_the_best_offer_goes_first_and_limits_hold() {
        let all = [(1, 7), (7, 1), (1, 8), (8, 1)];
        let book = book([
            bid(1, 9, 30),
            by(7, offer(11, 2, 20)),
            by(8, offer(12, 2, 10)),
            by(7, offer(13, 2, 28)),
            by(8, offer(14, 9, 31)),
        ]);
        let clearing = clear(&preferred(&all), &book);
        assert_eq!(pairs(&clearing), [(1, 12, 2, 20), (1, 11, 2, 25), (1, 13, 2, 29)]);
    }

    #[test]
    fn without_preferences_there_is_open_trade_only() {
        let book = book([bid(1, 5, 40), offer(11, 5, 10)]);
        let inner = || Box::new(Uniform { rule: PriceRule::LAST_ASK });
        let clearing = clear(&PreferredPartners { inner: inner(), ..preferred(&[]) }, &book);
        assert_eq!(clearing.trades, clear(&*inner(), &book).trades);
    }
}
