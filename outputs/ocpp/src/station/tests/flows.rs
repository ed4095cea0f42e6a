//! What a station does by itself: boots, transactions, authorisation, meter values, limits.

use super::csms::{Pair, token};
use crate::charging::Limit;
use crate::station::{Act, Input, Registration, Told};
use crate::v201::BootReason;
use agents::time::Span;
use serde_json::{Value, json};

#[test]
fn a_station_that_is_accepted_tells_of_its_connectors_and_beats() {
    let mut pair = Pair::new(&[]);
    pair.connect();
    let actions: Vec<_> = pair.heard.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["BootNotification", "StatusNotification", "StatusNotification"]);
    assert_eq!(pair.of("BootNotification")[0]["reason"], "PowerUp");
    assert_eq!(pair.of("StatusNotification")[1]["connectorStatus"], "Available");
    pair.pass_s(301);
    assert_eq!(pair.of("Heartbeat").len(), 1, "the interval of the answer is 300 s");
}

#[test]
fn a_station_that_is_not_accepted_waits_as_it_is_told_and_is_silent() {
    let mut pair = Pair::new(&[]);
    pair.boots = [("Rejected", 60), ("Pending", 0), ("Accepted", 300)].into();
    pair.connect();
    pair.plug();
    pair.pass_s(59);
    assert_eq!(pair.heard.len(), 1);
    assert_eq!(pair.asks("GetLocalListVersion", json!({}))[2], "SecurityError");
    pair.pass_s(2);
    assert_eq!((pair.heard.len(), pair.station.registration()), (2, Registration::Pending));
    let asked = json!({"requestId": 1, "reportBase": "SummaryInventory"});
    assert_eq!(pair.status("GetBaseReport", asked), "Accepted");
    assert!(!pair.of("NotifyReport").is_empty(), "what is asked for while pending is sent");
    let start = json!({"idToken": {"idToken": "a", "type": "Central"}, "remoteStartId": 1});
    assert_eq!(pair.status("RequestStartTransaction", start), "Rejected");
    pair.pass_s(40);
    assert_eq!(pair.station.registration(), Registration::Accepted);
    assert!(!pair.of("StatusNotification").is_empty());
}

#[test]
fn a_boot_the_csms_never_answers_is_tried_again() {
    let mut pair = Pair::new(&[]);
    pair.silent = vec!["BootNotification"];
    pair.connect();
    pair.pass_s(200);
    assert!(pair.of("BootNotification").len() >= 2);
    pair.silent.clear();
    pair.pass_s(120);
    assert_eq!(pair.station.registration(), Registration::Accepted);
}

/// Events of a session of plug, token, draw, token, unplug, with given points.
fn with_points(start: &str, stop: &str) -> Vec<String> {
    let mut pair = Pair::online(&[("TxCtrlr", "TxStartPoint", start), ("TxCtrlr", "TxStopPoint", stop)]);
    pair.does(Input::Bay { evse_id: 1, occupied: true });
    pair.plug();
    pair.present("card");
    pair.drawing(true);
    pair.present("card");
    pair.does(Input::Unplug { evse_id: 1 });
    pair.does(Input::Bay { evse_id: 1, occupied: false });
    let events = pair.events();
    assert!(pair.told.iter().any(|told| matches!(told, Told::Ended { .. })), "{events:?}");
    let numbers: Vec<_> = pair.of("TransactionEvent").iter().map(|event| event["seqNo"].as_i64().unwrap()).collect();
    assert!((0..).zip(&numbers).all(|(rank, number)| rank == *number));
    events
}

#[test]
fn transactions_start_and_stop_at_their_points() {
    let started = |start| with_points(start, "Authorized")[0].clone();
    assert_eq!(started("ParkingBayOccupancy"), "Started EVDetected");
    assert_eq!(started("EVConnected"), "Started CablePluggedIn");
    assert_eq!(started("Authorized"), "Started Authorized");
    assert_eq!(started("PowerPathClosed"), "Started Authorized");
    assert_eq!(started("EnergyTransfer"), "Started ChargingStateChanged");
    let ended = |stop| with_points("EVConnected", stop).last().unwrap().clone();
    assert_eq!(ended("ParkingBayOccupancy"), "Ended EVDeparted");
    assert_eq!(ended("EVConnected"), "Ended EVCommunicationLost");
    assert_eq!(ended("Authorized"), "Ended StopAuthorized");
    assert_eq!(ended("PowerPathClosed"), "Ended StopAuthorized");
    assert_eq!(ended("EnergyTransfer"), "Ended StopAuthorized");
}

