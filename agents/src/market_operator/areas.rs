//! How the orders of a contract meet: in one book, area by area with fees on the boundaries, all areas together within what
//! the boundaries carry, or by fees between pairs of areas.
//!
//! Whichever it is, a deal says what the seller receives and what the buyer pays; between the two lie the grid's fees.

use super::exchanged::Room;
use crate::id::ParticipantId;
use market::areas::{
    AreaId, AreaOutcome, AreaTrade, AreaTree, AreasClearing, Capacity, PairFees, clear_areas, clear_with_limits,
    clear_with_pair_fees,
};
use market::settlement::Traded;
use market::{AgentId, Book, Energy, Mechanism, Money, Order, OrderId, Price, Side, Trade};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where those who trade are, and what crossing the grid between them costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Areas {
    /// What it costs.
    pub fees: AreaFees,
    /// The area of each who is in one.
    pub home: BTreeMap<ParticipantId, AreaId>,
    /// The area of everybody else.
    pub elsewhere: AreaId,
}

/// What crossing the grid costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AreaFees {
    /// Areas within areas: the lowest are cleared first, what is left goes on and pays on each boundary.
    Nested(AreaTree),
    /// Areas within areas with limits on their boundaries: cleared together for the highest welfare, each at the price that
    /// energy is worth there.
    Limited {
        /// The areas.
        tree: AreaTree,
        /// What their boundaries carry in a settlement slot; areas that are not here: without limit.
        capacities: BTreeMap<AreaId, Capacity>,
    },
    /// A fee from each area to each other one, of which either side pays half; an area's id is its place.
    Pairs(PairFees),
}

/// A trade, whose price is what the seller receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Deal {
    pub(super) trade: Trade,
    pub(super) buyer_pays: Price,
}

/// What came of the orders of a contract.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Closing {
    /// The one price of all deals, if there is one.
    pub(super) price: Option<Price>,
    pub(super) deals: Vec<Deal>,
    /// By area; empty where there are none.
    pub(super) areas: Vec<AreaOutcome>,
}

/// That fees fit: limits of orders and fees of scenarios are bounded far below 64 bits.
const BOUNDED: &str = "orders were examined and numbered when taken, and limits and fees are bounded";

impl Areas {
    /// Where a participant is.
    fn of(&self, agent: AgentId) -> AreaId {
        self.home.get(&ParticipantId(agent.0)).copied().unwrap_or(self.elsewhere)
    }

    /// Orders, each with the area of its agent.
    fn place(&self, orders: &[Order]) -> Vec<(AreaId, Order)> {
        orders.iter().map(|order| (self.of(order.agent), *order)).collect()
    }
}

impl AreaFees {
    /// The tree of areas within areas.
    fn tree(&self) -> Option<&AreaTree> {
        match self {
            Self::Nested(tree) | Self::Limited { tree, .. } => Some(tree),
            Self::Pairs(_) => None,
        }
    }
}

impl Deal {
    /// What the grid takes of each kilowatt-hour.
    pub(super) fn fee(&self) -> Price {
        self.buyer_pays - self.trade.price
    }

    /// What one side has of it.
    pub(super) fn part(&self, side: Side) -> Traded {
        let Self { trade, buyer_pays } = *self;
        match side {
            Side::Bid => Traded { bought: trade.quantity, paid: trade.quantity * buyer_pays, ..Traded::default() },
            Side::Offer => Traded { sold: trade.quantity, received: trade.payment(), ..Traded::default() },
        }
    }
}

impl Closing {
    /// Has the orders meet, in `areas` where there are some; within the `room` that boundaries with limits still have.
    pub(super) fn of(orders: &[Order], mechanism: &dyn Mechanism, areas: Option<&Areas>, room: &Room) -> Self {
        match areas.map(|areas| (areas, &areas.fees)) {
            None => Self::of_one_book(orders, mechanism),
            Some((areas, AreaFees::Nested(tree))) => Self::of_tree(orders, mechanism, (areas, tree)),
            Some((areas, AreaFees::Limited { tree, .. })) => Self::of_limits(orders, (areas, tree), room),
            Some((areas, AreaFees::Pairs(fees))) => Self::of_pairs(orders, (areas, fees)),
        }
    }

    fn of_one_book(orders: &[Order], mechanism: &dyn Mechanism) -> Self {
        let book = Book::new(orders.iter().copied()).expect(BOUNDED);
        let clearing = market::clear(mechanism, &book);
        let deals = clearing.trades.into_iter().map(|trade| Deal { buyer_pays: trade.price, trade }).collect();
        Self { price: clearing.price, deals, areas: Vec::new() }
    }

    fn of_tree(orders: &[Order], mechanism: &dyn Mechanism, (areas, tree): (&Areas, &AreaTree)) -> Self {
        Self::in_tree(clear_areas(tree, &areas.place(orders), |_| mechanism).expect(BOUNDED))
    }

