//! The market as a community: what its members traded, kept among themselves and saved; as it was, and as it would have been
//! under the rules it is compared with.

use std::collections::{BTreeMap, BTreeSet};

use agents::record::{AlternativeRow, DeliveryRow, SettlementRow};
use agents::retailer::Worth;
use agents::{SiteId, Slot};
use market::community::indicators::{gini, jain_index};
use market::{Energy, Money};

use super::Kpi;
use super::areas::column_word;
use super::definitions::Definition;

/// What the names of the figures of what was begin with.
pub(crate) const ACTUAL: &str = "market_";

/// What those of what would have been begin with, before the name of the rule.
pub(crate) const COMPARED: &str = "compare_";

/// What all members come to under one rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommunityTotals {
    traded: Worth,
    import: Energy,
    local: Energy,
    peak_kw: f64,
    /// What each member pays.
    bills: BTreeMap<SiteId, Money>,
    /// What each saves.
    savings: Vec<Money>,
}

/// Figures of the market as a community.
pub(crate) const COMMUNITY_KPIS: [Definition<CommunityTotals>; 10] = [
    Definition {
        name: "volume_kwh",
        unit: "kWh",
        decimals: 3,
        label: "volume",
        description: "Energy traded for delivery within the run; where nothing was cleared, what was shared after the fact",
        value: |of| Some(if of.traded.volume == Energy::ZERO { of.local } else { of.traded.volume }.as_kwh()),
    },
    Definition {
        name: "mean_price_eur_per_mwh",
        unit: "EUR/MWh",
        decimals: 3,
        label: "mean price",
        description: "Mean price of that energy, without grid fees; null without trade",
        // n€ per Wh is µ€/kWh; a thousand of these are 1 EUR/MWh.
        value: |of| (of.traded.volume.0 > 0).then(|| of.traded.value.0 as f64 / of.traded.volume.0 as f64 / 1000.0),
    },
    Definition {
        name: "welfare_eur",
        unit: "EUR",
        decimals: 6,
        label: "welfare of trade",
        description: "What these trades are worth to those who trade: limit of the bid less limit of the offer, times energy, \
                      less grid fees; null where nothing was ordered",
        value: |of| of.traded.welfare.map(Money::as_eur),
    },
    Definition {
        name: "fees_eur",
        unit: "EUR",
        decimals: 9,
        label: "grid fees between areas",
        description: "What their buyers paid for crossing the grid between the market's areas, on top of what sellers received",
        value: |of| Some(of.traded.fees.as_eur()),
    },
    Definition {
        name: "local_share",
        unit: "share",
        decimals: 6,
        label: "local share",
        description: "Part of the members' metered import that came from other members as traded; null without import",
        value: |of| (of.import.0 > 0).then(|| of.local.0 as f64 / of.import.0 as f64),
    },
    Definition {
        name: "residual_import_peak_kw",
        unit: "kW",
        decimals: 3,
        label: "peak of what the retailer supplies",
        description: "Highest mean power in a slot that members import beyond what comes from other members",
        value: |of| Some(of.peak_kw),
    },
    Definition {
        name: "cost_eur",
        unit: "EUR",
        decimals: 6,
        label: "cost of all members",
        description: "What all members together would pay without contracts; what is paid for reserve and flexibility is in no bill; \
                      null without bills",
        value: |of| (!of.bills.is_empty()).then(|| of.bills.values().copied().sum::<Money>().as_eur()),
    },
    Definition {
        name: "savings_eur",
        unit: "EUR",
        decimals: 6,
        label: "saved by all members",
        description: "What all members together would pay less than with the retailer alone, without contracts; null without bills",
        value: |of| (!of.bills.is_empty()).then(|| of.savings.iter().copied().sum::<Money>().as_eur()),
    },
    Definition {
        name: "savings_jain_share",
        unit: "share",
        decimals: 6,
        label: "fairness of savings (Jain)",
        description: "Jain's index of the members' savings: 1 when all save the same, 1/n when one saves all, less where some lose; null without savings",
        value: |of| jain_index(&of.savings),
    },
    Definition {
        name: "savings_gini_share",
        unit: "share",
        decimals: 6,
        label: "inequality of savings (Gini)",
        description: "Gini coefficient of the members' savings: 0 when all save the same; null without savings",
        value: |of| gini(&of.savings),
    },
];

/// The rule, with its prefix but for the last letter, and the figure of a column; none if it is not one of a market's.
pub(crate) fn of_community(column: &str) -> Option<(&str, &'static Definition<CommunityTotals>)> {
    let of = COMMUNITY_KPIS.iter().filter_map(|of| Some((column.strip_suffix(of.name)?.strip_suffix('_')?, of)));
    let is_rule = |(rule, _): &(&str, _)| *rule == &ACTUAL[..ACTUAL.len() - 1] || rule.starts_with(COMPARED);
    of.filter(is_rule).max_by_key(|(_, of)| of.name.len())
}

