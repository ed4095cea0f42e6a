"""Live twins as a user runs them, and what is in their places."""

import signal
import time
from pathlib import Path

import duckdb

import cli

# A day that lies in the past, as fast as it goes.
THEN = ("--start", "2026-03-20", "--speed", "max", "--no-view")

# Tables whose rows say the same whatever stretches they were written in; bills are summed by stretch.
TABLES = ("assets", "sites", "signals", "supply", "orders", "trades", "clearings", "events", "sessions", "storage_health")


def live(place: Path, *args, **options) -> cli.Ended:
    """A live twin that must come to its end."""
    ended = cli.cariflex("live", "--place", place, *args, **options)
    assert ended.code == 0, ended.err
    return ended


def reached(place: Path) -> int:
    """How far a live twin has come, in milliseconds since 1970; 0 before its first tick."""
    try:
        return int((place / "reached").read_text(encoding="ascii") or 0)
    except FileNotFoundError:
        return 0


def wait_until(what, patience_s: float = cli.PATIENCE_S):
    """Waits for `what` to give something that is true, and returns it."""
    deadline = time.monotonic() + patience_s
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def kill(process):
    """Ends a process as a power cut would."""
    process.send_signal(signal.SIGKILL)
    cli.end(process)


def rows(folder: Path, table: str) -> str:
    """A query of all rows of a table in a folder of runs, or in a run."""
    paths = folder / f"{table}.parquet" if (folder / "run.json").exists() else folder / "*" / f"{table}.parquet"
    return f"read_parquet('{paths}')"


def assert_same_rows(expected: Path, found: Path, tables=TABLES):
    """All rows of the folders are the same, however they are spread over files."""
    for table in tables:
        a, b = rows(expected, table), rows(found, table)
        for one, other in ((a, b), (b, a)):
            more = duckdb.sql(f"SELECT * FROM {one} EXCEPT ALL SELECT * FROM {other} LIMIT 3").fetchall()
            assert not more, f"{table}: {more}"


def count(folder: Path, table: str) -> int:
    """How many rows a table has."""
    return duckdb.sql(f"SELECT count(*) FROM {rows(folder, table)}").fetchall()[0][0]
