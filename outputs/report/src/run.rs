//! What the page of a run shows.

mod areas;
mod comparison;
mod events;
mod faults;
mod figures;
mod flexibility;
mod flows;
mod groups;
mod invoices;
mod market;
mod plans;
mod reserve;
mod sample;
mod signals;

use jiff::tz::TimeZone;
use results::Level;
use results::read::{RunHead, Table};
use results::schema::{ASSETS, EVENTS, PARTICIPANTS, SIGNALS};
use serde_json::{Map, Value, json};

use crate::calendar::Bins;
use crate::error::ReportError;
use flows::Flows;
use groups::Grouping;

/// Longest text of a section of the scenario that is shown; longer ones list thousands of assets one by one.
const LONGEST_SECTION: usize = 200_000;

/// Everything the page needs to know of a run.
pub(crate) fn document(head: &RunHead) -> Result<Value, ReportError> {
    let end = head.reached.unwrap_or(head.start);
    if end <= head.start {
        let problem = "its run has not recorded anything yet; wait for it, or run it again";
        return Err(ReportError::Nothing { dir: head.dir.clone(), problem });
    }
    let bins = bins(head, end)?;
    let flows = match head.table(&ASSETS) {
        Some(path) => {
            let table = Table::open(&path)?;
            let flows = Flows::read(&table, &bins, &Grouping::of(&head.scenario))?;
            let communes = head.table(&PARTICIPANTS).map(|path| sample::communes(&path)).transpose()?;
            let assets = sample::document(&table, &bins, &flows.assets, &communes.unwrap_or_default())?;
            Some((flows, assets))
        }
        None => None,
    };
    let mut document = json!({
        "what": "run",
        "head": figures::head(head, &bins)?,
        "figures": figures::large(head, &bins, flows.as_ref().map(|(flows, _)| flows)),
        "kpis": figures::all(head)?,
        "scenario": scenario(&head.scenario),
        "inputs": head.inputs,
    });
    if let Some((flows, assets)) = flows {
        document["bins"] = bins.document();
        document["flows"] = flows.document(&bins);
        document["assets"] = assets;
        document["market"] = market::document(head, &bins)?;
        document["reserve"] = reserve::document(head, &bins)?;
        document["flexibility"] = flexibility::document(head, &bins)?;
        document["invoices"] = invoices::document(head)?;
        document["plans"] = plans::document(head, &bins)?;
        document["signals"] = head.table(&SIGNALS).map(|path| signals::signals(&path, &bins)).transpose()?.into();
        document["supply"] = head.file("supply").map(|path| signals::supply(&path, &bins)).transpose()?.into();
    }
    document["events"] = head.table(&EVENTS).map(|path| events::document(&path)).transpose()?.into();
    document["areas"] = areas::document(head);
    document["comparison"] = comparison::document(head);
    document["faults"] = faults::document(head, end)?;
    Ok(document)
}

fn bins(head: &RunHead, end: agents::Time) -> Result<Bins, ReportError> {
    let name = head.scenario["place"]["zone"].as_str().unwrap_or("UTC");
    let zone = TimeZone::get(name).map_err(|_| ReportError::Zone { dir: head.dir.clone(), zone: name.to_owned() })?;
    Ok(Bins::new(head.start, end, head.level == Level::Hourly, zone, name.to_owned()))
}

/// The scenario by section, without sections that would fill a book.
fn scenario(scenario: &Value) -> Value {
    let mut sections = Map::new();
    for (name, section) in scenario.as_object().into_iter().flatten() {
        let shown = if section.to_string().len() > LONGEST_SECTION {
            let count = section.as_object().map_or(0, Map::len);
            Value::from(format!("{count} entries, see `scenario` in run.json"))
        } else {
            section.clone()
        };
        sections.insert(name.clone(), shown);
    }
    sections.into()
}
