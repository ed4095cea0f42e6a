//! What a station answers to the CSMS, and what follows from it.

use super::csms::{Pair, START, token};
use super::flows::profile;
use crate::station::{Act, Input};
use crate::v201::{BootReason, FirmwareStatus, UploadLogStatus};
use agents::time::Span;
use serde_json::{Value, json};

fn later(seconds: i64) -> String {
    (START + Span::from_s(seconds)).to_string()
}

#[test]
fn every_variable_the_standard_requires_is_there_with_a_value() {
    let required = [
        ("AlignedDataCtrlr", "Interval Measurands TxEndedInterval TxEndedMeasurands"),
        ("AuthCtrlr", "AuthorizeRemoteStart LocalAuthorizeOffline LocalPreAuthorize"),
        ("ChargingStation", "AvailabilityState Available SupplyPhases"),
        ("ClockCtrlr", "DateTime TimeSource"),
        ("Connector", "Available ConnectorType SupplyPhases"),
        ("DeviceDataCtrlr", "BytesPerMessage ItemsPerMessage"),
        ("DisplayMessageCtrlr", "DisplayMessages SupportedFormats SupportedPriorities"),
        ("EVSE", "AvailabilityState Available Power SupplyPhases"),
        ("LocalAuthListCtrlr", "BytesPerMessage Entries ItemsPerMessage"),
        (
            "OCPPCommCtrlr",
            "FileTransferProtocols MessageTimeout MessageAttemptInterval MessageAttempts NetworkConfigurationPriority \
             NetworkProfileConnectionAttempts OfflineThreshold ResetRetries UnlockOnEVSideDisconnect \
             RetryBackOffRepeatTimes RetryBackOffRandomRange RetryBackOffWaitMinimum WebSocketPingInterval",
        ),
        (
            "SampledDataCtrlr",
            "TxEndedInterval TxEndedMeasurands TxStartedMeasurands TxUpdatedInterval TxUpdatedMeasurands",
        ),
        ("SecurityCtrlr", "CertificateEntries OrganizationName SecurityProfile"),
        ("SmartChargingCtrlr", "Entries LimitChangeSignificance PeriodsPerSchedule ProfileStackLevel RateUnit"),
        ("TariffCostCtrlr", "Currency TariffFallbackMessage TotalCostFallbackMessage"),
        ("TxCtrlr", "EVConnectionTimeOut StopTxOnEVSideDisconnect StopTxOnInvalidId TxStartPoint TxStopPoint"),
    ];
    let mut pair = Pair::online(&[]);
    assert_eq!(pair.status("GetBaseReport", json!({"requestId": 7, "reportBase": "FullInventory"})), "Accepted");
    pair.pass_s(1);
    let parts = pair.of("NotifyReport");
    for (rank, part) in parts.iter().enumerate() {
        assert_eq!((&part["seqNo"], &part["tbc"]), (&json!(rank), &json!(rank + 1 < parts.len())));
        assert_eq!(part["requestId"], 7);
    }
    let data: Vec<&Value> = parts.iter().flat_map(|part| part["reportData"].as_array().unwrap()).collect();
    for (component, variables) in required {
        for variable in variables.split_whitespace() {
            let found =
                data.iter().find(|one| one["component"]["name"] == component && one["variable"]["name"] == variable);
            let found = found.unwrap_or_else(|| panic!("{component}.{variable}"));
            assert!(found["variableAttribute"][0]["value"].is_string(), "{component}.{variable}");
        }
    }
    for one in &data {
        let characteristics = &one["variableCharacteristics"];
        let listed = characteristics["dataType"].as_str().unwrap().ends_with("List");
        assert!(!listed || characteristics["valuesList"].is_string(), "{one}");
        let write_only = one["variableAttribute"][0]["mutability"] == "WriteOnly";
        assert!(!write_only || one["variableAttribute"][0].get("value").is_none(), "{one}");
    }
}

fn variable(component: &str, name: &str) -> Value {
    json!({"component": {"name": component}, "variable": {"name": name}})
}

fn set(pair: &mut Pair, component: &str, name: &str, value: &str) -> String {
    let mut data = variable(component, name);
    data["attributeValue"] = json!(value);
    let answer = pair.asks_for("SetVariables", json!({"setVariableData": [data]}));
    answer["setVariableResult"][0]["attributeStatus"].as_str().unwrap().to_owned()
}

