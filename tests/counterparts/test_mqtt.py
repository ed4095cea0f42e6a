"""The MQTT face before a real broker and clients of others: telemetry, commands, and whatever goes wrong."""

import json
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from brokers import client, mosquitto, program
from cli import PATIENCE_S, cariflex, end, start
from live import assert_same_rows, kill, reached, rows, wait_until

LINE = re.compile(r'^\{"value":-?\d+\.\d+(e-?\d+)?,"unit":"[^"]+","timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-04:00"\}$')
SETPOINT = "cariflex/commands/battery/bat_01/setpoint"


@pytest.fixture
def broker(tmp_path):
    """A broker that lets everybody in."""
    with mosquitto(tmp_path) as one:
        yield one


@contextmanager
def twin(place: Path, *args, stop=signal.SIGTERM):
    """A live twin on the wall clock; what it said is in `said` when it has ended."""
    process = start("live", "--place", place, "--no-view", *args)
    try:
        wait_until(lambda: reached(place) or process.poll() is not None)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
        process.said = end(process)


def power(asset: str) -> str:
    """The topic of an asset's power."""
    kinds = {"bat": "battery"}
    kind = asset.split("_")[0]
    return f"cariflex/sensors/{kinds.get(kind, kind)}/{asset}/power"


def ms(timestamp: str) -> int:
    """Milliseconds since 1970."""
    return round(datetime.fromisoformat(timestamp).timestamp() * 1000)


def answers(listener, topic=SETPOINT) -> list[dict]:
    """The answers to commands on a topic."""
    return listener.of(f"{topic}/result")


@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_every_asset_of_the_platform_publishes_what_its_rows_say(broker, tmp_path, version):
    place = tmp_path / "place"
    with client(broker, "cariflex/#") as listener:
        args = ("--mqtt", broker.url, "--mqtt-version", version, "--start", "2026-03-20T10:00:00-04:00", "--speed", "60")
        with twin(place, *args) as process:
            listener.wait(lambda: len(listener.of(power("pv_01"))) > 5)
        assert process.said.code == 0, process.said.err
        listener.wait(lambda: any(m.payload == b"offline" for m in listener.heard))
        messages = [m for m in listener.heard if m.topic.startswith("cariflex/sensors/")]
    topics = {message.topic for message in messages}
    assets = [f"{kind}_{number:02}" for kind in ("pv", "bat", "evse", "ev") for number in range(1, 11)]
    assert {power(asset) for asset in assets} <= topics
    assert all(LINE.match(m.payload.decode()) for m in messages), messages[0].payload
    # Each series in the order of its instants; each number that of the table at the same instant.
    columns = {"power": "power_kw", "energy": "energy_kwh", "setpoint": "setpoint_kw"}
    query = f"SELECT epoch_ms(time), asset, power_kw, energy_kwh, setpoint_kw FROM {rows(place / 'results', 'assets')}"
    table = {(row[0], row[1]): dict(zip(columns.values(), row[2:], strict=True)) for row in duckdb.sql(query).fetchall()}
    last, compared = {}, 0
    for message in messages:
        kind, asset, quantity = message.topic.split("/")[2:]
        reading = json.loads(message.payload)
        time_ms = ms(reading["timestamp"])
        assert time_ms > last.get(message.topic, 0), message.topic
        last[message.topic] = time_ms
        if quantity in columns and kind in ("pv", "battery", "evse", "ev", "load"):
            assert table[time_ms, asset][columns[quantity]] == reading["value"], (message.topic, reading)
            compared += 1
    assert compared > 300


def test_late_subscribers_hear_the_last_value_and_who_is_there(broker, tmp_path):
    with twin(tmp_path / "place", "--mqtt", broker.url):
        time.sleep(3)
        listen = [program("mosquitto_sub", "mosquitto-clients"), "-p", str(broker.port), "-W", "2", "-F", "%r %t %p"]
        heard = subprocess.run([*listen, "-t", "cariflex/#"], capture_output=True, text=True, timeout=PATIENCE_S).stdout
    retained = dict(line.split(" ", 2)[1:] for line in heard.splitlines() if line.startswith("1 "))
    assert json.loads(retained[power("bat_03")])["unit"] == "kW"
    assert retained["cariflex/status/battery/bat_03"] == "online"


