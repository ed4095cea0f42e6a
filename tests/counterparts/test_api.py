"""The control API of a live twin, tried by clients that we did not write: requests, WebSockets, Schemathesis, Prometheus."""

import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import connect

import api
import cli
from live import TABLES, assert_same_rows, rows, wait_until

# Noon of a day that lies in the past: the sun is out.
NOON = ("--start", "2026-03-20T12:00:00-04:00")
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
TOKEN = "a-token-of-32-characters-0123456"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def paused(tmp_path_factory):
    """A twin that stands still, and does a tick of a second when it is told to."""
    with api.live(tmp_path_factory.mktemp("paused") / "place", *NOON) as twin:
        twin.post("/v1/clock/pause")
        yield twin


def do(twin, method: str, path: str, body=None):
    """Something that the next tick takes, and that tick."""
    answer = twin.send(method, path, body, expect=202)
    assert answer["status"] == "queued"
    twin.step()


def last_event(twin) -> int:
    """The number of the latest event."""
    return twin.get("/v1/events?code=quarantined&limit=1")["next"]


def told(twin, code: str, participant: str, after: int) -> list[str]:
    """What events of this code said of a participant after the one of this number."""
    found = twin.get(f"/v1/events?code={code}&participant={participant}&after={after}&limit=1000")
    return [event["detail"] for event in found["events"]]


def test_nothing_that_the_document_does_not_know_comes_out_whatever_goes_in(tmp_path):
    with api.live(tmp_path / "place", *NOON, "--speed", "max") as twin:
        command = [SCHEMATHESIS, "run", f"{twin.base}/openapi.json", "--url", twin.base, "--checks", "all"]
        # What no schema can say, for instance which device has which fault, is refused with 422 all the same.
        command += ["--exclude-checks", "positive_data_acceptance", "--suppress-health-check", "filter_too_much"]
        # Streams have no end; pauses would keep the rest from being answered.
        command += ["--exclude-path-regex", "^/v1/(stream|ws|clock/pause)$", "--max-examples", "40", "--seed", "6"]
        command += ["--request-timeout", "60", "--workers", "2", "--phases", "examples,coverage,fuzzing", "--no-color"]
        tried = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=1200)
        assert tried.returncode == 0, tried.stdout[-20_000:] + tried.stderr[-2000:]
        assert twin.process.poll() is None and not any("panicked" in line for line in twin.log)


def test_who_there_is_and_how_they_stand(paused):
    everybody = paused.get("/v1/participants")
    assert everybody["total"] == len(everybody["participants"]) == 109
    batteries = paused.get("/v1/participants?kind=battery")["participants"]
    assert [battery["id"] for battery in batteries] == [f"bat_{n:02}" for n in range(1, 11)]
    paused.step()
    battery = paused.get("/v1/participants/bat_01")
    assert battery["parameters"]["capacity_kwh"] == 100 and battery["reading"]["energy_kwh"] > 0
    assert battery["inspection"]["commands"], "the energy manager commands it"
    assert "setpoint" in battery["commands"]
    site = paused.get("/v1/sites/bat_01")
    assert site["participants"] and abs(site["reading"]["power_kw"] - battery["reading"]["power_kw"]) < 1e-6
    readings = paused.get("/v1/readings")
    assert len(readings["assets"]) == 74 and readings["length_s"] == 1
    assert {signal["signal"] for signal in readings["signals"]} >= {"irradiance", "consumption_price"}
    missing = paused.send("GET", "/v1/participants/bat_99", expect=404)
    assert missing["status"] == 404 and "bat_99" in missing["detail"]


