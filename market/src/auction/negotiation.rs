//! Negotiation between the agents of a book: contracts of a fixed energy, whose prices rise where buyers compete.
//!
//! After the bilateral contract network of Morstyn, Teytelboym and McCulloch (2019), in which prices are adjusted until
//! nobody is refused what it wants; [`negotiate`](crate::peers::negotiate) is the form with storages and a grid. Here an
//! order is a peer whose kWh are all worth its limit to it, up to its quantity.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU32;

use super::catalogue::{Documentation, Kind};
use crate::{Book, Clearing, Crossing, Energy, Mechanism, Order, Price, Promises, Slice};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "negotiation",
    others: &[],
    kind: Kind::Auction,
    parameters: "[energy_wh=COUNT] [increment_ueur_per_kwh=COUNT]",
    rule: "buyers in turn propose a contract of the energy (1000 Wh unless given) to the cheapest seller; where all is sold, the cheapest contract is outbid by up to an increment (1000 µ€/kWh unless given)",
    price: "per contract: the ask, or the multiple of the increment above the lowest ask that it was outbid to",
    complexity: "O(p log(n + m)) for p ≤ 4,000,000 proposals; large books are negotiated in larger contracts and increments",
    tie_break: "sellers of one price in merit order; of contracts of one price that of the last bid in merit order is outbid first",
};

/// Most contracts that the larger side of a book is cut into: of more the energy of each is raised.
const MOST_CONTRACTS: i64 = 100_000;
/// The increment is raised until this many are enough to take every contract from the lowest ask to the highest bid.
const EXPECTED_PROPOSALS: u128 = 1_000_000;
/// After so many proposals nobody is outbid any more. Contracts that are outbid in part multiply, so this can happen.
const MOST_PROPOSALS: u64 = 4_000_000;

/// Contracts between pairs of orders, each at its own price.
///
/// Rule: buyers take turns, first in merit order. Whose turn it is proposes one contract, or what is left to it of one, to
/// the seller that asks least: who has energy left asks its limit, who has sold out asks for more than its cheapest
/// contract pays, up to the next multiple of the increment above the lowest limit of all. A buyer proposes as long as that is within its limit. The buyer that is outbid has its turn
/// again. So prices only rise, no buyer is left over whom a seller with energy left could have served, and welfare is at
/// most an increment per kWh of the crossing volume below the optimum. An order takes prices as given: one that wants
/// more than there is outbids itself, up to its limit.
///
/// The bounds are 100,000 contracts and a million increments, beyond which both are made larger, and four million
/// proposals, after which nobody is outbid any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Negotiation {
    /// The energy of a contract, Wh.
    pub energy_wh: NonZeroU32,
    /// By how much a contract has to be outbid, µ€/kWh.
    pub increment_ueur_per_kwh: NonZeroU32,
}

impl Default for Negotiation {
    /// 1 kWh, and 1 EUR/MWh.
    fn default() -> Self {
        let thousand = const { NonZeroU32::new(1_000).expect("a thousand is not zero") };
        Negotiation { energy_wh: thousand, increment_ueur_per_kwh: thousand }
    }
}

impl Mechanism for Negotiation {
    fn name(&self) -> &'static str {
        "negotiation"
    }

    fn specification(&self) -> String {
        let (usual, mut text) = (Negotiation::default(), self.name().to_owned());
        if self.energy_wh != usual.energy_wh {
            text += &format!(" energy_wh={}", self.energy_wh);
        }
        if self.increment_ueur_per_kwh != usual.increment_ueur_per_kwh {
            text += &format!(" increment_ueur_per_kwh={}", self.increment_ueur_per_kwh);
        }
        text
    }

    fn promises(&self) -> Promises {
        Promises { crossing: Crossing::Cleared, ..Promises::default() }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let (bids, offers) = peers(book);
        let mut talks = Talks::of(bids, offers, self.steps(bids, offers));
        while let Some(bid) = talks.turns.pop_front() {
            talks.propose(bid);
        }
        talks.agreed()
    }
}

impl Negotiation {
    /// The energy and the increment that keep the negotiation of these peers within its bounds.
    fn steps(&self, bids: &[Order], offers: &[Order]) -> (Energy, i128) {
        let total = |orders: &[Order]| orders.iter().map(|order| order.quantity).sum::<Energy>().0;
        let larger = total(bids).max(total(offers));
        let energy = i64::from(self.energy_wh.get()).max(larger / MOST_CONTRACTS);
        let contracts = bids.len() + offers.len() + (larger / energy) as usize;
        let reach = match (bids.first(), offers.first()) {
            (Some(bid), Some(offer)) => bid.limit.0.abs_diff(offer.limit.0),
            _ => 0,
        };
        let least = (u128::from(reach) * contracts as u128).div_ceil(EXPECTED_PROPOSALS) as i128;
        (Energy(energy), least.max(self.increment_ueur_per_kwh.get().into()))
    }
}

