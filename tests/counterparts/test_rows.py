"""What the rows say adds up: sites, key figures, bills and the market, recomputed in SQL from the tables alone."""

import cli
import duckdb
import pytest

# Readings are rounded once, to 1 W and 1 Wh; half of that may be missing from each.
HALF_W_IN_KW = 0.0005
HALF_WH_IN_KWH = 0.0005
TICK_H = 0.25

TABLES = [
    *("assets", "sites", "signals", "orders", "trades", "clearings", "settlements", "sessions"),
    *("storage_health", "events", "supply", "mirror", "faults", "participants", "kpis"),
]


@pytest.fixture(scope="module", params=["two days of 15 min", "six hours of 1 min"])
def database(request, two_days, tmp_path_factory):
    """The tables of a run as views, and the portfolio of each site and the site of each asset as tables."""
    folder, tick_h = two_days, TICK_H
    if request.param == "six hours of 1 min":
        options = ("--tick", "1m", "--start", "2026-03-20T15:00:00-04:00", "--duration", "6h")
        folder, tick_h = cli.simulate(tmp_path_factory.mktemp("minutes") / "run", *options), 1 / 60
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in TABLES:
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
        located = "FROM participants WHERE site IS NOT NULL"
        connection.execute(f"CREATE TABLE places AS SELECT DISTINCT site, portfolio {located}")
        connection.execute(f"CREATE TABLE homes AS SELECT participant AS asset, site {located}")
        connection.execute(f"CREATE MACRO tick_h() AS {tick_h}")
        yield connection


def rows(database, sql, **parameters):
    return database.execute(sql, parameters or None).fetchall()


def value(database, sql, **parameters):
    [[answer]] = rows(database, sql, **parameters)
    return answer


def kpi(database, name):
    return value(database, f"SELECT {name} FROM kpis")


def test_a_site_is_the_sum_of_its_assets_in_every_interval(database):
    # A vehicle's power is contained in that of its charge point.
    compared, worst_kw = rows(
        database,
        """
        WITH summed AS (
            SELECT time, site, sum(if(kind = 'ev', 0, power_kw)) AS power_kw, count(*) AS assets
            FROM assets JOIN homes USING (asset) GROUP BY ALL
        )
        SELECT count(*), max(abs(summed.power_kw - sites.power_kw) - assets * $half_w)
        FROM summed JOIN sites USING (time, site)
        """,
        half_w=HALF_W_IN_KW,
    )[0]
    assert compared == value(database, "SELECT count(*) FROM sites")
    assert worst_kw <= HALF_W_IN_KW + 1e-9


def test_a_charge_point_draws_what_its_vehicle_takes(database):
    unlike = """
        SELECT vehicle.time, vehicle.asset, vehicle.power_kw, station.power_kw FROM assets vehicle
        JOIN assets station ON station.time = vehicle.time AND station.asset = replace(vehicle.asset, 'ev_', 'evse_')
        WHERE vehicle.kind = 'ev' AND vehicle.power_kw <> station.power_kw
    """
    assert rows(database, unlike) == []


def test_a_meter_counts_its_power(database):
    worst_kwh = value(
        database,
        "SELECT max(abs(import_kwh - export_kwh - power_kw * tick_h())) FROM sites",
    )
    assert worst_kwh <= 2 * HALF_WH_IN_KWH + HALF_W_IN_KW * TICK_H + 1e-9
    assert value(database, "SELECT min(least(import_kwh, export_kwh)) FROM sites") == 0


ENERGIES = {
    "pv_production_kwh": "sum(-power_kw) FILTER (kind = 'pv')",
    "load_consumption_kwh": "sum(power_kw) FILTER (kind = 'load')",
    "evse_import_kwh": "sum(greatest(power_kw, 0)) FILTER (kind = 'evse')",
    "evse_export_kwh": "sum(greatest(-power_kw, 0)) FILTER (kind = 'evse')",
    "battery_charge_kwh": "sum(greatest(power_kw, 0)) FILTER (kind = 'battery')",
    "battery_discharge_kwh": "sum(greatest(-power_kw, 0)) FILTER (kind = 'battery')",
}