def test_a_command_is_obeyed_and_one_that_loses_is_told_why(tmp_path):
    with api.live(tmp_path / "place", *NOON) as twin:
        setpoint = {"command": "setpoint", "value": 12.5, "unit": "kW", "duration_s": 600}
        path = "/v1/participants/bat_01/commands"
        assert twin.post(path, setpoint | {"id": "a"}, expect=200)["status"] == "accepted"
        assert twin.post(path, setpoint | {"id": "a"}, expect=200)["id"] == "a", "taken once, answered twice"
        weaker = twin.post(path, setpoint | {"value": -3, "priority": "ems"}, expect=200)
        assert weaker["status"] == "overruled" and "operator is in force" in weaker["reason"]
        wait_until(lambda: twin.reading("bat_01")["power_kw"] == 12.5)
        steps = {"command": "setpoint", "values": [5, -5], "step_s": 900, "unit": "kW"}
        now = twin.get("/v1/clock")["now"]
        assert twin.post(path, steps | {"start": now, "priority": "safety"}, expect=200)["status"] == "accepted"
        wait_until(lambda: twin.reading("bat_01")["power_kw"] == 5)
        refused = twin.post("/v1/participants/pv_01/commands", setpoint, expect=409)
        assert "limits only" in refused["detail"]
        wrong = twin.post(path, setpoint | {"unit": "horses"}, expect=422)
        assert wrong["pointer"] == "/unit"
        book = twin.get(path)["commands"]
        assert {command["priority"] for command in book} >= {"operator", "safety"}
        assert twin.post(path, {"command": "withdraw", "priority": "safety"}, expect=200)["status"] == "accepted"


def test_a_vehicle_is_plugged_in_and_out_and_a_token_stops_and_starts_it(paused):
    do(paused, "POST", "/v1/participants/ev_01/plug", {"plugged": True, "duration_s": 7200})
    paused.step()
    assert paused.reading("evse_01")["state"] != "available"
    paused.post("/v1/participants/evse_01/commands", {"command": "setpoint", "value": 7, "unit": "kW"})
    paused.step(5)
    assert paused.reading("evse_01")["state"] == "charging"
    do(paused, "POST", "/v1/participants/evse_01/token", {"token": "ev_01"})
    paused.step(2)
    assert paused.reading("evse_01")["state"] == "suspended_evse"
    do(paused, "POST", "/v1/participants/evse_01/token", {"token": "ev_01"})
    paused.step(3)
    assert paused.reading("evse_01")["state"] == "charging"
    do(paused, "POST", "/v1/participants/evse_01/plug", {"plugged": False})
    paused.step()
    assert paused.reading("evse_01")["state"] == "available" and paused.reading("ev_01")["state"] == "parked"
    after = last_event(paused)
    do(paused, "POST", "/v1/participants/ev_01/plug", {"plugged": False})
    assert any("not plugged in" in detail for detail in told(paused, "act_failed", "ev_01", after))
    assert "no plug" in paused.post("/v1/participants/pv_01/plug", {"plugged": True}, expect=422)["detail"]


def test_weather_and_signals_are_held_and_let_go(paused):
    def value(signal):
        return next(s["value"] for s in paused.get("/v1/signals")["signals"] if s["signal"] == signal)

    before = paused.reading("pv_01")["power_kw"]
    do(paused, "PUT", "/v1/signals/irradiance", {"value": 100})
    paused.step(2)
    assert value("irradiance") == 100 and paused.reading("pv_01")["power_kw"] > 0.5 * before, "production is negative"
    do(paused, "DELETE", "/v1/signals/irradiance")
    paused.step(2)
    assert value("irradiance") != 100
    do(paused, "PUT", "/v1/signals/load_control_signal", {"value": 30, "duration_s": 60})
    paused.step(2)
    assert value("load_control_signal") == 30
    paused.step(60)
    assert value("load_control_signal") == 100
    assert paused.send("PUT", "/v1/signals/load_control_signal", {"value": 130}, expect=422)["pointer"] == "/value"
    paused.send("PUT", "/v1/signals/mood", {"value": 1}, expect=404)


def shows(of: str, is_so):
    """Whether a faulty device shows something that is so."""
    return lambda reading: reading["fault"]["shown"] is not None and is_so(reading["fault"]["shown"][of], reading[of])


