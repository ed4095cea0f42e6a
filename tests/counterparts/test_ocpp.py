"""A charging station before a CSMS of others: every message of both sides is held against the official schemas."""

import json
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

import ocpp
import pytest
from csms import check, judge, now, pair
from jsonschema import ValidationError
from ocpp.messages import Call, CallError

SCHEMAS = Path(ocpp.__file__).parent / "v201" / "schemas"
TOKEN = {"idToken": "app", "type": "Central"}


def later(seconds: float) -> str:
    """An instant to come, in RFC 3339."""
    return (datetime.now(timezone.utc) + timedelta(seconds=seconds)).isoformat()


def profile(purpose: str, limit: float, **more) -> dict:
    """A profile of one period that begins now."""
    period = {"startPeriod": 0, "limit": limit}
    schedule = {"id": 1, "chargingRateUnit": "A", "startSchedule": now(), "chargingSchedulePeriod": [period]}
    head = {"id": 1, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute"}
    return head | {"chargingSchedule": [schedule]} | more


def test_a_station_boots_when_it_is_let():
    with pair(boots=[("Pending", 1), ("Rejected", 1), ("Accepted", 60)]) as (csms, _):
        assert [boot["reason"] for boot in csms.of("BootNotification")] == ["PowerUp"] * 3
        assert {status["connectorStatus"] for status in csms.of("StatusNotification")} == {"Available"}


def test_a_session_is_told_from_plug_to_unplug():
    with pair("TxCtrlr.TxStartPoint=EVConnected", "SampledDataCtrlr.TxUpdatedInterval=1") as (csms, station):
        station.does("meter 1 1000", "plug 1", "present 1 card")
        csms.wait_for_event("Updated Authorized")
        station.does("draw 1 on", "meter 1 1500")
        csms.wait_for_event("Updated MeterValuePeriodic")
        station.does("present 1 card", "unplug 1")
        csms.wait_for_event("Ended StopAuthorized")
        events = csms.of("TransactionEvent")
        assert [event["seqNo"] for event in events] == list(range(len(events)))
        assert events[-1]["meterValue"][-1]["sampledValue"][0]["value"] == 1500
        csms.wait(lambda: csms.of("StatusNotification")[-1]["connectorStatus"] == "Available", "free connector")
        station.says("Contactor { evse_id: 1, closed: false }")


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_connection_that_breaks_loses_no_event(cut):
    with pair("OCPPCommCtrlr.RetryBackOffRandomRange=0", "OCPPCommCtrlr.RetryBackOffWaitMinimum=0") as (csms, station):
        steps = ["plug 1", "present 1 card", "draw 1 on", "draw 1 off", "draw 1 on", "present 1 card"]
        for rank, step in enumerate(steps):
            if rank == cut:
                csms.cut_at = ["TransactionEvent"]
            before = len(csms.events())
            station.does(step)
            if rank:
                csms.wait(lambda: len(csms.events()) > before, f"event of {step}")
        csms.wait_for_event("Ended StopAuthorized")
        changed = ["Updated ChargingStateChanged"] * 3
        assert csms.events() == ["Started Authorized", *changed, "Ended StopAuthorized"]
        assert len(csms.of("BootNotification")) == 1, "a reconnection is no boot"


def test_what_happens_offline_is_replayed():
    with pair("AuthCtrlr.OfflineTxForUnknownIdEnabled=true") as (csms, station):
        station.does("cut 0.5", "plug 1", "present 1 card", "draw 1 on")
        csms.wait_for_event("Updated ChargingStateChanged")
        first, second = csms.of("TransactionEvent")
        assert first["offline"] is True and second["offline"] is True
        assert first["timestamp"] <= second["timestamp"]
        csms.token_status = "Blocked"
        station.does("present 1 other")
        station.says('NotAuthorised { evse_id: 1, status: "Blocked" }')


def test_variables_and_reports():
    with pair() as (csms, _):
        variable = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "OfflineThreshold"}}
        result = csms.ask("SetVariables", setVariableData=[variable | {"attributeValue": "30"}])
        assert result["setVariableResult"][0]["attributeStatus"] == "Accepted"
        result = csms.ask("GetVariables", getVariableData=[variable])
        assert result["getVariableResult"][0]["attributeValue"] == "30"
        for number, base in enumerate(["FullInventory", "ConfigurationInventory", "SummaryInventory"]):
            assert csms.status("GetBaseReport", requestId=number, reportBase=base) == "Accepted"
            parts = lambda number=number: [part for part in csms.of("NotifyReport") if part["requestId"] == number]
            csms.wait(lambda: parts() and not parts()[-1]["tbc"], base)
            assert [part["seqNo"] for part in parts()] == list(range(len(parts())))
        asked = [{"component": {"name": "EVSE"}}]
        assert csms.status("GetReport", requestId=9, componentVariable=asked) == "Accepted"
        assert csms.status("GetReport", requestId=9, componentCriteria=["Problem"]) == "EmptyResultSet"


