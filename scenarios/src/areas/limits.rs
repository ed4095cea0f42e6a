//! Limits on the boundaries of areas: what does not go with them, and what they come to in a slot.

use super::{AreaSection, Map, id};
use crate::sections::MarketSection;
use agents::Span;
use market::Energy;
use market::areas::{AreaId, AreaTree, Capacity};
use std::collections::BTreeMap;

impl AreaSection {
    pub(super) fn is_limited(&self) -> bool {
        self.import_limit_kw.is_some() || self.export_limit_kw.is_some()
    }
}

impl Map<'_> {
    /// All areas are cleared together: again no mechanism is asked, and a share of a price that follows from what is
    /// exchanged would take part in deciding it.
    pub(super) fn check_limits(&self, market: &MarketSection) {
        self.check_mechanisms(
            market,
            "limits on boundaries (import_limit_kw, export_limit_kw) clear areas by themselves",
        );
        for (name, _) in self.sections.iter().filter(|(_, section)| section.fee_share != 0.0) {
            let text = "is a share of the price, which does not go with limits on boundaries (import_limit_kw, \
                        export_limit_kw): write fee_eur_per_mwh instead, or leave the limits out";
            self.told(format!("area.{name}.fee_share"), text);
        }
    }

    /// What boundaries carry in a slot; the root has none.
    pub(super) fn capacities(&self, tree: &AreaTree, slot: Span) -> BTreeMap<AreaId, Capacity> {
        let mut capacities = BTreeMap::new();
        for (number, (name, section)) in self.sections.iter().enumerate().filter(|(_, (_, it))| it.is_limited()) {
            if id(number) == tree.root() {
                let key = if section.import_limit_kw.is_some() { "import_limit_kw" } else { "export_limit_kw" };
                self.told(
                    format!("area.{name}.{key}"),
                    "is on the boundary of the root, beyond which nobody trades: leave it out, or add an area around it",
                );
                continue;
            }
            let energy = |limit: Option<f64>| limit.map(|kw| energy_in(kw, slot));
            let capacity =
                Capacity { import: energy(section.import_limit_kw), export: energy(section.export_limit_kw) };
            capacities.insert(id(number), capacity);
        }
        capacities
    }
}

/// What a power, in whole watts, comes to in a slot, rounded down so that it is kept.
fn energy_in(kw: f64, slot: Span) -> Energy {
    // At most 1e12 W over a day of 8.64e7 ms.
    let watt_ms = (kw * 1e3).round() as i128 * i128::from(slot.0);
    Energy(i64::try_from(watt_ms / 3_600_000).expect("a gigawatt-day is far within 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{homes, planned};
    use super::*;
    use agents::market_operator::AreaFees;

    #[test]
    fn limits_are_energies_of_a_slot_and_an_area_without_has_none() {
        let text = "[area.island]\n[area.a]\nparent = \"island\"\nexport_limit_kw = 0.1\nfee_eur_per_mwh = 3\n\
                    [area.b]\nparent = \"a\"\nimport_limit_kw = 7.0\nexport_limit_kw = 0.0030\ncommunes = [\"Ducos\"]\n";
        let planned = planned(text);
        assert_eq!(homes(&planned), ["b", "b", "island"]);
        let AreaFees::Limited { tree, capacities } = &planned.areas.expect("there are areas").fees else {
            panic!("they have limits")
        };
        assert_eq!(tree.areas().len(), 3);
        let limits: Vec<_> = capacities.iter().map(|(area, limit)| (area.0, limit.import, limit.export)).collect();
        assert_eq!(limits, [(0, None, Some(Energy(25))), (1, Some(Energy(1750)), Some(Energy(0)))]);
    }
}
