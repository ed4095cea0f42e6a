//! Clears a tree of areas, lowest level first.

use std::collections::BTreeMap;

use super::fee::{Fee, PathFee, split};
use super::outcome::count;
use super::{AreaError, AreaId, AreaOutcome, AreaTrade, AreaTree, AreasClearing};
use crate::{Book, Energy, Mechanism, Money, Order, OrderId, Price, Side, Trade, clear};

/// Clears `orders`, each with its area, level by level up `tree`. `mechanism_of` names the mechanism of each area.
///
/// Each level sees its own orders and what its children left over, at the limit that remains after the fees: a
/// bid's is the highest price that with the fees on the buyer's path keeps its original limit, an offer's the
/// original limit plus the fees on the seller's path. Quantity aside, all else (quality, premium, submission
/// time, lottery ticket) stays as it was, so ties break as they would in one flat book. A retailer may sit at any
/// level, at the root as a backstop, with orders like any other.
///
/// The percentages of a path apply to what the seller receives. Where a subsidy lifts that above the level's price,
/// the buyer's percentages apply to the level's price instead, so that its limit holds.
///
/// O(n × depth × log n) besides the mechanisms.
///
/// # Errors
/// If an order's area is unknown, the orders make no book (an id used twice, a quantity not positive), or fees
/// take a price or a sum beyond the integers.
///
/// # Panics
/// If a mechanism, or this function, breaks a rule of conservation: a defect, whatever the orders.
pub fn clear_areas<'m>(
    tree: &AreaTree,
    orders: &[(AreaId, Order)],
    mechanism_of: impl Fn(AreaId) -> &'m dyn Mechanism,
) -> Result<AreasClearing, AreaError> {
    // Whatever is wrong with the orders is found here, before any of them trades.
    Book::new(orders.iter().map(|&(_, order)| order))?;
    let mut run = Run::new(tree, orders)?;
    for level in 0..tree.areas().len() {
        let book = run.book_of(level)?;
        let clearing = clear(mechanism_of(tree.areas()[level].id), &book);
        run.outcomes[level].price = clearing.price;
        for trade in &clearing.trades {
            run.record(level, trade)?;
        }
        run.forward(level);
    }
    let clearing = run.finish();
    if let Err(broken) = clearing.check(tree, orders) {
        panic!("the areas were cleared against the rules: {broken}");
    }
    Ok(clearing)
}

/// An order on its way up.
struct Walker<'a> {
    order: &'a Order,
    home: usize,
    left: Energy,
    path: PathFee,
}

struct Run<'a> {
    tree: &'a AreaTree,
    walkers: Vec<Walker<'a>>,
    /// Indices of the walkers that have arrived at each area.
    arrived: Vec<Vec<usize>>,
    by_id: BTreeMap<OrderId, usize>,
    outcomes: Vec<AreaOutcome>,
    trades: Vec<AreaTrade>,
}