FAULTED = lambda reading: reading["state"] == "faulted" and abs(reading["power_kw"]) < 0.2
SILENT = lambda reading: reading["fault"]["shown"] is None
# Of each fault: the device, its parameters, and what is to be seen of it while bat_01 charges with 20 kW, ev_01 with 7 kW.
FAULTS = {
    "inverter_trip": ("pv_01", {}, FAULTED),
    "islanding": ("bat_01", {}, FAULTED),
    "derating": ("bat_01", {"share": 0.1}, lambda reading: abs(reading["power_kw"] - 5) < 0.1),
    "string_loss": ("pv_01", {"share": 1}, lambda reading: reading["power_kw"] == 0),
    "cell_limit": ("bat_01", {"ceiling_percent": 30}, lambda reading: reading["power_kw"] < 1),
    "ground_fault": ("evse_01", {}, FAULTED),
    "welded_contactor": ("evse_01", {}, lambda reading: reading["power_kw"] > 10),
    "connector_stuck": ("evse_01", {}, lambda reading: reading["state"] == "charging"),
    "pilot_fault": ("evse_01", {}, FAULTED),
    "reader_failure": ("evse_01", {}, lambda reading: reading["state"] == "charging"),
    "power_loss": ("bat_01", {}, lambda reading: reading["power_kw"] == 0 and SILENT(reading)),
    "sensor_stuck": ("bat_01", {}, shows("power_kw", lambda shown, _: shown == 20)),
    "sensor_bias": ("bat_01", {"offset_kw": 2, "factor": 0.5}, shows("power_kw", lambda shown, so: shown == so / 2 + 2)),
    "sensor_noise": ("bat_01", {"deviation_kw": 3}, shows("power_kw", lambda shown, so: 0 < abs(shown - so) < 20)),
    "sensor_dropout": ("bat_01", {"share": 1}, SILENT),
    "meter_reversed": ("bat_01", {}, shows("power_kw", lambda shown, so: shown == -so)),
    "soc_misreport": ("bat_01", {"offset_percent": -7}, shows("energy_kwh", lambda shown, so: abs(so - shown - 7) < 0.01)),
    "soc_stuck": ("bat_01", {}, shows("energy_kwh", lambda shown, so: shown < so)),
    "clock_offset": ("bat_01", {"offset_s": -90}, lambda reading: reading["fault"]["clock_error_s"] == -90),
    "clock_drift": ("bat_01", {"ppm": 1e6}, lambda reading: reading["fault"]["clock_error_s"] >= 20),
    "communication_loss": ("bat_01", {}, lambda reading: reading["fault"]["link"]["is_down"]),
    "slow_link": ("bat_01", {"delay_s": 3}, lambda reading: reading["fault"]["link"]["delay_s"] == 3),
    "lossy_link": ("bat_01", {"share": 0.25}, lambda reading: reading["fault"]["link"]["loss_share"] == 0.25),
}


def test_there_is_a_test_of_each_fault(paused):
    catalogue = paused.get("/v1/faults/catalogue")["faults"]
    assert {fault["kind"] for fault in catalogue} == set(FAULTS)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_is_seen_told_and_repaired(paused, kind):
    device, parameters, is_seen = FAULTS[kind]
    if device == "evse_01":
        paused.post("/v1/participants/ev_01/plug", {"plugged": True, "duration_s": 7200}, expect=(202, 409))
        paused.post("/v1/participants/evse_01/commands", {"command": "setpoint", "value": 7, "unit": "kW"})
    setpoint = {"command": "setpoint", "value": 20, "unit": "kW", "priority": "safety"}
    paused.post("/v1/participants/bat_01/commands", setpoint)
    paused.step(3)
    after = last_event(paused)
    do(paused, "POST", f"/v1/participants/{device}/faults", {"kind": kind} | parameters)
    if kind == "sensor_stuck":
        paused.step(2)
        paused.post("/v1/participants/bat_01/commands", setpoint | {"value": 3})
    paused.step(30)
    reading = paused.reading(device)
    assert kind in reading["fault"]["faults"] and is_seen(reading), reading
    assert [fault["participant"] for fault in paused.get("/v1/faults")["faults"]] == [device]
    assert json.dumps(paused.get(f"/v1/participants/{device}/faults")).count(kind) >= 1
    assert told(paused, "fault_begun", device, after)[0].startswith(kind)
    do(paused, "DELETE", f"/v1/participants/{device}/faults/{kind}")
    assert told(paused, "fault_ended", device, after)[0].endswith("cleared")
    # Some devices need a while to start again.
    paused.step(90)
    assert paused.get("/v1/faults")["faults"] == [] and paused.reading(device)["state"] != "faulted"


def test_a_fault_that_a_device_can_not_have_is_refused(paused):
    refused = paused.post("/v1/participants/pv_01/faults", {"kind": "welded_contactor"}, expect=422)
    assert "fault of evse" in refused["detail"]
    refused = paused.post("/v1/participants/bat_01/faults", {"kind": "derating", "share": 2}, expect=422)
    assert refused["pointer"] == "/share"
    paused.send("DELETE", "/v1/participants/bat_01/faults/sneezing", expect=404)