    fn of_limits(orders: &[Order], (areas, tree): (&Areas, &AreaTree), room: &Room) -> Self {
        Self::in_tree(clear_with_limits(tree, room, &areas.place(orders)).expect(BOUNDED).areas)
    }

    fn in_tree(clearing: AreasClearing) -> Self {
        let deal = |met: &AreaTrade| Deal { trade: met.trade, buyer_pays: met.buyer_pays };
        let price = if let [alone] = clearing.areas[..] { alone.price } else { None };
        let mut outcomes = clearing.areas;
        outcomes.sort_by_key(|outcome| outcome.area);
        Self { price, deals: clearing.trades.iter().map(deal).collect(), areas: outcomes }
    }

    fn of_pairs(orders: &[Order], (areas, fees): (&Areas, &PairFees)) -> Self {
        let placed: Vec<_> = orders.iter().map(|order| (areas.of(order.agent).0 as usize, *order)).collect();
        let place_of: BTreeMap<OrderId, usize> = placed.iter().map(|(place, order)| (order.id, *place)).collect();
        let trades = clear_with_pair_fees(&placed, fees).expect(BOUNDED);
        let mut outcomes: Vec<AreaOutcome> =
            (0..fees.places() as u32).map(|place| AreaOutcome::nothing(AreaId(place))).collect();
        for (place, bid) in placed.iter().filter(|(_, order)| order.side == Side::Bid) {
            outcomes[*place].demand += bid.quantity;
        }
        for met in &trades {
            let (trade, [to, from]) = (&met.trade, [met.trade.bid, met.trade.offer].map(|id| place_of[&id]));
            outcomes[to].bought += trade.quantity;
            outcomes[to].fees += trade.quantity * met.fee;
            outcomes[from].sold += trade.quantity;
            if to == from {
                outcomes[to].local += trade.quantity;
                outcomes[to].volume += trade.quantity;
            }
        }
        let deal = |met: market::areas::PairTrade| Deal { trade: met.trade, buyer_pays: met.buyer_pays };
        Self { price: None, deals: trades.into_iter().map(deal).collect(), areas: outcomes }
    }

    /// Energy traded.
    pub(super) fn volume(&self) -> Energy {
        self.deals.iter().map(|deal| deal.trade.quantity).sum()
    }

    /// Energy-weighted mean of what sellers receive; none without a deal.
    fn mean_price(&self) -> Option<Price> {
        let received: Money = self.deals.iter().map(|deal| deal.trade.payment()).sum();
        let volume = i128::from(self.volume().0);
        // The mean of prices is none of them, but lies between: it fits.
        (volume > 0).then(|| Price((received.0 / volume) as i64))
    }

