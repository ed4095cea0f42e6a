"""The examples do what their first lines say."""

import csv
import shutil
import subprocess
import sys
from zoneinfo import ZoneInfo

import cli
import pyarrow.parquet as pq
import pytest

MEASURED = cli.ROOT / "examples" / "measured_scenario"


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


@pytest.fixture
def copied(tmp_path):
    """The example where a user would copy it, without what made it."""
    shutil.copytree(MEASURED, tmp_path / "mine", ignore=shutil.ignore_patterns("*.py", "*.md", "__pycache__"))
    return tmp_path / "mine" / "scenario.toml"


def test_the_measured_scenario_checks_wherever_it_is_copied(copied):
    ended = cli.cariflex("check", copied)
    assert (ended.code, ended.err) == (0, ""), ended.err
    lines = ended.out.splitlines()
    assert lines[0] == "measured-scenario: ok"
    for name in ("weather.csv", "prices.csv", "production.csv", "sessions.csv"):
        assert any(line.split() == ["data", str(copied.parent / name)] for line in lines), ended.out
    assert any("2 missing values of irradiance were filled, as series.weather.gaps says" in line for line in lines)


def test_the_measured_scenario_explains_its_keys_with_their_places(copied):
    line = 1 + copied.read_text(encoding="utf-8").splitlines().index("pv_02 = { tilt_deg = 12.0, azimuth_deg = 170.0 }")
    ended = cli.cariflex("explain", "pv.pv_02.tilt_deg", "--scenario", copied)
    assert ended.code == 0, ended.err
    assert f"here      12   ({copied}, line {line})" in ended.out and "degrees" in ended.out


def test_the_measured_scenario_runs_under_its_weather_and_prices(copied, tmp_path):
    run = cli.simulate(tmp_path / "run", copied)
    signals = pq.read_table(run / "signals.parquet", columns=["time", "signal", "value"]).to_pylist()
    irradiance = {row["time"].isoformat()[11:16]: row["value"] for row in signals if row["signal"] == "irradiance"}
    # 10:15 and 11:00 of the file in UTC; what is missing lies on the line between them.
    before, after = irradiance["14:15"], irradiance["15:00"]
    assert before == pytest.approx(473.5, abs=0.06) and after > 400
    step = (after - before) / 3
    assert irradiance["14:30"] == pytest.approx(before + step, abs=0.11)
    assert irradiance["14:45"] == pytest.approx(before + 2 * step, abs=0.11)
    prices = [row["value"] for row in signals if row["signal"] == "consumption_price"]
    assert len(prices) == 96 and prices[:5] == [142.5] * 4 + [138.2]


def test_the_measured_plant_and_vehicles_live_by_their_files(copied, tmp_path):
    run = cli.simulate(tmp_path / "run", copied)
    with (copied.parent / "production.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    measured = [float(row["value"]) for row in rows]
    assets = pq.read_table(run / "assets.parquet", columns=["time", "asset", "power_kw"])
    found = [-row["power_kw"] for row in assets.sort_by("time").to_pylist() if row["asset"] == "pv_02"]
    assert found == pytest.approx(measured, abs=0.0006) and max(found) > 2
    sessions = pq.read_table(run / "sessions.parquet").sort_by("start_time").to_pylist()
    local = ZoneInfo("America/Martinique")
    clock = [
        (row["vehicle"], row["start_time"].astimezone(local).strftime("%H:%M"), row["end_time"].astimezone(local).strftime("%H:%M"))
        for row in sessions
        if row["vehicle"] in ("ev_01", "ev_06")
    ]
    assert clock == [("ev_01", "07:40", "12:10"), ("ev_06", "16:30", "21:15"), ("ev_01", "18:05", "22:40")]
    delivered = {(row["vehicle"], row["start_time"].astimezone(local).hour): row["delivered_kwh"] for row in sessions}
    # The battery was full before: what was driven is what is delivered, but for what the taper near full leaves.
    for key, kwh in {("ev_01", 7): 18.6, ("ev_06", 16): 14.9, ("ev_01", 18): 31.2}.items():
        assert delivered[key] == pytest.approx(kwh, abs=0.8), key


def test_the_data_of_the_measured_scenario_is_what_its_script_makes(tmp_path):
    ended = subprocess.run([sys.executable, MEASURED / "make_data.py", tmp_path], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    for name in ("weather.csv", "prices.csv", "production.csv"):
        assert (tmp_path / name).read_bytes() == (MEASURED / name).read_bytes(), name


SWEEPS = cli.ROOT / "examples" / "sweeps"
# What each of them is about: an axis, and a key figure that it moves.
QUESTIONS = {
    "v2g_adoption": ("v2g_share", "evse_export_kwh"),
    "battery_tariffs": ("tariff", "cariflex_cost_eur"),
    "market_rules": ("rule", "market_mean_price_eur_per_mwh"),
    "clouds_and_forecast": ("pv_mw", "supply_fuel_kg"),
}


@pytest.fixture(scope="session", params=QUESTIONS)
def shortened(request, tmp_path_factory):
    """An example sweep, with less of everything."""
    place = tmp_path_factory.mktemp("examples") / request.param
    less = ["run.duration=1d"]
    if request.param == "v2g_adoption":
        less.append("fleet.commuters.count=100")
    sets = [word for assignment in less for word in ("--set", assignment)]
    ended = cli.cariflex("sweep", SWEEPS / f"{request.param}.toml", "--out", place, *sets)
    assert ended.code == 0, ended.err
    return request.param, place


def test_every_example_sweep_is_one_that_is_known():
    assert {path.stem for path in SWEEPS.glob("*.toml")} == {*QUESTIONS, "community", "what_if"}


def test_the_example_sweeps_answer_their_questions(shortened):
    name, place = shortened
    axis, figure = QUESTIONS[name]
    table = pq.read_table(place / "kpis.parquet", columns=["seed", axis, figure]).to_pylist()
    runs = pq.read_table(place / "runs.parquet", columns=["status"])["status"].to_pylist()
    assert set(runs) == {"complete"} and len(runs) == len(table)
    levels = {row[axis] for row in table}
    answers = {level: [row[figure] for row in table if row[axis] == level] for level in levels}
    means = {level: sum(values) / len(values) for level, values in answers.items()}
    assert len(levels) >= 3 and len({round(mean, 6) for mean in means.values()}) > 1, means


def test_the_example_that_reads_a_sweep_shows_the_same_three_times(shortened):
    name, place = shortened
    figure = QUESTIONS[name][1]
    command = [sys.executable, "-W", "error", cli.ROOT / "examples" / "read_sweep.py", place, figure]
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    shown: dict[str, list[str]] = {}
    for line in ended.stdout.splitlines():
        if len(line.split()) == 1:
            rows = shown.setdefault(line, [])
        else:
            rows.append(line.split())
    points = pq.read_table(place / "points.parquet", columns=["point"])["point"].to_pylist()
    assert list(shown) == ["DuckDB", "pandas", "polars"]
    assert all(len(rows) == 1 + len(set(points)) for rows in shown.values())
    tables = [{tuple(row[:-2]): row[-2:] for row in rows[1:]} for rows in shown.values()]
    for other in tables[1:]:
        assert other.keys() == tables[0].keys()
        for point, figures in other.items():
            # The last digit shown goes by how each of them rounds.
            assert [float(value) for value in figures] == pytest.approx([float(value) for value in tables[0][point]], abs=0.0011)