impl<'a> Run<'a> {
    fn new(tree: &'a AreaTree, orders: &'a [(AreaId, Order)]) -> Result<Run<'a>, AreaError> {
        let mut run = Run {
            tree,
            walkers: Vec::with_capacity(orders.len()),
            arrived: vec![Vec::new(); tree.areas().len()],
            by_id: orders.iter().enumerate().map(|(at, (_, order))| (order.id, at)).collect(),
            outcomes: tree.areas().iter().map(|area| AreaOutcome::nothing(area.id)).collect(),
            trades: Vec::new(),
        };
        for (at, &(area, ref order)) in orders.iter().enumerate() {
            let home = tree.index_of(area).ok_or(AreaError::UnknownArea { order: order.id, area })?;
            run.walkers.push(Walker { order, home, left: order.quantity, path: PathFee::default() });
            run.arrived[home].push(at);
            if order.side == Side::Bid {
                tree.around(home).for_each(|around| run.outcomes[around].demand += order.quantity);
            }
        }
        Ok(run)
    }

    /// The orders that meet at `level`, with what is left of quantity and limit.
    fn book_of(&self, level: usize) -> Result<Book, AreaError> {
        let area = self.tree.areas()[level].id;
        let here = self.arrived[level].iter().map(|&at| {
            let Walker { order, left, path, .. } = &self.walkers[at];
            let original = i128::from(order.limit.0);
            let limit = match order.side {
                Side::Bid => path.strip(original),
                Side::Offer => path.add(original),
            };
            Ok(Order { quantity: *left, limit: price(limit, order.id, area)?, ..**order })
        });
        Ok(Book::new(here.collect::<Result<Vec<Order>, AreaError>>()?)?)
    }

    /// Maps a trade at `level` back to what its two sides pay and receive, and books it.
    fn record(&mut self, level: usize, trade: &Trade) -> Result<(), AreaError> {
        let tree = self.tree;
        let level_id = tree.areas()[level].id;
        let [bid, offer] = [trade.bid, trade.offer].map(|id| self.by_id[&id]);
        let (buyer, seller) = (&self.walkers[bid], &self.walkers[offer]);
        let level_price = i128::from(trade.price.0);
        let revenue = seller.path.strip(level_price);
        let buyer_fee = buyer.path.constant + buyer.path.share(revenue.min(level_price));
        let mut fees = Vec::new();
        for (walker, collected) in [(seller, level_price - revenue), (buyer, buyer_fee)] {
            let path: Vec<usize> = tree.path(walker.home, level).collect();
            let rates: Vec<Fee> = path.iter().map(|&at| tree.areas()[at].fee).collect();
            for (&at, part) in path.iter().zip(split(&rates, collected)) {
                let area = tree.areas()[at].id;
                let fee = price(part, trade.bid, area)?;
                if fee == Price::ZERO {
                    continue;
                }
                let total = self.outcomes[at].fees.0.checked_add((trade.quantity * fee).0);
                self.outcomes[at].fees = total.map(Money).ok_or(AreaError::FeesTooLarge { area })?;
                fees.push((area, fee));
            }
        }
        let (buyer_home, seller_home) = (buyer.home, seller.home);
        self.trades.push(AreaTrade {
            level: level_id,
            buyer_area: tree.areas()[buyer_home].id,
            seller_area: tree.areas()[seller_home].id,
            trade: Trade { price: price(revenue, trade.offer, level_id)?, ..*trade },
            level_price: trade.price,
            buyer_pays: price(level_price + buyer_fee, trade.bid, level_id)?,
            fees,
        });
        self.walkers[bid].left -= trade.quantity;
        self.walkers[offer].left -= trade.quantity;
        count(tree, &mut self.outcomes, (level, buyer_home, seller_home), trade.quantity);
        Ok(())
    }

    /// Sends what is left at `level` across its boundary.
    fn forward(&mut self, level: usize) {
        let parent = self.tree.parent(level);
        if parent == level {
            return;
        }
        let fee = self.tree.areas()[level].fee;
        for at in std::mem::take(&mut self.arrived[level]) {
            if self.walkers[at].left > Energy::ZERO {
                self.walkers[at].path = self.walkers[at].path.plus(fee);
                self.arrived[parent].push(at);
            }
        }
    }

    fn finish(self) -> AreasClearing {
        let left = self.walkers.iter().filter(|walker| walker.left > Energy::ZERO);
        let unmatched = left.map(|walker| (walker.order.id, walker.left)).collect();
        AreasClearing { trades: self.trades, areas: self.outcomes, unmatched }
    }
}

/// `value` as a price; `order` and `area` are to blame if it does not fit.
pub(super) fn price(value: i128, order: OrderId, area: AreaId) -> Result<Price, AreaError> {
    i64::try_from(value).map(Price).map_err(|_| AreaError::PriceTooLarge { order, area })
}
