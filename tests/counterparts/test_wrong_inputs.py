"""What can not be used is refused before anything is written, with a message that names the place and the remedy."""

from datetime import datetime, timedelta
from pathlib import Path

import cli
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEAD = 'version = 1\nname = "test"\n\n[run]\nstart = "2026-03-20"\nduration = "1d"\n'
PV = '\n[[pv]]\nid = "pv_01"\ncommune = "Le Lamentin"\npeak_kw = 5.0\n'
BATTERY = '\n[[battery]]\nid = "bat_01"\ncommune = "Le Marin"\ncapacity_kwh = 100.0\npower_kw = 50.0\n'
EV = '\n[[ev]]\nid = "ev_01"\ncommune = "Le Robert"\nevse = "evse_01"\ncapacity_kwh = 75.0\npower_kw = 22.0\n'
EVSE = '\n[[evse]]\nid = "evse_01"\ncommune = "Le Robert"\npower_kw = 22.0\n'


def refused(tmp_path: Path, *options, says: list[str], cwd: Path | None = None) -> str:
    """Asserts that a run is refused as the help promises; returns the message."""
    ended = cli.cariflex("run", *options, "--out", tmp_path / "out", cwd=cwd)
    assert ended.code == 2, ended
    assert ended.out == ""
    assert ended.err.startswith("error: "), ended.err
    assert "panicked" not in ended.err
    missing = [words for words in says if words not in ended.err]
    assert missing == [], ended.err
    assert not (tmp_path / "out").exists(), "nothing was written"
    return ended.err


OPTIONS = {
    "a scenario nobody knows": (["martinik"], ["no scenario `martinik`", "path of a TOML file", "`martinique`"]),
    "a scenario file that is not there": (["no/such.toml"], ["no/such.toml", "path of a TOML file"]),
    "a tick that is no duration": (["--tick", "banana"], ["--tick", "`banana`", "15m"]),
    "a tick without a unit": (["--tick", "900"], ["--tick", "`900`", "unit"]),
    "a tick of nothing": (["--tick", "0s"], ["--tick", "`0s`"]),
    "a tick that does not divide the market slot": (["--tick", "7m"], ["tick", "divide the market slot of 15 min"]),
    "a tick of more than a slot": (["--tick", "1h"], ["tick", "divide the market slot of 15 min"]),
    "a tick of less than a second": (["--tick", "100ms"], ["tick", "at least 1s"]),
    "a date that does not exist": (["--start", "2026-02-30"], ["start", "`2026-02-30`", "2026-03-20"]),
    "a start without an offset": (["--start", "2026-03-20T06:00:00"], ["start", "offset", "-04:00"]),
    "a start within a slot": (["--start", "2026-03-20T06:07:00-04:00"], ["start", "grid of 15 min"]),
    "a start beyond the sun's ephemeris": (["--start", "9999-12-31"], ["start"]),
    "a duration in years": (["--duration", "1y"], ["--duration", "`1y`", "unit"]),
    "a duration that goes back": (["--duration=-1d"], ["--duration", "`-1d`", "positive"]),
    "a duration that is no whole number of ticks": (["--duration", "20m"], ["duration", "whole number of ticks"]),
    "a duration of a century": (["--duration", "36525d"], ["duration", "50 years"]),
    "a seed that is no number": (["--seed", "luck"], ["--seed", "luck"]),
    "a host nobody knows": (["--host", "cloud"], ["--host", "sweep", "actors"]),
    "a level nobody knows": (["--record", "all"], ["--record", "kpis", "hourly", "full"]),
    "no threads": (["--threads", "0"], ["--threads", "1..=1024"]),
    "an option nobody knows": (["--speed", "2"], ["--speed"]),
}


@pytest.mark.parametrize("options, says", OPTIONS.values(), ids=OPTIONS)
def test_an_option_that_can_not_be_used_is_refused(tmp_path, options, says):
    refused(tmp_path, *options, says=says)


