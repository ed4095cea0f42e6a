//! What came of clearing a tree of areas, and the checks it has to pass.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AreaId, AreaTree};
use crate::settlement::{Account, Component, Entry};
use crate::time::Time;
use crate::{AgentId, Energy, Money, Order, OrderId, Price, Side, Trade};

/// A trade, and the fees between what the buyer pays and what the seller receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaTrade {
    /// Where the two orders met.
    pub level: AreaId,
    /// The area of the bid.
    pub buyer_area: AreaId,
    /// The area of the offer.
    pub seller_area: AreaId,
    /// Orders, agents, energy, and as price what the seller receives.
    pub trade: Trade,
    /// The price at which the level cleared.
    pub level_price: Price,
    /// What the buyer pays, fees included.
    pub buyer_pays: Price,
    /// What each boundary on the two paths collects per kilowatt-hour: the seller's path outwards, then the
    /// buyer's.
    pub fees: Vec<(AreaId, Price)>,
}

impl AreaTrade {
    /// What the seller receives per kilowatt-hour.
    pub fn seller_receives(&self) -> Price {
        self.trade.price
    }

    /// What the buyer owes the grid operator. [`settle_slot`](crate::settlement::settle_slot) settles `trade`
    /// itself.
    pub fn fee_entry(&self, slot: Time) -> Entry {
        let buyer = Account::Participant(self.trade.buyer);
        let quantity = self.trade.quantity;
        let amount = Money((quantity * self.buyer_pays).0 - (quantity * self.trade.price).0);
        let (payee, component) = (Account::GridOperator, Component::GridFee);
        Entry { slot, payer: buyer, payee, component, quantity, price: None, amount }
    }
}

/// What happened in one area. "Within" counts the area and all areas inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AreaOutcome {
    /// Which area.
    pub area: AreaId,
    /// The uniform price at which this level cleared, if it has one; with limits the locational price.
    pub price: Option<Price>,
    /// Energy that met at this level.
    pub volume: Energy,
    /// Collected on the boundary of this area; with limits its congestion rent too.
    pub fees: Money,
    /// Energy that bids within it asked for.
    pub demand: Energy,
    /// Energy bought by bids within it.
    pub bought: Energy,
    /// Energy sold by offers within it.
    pub sold: Energy,
    /// Energy bought within it from offers within it.
    pub local: Energy,
}

impl AreaOutcome {
    /// That nothing was asked for or traded in `area`.
    pub fn nothing(area: AreaId) -> AreaOutcome {
        AreaOutcome {
            area,
            price: None,
            volume: Energy::ZERO,
            fees: Money::ZERO,
            demand: Energy::ZERO,
            bought: Energy::ZERO,
            sold: Energy::ZERO,
            local: Energy::ZERO,
        }
    }

    /// The local share of what was bought within the area, local / bought, 0 to 1; `None` where nothing was bought.
    pub fn local_share(&self) -> Option<f64> {
        (self.bought > Energy::ZERO).then(|| self.local.0 as f64 / self.bought.0 as f64)
    }

    /// Self-sufficiency: the local share of what was asked for, local / demand, 0 to 1; `None` without demand.
    pub fn self_sufficiency(&self) -> Option<f64> {
        (self.demand > Energy::ZERO).then(|| self.local.0 as f64 / self.demand.0 as f64)
    }
}

/// Counts a trade of `quantity` that met at a level, between the homes of buyer and seller, for every area around it.
pub(super) fn count(
    tree: &AreaTree,
    outcomes: &mut [AreaOutcome],
    (level, buyer_home, seller_home): (usize, usize, usize),
    quantity: Energy,
) {
    outcomes[level].volume += quantity;
    let within_seller: Vec<usize> = tree.around(seller_home).collect();
    within_seller.iter().for_each(|&at| outcomes[at].sold += quantity);
    for at in tree.around(buyer_home) {
        outcomes[at].bought += quantity;
        // Around both homes: the areas in which the energy stayed.
        if within_seller.contains(&at) {
            outcomes[at].local += quantity;
        }
    }
}

