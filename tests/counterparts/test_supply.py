"""Who supplies the island: the rows of `supply` add up, and what is burnt follows from them and the scenario alone."""

import json
from dataclasses import dataclass

import cli
import pandas as pd
import pytest

# Readings are rounded once: to 1 W, to 1 g.
HALF_W_IN_KW = 0.0005
HALF_G_IN_KG = 0.0005
SOURCES = ["biomass", "wind", "pv", "engines", "turbines", "unserved", "surplus"]


@dataclass
class Run:
    """Rows of a run, one column per source, one row per market slot."""

    supply: pd.DataFrame
    net_kw: pd.Series
    sites: int
    kpis: dict
    parameters: dict

    def of(self, what: str) -> pd.DataFrame:
        return self.supply.pivot(index="time", columns="source", values=what)


# Much PV, a forecast that is often wrong, no reserve: turbines run, engines push PV aside.
SUNNY = ["pv_mw=250", "forecast_error_share=0.3", "reserve_mw=0", "reserve_sigmas=0", "turbines=1", "wind_mw=30"]
RUNS = {
    "two days of 15 min": [],
    "sunny hours of 1 min": ["--tick", "1m", "--start", "2026-03-20T08:00:00-04:00", "--duration", "12h"],
    "a sunny day of 15 min": ["--duration", "1d", "--seed", 3],
}


@pytest.fixture(scope="module", params=RUNS)
def run(request, two_days, tmp_path_factory) -> Run:
    folder = two_days
    if "sunny" in request.param:
        sets = [word for assignment in SUNNY for word in ("--set", f"supply.{assignment}")]
        sets += ["--set", "clouds.day_class=scattered"]
        folder = cli.simulate(tmp_path_factory.mktemp("supply") / "run", *RUNS[request.param], *sets)
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    supply = pd.read_parquet(folder / "supply.parquet").astype({"source": str})
    sites = pd.read_parquet(folder / "sites.parquet", columns=["time", "power_kw"])
    # Mean over a quarter hour of what all sites take; every slot has as many intervals.
    intervals = sites.groupby("time")["power_kw"].sum()
    net_kw = intervals.groupby(intervals.index.floor("15min")).mean()
    return Run(supply, net_kw, about["sites"], about["kpis"], about["scenario"]["supply"])


def test_every_slot_has_a_row_for_each_source_in_their_order(run):
    assert run.supply["source"].tolist() == SOURCES * len(run.net_kw)
    assert run.of("power_kw").index.equals(run.net_kw.index)


def test_sources_give_what_the_sites_take(run):
    error_kw = (run.of("power_kw").sum(axis=1) + run.net_kw).abs().max()
    assert error_kw <= HALF_W_IN_KW * (run.sites + len(SOURCES)) + 1e-6


def test_production_is_negative_and_surplus_positive(run):
    power_kw = run.of("power_kw")
    assert (power_kw.drop(columns="surplus") <= 0).all(axis=None) and (power_kw["surplus"] >= 0).all()
    assert (run.supply["curtailed_kw"] >= 0).all()


def willans(parameters: dict, kind: str, units: pd.Series, power_kw: pd.Series, hours: float) -> pd.Series:
    """Fuel in kg of units that share a power, from their consumption at full and at half load: a straight line."""
    rating_kw = 1000 * parameters[f"{kind}_mw"]
    full_kg = parameters[f"{kind}_full_load_g_per_kwh"] / 1000 * rating_kw
    half_kg = parameters[f"{kind}_half_load_g_per_kwh"] / 1000 * rating_kw / 2
    slope = (full_kg - half_kg) / (rating_kw / 2)
    idle_kg = full_kg - slope * rating_kw
    return (units * idle_kg + slope * power_kw) * hours


@pytest.mark.parametrize("kind", ["engine", "turbine"])
def test_fuel_and_co2_follow_from_units_and_power(run, kind):
    units, power_kw = run.of("units_online")[f"{kind}s"], -run.of("power_kw")[f"{kind}s"]
    fuel_kg, co2_kg = run.of("fuel_kg")[f"{kind}s"], run.of("co2_kg")[f"{kind}s"]
    expected_kg = willans(run.parameters, kind, units, power_kw, 0.25)
    assert (fuel_kg - expected_kg).abs().max() <= HALF_G_IN_KG + HALF_W_IN_KW * 0.25 + 1e-4
    per_kg = run.parameters[f"{kind}_co2_kg_per_kg"]
    assert (co2_kg - per_kg * fuel_kg).abs().max() <= HALF_G_IN_KG * (1 + per_kg) + 1e-9


def test_engines_stay_between_least_and_full_load(run):
    units, power_kw = run.of("units_online")["engines"], -run.of("power_kw")["engines"]
    rating_kw = 1000 * run.parameters["engine_mw"]
    assert (units == units.round()).all() and units.between(run.parameters["min_engines"], run.parameters["engines"]).all()
    assert (power_kw <= units * rating_kw + HALF_W_IN_KW).all()
    assert (power_kw >= units * rating_kw * run.parameters["engine_min_load"] - HALF_W_IN_KW).all()


