//! Every key figure: name, unit, meaning and formula, in the order of the columns.

use agents::Kind;
use agents::reading::Source;

use super::areas::AreaTotals;
use super::community::of_community;
use super::market_areas::of_market_area;
use super::{Flow, Kpi, PLAN_KPIS, RESERVE_KPIS, RunTotals};

/// A key figure made of totals `T`.
pub(crate) struct Definition<T> {
    /// Column, unit last; those of an area come behind its prefix.
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    /// Digits after the point that are kept; more would be noise of the summation.
    pub(super) decimals: i32,
    pub(crate) label: &'static str,
    pub(crate) description: &'static str,
    pub(super) value: fn(&T) -> Option<f64>,
}

impl<T> Definition<T> {
    /// The figure of these totals, named and labelled for an area, or for none.
    pub(super) fn figure(&self, prefix: &str, area: &str, totals: &T) -> Kpi {
        let scale = 10_f64.powi(self.decimals);
        Kpi {
            name: format!("{prefix}{}", self.name),
            value: (self.value)(totals).map(|value| (value * scale).round() / scale + 0.0),
            unit: self.unit,
            label: if area.is_empty() { self.label.to_owned() } else { format!("{area}: {}", self.label) },
        }
    }
}

impl RunTotals {
    fn kind(&self, kind: Kind) -> Flow {
        self.by_kind[kind as usize]
    }
}