    /// The price that a participant learns from: the one of all deals, or that of the nearest area around it that has one, or
    /// the mean.
    pub(super) fn price_for(&self, listener: ParticipantId, areas: Option<&Areas>) -> Option<Price> {
        let in_areas = || {
            let areas = areas?;
            let tree = areas.fees.tree()?;
            let around = std::iter::successors(Some(areas.of(AgentId(listener.0))), |area| tree.parent_of(*area));
            let price = |area: AreaId| {
                let found = self.areas.binary_search_by_key(&area, |outcome| outcome.area);
                self.areas[found.ok()?].price
            };
            around.filter_map(price).next()
        };
        self.price.or_else(in_areas).or_else(|| self.mean_price())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use market::areas::{Area, Fee, Subsidies};

    fn order(id: u64, agent: u32, side: Side, quantity: i64, limit: i64) -> Order {
        let (id, agent, quantity, limit) = (OrderId(id), AgentId(agent), Energy(quantity), Price(limit));
        Order { id, agent, side, quantity, limit, quality: 0, premium_bp: 0, submitted_ms: 0, lottery: 0 }
    }

    /// Participants 1 and 2 are in the village, area 1; all others on the island around it, area 0.
    fn areas(fees: AreaFees) -> Areas {
        let home = BTreeMap::from([1, 2].map(|id| (ParticipantId(id), AreaId(1))));
        Areas { fees, home, elsewhere: AreaId(0) }
    }

    fn nested(fee: Fee) -> Areas {
        let island = Area { id: AreaId(0), parent: None, fee: Fee::default() };
        let village = Area { id: AreaId(1), parent: Some(AreaId(0)), fee };
        areas(AreaFees::Nested(AreaTree::new([island, village], Subsidies::Refused).expect("a tree")))
    }

    fn book() -> [Order; 3] {
        [
            order(0, 1, Side::Bid, 500, 240_000),
            order(1, 2, Side::Offer, 800, 120_000),
            order(2, 3, Side::Bid, 900, 210_000),
        ]
    }

    fn closing(areas: Option<&Areas>) -> Closing {
        let mechanism = market::mechanism("uniform-mid-truncated").expect("it exists");
        Closing::of(&book(), &*mechanism, areas, &Room::new())
    }

    #[test]
    fn what_is_left_in_the_village_is_sold_beyond_it_at_a_fee() {
        let areas = nested(Fee { constant: Price(20_000), rate_bp: 500 });
        let closing = closing(Some(&areas));
        // At home half-way between 120 and 240. Beyond, the offer is 120 + 20 + 6 = 146 and meets 210 at 178, of which the
        // seller gets (178 − 20) / 1.05 = 150.4762, rounded up because its 5 % are rounded down.
        let deals: Vec<_> =
            closing.deals.iter().map(|deal| (deal.trade.quantity.0, deal.trade.price.0, deal.buyer_pays.0)).collect();
        assert_eq!(deals, [(500, 180_000, 180_000), (300, 150_477, 178_000)]);
        let [island, village] = closing.areas[..] else { panic!("two areas") };
        assert_eq!((village.local, village.fees), (Energy(500), Money(300 * 27_523)));
        assert_eq!((island.local, island.fees, island.volume), (Energy(800), Money::ZERO, Energy(300)));
        let [bought, sold] = [Side::Bid, Side::Offer].map(|side| closing.deals[1].part(side));
        assert_eq!(bought.paid - sold.received, village.fees);
        assert_eq!((closing.price, closing.volume()), (None, Energy(800)), "each area has a price of its own");
        let learns = |of| closing.price_for(ParticipantId(of), Some(&areas)).expect("they traded").0;
        assert_eq!([learns(1), learns(3)], [180_000, 178_000]);
    }

    #[test]
    fn within_limits_each_area_has_the_price_of_its_orders_and_the_grid_the_difference() {
        let AreaFees::Nested(tree) = nested(Fee { constant: Price(20_000), rate_bp: 0 }).fees else { panic!("nested") };
        let limit = |export| BTreeMap::from([(AreaId(1), Capacity { import: None, export: Some(Energy(export)) })]);
        let areas = areas(AreaFees::Limited { tree, capacities: limit(400) });
        let mechanism = market::mechanism("uniform-mid-truncated").expect("it exists");
        let closing = Closing::of(&book(), &*mechanism, Some(&areas), &limit(100));
        // Of 800 Wh at 120 the village takes 500, and 100 of the other 300 can leave: the offer is left in part, and so is the
        // bid of 210 beyond.
        let deals: Vec<_> =
            closing.deals.iter().map(|deal| (deal.trade.quantity.0, deal.trade.price.0, deal.buyer_pays.0)).collect();
        assert_eq!(deals, [(500, 120_000, 120_000), (100, 120_000, 210_000)]);
        let [island, village] = closing.areas[..] else { panic!("two areas") };
        assert_eq!((village.price, village.fees), (Some(Price(120_000)), Money(100 * 90_000)));
        assert_eq!((island.price, island.fees), (Some(Price(210_000)), Money::ZERO));
        assert_eq!(closing.price, None);
        let learns = |of| closing.price_for(ParticipantId(of), Some(&areas)).expect("they traded").0;
        assert_eq!([learns(1), learns(3)], [120_000, 210_000]);
    }

    #[test]
    fn of_pairs_each_side_pays_half_the_fee() {
        let fees = [[0, 30_000], [40_001, 0]].map(|row| row.map(Price).to_vec()).to_vec();
        let closing = closing(Some(&areas(AreaFees::Pairs(PairFees::new(fees).expect("a matrix")))));
        // From the village to the island 40.001: half-way between 210 − 20.001 and 120 + 20 is 164.9995, truncated 164.999.
        let deals: Vec<_> =
            closing.deals.iter().map(|deal| (deal.trade.quantity.0, deal.trade.price.0, deal.buyer_pays.0)).collect();
        assert_eq!(deals, [(500, 180_000, 180_000), (300, 144_999, 185_000)]);
        let [island, village] = closing.areas[..] else { panic!("two areas") };
        assert_eq!((village.sold, village.local, village.fees), (Energy(800), Energy(500), Money::ZERO));
        assert_eq!((island.bought, island.local, island.fees), (Energy(300), Energy::ZERO, Money(300 * 40_001)));
    }

    #[test]
    fn one_area_is_none() {
        let island = Area { id: AreaId(0), parent: None, fee: Fee::default() };
        let alone = areas(AreaFees::Nested(AreaTree::new([island], Subsidies::Refused).expect("a tree")));
        let alone = Areas { home: BTreeMap::new(), ..alone };
        let within = closing(Some(&alone));
        assert_eq!(within.areas.len(), 1);
        assert_eq!(Closing { areas: Vec::new(), ..within }, closing(None));
    }

    #[test]
    fn areas_are_kept_and_read_back() {
        let areas = nested(Fee { constant: Price(20_000), rate_bp: 500 });
        let kept = serde_json::to_string(&areas).expect("they are plain");
        assert_eq!(serde_json::from_str::<Areas>(&kept).expect("they are a tree"), areas);
    }
}
