"""Live twins without faces: killed, damaged and stopped, they come back to the same rows; snapshots fork."""

import json
import os
import random
import re
import shutil
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from cli import PATIENCE_S, cariflex, end, start
from live import TABLES, THEN, assert_same_rows, count, kill, live, reached, rows, wait_until

HALF_DAY = (*THEN, "--duration", "12h")
MIDNIGHT_MS = 1_773_979_200_000
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    """The place of a live twin that lived through half a day without any disturbance."""
    place = tmp_path_factory.mktemp("live") / "place"
    live(place, *HALF_DAY)
    return place


def killed_somewhere(place: Path, times: int, seed: int):
    """Kills a live twin again and again at moments that nobody chose."""
    chance = random.Random(seed)
    for _ in range(times):
        process = start("live", "--place", place, *HALF_DAY, "--log-level", "warn")
        until = reached(place) + chance.randrange(HOUR_MS)
        wait_until(lambda until=until, process=process: reached(place) > until or process.poll() is not None)
        kill(process)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_twin_that_is_killed_again_and_again_leaves_the_rows_of_an_undisturbed_one(undisturbed, tmp_path, seed):
    killed_somewhere(tmp_path / "place", 6, seed)
    ended = live(tmp_path / "place", *HALF_DAY)
    assert "lived through once more" in ended.err
    assert_same_rows(undisturbed / "results", tmp_path / "place" / "results")
    states = {json.loads(path.read_text())["status"] for path in (tmp_path / "place" / "results").glob("*/run.json")}
    assert states == {"complete"}


def test_a_replay_gives_the_rows_of_the_live_twin_on_both_hosts(undisturbed, tmp_path):
    for host in ("sweep", "actors"):
        ended = cariflex("replay", undisturbed, "--out", tmp_path / host, "--host", host)
        assert ended.code == 0, ended.err
        assert_same_rows(undisturbed / "results", tmp_path / host)
    assert count(tmp_path / "sweep", "assets") == 74 * 12 * 3600


def test_a_replay_can_begin_at_any_snapshot_and_end_anywhere(undisturbed, tmp_path):
    snapshot = undisturbed / "snapshots" / "2026-03-20T10-00-00Z.json"
    out = tmp_path / "out"
    ended = cariflex("replay", undisturbed, "--from", snapshot, "--until", "2026-03-20T10:30:00Z", "--out", out)
    assert ended.code == 0, ended.err
    assert count(out, "assets") == 74 * 1800


def test_a_fork_without_changes_is_the_future_on_both_hosts(undisturbed, tmp_path):
    snapshot = undisturbed / "snapshots" / "2026-03-20T09-00-00Z.json"
    future = ("--from", snapshot, "--duration", "7h")
    for host in ("sweep", "actors"):
        ended = cariflex("run", *future, "--host", host, "--out", tmp_path / host)
        assert ended.code == 0, ended.err
    assert_same_rows(tmp_path / "sweep", tmp_path / "actors")
    replayed = cariflex("replay", undisturbed, "--from", snapshot, "--out", tmp_path / "lived")
    assert replayed.code == 0, replayed.err
    assert_same_rows(tmp_path / "lived", tmp_path / "sweep")


def test_a_fork_asks_what_if_and_says_what_it_came_from(undisturbed, tmp_path):
    out = tmp_path / "what-if"
    change = ("--set", "battery.*.capacity_kwh=200", "--tick", "15m", "--duration", "1d")
    ended = cariflex("run", "--from", undisturbed, *change, "--out", out)
    assert ended.code == 0, ended.err
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert (run["start"], run["end"], run["tick_s"]) == ("2026-03-20T16:00:00Z", "2026-03-21T16:00:00Z", 900.0)
    assert any(file["path"].endswith("2026-03-20T16-00-00Z.json") for file in run["inputs"])
    # What was stored stays stored, in a larger battery.
    first = f"SELECT asset, energy_kwh FROM {rows(out, 'assets')} WHERE kind = 'battery' ORDER BY time, asset LIMIT 10"
    last = (
        f"SELECT asset, energy_kwh FROM {rows(undisturbed / 'results', 'assets')} WHERE kind = 'battery' "
        "ORDER BY time DESC, asset LIMIT 10"
    )
    before, after = dict(duckdb.sql(last).fetchall()), dict(duckdb.sql(first).fetchall())
    assert before.keys() == after.keys()
    assert all(abs(before[asset] - after[asset]) <= 50 * 0.25 + 0.1 for asset in before)


