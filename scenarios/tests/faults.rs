//! What right sections of faults come to: who has what, from when until when.

use agents::fault::{Fault, FaultKind};
use agents::{Span, Time};
use scenarios::{Plan, PlannedFault, Scenario};
use std::path::Path;

const HEAD: &str = "version = 2\nname = \"faulty\"\n[run]\nstart = \"2026-03-20\"\nduration = \"1d\"\n\
                    [pv]\npv_01 = { commune = \"Ducos\", peak_kw = 5 }\npv_02 = { commune = \"Ducos\", peak_kw = 5 }\n\
                    [battery]\nbat_01 = { commune = \"Ducos\", capacity_kwh = 10, power_kw = 5 }\n";

fn scenario(body: &str) -> Scenario {
    Scenario::parse(&format!("{HEAD}{body}"), Path::new("faulty.toml")).expect("it is TOML")
}

fn plan(body: &str) -> Plan {
    scenario(body).resolve(&[]).expect("it is right")
}

/// Name, asset, hours from the start of the run.
fn told(plan: &Plan) -> Vec<(&str, &str, f64, Option<f64>)> {
    let hours = |time: Time| (time - plan.start).hours();
    let mut told = Vec::new();
    for PlannedFault { name, target, from, until, .. } in &plan.faults {
        told.push((name.as_str(), plan.participants[target.index()].id.as_str(), hours(*from), until.map(hours)));
    }
    told
}

const TRIP: &str = "[fault.trip]\nkind = \"inverter_trip\"\ntarget = \"pv_01\"\nfrom = \"2h\"\nfor = \"90m\"\n";

#[test]
fn a_fault_of_one_asset_goes_by_its_own_name_and_those_of_many_by_theirs_too() {
    let body = "[fault.deaf]\nkind = \"lossy_link\"\ntarget = [\"bat_01\", \"*_01\", \"pv_02\"]\nshare = 0.25\n\
                until = \"2026-03-20T18:00\"\n";
    let plan = plan(&format!("{TRIP}{body}"));
    let deaf = |name, asset| (name, asset, 0.0, Some(18.0));
    assert_eq!(
        told(&plan),
        [
            deaf("deaf.bat_01", "bat_01"),
            deaf("deaf.pv_01", "pv_01"),
            deaf("deaf.pv_02", "pv_02"),
            ("trip", "pv_01", 2.0, Some(3.5))
        ]
    );
    assert_eq!(plan.faults[0].fault, Fault::LossyLink { share: 0.25 });
    assert_eq!(plan.faults[3].fault, FaultKind::InverterTrip.fault(), "with its default");
}

#[test]
fn a_fault_may_begin_before_the_run_and_end_after_it_or_never() {
    let of = |keys: &str| {
        let body = format!("[fault.f]\nkind = \"sensor_stuck\"\ntarget = \"bat_01\"\n{keys}\n");
        told(&plan(&body)).iter().map(|(_, _, from, until)| (*from, *until)).collect::<Vec<_>>()
    };
    assert_eq!(of("from = \"2026-03-19T22:00\"\nfor = \"4h\""), [(-2.0, Some(2.0))]);
    assert_eq!(of("from = 2026-03-20T23:00:00-04:00\nfor = \"4h\""), [(23.0, Some(27.0))]);
    assert_eq!(of(""), [(0.0, None)]);
}

#[test]
fn one_fault_may_follow_another_of_its_kind_at_once() {
    let second = "[fault.again]\nkind = \"inverter_trip\"\ntarget = \"pv_*\"\nfrom = \"210m\"\n";
    assert_eq!(plan(&format!("{TRIP}{second}")).faults.len(), 3);
}

#[test]
fn the_command_line_changes_a_fault_and_a_file_one_of_what_it_extends() {
    let mut scenario = scenario(TRIP);
    for assignment in ["fault.trip.for=3h", "fault.trip.restart_s=5", "fault.*.target=pv_02"] {
        scenario.set(assignment).expect(assignment);
    }
    let plan = scenario.resolve(&[]).expect("it is right");
    assert_eq!(told(&plan), [("trip", "pv_02", 2.0, Some(5.0))]);
    assert_eq!(plan.faults[0].fault, Fault::InverterTrip { restart_s: 5.0 });
    let text = "version = 2\nname = \"mine\"\nextends = \"martinique\"\n[fault.dark]\nkind = \"power_loss\"\n\
                target = \"load_*\"\n";
    let plan = Scenario::parse(text, Path::new("mine.toml")).and_then(|mine| mine.resolve(&[])).expect("it is right");
    assert_eq!(plan.faults.len(), 34, "every commune");
}

#[test]
fn what_is_resolved_holds_the_defaults_of_a_fault() {
    let written = serde_json::to_value(scenario(TRIP)).expect("plain data");
    let expected = serde_json::json!({
        "kind": "inverter_trip", "target": "pv_01", "from": "2h", "for": "90m", "restart_s": 60.0,
    });
    assert_eq!(written["fault"]["trip"], expected);
}

#[test]
fn a_key_of_a_fault_is_explained_with_its_value_and_its_place() {
    let text = scenario(TRIP).explain("fault.trip.for").expect("it exists");
    assert!(text.contains("\"90m\"   (faulty.toml, line 15)"), "{text}");
    let text = scenario(TRIP).explain("fault.trip.restart_s").expect("it exists");
    assert!(text.contains("here      the default") && text.contains("0 to 86400"), "{text}");
    let error = scenario(TRIP).explain("fault.trip.restart").expect_err("misspelt");
    assert!(error.contains("did you mean `fault.trip.restart_s`?"), "{error}");
}

#[test]
fn a_file_of_a_fault_that_is_kept_is_read_again() {
    let before = scenario(TRIP);
    let kept = serde_json::to_string(&before.to_written()).expect("plain data");
    let mut reader = serde_json::Deserializer::from_str(&kept);
    let after = Scenario::from_written("kept", &mut reader).expect("just written");
    let [before, after] = [before, after].map(|scenario| scenario.resolve(&[]).expect("it is right").faults);
    assert_eq!(before, after);
    assert_eq!(before[0].until.map(|until| until - before[0].from), Some(Span::MINUTE * 90));
}
