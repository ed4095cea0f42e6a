"""Sweeps from a snapshot: each point is the fork that `cariflex run --from` makes, whatever becomes of the live twin."""

import json
import shutil
from pathlib import Path

import cli
import pyarrow.parquet as pq
import pytest
from live import THEN, assert_same_rows, live
from sweeps import kpis, sweep

SWEEP = """
version = 1
name = "what-if"
from = "live"
method = "grid"

[set]
"run.duration" = "6h"
"run.tick" = "15m"

[[axis]]
name = "capacity_kwh"
key = "battery.*.capacity_kwh"
values = [100, 200]

[[axis]]
name = "rule"
[axis.cases.own]
"ems.batteries" = "self-consumption"
[axis.cases.price]
"ems.batteries" = { rule = "price-threshold", charge_below_eur_per_mwh = 180, discharge_above_eur_per_mwh = 300 }
"""
POINTS = 4
RULES = {
    "own": "self-consumption",
    "price": '{ rule = "price-threshold", charge_below_eur_per_mwh = 180, discharge_above_eur_per_mwh = 300 }',
}
TABLES = ("assets", "sites", "signals", "supply", "orders", "trades", "clearings", "events", "sessions", "storage_health", "settlements")


def morning(place: Path, *args) -> None:
    """A live twin of half a morning, with four snapshots."""
    live(place, *THEN, "--tick", "1m", "--duration", "3h", *args)


@pytest.fixture(scope="module")
def lived(tmp_path_factory) -> Path:
    """The place of a live twin that rests."""
    place = tmp_path_factory.mktemp("lived") / "live"
    morning(place)
    return place


@pytest.fixture
def what_if(lived, tmp_path) -> Path:
    """A sweep file beside a copy of that place."""
    shutil.copytree(lived, tmp_path / "live")
    path = tmp_path / "what-if.toml"
    path.write_text(SWEEP, encoding="utf-8")
    return path


