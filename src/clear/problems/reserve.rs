//! A tender for reserve: capacity is bought, and where the file says what is needed and what came, called and settled.
//!
//! ```json
//! {"window_min": 240,
//!  "demands": [{"direction": "up", "capacity_w": 40000}],
//!  "reserve_offers": [{"id": "a", "provider": "depot", "direction": "up", "capacity_w": 30000,
//!                      "capacity_price_ueur_per_kw": 60000, "activation_price_ueur_per_kwh": 200000}],
//!  "slots": [{"duration_min": 15, "up_wh": 5000}],
//!  "delivered": [{"slot": 0, "offer": "a", "energy_wh": 4800}],
//!  "rules": {"tolerance_bp": 500, "energy_fine_ueur_per_kwh": 500000, "capacity_fine_ueur_per_kw": 200000}}
//! ```

use super::super::error::ClearError;
use super::super::table::{Entry, Table, figure};
use super::{Form, Named, Problem, Solution, Solver, neur, object};
use market::reserve::{
    Activation, CapacityPrice, Delivery, DeliveryReport, DeliveryRules, Demand, Direction, Power, Pricing, Procurement,
    ReserveOffer, SlotNeed, Tender, TenderRules, Window, Zone, activate, procure, settle_delivery,
};
use market::time::{Span, Time};
use market::{AgentId, Energy, Money, OrderId, Price};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Tenders for reserve.
pub(crate) const FORM: Form = Form {
    holds: "a tender for reserve",
    mechanisms: &[
        Solver {
            name: "reserve-uniform",
            rule: "least shortfall, then least cost of capacity, minima included; energy by activation price",
            price: "per direction the highest accepted, for capacity and for the energy of a slot",
        },
        Solver { name: "reserve-pay-as-bid", rule: "the same", price: "each its own, for capacity and for energy" },
    ],
    is: |document| document.field("reserve_offers").is_some(),
    read,
};

