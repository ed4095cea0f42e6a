"""Reserve, flexibility, invoices and areas in reports: they are there where a run has them, and show what DuckDB finds."""

import re

import cli
import duckdb
import pytest
from test_report import assert_whole, browser, open_report  # noqa: F401

SECTIONS = {"reserve": "Reserve", "flexibility": "Flexibility market", "invoices": "Invoices"}


def simulated(tmp_path_factory, name, *how):
    return cli.simulate(tmp_path_factory.mktemp(name) / "run", cli.ROOT / "examples" / f"{name}.toml", *how)


@pytest.fixture(scope="module")
def reserve(tmp_path_factory):
    return simulated(tmp_path_factory, "reserve")


@pytest.fixture(scope="module")
def flexibility(tmp_path_factory):
    return simulated(tmp_path_factory, "flexibility", "--duration", "3d")


@pytest.fixture(scope="module")
def contracts(tmp_path_factory):
    return simulated(tmp_path_factory, "contracts")


@pytest.fixture(scope="module")
def areas(tmp_path_factory):
    return simulated(tmp_path_factory, "areas", "--duration", "1d")


def rows(folder, sql):
    """What DuckDB finds in the tables of a folder, each in braces."""
    with duckdb.connect() as connection:
        return connection.execute(re.sub(r"\{(\w+)\}", rf"'{folder}/\1.parquet'", sql)).fetchall()


def section(report, title):
    return report.page.locator("section", has=report.page.locator("h2", has_text=re.compile(f"^{title}$")))


def cells(place, caption):
    """The rows of the table with this caption, as numbers where they are."""
    table = place.locator("table", has=place.page.locator("caption", has_text=re.compile(f"^{caption}")))

    def value(text):
        text = text.replace(",", "").replace("−", "-").removesuffix(" %")
        try:
            return float(text)
        except ValueError:
            return text

    return [[value(cell.text_content()) for cell in row.locator("th, td").all()] for row in table.locator("tbody tr").all()]


def assert_fits_on_paper(report):
    """No table reaches beyond an A4 page without its margins, in CSS pixels."""
    report.page.set_viewport_size({"width": 703, "height": 1000})
    report.page.emulate_media(media="print")
    wide = report.page.eval_on_selector_all("table", "all => all.map(one => [one.caption?.textContent, one.scrollWidth]).filter(([, width]) => width > 703)")
    report.page.emulate_media(media="screen")
    assert wide == []


def test_a_section_is_there_where_a_run_has_rows_and_not_where_it_has_none(reserve, flexibility, contracts, open_report):  # noqa: F811
    for folder, expected in [(reserve, {"reserve", "invoices"}), (flexibility, {"flexibility", "invoices"}), (contracts, {"invoices"})]:
        report = open_report(folder)
        assert_whole(report)
        assert {name for name, title in SECTIONS.items() if section(report, title).count()} == expected
        assert {name for name in SECTIONS if report.data[name] is not None} == expected
        assert_fits_on_paper(report)


def test_reserve_is_what_was_offered_accepted_called_delivered_and_paid(reserve, open_report):  # noqa: F811
    report = open_report(reserve)
    place = section(report, "Reserve")
    sums = """
        count(*), count(*) FILTER (accepted_kw > 0), sum(accepted_kw * epoch(window_end - window_start)) / 3600, sum(called_wh) / 1e3,
        sum(delivered_wh) / 1e3, sum(capacity_payment_neur) / 1e9, sum(energy_payment_neur) / 1e9,
        sum(energy_fine_neur + capacity_fine_neur) / 1e9, sum(total_neur) / 1e9
    """
    for caption, column in [("By direction", "direction"), ("By unit", "unit")]:
        expected = {name: of for name, *of in rows(reserve, f"SELECT {column}, {sums} FROM {{reserve}} GROUP BY 1")}
        found = cells(place, caption)
        assert len(found) == len(expected)
        for name, *shown in found:
            share = shown.pop(5)
            theirs = expected[{"upward": "up", "downward": "down"}.get(name, name)]
            assert shown == pytest.approx(theirs, abs=0.051), name
            assert share == ("–" if not theirs[3] else pytest.approx(100 * theirs[4] / theirs[3], abs=0.06))
    assert cells(place, "By unit")[0][0] == "bat_03", "who was fined comes first"
    up = rows(reserve, "SELECT sum(accepted_kw) FROM {reserve} WHERE direction = 'up' GROUP BY window_start ORDER BY window_start")
    assert report.data["reserve"]["directions"][0]["accepted_kw"] == pytest.approx([kw for (kw,) in up], abs=0.01)
    assert place.locator("figcaption").all_text_contents()[0].startswith("Offered and accepted by window")