def test_a_command_acts_is_answered_once_per_message_and_replays(broker, tmp_path):
    place = tmp_path / "place"
    with client(broker, "cariflex/commands/+/+/+/result", power("bat_01"), "cariflex/events/bat_01") as listener:
        with twin(place, "--mqtt", broker.url) as process:
            time.sleep(1)
            listener.publish(SETPOINT, {"value": 12.5, "unit": "kW", "id": "a"})
            listener.wait(lambda: answers(listener))
            assert answers(listener) == [{"id": "a", "status": "accepted"}]
            listener.wait(lambda: any(reading["value"] == 12.5 for reading in listener.of(power("bat_01"))))
            listener.publish(SETPOINT, {"value": 12.5, "unit": "kW", "id": "a"})
            listener.wait(lambda: len(answers(listener)) == 2)
            listener.publish(SETPOINT, {"value": 5000, "unit": "W", "id": "b", "priority": "ems"})
            listener.wait(lambda: len(answers(listener)) == 3)
            assert answers(listener)[2]["status"] == "overruled" and "operator" in answers(listener)[2]["reason"]
            events = listener.wait(lambda: listener.of("cariflex/events/bat_01"))
            assert events[0]["code"] == "input_taken"
        assert process.said.code == 0, process.said.err
    replayed = cariflex("replay", place, "--out", tmp_path / "replayed")
    assert replayed.code == 0, replayed.err
    assert_same_rows(place / "results", tmp_path / "replayed")
    taken = duckdb.sql(f"SELECT count(*) FROM {rows(tmp_path / 'replayed', 'events')} WHERE code = 'input_taken'")
    assert taken.fetchall() == [(2,)]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_that_was_acknowledged_is_lost_in_a_kill(broker, tmp_path, seed):
    place = tmp_path / "place"
    with client(broker, "cariflex/commands/+/+/+/result") as listener:
        with twin(place, "--mqtt", broker.url) as process:
            time.sleep(1)
            for number in range(200):
                topic = f"cariflex/commands/battery/bat_{number % 10 + 1:02}/setpoint"
                payload = {"value": number / 10, "unit": "kW", "id": f"{seed}-{number}", "duration_s": 3600}
                listener.publish(topic, payload, qos=1)
            time.sleep(0.7 + 0.25 * seed)
            kill(process)
        accepted = {
            json.loads(m.payload)["id"] for m in listener.heard if json.loads(m.payload)["status"] == "accepted"
        }
        journaled = "".join(path.read_text(encoding="utf-8") for path in (place / "journal").iterdir())
        assert accepted and all(f'"id":"{one}"' in journaled for one in accepted)
        listener.heard.clear()
        with twin(place, "--mqtt", broker.url):
            time.sleep(1)
            known = sorted(accepted)[0]
            number = int(known.split("-")[1])
            topic = f"cariflex/commands/battery/bat_{number % 10 + 1:02}/setpoint"
            listener.publish(topic, {"value": number / 10, "unit": "kW", "id": known})
            listener.wait(lambda: answers(listener, topic))
            assert answers(listener, topic)[0]["status"] == "accepted"
            listener.publish(topic, {"value": -50, "unit": "kW", "id": known})
            listener.wait(lambda: len(answers(listener, topic)) == 2)
            assert answers(listener, topic)[1]["status"] == "refused", "another command"
    after = "".join(path.read_text(encoding="utf-8") for path in (place / "journal").iterdir())
    assert after.count(f'"id":"{known}"') == 1
    replayed = cariflex("replay", place, "--out", tmp_path / "replayed")
    assert replayed.code == 0, replayed.err
    assert_same_rows(place / "results", tmp_path / "replayed")


def test_an_answer_is_the_same_after_a_kill(broker, tmp_path):
    place = tmp_path / "place"
    weaker = {"value": 5, "unit": "kW", "id": "weaker"}
    with client(broker, f"{SETPOINT}/result") as listener:
        for attempt in (1, 2):
            with twin(place, "--mqtt", broker.url) as process:
                time.sleep(1)
                if attempt == 1:
                    listener.publish(SETPOINT, {"value": 9, "unit": "kW", "id": "stronger", "priority": "safety"})
                    listener.wait(lambda: answers(listener))
                listener.publish(SETPOINT, weaker)
                listener.wait(lambda attempt=attempt: len(answers(listener)) == attempt + 1)
                kill(process)
        told = [answer for answer in answers(listener) if answer["id"] == "weaker"]
    assert told[0] == told[1] and told[0]["status"] == "overruled", told


