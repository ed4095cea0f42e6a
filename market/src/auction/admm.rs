//! Trade that pairs of orders agree on by themselves: consensus by the alternating direction method of multipliers.
//!
//! Every pair has an energy that both sides propose, and a price. In each iteration every order alone finds its best
//! proposals at the prices of its pairs, pulled towards what was agreed last; what is agreed moves to the middle of both,
//! and the price by how far they differ (Boyd et al., 2011, section 7). [`agree`](crate::peers::agree) is the form for
//! peers with plans and fees; with linear utilities an order's best answer is a projection, and needs no search.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::catalogue::{Documentation, Kind};
use super::negotiation::peers;
use crate::{Book, Clearing, Crossing, Energy, Mechanism, Order, Price, PriceRule, Promises, Slice, slices};

pub(super) const DOCUMENTATION: Documentation = Documentation {
    name: "admm",
    others: &[],
    kind: Kind::Auction,
    parameters: "[iterations=COUNT]",
    rule: "pairs with bid ≥ ask agree on energies that are best for both ends at the pairs' prices; what rounding or an early end leaves over meets in merit order",
    price: "per pair: where the iterations end, within both limits; the middle for pairs that were not partners",
    complexity: "O(pairs · iterations), 5,000,000 at most; 1000 iterations unless given; beyond 10,000 pairs orders have fewer partners",
    tie_break: "none while they agree, for equals get equal shares; what is left over goes by quality, submission, lottery",
};

/// Beyond so many pairs an order's partners are some only, or one.
const MOST_PAIRS: usize = 10_000;
/// Most pairs times iterations.
const MOST_WORK: usize = 5_000_000;
/// Proposals as a share of the largest quantity that can trade, and values as a share of the range of limits, differ by
/// less at the end.
const TOLERANCE: f64 = 1e-5;
/// Over-relaxation of proposals; 1.5 to 1.8 are the usual.
const RELAXATION: f64 = 1.6;
/// How often the penalty may change, after how many iterations each time, and from which ratio of the residuals on.
const ADAPTED: u32 = 40;
const ADAPT_EVERY: u32 = 20;
const OUT_OF_BALANCE: f64 = 4.0;

/// Consensus ADMM over the trades of pairs, with linear utilities.
///
/// Rule: each bid and offer with bid ≥ ask are partners; beyond 10,000 such pairs each order of the larger side has as
/// many partners as keep to that, at least one, spread evenly over the merit order of the other. The iterations end when
/// both residuals are below 1e-5 of the largest quantity and of the range of limits, after `iterations`, or at
/// 5,000,000 pairs times iterations. What is agreed then is rounded to whole Wh and kept within both quantities; it need
/// not have converged for that. What is left over of orders that still cross meets in merit order. So the outcome is
/// sound however the iterations ended; how near its welfare is to the optimum depends on them. Deterministic: sums run in
/// merit order, and there is nothing but the four operations in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Admm {
    /// Most iterations.
    pub iterations: NonZeroU32,
}

impl Default for Admm {
    fn default() -> Self {
        Admm { iterations: const { NonZeroU32::new(1_000).expect("a thousand is not zero") } }
    }
}

impl Mechanism for Admm {
    fn name(&self) -> &'static str {
        "admm"
    }

    fn specification(&self) -> String {
        match *self == Admm::default() {
            true => self.name().to_owned(),
            false => format!("{} iterations={}", self.name(), self.iterations),
        }
    }

    fn promises(&self) -> Promises {
        Promises { crossing: Crossing::Cleared, ..Promises::default() }
    }

    fn clear(&self, book: &Book) -> Clearing {
        let (bids, offers) = peers(book);
        let mut exchange = Exchange::of(bids, offers);
        exchange.iterate(self.iterations.get());
        let (mut clearing, prices) = exchange.rounded();
        let residual = book.residual(&clearing);
        for Slice { bid, offer, quantity } in slices(&residual) {
            let middle = PriceRule::MID_TRUNCATED.between(offer.limit, bid.limit);
            let price = prices.get(&(bid.id, offer.id)).copied().unwrap_or(middle);
            clearing.volume += quantity;
            clearing.trades.push(Slice { bid, offer, quantity }.at(price));
        }
        clearing
    }
}