SCENARIOS = {
    "not TOML": (HEAD + "what is this\n", ["line 7", "what is this"]),
    "an unknown key": (HEAD + 'ticks = "15m"\n', ["line 7", "`ticks`", "`tick`"]),
    "an unknown section": (HEAD + "\n[weather]\n", ["line 8", "`weather`", "`place`"]),
    "an unknown key of an asset": (HEAD + PV + "tilt = 10.0\n", ["line 12", "`tilt`", "`tilt_deg`"]),
    "a value of another type": (HEAD + PV.replace("5.0", '"five"'), ["line 11", "peak_kw", "string"]),
    "a key left out": (HEAD + PV.replace("peak_kw = 5.0", ""), ["line 8", "`peak_kw`"]),
    "a version to come": (HEAD.replace("version = 1", "version = 2"), ["version", "2", "reads version 1"]),
    "a commune of another island": (HEAD + PV.replace("Le Lamentin", "Pointe-à-Pitre"), ["pv_01", "`Pointe-à-Pitre`"]),
    "a commune misspelt": (HEAD + PV.replace("Le Lamentin", "Lamentin"), ["pv_01", "`Lamentin`", "Le Lamentin"]),
    "two assets of one id": (HEAD + PV + PV, ["`pv_01`", "rename"]),
    "an id that an institution has": (HEAD + PV.replace("pv_01", "dso"), ["`dso`", "rename"]),
    "a vehicle without its charge point": (HEAD + EV, ["ev_01.evse", "evse_01", "[[evse]]"]),
    "two vehicles at one charge point": (
        HEAD + EVSE + EV + EV.replace("ev_01", "ev_02"),
        ["ev_02.evse", "evse_01", "ev_01", "of its own"],
    ),
    "power below zero": (HEAD + PV.replace("5.0", "-5.0"), ["pv_01.peak_kw", "-5", "between"]),
    "power that is no number": (HEAD + PV.replace("5.0", "nan"), ["pv_01.peak_kw", "NaN", "between"]),
    "a battery fuller than full": (HEAD + BATTERY + "initial_soc = 1.5\n", ["bat_01.initial_soc", "1.5", "between"]),
    "an unknown key of a rule": (
        HEAD + '\n[ems]\nbatteries = { rule = "self-consumption", reserve = 0.2 }\n',
        ["line 9", "`reserve`"],
    ),
    "a zone with summer time": (HEAD + '\n[place]\nzone = "Europe/Paris"\n', ["place.zone", "Europe/Paris", "daylight"]),
    "a zone nobody knows": (HEAD + '\n[place]\nzone = "Mars/Olympus"\n', ["place.zone", "Mars/Olympus", "IANA"]),
    "a market nobody knows": (HEAD + '\n[market]\nmechanism = "barter"\n', ["market.mechanism", "`barter`", "uniform"]),
    "a slot that does not divide the hour": (HEAD + '\n[market]\nslot = "25m"\n', ["market.slot", "divide the hour"]),
    "a lead of half a slot": (HEAD + '\n[market]\nlead = "7m"\n', ["market.lead", "whole number of slots"]),
    "a shape of 23 hours": (HEAD + f"\n[dso]\nprice_shape = {[1.0] * 23}\n", ["line 9", "price_shape", "24"]),
    "feed-in dearer than import": (
        HEAD + "\n[retailer]\nfeed_in_eur_per_mwh = 500.0\n",
        ["retailer.feed_in_eur_per_mwh", "import prices"],
    ),
    "a duration that overflows": (HEAD.replace('"1d"', '"99999999999d"'), ["run.duration"]),
}


@pytest.mark.parametrize("text, says", SCENARIOS.values(), ids=SCENARIOS)
def test_a_scenario_that_can_not_be_used_is_refused(tmp_path, text, says):
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    refused(tmp_path, path, says=says)


def test_a_scenario_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "scenario.toml"
    path.write_bytes(b"\xff\xfe\x00")
    refused(tmp_path, path, says=[f"{path}", "UTF-8"])


def test_a_folder_is_no_scenario(tmp_path):
    refused(tmp_path, tmp_path, says=[f"{tmp_path}", "directory"])


COLUMNS = "time,quantity,value,unit"


def hours(count: int, first: str = "2026-03-20T00:00:00-04:00") -> list[str]:
    start = datetime.fromisoformat(first)
    return [(start + timedelta(hours=hour)).isoformat() for hour in range(count)]


def prices(times=None, value="200.0", quantity="price", unit="EUR/MWh") -> list[str]:
    """Lines of a series file, of a day of hourly prices unless told otherwise."""
    return [f"{time},{quantity},{value},{unit}" for time in times or hours(24)]