def test_a_setpoint_beyond_the_rating_is_taken_and_told(talk):
    talk.heard.clear()
    talk.publish(SETPOINT, {"value": 500, "unit": "kW"})
    talk.wait(lambda: answers(talk))
    assert answers(talk)[0]["status"] == "accepted" and "50 kW" in answers(talk)[0]["reason"]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("battery/bat_01/setpoint", "no json", "JSON"),
        ("battery/bat_01/setpoint", {"value": "high", "unit": "kW"}, "value"),
        ("battery/bat_01/setpoint", {"value": 1}, "unit"),
        ("battery/bat_01/setpoint", {"value": 1, "unit": "kWh"}, "unit"),
        ("battery/bat_01/setpoint", {"value": 1, "unit": "kW", "colour": "red"}, "colour"),
        ("battery/bat_01/setpoint", {"value": 1, "unit": "kW", "priority": "god"}, "priority"),
        ("battery/bat_01/setpoint", {"value": 1, "unit": "kW", "duration_s": -5}, "duration_s"),
        ("battery/bat_01/setpoint", {"value": 1, "unit": "kW", "expires": "2020-01-01T00:00:00Z"}, "expired"),
        ("battery/bat_01/import_limit", {"value": -1, "unit": "kW"}, "at least 0"),
        ("battery/bat_77/setpoint", {"value": 1, "unit": "kW"}, "no such asset"),
        ("pv/pv_01/setpoint", {"value": 1, "unit": "kW"}, "limits only"),
        ("pv/bat_01/setpoint", {"value": 1, "unit": "kW"}, "bat_01"),
        ("battery/bat_01/explode", {"value": 1, "unit": "kW"}, "no such command"),
        ("ev/ev_01/setpoint", {"value": 1, "unit": "kW"}, "command"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_a_reason(talk, topic, payload, reason):
    topic = f"cariflex/commands/{topic}"
    talk.heard.clear()
    talk.publish(topic, payload)
    talk.wait(lambda: answers(talk, topic))
    answer = answers(talk, topic)[0]
    assert answer["status"] == "refused" and reason in answer["reason"], answer


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A client that hears all answers of a live twin."""
    folder = tmp_path_factory.mktemp("talk")
    with mosquitto(folder) as one, client(one, "cariflex/commands/+/+/+/result") as listener:
        with twin(folder / "place", "--mqtt", one.url):
            time.sleep(1)
            yield listener


def test_ten_thousand_hostile_messages_do_not_stop_the_clock_nor_a_command(broker, tmp_path):
    place = tmp_path / "place"
    with client(broker, f"{SETPOINT}/result") as listener:
        for number in range(20):
            listener.publish(f"cariflex/commands/battery/bat_{number:02}/setpoint", "\x00garbage", retain=True)
        listener.publish(SETPOINT, {"value": 50, "unit": "kW", "id": "yesterday"}, retain=True)
        with twin(place, "--mqtt", broker.url, "--log-format", "json") as process:
            time.sleep(1)
            listener.heard.clear()
            hostile = [b"", b"\xff\xfe", b"{" * 900, b'{"value":1e999,"unit":"kW"}', b"x" * 20_000, b"[1,2,3]", b"null"]
            for number in range(10_000):
                topic = ("battery/bat_01/setpoint", "battery/x/y", "a/b/c", "pv/pv_01/result")[number % 4]
                listener.client.publish(f"cariflex/commands/{topic}", hostile[number % len(hostile)], 1)
            listener.publish(SETPOINT, {"value": 7, "unit": "kW", "id": "honest"})
            found = listener.wait(lambda: [answer for answer in answers(listener) if answer.get("id") == "honest"])
            assert found[0]["status"] == "accepted"
            wait_until(lambda: abs(reached(place) / 1000 - time.time()) < 2)
        assert process.said.code == 0 and "panicked" not in process.said.err
    journal = "".join(path.read_text(encoding="utf-8") for path in (place / "journal").iterdir())
    assert "yesterday" not in journal and journal.count('"command"') >= 1


def test_a_broker_that_is_away_for_a_while_gets_what_it_missed_in_order(broker, tmp_path):
    place = tmp_path / "place"
    with twin(place, "--mqtt", broker.url, "--set", "mqtt.every=1s") as process:
        time.sleep(2)
        broker.kill()
        gone = reached(place)
        wait_until(lambda: reached(place) > gone + 4000)
        broker.start()
        with client(broker, power("bat_01"), "cariflex/status/#") as listener:
            listener.wait(lambda: len(listener.of(power("bat_01"))) >= 6)
            times = [ms(reading["timestamp"]) for reading in listener.of(power("bat_01"))]
    assert process.said.code == 0 and "connect" in process.said.err
    assert times == sorted(set(times))
    assert {gone + 1000 * number for number in range(1, 4)} <= set(times), "the gap is filled"


def test_the_will_tells_of_a_kill_and_a_clean_stop_says_good_bye(broker, tmp_path):
    def gateway(listener):
        return [m.payload for m in listener.heard if m.topic.startswith("cariflex/status/gateway/")]

    with client(broker, "cariflex/status/#") as listener:
        with twin(tmp_path / "place", "--mqtt", broker.url) as process:
            listener.wait(lambda: gateway(listener)[-1:] == [b"online"])
            kill(process)
        listener.wait(lambda: gateway(listener)[-1:] == [b"offline"])
        with twin(tmp_path / "place", "--mqtt", broker.url):
            listener.wait(lambda: gateway(listener)[-1:] == [b"online"])
        listener.wait(lambda: gateway(listener)[-1:] == [b"offline"])
        last = {m.topic: m.payload for m in listener.heard}
    assert last["cariflex/status/battery/bat_01"] == b"offline"


def test_wrong_credentials_are_told_without_the_password_and_the_twin_goes_on(tmp_path):
    passwords, secret = tmp_path / "passwords", tmp_path / "secret"
    subprocess.run([program("mosquitto_passwd", "mosquitto"), "-b", "-c", passwords, "twin", "right-word"], check=True)
    passwords.chmod(0o644)
    secret.write_text("wrong-word\n", encoding="utf-8")
    with mosquitto(tmp_path, "allow_anonymous false", f"password_file {passwords}") as one:
        place = tmp_path / "place"
        args = ("--mqtt", one.url, "--mqtt-user", "twin", "--mqtt-password-file", secret, "--log-level", "debug")
        with twin(place, *args) as process:
            then = reached(place)
            wait_until(lambda: reached(place) > then + 2000)
        assert "credentials" in process.said.err and "wrong-word" not in process.said.err
        secret.write_text("right-word\n", encoding="utf-8")
        with twin(place, *args) as process:
            time.sleep(2)
        assert "connected" in process.said.err and "right-word" not in process.said.err
    for path in place.rglob("*"):
        assert path.is_dir() or b"right-word" not in path.read_bytes()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--mqtt", "http://x"), "mqtt://"),
        (("--mqtt", "mqtt://me:secret@x"), "the password in a file"),
        (("--mqtt", "mqtts://x", "--mqtt-ca", "nothing.pem"), "nothing.pem"),
        (("--mqtt", "mqtt://x", "--mqtt-ca", "nothing.pem"), "mqtts://"),
        (("--mqtt", "mqtt://x", "--mqtt-user", "me", "--mqtt-password-file", "nothing"), "nothing"),
        (("--mqtt", "mqtt://x:0"), "port"),
        (("--mqtt", "mqtt://x", "--mirror", "mqtt://y", "--set", "mqtt.root=cariflex"), "mqtt.root"),
        (("--mqtt", "mqtt://x", "--set", "mqtt.root=a/#"), "mqtt.root"),
        (("--mqtt", "mqtt://x", "--set", "mqtt.qos=2"), "mqtt.qos"),
    ],
)
def test_addresses_and_files_that_can_not_be_used_are_refused_before_anything_begins(tmp_path, args, said):
    ended = cariflex("live", "--place", tmp_path / "place", *args, cwd=tmp_path)
    assert ended.code == 2 and said in ended.err and "panicked" not in ended.err, ended.err
    assert "secret" not in ended.err
    assert not (tmp_path / "place").exists()
