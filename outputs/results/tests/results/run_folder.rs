//! The folder of a run: whole or recognisably not, and nobody else's files touched.

use std::fs;
use std::path::Path;

use crate::common;
use crate::common::{START, TICK, catalogue, cells, info, names, record_two_intervals, rows, run_json, two_intervals};
use agents::record::Recorder;
use results::{Level, ResultsError, RunState, RunWriter, Status, read_state};

fn create(dir: &Path, level: Level) -> Result<RunWriter, ResultsError> {
    RunWriter::create(dir, info(level), &catalogue())
}

/// A run of two intervals, complete.
fn complete_run(dir: &Path, level: Level) {
    let mut writer = create(dir, level).expect("begun");
    record_two_intervals(&mut writer);
    writer.finish(Status::Complete).expect("finished");
}

const ALL: [&str; 28] = [
    "areas.parquet",
    "assets.parquet",
    "clearings.parquet",
    "compared_bills.parquet",
    "comparisons.parquet",
    "events.parquet",
    "faults.parquet",
    "flexibility.parquet",
    "forecast_scores.parquet",
    "forecasts.parquet",
    "invoices.parquet",
    "kpis.parquet",
    "mirror.parquet",
    "orders.parquet",
    "participants.parquet",
    "plan_days.parquet",
    "plan_slots.parquet",
    "plans.parquet",
    "reserve.parquet",
    "run.json",
    "schedules.parquet",
    "sessions.parquet",
    "settlements.parquet",
    "signals.parquet",
    "sites.parquet",
    "storage_health.parquet",
    "supply.parquet",
    "trades.parquet",
];

#[test]
fn a_complete_run_has_all_tables_and_says_so() {
    let parent = tempfile::tempdir().expect("a folder");
    let dir = parent.path().join("results/small");
    let mut writer = create(&dir, Level::Full).expect("begun");
    assert_eq!(read_state(&dir).expect("ours"), Some(RunState::Running));
    record_two_intervals(&mut writer);
    let summary = writer.finish(Status::Complete).expect("finished");
    assert_eq!(names(&dir), ALL);
    assert_eq!(read_state(&dir).expect("ours"), Some(RunState::Complete));
    assert_eq!(summary.reached, START + TICK * 2);
    let json = run_json(&dir);
    assert_eq!(json["status"], "complete");
    assert_eq!(json["reached"], "2026-03-20T00:30:00Z");
    assert_eq!(json["tables"]["assets"], serde_json::json!({"file": "assets.parquet", "rows": 10}));
    assert_eq!(json["tables"]["settlements"]["rows"], 2);
    assert_eq!(json["scenario"]["name"], "small");
    assert_eq!(json["kpis"]["pv_production_kwh"], 2.0);
    let counts = serde_json::json!({"battery": 1, "ev": 1, "evse": 1, "load": 1, "market_operator": 1, "pv": 1});
    assert_eq!(json["participants"], counts);
    assert_eq!(json["sites"], 3);
    assert_eq!(json["portfolios"], serde_json::json!(["Cariflex"]));
    assert_eq!(json["schema_version"], 2);
    for (table, rows) in summary.tables {
        let batches = common::read(&dir.join(format!("{table}.parquet")));
        assert_eq!(batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), rows, "{table}");
    }
}

#[test]
fn an_interrupted_run_is_readable_up_to_its_last_interval() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = create(dir.path(), Level::Full).expect("begun");
    let [first, _] = two_intervals();
    writer.record(&rows(START, TICK, &first, &[])).expect("recorded");
    writer.finish(Status::Interrupted).expect("finished");
    assert_eq!(names(dir.path()), ALL);
    assert_eq!(cells(&dir.path().join("assets.parquet"), &["time"]).len(), 5);
    assert_eq!(cells(&dir.path().join("kpis.parquet"), &["end"]), [["2026-03-20T00:15:00Z"]]);
    assert_eq!(run_json(dir.path())["status"], "interrupted");
    assert_eq!(run_json(dir.path())["reached"], "2026-03-20T00:15:00Z");
}

