//! What a sweep leaves: the same tables, whoever ran what, in whatever order, however often.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use results::sweep::{
    AxisInfo, CaseInfo, Cell, Ended, FrozenRun, FrozenSnapshot, Manifest, Parameter, Points, RunEnd, Store, figures,
    idle_patterns, open, tables,
};
use results::{InputFile, Kpi, Level, RunInfo, RunWriter, Status};

use crate::common::{START, TICK, catalogue, cells, info, names, record_two_intervals};

fn points() -> Points {
    let run = |index: u64| FrozenRun {
        run: format!("run{index}"),
        point: index / 2,
        replicate: index % 2,
        seed: u64::MAX - index % 2,
        start: START,
        end: START + TICK * 4,
        tick: TICK,
        participants: 10 + index,
        inputs: vec!["0011.csv".into(), "2233.parquet".into()],
        set: format!("[[\"fleet.cars.count\",{index}]]"),
    };
    let parameter = |name: &str, unit: &str, value: fn(i64) -> Cell| Parameter {
        name: name.into(),
        keys: vec![format!("{name}.a"), format!("{name}.b")],
        unit: unit.into(),
        description: format!("what {name} is"),
        values: (0..4).map(value).collect(),
    };
    Points {
        parameters: vec![
            parameter("cars", "", Cell::Integer),
            parameter("peak_kw", "kW", |index| Cell::Number(index as f64 / 3.0)),
            parameter("trades", "", |index| Cell::Flag(index > 1)),
            parameter("tariff", "", |index| Cell::Text(format!("case {index}"))),
        ],
        runs: (0..4).map(run).collect(),
    }
}

/// The key figures of the sweep's own runs.
const FIGURES: [&str; 3] = ["events_count", "a_import_kwh", "island_import_kwh"];

fn manifest(kpis: &[&str]) -> Manifest {
    let kpis: Vec<String> = kpis.iter().map(ToString::to_string).collect();
    Manifest {
        id: String::new(),
        name: "cars".into(),
        about: None,
        engine: "test".into(),
        method: "grid".into(),
        points: 2,
        seeds: vec![u64::MAX, u64::MAX - 1],
        runs: 4,
        record: Level::Kpis,
        axes: vec![AxisInfo {
            name: "cars".into(),
            keys: vec!["fleet.cars.count".into()],
            unit: String::new(),
            description: String::new(),
            cases: vec![CaseInfo { name: "few".into(), set: vec![("fleet.cars.count".into(), 3.into())] }],
        }],
        figures: figures(&kpis, &FIGURES.map(String::from).into()),
        kpis,
        inputs: Vec::new(),
        snapshot: None,
        scenario: serde_json::json!({ "name": "cars", "share": 0.30000000000000004 }),
    }
    .seal(&points())
}

fn complete(run: &str, figures: &[(&str, f64)]) -> RunEnd {
    let kpi = |(name, value): &(&str, f64)| Kpi {
        name: (*name).into(),
        value: value.is_finite().then_some(*value),
        unit: "kWh",
        label: format!("what {name} is"),
    };
    RunEnd { run: run.into(), wall_s: 0.5, outcome: Ok(figures.iter().map(kpi).collect()) }
}

fn failed(run: &str) -> RunEnd {
    RunEnd { run: run.into(), wall_s: 0.1, outcome: Err("the disk is full".into()) }
}

fn folder(dir: &Path) -> Box<dyn Store> {
    open(&dir.display().to_string()).expect("a place")
}

fn write_part(store: &dyn Store, ends: Vec<RunEnd>) {
    let mut part = Ended::default();
    ends.into_iter().for_each(|end| part.push(end));
    part.write_part(store).expect("a part");
}

#[test]
fn what_is_frozen_is_read_back_as_it_was() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = folder(dir.path());
    assert_eq!(Manifest::read(&*store).expect("nothing is no error"), None);
    points().write(&*store).expect("written");
    manifest(&[]).write(&*store).expect("written");
    assert_eq!(Points::read(&*store).expect("points"), points());
    assert_eq!(Manifest::read(&*store).expect("a manifest"), Some(manifest(&[])));
    from_snapshot("snapshot.json").write(&*store).expect("written");
    assert_eq!(Manifest::read(&*store).expect("a manifest"), Some(from_snapshot("snapshot.json")));
    assert_eq!(points().runs[3].cost(), 13 * 4);
}