/// Fields that tell where a problem is from, and what others found.
const ASIDE: [&str; 5] = ["name", "kind", "format", "provenance", "expected"];

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenderFile {
    window_min: i64,
    demands: Vec<DemandEntry>,
    reserve_offers: Vec<OfferEntry>,
    #[serde(default)]
    slots: Vec<SlotEntry>,
    delivered: Option<Vec<DeliveredEntry>>,
    #[serde(default)]
    rules: RulesEntry,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DemandEntry {
    direction: Direction,
    capacity_w: i64,
    #[serde(default)]
    surplus_allowed_w: i64,
    price_cap_ueur_per_kw: Option<i64>,
    #[serde(default)]
    zones: Vec<ZoneEntry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ZoneEntry {
    zone: u32,
    minimum_w: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferEntry {
    id: String,
    provider: String,
    direction: Direction,
    capacity_w: i64,
    #[serde(default)]
    minimum_w: i64,
    capacity_price_ueur_per_kw: i64,
    #[serde(default)]
    activation_price_ueur_per_kwh: i64,
    #[serde(default)]
    zone: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotEntry {
    duration_min: i64,
    #[serde(default)]
    up_wh: i64,
    #[serde(default)]
    down_wh: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveredEntry {
    slot: usize,
    offer: String,
    energy_wh: i64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RulesEntry {
    tolerance_bp: u32,
    energy_fine_ueur_per_kwh: i64,
    capacity_fine_ueur_per_kw: i64,
}

fn read(file: &str, contents: &[u8]) -> Result<Vec<Named>, ClearError> {
    let name = object(file, contents, &[])?.get("name").and_then(Value::as_str).unwrap_or("tender").to_owned();
    let wrong = |problem: String| ClearError::place(file, format!("`{name}`"), problem);
    let tender: TenderFile = serde_json::from_value(Value::Object(object(file, contents, &ASIDE)?))
        .map_err(|error| wrong(format!("{error}: see market/README.md")))?;
    tender.check().map_err(wrong)?;
    Ok(vec![Named { name, problem: Box::new(tender) }])
}

impl TenderFile {
    /// What the market itself can not see: names, and lengths of time that are none.
    fn check(&self) -> Result<(), String> {
        let mut ids: Vec<&str> = self.reserve_offers.iter().map(|offer| offer.id.as_str()).collect();
        ids.sort_unstable();
        if let Some(pair) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("two offers are called `{}`: give each an `id` of its own", pair[0]));
        }
        let lengths = self.slots.iter().map(|slot| slot.duration_min).chain([self.window_min]);
        if let Some(minutes) = lengths.into_iter().find(|minutes| !(1..=60 * 24 * 366).contains(minutes)) {
            return Err(format!("a length of {minutes} minutes was given: give 1 to a year of them"));
        }
        let slots_min: i64 = self.slots.iter().map(|slot| slot.duration_min).sum();
        if slots_min > self.window_min {
            let window_min = self.window_min;
            return Err(format!("`slots` last {slots_min} minutes, but the window {window_min}: leave some out"));
        }
        let delivered = self.delivered.as_deref().unwrap_or_default();
        match delivered.iter().find(|entry| self.number(&entry.offer).is_none()) {
            Some(entry) => Err(format!("`delivered` names the offer `{}`, which is none", entry.offer)),
            None => Ok(()),
        }
    }

    /// Where an offer stands; this is its number in the market.
    fn number(&self, id: &str) -> Option<usize> {
        self.reserve_offers.iter().position(|offer| offer.id == id)
    }

    fn offer(&self, id: OrderId) -> &OfferEntry {
        &self.reserve_offers[id.0 as usize]
    }

    fn providers(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.reserve_offers.iter().map(|offer| offer.provider.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn tender(&self) -> Result<Tender, String> {
        let window = Window { start: Time(0), duration: Span::from_minutes(self.window_min) };
        let providers = self.providers();
        let demands = self.demands.iter().map(|demand| Demand {
            direction: demand.direction,
            capacity: Power(demand.capacity_w),
            surplus_allowed: Power(demand.surplus_allowed_w),
            zone_minima: demand.zones.iter().map(|entry| (Zone(entry.zone), Power(entry.minimum_w))).collect(),
            price_cap: demand.price_cap_ueur_per_kw.map(CapacityPrice),
        });
        let offers = self.reserve_offers.iter().enumerate().map(|(number, offer)| ReserveOffer {
            id: OrderId(number as u64),
            provider: AgentId(providers.partition_point(|name| *name < offer.provider.as_str()) as u32),
            direction: offer.direction,
            capacity: Power(offer.capacity_w),
            minimum: Power(offer.minimum_w),
            capacity_price: CapacityPrice(offer.capacity_price_ueur_per_kw),
            activation_price: Price(offer.activation_price_ueur_per_kwh),
            zone: Zone(offer.zone),
            window,
            // The order of the file breaks ties.
            submitted_ms: number as i64,
            lottery: number as u64,
        });
        Tender::new(window, demands, offers).map_err(|error| error.to_string())
    }
}

impl Problem for TenderFile {
    fn solve(&self, mechanism: &str) -> Result<Solution, String> {
        let pricing = if mechanism == "reserve-pay-as-bid" { Pricing::PayAsBid } else { Pricing::Uniform };
        let bought = procure(&self.tender()?, &TenderRules { pricing, ..TenderRules::default() });
        let need = |slot: &SlotEntry| SlotNeed {
            duration: Span::from_minutes(slot.duration_min),
            up: Energy(slot.up_wh),
            down: Energy(slot.down_wh),
        };
        let needs: Vec<SlotNeed> = self.slots.iter().map(need).collect();
        let activation = activate(&bought, &needs, pricing).map_err(|error| error.to_string())?;
        let report = |entry: &DeliveredEntry| DeliveryReport {
            slot: entry.slot,
            offer: OrderId(self.number(&entry.offer).unwrap_or_default() as u64),
            delivered: Energy(entry.energy_wh),
        };
        let settle = |delivered: &Vec<DeliveredEntry>| {
            let reports: Vec<_> = delivered.iter().map(report).collect();
            let rules = DeliveryRules {
                tolerance_bp: self.rules.tolerance_bp,
                energy_fine: Price(self.rules.energy_fine_ueur_per_kwh),
                capacity_fine: CapacityPrice(self.rules.capacity_fine_ueur_per_kw),
            };
            settle_delivery(&bought, &activation, &reports, &rules).map_err(|error| error.to_string())
        };
        let delivery = self.delivered.as_ref().map(settle).transpose()?;
        let document = self.document(&bought, &activation, delivery.as_ref());
        let facts = facts(&bought, &activation, delivery.as_ref());
        Ok(Solution { facts, tables: vec![self.table(&bought, &activation)], document })
    }
}

fn euros(amount: Money) -> String {
    format!("{} EUR", figure(amount.0, 9))
}

fn facts(bought: &Procurement, activation: &Activation, delivery: Option<&Delivery>) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    for result in &bought.directions {
        let name = if result.demand.direction == Direction::Up { "up" } else { "down" };
        let kw = |power: Power| figure(power.0.into(), 3);
        let [accepted, wanted] = [result.accepted(), result.demand.capacity].map(kw);
        facts.push((name, format!("{accepted} of {wanted} kW for {}", euros(result.payment()))));
    }
    if !activation.slots.is_empty() {
        facts.push(("called", format!("{}, if all is delivered", euros(activation.payment()))));
    }
    if let Some(delivery) = delivery {
        facts.push(("operator pays", euros(delivery.operator_pays)));
    }
    facts
}

impl TenderFile {
    fn table(&self, bought: &Procurement, activation: &Activation) -> Table {
        let mut table = Table::new([
            ("offer", "", 0),
            ("provider", "", 0),
            ("direction", "", 0),
            ("accepted", "kW", 3),
            ("price", "EUR/kW", 6),
            ("called", "kWh", 3),
        ]);
        for award in bought.awards() {
            let orders = activation.slots.iter().flat_map(|slot| &slot.orders);
            let called: i128 =
                orders.filter(|order| order.offer == award.offer.id).map(|order| i128::from(order.energy.0)).sum();
            let offer = self.offer(award.offer.id);
            table.row([
                Entry::Words(offer.id.clone()),
                Entry::Words(offer.provider.clone()),
                Entry::Words(award.offer.direction.to_string()),
                Entry::Number(Some(award.accepted.0.into())),
                Entry::Number(Some(award.price.0.into())),
                Entry::Number(Some(called)),
            ]);
        }
        table
    }

    fn document(
        &self,
        bought: &Procurement,
        activation: &Activation,
        delivery: Option<&Delivery>,
    ) -> Map<String, Value> {
        let awards: Vec<_> = bought
            .awards()
            .map(|award| {
                json!({
                    "offer": self.offer(award.offer.id).id,
                    "provider": self.offer(award.offer.id).provider,
                    "direction": award.offer.direction,
                    "accepted_w": award.accepted.0,
                    "price_ueur_per_kw": award.price.0,
                    "payment_neur": neur(award.payment()),
                })
            })
            .collect();
        let directions: Vec<_> = bought
            .directions
            .iter()
            .map(|result| {
                json!({
                    "direction": result.demand.direction,
                    "accepted_w": result.accepted().0,
                    "shortfall_w": result.shortfall().0,
                    "zone_shortfall_w": result.objective.zone_shortfall_w,
                    "payment_neur": neur(result.payment()),
                    "optimal": result.is_optimal(),
                })
            })
            .collect();
        let called: Vec<_> = activation.slots.iter().map(|slot| {
            let orders: Vec<_> = slot.orders.iter().map(|order| json!({
                "offer": self.offer(order.offer).id,
                "direction": order.direction,
                "energy_wh": order.energy.0,
                "price_ueur_per_kwh": order.price.0,
            })).collect();
            json!({"orders": orders, "shortfall_up_wh": slot.shortfall_up.0, "shortfall_down_wh": slot.shortfall_down.0})
        }).collect();
        let providers = self.providers();
        let settled = delivery.map(|delivery| {
            let accounts: Vec<_> = delivery
                .accounts
                .iter()
                .map(|(provider, account)| {
                    json!({
                        "provider": providers[provider.0 as usize],
                        "capacity_neur": neur(account.capacity),
                        "energy_neur": neur(account.energy),
                        "energy_fines_neur": neur(account.energy_fines),
                        "capacity_fines_neur": neur(account.capacity_fines),
                        "net_neur": neur(account.net()),
                    })
                })
                .collect();
            json!({"accounts": accounts, "operator_pays_neur": neur(delivery.operator_pays)})
        });
        let document = json!({"directions": directions, "awards": awards, "slots": called, "settlement": settled});
        let Value::Object(document) = document else { unreachable!("it is written as an object") };
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn solved(text: &str, mechanism: &str) -> Result<Solution, String> {
        let named = read("tender.json", text.as_bytes()).map_err(|error| error.to_string())?.remove(0);
        named.problem.solve(mechanism)
    }

    #[test]
    fn the_example_is_bought_called_and_settled_to_the_nano_euro() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/books/reserve.json");
        let text = std::fs::read_to_string(path).expect("the example is kept");
        let node: crate::clear::node::Node = serde_json::from_str(&text).expect("it is JSON");
        assert!((FORM.is)(&node));
        for (mechanism, capacity_neur) in [
            // 30 kW at 0.06 EUR and 10 kW at 0.08 EUR up, 20 kW at 0.05 EUR down.
            ("reserve-pay-as-bid", (30 * 60 + 10 * 80 + 20 * 50) * 1_000_000),
            ("reserve-uniform", (40 * 80 + 20 * 50) * 1_000_000),
        ] {
            let solution = solved(&text, mechanism).expect("it can be bought");
            let paid = |result: &Value| result["payment_neur"].as_i64().expect("a number");
            let directions = solution.document["directions"].as_array().expect("a list");
            assert_eq!(directions.iter().map(paid).sum::<i64>(), capacity_neur, "{mechanism}");
            let settled = &solution.document["settlement"];
            let net = |account: &Value| account["net_neur"].as_i64().expect("a number");
            let accounts = settled["accounts"].as_array().expect("a list");
            assert_eq!(settled["operator_pays_neur"].as_i64(), Some(accounts.iter().map(net).sum()), "{mechanism}");
        }
    }

    #[test]
    fn what_can_not_be_meant_is_told() {
        let with = |rest: &str| format!(r#"{{"window_min": 60, "demands": [], "reserve_offers": [], {rest}}}"#);
        for (rest, told) in [
            (r#""slots": [{"duration_min": 90}]"#, "leave some out"),
            (r#""slots": [{"duration_min": 0}]"#, "give 1 to a year"),
            (r#""delivered": [{"slot": 0, "offer": "x", "energy_wh": 1}]"#, "`x`, which is none"),
            (r#""slotz": []"#, "unknown field `slotz`"),
        ] {
            let error = solved(&with(rest), "reserve-uniform").err().expect(rest);
            assert!(error.contains(told), "{error}");
        }
    }
}