#[test]
fn a_run_without_any_interval_is_readable() {
    let dir = tempfile::tempdir().expect("a folder");
    create(dir.path(), Level::Hourly).expect("begun").finish(Status::Failed).expect("finished");
    assert_eq!(names(dir.path()), ALL);
    assert_eq!(cells(&dir.path().join("assets.parquet"), &["time"]).len(), 0);
    assert_eq!(run_json(dir.path())["status"], "failed");
}

#[test]
fn a_killed_run_leaves_only_partial_names_and_a_run_json_that_says_running() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = create(dir.path(), Level::Full).expect("begun");
    record_two_intervals(&mut writer);
    drop(writer);
    let others: Vec<_> = names(dir.path()).into_iter().filter(|name| !name.ends_with(".partial")).collect();
    assert_eq!(others, ["run.json"]);
    assert_eq!(read_state(dir.path()).expect("ours"), Some(RunState::Running));

    complete_run(dir.path(), Level::Full);
    assert_eq!(names(dir.path()), ALL);
}

#[test]
fn a_run_that_is_taken_over_leaves_no_table_behind() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = create(dir.path(), Level::Full).expect("begun");
    record_two_intervals(&mut writer);
    writer.finish(Status::Interrupted).expect("finished");
    complete_run(dir.path(), Level::Kpis);
    assert_eq!(names(dir.path()), ["kpis.parquet", "run.json"]);
}

#[test]
fn a_complete_run_is_replaced_only_on_demand() {
    let dir = tempfile::tempdir().expect("a folder");
    complete_run(dir.path(), Level::Full);
    let before = fs::read(dir.path().join("assets.parquet")).expect("a file");
    let error = create(dir.path(), Level::Full).err().expect("refused");
    assert!(matches!(error, ResultsError::Complete { .. }), "{error}");
    assert_eq!(names(dir.path()), ALL);
    assert_eq!(fs::read(dir.path().join("assets.parquet")).expect("a file"), before);

    fs::write(dir.path().join("notes.txt"), "mine").expect("a file");
    let writer = RunWriter::overwrite(dir.path(), info(Level::Kpis), &catalogue()).expect("begun");
    writer.finish(Status::Complete).expect("finished");
    assert_eq!(names(dir.path()), ["kpis.parquet", "notes.txt", "run.json"]);
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    for (name, content) in [("assets.parquet", "theirs"), ("run.json", "{\"status\": \"complete\"}"), ("run.json", "x")]
    {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join(name), content).expect("a file");
        let error = create(dir.path(), Level::Kpis).err().expect("refused");
        assert!(matches!(error, ResultsError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(names(dir.path()), [name]);
        assert_eq!(fs::read_to_string(dir.path().join(name)).expect("a file"), content);
    }
}

#[test]
fn other_files_in_the_folder_stay() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("scenario.toml"), "mine").expect("a file");
    complete_run(dir.path(), Level::Kpis);
    assert_eq!(names(dir.path()), ["kpis.parquet", "run.json", "scenario.toml"]);
}

#[test]
fn two_writers_never_share_a_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let writer = create(dir.path(), Level::Full).expect("begun");
    for second in [create(dir.path(), Level::Full), RunWriter::overwrite(dir.path(), info(Level::Full), &catalogue())] {
        let error = second.err().expect("refused");
        assert!(matches!(error, ResultsError::Busy { .. }), "{error}");
    }
    writer.finish(Status::Complete).expect("the first is unharmed");
    assert_eq!(names(dir.path()), ALL);
}

#[test]
fn a_folder_that_can_not_be_made_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("file"), "").expect("a file");
    let error = create(&dir.path().join("file/run"), Level::Full).err().expect("refused");
    assert!(error.to_string().contains("file/run"), "{error}");
}

#[test]
fn a_row_about_somebody_unknown_is_refused_before_it_does_harm() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut writer = create(dir.path(), Level::Hourly).expect("begun");
    let [mut first, _] = two_intervals();
    first.assets[0].asset.0 = 6;
    let error = writer.record(&rows(START, TICK, &first, &[])).expect_err("refused").to_string();
    assert!(error.contains("assets") && error.contains('6'), "{error}");
    writer.finish(Status::Failed).expect("what was recorded before is whole");
}
