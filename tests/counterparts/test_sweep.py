"""Sweeps: the same rows whoever runs them, however often they are killed, and whatever changes under them."""

import json
import random
import re
import signal
import time
from pathlib import Path

import cli
import duckdb
import pyarrow.parquet as pq
import pytest
import tables
from sweeps import RUNS, SWEEP, kpis, sweep

def events(ended: cli.Ended) -> list[dict]:
    """The lines of JSON on standard error."""
    return [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]


def test_one_line_of_sql_answers_a_question(undisturbed):
    rows = duckdb.sql(
        f"select capacity_kwh, rule, avg(cariflex_import_kwh) from '{undisturbed}/kpis.parquet' group by all order by all"
    ).fetchall()
    assert [row[:2] for row in rows] == [(size, rule) for size in (50, 100, 200) for rule in ("own", "price")]
    assert len({row[2] for row in rows}) > 1


def test_each_row_is_that_of_a_run_of_its_own(undisturbed, tmp_path):
    rows = pq.read_table(undisturbed / "kpis.parquet").to_pylist()
    assert len(rows) == RUNS
    row = next(row for row in rows if (row["capacity_kwh"], row["rule"], row["seed"]) == (200, "own", 6))
    options = ["--duration", "6h", "--seed", 6, "--record", "kpis"]
    sets = ["--set", "battery.*.capacity_kwh=200", "--set", "ems.batteries=self-consumption"]
    alone = cli.simulate(tmp_path / "run", *options, *sets)
    expected = pq.read_table(alone / "kpis.parquet").to_pylist()[0]
    del expected["scenario"]
    assert {name: row[name] for name in expected} == expected


def test_tables_have_the_documented_columns(undisturbed):
    for name, expected in tables.documented_of_sweeps().items():
        schema = pq.read_schema(undisturbed / f"{name}.parquet")
        for field in expected:
            assert schema.field(field.name).equals(field), (name, field)
        axis = schema.field("capacity_kwh").metadata
        assert axis[b"role"] == b"parameter" and axis[b"keys"] == b"battery.*.capacity_kwh" and axis[b"unit"] == b"kWh"
    assert pq.read_schema(undisturbed / "kpis.parquet").field("island_co2_kg").metadata[b"unit"] == b"kg"


def test_a_dry_run_lists_the_points_and_writes_nothing(small, tmp_path):
    ended = sweep(small, "--out", tmp_path / "place", "--dry-run")
    lines = [line.split() for line in ended.out.splitlines()]
    assert ["point", "capacity_kwh", "rule", "participants", "ticks", "runs", "done"] in lines
    assert ["3", "100", "price", "109", "24", "2", "0"] in lines
    assert not (tmp_path / "place").exists()


def test_any_number_of_workers_gives_the_same_bytes(small, undisturbed, tmp_path):
    for workers in (2, 5):
        place = tmp_path / f"with-{workers}"
        sweep(small, "--out", place, "--workers", workers)
        assert kpis(place) == kpis(undisturbed)


def test_a_sweep_that_is_complete_runs_nothing(small, tmp_path):
    sweep(small, "--out", tmp_path / "place")
    ended = sweep(small, "--out", tmp_path / "place")
    assert f"{RUNS} of {RUNS} runs complete ({RUNS} were there), 0 failed" in ended.out
    again = sweep(small, "--out", tmp_path / "place", "--fresh")
    assert f"{RUNS} of {RUNS} runs complete, 0 failed" in again.out


def test_ten_kills_leave_the_rows_of_an_undisturbed_sweep(tmp_path):
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed of the kills", seed)
    moments = random.Random(seed)
    path = tmp_path / "longer.toml"
    path.write_text(SWEEP.replace("replicates = 2", "replicates = 8").replace('"6h"', '"20d"'), encoding="utf-8")
    began = time.monotonic()
    sweep(path, "--out", tmp_path / "whole")
    whole_s = time.monotonic() - began
    for _ in range(10):
        process = cli.start("sweep", path, "--out", tmp_path / "place")
        time.sleep(moments.uniform(0.0, whole_s / 3))
        process.kill()
        process.communicate()
    sweep(path, "--out", tmp_path / "place")
    assert kpis(tmp_path / "place") == kpis(tmp_path / "whole")
    names = sorted(path.name for path in (tmp_path / "place").iterdir())
    assert names == ["kpis", "kpis.parquet", "points.parquet", "runs.parquet", "sweep.json"]
    assert len(list((tmp_path / "place" / "kpis").iterdir())) == 1