@pytest.mark.parametrize("name", ENERGIES)
def test_energies_of_assets_are_the_key_figures(database, name):
    summed = value(database, f"SELECT {ENERGIES[name]} * tick_h() FROM assets")
    assert kpi(database, name) == pytest.approx(summed, abs=HALF_WH_IN_KWH + 1e-6)


# Contracts for slots within the run; the next slot is traded at its very end, too.
DELIVERED = "WHERE slot_end <= (SELECT max(time) + INTERVAL 1 HOUR * tick_h() FROM sites)"

COUNTS = {
    "ev_sessions_count": "SELECT count(*) FROM sessions",
    "ev_delivered_kwh": "SELECT coalesce(sum(delivered_kwh), 0) FROM sessions",
    "ev_returned_kwh": "SELECT coalesce(sum(returned_kwh), 0) FROM sessions",
    "ev_unserved_kwh": "SELECT coalesce(sum(unserved_kwh), 0) FROM sessions",
    "market_volume_kwh": f"SELECT sum(volume_wh) / 1000 FROM clearings {DELIVERED}",
    "market_mean_price_eur_per_mwh": f"SELECT sum(value_neur) / sum(volume_wh) / 1000 FROM clearings {DELIVERED}",
    "faulted_h": "SELECT (count(*) * tick_h())::DOUBLE FROM faults",
    "events_count": "SELECT count(*) FROM events",
}


@pytest.mark.parametrize("name", COUNTS)
def test_records_are_the_key_figures(database, name):
    assert kpi(database, name) == pytest.approx(value(database, COUNTS[name]), abs=0.0006)


# Rows of an area netted over quarter hours of UTC; the island is every site.
NETTED = """
    WITH quarters AS (
        SELECT time_bucket(INTERVAL '15 minutes', time) AS quarter, sum(power_kw * tick_h()) AS net_kwh
        FROM sites JOIN places USING (site) WHERE portfolio = $area OR $area = 'island' GROUP BY quarter
    ), intensity AS (
        SELECT time_bucket(INTERVAL '15 minutes', time) AS quarter, avg(value) AS g_per_kwh
        FROM signals WHERE signal = 'co2_intensity' GROUP BY quarter
    )
"""
AREAS = ["cariflex", "communes", "island"]


@pytest.mark.parametrize("area", AREAS)
def test_energy_across_a_boundary_is_the_key_figure(database, area):
    net = f"""
        {NETTED} SELECT sum(greatest(net_kwh, 0)), sum(greatest(-net_kwh, 0)), greatest(max(net_kwh), 0) / 0.25,
            sum(greatest(net_kwh, 0) * g_per_kwh / 1000) FROM quarters JOIN intensity USING (quarter)
    """
    figures = dict(zip(["import_kwh", "export_kwh", "import_peak_kw", "co2_kg"], rows(database, net, area=area)[0]))
    for name, summed in figures.items():
        assert kpi(database, f"{area}_{name}") == pytest.approx(summed, rel=1e-9, abs=0.0006), name


@pytest.mark.parametrize("area", AREAS)
def test_the_highest_evening_quarter_hour_is_the_evening_peak(database, area):
    peak = f"""
        {NETTED} SELECT greatest(max(net_kwh), 0) / 0.25 FROM quarters
        WHERE hour(quarter - INTERVAL 4 HOUR) BETWEEN 18 AND 21
    """
    peak_kw = kpi(database, f"{area}_evening_peak_kw")
    assert peak_kw == pytest.approx(value(database, peak, area=area), rel=1e-9, abs=0.0006)
    assert peak_kw <= kpi(database, f"{area}_import_peak_kw")


@pytest.mark.parametrize("area", AREAS)
def test_meters_of_an_area_are_the_key_figures(database, area):
    metered = """
        SELECT sum(import_kwh), sum(export_kwh) FROM sites JOIN places USING (site)
        WHERE portfolio = $area OR $area = 'island'
    """
    figures = zip(["metered_import_kwh", "metered_export_kwh"], rows(database, metered, area=area)[0], strict=True)
    for name, summed in figures:
        assert kpi(database, f"{area}_{name}") == pytest.approx(summed, rel=1e-9, abs=0.0006), name


