//! How a prosumer sets its limit prices: strategies of trading, each one rule.
//!
//! All of them stay between the retailer's prices: to sell below its feed-in price, or to buy above its import price,
//! makes no sense while the retailer is there.

use crate::draw::Draws;
use crate::time::{Now, Slot, Time};
use market::product::{Product, ProductId};
use market::{Price, Side};
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// Part of the distance to the retailer's price that orders concede which got nothing.
const CONCESSION: f64 = 0.125;

/// How limit prices are set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bidding {
    /// A share of the distance between the retailer's prices is kept for oneself, drawn anew each local day; orders that
    /// got nothing concede a part of it at the next gate (zero intelligence with a daily reservation price).
    #[default]
    ReservationPrice,
    /// Uniformly random between the retailer's prices, drawn for each contract (Gode and Sunder 1993, ZI-C).
    ZeroIntelligence,
    /// From the price best for oneself, when a contract is first traded, linearly to the retailer's price at its last gate.
    Ramp,
    /// What the energy is worth: the retailer's price that it saves or that it forgoes.
    Truthful,
    /// None: orders come from outside alone.
    External,
}

/// A prosumer's mind about prices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Bidder {
    bidding: Bidding,
    draws: Draws,
    /// Local day of the present reservation price.
    day: i64,
    /// Share of the distance between feed-in and import price it keeps for itself, in [0, 1).
    greed: f64,
    /// Products ordered at their last gate without an award since, one bit each.
    unfilled: u64,
}

impl Bidder {
    pub(super) fn new(bidding: Bidding, draws: Draws) -> Self {
        Self { bidding, draws, day: i64::MIN, greed: 0.0, unfilled: 0 }
    }

    /// Whether it orders by itself.
    pub(super) fn is_active(&self) -> bool {
        self.bidding != Bidding::External
    }

    /// Its ticket in the lottery among exact ties.
    pub(super) fn ticket(&self) -> u64 {
        self.draws.ticket()
    }

    /// Thinks its reservation price over, once before it orders at a gate of `product`.
    pub(super) fn begin(&mut self, now: Now, product: ProductId) {
        let was_unfilled = self.unfilled & bit(product) != 0;
        self.unfilled |= bit(product);
        if self.bidding != Bidding::ReservationPrice {
            return;
        }
        if self.day != now.day() {
            self.day = now.day();
            self.greed = self.draws.at(self.day).random();
        } else if was_unfilled {
            self.greed *= 1.0 - CONCESSION;
        }
    }

    /// Something was awarded.
    pub(super) fn take_award(&mut self, product: ProductId) {
        self.unfilled &= !bit(product);
    }

    /// The limit of an order on `side` for `contract`, where the retailer buys at `feed_in` and sells at `import`.
    pub(super) fn limit(
        &self,
        now: Now,
        side: Side,
        (id, product): (ProductId, &Product),
        contract: Slot,
        (feed_in, import): (Price, Price),
    ) -> Price {
        let kept = match self.bidding {
            Bidding::ReservationPrice => self.greed,
            Bidding::ZeroIntelligence => {
                let share: f64 = self.draws.at(index_of(id, contract)).random();
                // One draw for the price, whichever side it is for.
                if side == Side::Bid { 1.0 - share } else { share }
            }
            Bidding::Ramp => time_left(now.time, product, contract),
            Bidding::Truthful | Bidding::External => 0.0,
        };
        let keep = Price((kept * (import.0 - feed_in.0) as f64).round() as i64);
        match side {
            Side::Bid => import - keep,
            Side::Offer => feed_in + keep,
        }
    }
}

fn bit(product: ProductId) -> u64 {
    1 << product.0
}

/// The number of a contract among all of its product's, each product apart.
fn index_of(product: ProductId, contract: Slot) -> i64 {
    (contract.start.0 / contract.length.0) * 256 + i64::from(product.0)
}

/// The share of the time between first and last trading of a contract that is left at `now`: 1 at first, 0 at its last gate.
fn time_left(now: Time, product: &Product, contract: Slot) -> f64 {
    let last = contract.start - product.lead;
    let trading = product.delivery * (i64::from(product.contracts) - 1);
    if trading.0 == 0 { 0.0 } else { ((last - now).0 as f64 / trading.0 as f64).clamp(0.0, 1.0) }
}
