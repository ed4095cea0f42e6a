"""Writes inverse.csv and connections.csv beside this file: numpy and plain arithmetic, no code of the twin.

Needs numpy and pandas: python reference.py
"""

import itertools
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
quantiles = pd.read_csv(HERE / "session_quantiles.csv")
arrivals = pd.read_csv(HERE / "arrival_hours.csv")


def arrival_h(column, u):
    """The hour before which the share u of arrivals comes; hours without arrivals are jumped over."""
    shares = arrivals[column].to_numpy()
    ends = np.concatenate([[0.0], np.cumsum(shares)]) / shares.sum()
    hour = np.searchsorted(ends, u, side="right") - 1
    return hour + (u - ends[hour]) / (ends[hour + 1] - ends[hour])


def inverse():
    for place in ["private", "public", "workplace"]:
        weekend = f"{place}_weekend_pct"
        weekend = weekend if weekend in arrivals else f"{place}_pct"
        for u in np.concatenate([[0.0], np.arange(0.013, 1.0, 0.041), [0.004, 0.999]]):
            row = {"place": place, "u": round(float(u), 6)}
            for quantity in ["connected_h", "energy_kwh"]:
                table = quantiles[quantiles.quantity == quantity]
                row[quantity] = np.interp(100 * row["u"], table.quantile_pct, table[place])
            row["arrival_h"] = arrival_h(f"{place}_pct", row["u"])
            row["weekend_arrival_h"] = arrival_h(weekend, row["u"])
            yield row


def connections():
    """What a vehicle may take at a charge point: phases in common, and the lowest of three currents on each."""
    vehicles = [(1, 3.7), (1, 7.4), (2, 7.2), (3, 11.0), (3, 22.0)]
    points = [(1, 3.7), (1, 7.4), (3, 11.0), (3, 22.0)]
    for (ev_phases, ev_kw), (phases, kw), cable_a, voltage_v in itertools.product(
        vehicles, points, [13.0, 20.0, 32.0], [230.0, 240.0]
    ):
        used = min(ev_phases, phases)
        current_a = min(cable_a, 1000 * kw / phases / voltage_v, 1000 * ev_kw / ev_phases / voltage_v)
        yield {
            "ev_phases": ev_phases, "ev_kw": ev_kw, "phases": phases, "kw": kw, "cable_a": cable_a,
            "voltage_v": voltage_v, "used": used, "current_a": current_a,
            "power_kw": used * voltage_v * current_a / 1000, "least_kw": used * voltage_v * 6 / 1000,
        }


pd.DataFrame(inverse()).to_csv(HERE / "inverse.csv", index=False)
pd.DataFrame(connections()).to_csv(HERE / "connections.csv", index=False)