def test_a_fork_that_can_not_be_says_why(undisturbed, tmp_path):
    def refused(*args) -> str:
        ended = cariflex("run", "--out", tmp_path / "out", *args)
        assert ended.code == 2 and "panicked" not in ended.err, ended
        assert not (tmp_path / "out").exists()
        return ended.err

    assert "--start" in refused("--from", undisturbed, "--start", "2026-03-20")
    smaller = refused("--from", undisturbed, "--set", "battery.bat_01.capacity_kwh=5")
    assert "bat_01" in smaller and "kWh" in smaller
    others = refused("--from", undisturbed, "--set", "battery.bat_99.capacity_kwh=5", "--set", "battery.bat_99.power_kw=5")
    assert "bat_99" in others
    assert "no live twin" in refused("--from", tmp_path)
    nothing = tmp_path / "nothing.json"
    assert "nothing.json" in refused("--from", nothing)
    nothing.write_text("{}", encoding="utf-8")
    assert "is no snapshot" in refused("--from", nothing)
    snapshot = sorted((undisturbed / "snapshots").iterdir())[0]
    nothing.write_bytes(snapshot.read_bytes()[:5000])
    assert "not whole" in refused("--from", nothing)
    nothing.write_text(snapshot.read_text().replace('"version":1', '"version":7', 1), encoding="utf-8")
    assert "version 7" in refused("--from", nothing)


def test_a_snapshot_on_demand_is_one_to_fork_while_the_twin_goes_on(tmp_path):
    place = tmp_path / "place"
    process = start("live", "--place", place, "--start", "2026-03-20", "--speed", "600", "--no-view")
    try:
        wait_until(lambda: reached(place) > MIDNIGHT_MS + 60_000)
        taken = cariflex("snapshot", place)
        assert taken.code == 0, taken.err
        path = Path(taken.out.strip())
        assert path.is_file()
        forked = cariflex("run", "--from", path, "--duration", "1h", "--record", "kpis", "--out", tmp_path / "fork")
        assert forked.code == 0, forked.err
        at = reached(place)
        wait_until(lambda: reached(place) > at)
    finally:
        process.send_signal(signal.SIGTERM)
    ended = end(process)
    assert ended.code == 0, ended.err
    assert "at rest" in ended.err
    idle = cariflex("snapshot", place)
    assert idle.code == 2 and "no live twin answers" in idle.err


def test_by_default_it_is_the_present_and_ticks_keep_the_wall_clock(tmp_path):
    place = tmp_path / "place"
    process = start("live", "--place", place, "--no-view", "--log-format", "json")
    try:
        wait_until(lambda: abs(reached(place) / 1000 - time.time()) < 2)
        then = reached(place)
        time.sleep(3)
        assert 2000 <= reached(place) - then <= 4000
        assert abs(reached(place) / 1000 - time.time()) < 2
    finally:
        process.send_signal(signal.SIGINT)
    ended = end(process)
    assert ended.code == 0, ended.err
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert {"timestamp", "level", "message"} <= lines[0].keys()
    assert lines[0]["participants"] == 109
    begun = sorted((place / "snapshots").iterdir())[0].stem
    begun = datetime.strptime(begun, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC)
    assert begun.minute % 15 == 0 and begun.second == 0


def test_one_that_slept_passes_the_gap_and_says_so(tmp_path):
    place = tmp_path / "place"
    minute = ("--start", "2026-03-20", "--speed", "600", "--catch-up", "10m", "--no-view")
    process = start("live", "--place", place, *minute)
    try:
        wait_until(lambda: reached(place) > MIDNIGHT_MS)
        process.send_signal(signal.SIGSTOP)
        time.sleep(3)
        process.send_signal(signal.SIGCONT)
        at = reached(place)
        wait_until(lambda: reached(place) > at + 15 * 60_000)
    finally:
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
    ended = end(process)
    assert ended.code == 0 and "too far behind" in ended.err, ended.err
    replayed = cariflex("replay", place, "--out", tmp_path / "replayed")
    assert replayed.code == 0, replayed.err
    assert_same_rows(place / "results", tmp_path / "replayed", [table for table in TABLES if table != "storage_health"])
    assert count(tmp_path / "replayed", "events") >= 1


