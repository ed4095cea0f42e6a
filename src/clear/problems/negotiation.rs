//! Peers who negotiate contracts with each other by price adjustment.

use super::super::error::ClearError;
use super::super::table::{Entry, Table, figure};
use super::{Form, Named, Problem, Solution, Solver, object, with_sources};
use market::dispatch::Storage;
use market::optimise::BranchAndBound;
use market::peers::{Negotiation, PeerTrade, Prosumer, negotiate};
use market::{Energy, Price};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Negotiations.
pub(crate) const FORM: Form = Form {
    holds: "a negotiation between peers",
    mechanisms: &[Solver {
        name: "negotiation",
        rule: "blocks of energy per pair and slot, taken by those who gain most against the grid's prices",
        price: "per contract: rises until nobody who wants one is refused; the buyer pays the seller's side",
    }],
    is: |document| {
        let first = document.field("cases").and_then(|cases| cases.list()).and_then(<[_]>::first);
        first.unwrap_or(document).field("contract_kwh").is_some()
    },
    read,
};

/// A problem as it is written: powers in kW, energies in kWh, prices in EUR/kWh.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    name: Option<String>,
    dt_h: f64,
    hours: usize,
    price_import: Vec<f64>,
    price_export: Vec<f64>,
    contract_kwh: f64,
    price_increment: f64,
    max_contracts: usize,
    #[serde(default = "usual_rounds")]
    max_rounds: u64,
    prosumers: Vec<Peer>,
    /// What others found.
    #[serde(default, rename = "expected")]
    _expected: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Peer {
    id: Value,
    #[serde(default)]
    load_kw: Vec<f64>,
    #[serde(default)]
    pv_kw: Vec<f64>,
    #[serde(default)]
    storage: Vec<Storage>,
}

fn usual_rounds() -> u64 {
    10_000
}

struct Peers {
    names: Vec<String>,
    negotiation: Negotiation,
}

fn read(file: &str, contents: &[u8]) -> Result<Vec<Named>, ClearError> {
    let mut fields =
        object(file, contents, &["format", "version", "mechanism", "price_rule", "provenance", "units", "family"])?;
    let cases = match fields.remove("cases") {
        Some(Value::Array(cases)) => cases,
        Some(_) => return Err(ClearError::place(file, "cases", "is not an array of problems")),
        None => vec![Value::Object(fields)],
    };
    let cases = cases.into_iter().enumerate().map(|(at, case)| {
        let told = |problem: String| ClearError::place(file, format!("problem {at}"), problem);
        let written: Written = serde_json::from_value(case).map_err(|error| told(error.to_string()))?;
        let name = written.name.clone().unwrap_or_else(|| format!("problem {at}"));
        let peers = peers(written).map_err(told)?;
        Ok(Named { name, problem: Box::new(peers) })
    });
    cases.collect()
}

fn peers(written: Written) -> Result<Peers, String> {
    let Written { dt_h, hours: slots, .. } = written;
    if !(dt_h > 0.0 && dt_h <= 24.0) {
        return Err(format!("dt_h is {dt_h}: give the length of a slot in hours, up to 24"));
    }
    let mut all = Vec::new();
    let mut names = Vec::new();
    for peer in written.prosumers {
        let name = peer.id.as_str().map_or_else(|| peer.id.to_string(), str::to_owned);
        if names.contains(&name) {
            return Err(format!("the id {name} is used twice in `prosumers`: give each an id of its own"));
        }
        let energies = |what: &str, powers: &[f64]| -> Result<Vec<Energy>, String> {
            if powers.is_empty() {
                return Ok(vec![Energy::ZERO; slots]);
            }
            powers.iter().map(|power| energy(&format!("{what} of {name}"), power * dt_h)).collect()
        };
        let (load, pv) = (energies("load_kw", &peer.load_kw)?, energies("pv_kw", &peer.pv_kw)?);
        all.push(Prosumer { load, pv, storages: peer.storage });
        names.push(name);
    }
    let prices =
        |what: &str, prices: &[f64]| prices.iter().map(|each| price(what, *each)).collect::<Result<Vec<_>, _>>();
    let negotiation = Negotiation {
        slot_h: dt_h,
        import_price: prices("price_import", &written.price_import)?,
        export_price: prices("price_export", &written.price_export)?,
        contract: energy("contract_kwh", written.contract_kwh)?,
        increment: price("price_increment", written.price_increment)?,
        contracts_per_pair: written.max_contracts,
        most_rounds: written.max_rounds,
        pairs: Negotiation::natural_pairs(&all),
        peers: all,
    };
    Ok(Peers { names, negotiation })
}

/// A bound that leaves room for every sum.
const MOST: f64 = 1e9;

fn energy(what: &str, kwh: f64) -> Result<Energy, String> {
    let fits = kwh.is_finite() && kwh.abs() <= MOST;
    if fits { Ok(Energy::from_kwh(kwh)) } else { Err(format!("{what}: {kwh} kWh is beyond {MOST}: check the unit")) }
}

fn price(what: &str, eur_per_kwh: f64) -> Result<Price, String> {
    let fits = eur_per_kwh.is_finite() && eur_per_kwh.abs() <= MOST;
    let problem = || format!("{what}: {eur_per_kwh} EUR/kWh is beyond {MOST}: check the unit");
    if fits { Ok(Price::from_eur_per_mwh(eur_per_kwh * 1e3)) } else { Err(problem()) }
}

impl Problem for Peers {
    fn solve(&self, _: &str) -> Result<Solution, String> {
        let optimiser = BranchAndBound { gap: 1e-8, relative_gap: 0.0, ..BranchAndBound::default() };
        let outcome = negotiate(&self.negotiation, &optimiser).map_err(|error| with_sources(&error))?;
        let volume: i128 = outcome.trades.iter().map(|trade| i128::from(trade.energy.0)).sum();
        let mut facts = vec![
            ("traded", format!("{} kWh in {} contracts", figure(volume, 3), outcome.trades.len())),
            ("rounds", outcome.rounds.to_string()),
        ];
        if !outcome.is_finished() {
            facts.push(("broken off", format!("{} contracts are still wanted: raise max_rounds", outcome.open)));
        }
        let trades: Vec<_> = outcome.trades.iter().map(|trade| self.written(trade)).collect();
        let mut document = Map::new();
        document.insert("rounds".into(), json!(outcome.rounds));
        document.insert("open_contracts".into(), json!(outcome.open));
        document.insert("volume_wh".into(), json!(volume));
        document.insert("trades".into(), Value::Array(trades));
        Ok(Solution { facts, tables: vec![self.table(&outcome.trades)], document })
    }
}

impl Peers {
    fn written(&self, trade: &PeerTrade) -> Value {
        json!({
            "slot": trade.slot,
            "seller": self.names[trade.seller],
            "buyer": self.names[trade.buyer],
            "energy_wh": trade.energy.0,
            "price_ueur_per_kwh": trade.price.0,
        })
    }

    fn table(&self, trades: &[PeerTrade]) -> Table {
        let mut table = Table::new([
            ("slot", "", 0),
            ("seller", "", 0),
            ("buyer", "", 0),
            ("energy", "kWh", 3),
            ("price", "EUR/MWh", 3),
        ]);
        for trade in trades {
            table.row([
                Entry::Number(Some(trade.slot as i128)),
                Entry::Words(self.names[trade.seller].clone()),
                Entry::Words(self.names[trade.buyer].clone()),
                Entry::Number(Some(trade.energy.0.into())),
                Entry::Number(Some(trade.price.0.into())),
            ]);
        }
        table
    }
}
