#!/usr/bin/env python3
"""Asks the results of a sweep a question, in one line each of DuckDB, pandas and polars.

    cariflex sweep examples/sweeps/battery_tariffs.toml
    python examples/read_sweep.py results/battery-tariffs cariflex_cost_eur

What comes out is the mean of a key figure for every combination of parameters, and its spread over the seeds. Columns
of parameters are those that say `role=parameter`; sweep.json lists them too.
"""

import json
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl

place, figure = Path(sys.argv[1]), sys.argv[2]
kpis = place / "kpis.parquet"
axes = [axis["name"] for axis in json.loads((place / "sweep.json").read_text(encoding="utf-8"))["axes"]]
columns = ", ".join(f'"{axis}"' for axis in axes)

print("DuckDB")
print(
    duckdb.sql(
        f'SELECT {columns}, round(avg("{figure}"), 3) AS mean, round(stddev_samp("{figure}"), 3) AS spread'
        f" FROM '{kpis}' GROUP BY {columns} ORDER BY {columns}"
    ).df().to_string(index=False)
)

print("pandas")
table = pd.read_parquet(kpis).groupby(axes, observed=True)[figure].agg(mean="mean", spread="std")
print(table.round(3).reset_index().sort_values(axes).to_string(index=False))

print("polars")
table = pl.scan_parquet(kpis).group_by(axes)
table = table.agg(pl.mean(figure).round(3).alias("mean"), pl.std(figure).round(3).alias("spread"))
print(table.collect().to_pandas().sort_values(axes).to_string(index=False))

# Where every run keeps hourly rows or more (run.record in the sweep), they are read in one go, with `run` as a column:
#     duckdb.sql(f"SELECT * FROM read_parquet('{place}/run=*/sites.parquet', hive_partitioning = true)")
