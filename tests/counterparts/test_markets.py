"""Markets of every kind in one run: products, charges and comparisons, added up again by DuckDB."""

import json

import cli
import duckdb
import pytest

EXAMPLE = cli.ROOT / "examples" / "markets.toml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The example's run, shortened."""
    return cli.simulate(tmp_path_factory.mktemp("markets") / "run", EXAMPLE, "--duration", "4d")


@pytest.fixture(scope="module")
def database(folder):
    with duckdb.connect() as connection:
        for table in ("clearings", "trades", "orders", "settlements", "comparisons", "compared_bills", "kpis", "participants"):
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
        yield connection


def rows(database, sql):
    return database.execute(sql).fetchall()


def figure(database, name):
    return rows(database, f'SELECT "{name}" FROM kpis')[0][0]


def test_every_product_is_traded_at_its_own_gates(database):
    found = dict(rows(database, "SELECT product, sum(volume_wh) FROM clearings GROUP BY product"))
    assert set(found) == {"spot", "base", "day-ahead", "intraday"}
    assert all(volume > 0 for volume in found.values()), found
    gates = rows(database, "SELECT DISTINCT time AT TIME ZONE 'America/Martinique' FROM clearings WHERE product = 'day-ahead'")
    assert {gate.hour for (gate,) in gates} == {12} and len(gates) == 4
    bands = rows(database, "SELECT DISTINCT slot_end - slot_start FROM clearings WHERE product = 'base'")
    assert [length.days for (length,) in bands] == [1]


def test_volume_value_and_filled_orders_are_those_of_the_trades(database):
    wrong = rows(database, """
        WITH made AS (
            SELECT product, slot_start, sum(energy_wh) AS wh, sum(energy_wh::HUGEINT * price_ueur_per_kwh) AS neur
            FROM trades GROUP BY ALL
        ), filled AS (
            SELECT product, slot_start, sum(filled_wh) FILTER (side = 'bid') AS bought, sum(filled_wh) FILTER (side = 'offer') AS sold
            FROM orders GROUP BY ALL
        )
        SELECT c.product, c.slot_start FROM clearings c LEFT JOIN made USING (product, slot_start)
        LEFT JOIN filled USING (product, slot_start)
        WHERE volume_wh <> coalesce(wh, 0) OR value_neur <> coalesce(neur, 0)
           OR volume_wh <> coalesce(bought, 0) OR volume_wh <> coalesce(sold, 0)
    """)
    assert wrong == []


def test_bills_add_up_and_only_who_trades_can_deviate_from_trades(database):
    parts = "traded_neur + residual_neur + balancing_neur + grid_fee_neur + levy_neur"
    assert rows(database, f"FROM settlements WHERE {parts} <> total_neur") == []
    net = "bought_wh - sold_wh + residual_import_wh + shortage_wh - residual_export_wh - surplus_wh"
    assert rows(database, f"FROM settlements WHERE metered_import_wh - metered_export_wh <> {net}") == []
    assert rows(database, "SELECT sum(traded_neur), sum(bought_wh - sold_wh) FROM settlements") == [(0, 0)]
    deviates = rows(database, "SELECT DISTINCT site LIKE 'load_%' FROM settlements WHERE shortage_wh + surplus_wh > 0")
    assert deviates == [(False,)]
    levies = rows(database, "SELECT sum(levy_neur), sum(metered_import_wh::HUGEINT) * 20000 FROM settlements")[0]
    assert levies[0] == levies[1]


