"""The recording levels keep less of the same run, and a run repeats itself byte by byte."""

import json
import subprocess

import cli
import duckdb
import pyarrow.parquet as pq
import pytest
import tables

TABLES = sorted(tables.documented())
OF_INTERVALS = ["assets", "sites", "signals", "supply", "mirror", "faults"]
OF_RECORDS = [table for table in TABLES if table not in OF_INTERVALS]
HALF_W_IN_KW = 0.0005


@pytest.fixture(scope="module")
def hourly(tmp_path_factory):
    return cli.simulate(tmp_path_factory.mktemp("hourly") / "run", "--duration", "2d", "--record", "hourly")


@pytest.fixture(scope="module")
def one_day(tmp_path_factory):
    return cli.simulate(tmp_path_factory.mktemp("one-day") / "run", "--duration", "1d")


def rows_of(folder, table):
    """The rows of a table and what its columns say, without what tells one run from another."""
    rows = pq.read_table(folder / f"{table}.parquet").replace_schema_metadata()
    return rows.drop_columns(["run"]) if table == "kpis" else rows


def test_key_figures_do_not_depend_on_the_level(two_days, hourly, tmp_path):
    bare = cli.simulate(tmp_path / "run", "--duration", "2d", "--record", "kpis")
    assert {path.name for path in bare.iterdir()} == {"kpis.parquet", "run.json"}
    tables = [rows_of(folder, "kpis") for folder in (two_days, hourly, bare)]
    assert tables[0].equals(tables[1]) and tables[0].equals(tables[2])
    figures = [json.loads((folder / "run.json").read_text(encoding="utf-8"))["kpis"] for folder in (two_days, bare)]
    assert figures[0] == figures[1]
    row = tables[0].to_pylist()[0]
    assert figures[0] == {name: row[name] for name in figures[0]}


@pytest.mark.parametrize("table", OF_RECORDS)
def test_records_are_complete_at_the_hourly_level(two_days, hourly, table):
    assert rows_of(hourly, table).equals(rows_of(two_days, table))


def test_an_hour_of_an_asset_is_the_mean_of_its_intervals(two_days, hourly):
    aggregated = f"""
        SELECT date_trunc('hour', time) AS time, asset, avg(power_kw) AS power_kw, avg(setpoint_kw) AS setpoint_kw,
            arg_max(energy_kwh, time) AS energy_kwh, arg_max(state, time) AS state
        FROM '{two_days}/assets.parquet' GROUP BY ALL
    """
    with duckdb.connect() as connection:
        compared = connection.execute(
            f"""
            SELECT count(*), count(mean.time), count(hour.time),
                max(abs(mean.power_kw - hour.power_kw)), max(abs(mean.setpoint_kw - hour.setpoint_kw)),
                count(*) FILTER ((mean.setpoint_kw IS NULL) <> (hour.setpoint_kw IS NULL)),
                count(*) FILTER (mean.energy_kwh IS DISTINCT FROM hour.energy_kwh),
                count(*) FILTER (mean.state <> hour.state)
            FROM ({aggregated}) mean FULL JOIN '{hourly}/assets.parquet' hour USING (time, asset)
            """
        ).fetchone()
    *counts, power_kw, setpoint_kw, setpoints, energies, states = compared
    assert counts == [48 * 74] * 3
    assert power_kw <= HALF_W_IN_KW + 1e-9 and setpoint_kw <= HALF_W_IN_KW + 1e-9
    assert (setpoints, energies, states) == (0, 0, 0)


def test_an_hour_of_a_site_is_the_mean_and_the_sums_of_its_intervals(two_days, hourly):
    with duckdb.connect() as connection:
        count, power_kw, import_kwh, export_kwh = connection.execute(
            f"""
            WITH mean AS (
                SELECT date_trunc('hour', time) AS time, site, avg(power_kw) AS power_kw,
                    sum(import_kwh) AS import_kwh, sum(export_kwh) AS export_kwh
                FROM '{two_days}/sites.parquet' GROUP BY ALL
            )
            SELECT count(*), max(abs(mean.power_kw - hour.power_kw)),
                max(abs(mean.import_kwh - hour.import_kwh)), max(abs(mean.export_kwh - hour.export_kwh))
            FROM mean JOIN '{hourly}/sites.parquet' hour USING (time, site)
            """
        ).fetchone()
    assert count == 48 * 74 == pq.read_metadata(hourly / "sites.parquet").num_rows
    assert power_kw <= HALF_W_IN_KW + 1e-9
    assert import_kwh < 1e-6 and export_kwh < 1e-6, "sums of rounded energies need no rounding"