fn get(pair: &mut Pair, data: Value) -> (String, Value) {
    let answer = pair.asks_for("GetVariables", json!({"getVariableData": [data]}));
    let result = &answer["getVariableResult"][0];
    (result["attributeStatus"].as_str().unwrap().to_owned(), result["attributeValue"].clone())
}

#[test]
fn variables_are_read_and_written_as_far_as_they_may_be() {
    let mut pair = Pair::online(&[]);
    assert_eq!(set(&mut pair, "ocppcommctrlr", "HEARTBEATINTERVAL", "60"), "Accepted");
    assert_eq!(get(&mut pair, variable("OCPPCommCtrlr", "HeartbeatInterval")), ("Accepted".into(), json!("60")));
    pair.pass_s(61);
    assert_eq!(pair.of("Heartbeat").len(), 1);
    assert_eq!(set(&mut pair, "OCPPCommCtrlr", "HeartbeatInterval", "soon"), "Rejected");
    assert_eq!(set(&mut pair, "ChargingStation", "AvailabilityState", "Faulted"), "Rejected");
    assert_eq!(set(&mut pair, "Nothing", "HeartbeatInterval", "1"), "UnknownComponent");
    assert_eq!(set(&mut pair, "OCPPCommCtrlr", "Nothing", "1"), "UnknownVariable");
    assert_eq!(set(&mut pair, "OCPPCommCtrlr", "NetworkConfigurationPriority", "1"), "Rejected");
    assert_eq!(get(&mut pair, variable("SecurityCtrlr", "BasicAuthPassword")).0, "Rejected");
    let mut target = variable("TxCtrlr", "TxStartPoint");
    target["attributeType"] = json!("Target");
    assert_eq!(get(&mut pair, target).0, "NotSupportedAttributeType");
    let mut of_evse = variable("EVSE", "AvailabilityState");
    of_evse["component"]["evse"] = json!({"id": 2});
    assert_eq!(get(&mut pair, of_evse), ("Accepted".into(), json!("Available")));
    let many: Vec<_> = (0..51).map(|_| variable("EVSE", "Power")).collect();
    assert_eq!(pair.asks("GetVariables", json!({"getVariableData": many}))[2], "OccurrenceConstraintViolation");
}

#[test]
fn custom_reports_have_what_was_asked_for() {
    let mut pair = Pair::online(&[]);
    let asked =
        json!({"requestId": 1, "componentVariable": [{"component": {"name": "EVSE"}, "variable": {"name": "Power"}}]});
    assert_eq!(pair.status("GetReport", asked), "Accepted");
    assert_eq!(pair.of("NotifyReport")[0]["reportData"].as_array().unwrap().len(), 2);
    let problems = json!({"requestId": 2, "componentCriteria": ["Problem"]});
    assert_eq!(pair.status("GetReport", problems.clone()), "EmptyResultSet");
    pair.does(Input::Fault { evse_id: 2, connector_id: 1, faulted: true });
    assert_eq!(pair.status("GetReport", problems), "Accepted");
}

#[test]
fn network_profiles_are_kept_and_used_after_a_reboot() {
    let mut pair = Pair::online(&[]);
    let data = |version: &str| {
        json!({"configurationSlot": 2, "connectionData": {
            "ocppVersion": version, "ocppTransport": "JSON", "ocppCsmsUrl": "wss://other.example/ocpp",
            "messageTimeout": 30, "securityProfile": 1, "ocppInterface": "Wired0"
        }})
    };
    assert_eq!(pair.status("SetNetworkProfile", data("OCPP16")), "Rejected");
    assert_eq!(pair.status("SetNetworkProfile", data("OCPP20")), "Accepted");
    assert_eq!(set(&mut pair, "OCPPCommCtrlr", "NetworkConfigurationPriority", "2"), "RebootRequired");
    assert_eq!(pair.station.network_profiles().count(), 0);
    pair.does(Input::Booted(BootReason::RemoteReset));
    let (slot, profile) = pair.station.network_profiles().next().unwrap();
    assert_eq!((slot, &*profile.ocpp_csms_url), (2, "wss://other.example/ocpp"));
}

