//! Numbers in words: the head of a run, its large figures, and the table of all key figures.

use agents::Time;
use results::ResultsError;
use results::meaning;
use results::read::{RunHead, Table};
use results::schema::KPIS;
use serde_json::{Value, json};

use super::flows::{Flows, Series};
use crate::calendar::Bins;
use crate::rounded::{exact, significant};

/// What the run is.
pub(crate) fn head(head: &RunHead, bins: &Bins) -> Result<Value, ResultsError> {
    let offset_min = |time: Time| bins.offset(time).0 / 60_000;
    Ok(json!({
        "name": head.name,
        "about": head.scenario["about"].as_str().unwrap_or(""),
        "status": head.status,
        "start_ms": head.start.0,
        "start_offset_min": offset_min(bins.start),
        "end_ms": bins.end.0,
        "end_offset_min": offset_min(bins.end),
        "planned_end_ms": head.end.0,
        "zone": head.scenario["place"]["zone"].as_str().unwrap_or("UTC"),
        "seed": head.seed.to_string(),
        "tick_s": head.tick_s,
        "level": head.level,
        "host": head.host,
        "engine": head.engine,
        "participants": head.participants,
        "tables": head.tables.iter().map(|(name, table)| json!([name, table.rows])).collect::<Vec<_>>(),
    }))
}

/// The figures that stand large at the top: those that are known and say something.
pub(crate) fn large(head: &RunHead, bins: &Bins, flows: Option<&Flows>) -> Vec<Value> {
    let kpi = |name: &str| head.kpis.get(name).copied().flatten();
    // The energy manager's portfolio, where its figures go by its name.
    let portfolio = head.scenario["ems"]["portfolio"].as_str().filter(|name| {
        let cost = format!("{name}_cost_eur");
        head.kpis.contains_key(&cost)
    });
    let of_portfolio = |name: &str| kpi(&format!("{}_{name}", portfolio.unwrap_or("island")));
    let whose = portfolio.map_or_else(|| "the island".to_owned(), |name| format!("portfolio {name}"));
    let mut figures = Vec::new();
    let mut add = |label: &str, value: Option<f64>, unit: &str, note: String| {
        if let Some(value) = value {
            figures.push(json!({ "label": label, "value": significant(Some(value), 6), "unit": unit, "note": note }));
        }
    };
    let consumption = flows.map(|flows| {
        let loads = [Series::Communes, Series::Households, Series::Commercial, Series::Loads, Series::VehicleCharge];
        loads.into_iter().map(|series| flows.energy_kwh(series, bins)).sum::<f64>()
    });
    let what = if consumption.is_some() { "loads and vehicles" } else { "loads" };
    add("Consumption", consumption.or(kpi("load_consumption_kwh")), "kWh", what.into());
    add("PV production", kpi("pv_production_kwh"), "kWh", "plants of the scenario".into());
    let renewable = kpi("supply_renewable_share").map(|share| format!(", supply {:.1} % renewable", 100.0 * share));
    add("Import", kpi("island_import_kwh"), "kWh", format!("the island's net load{}", renewable.unwrap_or_default()));
    let mw = |kw: f64| (kw / 100.0).round() / 10.0;
    let note = kpi("island_evening_peak_kw").map_or(String::new(), |kw| format!("18–22 h: {} MW", mw(kw)));
    add("Peak of the net load", kpi("island_import_peak_kw"), "kW", note);
    // Where stores give back more than PV produces, the share is 0 by its definition: it tells nothing.
    let given_back_kwh = kpi("battery_discharge_kwh").unwrap_or(0.0) + kpi("evse_export_kwh").unwrap_or(0.0);
    let tells = kpi("pv_production_kwh").is_some_and(|pv_kwh| given_back_kwh <= pv_kwh);
    add("Self-sufficiency", of_portfolio("self_sufficiency_share").filter(|_| tells), "share", whose.clone());
    add("Cost of energy", of_portfolio("cost_eur"), "EUR", whose);
    add("CO₂, life cycle, of imports", kpi("island_co2_kg"), "kg", "the island".into());
    add("CO₂, direct, of engines and turbines", kpi("supply_co2_kg"), "kg", "burnt by the island's supply".into());
    let (charged, returned) = (kpi("evse_import_kwh"), kpi("evse_export_kwh").unwrap_or(0.0));
    let note = match returned {
        0.0 => "taken at charge points".into(),
        10_000.0.. => format!("given back: {:.1} MWh", returned / 1000.0),
        _ => format!("given back: {returned:.1} kWh"),
    };
    add("Vehicles", charged, "kWh", note);
    figures
}

/// Every key figure with what it means, in the order of the columns of the table `kpis`.
pub(crate) fn all(head: &RunHead) -> Result<Vec<Value>, ResultsError> {
    let columns = match head.table(&KPIS) {
        Some(path) => Table::open(&path)?.columns(),
        None => Vec::new(),
    };
    let place = |name: &str| columns.iter().position(|column| column.name == name);
    let mut kpis: Vec<_> = head.kpis.iter().collect();
    kpis.sort_by_key(|(name, _)| place(name));
    let kpi = |(name, value): (&String, &Option<f64>)| {
        let meaning = meaning(name);
        json!({
            "name": name,
            "area": meaning.map_or("", |meaning| meaning.area),
            "label": meaning.map_or(name.as_str(), |meaning| meaning.label),
            "unit": meaning.map_or("", |meaning| meaning.unit),
            "description": meaning.map_or("", |meaning| meaning.description),
            "value": exact(*value),
        })
    };
    Ok(kpis.into_iter().map(kpi).collect())
}