/// Two partners, by their places, and what is between them; energies and prices as shares.
#[derive(Debug, Clone, Copy)]
struct Pair {
    bid: usize,
    offer: usize,
    price: f64,
    agreed: f64,
    /// What the bid, and the offer, propose.
    proposed: [f64; 2],
}

/// An order as a peer: its quantity as a share of the largest that can trade, its limit from 0, the lowest ask, to 1, the highest bid,
/// and the places of its pairs.
struct Peer {
    quantity: f64,
    limit: f64,
    pairs: Vec<usize>,
}

struct Exchange<'book> {
    bids: &'book [Order],
    offers: &'book [Order],
    /// Bids, then offers.
    sides: [Vec<Peer>; 2],
    pairs: Vec<Pair>,
    /// The most that an order can trade, given what there is on the other side.
    largest: Energy,
    penalty: f64,
}

impl<'book> Exchange<'book> {
    fn of(bids: &'book [Order], offers: &'book [Order]) -> Self {
        let total = |orders: &[Order]| orders.iter().map(|order| order.quantity).sum::<Energy>();
        let most = total(bids).min(total(offers));
        let largest = bids.iter().chain(offers).map(|order| order.quantity.min(most)).max().unwrap_or_default();
        let (sides, pairs) = ([Vec::new(), Vec::new()], Vec::new());
        let mut exchange = Exchange { bids, offers, sides, pairs, largest, penalty: 1.0 };
        let peer = |order: &Order| Peer {
            quantity: order.quantity.min(most).0 as f64 / largest.0 as f64,
            limit: exchange.share(order.limit),
            pairs: Vec::new(),
        };
        let mut sides = [bids, offers].map(|orders| orders.iter().map(peer).collect::<Vec<_>>());
        for (bid, offer) in partners(bids.len(), offers.len()) {
            if bids[bid].limit < offers[offer].limit {
                continue;
            }
            let price = (sides[0][bid].limit + sides[1][offer].limit) / 2.0;
            sides[0][bid].pairs.push(exchange.pairs.len());
            sides[1][offer].pairs.push(exchange.pairs.len());
            exchange.pairs.push(Pair { bid, offer, price, agreed: 0.0, proposed: [0.0; 2] });
        }
        exchange.sides = sides;
        exchange
    }

    /// The lowest ask, and how far the highest bid is above it.
    fn range(&self) -> (Price, u64) {
        match (self.bids.first(), self.offers.first()) {
            (Some(bid), Some(offer)) => (offer.limit, bid.limit.0.abs_diff(offer.limit.0)),
            _ => (Price::ZERO, 0),
        }
    }

    fn share(&self, limit: Price) -> f64 {
        let (lowest, reach) = self.range();
        if reach == 0 { 0.0 } else { limit.0.abs_diff(lowest.0) as f64 / reach as f64 }
    }

    fn iterate(&mut self, most: u32) {
        let affordable = MOST_WORK / self.pairs.len().max(1);
        let most = most.min(u32::try_from(affordable).unwrap_or(u32::MAX)).max(1);
        let (mut adapted, mut sorted) = (0, Vec::new());
        for iteration in 1..=most {
            for (side, peers) in self.sides.iter().enumerate() {
                // A bid gains what the price is below its limit, an offer what it is above.
                let sign = if side == 0 { 1.0 } else { -1.0 };
                for peer in peers {
                    let pull = |pair: &Pair| pair.agreed + sign * (peer.limit - pair.price) / self.penalty;
                    sorted.clear();
                    sorted.extend(peer.pairs.iter().map(|&at| pull(&self.pairs[at])).filter(|pull| *pull > 0.0));
                    let excess = excess(&mut sorted, peer.quantity);
                    for &at in &peer.pairs {
                        let proposed = (pull(&self.pairs[at]) - excess).max(0.0);
                        self.pairs[at].proposed[side] = proposed;
                    }
                }
            }
            let (primal, dual) = self.settle();
            if primal <= TOLERANCE && dual <= TOLERANCE {
                break;
            }
            if iteration % ADAPT_EVERY == 0 && adapted < ADAPTED {
                // A penalty that never rests need not converge, so it changes less the later it is.
                let by = 1.0 + 1.0 / (1.0 + f64::from(adapted) / 4.0);
                if primal > OUT_OF_BALANCE * dual {
                    (self.penalty, adapted) = (self.penalty * by, adapted + 1);
                } else if dual > OUT_OF_BALANCE * primal {
                    (self.penalty, adapted) = (self.penalty / by, adapted + 1);
                }
            }
        }
    }

