"""Runs that several tests look at."""

import json
from pathlib import Path

import pytest

import cli
import sweeps

# The runs that most tests look at: two days of the reference platform.
DAYS = 2
INTERVALS = DAYS * 96
ASSETS = 74


@pytest.fixture(scope="session")
def two_days(tmp_path_factory) -> Path:
    """Folder of a run of two days, every interval kept."""
    return cli.simulate(tmp_path_factory.mktemp("two-days") / "run", "--duration", f"{DAYS}d")


@pytest.fixture(scope="session")
def run_json(two_days) -> dict:
    """What `run.json` of `two_days` says."""
    return json.loads((two_days / "run.json").read_text(encoding="utf-8"))


@pytest.fixture
def small(tmp_path) -> Path:
    """A sweep file of twelve short runs."""
    path = tmp_path / "small.toml"
    path.write_text(sweeps.SWEEP, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> Path:
    """The place of that sweep, run by one worker without any disturbance."""
    folder = tmp_path_factory.mktemp("sweep")
    (folder / "small.toml").write_text(sweeps.SWEEP, encoding="utf-8")
    sweeps.sweep(folder / "small.toml", "--out", folder / "place", "--workers", 1)
    return folder / "place"