#[test]
fn waits_between_attempts_to_connect_double_as_often_as_they_are_told() {
    let pair = Pair::new(&[("OCPPCommCtrlr", "RetryBackOffRepeatTimes", "2")]);
    let waits: Vec<_> = (0..4).map(|failures| pair.station.reconnect_after(failures, 0.5).0).collect();
    assert_eq!(waits, [2000, 3000, 5000, 5000]);
}

#[test]
fn a_transaction_is_started_and_stopped_from_afar() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    let mut with_profile = profile("TxProfile", json!([{"startPeriod": 0, "limit": 8.0}]));
    with_profile["chargingProfileKind"] = json!("Relative");
    with_profile["chargingSchedule"][0].as_object_mut().unwrap().remove("startSchedule");
    let start = json!({
        "evseId": 1, "remoteStartId": 42, "idToken": {"idToken": "app", "type": "Central"}, "chargingProfile": with_profile
    });
    assert_eq!(pair.status("RequestStartTransaction", start.clone()), "Accepted");
    assert_eq!(pair.of("Authorize").len(), 1, "AuthorizeRemoteStart");
    assert_eq!(pair.events(), ["Started RemoteStart"]);
    let info = pair.last_event()["transactionInfo"].clone();
    assert_eq!(info["remoteStartId"], 42);
    assert_eq!(pair.station.evses[0].limit.unwrap().current_a, 8.0);
    assert_eq!(pair.status("RequestStartTransaction", start), "Rejected");
    let asked = json!({"transactionId": info["transactionId"]});
    let status = pair.asks_for("GetTransactionStatus", asked.clone());
    assert_eq!(status, json!({"messagesInQueue": false, "ongoingIndicator": true}));
    assert_eq!(pair.status("RequestStopTransaction", asked.clone()), "Accepted");
    assert_eq!(pair.last_event()["transactionInfo"]["stoppedReason"], "Remote");
    assert_eq!(pair.status("RequestStopTransaction", asked), "Rejected");
    assert_eq!(pair.station.evses[0].limit.unwrap().current_a, 32.0, "the profile ended with it");
}

#[test]
fn a_remote_start_of_a_running_transaction_tells_its_id() {
    let mut pair =
        Pair::online(&[("TxCtrlr", "TxStartPoint", "EVConnected"), ("AuthCtrlr", "AuthorizeRemoteStart", "false")]);
    pair.plug();
    let start = json!({"remoteStartId": 1, "idToken": {"idToken": "app", "type": "Central"}});
    let answer = pair.asks_for("RequestStartTransaction", start);
    assert_eq!(answer["transactionId"], pair.of("TransactionEvent")[0]["transactionInfo"]["transactionId"]);
    assert_eq!(pair.events(), ["Started CablePluggedIn", "Updated RemoteStart"]);
    assert_eq!(pair.last_event()["transactionInfo"]["remoteStartId"], 1);
    assert!(pair.of("Authorize").is_empty());
}

#[test]
fn unlocking_does_not_end_what_is_authorised() {
    let mut pair = Pair::online(&[]);
    let asked = |connector: i32| json!({"evseId": 1, "connectorId": connector});
    assert_eq!(pair.status("UnlockConnector", asked(2)), "UnknownConnector");
    assert_eq!(pair.status("UnlockConnector", asked(1)), "Unlocked");
    pair.plug();
    pair.present("card");
    assert_eq!(pair.status("UnlockConnector", asked(1)), "OngoingAuthorizedTransaction");
}

#[test]
fn availability_changes_at_once_or_when_the_transaction_is_over() {
    let mut pair = Pair::online(&[]);
    let asked = json!({"operationalStatus": "Inoperative", "evse": {"id": 1}});
    pair.plug();
    pair.present("card");
    assert_eq!(pair.status("ChangeAvailability", asked.clone()), "Scheduled");
    pair.present("card");
    assert_eq!(pair.of("StatusNotification").last().unwrap()["connectorStatus"], "Unavailable");
    pair.present("card");
    assert_eq!(pair.of("Authorize").len(), 1, "nobody starts at an EVSE that is inoperative");
    let back = json!({"operationalStatus": "Operative"});
    assert_eq!(pair.status("ChangeAvailability", back), "Accepted");
    assert_eq!(pair.of("StatusNotification").last().unwrap()["connectorStatus"], "Occupied");
    let nowhere = json!({"operationalStatus": "Inoperative", "evse": {"id": 3}});
    assert_eq!(pair.status("ChangeAvailability", nowhere), "Rejected");
    pair.does(Input::Unplug { evse_id: 1 });
    assert_eq!(pair.status("ChangeAvailability", asked), "Accepted");
}

