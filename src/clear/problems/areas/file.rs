//! Files of orders in areas.
//!
//! ```json
//! {"format": "cariflex-areas", "version": 1, "name": "evening", "mechanism": "uniform-mid-truncated",
//!  "areas": [{"id": "island"}, {"id": "north", "parent": "island", "fee_eur_per_mwh": 20}],
//!  "bids":   [{"id": "b1", "agent": "house", "area": "island", "quantity_wh": 500, "limit_eur_per_mwh": 250}],
//!  "offers": [{"id": "o1", "agent": "roof", "area": "north", "quantity_wh": 800, "limit_eur_per_mwh": 150}]}
//! ```
//!
//! With `"export_limit_wh"` or `"import_limit_wh"` in an area, all areas are cleared together and no mechanism is named.
//! Or with a fee for each pair, `"fee_to_eur_per_mwh": {"south": 12}` in an area, and neither parents nor mechanism.

use super::super::super::cells::Cell;
use super::super::super::error::ClearError;
use super::super::super::json;
use super::super::super::node::Node;
use super::super::{Named, object};
use super::{Fees, Placed, area_id};
use market::areas::{Area, AreaTree, Capacity, Fee, PairFees, Subsidies, clear_with_limits};
use market::{Energy, Price, mechanism};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    name: Option<String>,
    #[serde(rename = "format")]
    _format: Option<String>,
    version: i64,
    /// What clears the areas that name none of their own.
    #[serde(default)]
    mechanism: Option<String>,
    /// Whether fees may be negative.
    #[serde(default)]
    subsidies: bool,
    areas: Vec<Place>,
    bids: Vec<Map<String, Value>>,
    offers: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    id: String,
    parent: Option<String>,
    fee_eur_per_mwh: Option<f64>,
    fee_percent: Option<f64>,
    mechanism: Option<String>,
    import_limit_wh: Option<i64>,
    export_limit_wh: Option<i64>,
    #[serde(default)]
    fee_to_eur_per_mwh: BTreeMap<String, f64>,
}

impl Place {
    fn is_limited(&self) -> bool {
        self.import_limit_wh.is_some() || self.export_limit_wh.is_some()
    }
}

pub(super) fn read(file: &str, contents: &[u8]) -> Result<Vec<Named>, ClearError> {
    let fields = Value::Object(object(file, contents, &[])?);
    let mut written: Written = serde_json::from_value(fields)
        .map_err(|error| ClearError::file(file, format!("{error}: see market/README.md")))?;
    if written.version != json::VERSION {
        let problem = format!("is {}: version {} is known", written.version, json::VERSION);
        return Err(ClearError::place(file, "version", problem));
    }
    let name = written.name.clone().unwrap_or_else(|| "areas".into());
    let names: Vec<String> = written.areas.iter().map(|area| area.id.clone()).collect();
    if let Some(twice) = (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
        let problem = format!("is `{}`, as another area's: give every area an id of its own", names[twice]);
        return Err(ClearError::place(file, format!("areas[{twice}], id"), problem));
    }
    let home = homes(file, &names, &mut written)?;
    let (bids, offers) = (std::mem::take(&mut written.bids), std::mem::take(&mut written.offers));
    let node: Node = serde_json::from_value(json!({"bids": bids, "offers": offers}))
        .map_err(|error| ClearError::file(file, error.to_string()))?;
    let book = json::slot(file, "", &node)?;
    let orders = book.book.bids().iter().chain(book.book.offers());
    let mut orders: Vec<_> = orders.map(|order| (home[&book.ids[order.id.0 as usize]], *order)).collect();
    orders.sort_by_key(|(_, order)| order.id);
    let is_by_pairs = written.areas.iter().any(|area| !area.fee_to_eur_per_mwh.is_empty());
    let is_limited = written.areas.iter().any(Place::is_limited);
    let fees = match (is_by_pairs, is_limited) {
        (true, _) => pairs(&names, &written),
        (false, true) => limited(&names, &written),
        (false, false) => nested(&names, &written),
    };
    let fees = fees.map_err(|(place, problem)| ClearError::place(file, place, problem))?;
    Ok(vec![Named { name, problem: Box::new(Placed { book, names, orders, fees }) }])
}

/// Takes the areas out of the orders: the number of each, by the id of the order.
fn homes(file: &str, names: &[String], written: &mut Written) -> Result<BTreeMap<String, usize>, ClearError> {
    let mut home = BTreeMap::new();
    for (side, orders) in [("bids", &mut written.bids), ("offers", &mut written.offers)] {
        for (at, order) in orders.iter_mut().enumerate() {
            let told = |problem: String| ClearError::place(file, format!("{side}[{at}], area"), problem);
            let area = match order.remove("area") {
                Some(Value::String(area)) => area,
                Some(other) => return Err(told(format!("is {other}: write the id of an area"))),
                None => return Err(told("is missing: write the id of an area".into())),
            };
            let number = number(names, &area).map_err(told)?;
            let id = order.get("id").map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
            home.insert(id.unwrap_or_default(), number);
        }
    }
    Ok(home)
}

fn number(names: &[String], name: &str) -> Result<usize, String> {
    let found = names.iter().position(|known| known == name);
    found.ok_or_else(|| match scenarios::nearest(name, names.iter().map(String::as_str)) {
        Some(near) => format!("is `{name}`, which is no area: did you mean `{near}`?"),
        None => format!("is `{name}`, which is no area: add it to `areas`"),
    })
}

