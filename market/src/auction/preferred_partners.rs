//! Preferred partners: agents that name each other trade first, then everybody with everybody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::catalogue::{Documentation, Kind};
use super::{BoxedMechanism, PriceRule};
use crate::{AgentId, Book, Clearing, Energy, Mechanism, Note, Order, Price, Promises, Slice, clear};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "preferred-partners",
    others: &[],
    kind: Kind::Wrapper,
    parameters: "k=SHARE [rounding=MODE]",
    rule: "first the best bid takes the offers of agents that it names and that name it, of those named first before others, while bid ≥ ask; then the auction on the rest",
    price: "between partners per pair: ask + k·(bid − ask); then that of the auction",
    complexity: "O((n + m)(p + log(n + m))) for p partners per agent, and the auction's",
    tie_break: "quality, then submission, then lottery",
};

/// Who would rather trade with whom. Only agents that name each other are partners; an agent may name itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(AgentId, AgentId, u32)>", into = "Vec<(AgentId, AgentId, u32)>")]
pub struct Preferences {
    /// The rank of each name among those that an agent names; the lowest is preferred.
    named: BTreeMap<(AgentId, AgentId), u32>,
}

impl Preferences {
    /// From pairs of an agent and one that it names, all of one rank; the sequence of the pairs does not matter.
    pub fn new(named: impl IntoIterator<Item = (AgentId, AgentId)>) -> Preferences {
        Preferences { named: named.into_iter().map(|pair| (pair, 0)).collect() }
    }

    /// From agents and those that each names, the most preferred first; of one named twice the first place counts.
    pub fn in_order(lists: impl IntoIterator<Item = (AgentId, Vec<AgentId>)>) -> Preferences {
        let mut named = BTreeMap::new();
        for (agent, others) in lists {
            for (rank, other) in (0..).zip(others) {
                named.entry((agent, other)).or_insert(rank);
            }
        }
        Preferences { named }
    }

    /// Whether nobody names anybody.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The agents that `agent` names and that name it, with their ranks.
    pub fn partners(&self, agent: AgentId) -> impl Iterator<Item = (AgentId, u32)> {
        let named = self.named.range((agent, AgentId(0))..=(agent, AgentId(u32::MAX)));
        let mutual = named.filter(move |((_, other), _)| self.named.contains_key(&(*other, agent)));
        mutual.map(|(&(_, other), &rank)| (other, rank))
    }
}

impl From<Vec<(AgentId, AgentId, u32)>> for Preferences {
    fn from(named: Vec<(AgentId, AgentId, u32)>) -> Preferences {
        Preferences { named: named.into_iter().map(|(agent, other, rank)| ((agent, other), rank)).collect() }
    }
}

impl From<Preferences> for Vec<(AgentId, AgentId, u32)> {
    fn from(preferences: Preferences) -> Self {
        preferences.named.into_iter().map(|((agent, other), rank)| (agent, other, rank)).collect()
    }
}

/// Trade among partners, then any mechanism on what is left.
///
/// Rule: bids in merit order take the offers of their agent's partners, of the one it prefers before others, the best in
/// merit order first, while the bid is not below the ask, each pair at its own price under `rule`. Then the inner mechanism clears what is left. What
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
            let has_offers = |(agent, _): &(AgentId, u32)| offers.of_agent.contains_key(agent);
            let partners: Vec<(AgentId, u32)> = self.preferences.partners(bid.agent).filter(has_offers).collect();
            let mut wanted = bid.quantity;
            while wanted > Energy::ZERO {
                let Some(at) = offers.best_of(&partners, bid.limit) else { break };
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

    /// The place of the best offer within `limit` that these agents have left, by their ranks first.
    fn best_of(&self, agents: &[(AgentId, u32)], limit: Price) -> Option<usize> {
        let best = |(agent, rank): &(AgentId, u32)| Some((*rank, *self.of_agent.get(agent)?.places.last()?));
        let within = agents.iter().filter_map(best).filter(|&(_, at)| self.offers[at].limit <= limit);
        within.min().map(|(_, at)| at)
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
    fn who_is_named_first_sells_first_as_far_as_the_limit_goes() {
        let lists = [(1, vec![7, 8, 9]), (7, vec![1]), (8, vec![1]), (9, vec![1])];
        let agents = |ids: Vec<u32>| ids.into_iter().map(AgentId).collect();
        let preferences = Preferences::in_order(lists.map(|(agent, others)| (AgentId(agent), agents(others))));
        let book = book([bid(1, 5, 30), by(7, offer(11, 2, 31)), by(8, offer(12, 2, 20)), by(9, offer(13, 9, 10))]);
        let clearing = clear(&PreferredPartners { preferences: preferences.clone(), ..preferred(&[]) }, &book);
        assert_eq!(pairs(&clearing), [(1, 12, 2, 25), (1, 13, 3, 20)]);
        let text = serde_json::to_string(&preferences).expect("plain data");
        assert_eq!(serde_json::from_str::<Preferences>(&text).expect("just written"), preferences);
    }

    #[test]
    fn without_preferences_there_is_open_trade_only() {
        let book = book([bid(1, 5, 40), offer(11, 5, 10)]);
        let inner = || Box::new(Uniform { rule: PriceRule::LAST_ASK });
        let clearing = clear(&PreferredPartners { inner: inner(), ..preferred(&[]) }, &book);
        assert_eq!(clearing.trades, clear(&*inner(), &book).trades);
    }
}