#[test]
fn an_immediate_reset_ends_what_runs_then_restarts() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    assert_eq!(pair.status("Reset", json!({"type": "Immediate"})), "Accepted");
    assert_eq!(pair.last_event()["transactionInfo"]["stoppedReason"], "ImmediateReset");
    assert_eq!(pair.acts.last(), Some(&Act::Reboot(BootReason::RemoteReset)));
    pair.disconnect();
    pair.does(Input::Booted(BootReason::RemoteReset));
    pair.connect();
    assert_eq!(pair.of("BootNotification")[0]["reason"], "RemoteReset");
    assert_eq!(pair.of("StatusNotification").last().unwrap()["connectorStatus"], "Available");
}

#[test]
fn a_reset_when_idle_waits_for_the_transaction() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    assert_eq!(pair.status("Reset", json!({"type": "OnIdle"})), "Scheduled");
    assert_eq!(pair.of("StatusNotification").last().unwrap()["connectorStatus"], "Unavailable", "the other EVSE");
    assert!(!pair.acts.iter().any(|act| matches!(act, Act::Reboot(_))));
    pair.present("card");
    assert_eq!(pair.acts.last(), Some(&Act::Reboot(BootReason::ScheduledReset)));
}

#[test]
fn one_evse_is_reset_by_itself() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    assert_eq!(pair.status("Reset", json!({"type": "OnIdle", "evseId": 1})), "Scheduled");
    pair.present("card");
    assert_eq!(pair.acts.last(), Some(&Act::ResetEvse(1)));
    assert_eq!(pair.status("Reset", json!({"type": "Immediate", "evseId": 9})), "Rejected");
}

fn reserve(id: i32, evse: i32, name: &str) -> Value {
    let token = json!({"idToken": name, "type": "ISO14443"});
    json!({"id": id, "evseId": evse, "expiryDateTime": later(600), "idToken": token})
}

#[test]
fn a_reserved_evse_is_for_whom_it_is_reserved() {
    let mut pair = Pair::online(&[]);
    assert_eq!(pair.status("ReserveNow", reserve(5, 1, "mine")), "Accepted");
    assert_eq!(pair.of("StatusNotification").last().unwrap()["connectorStatus"], "Reserved");
    assert_eq!(pair.status("ReserveNow", reserve(6, 1, "theirs")), "Occupied");
    pair.plug();
    pair.present("theirs");
    assert!(pair.events().is_empty());
    pair.present("mine");
    assert_eq!(pair.last_event()["reservationId"], 5);
    assert_eq!(pair.status("ReserveNow", reserve(7, 1, "mine")), "Occupied");
}

#[test]
fn reservations_expire_are_cancelled_and_are_lost_to_faults() {
    let mut pair = Pair::online(&[]);
    pair.status("ReserveNow", reserve(5, 1, "mine"));
    pair.pass_s(601);
    let last =
        |pair: &Pair| pair.of("ReservationStatusUpdate").last().map(|one| one["reservationUpdateStatus"].clone());
    assert_eq!(last(&pair), Some(json!("Expired")));
    let mut again = reserve(6, 1, "mine");
    again["expiryDateTime"] = json!(later(6000));
    pair.status("ReserveNow", again.clone());
    assert_eq!(pair.status("CancelReservation", json!({"reservationId": 6})), "Accepted");
    assert_eq!(pair.status("CancelReservation", json!({"reservationId": 6})), "Rejected");
    pair.status("ReserveNow", again);
    pair.does(Input::Fault { evse_id: 1, connector_id: 1, faulted: true });
    assert_eq!(last(&pair), Some(json!("Removed")));
    assert_eq!(pair.status("ReserveNow", reserve(8, 1, "mine")), "Rejected", "its end has passed");
}

