"""From the twin's topics into a real InfluxDB, by the rules of the Telegraf configuration in the examples.

Telegraf itself is no package of Debian's: a few lines here do to a message what `examples/live/telegraf.conf` says, and
InfluxDB, which refuses lines and fields that do not fit, is the judge of what comes of it.
"""

import json
import tomllib
from datetime import datetime

import duckdb
from brokers import client, influx, mosquitto
from cli import ROOT
from live import reached, rows, wait_until
from test_mqtt import twin

# Telegraf's name for RFC 3339, in the notation of Go.
RFC_3339 = "2006-01-02T15:04:05Z07:00"


def consumer() -> dict:
    """The part of the configuration that is about MQTT."""
    text = (ROOT / "examples" / "live" / "telegraf.conf").read_text(encoding="utf-8")
    return tomllib.loads(text)["inputs"]["mqtt_consumer"][0]


def line(rules: dict, topic: str, payload: bytes) -> str:
    """What Telegraf makes of a message."""
    parsing, json_v2 = rules["topic_parsing"][0], rules["json_v2"][0]
    levels = topic.split("/")
    names = dict(zip(parsing["tags"].split("/"), levels, strict=True))
    measurement = dict(zip(parsing["measurement"].split("/"), levels, strict=True))["measurement"]
    document = json.loads(payload)
    tags = {name: value for name, value in names.items() if name != "_"}
    tags |= {tag["path"]: document[tag["path"]] for tag in json_v2["tag"]}
    (field,) = json_v2["field"]
    assert field["type"] == "float" and isinstance(document[field["path"]], float), document
    assert json_v2["timestamp_format"] == RFC_3339
    time = datetime.fromisoformat(document[json_v2["timestamp_path"]])
    assert time.tzinfo is not None
    written = ",".join(f"{name}={escaped(value)}" for name, value in sorted(tags.items()))
    return f"{measurement},{written} {field['path']}={document[field['path']]!r} {round(time.timestamp())}"


def escaped(tag: str) -> str:
    """A tag of the line protocol."""
    return tag.replace("\\", "\\\\").replace(",", "\\,").replace(" ", "\\ ").replace("=", "\\=")


def test_influxdb_holds_the_numbers_of_the_tables(tmp_path):
    rules = consumer()
    place = tmp_path / "place"
    with mosquitto(tmp_path) as broker, influx(tmp_path) as database, client(broker, *rules["topics"]) as listener:
        args = ("--mqtt", broker.url, "--start", "2026-03-20T12:00:00-04:00", "--speed", "120")
        with twin(place, *args) as process:
            start = reached(place)
            wait_until(lambda: reached(place) > start + 20 * 60_000)
        assert process.said.code == 0, process.said.err
        lines = [line(rules, message.topic, message.payload) for message in listener.heard]
        assert len(lines) > 5000
        database.post("query", q="CREATE DATABASE cariflex")
        for first in range(0, len(lines), 5000):
            batch = "\n".join(lines[first : first + 5000]).encode()
            database.post("write", batch, db="cariflex", precision="s")
        names = {row["name"] for row in database.query("SHOW MEASUREMENTS", db="cariflex")}
        assert {"power", "energy", "soc", "state", "irradiance", "consumption_price"} <= names
        stored = database.query('SELECT value FROM power GROUP BY "asset_id", "unit"', db="cariflex", epoch="ms")
        energies = database.query('SELECT value FROM energy GROUP BY "asset_id", "unit"', db="cariflex", epoch="ms")
    query = f"SELECT epoch_ms(time), asset, power_kw, energy_kwh FROM {rows(place / 'results', 'assets')}"
    table = {(row[0], row[1]): row[2:] for row in duckdb.sql(query).fetchall()}
    assets = {row["asset_id"] for row in stored}
    assert {f"{kind}_{number:02}" for kind in ("pv", "bat", "evse", "ev") for number in range(1, 11)} <= assets
    found = [row for row in stored if (row["time"], row["asset_id"]) in table]
    assert len(found) > 2000
    assert all(row["unit"] == "kW" and row["value"] == table[row["time"], row["asset_id"]][0] for row in found)
    assert energies and all(row["unit"] == "kWh" for row in energies)
    assert all(row["value"] == table[row["time"], row["asset_id"]][1] for row in energies)
