//! Fees by pair of places: a matrix, of which each side of a trade pays half.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use serde::{Deserialize, Serialize};

use super::AreaError;
use crate::{Book, Energy, Order, OrderId, Price, Trade};

/// What sending a kilowatt-hour from one place to another costs, by distance, by line or by loss.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<Price>>", into = "Vec<Vec<Price>>")]
pub struct PairFees {
    rows: Vec<Vec<Price>>,
}

impl PairFees {
    /// `rows[from][to]` is the fee from seller's to buyer's place; the matrix need not be symmetric.
    ///
    /// # Errors
    /// If the matrix is not square or a fee is negative.
    pub fn new(rows: Vec<Vec<Price>>) -> Result<PairFees, AreaError> {
        for (row, fees) in rows.iter().enumerate() {
            if fees.len() != rows.len() {
                return Err(AreaError::NotSquare { places: rows.len(), row, columns: fees.len() });
            }
            if let Some(to) = fees.iter().position(|&fee| fee < Price::ZERO) {
                return Err(AreaError::NegativePairFee { from: row, to, fee: fees[to] });
            }
        }
        Ok(PairFees { rows })
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.rows.len()
    }

    /// The fee from one place to another; `None` outside the matrix.
    pub fn fee(&self, from: usize, to: usize) -> Option<Price> {
        self.rows.get(from)?.get(to).copied()
    }
}

impl TryFrom<Vec<Vec<Price>>> for PairFees {
    type Error = AreaError;

    fn try_from(rows: Vec<Vec<Price>>) -> Result<PairFees, AreaError> {
        PairFees::new(rows)
    }
}

impl From<PairFees> for Vec<Vec<Price>> {
    fn from(fees: PairFees) -> Self {
        fees.rows
    }
}

/// A trade between two places. buyer pays − seller receives = fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PairTrade {
    /// Orders, agents, energy, and as price what the seller receives.
    pub trade: Trade,
    /// What the buyer pays, its half of the fee included.
    pub buyer_pays: Price,
    /// What the grid operator receives per kilowatt-hour.
    pub fee: Price,
}

/// Matches bids and offers whose limits lie at least the fee of their places apart, the widest gain (bid − ask −
/// fee) first; among equal gains the better bid of the book, then the better offer. The energy price of a pair is
/// half-way between what each side can pay after its half of the fee, truncated toward zero; the buyer's half is
/// the larger one if the fee is odd.
///
/// No pair left over could still gain. Greedy matching reaches at least half of the largest possible total gain
/// (D. Avis, "A survey of heuristics for the weighted matching problem", Networks 13, 1983), and all of it where
/// one fee holds for all pairs. O(n × p × log p + n × log n) time and O(n + p²) memory for n orders at p places.
///
/// # Errors
/// If the orders are no book or one is at a place outside the matrix.
pub fn clear_with_pair_fees(orders: &[(usize, Order)], fees: &PairFees) -> Result<Vec<PairTrade>, AreaError> {
    let book = Book::new(orders.iter().map(|&(_, order)| order))?;
    let places = fees.rows.len();
    let mut place_of: Vec<(OrderId, usize)> = Vec::with_capacity(orders.len());
    for &(place, Order { id: order, .. }) in orders {
        if place >= places {
            return Err(AreaError::UnknownPlace { order, place, places });
        }
        place_of.push((order, place));
    }
    place_of.sort_unstable();
    let place = |order: &Order| {
        let at = place_of.binary_search_by_key(&order.id, |&(id, _)| id).expect("the book holds these orders");
        place_of[at].1
    };
    let (bids, offers) = (book.bids(), book.offers());
    let [buyers, sellers] = [bids, offers].map(|side| side.iter().map(place).collect::<Vec<usize>>());

    let mut queues = [Queues::of(bids, &buyers, places), Queues::of(offers, &sellers, places)];
    let best = |[to, from]: [usize; 2], [of_bids, of_offers]: &mut [Queues; 2]| {
        let (b, o) = (of_bids.head(to)?, of_offers.head(from)?);
        let fee = fees.rows[from][to];
        let gain = i128::from(bids[b].limit.0) - i128::from(offers[o].limit.0) - i128::from(fee.0);
        (gain >= 0).then_some((Reverse(gain), b, o, [to, from]))
    };
    // The best pair of two places is that of their best orders. It only becomes worse: what has become so is looked at again.
    let mut pairs: BinaryHeap<Reverse<_>> = (0..places)
        .flat_map(|to| (0..places).map(move |from| [to, from]))
        .filter_map(|between| best(between, &mut queues).map(Reverse))
        .collect();
    let mut trades = Vec::new();
    while let Some(Reverse((_, b, o, between @ [to, from]))) = pairs.pop() {
        if queues[0].head(to) == Some(b) && queues[1].head(from) == Some(o) {
            let quantity = queues[0].left[b].min(queues[1].left[o]);
            queues[0].left[b] -= quantity;
            queues[1].left[o] -= quantity;
            trades.push(trade(&bids[b], &offers[o], quantity, fees.rows[from][to]));
        }
        pairs.extend(best(between, &mut queues).map(Reverse));
    }
    Ok(trades)
}

/// The orders of a side by place, the best first, and what is left of each.
struct Queues {
    at: Vec<VecDeque<usize>>,
    left: Vec<Energy>,
}

impl Queues {
    fn of(orders: &[Order], place_of: &[usize], places: usize) -> Self {
        let mut at = vec![VecDeque::new(); places];
        for (order, place) in place_of.iter().enumerate() {
            at[*place].push_back(order);
        }
        Self { at, left: orders.iter().map(|order| order.quantity).collect() }
    }

    /// The best order at a place of which anything is left.
    fn head(&mut self, place: usize) -> Option<usize> {
        while let Some(&order) = self.at[place].front() {
            if self.left[order] > Energy::ZERO {
                return Some(order);
            }
            self.at[place].pop_front();
        }
        None
    }
}

/// The gain is not negative, so the energy price lies between the two limits after fees, and both limits hold.
fn trade(bid: &Order, offer: &Order, quantity: Energy, fee: Price) -> PairTrade {
    let seller_half = fee.0 / 2;
    let buyer_half = fee.0 - seller_half;
    let most = i128::from(bid.limit.0) - i128::from(buyer_half);
    let least = i128::from(offer.limit.0) + i128::from(seller_half);
    let energy_price = (most + least) / 2;
    let fits = |price: i128| Price(i64::try_from(price).expect("a price between two 64-bit limits fits"));
    let price = fits(energy_price - i128::from(seller_half));
    let buyer_pays = fits(energy_price + i128::from(buyer_half));
    let trade = Trade { bid: bid.id, offer: offer.id, buyer: bid.agent, seller: offer.agent, quantity, price };
    PairTrade { trade, buyer_pays, fee }
}
