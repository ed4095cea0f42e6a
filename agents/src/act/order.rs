//! Orders from outside: what somebody asks a prosumer to place in the market, or to withdraw.
//!
//! They name things as people do: a product by its name, a contract by the beginning of its delivery, energy over the whole
//! contract. The prosumer, who knows the market, makes them orders of the exchange.

use crate::id::Kind;
use crate::time::Time;
use market::{Energy, Price, Side};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most energy of one order from outside: 1 TWh.
pub const MOST_ENERGY: Energy = Energy(1_000_000_000_000);
/// The furthest limit of an order from outside, either way: 1e9 EUR/MWh, as the market has it.
pub const FURTHEST_LIMIT: Price = Price(1_000_000_000_000);
/// The highest level of quality of an order: green and local.
pub(super) const HIGHEST_QUALITY: u8 = 2;
/// Largest premium, in hundredths of a percent: ten times the limit.
pub(super) const MOST_PREMIUM_BP: u32 = 100_000;
/// Most bytes of the name of a product.
const LONGEST_NAME: usize = 128;

/// An act among all that were ever done: the instant of the tick that took it, and its number within that tick.
///
/// Whoever finds out later in the tick that the act comes to nothing names it by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ActId {
    /// The tick.
    pub tick: Time,
    /// Its number in it.
    pub number: u32,
}

/// What is traded, as people name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedContract {
    /// The name of the product; none: the first of the market, which is the one of the very next slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// When delivery begins.
    pub delivery: Time,
}

/// An order from outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacedOrder {
    /// The name of the product; none: the first of the market, which is the one of the very next slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// When delivery begins.
    pub delivery: Time,
    /// Buys or sells.
    pub side: Side,
    /// Energy over the whole contract, positive.
    pub energy: Energy,
    /// The most that is paid, or the least that is asked.
    pub limit: Price,
    /// Level of quality that is offered, or bid for at least; none: as the prosumer's own orders have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// What a bid adds to its limit where a mechanism pays premiums, in hundredths of a percent of the limit; none: as the
    /// prosumer's own bids have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub premium_bp: Option<u32>,
}

impl PlacedOrder {
    /// The contract it is for.
    pub fn contract(&self) -> NamedContract {
        NamedContract { product: self.product.clone(), delivery: self.delivery }
    }

    /// Whether it can be meant, in whatever market.
    ///
    /// # Errors
    /// A sentence that says why not, and what to send.
    pub(super) fn examine(&self, kind: Kind) -> Result<(), String> {
        self.contract().examine(kind)?;
        let Energy(wh) = self.energy;
        if wh <= 0 || self.energy > MOST_ENERGY {
            let most = MOST_ENERGY.as_kwh();
            return Err(format!("its energy is {} kWh: send more than 0 and at most {most} kWh", self.energy.as_kwh()));
        }
        if self.limit.0.unsigned_abs() > FURTHEST_LIMIT.0.unsigned_abs() {
            let (limit, most) = (self.limit.as_eur_per_mwh(), FURTHEST_LIMIT.as_eur_per_mwh());
            return Err(format!("its limit is {limit} EUR/MWh: send one from -{most} to {most}"));
        }
        if let Some(quality) = self.quality.filter(|quality| *quality > HIGHEST_QUALITY) {
            return Err(format!("its quality is {quality}: send 0 for grey, 1 for green or local, 2 for both"));
        }
        match self.premium_bp {
            Some(premium_bp) if premium_bp > 0 && self.side == Side::Offer => {
                Err("it is an offer with a premium, which bids alone pay: leave the premium out".into())
            }
            Some(premium_bp) if premium_bp > MOST_PREMIUM_BP => {
                let (percent, most) = (f64::from(premium_bp) / 100.0, MOST_PREMIUM_BP / 100);
                Err(format!("its premium is {percent} % of the limit: send at most {most}"))
            }
            _ => Ok(()),
        }
    }
}