#[test]
fn the_events_of_a_transaction_say_what_happened() {
    let mut pair = Pair::online(&[("TxCtrlr", "TxStartPoint", "EVConnected")]);
    pair.plug();
    pair.present("card");
    pair.meter(1000.0);
    pair.drawing(true);
    pair.pass_s(120);
    pair.meter(1500.0);
    pair.present("card");
    let expected = [
        "Started CablePluggedIn",
        "Updated Authorized",
        "Updated ChargingStateChanged",
        "Updated MeterValuePeriodic",
        "Ended StopAuthorized",
    ];
    assert_eq!(pair.events(), expected);
    let events = pair.of("TransactionEvent");
    assert_eq!(events[0]["evse"], json!({"id": 1, "connectorId": 1}));
    assert!(events[1..].iter().all(|event| event.get("evse").is_none()));
    assert_eq!(events[0]["transactionInfo"]["chargingState"], "EVConnected");
    assert_eq!(events[1]["transactionInfo"]["chargingState"], "SuspendedEV");
    assert_eq!(events[1]["idToken"]["idToken"], "card");
    assert_eq!(events[2]["transactionInfo"]["chargingState"], "Charging");
    assert!(events[3]["transactionInfo"].get("chargingState").is_none());
    let of = |event: &Value, measurand: &str| {
        let values = event["meterValue"][0]["sampledValue"].as_array().unwrap();
        values.iter().filter(|value| value["measurand"] == measurand).cloned().collect::<Vec<_>>()
    };
    assert_eq!(of(events[3], "Current.Import").len(), 3, "each phase");
    assert_eq!(of(events[3], "Energy.Active.Import.Register")[0]["context"], "Sample.Periodic");
    let end = &of(events[4], "Energy.Active.Import.Register")[0];
    assert_eq!((&end["value"], &end["context"]), (&json!(1500.0), &json!("Transaction.End")));
    assert_eq!(events[4]["transactionInfo"]["stoppedReason"], "Local");
    assert_eq!(events[4]["transactionInfo"]["timeSpentCharging"], 120);
    let path: Vec<_> = pair.acts.iter().filter(|act| matches!(act, Act::Contactor { .. })).collect();
    let closed = |closed| Act::Contactor { evse_id: 1, closed };
    assert_eq!(path, [&closed(true), &closed(false)]);
}

#[test]
fn whoever_is_authorised_and_plugs_in_nowhere_loses_it() {
    let mut pair = Pair::online(&[("TxCtrlr", "TxStartPoint", "Authorized")]);
    pair.present("card");
    pair.pass_s(119);
    assert_eq!(pair.events(), ["Started Authorized"]);
    pair.pass_s(2);
    assert_eq!(pair.last_event()["triggerReason"], "EVConnectTimeout");
    assert_eq!(pair.last_event()["transactionInfo"]["stoppedReason"], "Timeout");
}

#[test]
fn a_token_the_csms_refuses_starts_nothing() {
    let mut pair = Pair::online(&[]);
    pair.token_status = "Blocked";
    pair.plug();
    pair.present("card");
    assert!(pair.events().is_empty());
    assert!(pair.told.contains(&Told::NotAuthorised { evse_id: 1, status: "Blocked" }));
}

#[test]
fn a_token_refused_after_the_start_ends_the_transaction() {
    let local = [("AuthCtrlr", "OfflineTxForUnknownIdEnabled", "true")];
    let mut pair = Pair::online(&local);
    pair.disconnect();
    pair.plug();
    pair.present("card");
    pair.token_status = "Invalid";
    pair.connect();
    assert_eq!(pair.last_event()["triggerReason"], "Deauthorized");
    assert_eq!(pair.last_event()["transactionInfo"]["stoppedReason"], "DeAuthorized");
    let mut lenient = Pair::online(&[local[0], ("TxCtrlr", "StopTxOnInvalidId", "false")]);
    lenient.disconnect();
    lenient.plug();
    lenient.present("card");
    lenient.token_status = "Invalid";
    lenient.connect();
    assert_eq!(lenient.events(), ["Started Authorized"]);
}

#[test]
fn a_token_of_the_same_group_stops_and_another_does_not() {
    let mut pair = Pair::online(&[]);
    pair.group = Some("family");
    pair.plug();
    pair.present("mother");
    pair.group = None;
    pair.present("stranger");
    assert_eq!(pair.events().len(), 1);
    pair.group = Some("family");
    pair.present("son");
    assert_eq!(pair.last_event()["idToken"]["idToken"], "son");
    assert_eq!(pair.events().last().unwrap(), "Ended StopAuthorized");
}

