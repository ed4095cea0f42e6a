//! The areas of the market, where they are few: what stayed in each, and what its boundary collected.

use std::collections::BTreeSet;

use agents::record::DeliveryRow;
use market::{Energy, Money};

use super::Kpi;
use super::areas::column_word;
use super::definitions::Definition;

/// What the names of the figures begin with, before the name of the area.
const PREFIX: &str = "area_";

/// More areas have no key figures of their own: they are in the table `areas`.
const MOST: usize = 12;

/// Name, label and unit of each figure of an area of the market.
pub const MARKET_AREA_FIGURES: [(&str, &str, &str); MARKET_AREA_KPIS.len()] = {
    let mut figures = [("", "", ""); MARKET_AREA_KPIS.len()];
    let mut place = 0;
    while place < figures.len() {
        let of = &MARKET_AREA_KPIS[place];
        figures[place] = (of.name, of.label, of.unit);
        place += 1;
    }
    figures
};

/// What the names of the figures of each area begin with, in the order of their names; empty where they are too many.
pub fn market_area_prefixes(names: &[String]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut claim = |name: &String| {
        let mut prefix = format!("{PREFIX}{}_", column_word(name));
        while !taken.insert(prefix.clone()) {
            prefix.push_str("again_");
        }
        prefix
    };
    let few = if names.len() <= MOST { names } else { &[] };
    few.iter().map(&mut claim).collect()
}

/// What an area comes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct MarketAreaTotals {
    bought: Energy,
    local: Energy,
    fees: Money,
}

/// Figures of an area of the market.
pub(crate) const MARKET_AREA_KPIS: [Definition<MarketAreaTotals>; 3] = [
    Definition {
        name: "bought_kwh",
        unit: "kWh",
        decimals: 3,
        label: "bought",
        description: "Energy bought by bids within the area for delivery within the run",
        value: |of| Some(of.bought.as_kwh()),
    },
    Definition {
        name: "local_share",
        unit: "share",
        decimals: 6,
        label: "local share",
        description: "Part of it that came from offers within the area; null where nothing was bought",
        value: |of| (of.bought > Energy::ZERO).then(|| of.local.0 as f64 / of.bought.0 as f64),
    },
    Definition {
        name: "fees_eur",
        unit: "EUR",
        decimals: 9,
        label: "grid fees",
        description: "Grid fees collected on its boundary, congestion rent included; with fees between pairs of areas, of energy \
                      delivered to it",
        value: |of| Some(of.fees.as_eur()),
    },
];

/// All areas of a market.
#[derive(Clone, Debug)]
pub(super) struct MarketAreas {
    /// Prefix, label and totals of each, by its number; empty where there are too many.
    areas: Vec<(String, String, MarketAreaTotals)>,
}

impl MarketAreas {
    /// Of nothing yet.
    pub(super) fn new(names: &[String]) -> Self {
        let areas = market_area_prefixes(names).into_iter().zip(names);
        Self { areas: areas.map(|(prefix, name)| (prefix, name.clone(), MarketAreaTotals::default())).collect() }
    }

    pub(super) fn add(&mut self, row: &DeliveryRow) {
        for of in &row.areas {
            if let Some((.., totals)) = self.areas.get_mut(of.area.0 as usize) {
                totals.bought += of.bought;
                totals.local += of.local;
                totals.fees += of.fees;
            }
        }
    }

    pub(super) fn figures(&self) -> Vec<Kpi> {
        let of = |(prefix, label, totals): &(String, String, MarketAreaTotals)| {
            MARKET_AREA_KPIS.iter().map(|kpi| kpi.figure(prefix, label, totals)).collect::<Vec<_>>()
        };
        self.areas.iter().flat_map(of).collect()
    }
}

/// The area, with its prefix but for the last letter, and the figure of a column; none if it is not one of these.
pub(crate) fn of_market_area(column: &str) -> Option<(&str, &'static Definition<MarketAreaTotals>)> {
    let column = column.starts_with(PREFIX).then_some(column)?;
    MARKET_AREA_KPIS.iter().find_map(|of| Some((column.strip_suffix(of.name)?.strip_suffix('_')?, of)))
}
