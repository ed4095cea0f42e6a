//! One clearing of all areas together for the highest welfare, within what their boundaries carry; prices are duals.
//!
//! Each area has a net-export curve: its own orders by merit, and those of the areas in it seen across their boundaries
//! ([`curve`]). Nothing leaves the root, which fixes what is taken everywhere. Going down again, an area whose exchange
//! is within its limits has the price of the area around it less the fee (it exports) or plus the fee (it imports); one
//! at a limit, or that exchanges nothing, has a price of its own. In a network that is a tree this is the optimum of the
//! linear program "most welfare less fees, each boundary within its limits", with the duals of the areas' balances
//! as prices (locational marginal prices; F. C. Schweppe et al., "Spot Pricing of Electricity", 1988), in integers.
//!
//! Every clearing proves that itself, by complementary slackness ([`proof`]).

mod curve;
mod proof;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::clear::price;
use super::outcome::count;
use super::{AreaError, AreaId, AreaOutcome, AreaTrade, AreaTree, AreasClearing};
use crate::auction::{Slice, slices};
use crate::{Book, Energy, Money, Order, OrderId, Price, Side};
use curve::{Curve, Outline, Step};

/// What the boundary of an area carries in the delivery slot, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capacity {
    /// At most so much into the area; none: without limit. Not negative.
    pub import: Option<Energy>,
    /// At most so much out of it; none: without limit. Not negative.
    pub export: Option<Energy>,
}

impl Capacity {
    /// Nothing crosses.
    pub const CLOSED: Capacity = Capacity { import: Some(Energy::ZERO), export: Some(Energy::ZERO) };

    /// The least net export, Wh.
    fn least(self) -> Option<i128> {
        self.import.map(|import| -i128::from(import.0))
    }

    /// The highest net export, Wh.
    fn most(self) -> Option<i128> {
        self.export.map(|export| i128::from(export.0))
    }
}

/// What came of one area beside its [`AreaOutcome`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Which area.
    pub area: AreaId,
    /// Net export across its boundary; negative for imports, zero for the root.
    pub net_export: Energy,
    /// What a kilowatt-hour more is worth here, also where nothing trades; none where no order has a say, or beyond 64
    /// bits.
    pub value: Option<Price>,
    /// What its boundary collects beyond its fee because it carries no more.
    pub congestion_rent: Money,
}

/// The outcome of [`clear_with_limits`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LocationalClearing {
    /// Trades, whose fees include congestion rents, and areas, whose price is their locational price; none where nothing
    /// was bought or sold within.
    pub areas: AreasClearing,
    /// One per area, each before its parent.
    pub exchanges: Vec<Exchange>,
}

/// Clears `orders`, each with its area, for the highest welfare less fees at which no boundary carries more than its
/// capacity (areas that `capacities` does not name: without limit). Each buyer pays the price of its area, each seller
/// receives that of its own; what lies between is collected by the boundaries crossed, each at least its fee.
///
/// Prices: at the given volumes, the middle of all prices of an area at which no accepted order of it loses, no order left
/// over would gain, and that fit the price of the area around it, truncated toward zero; the root's first. So a price is
/// the limit of an order that is filled in part, where there is one, and else half-way as in the uniform auction.
///
/// Ties: of equal limits, fees included, both sides trade as much as they can, and among orders of one side quality goes
/// first, then submission, then lottery, then the lower id. Premiums are not asked for. Who trades with whom: what an area
/// accepts meets at home first, best bid with best offer, and what is left goes on to the area around it.
///
/// O(n × depth × log n) time and O(n × depth) memory for n orders.
///
/// # Errors
/// If an order's area or that of a capacity is unknown, the orders make no book, the root has a capacity, a capacity or
/// fee is negative, a fee has a percentage (the best welfare would depend on prices), or a price difference is beyond 64
/// bits.
///
/// # Panics
/// If the outcome is not the optimum, or breaks a rule of conservation: a defect, whatever the orders.
pub fn clear_with_limits(
    tree: &AreaTree,
    capacities: &BTreeMap<AreaId, Capacity>,
    orders: &[(AreaId, Order)],
) -> Result<LocationalClearing, AreaError> {
    Book::new(orders.iter().map(|&(_, order)| order))?;
    let network = Network::new(tree, capacities)?;
    let homes = homes(tree, orders)?;
    let (filled, outlines) = network.fill(orders, &homes);
    let exports = network.exports(orders, &homes, &filled);
    let values = network.values(&outlines, &exports);
    let claim = proof::Claim { network: &network, orders, homes: &homes, filled: &filled, exports: &exports };
    if let Err(broken) = claim.prove(&values) {
        panic!("the areas were not cleared at the optimum: {broken}");
    }
    let mut pairing = Pairing::new(&network, orders, &homes, &filled, &values);
    for level in 0..tree.areas().len() {
        pairing.meet(level)?;
    }
    let areas = pairing.finish();
    if let Err(broken) = areas.check(tree, orders) {
        panic!("the areas were cleared against the rules: {broken}");
    }
    Ok(LocationalClearing { exchanges: network.exchanges(&areas, &exports, &values), areas })
}

