//! One event from a JSON object on standard input to one on standard output: what the counterpart tests compare with an
//! independent solver, and a way to try a defence.
//!
//! ```json
//! {"power_mw": {"bellefontaine_diesel_01": 18.3, "bellefontaine_diesel_02": 14.0}, "pv_mw": 20.0, "wind_mw": 5.0,
//!  "fleet": "TOML, Martinique's unless given", "defence": "TOML, Martinique's unless given",
//!  "settings": {"step_ms": 20, "record_ms": 100}, "tick_ms": 1000, "for_ms": 60000,
//!  "disturbances": [{"at_ms": 1000, "kind": "unit_lost", "name": "bellefontaine_diesel_01"}]}
//! ```
//! Disturbances are those of `island::Disturbance`; `name` stands for the number of a unit.

#![expect(clippy::print_stdout, reason = "an example prints")]

use island::frequency::Settings;
use island::{Defence, Disturbance, Fleet, FrequencyEvent, OperatingPoint};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::error::Error;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    power_mw: BTreeMap<String, f64>,
    #[serde(default)]
    pv_mw: f64,
    #[serde(default)]
    wind_mw: f64,
    fleet: Option<String>,
    defence: Option<String>,
    #[serde(default)]
    settings: Settings,
    tick_ms: u64,
    for_ms: u64,
    disturbances: Vec<serde_json::Map<String, serde_json::Value>>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let task: Task = serde_json::from_reader(std::io::stdin())?;
    let fleet = task.fleet.as_deref().map_or_else(|| Ok(Fleet::martinique()), Fleet::from_toml)?;
    let defence = task.defence.as_deref().map_or_else(|| Ok(Defence::martinique()), Defence::from_toml)?;
    let mut point = OperatingPoint::standing(&fleet);
    (point.pv_mw, point.wind_mw) = (task.pv_mw, task.wind_mw);
    for (name, power_mw) in &task.power_mw {
        for unit in fleet.find(name)? {
            point.power_mw[unit] = Some(*power_mw);
        }
    }
    let mut event = FrequencyEvent::begin(&fleet, &point, &defence, task.settings)?;
    for mut fields in task.disturbances {
        let at_ms = fields.remove("at_ms").and_then(|at| at.as_u64()).ok_or("a disturbance needs `at_ms`")?;
        if let Some(name) = fields.remove("name") {
            let unit = fleet.find(name.as_str().ok_or("`name` is a string")?)?[0];
            fields.insert("unit".into(), unit.into());
        }
        let disturbance: Disturbance = serde_json::from_value(fields.into())?;
        event.disturb(&fleet, at_ms, disturbance)?;
    }
    for _ in 0..task.for_ms.div_ceil(task.tick_ms) {
        event.advance(task.tick_ms);
    }
    println!(
        "{}",
        serde_json::json!({
            "status": event.status(),
            "at_ms": event.at_ms(),
            "summary": event.summary(),
            "log": event.happenings(),
            "samples": event.samples(),
        })
    );
    Ok(())
}