/// Figures of the run as a whole.
pub(crate) const RUN_KPIS: [Definition<RunTotals>; 33] = [
    Definition {
        name: "pv_production_kwh",
        unit: "kWh",
        decimals: 3,
        label: "PV production",
        description: "Energy produced by all PV plants, positive",
        value: |run| Some(run.kind(Kind::Pv).export_kwh),
    },
    Definition {
        name: "load_consumption_kwh",
        unit: "kWh",
        decimals: 3,
        label: "consumption of loads",
        description: "Energy consumed by all assets of kind `load`",
        value: |run| Some(run.kind(Kind::Load).import_kwh),
    },
    Definition {
        name: "evse_import_kwh",
        unit: "kWh",
        decimals: 3,
        label: "taken by charge points",
        description: "Energy taken by all charge points from their sites",
        value: |run| Some(run.kind(Kind::Evse).import_kwh),
    },
    Definition {
        name: "evse_export_kwh",
        unit: "kWh",
        decimals: 3,
        label: "given back by charge points",
        description: "Energy given by all charge points to their sites (V2G), positive",
        value: |run| Some(run.kind(Kind::Evse).export_kwh),
    },
    Definition {
        name: "battery_charge_kwh",
        unit: "kWh",
        decimals: 3,
        label: "charged into batteries",
        description: "Energy taken by all batteries at their terminals",
        value: |run| Some(run.kind(Kind::Battery).import_kwh),
    },
    Definition {
        name: "battery_discharge_kwh",
        unit: "kWh",
        decimals: 3,
        label: "discharged from batteries",
        description: "Energy given by all batteries at their terminals, positive",
        value: |run| Some(run.kind(Kind::Battery).export_kwh),
    },
    Definition {
        name: "battery_equivalent_full_cycles",
        unit: "cycles",
        decimals: 4,
        label: "equivalent full cycles per battery",
        description: "Energy moved into and out of the cells between the ends of intervals / 2 / nominal capacity, mean over all \
                      batteries; null without batteries",
        value: |run| run.battery_cycles,
    },
    Definition {
        name: "battery_lowest_soh_share",
        unit: "share",
        decimals: 6,
        label: "lowest state of health of a battery",
        description: "Capacity relative to the nominal one of the battery that has aged most, when the last full day was over; \
                      null before that",
        value: |run| run.battery_soh,
    },
    Definition {
        name: "ev_sessions_count",
        unit: "count",
        decimals: 0,
        label: "charging sessions",
        description: "Charging sessions that have ended",
        value: |run| Some(run.sessions as f64),
    },
    Definition {
        name: "ev_delivered_kwh",
        unit: "kWh",
        decimals: 3,
        label: "delivered in sessions that ended",
        description: "Energy delivered to vehicles in sessions that have ended, at the inlet",
        value: |run| Some(run.delivered_kwh),
    },
    Definition {
        name: "ev_returned_kwh",
        unit: "kWh",
        decimals: 3,
        label: "returned in sessions that ended",
        description: "Energy taken from vehicles (V2G) in sessions that have ended, at the inlet, positive",
        value: |run| Some(run.returned_kwh),
    },
    Definition {
        name: "ev_unserved_kwh",
        unit: "kWh",
        decimals: 3,
        label: "not served in sessions that ended",
        description: "Energy missing in vehicles at departure against what they had asked for, over sessions that have ended",
        value: |run| Some(run.unserved_kwh),
    },
    Definition {
        name: "supply_biomass_kwh",
        unit: "kWh",
        decimals: 3,
        label: "supply by biomass",
        description: "Energy given by biomass, positive; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| -supply.energy_kwh(Source::Biomass)),
    },
    Definition {
        name: "supply_wind_kwh",
        unit: "kWh",
        decimals: 3,
        label: "supply by wind",
        description: "Energy given by the wind farm, positive; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| -supply.energy_kwh(Source::Wind)),
    },
    Definition {
        name: "supply_pv_kwh",
        unit: "kWh",
        decimals: 3,
        label: "supply by PV besides the plants",
        description: "Energy given by the PV that stands on the island besides the plants of the scenario, positive; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| -supply.energy_kwh(Source::Pv)),
    },
    Definition {
        name: "supply_engines_kwh",
        unit: "kWh",
        decimals: 3,
        label: "supply by engines",
        description: "Energy given by diesel engines, positive; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| -supply.energy_kwh(Source::Engines)),
    },
    Definition {
        name: "supply_turbines_kwh",
        unit: "kWh",
        decimals: 3,
        label: "supply by turbines",
        description: "Energy given by combustion turbines, positive; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| -supply.energy_kwh(Source::Turbines)),
    },
    Definition {
        name: "supply_unserved_kwh",
        unit: "kWh",
        decimals: 3,
        label: "supply missing",
        description: "Energy that nobody could give, positive; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| -supply.energy_kwh(Source::Unserved)),
    },
    Definition {
        name: "supply_surplus_kwh",
        unit: "kWh",
        decimals: 3,
        label: "supply in excess",
        description: "Energy that sites export and nobody takes, positive; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| supply.energy_kwh(Source::Surplus)),
    },
    Definition {
        name: "supply_curtailed_kwh",
        unit: "kWh",
        decimals: 3,
        label: "supply curtailed",
        description: "Energy that wind, PV and biomass could have given besides, had the engines been able to run at less than their least load; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| supply.curtailed_kwh),
    },
    Definition {
        name: "supply_fuel_kg",
        unit: "kg",
        decimals: 3,
        label: "fuel of engines and turbines",
        description: "Fuel burnt by engines and turbines; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| supply.fuel_kg),
    },
    Definition {
        name: "supply_co2_kg",
        unit: "kg",
        decimals: 3,
        label: "CO₂, direct, of engines and turbines",
        description: "CO2 of that fuel when it is burnt, unlike the life-cycle intensity of `island_co2_kg`; null without a supply or a whole slot",
        value: |run| run.supply.as_ref().map(|supply| supply.co2_kg),
    },
    Definition {
        name: "supply_renewable_share",
        unit: "share",
        decimals: 6,
        label: "renewable part of the supply",
        description: "(biomass + wind + PV) / (biomass + wind + PV + engines + turbines); what the sites' own plants give is in the net load; null without a supply or a whole slot",
        value: |run| run.supply.as_ref()?.renewable_share(),
    },
    Definition {
        name: "supply_engines_online_count",
        unit: "count",
        decimals: 3,
        label: "engines running, on average",
        description: "Engines running, mean over time; null without a supply or a whole slot",
        value: |run| run.supply.as_ref()?.engines_online(),
    },
    Definition {
        name: "faulted_h",
        unit: "h",
        decimals: 3,
        label: "faults of devices",
        description: "Hours in which assets had a fault, added up over the assets",
        value: |run| Some(run.faulted_h),
    },
    Definition {
        name: "events_count",
        unit: "count",
        decimals: 0,
        label: "events",
        description: "Rows of the table `events`",
        value: |run| Some(run.events as f64),
    },
    Definition {
        name: "flexibility_requested_kwh",
        unit: "kWh",
        decimals: 3,
        label: "flexibility requested",
        description: "Flexibility that the DSO asked for, without sign; null where nothing was asked for and no limit exceeded",
        value: |run| run.flexibility.as_ref().map(|of| of.requested_kwh),
    },
    Definition {
        name: "flexibility_ordered_kwh",
        unit: "kWh",
        decimals: 3,
        label: "flexibility ordered",
        description: "Flexibility ordered, without sign; null where nothing was asked for and no limit exceeded",
        value: |run| run.flexibility.as_ref().map(|of| of.ordered_kwh),
    },
    Definition {
        name: "flexibility_energy_kwh",
        unit: "kWh",
        decimals: 3,
        label: "flexibility delivered",
        description: "Flexibility delivered of what was ordered, without sign; null where nothing was asked for and no limit exceeded",
        value: |run| run.flexibility.as_ref().map(|of| of.delivered_kwh),
    },
    Definition {
        name: "flexibility_payment_eur",
        unit: "EUR",
        decimals: 6,
        label: "paid for flexibility",
        description: "What the DSO pays for flexibility delivered; null where nothing was asked for and no limit exceeded",
        value: |run| run.flexibility.as_ref().map(|of| of.payment.as_eur()),
    },
    Definition {
        name: "flexibility_penalty_eur",
        unit: "EUR",
        decimals: 6,
        label: "fined for flexibility",
        description: "What aggregators are fined for flexibility not delivered; null where nothing was asked for and no limit exceeded",
        value: |run| run.flexibility.as_ref().map(|of| of.penalty.as_eur()),
    },
    Definition {
        name: "congestion_before_min",
        unit: "min",
        decimals: 3,
        label: "congestion without flexibility",
        description: "Time in which the congestion point would have been beyond a limit without what was ordered, in whole slots; null where nothing was asked for and no limit exceeded",
        value: |run| run.flexibility.as_ref().map(|of| of.congested_before_min),
    },
    Definition {
        name: "congestion_min",
        unit: "min",
        decimals: 3,
        label: "congestion",
        description: "Time in which the congestion point was beyond a limit, in whole slots; null where nothing was asked for and no limit exceeded",
        value: |run| run.flexibility.as_ref().map(|of| of.congested_min),
    },
];

