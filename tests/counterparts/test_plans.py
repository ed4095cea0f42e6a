"""Plan against actual in a planned run: tables that fit together, scores added up again by DuckDB, and the page that shows them."""

import cli
import duckdb
import pytest
from test_report import assert_whole, browser, open_report  # noqa: F401

EXAMPLE = cli.ROOT / "examples" / "schedule.toml"
TABLES = ("assets", "events", "kpis", "plans", "schedules", "forecasts", "plan_slots", "plan_days", "forecast_scores")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The example's run, planned at every slot, so that the forecasts that were scored are all there."""
    how = ["--duration", "4d", "--set", 'schedule.replan="every-slot"']
    return cli.simulate(tmp_path_factory.mktemp("plans") / "run", EXAMPLE, *how)


@pytest.fixture(scope="module")
def database(folder):
    with duckdb.connect() as connection:
        for table in TABLES:
            connection.execute(f"CREATE VIEW {table} AS FROM '{folder / table}.parquet'")
        yield connection


def rows(database, sql):
    return database.execute(sql).fetchall()


def figure(database, name):
    return rows(database, f'SELECT "{name}" FROM kpis')[0][0]


# The forecaster tests itself in slots whose number since 1970 is a multiple of eleven.
SCORED = """
    SELECT f.*, s.rest_kw AS came_kw, before.rest_kw AS last_kw, f.expected_kw - s.rest_kw AS error_kw
    FROM forecasts f JOIN plan_slots s USING (slot_start) JOIN plan_slots before ON before.slot_end = f.time
    WHERE epoch_ms(f.time) // 900000 % 11 = 0
"""


@pytest.mark.parametrize("lead_min", [15, 30])
def test_scores_are_those_of_the_forecasts_against_what_came(database, lead_min):
    expected = rows(database, f"""
        SELECT day.time, count(*), avg(abs(error_kw)), sqrt(avg(error_kw ** 2)), avg(error_kw),
               1 - sum(abs(error_kw)) / sum(abs(last_kw - came_kw)), avg((came_kw BETWEEN q10_kw AND q90_kw)::INT)
        FROM (SELECT DISTINCT time FROM forecast_scores) day JOIN ({SCORED}) f ON f.slot_end <= day.time
        WHERE horizon_min = {lead_min - 15} GROUP BY day.time ORDER BY day.time
    """)
    found = rows(database, f"""
        SELECT time, outcomes, mae_kw, rmse_kw, bias_kw, skill_persistence_share, coverage_80_share
        FROM forecast_scores WHERE lead_to_min = {lead_min} AND lead_from_min = {lead_min} ORDER BY time
    """)
    assert len(found) >= 3 and [row[0] for row in found] == [row[0] for row in expected]
    for theirs, ours in zip(expected, found, strict=True):
        assert ours[1:] == pytest.approx(theirs[1:], rel=1e-9, abs=1e-9)


def test_key_figures_are_those_of_the_tables(database):
    assert figure(database, "plans_count") == rows(database, "SELECT count(*) FROM plans")[0][0] > 300
    cost, best, regret = rows(database, "SELECT sum(cost_eur), sum(best_eur), sum(regret_eur) FROM plan_days")[0]
    assert figure(database, "plan_cost_eur") == pytest.approx(cost, abs=2e-6)
    assert figure(database, "plan_best_eur") == pytest.approx(best, abs=2e-6)
    assert figure(database, "plan_regret_eur") == pytest.approx(regret, abs=2e-6)
    events = rows(database, "SELECT count(*) FROM events WHERE code = 'plan_not_followed'")[0][0]
    assert figure(database, "plan_not_followed_count") == events
    last = "FROM forecast_scores WHERE time = (SELECT max(time) FROM forecast_scores) AND"
    for name, minutes in [("next_slot", 15), ("hour_ahead", 60), ("day_ahead", 1440)]:
        mae, skill = rows(database, f"SELECT mae_kw, skill_persistence_share {last} lead_to_min = {minutes}")[0]
        assert figure(database, f"forecast_mae_{name}_kw") == pytest.approx(mae, abs=5e-4)
        assert figure(database, f"forecast_skill_{name}_share") == pytest.approx(skill, abs=5e-7)


def test_what_storage_took_is_what_batteries_show_and_fans_are_in_order(database):
    wrong = rows(database, """
        SELECT slot_start, storing_kw, sum(power_kw) AS shown_kw
        FROM plan_slots JOIN assets ON assets.time = slot_start WHERE kind = 'battery'
        GROUP BY ALL HAVING abs(storing_kw - shown_kw) > 0.05
    """)
    assert wrong == []
    assert rows(database, "FROM forecasts WHERE NOT (q05_kw <= q10_kw AND q10_kw <= q50_kw AND q50_kw <= q90_kw AND q90_kw <= q95_kw)") == []
    assert rows(database, "FROM forecasts WHERE horizon_min < 0 OR epoch_ms(slot_start - time) <> horizon_min * 60000") == []


def test_the_report_draws_plans_and_forecasts(folder, open_report):  # noqa: F811
    report = open_report(folder)
    assert_whole(report)
    section = report.page.locator("section", has=report.page.locator("h2", has_text="Plans and forecasts"))
    titles = section.locator("figcaption").all_text_contents()
    for title in ["What was expected at", "Storage by plan, and as it was", "Regret by day"]:
        assert any(words.startswith(title) for words in titles), titles
    assert section.locator("tbody tr").count() == 8
    assert len(report.data["plans"]["fans"]) in (1, 2)


def test_a_run_without_plans_has_no_such_section(two_days, open_report, tmp_path):  # noqa: F811
    report = open_report(two_days, "--out", tmp_path / "report.html")
    assert report.data["plans"] is None
    assert report.page.locator("h2", has_text="Plans and forecasts").count() == 0
