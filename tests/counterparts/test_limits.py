"""Areas whose boundaries have limits: `cariflex clear` against a linear program solved by HiGHS, and a run whose areas and
trades DuckDB adds up again."""

import json
import random

import cli
import duckdb
import numpy as np
import pytest
from scipy.optimize import linprog

EXAMPLE = cli.ROOT / "examples" / "limits.toml"
SLOT_H = 0.25


def market(seed):
    """A random tree of areas with fees and limits, and orders in it; prices in EUR/MWh."""
    draw = random.Random(seed)
    areas = [{"id": "a0"}]
    for number in range(1, draw.randint(2, 9)):
        area = {"id": f"a{number}", "parent": f"a{draw.randrange(number)}", "fee_eur_per_mwh": draw.choice([0, draw.randint(0, 60)])}
        for limit in ("import_limit_wh", "export_limit_wh"):
            if draw.random() < 0.7:
                area[limit] = draw.choice([0, draw.randint(1, 3000)])
        areas.append(area)
    areas[1].setdefault("export_limit_wh", 500)

    def order(side, number):
        return {"id": f"{side}{number}", "agent": f"{side}{number}", "area": draw.choice(areas)["id"],
                "quantity_wh": draw.randint(1, 2000), "limit_eur_per_mwh": draw.randint(-50, 300)}

    bids, offers = ([order(side, number) for number in range(draw.randint(1, 25))] for side in "bo")
    return {"format": "cariflex-areas", "version": 1, "areas": areas, "bids": bids, "offers": offers}


def optimum(book):
    """The highest welfare less fees, in nEUR: what is bought, what is sold, what leaves and what enters each area."""
    places = {area["id"]: at for at, area in enumerate(book["areas"])}
    costs, most, entries = [], [], []

    def column(cost, bound, balance):
        entries.extend((places[area], len(costs), sign) for area, sign in balance)
        costs.append(1000 * cost)
        most.append(bound)

    for sign, side in ((-1, "bids"), (1, "offers")):
        for order in book[side]:
            column(sign * order["limit_eur_per_mwh"], order["quantity_wh"], [(order["area"], sign)])
    for area in book["areas"][1:]:
        for sign, limit in ((-1, "export_limit_wh"), (1, "import_limit_wh")):
            column(area["fee_eur_per_mwh"], area.get(limit), [(area["id"], sign), (area["parent"], -sign)])
    balances = np.zeros((len(places), len(costs)))
    for row, at, sign in entries:
        balances[row, at] = sign
    found = linprog(costs, A_eq=balances, b_eq=np.zeros(len(places)), bounds=[(0, bound) for bound in most], method="highs")
    assert found.status == 0, found.message
    return -found.fun


def test_welfare_is_that_of_a_linear_program_and_prices_are_its_duals(tmp_path):
    books = {}
    for seed in range(60):
        path = tmp_path / f"{seed}.json"
        books[seed] = market(seed)
        path.write_text(json.dumps(books[seed]), encoding="utf-8")
    ended = cli.cariflex("clear", *(tmp_path / f"{seed}.json" for seed in books), "--mechanism", "locational", "--json")
    assert ended.code == 0, ended.err
    solved = json.loads(ended.out)["problems"]
    congested = 0
    for book, problem in zip(books.values(), solved, strict=True):
        [solution] = problem["solutions"]
        orders = {order["id"]: order for order in book["bids"] + book["offers"]}
        limit = {name: 1000 * order["limit_eur_per_mwh"] for name, order in orders.items()}
        filled = dict.fromkeys(orders, 0)
        gain = 0
        for trade in solution["trades"]:
            gain += trade["energy_wh"] * (limit[trade["bid"]] - limit[trade["offer"]])
            for side in ("bid", "offer"):
                filled[trade[side]] += trade["energy_wh"]
        given = {area["id"]: area for area in book["areas"]}
        areas = {area["area"]: area for area in solution["areas"]}
        fees = sum(1000 * given[name].get("fee_eur_per_mwh", 0) * abs(area["net_export_wh"]) for name, area in areas.items())
        assert gain - fees == pytest.approx(optimum(book), rel=1e-9, abs=1e-3)
        for name, area in areas.items():
            net = area["net_export_wh"]
            assert net == area["sold_wh"] - area["bought_wh"]
            assert -given[name].get("import_limit_wh", 1e9) <= net <= given[name].get("export_limit_wh", 1e9)
            assert area["congestion_rent_neur"] >= 0
            congested += area["congestion_rent_neur"] > 0
        for side, sign in (("bids", 1), ("offers", -1)):
            for order in book[side]:
                surplus = sign * (limit[order["id"]] - areas[order["area"]]["value_ueur_per_kwh"])
                assert surplus >= 0 or filled[order["id"]] == 0, "accepted, and loses"
                assert surplus <= 0 or filled[order["id"]] == order["quantity_wh"], "left over, and would gain"
        assert solution["payment_neur"] - solution["revenue_neur"] == sum(area["fees_neur"] for area in areas.values())
    assert congested > 30, "were the limits too wide, this would show nothing"


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """The tables of the example's run."""
    folder = cli.simulate(tmp_path_factory.mktemp("limits") / "run", EXAMPLE)
    with duckdb.connect() as connection:
        for table in ("areas", "trades", "clearings", "orders"):
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
        yield connection


