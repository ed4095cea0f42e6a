//! Key figures against values worked out by hand.

use std::collections::BTreeMap;

use crate::common;
use crate::common::Readings;
use crate::common::{
    START, TICK, catalogue, cells, info, readings, record_two_intervals, records, rows, supply, two_intervals,
};
use agents::record::{Catalogue, Record};
use agents::{Calendar, Span};
use results::{Kpis, Level, RunWriter, Status};

fn values(kpis: &Kpis) -> BTreeMap<String, Option<f64>> {
    kpis.table().into_iter().map(|kpi| (kpi.name, kpi.value)).collect()
}

fn two_interval_kpis(records: &[Record]) -> Kpis {
    let mut kpis = Kpis::new(&catalogue());
    let [first, second] = two_intervals();
    kpis.add(&rows(START, TICK, &first, records));
    kpis.add(&rows(START + TICK, TICK, &second, &[]));
    kpis
}

/// Powers in kW, in quarter hours:
///
/// |          | pv | load | battery | evse | portfolio | island | g CO2/kWh |
/// |----------|----|------|---------|------|-----------|--------|-----------|
/// | first    | −8 | 2    | 4       | 7    | −2        | 5      | 200       |
/// | second   | 0  | 3    | −2      | −3   | 1         | −2     | 400       |
#[test]
fn two_quarter_hours_by_hand() {
    let expected = [
        ("pv_production_kwh", 2.0),
        ("load_consumption_kwh", 1.25),
        ("evse_import_kwh", 1.75),
        ("evse_export_kwh", 0.75),
        ("battery_charge_kwh", 1.0),
        ("battery_discharge_kwh", 0.5),
        ("battery_equivalent_full_cycles", 0.3), // 6 kWh from one end to the other / 2 / 10
        ("battery_lowest_soh_share", 0.9785),
        ("ev_sessions_count", 1.0),
        ("ev_delivered_kwh", 1.75),
        ("ev_returned_kwh", 0.75),
        ("ev_unserved_kwh", 2.5),
        ("market_volume_kwh", 0.3),
        ("market_welfare_eur", 0.03),
        ("market_fees_eur", 0.0015),
        ("area_north_bought_kwh", 0.3),
        ("area_north_local_share", 0.8),
        ("area_north_fees_eur", 0.0015),
        ("market_mean_price_eur_per_mwh", 150.0),
        ("market_local_share", 0.0),             // nobody's meter gave what was bought
        ("market_residual_import_peak_kw", 4.0), // 1 kWh of two sites in a quarter of an hour
        ("market_cost_eur", 0.18),
        ("market_savings_eur", 0.02),
        ("market_savings_jain_share", 1.0),
        ("market_savings_gini_share", 0.0),
        ("faulted_h", 0.0),
        ("plans_count", 1.0),
        ("plans_on_news_count", 1.0),
        ("plan_cost_eur", 12.0),
        ("plan_best_eur", 10.0),
        ("plan_regret_eur", 2.0),
        ("plan_regret_share", 0.2),
        ("plan_not_followed_count", 0.0),
        ("forecast_mae_next_slot_kw", 4.0),
        ("forecast_mae_hour_ahead_kw", 5.0),
        ("forecast_mae_day_ahead_kw", 8.0),
        ("forecast_skill_next_slot_share", 0.6),
        ("forecast_skill_hour_ahead_share", 0.5),
        ("forecast_skill_day_ahead_share", 0.2),
        ("events_count", 1.0),
        ("cariflex_import_kwh", 0.25),
        ("cariflex_export_kwh", 0.5),
        ("cariflex_import_peak_kw", 1.0),
        ("cariflex_metered_import_kwh", 1.75), // site_a 0.75, site_b 1
        ("cariflex_metered_export_kwh", 2.0),  // site_a 1.5, site_b 0.5
        ("cariflex_pv_production_kwh", 2.0),
        ("cariflex_self_consumption_share", 0.75),     // 1 − 0.5 / 2
        ("cariflex_self_sufficiency_share", 0.857143), // 1.5 / (1.5 + 0.25)
        ("cariflex_cost_eur", 0.085),
        ("cariflex_cost_traded_eur", 0.045),
        ("cariflex_cost_residual_eur", 0.04),
        ("cariflex_cost_charges_eur", 0.0),
        ("cariflex_standing_charges_eur", 12.0),
        ("cariflex_contract_payments_eur", -0.06),
        ("cariflex_taxes_eur", 1.02),
        ("cariflex_co2_kg", 0.1), // 0.25 kWh at 400 g/kWh
        ("island_import_kwh", 1.25),
        ("island_export_kwh", 0.5),
        ("island_import_peak_kw", 5.0),
        ("island_metered_import_kwh", 3.5),
        ("island_metered_export_kwh", 2.75),
        ("island_pv_production_kwh", 2.0),
        ("island_self_consumption_share", 0.75),
        ("island_self_sufficiency_share", 0.545455), // 1.5 / (1.5 + 1.25)
        ("island_cost_eur", 0.18),                   // 0.085 of the portfolio, −0.005 + 0.1 of site_c
        ("island_cost_traded_eur", 0.04),
        ("island_cost_residual_eur", 0.14),
        ("island_cost_charges_eur", 0.0),
        ("island_standing_charges_eur", 12.0),
        ("island_contract_payments_eur", -0.06),
        ("island_taxes_eur", 1.02),
        ("island_co2_kg", 0.25), // 1.25 kWh at 200 g/kWh
    ];
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(name, value)| (name.to_owned(), Some(value))).collect();
    let mut found = values(&two_interval_kpis(&records()));
    let elsewhere = ["supply_", "reserve_", "flexibility_", "congestion_"];
    found.retain(|name, _| {
        !elsewhere.iter().any(|prefix| name.starts_with(prefix)) && !name.ends_with("_evening_peak_kw")
    });
    assert_eq!(found, expected);
}