@pytest.mark.parametrize("area", AREAS)
def test_shares_follow_from_energies(database, area):
    imported, exported, produced = (
        kpi(database, f"{area}_{name}") for name in ("import_kwh", "export_kwh", "pv_production_kwh")
    )
    own = max(produced - exported, 0)
    self_consumption, self_sufficiency = (
        kpi(database, f"{area}_{name}") for name in ("self_consumption_share", "self_sufficiency_share")
    )
    if produced == 0:
        assert self_consumption is None
    else:
        assert self_consumption == pytest.approx(own / produced, abs=1e-4)
    assert self_sufficiency == pytest.approx(own / (own + imported), abs=1e-4)


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("part", ["traded", "residual", "total"])
def test_bills_add_up_to_the_cost_to_the_last_nano_euro(database, area, part):
    billed_neur = value(
        database,
        f"SELECT sum({part}_neur) FROM settlements JOIN places USING (site) WHERE portfolio = $area OR $area = 'island'",
        area=area,
    )
    cost_eur = kpi(database, f"{area}_cost_eur" if part == "total" else f"{area}_cost_{part}_eur")
    assert round(cost_eur * 1e9) == billed_neur


def test_a_bill_is_its_traded_and_its_residual_part(database):
    assert rows(database, "FROM settlements WHERE traded_neur + residual_neur + balancing_neur + grid_fee_neur + levy_neur <> total_neur") == []


def test_what_was_metered_was_bought_somewhere(database):
    unbalanced = """
        FROM settlements
        WHERE metered_import_wh - metered_export_wh
            <> bought_wh - sold_wh + residual_import_wh - residual_export_wh
    """
    assert rows(database, unbalanced) == []


# Bills are kept by site and local day (UTC-4), over the slots that begin in it.
DAY = "date_trunc('day', {} - INTERVAL 4 HOUR) AS day"


def test_every_day_bills_what_the_meter_saw(database):
    # Bills are differences of the meter's register, rows of `sites` are rounded on their own: half a Wh each.
    unlike = f"""
        WITH days AS (
            SELECT {DAY.format("time")}, site, count(*) AS intervals,
                1000 * sum(import_kwh) AS import_wh, 1000 * sum(export_kwh) AS export_wh
            FROM sites GROUP BY ALL
        ), bills AS (SELECT {DAY.format("time")}, * EXCLUDE (time) FROM settlements)
        SELECT * FROM days LEFT JOIN bills USING (day, site)
        WHERE greatest(abs(import_wh - coalesce(metered_import_wh, 0)), abs(export_wh - coalesce(metered_export_wh, 0)))
            > 0.5 * (intervals + 1) + 1e-6
    """
    assert rows(database, unlike) == []


def test_no_day_is_billed_twice(database):
    twice = f"SELECT {DAY.format('time')}, site FROM settlements GROUP BY ALL HAVING count(*) > 1"
    assert rows(database, twice) == []
    assert rows(database, "FROM settlements WHERE end_time - time > INTERVAL 24 HOUR") == []


def test_the_market_only_moves_money(database):
    traded = f"SELECT {DAY.format('time')}, sum(traded_neur) AS neur FROM settlements GROUP BY day"
    assert value(database, f"SELECT max(abs(neur)) FROM ({traded})") == 0
    assert value(database, "SELECT sum(bought_wh) - sum(sold_wh) FROM settlements") == 0


