//! The local market: price and volume over time, and supply and demand in a few slots.

mod areas;
mod curves;

use std::collections::{BTreeMap, BTreeSet};

use agents::{Span, Time};
use results::ResultsError;
use results::read::{RunHead, Table};
use serde_json::{Value, json};

use crate::calendar::Bins;
use crate::rounded::{all, for_drawing};
use areas::Areas;

/// Length of the pieces into which long contracts are cut to be drawn.
const PIECE: Span = Span::from_minutes(15);

/// The product of the very next slots, whose curves are shown where there is one.
const SPOT: &str = "spot";

/// A contract that was cleared.
#[derive(Clone, Debug)]
struct Contract {
    product: String,
    start: Time,
    end: Time,
    slot: Slot,
}

/// Energy that flows evenly from an instant to another, and what it is worth.
#[derive(Clone, Copy, Debug)]
struct Flow {
    start: Time,
    end: Time,
    volume_wh: i64,
    value_neur: i64,
}

/// What was cleared for a slot.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    volume_wh: i64,
    demand_wh: i64,
    supply_wh: i64,
    value_neur: i64,
    /// The uniform price, or the mean of its trades.
    price_ueur_per_kwh: Option<i64>,
    /// Whether that is the mean of trades with prices of their own, or in areas with theirs.
    is_mean: bool,
}

/// Means and sums by bin, and the curves of some slots; null if nothing was cleared.
pub(crate) fn document(head: &RunHead, bins: &Bins) -> Result<Value, ResultsError> {
    let Some(path) = head.table(&results::schema::CLEARINGS) else { return Ok(Value::Null) };
    let contracts = read_contracts(&Table::open(&path)?)?;
    if contracts.is_empty() {
        return Ok(Value::Null);
    }
    let (volume_kwh, price) = over_time(contracts.iter().map(Contract::flow), bins);
    let product = shown(&contracts);
    let of_product = contracts.iter().filter(|contract| contract.product == product);
    let slots: BTreeMap<Time, Slot> = of_product.map(|contract| (contract.start, contract.slot)).collect();
    let chosen = curves::choose(&slots);
    let areas = Areas::read(head)?;
    let mut curves = curves::document(head, &product, &slots, &chosen)?;
    if let Some(areas) = &areas {
        curves.iter_mut().zip(&chosen).for_each(|(curve, (time, _))| curve["areas"] = areas.of_slot(&product, *time));
    }
    Ok(json!({
        "slots": contracts.len(),
        "traded_slots": contracts.iter().filter(|contract| contract.slot.volume_wh > 0).count(),
        "volume_kwh": for_drawing(&volume_kwh.into_iter().map(Some).collect::<Vec<_>>()),
        "price_eur_per_mwh": all(price, 2),
        "products": contracts.iter().map(|contract| contract.product.as_str()).collect::<BTreeSet<_>>().len(),
        "is_mean": contracts.iter().any(|contract| contract.slot.is_mean),
        "areas": areas.map(|areas| areas.document(bins)),
        "product": product,
        "curves": curves,
    }))
}

impl Contract {
    fn flow(&self) -> Flow {
        let Slot { volume_wh, value_neur, .. } = self.slot;
        Flow { start: self.start, end: self.end, volume_wh, value_neur }
    }
}

/// Energy in kWh, and its mean price in EUR/MWh, in each bin; long contracts flow evenly.
fn over_time(flows: impl Iterator<Item = Flow>, bins: &Bins) -> (Vec<f64>, Vec<Option<f64>>) {
    let mut volume_kwh = vec![0.0; bins.len()];
    let mut value = vec![0.0; bins.len()];
    for Flow { start, end, volume_wh, value_neur } in flows.filter(|flow| flow.volume_wh != 0) {
        let pieces = ((end - start).0 / PIECE.0).max(1);
        for piece in 0..pieces {
            if let Some(bin) = bins.of(start + PIECE * piece) {
                volume_kwh[bin] += volume_wh as f64 / 1000.0 / pieces as f64;
                // n€ are µ€/kWh times Wh.
                value[bin] += value_neur as f64 / 1e6 / pieces as f64;
            }
        }
    }
    let price = |(volume, value): (&f64, f64)| (*volume > 0.0).then(|| value / volume);
    let price = volume_kwh.iter().zip(value).map(price).collect();
    (volume_kwh, price)
}

/// The product whose curves are shown: that of the very next slots, else the one with the most clearings.
fn shown(contracts: &[Contract]) -> String {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for contract in contracts {
        *count.entry(&contract.product).or_default() += 1;
    }
    let most = || count.iter().max_by_key(|(_, count)| **count).map_or("", |(product, _)| product);
    if count.contains_key(SPOT) { SPOT.to_owned() } else { most().to_owned() }
}

fn read_contracts(table: &Table) -> Result<Vec<Contract>, ResultsError> {
    const NUMBERS: [&str; 5] = ["price_ueur_per_kwh", "volume_wh", "demand_wh", "supply_wh", "value_neur"];
    let columns = [&["product", "slot_start", "slot_end"][..], &NUMBERS].concat();
    let mut contracts = Vec::new();
    for batch in table.batches(&columns)? {
        let batch = batch?;
        let (products, starts, ends) = (batch.names("product")?, batch.times("slot_start")?, batch.times("slot_end")?);
        let [price, volume, demand, supply, value] = NUMBERS.map(|column| batch.integers(column));
        let (price, volume, demand, supply, value) = (price?, volume?, demand?, supply?, value?);
        for row in 0..batch.rows() {
            let (Some(start), Some(end)) = (starts[row], ends[row]) else { continue };
            let (value_neur, volume_wh) = (value[row].unwrap_or(0), volume[row].unwrap_or(0));
            let mean = (volume_wh > 0).then(|| value_neur / volume_wh);
            let slot = Slot {
                volume_wh,
                value_neur,
                demand_wh: demand[row].unwrap_or(0),
                supply_wh: supply[row].unwrap_or(0),
                price_ueur_per_kwh: price[row].or(mean),
                is_mean: price[row].is_none() && mean.is_some(),
            };
            let product = products.get(row).unwrap_or_default().to_owned();
            contracts.push(Contract { product, start, end, slot });
        }
    }
    Ok(contracts)
}