def test_a_network_profile_is_kept():
    with pair() as (csms, _):
        data = {
            "ocppVersion": "OCPP20",
            "ocppTransport": "JSON",
            "ocppCsmsUrl": "wss://csms.example/ocpp",
            "messageTimeout": 30,
            "securityProfile": 1,
            "ocppInterface": "Wired0",
        }
        assert csms.status("SetNetworkProfile", configurationSlot=1, connectionData=data) == "Accepted"
        assert csms.status("SetNetworkProfile", configurationSlot=9, connectionData=data) == "Rejected"


def test_transactions_are_controlled_from_afar():
    with pair() as (csms, station):
        station.does("plug 1")
        status = csms.status("RequestStartTransaction", evseId=1, remoteStartId=7, idToken=TOKEN)
        assert status == "Accepted"
        csms.wait_for_event("Started RemoteStart")
        event = csms.of("TransactionEvent")[0]
        assert event["transactionInfo"]["remoteStartId"] == 7
        transaction = event["transactionInfo"]["transactionId"]
        assert csms.ask("GetTransactionStatus", transactionId=transaction)["ongoingIndicator"]
        assert csms.status("UnlockConnector", evseId=1, connectorId=1) == "OngoingAuthorizedTransaction"
        assert csms.status("TriggerMessage", requestedMessage="TransactionEvent") == "Accepted"
        csms.wait_for_event("Updated Trigger")
        assert csms.ask("CostUpdated", totalCost=1.5, transactionId=transaction) == {}
        station.says("ShowCost { evse_id: 1, total_cost: 1.5 }")
        assert csms.status("RequestStopTransaction", transactionId=transaction) == "Accepted"
        csms.wait_for_event("Ended RemoteStop")
        assert csms.status("UnlockConnector", evseId=1, connectorId=1) == "Unlocked"


def test_messages_are_triggered():
    with pair() as (csms, _):
        for message in ("Heartbeat", "MeterValues", "LogStatusNotification", "FirmwareStatusNotification"):
            assert csms.status("TriggerMessage", requestedMessage=message) == "Accepted"
            csms.wait_for(message)
        evse = {"id": 2, "connectorId": 1}
        assert csms.status("TriggerMessage", requestedMessage="StatusNotification", evse=evse) == "Accepted"
        csms.wait_for("StatusNotification", 3)
        assert csms.status("TriggerMessage", requestedMessage="SignV2GCertificate") == "NotImplemented"


def test_smart_charging_limits_the_body():
    with pair() as (csms, station):
        station.does("plug 1", "present 1 card")
        csms.wait_for_event("Started Authorized")
        station.does("draw 1 on")
        csms.wait_for_event("Updated ChargingStateChanged")
        transaction = csms.of("TransactionEvent")[0]["transactionInfo"]["transactionId"]
        of_transaction = profile("TxProfile", 10, transactionId=transaction)
        assert csms.status("SetChargingProfile", evseId=1, chargingProfile=of_transaction) == "Accepted"
        station.says("current_a: 10.0")
        of_station = profile("ChargingStationMaxProfile", 8, id=2)
        assert csms.status("SetChargingProfile", evseId=0, chargingProfile=of_station) == "Accepted"
        station.says("current_a: 8.0")
        answer = csms.ask("GetCompositeSchedule", duration=60, evseId=1, chargingRateUnit="W")
        period = {"startPeriod": 0, "limit": 5520.0, "numberPhases": 3}
        # The profile begins within this second.
        assert answer["schedule"]["chargingSchedulePeriod"][-1] | {"startPeriod": 0} == period
        station.does("limit 1 7", "needs 1")
        assert csms.wait_for("NotifyChargingLimit")["chargingLimit"]["chargingLimitSource"] == "EMS"
        csms.wait_for("NotifyEVChargingNeeds")
        station.says("current_a: 7.0")
        assert csms.status("GetChargingProfiles", requestId=3, chargingProfile={}) == "Accepted"
        csms.wait_for("ReportChargingProfiles", 3)
        station.does("limit 1 none")
        csms.wait_for("ClearedChargingLimit")
        assert csms.status("ClearChargingProfile", chargingProfileCriteria={"evseId": 1}) == "Accepted"
        assert csms.status("ClearChargingProfile", chargingProfileId=99) == "Unknown"