def test_bills_charge_the_trades(database):
    unlike = f"""
        WITH settled AS (SELECT * FROM trades WHERE slot_end <= (SELECT max(end_time) FROM settlements)),
        sides AS (
            SELECT {DAY.format("slot_start")}, buyer AS prosumer, energy_wh * price_ueur_per_kwh AS neur FROM settled
            UNION ALL
            SELECT {DAY.format("slot_start")}, seller, -energy_wh * price_ueur_per_kwh FROM settled
        ), traded AS (
            SELECT day, replace(prosumer, 'prosumer_', '') AS site, sum(neur) AS neur FROM sides GROUP BY ALL
        ), bills AS (SELECT {DAY.format("time")}, site, traded_neur FROM settlements)
        SELECT * FROM traded FULL JOIN bills USING (day, site)
        WHERE coalesce(neur, 0) <> coalesce(traded_neur, 0)
    """
    assert rows(database, unlike) == []
    assert value(database, "SELECT count(*) FROM trades") > 0


def test_buyers_pay_what_sellers_receive_at_the_price_of_the_slot(database):
    unlike = """
        SELECT slot_start FROM trades JOIN clearings USING (slot_start) GROUP BY slot_start
        HAVING sum(energy_wh) <> any_value(volume_wh)
            OR min(trades.price_ueur_per_kwh) <> any_value(clearings.price_ueur_per_kwh)
            OR max(trades.price_ueur_per_kwh) <> any_value(clearings.price_ueur_per_kwh)
    """
    assert rows(database, unlike) == []
    untraded = "FROM clearings ANTI JOIN trades USING (slot_start) WHERE volume_wh <> 0 OR price_ueur_per_kwh IS NOT NULL"
    assert rows(database, untraded) == []


def test_orders_are_filled_by_trades_within_their_limits(database):
    filled = """
        WITH sides AS (
            SELECT slot_start, buyer AS participant, 'bid' AS side, energy_wh FROM trades
            UNION ALL
            SELECT slot_start, seller, 'offer', energy_wh FROM trades
        ), traded AS (
            SELECT slot_start, participant, side, sum(energy_wh) AS traded_wh FROM sides GROUP BY ALL
        ), filled AS (
            SELECT slot_start, participant, side, sum(filled_wh) AS filled_wh FROM orders GROUP BY ALL
        )
        FROM traded FULL JOIN filled USING (slot_start, participant, side)
        WHERE coalesce(traded_wh, 0) <> coalesce(filled_wh, 0)
    """
    assert rows(database, filled) == []
    beyond = """
        FROM orders JOIN clearings USING (slot_start)
        WHERE filled_wh > energy_wh OR filled_wh > 0 AND
            if(side = 'bid', limit_ueur_per_kwh < price_ueur_per_kwh, limit_ueur_per_kwh > price_ueur_per_kwh)
    """
    assert rows(database, beyond) == []


def test_clearings_say_what_was_asked_and_offered(database):
    unlike = """
        WITH book AS (
            SELECT slot_start, sum(energy_wh) FILTER (side = 'bid') AS asked, sum(energy_wh) FILTER (side = 'offer') AS offered
            FROM orders GROUP BY slot_start
        )
        FROM clearings LEFT JOIN book USING (slot_start)
        WHERE demand_wh <> coalesce(asked, 0) OR supply_wh <> coalesce(offered, 0)
    """
    assert rows(database, unlike) == []


def test_sessions_end_in_order_and_cost_what_they_delivered(database):
    sessions = rows(database, "SELECT start_time, end_time, delivered_kwh, returned_kwh, cost_neur FROM sessions")
    # Those that end within one tick are told by charge point.
    ticks = rows(database, "SELECT ceil(epoch(end_time) / 3600 / tick_h()) FROM sessions")
    assert ticks == sorted(ticks)
    for start, end, delivered_kwh, returned_kwh, cost_neur in sessions:
        assert start <= end
        assert cost_neur / 1e9 == pytest.approx(0.3 * delivered_kwh - 0.25 * returned_kwh, abs=0.0005)


def test_every_interval_has_every_signal_in_one_unit(database):
    intervals = value(database, "SELECT count(DISTINCT time) FROM assets")
    signals = rows(database, "SELECT signal, count(*), count(DISTINCT unit) FROM signals GROUP BY signal")
    assert len(signals) == 8
    assert {(count, units) for _, count, units in signals} == {(intervals, 1)}