/// The orders that another one meets, best first.
pub(super) fn peers(book: &Book) -> (&[Order], &[Order]) {
    let (bids, offers) = (book.bids(), book.offers());
    match (bids.first(), offers.first()) {
        (Some(bid), Some(offer)) => (
            &bids[..bids.partition_point(|order| order.limit >= offer.limit)],
            &offers[..offers.partition_point(|order| order.limit <= bid.limit)],
        ),
        _ => (&[], &[]),
    }
}

/// How far a negotiation has come. Contracts at one price are alike, so it is kept for each price who buys and who sells.
struct Talks<'book> {
    bids: &'book [Order],
    offers: &'book [Order],
    energy: Energy,
    /// Prices of contracts that were outbid are the lowest ask and a multiple of this.
    increment: i128,
    proposals: u64,
    /// Bids that want more, in turn, and whether each is among them.
    turns: VecDeque<usize>,
    waits: Vec<bool>,
    /// What each bid lacks.
    lacking: Vec<Energy>,
    /// The offer that has energy left, and how much; all before it are sold out.
    next: usize,
    left: Energy,
    /// By price and place of the bid: first what is outbid next.
    bought: BTreeMap<(Price, Reverse<usize>), Energy>,
    /// By price and place of the offer.
    sold: BTreeMap<(Price, usize), Energy>,
}

impl<'book> Talks<'book> {
    fn of(bids: &'book [Order], offers: &'book [Order], (energy, increment): (Energy, i128)) -> Self {
        Talks {
            bids,
            offers,
            energy,
            increment,
            proposals: 0,
            turns: (0..bids.len()).collect(),
            waits: vec![true; bids.len()],
            lacking: bids.iter().map(|bid| bid.quantity).collect(),
            next: 0,
            left: offers.first().map_or(Energy::ZERO, |offer| offer.quantity),
            bought: BTreeMap::new(),
            sold: BTreeMap::new(),
        }
    }

    /// The turn of a bid: it gets a contract, or is out of the talks, since no ask will ever be lower.
    fn propose(&mut self, bid: usize) {
        self.proposals += 1;
        self.waits[bid] = false;
        let (limit, wanted) = (self.bids[bid].limit, self.lacking[bid].min(self.energy));
        let free = self.offers.get(self.next).map(|offer| offer.limit).filter(|ask| *ask <= limit);
        let outbid = self.next_outbid().filter(|ask| *ask <= limit);
        let (ask, got) = match (free, outbid) {
            (Some(ask), outbid) if outbid.is_none_or(|higher| ask <= higher) => (ask, self.sell(ask, wanted)),
            (_, Some(ask)) => (ask, self.outbid(ask, wanted)),
            _ => return,
        };
        *self.bought.entry((ask, Reverse(bid))).or_default() += got;
        self.lacking[bid] -= got;
        if self.lacking[bid] > Energy::ZERO {
            self.wait(bid);
        }
    }

    /// The ask of who has sold out and sold cheapest.
    fn next_outbid(&self) -> Option<Price> {
        let (&(Price(cheapest), _), _) = self.bought.first_key_value().filter(|_| self.proposals <= MOST_PROPOSALS)?;
        let lowest = i128::from(self.offers[0].limit.0);
        let steps = (i128::from(cheapest) - lowest) / self.increment + 1;
        i64::try_from(lowest + steps * self.increment).ok().map(Price)
    }

    /// Sells what is left of the cheapest offer that has energy left; how much.
    fn sell(&mut self, ask: Price, wanted: Energy) -> Energy {
        let got = wanted.min(self.left);
        *self.sold.entry((ask, self.next)).or_default() += got;
        self.left -= got;
        if self.left == Energy::ZERO {
            self.next += 1;
            self.left = self.offers.get(self.next).map_or(Energy::ZERO, |offer| offer.quantity);
        }
        got
    }

    /// Takes the cheapest contract from its bid, and sells it for `ask`; how much that was.
    fn outbid(&mut self, ask: Price, wanted: Energy) -> Energy {
        let mut bought = self.bought.first_entry().expect("there is a contract to outbid");
        let mut sold = self.sold.first_entry().expect("what is bought is sold");
        let got = wanted.min(*bought.get()).min(*sold.get());
        let ((_, Reverse(loser)), (_, offer)) = (*bought.key(), *sold.key());
        *bought.get_mut() -= got;
        *sold.get_mut() -= got;
        if *bought.get() == Energy::ZERO {
            bought.remove();
        }
        if *sold.get() == Energy::ZERO {
            sold.remove();
        }
        *self.sold.entry((ask, offer)).or_default() += got;
        self.lacking[loser] += got;
        self.wait(loser);
        got
    }

    fn wait(&mut self, bid: usize) {
        if !std::mem::replace(&mut self.waits[bid], true) {
            self.turns.push_back(bid);
        }
    }

