//! What the files hold, and that it is what the schema and `TABLES.md` say.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::common;
use crate::common::{BATTERY, START, TICK, catalogue, cells, info, readings, record_two_intervals, records, rows};
use agents::fault::FaultKind;
use agents::reading::{AssetReading, AssetState, FaultReading, Link, MirrorReading, Signal, round_power_kw};
use agents::record::Recorder;
use agents::{Span, Time};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use results::schema::{FAULTS, MIRROR, TABLES, markdown};
use results::{Level, RunInfo, RunWriter, Status};

fn complete_run(level: Level) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = RunWriter::create(dir.path(), info(level), &catalogue()).expect("begun");
    record_two_intervals(&mut writer);
    writer.finish(Status::Complete).expect("finished");
    dir
}

#[test]
fn tables_md_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("TABLES.md");
    if std::env::var_os("UPDATE_TABLES").is_some() {
        fs::write(&path, markdown()).expect("written");
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == markdown(), "run `UPDATE_TABLES=1 cargo test -p cariflex-results tables_md`");
}

#[test]
fn files_have_the_documented_columns_and_say_what_they_mean() {
    let dir = complete_run(Level::Full);
    for table in TABLES {
        let file = File::open(dir.path().join(table.file_name())).expect("a table");
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
        for (column, field) in table.columns.iter().zip(builder.schema().fields()) {
            assert_eq!(**field, column.field(), "{}", table.name);
        }
        let metadata = builder.metadata().file_metadata().key_value_metadata().expect("metadata");
        let value = |key: &str| metadata.iter().find(|entry| entry.key == key).and_then(|entry| entry.value.as_deref());
        assert_eq!(value("cariflex.run"), Some("0123456789abcdef"), "{}", table.name);
        assert_eq!(value("cariflex.scenario"), Some("small"), "{}", table.name);
        assert_eq!(value("cariflex.seed"), Some("7"), "{}", table.name);
        assert_eq!(value("cariflex.schema_version"), Some("2"), "{}", table.name);
        assert!(value("cariflex.signs").is_some_and(|signs| signs.contains("consumption")), "{}", table.name);
        assert!(value("cariflex.units").is_some(), "{}", table.name);
    }
}

#[test]
fn assets_keep_the_contract_of_the_platform() {
    let dir = complete_run(Level::Full);
    let path = dir.path().join("assets.parquet");
    let schema = common::read(&path)[0].schema();
    let name = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let expected = [
        ("time", DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())), false),
        ("asset", name.clone(), false),
        ("kind", name.clone(), false),
        ("power_kw", DataType::Float64, false),
        ("setpoint_kw", DataType::Float64, true),
        ("energy_kwh", DataType::Float64, true),
        ("state", name, false),
        ("reactive_kvar", DataType::Float64, true),
    ];
    let found: Vec<_> =
        schema.fields().iter().map(|f| (f.name().as_str(), f.data_type().clone(), f.is_nullable())).collect();
    assert_eq!(found, expected);
    let columns: Vec<_> = expected.iter().map(|(name, ..)| *name).collect();
    let cells = cells(&path, &columns);
    assert_eq!(cells.len(), 10);
    assert_eq!(cells[0], ["2026-03-20T00:00:00Z", "bat_01", "battery", "4", "4", "9", "charging", "-"]);
    assert_eq!(cells[4], ["2026-03-20T00:00:00Z", "pv_01", "pv", "-8", "-", "-", "producing", "2"]);
    assert_eq!(cells[6], ["2026-03-20T00:15:00Z", "ev_01", "ev", "-3", "-", "20", "discharging", "-"]);
}

