"""Starts the `cariflex` program as a user would, and says what it did."""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# No test waits for the program longer than this.
PATIENCE_S = 60


def binary() -> Path:
    """The program under test: `$CARIFLEX`, or the release build of this repository."""
    built = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "cariflex"
    path = Path(os.environ.get("CARIFLEX", built)).resolve()
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: build it with `cargo build --release`, or set CARIFLEX")
    return path


@dataclass
class Ended:
    """A process that is over."""

    code: int
    out: str
    err: str


def start(*args, **options) -> subprocess.Popen:
    """Starts `cariflex` with its output caught."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | options
    return subprocess.Popen([binary(), *map(str, args)], text=True, encoding="utf-8", **options)


def end(process: subprocess.Popen) -> Ended:
    """Waits for the process."""
    try:
        out, err = process.communicate(timeout=PATIENCE_S)
    finally:
        process.kill()
    return Ended(process.returncode, out, err)


def cariflex(*args, **options) -> Ended:
    """Runs `cariflex` to its end."""
    return end(start(*args, **options))


def simulate(out: Path, *args, **options) -> Path:
    """A run that must succeed; returns its folder."""
    ended = cariflex("run", *args, "--out", out, **options)
    assert ended.code == 0, ended.err
    return out


def stop_midway(out: Path, number: signal.Signals) -> Ended:
    """Starts a run of decades, and sends it a signal once its first rows are on the disk."""
    process = start("run", "--duration", "10000d", "--out", out)
    deadline = time.monotonic() + PATIENCE_S
    rows = out / "assets.parquet.partial"
    while not (rows.exists() and rows.stat().st_size > 1000):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "no rows were written"
        time.sleep(0.02)
    process.send_signal(number)
    return end(process)
