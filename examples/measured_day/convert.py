#!/usr/bin/env python3
"""Turns a day that a SURFRAD station measured into a series file for `cariflex run --series`.

    python convert.py slv16001.dat measured.csv
    python convert.py slv16001.dat measured.parquet --quantities irradiance wind_speed

NOAA's SURFRAD stations measure every minute and file a day of UTC per file. The day is moved to Martinique: **every
value keeps the clock time at which the station measured it, and gets another date and another place**. A value of
09:15 at the station becomes one of 09:15 in Martinique on the date asked for. That is no forecast and no measurement of
Martinique; it is a way to run the twin under a sky that was really there. Because a file begins at midnight of UTC, the
last hours of the local day come from the evening before.

The result has a row per minute and quantity, with the columns that the twin reads:

    time      instant from which the value holds, RFC 3339 with offset (CSV) or timestamp with zone (Parquet)
    quantity  irradiance, temperature or wind_speed
    value     as measured, night offset of the pyranometer included
    unit      W/m2, °C or m/s

Nothing is filled or repaired: a minute that is missing or that the station has flagged ends the conversion.
"""

import argparse
import sys
from datetime import date
from pathlib import Path

import pandas as pd
from pvlib.iotools import read_surfrad

ZONE = "America/Martinique"

# Our quantities: column of pvlib, unit.
QUANTITIES = {
    "irradiance": ("ghi", "W/m2"),
    "temperature": ("temp_air", "°C"),
    "wind_speed": ("wind_speed", "m/s"),
}

MINUTES_OF_A_DAY = 1440


def restamp(index: pd.DatetimeIndex, utc_offset_h: float, day: date) -> pd.DatetimeIndex:
    """The same clock times on `day` in Martinique; `utc_offset_h` is that of the station's clock."""
    clock = index.tz_convert("UTC").tz_localize(None) + pd.Timedelta(hours=utc_offset_h)
    return (pd.Timestamp(day) + (clock - clock.normalize())).tz_localize(ZONE)


def convert(source: Path, quantities: list[str], utc_offset_h: float, day: date) -> pd.DataFrame:
    """Rows of time, quantity, value and unit, by quantity and time."""
    measured, _ = read_surfrad(source)
    parts = []
    for quantity in quantities:
        column, unit = QUANTITIES[quantity]
        flagged = int((measured[f"{column}_flag"] != 0).sum() + measured[column].isna().sum())
        if flagged or len(measured) != MINUTES_OF_A_DAY:
            raise ValueError(f"{source}: {quantity} has {len(measured)} of {MINUTES_OF_A_DAY} minutes, {flagged} flagged")
        time = restamp(measured.index, utc_offset_h, day)
        part = pd.DataFrame({"time": time, "quantity": quantity, "value": measured[column].to_numpy(), "unit": unit})
        parts.append(part.sort_values("time"))
    return pd.concat(parts, ignore_index=True)


def write(rows: pd.DataFrame, target: Path) -> None:
    """Writes CSV or Parquet, as the name of the target says."""
    if target.suffix == ".parquet":
        rows.to_parquet(target, index=False)
    elif target.suffix == ".csv":
        rows.assign(time=rows["time"].map(lambda time: time.isoformat())).to_csv(target, index=False)
    else:
        raise ValueError(f"{target}: name it .csv or .parquet")


def main() -> None:
    about, _, more = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(description=about, epilog=more, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path, help="daily file of a SURFRAD station")
    parser.add_argument("target", type=Path, help="series file to write: .csv or .parquet")
    parser.add_argument("--date", type=date.fromisoformat, default=date(2026, 3, 20), help="local date to move it to")
    parser.add_argument("--utc-offset-h", type=float, default=-7.0, help="of the station's clock (Alamosa: -7)")
    parser.add_argument("--quantities", nargs="+", choices=QUANTITIES, default=["irradiance"])
    options = parser.parse_args()
    try:
        rows = convert(options.source, options.quantities, options.utc_offset_h, options.date)
        write(rows, options.target)
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    print(f"{options.target}: {len(rows)} rows from {rows['time'].min()} to {rows['time'].max()}")


if __name__ == "__main__":
    main()
