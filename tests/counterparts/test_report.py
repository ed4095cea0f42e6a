"""Reports, opened in a real browser: they draw what the tables say, ask nobody for anything, and print."""

import hashlib
import json
import re
import shutil
import subprocess

import cli
import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import sync_playwright
from scipy import stats

ASSETS = cli.ROOT / "outputs" / "report" / "assets"

# What a report has to show as text, whatever it looks like.
EVIL = '</script><img src="x" onerror="document.title=\'taken\'"> \'quotes\' & "more" <!--'
MISTAKE = "scenario.toml:12: battery.*.capacity_kwh is -3.0 kWh;\nit is at least 0.1 kWh"


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing; install it with: sudo apt-get install chromium"
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=quiet)
        yield browser
        browser.close()


class Opened:
    """A report in a browser without a network, and what it complained of and asked for."""

    def __init__(self, browser, path):
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
        self.page = self.context.new_page()
        self.complaints, self.requests = [], []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready=yes]", state="attached")
        self.data = json.loads(self.page.locator("#data").text_content())

    def charts(self):
        """The number of marks in each chart."""
        return self.page.eval_on_selector_all(
            ".chart", "charts => charts.map(chart => chart.querySelectorAll('svg path, svg rect').length)"
        )

    def drawing(self, title):
        """The chart whose caption begins like this."""
        figure = self.page.locator("figure", has=self.page.locator("figcaption", has_text=re.compile(f"^{title}")))
        return figure.first.locator("svg").inner_html()

    def printed(self, path):
        """The text of each printed page."""
        self.page.pdf(path=path, prefer_css_page_size=True, print_background=True)
        text = subprocess.run(["pdftotext", "-layout", path, "-"], check=True, capture_output=True, text=True).stdout
        return text.split("\f")[:-1]


@pytest.fixture
def open_report(browser):
    opened = []

    def open_it(folder, *options):
        ended = cli.cariflex("report", folder, *options)
        assert ended.code == 0, ended.err
        opened.append(Opened(browser, (cli.ROOT / ended.out.strip()).resolve()))
        return opened[-1]

    yield open_it
    for one in opened:
        one.context.close()


@pytest.fixture(scope="module")
def copy_of_two_days(two_days, tmp_path_factory):
    """A folder of our own, so that nobody else finds a report in theirs."""
    return shutil.copytree(two_days, tmp_path_factory.mktemp("report") / "run")


def assert_whole(report):
    assert report.complaints == []
    assert len(report.requests) == 1, "a report asks for nothing but itself"
    assert all(marks > 3 for marks in report.charts())


def test_the_page_of_a_run_draws_every_chart_and_asks_for_nothing(copy_of_two_days, open_report):
    report = open_report(copy_of_two_days)
    assert_whole(report)
    titles = report.page.locator("figcaption").all_text_contents()
    for title in ["The island", "The assets", "Prices", "Stored energy", "PV plants", "Batteries", "Supply and demand"]:
        assert any(words.startswith(title) for words in titles), title
    assert report.page.locator("[role=img][aria-label]").count() == len(report.charts())
    assert (copy_of_two_days / "report.html").stat().st_size < 2_500_000


def test_another_day_and_another_slot_are_other_charts(copy_of_two_days, open_report):
    report = open_report(copy_of_two_days)
    for choice, title in [("#day", "The assets"), ("#slot", "Supply and demand")]:
        before, chosen = report.drawing(title), report.page.input_value(choice)
        values = [option.get_attribute("value") for option in report.page.locator(f"{choice} option").all()]
        for value in values:
            report.page.select_option(choice, value)
        report.page.select_option(choice, next(value for value in values if value != chosen))
        assert report.drawing(title) != before, choice
    assert report.complaints == []


def test_a_run_shows_the_numbers_of_its_tables(copy_of_two_days, open_report):
    report = open_report(copy_of_two_days)
    row = pq.read_table(copy_of_two_days / "kpis.parquet").to_pylist()[0]
    units = {field.name: (field.metadata or {}).get(b"unit") for field in pq.read_schema(copy_of_two_days / "kpis.parquet")}
    shown = {}
    for cell in report.page.locator("td[data-kpi]").all():
        shown[cell.get_attribute("data-kpi")] = (cell.get_attribute("data-value"), cell.text_content())
    assert set(shown) == {name for name, unit in units.items() if unit} - {"tick_s"}
    for name, (value, text) in shown.items():
        if row[name] is None:
            assert (value, text) == ("", "–")
            continue
        assert float(value) == row[name]
        by, off = (100, 0.005) if units[name] == b"share" else (1, 0.0005)
        assert abs(float(text.replace(",", "").replace("−", "-")) - by * row[name]) <= off * 1.001, name