def changed(line: int, old: str, new: str) -> list[str]:
    """The good series with something else in one line; the first line of a file holds the columns."""
    lines = [COLUMNS, *prices()]
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new)
    return lines[1:]


CSV = {
    "empty": ("", ["series.csv"]),
    "columns only": (f"{COLUMNS}\n", ["series.csv", "no values"]),
    "without a column": ("time,value,unit\n2026-03-20T00:00:00-04:00,1,EUR/MWh\n", ["line 1", "`quantity`"]),
    "with semicolons": (f"{COLUMNS}\n".replace(",", ";"), ["line 1", "comma-separated"]),
    "a time without an offset": (changed(5, "-04:00", ""), ["line 5", "offset", "2026-03-20T03:00:00"]),
    "a time that is none": (changed(5, "2026", "yesterday"), ["line 5", "RFC 3339"]),
    "an unknown quantity": (prices(quantity="sunshine"), ["line 2", "`sunshine`", "irradiance"]),
    "a unit of another quantity": (prices(unit="kW"), ["line 2", "`kW`", "EUR/MWh"]),
    "a unit nobody knows": (prices(unit="USD/MWh"), ["line 2", "`USD/MWh`", "EUR/MWh"]),
    "a decimal comma": (changed(5, "200.0", '"200,0"'), ["line 5", "`200,0`", "decimal point"]),
    "a value that is no number": (changed(5, "200.0", "n/a"), ["line 5", "`n/a`", "number"]),
    "a value left out": (changed(5, "200.0", ""), ["line 5", "number"]),
    "NaN": (changed(5, "200.0", "NaN"), ["line 5", "`NaN`", "fill or remove"]),
    "infinity": (changed(5, "200.0", "inf"), ["line 5", "`inf`", "fill or remove"]),
    "a value that can not be": (
        prices(value="5000", quantity="irradiance", unit="W/m2"),
        ["line 2", "irradiance of 5000 W/m2", "check value and unit"],
    ),
    "a cell too few": (changed(5, ",EUR/MWh", ""), ["line 5"]),
    "a gap": (prices(hours(24)[:6] + hours(24)[9:]), ["line 8", "gap", "fill it"]),
    "a duplicate": (prices(hours(24)[:6] + hours(24)[5:]), ["line 8", "second value", "remove"]),
    "disorder": (prices(hours(24)[:6] + hours(24)[3:]), ["line 8", "goes back", "sort"]),
    "an irregular step": (changed(5, "03:00:00", "03:10:00"), ["line 5", "step of 60 min", "resample"]),
    "a single value": (prices(hours(1)), ["series.csv", "single value", "at least two"]),
    "too short for the run": (prices(hours(20)), ["series.csv", "price covers", "2026-03-21T00:00:00Z", "--start"]),
    "too late for the run": (prices(hours(24, "2026-03-20T05:00:00-04:00")), ["price covers", "--start"]),
}


@pytest.mark.parametrize("content, says", CSV.values(), ids=CSV)
def test_a_csv_series_that_can_not_be_used_is_refused(tmp_path, content, says):
    text = content if isinstance(content, str) else "\n".join([COLUMNS, *content]) + "\n"
    (tmp_path / "series.csv").write_text(text, encoding="utf-8")
    refused(tmp_path, "--duration", "1d", "--series", "series.csv", says=["series.csv", *says], cwd=tmp_path)


