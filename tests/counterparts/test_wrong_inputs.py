"""What can not be used is refused before anything is written, with a message that names the place and the remedy."""

from datetime import datetime, timedelta
from pathlib import Path

import cli
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HEAD = 'version = 2\nname = "test"\n\n[run]\nstart = "2026-03-20"\nduration = "1d"\n'
PV = '\n[pv]\npv_01 = { commune = "Le Lamentin", peak_kw = 5.0 }\n'


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
    "a tick that is no duration": (["--tick", "banana"], ["--tick banana: run.tick", "`banana`", "15m"]),
    "a tick without a unit": (["--tick", "900"], ["--tick 900: run.tick is 900", "such as \"15m\""]),
    "a tick of nothing": (["--tick", "0s"], ["--tick 0s: run.tick", "at least 1s"]),
    "a tick of more than a slot": (["--tick", "1h"], ["--tick 1h: run.tick", "divide the market slot of 15 min"]),
    "a date that does not exist": (["--start", "2026-02-30"], ["--start 2026-02-30: run.start", "2026-03-20"]),
    "a start without an offset": (["--start", "2026-03-20T06:00:00"], ["run.start", "offset", "-04:00"]),
    "a start beyond the sun's ephemeris": (["--start", "9999-12-31"], ["run.start", "1900 and 2200"]),
    "a duration in years": (["--duration", "1y"], ["--duration 1y: run.duration", "`1y`", "unit"]),
    "a duration that goes back": (["--duration=-1d"], ["run.duration", "`-1d`", "positive"]),
    "a duration of a century": (["--duration", "36525d"], ["run.duration", "50 years"]),
    "a seed that is no number": (["--seed", "luck"], ["--seed", "luck"]),
    "a host nobody knows": (["--host", "cloud"], ["--host", "sweep", "actors"]),
    "a level nobody knows": (["--record", "all"], ["--record", "kpis", "hourly", "full"]),
    "no threads": (["--threads", "0"], ["--threads", "1..=1024"]),
    "an option nobody knows": (["--speed", "2"], ["--speed"]),
    "a change that is none": (["--set", "run.seed"], ["--set run.seed", "KEY=VALUE"]),
    "a change of an unknown key": (["--set", "battery.*.capacity=9"], ["battery.bat_01.capacity", "`capacity_kwh`"]),
    "a change of a list cut short": (["--set", "dso.price_shape=[1,"], ["dso.price_shape is a text", "24 numbers"]),
    "an asset misspelt": (["--set", "pv.pv_1.peak_kw=9"], ["--set pv.pv_1.peak_kw=9: pv.pv_1.commune", "misspelt"]),
}


@pytest.mark.parametrize("options, says", OPTIONS.values(), ids=OPTIONS)
def test_an_option_that_can_not_be_used_is_refused(tmp_path, options, says):
    refused(tmp_path, *options, says=says)


# scenarios/tests/wrong_scenarios.rs has the table of all mistakes; these pass through the program.
SCENARIOS = {
    "not TOML": (HEAD + "what is this\n", ["scenario.toml", "line 7", "what is this"]),
    "empty": ("", ["scenario.toml, line 1", "version = 2"]),
    "of version 1": (HEAD.replace("version = 2", "version = 1"), ["line 1: version is 1", "tables by id"]),
    "a value of another type": (HEAD + PV.replace("5.0", '"five"'), ["line 9", "pv.pv_01.peak_kw", "(kW)"]),
    "three mistakes": (
        HEAD + PV.replace("5.0", "-5.0").replace("Le Lamentin", "lamentin") + "[bateries]\n",
        ["line 9: pv.pv_01.peak_kw is -5", "line 9: pv.pv_01.commune", "did you mean Le Lamentin?", "line 10: bateries"],
    ),
    "data that is not there": (
        HEAD + PV.replace("5.0", "-5.0") + '[series.a]\nfile = "no.csv"\n[sessions.b]\nfile = "no.parquet"\n',
        ["line 11: series.a.file", "no.csv: No such file", "line 13: sessions.b.file", "no.parquet", "line 9: pv.pv_01"],
    ),
}


