//! The simple orders of one slot as one curve: what they are worth for any energy that blocks inject.
//!
//! A bid that goes unserved frees energy just as an offer supplies it, at its limit. So bids and offers stand in one
//! stack, sorted by limit: serving all bids takes their whole energy, and of that blocks give a part, the stack the
//! rest, cheapest first. Welfare is the worth of all bids minus what the stack costs.

use super::book::PriceRange;
use crate::{Book, Energy, Price, Side};

/// The stack with its prefix sums.
#[derive(Debug, Clone)]
pub(super) struct Curve {
    /// Limits, ascending; at equal limits offers come first, so that as much trades as possible.
    limits: Vec<i64>,
    /// Index into `Book::all` of each entry.
    orders: Vec<usize>,
    /// Wh of all entries before each, and after the last of all.
    below_wh: Vec<i64>,
    /// Cost of all entries before each, and after the last of all.
    below_cost: Vec<i128>,
    bids_wh: i64,
    bids_worth: i128,
    range: PriceRange,
}

impl Curve {
    pub(super) fn new(book: &Book, range: PriceRange) -> Curve {
        let mut orders: Vec<usize> = (0..book.len()).collect();
        // Offers keep their merit order; of bids the one with the least merit is given up first.
        orders.sort_by_key(|&index| {
            let order = &book.all()[index];
            let place = if order.side == Side::Offer { index } else { book.len() - index };
            (order.limit, order.side == Side::Bid, place)
        });
        let (mut below_wh, mut below_cost) = (vec![0], vec![0]);
        let (mut wh, mut cost) = (0, 0);
        for &index in &orders {
            let order = &book.all()[index];
            wh += order.quantity.0;
            cost += (order.quantity * order.limit).0;
            below_wh.push(wh);
            below_cost.push(cost);
        }
        Curve {
            limits: orders.iter().map(|&index| book.all()[index].limit.0).collect(),
            orders,
            below_wh,
            below_cost,
            bids_wh: book.bids().iter().map(|order| order.quantity.0).sum(),
            bids_worth: book.bids().iter().map(|order| (order.quantity * order.limit).0).sum(),
            range,
        }
    }

    fn total_wh(&self) -> i64 {
        *self.below_wh.last().expect("a prefix sum begins with nothing")
    }

    /// The least and the most that blocks may inject: all offers bought away, all bids served.
    pub(super) fn injection_bounds(&self) -> (i64, i64) {
        (self.bids_wh - self.total_wh(), self.bids_wh)
    }

    /// The welfare of the simple orders, in n€, when blocks inject so much, within the bounds.
    pub(super) fn welfare(&self, injected_wh: i64) -> i128 {
        let taken = self.bids_wh - injected_wh;
        let full = self.below_wh.partition_point(|&below| below <= taken) - 1;
        let part = taken - self.below_wh[full];
        let cost = if part == 0 { 0 } else { i128::from(part) * i128::from(self.limits[full]) };
        self.bids_worth - self.below_cost[full] - cost
    }

    /// The prices at which that welfare is what every order would choose.
    pub(super) fn prices(&self, injected_wh: i64) -> (i64, i64) {
        let taken = self.bids_wh - injected_wh;
        let full = self.below_wh.partition_point(|&below| below < taken);
        // Entries before `full` are needed; if they end exactly at `taken` the price may rise to the next limit.
        let lowest = full.checked_sub(1).map_or(self.range.lowest.0, |last| self.limits[last]);
        let next = if self.below_wh[full] == taken { full } else { full - 1 };
        let highest = self.limits.get(next).map_or(self.range.highest.0, |&limit| limit);
        (lowest, highest)
    }

    /// The best the simple orders can do at a price, buying and selling at it, in n€; and the least and the most they
    /// would then have blocks inject.
    pub(super) fn respond(&self, price: i64) -> (i128, i64, i64) {
        let below = self.limits.partition_point(|&limit| limit < price);
        let upto = below + self.limits[below..].partition_point(|&limit| limit <= price);
        let taken = self.below_wh[upto];
        let paid = i128::from(price) * i128::from(self.bids_wh - taken);
        let surplus = self.bids_worth - self.below_cost[upto] - paid;
        (surplus, self.bids_wh - taken, self.bids_wh - self.below_wh[below])
    }

    /// Price and its fall per Wh when blocks inject so much, both as means over a window of `width_wh` to either side.
    /// Beyond the bounds the price is at the end of its range.
    pub(super) fn smooth(&self, injected_wh: f64, width_wh: f64) -> (f64, f64) {
        let low = (injected_wh - width_wh).floor() as i64;
        let high = ((injected_wh + width_wh).ceil() as i64).max(low + 1);
        let ((worth_low, price_low), (worth_high, price_high)) = (self.extended(low), self.extended(high));
        let wide = (high - low) as f64;
        ((worth_high - worth_low) as f64 / wide, (price_low - price_high) as f64 / wide)
    }

    /// Welfare and the price of one Wh more, for any injection.
    fn extended(&self, injected_wh: i64) -> (i128, i64) {
        let (least, most) = self.injection_bounds();
        let within = injected_wh.clamp(least, most);
        let taken = self.bids_wh - within;
        let full = self.below_wh.partition_point(|&below| below <= taken) - 1;
        let price = match injected_wh {
            _ if injected_wh < least => self.range.highest.0,
            _ if injected_wh > most => self.range.lowest.0,
            _ => self.limits.get(full).map_or(self.range.highest.0, |&limit| limit),
        };
        let part = i128::from(taken - self.below_wh[full]);
        let cost = self.below_cost[full] + if part == 0 { 0 } else { part * i128::from(self.limits[full]) };
        (self.bids_worth - cost + i128::from(injected_wh - within) * i128::from(price), price)
    }

    /// The mean energy of an order; `None` without orders.
    pub(super) fn mean_wh(&self) -> Option<f64> {
        (!self.limits.is_empty()).then(|| self.total_wh() as f64 / self.limits.len() as f64)
    }

    /// The limit furthest from zero.
    pub(super) fn largest_limit(&self) -> i64 {
        let ends = [self.limits.first(), self.limits.last()];
        ends.into_iter()
            .flatten()
            .map(|limit| limit.abs())
            .max()
            .unwrap_or_else(|| self.range.highest.0.abs().max(self.range.lowest.0.abs()))
    }

    /// What each order of the book trades when blocks inject so much, in the order of `Book::all`.
    pub(super) fn fills(&self, book: &Book, injected_wh: i64) -> Vec<Energy> {
        let taken = self.bids_wh - injected_wh;
        let mut fills = vec![Energy::ZERO; book.len()];
        for (entry, &index) in self.orders.iter().enumerate() {
            let order = &book.all()[index];
            let from_entry = Energy((taken - self.below_wh[entry]).clamp(0, order.quantity.0));
            fills[index] = match order.side {
                Side::Offer => from_entry,
                Side::Bid => order.quantity - from_entry,
            };
        }
        fills
    }

    /// Half-way between two prices, toward zero.
    pub(super) fn mid((lowest, highest): (i64, i64)) -> Price {
        Price(i64::midpoint(lowest, highest))
    }
}