#[test]
fn a_supply_of_two_quarter_hours_by_hand() {
    let mut kpis = Kpis::new(&catalogue());
    for (k, engines_kw) in [(0, 10.0), (1, 4.0)] {
        let start = START + TICK * k;
        let readings = Readings { supply: supply(start, engines_kw), ..readings(TICK, 0.0, 10.0, 0.0, 0.0, 0.0) };
        kpis.add(&rows(start, TICK, &readings, &[]));
    }
    let found = values(&kpis);
    for (name, value) in [
        ("biomass_kwh", 0.0),
        ("wind_kwh", 0.0),
        ("pv_kwh", 1.5),
        ("engines_kwh", 3.5),
        ("turbines_kwh", 0.0),
        ("unserved_kwh", 0.0),
        ("surplus_kwh", 0.0),
        ("curtailed_kwh", 0.5),
        ("fuel_kg", 3.5),
        ("co2_kg", 10.5),
        ("renewable_share", 0.3),
        ("engines_online_count", 3.5), // 5 and 2
    ] {
        assert_eq!(found[&format!("supply_{name}")], Some(value), "{name}");
    }
    assert_eq!(found.keys().filter(|name| name.starts_with("supply_")).count(), 12);
}

#[test]
fn the_evening_lasts_from_18_to_22_by_the_local_clock() {
    let peak = |hours_local: &[(f64, f64)]| {
        let calendar = Calendar { utc_offset: Span::from_s(-4 * 3600) };
        let mut kpis = Kpis::new(&Catalogue { calendar, ..catalogue() });
        for (hour, load) in hours_local {
            let start = calendar.midnight(20_000) + Span::from_hours(*hour);
            kpis.add(&rows(start, TICK, &readings(TICK, 0.0, *load, 0.0, 0.0, 0.0), &[]));
        }
        let found = values(&kpis);
        assert_eq!(found["island_evening_peak_kw"], found["cariflex_evening_peak_kw"]);
        found["island_evening_peak_kw"]
    };
    assert_eq!(peak(&[(17.75, 9.0), (18.0, 2.0), (19.0, 3.0), (21.75, 4.0), (22.0, 8.0)]), Some(4.0));
    assert_eq!(peak(&[(18.0, 5.0), (21.75, 4.0)]), Some(5.0));
    assert_eq!(peak(&[(20.0, -5.0)]), Some(0.0), "it exported");
    assert_eq!(peak(&[(12.0, 9.0), (17.75, 9.0)]), None, "there was no evening");
}