/// All figures of the run as a whole, in the order of the columns.
pub(crate) fn of_run() -> impl Iterator<Item = &'static Definition<RunTotals>> {
    RUN_KPIS.iter().chain(&RESERVE_KPIS).chain(&PLAN_KPIS)
}

/// Figures of a portfolio or the island.
pub(crate) const AREA_KPIS: [Definition<AreaTotals>; 17] = [
    Definition {
        name: "import_kwh",
        unit: "kWh",
        decimals: 3,
        label: "import",
        description: "Energy imported across the area's boundary, netted over its sites",
        value: |area| Some(area.net.import_kwh),
    },
    Definition {
        name: "export_kwh",
        unit: "kWh",
        decimals: 3,
        label: "export",
        description: "Energy exported across the area's boundary, netted over its sites, positive",
        value: |area| Some(area.net.export_kwh),
    },
    Definition {
        name: "import_peak_kw",
        unit: "kW",
        decimals: 3,
        label: "peak import",
        description: "Highest mean power imported across the boundary in a netting interval; 0 if it never imported",
        value: |area| Some(area.import_peak_kw),
    },
    Definition {
        name: "evening_peak_kw",
        unit: "kW",
        decimals: 3,
        label: "peak import in the evening",
        description: "Highest mean power imported across the boundary in a netting interval that begins from 18:00 on and before \
                      22:00, by the scenario's time zone; 0 if it did not import then; null without an evening",
        value: |area| area.evening_peak_kw,
    },
    Definition {
        name: "metered_import_kwh",
        unit: "kWh",
        decimals: 3,
        label: "import at the sites' meters",
        description: "Sum of the import registers of its sites",
        value: |area| Some(area.metered.import_kwh),
    },
    Definition {
        name: "metered_export_kwh",
        unit: "kWh",
        decimals: 3,
        label: "export at the sites' meters",
        description: "Sum of the export registers of its sites, positive",
        value: |area| Some(area.metered.export_kwh),
    },
    Definition {
        name: "pv_production_kwh",
        unit: "kWh",
        decimals: 3,
        label: "PV production",
        description: "Energy produced by the PV plants of its sites, positive",
        value: |area| Some(area.pv_kwh),
    },
    Definition {
        name: "self_consumption_share",
        unit: "share",
        decimals: 6,
        label: "self-consumption",
        description: "1 − `export_kwh` / `pv_production_kwh`, at least 0: the part of the PV production that does not cross \
                      the boundary; null without production. Energy that batteries or vehicles export counts as export",
        value: AreaTotals::self_consumption,
    },
    Definition {
        name: "self_sufficiency_share",
        unit: "share",
        decimals: 6,
        label: "self-sufficiency",
        description: "own / (own + `import_kwh`) with own = `pv_production_kwh` − `export_kwh`, at least 0: the part of the \
                      consumption, storage losses included, that does not cross the boundary; null without consumption",
        value: AreaTotals::self_sufficiency,
    },
    Definition {
        name: "cost_eur",
        unit: "EUR",
        decimals: 9,
        label: "cost of energy",
        description: "Sum of its sites' bills, negative if they are paid; null if nothing was settled",
        value: |area| area.bills.map(|bills| bills.total.as_eur()),
    },
    Definition {
        name: "cost_traded_eur",
        unit: "EUR",
        decimals: 9,
        label: "cost of energy, traded part",
        description: "The part of `cost_eur` paid in the market",
        value: |area| area.bills.map(|bills| bills.traded.as_eur()),
    },
    Definition {
        name: "cost_residual_eur",
        unit: "EUR",
        decimals: 9,
        label: "cost of energy, residual part",
        description: "The part of `cost_eur` paid to the retailer",
        value: |area| area.bills.map(|bills| bills.residual.as_eur()),
    },
    Definition {
        name: "cost_charges_eur",
        unit: "EUR",
        decimals: 9,
        label: "cost of energy, imbalance, fees and levies",
        description: "The part of `cost_eur` paid for imbalance, levies and grid fees, but for those between the market's areas, which \
                      are in the traded part",
        value: |area| area.bills.map(|bills| (bills.total - bills.traded - bills.residual).as_eur()),
    },
    Definition {
        name: "standing_charges_eur",
        unit: "EUR",
        decimals: 9,
        label: "standing charges",
        description: "Standing charges on the invoices of its sites, not part of `cost_eur`; null without invoices",
        value: |area| area.invoiced.map(|invoiced| invoiced.standing.as_eur()),
    },
    Definition {
        name: "contract_payments_eur",
        unit: "EUR",
        decimals: 9,
        label: "payments under contracts",
        description: "What its sites pay under bilateral contracts less what they receive, before tax, not part of \
                      `cost_eur`: between two of its sites it comes to nothing; null without invoices",
        value: |area| area.invoiced.map(|invoiced| invoiced.contracts.as_eur()),
    },
    Definition {
        name: "taxes_eur",
        unit: "EUR",
        decimals: 9,
        label: "taxes",
        description: "Taxes on the invoices of its sites, not part of `cost_eur`; null without invoices",
        value: |area| area.invoiced.map(|invoiced| invoiced.tax.as_eur()),
    },
    Definition {
        name: "co2_kg",
        unit: "kg",
        decimals: 3,
        label: "CO₂, life cycle, of imports",
        description: "Energy imported in each netting interval times the mean CO2 intensity of that interval; intervals \
                      without the signal add nothing; null if it was never there",
        value: |area| area.co2_kg,
    },
];