    /// What is agreed to the middle of both (relaxed) proposals, prices by their difference. The primal and dual residual.
    fn settle(&mut self) -> (f64, f64) {
        let (mut primal, mut dual) = (0.0_f64, 0.0_f64);
        for pair in &mut self.pairs {
            let ([wanted, given], before) = (pair.proposed, pair.agreed);
            pair.agreed = RELAXATION * (wanted + given) / 2.0 + (1.0 - RELAXATION) * before;
            pair.price += self.penalty * RELAXATION * (wanted - given) / 2.0;
            primal = primal.max((wanted - pair.agreed).abs()).max((given - pair.agreed).abs());
            dual = dual.max(self.penalty * (pair.agreed - before).abs());
        }
        (primal, dual)
    }

    /// What was agreed, in whole Wh within both quantities, and the price of every pair.
    fn rounded(&self) -> (Clearing, BTreeMap<(crate::OrderId, crate::OrderId), Price>) {
        let mut left =
            [self.bids, self.offers].map(|orders| orders.iter().map(|order| order.quantity).collect::<Vec<_>>());
        let (mut clearing, mut prices) = (Clearing::default(), BTreeMap::new());
        let (lowest, reach) = self.range();
        for pair in &self.pairs {
            let (bid, offer) = (&self.bids[pair.bid], &self.offers[pair.offer]);
            let above = (pair.price.clamp(0.0, 1.0) * reach as f64).round() as i128;
            let price = i64::try_from(i128::from(lowest.0) + above).map_or(bid.limit, Price);
            let price = price.clamp(offer.limit, bid.limit);
            prices.insert((bid.id, offer.id), price);
            // Nothing tells an energy within the tolerance from nothing.
            let agreed = if pair.agreed > TOLERANCE { pair.agreed } else { 0.0 };
            let quantity = Energy((agreed * self.largest.0 as f64).round() as i64);
            let quantity = quantity.min(left[0][pair.bid]).min(left[1][pair.offer]);
            if quantity > Energy::ZERO {
                left[0][pair.bid] -= quantity;
                left[1][pair.offer] -= quantity;
                clearing.volume += quantity;
                clearing.trades.push(Slice { bid, offer, quantity }.at(price));
            }
        }
        (clearing, prices)
    }
}

/// Who may trade with whom of so many bids and offers: all with all, or some partners each, by bid and then offer.
fn partners(bids: usize, offers: usize) -> Vec<(usize, usize)> {
    if bids.saturating_mul(offers) <= MOST_PAIRS {
        return (0..bids).flat_map(|bid| (0..offers).map(move |offer| (bid, offer))).collect();
    }
    let (many, few) = (bids.max(offers), bids.min(offers));
    let count = (MOST_PAIRS / many).clamp(1, few);
    // The first stands at the same share of the merit order.
    let partner = |place: usize, number: usize| (place * few / many + number * few / count) % few;
    let pairs = (0..many).flat_map(|place| (0..count).map(move |number| (place, partner(place, number))));
    let mut pairs: Vec<_> = if bids >= offers { pairs.collect() } else { pairs.map(|(a, b)| (b, a)).collect() };
    pairs.sort_unstable();
    pairs
}