def test_time_is_paused_stepped_and_passes_at_another_speed(tmp_path):
    with api.live(tmp_path / "place", *NOON) as twin:
        twin.post("/v1/clock/pause")
        stands = twin.get("/v1/clock")
        time.sleep(1.5)
        assert twin.get("/v1/clock")["ticks"] == stands["ticks"]
        assert twin.step(100)["ticks"] == stands["ticks"] + 100
        assert "not paused" not in twin.post("/v1/clock/step", {"ticks": 1}, expect=200)
        twin.post("/v1/clock/resume")
        assert twin.send("PUT", "/v1/clock/speed", {"speed": 600})["speed"] == 600
        began = twin.get("/v1/clock")["ticks"]
        wait_until(lambda: twin.get("/v1/clock")["ticks"] > began + 300)
        assert twin.get("/v1/clock")["late_ticks"] < 300, "what was missed in the pause is not caught up with"
        assert twin.post("/v1/clock/step", {"ticks": 1}, expect=409)["detail"].startswith("the twin is not paused")
    assert json.loads((tmp_path / "place" / "live.json").read_text())["pace"] == {"clock": 600.0}


def test_what_waits_for_a_tick_when_time_is_stopped_is_queued_and_then_known(tmp_path):
    with api.live(tmp_path / "place", *NOON, "--tick", "5s") as twin:
        path = "/v1/participants/bat_01/commands"
        setpoint = {"command": "setpoint", "value": 3, "unit": "kW", "id": "early"}
        answers = []
        asking = threading.Thread(target=lambda: answers.append(twin.post(path, setpoint)))
        asking.start()
        time.sleep(0.2)
        requests.post(twin.base + "/v1/clock/pause", timeout=10)
        asking.join(timeout=10)
        assert answers and answers[0]["status"] in ("queued", "accepted")
        assert twin.post(path, setpoint | {"id": "late"}, expect=202)["status"] == "queued"
        twin.step()
        assert twin.post(path, setpoint | {"id": "late"}, expect=200)["status"] == "accepted", "known now"
        twin.step()
        assert twin.reading("bat_01")["power_kw"] == 3
        for speed in (1, 2, 1, 2):
            twin.send("PUT", "/v1/clock/speed", {"speed": speed})
        ticks = twin.get("/v1/clock")["ticks"]
        twin.post("/v1/clock/resume")
        wait_until(lambda: twin.get("/v1/clock")["ticks"] > ticks)


def test_streams_tell_what_happens_by_events_and_by_websocket(paused):
    with paused.session.get(f"{paused.base}/v1/stream?kinds=assets,events&participant=bat_01", stream=True) as stream:
        lines = stream.iter_lines(decode_unicode=True)
        with connect(paused.base.replace("http", "ws") + "/v1/ws?kinds=assets&participant=bat_01") as socket:
            first = json.loads(socket.recv(timeout=30))
            do(paused, "POST", "/v1/participants/bat_01/commands", {"command": "setpoint", "value": 4, "unit": "kW", "priority": "safety"})
            paused.step()
            messages = [json.loads(socket.recv(timeout=30)) for _ in range(2)]
            told_assets = [message["data"] for message in [first, *messages]]
            assert "4.0" in json.dumps(told_assets[-1]) and "bat_01" in json.dumps(told_assets[-1])
        names, text = set(), ""
        for line in lines:
            text += line + "\n"
            if line.startswith("event:"):
                names.add(line.removeprefix("event:").strip())
            if names >= {"assets", "events"} and "setpoint 4 kW" in text:
                break
        assert "bat_02" not in text


