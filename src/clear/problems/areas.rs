//! Orders in areas, with fees between what buyers pay and what sellers receive.

mod file;

use super::super::book::FileBook;
use super::super::table::{Entry, Table, figure};
use super::{Form, Problem, Solution, Solver, neur};
use market::areas::{
    AreaError, AreaId, AreaOutcome, AreaTrade, AreaTree, Capacity, Exchange, PairFees, clear_areas, clear_with_limits,
    clear_with_pair_fees,
};
use market::{BoxedMechanism, Energy, Money, Order, Price, Trade};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Orders in areas.
pub(crate) const FORM: Form = Form {
    holds: "orders in areas",
    mechanisms: &[
        Solver {
            name: "areas",
            rule: "each area by the mechanism of the file, the lowest first; what is left goes on to the area around it",
            price: "that of the level; the seller receives it less the fees on its path, the buyer pays it and those on its own",
        },
        Solver {
            name: "locational",
            rule: "all areas together for the highest welfare less fees, each boundary within its limits",
            price: "one per area, the dual of its balance: what one kWh more is worth there; what lies between buyer's and \
                    seller's is fees and congestion rent",
        },
        Solver {
            name: "pair-fees",
            rule: "bids and offers whose limits lie at least the fee between their areas apart, the widest gain first",
            price: "per pair: half-way between what each side can pay or take after its half of the fee",
        },
    ],
    is: |document| document.field("areas").is_some(),
    read: file::read,
};

/// The orders of a file, by the number of their area.
struct Placed {
    book: FileBook,
    /// Names of the areas.
    names: Vec<String>,
    orders: Vec<(usize, Order)>,
    fees: Fees,
}

enum Fees {
    /// One mechanism per area.
    Nested(AreaTree, Vec<BoxedMechanism>),
    /// What boundaries carry.
    Limited(AreaTree, BTreeMap<AreaId, Capacity>),
    Pairs(PairFees),
}

/// A trade, whose price is what the seller receives.
struct Deal {
    trade: Trade,
    buyer_pays: Price,
    /// Where the orders met, at which price, and who collects how much of a kilowatt-hour.
    met: Option<(AreaId, Price, Collected)>,
}

impl Deal {
    fn of(met: AreaTrade) -> Self {
        Self { trade: met.trade, buyer_pays: met.buyer_pays, met: Some((met.level, met.level_price, met.fees)) }
    }
}

/// What each area collects of a kilowatt-hour.
type Collected = Vec<(AreaId, Price)>;

fn area_id(number: usize) -> AreaId {
    AreaId(number as u32)
}

impl Problem for Placed {
    fn solve(&self, words: &str) -> Result<Solution, String> {
        let mut exchanges = Vec::new();
        let (deals, outcomes) = match (&self.fees, words) {
            (Fees::Nested(tree, mechanisms), "areas") => self.nested(tree, mechanisms)?,
            (Fees::Limited(tree, capacities), "locational") => {
                let cleared = clear_with_limits(tree, capacities, &self.placed()).map_err(|error| self.told(&error))?;
                exchanges = cleared.exchanges;
                (cleared.areas.trades.into_iter().map(Deal::of).collect(), cleared.areas.areas)
            }
            (Fees::Pairs(fees), "pair-fees") => (self.pairs(fees)?, Vec::new()),
            (Fees::Limited(..), _) => return Err("holds areas with limits: choose `locational`".into()),
            (Fees::Nested(..), "locational") => {
                return Err("holds areas without limits: choose `areas`, or give one an export_limit_wh".into());
            }
            (Fees::Nested(..), _) => return Err("holds areas within areas: choose `areas`".into()),
            (Fees::Pairs(_), _) => return Err("holds fees between pairs of areas: choose `pair-fees`".into()),
        };
        let sum = |of: fn(&Deal) -> Money| deals.iter().map(of).sum::<Money>();
        let paid = sum(|deal| deal.trade.quantity * deal.buyer_pays);
        let received = sum(|deal| deal.trade.payment());
        let volume: Energy = deals.iter().map(|deal| deal.trade.quantity).sum();
        let eur = |amount: Money| format!("{} EUR", figure(amount.0, 9));
        let facts = vec![
            ("traded", format!("{} kWh", figure(volume.0.into(), 3))),
            ("buyers pay", eur(paid)),
            ("sellers receive", eur(received)),
            ("grid fees", eur(paid - received)),
        ];
        let mut tables = vec![self.trades_table(&deals)];
        if !outcomes.is_empty() {
            tables.insert(0, self.areas_table(&outcomes));
        }
        let document = json!({
            "volume_wh": volume.0,
            "payment_neur": neur(paid),
            "revenue_neur": neur(received),
            "fees_neur": neur(paid - received),
            "areas": (0..outcomes.len()).map(|at| self.area(&outcomes[at], exchanges.get(at))).collect::<Vec<_>>(),
            "trades": deals.iter().map(|deal| self.deal(deal)).collect::<Vec<_>>(),
        });
        let Value::Object(document) = document else { unreachable!("it is written as an object") };
        Ok(Solution { facts, tables, document })
    }
}