@pytest.mark.parametrize("record", ["kpis", "hourly"])
def test_parts_at_once_and_one_of_them_twice_give_the_same_result(small, undisturbed, tmp_path, record):
    place = tmp_path / "place"
    small.write_text(SWEEP.replace('"run.record" = "kpis"', f'"run.record" = "{record}"'), encoding="utf-8")
    parts = ["1/2", "2/2", "2/2"]
    processes = [cli.start("sweep", small, "--out", place, "--shard", part, "--workers", 1) for part in parts]
    for ended in map(cli.end, processes):
        assert ended.code == 0, ended.err
    if record == "kpis":
        assert kpis(place) == kpis(undisturbed)
        return
    found, expected = (pq.read_table(folder / "kpis.parquet").drop_columns(["run"]) for folder in (place, undisturbed))
    assert found.equals(expected)
    folders = {path.name for path in place.glob("run=*")}
    assert len(folders) == RUNS and not (place / "running").exists()
    counted = duckdb.sql(
        f"select run, count(*) from read_parquet('{place}/run=*/sites.parquet', hive_partitioning = true) group by run"
    ).fetchall()
    assert len(counted) == RUNS and len({count for _, count in counted}) == 1


def test_the_part_is_told_by_the_job_array(small, tmp_path, monkeypatch):
    for index in (4, 6):
        variables = {"SLURM_ARRAY_TASK_ID": index, "SLURM_ARRAY_TASK_MIN": 4, "SLURM_ARRAY_TASK_MAX": 6, "SLURM_ARRAY_TASK_STEP": 2}
        for name, value in variables.items():
            monkeypatch.setenv(name, str(value))
        ended = sweep(small, "--out", tmp_path / "place", "--shard", "array")
        assert f"{RUNS // 2} of {RUNS // 2} runs complete" in ended.out
        is_whole = index == 6
        assert (tmp_path / "place" / "kpis.parquet").exists() == is_whole
        assert (f"{RUNS // 2} runs of other parts have not ended" in ended.out) != is_whole


def test_a_run_that_fails_is_told_and_the_others_go_on(small, tmp_path):
    place = tmp_path / "place"
    small.write_text(SWEEP.replace('"kpis"', '"hourly"'), encoding="utf-8")
    sweep(small, "--out", place, "--freeze")
    runs = pq.read_table(place / "points.parquet")["run"].to_pylist()
    in_the_way = place / f"run={runs[3]}"
    in_the_way.write_text("a file where the run's folder would be", encoding="utf-8")
    ended = cli.cariflex("sweep", place)
    assert ended.code == 1 and f"1 of {RUNS} runs failed" in ended.err
    [failure] = [event for event in events(ended) if event["event"] == "failed"]
    assert failure["run"] == runs[3] and str(in_the_way) in failure["error"]
    assert pq.read_table(place / "kpis.parquet").num_rows == RUNS - 1
    rows = pq.read_table(place / "runs.parquet", columns=["run", "status", "error"]).to_pylist()
    assert [row["run"] for row in rows if row["status"] == "failed"] == [runs[3]]
    assert str(in_the_way) in rows[3]["error"]
    in_the_way.unlink()
    ended = sweep(place)
    assert f"{RUNS} of {RUNS} runs complete ({RUNS - 1} were there)" in ended.out
    assert pq.read_table(place / "kpis.parquet").num_rows == RUNS


def test_an_interrupted_sweep_says_so_and_goes_on(small, undisturbed, tmp_path):
    long = tmp_path / "long.toml"
    long.write_text(SWEEP.replace('"6h"', '"2000d"'), encoding="utf-8")
    for number in (signal.SIGINT, signal.SIGTERM):
        process = cli.start("sweep", long, "--out", tmp_path / "place")
        line = process.stderr.readline()
        assert json.loads(line)["event"] == "begin"
        time.sleep(0.2)
        process.send_signal(number)
        ended = cli.end(process)
        assert ended.code == 130 and "the same command goes on" in ended.out, ended.err
    short = small
    sweep(short, "--out", tmp_path / "place")
    assert kpis(tmp_path / "place") == kpis(undisturbed)