def test_a_damaged_last_snapshot_costs_nothing_but_time(undisturbed, tmp_path):
    place = tmp_path / "place"
    killed_somewhere(place, 4, 3)
    last = sorted((place / "snapshots").glob("*.json"))[-1]
    last.write_bytes(last.read_bytes()[:1000])
    ended = live(place, *HALF_DAY)
    assert last.name in ended.err
    assert_same_rows(undisturbed / "results", place / "results")
    assert last.with_suffix(".damaged").exists()


def test_half_a_line_of_the_journal_was_never_acknowledged_but_a_broken_line_is_told(tmp_path):
    place = tmp_path / "place"
    live(place, *THEN, "--duration", "1h")
    journal = sorted((place / "journal").iterdir())[-1]
    whole = journal.read_text(encoding="utf-8")
    journal.write_text(whole + '{"tick":17739', encoding="utf-8")
    longer = (*THEN, "--duration", "1h")
    live(place, *longer)
    assert journal.read_text(encoding="utf-8") == whole
    journal.write_text(whole + '{"tick":1}\n', encoding="utf-8")
    ended = cariflex("live", "--place", place, *longer)
    assert ended.code == 2 and journal.name in ended.err and "line 2" in ended.err, ended.err


def test_a_place_belongs_to_one_twin_and_one_process(tmp_path):
    place = tmp_path / "place"
    process = start("live", "--place", place, "--no-view")
    try:
        wait_until(lambda: reached(place))
        busy = cariflex("live", "--place", place)
        assert busy.code == 2 and "another process" in busy.err
    finally:
        process.send_signal(signal.SIGTERM)
    assert end(process).code == 0
    other = cariflex("live", "--place", place, "--set", "run.seed=9")
    assert other.code == 2 and "run.seed is not the same" in other.err and "--fresh" in other.err, other.err
    foreign = tmp_path / "foreign"
    (foreign / "results").mkdir(parents=True)
    thesis = foreign / "results" / "thesis.tex"
    thesis.write_text("mine", encoding="utf-8")
    for more in (None, "live.json"):
        if more:
            (foreign / more).write_text("{}", encoding="utf-8")
        refused = cariflex("live", "--place", foreign, "--fresh")
        assert refused.code == 2 and "no live twin" in refused.err
        assert thesis.read_text(encoding="utf-8") == "mine"
    fresh = live(place, *THEN, "--duration", "15m", "--fresh")
    assert "at rest" in fresh.err


def test_what_moves_nobody_may_change_when_a_twin_goes_on(tmp_path):
    place = tmp_path / "place"
    live(place, *THEN, "--duration", "30m", "--tick", "1m")
    longer = (*THEN, "--duration", "1h", "--tick", "1m", "--record", "hourly", "--set", "mqtt.every=10s")
    live(place, *longer)
    assert reached(place) == MIDNIGHT_MS + HOUR_MS
    other = cariflex("live", "--place", place, *THEN, "--duration", "2h", "--tick", "1m", "--set", "mirror.hold=10s")
    assert other.code == 2 and "mirror.hold is not the same" in other.err, other.err


def test_a_twin_that_comes_back_after_its_end_is_at_its_end(tmp_path):
    place = tmp_path / "place"
    anchored = ("--start", "2025-11-01", "--anchor", "2025-11-01T04:00:00Z", "--duration", "1d", "--no-view")
    ended = live(place, *anchored)
    assert "panicked" not in ended.err and "at rest" in ended.err
    assert count(place / "results", "events") == 1


def test_a_twin_waits_for_its_time(tmp_path):
    place = tmp_path / "place"
    begins = datetime.now(UTC) + timedelta(seconds=3)
    process = start("live", "--place", place, "--start", "2026-03-20", "--anchor", begins.isoformat(), "--no-view")
    time.sleep(1.5)
    assert reached(place) == 0
    wait_until(lambda: reached(place))
    assert datetime.now(UTC) >= begins
    process.send_signal(signal.SIGTERM)
    assert "set back" not in end(process).err


def test_a_log_that_nobody_reads_does_not_stop_the_clock(tmp_path):
    place, pipe = tmp_path / "place", tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDWR)
    day = ("--start", "2026-03-20", "--speed", "max", "--tick", "15m", "--duration", "400d", "--record", "kpis")
    with pipe.open("wb", buffering=0) as nobody:
        process = start("live", "--place", place, *day, "--snapshot-every", "1d", "--no-view", stderr=nobody)
    process.wait(timeout=PATIENCE_S)
    os.close(held)
    assert process.returncode == 0
    process.stdout.close()


