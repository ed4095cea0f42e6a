//! What an area would send out at each price: its net-export curve, as steps that know their orders.
//!
//! At the lowest price nobody sells and all bids are served, so the net export is minus their sum. As the price rises past
//! the limit of an offer the offer is accepted, past that of a bid the bid is given up: either way net export grows by
//! the quantity. The steps passed at the market's price are the ones taken.

use super::Capacity;

/// A quantity of an order that changes over at a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Seen from where the curve is, fees between there and the order included.
    pub price: i128,
    /// The order, by its place among all; of steps of one price the lower rank is taken first.
    pub rank: usize,
    pub quantity: i128,
}

/// A non-decreasing step function from price to net export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Curve {
    /// Net export before the first step; not positive.
    pub base: i128,
    /// By price, then rank.
    pub steps: Vec<Step>,
}

/// Bounds of a price that are both included; none where there is no bound.
pub(super) type Interval = (Option<i128>, Option<i128>);

impl Curve {
    /// Adds another curve of the same area; [`sort`](Self::sort) follows the last.
    pub(super) fn add(&mut self, other: Curve) {
        self.base += other.base;
        self.steps.extend(other.steps);
    }

    /// Puts the steps in order, in O(n log n); merging sorted runs, it takes less.
    pub(super) fn sort(&mut self) {
        self.steps.sort_by_key(|step| (step.price, step.rank));
    }

    /// The same curve seen from across a boundary: exports arrive dearer by `fee`, imports leave cheaper by it, and
    /// neither exceeds `capacity`. Steps that the import limit leaves no choice about are booked in `taken`, by rank;
    /// those beyond the export limit are never taken.
    pub(super) fn across(&self, fee: i128, capacity: Capacity, taken: &mut [i128]) -> Curve {
        let top = self.base + self.steps.iter().map(|step| step.quantity).sum::<i128>();
        let lowest = capacity.least().map_or(self.base, |least| least.max(self.base));
        let highest = capacity.most().map_or(top, |most| most.min(top));
        let mut beyond = Curve { base: lowest, steps: Vec::with_capacity(self.steps.len()) };
        let mut start = self.base;
        for &Step { price, rank, quantity } in &self.steps {
            let end = start + quantity;
            let within = |from: i128, to: i128| (end.min(to) - start.max(from)).max(0);
            taken[rank] += within(self.base, lowest);
            for (quantity, price) in [(within(lowest, 0), price - fee), (within(0, highest), price + fee)] {
                if quantity > 0 {
                    beyond.steps.push(Step { price, rank, quantity });
                }
            }
            start = end;
        }
        beyond
    }

    /// Where each step ends, and its price; enough to ask for prices.
    pub(super) fn outline(&self) -> Outline {
        let mut end = self.base;
        let ends = self.steps.iter().map(|step| {
            end += step.quantity;
            (end, step.price)
        });
        Outline { base: self.base, steps: ends.collect() }
    }
}

/// A curve without its orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outline {
    base: i128,
    /// Net export after each step, and the price of the step.
    steps: Vec<(i128, i128)>,
}

impl Outline {
    /// The prices at which net export is `net`: from that of the last step taken to that of the next, in O(log n).
    pub(super) fn prices_at(&self, net: i128) -> Interval {
        let price = |at: usize| self.steps.get(at).map(|&(_, price)| price);
        let last_taken = self.steps.partition_point(|&(end, _)| end < net);
        let next = self.steps.partition_point(|&(end, _)| end <= net);
        ((net > self.base).then(|| price(last_taken)).flatten(), price(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Energy;

    /// Bids of 30 Wh at 10 and 20 Wh at 40, offers of 40 Wh at 20 and 10 Wh at 50.
    fn curve() -> Curve {
        let step = |(rank, (price, quantity))| Step { price, rank, quantity };
        Curve { base: -50, steps: (0..).zip([(10, 30), (20, 40), (40, 20), (50, 10)]).map(step).collect() }
    }

    fn capacity(import: i64, export: i64) -> Capacity {
        Capacity { import: Some(Energy(import)), export: Some(Energy(export)) }
    }

    #[test]
    fn the_price_lies_between_the_last_step_taken_and_the_next() {
        let outline = curve().outline();
        assert_eq!(outline.prices_at(-50), (None, Some(10)));
        assert_eq!(outline.prices_at(-30), (Some(10), Some(10)));
        assert_eq!(outline.prices_at(-20), (Some(10), Some(20)));
        assert_eq!(outline.prices_at(0), (Some(20), Some(20)));
        assert_eq!(outline.prices_at(50), (Some(50), None));
        assert_eq!(Outline::default().prices_at(0), (None, None));
    }

    #[test]
    fn across_a_boundary_fees_part_exports_from_imports_and_limits_cut_both() {
        let mut taken = [0; 4];
        let beyond = curve().across(3, capacity(25, 32), &mut taken);
        assert_eq!(beyond.base, -25);
        let steps: Vec<_> = beyond.steps.iter().map(|step| (step.price, step.rank, step.quantity)).collect();
        assert_eq!(steps, [(7, 0, 5), (17, 1, 20), (23, 1, 20), (43, 2, 12)]);
        assert_eq!(taken, [25, 0, 0, 0], "imports of 50 Wh are beyond reach whatever the price");
    }

    #[test]
    fn nothing_crosses_a_closed_boundary() {
        let mut taken = [0; 4];
        assert_eq!(curve().across(0, Capacity::CLOSED, &mut taken), Curve::default());
        assert_eq!(taken, [30, 20, 0, 0], "half of the cheap offer serves the dear bid at home");
    }
}