#[test]
fn what_is_triggered_is_sent() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    let asked = |message: &str| json!({"requestedMessage": message});
    assert_eq!(pair.status("TriggerMessage", asked("Heartbeat")), "Accepted");
    assert_eq!(pair.of("Heartbeat").len(), 1);
    assert_eq!(pair.status("TriggerMessage", asked("MeterValues")), "Accepted");
    assert_eq!(pair.of("MeterValues")[0]["meterValue"][0]["sampledValue"][0]["context"], "Trigger");
    assert_eq!(pair.status("TriggerMessage", asked("BootNotification")), "Rejected");
    assert_eq!(pair.status("TriggerMessage", asked("TransactionEvent")), "Rejected");
    pair.present("card");
    assert_eq!(pair.status("TriggerMessage", asked("TransactionEvent")), "Accepted");
    assert_eq!(pair.last_event()["triggerReason"], "Trigger");
    assert_eq!(pair.last_event()["transactionInfo"]["chargingState"], "SuspendedEV");
    assert_eq!(pair.status("TriggerMessage", asked("LogStatusNotification")), "Accepted");
    assert_eq!(pair.of("LogStatusNotification")[0], &json!({"status": "Idle"}));
    assert_eq!(pair.status("TriggerMessage", asked("FirmwareStatusNotification")), "Accepted");
    assert_eq!(pair.status("TriggerMessage", asked("StatusNotification")), "Rejected");
    let connector = json!({"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}});
    assert_eq!(pair.status("TriggerMessage", connector), "Accepted");
    assert_eq!(pair.status("TriggerMessage", asked("SignV2GCertificate")), "NotImplemented");
}

#[test]
fn the_local_list_is_replaced_merged_and_used() {
    let mut pair = Pair::online(&[("AuthCtrlr", "LocalPreAuthorize", "true")]);
    let entry = |name: &str, status: Option<&str>| {
        let mut entry = json!({"idToken": {"idToken": name, "type": "ISO14443"}});
        if let Some(status) = status {
            entry["idTokenInfo"] = json!({"status": status});
        }
        entry
    };
    let send = |kind: &str, version: i32, list: Value| json!({"versionNumber": version, "updateType": kind, "localAuthorizationList": list});
    let full = send("Full", 2, json!([entry("a", Some("Accepted")), entry("b", Some("Accepted"))]));
    assert_eq!(pair.status("SendLocalList", full), "Accepted");
    assert_eq!(
        pair.status("SendLocalList", send("Differential", 2, json!([entry("c", Some("Accepted"))]))),
        "VersionMismatch"
    );
    assert_eq!(pair.status("SendLocalList", send("Differential", 3, json!([entry("b", None)]))), "Accepted");
    assert_eq!(pair.asks_for("GetLocalListVersion", json!({}))["versionNumber"], 3);
    pair.plug();
    pair.present("a");
    assert_eq!((pair.events().len(), pair.of("Authorize").len()), (1, 0));
    pair.present("a");
    pair.present("b");
    assert_eq!(pair.of("Authorize").len(), 1, "it is no longer in the list");
    assert_eq!(pair.status("SendLocalList", json!({"versionNumber": 4, "updateType": "Full"})), "Accepted");
    assert_eq!(pair.asks_for("GetLocalListVersion", json!({}))["versionNumber"], 0);
}

#[test]
fn profiles_are_reported_and_composed() {
    let mut pair = Pair::online(&[]);
    let periods = json!([{"startPeriod": 0, "limit": 16.0}, {"startPeriod": 3600, "limit": 8.0}]);
    let asked = json!({"evseId": 1, "chargingProfile": profile("TxDefaultProfile", periods)});
    pair.status("SetChargingProfile", asked);
    let answer = pair.asks_for("GetCompositeSchedule", json!({"duration": 7200, "evseId": 1, "chargingRateUnit": "W"}));
    let periods = &answer["schedule"]["chargingSchedulePeriod"];
    assert_eq!(periods[0], json!({"startPeriod": 0, "limit": 11_040.0, "numberPhases": 3}));
    assert_eq!(periods[1], json!({"startPeriod": 3590, "limit": 5520.0, "numberPhases": 3}));
    assert_eq!(pair.status("GetCompositeSchedule", json!({"duration": 60, "evseId": 9})), "Rejected");
    let criterion = |purpose: &str| json!({"requestId": 3, "chargingProfile": {"chargingProfilePurpose": purpose}});
    assert_eq!(pair.status("GetChargingProfiles", criterion("TxProfile")), "NoProfiles");
    assert_eq!(pair.status("GetChargingProfiles", criterion("TxDefaultProfile")), "Accepted");
    let report = pair.of("ReportChargingProfiles")[0];
    assert_eq!(
        (&report["evseId"], &report["chargingLimitSource"], &report["tbc"]),
        (&json!(1), &json!("CSO"), &json!(false))
    );
    let refused =
        json!({"evseId": 9, "chargingProfile": profile("TxDefaultProfile", json!([{"startPeriod": 0, "limit": 1.0}]))});
    let answer = pair.asks_for("SetChargingProfile", refused);
    assert_eq!(answer["statusInfo"]["reasonCode"], "UnknownEvse");
}

#[test]
fn logs_and_firmware_are_told_of_step_by_step() {
    let mut pair = Pair::online(&[]);
    let log = |id: i32| json!({"requestId": id, "logType": "SecurityLog", "log": {"remoteLocation": "http://files.example/up"}});
    assert_eq!(pair.status("GetLog", log(1)), "Accepted");
    assert!(matches!(pair.acts.last(), Some(Act::Upload { filename, .. }) if filename == "CP001-security-1.log"));
    assert_eq!(pair.status("GetLog", log(2)), "AcceptedCanceled");
    pair.does(Input::LogStatus(UploadLogStatus::Uploaded));
    let lines: Vec<_> =
        pair.of("LogStatusNotification").iter().map(|v| format!("{} {}", v["requestId"], v["status"])).collect();
    assert_eq!(lines, ["1 \"Uploading\"", "1 \"AcceptedCanceled\"", "2 \"Uploading\"", "2 \"Uploaded\""]);
    let firmware = json!({"location": "http://files.example/fw", "retrieveDateTime": later(-1)});
    assert_eq!(pair.status("UpdateFirmware", json!({"requestId": 3, "firmware": firmware})), "Accepted");
    for status in [FirmwareStatus::Downloaded, FirmwareStatus::Installing, FirmwareStatus::Installed] {
        pair.does(Input::FirmwareStatus(status));
    }
    let statuses: Vec<_> = pair.of("FirmwareStatusNotification").iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["Downloading", "Downloaded", "Installing", "Installed"]);
}