def test_progress_is_lines_of_json_where_no_one_looks(small, tmp_path):
    told = events(sweep(small, "--out", tmp_path / "place", "--workers", 2))
    assert told[0] == {"event": "begin", "runs": RUNS, "sweep": "small", "there": 0, "workers": 2}
    end = told[-1]
    assert (end["event"], end["done"], end["failed"], end["missing"]) == ("end", RUNS, 0, 0)


WEATHER = """
[[axis]]
name = "weather"
key = "series.weather.file"
values = ["one.csv", "two.csv"]
"""


def weather(path: Path, irradiance: float) -> None:
    """Six hours of constant irradiance."""
    rows = [f"2026-03-20T{hour:02}:00:00-04:00,irradiance,{irradiance},W/m2" for hour in range(8)]
    path.write_text("\n".join(["time,quantity,value,unit", *rows, ""]), encoding="utf-8")


def test_a_changed_file_runs_anew_what_it_must(small, tmp_path):
    small.write_text(SWEEP + WEATHER, encoding="utf-8")
    weather(tmp_path / "one.csv", 100.0)
    weather(tmp_path / "two.csv", 200.0)
    place = tmp_path / "place"
    sweep(small, "--out", place)
    before = pq.read_table(place / "kpis.parquet").to_pylist()
    weather(tmp_path / "two.csv", 300.0)
    ended = sweep(small, "--out", place)
    assert f"{2 * RUNS} of {2 * RUNS} runs complete ({RUNS} were there)" in ended.out and "has changed" in ended.err
    after = pq.read_table(place / "kpis.parquet").to_pylist()
    for old, new in zip(before, after, strict=True):
        assert (old["run"] == new["run"]) == (new["weather"] == "one.csv")
        assert (old["pv_production_kwh"] == new["pv_production_kwh"]) == (new["weather"] == "one.csv")
    assert pq.read_table(place / "runs.parquet").num_rows == 2 * RUNS
    assert f"the sweep has changed: {RUNS} of its {2 * RUNS} runs are the same as before" in ended.err
    # An axis more: the runs that were there are part of the new sweep, and are found again.
    small.write_text(small.read_text(encoding="utf-8").replace("[50, 100, 200]", "[50, 100, 200, 400]"), encoding="utf-8")
    ended = sweep(small, "--out", place)
    assert f"{RUNS * 8 // 3} of {RUNS * 8 // 3} runs complete ({2 * RUNS} were there)" in ended.out


def test_tables_of_runs_that_are_no_longer_part_of_the_sweep_are_put_away(small, tmp_path):
    hourly = small.read_text(encoding="utf-8").replace('"kpis"', '"hourly"')
    place = tmp_path / "place"

    def folders() -> set[str]:
        return {path.name.removeprefix("run=") for path in place.glob("run=*")}

    small.write_text(hourly, encoding="utf-8")
    sweep(small, "--out", place)
    before = folders()
    small.write_text(hourly.replace("[50, 100, 200]", "[50, 100, 400]"), encoding="utf-8")
    sweep(small, "--out", place)
    assert folders() == set(pq.read_table(place / "kpis.parquet")["run"].to_pylist()) and len(folders() & before) == RUNS * 2 // 3
    small.write_text(hourly, encoding="utf-8")
    ended = sweep(small, "--out", place)
    assert f"{RUNS} of {RUNS} runs complete ({RUNS} were there)" in ended.out and folders() == before


def test_a_part_never_freezes_anew(small, undisturbed, tmp_path):
    place = tmp_path / "place"
    sweep(small, "--out", place, "--set", "run.duration=3h", "--freeze")
    ended = cli.cariflex("sweep", small, "--out", place, "--shard", "1/2")
    assert ended.code == 2 and f"0 of its {RUNS} runs are the same" in ended.err and "without --shard" in ended.err
    sweep(small, "--out", place)
    assert kpis(place) == kpis(undisturbed)