def test_gaps_in_the_journal_and_snapshots_of_others_are_told(undisturbed, tmp_path):
    place = tmp_path / "place"
    shutil.copytree(undisturbed, place)
    journals = sorted((place / "journal").iterdir())
    journals[5].rename(tmp_path / "kept")
    replayed = cariflex("replay", place, "--from", sorted((place / "snapshots").iterdir())[0], "--out", tmp_path / "out")
    assert replayed.code == 2 and journals[5].name in replayed.err, replayed.err
    (tmp_path / "kept").rename(journals[5])
    snapshots = sorted((place / "snapshots").iterdir())
    shutil.copy(snapshots[3], snapshots[-1])
    flipped = snapshots[-2].read_text(encoding="utf-8")
    flipped = re.sub(r'"energy_kwh":(\d)', lambda found: f'"energy_kwh":{(int(found[1]) + 1) % 10}', flipped, count=1)
    snapshots[-2].write_text(flipped, encoding="utf-8")
    again = live(place, *HALF_DAY)
    assert "holds the state of" in again.err and "not what was written" in again.err
    assert_same_rows(undisturbed / "results", place / "results")
    (place / "live.json").unlink()
    headless = cariflex("live", "--place", place, *HALF_DAY)
    assert headless.code == 2 and "live.json" in headless.err and "--fresh" in headless.err
    later = cariflex("replay", undisturbed, "--until", "2026-03-25", "--out", tmp_path / "later")
    assert later.code == 2 and "has lived until" in later.err and not (tmp_path / "later").exists()
    reported = cariflex("report", undisturbed)
    assert reported.code == 2 and "place of a live twin" in reported.err


def test_data_files_are_those_it_began_with(tmp_path):
    prices = tmp_path / "prices.csv"
    times = [f"2026-03-{day:02}T{hour:02}:00:00-04:00" for day in (20, 21) for hour in range(24)]
    lines = [f"{time},price,{100 + index},EUR/MWh" for index, time in enumerate(times)]
    prices.write_text("\n".join(["time,quantity,value,unit", *lines]) + "\n", encoding="utf-8")
    place = tmp_path / "place"
    day = (*THEN, "--series", prices, "--duration", "1d", "--tick", "1m")
    process = start("live", "--place", place, *day)
    wait_until(lambda: reached(place) > MIDNIGHT_MS + 2 * HOUR_MS or process.poll() is not None)
    kill(process)
    prices.write_text(prices.read_text(encoding="utf-8").replace(",100,", ",900,"), encoding="utf-8")
    live(place, *day)
    ended = cariflex("replay", place, "--out", tmp_path / "replayed")
    assert ended.code == 0, ended.err
    assert_same_rows(place / "results", tmp_path / "replayed")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--speed", "0"), "--speed"),
        (("--catch-up", "10s"), "at least 1m"),
        (("--retention", "years=3"), "hours, days, weeks and months"),
        (("--snapshot-every", "often"), "--snapshot-every"),
        (("--mqtt-user", "me"), "--mqtt"),
        (("--start", "yesterday"), "yesterday"),
        (("--tick", "7m"), "market slot"),
    ],
)
def test_options_that_can_not_be_meant_are_refused(tmp_path, args, said):
    ended = cariflex("live", "--place", tmp_path / "place", *args)
    assert ended.code == 2 and said in ended.err and "panicked" not in ended.err, ended.err
    assert not (tmp_path / "place").exists()


def test_old_snapshots_go_by_the_rule(tmp_path):
    place = tmp_path / "place"
    rule = ("--retention", "hours=3,days=2,weeks=0,months=0", "--tick", "15m")
    live(place, *THEN, *rule, "--duration", "4d")
    names = sorted(path.stem for path in (place / "snapshots").iterdir())
    # The first of the last two local days, and three hours up to the end; names are in UTC.
    assert names == [
        "2026-03-23T04-00-00Z",
        *(f"2026-03-24T{hour:02}-00-00Z" for hour in range(1, 5)),
    ], names
    assert re.match(r"2026-03-2[12]", sorted(path.stem for path in (place / "journal").iterdir())[0])