/// The outcome of [`clear_areas`](super::clear_areas).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AreasClearing {
    /// Lowest levels first, each in the sequence of its mechanism.
    pub trades: Vec<AreaTrade>,
    /// One per area, each before its parent.
    pub areas: Vec<AreaOutcome>,
    /// Orders with what nobody took, in the sequence of the orders handed over.
    pub unmatched: Vec<(OrderId, Energy)>,
}

impl AreasClearing {
    /// All energy traded.
    pub fn volume(&self) -> Energy {
        self.trades.iter().map(|trade| trade.trade.quantity).sum()
    }

    /// All fees collected.
    pub fn fees(&self) -> Money {
        self.areas.iter().map(|area| area.fees).sum()
    }

    /// Checks what every clearing of areas conserves, in O((trades × depth + orders) log): no order trades beyond
    /// its quantity or its original limit, what is unmatched is what was not traded, each trade's fees are what
    /// lies between its two prices, and the areas collect exactly the fees of all trades.
    ///
    /// A bid with a premium may pay up to its raised limit; that is checked level by level.
    ///
    /// # Errors
    /// The first rule found broken, in words.
    pub fn check(&self, tree: &AreaTree, orders: &[(AreaId, Order)]) -> Result<(), String> {
        let mut left: BTreeMap<OrderId, (&Order, Energy)> =
            orders.iter().map(|(_, order)| (order.id, (order, order.quantity))).collect();
        let mut collected: BTreeMap<AreaId, Money> = tree.areas().iter().map(|area| (area.id, Money::ZERO)).collect();
        for trade in &self.trades {
            let Trade { bid, offer, buyer, seller, quantity, price } = trade.trade;
            for (id, side, agent, own_price) in
                [(bid, Side::Bid, buyer, trade.buyer_pays), (offer, Side::Offer, seller, price)]
            {
                let (order, left) = left.get_mut(&id).ok_or(format!("a trade names order {id}, which is not there"))?;
                check_leg(order, *left, side, agent, quantity, own_price)?;
                *left -= quantity;
            }
            let between = i128::from(trade.buyer_pays.0) - i128::from(price.0);
            if trade.fees.iter().map(|&(_, fee)| i128::from(fee.0)).sum::<i128>() != between {
                return Err(format!("the fees of bid {bid} and offer {offer} are not {between} µ€/kWh"));
            }
            for &(area, fee) in &trade.fees {
                *collected.get_mut(&area).ok_or(format!("fees of area {area}, which is not there"))? += quantity * fee;
            }
        }
        let unmatched = orders.iter().map(|(_, order)| (order.id, left[&order.id].1));
        if !unmatched.filter(|&(_, left)| left > Energy::ZERO).eq(self.unmatched.iter().copied()) {
            return Err("what is unmatched is not what the trades leave".into());
        }
        match self.areas.iter().find(|area| collected.get(&area.area) != Some(&area.fees)) {
            Some(area) => Err(format!("area {} reports fees of {}, its trades pay others", area.area, area.fees)),
            None => Ok(()),
        }
    }
}

fn check_leg(
    order: &Order,
    left: Energy,
    side: Side,
    agent: AgentId,
    quantity: Energy,
    price: Price,
) -> Result<(), String> {
    let Order { id, limit, .. } = order;
    if order.side != side || order.agent != agent {
        return Err(format!("order {id} is not a {side} of agent {agent}"));
    }
    if quantity <= Energy::ZERO || quantity > left {
        return Err(format!("order {id} has {left} left and trades {quantity}"));
    }
    let acceptable = match side {
        Side::Bid => price <= *limit || order.premium_bp > 0,
        Side::Offer => price >= *limit,
    };
    if acceptable { Ok(()) } else { Err(format!("{side} {id} with limit {limit} trades at {price}")) }
}