def test_what_is_frozen_runs_as_it_was_whatever_happens_to_the_files(small, tmp_path):
    small.write_text(SWEEP + WEATHER, encoding="utf-8")
    weather(tmp_path / "one.csv", 100.0)
    weather(tmp_path / "two.csv", 200.0)
    sweep(small, "--out", tmp_path / "whole")
    sweep(small, "--out", tmp_path / "frozen", "--freeze")
    for name in ("small.toml", "one.csv", "two.csv"):
        (tmp_path / name).unlink()
    moved = (tmp_path / "frozen").rename(tmp_path / "moved")
    sweep(moved)
    assert kpis(moved) == kpis(tmp_path / "whole")


def test_key_figures_are_those_asked_for(small, tmp_path):
    small.write_text(SWEEP.replace("[set]", 'kpis = ["island_*", "events_count"]\n[set]', 1), encoding="utf-8")
    sweep(small, "--out", tmp_path / "place")
    names = pq.read_schema(tmp_path / "place" / "kpis.parquet").names
    figures = names[names.index("tick_s") + 1 :]
    assert figures[0] == "events_count" and all(name.startswith("island_") for name in figures[1:]) and len(figures) > 5


def test_wrong_sweeps_and_places_are_told_with_the_way_out(small, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work", encoding="utf-8")
    broken = tmp_path / "broken.toml"
    broken.write_text(SWEEP.replace("[50, 100, 200]", "[50, -1, 200]"), encoding="utf-8")
    line = 1 + broken.read_text(encoding="utf-8").splitlines().index("values = [50, -1, 200]")
    idle = tmp_path / "idle.toml"
    idle.write_text(SWEEP.replace("[set]", 'kpis = ["island_inport_kwh"]\n[set]', 1), encoding="utf-8")
    for args, says in [
        ([small, "--out", other], "thesis.tex"),
        ([other], "sweep.json"),
        ([tmp_path / "none.toml"], "none.toml"),
        ([broken, "--out", tmp_path / "place"], f"broken.toml, line {line}"),
        ([broken, "--out", tmp_path / "place"], "capacity_kwh = -1"),
        ([idle, "--out", tmp_path / "place"], "island_import_kwh"),
        ([small, "--out", tmp_path / "place", "--shard", "3/2"], "no part 3 of 2"),
        ([small, "--out", "s3://bucket/prefix"], "--features s3"),
        ([small, "--set", "battery.bat_01.capacity=3", "--out", tmp_path / "place"], "capacity"),
    ]:
        ended = cli.cariflex("sweep", *args)
        assert ended.code == 2 and says in ended.err, (args, ended.err)
        assert "panicked" not in ended.err
    assert not (tmp_path / "place").exists()
    assert [path.name for path in other.iterdir()] == ["thesis.tex"]


def resources(process) -> tuple[int, int]:
    """Resident memory in KiB, and open files."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]), len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def test_memory_and_open_files_stay_flat_over_ten_thousand_runs(tmp_path):
    path = tmp_path / "many.toml"
    many = SWEEP.replace("replicates = 2", "replicates = 1667").replace('"6h"', '"15m"').replace("[set]", 'kpis = ["events_count"]\n[set]', 1)
    path.write_text(many, encoding="utf-8")
    sweep(path, "--out", tmp_path / "place", "--freeze")
    process = cli.start("sweep", tmp_path / "place", stdout=-3, stderr=-3)
    seen = []
    while process.poll() is None:
        try:
            seen.append(resources(process))
        except (FileNotFoundError, TypeError):
            break
        time.sleep(0.05)
    assert process.wait() == 0
    rows = pq.read_table(tmp_path / "place" / "kpis.parquet", columns=["run"])
    assert rows.num_rows == 10_002 and len(seen) > 10
    # After the first rows were written, and before the tables are made.
    middle = seen[len(seen) // 2 : -len(seen) // 10]
    memory, files = zip(*middle, strict=True)
    assert max(files) - min(files) <= 4
    # Rows wait a second to be written; a world that leaked would be gigabytes, three kilobytes of each run would be seen.
    assert max(memory) - min(memory) < 16 * 1024, (min(memory), max(memory))