#[test]
fn every_row_type_lands_in_its_table() {
    let dir = complete_run(Level::Full);
    let row =
        |table: &str, columns: &[&str]| cells(&dir.path().join(format!("{table}.parquet")), columns).swap_remove(0);
    assert_eq!(
        row("sites", &["time", "site", "power_kw", "import_kwh", "export_kwh", "imbalance_kw"]),
        ["2026-03-20T00:00:00Z", "site_a", "-6", "0", "1.5", "1.5"]
    );
    assert_eq!(
        row("signals", &["time", "signal", "value", "unit"]),
        ["2026-03-20T00:00:00Z", "irradiance", "800", "W/m2"]
    );
    assert_eq!(
        row("orders", &["slot_end", "order_id", "participant", "side", "energy_wh", "limit_ueur_per_kwh", "filled_wh"]),
        ["2026-03-20T00:15:00Z", "18446744073709551615", "load_01", "bid", "500", "200000", "300"]
    );
    assert_eq!(row("orders", &["quality", "premium_percent"]), ["2", "5.25"]);
    assert_eq!(
        row("trades", &["slot_start", "buyer", "seller", "energy_wh", "price_ueur_per_kwh", "fee_ueur_per_kwh"]),
        ["2026-03-20T00:00:00Z", "load_01", "pv_01", "300", "150000", "5000"]
    );
    assert_eq!(
        cells(&dir.path().join("clearings.parquet"), &["price_ueur_per_kwh", "volume_wh", "demand_wh", "supply_wh"]),
        [["150000", "300", "500", "2000"], ["-", "0", "10", "0"]]
    );
    assert_eq!(
        row("areas", &["product", "area", "price_ueur_per_kwh", "demand_wh", "bought_wh", "sold_wh", "local_wh"]),
        ["spot", "north", "150000", "500", "300", "400", "240"]
    );
    assert_eq!(row("areas", &["volume_wh", "fees_neur", "local_share"]), ["300", "1500000", "0.8"]);
    assert_eq!(
        row("settlements", &["site", "metered_import_wh", "metered_export_wh", "bought_wh", "sold_wh"]),
        ["site_a", "500", "0", "300", "0"]
    );
    let bill = ["residual_import_wh", "residual_export_wh", "traded_neur", "residual_neur", "total_neur"];
    assert_eq!(row("settlements", &bill), ["200", "0", "45000000", "40000000", "85000000"]);
    let line = ["month", "is_partial", "line", "side", "quantity_wh", "mean_price_ueur_per_kwh"];
    let amounts = ["site", "net_neur", "tax_neur", "total_neur"];
    let invoices = |columns: &[&str]| cells(&dir.path().join("invoices.parquet"), columns);
    assert_eq!(
        invoices(&line),
        [["2026-03", "true", "standing", "owed", "0", "-"], ["2026-03", "true", "contract", "due", "400", "150000"]]
    );
    assert_eq!(
        invoices(&amounts),
        [["site_a", "12000000000", "1020000000", "13020000000"], ["site_a", "-60000000", "0", "-60000000"]]
    );
    assert_eq!(
        row("sessions", &["evse", "vehicle", "end_time", "delivered_kwh", "returned_kwh", "unserved_kwh", "cost_neur"]),
        ["evse_01", "ev_01", "2026-03-20T00:15:00Z", "1.75", "0.75", "2.5", "-"]
    );
    let columns = ["time", "asset", "soh", "calendar_fade", "cycle_fade", "equivalent_full_cycles"];
    assert_eq!(
        row("storage_health", &columns),
        ["2026-03-20T00:00:00Z", "bat_01", "0.9785", "0.02", "0.0015", "32.25"]
    );
    assert_eq!(row("storage_health", &["cell_mean_c", "cell_max_c", "lost_kwh"]), ["29.5", "33.75", "12.5"]);
    assert_eq!(
        row("plans", &["time", "reason", "slots", "cost_eur", "missed_kwh"]),
        ["2026-03-20T00:00:00Z", "arrival", "96", "12.5", "0.25"]
    );
    assert_eq!(
        row("schedules", &["time", "asset", "slot_start", "slot_end", "power_kw", "soc_kwh", "reason"]),
        ["2026-03-20T00:00:00Z", "bat_01", "2026-03-20T00:15:00Z", "2026-03-20T00:30:00Z", "-3.5", "6.25", "arrival"]
    );
    let fan = ["time", "slot_start", "horizon_min", "expected_kw", "q05_kw", "q50_kw", "q95_kw"];
    assert_eq!(
        cells(&dir.path().join("forecasts.parquet"), &fan),
        [
            ["2026-03-20T00:00:00Z", "2026-03-20T00:30:00Z", "30", "-2.25", "-5", "-2", "1"],
            ["2026-03-20T00:15:00Z", "2026-03-20T00:30:00Z", "15", "-2.25", "-5", "-2", "1"]
        ]
    );
    let came = ["slot_start", "planned_kw", "storing_kw", "planned_rest_kw", "rest_kw"];
    assert_eq!(row("plan_slots", &came), ["2026-03-20T00:00:00Z", "-", "4", "-", "-2.5"]);
    let prices = ["import_price_ueur_per_kwh", "export_price_ueur_per_kwh"];
    assert_eq!(row("plan_slots", &prices), ["234500", "100000"]);
    assert_eq!(
        row("plan_days", &["time", "end_time", "cost_eur", "best_eur", "regret_eur"]),
        ["2026-03-20T00:00:00Z", "2026-03-20T00:15:00Z", "12", "10", "2"]
    );
    let leads = ["time", "lead_from_min", "lead_to_min", "outcomes", "mae_kw", "rmse_kw", "bias_kw", "crps_kw"];
    assert_eq!(
        cells(&dir.path().join("forecast_scores.parquet"), &leads)[1],
        ["2026-03-20T00:15:00Z", "45", "60", "1", "5", "5", "5", "5"]
    );
    let shares = ["skill_persistence_share", "skill_day_before_share", "coverage_80_share"];
    assert_eq!(row("forecast_scores", &shares), ["0.6", "-", "0"]);
    assert_eq!(
        row("events", &["time", "participant", "code", "detail"]),
        ["2026-03-20T00:00:00Z", "-", "input_taken", "a scénario \"said\" so"]
    );
}

