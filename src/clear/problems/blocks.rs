//! Books of several slots with block orders over them.
//!
//! ```json
//! {"format": "cariflex-blocks", "version": 1, "name": "evening",
//!  "slots":  [{"slot": "2026-03-20T18:00:00-04:00", "bids": [], "offers": []}],
//!  "blocks": [{"id": "k1", "agent": "plant", "side": "offer", "profile_wh": [500], "limit_eur_per_mwh": 120,
//!              "minimum_permille": 1000, "parents": [], "group": null}]}
//! ```

use super::super::book::FileBook;
use super::super::cells::Cell;
use super::super::error::ClearError;
use super::super::json;
use super::super::node::Node;
use super::super::table::{Entry, Table, figure};
use super::{Form, Named, Problem, Solution, Solver, object};
use market::blocks::{BlockOrder, CoupledBook, Coupling, GroupId, PriceRange, Proof, Verdict, couple};
use market::{AgentId, Book, Energy, Order, OrderId, Price, Side};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Books with blocks.
pub(crate) const FORM: Form = Form {
    holds: "orders of several slots with blocks over them",
    mechanisms: &[Solver {
        name: "blocks",
        rule: "the highest welfare at which no accepted block loses; blocks whole, in part, linked or exclusive",
        price: "one per slot: between the last ask and the last bid; blocks may be rejected though they would gain",
    }],
    is: |document| document.field("blocks").is_some(),
    read,
};

/// The search looks at no more nodes than this.
const NODES: u64 = 10_000;

/// Harmonised limits of the European day-ahead market, EUR/MWh.
const USUAL_PRICES: [f64; 2] = [-500.0, 4000.0];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    name: Option<String>,
    #[serde(rename = "format")]
    _format: Option<String>,
    version: i64,
    /// Lowest and highest price, EUR/MWh.
    #[serde(default = "usual_prices")]
    price_range_eur_per_mwh: [f64; 2],
    slots: Vec<Node>,
    blocks: Vec<Block>,
}

fn usual_prices() -> [f64; 2] {
    USUAL_PRICES
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    id: String,
    agent: String,
    side: Side,
    /// One energy per slot; 0 where the block is not.
    profile_wh: Vec<i64>,
    limit_ueur_per_kwh: Option<i64>,
    limit_eur_per_mwh: Option<f64>,
    #[serde(default = "whole")]
    minimum_permille: u16,
    #[serde(default)]
    parents: Vec<String>,
    #[serde(default)]
    group: Option<String>,
}

fn whole() -> u16 {
    1000
}

/// A coupled book and the names of its file.
struct Blocks {
    book: CoupledBook,
    slots: Vec<FileBook>,
    names: Vec<(String, String)>,
}

fn read(file: &str, contents: &[u8]) -> Result<Vec<Named>, ClearError> {
    let fields = Value::Object(object(file, contents, &[])?);
    let written: Written = serde_json::from_value(fields)
        .map_err(|error| ClearError::file(file, format!("{error}: see market/README.md")))?;
    if written.version != json::VERSION {
        let problem = format!("is {}: version {} is known", written.version, json::VERSION);
        return Err(ClearError::place(file, "version", problem));
    }
    let name = written.name.clone().unwrap_or_else(|| "blocks".into());
    let slots = written.slots.iter().enumerate().map(|(at, slot)| json::slot(file, &format!("slots[{at}]"), slot));
    let slots: Vec<FileBook> = slots.collect::<Result<_, _>>()?;
    let simple: u64 = slots.iter().map(|slot| slot.ids.len() as u64).sum();
    let blocks = block_orders(file, &written, simple)?;
    let books = numbered(&slots);
    let [lowest, highest] = written.price_range_eur_per_mwh.map(|price| Cell::Real(price).limit_eur_per_mwh());
    let told = |problem| ClearError::place(file, "price_range_eur_per_mwh", problem);
    let prices = PriceRange { lowest: Price(lowest.map_err(told)?), highest: Price(highest.map_err(told)?) };
    let book = CoupledBook::new(books, blocks, prices).map_err(|error| {
        let named = named(&error.to_string(), &slots, &written.blocks, simple);
        ClearError::place(file, format!("`{name}`"), named)
    })?;
    let names = written.blocks.into_iter().map(|block| (block.id, block.agent)).collect();
    Ok(vec![Named { name, problem: Box::new(Blocks { book, slots, names }) }])
}