def test_a_run_draws_the_power_of_its_assets(copy_of_two_days, open_report):
    report = open_report(copy_of_two_days)
    parts = {
        "pv": "-sum(power_kw) FILTER (kind = 'pv')",
        "communes": "sum(power_kw) FILTER (kind = 'load')",
        "battery_charge": "sum(greatest(power_kw, 0)) FILTER (kind = 'battery')",
        "battery_discharge": "-sum(least(power_kw, 0)) FILTER (kind = 'battery')",
        "ev_charge": "sum(greatest(power_kw, 0)) FILTER (kind = 'evse')",
        "battery_stored_kwh": "sum(energy_kwh) FILTER (kind = 'battery')",
    }
    with duckdb.connect() as connection:
        columns = ", ".join(f"{sql} AS {name}" for name, sql in parts.items())
        table = f"'{copy_of_two_days}/assets.parquet'"
        rows = connection.execute(f"SELECT {columns} FROM {table} GROUP BY time ORDER BY time").fetchall()
    flows = report.data["flows"]
    assert len(rows) == report.data["bins"]["count"] == len(flows["pv"])
    for index, name in enumerate(parts):
        theirs = np.array([row[index] for row in rows])
        assert np.abs(np.array(flows[name]) - theirs).max() <= 1e-3 * np.abs(theirs).max() + 1e-9, name


def test_communes_go_by_name_each_on_a_scale_of_its_own(copy_of_two_days, open_report):
    report = open_report(copy_of_two_days)
    participants = pq.read_table(copy_of_two_days / "participants.parquet").to_pylist()
    commune = {row["participant"]: row["commune"] for row in participants if row["kind"] == "load"}
    shown = next(group for group in report.data["assets"]["groups"] if group["group"] == "commune")["assets"]
    assert len(shown) == 12 and [one["name"] for one in shown] == [commune[one["id"]] for one in shown]
    drawn = report.drawing("Communes")
    assert all(one["name"] in drawn and one["id"] not in drawn for one in shown)
    tops = report.page.evaluate("charts.find(chart => chart.box.ariaLabel?.startsWith('Communes')).drawn.getOption().yAxis.map(axis => axis.max)")
    assert len(set(tops[::2])) > 6, "a scale each"


def test_a_pointer_on_a_day_is_told_the_time_as_a_clock_shows_it(copy_of_two_days, open_report):
    report = open_report(copy_of_two_days)
    chart = report.page.locator("figure", has_text="Stored energy").locator(".chart").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    report.page.mouse.move(box["x"] + 62 + (box["width"] - 78) * 10.5 / 24, box["y"] + 100)
    report.page.locator(".chart > div", has_text=re.compile(r"^10:\d\d")).first.wait_for(state="attached")
    assert report.complaints == []


@pytest.mark.parametrize("of", ["copy_of_two_days", "sweep"])
def test_a_page_is_as_wide_as_a_phone(of, request, open_report):
    report = open_report(request.getfixturevalue(of))
    report.page.set_viewport_size({"width": 420, "height": 900})
    report.page.evaluate("onScreen()")
    assert report.page.evaluate("document.documentElement.scrollWidth") <= 420


def test_a_run_prints(copy_of_two_days, open_report, tmp_path):
    report = open_report(copy_of_two_days)
    pages = report.printed(tmp_path / "run.pdf")
    assert 5 <= len(pages) <= 20
    text = "\n".join(pages)
    for words in ["martinique", "A day", "The whole run", "Asset by asset", "The local market", "Key figures", "Parameters"]:
        assert words in text, words
    # What is folded on the screen lies open on paper.
    assert "cycle_life = 6000" in text
    assert all(page.strip() for page in pages)
    assert_whole(report)


def test_a_run_of_key_figures_says_how_to_get_more(tmp_path, open_report):
    folder = cli.simulate(tmp_path / "run", "--duration", "1d", "--record", "kpis")
    report = open_report(folder)
    assert_whole(report)
    assert report.charts() == []
    text = report.page.locator("main").text_content()
    assert "--record hourly" in text and "PV production" in text


