//! That a clearing within limits is the best there is: its prices prove it.
//!
//! For the linear program of [`clear_with_limits`](super::clear_with_limits) quantities are optimal if they keep all limits
//! and there are prices such that no order loses by what it trades or would gain by trading more, and no boundary would
//! gain by carrying more or less (complementary slackness). All of it in integers, in O(n + areas).

use super::Network;
use crate::areas::AreaId;
use crate::{Energy, Order, Side};

/// Quantities that are said to be optimal.
pub(super) struct Claim<'a> {
    pub(super) network: &'a Network<'a>,
    pub(super) orders: &'a [(AreaId, Order)],
    /// Index of the area of each order.
    pub(super) homes: &'a [usize],
    /// How much of each order trades.
    pub(super) filled: &'a [Energy],
    /// Net export of each area.
    pub(super) exports: &'a [i128],
}

impl Claim<'_> {
    /// Proves the claim by a price for each area; areas that no order reaches may have none.
    ///
    /// # Errors
    /// The first condition found broken, in words.
    pub(super) fn prove(&self, values: &[Option<i128>]) -> Result<(), String> {
        for at in 0..self.orders.len() {
            self.order(at, values)?;
        }
        if self.exports.last() != Some(&0) {
            return Err("what is bought is not what is sold".into());
        }
        (0..self.exports.len()).try_for_each(|at| self.boundary(at, values))
    }

    fn order(&self, at: usize, values: &[Option<i128>]) -> Result<(), String> {
        let (area, Order { id, side, quantity, limit, .. }) = &self.orders[at];
        let filled = self.filled[at];
        let value = values[self.homes[at]].ok_or_else(|| format!("area {area} has order {id} and no price"))?;
        if filled < Energy::ZERO || filled > *quantity {
            return Err(format!("order {id} over {quantity} trades {filled}"));
        }
        let gain = match side {
            Side::Bid => i128::from(limit.0) - value,
            Side::Offer => value - i128::from(limit.0),
        };
        match gain {
            ..=-1 if filled > Energy::ZERO => Err(format!("{side} {id} at {limit} loses at {value}")),
            1.. if filled < *quantity => Err(format!("{side} {id} at {limit} is left over and would gain at {value}")),
            _ => Ok(()),
        }
    }

    fn boundary(&self, at: usize, values: &[Option<i128>]) -> Result<(), String> {
        let Some(parent) = self.network.parent(at) else { return Ok(()) };
        let (area, net) = (self.network.tree.areas()[at].id, self.exports[at]);
        let (fee, capacity) = (self.network.fees[at], self.network.capacities[at]);
        let has_room_out = capacity.most().is_none_or(|most| net < most);
        let has_room_in = capacity.least().is_none_or(|least| net > least);
        if capacity.most().is_some_and(|most| net > most) || capacity.least().is_some_and(|least| net < least) {
            return Err(format!("the boundary of area {area} carries {net} Wh beyond its limits"));
        }
        let Some((within, around)) = values[at].zip(values[parent]) else {
            let is_idle = net == 0;
            return is_idle.then_some(()).ok_or_else(|| format!("area {area} exchanges {net} Wh without a price"));
        };
        let [export_gain, import_gain] = [around - within - fee, within - around - fee];
        let is_broken = (net > 0 && export_gain < 0)
            || (net < 0 && import_gain < 0)
            || (net >= 0 && has_room_out && export_gain > 0)
            || (net <= 0 && has_room_in && import_gain > 0);
        let problem = || format!("area {area} at {within} within {around} exchanges {net} Wh and could do better");
        if is_broken { Err(problem()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::areas::locational::Capacity;
    use crate::areas::{Area, AreaTree, Fee, Subsidies};
    use crate::{AgentId, OrderId, Price};
    use std::collections::BTreeMap;

    /// A village (2) within an island (1), exports at most 5 Wh at a fee of 10; its offer of 8 Wh at 100 meets a bid of 9 Wh
    /// at 300 on the island. What is said to be filled, and the prices of village and island.
    fn proven(filled: [i64; 2], values: [i128; 2]) -> Result<(), String> {
        let island = Area { id: AreaId(1), parent: None, fee: Fee::default() };
        let village = Area { id: AreaId(2), parent: Some(AreaId(1)), fee: Fee { constant: Price(10), rate_bp: 0 } };
        let tree = AreaTree::new([island, village], Subsidies::Refused).expect("a tree");
        let order = |id, side, quantity, limit| Order {
            id: OrderId(id),
            agent: AgentId(0),
            side,
            quantity: Energy(quantity),
            limit: Price(limit),
            quality: 0,
            premium_bp: 0,
            submitted_ms: 0,
            lottery: 0,
        };
        let orders = [(AreaId(2), order(0, Side::Offer, 8, 100)), (AreaId(1), order(1, Side::Bid, 9, 300))];
        let capacities = BTreeMap::from([(AreaId(2), Capacity { import: None, export: Some(Energy(5)) })]);
        let network = Network::new(&tree, &capacities).expect("sound limits");
        let exports = [i128::from(filled[0]), i128::from(filled[0] - filled[1])];
        let (homes, filled) = ([0, 1], filled.map(Energy));
        Claim { network: &network, orders: &orders, homes: &homes, filled: &filled, exports: &exports }
            .prove(&values.map(Some))
    }

    #[test]
    fn only_the_optimum_and_its_prices_pass() {
        assert_eq!(proven([5, 5], [100, 300]), Ok(()));
        let broken = |filled, values| proven(filled, values).expect_err("it is not the optimum");
        assert!(broken([6, 6], [100, 300]).contains("beyond its limits"));
        assert!(broken([4, 4], [100, 300]).contains("could do better"));
        assert!(broken([0, 0], [100, 300]).contains("could do better"));
        assert!(broken([5, 4], [100, 300]).contains("not what is sold"));
        assert!(broken([5, 5], [99, 300]).contains("loses"));
        assert!(broken([5, 5], [101, 300]).contains("would gain"));
        assert!(broken([5, 5], [100, 299]).contains("would gain"));
        assert!(broken([9, 9], [100, 300]).contains("trades 9 Wh"));
    }
}