fn homes(tree: &AreaTree, orders: &[(AreaId, Order)]) -> Result<Vec<usize>, AreaError> {
    let home = |&(area, ref order): &(AreaId, Order)| {
        tree.index_of(area).ok_or(AreaError::UnknownArea { order: order.id, area })
    };
    orders.iter().map(home).collect()
}

/// Areas by their index in the tree, with fee and capacity of the boundary around each.
struct Network<'a> {
    tree: &'a AreaTree,
    fees: Vec<i128>,
    capacities: Vec<Capacity>,
}

impl<'a> Network<'a> {
    fn new(tree: &'a AreaTree, capacities: &BTreeMap<AreaId, Capacity>) -> Result<Self, AreaError> {
        let mut by_index = vec![Capacity::default(); tree.areas().len()];
        for (&area, &capacity) in capacities {
            let at = tree.index_of(area).ok_or(AreaError::UnknownLimit { area })?;
            if capacity != Capacity::default() && area == tree.root() {
                return Err(AreaError::LimitAtRoot { area });
            }
            if let Some(limit) = [capacity.import, capacity.export].into_iter().flatten().find(|it| *it < Energy::ZERO)
            {
                return Err(AreaError::NegativeLimit { area, limit });
            }
            by_index[at] = capacity;
        }
        for area in tree.areas() {
            if area.fee.rate_bp != 0 {
                return Err(AreaError::PercentageWithLimits { area: area.id });
            }
            if area.fee.constant < Price::ZERO {
                return Err(AreaError::SubsidyWithLimits { area: area.id, constant: area.fee.constant });
            }
        }
        let fees = tree.areas().iter().map(|area| i128::from(area.fee.constant.0)).collect();
        Ok(Self { tree, fees, capacities: by_index })
    }

    fn root(&self) -> usize {
        self.tree.areas().len() - 1
    }

    /// The area around another one; none for the root.
    fn parent(&self, at: usize) -> Option<usize> {
        (at != self.root()).then(|| self.tree.parent(at))
    }

    /// How much of each order trades, and the curve of each area.
    fn fill(&self, orders: &[(AreaId, Order)], homes: &[usize]) -> (Vec<Energy>, Vec<Outline>) {
        let ranked = ranked(orders);
        let mut taken = vec![0; orders.len()];
        let mut curves = vec![Curve::default(); self.fees.len()];
        for (rank, &at) in ranked.iter().enumerate() {
            let (curve, order) = (&mut curves[homes[at]], &orders[at].1);
            let quantity = i128::from(order.quantity.0);
            curve.steps.push(Step { price: order.limit.0.into(), rank, quantity });
            if order.side == Side::Bid {
                curve.base -= quantity;
            }
        }
        let mut outlines = Vec::with_capacity(curves.len());
        for at in 0..curves.len() {
            let mut curve = std::mem::take(&mut curves[at]);
            curve.sort();
            outlines.push(curve.outline());
            match self.parent(at) {
                Some(parent) => curves[parent].add(curve.across(self.fees[at], self.capacities[at], &mut taken)),
                None => drop(curve.across(0, Capacity::CLOSED, &mut taken)),
            }
        }
        let mut filled = vec![Energy::ZERO; orders.len()];
        for (&at, taken) in ranked.iter().zip(taken) {
            let Order { side, quantity, .. } = orders[at].1;
            let taken = Energy(i64::try_from(taken).expect("steps of an order add up to its quantity"));
            filled[at] = if side == Side::Offer { taken } else { quantity - taken };
        }
        (filled, outlines)
    }