#[test]
fn where_there_is_nothing_to_say_a_key_figure_is_null() {
    let values = values(&Kpis::new(&Catalogue::default()));
    let nothing: Vec<_> = values.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        nothing,
        [
            "battery_equivalent_full_cycles",
            "battery_lowest_soh_share",
            "congestion_before_min",
            "congestion_min",
            "flexibility_energy_kwh",
            "flexibility_ordered_kwh",
            "flexibility_payment_eur",
            "flexibility_penalty_eur",
            "flexibility_requested_kwh",
            "forecast_mae_day_ahead_kw",
            "forecast_mae_hour_ahead_kw",
            "forecast_mae_next_slot_kw",
            "forecast_skill_day_ahead_share",
            "forecast_skill_hour_ahead_share",
            "forecast_skill_next_slot_share",
            "island_co2_kg",
            "island_contract_payments_eur",
            "island_cost_charges_eur",
            "island_cost_eur",
            "island_cost_residual_eur",
            "island_cost_traded_eur",
            "island_evening_peak_kw",
            "island_self_consumption_share",
            "island_self_sufficiency_share",
            "island_standing_charges_eur",
            "island_taxes_eur",
            "market_cost_eur",
            "market_local_share",
            "market_mean_price_eur_per_mwh",
            "market_savings_eur",
            "market_savings_gini_share",
            "market_savings_jain_share",
            "market_welfare_eur",
            "plan_best_eur",
            "plan_cost_eur",
            "plan_not_followed_count",
            "plan_regret_eur",
            "plan_regret_share",
            "plans_count",
            "plans_on_news_count",
            "reserve_called_kwh",
            "reserve_delivered_kwh",
            "reserve_down_held_kwh",
            "reserve_fined_eur",
            "reserve_paid_eur",
            "reserve_up_held_kwh",
            "supply_biomass_kwh",
            "supply_co2_kg",
            "supply_curtailed_kwh",
            "supply_engines_kwh",
            "supply_engines_online_count",
            "supply_fuel_kg",
            "supply_pv_kwh",
            "supply_renewable_share",
            "supply_surplus_kwh",
            "supply_turbines_kwh",
            "supply_unserved_kwh",
            "supply_wind_kwh",
        ]
    );
}

#[test]
fn the_tick_does_not_change_what_is_netted() {
    // Within the quarter hour the portfolio imports 4 kW, then exports 8 kW, then imports again: −0.5 kW on average.
    let parts = [4.0, -8.0, 2.0, 0.0].map(|battery| readings(Span::from_s(225), 0.0, 0.0, battery, 0.0, 100.0));
    let mut fine = Kpis::new(&catalogue());
    for (part, k) in parts.iter().zip(0..) {
        fine.add(&rows(START + Span::from_s(225) * k, Span::from_s(225), part, &[]));
    }
    let mut coarse = Kpis::new(&catalogue());
    coarse.add(&rows(START, TICK, &readings(TICK, 0.0, 0.0, -0.5, 0.0, 100.0), &[]));
    let (fine, coarse) = (values(&fine), values(&coarse));
    for name in ["import_kwh", "export_kwh", "import_peak_kw", "co2_kg"].map(|name| format!("cariflex_{name}")) {
        assert_eq!(fine[&name], coarse[&name], "{name}");
    }
    assert_eq!(fine["cariflex_export_kwh"], Some(0.125));
}

#[test]
fn asking_for_the_figures_does_not_change_them() {
    let [first, second] = two_intervals();
    let mut kpis = Kpis::new(&catalogue());
    let half = Span(TICK.0 / 2);
    kpis.add(&rows(START, half, &first, &[]));
    kpis.table();
    kpis.add(&rows(START + half, half, &second, &[]));
    // −2 kW and 1 kW, half of the quarter hour each.
    assert_eq!(values(&kpis)["cariflex_export_kwh"], Some(0.125));
    assert_eq!(values(&kpis)["cariflex_import_kwh"], Some(0.0));
}

#[test]
fn a_run_is_one_wide_row() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = RunWriter::create(dir.path(), info(Level::Kpis), &catalogue()).expect("begun");
    record_two_intervals(&mut writer);
    let summary = writer.finish(Status::Complete).expect("finished");
    let path = dir.path().join("kpis.parquet");
    assert_eq!(
        cells(&path, &["run", "seed", "start", "end", "tick_s", "cariflex_import_kwh", "island_co2_kg"]),
        [["0123456789abcdef", "7", "2026-03-20T00:00:00Z", "2026-03-20T00:30:00Z", "900", "0.25", "0.25"]]
    );
    let schema = common::read(&path)[0].schema();
    let columns: Vec<_> = schema.fields().iter().skip(6).map(|field| field.name().as_str()).collect();
    assert_eq!(columns, summary.kpis.iter().map(|kpi| kpi.name.as_str()).collect::<Vec<_>>());
    assert_eq!(schema.field_with_name("island_co2_kg").expect("a field").metadata()["unit"], "kg");
    let printed = summary.to_string();
    assert!(printed.contains("Cariflex: peak import") && printed.contains("1 kW"), "{printed}");
}