def test_an_api_session_replays_to_the_same_rows(tmp_path):
    place = tmp_path / "place"
    with api.live(place, *NOON) as twin:
        twin.post("/v1/clock/pause")
        path = "/v1/participants/{}/{}"
        for device, what, body in [
            ("ev_02", "plug", {"plugged": True, "duration_s": 7200}),
            ("evse_02", "commands", {"command": "setpoint", "value": 9, "unit": "kW"}),
            ("bat_03", "faults", {"kind": "soc_misreport", "offset_percent": 20}),
            ("pv_04", "faults", {"kind": "derating", "share": 0.3, "duration_s": 400}),
            ("evse_02", "token", {"token": "ev_02"}),
            ("bat_05", "faults", {"kind": "slow_link", "delay_s": 5}),
            ("bat_06", "faults", {"kind": "sensor_noise", "deviation_kw": 1}),
            ("evse_02", "token", {"token": "ev_02"}),
        ]:
            twin.post(path.format(device, what), body, expect=202)
            twin.step(150)
        twin.send("PUT", "/v1/signals/irradiance", {"value": 300, "duration_s": 300}, expect=202)
        twin.send("PUT", "/v1/signals/demand_response_signal", {"value": 2}, expect=202)
        twin.step(900)
        twin.send("DELETE", "/v1/participants/bat_03/faults", expect=202)
        twin.post("/v1/snapshots", expect=(200, 201))
        twin.step(900)
        taken = twin.get("/v1/journal?limit=1000")
        assert len(taken["entries"]) == 11 and not taken["is_more"]
        assert len(twin.get("/v1/journal?participant=evse_02")["entries"]) == 3
    replayed = cli.cariflex("replay", place, "--out", tmp_path / "replayed")
    assert replayed.code == 0, replayed.err
    assert_same_rows(place / "results", tmp_path / "replayed", (*TABLES, "faults"))
    shown = duckdb.sql(f"select max(abs(shown_energy_kwh - energy_kwh)) from {rows(place / 'results', 'faults')}").fetchall()
    assert abs(shown[0][0] - 20) < 0.01


def test_snapshots_results_and_forks_are_there_to_be_taken_away(tmp_path):
    with api.live(tmp_path / "place", *NOON) as twin:
        twin.post("/v1/clock/pause")
        twin.step(600)
        snapshot = twin.post("/v1/snapshots", expect=(200, 201))
        names = [each["name"] for each in twin.get("/v1/snapshots")["snapshots"]]
        assert snapshot["name"] == names[-1]
        got = twin.session.get(f"{twin.base}/v1/snapshots/{names[-1]}/file")
        assert got.ok and json.loads(got.content)["format"] == "cariflex-snapshot"
        tables = [each["name"] for each in twin.get("/v1/results")["results"]]
        assets = next(name for name in tables if name.endswith("/assets.parquet"))
        (tmp_path / "assets.parquet").write_bytes(twin.session.get(f"{twin.base}/v1/results/{assets}").content)
        assert duckdb.sql(f"select count(*) from '{tmp_path}/assets.parquet'").fetchall()[0][0] == 74 * 600
        fork = twin.post("/v1/forks", {"set": ["battery.*.power_kw=10"], "duration": "6h", "record": "kpis"}, expect=(200, 201, 202))
        done = wait_until(lambda: (view := twin.get(f"/v1/forks/{fork['id']}"))["status"] != "running" and view)
        assert done["status"] == "complete" and done["progress"] == 1 and any("kpis" in name for name in done["results"])
        wrong = twin.post("/v1/forks", {"set": ["battery.*.colour=1"]}, expect=422)
        assert "colour" in wrong["detail"]
        twin.post("/v1/forks", {"snapshot": "2001-01-01T00-00-00Z"}, expect=404)
        for name in ("..%2Flive.json", "../live.json", "%2Fetc%2Fpasswd"):
            assert twin.session.get(f"{twin.base}/v1/results/{name}").status_code in (404, 400)


