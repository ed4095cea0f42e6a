#!/usr/bin/env python3
"""Makes weather.csv, prices.csv and production.csv of this example. You do not need it for data of your own.

    python make_data.py FOLDER

Irradiance and wind are those of examples/measured_day, as means over quarter hours: measured by NOAA's SURFRAD station
near Alamosa, with the clock times kept and the date and place changed (its README says more). Two values are left
empty on purpose, so that the example has a gap to fill. The prices are the invented ones of the same example. The
plant's production is INVENTED from the irradiance: 5 kW per 1000 W/m2, less 15 %.
"""

import sys
from datetime import date
from pathlib import Path

MEASURED_DAY = Path(__file__).resolve().parents[1] / "measured_day"
sys.path.insert(0, str(MEASURED_DAY))

from convert import convert  # noqa: E402

EMPTY = ["10:30", "10:45"]
KW_PER_W_PER_M2 = 5.0 / 1000 * 0.85


def main(folder: Path) -> None:
    rows = convert(MEASURED_DAY / "slv16001.dat", ["irradiance", "wind_speed"], -7.0, date(2026, 3, 20))
    wide = rows.pivot(index="time", columns="quantity", values="value").resample("15min").mean()
    weather = ["# Means of NOAA's SURFRAD station near Alamosa on 2016-01-01, moved to 2026-03-20; see README.md."]
    weather.append("local_time,ghi,wind")
    production = ["# INVENTED from weather.csv: a plant of 5 kW that loses 15 %.", "time,quantity,value,unit,asset"]
    for time, row in wide.iterrows():
        ghi = "" if time.strftime("%H:%M") in EMPTY else f"{row['irradiance']:.1f}"
        weather.append(f"{time:%Y-%m-%d %H:%M},{ghi},{row['wind_speed']:.2f}")
        power_kw = max(row["irradiance"], 0.0) * KW_PER_W_PER_M2
        production.append(f"{time.isoformat()},production,{power_kw:.3f},kW,pv_02")
    (folder / "weather.csv").write_text("\n".join(weather) + "\n", encoding="utf-8")
    (folder / "production.csv").write_text("\n".join(production) + "\n", encoding="utf-8")
    (folder / "prices.csv").write_bytes((MEASURED_DAY / "prices.csv").read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