def test_availability_and_reservation():
    with pair() as (csms, station):
        last = lambda: csms.of("StatusNotification")[-1]["connectorStatus"]
        assert csms.status("ReserveNow", id=1, evseId=1, expiryDateTime=later(1), idToken=TOKEN) == "Accepted"
        assert csms.wait_for("ReservationStatusUpdate")["reservationUpdateStatus"] == "Expired"
        assert csms.status("CancelReservation", reservationId=1) == "Rejected"
        assert csms.status("ChangeAvailability", operationalStatus="Inoperative", evse={"id": 1}) == "Accepted"
        csms.wait(lambda: last() == "Unavailable", "unavailable connector")
        assert csms.status("ChangeAvailability", operationalStatus="Operative") == "Accepted"
        csms.wait(lambda: last() == "Available", "available connector")
        station.does("fault 1 on")
        csms.wait(lambda: last() == "Faulted", "faulted connector")


def test_resets_end_transactions_and_boot():
    with pair() as (csms, station):
        station.does("plug 1", "present 1 card")
        csms.wait_for_event("Started Authorized")
        assert csms.status("Reset", type="OnIdle") == "Scheduled"
        station.does("present 1 card")
        assert csms.wait_for("BootNotification", 2)["reason"] == "ScheduledReset"
        csms.wait_for("StatusNotification", 4)
        station.does("present 1 card")
        csms.wait(lambda: csms.events().count("Started Authorized") == 2, "second transaction")
        assert csms.status("Reset", type="Immediate") == "Accepted"
        assert csms.wait_for("BootNotification", 3)["reason"] == "RemoteReset"
        assert csms.events()[-1] == "Ended ResetCommand"


def test_power_that_goes_ends_the_transaction():
    with pair() as (csms, station):
        station.does("plug 1", "present 1 card")
        csms.wait_for_event("Started Authorized")
        station.does("boot")
        csms.wait_for_event("Ended AbnormalCondition")
        assert csms.of("TransactionEvent")[-1]["transactionInfo"]["stoppedReason"] == "PowerLoss"