def test_what_is_settled_is_compared_with_what_would_have_been(database, folder):
    rules = json.loads((folder / "run.json").read_text())["scenario"]["market"]["compare"]
    found = {rule for (rule,) in rows(database, "SELECT DISTINCT rule FROM comparisons")}
    assert found == {"settled", *rules}
    of_members = "site NOT LIKE 'load_%'"
    settled = rows(database, f"SELECT site, sum(total_neur), sum(retailer_only_neur) FROM settlements WHERE {of_members} GROUP BY site ORDER BY site")

    def bills(rule):
        """Sites that metered and traded nothing are not settled, and have no cost under any rule."""
        summed = rows(database, f"SELECT site, sum(total_neur) FROM compared_bills WHERE rule = '{rule}' GROUP BY site")
        sites = {site for site, *_ in settled}
        assert all(total == 0 for site, total in summed if site not in sites)
        return {site: total for site, total in summed if site in sites}

    assert bills("settled") == {site: total for site, total, _ in settled}
    assert bills("retailer-only") == {site: alone for site, _, alone in settled}
    costs = dict(rows(database, "SELECT rule, sum(cost_neur) FROM comparisons GROUP BY rule"))
    assert costs == dict(rows(database, "SELECT rule, sum(total_neur) FROM compared_bills GROUP BY rule"))
    alone = costs["retailer-only"] / 1e9
    for rule in rules:
        prefix = "compare_" + "".join(c if c.isalnum() else "_" for c in rule.lower())
        assert figure(database, f"{prefix}_cost_eur") == pytest.approx(costs[rule] / 1e9, abs=1e-6)
        assert figure(database, f"{prefix}_savings_eur") == pytest.approx(alone - costs[rule] / 1e9, abs=2e-6)
    savings = [alone - paid for _, paid, alone in settled]
    jain = sum(savings) ** 2 / (len(savings) * sum(saved**2 for saved in savings))
    assert figure(database, "market_savings_jain_share") == pytest.approx(jain, abs=1e-6)


def test_what_was_traded_counts_as_it_is_delivered_like_what_it_is_compared_with(database):
    volume_wh, value_neur, welfare_neur = rows(
        database, "SELECT sum(volume_wh), sum(value_neur), sum(welfare_neur) FROM comparisons WHERE rule = 'settled'"
    )[0]
    assert figure(database, "market_volume_kwh") == pytest.approx(volume_wh / 1e3, abs=0.0006)
    assert figure(database, "market_welfare_eur") == pytest.approx(welfare_neur / 1e9, abs=1e-6)
    assert figure(database, "market_mean_price_eur_per_mwh") == pytest.approx(value_neur / volume_wh / 1e3, abs=0.0006)
    ahead_wh = rows(database, "SELECT sum(volume_wh) FROM clearings WHERE slot_start >= (SELECT max(end_time) FROM comparisons)")[0][0]
    assert ahead_wh > 0, "nothing was traded ahead: the figures could be of all clearings"


def test_a_run_is_cleared_again_but_for_what_met_continuously(database, folder):
    ended = cli.cariflex("clear", folder, "--mechanism", "uniform-mid-truncated", "--json")
    assert ended.code == 0, ended.err
    assert "orders of `intraday` are left out" in ended.err
    cleared_wh = json.loads(ended.out)["totals"][0]["volume_wh"]
    traded = "SELECT sum(volume_wh) FROM clearings WHERE product"
    assert rows(database, f"{traded} = 'intraday'")[0][0] > 0
    assert rows(database, f"{traded} <> 'intraday'")[0][0] == cleared_wh


def test_bids_of_batteries_are_for_what_they_will_do(tmp_path):
    """Sites trade beforehand; half of what members take was bought from others, for it is known whose turn it is."""
    folder = cli.simulate(tmp_path / "run", "--duration", "7d")
    with duckdb.connect() as connection:
        share, saved = connection.execute(
            f"SELECT market_local_share, market_savings_eur FROM '{folder / 'kpis.parquet'}'"
        ).fetchone()
    assert share > 0.4 and saved > 0


def test_the_report_shows_the_rules_side_by_side(folder):
    ended = cli.cariflex("report", folder)
    assert ended.code == 0, ended.err
    page = (folder / "report.html").read_text()
    assert "Rules side by side" in page and '"rule":"ex-post-price"' in page.replace(" ", "")