def test_prometheus_reads_the_metrics(paused):
    answer = paused.session.get(f"{paused.base}/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    samples = {sample.name: sample.value for family in families.values() for sample in family.samples}
    assert samples["cariflex_paused"] == 1 and samples["cariflex_ticks_total"] > 0
    assert any("participants" in name for name in families) and any("bucket" in name for name in samples)


def test_without_a_token_nobody_beyond_this_computer_gets_in(tmp_path):
    refused = cli.cariflex("live", "--place", tmp_path / "none", "--api", "0.0.0.0:0", *NOON)
    assert refused.code == 2 and "token" in refused.err and not (tmp_path / "none").exists()
    (tmp_path / "token").write_text(TOKEN + "\n")
    open_to_all = ("--api-token-file", tmp_path / "token", "--api-host", "twin.example")
    with api.live(tmp_path / "place", *NOON, *open_to_all, address="0.0.0.0:0") as twin:
        port = twin.base.rsplit(":", 1)[1]
        twin.base = f"http://127.0.0.1:{port}"
        assert requests.get(twin.base + "/health", timeout=10).status_code == 200
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            for path in ("/v1/twin", "/metrics", "/openapi.json", "/v1/stream", "/v1/results"):
                answer = requests.get(twin.base + path, headers=headers, timeout=10)
                assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer"), path
            answer = requests.post(twin.base + "/v1/clock/pause", headers=headers, timeout=10)
            assert answer.status_code == 401
        assert requests.get(twin.base + "/v1/twin", headers=BEARER, timeout=10).status_code == 200
        named = requests.get(twin.base + "/v1/twin", headers=BEARER | {"Host": "twin.example"}, timeout=10)
        assert named.status_code == 200
        rebound = requests.get(twin.base + "/v1/twin", headers=BEARER | {"Host": "evil.example"}, timeout=10)
        assert rebound.status_code == 421
        assert TOKEN not in "".join(twin.log) and TOKEN not in (tmp_path / "place" / "live.json").read_text()


def test_pages_of_other_origins_can_do_nothing(paused):
    for method, path in (("POST", "/v1/clock/resume"), ("GET", "/v1/twin")):
        answer = requests.request(method, paused.base + path, headers={"Origin": "https://evil.example"}, timeout=10)
        assert answer.status_code == 403 and "Access-Control-Allow-Origin" not in answer.headers
    assert paused.get("/v1/clock")["is_paused"]
    plain = requests.post(paused.base + "/v1/clock/step", data='{"ticks":1}', headers={"Content-Type": "text/plain"}, timeout=10)
    assert plain.status_code == 415


def test_it_speaks_https_with_a_certificate(tmp_path):
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    tls = ("--api-cert", tmp_path / "cert.pem", "--api-key", tmp_path / "key.pem")
    with api.live(tmp_path / "place", *NOON, *tls, scheme="https", verify=str(tmp_path / "cert.pem")) as twin:
        assert twin.get("/v1/clock")["tick_s"] == 1
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(twin.base + "/health", timeout=10)
        address = twin.base.removeprefix("https://").split(":")
        context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        with socket.create_connection((address[0], int(address[1]))) as plain, context.wrap_socket(plain, server_hostname="localhost") as secure:
            assert secure.version() in ("TLSv1.2", "TLSv1.3")
    refused = cli.cariflex("live", "--place", tmp_path / "b", "--api", "127.0.0.1:0", "--api-cert", tmp_path / "no", "--api-key", tmp_path / "no")
    assert refused.code == 2 and "no" in refused.err


def test_slow_readers_huge_bodies_and_half_open_connections_do_not_hold_up_the_clock(tmp_path):
    with api.live(tmp_path / "place", *NOON) as twin:
        host, port = twin.base.removeprefix("http://").split(":")
        open_ones = []
        for number in range(1000):
            connection = socket.create_connection((host, int(port)))
            if number % 10 == 0:
                connection.send(b"GET /v1/twin HT")
            elif number % 10 == 1:
                connection.send(b"POST /v1/clock/step HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n{")
            else:
                # Nobody reads what comes.
                connection.send(b"GET /v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            open_ones.append(connection)
        try:
            answer = requests.post(twin.base + "/v1/clock/step", data=b" " * 5_000_000, headers={"Content-Type": "application/json"}, timeout=60)
            assert answer.status_code == 413
        except requests.exceptions.ConnectionError:
            pass  # It hung up before it had read all of it.
        wait_until(lambda: twin.get("/v1/clock")["ticks"] > 3)
        before = twin.get("/v1/clock")
        began = time.monotonic()
        wait_until(lambda: twin.get("/v1/clock")["ticks"] >= before["ticks"] + 10)
        # Ten ticks of a second take ten seconds, however many do not read; a machine that is busy may take some more.
        assert time.monotonic() - began < 20
        status = Path(f"/proc/{twin.process.pid}/status").read_text()
        resident_kib = int(status.split("VmRSS:")[1].split()[0])
        assert resident_kib < 600_000, "what nobody reads does not pile up"
        for connection in open_ones:
            connection.close()
