//! A problem in FlexMeasures' own fields, as its API takes them: when, the flex-model, the flex-context.
//!
//! Where FlexMeasures refers to a sensor by its number, the file gives the series.

use super::flex_context;
use super::flex_model;
use super::reading::{At, Clock, Faults, Horizon};
use super::source::{Form, Named};
use agents::Span;
use agents::schedule::Problem;

/// What FlexMeasures schedules when nothing is said.
const DURATION: Span = Span::from_minutes(48 * 60);
const RESOLUTION: Span = Span::from_minutes(15);

/// The fields of the document.
const FIELDS: [&str; 8] =
    ["name", "start", "duration", "resolution", "flex-model", "flex-context", "prior", "force-new-job-creation"];

/// What there is in place of other fields.
const INSTEAD: [(&str, &str); 7] = [
    ("id", "the file says what there is; leave it out"),
    ("sequential", "devices are scheduled together here; leave it out"),
    ("end", "give `duration`, as \"PT24H\""),
    ("scheduler", "there is one here; leave it out"),
    ("belief-time", "series are written in the file; leave it out"),
    ("flex_model", "write `flex-model`"),
    ("flex_context", "write `flex-context`"),
];

/// Whether a document is one.
pub(crate) fn is(at: &At<'_>) -> bool {
    ["flex-model", "flex-context", "flex_model", "flex_context"].iter().any(|name| at.node.field(name).is_some())
}