def test_what_a_scenario_says_is_text_whatever_it_says(tmp_path, open_report):
    scenario = tmp_path / "evil.toml"
    text = f'version = 2\nextends = "martinique"\nname = "evil"\nabout = {json.dumps(EVIL)}\n'
    scenario.write_text(text, encoding="utf-8")
    folder = cli.simulate(tmp_path / "run", scenario, "--duration", "6h")
    # Names of scenarios are plain words; those in a file need not be.
    head = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps(head | {"name": EVIL}), encoding="utf-8")
    report = open_report(folder)
    assert_whole(report)
    assert report.page.locator("h1").text_content() == EVIL
    assert report.page.locator(".about").text_content() == EVIL
    assert report.page.title() == f"Run {EVIL}"
    assert report.page.locator("img").count() == 0


# Sweeps -------------------------------------------------------------------------------------------------------------

POINTS, SEEDS, FAILED = 40, [1, 2, 3], {7, 50}
RULES = [EVIL, "self-consumption", "price-threshold"]


CASES = [
    {"name": rule, "set": [["ems.batteries.rule", rule], ["retailer.peak_eur_per_mwh", 230]]} for rule in RULES
]
CASES[0]["set"][0][1], CASES[1]["set"] = "self-consumption", CASES[1]["set"][:1]
SCENARIO = {
    "extends": "martinique", "name": "base", "about": "not said twice", "version": 2, "place": {"zone": "UTC"},
    "battery": {"one": {"capacity_kwh": 100, "power_kw": 50}, "two": {"capacity_kwh": 120, "power_kw": 50}},
    "ems": {"batteries": {"rule": "off"}, "vehicles": {"rule": "off"}},
}