#[test]
fn messages_are_shown_listed_and_cleared() {
    let mut pair = Pair::online(&[]);
    let message = |id: i32, format: &str| json!({"message": {"id": id, "priority": "NormalCycle", "message": {"format": format, "content": "Bonjou"}}});
    assert_eq!(pair.status("SetDisplayMessage", message(1, "UTF8")), "Accepted");
    assert_eq!(pair.status("SetDisplayMessage", message(2, "HTML")), "NotSupportedMessageFormat");
    assert!(matches!(pair.acts.last(), Some(Act::Show(all)) if all.len() == 1));
    assert_eq!(pair.status("GetDisplayMessages", json!({"requestId": 1})), "Accepted");
    assert_eq!(pair.of("NotifyDisplayMessages")[0]["messageInfo"][0]["message"]["content"], "Bonjou");
    assert_eq!(pair.status("ClearDisplayMessage", json!({"id": 1})), "Accepted");
    assert_eq!(pair.status("ClearDisplayMessage", json!({"id": 1})), "Unknown");
    assert_eq!(pair.status("GetDisplayMessages", json!({"requestId": 2})), "Unknown");
}

#[test]
fn the_cost_is_shown_where_it_accrues() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    let id = pair.last_event()["transactionInfo"]["transactionId"].clone();
    pair.asks_for("CostUpdated", json!({"totalCost": 3.5, "transactionId": id}));
    assert_eq!(pair.acts.last(), Some(&Act::ShowCost { evse_id: 1, total_cost: 3.5 }));
}

#[test]
fn what_is_known_of_a_customer_is_told_and_forgotten() {
    let mut pair = Pair::online(&[]);
    pair.plug();
    pair.present("card");
    let mine = json!({"idToken": "card", "type": "ISO14443"});
    let asked = json!({"requestId": 1, "report": true, "clear": true, "idToken": mine});
    assert_eq!(pair.status("CustomerInformation", asked), "Accepted");
    assert_eq!(pair.of("NotifyCustomerInformation")[0]["data"], "cache: Accepted");
    assert!(pair.station.authorisation.cache.iter().all(|known| !known.token.is(&token("card"))));
    let nobody = json!({"requestId": 2, "report": true, "clear": false});
    assert_eq!(pair.status("CustomerInformation", nobody), "Invalid");
}