    /// The contracts as trades: at each price bids and offers meet in merit order.
    fn agreed(self) -> Clearing {
        let mut bought: Vec<(Price, usize, Energy)> =
            self.bought.into_iter().map(|((price, Reverse(bid)), energy)| (price, bid, energy)).collect();
        bought.sort_unstable();
        let mut sold = self.sold.into_iter().map(|((_, offer), energy)| (offer, energy));
        let (mut trades, mut volume, mut open) = (Vec::new(), Energy::ZERO, (0, Energy::ZERO));
        for (price, bid, mut wanted) in bought {
            volume += wanted;
            while wanted > Energy::ZERO {
                if open.1 == Energy::ZERO {
                    open = sold.next().expect("what is bought is sold, at every price");
                }
                let quantity = wanted.min(open.1);
                (wanted, open.1) = (wanted - quantity, open.1 - quantity);
                trades.push((
                    bid,
                    open.0,
                    Slice { bid: &self.bids[bid], offer: &self.offers[open.0], quantity }.at(price),
                ));
            }
        }
        trades.sort_unstable_by_key(|(bid, offer, trade)| (*bid, *offer, trade.price));
        Clearing { volume, trades: trades.into_iter().map(|(_, _, trade)| trade).collect(), ..Clearing::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, offer, pairs};
    use super::*;
    use crate::clear;

    fn negotiation(energy_wh: u32, increment: u32) -> Negotiation {
        let whole = |number| NonZeroU32::new(number).expect("not zero");
        Negotiation { energy_wh: whole(energy_wh), increment_ueur_per_kwh: whole(increment) }
    }

    #[test]
    fn who_has_energy_left_sells_at_its_ask_in_contracts_taken_in_turn() {
        let book = book([bid(1, 5, 40), bid(2, 5, 30), offer(11, 4, 10), offer(12, 8, 20)]);
        let clearing = clear(&negotiation(2, 20), &book);
        let expected = [(1, 11, 2, 10), (1, 12, 3, 20), (2, 11, 2, 10), (2, 12, 3, 20)];
        assert_eq!(pairs(&clearing), expected, "of the cheaper offer each has a contract");
    }

    #[test]
    fn buyers_outbid_each_other_until_one_gives_way() {
        let book = book([bid(1, 5, 40), bid(2, 5, 30), offer(11, 5, 10)]);
        assert_eq!(pairs(&clear(&negotiation(5, 7), &book)), [(1, 11, 5, 24)], "31 is beyond the other");
    }

    #[test]
    fn a_dearer_seller_is_asked_once_outbidding_costs_as_much() {
        let book = book([bid(1, 5, 40), bid(2, 5, 40), offer(11, 5, 10), offer(12, 5, 15)]);
        assert_eq!(pairs(&clear(&negotiation(5, 2), &book)), [(1, 11, 5, 14), (2, 12, 5, 15)]);
    }

    #[test]
    fn an_order_that_wants_more_than_there_is_pays_up_to_its_limit() {
        let book = book([bid(1, 10, 40), offer(11, 5, 10)]);
        assert_eq!(pairs(&clear(&negotiation(5, 10), &book)), [(1, 11, 5, 40)]);
    }

    #[test]
    fn the_last_contract_is_as_small_as_what_is_left() {
        let book = book([bid(1, 7, 40), offer(11, 5, 10), offer(12, 5, 20)]);
        assert_eq!(pairs(&clear(&negotiation(3, 100), &book)), [(1, 11, 5, 10), (1, 12, 2, 20)]);
    }

    #[test]
    fn a_large_book_is_negotiated_in_larger_steps() {
        let orders = [bid(1, i64::MAX, i64::MAX), offer(11, i64::MAX, i64::MIN)];
        let (energy, increment) = negotiation(1, 1).steps(&orders[..1], &orders[1..]);
        assert!(energy.0 > i64::MAX / 100_001 && increment > i128::from(u64::MAX) / 10, "{energy} {increment}");
        assert_eq!(negotiation(1, 1).steps(&[bid(1, 9, 9)], &[offer(11, 9, 1)]), (Energy(1), 1));
    }

    #[test]
    fn once_there_were_too_many_proposals_only_what_is_left_is_sold() {
        let book = book([bid(1, 5, 40), bid(2, 5, 30), bid(3, 5, 30), offer(11, 5, 10), offer(12, 5, 25)]);
        let (bids, offers) = peers(&book);
        let mut talks = Talks { proposals: MOST_PROPOSALS, ..Talks::of(bids, offers, (Energy(5), 1)) };
        while let Some(bid) = talks.turns.pop_front() {
            talks.propose(bid);
        }
        assert_eq!(pairs(&talks.agreed()), [(1, 11, 5, 10), (2, 12, 5, 25)]);
    }
}