/// Reads one.
pub(crate) fn read(at: &At<'_>, otherwise: &str, faults: &mut Faults) -> Option<Named> {
    at.only(&FIELDS, &INSTEAD, faults);
    let mut notes = Vec::new();
    for server in ["prior", "force-new-job-creation"] {
        if at.field(server).is_some() {
            notes.push(format!("`{server}` concerns a server's jobs and changes nothing here"));
        }
    }
    let name = at.field("name").and_then(|name| name.node.text()).unwrap_or(otherwise).to_owned();
    let start = at.required("start", "the first instant with its offset, as \"2026-03-20T00:00:00-04:00\"", faults);
    let start = start.and_then(|start| start.instant_and_offset(faults));
    let mut span = |name: &str, otherwise| at.field(name).map_or(Some(otherwise), |span| span.span(faults));
    let (step, duration) = (span("resolution", RESOLUTION), span("duration", DURATION));
    let (start, offset) = start?;
    let horizon = Horizon::new(start, step?, duration?, &at.path_of("duration"), faults)?;
    let clock = Clock::Local(offset);
    let devices = at.required("flex-model", "a device, or an array of devices", faults);
    let devices = devices.map(|devices| flex_model::read(&devices, &horizon, clock, &mut notes, faults));
    let context = at.required("flex-context", "prices and limits of the connection", faults);
    let context = context.and_then(|context| flex_context::read(&context, &horizon, clock, faults));
    let (devices, context) = (devices?, context?);
    let problem = Problem {
        start,
        step: horizon.step,
        steps: horizon.steps,
        prices: context.prices,
        site: context.site,
        inflexible_kw: context.inflexible_kw,
        devices,
        rules: context.rules,
    };
    Some(Named { name, form: Form::FlexMeasures, clock, problem, notes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::node::Node;
    use agents::schedule::{Device, Keeping, Storage};
    use agents::{Span, Time};
    use market::dispatch::Profile;
    use serde_json::{Value, json};

    fn read_value(value: &Value) -> (Option<Named>, Vec<String>) {
        let (node, mut faults): (Node, _) =
            (serde_json::from_str(&value.to_string()).expect("it is JSON"), Faults::default());
        let named = read(&At::top(&node), "x", &mut faults);
        (named, faults.0)
    }

    fn day() -> Value {
        json!({
            "start": "2026-03-02T00:00:00-04:00", "duration": "PT4H", "resolution": "PT30M",
            "flex-model": {
                "soc-at-start": "20 kWh", "soc-max": "0.05 MWh", "soc-min": 5000, "soc-unit": "Wh",
                "power-capacity": "10 kW",
                "production-capacity": [{"start": "2026-03-02T01:00:00-04:00", "duration": "PT1H", "value": "0 kW"}],
                "roundtrip-efficiency": "81%", "storage-efficiency": "99.9%",
                "soc-targets": [{"datetime": "2026-03-02T02:00:00-04:00", "value": "30 kWh"}],
                "soc-minima": [{"start": "2026-03-02T03:00:00-04:00", "end": "2026-03-02T04:00:00-04:00", "value": "6 kWh"}],
                "operation-modes": [{"consumption-range": ["0 kW", "0 kW"]}, {"consumption-range": ["4.14 kW", "10 kW"]}],
            },
            "flex-context": {
                "consumption-price": {"resolution": "PT1H", "values": [100, 200, 50, 80], "unit": "EUR/MWh"},
                "production-price": "5 ct/kWh",
                "site-power-capacity": "0.04 MVA", "site-production-capacity": "0 kW",
                "site-peak-consumption": "3 kW", "site-peak-consumption-price": "1000 EUR/MW",
                "inflexible-consumption": ["2 kW", {"resolution": "PT1H", "values": [1, 1, 1, 2], "unit": "kW"}],
                "inflexible-production": "500 W",
                "relax-constraints": false,
            },
        })
    }

    #[test]
    fn every_field_arrives_in_the_units_of_the_scheduler() {
        let (named, faults) = read_value(&day());
        let problem = named.unwrap_or_else(|| panic!("{faults:?}")).problem;
        assert_eq!((problem.steps, problem.step, problem.start), (8, Span::from_minutes(30), Time(1_772_424_000_000)));
        let price = Profile::Steps(vec![0.1, 0.1, 0.2, 0.2, 0.05, 0.05, 0.08, 0.08]);
        assert_eq!(problem.prices.import_eur_per_kwh, price);
        assert_eq!(problem.prices.export_eur_per_kwh, Profile::Constant(0.05));
        assert_eq!(problem.site.limits.import_kw, Some(Profile::Constant(40.0)));
        assert_eq!(problem.site.limits.export_kw, Some(Profile::Constant(0.0)));
        assert_eq!((problem.site.peak_free_kw, problem.site.peak_eur_per_kw), (3.0, 1.0));
        assert_eq!(problem.inflexible_kw, Profile::Steps(vec![2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 3.5, 3.5]));
        assert_eq!(problem.rules.keeping, Keeping::Hard);
        let [Device::Storage(storage)] = &problem.devices[..] else { panic!("one storage") };
        let Storage { soc_start_kwh, soc_min_kwh, soc_max_kwh, .. } = &**storage;
        assert_eq!(
            (*soc_start_kwh, soc_min_kwh, soc_max_kwh),
            (20.0, &Profile::Constant(5.0), &Profile::Constant(50.0))
        );
        assert_eq!(storage.charge_max_kw, Profile::Constant(10.0));
        let discharge = Profile::Steps(vec![10.0, 10.0, 0.0, 0.0, 10.0, 10.0, 10.0, 10.0]);
        assert_eq!(storage.discharge_max_kw, discharge);
        assert!((storage.charge_efficiency - 0.9).abs() < 1e-12 && (storage.discharge_efficiency - 0.9).abs() < 1e-12);
        assert!((storage.kept_per_step.at(0) - 0.999).abs() < 1e-12);
        assert_eq!(storage.modes_kw, vec![[0.0, 0.0], [4.14, 10.0]]);
        assert_eq!((storage.targets.len(), storage.minima.len()), (1, 1));
    }

    #[test]
    fn whatever_is_wrong_is_told_with_its_path_and_all_at_once() {
        for (pointer, value, told) in [
            ("/start", json!("2026-03-02"), "start: is `2026-03-02`: give an instant with its offset"),
            ("/duration", json!("PT100M"), "duration: is 100 min in steps of 30 min"),
            ("/sequential", json!(true), "sequential: is not supported: devices are scheduled together"),
            ("/flex-model/soc-mx", json!("1 kWh"), "flex-model.soc-mx: is unknown: did you mean `soc-max`?"),
            ("/flex-model/soc-usage", json!("1 kW"), "flex-model.soc-usage: is not supported: "),
            ("/flex-model/soc-at-start", json!("20 kW"), "flex-model.soc-at-start: is in `kW`"),
            ("/flex-model/soc-unit", json!("%"), "flex-model.soc-unit: is in `%`"),
            ("/flex-model/soc-max", Value::Null, "flex-model.soc-max: is missing"),
            ("/flex-model/soc-max", json!("1 kWh"), "flex-model.soc-max: is below `soc-min`"),
            ("/flex-model/power-capacity", json!("-1 kW"), "flex-model.power-capacity: is negative"),
            (
                "/flex-model/charging-efficiency",
                json!("120%"),
                "flex-model.charging-efficiency: is 120%: give 1% to 100%",
            ),
            ("/flex-model/storage-efficiency", json!("0%"), "flex-model.storage-efficiency: is 0%: give 1% to 100%"),
            (
                "/flex-model/soc-targets/0/datetime",
                json!("2026-03-02T02:10:00-04:00"),
                "flex-model.soc-targets[0].datetime: is 2026-03-02 02:10, which ends no step",
            ),
            (
                "/flex-model/soc-targets/0/datetime",
                json!("2026-03-03T02:00:00-04:00"),
                "flex-model.soc-targets[0].datetime: is 2026-03-03 02:00, outside the schedule",
            ),
            ("/flex-model/soc-minima/0/end", json!("2026-03-01T02:00:00-04:00"), "soc-minima[0].end: is not after"),
            (
                "/flex-model/operation-modes/1",
                json!(["4 kW", "9 kW"]),
                "operation-modes[1]: is an array: give an object",
            ),
            ("/flex-model/operation-modes/1", json!({}), "operation-modes[1]: has no range: give one"),
            (
                "/flex-model/operation-modes/1/consumption-range",
                json!(["9 kW", "4 kW"]),
                "operation-modes[1].consumption-range: ends below its begin",
            ),
            (
                "/flex-model/operation-modes/1/production-range",
                json!(["0 kW", "4 kW"]),
                "operation-modes[1]: has ranges both ways that do not begin at 0",
            ),
            ("/flex-model/operation-modes", json!([]), "flex-model.operation-modes: is empty"),
            ("/flex-context/consumption-price", json!("92 EUR"), "flex-context.consumption-price: is in `EUR`"),
            ("/flex-context/consumption-price", json!({"sensor": 3}), "consumption-price: refers to a sensor"),
            ("/flex-context/commitments", json!([]), "flex-context.commitments: is not supported: "),
            ("/flex-context/site-power-capacity", json!(3), "site-power-capacity: is a number without a unit"),
            ("/flex-context/inflexible-device-sensors", json!([3]), "inflexible-device-sensors[0]: is a number"),
            ("/flex-context/relax-constraints", json!("no"), "relax-constraints: is a string: give true or false"),
            ("/flex-context/relax-soc-constraints", json!(true), "relax-soc-constraints: differs from"),
            ("/flex-context/relax-capacity-constraints", json!(true), "relax-capacity-constraints: limits of devices"),
            ("/flex-model/charging-efficiency", json!("90%"), "flex-model.roundtrip-efficiency: excludes"),
            ("/flex-context/commodity", json!("gas"), "flex-context.commodity: only \"electricity\""),
            (
                "/flex-context/consumption-price",
                json!("1e300 EUR/MWh"),
                "consumption-price: is 1.000e300 EUR/MWh: give",
            ),
            (
                "/flex-model/storage-efficiency",
                json!("1e-300"),
                "flex-model.storage-efficiency: is 1.000e-298%: give 1%",
            ),
        ] {
            let mut document = day();
            let (parent, field) = pointer.rsplit_once('/').expect("a path");
            match document.pointer_mut(parent).expect("it is there") {
                Value::Object(fields) => drop(fields.insert(field.to_owned(), value)),
                Value::Array(list) => list[field.parse::<usize>().expect("an index")] = value,
                other => panic!("{other}"),
            }
            let (_, faults) = read_value(&document);
            assert_eq!(faults.len(), 1, "{faults:?} instead of `{told}`");
            assert!(faults[0].contains(told), "{} instead of {told}", faults[0]);
        }
        let mut many = day();
        many["flex-model"]["soc-max"] = json!(true);
        many["flex-context"]["site-power-capacity"] = json!("1 apple");
        many["flex-context"]["colour"] = json!("red");
        assert_eq!(read_value(&many).1.len(), 3);
    }

    /// The fields of a schema, as `tests/golden/schedules/flexmeasures_fields.py` finds them in the package.
    fn theirs(schema: &str) -> Vec<String> {
        let text = include_str!("../../tests/golden/schedules/flexmeasures_fields.json");
        let lists: Value = serde_json::from_str(text).expect("it is JSON");
        serde_json::from_value(lists["fields"][schema].clone()).expect("a list of names")
    }

    #[test]
    fn every_field_of_flexmeasures_is_read_or_refused_by_name_and_told_in_the_reference() {
        let reference = include_str!("../../scenarios/SCHEDULES.md");
        let mut seen = 0;
        for (schemas, fields, instead) in [
            (&["trigger"][..], &FIELDS[..], &INSTEAD[..]),
            (
                &["device-entry", "flex-model", "process-flex-model"][..],
                &flex_model::FIELDS[..],
                &flex_model::INSTEAD[..],
            ),
            (&["flex-context"][..], &flex_context::FIELDS[..], &flex_context::INSTEAD[..]),
        ] {
            for field in schemas.iter().flat_map(|schema| theirs(schema)) {
                let is_read = fields.contains(&field.as_str());
                let is_refused = instead.iter().any(|(name, _)| *name == field);
                assert!(is_read != is_refused, "{field}: read {is_read}, refused {is_refused}");
                assert!(reference.contains(&format!("`{field}`")), "{field} is not in scenarios/SCHEDULES.md");
                seen += 1;
            }
        }
        assert_eq!(seen, 9 + 3 + 29 + 5 + 30);
    }

    #[test]
    fn no_field_is_read_that_flexmeasures_does_not_know_but_for_our_own() {
        for (schemas, fields, own) in [
            (&["trigger"][..], &FIELDS[..], &["name"][..]),
            (&["device-entry", "flex-model"][..], &flex_model::FIELDS[..], &["name"][..]),
            (&["flex-context"][..], &flex_context::FIELDS[..], &["inflexible-device"][..]),
        ] {
            let known: Vec<String> = schemas.iter().flat_map(|schema| theirs(schema)).collect();
            let strange: Vec<_> = fields.iter().filter(|field| !known.iter().any(|name| name == *field)).collect();
            assert_eq!(strange, own.iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_device_that_says_what_it_may_take_gives_nothing_unless_it_says_so() {
        let limits = |model: Value| {
            let mut document = day();
            let fields = document["flex-model"].as_object_mut().expect("an object");
            drop((fields.remove("power-capacity"), fields.remove("production-capacity")));
            fields.extend(model.as_object().expect("an object").clone());
            let (named, faults) = read_value(&document);
            let problem = named.unwrap_or_else(|| panic!("{faults:?}")).problem;
            let [Device::Storage(storage)] = &problem.devices[..] else { panic!("one storage") };
            (storage.charge_max_kw.at(0), storage.discharge_max_kw.at(0))
        };
        assert_eq!(limits(json!({"consumption-capacity": "7 kW"})), (7.0, 0.0));
        assert_eq!(limits(json!({"consumption-capacity": "7 kW", "power-capacity": "5 kW"})), (5.0, 0.0));
        assert_eq!(limits(json!({"production-capacity": "7 kW", "power-capacity": "9 kW"})), (0.0, 7.0));
        assert_eq!(limits(json!({"production-capacity": "0 kW", "power-capacity": "9 kW"})), (9.0, 0.0));
        assert_eq!(limits(json!({"production-capacity": "3 kW", "consumption-capacity": "9 kW"})), (9.0, 3.0));
    }

    #[test]
    fn modes_run_either_way_or_through_nothing() {
        let mut document = day();
        document["flex-model"]["operation-modes"] = json!([
            {"production-range": ["2 kW", "9 kW"]},
            {"consumption-range": ["0 kW", "3000 W"], "production-range": ["0 kW", "1 kW"]},
        ]);
        let (named, faults) = read_value(&document);
        let problem = named.unwrap_or_else(|| panic!("{faults:?}")).problem;
        let [Device::Storage(storage)] = &problem.devices[..] else { panic!("one storage") };
        assert_eq!(storage.modes_kw, vec![[-9.0, -2.0], [-1.0, 3.0]]);
    }
}