def test_an_hour_of_a_signal_is_its_mean(two_days, hourly):
    with duckdb.connect() as connection:
        unlike = connection.execute(
            f"""
            WITH mean AS (
                SELECT date_trunc('hour', time) AS time, signal, unit, avg(value) AS value
                FROM '{two_days}/signals.parquet' GROUP BY ALL
            )
            SELECT count(*), max(abs(mean.value - hour.value))
            FROM mean JOIN '{hourly}/signals.parquet' hour USING (time, signal, unit)
            """
        ).fetchone()
    count, worst = unlike
    assert count == 48 * 8 == pq.read_metadata(hourly / "signals.parquet").num_rows
    assert worst <= 0.05 + 1e-9, "the coarsest signals are rounded to a tenth"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_run_repeats_itself_byte_by_byte(one_day, tmp_path):
    again = cli.simulate(tmp_path / "elsewhere", "--duration", "1d", "--seed", 1)
    assert contents(again) == contents(one_day)


def test_another_seed_makes_another_run(one_day, tmp_path):
    other = contents(cli.simulate(tmp_path / "run", "--duration", "1d", "--seed", 2))
    same = {name for name, held in contents(one_day).items() if other[name] == held}
    assert same == set()
    rows = [pq.read_table(folder / "assets.parquet") for folder in (one_day, tmp_path / "run")]
    assert not rows[0].equals(rows[1]), "not only the metadata differs"


@pytest.mark.parametrize("threads", [1, 2])
def test_actors_leave_the_same_rows_as_the_sweep_host(one_day, tmp_path, threads):
    actors = cli.simulate(tmp_path / "run", "--duration", "1d", "--host", "actors", "--threads", threads)
    for table in TABLES:
        ours, theirs = (rows_of(folder, table) for folder in (one_day, actors))
        assert theirs.equals(ours, check_metadata=True), table
    assert json.loads((actors / "run.json").read_text(encoding="utf-8"))["host"] == "actors"


def test_a_copy_of_the_built_in_scenario_is_the_same_run(one_day, tmp_path):
    copy = tmp_path / "copy.toml"
    copy.write_bytes((cli.ROOT / "scenarios" / "builtin" / "martinique.toml").read_bytes())
    assert contents(cli.simulate(tmp_path / "run", copy, "--duration", "1d")) == contents(one_day)


def test_a_run_without_a_folder_goes_by_its_name_and_id(tmp_path):
    options = ("run", "--duration", "1d", "--record", "kpis")
    said = [cli.cariflex(*options, cwd=tmp_path), cli.cariflex(*options, cwd=tmp_path)]
    other = cli.cariflex(*options, "--seed", 2, cwd=tmp_path)
    assert [ended.code for ended in (*said, other)] == [0, 0, 0]
    folders = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert len(folders) == 2, "the same run takes the same folder, another one its own"
    assert all(name.startswith("martinique-") for name in folders)
    assert said[0].out == said[1].out and any(name in said[0].out for name in folders)


def test_runs_on_other_measurements_are_other_runs_also_when_these_come_through_a_pipe(tmp_path):
    for price in ("200.0", "300.0"):
        lines = [f"2026-03-{day}T00:00:00-04:00,price,{price},EUR/MWh" for day in (20, 21)]
        (tmp_path / "series.csv").write_text("\n".join(["time,quantity,value,unit", *lines]), encoding="utf-8")
        with subprocess.Popen(["cat", "series.csv"], stdout=subprocess.PIPE, cwd=tmp_path) as pipe:
            options = ("--duration", "1d", "--record", "kpis", "--series", "/dev/stdin")
            ended = cli.cariflex("run", *options, cwd=tmp_path, stdin=pipe.stdout)
        assert ended.code == 0, ended.err
    assert len(list((tmp_path / "results").iterdir())) == 2