/// Name, label and unit of each figure of a market.
pub const COMMUNITY_FIGURES: [(&str, &str, &str); COMMUNITY_KPIS.len()] = {
    let mut figures = [("", "", ""); COMMUNITY_KPIS.len()];
    let mut place = 0;
    while place < figures.len() {
        let of = &COMMUNITY_KPIS[place];
        figures[place] = (of.name, of.label, of.unit);
        place += 1;
    }
    figures
};

/// What is kept of the members, slot by slot.
#[derive(Clone, Debug)]
pub(super) struct Communities {
    actual: CommunityTotals,
    /// The slot whose bills are coming in.
    open: Option<Open>,
    /// What each member would have paid with the retailer alone.
    alone: BTreeMap<SiteId, Money>,
    /// What is compared with it: prefix, label, totals.
    compared: Vec<(String, String, CommunityTotals)>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    slot: Slot,
    import: Energy,
    taken: Energy,
    given: Energy,
}

impl CommunityTotals {
    fn add_slot(&mut self, slot: Slot, import: Energy, local: Energy) {
        self.import += import;
        self.local += local;
        self.peak_kw = self.peak_kw.max((import - local).as_kwh() / slot.length.hours());
    }

    fn close(&mut self, open: Option<Open>) {
        if let Some(Open { slot, import, taken, given }) = open {
            self.add_slot(slot, import, taken.min(given));
        }
    }

    fn with_savings(&self, alone: &BTreeMap<SiteId, Money>) -> Self {
        let saved = |(site, bill): (&SiteId, &Money)| alone.get(site).copied().unwrap_or_default() - *bill;
        // Who neither metered nor traded anything has no bill, under no rule.
        let settled = self.bills.iter().filter(|(site, _)| alone.contains_key(site));
        Self { savings: settled.map(saved).collect(), ..self.clone() }
    }
}

impl Communities {
    /// Of nothing yet; `alternatives` are the names of what is compared, the settlement itself first.
    pub(super) fn new(alternatives: &[String]) -> Self {
        let compared = alternatives.iter().zip(compared_prefixes(alternatives)).skip(1);
        Self {
            actual: CommunityTotals::default(),
            open: None,
            alone: BTreeMap::new(),
            compared: compared.map(|(name, prefix)| (prefix, name.clone(), CommunityTotals::default())).collect(),
        }
    }

    pub(super) fn add_delivery(&mut self, row: &DeliveryRow) {
        self.actual.traded.add(&row.worth);
    }

    /// Takes a bill; bills of one slot come together.
    pub(super) fn add_bill(&mut self, row: &SettlementRow) {
        if !row.trades {
            return;
        }
        if self.open.is_some_and(|open| open.slot != row.slot) {
            self.actual.close(self.open.take());
        }
        let none = Open { slot: row.slot, import: Energy::ZERO, taken: Energy::ZERO, given: Energy::ZERO };
        let open = self.open.get_or_insert(none);
        open.import += row.metered_import;
        open.taken += row.market.bought.min(row.metered_import);
        open.given += row.market.sold.min(row.metered_export);
        *self.actual.bills.entry(row.site).or_default() += row.market.total;
        *self.alone.entry(row.site).or_default() += row.alone;
    }

    pub(super) fn add_alternative(&mut self, row: &AlternativeRow) {
        let place = usize::from(row.alternative.0);
        // What is settled is known from its own rows, but for what is shared after the fact, which nobody clears.
        let Some((.., totals)) = place.checked_sub(1).and_then(|place| self.compared.get_mut(place)) else { return };
        totals.add_slot(row.slot, row.import, row.local);
        totals.traded.add(&row.worth);
        for (site, bill) in &row.bills {
            *totals.bills.entry(*site).or_default() += *bill;
        }
    }

    /// The figures so far: of what was, then of each rule it is compared with.
    pub(super) fn figures(&self) -> Vec<Kpi> {
        let mut actual = self.actual.clone();
        actual.close(self.open);
        let actual = (ACTUAL, "market", actual.with_savings(&self.alone));
        let compared = self
            .compared
            .iter()
            .map(|(prefix, label, totals)| (prefix.as_str(), label.as_str(), totals.with_savings(&self.alone)));
        let figures = |(prefix, label, totals): (&str, &str, CommunityTotals)| {
            COMMUNITY_KPIS.iter().map(|kpi| kpi.figure(prefix, label, &totals)).collect::<Vec<_>>()
        };
        std::iter::once(actual).chain(compared).flat_map(figures).collect()
    }
}

/// What the names of the figures of each rule begin with, where the settlement itself is the first; no two the same.
pub fn compared_prefixes(alternatives: &[String]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut claim = |name: &String| {
        let mut prefix = format!("{COMPARED}{}_", column_word(name));
        while !taken.insert(prefix.clone()) {
            prefix.push_str("again_");
        }
        prefix
    };
    alternatives.iter().map(&mut claim).collect()
}