/// How much has to be taken off each of these positive numbers, down to zero at most, for their sum to be within `most`.
fn excess(numbers: &mut [f64], most: f64) -> f64 {
    if numbers.iter().sum::<f64>() <= most {
        return 0.0;
    }
    numbers.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut excess) = (0.0, 0.0);
    for (count, number) in (1_u32..).zip(numbers.iter()) {
        sum += number;
        let even = (sum - most) / f64::from(count);
        if even >= *number {
            break;
        }
        excess = even;
    }
    excess
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bid, book, offer, pairs};
    use super::super::{PriceRule, Uniform};
    use super::*;
    use crate::clear;

    #[test]
    fn two_agree_on_the_energy_and_on_a_price_between_their_limits() {
        let book = book([bid(1, 5_000, 40_000), offer(11, 8_000, 10_000)]);
        let clearing = clear(&Admm::default(), &book);
        assert_eq!(clearing.volume, Energy(5_000));
        assert!(clearing.trades.iter().all(|trade| (10_000..=40_000).contains(&trade.price.0)), "{clearing:?}");
    }

    #[test]
    fn those_trade_that_gain_most_as_in_one_auction() {
        let book = book([
            bid(1, 5_000, 40_000),
            bid(2, 3_000, 30_000),
            bid(3, 4_000, 15_000),
            offer(11, 6_000, 10_000),
            offer(12, 4_000, 20_000),
            offer(13, 4_000, 35_000),
        ]);
        let clearing = clear(&Admm::default(), &book);
        let uniform = clear(&Uniform { rule: PriceRule::MID_TRUNCATED }, &book);
        assert_eq!((clearing.volume, clearing.welfare(&book)), (uniform.volume, uniform.welfare(&book)));
        assert!(clearing.trades.iter().all(|trade| (15_000..=30_000).contains(&trade.price.0)), "{clearing:?}");
    }

    #[test]
    fn equals_share_what_there_is_equally() {
        let book = book([bid(1, 4_000, 40), bid(2, 4_000, 40), offer(11, 4_000, 10)]);
        let clearing = clear(&Admm::default(), &book);
        let of =
            |id| clearing.trades.iter().filter(|trade| trade.bid.0 == id).map(|trade| trade.quantity.0).sum::<i64>();
        assert_eq!((of(1), of(2)), (2_000, 2_000));
    }

    #[test]
    fn iterations_that_end_early_still_end_in_trades_that_everybody_can_keep() {
        let book =
            book([bid(1, 5_000, 40_000), bid(2, 3_000, 30_000), offer(11, 6_000, 10_000), offer(12, 4_000, 20_000)]);
        let early = Admm { iterations: NonZeroU32::MIN };
        assert_eq!(clear(&early, &book).volume, Energy(8_000));
    }

    #[test]
    fn beyond_ten_thousand_pairs_everybody_still_has_a_partner() {
        for (bids, offers) in [(101, 100), (30, 4_000), (60_000, 50_000), (1, 20_000)] {
            let pairs = partners(bids, offers);
            assert!(pairs.len() <= MOST_PAIRS.max(bids.max(offers)), "{bids} {offers}");
            assert!(pairs.is_sorted() && pairs.windows(2).all(|pair| pair[0] != pair[1]));
            let (mut with_bid, mut with_offer) = (vec![false; bids], vec![false; offers]);
            pairs.iter().for_each(|&(bid, offer)| (with_bid[bid], with_offer[offer]) = (true, true));
            assert!(with_bid.iter().chain(&with_offer).all(|has| *has), "{bids} {offers}");
        }
    }

    #[test]
    fn the_even_cut_leaves_no_more_than_there_is() {
        assert_eq!(excess(&mut [3.0, 1.0], 4.0), 0.0);
        assert_eq!(excess(&mut [3.0, 1.0], 2.0), 1.0);
        assert_eq!(excess(&mut [1.0, 4.0, 4.0], 4.0), 2.0);
    }

    #[test]
    fn a_book_without_a_pair_trades_nothing() {
        assert_eq!(pairs(&clear(&Admm::default(), &book([bid(1, 5, 9), offer(11, 5, 10)]))), []);
        assert_eq!(pairs(&clear(&Admm::default(), &book([]))), []);
    }
}