    /// Net export of each area.
    fn exports(&self, orders: &[(AreaId, Order)], homes: &[usize], filled: &[Energy]) -> Vec<i128> {
        let mut exports = vec![0; self.fees.len()];
        for (at, (_, order)) in orders.iter().enumerate() {
            let energy = i128::from(filled[at].0);
            exports[homes[at]] += if order.side == Side::Offer { energy } else { -energy };
        }
        for at in 0..exports.len() {
            if let Some(parent) = self.parent(at) {
                exports[parent] += exports[at];
            }
        }
        exports
    }

    /// The price of each area, from the root inwards.
    fn values(&self, outlines: &[Outline], exports: &[i128]) -> Vec<Option<i128>> {
        let mut values: Vec<Option<i128>> = vec![None; outlines.len()];
        for at in (0..outlines.len()).rev() {
            let (net, fee, capacity) = (exports[at], self.fees[at], self.capacities[at]);
            let (mut low, mut high) = outlines[at].prices_at(net);
            if let Some(around) = self.parent(at).and_then(|parent| values[parent]) {
                let (exporting, importing) = (around - fee, around + fee);
                // A kilowatt-hour more could still leave, or enter: then that must not gain.
                if net >= 0 && capacity.most().is_none_or(|most| net < most) {
                    low = low.max(Some(exporting));
                }
                if net <= 0 && capacity.least().is_none_or(|least| net > least) {
                    high = Some(high.map_or(importing, |high| high.min(importing)));
                }
                // Those that leave, or enter, must not lose.
                if net > 0 {
                    high = Some(high.map_or(exporting, |high| high.min(exporting)));
                }
                if net < 0 {
                    low = low.max(Some(importing));
                }
            }
            values[at] = low.zip(high).map(|(low, high)| (low + high) / 2).or(low).or(high);
        }
        values
    }

    fn exchanges(&self, areas: &AreasClearing, exports: &[i128], values: &[Option<i128>]) -> Vec<Exchange> {
        let exchange = |(at, outcome): (usize, &AreaOutcome)| Exchange {
            area: outcome.area,
            net_export: outcome.sold - outcome.bought,
            value: values[at].and_then(|value| i64::try_from(value).ok()).map(Price),
            congestion_rent: Money(outcome.fees.0 - self.fees[at] * exports[at].abs()),
        };
        areas.areas.iter().enumerate().map(exchange).collect()
    }
}

/// The orders in the sequence in which equal steps are taken: offers by merit, then bids, the last in merit first, so that
/// at equal limits both sides trade.
fn ranked(orders: &[(AreaId, Order)]) -> Vec<usize> {
    let merit = |at: &usize| {
        let Order { quality, submitted_ms, lottery, id, .. } = orders[*at].1;
        (Reverse(quality), submitted_ms, lottery, id)
    };
    let (mut offers, mut bids): (Vec<usize>, Vec<usize>) =
        (0..orders.len()).partition(|at| orders[*at].1.side == Side::Offer);
    offers.sort_unstable_by_key(merit);
    bids.sort_unstable_by_key(|at| Reverse(merit(at)));
    offers.into_iter().chain(bids).collect()
}

/// Has what is accepted meet, at home first.
struct Pairing<'a> {
    network: &'a Network<'a>,
    orders: &'a [(AreaId, Order)],
    homes: &'a [usize],
    values: &'a [Option<i128>],
    by_id: BTreeMap<OrderId, usize>,
    /// Accepted and not yet paired, and the orders of which some is left, by the area they have come to.
    left: Vec<Energy>,
    arrived: Vec<Vec<usize>>,
    /// Filled in all.
    filled: &'a [Energy],
    outcomes: Vec<AreaOutcome>,
    trades: Vec<AreaTrade>,
}