/// What a key figure says, found by the name of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning<'a> {
    /// Prefix of the area it is about, for instance `island`; empty for the run as a whole.
    pub area: &'a str,
    /// Its name without the prefix.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// What to call it before a reader, without the area.
    pub label: &'static str,
    /// What it is and how it comes about.
    pub description: &'static str,
}

/// Looks up what the column of a key figure says; none if it is not one of ours.
pub fn meaning(column: &str) -> Option<Meaning<'_>> {
    let area = |name: &str| column.strip_suffix(name)?.strip_suffix('_');
    if let Some(of) = of_run().find(|of| of.name == column) {
        return Some(Meaning { area: "", name: of.name, unit: of.unit, label: of.label, description: of.description });
    }
    if let Some((area, of)) = of_community(column) {
        return Some(Meaning { area, name: of.name, unit: of.unit, label: of.label, description: of.description });
    }
    if let Some((area, of)) = of_market_area(column) {
        return Some(Meaning { area, name: of.name, unit: of.unit, label: of.label, description: of.description });
    }
    // `metered_import_kwh` ends in `import_kwh` too: the longest name is the right one.
    let of = AREA_KPIS.iter().filter(|of| area(of.name).is_some()).max_by_key(|of| of.name.len())?;
    let area = area(of.name).unwrap_or_default();
    Some(Meaning { area, name: of.name, unit: of.unit, label: of.label, description: of.description })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_tells_its_area_and_its_figure() {
        let of = |column| meaning(column).map(|meaning| (meaning.area, meaning.name));
        assert_eq!(of("pv_production_kwh"), Some(("", "pv_production_kwh")));
        assert_eq!(of("cariflex_pv_production_kwh"), Some(("cariflex", "pv_production_kwh")));
        assert_eq!(of("my_homes_metered_import_kwh"), Some(("my_homes", "metered_import_kwh")));
        assert_eq!(of("island_import_kwh"), Some(("island", "import_kwh")));
        assert_eq!(of("import_kwh"), None);
        assert_eq!(of("market_local_share"), Some(("market", "local_share")));
        assert_eq!(of("area_north_local_share"), Some(("area_north", "local_share")));
        assert_eq!(of("market_fees_eur"), Some(("market", "fees_eur")));
        assert_eq!(of("compare_pay_as_bid_cost_eur"), Some(("compare_pay_as_bid", "cost_eur")));
    }
}