impl Placed {
    fn placed(&self) -> Vec<(AreaId, Order)> {
        self.orders.iter().map(|(area, order)| (area_id(*area), *order)).collect()
    }

    fn told(&self, error: &AreaError) -> String {
        error.naming(|area| self.names[area.0 as usize].clone())
    }

    fn nested(&self, tree: &AreaTree, mechanisms: &[BoxedMechanism]) -> Result<(Vec<Deal>, Vec<AreaOutcome>), String> {
        let cleared = clear_areas(tree, &self.placed(), |area| &*mechanisms[area.0 as usize])
            .map_err(|error| self.told(&error))?;
        Ok((cleared.trades.into_iter().map(Deal::of).collect(), cleared.areas))
    }

    fn pairs(&self, fees: &PairFees) -> Result<Vec<Deal>, String> {
        let trades = clear_with_pair_fees(&self.orders, fees).map_err(|error| error.to_string())?;
        let deal = |met: market::areas::PairTrade| Deal { trade: met.trade, buyer_pays: met.buyer_pays, met: None };
        Ok(trades.into_iter().map(deal).collect())
    }

    fn name(&self, area: AreaId) -> &str {
        &self.names[area.0 as usize]
    }

    /// The areas of buyer and seller.
    fn homes(&self, trade: &Trade) -> [&str; 2] {
        let home = |id| self.orders.binary_search_by_key(&id, |(_, order)| order.id).map(|at| self.orders[at].0);
        [trade.bid, trade.offer].map(|id| self.names[home(id).expect("trades name orders of the file")].as_str())
    }

    fn areas_table(&self, outcomes: &[AreaOutcome]) -> Table {
        let mut table = Table::new([
            ("area", "", 0),
            ("price", "EUR/MWh", 3),
            ("met here", "kWh", 3),
            ("bought", "kWh", 3),
            ("sold", "kWh", 3),
            ("local", "kWh", 3),
            ("fees", "EUR", 9),
        ]);
        for outcome in outcomes {
            let energies = [outcome.volume, outcome.bought, outcome.sold, outcome.local];
            let numbers = energies.map(|energy| Entry::Number(Some(energy.0.into())));
            let price = Entry::Number(outcome.price.map(|price| price.0.into()));
            let head = [Entry::Words(self.name(outcome.area).to_owned()), price];
            table.row(head.into_iter().chain(numbers).chain([Entry::Number(Some(outcome.fees.0))]));
        }
        table
    }

    fn trades_table(&self, deals: &[Deal]) -> Table {
        let mut table = Table::new([
            ("seller", "", 0),
            ("in", "", 0),
            ("buyer", "", 0),
            ("in", "", 0),
            ("energy", "kWh", 3),
            ("receives", "EUR/MWh", 3),
            ("pays", "EUR/MWh", 3),
        ]);
        for deal in deals {
            let (named, [to, from]) = (self.book.named(&deal.trade), self.homes(&deal.trade));
            let numbers = [deal.trade.quantity.0, deal.trade.price.0, deal.buyer_pays.0];
            let words = [named.seller, from, named.buyer, to].map(|word| Entry::Words(word.to_owned()));
            table.row(words.into_iter().chain(numbers.map(|number| Entry::Number(Some(number.into())))));
        }
        table
    }