#[test]
fn the_master_pass_stops_what_others_started() {
    let mut pair = Pair::online(&[("AuthCtrlr", "MasterPassGroupId", "masters")]);
    pair.plug();
    pair.present("card");
    pair.group = Some("masters");
    pair.present("police");
    assert_eq!(pair.last_event()["transactionInfo"]["stoppedReason"], "MasterPass");
}

#[test]
fn offline_the_cache_counts_and_what_is_unknown_does_not() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    pair.present("card");
    pair.disconnect();
    pair.present("other");
    pair.present("card");
    pair.connect();
    let begun = pair.events().iter().filter(|event| event.starts_with("Started")).count();
    assert_eq!(begun, 2);
    assert!(pair.told.contains(&Told::NotAuthorised { evse_id: 1, status: "Unknown" }));
    assert_eq!(pair.status("ClearCache", json!({})), "Accepted");
    pair.disconnect();
    pair.present("card");
    pair.present("card");
    pair.connect();
    let begun = pair.events().iter().filter(|event| event.starts_with("Started")).count();
    assert_eq!(begun, 2, "a cache that was cleared knows nobody");
}

#[test]
fn without_authorisation_whoever_plugs_in_charges() {
    let mut pair = Pair::online(&[("AuthCtrlr", "Enabled", "false")]);
    pair.plug();
    assert_eq!(pair.events(), ["Started CablePluggedIn"]);
    assert_eq!(pair.last_event()["idToken"], json!({"idToken": "", "type": "NoAuthorization"}));
    pair.does(Input::Unplug { evse_id: 1 });
    assert_eq!(pair.events().last().unwrap(), "Ended EVCommunicationLost");
}

#[test]
fn a_vehicle_that_may_come_back_keeps_its_transaction() {
    let points = [("TxCtrlr", "StopTxOnEVSideDisconnect", "false"), ("TxCtrlr", "TxStopPoint", "Authorized")];
    let mut pair = Pair::online(&points);
    pair.plug();
    pair.present("card");
    pair.does(Input::Unplug { evse_id: 1 });
    assert_eq!(pair.last_event()["transactionInfo"]["chargingState"], "Idle");
    pair.plug();
    assert_eq!(pair.events().last().unwrap(), "Updated CablePluggedIn");
    pair.does(Input::Unplug { evse_id: 1 });
    pair.pass_s(121);
    assert_eq!(pair.events().last().unwrap(), "Ended EVConnectTimeout");
}

#[test]
fn values_aligned_to_the_clock_come_at_its_quarters() {
    let mut pair = Pair::online(&[("SampledDataCtrlr", "TxUpdatedInterval", "0")]);
    pair.plug();
    pair.present("card");
    pair.pass(Span::HOUR);
    let of_clock: Vec<_> = pair.of("MeterValues").iter().map(|v| v["meterValue"][0]["timestamp"].clone()).collect();
    assert_eq!(of_clock.len(), 4, "of the EVSE without a transaction");
    assert_eq!(of_clock[0], "2026-03-02T08:15:00.000Z");
    let clocks = pair.events().iter().filter(|event| *event == "Updated MeterValueClock").count();
    assert_eq!(clocks, 4, "of the one with");
}

#[test]
fn values_for_the_last_event_are_gathered() {
    let mut pair = Pair::online(&[("SampledDataCtrlr", "TxEndedInterval", "10")]);
    pair.plug();
    pair.present("card");
    pair.pass_s(45);
    pair.present("card");
    assert_eq!(pair.last_event()["meterValue"].as_array().unwrap().len(), 5);
}

#[test]
fn a_register_never_falls() {
    let mut pair = Pair::online(&[]);
    pair.meter(1000.0);
    pair.meter(999.0);
    assert!(matches!(pair.told.last(), Some(Told::Refused(_))));
}

fn limits(pair: &Pair) -> Vec<Limit> {
    let limit = |act: &Act| match act {
        Act::Limit { evse_id: 1, limit } => Some(*limit),
        _ => None,
    };
    pair.acts.iter().filter_map(limit).collect()
}

pub(super) fn profile(purpose: &str, periods: Value) -> Value {
    json!({
        "id": 1, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute",
        "chargingSchedule": [{
            "id": 1, "chargingRateUnit": "A", "startSchedule": "2026-03-02T08:00:00Z",
            "chargingSchedulePeriod": periods
        }]
    })
}

