"""Readers we did not write read our tables as TABLES.md says, and agree with each other on every value."""

import re
from collections import Counter

import cli
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import tables
from conftest import ASSETS, DAYS, INTERVALS

DOCUMENTED = tables.documented()
TABLES = sorted(DOCUMENTED)
START_MS = 1_773_979_200_000  # 2026-03-20T00:00-04:00
TICK_MS = 900_000


def plain(table: pa.Table) -> pa.Table:
    """The table with dictionaries, wide strings and categories as strings, and without metadata or nullability."""

    def column(values: pa.ChunkedArray) -> pa.ChunkedArray:
        kind = values.type
        if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            return values.cast(pa.string())
        if pa.types.is_timestamp(kind):
            return values.cast(pa.timestamp("ms", "UTC"))
        return values

    return pa.table({name: column(table[name]) for name in table.column_names}).combine_chunks()


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """A run whose tables have many pages and several row groups."""
    return cli.simulate(tmp_path_factory.mktemp("long") / "run", "--duration", "40d", "--seed", 7)


def test_every_documented_table_is_there_and_no_other_file(two_days):
    assert {path.name for path in two_days.iterdir()} == {f"{table}.parquet" for table in TABLES} | {"run.json"}


@pytest.mark.parametrize("table", [table for table in TABLES if table != "kpis"])
def test_columns_are_as_documented(two_days, table):
    assert pq.read_schema(two_days / f"{table}.parquet").remove_metadata() == DOCUMENTED[table]


def test_columns_of_key_figures_are_as_documented(two_days):
    schema = pq.read_schema(two_days / "kpis.parquet").remove_metadata()
    about = len(DOCUMENTED["kpis"])
    assert pa.schema(list(schema)[:about]) == DOCUMENTED["kpis"]
    expected = tables.key_figures(areas=["cariflex", "communes", "island"])
    assert pa.schema(list(schema)[about:]) == pa.schema([pa.field(name, pa.float64()) for name in expected])


@pytest.mark.parametrize("table", TABLES)
def test_columns_say_their_unit_and_meaning(two_days, table):
    for field in pq.read_schema(two_days / f"{table}.parquet"):
        assert field.metadata[b"description"], field.name
        words = re.sub("_per_kwh?$", "", field.name).split("_")
        if words[-1] in ("kw", "kwh", "kg", "wh", "neur", "ueur"):
            unit = field.metadata[b"unit"].decode().replace("µ", "u").replace("/kWh", "").replace("/kW", "").lower()
            assert unit == words[-1], field.name


@pytest.mark.parametrize("table", TABLES)
def test_files_say_what_they_are(two_days, run_json, table):
    metadata = pq.read_metadata(two_days / f"{table}.parquet").metadata
    said = {key.removeprefix(b"cariflex.").decode(): value.decode() for key, value in metadata.items()}
    assert said["table"] == table
    assert said["scenario"] == run_json["name"] == "martinique"
    assert said["run"] == run_json["id"] and re.fullmatch("[0-9a-f]{16}", said["run"])
    assert int(said["seed"]) == run_json["seed"] == 1
    assert said["level"] == run_json["level"] == "full"
    assert int(said["schema_version"]) == run_json["schema_version"] == 2
    assert said["units"] == run_json["units"] and "milliseconds" in said["units"]
    assert said["signs"] == run_json["signs"] and "consumption and import positive" in said["signs"]


def test_run_json_counts_the_rows(two_days, run_json):
    counted = {table: pq.read_metadata(two_days / f"{table}.parquet").num_rows for table in TABLES}
    assert {table: entry["rows"] for table, entry in run_json["tables"].items()} == counted
    assert all(entry["file"] == f"{table}.parquet" for table, entry in run_json["tables"].items())


def test_assets_have_a_row_per_interval_and_asset_stamped_with_its_start(two_days):
    assets = pq.read_table(two_days / "assets.parquet")
    assert assets.num_rows == INTERVALS * ASSETS
    assert len(assets["asset"].unique()) == ASSETS
    times = assets["time"].cast(pa.int64()).to_numpy()
    expected = [START_MS + index * TICK_MS for index in range(INTERVALS) for _ in range(ASSETS)]
    assert times.tolist() == expected, "by time, from the start to the end less a tick"
    names = assets["asset"].cast(pa.string()).to_pylist()
    assert names == sorted(names[:ASSETS]) * INTERVALS, "then in the order of the assets' names"