def test_lists_and_caches():
    with pair("AuthCtrlr.LocalPreAuthorize=true") as (csms, station):
        entry = {"idToken": {"idToken": "known", "type": "ISO14443"}, "idTokenInfo": {"status": "Accepted"}}
        listed = {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": [entry]}
        assert csms.status("SendLocalList", **listed) == "Accepted"
        assert csms.ask("GetLocalListVersion") == {"versionNumber": 1}
        station.does("plug 1", "present 1 known")
        csms.wait_for_event("Started Authorized")
        assert not csms.of("Authorize")
        assert csms.status("ClearCache") == "Accepted"


def test_logs_firmware_and_security():
    with pair() as (csms, station):
        answer = csms.ask("GetLog", requestId=1, logType="DiagnosticsLog", log={"remoteLocation": "http://x.example"})
        assert answer["status"] == "Accepted"
        station.does("log Uploaded")
        assert csms.wait_for("LogStatusNotification", 2)["status"] == "Uploaded"
        firmware = {"location": "http://x.example/fw", "retrieveDateTime": now()}
        assert csms.status("UpdateFirmware", requestId=2, firmware=firmware) == "Accepted"
        station.does("firmware Downloaded", "firmware Installing", "firmware Installed")
        assert csms.wait_for("FirmwareStatusNotification", 4)["status"] == "Installed"
        station.does("security TamperDetectionActivated")
        assert csms.wait_for("SecurityEventNotification")["type"] == "TamperDetectionActivated"


def test_displays_customers_and_vendors():
    with pair() as (csms, _):
        message = {"id": 1, "priority": "AlwaysFront", "message": {"format": "UTF8", "content": "Bonjou tout moun"}}
        assert csms.status("SetDisplayMessage", message=message) == "Accepted"
        assert csms.status("GetDisplayMessages", requestId=1) == "Accepted"
        assert csms.wait_for("NotifyDisplayMessages")["messageInfo"] == [message]
        assert csms.status("ClearDisplayMessage", id=1) == "Accepted"
        asked = {"requestId": 2, "report": True, "clear": False, "idToken": TOKEN}
        assert csms.status("CustomerInformation", **asked) == "Accepted"
        csms.wait_for("NotifyCustomerInformation")
        assert csms.status("DataTransfer", vendorId="nobody") == "UnknownVendorId"


def test_monitors_raise_events():
    with pair() as (csms, station):
        variable = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
        monitor = variable | {"type": "UpperThreshold", "value": 5000, "severity": 4}
        result = csms.ask("SetVariableMonitoring", setMonitoringData=[monitor])["setMonitoringResult"][0]
        assert result["status"] == "Accepted"
        station.does("meter 1 1")
        assert csms.wait_for("NotifyEvent")["eventData"][0]["variableMonitoringId"] == result["id"]
        assert csms.status("GetMonitoringReport", requestId=1) == "Accepted"
        csms.wait_for("NotifyMonitoringReport")
        assert csms.status("SetMonitoringLevel", severity=3) == "Accepted"
        cleared = csms.ask("ClearVariableMonitoring", id=[result["id"]])["clearMonitoringResult"][0]
        assert cleared["status"] == "Accepted"
        assert csms.status("SetMonitoringBase", monitoringBase="All") == "Accepted"


def test_what_is_not_supported_is_refused():
    with pair() as (csms, _):
        refused = csms.ask("GetInstalledCertificateIds")
        assert isinstance(refused, CallError) and refused.error_code == "NotSupported"


def test_the_schemas_do_judge():
    call = Call("1", "Heartbeat", {"unheardOf": 1})
    with pytest.raises(ValidationError):
        check(call)


class Samples:
    """Payloads that are as a schema says, drawn at random, and such that are not."""

    def __init__(self, action: str, seed: int):
        text = (SCHEMAS / f"{action}Request.json").read_text(encoding="utf-8-sig")
        self.schema = json.loads(text)
        self.draw = random.Random(f"{action} {seed}")

    def resolve(self, schema: dict) -> dict:
        """What a reference refers to."""
        return self.schema["definitions"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema

    def value(self, schema: dict):
        """A value of a schema."""
        schema = self.resolve(schema)
        if "enum" in schema:
            return self.draw.choice(schema["enum"])
        match schema.get("type"):
            case "object":
                return self.object(schema)
            case "array":
                most = min(schema.get("maxItems", 3), 3)
                return [self.value(schema["items"]) for _ in range(self.draw.randint(schema.get("minItems", 1), most))]
            case "string" if schema.get("format") == "date-time":
                return now()
            case "string":
                return "x" * self.draw.randint(0, min(schema.get("maxLength", 20), 200))
            case "integer":
                return self.draw.randint(int(schema.get("minimum", 0)), int(schema.get("maximum", 100)))
            case "number":
                return self.draw.choice([0, 13.5, 1e3])
            case "boolean":
                return self.draw.random() < 0.5
            case _:
                return {"any": ["thing"]}

    def object(self, schema: dict) -> dict:
        """An object with all that is required and some of the rest."""
        required = schema.get("required", [])
        names = [name for name in schema.get("properties", {}) if name in required or self.draw.random() < 0.5]
        return {name: self.value(schema["properties"][name]) for name in names}

    def spoilt(self) -> list[tuple[str, dict]]:
        """Payloads with one fault each, and the code it asks for."""
        whole = self.object(self.schema)
        found = [("FormatViolation", whole | {"unheardOf": 1})]
        for name in self.schema.get("required", []):
            found.append(("OccurrenceConstraintViolation", {key: one for key, one in whole.items() if key != name}))
            schema = self.resolve(self.schema["properties"][name])
            wrong = {} if schema.get("type") in ("string", "integer", "number", "boolean") else 1
            found.append(("TypeConstraintViolation", whole | {name: wrong}))
            if "enum" in schema:
                found.append(("PropertyConstraintViolation", whole | {name: "unheardOf"}))
            if "maxLength" in schema:
                found.append(("TypeConstraintViolation", whole | {name: "x" * (schema["maxLength"] + 1)}))
            if schema.get("type") == "array":
                found.append(("OccurrenceConstraintViolation", whole | {name: []}))
        return found


ACTIONS = """CancelReservation ChangeAvailability ClearCache ClearChargingProfile ClearDisplayMessage
ClearVariableMonitoring CostUpdated CustomerInformation DataTransfer GetBaseReport GetChargingProfiles
GetCompositeSchedule GetDisplayMessages GetLocalListVersion GetLog GetMonitoringReport GetReport
GetTransactionStatus GetVariables RequestStartTransaction RequestStopTransaction ReserveNow Reset
SendLocalList SetChargingProfile SetDisplayMessage SetMonitoringBase SetMonitoringLevel SetNetworkProfile
SetVariableMonitoring SetVariables TriggerMessage UnlockConnector UpdateFirmware""".split()


@pytest.mark.parametrize("action", ACTIONS)
def test_requests_are_taken_as_the_schema_says(action):
    good = [Samples(action, seed).value({"type": "object"} | Samples(action, seed).schema) for seed in range(40)]
    verdicts = judge([(action, payload) for payload in good])
    wrong = [(verdict, payload) for verdict, payload in zip(verdicts, good, strict=True) if verdict != "ok"]
    assert not wrong, wrong[0]


@pytest.mark.parametrize("action", ACTIONS)
def test_requests_against_the_schema_get_the_code_of_their_fault(action):
    spoilt = [one for seed in range(10) for one in Samples(action, seed).spoilt()]
    verdicts = judge([(action, payload) for _, payload in spoilt])
    wrong = [(verdict, *one) for verdict, one in zip(verdicts, spoilt, strict=True) if verdict != one[0]]
    assert not wrong, wrong[0]