    /// An area, with what it exchanges where boundaries have limits.
    fn area(&self, outcome: &AreaOutcome, exchange: Option<&Exchange>) -> Value {
        let mut written = json!({
            "area": self.name(outcome.area),
            "price_ueur_per_kwh": outcome.price.map(|price| price.0),
            "volume_wh": outcome.volume.0,
            "demand_wh": outcome.demand.0,
            "bought_wh": outcome.bought.0,
            "sold_wh": outcome.sold.0,
            "local_wh": outcome.local.0,
            "fees_neur": neur(outcome.fees),
        });
        if let (Some(exchange), Some(fields)) = (exchange, written.as_object_mut()) {
            fields.insert("net_export_wh".into(), json!(exchange.net_export.0));
            fields.insert("value_ueur_per_kwh".into(), json!(exchange.value.map(|value| value.0)));
            fields.insert("congestion_rent_neur".into(), neur(exchange.congestion_rent));
        }
        written
    }

    fn deal(&self, deal: &Deal) -> Value {
        let (named, [buyer_area, seller_area]) = (self.book.named(&deal.trade), self.homes(&deal.trade));
        let mut written = json!({
            "bid": named.bid,
            "offer": named.offer,
            "buyer": named.buyer,
            "seller": named.seller,
            "buyer_area": buyer_area,
            "seller_area": seller_area,
            "energy_wh": deal.trade.quantity.0,
            "price_ueur_per_kwh": deal.trade.price.0,
            "fee_ueur_per_kwh": (deal.buyer_pays - deal.trade.price).0,
            "buyer_pays_ueur_per_kwh": deal.buyer_pays.0,
        });
        if let (Some((level, price, fees)), Some(fields)) = (&deal.met, written.as_object_mut()) {
            let fees = fees.iter().map(|(area, fee)| json!({"area": self.name(*area), "fee_ueur_per_kwh": fee.0}));
            fields.insert("level".into(), json!(self.name(*level)));
            fields.insert("level_price_ueur_per_kwh".into(), json!(price.0));
            fields.insert("fees".into(), Value::Array(fees.collect()));
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    const NESTED: &str = include_str!("../../../examples/books/areas.json");
    const LIMITS: &str = include_str!("../../../examples/books/limits.json");
    const PAIRS: &str = include_str!("../../../examples/books/pair_fees.json");

    fn solved(text: &str, words: &str) -> Result<Map<String, Value>, String> {
        let problems = file::read("a.json", text.as_bytes()).map_err(|error| error.to_string())?;
        problems[0].problem.solve(words).map(|solution| solution.document)
    }

    #[test]
    fn the_village_sells_to_itself_first_and_the_fees_lie_between_its_neighbours_and_it() {
        let of = solved(NESTED, "areas").expect("it clears");
        let trades = of["trades"].as_array().expect("trades");
        let shown = |trade: &Value| {
            let number = |field: &str| trade[field].as_i64().expect("a number");
            let prices = [number("price_ueur_per_kwh"), number("buyer_pays_ueur_per_kwh")];
            (trade["level"].as_str().expect("a level").to_owned(), number("energy_wh"), prices)
        };
        // In the village 120 meets 240, at 180. On the island the offer asks 120 + 20 + 6 (5 % of 120) = 146, and meets 210 at
        // 178. Its seller receives what with 20 and 5 % comes to 178: 158 / 1.05 = 150.476 EUR/MWh.
        let found: Vec<_> = trades.iter().map(shown).collect();
        let expected =
            [("village".to_owned(), 500, [180_000, 180_000]), ("island".to_owned(), 300, [150_477, 178_000])];
        assert_eq!(found, expected);
        let whole = |field: &str| of[field].as_i64().expect("a number");
        assert_eq!(whole("fees_neur"), 300 * (178_000 - 150_477));
        assert_eq!(whole("payment_neur"), whole("revenue_neur") + whole("fees_neur"));
        let collected: i64 =
            of["areas"].as_array().expect("areas").iter().filter_map(|area| area["fees_neur"].as_i64()).sum();
        assert_eq!(collected, whole("fees_neur"));
    }

    #[test]
    fn pairs_pay_the_fee_between_their_areas_half_each() {
        let of = solved(PAIRS, "pair-fees").expect("it clears");
        let first = &of["trades"][0];
        // The gain of the neighbour in the south is 250 − 100 − 30 = 120 per MWh, that in the north 230 − 100 = 130: first.
        assert_eq!((first["buyer_area"].as_str(), first["fee_ueur_per_kwh"].as_i64()), (Some("north"), Some(0)));
        let second = &of["trades"][1];
        let prices = ["price_ueur_per_kwh", "buyer_pays_ueur_per_kwh"].map(|field| second[field].as_i64());
        // Between 250 − 15 and 100 + 15, half-way: 175, less and plus 15.
        assert_eq!(prices, [Some(160_000), Some(190_000)]);
    }

    #[test]
    fn within_limits_each_area_has_its_price_and_the_boundary_collects_between() {
        let of = solved(LIMITS, "locational").expect("it clears");
        let area = |at: usize, field: &str| of["areas"][at][field].as_i64();
        let (village, island) = (0, 1);
        assert_eq!(of["areas"][village]["area"].as_str(), Some("village"));
        assert_eq!([village, island].map(|at| area(at, "price_ueur_per_kwh")), [Some(120_000), Some(210_000)]);
        assert_eq!((area(village, "net_export_wh"), area(village, "fees_neur")), (Some(200), Some(200 * 90_000)));
        assert_eq!(area(village, "congestion_rent_neur"), Some(200 * 70_000));
        assert_eq!(of["fees_neur"].as_i64(), Some(200 * 90_000));
        let told = |text: String| solved(&text, "locational").expect_err("it is wrong");
        let with = |fields: &str| LIMITS.replace("\"fee_eur_per_mwh\": 20", fields);
        assert!(told(with("\"fee_percent\": 5")).contains("area `village` has a fee in percent"));
        assert!(told(with("\"mechanism\": \"pay-as-bid\"")).contains("clear all areas together: leave it out"));
        assert!(told(LIMITS.replace(": 200}", ": -200}")).contains("limits are not negative"));
        assert!(told(NESTED.into()).contains("choose `areas`"));
        assert!(solved(LIMITS, "areas").expect_err("limits").contains("choose `locational`"));
        let beside_pairs = PAIRS.replace("{\"id\": \"north\",", "{\"id\": \"north\", \"import_limit_wh\": 5,");
        assert!(told(beside_pairs).contains("keep one kind"));
    }

    #[test]
    fn what_can_not_be_meant_is_told_with_its_place() {
        let told = |text: String| solved(&text, "areas").expect_err("it is wrong");
        assert!(
            told(NESTED.replace("\"parent\": \"island\"", "\"parent\": \"iland\"")).contains("did you mean `island`?")
        );
        let loops = NESTED.replace("{\"id\": \"island\"}", "{\"id\": \"island\", \"parent\": \"village\"}");
        assert!(told(loops).contains("lies within itself"));
        assert!(
            told(NESTED.replace("\"area\": \"village\"", "\"area\": \"vilage\"")).contains("did you mean `village`?")
        );
        assert!(told(NESTED.replace("\"mechanism\": ", "\"mechanisme\": ")).contains("mechanisme"));
        assert!(solved(PAIRS, "areas").expect_err("pairs").contains("choose `pair-fees`"));
        assert!(
            told(PAIRS.replace("{\"id\": \"north\",", "{\"id\": \"north\", \"parent\": \"south\","))
                .contains("keep one kind")
        );
    }
}