#[test]
fn participants_are_told_with_their_sites() {
    let dir = complete_run(Level::Hourly);
    let columns = ["participant", "kind", "site", "commune", "portfolio", "capacity_kwh"];
    assert_eq!(
        cells(&dir.path().join("participants.parquet"), &columns),
        [
            ["bat_01", "battery", "site_b", "Ducos", "Cariflex", "10"],
            ["ev_01", "ev", "site_c", "Ducos", "-", "52"],
            ["evse_01", "evse", "site_c", "Ducos", "-", "-"],
            ["load_01", "load", "site_a", "Ducos", "Cariflex", "-"],
            ["market_operator", "market_operator", "-", "-", "-", "-"],
            ["pv_01", "pv", "site_a", "Ducos", "Cariflex", "-"],
        ]
    );
}

/// Two hours of quarter hours in which engines give 2 kW, 4 kW, ….
fn supplied_run(level: Level) -> Vec<Vec<String>> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = RunWriter::create(dir.path(), info(level), &catalogue()).expect("begun");
    for k in 0..8 {
        let start = START + TICK * k;
        let supply = common::supply(start, 2.0 * (k + 1) as f64);
        let readings = common::Readings { supply, ..readings(TICK, 0.0, 10.0, 0.0, 0.0, 0.0) };
        writer.record(&rows(start, TICK, &readings, &[])).expect("recorded");
    }
    writer.finish(Status::Complete).expect("finished");
    let columns = ["time", "source", "power_kw", "curtailed_kw", "units_online", "fuel_kg", "co2_kg"];
    cells(&dir.path().join("supply.parquet"), &columns)
}

#[test]
fn a_supply_has_a_row_per_slot_and_source_and_hours_are_means_and_sums_of_them() {
    let full = supplied_run(Level::Full);
    assert_eq!(full.len(), 8 * 7);
    let sources: Vec<_> = full[..7].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(sources, ["biomass", "wind", "pv", "engines", "turbines", "unserved", "surplus"]);
    assert_eq!(full[2], ["2026-03-20T00:00:00Z", "pv", "-8", "1", "-", "-", "-"]);
    assert_eq!(full[10], ["2026-03-20T00:15:00Z", "engines", "-4", "0", "2", "1", "3"]);
    let hourly = supplied_run(Level::Hourly);
    assert_eq!(hourly.len(), 2 * 7);
    // Engines at 2, 4, 6 and 8 kW, then at 10, 12, 14 and 16 kW.
    assert_eq!(hourly[3], ["2026-03-20T00:00:00Z", "engines", "-5", "0", "2.5", "5", "15"]);
    assert_eq!(hourly[10], ["2026-03-20T01:00:00Z", "engines", "-13", "0", "6.5", "13", "39"]);
    assert_eq!(hourly[2], ["2026-03-20T00:00:00Z", "pv", "-5", "1", "-", "-", "-"]);
}

