"""A twin that mirrors another one over a real broker: it follows, tells who has parted, and never speaks to the field."""

import json
import time
from datetime import UTC, datetime

import duckdb
import pytest
from brokers import client, mosquitto
from cli import cariflex
from live import assert_same_rows, count, kill, reached, rows, wait_until
from test_mqtt import power, twin

NOON = "2026-03-20T12:00:00-04:00"
SPEED = 60
# Another weather, other habits: by itself this twin would do something else.
OTHER = ("--seed", "99")


def topics_spoken(folder) -> list[str]:
    """Who published what, as the broker's log has it."""
    text = (folder / "mosquitto.log").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if "Received PUBLISH from" in line]


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory):
    """The places of a field, one of whose plants is half what it should be, and of a twin that has mirrored it."""
    folder = tmp_path_factory.mktemp("mirror")
    field, mirror = folder / "field", folder / "mirror"
    faulty = ("--set", "pv.pv_03.peak_kw=2.5")
    # Both twins have one clock.
    now = datetime.now(UTC).isoformat()
    clock = ("--start", NOON, "--speed", SPEED, "--anchor", now, "--duration", "6h")
    with mosquitto(folder, "allow_anonymous true", "log_type all") as broker:
        with twin(field, *clock, *faulty, "--mqtt", broker.url) as source:
            own = ("--mqtt", broker.url, "--mqtt-client-id", "mirror")
            with client(broker, "twin/sensors/+/+/residual", "twin/events/#") as listener:
                with twin(mirror, *clock, *OTHER, "--mirror", broker.url, *own) as follower:
                    wait_until(lambda: listener.heard)
                    begun = reached(mirror)
                    wait_until(lambda: reached(mirror) > begun + 45 * 60_000)
        heard = list(listener.heard)
    assert source.said.code == 0 and follower.said.code == 0, follower.said.err
    return folder, field, mirror, heard


def compared(folder, column: str, kind: str) -> list[tuple]:
    """Means over the last half hour: asset, in the field, in the mirror."""
    field, mirror = (rows(folder / name / "results", "assets") for name in ("field", "mirror"))
    return duckdb.sql(
        f"""WITH last AS (SELECT least((SELECT max(time) FROM {field}), (SELECT max(time) FROM {mirror})) AS t)
        SELECT a.asset, avg(a.{column}), avg(b.{column}), avg(abs(a.{column} - b.{column}))
        FROM {field} a JOIN {mirror} b USING (time, asset), last
        WHERE a.kind = '{kind}' AND a.time > t - INTERVAL 30 MINUTE GROUP BY 1 ORDER BY 1"""
    ).fetchall()


@pytest.mark.parametrize("kind", ["pv", "battery", "evse", "load"])
def test_powers_follow_the_field(mirrored, kind):
    means = compared(mirrored[0], "power_kw", kind)
    assert len(means) == (34 if kind == "load" else 10)
    moved = sum(abs(field) for _, field, _, _ in means)
    apart = sum(difference for _, _, _, difference in means)
    # What is published lags by ticks, and by less than 0.1 kW.
    assert apart <= 0.05 * moved + 0.15 * len(means), means


@pytest.mark.parametrize("kind", ["battery", "ev"])
def test_stores_hold_what_those_of_the_field_hold(mirrored, kind):
    capacity_kwh = {"battery": 100, "ev": 75}[kind]
    means = compared(mirrored[0], "energy_kwh", kind)
    assert len(means) == 10
    assert all(difference < 0.02 * capacity_kwh for *_, difference in means), means


def test_the_residual_of_the_faulty_plant_sticks_out(mirrored):
    _, _, mirror, heard = mirrored
    table = rows(mirror / "results", "mirror")
    residuals = dict(
        duckdb.sql(
            f"SELECT asset, avg(residual_kw) FROM {table} WHERE asset LIKE 'pv_%' GROUP BY 1 ORDER BY 1"
        ).fetchall()
    )
    assert len(residuals) == 10
    # The clouds over the model are others, alike for all; half of this plant's light is missing, and production is
    # negative.
    faulty = residuals.pop("pv_03")
    assert faulty - max(residuals.values()) > 0.5, (faulty, residuals)
    events = rows(mirror / "results", "events")
    told = duckdb.sql(f"SELECT DISTINCT participant FROM {events} WHERE code = 'mirror_diverged'").fetchall()
    assert ("pv_03",) in told
    topics = {message.topic for message in heard}
    assert "twin/sensors/pv/pv_03/residual" in topics
    published = [json.loads(m.payload)["value"] for m in heard if m.topic == "twin/sensors/pv/pv_03/residual"]
    stored = {row[0] for row in duckdb.sql(f"SELECT DISTINCT residual_kw FROM {table} WHERE asset = 'pv_03'").fetchall()}
    assert set(published) <= stored