#[test]
fn the_id_of_a_sweep_changes_with_all_that_matters() {
    let mut ids = BTreeSet::from([manifest(&[]).id, manifest(&["*"]).id]);
    let mut other = points();
    other.runs[3].run = "other".into();
    ids.insert(manifest(&[]).seal(&other).id);
    ids.insert(Manifest { record: Level::Full, ..manifest(&[]) }.seal(&points()).id);
    assert_eq!(ids.len(), 4);
    assert!(manifest(&[]).fits(&points()) && !manifest(&[]).fits(&other));
    let elsewhere = Manifest { scenario: serde_json::json!({ "folder": "elsewhere" }), ..manifest(&[]) };
    assert_eq!(elsewhere.seal(&points()).id, manifest(&[]).id);
    assert_eq!(from_snapshot("elsewhere/snapshot.json").seal(&points()).id, from_snapshot("snapshot.json").id);
}

/// The same sweep from a snapshot in a file.
fn from_snapshot(path: &str) -> Manifest {
    let file = InputFile::of(path, b"{}");
    let snapshot = FrozenSnapshot { from: path.into(), time: "2026-03-20T04:00:00Z".into(), file };
    Manifest { snapshot: Some(snapshot), ..manifest(&[]) }.seal(&points())
}

#[test]
fn tables_are_the_same_whoever_ran_what_and_how_often() {
    let end = |index: u64| match index {
        1 => complete("run1", &[("events_count", 1.0), ("island_import_kwh", f64::NAN)]),
        3 => complete("run3", &[("island_import_kwh", 3.0), ("a_import_kwh", 3.5), ("events_count", 3.0)]),
        _ => complete(&format!("run{index}"), &[("events_count", index as f64)]),
    };
    let [one, two] = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let (first, second) = (folder(one.path()), folder(two.path()));
    write_part(&*first, (0..4).map(end).collect());
    // Another order, other files, one run twice, one that failed before, one of an earlier version of the sweep.
    write_part(&*second, vec![failed("run2"), end(3), failed("run1")]);
    write_part(&*second, vec![end(1), end(0), complete("gone", &[("b_import_kwh", 9.0)])]);
    write_part(&*second, vec![end(2), RunEnd { wall_s: 9.0, ..end(3) }]);
    for store in [&first, &second] {
        let ended = Ended::read(&**store).expect("parts");
        tables(&manifest(&["events*", "*_import_kwh"]), &points(), &ended).write(&**store).expect("written");
    }
    let [kpis, others] = [one.path(), two.path()].map(|dir| dir.join("kpis.parquet"));
    assert!(fs::read(&kpis).expect("kpis") == fs::read(others).expect("kpis"));
    let columns = ["run", "seed", "cars", "trades", "tariff", "events_count", "a_import_kwh", "island_import_kwh"];
    assert_eq!(cells(&kpis, &columns)[1], ["run1", "18446744073709551614", "1", "false", "case 1", "1", "-", "-"]);
    assert_eq!(cells(&kpis, &columns)[3], ["run3", "18446744073709551614", "3", "true", "case 3", "3", "3.5", "3"]);
    assert_eq!(cells(&one.path().join("runs.parquet"), &["status", "wall_s", "ticks"])[3], ["complete", "0.5", "4"]);
}

#[test]
fn a_run_that_failed_is_told_and_has_no_figures() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = folder(dir.path());
    write_part(&*store, vec![complete("run0", &[("events_count", 0.0)]), failed("run1")]);
    let ended = Ended::read(&*store).expect("parts");
    assert_eq!((ended.has("run1"), ended.is_complete("run1"), ended.has("run2")), (true, false, false));
    assert_eq!((ended.error("run1"), ended.error("run0")), (Some("the disk is full"), None));
    tables(&manifest(&[]), &points(), &ended).write(&*store).expect("written");
    assert_eq!(cells(&dir.path().join("kpis.parquet"), &["run"]), [["run0"]]);
    let runs = cells(&dir.path().join("runs.parquet"), &["run", "point", "status", "error"]);
    assert_eq!(runs, [["run0", "0", "complete", "-"], ["run1", "0", "failed", "the disk is full"]]);
}