def field(name, type_, **metadata):
    return pa.field(name, type_, metadata=metadata)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A sweep of three axes and three seeds, in which two runs failed."""
    folder = tmp_path_factory.mktemp("sweep")
    rng = np.random.default_rng(4)
    points = [(float(capacity), RULES[rng.integers(3)], 10.0 + 10 * rng.integers(3)) for capacity in rng.uniform(10, 200, POINTS)]
    runs = [(point, replicate, seed) for point in range(POINTS) for replicate, seed in enumerate(SEEDS)]
    complete = [run for index, run in enumerate(runs) if index not in FAILED]
    capacity = np.array([points[point][0] for point, *_ in complete])
    rule = [points[point][1] for point, *_ in complete]
    noise = rng.normal(size=len(complete))
    kpis = {
        "cariflex_cost_eur": ("EUR", "cariflex: cost of energy", 900 - capacity + 5 * noise),
        "island_co2_kg": ("kg", "island: CO₂, life cycle, of imports", 1e6 + 1e4 * np.array([RULES.index(of) for of in rule]) + 9e3 * noise),
        "events_count": ("count", "events", np.full(len(complete), 3.0)),
    }

    def columns(of):
        return {
            field("run", pa.string()): [f"r{point:03}{seed}" for point, _, seed in of],
            field("point", pa.uint64()): [point for point, *_ in of],
            field("replicate", pa.uint64()): [replicate for _, replicate, _ in of],
            field("seed", pa.uint64()): [seed for *_, seed in of],
        }

    def axes(of):
        said = {"role": "parameter", "description": EVIL}
        return {
            field("capacity_kwh", pa.float64(), keys="battery.*.capacity_kwh", unit="kWh", **said): [points[p][0] for p, *_ in of],
            field("rule", pa.string(), keys="ems.batteries.rule", **said): [points[p][1] for p, *_ in of],
            field("tilt_deg", pa.float64(), keys="pv.*.tilt_deg", unit="whole number", **said): [points[p][2] for p, *_ in of],
        }

    def write(name, of):
        pq.write_table(pa.Table.from_arrays([pa.array(v, f.type) for f, v in of.items()], schema=pa.schema(list(of))), folder / name)

    write("points.parquet", columns(runs) | axes(runs))
    figures = {field(name, pa.float64(), unit=unit, description=label): values for name, (unit, label, values) in kpis.items()}
    write("kpis.parquet", columns(complete) | axes(complete) | figures)
    failed = [index in FAILED for index in range(len(runs))]
    how = {
        field("status", pa.string()): ["failed" if bad else "complete" for bad in failed],
        field("error", pa.string()): [MISTAKE if bad else None for bad in failed],
        field("wall_s", pa.float64()): [0.25 + index for index in range(len(runs))],
    }
    write("runs.parquet", columns(runs) | how)
    head = {
        "format": "cariflex-sweep", "schema_version": 1, "name": EVIL, "about": "what batteries do", "engine": "0.1.0+0",
        "method": "lhs", "points": POINTS, "seeds": SEEDS, "runs": len(runs), "record": "kpis", "kpis": ["*_eur", "*_kg"],
        "axes": [
            {"name": "capacity_kwh", "keys": ["battery.*.capacity_kwh"], "unit": "kWh", "description": "each"},
            {"name": "rule", "keys": ["ems.batteries.rule", "retailer.peak_eur_per_mwh"], "unit": "", "description": "", "cases": CASES},
        ],
        "inputs": [], "scenario": SCENARIO,
    }
    (folder / "sweep.json").write_text(json.dumps(head), encoding="utf-8")
    return folder


def test_the_page_of_a_sweep_counts_its_runs_and_tells_what_failed(sweep, open_report):
    report = open_report(sweep)
    assert_whole(report)
    assert report.page.locator("h1").text_content() == EVIL
    assert report.page.locator("img").count() == 0
    cards = dict(report.page.eval_on_selector_all(".large li", "all => all.map(li => [li.children[0].textContent, li.children[1].textContent])"))
    assert (cards["Points"], cards["Seeds"], cards["Runs complete"], cards["Failed"], cards["Missing"]) == ("40", "3", "118 of 120", "2", "0")
    assert report.page.locator("td.error").all_text_contents() == [MISTAKE] * len(FAILED)


def test_what_a_pointer_finds_is_text_too(sweep, open_report):
    report = open_report(sweep)
    for chart in report.page.locator(".chart").all():
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        for x in range(70, int(box["width"]) - 20, 25):
            for y in range(60, int(box["height"]) - 50, 40):
                report.page.mouse.move(box["x"] + x, box["y"] + y)
    assert report.page.locator("img").count() == 0
    assert report.page.title() == f"Sweep {EVIL}"
    assert report.complaints == []


def test_a_sweep_tells_what_follows_what_as_scipy_does(sweep, open_report):
    report = open_report(sweep)
    rows = pq.read_table(sweep / "kpis.parquet").to_pandas()
    for kpi in report.data["kpis"][:2]:
        values = rows[kpi["name"]]
        rank = stats.spearmanr(rows["capacity_kwh"], values).statistic
        groups = [values[rows["rule"] == rule] for rule in RULES]
        f, (k, n) = stats.f_oneway(*groups).statistic, (len(groups), len(values))
        assert kpi["follows"][:2] == pytest.approx([rank, f * (k - 1) / (f * (k - 1) + n - k)], abs=6e-4)
        by_point = values.groupby(rows["point"])
        within = (by_point.var(ddof=1) * (by_point.size() - 1)).sum() / (n - POINTS)
        assert kpi["noise"]["seeds"] == pytest.approx(np.sqrt(within), rel=1e-3)
        assert kpi["median"] == pytest.approx(np.median(values), rel=1e-5)
    # What never changes is told apart rather than drawn.
    assert report.page.locator("#still").text_content() == "The same in every run: 1 key figureevents = 3"


def partial_rank(rows, name, other, values):
    """Correlation of the ranks of one axis and of values, less what an intercept, another axis and cases explain."""
    cases = [rows["rule"] == rule for rule in RULES[1:]]
    beside = np.column_stack([np.ones(len(rows)), stats.rankdata(rows[other]), *cases]).astype(float)
    left = [ranks - beside @ np.linalg.lstsq(beside, ranks, rcond=None)[0] for ranks in map(stats.rankdata, (rows[name], values))]
    r, freedom = np.corrcoef(*left)[0, 1], len(rows) - 2 - (beside.shape[1] - 1)
    return r, 2 * stats.t.sf(abs(r) * np.sqrt(freedom / (1 - r * r)), freedom)


def test_partial_rank_correlations_are_those_of_least_squares(sweep, open_report):
    report = open_report(sweep)
    rows = pq.read_table(sweep / "kpis.parquet").to_pandas()
    cells = {}
    for row in report.page.locator("#matrix tbody tr").all():
        cells[row.locator("th").text_content()] = [(td.text_content(), td.get_attribute("class")) for td in row.locator("td").all()]
    for kpi in report.data["kpis"][:2]:
        correlations = []
        for place, (name, other) in enumerate([("capacity_kwh", "tilt_deg"), ("tilt_deg", "capacity_kwh")]):
            r, chance = partial_rank(rows, name, other, rows[kpi["name"]])
            assert kpi["partial"][2 * place] == pytest.approx(r, abs=6e-4)
            assert kpi["partial_surely"][2 * place] == (chance < 0.05)
            rank = stats.spearmanr(rows[name], rows[kpi["name"]])
            assert kpi["follows_surely"][2 * place] == (rank.pvalue < 0.05)
            correlations += [(rank.statistic, rank.pvalue), (r, chance)]
        assert kpi["partial"][1] is None, "cases have no ranks"
        groups = [rows[kpi["name"]][rows["rule"] == rule] for rule in RULES]
        correlations.insert(2, (kpi["follows"][1], stats.f_oneway(*groups).pvalue))
        for (text, weak), (value, chance) in zip(cells[kpi["label"]], correlations, strict=True):
            assert float(text.replace("−", "-")) == pytest.approx(value, abs=6e-3)
            assert (weak == "weak") == (chance >= 0.05), "grey is what chance makes as well"
    words = report.page.locator("section", has=report.page.locator("#matrix")).text_content()
    assert all(word in words for word in ["Sensitivity", "rank corr.", "partial rank corr.", "η²", "not significant at 5 %"])


def test_of_few_runs_no_correlation_is_told(sweep, open_report, tmp_path):
    few = shutil.copytree(sweep, tmp_path / "few", ignore=shutil.ignore_patterns("report.html"))
    for name in ["kpis.parquet", "runs.parquet", "points.parquet"]:
        pq.write_table(pq.read_table(few / name).slice(0, 6), few / name)
    report = open_report(few)
    assert report.page.locator("#matrix").count() == 0
    assert "6 complete runs are too few" in report.page.locator("#few").text_content()


def test_any_two_axes_are_laid_over_each_other(sweep, open_report):
    report = open_report(sweep)
    kpi = report.data["kpis"][report.data["main"][0]]
    strong = [value if axis["cases"] else (partial or 0) ** 2 for axis, value, partial in zip(report.data["axes"], kpi["follows"], kpi["partial"], strict=True)]
    strongest = sorted(sorted(range(3), key=lambda axis: -strong[axis])[:2])
    assert [int(report.page.input_value(f"#axis-{side}")) for side in "xy"] == strongest
    marks = lambda: report.page.locator("#interaction svg").inner_html()  # noqa: E731
    before = marks()
    report.page.select_option("#axis-x", "1")
    report.page.select_option("#axis-y", "2")
    after = marks()
    assert before != after and all(of in report.page.locator("#interaction").text_content() for of in ["rule", "tilt_deg"])
    rows = pq.read_table(sweep / "kpis.parquet").to_pandas()
    values = rows[kpi["name"]][(rows["rule"] == "price-threshold") & (rows["tilt_deg"] == 20)]
    assert report.page.evaluate("charts.find(chart => chart.box.closest('#interaction')).drawn.getOption().series[0].data.find(({ value: [x, y] }) => x === 2 && y === 1).value") == pytest.approx(
        [2, 1, values.mean() / (1e3 if kpi["unit"] == "kg" else 1), len(values)], rel=1e-3
    )
    report.page.select_option("#kpi", str(report.data["main"][1]))
    assert marks() != after, "another key figure, the same axes"
    assert [report.page.input_value(f"#axis-{side}") for side in "xy"] == ["1", "2"]
    assert_whole(report)


def test_what_varies_tells_what_each_case_sets_in_the_order_of_the_file(sweep, open_report):
    report = open_report(sweep)
    assert report.data["axes"][1]["cases"] == RULES
    rows = report.page.locator(".cases tbody tr").all()
    shown = [[cell.text_content() for cell in row.locator("th, td").all()] for row in rows]
    assert shown == [[EVIL, "self-consumption", "230"], [RULES[1], "self-consumption", "–"], [RULES[2], "price-threshold", "230"]]
    head = report.page.locator(".cases thead th").all_text_contents()
    assert head == ["case", "ems.batteries.rule", "retailer.peak_eur_per_mwh"]


def test_parameters_of_a_sweep_are_its_base_and_say_what_varies(sweep, open_report):
    report = open_report(sweep)
    section = report.page.locator("section", has=report.page.locator("h2", has_text="Parameters"))
    text = section.text_content()
    assert "defaults included" not in text and "[set]" in text and "[place]1 parameter" in text
    items = section.locator("li").all_text_contents()
    assert "capacity_kwh = varies" in items and "power_kw = 50" in items 
    assert "rule = varies (batteries); off (vehicles)" in items and "peak_eur_per_mwh = varies" in items
    assert section.locator("dt").all_text_contents() == [], "what the head says is not said again"


def test_another_key_figure_is_another_chart(sweep, open_report):
    report = open_report(sweep)
    before = report.drawing("Distribution"), report.drawing("capacity_kwh")
    report.page.select_option("#kpi", "1")
    after = report.drawing("Distribution"), report.drawing("capacity_kwh")
    assert before[0] != after[0] and before[1] != after[1]
    trade = report.drawing("island")
    report.page.select_option("#trade-y", "0")
    report.page.select_option("#trade-x", "1")
    assert report.drawing("cariflex: cost of energy against") != trade
    assert_whole(report)


def test_a_sweep_prints_its_main_figures_one_after_the_other(sweep, open_report, tmp_path):
    report = open_report(sweep)
    text = "\n".join(report.printed(tmp_path / "sweep.pdf"))
    for words in ["Points with the highest and the lowest cariflex: cost", "Points with the highest and the lowest island: CO₂"]:
        assert words in text, words
    assert "capacity_kwh is -3.0 kWh" in text
    assert_whole(report)


SWEEP = """
version = 1
name = "under-way"
base = "martinique"
method = "grid"
replicates = 5
[set]
"run.duration" = "1d"
"run.record" = "kpis"
[[axis]]
name = "capacity_kwh"
key = "battery.*.capacity_kwh"
values = [50, 100, 150, 200]
"""


def test_a_sweep_under_way_is_drawn_from_the_runs_that_have_ended(tmp_path, open_report):
    (tmp_path / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    ended = cli.cariflex("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "place", "--shard", "1/2")
    assert ended.code == 0 and not (tmp_path / "place" / "kpis.parquet").exists(), ended.err
    report = open_report(tmp_path / "place")
    assert_whole(report)
    assert (report.data["head"]["complete"], report.data["head"]["missing"]) == (10, 10)


def test_the_report_of_a_sweep_shows_what_its_tables_hold(tmp_path, open_report):
    (tmp_path / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    ended = cli.cariflex("sweep", tmp_path / "sweep.toml", "--out", tmp_path / "place")
    assert ended.code == 0, ended.err
    report = open_report(tmp_path / "place")
    assert_whole(report)
    kpis = pq.read_table(tmp_path / "place" / "kpis.parquet")
    names = kpis.schema.names[kpis.schema.names.index("tick_s") + 1 :]
    assert [kpi["name"] for kpi in report.data["kpis"]] == names
    assert report.data["runs"]["run"] == kpis["run"].to_pylist()
    assert report.data["axes"][0]["unit"] == "kWh"


# Refusals -----------------------------------------------------------------------------------------------------------


def test_a_folder_of_others_is_refused_and_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    for folder in [tmp_path, tmp_path / "nowhere", tmp_path / "notes.txt"]:
        ended = cli.cariflex("report", folder)
        assert ended.code == 2 and str(folder) in ended.err and "cariflex sweep" in ended.err, ended
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_report_goes_where_it_is_asked_to_or_leaves_nothing_behind(copy_of_two_days, tmp_path):
    there = cli.cariflex("report", copy_of_two_days, "--out", tmp_path / "page.html")
    assert (there.code, there.out.strip()) == (0, str(tmp_path / "page.html"))
    nowhere = cli.cariflex("report", copy_of_two_days, "--out", tmp_path / "no" / "page.html")
    assert nowhere.code == 1 and "--out" in nowhere.err
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_broken_table_is_an_error_that_names_it(copy_of_two_days, tmp_path):
    folder = shutil.copytree(copy_of_two_days, tmp_path / "run", ignore=shutil.ignore_patterns("report.html"))
    (folder / "assets.parquet").write_bytes(b"PAR1 and no more")
    ended = cli.cariflex("report", folder)
    assert ended.code == 1 and "assets.parquet" in ended.err
    assert not (folder / "report.html").exists()


def test_the_library_is_the_one_its_readme_names():
    said = re.search(r"`echarts\.min\.js` \| `([0-9a-f]{64})`", (ASSETS / "README.md").read_text(encoding="utf-8"))
    assert hashlib.sha256((ASSETS / "echarts.min.js").read_bytes()).hexdigest() == said[1]


def test_a_file_that_is_no_report_is_never_replaced(two_days, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("mine", encoding="utf-8")
    ended = cli.cariflex("report", two_days, "--out", notes)
    assert ended.code == 2 and "no page of HTML" in ended.err and notes.read_text(encoding="utf-8") == "mine"