def test_a_csv_series_that_is_right_is_taken(tmp_path):
    text = "\n".join(["# prices", COLUMNS, *prices()]) + "\n"
    (tmp_path / "series.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    cli.simulate(tmp_path / "out", "--duration", "1d", "--record", "kpis", "--series", tmp_path / "series.csv")


def table(**columns) -> pa.Table:
    """A day of hourly prices, with some columns replaced; `None` leaves one out."""
    times = [datetime.fromisoformat(time) for time in hours(24)]
    good = {
        "time": pa.array(times, pa.timestamp("ms", "UTC")),
        "quantity": pa.array(["price"] * 24),
        "value": pa.array([200.0] * 24),
        "unit": pa.array(["EUR/MWh"] * 24),
    }
    return pa.table({name: column for name, column in (good | columns).items() if column is not None})


NAIVE = pa.array([datetime(2026, 3, 20, hour) for hour in range(24)], pa.timestamp("us"))
ONE_MISSING = [200.0] * 6 + [None] + [200.0] * 17
ONE_NAN = pa.array([200.0] * 6 + [float("nan")] + [200.0] * 17)

PARQUET = {
    "times without a zone": (table(time=NAIVE), ["`time`", "no time zone", "tz_localize"]),
    "a null among the values": (table(value=pa.array(ONE_MISSING)), ["row 6", "`value`", "missing"]),
    "a null among the times": (
        table(time=pa.array([None, *table()["time"].to_pylist()[1:]], pa.timestamp("ms", "UTC"))),
        ["row 0", "`time`", "missing"],
    ),
    "NaN": (table(value=ONE_NAN), ["row 6", "`value`", "NaN"]),
    "without a column": (table(unit=None), ["no column `unit`", "`quantity`"]),
    "values as text": (table(value=pa.array(["200.0"] * 24)), ["`value`", "float"]),
    "times as numbers": (table(time=pa.array(range(24))), ["`time`", "timestamp with time zone"]),
    "no rows": (table().slice(0, 0), ["no values"]),
    "a wrong unit": (table(unit=pa.array(["EUR"] * 24)), ["`EUR`", "EUR/MWh"]),
    "a gap": (table().take(list(range(6)) + list(range(9, 24))), ["gap", "fill it"]),
}


@pytest.mark.parametrize("content, says", PARQUET.values(), ids=PARQUET)
def test_a_parquet_series_that_can_not_be_used_is_refused(tmp_path, content, says):
    pq.write_table(content, tmp_path / "series.parquet")
    refused(tmp_path, "--duration", "1d", "--series", "series.parquet", says=["series.parquet", *says], cwd=tmp_path)


FILES = {
    "a CSV file that is not there": ("no.csv", None, ["no.csv", "No such file"]),
    "a Parquet file that is not there": ("no.parquet", None, ["no.parquet", "No such file"]),
    "a CSV file that calls itself Parquet": ("series.parquet", COLUMNS.encode(), ["series.parquet", "Parquet"]),
    "a Parquet file cut short": ("series.parquet", b"PAR1" + bytes(100), ["series.parquet"]),
    "a CSV file that is no text": ("series.csv", b"\x00\xff\xfe", ["series.csv", "line 1"]),
}


@pytest.mark.parametrize("name, content, says", FILES.values(), ids=FILES)
def test_a_file_that_can_not_be_read_is_refused(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused(tmp_path, "--duration", "1d", "--series", name, says=says, cwd=tmp_path)


def test_a_quantity_is_given_once(tmp_path):
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("\n".join([COLUMNS, *prices()]) + "\n", encoding="utf-8")
    says = ["two.csv", "price", "keep one"]
    refused(tmp_path, "--duration", "1d", "--series", "one.csv", "--series", "two.csv", says=says, cwd=tmp_path)


STRINGS = pa.array(hours(24))
ACCEPTED = {
    "timestamps of a zone": table(time=table()["time"].cast(pa.timestamp("ns", "America/Martinique"))),
    "timestamps in seconds": table(time=table()["time"].cast(pa.timestamp("s", "UTC"))),
    "times as text": table(time=STRINGS),
    "categories": table(quantity=pa.array(["price"] * 24).dictionary_encode()),
    "whole numbers": table(value=pa.array([200] * 24)),
    "small floats": table(value=pa.array([200.0] * 24, pa.float32())),
    "more columns": table(station=pa.array(["x"] * 24)),
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
def test_parquet_as_others_write_it_is_taken(tmp_path, content, compression):
    pq.write_table(content, tmp_path / "series.parquet", compression=compression)
    run = cli.simulate(tmp_path / "out", "--duration", "1d", "--series", tmp_path / "series.parquet")
    signals = pq.read_table(run / "signals.parquet", columns=["signal", "value"]).to_pylist()
    assert {row["value"] for row in signals if row["signal"] == "consumption_price"} == {200.0}


@pytest.mark.parametrize("compression", ["gzip", "brotli", "lz4"])
def test_parquet_with_another_compression_is_refused_with_the_remedy(tmp_path, compression):
    pq.write_table(table(), tmp_path / "series.parquet", compression=compression)
    says = ["series.parquet", "zstd, snappy or no compression"]
    refused(tmp_path, "--duration", "1d", "--series", "series.parquet", says=says, cwd=tmp_path)
