//! `FAULTS.md`: the catalogue of faults for a reader, generated, behind an introduction by hand.

use super::common_keys;
use crate::explain::limits;
use crate::parameters::Parameter;
use agents::Kind;
use agents::fault::{FaultEntry, FaultKind};

const INTRODUCTION: &str = "\
# Faults of devices

Generated from the catalogue in `agents/src/fault/catalogue.rs`; `cariflex explain fault.KIND` says the same of one kind.

A fault is something typed that goes wrong with one device: it has a name, parameters with units and limits, a beginning and
mostly an end. It acts on one of four layers:

- **body**: on what flows. Meters, the market and the network see it.
- **sensor**: on what is shown, to results, to MQTT, to the API, and to those who plan with it: the device's own core and
  its energy manager. Limits of cells, reserves and everything else that is physics go by what is so.
- **clock**: on the timestamps that the device gives.
- **link**: on what it says and hears.

A device has at most one fault of a kind: another one takes its place. Faults of different kinds add up.

## How a device gets one

From a scenario, at instants known beforehand. Times are full minutes:

```toml
[fault.trip]
kind = \"inverter_trip\"
target = \"pv_01\"           # an id, a pattern such as \"pv_*\", or a list of such
from = \"2h\"                # since the start of the run; or \"2026-03-20T18:00\", local, or with an offset
for = \"90m\"                # or until = \"…\"; neither: until it is cleared

[fault.deaf]
kind = \"lossy_link\"
target = [\"bat_*\", \"evse_01\"]
share = 0.3
```

Of several assets each has a fault of its own, named `deaf.bat_01` and so on. The keys are like any others:
`--set fault.trip.for=2h` changes one, a sweep may vary `fault.deaf.share`, and `run.json` holds all with their defaults.

From outside, at the tick that takes it: `POST /v1/participants/{id}/faults` with `{\"kind\": \"derating\", \"share\": 0.3}`
at the API of a live twin, or a step of a test's script. Both are acts: what was taken is in the journal before anybody is
told so, and a replay takes it at the same tick.

## What is seen of it

- `assets` and `sites` of the results hold the truth: what flowed. The state of a device that a fault keeps from its work is
  `faulted`.
- `faults` of the results has a row for each device and interval with a fault: what the device showed in place of its
  reading, or that it showed nothing, next to the truth, and what became of its clock and its link.
- `events` has `fault_begun` and `fault_ended`, with kind, parameters and who ended it.
- Over MQTT a device says what it shows, at the time of its own clock, as far as its link lets it: LIVE.md.
- Who plans with a device hears what it shows: a battery whose state of charge is wrong is planned with the wrong one.

## How it ends

At its end, or when it is cleared, which is an act of the API or of a script: one kind, or all that the device has.
Some faults of the body leave a device that needs time to start: their parameter `restart_s`.

";

/// The document of faults as Markdown, kept in `scenarios/FAULTS.md`.
pub fn fault_reference() -> String {
    let mut text = String::from(INTRODUCTION);
    text.push_str("## Keys of every fault\n\n");
    text.push_str(&table(&common_keys(), |parameter| {
        // The words are the rest of this document.
        if parameter.key == "kind" { "a name from below".into() } else { limits(parameter) }
    }));
    text.push_str(
        "\n## The catalogue\n\n| kind | layer | pv | battery | evse | ev | load |\n|---|---|---|---|---|---|---|\n",
    );
    for entry in FaultKind::ALL.map(FaultKind::entry) {
        let has = |kind| if entry.devices.contains(&kind) { "yes" } else { "" };
        let devices = [Kind::Pv, Kind::Battery, Kind::Evse, Kind::Ev, Kind::Load].map(has).join(" | ");
        let kind = entry.kind;
        text.push_str(&format!("| [`{kind}`](#{kind}) | {} | {devices} |\n", entry.layer.as_str()));
    }
    for entry in FaultKind::ALL.map(FaultKind::entry) {
        text.push_str(&chapter(entry));
    }
    text
}

fn chapter(entry: &FaultEntry) -> String {
    let devices: Vec<_> = entry.devices.iter().map(|kind| kind.as_str()).collect();
    let (kind, layer) = (entry.kind, entry.layer.as_str());
    let mut text = format!("\n### {kind}\n\n{} Layer: {layer}. Devices: {}.\n", entry.doc, devices.join(", "));
    let keys = super::keys_of(kind);
    if !keys.is_empty() {
        text.push_str(&format!("\n{}", table(&keys, limits)));
    }
    text
}

fn table(keys: &[Parameter], limits: impl Fn(&Parameter) -> String) -> String {
    let mut text = String::from("| key | default | unit | limits | what it is |\n|---|---|---|---|---|\n");
    for key in keys {
        let default = key.default.as_ref().map_or("*required*".into(), |default| format!("`{default}`"));
        let Parameter { key: name, unit, doc, .. } = key;
        text.push_str(&format!("| `{name}` | {default} | {unit} | {} | {doc} |\n", limits(key)));
    }
    text
}
