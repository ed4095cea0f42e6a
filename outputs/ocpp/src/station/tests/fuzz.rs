//! Whatever comes, in whatever order: no panic, bounded memory, and a station that still works.

use super::csms::{Pair, START, token};
use super::flows::profile;
use crate::station::{Input, Reading, Settings, Station};
use crate::v201::{BootReason, FirmwareStatus, UploadLogStatus};
use agents::time::Span;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Payloads of calls that are in order, to be spoilt.
fn calls() -> Vec<(&'static str, Value)> {
    let token = json!({"idToken": "a", "type": "Central"});
    let evse = json!({"id": 1, "connectorId": 1});
    vec![
        ("CancelReservation", json!({"reservationId": 1})),
        ("ChangeAvailability", json!({"operationalStatus": "Inoperative", "evse": evse})),
        ("ChangeAvailability", json!({"operationalStatus": "Operative"})),
        ("ClearCache", json!({})),
        ("ClearChargingProfile", json!({"chargingProfileCriteria": {"evseId": 1, "stackLevel": 0}})),
        ("ClearDisplayMessage", json!({"id": 1})),
        ("CostUpdated", json!({"totalCost": 1.5, "transactionId": "x"})),
        ("CustomerInformation", json!({"requestId": 1, "report": true, "clear": true, "idToken": token})),
        ("DataTransfer", json!({"vendorId": "x", "data": {"a": [1]}})),
        ("GetBaseReport", json!({"requestId": 1, "reportBase": "FullInventory"})),
        ("GetChargingProfiles", json!({"requestId": 1, "chargingProfile": {"chargingProfileId": [1]}})),
        ("GetCompositeSchedule", json!({"duration": 86400, "evseId": 1, "chargingRateUnit": "W"})),
        ("GetDisplayMessages", json!({"requestId": 1})),
        ("GetLog", json!({"requestId": 1, "logType": "DiagnosticsLog", "log": {"remoteLocation": "ftp://x"}})),
        ("GetReport", json!({"requestId": 1, "componentCriteria": ["Problem"]})),
        (
            "GetVariables",
            json!({"getVariableData": [{"component": {"name": "EVSE", "evse": evse}, "variable": {"name": "Power"}}]}),
        ),
        ("RequestStartTransaction", json!({"evseId": 1, "remoteStartId": 1, "idToken": token})),
        ("ReserveNow", json!({"id": 1, "evseId": 1, "expiryDateTime": "2026-03-02T09:00:00Z", "idToken": token})),
        ("Reset", json!({"type": "Immediate"})),
        ("Reset", json!({"type": "OnIdle", "evseId": 1})),
        (
            "SendLocalList",
            json!({"versionNumber": 1, "updateType": "Full", "localAuthorizationList": [{"idToken": token, "idTokenInfo": {"status": "Accepted"}}]}),
        ),
        (
            "SetChargingProfile",
            json!({"evseId": 1, "chargingProfile": profile("TxDefaultProfile", json!([{"startPeriod": 0, "limit": 7.0}, {"startPeriod": 5, "limit": 0.0}]))}),
        ),
        (
            "SetChargingProfile",
            json!({"evseId": 0, "chargingProfile": profile("ChargingStationMaxProfile", json!([{"startPeriod": 0, "limit": 9.0}]))}),
        ),
        (
            "SetVariables",
            json!({"setVariableData": [{"component": {"name": "TxCtrlr"}, "variable": {"name": "TxStopPoint"}, "attributeValue": "EnergyTransfer"}]}),
        ),
        (
            "SetVariables",
            json!({"setVariableData": [{"component": {"name": "AlignedDataCtrlr"}, "variable": {"name": "Interval"}, "attributeValue": "1"}]}),
        ),
        (
            "SetVariableMonitoring",
            json!({"setMonitoringData": [{"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}, "type": "Periodic", "value": 7.5, "severity": 1, "transaction": true}]}),
        ),
        (
            "SetVariableMonitoring",
            json!({"setMonitoringData": [{"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "AvailabilityState"}, "type": "Delta", "value": 1.0, "severity": 1}]}),
        ),
        ("ClearVariableMonitoring", json!({"id": [1]})),
        ("TriggerMessage", json!({"requestedMessage": "TransactionEvent", "evse": evse})),
        ("UnlockConnector", json!({"evseId": 1, "connectorId": 1})),
        (
            "UpdateFirmware",
            json!({"requestId": 1, "firmware": {"location": "x", "retrieveDateTime": "2026-03-02T09:00:00Z"}}),
        ),
    ]
}

/// Numbers, texts and lists that are rarely expected.
fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(i32::MAX)),
        Just(json!(i32::MIN)),
        Just(json!(-1)),
        Just(json!(0)),
        Just(json!(1e300)),
        Just(json!([])),
        Just(json!({})),
        Just(json!("9999-12-31T23:59:59Z")),
        Just(json!("0000-01-01T00:00:00Z")),
        "\\PC{0,60}".prop_map(Value::from),
    ]
}

/// Puts `with` in the place of the `at`-th value within; what is left of `at` if there are fewer.
fn spoil(value: &mut Value, at: usize, with: &Value) -> Option<usize> {
    let Some(mut left) = at.checked_sub(1) else {
        *value = with.clone();
        return None;
    };
    let within: Vec<&mut Value> = match value {
        Value::Object(map) => map.values_mut().collect(),
        Value::Array(items) => items.iter_mut().collect(),
        _ => Vec::new(),
    };
    for one in within {
        left = spoil(one, left, with)?;
    }
    Some(left)
}

#[derive(Clone, Debug)]
enum Step {
    Call(usize, Option<(usize, Value)>),
    Frame(String),
    Body(u8, i32),
    Pass(i64),
    Link(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..calls().len(), prop::option::of((1_usize..12, odd()))).prop_map(|(call, spoilt)| Step::Call(call, spoilt)),
        1 => r#"\[[234],"[a-z]{0,3}",.{0,30}\]"#.prop_map(Step::Frame),
        4 => (0..14_u8, 0..4_i32).prop_map(|(what, evse)| Step::Body(what, evse)),
        2 => prop_oneof![0..200_i64, Just(5000_i64)].prop_map(Step::Pass),
        1 => any::<bool>().prop_map(Step::Link),
    ]
}

fn body(what: u8, evse_id: i32) -> Input {
    match what {
        0 => Input::Plug { evse_id, connector_id: 1 },
        1 => Input::Unplug { evse_id },
        2 => Input::Present { evse_id, token: token("card") },
        3 => Input::Present { evse_id, token: token("other") },
        4 => Input::Drawing { evse_id, drawing: true },
        5 => Input::Drawing { evse_id, drawing: false },
        6 => Input::Bay { evse_id, occupied: true },
        7 => Input::Bay { evse_id, occupied: false },
        8 => Input::Fault { evse_id, connector_id: 1, faulted: evse_id == 1 },
        9 => Input::Booted(BootReason::PowerUp),
        10 => Input::EmergencyStop,
        11 => Input::FirmwareStatus(FirmwareStatus::Installed),
        12 => Input::LogStatus(UploadLogStatus::Uploaded),
        _ => Input::Meter { evse_id, reading: Reading { power_w: f64::NAN, ..Reading::default() } },
    }
}

fn take(pair: &mut Pair, step: Step) {
    match step {
        Step::Call(call, spoilt) => {
            let (action, mut payload) = calls().swap_remove(call);
            if let Some((at, with)) = spoilt {
                spoil(&mut payload, at, &with);
            }
            if pair.up {
                let answer = pair.asks(action, payload);
                assert!(answer[0] == 3 || answer[0] == 4, "every call is answered: {answer}");
            }
        }
        Step::Frame(text) => {
            if pair.up {
                pair.does(Input::Frame(text));
            }
        }
        Step::Body(9, _) => {
            pair.disconnect();
            pair.does(body(9, 0));
        }
        Step::Body(what, evse_id) => pair.does(body(what, evse_id)),
        Step::Pass(seconds) => pair.pass_s(seconds),
        Step::Link(true) if !pair.up => pair.connect(),
        Step::Link(false) if pair.up => pair.disconnect(),
        Step::Link(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn a_station_takes_whatever_comes(steps in prop::collection::vec(step(), 1..60)) {
        let mut pair = Pair::online(&[]);
        for step in steps {
            take(&mut pair, step);
        }
        // Whatever was, in the end everything that began has ended.
        if pair.up {
            pair.disconnect();
        }
        pair.does(Input::Booted(BootReason::PowerUp));
        pair.connect();
        pair.pass_s(600);
        let began = pair.events().iter().filter(|event| event.starts_with("Started")).count();
        let ended = pair.events().iter().filter(|event| event.starts_with("Ended")).count();
        prop_assert_eq!(began, ended);
        let size = serde_json::to_string(&pair.station).unwrap().len();
        prop_assert!(size < 200_000, "{}", size);
    }
}

#[test]
fn a_fresh_station_is_small() {
    let station = Station::new(Settings::ac("CP001", 1, 32.0), 1, START).unwrap();
    let size = serde_json::to_string(&station).unwrap().len();
    assert!(size < 4096, "{size}");
}

#[test]
fn a_csms_that_asks_without_end_fills_nothing() {
    let mut pair = Pair::online(&[]);
    pair.silent = vec!["NotifyReport"];
    for _ in 0..1000 {
        pair.asks("GetBaseReport", json!({"requestId": 1, "reportBase": "SummaryInventory"}));
    }
    let size = serde_json::to_string(&pair.station).unwrap().len();
    assert!(size < 3_000_000, "{size}");
    pair.pass(Span::MINUTE);
}
