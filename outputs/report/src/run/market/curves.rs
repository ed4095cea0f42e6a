//! Supply and demand in a few slots: which ones, and their curves.

use std::collections::BTreeMap;

use agents::Time;
use results::ResultsError;
use results::read::{RunHead, Table};
use results::schema::ORDERS;
use serde_json::{Value, json};

use super::Slot;
use crate::rounded::rounded;

/// Most steps of a curve; more would not be seen.
const MOST_STEPS: usize = 400;

/// The slots whose curves are shown, with the reason why: by volume, and the first with trade.
pub(super) fn choose(slots: &BTreeMap<Time, Slot>) -> Vec<(Time, &'static str)> {
    let mut traded: Vec<(i64, Time)> =
        slots.iter().filter(|(_, slot)| slot.volume_wh > 0).map(|(start, slot)| (slot.volume_wh, *start)).collect();
    traded.sort_unstable();
    let mut chosen: Vec<(Time, &'static str)> = Vec::new();
    let mut add = |time: Option<Time>, why| {
        if let Some(time) = time.filter(|time| chosen.iter().all(|(other, _)| other != time)) {
            chosen.push((time, why));
        }
    };
    let at = |share: f64| traded.get((traded.len() as f64 * share) as usize).map(|(_, start)| *start);
    add(traded.last().map(|(_, start)| *start), "most traded");
    add(at(0.9), "traded more than nine in ten");
    add(at(0.5), "median of those with trade");
    add(at(0.1), "traded less than nine in ten");
    add(traded.iter().map(|(_, start)| *start).min(), "first with trade");
    // What nobody met in: both sides there, no trade.
    let unmet = slots.iter().filter(|(_, slot)| slot.volume_wh == 0 && slot.demand_wh > 0 && slot.supply_wh > 0);
    add(unmet.max_by_key(|(_, slot)| slot.demand_wh.min(slot.supply_wh)).map(|(start, _)| *start), "without trade");
    chosen
}

/// Energy by price, for bids and offers.
type Book = [BTreeMap<i64, i64>; 2];

/// The curves of the slots chosen.
pub(super) fn document(
    head: &RunHead,
    product: &str,
    slots: &BTreeMap<Time, Slot>,
    chosen: &[(Time, &'static str)],
) -> Result<Vec<Value>, ResultsError> {
    let Some(path) = head.table(&ORDERS) else { return Ok(Vec::new()) };
    let mut books: BTreeMap<Time, Book> = chosen.iter().map(|(time, _)| (*time, Book::default())).collect();
    for batch in Table::open(&path)?.batches(&["product", "slot_start", "side", "energy_wh", "limit_ueur_per_kwh"])? {
        let batch = batch?;
        let (products, starts, sides) = (batch.names("product")?, batch.times("slot_start")?, batch.names("side")?);
        let (energy, limit) = (batch.integers("energy_wh")?, batch.integers("limit_ueur_per_kwh")?);
        for row in (0..batch.rows()).filter(|row| products.get(*row) == Some(product)) {
            let book = starts[row].and_then(|start| books.get_mut(&start));
            if let (Some(book), Some(energy), Some(limit)) = (book, energy[row], limit[row]) {
                *book[usize::from(sides.get(row) == Some("offer"))].entry(limit).or_default() += energy;
            }
        }
    }
    let curve = |(time, why): &(Time, &'static str)| {
        let [bids, offers] = &books[time];
        let slot = &slots[time];
        json!({
            "start_ms": time.0,
            "why": why,
            "volume_kwh": rounded(Some(slot.volume_wh as f64 / 1000.0), 3),
            "price_eur_per_mwh": rounded(slot.price_ueur_per_kwh.map(|price| price as f64 / 1000.0), 2),
            "is_mean": slot.is_mean,
            "bids": steps(bids.iter().rev()),
            "offers": steps(offers.iter()),
        })
    };
    Ok(chosen.iter().map(curve).collect())
}

/// Price in EUR/MWh and cumulated energy in kWh, step by step.
fn steps<'a>(levels: impl ExactSizeIterator<Item = (&'a i64, &'a i64)>) -> Vec<[Value; 2]> {
    let (count, mut total_wh) = (levels.len(), 0);
    let every = count.div_ceil(MOST_STEPS).max(1);
    let mut steps = Vec::new();
    for (index, (price, energy_wh)) in levels.enumerate() {
        total_wh += energy_wh;
        // Several small steps become one that ends where they do.
        if (index + 1) % every == 0 || index + 1 == count {
            steps.push([rounded(Some(*price as f64 / 1000.0), 2), rounded(Some(total_wh as f64 / 1000.0), 3)]);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_chosen_by_what_was_traded_each_once() {
        let slot = |volume_wh| Slot { volume_wh, demand_wh: 10, supply_wh: 10, ..Slot::default() };
        let slots: BTreeMap<Time, Slot> = (0..100).map(|t| (Time(t), slot((t * 7) % 100))).collect();
        let chosen = choose(&slots);
        let volume = |why: &str| slots[&chosen.iter().find(|(_, of)| *of == why).expect("chosen").0].volume_wh;
        assert_eq!(
            (volume("most traded"), volume("median of those with trade"), volume("first with trade")),
            (99, 50, 7)
        );
        assert_eq!(volume("without trade"), 0);
        assert_eq!(choose(&BTreeMap::from([(Time(0), slot(5))])), [(Time(0), "most traded")]);
    }

    #[test]
    fn many_small_steps_become_few_that_end_where_they_do() {
        let levels: BTreeMap<i64, i64> = (1..=1001).map(|price| (price * 1000, 1)).collect();
        let steps = steps(levels.iter());
        assert!(steps.len() <= MOST_STEPS, "{}", steps.len());
        assert_eq!(steps.last(), Some(&[Value::from(1001), Value::from(1.001)]));
    }
}