@pytest.mark.parametrize("text, says", SCENARIOS.values(), ids=SCENARIOS)
def test_a_scenario_that_can_not_be_used_is_refused(tmp_path, text, says):
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    message = refused(tmp_path, path, says=says)
    checked = cli.cariflex("check", path)
    assert (checked.code, checked.out, checked.err) == (2, "", message), "`check` says what `run` would"


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
    "empty": ("", ["series.csv", "no column `time`"]),
    "columns only": (f"{COLUMNS}\n", ["series.csv", "no values"]),
    "without a column": ("time,value,unit\n2026-03-20T00:00:00-04:00,1,EUR/MWh\n", ["series.csv", "`quantity`"]),
    "with semicolons": (f"{COLUMNS}\n".replace(",", ";"), ["line 1", "write commas"]),
    "a time without an offset": (changed(5, "-04:00", ""), ["line 5", "offset", "2026-03-20T03:00:00", "`zone`"]),
    "a unit of another quantity": (prices(unit="kW"), ["line 2", "`kW`", "EUR/MWh"]),
    "a decimal comma": (changed(5, "200.0", '"200,0"'), ["line 5", "`200,0`", "decimal point"]),
    "NaN": (changed(5, "200.0", "NaN"), ["line 5", "no number", "fill or remove"]),
    "a cell too few": (changed(5, ",EUR/MWh", ""), ["line 5", "3 fields", "4 columns"]),
    "a gap": (prices(hours(24)[:6] + hours(24)[9:]), ["line 8", "gap", "fill it", "series.given_1.gaps"]),
    "too short for the run": (prices(hours(20)), ["series.csv", "gives price", "2026-03-21T00:00:00Z", "run.start"]),
    "too late for the run": (prices(hours(24, "2026-03-20T05:00:00-04:00")), ["gives price", "run.start"]),
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
    "times without a zone": (table(time=NAIVE), ["row 1", "`2026-03-20T00:00:00` has no offset", "`zone`"]),
    "a null among the values": (table(value=pa.array(ONE_MISSING)), ["row 7", "no number for price", "fill"]),
    "a null among the times": (
        table(time=pa.array([None, *table()["time"].to_pylist()[1:]], pa.timestamp("ms", "UTC"))),
        ["row 1", "has no time", "fill it in"],
    ),
    "NaN": (table(value=ONE_NAN), ["row 7", "no number for price", "fill"]),
    "without a column": (table(unit=None), ["no column `unit`", "quantity"]),
    "values as words": (table(value=pa.array(["cheap"] * 24)), ["row 1", "`cheap` is not a number"]),
    "times as numbers": (table(time=pa.array(range(24))), ["row 1", "`0` is no time", "RFC 3339"]),
    "quantities as numbers": (table(quantity=pa.array(range(24))), ["row 1", "`0` is a number where a text is wanted"]),
    "no rows": (table().slice(0, 0), ["no values"]),
    "a wrong unit": (table(unit=pa.array(["EUR"] * 24)), ["`EUR`", "EUR/MWh"]),
    "a gap": (table().take(list(range(6)) + list(range(9, 24))), ["row 7", "gap", "fill it"]),
}


@pytest.mark.parametrize("content, says", PARQUET.values(), ids=PARQUET)
def test_a_parquet_series_that_can_not_be_used_is_refused(tmp_path, content, says):
    pq.write_table(content, tmp_path / "series.parquet")
    refused(tmp_path, "--duration", "1d", "--series", "series.parquet", says=["series.parquet", *says], cwd=tmp_path)


FILES = {
    "a CSV file that is not there": ("no.csv", None, ["no.csv", "No such file"]),
    "a Parquet file that is not there": ("no.parquet", None, ["no.parquet", "No such file"]),
    "a CSV file that calls itself Parquet": ("series.parquet", COLUMNS.encode(), ["--series series.parquet", "Parquet"]),
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
    says = ["two.csv, line 2", "gives price", "one.csv", "keep one"]
    refused(tmp_path, "--duration", "1d", "--series", "one.csv", "--series", "two.csv", says=says, cwd=tmp_path)


def test_naive_timestamps_are_taken_in_the_zone_of_their_section(tmp_path):
    pq.write_table(table(time=NAIVE), tmp_path / "series.parquet")
    section = '\n[series.prices]\nfile = "series.parquet"\nzone = "America/Martinique"\n'
    (tmp_path / "scenario.toml").write_text(HEAD + PV + section, encoding="utf-8")
    run = cli.simulate(tmp_path / "out", tmp_path / "scenario.toml")
    signals = pq.read_table(run / "signals.parquet", columns=["signal", "value"]).to_pylist()
    assert {row["value"] for row in signals if row["signal"] == "consumption_price"} == {200.0}


STRINGS = pa.array(hours(24))
ACCEPTED = {
    "timestamps of a zone": table(time=table()["time"].cast(pa.timestamp("ns", "America/Martinique"))),
    "timestamps in seconds": table(time=table()["time"].cast(pa.timestamp("s", "UTC"))),
    "times as text": table(time=STRINGS),
    "categories": table(quantity=pa.array(["price"] * 24).dictionary_encode()),
    "whole numbers": table(value=pa.array([200] * 24)),
    "values as text": table(value=pa.array(["200.0"] * 24)),
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
