"""A sweep of twelve short runs, and how tests run it."""

from pathlib import Path

import cli

SWEEP = """
version = 1
name = "small"
base = "martinique"
method = "grid"
replicates = 2
first_seed = 5

[set]
"run.duration" = "6h"
"run.record" = "kpis"

[[axis]]
name = "capacity_kwh"
key = "battery.*.capacity_kwh"
values = [50, 100, 200]

[[axis]]
name = "rule"
[axis.cases.own]
"ems.batteries" = "self-consumption"
[axis.cases.price]
"ems.batteries" = { rule = "price-threshold", charge_below_eur_per_mwh = 180, discharge_above_eur_per_mwh = 300 }
"""
RUNS = 3 * 2 * 2


def sweep(*args, **options) -> cli.Ended:
    """A sweep that must succeed."""
    ended = cli.cariflex("sweep", *args, **options)
    assert ended.code == 0, ended.err
    return ended


def kpis(place: Path) -> bytes:
    """The table of key figures as it lies on the disk."""
    return (place / "kpis.parquet").read_bytes()