def test_nothing_is_curtailed_in_slots_in_which_engines_could_give_way(run):
    # Minutes within a slot differ: a slot whose mean is far above the least load may have a few at it.
    curtailed_kw = run.of("curtailed_kw").sum(axis=1)
    units, power_kw = run.of("units_online")["engines"], -run.of("power_kw")["engines"]
    full = power_kw >= 0.95 * units * 1000 * run.parameters["engine_mw"]
    assert (curtailed_kw[full] == 0).all()


def test_wind_is_within_its_rating_and_pv_dark_at_night(run):
    power_kw = -run.of("power_kw")
    assert power_kw["wind"].max() <= 1000 * run.parameters["wind_mw"]
    assert power_kw["pv"].max() <= 1000 * run.parameters["pv_mw"]
    local_h = (power_kw.index - pd.Timedelta(hours=4)).hour
    assert (power_kw["pv"][(local_h < 5) | (local_h >= 19)] == 0).all()
    assert power_kw["pv"][local_h == 12].min() > 0


def test_key_figures_are_sums_of_the_rows(run):
    energy_kwh = run.of("power_kw").sum() * 0.25
    for source in SOURCES:
        expected = energy_kwh[source] if source == "surplus" else -energy_kwh[source]
        assert run.kpis[f"supply_{source}_kwh"] == pytest.approx(expected, abs=0.0006), source
    assert run.kpis["supply_curtailed_kwh"] == pytest.approx(run.supply["curtailed_kw"].sum() * 0.25, abs=0.0006)
    for mass in ("fuel_kg", "co2_kg"):
        assert run.kpis[f"supply_{mass}"] == pytest.approx(run.supply[mass].sum(), abs=0.0006), mass
    assert run.kpis["supply_engines_online_count"] == pytest.approx(run.of("units_online")["engines"].mean(), abs=0.0006)
    renewable = energy_kwh[["biomass", "wind", "pv"]].sum()
    produced = renewable + energy_kwh[["engines", "turbines"]].sum()
    assert run.kpis["supply_renewable_share"] == pytest.approx(renewable / produced, abs=1e-6)


def test_the_sunny_run_needs_turbines_and_curtails(tmp_path_factory):
    sets = [word for assignment in SUNNY for word in ("--set", f"supply.{assignment}")]
    run = cli.simulate(tmp_path_factory.mktemp("sunny") / "run", *sets, "--set", "clouds.day_class=scattered")
    kpis = json.loads((run / "run.json").read_text(encoding="utf-8"))["kpis"]
    assert kpis["supply_turbines_kwh"] > 1000 and kpis["supply_curtailed_kwh"] > 1000


def test_hours_are_means_and_sums_of_slots(two_days, tmp_path):
    hourly = pd.read_parquet(cli.simulate(tmp_path / "run", "--duration", "2d", "--record", "hourly") / "supply.parquet")
    full = pd.read_parquet(two_days / "supply.parquet")
    by = [full["time"].dt.floor("h").rename("time"), full["source"].astype(str)]
    expected = full.groupby(by)[["power_kw", "curtailed_kw", "units_online", "fuel_kg", "co2_kg"]].agg(
        {
            "power_kw": "mean",
            "curtailed_kw": "mean",
            "units_online": "mean",
            "fuel_kg": lambda kg: kg.sum(min_count=1),
            "co2_kg": lambda kg: kg.sum(min_count=1),
        }
    )
    found = hourly.astype({"source": str}).set_index(["time", "source"]).sort_index()
    assert len(found) == 48 * len(SOURCES)
    pd.testing.assert_frame_equal(found, expected.sort_index(), check_exact=False, rtol=0, atol=0.0006)


def test_a_scenario_without_supply_has_none(tmp_path):
    text = 'version = 2\nname = "small"\n[run]\nstart = "2026-03-20"\nduration = "1d"\n'
    text += '[pv]\nroof = { commune = "Ducos", peak_kw = 5 }\n'
    (tmp_path / "small.toml").write_text(text, encoding="utf-8")
    run = cli.simulate(tmp_path / "run", tmp_path / "small.toml")
    assert len(pd.read_parquet(run / "supply.parquet")) == 0
    about = json.loads((run / "run.json").read_text(encoding="utf-8"))
    figures = [name for name in about["kpis"] if name.startswith("supply_")]
    assert len(figures) == 12 and all(about["kpis"][name] is None for name in figures)
    assert "supply" not in about["scenario"]


def test_what_only_exports_has_a_surplus(tmp_path):
    text = 'version = 2\nname = "export"\n[run]\nstart = "2026-03-20"\nduration = "1d"\n'
    text += "[supply]\n[clouds]\nday_class = \"clear\"\n"
    text += '[pv]\nroof = { commune = "Ducos", peak_kw = 5 }\n'
    (tmp_path / "export.toml").write_text(text, encoding="utf-8")
    run = cli.simulate(tmp_path / "run", tmp_path / "export.toml")
    kpis = json.loads((run / "run.json").read_text(encoding="utf-8"))["kpis"]
    assert kpis["supply_surplus_kwh"] == pytest.approx(kpis["island_export_kwh"], abs=0.05)
    assert kpis["supply_engines_kwh"] == pytest.approx(kpis["island_import_kwh"], abs=0.05)