/// The books of the slots, with ids that count on from slot to slot.
fn numbered(slots: &[FileBook]) -> Vec<Book> {
    let mut first = 0;
    let number = |slot: &FileBook| {
        let orders = slot.book.bids().iter().chain(slot.book.offers());
        let moved = orders.map(|order| Order { id: OrderId(order.id.0 + first), ..*order });
        let book = Book::in_given_order(moved).expect("the orders made a book before they were numbered");
        first += slot.ids.len() as u64;
        book
    };
    slots.iter().map(number).collect()
}

/// What the market says of an order, with the name that the file gives it.
fn named(problem: &str, slots: &[FileBook], blocks: &[Block], first_block: u64) -> String {
    let of_slots = slots.iter().flat_map(|slot| &slot.ids);
    let ids: Vec<&String> = of_slots.chain(blocks.iter().map(|block| &block.id)).collect();
    debug_assert!(first_block as usize <= ids.len(), "blocks are numbered after the orders of the slots");
    let mut words: Vec<String> = problem.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        let is_named = ["block", "order", "parent", "id"].contains(&words[at - 1].as_str());
        let number = words[at].trim_end_matches(',').parse::<usize>().ok().filter(|_| is_named);
        if let Some(id) = number.and_then(|number| ids.get(number)) {
            let comma = if words[at].ends_with(',') { "," } else { "" };
            words[at] = format!("`{id}`{comma}");
        }
    }
    words.join(" ")
}

fn block_orders(file: &str, written: &Written, first: u64) -> Result<Vec<BlockOrder>, ClearError> {
    let mut ids: BTreeMap<&str, OrderId> = BTreeMap::new();
    for (at, block) in written.blocks.iter().enumerate() {
        if ids.insert(&block.id, OrderId(first + at as u64)).is_some() {
            let problem = format!("the id `{}` is used twice: give every block an id of its own", block.id);
            return Err(ClearError::place(file, format!("blocks[{at}]"), problem));
        }
    }
    let mut agents: BTreeMap<&str, AgentId> = BTreeMap::new();
    let mut groups: BTreeMap<&str, GroupId> = BTreeMap::new();
    let mut orders = Vec::new();
    for (at, block) in written.blocks.iter().enumerate() {
        let told = |field: &str, problem: String| {
            ClearError::place(file, format!("blocks[{at}] (`{}`), {field}", block.id), problem)
        };
        if block.profile_wh.len() != written.slots.len() {
            let problem = format!(
                "has {} energies for {} slots: give one per slot, 0 where the block is not",
                block.profile_wh.len(),
                written.slots.len()
            );
            return Err(told("profile_wh", problem));
        }
        let parents = block.parents.iter().map(|parent| {
            let unknown = || told("parents", format!("there is no block `{parent}`"));
            ids.get(parent.as_str()).copied().ok_or_else(unknown)
        });
        let next_agent = AgentId(agents.len() as u32);
        let next_group = GroupId(groups.len() as u32);
        orders.push(BlockOrder {
            id: ids[block.id.as_str()],
            agent: *agents.entry(&block.agent).or_insert(next_agent),
            side: block.side,
            profile: (0..)
                .zip(&block.profile_wh)
                .filter(|(_, wh)| **wh != 0)
                .map(|(slot, wh)| (slot, Energy(*wh)))
                .collect(),
            limit: Price(limit(block).map_err(|problem| told("limit", problem))?),
            minimum_permille: block.minimum_permille,
            parents: parents.collect::<Result<_, _>>()?,
            group: block.group.as_deref().map(|group| *groups.entry(group).or_insert(next_group)),
        });
    }
    Ok(orders)
}