/// Two hours of quarter hours in which a battery is mirrored in the first three and falls silent in the third.
fn mirrored_run(level: Level) -> Vec<Vec<String>> {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = RunWriter::create(dir.path(), info(level), &catalogue()).expect("begun");
    let powers_kw = [Some(4.0), Some(1.0), None];
    for k in 0..8 {
        let mirrored = powers_kw.get(k).map(|&field_power_kw| MirrorReading {
            asset: BATTERY,
            field_power_kw,
            model_power_kw: 1.0,
            residual_kw: field_power_kw.map(|power_kw| power_kw - 1.0),
            field_energy_kwh: field_power_kw.map(|power_kw| 10.0 - power_kw),
            energy_residual_kwh: field_power_kw.map(|_| 0.25),
            staleness_s: k as f64 * 900.0,
            is_stale: field_power_kw.is_none(),
        });
        let mirror = mirrored.into_iter().collect();
        let readings = common::Readings { mirror, ..readings(TICK, 0.0, 10.0, 0.0, 0.0, 0.0) };
        writer.record(&rows(START + TICK * k as i64, TICK, &readings, &[])).expect("recorded");
    }
    writer.finish(Status::Complete).expect("finished");
    let columns = MIRROR.columns.iter().map(|column| column.name).collect::<Vec<_>>();
    cells(&dir.path().join("mirror.parquet"), &columns)
}

#[test]
fn a_mirrored_asset_has_a_row_per_interval_and_hours_are_means_of_what_held() {
    let full = mirrored_run(Level::Full);
    assert_eq!(full.len(), 3);
    assert_eq!(full[0], ["2026-03-20T00:00:00Z", "bat_01", "4", "1", "3", "6", "0.25", "0", "false"]);
    assert_eq!(full[2], ["2026-03-20T00:30:00Z", "bat_01", "-", "1", "-", "-", "-", "1800", "true"]);
    let hourly = mirrored_run(Level::Hourly);
    assert_eq!(hourly, [["2026-03-20T00:00:00Z", "bat_01", "2.5", "1", "1.5", "9", "0.5", "1800", "true"]]);
}

/// Two hours of quarter hours in which a battery at 4 kW shows 9 kW, then 1 kW, then nothing, its clock being ahead.
fn faulty_run(level: Level) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = RunWriter::create(dir.path(), info(level), &catalogue()).expect("begun");
    for k in 0..8 {
        let mut readings = readings(TICK, 0.0, 10.0, 4.0, 0.0, 0.0);
        if k < 3 {
            let shown = |power_kw| AssetReading { power_kw, energy_kwh: Some(5.5), ..readings.assets[0] };
            let kinds = [FaultKind::SensorBias, FaultKind::ClockDrift, FaultKind::LossyLink];
            readings.faults = vec![FaultReading {
                asset: BATTERY,
                faults: kinds[..=k].to_vec(),
                shown: [Some(9.0), Some(1.0), None][k].map(shown),
                clock_error: Span::from_s(k as i64 * 2),
                link: Link { is_down: k == 1, delay: Span::from_s(5), loss_share: 0.25 * k as f64 },
            }];
        }
        writer.record(&rows(START + TICK * k as i64, TICK, &readings, &[])).expect("recorded");
    }
    assert_eq!(writer.kpis().table().iter().find(|kpi| kpi.name == "faulted_h").and_then(|kpi| kpi.value), Some(0.75));
    writer.finish(Status::Complete).expect("finished");
    let columns = FAULTS.columns.iter().map(|column| column.name).collect::<Vec<_>>();
    let truth = cells(&dir.path().join("assets.parquet"), &["asset", "power_kw"]);
    (cells(&dir.path().join("faults.parquet"), &columns), truth)
}