/// Where something is wrong, and what.
type Wrong = (String, String);

fn fee(place: &str, eur_per_mwh: f64) -> Result<Price, Wrong> {
    Cell::Real(eur_per_mwh).limit_eur_per_mwh().map(Price).map_err(|problem| (place.to_owned(), problem))
}

/// Where a field of an area stands.
fn key((at, place): (usize, &Place), field: &str) -> String {
    format!("areas[{at}] (`{}`), {field}", place.id)
}

fn nested(names: &[String], written: &Written) -> Result<Fees, Wrong> {
    let tree = tree(names, written)?;
    let mut mechanisms = Vec::new();
    for place in written.areas.iter().enumerate() {
        let words = place.1.mechanism.as_ref().or(written.mechanism.as_ref());
        let words = words.ok_or_else(|| {
            ("mechanism".to_owned(), "is missing: name the auction of all areas, or one in each area".to_owned())
        })?;
        mechanisms.push(mechanism(words).map_err(|error| (key(place, "mechanism"), error.to_string()))?);
    }
    Ok(Fees::Nested(tree, mechanisms))
}

fn limited(names: &[String], written: &Written) -> Result<Fees, Wrong> {
    const WHY: &str = "is given, but limits on boundaries clear all areas together: leave it out";
    if written.mechanism.is_some() {
        return Err(("mechanism".into(), WHY.into()));
    }
    if let Some(place) = written.areas.iter().enumerate().find(|(_, place)| place.mechanism.is_some()) {
        return Err((key(place, "mechanism"), WHY.into()));
    }
    let limits = written.areas.iter().enumerate().filter(|(_, place)| place.is_limited());
    let capacity = |(at, place): (usize, &Place)| {
        let Place { import_limit_wh, export_limit_wh, .. } = place;
        (area_id(at), Capacity { import: import_limit_wh.map(Energy), export: export_limit_wh.map(Energy) })
    };
    let (tree, capacities) = (tree(names, written)?, limits.map(capacity).collect());
    // Without an order: what is wrong now is wrong with the areas.
    clear_with_limits(&tree, &capacities, &[])
        .map_err(|error| ("areas".to_owned(), error.naming(|area| names[area.0 as usize].clone())))?;
    Ok(Fees::Limited(tree, capacities))
}

fn tree(names: &[String], written: &Written) -> Result<AreaTree, Wrong> {
    let mut areas = Vec::new();
    for (at, place) in written.areas.iter().enumerate() {
        let key = |field| key((at, place), field);
        let parent = place.parent.as_ref().map(|parent| number(names, parent).map_err(|text| (key("parent"), text)));
        let constant = fee(&key("fee_eur_per_mwh"), place.fee_eur_per_mwh.unwrap_or_default())?;
        let percent = Cell::Real(place.fee_percent.unwrap_or_default());
        let rate_bp = percent.premium_bp().map_err(|problem| (key("fee_percent"), problem))?;
        let parent = parent.transpose()?.map(area_id);
        areas.push(Area { id: area_id(at), parent, fee: Fee { constant, rate_bp } });
    }
    let subsidies = if written.subsidies { Subsidies::Allowed } else { Subsidies::Refused };
    AreaTree::new(areas, subsidies)
        .map_err(|error| ("areas".to_owned(), error.naming(|area| names[area.0 as usize].clone())))
}

fn pairs(names: &[String], written: &Written) -> Result<Fees, Wrong> {
    if written.mechanism.is_some() {
        let problem = "is given, but fees between pairs of areas match orders by themselves: leave it out";
        return Err(("mechanism".into(), problem.into()));
    }
    for (at, place) in written.areas.iter().enumerate() {
        let key = |field| key((at, place), field);
        let others = [
            ("parent", place.parent.is_some()),
            ("fee_eur_per_mwh", place.fee_eur_per_mwh.is_some()),
            ("fee_percent", place.fee_percent.is_some()),
            ("mechanism", place.mechanism.is_some()),
            ("import_limit_wh", place.import_limit_wh.is_some()),
            ("export_limit_wh", place.export_limit_wh.is_some()),
        ];
        if let Some((field, _)) = others.into_iter().find(|(_, is_there)| *is_there) {
            let problem =
                "is of areas within areas, but there are fees between pairs (fee_to_eur_per_mwh) too: keep one kind";
            return Err((key(field), problem.into()));
        }
        for to in place.fee_to_eur_per_mwh.keys() {
            number(names, to).map_err(|problem| (key("fee_to_eur_per_mwh"), problem))?;
        }
    }
    let places = &written.areas;
    let given = |from: usize, to: usize| places[from].fee_to_eur_per_mwh.get(&names[to]).copied();
    let fee_of = |from: usize, to: usize| {
        let key = format!("areas[{from}] (`{}`), fee_to_eur_per_mwh", names[from]);
        let own = (from == to).then_some(0.0);
        match given(from, to).or_else(|| given(to, from)).or(own) {
            Some(eur_per_mwh) => fee(&key, eur_per_mwh),
            None => Err((key, format!("says nothing of `{}`, nor `{0}` of it: write what a MWh costs", names[to]))),
        }
    };
    let rows: Result<Vec<Vec<Price>>, Wrong> =
        (0..names.len()).map(|from| (0..names.len()).map(|to| fee_of(from, to)).collect()).collect();
    PairFees::new(rows?).map(Fees::Pairs).map_err(|error| ("areas".into(), error.to_string()))
}