def rows(database, sql):
    return database.execute(sql).fetchall()


def test_all_products_together_stay_within_the_line(database):
    export_wh, import_wh = 12_000 * SLOT_H, 25_000 * SLOT_H
    nets = rows(database, """
        SELECT slot_start, sum(sold_wh - bought_wh) AS net, count(DISTINCT product) FROM areas
        WHERE area = 'village' GROUP BY slot_start
    """)
    assert all(-import_wh <= net <= export_wh for _, net, _ in nets)
    assert max(net for _, net, _ in nets) == export_wh, "at noon the line is full"
    assert any(0 < net < export_wh for _, net, _ in nets), "in the evening it has room"
    assert {products for *_, products in nets} >= {2}, "slots are traded a day ahead, and again"


def test_trades_pay_the_prices_of_the_areas_and_the_grid_the_difference(database):
    wrong = rows(database, """
        WITH prices AS (SELECT time, product, slot_start, list(price_ueur_per_kwh) AS prices FROM areas GROUP BY ALL)
        FROM trades JOIN prices USING (time, product, slot_start)
        WHERE fee_ueur_per_kwh < 0 OR NOT list_contains(prices, price_ueur_per_kwh)
           OR NOT list_contains(prices, price_ueur_per_kwh + fee_ueur_per_kwh)
    """)
    assert wrong == []
    sums = rows(database, """
        SELECT (SELECT sum(fees_neur::HUGEINT) FROM areas), (SELECT sum(fees_neur::HUGEINT) FROM clearings),
               (SELECT sum(energy_wh::HUGEINT * fee_ueur_per_kwh) FROM trades)
    """)[0]
    assert len(set(sums)) == 1 and sums[0] > 0
    least = rows(database, "SELECT min(fees_neur - 5000 * abs(sold_wh - bought_wh)) FROM areas WHERE area = 'village'")[0][0]
    assert least >= 0, "every crossing pays the fee of 5 EUR/MWh at least"
    free, congested = rows(database, """
        SELECT count(*) FILTER (n.price_ueur_per_kwh = v.price_ueur_per_kwh + 5000),
               count(*) FILTER (n.price_ueur_per_kwh > v.price_ueur_per_kwh + 5000)
        FROM areas v JOIN areas n USING (time, product, slot_start)
        WHERE v.area = 'village' AND n.area = 'network' AND v.sold_wh > v.bought_wh
    """)[0]
    assert free > 0 and congested > 0, "behind the full line energy is cheaper by more than the fee"


def test_nobody_trades_beyond_its_limit(database):
    wrong = rows(database, """
        WITH bids AS (SELECT product, slot_start, participant, max(limit_ueur_per_kwh) AS most FROM orders WHERE side = 'bid' GROUP BY ALL),
             offers AS (SELECT product, slot_start, participant, min(limit_ueur_per_kwh) AS least FROM orders WHERE side = 'offer' GROUP BY ALL)
        FROM trades t JOIN bids b ON (t.product, t.slot_start, t.buyer) = (b.product, b.slot_start, b.participant)
        JOIN offers o ON (t.product, t.slot_start, t.seller) = (o.product, o.slot_start, o.participant)
        WHERE price_ueur_per_kwh + fee_ueur_per_kwh > most OR price_ueur_per_kwh < least
    """)
    assert wrong == []
