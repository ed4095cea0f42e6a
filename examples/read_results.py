#!/usr/bin/env python3
"""Reads the results of a run with DuckDB, pandas and polars, three lines each: the energy of every kind of asset.

    cariflex run --duration 2d --out run
    python examples/read_results.py run

Vehicles are left out: their energy is contained in that of their charge points. Consumption is positive, production
negative. All columns are described in outputs/results/TABLES.md.
"""

import json
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl

run = Path(sys.argv[1])
about = json.loads((run / "run.json").read_text(encoding="utf-8"))
row_h = 1 if about["level"] == "hourly" else about["tick_s"] / 3600  # how long a row lasts

print("DuckDB")
assets = duckdb.read_parquet(str(run / "assets.parquet"))
energy = assets.filter("kind <> 'ev'").aggregate(f"kind, round(sum(power_kw) * {row_h}, 3) AS kwh", "kind")
print(energy.order("kind").df().to_string(index=False))

print("pandas")
assets = pd.read_parquet(run / "assets.parquet")
energy = assets[assets["kind"] != "ev"].groupby("kind", observed=True)["power_kw"].sum() * row_h
print(energy.sort_index().round(3).rename("kwh").reset_index().to_string(index=False))

print("polars")
assets = pl.scan_parquet(run / "assets.parquet").filter(pl.col("kind") != "ev")
energy = assets.group_by(pl.col("kind").cast(pl.String)).agg((pl.sum("power_kw") * row_h).round(3).alias("kwh"))
print(energy.sort("kind").collect().to_pandas().to_string(index=False))
