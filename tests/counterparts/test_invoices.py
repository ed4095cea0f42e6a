"""Invoices of a run with contracts and taxes, added up again by DuckDB from settlements, clearings and meters."""

import cli
import duckdb
import pytest

EXAMPLE = cli.ROOT / "examples" / "contracts.toml"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The example's run."""
    folder = cli.simulate(tmp_path_factory.mktemp("invoices") / "run", EXAMPLE)
    with duckdb.connect() as connection:
        for table in ("settlements", "invoices", "clearings", "kpis"):
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
        yield connection


def rows(database, sql):
    return database.execute(sql).fetchall()


def test_invoices_are_settlements_standing_charges_contracts_and_taxes(database):
    wrong = rows(database, """
        WITH settled AS (
            SELECT site, strftime(time AT TIME ZONE 'America/Martinique', '%Y-%m') AS month, sum(total_neur) AS neur
            FROM settlements GROUP BY ALL
        ), invoiced AS (
            SELECT site, month, sum(total_neur) AS neur,
                   sum(net_neur) FILTER (line IN ('standing', 'contract')) + sum(tax_neur) AS on_top
            FROM invoices GROUP BY ALL
        )
        SELECT site, month, i.neur, s.neur, on_top FROM invoiced i FULL JOIN settled s USING (site, month)
        WHERE i.neur IS NULL OR i.neur - on_top <> coalesce(s.neur, 0)
    """)
    assert wrong == []
    assert rows(database, "FROM invoices WHERE net_neur + tax_neur <> total_neur") == []
    months = rows(database, "SELECT month, bool_and(is_partial), count(DISTINCT site) FROM invoices GROUP BY ALL ORDER BY month")
    assert [(month, partial) for month, partial, _ in months] == [("2026-03", True), ("2026-04", True)]


def test_every_part_of_a_bill_is_a_line_of_its_own(database):
    parts = {"energy": "traded", "retail": "residual", "balancing": "balancing", "grid-fee": "grid_fee", "levy": "levy"}
    for line, part in parts.items():
        invoiced = rows(database, f"SELECT coalesce(sum(net_neur), 0) FROM invoices WHERE line = '{line}'")
        assert invoiced == rows(database, f"SELECT sum({part}_neur) FROM settlements"), line
    taken = "SELECT coalesce(sum(quantity_wh), 0) FROM invoices WHERE line = 'retail' AND side = "
    assert rows(database, taken + "'owed'") == rows(database, "SELECT sum(residual_import_wh) FROM settlements")
    assert rows(database, taken + "'due'") == rows(database, "SELECT sum(residual_export_wh) FROM settlements")


def test_tax_is_the_rate_of_what_is_owed_in_whole_cents(database):
    for site, line, side, net, tax in rows(database, "SELECT site, line, side, net_neur, tax_neur FROM invoices"):
        per_mille = 0 if side == "due" else 21 if line == "standing" else 85
        cents, rest = divmod(abs(net) * per_mille, 1000 * 10_000_000)
        cents += 2 * rest >= 1000 * 10_000_000
        assert tax == (1 if net >= 0 else -1) * cents * 10_000_000, (site, line, side)
    total = rows(database, "SELECT sum(tax_neur) FROM invoices")[0][0]
    assert rows(database, "SELECT island_taxes_eur FROM kpis")[0][0] == pytest.approx(total / 1e9, abs=1e-9)
    assert total > 0


def test_standing_charges_are_the_days_of_each_month(database):
    found = dict(rows(database, "SELECT DISTINCT month, net_neur FROM invoices WHERE line = 'standing'"))
    assert found == {"2026-03": 12_500_000_000 - 12_500_000_000 * 27 // 31, "2026-04": 12_500_000_000 * 4 // 30}


def test_contracts_pay_what_their_formulas_say(database):
    def paid(site):
        return rows(database, f"SELECT -sum(net_neur), sum(quantity_wh) FROM invoices WHERE line = 'contract' AND site = '{site}'")[0]

    fed_in = dict(rows(database, "SELECT site, sum(metered_export_wh) FROM settlements GROUP BY site"))
    assert paid("pv_07") == (fed_in["pv_07"] * 10_000, fed_in["pv_07"])
    assert paid("pv_04")[1] == fed_in["pv_04"]
    assert paid("pv_04")[0] >= 0
    assert paid("evse_01")[0] == -paid("pv_01")[0] < 0
    left = rows(database, """
        SELECT sum(residual_export_wh) FROM settlements
        WHERE site = 'pv_05' AND time >= TIMESTAMPTZ '2026-04-01 00:00:00-04'
    """)
    assert left == [(0,)], "what the plant has not sold, the purchaser takes"
    neur, wh = paid("pv_05")
    assert neur == wh * 130_000 and wh > 0
    months = rows(database, "SELECT DISTINCT month FROM invoices WHERE line = 'contract' AND site = 'pv_05'")
    assert months == [("2026-04",)]
    assert all(neur >= 0 for (neur,) in rows(database, "SELECT -net_neur FROM invoices WHERE line = 'contract' AND site = 'pv_06'"))


def test_a_sliding_premium_pays_what_the_mean_price_of_the_month_lacks(database):
    """The price of a slot without a clearing price is that of the slot before."""
    means = dict(rows(database, """
        WITH prices AS (
            SELECT slot_start, last_value(price_ueur_per_kwh IGNORE NULLS) OVER (ORDER BY slot_start) AS price
            FROM clearings WHERE product = 'spot'
        )
        SELECT strftime(slot_start AT TIME ZONE 'America/Martinique', '%Y-%m') AS month, round(avg(price))::BIGINT
        FROM prices WHERE slot_start < TIMESTAMPTZ '2026-04-05 00:00:00-04' AND price IS NOT NULL GROUP BY month
    """))
    for month, neur, wh in rows(database, """
        SELECT month, -sum(net_neur), sum(quantity_wh) FROM invoices WHERE line = 'contract' AND site = 'pv_06' GROUP BY month
    """):
        assert neur == wh * max(200_000 - means[month], 0) and wh > 0, month
