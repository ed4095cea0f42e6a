"""The twin runs on what a real station measured, and turns it into the energy that pvlib computes from it."""

import csv
import subprocess
import sys
from pathlib import Path

import cli
import pandas as pd
import pvlib
import pyarrow.parquet as pq
import pytest

EXAMPLE = cli.ROOT / "examples" / "measured_day"
STATION_FILE = EXAMPLE / "slv16001.dat"
PRICES = EXAMPLE / "prices.csv"
ZONE = "America/Martinique"
# The plant whose energy is computed again, and where and what it is.
PLANT, COMMUNE = "pv_02", "Le Lamentin"
DAY = ("--start", "2026-03-20", "--duration", "1d")
ALTITUDE_M, PEAK_W, TILT_DEG, AZIMUTH_DEG = 10.0, 5000.0, 15.0, 180.0


def convert(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, EXAMPLE / "convert.py", *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module", params=["csv", "parquet"])
def sun(request, tmp_path_factory) -> Path:
    """The sun of the station's day as the example converts it."""
    target = tmp_path_factory.mktemp("sun") / f"measured.{request.param}"
    assert convert(STATION_FILE, target).returncode == 0
    return target


@pytest.fixture(scope="module")
def weather(tmp_path_factory) -> list[Path]:
    """All the example converts of the station's day, as CSV and as Parquet."""
    targets = [tmp_path_factory.mktemp("weather") / f"weather.{kind}" for kind in ("csv", "parquet")]
    for target in targets:
        assert convert(STATION_FILE, target, "--quantities", "irradiance", "temperature", "wind_speed").returncode == 0
    return targets


@pytest.fixture(scope="module")
def measured() -> pd.DataFrame:
    """The station's minutes on the clock of Martinique, read from its own file without the example's help."""
    frame, about = pvlib.iotools.read_surfrad(STATION_FILE)
    assert about["name"] == "Alamosa"
    clock = (frame.index - pd.Timedelta(hours=7)).strftime("2026-03-20T%H:%M:00-04:00")
    return frame.set_index(pd.to_datetime(clock).tz_convert(ZONE)).sort_index()


@pytest.fixture(scope="module")
def sunny(sun, tmp_path_factory) -> Path:
    """A run of the day under the measured sun and the invented prices."""
    out = tmp_path_factory.mktemp("sunny") / "run"
    ended = cli.cariflex("run", *DAY, "--series", sun, "--series", PRICES, "--out", out)
    assert ended.code == 0, ended.err
    assert "irradiance values between -20 and 0 W/m² (night offset) taken as 0" in ended.err
    return out


@pytest.fixture(scope="module")
def weathered(weather, tmp_path_factory) -> list[Path]:
    """Runs under all that was measured, from CSV and from Parquet."""
    folder = tmp_path_factory.mktemp("weathered")
    return [cli.simulate(folder / series.suffix, *DAY, "--series", series) for series in weather]


def signal(run: Path, name: str) -> pd.Series:
    """A signal of the run by local time."""
    frame = pd.read_parquet(run / "signals.parquet", filters=[("signal", "==", name)])
    return frame.set_index(frame["time"].dt.tz_convert(ZONE))["value"]


def power_w(run: Path, asset: str) -> pd.Series:
    frame = pd.read_parquet(run / "assets.parquet", filters=[("asset", "==", asset)])
    return -1000 * frame.set_index(frame["time"].dt.tz_convert(ZONE))["power_kw"]


def test_the_irradiance_of_the_run_is_what_was_measured(sunny, measured):
    expected = measured["ghi"].clip(lower=0).resample("15min").mean()
    shown = signal(sunny, "irradiance")
    assert len(shown) == 96 and (shown.index == expected.index).all()
    assert shown.max() > 500, "there was sun"
    assert (shown - expected).abs().max() <= 0.05 + 1e-9


def test_the_energy_of_a_plant_is_what_pvlib_computes_from_the_same_measurement(sunny, measured):
    air = {name: signal(sunny, name).reindex(measured.index, method="ffill") for name in ("temperature", "wind_speed")}
    expected_w = pvlib_power_w(measured["ghi"].clip(lower=0), air["temperature"], air["wind_speed"])
    shown_w = power_w(sunny, PLANT)
    assert shown_w.sum() / 4000 == pytest.approx(expected_w.sum() / 60_000, rel=0.001)
    difference_w = (shown_w - expected_w.resample("15min").mean()).abs()
    assert difference_w.max() < 2, difference_w.idxmax()


def pvlib_power_w(ghi: pd.Series, temperature_c: pd.Series, wind_m_per_s: pd.Series) -> pd.Series:
    """AC power of the plant by minute, with pvlib alone: Erbs, Hay-Davies, physical IAM, Faiman, PVWatts."""
    with (cli.ROOT / "scenarios" / "data" / "communes.csv").open(encoding="utf-8") as file:
        place = next(row for row in csv.DictReader(file) if row["name"] == COMMUNE)
    middle = ghi.index + pd.Timedelta(seconds=30)
    sun = pvlib.solarposition.get_solarposition(middle, float(place["lat"]), float(place["lon"]), ALTITUDE_M)
    sun.index = ghi.index
    extra = pvlib.irradiance.get_extra_radiation(ghi.index)
    sky = pvlib.irradiance.erbs(ghi, sun["zenith"], ghi.index)
    zenith, azimuth = sun["apparent_zenith"], sun["azimuth"]
    plane = pvlib.irradiance.get_total_irradiance(
        TILT_DEG, AZIMUTH_DEG, zenith, azimuth, sky["dni"], ghi, sky["dhi"], extra, albedo=0.2, model="haydavies"
    )
    incidence = pvlib.irradiance.aoi(TILT_DEG, AZIMUTH_DEG, zenith, azimuth)
    effective = plane["poa_direct"] * pvlib.iam.physical(incidence, n=1.526) + plane["poa_diffuse"]
    cell_c = pvlib.temperature.faiman(plane["poa_global"], temperature_c, wind_m_per_s, u0=25.0, u1=6.84)
    dc_w = pvlib.pvsystem.pvwatts_dc(effective.fillna(0), cell_c, PEAK_W, -0.0035)
    dc_w *= 1 - pvlib.pvsystem.pvwatts_losses() / 100
    return pvlib.inverter.pvwatts(dc_w, PEAK_W / 0.96, 0.96, 0.9637)


def test_the_price_of_the_run_is_that_of_the_file(sunny):
    prices = pd.read_csv(PRICES, comment="#", parse_dates=["time"])
    expected = prices.set_index(prices["time"].dt.tz_convert(ZONE))["value"]
    assert len(expected) == 24
    shown = signal(sunny, "consumption_price")
    assert shown.tolist() == [expected[time.floor("h")] for time in shown.index]


def test_the_run_remembers_the_files_it_read(sunny):
    run = pd.read_json(sunny / "run.json", typ="series")
    assert [Path(entry["path"]).stem for entry in run["inputs"]] == ["measured", "prices"]
    assert all(len(entry["blake3"]) == 64 for entry in run["inputs"])


def test_csv_and_parquet_make_the_same_run(weathered):
    tables = sorted(path.name for path in weathered[0].glob("*.parquet"))
    assert "assets.parquet" in tables
    for name in tables:
        ours, theirs = (pq.read_table(run / name).replace_schema_metadata() for run in weathered)
        if name == "kpis.parquet":
            ours, theirs = (table.drop_columns(["run"]) for table in (ours, theirs))
        assert ours.equals(theirs), name


def test_measured_air_replaces_the_synthetic_one(weathered, measured):
    for name, column in (("temperature", "temp_air"), ("wind_speed", "wind_speed")):
        expected = measured[column].resample("15min").mean()
        assert (signal(weathered[0], name) - expected).abs().max() <= 0.005 + 1e-9, name


UNITS = {
    "price in EUR/kWh": ("price", "EUR/kWh", 0.25, "consumption_price", 250.0),
    "price in ct/kWh": ("price", "ct/kWh", 25, "consumption_price", 250.0),
    "a negative price": ("price", "EUR/MWh", -12.5, "consumption_price", -12.5),
    "temperature in kelvin": ("temperature", "K", 300.15, "temperature", 27.0),
    "wind in km/h": ("wind_speed", "km/h", 18, "wind_speed", 5.0),
}


@pytest.mark.parametrize("quantity, unit, value, name, shown", UNITS.values(), ids=UNITS)
def test_units_are_converted(tmp_path, quantity, unit, value, name, shown):
    series = tmp_path / "series.csv"
    lines = [f"2026-03-{20 + day}T00:00:00-04:00,{quantity},{value},{unit}" for day in range(2)]
    series.write_text("\n".join(["time,quantity,value,unit", *lines]), encoding="utf-8")
    run = cli.simulate(tmp_path / "run", *DAY, "--series", series)
    assert set(signal(run, name)) == {shown}


def test_a_measured_demand_is_shared_out_among_the_communes(tmp_path):
    series = tmp_path / "demand.csv"
    lines = [f"2026-03-20T{hour:02}:00:00-04:00,load,{120 + hour},MW" for hour in range(24)]
    series.write_text("\n".join(["time,quantity,value,unit", *lines]), encoding="utf-8")
    run = cli.simulate(tmp_path / "run", *DAY, "--series", series)
    loads = pd.read_parquet(run / "assets.parquet", filters=[("kind", "==", "load")])
    island_kw = loads.groupby(loads["time"].dt.tz_convert(ZONE))["power_kw"].sum()
    assert len(island_kw) == 96
    for time, shown_kw in island_kw.items():
        assert shown_kw == pytest.approx(1000 * (120 + time.hour), abs=34 * 0.0005 + 1e-6)


def test_a_flagged_minute_ends_the_conversion(tmp_path):
    lines = STATION_FILE.read_text(encoding="utf-8").splitlines(keepends=True)
    before, good, after = lines[1140].partition("579.0 0")
    assert good, "the irradiance of the minute and its flag"
    lines[1140] = f"{before}579.0 1{after}"
    (tmp_path / "flagged.dat").write_text("".join(lines), encoding="utf-8")
    ended = convert(tmp_path / "flagged.dat", tmp_path / "out.csv")
    assert ended.returncode == 1 and "1 flagged" in ended.stderr
    assert not (tmp_path / "out.csv").exists()
