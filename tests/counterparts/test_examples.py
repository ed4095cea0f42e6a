"""The examples do what their first lines say."""

import subprocess
import sys

import cli
import pyarrow.parquet as pq
import pytest


def test_the_reading_example_shows_the_same_energies_three_times(two_days):
    command = [sys.executable, "-W", "error", cli.ROOT / "examples" / "read_results.py", two_days]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    shown: dict[str, dict[str, float]] = {}
    for line in ended.stdout.splitlines():
        words = line.split()
        if len(words) == 1:
            library = shown.setdefault(words[0], {})
        elif words != ["kind", "kwh"]:
            library[words[0]] = float(words[1])
    assert list(shown) == ["DuckDB", "pandas", "polars"]
    kpis = pq.read_table(two_days / "kpis.parquet").to_pylist()[0]
    expected = {
        "battery": kpis["battery_charge_kwh"] - kpis["battery_discharge_kwh"],
        "evse": kpis["evse_import_kwh"] - kpis["evse_export_kwh"],
        "load": kpis["load_consumption_kwh"],
        "pv": -kpis["pv_production_kwh"],
    }
    for library, energies in shown.items():
        assert energies == pytest.approx(expected, abs=0.0025), library
