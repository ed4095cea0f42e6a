//! What is wrong with a scenario or its data is told with file, line, key and remedy: one problem for one mistake.
//!
//! Each case is a folder with `scenario.toml`, what it extends and the data it names. Its message must hold the parts
//! listed, and the number of problems must be that of the mistakes: no wrong value may be blamed on its neighbours.

mod areas;
#[path = "../cases/mod.rs"]
mod cases;
mod contracts;
mod data;
mod faults;
mod files;
mod fleets;
mod wishes;

use cases::{Case, check};
use scenarios::{DataTable, Scenario, ScenarioError};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Five lines; what a case adds begins in line 6.
const HEAD: &str = "version = 2\nname = \"wrong\"\n[run]\nstart = \"2026-03-20\"\nduration = \"1d\"\n";
const PV: &str = "[pv]\npv_01 = { commune = \"Le Lamentin\", peak_kw = 5.0 }\n";
const EVSE: &str = "[evse]\nevse_01 = { commune = \"Ducos\", power_kw = 22 }\n";
const EV: &str = "[ev]\nev_01 = { commune = \"Ducos\", evse = \"evse_01\", capacity_kwh = 75, power_kw = 22 }\n";
const HOMES: &str = "[fleet.homes]\nof = \"household\"\ncount = 10\n";

/// The head, and a body with one mistake.
fn case(name: &'static str, body: &str, says: &'static [&'static str]) -> Case {
    whole(name, &format!("{HEAD}{body}"), says)
}

/// A scenario without the head.
fn whole(name: &'static str, text: &str, says: &'static [&'static str]) -> Case {
    Case::of("scenario.toml", name, text, says)
}

/// A right scenario, changed by an option `--set`.
fn set(name: &'static str, assignment: &'static str, says: &'static [&'static str]) -> Case {
    Case { sets: vec![assignment], ..case(name, PV, says) }
}

/// A scenario that extends `base.toml`.
fn extending(name: &'static str, body: &str, base: &str, says: &'static [&'static str]) -> Case {
    at_top(case(name, body, says), "extends = \"base.toml\"").with("base.toml", base)
}

/// A series file in the long format.
fn long(name: &'static str, csv: &str, says: &'static [&'static str]) -> Case {
    case(name, "[series.weather]\nfile = \"data.csv\"\n", says).with("data.csv", csv)
}

/// A series file with a column `ghi`, with more keys for its section.
fn wide(name: &'static str, keys: &str, csv: &str, says: &'static [&'static str]) -> Case {
    let body = format!(
        "[series.weather]\nfile = \"data.csv\"\n{keys}\n[series.weather.columns]\nghi = {{ quantity = \"irradiance\", \
         unit = \"W/m2\" }}\n"
    );
    case(name, &body, says).with("data.csv", csv)
}

/// A file of charging sessions of `ev_01`.
fn sessions(name: &'static str, csv: &str, says: &'static [&'static str]) -> Case {
    let body = format!("{EVSE}{EV}[sessions.home]\nfile = \"sessions.csv\"\n");
    case(name, &body, says).with("sessions.csv", csv)
}

/// The scenario with a line before all others.
fn at_top(mut case: Case, line: &str) -> Case {
    let text = [line.as_bytes(), b"\n", &case.files[0].1].concat();
    case.files[0].1 = text;
    case
}

fn resolve(path: &Path, sets: &[&str]) -> Result<(), ScenarioError> {
    let mut scenario = Scenario::load(&path.display().to_string())?;
    sets.iter().try_for_each(|assignment| scenario.set(assignment))?;
    let read =
        |path: PathBuf| DataTable::from_csv(&path, &fs::read(&path).expect("cases bring their data")).map(Arc::new);
    let tables = scenario.data_files()?.into_iter().map(|file| read(file.path)).collect::<Result<Vec<_>, _>>()?;
    scenario.resolve(&tables).map(drop)
}

/// Hourly rows of a day, with some replaced; row 0 stands in line 2 of its file.
fn hourly(columns: &str, row: impl Fn(usize) -> String) -> String {
    let rows: Vec<String> = (0..24).map(row).filter(|row| !row.is_empty()).collect();
    format!("{columns}\n{}\n", rows.join("\n"))
}

/// Prices of a day in the long format, with row 4 (line 6 of the file) replaced.
fn prices(row_4: &str) -> String {
    hourly("time,quantity,value,unit", |hour| match hour {
        4 => row_4.into(),
        _ => format!("2026-03-20T{hour:02}:00:00-04:00,price,200,EUR/MWh"),
    })
}

/// Irradiance of a day in a column of its own, with row 4 (line 6 of the file) replaced.
fn ghi(row_4: &str) -> String {
    hourly("time,ghi", |hour| if hour == 4 { row_4.into() } else { format!("2026-03-20T{hour:02}:00:00-04:00,300") })
}

/// A day's rows of one quantity that is measured at an asset.
fn of_asset(quantity: &str, asset: &str, value: &str) -> String {
    hourly("time,quantity,value,unit,asset", |hour| {
        format!("2026-03-20T{hour:02}:00:00-04:00,{quantity},{value},kW,{asset}")
    })
}

#[test]
fn every_mistake_is_told_with_place_key_and_remedy() {
    let cases: Vec<Case> = [
        files::syntax_and_head(),
        files::values(),
        files::assets(),
        files::mqtt(),
        contracts::contracts(),
        fleets::fleets(),
        fleets::extending_and_setting(),
        areas::areas(),
        wishes::wishes(),
        faults::faults(),
        data::series(),
        data::charging_sessions(),
    ]
    .into_iter()
    .flatten()
    .collect();
    assert!(cases.len() >= 45, "{} cases", cases.len());
    check("scenario.toml", &cases, resolve);
}

#[test]
fn a_scenario_that_begins_with_a_byte_order_mark_is_read() {
    let scenario = Scenario::parse(&format!("\u{feff}{HEAD}{PV}"), Path::new("bom.toml")).expect("it is TOML");
    assert_eq!(scenario.resolve(&[]).expect("it is right").name, "wrong");
}