def edit(path: Path, old: str, new: str) -> None:
    """Puts one text in the place of another in a file."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def refused(*args) -> str:
    """What a sweep that can not be says."""
    ended = cli.cariflex("sweep", *args)
    assert ended.code == 2 and "panicked" not in ended.err, ended
    return ended.err


def test_each_point_is_the_fork_with_the_same_assignments(what_if, tmp_path):
    edit(what_if, "[set]", 'replicates = 2\n[set]\n"run.record" = "full"')
    place = tmp_path / "place"
    sweep(what_if, "--out", place)
    points = pq.read_table(place / "kpis.parquet").to_pylist()
    assert len(points) == 2 * POINTS and len({point["run"] for point in points}) == 2 * POINTS
    seeds = {point["seed"] for point in points}
    own = json.loads((tmp_path / "live" / "live.json").read_text(encoding="utf-8"))["scenario"]["run"]["seed"]
    assert seeds == {own, own + 1}
    for point in points[1::2]:
        sets = ["--set", f"battery.*.capacity_kwh={point['capacity_kwh']}", "--set", f"ems.batteries={RULES[point['rule']]}"]
        options = ["--duration", "6h", "--tick", "15m", "--seed", point["seed"], "--record", "full"]
        fork = cli.simulate(tmp_path / f"fork-{point['run']}", "--from", tmp_path / "live", *options, *sets)
        # Under another name: `run=` would be a column.
        found = tmp_path / f"point-{point['run']}"
        found.symlink_to(place / f"run={point['run']}")
        assert_same_rows(fork, found, TABLES)
        heads = [json.loads((folder / "run.json").read_text(encoding="utf-8")) for folder in (fork, found)]
        for key in ("id", "start", "end", "tick_s", "inputs", "scenario", "engine", "host"):
            assert heads[0][key] == heads[1][key], key
        assert heads[1]["start"] == "2026-03-20T07:00:00Z" and heads[1]["end"] == "2026-03-20T13:00:00Z"
        assert heads[1]["inputs"][-1]["path"].endswith("2026-03-20T07-00-00Z.json")
        expected = pq.read_table(fork / "kpis.parquet").to_pylist()[0]
        del expected["scenario"]
        assert {name: point[name] for name in expected} == expected
    # Another seed is another future of the same past.
    of_seed = {point["seed"]: point for point in points[:2]}
    assert len({point["island_import_kwh"] for point in of_seed.values()}) == 2


def test_without_a_duration_a_point_looks_a_day_ahead_and_set_counts_from_the_snapshot_too(what_if, tmp_path):
    edit(what_if, '"run.duration" = "6h"\n', "")
    day = sweep(what_if, "--out", tmp_path / "day", "--dry-run")
    assert "from the snapshot of 2026-03-20T07:00:00Z" in day.out
    assert ["0", "100", "own", "109", "96", "1", "0"] in [line.split() for line in day.out.splitlines()]
    short = sweep(what_if, "--out", tmp_path / "short", "--set", "run.duration=1h", "--dry-run")
    assert ["0", "100", "own", "109", "4", "1", "0"] in [line.split() for line in short.out.splitlines()]
    fork = cli.simulate(tmp_path / "fork", "--from", tmp_path / "live", "--set", "run.duration=1h", "--set", "run.tick=15m")
    head = json.loads((fork / "run.json").read_text(encoding="utf-8"))
    assert (head["start"], head["end"]) == ("2026-03-20T07:00:00Z", "2026-03-20T08:00:00Z")
    assert not (tmp_path / "day").exists()


def test_a_frozen_sweep_needs_neither_the_live_twin_nor_its_data_files(tmp_path):
    prices = tmp_path / "prices.csv"
    times = [f"2026-03-20T{hour:02}:00:00-04:00" for hour in range(24)]
    rows = [f"{time},price,{100 + index},EUR/MWh" for index, time in enumerate(times)]
    prices.write_text("\n".join(["time,quantity,value,unit", *rows, ""]), encoding="utf-8")
    morning(tmp_path / "live", "--series", prices)
    # The copy in the place is what counts.
    prices.write_text(prices.read_text(encoding="utf-8").replace(",100,", ",900,"), encoding="utf-8")
    what_if = tmp_path / "what-if.toml"
    what_if.write_text(SWEEP, encoding="utf-8")
    sweep(what_if, "--out", tmp_path / "whole")
    sweep(what_if, "--out", tmp_path / "frozen", "--freeze")
    assert {path.suffix for path in (tmp_path / "frozen" / "inputs").iterdir()} == {".csv", ".json"}
    shutil.rmtree(tmp_path / "live")
    prices.unlink()
    what_if.unlink()
    moved = (tmp_path / "frozen").rename(tmp_path / "moved")
    for part in ("1/2", "2/2"):
        sweep(moved, "--shard", part, "--workers", 2)
    assert kpis(moved) == kpis(tmp_path / "whole")


def test_the_same_command_goes_on_from_the_snapshot_it_was_frozen_with_and_fresh_takes_the_latest(what_if, tmp_path):
    place = tmp_path / "place"
    latest = sorted((tmp_path / "live" / "snapshots").iterdir())[-1]
    yet_to_come = latest.rename(tmp_path / latest.name)
    sweep(what_if, "--out", place, "--freeze")
    sweep(what_if, "--out", place, "--shard", "1/2")
    yet_to_come.rename(latest)
    for part in ("1/2", "2/2"):
        ended = sweep(what_if, "--out", place, "--shard", part)
        assert "2026-03-20T06:00:00Z, with which it was frozen" in ended.err, ended.err
    starts = pq.read_table(place / "points.parquet")["start"].to_pylist()
    assert {start.isoformat() for start in starts} == {"2026-03-20T06:00:00+00:00"}
    earlier = kpis(place)
    edit(what_if, "[100, 200]", "[100, 200, 300]")
    ended = sweep(what_if, "--out", place)
    assert f"{POINTS} of its {POINTS * 3 // 2} runs are the same" in ended.err
    edit(what_if, "[100, 200, 300]", "[100, 200]")
    sweep(what_if, "--out", place, "--fresh")
    starts = pq.read_table(place / "points.parquet")["start"].to_pylist()
    assert {start.isoformat() for start in starts} == {"2026-03-20T07:00:00+00:00"}
    # A snapshot that is named is that one, whatever follows it.
    edit(what_if, '"live"', '"live/snapshots/2026-03-20T06-00-00Z.json"')
    sweep(what_if, "--out", place)
    assert kpis(place) == earlier


def test_the_latest_snapshot_is_the_latest_that_is_whole(what_if, tmp_path):
    latest = sorted((tmp_path / "live" / "snapshots").iterdir())[-1]
    latest.write_bytes(latest.read_bytes()[:1000])
    assert "from the snapshot of 2026-03-20T06:00:00Z" in sweep(what_if, "--dry-run").out


def test_points_that_do_not_fit_the_snapshot_are_told_before_anything_runs(what_if, tmp_path):
    line = 1 + what_if.read_text(encoding="utf-8").splitlines().index('from = "live"')
    edit(what_if, "[100, 200]", "[100, 1, 2]")
    told = refused(what_if, "--out", tmp_path / "place")
    assert "4 of 6 points can not be run, the first at capacity_kwh = 1, rule = own" in told
    assert f"what-if.toml, line {line}: from does not fit" in told and "holds" in told and "bat_" in told
    edit(what_if, "[100, 1, 2]", "[100]")
    others = '"battery.bat_99" = { commune = "Ducos", capacity_kwh = 5, power_kw = 5 }\n[[axis]]\nname = "capacity_kwh"'
    edit(what_if, '[[axis]]\nname = "capacity_kwh"', others)
    told = refused(what_if, "--out", tmp_path / "place")
    assert "2 of 2 points can not be run" in told and "bat_99" in told and "the snapshot does not" in told
    assert not (tmp_path / "place").exists()


def test_a_copy_that_was_edited_after_it_was_frozen_does_not_run(what_if, tmp_path):
    place = tmp_path / "place"
    sweep(what_if, "--out", place, "--freeze")
    [copy] = (place / "inputs").glob("*.json")
    copy.write_bytes(copy.read_bytes() + b"\n")
    told = refused(place)
    assert copy.name in told and "was edited since it was frozen" in told
    copy.unlink()
    assert f"{copy.name}` is missing" in refused(place)
    # The live twin has not gone on: the sweep file makes it whole again.
    sweep(what_if, "--out", place)
    assert copy.is_file()


def test_what_can_not_be_gone_on_from_is_told_with_its_line(what_if, tmp_path):
    line = 1 + what_if.read_text(encoding="utf-8").splitlines().index('from = "live"')
    for written, says in [
        ('from = "live"\nbase = "martinique"', "from can not go with `base`"),
        ('about = "nothing"', "base is missing: write base = …"),
        ('from = "snapshots"', 'from is "snapshots"'),
        ('from = "."', "there is no live twin here"),
        ('from = "what-if.toml"', "is no snapshot"),
        ("from = 3", "from is 3"),
    ]:
        what_if.write_text(SWEEP.replace('from = "live"', written), encoding="utf-8")
        told = refused(what_if, "--out", tmp_path / "place")
        at = 1 if written.startswith("about") else line
        assert says in told and f"what-if.toml, line {at}" in told, told
    what_if.write_text(SWEEP.replace('"run.tick" = "15m"', '"run.start" = "2026-03-21"'), encoding="utf-8")
    told = refused(what_if, "--out", tmp_path / "place")
    assert "what-if.toml, line 9: run.start can not be changed" in told, told
    ended = cli.cariflex("run", "--from", tmp_path / "live", "--set", "run.start=2026-03-20", "--out", tmp_path / "fork")
    assert ended.code == 2 and "--set run.start=2026-03-20: run.start can not be changed" in ended.err, ended.err
    assert not (tmp_path / "place").exists() and not (tmp_path / "fork").exists()


def test_the_example_asks_its_question_of_the_live_twin_above_it(lived, tmp_path):
    (tmp_path / "examples" / "sweeps").mkdir(parents=True)
    (tmp_path / "live").mkdir()
    shutil.copytree(lived, tmp_path / "live" / "martinique")
    example = shutil.copy(cli.ROOT / "examples" / "sweeps" / "what_if.toml", tmp_path / "examples" / "sweeps")
    edit(Path(example), "replicates = 20", "replicates = 2")
    sweep(example, "--out", tmp_path / "place")
    rows = pq.read_table(tmp_path / "place" / "kpis.parquet", columns=["rule", "seed", "battery_discharge_kwh"]).to_pylist()
    assert len(rows) == 3 * 2
    own, price, reserve = (row["battery_discharge_kwh"] for row in rows[::2])
    assert price > reserve > own > 0, rows
