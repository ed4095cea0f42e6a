//! Portfolios and the island: what they add up, and what their key figures are called.

use std::collections::BTreeSet;

use market::Money;
use market::settlement::{Component, SlotBill, TaxedInvoice, TaxedLine};

use super::Flow;
use super::community::{ACTUAL, COMMUNITY_KPIS, compared_prefixes};
use super::definitions::{AREA_KPIS, of_run};
use super::market_areas::{MARKET_AREA_KPIS, market_area_prefixes};

/// A portfolio or the island.
#[derive(Clone, Debug)]
pub(super) struct Area {
    /// What the names of its key figures begin with, for instance `cariflex_`.
    pub(super) prefix: String,
    /// What to call it before a reader.
    pub(super) label: String,
    pub(super) totals: AreaTotals,
}

/// What the figures of an area are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct AreaTotals {
    /// Across the area's boundary, netted over its sites.
    pub(crate) net: Flow,
    pub(crate) import_peak_kw: f64,
    /// None before the first evening.
    pub(crate) evening_peak_kw: Option<f64>,
    /// Sums of the sites' meters.
    pub(crate) metered: Flow,
    pub(crate) pv_kwh: f64,
    /// Sums of all bills; none before the first.
    pub(crate) bills: Option<Bills>,
    /// Sums of what invoices add to bills; none before the first.
    pub(crate) invoiced: Option<Invoiced>,
    /// None as long as no intensity was known.
    pub(crate) co2_kg: Option<f64>,
}

/// What bills add up to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bills {
    pub(crate) traded: Money,
    pub(crate) residual: Money,
    pub(crate) total: Money,
}

/// What invoices add to bills.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Invoiced {
    pub(crate) standing: Money,
    pub(crate) contracts: Money,
    pub(crate) tax: Money,
}

/// What holds for all areas in a netting window.
#[derive(Clone, Copy, Debug)]
pub(super) struct NetWindow {
    pub(super) hours: f64,
    /// Whether it begins in the evening.
    pub(super) is_evening: bool,
    pub(super) co2_g_per_kwh: Option<f64>,
}

impl Area {
    pub(super) fn new(prefix: String, label: String) -> Self {
        Self { prefix, label, totals: AreaTotals::default() }
    }
}

impl AreaTotals {
    /// Takes a netting window: the net energy of all sites, import positive.
    pub(super) fn add_window(&mut self, net_kwh: f64, window: &NetWindow) {
        self.net.add(net_kwh);
        let power_kw = net_kwh / window.hours;
        self.import_peak_kw = self.import_peak_kw.max(power_kw);
        if window.is_evening {
            let peak_kw = self.evening_peak_kw.get_or_insert(0.0);
            *peak_kw = peak_kw.max(power_kw);
        }
        if let Some(co2_g_per_kwh) = window.co2_g_per_kwh {
            *self.co2_kg.get_or_insert(0.0) += net_kwh.max(0.0) * co2_g_per_kwh / 1000.0;
        }
    }

    pub(super) fn add_bill(&mut self, bill: &SlotBill) {
        let bills = self.bills.get_or_insert_default();
        bills.traded += bill.position.paid;
        bills.residual += bill.retail;
        bills.total += bill.total;
    }

    pub(super) fn add_invoice(&mut self, invoice: &TaxedInvoice) {
        let invoiced = self.invoiced.get_or_insert_default();
        invoiced.tax += invoice.tax;
        for TaxedLine { line, .. } in &invoice.lines {
            match line.component {
                Component::Standing => invoiced.standing += line.amount,
                Component::Contract => invoiced.contracts += line.amount,
                _ => {}
            }
        }
    }

    /// The part of the PV production that does not leave the area, between 0 and 1.
    pub(crate) fn self_consumption(&self) -> Option<f64> {
        (self.pv_kwh > 0.0).then(|| (1.0 - self.net.export_kwh / self.pv_kwh).clamp(0.0, 1.0))
    }

    /// The part of the consumption that does not come from outside, between 0 and 1. What is consumed
    /// is what is imported plus what is produced and not exported.
    pub(crate) fn self_sufficiency(&self) -> Option<f64> {
        let own_kwh = (self.pv_kwh - self.net.export_kwh).max(0.0);
        let consumed_kwh = own_kwh + self.net.import_kwh;
        (consumed_kwh > 0.0).then(|| own_kwh / consumed_kwh)
    }
}

/// Prefixes and labels of the portfolios' key figures, then the island's: lower case, `_` for all but
/// letters and digits, and no name that another key figure has already, those of the rules and areas of a market included.
pub(super) fn prefixes(portfolios: &[String], rules: &[String], market_areas: &[String]) -> Vec<(String, String)> {
    let mut taken: BTreeSet<String> = of_run().map(|kpi| kpi.name.to_owned()).collect();
    for prefix in std::iter::once(ACTUAL.to_owned()).chain(compared_prefixes(rules)) {
        taken.extend(COMMUNITY_KPIS.iter().map(|kpi| format!("{prefix}{}", kpi.name)));
    }
    for prefix in market_area_prefixes(market_areas) {
        taken.extend(MARKET_AREA_KPIS.iter().map(|kpi| format!("{prefix}{}", kpi.name)));
    }
    let mut claim = |prefix: &str| {
        let names: Vec<_> = AREA_KPIS.iter().map(|kpi| format!("{prefix}{}", kpi.name)).collect();
        let free = names.iter().all(|name| !taken.contains(name));
        if free {
            taken.extend(names);
        }
        free
    };
    claim("island_");
    let mut areas: Vec<_> = portfolios
        .iter()
        .map(|name| {
            let mut prefix = column_word(name) + "_";
            while !claim(&prefix) {
                prefix.push_str("portfolio_");
            }
            (prefix, name.clone())
        })
        .collect();
    areas.push(("island_".to_owned(), "island".to_owned()));
    areas
}

pub(super) fn column_word(name: &str) -> String {
    let word = |c: char| if c.is_alphanumeric() { c } else { '_' };
    name.to_lowercase().chars().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_key_figures_never_collide() {
        let portfolios = ["Cariflex", "EVSE", "island", "a b", "a-b"].map(String::from);
        let of = |portfolios: &[String], rules: &[String], areas: &[String]| -> Vec<String> {
            prefixes(portfolios, rules, areas).into_iter().map(|(prefix, _)| prefix).collect()
        };
        assert_eq!(
            of(&portfolios, &[], &[]),
            ["cariflex_", "evse_portfolio_", "island_portfolio_", "a_b_", "a_b_portfolio_", "island_"]
        );
        let [settled, alone, rule] = ["settled", "retailer-only", "compare retailer_only"].map(String::from);
        let named = of(&[rule], &[settled, alone], &[]);
        assert_eq!(named, ["compare_retailer_only_portfolio_", "island_"], "costs of a rule and of a portfolio");
    }
}
