//! Peers who exchange energy along edges, by the alternating direction method of multipliers (ADMM).
//!
//! ```json
//! {"steps": 1, "step_h": 1,
//!  "peers": [{"elastic": {"linear": 0.1, "quadratic": 0.02, "least_kw": 0, "most_kw": 5, "need_kw": 0}},
//!            {"elastic": {"linear": 0.3, "quadratic": 0.02, "least_kw": 0, "most_kw": 5, "need_kw": 2}}],
//!  "edges": [{"from": 0, "to": 1, "fee_eur_per_kwh": 0.01}]}
//! ```

use super::super::error::ClearError;
use super::super::table::{Entry, Table, figure};
use super::{Form, Named, Problem, Solution, Solver, object, ueur_per_kwh, with_sources};
use market::optimise::InteriorPoint;
use market::peers::{Admm, Agreement, Exchange, Peer, agree};
use serde_json::{Map, Value, json};

/// Exchanges.
pub(crate) const FORM: Form = Form {
    holds: "an exchange between peers along edges",
    mechanisms: &[Solver {
        name: "admm",
        rule: "the exchange of least cost for all, agreed on by peers who answer prices and know only their partners",
        price: "per edge and step: where what a kWh more is worth to both ends meets, less half the fee each",
    }],
    is: |document| document.field("edges").is_some() && document.field("peers").is_some(),
    read,
};

/// Most steps of an exchange: more is a mistake in the units.
const MOST_STEPS: usize = 10_000;

/// Fields that tell where a problem is from, and what others found.
const ASIDE: [&str; 5] = ["name", "kind", "format", "provenance", "expected"];

fn read(file: &str, contents: &[u8]) -> Result<Vec<Named>, ClearError> {
    let name = object(file, contents, &[])?.get("name").and_then(Value::as_str).unwrap_or("exchange").to_owned();
    let exchange: Exchange = serde_json::from_value(Value::Object(object(file, contents, &ASIDE)?))
        .map_err(|error| ClearError::place(file, format!("`{name}`"), format!("{error}: see market/README.md")))?;
    if exchange.steps > MOST_STEPS {
        let problem = format!("is {}, at most {MOST_STEPS} are solved: divide the exchange", exchange.steps);
        return Err(ClearError::place(file, "steps", problem));
    }
    Ok(vec![Named { name, problem: Box::new(exchange) }])
}

/// The name of a peer: its own, or its place.
fn peer_name(exchange: &Exchange, peer: usize) -> String {
    match &exchange.peers[peer] {
        Peer::Flexible(member) if !member.name.is_empty() => member.name.clone(),
        _ => format!("peer {peer}"),
    }
}

impl Problem for Exchange {
    fn solve(&self, _: &str) -> Result<Solution, String> {
        let admm = Admm::default();
        let found = agree(self, &admm, &InteriorPoint::default()).map_err(|error| with_sources(&error))?;
        let volume: i128 = found.trades.iter().map(|trade| i128::from(trade.energy.0)).sum();
        let neur = |eur: f64| (eur * 1e9).round() as i128;
        let ended = if found.converged { "converged" } else { "broken off before it converged" };
        let facts = vec![
            (
                "cost",
                format!("{} EUR, and {} EUR of fees", figure(neur(found.cost_eur), 9), figure(neur(found.fees_eur), 9)),
            ),
            ("traded", format!("{} kWh", figure(volume, 3))),
            ("iterations", format!("{}, {ended}", found.iterations)),
        ];
        Ok(Solution { facts, tables: vec![trades(self, &found)], document: document(self, &found) })
    }
}

fn trades(exchange: &Exchange, found: &Agreement) -> Table {
    let mut table = Table::new([
        ("step", "", 0),
        ("seller", "", 0),
        ("buyer", "", 0),
        ("energy", "kWh", 3),
        ("price", "EUR/MWh", 3),
    ]);
    for trade in &found.trades {
        table.row([
            Entry::Number(Some(trade.slot as i128)),
            Entry::Words(peer_name(exchange, trade.seller)),
            Entry::Words(peer_name(exchange, trade.buyer)),
            Entry::Number(Some(trade.energy.0.into())),
            Entry::Number(Some(trade.price.0.into())),
        ]);
    }
    table
}

fn document(exchange: &Exchange, found: &Agreement) -> Map<String, Value> {
    let prices: Vec<Vec<i64>> =
        found.price_eur_per_kwh.iter().map(|edge| edge.iter().map(|price| ueur_per_kwh(*price)).collect()).collect();
    let trades: Vec<_> = found
        .trades
        .iter()
        .map(|trade| {
            json!({
                "step": trade.slot,
                "seller": peer_name(exchange, trade.seller),
                "buyer": peer_name(exchange, trade.buyer),
                "energy_wh": trade.energy.0,
                "price_ueur_per_kwh": trade.price.0,
            })
        })
        .collect();
    let document = json!({
        "converged": found.converged,
        "iterations": found.iterations,
        "cost_eur": found.cost_eur,
        "fees_eur": found.fees_eur,
        "flow_kw": found.flow_kw,
        "injection_kw": found.injection_kw,
        "price_ueur_per_kwh": prices,
        "trades": trades,
    });
    let Value::Object(document) = document else { unreachable!("it is written as an object") };
    document
}