#[test]
fn monitors_raise_events_and_are_reported_and_cleared() {
    let mut pair = Pair::online(&[]);
    let monitor = |kind: &str, value: f64, variable: &str| {
        json!({"setMonitoringData": [{
            "component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": variable},
            "type": kind, "value": value, "severity": 4
        }]})
    };
    let set = |pair: &mut Pair, kind: &str, value: f64, variable: &str| {
        let answer = pair.asks_for("SetVariableMonitoring", monitor(kind, value, variable));
        answer["setMonitoringResult"][0].clone()
    };
    assert_eq!(set(&mut pair, "UpperThreshold", 5000.0, "Power")["id"], 1);
    assert_eq!(set(&mut pair, "UpperThreshold", 6000.0, "Power")["status"], "Duplicate");
    assert_eq!(set(&mut pair, "UpperThreshold", 1.0, "AvailabilityState")["status"], "UnsupportedMonitorType");
    assert_eq!(set(&mut pair, "Delta", 1.0, "AvailabilityState")["id"], 2);
    assert_eq!(set(&mut pair, "Delta", 1.0, "SupplyPhases")["status"], "Rejected");
    assert_eq!(set(&mut pair, "Delta", 1.0, "Nothing")["status"], "UnknownVariable");
    let last = |pair: &Pair| pair.of("NotifyEvent").last().map(|one| one["eventData"][0].clone());
    pair.meter(1.0);
    let event = last(&pair).unwrap();
    assert_eq!((&event["trigger"], &event["variableMonitoringId"]), (&json!("Alerting"), &json!(1)));
    assert_eq!(event["actualValue"], "11040");
    pair.does(Input::Meter { evse_id: 1, reading: crate::station::Reading { import_wh: 2.0, ..Default::default() } });
    assert_eq!(last(&pair).unwrap()["cleared"], true);
    pair.plug();
    assert_eq!(last(&pair).unwrap()["actualValue"], "Occupied");
    assert_eq!(set(&mut pair, "Periodic", 60.0, "Power")["id"], 3);
    let before = pair.of("NotifyEvent").len();
    pair.pass_s(181);
    assert_eq!(pair.of("NotifyEvent").len(), before + 3);
    assert_eq!(pair.status("SetMonitoringLevel", json!({"severity": 3})), "Accepted");
    pair.pass_s(181);
    assert_eq!(pair.of("NotifyEvent").len(), before + 3, "milder than what is told");
    let asked = json!({"requestId": 1, "monitoringCriteria": ["PeriodicMonitoring"]});
    assert_eq!(pair.status("GetMonitoringReport", asked), "Accepted");
    let monitors = &pair.of("NotifyMonitoringReport")[0]["monitor"];
    assert_eq!(monitors[0]["variableMonitoring"][0]["id"], 3);
    let cleared = pair.asks_for("ClearVariableMonitoring", json!({"id": [1, 9]}));
    assert_eq!(cleared["clearMonitoringResult"][0]["status"], "Accepted");
    assert_eq!(cleared["clearMonitoringResult"][1]["status"], "NotFound");
    assert_eq!(pair.status("SetMonitoringBase", json!({"monitoringBase": "FactoryDefault"})), "Accepted");
    assert_eq!(pair.status("GetMonitoringReport", json!({"requestId": 2})), "EmptyResultSet");
}

#[test]
fn what_is_not_served_says_so() {
    let mut pair = Pair::online(&[]);
    assert_eq!(pair.asks("NoSuchAction", json!({}))[2], "NotImplemented");
    assert_eq!(pair.asks("InstallCertificate", json!({}))[2], "NotSupported");
    assert_eq!(pair.status("DataTransfer", json!({"vendorId": "nobody", "data": [1]})), "UnknownVendorId");
    assert_eq!(pair.asks("Reset", json!({}))[2], "OccurrenceConstraintViolation");
    assert_eq!(pair.asks("Reset", json!({"type": "Now"}))[2], "PropertyConstraintViolation");
    assert_eq!(pair.asks("Reset", json!({"type": 1}))[2], "TypeConstraintViolation");
    assert_eq!(pair.asks("Reset", json!({"type": "OnIdle", "x": 1}))[2], "FormatViolation");
    pair.does(Input::Frame("hello".into()));
    assert_eq!(pair.answers.last().unwrap()[1], "-1");
    assert_eq!(pair.answers.last().unwrap()[2], "RpcFrameworkError");
}