def test_participants_are_those_of_the_rows_and_run_json_counts_them(two_days, run_json):
    participants = pq.read_table(two_days / "participants.parquet").to_pylist()
    names = [entry["participant"] for entry in participants]
    assert names == sorted(names)
    assets = {(row["asset"], row["kind"]) for row in pq.read_table(two_days / "assets.parquet").to_pylist()}
    located = [entry for entry in participants if entry["site"] is not None]
    traders = [entry for entry in located if entry["kind"] == "prosumer"]
    assert {entry["participant"] for entry in traders} == {f"prosumer_{entry['site']}" for entry in traders}
    assert {(entry["participant"], entry["kind"]) for entry in located if entry not in traders} == assets
    sites = {row["site"] for row in pq.read_table(two_days / "sites.parquet", columns=["site"]).to_pylist()}
    places = {(entry["site"], entry["commune"], entry["portfolio"]) for entry in located}
    assert {site for site, *_ in places} == sites and len(places) == len(sites), "a site has one place"
    assert run_json["sites"] == len(sites)
    assert run_json["portfolios"] == sorted({portfolio for *_, portfolio in places})
    assert run_json["participants"] == dict(sorted(Counter(entry["kind"] for entry in participants).items()))


@pytest.mark.parametrize("table", TABLES)
def test_no_cell_is_nan_or_infinite_and_only_nullable_ones_are_null(two_days, table):
    read = pq.read_table(two_days / f"{table}.parquet")
    for field, column in zip(read.schema, read.columns, strict=True):
        if pa.types.is_floating(field.type):
            assert pc.all(pc.is_finite(column.drop_null()), min_count=0).as_py(), field.name
        assert field.nullable or column.null_count == 0, field.name
    read.validate(full=True)


def test_only_storages_say_their_energy_and_it_stays_within_their_capacity(two_days):
    participants = pq.read_table(two_days / "participants.parquet").to_pylist()
    capacity_kwh = {entry["participant"]: entry["capacity_kwh"] for entry in participants}
    storing = {"battery", "ev"}
    for asset in pq.read_table(two_days / "assets.parquet").to_pylist():
        assert (asset["energy_kwh"] is not None) == (asset["kind"] in storing), asset
        if asset["energy_kwh"] is not None:
            assert 0 <= asset["energy_kwh"] <= capacity_kwh[asset["asset"]], asset


@pytest.mark.parametrize("run", ["two_days", "long_run"])
@pytest.mark.parametrize("table", TABLES)
def test_duckdb_reads_what_pyarrow_reads(request, run, table):
    path = request.getfixturevalue(run) / f"{table}.parquet"
    with duckdb.connect() as connection:
        connection.sql("SET TimeZone = 'UTC'")
        read = connection.sql(f"SELECT * FROM '{path}'").to_arrow_table()
    assert plain(read).equals(plain(pq.read_table(path)))


@pytest.mark.parametrize("run", ["two_days", "long_run"])
@pytest.mark.parametrize("table", TABLES)
def test_polars_reads_what_pyarrow_reads(request, run, table):
    path = request.getfixturevalue(run) / f"{table}.parquet"
    assert plain(pl.read_parquet(path).to_arrow()).equals(plain(pq.read_table(path)))


def test_a_long_run_has_row_groups_and_all_its_rows(long_run):
    metadata = pq.read_metadata(long_run / "assets.parquet")
    assert metadata.num_row_groups > 1
    assert metadata.num_rows == 40 * 96 * ASSETS


def test_row_groups_can_be_skipped_by_time(long_run):
    metadata = pq.read_metadata(long_run / "assets.parquet")
    times = pq.read_table(long_run / "assets.parquet", columns=["time"])["time"].combine_chunks()
    first = 0
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        statistics = group.column(0).statistics
        assert statistics.has_min_max
        rows = times.slice(first, group.num_rows)
        assert (statistics.min, statistics.max) == (rows[0].as_py(), rows[-1].as_py())
        first += group.num_rows


def test_sql_sees_plain_types(two_days):
    with duckdb.connect() as connection:
        rows = connection.sql(f"DESCRIBE SELECT * FROM '{two_days / 'assets.parquet'}'").fetchall()
    assert {name: kind for name, kind, *_ in rows} == {
        "time": "TIMESTAMP WITH TIME ZONE",
        "asset": "VARCHAR",
        "kind": "VARCHAR",
        "power_kw": "DOUBLE",
        "setpoint_kw": "DOUBLE",
        "energy_kwh": "DOUBLE",
        "state": "VARCHAR",
        "reactive_kvar": "DOUBLE",
    }


def test_dataframes_see_categories_and_instants(two_days):
    frame = pl.read_parquet(two_days / "assets.parquet")
    assert frame.schema["time"] == pl.Datetime("ms", "UTC")
    assert [frame.schema[name] for name in ("asset", "kind", "state")] == [pl.Categorical] * 3
    frame = pd.read_parquet(two_days / "assets.parquet")
    assert str(frame["time"].dtype) == "datetime64[ms, UTC]"
    assert [str(frame[name].dtype) for name in ("asset", "kind", "state")] == ["category"] * 3


def test_folders_of_runs_read_as_one_table(two_days, long_run):
    files = [str(run / "assets.parquet") for run in (two_days, long_run)]
    with duckdb.connect() as connection:
        counted = connection.execute("SELECT count(*) FROM read_parquet($files)", {"files": files})
        assert counted.fetchone() == ((DAYS + 40) * 96 * ASSETS,)