def test_nothing_is_said_to_the_field(mirrored):
    spoken = topics_spoken(mirrored[0])
    by_mirror = [line for line in spoken if "from mirror " in line or "from cariflex-mirror" in line]
    assert by_mirror and all("'twin/" in line for line in by_mirror)
    assert not [line for line in spoken if "'cariflex/commands" in line]


def test_a_replay_of_a_mirrored_twin_gives_its_rows(mirrored, tmp_path):
    _, _, mirror, _ = mirrored
    replayed = cariflex("replay", mirror, "--out", tmp_path / "replayed")
    assert replayed.code == 0, replayed.err
    assert_same_rows(mirror / "results", tmp_path / "replayed", ("assets", "sites", "mirror", "events", "sessions"))


def test_a_fork_goes_on_from_reality_with_the_models(mirrored, tmp_path):
    _, _, mirror, _ = mirrored
    out = tmp_path / "fork"
    forked = cariflex("run", "--from", mirror, "--duration", "1h", "--out", out)
    assert forked.code == 0, forked.err
    assert count(out, "mirror") == 0
    first = f"SELECT asset, energy_kwh FROM {rows(out, 'assets')} WHERE kind = 'battery' ORDER BY time, asset LIMIT 10"
    lived = rows(mirror / "results", "assets")
    last = f"SELECT asset, energy_kwh FROM {lived} WHERE kind = 'battery' ORDER BY time DESC, asset LIMIT 10"
    before, after = dict(duckdb.sql(last).fetchall()), dict(duckdb.sql(first).fetchall())
    assert all(abs(before[asset] - after[asset]) < 0.05 for asset in before)


def test_a_killed_mirror_comes_back_and_follows_on(tmp_path):
    field, mirror = tmp_path / "field", tmp_path / "mirror"
    with mosquitto(tmp_path) as broker, twin(field, "--mqtt", broker.url):
        with twin(mirror, *OTHER, "--mirror", broker.url) as follower:
            time.sleep(3)
            # What comes back begins in the middle of a mirrored life.
            assert cariflex("snapshot", mirror).code == 0
            time.sleep(2)
            kill(follower)
        with twin(mirror, *OTHER, "--mirror", broker.url):
            time.sleep(3)
    replayed = cariflex("replay", mirror, "--out", tmp_path / "replayed")
    assert replayed.code == 0, replayed.err
    assert_same_rows(mirror / "results", tmp_path / "replayed", ("assets", "sites", "mirror", "events"))
    assert count(tmp_path / "replayed", "mirror") > 0
    assert len(list((mirror / "snapshots").iterdir())) >= 3


def test_wild_readings_move_nobody_and_are_told(tmp_path):
    place = tmp_path / "place"
    topic = power("bat_01")
    with mosquitto(tmp_path) as broker, client(broker) as device:
        with twin(place, "--mirror", broker.url) as process:
            time.sleep(1)
            for payload in (
                b"\xff", b"{}", b'{"value":"NaN","unit":"kW","timestamp":"x"}', b"[]", b'{"value":1,"unit":"PS"}'
            ):
                device.publish(topic, payload)
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            device.publish(topic, {"value": 5000.0, "unit": "kW", "timestamp": now})
            device.publish(topic, {"value": 5.0, "unit": "kW", "timestamp": "2031-01-01T00:00:00Z"})
            device.publish(power("bat_02"), {"value": 7.0, "unit": "kW", "timestamp": now})
            then = reached(place)
            wait_until(lambda: reached(place) > then + 3000)
    assert process.said.code == 0, process.said.err
    events = duckdb.sql(f"SELECT participant, code, detail FROM {rows(place / 'results', 'events')}").fetchall()
    refused = [detail for participant, code, detail in events if (participant, code) == ("bat_01", "mirror_refused")]
    assert refused
    assert ("bat_02", "mirror_begun") in {(participant, code) for participant, code, _ in events}
    assert ("bat_01", "mirror_begun") not in {(participant, code) for participant, code, _ in events}
    table = rows(place / "results", "mirror")
    assert duckdb.sql(f"SELECT DISTINCT asset FROM {table}").fetchall() == [("bat_02",)]
