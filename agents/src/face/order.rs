//! What orders say: from the JSON that faces take to what is asked of a prosumer, or why it can not be meant.
//!
//! `{"delivery": "2026-03-02T08:00:00-04:00", "side": "bid", "energy_kwh": 2.5, "limit_eur_per_mwh": 150}` is enough.
//! `product` names another one than the first of the market, `quality` and `premium_percent` say what is offered or wanted and paid
//! for it in place of what the prosumer's own orders say, `id` makes an order that comes twice count once.

use super::command::{Wrong, examine_id, instant, parse};
use crate::act::{Act, NamedContract, PlacedOrder};
use crate::time::Time;
use market::{Energy, Price, Side};
use serde::Deserialize;
use serde_json::Value;

/// An order as it may be written.
const EXAMPLE: &str =
    r#"{"delivery": "2026-03-02T08:00:00-04:00", "side": "bid", "energy_kwh": 2.5, "limit_eur_per_mwh": 150}"#;

/// What can be asked of a prosumer, by its name: the last level of its topic in MQTT.
pub const TRADES: [&str; 2] = ["order", "cancel_orders"];

/// An order, or a withdrawal, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenTrade {
    /// What the prosumer shall do.
    pub act: Act,
    /// The id it was given, if any.
    pub id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderBody {
    product: Option<String>,
    delivery: Option<String>,
    side: Option<Side>,
    energy_kwh: Option<f64>,
    limit_eur_per_mwh: Option<f64>,
    quality: Option<u8>,
    premium_percent: Option<f64>,
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CancelBody {
    product: Option<String>,
    delivery: Option<String>,
    id: Option<String>,
}

/// Reads the payload of `trade`, one of [`TRADES`].
///
/// # Errors
/// [`Wrong`], which names the key at fault and the remedy.
pub fn decode_trade(trade: &str, payload: &[u8]) -> Result<WrittenTrade, Wrong> {
    read_trade(trade, &parse(payload, EXAMPLE)?)
}

/// Reads the JSON of `trade`, one of [`TRADES`].
///
/// # Errors
/// [`Wrong`], which names the key at fault and the remedy.
pub fn read_trade(trade: &str, json: &Value) -> Result<WrittenTrade, Wrong> {
    if !json.is_object() {
        return Err(Wrong::new(None, format!("the payload is no JSON object: send for instance {EXAMPLE}")));
    }
    let id = json.get("id").and_then(Value::as_str).map(String::from);
    if let Some(reason) = id.as_deref().and_then(|id| examine_id(id).err()) {
        return Err(Wrong::new(None, reason));
    }
    let wrong = |reason| Wrong::new(id.clone(), reason);
    match trade {
        "order" => body::<OrderBody>(json).and_then(OrderBody::written).map_err(wrong),
        "cancel_orders" => body::<CancelBody>(json).and_then(CancelBody::written).map_err(wrong),
        _ => Err(wrong(format!("there is no `{trade}` of orders: send one of {}", TRADES.join(", ")))),
    }
}

fn body<T: serde::de::DeserializeOwned>(json: &Value) -> Result<T, String> {
    T::deserialize(json).map_err(|error| {
        let keys = json.as_object().into_iter().flatten();
        let is_wrong = |(key, value): &(&String, &Value)| T::deserialize(serde_json::json!({ *key: value })).is_err();
        let key = keys.into_iter().find(is_wrong).map_or("the payload".into(), |(key, _)| format!("`{key}`"));
        format!("{key} can not be read ({error}): correct it, or leave it out")
    })
}

impl OrderBody {
    fn written(self) -> Result<WrittenTrade, String> {
        let energy_kwh = self.energy_kwh.ok_or("`energy_kwh` is missing: send the energy over the whole contract")?;
        let limit = self.limit_eur_per_mwh.ok_or("`limit_eur_per_mwh` is missing: send the limit price")?;
        let order = PlacedOrder {
            delivery: delivery(self.delivery.as_deref())?,
            product: self.product,
            side: self.side.ok_or("`side` is missing: send \"bid\" to buy or \"offer\" to sell")?,
            energy: energy(energy_kwh).map_err(|remedy| format!("`energy_kwh` {remedy}"))?,
            limit: price(limit).map_err(|remedy| format!("`limit_eur_per_mwh` {remedy}"))?,
            quality: self.quality,
            premium_bp: self
                .premium_percent
                .map(|percent| premium(percent).map_err(|remedy| format!("`premium_percent` {remedy}")))
                .transpose()?,
        };
        Ok(WrittenTrade { act: Act::PlaceOrder(order), id: self.id })
    }
}

impl CancelBody {
    fn written(self) -> Result<WrittenTrade, String> {
        let contract = NamedContract { delivery: delivery(self.delivery.as_deref())?, product: self.product };
        Ok(WrittenTrade { act: Act::CancelOrders(contract), id: self.id })
    }
}

fn delivery(text: Option<&str>) -> Result<Time, String> {
    let text = text.ok_or("`delivery` is missing: send the instant at which delivery begins")?;
    instant(text).map_err(|remedy| format!("`delivery` {remedy}"))
}

/// Energy in kWh as whole watt-hours, exactly.
///
/// # Errors
/// What is wrong with it and the remedy, to follow the name of a key.
pub fn energy(kwh: f64) -> Result<Energy, String> {
    match thousandths(kwh) {
        Some(wh) if wh > 0 => Ok(Energy(wh)),
        Some(_) => Err(format!("is {kwh:?}: send more than 0; `side` says whether it is bought or sold")),
        None => Err(format!("is {kwh:?}, no whole number of watt-hours: send at most three decimals")),
    }
}

/// A price in EUR/MWh as whole µ€/kWh, exactly.
///
/// # Errors
/// What is wrong with it and the remedy, to follow the name of a key.
pub fn price(eur_per_mwh: f64) -> Result<Price, String> {
    let remedy =
        || format!("is {eur_per_mwh:?}, no whole number of thousandths of a euro: send at most three decimals");
    thousandths(eur_per_mwh).map(Price).ok_or_else(remedy)
}

/// A premium in percent of the limit as whole hundredths of a percent, exactly.
///
/// # Errors
/// What is wrong with it and the remedy, to follow the name of a key.
pub fn premium(percent: f64) -> Result<u32, String> {
    let remedy = || format!("is {percent:?}: send 0 or more, with at most two decimals");
    let thousandths = thousandths(percent).filter(|thousandths| thousandths % 10 == 0).ok_or_else(remedy)?;
    u32::try_from(thousandths / 10).map_err(|_| remedy())
}

/// A number as whole thousandths; none of one that has more decimals, or is none, or too large to tell.
fn thousandths(value: f64) -> Option<i64> {
    let scaled = value * 1e3;
    // Of decimals that are no binary fractions the last bits are not those that were written.
    let last_bits = (scaled.abs() * 4.0 * f64::EPSILON).max(1e-9);
    let is_whole = scaled.abs() < 9e15 && (scaled - scaled.round()).abs() <= last_bits;
    is_whole.then(|| scaled.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const DELIVERY: &str = "2026-03-02T07:15:00-04:00";

    fn order() -> Value {
        json!({ "delivery": DELIVERY, "side": "bid", "energy_kwh": 2.501, "limit_eur_per_mwh": -0.1 })
    }

    #[test]
    fn an_order_is_read_exactly() {
        let written = read_trade("order", &order()).expect("it is right");
        let Act::PlaceOrder(order) = written.act else { panic!("an order") };
        assert_eq!((order.energy, order.limit, order.side), (Energy(2501), Price(-100), Side::Bid));
        assert_eq!((order.product, order.delivery, written.id), (None, Time(1_772_450_100_000), None));
        assert_eq!((order.quality, order.premium_bp), (None, None), "as the prosumer's own orders");
        let green = json!({ "quality": 2, "premium_percent": 5.25, "delivery": DELIVERY, "side": "bid", "energy_kwh": 1, "limit_eur_per_mwh": 5 });
        let Act::PlaceOrder(green) = read_trade("order", &green).expect("it is right").act else { panic!("an order") };
        assert_eq!((green.quality, green.premium_bp), (Some(2), Some(525)));
        let withdrawal = json!({ "delivery": DELIVERY, "product": "spot", "id": "a" });
        let written = read_trade("cancel_orders", &withdrawal).expect("it is right");
        assert!(matches!(written.act, Act::CancelOrders(named) if named.product.as_deref() == Some("spot")));
        assert_eq!(written.id.as_deref(), Some("a"));
    }

    #[test]
    fn every_kind_of_wrong_order_says_what_to_do() {
        for (key, value, says) in [
            ("energy_kwh", json!(0), "`energy_kwh` is 0.0: send more than 0"),
            ("energy_kwh", json!(-1), "send more than 0"),
            ("energy_kwh", json!(0.0001), "at most three decimals"),
            ("energy_kwh", json!(1e300), "no whole number"),
            ("energy_kwh", json!("5"), "`energy_kwh` can not be read"),
            ("energy_kwh", json!(null), "`energy_kwh` is missing"),
            ("limit_eur_per_mwh", json!(1e300), "`limit_eur_per_mwh` is"),
            ("limit_eur_per_mwh", json!(null), "`limit_eur_per_mwh` is missing"),
            ("quality", json!(256), "`quality` can not be read"),
            ("quality", json!(1.5), "`quality` can not be read"),
            ("premium_percent", json!(1.005), "`premium_percent` is 1.005: send 0 or more, with at most two decimals"),
            ("premium_percent", json!(-1), "send 0 or more"),
            ("side", json!("buy"), "`side` can not be read"),
            ("side", json!(null), "`side` is missing"),
            ("delivery", json!("tomorrow"), "`delivery` is no instant"),
            ("delivery", json!(null), "`delivery` is missing"),
            ("price", json!(5), "unknown field `price`"),
            ("id", json!("i".repeat(129)), "at most 128"),
        ] {
            let mut body = order();
            body[key] = value;
            let wrong = read_trade("order", &body).expect_err(key);
            assert!(wrong.reason.contains(says), "{key}: {}", wrong.reason);
        }
        assert!(read_trade("order", &json!([])).expect_err("a list").reason.contains("no JSON object"));
        assert!(read_trade("cancel_orders", &order()).expect_err("too much").reason.contains("unknown field"));
        assert!(energy(f64::NAN).is_err() && price(f64::INFINITY).is_err());
    }

    proptest! {
        #[test]
        fn three_decimals_are_exact(wh in 1i64..2_000_000_000_000) {
            let text = format!("{}.{:03}", wh / 1000, wh % 1000);
            prop_assert_eq!(energy(text.parse().expect("a number")), Ok(Energy(wh)));
        }

        #[test]
        fn no_json_makes_the_reader_panic(kwh in any::<f64>(), limit in any::<f64>(), text in "\\PC{0,40}") {
            let body = json!({ "delivery": text, "side": text, "energy_kwh": kwh, "limit_eur_per_mwh": limit });
            for trade in TRADES {
                let _ = read_trade(trade, &body);
            }
            let body = json!({ "delivery": DELIVERY, "side": "offer", "energy_kwh": kwh, "limit_eur_per_mwh": limit });
            let _ = read_trade("order", &body);
        }
    }
}