def test_flexibility_is_what_was_ordered_and_what_it_did_to_the_congestion_point(flexibility, open_report):  # noqa: F811
    report = open_report(flexibility)
    place = section(report, "Flexibility market")
    (shown,) = cells(place, "By aggregator")
    expected = rows(flexibility, """
        SELECT aggregator, -sum(offered_w) / 4e3, -sum(ordered_w) / 4e3, -sum(delivered_w) / 4e3, 100 * sum(delivered_w) / sum(ordered_w),
               sum(payment_neur) / 1e9, sum(penalty_neur) / 1e9 FROM {flexibility} GROUP BY 1
    """)
    assert shown[0] == expected[0][0] and shown[1:] == pytest.approx(expected[0][1:], abs=0.06)
    before, after = rows(flexibility, "SELECT sum(excess_before_w) / 4e3, sum(excess_w) / 4e3 FROM {flexibility}")[0]
    sums = report.data["flexibility"]["sums"]
    assert (sums["excess_before_kwh"], sums["excess_kwh"]) == pytest.approx((before, after), abs=0.01)
    worst = rows(flexibility, "SELECT load_before_w / 1e3 FROM {flexibility} ORDER BY excess_before_w DESC LIMIT 12")
    assert [row[1] for row in cells(place, "ISPs farthest")] == pytest.approx([kw for (kw,) in worst], abs=0.51)
    more = rows(flexibility, "SELECT count(*) - 12 FROM {flexibility}")[0][0]
    assert f"{more} more ISPs in flexibility.parquet" in place.text_content()
    drawn = report.drawing("Load of Le Diamant")
    report.page.select_option("#congestion", "1")
    assert report.drawing("Load of Le Diamant") != drawn and report.complaints == []


def test_invoices_add_up_by_line_and_portfolio(contracts, open_report):  # noqa: F811
    report = open_report(contracts)
    place = section(report, "Invoices")
    of = "{invoices} JOIN (SELECT DISTINCT site, portfolio FROM {participants} WHERE site IS NOT NULL) USING (site)"
    for index, group in enumerate(report.data["invoices"]["groups"]):
        report.page.select_option("#invoiced", str(index))
        sums = "sum(net_neur) / 1e9, sum(tax_neur) / 1e9, sum(total_neur) / 1e9"
        whose = f"FROM {of} WHERE portfolio = '{group['portfolio']}'"
        expected = rows(contracts, f"SELECT {sums} {whose}")[0]
        *lines, (name, *_, net, tax, total) = cells(place, "What for")
        assert name == "in all" and (net, tax, total) == pytest.approx(expected, abs=0.006)
        by_line = rows(contracts, f"SELECT {sums} {whose} GROUP BY line, side HAVING sum(abs(net_neur)) > 0 ORDER BY 3")
        assert sorted(line[-1] for line in lines) == pytest.approx([total for *_, total in by_line], abs=0.006)
        largest = rows(contracts, f"SELECT site, sum(total_neur) / 1e9 AS eur {whose} GROUP BY site, month ORDER BY abs(eur) DESC LIMIT 15")
        shown = cells(place, "Largest invoices")
        assert [row[0] for row in shown] == [site for site, _ in largest]
        assert [row[-1] for row in shown] == pytest.approx([eur for _, eur in largest], abs=0.006)
    assert_whole(report)