impl<'a> Pairing<'a> {
    fn new(
        network: &'a Network<'a>,
        orders: &'a [(AreaId, Order)],
        homes: &'a [usize],
        filled: &'a [Energy],
        values: &'a [Option<i128>],
    ) -> Self {
        let mut outcomes: Vec<AreaOutcome> =
            network.tree.areas().iter().map(|area| AreaOutcome::nothing(area.id)).collect();
        let mut arrived = vec![Vec::new(); outcomes.len()];
        for (at, (_, order)) in orders.iter().enumerate() {
            if order.side == Side::Bid {
                network.tree.around(homes[at]).for_each(|around| outcomes[around].demand += order.quantity);
            }
            if filled[at] > Energy::ZERO {
                arrived[homes[at]].push(at);
            }
        }
        let by_id = orders.iter().enumerate().map(|(at, (_, order))| (order.id, at)).collect();
        let (left, trades) = (filled.to_vec(), Vec::new());
        Self { network, orders, homes, values, by_id, left, arrived, filled, outcomes, trades }
    }

    /// Pairs what has come to `level`, and sends on what is left. Whoever comes across a boundary goes with its flow, so
    /// that no bid here is below an offer.
    fn meet(&mut self, level: usize) -> Result<(), AreaError> {
        let here = std::mem::take(&mut self.arrived[level]);
        let order = |&at: &usize| Order { quantity: self.left[at], premium_bp: 0, ..self.orders[at].1 };
        let book = Book::new(here.iter().map(order))?;
        for slice in slices(&book) {
            self.record(level, &slice)?;
        }
        if let Some(parent) = self.network.parent(level) {
            let left = here.into_iter().filter(|at| self.left[*at] > Energy::ZERO);
            self.arrived[parent].extend(left.collect::<Vec<usize>>());
        }
        Ok(())
    }

    /// Books a trade at the prices of its two areas, and what each boundary on its way collects.
    fn record(&mut self, level: usize, slice: &Slice<'_>) -> Result<(), AreaError> {
        let tree = self.network.tree;
        let value = |at: usize| self.values[at].expect("whoever trades has passed here, at a price");
        let (bid, offer) = (slice.bid.id, slice.offer.id);
        let [buyer, seller] = [bid, offer].map(|id| self.by_id[&id]);
        let [buyer_home, seller_home] = [buyer, seller].map(|at| self.homes[at]);
        let out = tree.path(seller_home, level).map(|at| (at, value(tree.parent(at)) - value(at)));
        let into = tree.path(buyer_home, level).map(|at| (at, value(at) - value(tree.parent(at))));
        let mut fees = Vec::new();
        for (at, difference) in out.chain(into) {
            let area = tree.areas()[at].id;
            let fee = price(difference, bid, area)?;
            if fee == Price::ZERO {
                continue;
            }
            let total = self.outcomes[at].fees.0.checked_add((slice.quantity * fee).0);
            self.outcomes[at].fees = total.map(Money).ok_or(AreaError::FeesTooLarge { area })?;
            fees.push((area, fee));
        }
        let [buyer_area, seller_area] = [buyer_home, seller_home].map(|at| tree.areas()[at].id);
        self.trades.push(AreaTrade {
            level: tree.areas()[level].id,
            buyer_area,
            seller_area,
            trade: slice.at(price(value(seller_home), offer, seller_area)?),
            level_price: price(value(level), bid, tree.areas()[level].id)?,
            buyer_pays: price(value(buyer_home), bid, buyer_area)?,
            fees,
        });
        for at in [buyer, seller] {
            self.left[at] -= slice.quantity;
        }
        count(tree, &mut self.outcomes, (level, buyer_home, seller_home), slice.quantity);
        Ok(())
    }

    fn finish(self) -> AreasClearing {
        let mut areas = self.outcomes;
        for (area, value) in areas.iter_mut().zip(self.values) {
            let is_traded = area.bought > Energy::ZERO || area.sold > Energy::ZERO;
            area.price = value.filter(|_| is_traded).and_then(|value| i64::try_from(value).ok()).map(Price);
        }
        let left = self.orders.iter().zip(self.filled).map(|((_, order), filled)| (order.id, order.quantity - *filled));
        let unmatched = left.filter(|(_, left)| *left > Energy::ZERO).collect();
        AreasClearing { trades: self.trades, areas, unmatched }
    }
}
