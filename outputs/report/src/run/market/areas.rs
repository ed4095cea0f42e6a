//! The areas of the market: where energy met, and at what price.

use std::collections::{BTreeMap, BTreeSet};

use agents::Time;
use results::ResultsError;
use results::read::{RunHead, Table};
use results::schema::AREAS;
use serde_json::{Map, Value, json};

use super::{Flow, over_time};
use crate::calendar::Bins;
use crate::rounded::{all, for_drawing, rounded};

/// Most areas that are told apart in a chart.
const MOST_AREAS: usize = 8;

/// What met in an area for a slot.
#[derive(Clone, Copy, Debug)]
struct Met {
    end: Time,
    volume_wh: i64,
    price_ueur_per_kwh: Option<i64>,
}

/// What met in each area.
#[derive(Debug)]
pub(super) struct Areas {
    names: Vec<String>,
    /// By area, product and beginning of the slot; none where there are too many areas to tell apart.
    met: Vec<BTreeMap<(String, Time), Met>>,
}

impl Areas {
    /// Reads the table `areas`; none of a market without areas.
    pub(super) fn read(head: &RunHead) -> Result<Option<Self>, ResultsError> {
        let Some(path) = head.table(&AREAS) else { return Ok(None) };
        let table = Table::open(&path)?;
        if table.rows() == 0 {
            return Ok(None);
        }
        let mut names = BTreeSet::new();
        for batch in table.batches(&["area"])? {
            let batch = batch?;
            names.extend(batch.names("area")?.values().iter().map(|name| (*name).to_owned()));
        }
        let mut areas = Self { names: names.into_iter().collect(), met: Vec::new() };
        if areas.names.len() <= MOST_AREAS {
            areas.read_met(&table)?;
        }
        Ok(Some(areas))
    }

    fn read_met(&mut self, table: &Table) -> Result<(), ResultsError> {
        self.met = vec![BTreeMap::new(); self.names.len()];
        let columns = ["product", "slot_start", "slot_end", "area", "price_ueur_per_kwh", "volume_wh"];
        for batch in table.batches(&columns)? {
            let batch = batch?;
            let (products, areas) = (batch.names("product")?, batch.names("area")?);
            let (starts, ends) = (batch.times("slot_start")?, batch.times("slot_end")?);
            let (price, volume) = (batch.integers("price_ueur_per_kwh")?, batch.integers("volume_wh")?);
            for row in 0..batch.rows() {
                let place = areas.get(row).and_then(|area| self.names.iter().position(|name| name == area));
                let (Some(place), Some(start), Some(end)) = (place, starts[row], ends[row]) else { continue };
                let product = products.get(row).unwrap_or_default().to_owned();
                let met = Met { end, volume_wh: volume[row].unwrap_or(0), price_ueur_per_kwh: price[row] };
                self.met[place].insert((product, start), met);
            }
        }
        Ok(())
    }

    /// Energy that met in each area over time and its price, and how many areas there are.
    pub(super) fn document(&self, bins: &Bins) -> Value {
        let area = |(name, met): (&String, &BTreeMap<(String, Time), Met>)| {
            let flow = |((_, start), met): (&(String, Time), &Met), value_neur| {
                let Met { end, volume_wh, .. } = *met;
                Flow { start: *start, end, volume_wh, value_neur }
            };
            let (volume_kwh, _) = over_time(met.iter().map(|met| flow(met, 0)), bins);
            let priced =
                met.iter().filter_map(|of| Some(flow(of, of.1.volume_wh.saturating_mul(of.1.price_ueur_per_kwh?))));
            let (_, price) = over_time(priced, bins);
            json!({
                "area": name,
                "volume_kwh": for_drawing(&volume_kwh.into_iter().map(Some).collect::<Vec<_>>()),
                "price_eur_per_mwh": all(price, 2),
            })
        };
        json!({ "count": self.names.len(), "drawn": self.names.iter().zip(&self.met).map(area).collect::<Vec<_>>() })
    }

    /// The price in EUR/MWh at which orders met in each area for a slot; without areas where none met at one price.
    pub(super) fn of_slot(&self, product: &str, start: Time) -> Value {
        let key = (product.to_owned(), start);
        let price = |(name, met): (&String, &BTreeMap<(String, Time), Met>)| {
            let price = met.get(&key)?.price_ueur_per_kwh?;
            Some((name.clone(), rounded(Some(price as f64 / 1000.0), 2)))
        };
        self.names.iter().zip(&self.met).filter_map(price).collect::<Map<_, _>>().into()
    }
}

#[cfg(test)]
mod tests {
    use agents::Span;
    use jiff::tz::TimeZone;
    use serde_json::json;

    use super::*;

    const SLOT: Span = Span::from_minutes(15);

    fn at(slot: i64) -> Time {
        Time(0) + SLOT * slot
    }

    /// Two areas: in the first one price, in the second trades with prices of their own.
    fn areas() -> Areas {
        let met = |slot, volume_wh, price_ueur_per_kwh| {
            (("spot".to_owned(), at(slot)), Met { end: at(slot + 1), volume_wh, price_ueur_per_kwh })
        };
        let south = BTreeMap::from([met(0, 3_000, Some(100_000)), met(1, 1_000, Some(120_000)), met(2, 0, None)]);
        let north = BTreeMap::from([met(0, 500, None), met(1, 0, None), met(2, 0, None)]);
        Areas { names: vec!["north".into(), "south".into()], met: vec![north, south] }
    }

    #[test]
    fn an_area_has_its_own_volume_and_price_and_none_is_made_up() {
        let zone = || TimeZone::UTC;
        let quarters = areas().document(&Bins::new(at(0), at(3), false, zone(), "UTC".into()));
        let [north, south] = [0, 1].map(|index| &quarters["drawn"][index]);
        assert_eq!((&south["volume_kwh"], &south["price_eur_per_mwh"]), (&json!([3, 1, 0]), &json!([100, 120, null])));
        assert_eq!(
            (&north["volume_kwh"], &north["price_eur_per_mwh"]),
            (&json!([0.5, 0, 0]), &json!([null, null, null]))
        );
        // Over an hour prices are weighted by volume.
        let hours = areas().document(&Bins::new(at(0), at(4), true, zone(), "UTC".into()));
        assert_eq!((&hours["drawn"][1]["price_eur_per_mwh"], &hours["count"]), (&json!([105]), &json!(2)));
    }

    #[test]
    fn a_slot_has_the_prices_of_those_areas_in_which_orders_met_at_one() {
        assert_eq!(areas().of_slot("spot", at(1)), json!({ "south": 120 }));
        assert_eq!(areas().of_slot("spot", at(2)), json!({}));
        assert_eq!(areas().of_slot("day-ahead", at(1)), json!({}));
    }
}