def test_contracts_are_listed_with_what_their_partners_pay(contracts, open_report):  # noqa: F811
    report = open_report(contracts)
    found = {name: (kind, seller, buyer, *paid) for name, kind, seller, buyer, _, *paid in cells(section(report, "Invoices"), "Contracts")}
    paid = dict(rows(contracts, "SELECT site, sum(net_neur) / 1e9 FROM {invoices} WHERE line = 'contract' GROUP BY site"))
    assert set(found) == {"swing", "band", "difference", "floor", "purchase-obligation", "sliding", "premium"}
    for name, (_, seller, buyer, received, owed) in found.items():
        assert received == pytest.approx(-paid[seller], abs=0.006), name
        assert owed == ("–" if buyer == "retailer" else pytest.approx(paid[buyer], abs=0.006)), name


def test_areas_have_prices_and_volumes_of_their_own_and_no_clearing_price_is_made_up(areas, open_report):  # noqa: F811
    report = open_report(areas)
    assert_whole(report)
    assert_fits_on_paper(report)
    market = report.data["market"]
    assert market["is_mean"] and all(curve["is_mean"] for curve in market["curves"] if curve["price_eur_per_mwh"] is not None)
    expected = rows(areas, "SELECT area, sum(volume_wh) / 1e3 FROM {areas} GROUP BY area ORDER BY area")
    assert [(one["area"], pytest.approx(sum(one["volume_kwh"]), abs=0.05)) for one in market["areas"]["drawn"]] == expected
    for curve in market["curves"]:
        prices = rows(areas, f"""
            SELECT area, price_ueur_per_kwh / 1e3 FROM {{areas}}
            WHERE product = 'spot' AND epoch_ms(slot_start) = {curve["start_ms"]} AND price_ueur_per_kwh IS NOT NULL
        """)
        assert curve["areas"] == pytest.approx(dict(prices), abs=0.006)
    words = section(report, "The local market").text_content()
    assert "in the mean" in words and "orders of all 3 areas" in words and "by area" in words
    drawn = report.drawing("Supply and demand")
    assert all(name in drawn for name in market["curves"][0]["areas"]), "prices go by the names of areas"


def test_prices_are_those_that_plans_were_made_for(tmp_path, open_report):  # noqa: F811
    example = cli.ROOT / "examples" / "schedule.toml"
    for prices, words in [("retailer", "Retailer: import, for plans"), ("dso", "DSO: consumption, for plans")]:
        folder = cli.simulate(tmp_path / prices, example, "--duration", "1d", "--set", f'schedule.prices="{prices}"')
        report = open_report(folder)
        assert words in report.drawing("Prices"), prices
        expected = rows(folder, "SELECT import_price_ueur_per_kwh / 1e3 FROM {plan_slots} ORDER BY slot_start")
        found = [price for price in report.data["plans"]["prices"]["import_eur_per_mwh"] if price is not None]
        assert found == pytest.approx([price for (price,) in expected], abs=0.006)


def test_rules_side_by_side_fit_on_paper(tmp_path, open_report):  # noqa: F811
    folder = cli.simulate(tmp_path / "run", cli.ROOT / "examples" / "markets.toml", "--duration", "2d")
    report = open_report(folder)
    assert_whole(report)
    place = section(report, "Rules side by side")
    assert place.locator("tbody tr").count() == 8
    assert place.locator("table").evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")
    assert_fits_on_paper(report)
    # Dots of prices lie over the volumes.
    layers = report.page.evaluate("charts.find(chart => chart.box.ariaLabel?.includes('Volume and mean price')).drawn.getOption().series.map(one => one.z ?? 0)")
    assert layers[1] > layers[0]