fn limit(block: &Block) -> Result<i64, String> {
    match (block.limit_ueur_per_kwh, block.limit_eur_per_mwh) {
        (Some(ueur), None) => Cell::Integer(ueur).limit_whole(1),
        (None, Some(eur)) => Cell::Real(eur).limit_eur_per_mwh(),
        _ => Err("give one of `limit_ueur_per_kwh` and `limit_eur_per_mwh`".into()),
    }
}

impl Problem for Blocks {
    fn solve(&self, _: &str) -> Result<Solution, String> {
        let coupling = couple(&self.book, NODES);
        let proof = match coupling.proof {
            Proof::Bounded { .. } => format!("at most {} EUR below the optimum", figure(coupling.gap().0, 9)),
            _ => "the optimum".to_owned(),
        };
        let facts = vec![("welfare", format!("{} EUR, {proof}", figure(coupling.welfare.0, 9)))];
        let tables = vec![self.slots_table(&coupling), self.blocks_table(&coupling)];
        Ok(Solution { facts, tables, document: self.document(&coupling) })
    }
}

impl Blocks {
    fn slots_table(&self, coupling: &Coupling) -> Table {
        let mut table = Table::new([("slot", "", 0), ("price", "EUR/MWh", 3), ("volume", "kWh", 3)]);
        for ((slot, price), volume) in self.slots.iter().zip(&coupling.prices).zip(&coupling.volumes) {
            let numbers = [price.0, volume.0].map(|number| Entry::Number(Some(number.into())));
            table.row([Entry::Words(slot.name.to_string())].into_iter().chain(numbers));
        }
        table
    }

    fn blocks_table(&self, coupling: &Coupling) -> Table {
        let mut table = Table::new([
            ("block", "", 0),
            ("agent", "", 0),
            ("outcome", "", 0),
            ("accepted", "%", 1),
            ("pays", "EUR", 9),
            ("gains", "EUR", 9),
        ]);
        for ((id, agent), award) in self.names.iter().zip(&coupling.blocks) {
            table.row([
                Entry::Words(id.clone()),
                Entry::Words(agent.clone()),
                Entry::Words(verdict(award.verdict).into()),
                Entry::Number(Some(award.permille.into())),
                Entry::Number(Some(award.paid.0)),
                Entry::Number(Some(award.surplus.0)),
            ]);
        }
        table
    }

    fn document(&self, coupling: &Coupling) -> Map<String, Value> {
        let mut first = 0;
        let slots = self.slots.iter().enumerate().map(|(at, slot)| {
            let fills = coupling.fills[at].iter().map(|fill| {
                json!({"order": slot.ids[(fill.order.0 - first) as usize], "side": fill.side, "filled_wh": fill.quantity.0})
            });
            let fills: Vec<_> = fills.collect();
            first += slot.ids.len() as u64;
            json!({
                "slot": slot.name.to_string(),
                "price_ueur_per_kwh": coupling.prices[at].0,
                "volume_wh": coupling.volumes[at].0,
                "fills": fills,
            })
        });
        let slots: Vec<_> = slots.collect();
        let blocks = self.names.iter().zip(&coupling.blocks).map(|((id, agent), award)| {
            json!({
                "block": id,
                "agent": agent,
                "outcome": verdict(award.verdict),
                "accepted_permille": award.permille,
                "payment_neur": award.paid.0,
                "surplus_neur": award.surplus.0,
            })
        });
        let mut document = Map::new();
        document.insert("welfare_neur".into(), json!(coupling.welfare.0));
        document.insert("gap_neur".into(), json!(coupling.gap().0));
        document.insert("slots".into(), Value::Array(slots));
        document.insert("blocks".into(), Value::Array(blocks.collect()));
        document
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Accepted => "accepted",
        Verdict::PartlyAccepted => "accepted in part",
        Verdict::Rejected => "rejected",
        Verdict::ParadoxicallyRejected => "rejected, would gain",
    }
}