#[test]
fn parts_are_made_one_when_all_have_ended() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = folder(dir.path());
    for index in 0..4 {
        write_part(&*store, vec![complete(&format!("run{index}"), &[("events_count", f64::from(index))])]);
    }
    let ended = Ended::read(&*store).expect("parts");
    // What another process adds meanwhile stays.
    write_part(&*store, vec![complete("run9", &[("events_count", 9.0)])]);
    ended.compact(&*store).expect("compacted");
    assert_eq!(names(&dir.path().join("kpis")).len(), 2);
    let all = Ended::read(&*store).expect("parts");
    assert!(["run0", "run1", "run2", "run3", "run9"].iter().all(|run| all.is_complete(run)));
}

#[test]
fn a_run_is_kept_whole_and_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = folder(dir.path());
    let write = |host: &str| {
        let scratch = store.begin_run("abc").expect("a folder");
        let info = RunInfo { host: host.into(), ..info(Level::Full) };
        let mut writer = RunWriter::create(scratch.dir(), info, &catalogue()).expect("a run");
        record_two_intervals(&mut writer);
        writer.finish(Status::Complete).expect("finished");
        scratch
    };
    drop(store.begin_run("lost").expect("a folder"));
    store.keep_run("abc", write("first")).expect("kept");
    store.keep_run("abc", write("second")).expect("kept already");
    let run_json = fs::read_to_string(dir.path().join("run=abc/run.json")).expect("run.json");
    assert!(run_json.contains("\"host\": \"first\""), "{run_json}");
    assert_eq!(store.list("").expect("names"), ["run=abc/", "running/"]);
    drop(store);
    assert_eq!(names(dir.path()), ["run=abc"]);
}

#[test]
fn what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not() {
    let dir = tempfile::tempdir().expect("a folder");
    let alive = folder(dir.path());
    let scratch = alive.begin_run("mine").expect("a folder");
    fs::write(dir.path().join("running/1-2a.lock"), "").expect("a file");
    fs::create_dir_all(dir.path().join("running/dead-1-2a")).expect("a folder");
    fs::create_dir_all(dir.path().join("kpis")).expect("a folder");
    fs::write(dir.path().join("kpis/part-1.parquet.1-2a.partial"), "half").expect("a file");
    let other = folder(dir.path());
    assert!(scratch.dir().exists());
    assert_eq!(names(&dir.path().join("running")).len(), 2);
    assert_eq!(other.list("kpis").expect("names"), Vec::<String>::new());
    assert_eq!(names(&dir.path().join("kpis")), Vec::<String>::new());
}

#[test]
fn what_is_no_sweep_of_ours_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = folder(dir.path());
    for (text, says) in [
        ("no json", "no run and no sweep"),
        ("{\"format\":\"x\",\"schema_version\":1}", "no run and no sweep"),
        ("{\"format\":\"cariflex-sweep\",\"schema_version\":99}", "version 99"),
        ("{\"format\":\"cariflex-sweep\",\"schema_version\":1}", "missing field"),
    ] {
        store.write("sweep.json", text.as_bytes()).expect("written");
        let error = Manifest::read(&*store).expect_err(text).to_string();
        assert!(error.contains(says) && error.contains(&store.place()), "{error}");
    }
    store.write("kpis/part-1.parquet", b"no parquet").expect("written");
    let ended = Ended::read(&*store).expect("what is damaged is told");
    assert!(ended.broken().len() == 1 && ended.broken()[0].contains("part-1.parquet"), "{:?}", ended.broken());
    fs::write(dir.path().join("file"), "").expect("a file");
    let error = open(&dir.path().join("file").display().to_string()).expect_err("a file is no folder").to_string();
    assert!(error.contains("no folder"), "{error}");
}

#[test]
fn patterns_that_match_nothing_are_found() {
    let names = ["events_count", "island_import_kwh"].map(String::from).into();
    let patterns = ["events*", "*_kw", "island_import_kwh", "import"].map(String::from);
    assert_eq!(idle_patterns(&patterns, &names), ["*_kw", "import"]);
}