#[test]
fn a_faulty_asset_has_a_row_per_interval_of_what_it_showed_and_what_was_so() {
    let (full, truth) = faulty_run(Level::Full);
    let charging = AssetState::Charging.as_str();
    assert_eq!(
        full,
        [
            [
                "2026-03-20T00:00:00Z",
                "bat_01",
                "sensor_bias",
                "true",
                "9",
                "5.5",
                charging,
                "4",
                "9",
                "0",
                "false",
                "5",
                "0"
            ],
            [
                "2026-03-20T00:15:00Z",
                "bat_01",
                "sensor_bias,clock_drift",
                "true",
                "1",
                "5.5",
                charging,
                "4",
                "9",
                "2",
                "true",
                "5",
                "0.25"
            ],
            [
                "2026-03-20T00:30:00Z",
                "bat_01",
                "sensor_bias,clock_drift,lossy_link",
                "false",
                "-",
                "-",
                "-",
                "4",
                "9",
                "4",
                "false",
                "5",
                "0.5"
            ],
        ]
    );
    assert!(truth.iter().filter(|row| row[0] == "bat_01").all(|row| row[1] == "4"), "the truth stays where it was");
    let (hourly, _) = faulty_run(Level::Hourly);
    let all = "sensor_bias,clock_drift,lossy_link";
    let hour = ["2026-03-20T00:00:00Z", "bat_01", all, "true", "5", "5.5", charging, "4", "9", "4", "true", "5", "0.5"];
    assert_eq!(hourly, [hour]);
}

#[test]
fn what_an_asset_without_a_reading_shows_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = RunWriter::create(dir.path(), info(Level::Full), &catalogue()).expect("begun");
    let mut readings = readings(TICK, 0.0, 10.0, 4.0, 0.0, 0.0);
    let shown = Some(readings.assets.remove(0));
    let (clock_error, link) = (Span::ZERO, Link::default());
    readings.faults = vec![FaultReading { asset: BATTERY, faults: Vec::new(), shown, clock_error, link }];
    let error = writer.record(&rows(START, TICK, &readings, &[])).expect_err("it is refused");
    assert!(error.to_string().contains("faults"), "{error}");
}

#[test]
fn words_of_a_dictionary_are_distinct() {
    // pyarrow corrupts columns whose dictionary repeats a word; two signals share the unit EUR/MWh.
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = RunWriter::create(dir.path(), info(Level::Full), &catalogue()).expect("begun");
    let mut readings = readings(TICK, 0.0, 0.0, 0.0, 0.0, 0.0);
    readings.signals = Signal::ALL.map(|signal| signal.reading(1.0)).to_vec();
    writer.record(&rows(START, TICK, &readings, &records())).expect("recorded");
    writer.finish(Status::Complete).expect("finished");
    for table in TABLES {
        for batch in common::read(&dir.path().join(table.file_name())) {
            let dictionaries = batch.columns().iter().filter_map(|column| column.as_dictionary_opt::<Int32Type>());
            for words in dictionaries.map(|column| column.values().as_string::<i32>().clone()) {
                let distinct: BTreeSet<_> = words.iter().collect();
                assert_eq!(distinct.len(), words.len(), "{}: {words:?}", table.name);
            }
        }
    }
    let units = cells(&dir.path().join("signals.parquet"), &["unit"]).concat();
    assert_eq!(units, ["W/m2", "°C", "m/s", "EUR/MWh", "EUR/MWh", "%", "level", "g/kWh", "%"]);
}

#[test]
fn hourly_keeps_means_and_every_record() {
    let dir = complete_run(Level::Hourly);
    let full = complete_run(Level::Full);
    let assets = cells(
        &dir.path().join("assets.parquet"),
        &["time", "asset", "power_kw", "setpoint_kw", "energy_kwh", "reactive_kvar"],
    );
    assert_eq!(assets.len(), 5);
    assert_eq!(assets[0], ["2026-03-20T00:00:00Z", "bat_01", "1", "1", "3", "-"]);
    assert_eq!(assets[4], ["2026-03-20T00:00:00Z", "pv_01", "-4", "-", "-", "1"]);
    let sites =
        cells(&dir.path().join("sites.parquet"), &["site", "power_kw", "import_kwh", "export_kwh", "imbalance_kw"]);
    assert_eq!(sites[0], ["site_a", "-1.5", "0.75", "1.5", "1.125"]);
    assert_eq!(cells(&dir.path().join("signals.parquet"), &["value"]), [["400"], ["300"]]);
    let happenings =
        ["orders", "trades", "clearings", "settlements", "invoices", "sessions", "storage_health", "events"];
    let plans = ["plans", "schedules", "plan_slots", "plan_days", "forecast_scores"];
    for table in happenings.into_iter().chain(plans) {
        let read = |dir: &Path| common::read(&dir.join(format!("{table}.parquet")));
        assert_eq!(read(dir.path()), read(full.path()), "{table}");
    }
    let issued = |dir: &Path| cells(&dir.join("forecasts.parquet"), &["time"]).concat();
    assert_eq!(issued(dir.path()), ["2026-03-20T00:00:00Z"], "only those of full hours");
    assert_eq!(issued(full.path()).len(), 2);
    let kpis = |dir: &Path| common::read(&dir.join("kpis.parquet"));
    assert_eq!(kpis(dir.path())[0].columns(), kpis(full.path())[0].columns());
}