#[test]
fn a_profile_limits_the_body_when_its_periods_begin() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    pair.drawing(true);
    let periods = json!([{"startPeriod": 0, "limit": 16.0}, {"startPeriod": 600, "limit": 0.0}]);
    let asked = json!({"evseId": 1, "chargingProfile": profile("TxDefaultProfile", periods)});
    assert_eq!(pair.status("SetChargingProfile", asked), "Accepted");
    assert_eq!(limits(&pair).last().unwrap().current_a, 16.0);
    assert_eq!(pair.last_event()["triggerReason"], "ChargingRateChanged");
    pair.pass_s(590);
    assert_eq!(limits(&pair).last().unwrap().current_a, 0.0);
    assert_eq!(pair.last_event()["transactionInfo"]["chargingState"], "SuspendedEVSE");
    assert_eq!(pair.status("ClearChargingProfile", json!({"chargingProfileId": 1})), "Accepted");
    assert_eq!(limits(&pair).last().unwrap().current_a, 32.0);
    assert_eq!(pair.last_event()["transactionInfo"]["chargingState"], "Charging");
}

#[test]
fn the_limit_of_the_station_is_shared_by_those_who_charge() {
    let mut pair = Pair::online(&[]);
    let asked = json!({"evseId": 0, "chargingProfile": profile("ChargingStationMaxProfile", json!([{"startPeriod": 0, "limit": 32.0}]))});
    assert_eq!(pair.status("SetChargingProfile", asked), "Accepted");
    pair.plug();
    pair.present("card");
    assert_eq!(pair.station.evses[0].limit.unwrap().current_a, 32.0);
    pair.does(Input::Plug { evse_id: 2, connector_id: 1 });
    pair.does(Input::Present { evse_id: 2, token: token("other") });
    assert_eq!(limits(&pair).last().unwrap().current_a, 16.0);
}

#[test]
fn an_external_limit_acts_and_is_told_and_so_is_its_end() {
    let mut pair = Pair::online(&[]);
    let schedule = profile("TxProfile", json!([{"startPeriod": 0, "limit": 10.0}]))["chargingSchedule"][0].clone();
    let source = crate::v201::ChargingLimitSource::Ems;
    let schedule = Some(serde_json::from_value(schedule).unwrap());
    pair.does(Input::ExternalLimit { evse_id: 1, source, schedule });
    assert_eq!(limits(&pair).last().unwrap().current_a, 10.0);
    assert_eq!(pair.of("NotifyChargingLimit")[0]["chargingLimit"]["chargingLimitSource"], "EMS");
    pair.does(Input::ExternalLimit { evse_id: 1, source, schedule: None });
    assert_eq!(limits(&pair).last().unwrap().current_a, 32.0);
    assert_eq!(pair.of("ClearedChargingLimit").len(), 1);
}

#[test]
fn a_fault_ends_the_transaction_and_is_told() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    pair.does(Input::Fault { evse_id: 1, connector_id: 1, faulted: true });
    assert_eq!(pair.events().last().unwrap(), "Ended AbnormalCondition");
    assert_eq!(pair.of("StatusNotification").last().unwrap()["connectorStatus"], "Faulted");
    pair.does(Input::Fault { evse_id: 1, connector_id: 1, faulted: false });
    assert_eq!(pair.of("StatusNotification").last().unwrap()["connectorStatus"], "Occupied");
}

#[test]
fn a_station_written_down_goes_on_as_if_nothing_had_been() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    let written = serde_json::to_string(&pair.station).unwrap();
    pair.station = serde_json::from_str(&written).unwrap();
    pair.drawing(true);
    pair.present("card");
    assert_eq!(pair.events(), ["Started Authorized", "Updated ChargingStateChanged", "Ended StopAuthorized"]);
    assert_eq!(
        serde_json::to_string(&pair.station.settings()).unwrap(),
        serde_json::to_string(&pair.station.settings).unwrap()
    );
}

#[test]
fn security_events_wait_for_the_link() {
    let mut pair = Pair::online(&[]);
    pair.disconnect();
    pair.does(Input::SecurityEvent { kind: "TamperDetectionActivated".into(), info: None });
    pair.pass_s(30);
    pair.connect();
    assert_eq!(pair.of("SecurityEventNotification")[0]["type"], "TamperDetectionActivated");
}

#[test]
fn any_interval_the_csms_names_is_taken() {
    let mut pair = Pair::new(&[]);
    pair.boots = [("Pending", i32::MAX), ("Accepted", i32::MAX)].into();
    pair.connect();
    pair.does(Input::Booted(BootReason::PowerUp));
    pair.disconnect();
    pair.connect();
    assert_eq!(pair.station.registration(), Registration::Accepted);
    pair.pass_s(1_000_000);
    assert_eq!(pair.of("Heartbeat").len(), 0);
}

#[test]
fn a_boot_says_why() {
    let mut pair = Pair::online(&[]);
    pair.does(Input::Booted(BootReason::Watchdog));
    pair.disconnect();
    pair.connect();
    assert_eq!(pair.of("BootNotification")[0]["reason"], "Watchdog");
}