impl NamedContract {
    /// Whether a participant of this kind can have orders for it.
    ///
    /// # Errors
    /// A sentence that says why not, and whom to name.
    pub(super) fn examine(&self, kind: Kind) -> Result<(), String> {
        if kind != Kind::Prosumer {
            return Err(format!("a participant of kind {kind} does not trade: name the prosumer of its site"));
        }
        match &self.product {
            Some(name) if name.is_empty() || name.len() > LONGEST_NAME => {
                Err(format!("the name of a product has 1 to {LONGEST_NAME} bytes"))
            }
            Some(name) if name.chars().any(char::is_control) => {
                Err(format!("no product is called {name:?}: names have no control characters"))
            }
            _ => Ok(()),
        }
    }
}

/// The word of a side on wires and for people.
pub fn side_name(side: Side) -> &'static str {
    match side {
        Side::Bid => "bid",
        Side::Offer => "offer",
    }
}

impl fmt::Display for NamedContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(product) = &self.product {
            write!(f, "of {product} ")?;
        }
        write!(f, "for delivery from {}", self.delivery)
    }
}

impl fmt::Display for PlacedOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (side, energy_kwh, limit) = (side_name(self.side), self.energy.as_kwh(), self.limit.as_eur_per_mwh());
        write!(f, "{side} {energy_kwh} kWh {} at {limit} EUR/MWh", self.contract())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::Act;

    fn order(energy: i64, limit: i64) -> PlacedOrder {
        let (energy, limit) = (Energy(energy), Price(limit));
        let (product, delivery, side) = (Some("spot".into()), Time(0), Side::Bid);
        PlacedOrder { product, delivery, side, energy, limit, quality: None, premium_bp: None }
    }

    #[test]
    fn an_order_reads_as_people_say_it() {
        let placed = Act::PlaceOrder(order(2500, 150_000));
        assert_eq!(
            placed.to_string(),
            "order bid 2.5 kWh of spot for delivery from 1970-01-01T00:00:00Z at 150 EUR/MWh"
        );
        let withdrawn = Act::CancelOrders(NamedContract { product: None, delivery: Time(0) });
        assert_eq!(withdrawn.to_string(), "withdraw orders for delivery from 1970-01-01T00:00:00Z");
    }

    #[test]
    fn an_order_survives_a_file() {
        let named = NamedContract { product: None, delivery: Time(5) };
        let green = PlacedOrder { quality: Some(1), premium_bp: Some(550), ..order(1, 1) };
        for act in [Act::PlaceOrder(order(2500, -1)), Act::PlaceOrder(green), Act::CancelOrders(named)] {
            let text = serde_json::to_string(&act).expect("plain data");
            assert_eq!(serde_json::from_str::<Act>(&text).expect("just written"), act, "{text}");
        }
        let with_more = r#"{"cancel_orders":{"delivery":5,"all":true}}"#;
        assert!(serde_json::from_str::<Act>(with_more).is_err());
    }

    #[test]
    fn what_can_not_be_meant_is_refused_with_the_remedy() {
        let examine = |order: PlacedOrder, kind| Act::PlaceOrder(order).examine(kind, Time(0)).expect_err("a mistake");
        assert!(examine(order(1, 1), Kind::Battery).ends_with("name the prosumer of its site"));
        assert!(examine(order(0, 1), Kind::Prosumer).contains("send more than 0"));
        assert!(examine(order(i64::MIN, 1), Kind::Prosumer).contains("send more than 0"));
        assert!(examine(order(i64::MAX, 1), Kind::Prosumer).contains("at most"));
        assert!(examine(order(1, i64::MIN), Kind::Prosumer).contains("send one from"));
        let nameless = PlacedOrder { product: Some(String::new()), ..order(1, 1) };
        assert!(examine(nameless, Kind::Prosumer).contains("1 to 128 bytes"));
        let better = PlacedOrder { quality: Some(3), ..order(1, 1) };
        assert!(examine(better, Kind::Prosumer).contains("its quality is 3: send 0"));
        let paying = |side, premium_bp| PlacedOrder { side, premium_bp: Some(premium_bp), ..order(1, 1) };
        assert!(examine(paying(Side::Offer, 1), Kind::Prosumer).contains("leave the premium out"));
        assert!(examine(paying(Side::Bid, 100_001), Kind::Prosumer).contains("send at most 1000"));
        assert_eq!(Act::PlaceOrder(order(1, -1)).examine(Kind::Prosumer, Time(0)), Ok(()));
    }
}