/// Records `days` of quarter hours with powers that differ from day to day and end within an hour.
fn long_run(dir: &Path, level: Level, days: i64) -> PathBuf {
    let intervals = days * 96 - 1;
    let info = RunInfo { end: START + TICK * intervals, ..info(level) };
    let mut writer = RunWriter::create(dir, info, &catalogue()).expect("begun");
    for k in 0..intervals {
        let pv = round_power_kw(-((k % 96) as f64) * 0.07 - k as f64 * 0.001);
        let readings = readings(TICK, pv, 1.0, 0.5, 0.0, 100.0);
        writer.record(&rows(START + TICK * k, TICK, &readings, &[])).expect("recorded");
    }
    writer.finish(Status::Complete).expect("finished");
    dir.join("assets.parquet")
}

#[test]
fn a_run_of_many_batches_and_row_groups_loses_no_row() {
    let dir = tempfile::tempdir().expect("a folder");
    let days = 560;
    let path = long_run(dir.path(), Level::Full, days);
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).expect("a file")).expect("Parquet");
    assert!(builder.metadata().num_row_groups() > 1, "the test should span row groups");
    let expected = (0..days * 96 - 1).flat_map(|k| [k; 5]).map(|k| START + TICK * k);
    let found = common::read(&path).into_iter().flat_map(|batch| {
        let times = batch.column(0).clone();
        (0..batch.num_rows()).map(move |row| common::cell(&times, row)).collect::<Vec<_>>()
    });
    assert!(found.eq(expected.map(|time: Time| time.to_string())));
}

#[test]
fn the_last_hour_is_kept_even_if_it_is_not_full() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = long_run(dir.path(), Level::Hourly, 1);
    let rows = cells(&path, &["time", "asset"]);
    assert_eq!(rows.len(), 24 * 5);
    assert_eq!(rows[119], ["2026-03-20T23:00:00Z", "pv_01"]);
}

#[test]
fn equal_rows_give_equal_bytes() {
    for level in [Level::Full, Level::Hourly] {
        let dirs = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        for dir in &dirs {
            long_run(dir.path(), level, 30);
        }
        let names = common::names(dirs[0].path());
        assert_eq!(names.len(), 28);
        for name in names {
            let [first, second] = dirs.each_ref().map(|dir| fs::read(dir.path().join(&name)).expect("a file"));
            assert!(first == second, "{name} at level {level}");
        }
    }
}

#[test]
fn a_tick_of_a_second_leaves_the_hours_as_they_are() {
    let hours = |tick: Span| {
        let dir = tempfile::tempdir().expect("a folder");
        let info = RunInfo { end: START + Span::HOUR, tick, ..info(Level::Hourly) };
        let mut writer = RunWriter::create(dir.path(), info, &catalogue()).expect("begun");
        let readings = readings(tick, -6.0, 1.0, 0.0, 3.6, 100.0);
        let mut start = START;
        while start < START + Span::HOUR {
            writer.record(&rows(start, tick, &readings, &[])).expect("recorded");
            start += tick;
        }
        writer.finish(Status::Complete).expect("finished");
        let read = |table: &str| common::read(&dir.path().join(table))[0].columns().to_vec();
        (read("assets.parquet"), read("sites.parquet"), read("signals.parquet"))
    };
    assert_eq!(hours(Span::from_s(1)), hours(TICK));
}
