"""`cariflex clear` against what others find: golden results of five market tools, an LP solved by HiGHS, and readers and
writers of Parquet that are not ours."""

import csv
import json
import random
import resource
from collections import defaultdict
from datetime import datetime, timedelta, timezone

import cli
import duckdb
import highspy
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cli import ROOT

GOLDEN = ROOT / "tests" / "golden" / "market"
BOOKS = GOLDEN / "books.json"

# A golden file is in hundredths of a cent per kWh.
UEUR = 100

# The file of golden results, and what gives them.
MECHANISMS = {
    "uniform_mid_truncated": "uniform-mid-truncated",
    "uniform_mid_rounded": "uniform-mid-rounded",
    "uniform_last_ask": "uniform-last-ask",
    "uniform_last_bid": "uniform-last-bid",
    "discriminatory_half": "discriminatory k=0.5",
    "pay_as_ask": "pay-as-ask",
    "pay_as_bid": "pay-as-bid",
    "max_volume_pay_as_bid": "max-volume-pay-as-bid",
    "uniform_mid_truncated_with_premium": "premium uniform-mid-truncated",
    "quality_priority_high_to_low": "quality-high-to-low uniform-mid-truncated",
    "quality_priority_low_to_high": "quality-low-to-high uniform-mid-truncated",
    "quality_separate": "quality-separate uniform-mid-truncated",
}


def clear(*args, **options):
    """The document of books that must clear."""
    ended = cli.cariflex("clear", *args, "--json", **options)
    assert ended.code == 0, ended.err
    return json.loads(ended.out)


def clearings(document):
    """Book by book, the clearings by mechanism."""
    return {book["book"]: {each["mechanism"]: each for each in book["clearings"]} for book in document["books"]}


@pytest.fixture(scope="module")
def golden():
    """All golden books under all mechanisms."""
    options = [word for name in MECHANISMS.values() for word in ("--mechanism", name)]
    document = clear(BOOKS, *options)
    return dict(zip(MECHANISMS, document["mechanisms"], strict=True)), clearings(document)


def pairs(trades, quantity, price, unit):
    """What each pair of orders trades, and for how much."""
    sums = defaultdict(lambda: [0, 0])
    for trade in trades:
        total = sums[trade["bid"], trade["offer"]]
        total[0] += trade[quantity]
        total[1] += trade[quantity] * trade[price] * unit
    return dict(sums)


@pytest.mark.parametrize("file", MECHANISMS)
def test_golden_books_clear_as_the_reference_tools_cleared_them(golden, file):
    mechanisms, cleared = golden
    cases = json.loads((GOLDEN / f"{file}.json").read_text(encoding="utf-8"))["cases"]
    assert len(cases) >= 22
    for case in cases:
        ours, expected, name = cleared[case["book"]][mechanisms[file]], case["expected"], case["book"]
        assert ours["volume_wh"] == expected["volume_wh"], name
        if "price" in expected:
            price = expected["price"]
            assert ours["price_ueur_per_kwh"] == (None if price is None else price * UEUR), name
        if "total_payment" in expected:
            assert ours["payment_neur"] == expected["total_payment"] * UEUR, name
        for level in expected.get("levels", []):
            told = [note for note in ours["notes"] if note["kind"] == "level" and note["quality"] == level["quality"]]
            assert sum(note["volume_wh"] for note in told) == level["volume_wh"], name
            if level.get("price_uniform") is not None and told:
                assert [note["price_ueur_per_kwh"] for note in told] == [level["price_uniform"] * UEUR], name
        if not case["tie_ambiguous"] and expected.get("trades"):
            column = "price" if "price" in expected["trades"][0] else "price_uniform"
            theirs = pairs(expected["trades"], "qty_wh", column, UEUR)
            assert pairs(ours["trades"], "energy_wh", "price_ueur_per_kwh", 1) == theirs, name
        if not case["tie_ambiguous"] and "orders" in expected:
            filled = defaultdict(int)
            for trade in ours["trades"]:
                filled[trade["bid"]] += trade["energy_wh"]
                filled[trade["offer"]] += trade["energy_wh"]
            assert filled == expected["orders"], name


def test_the_welfare_of_golden_books_is_the_optimum_that_assume_found(golden):
    mechanisms, cleared = golden
    for case in json.loads((GOLDEN / "welfare_optimum.json").read_text(encoding="utf-8"))["cases"]:
        ours = cleared[case["book"]][mechanisms["uniform_last_ask"]]
        assert ours["welfare_neur"] == case["expected"]["welfare"] * UEUR, case["book"]


def optimum(bids, offers):
    """Welfare of the best clearing of these (Wh, µEUR/kWh), as a linear program solved by HiGHS."""
    limits = np.array([-limit for _, limit in bids] + [limit for _, limit in offers], dtype=float)
    quantities = np.array([quantity for quantity, _ in bids + offers], dtype=float)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(limits), 1
    # In EUR/MWh and kWh, as solvers like their numbers.
    program.col_cost_ = limits / 1e3
    program.col_lower_, program.col_upper_ = np.zeros(len(limits)), quantities / 1e3
    program.row_lower_, program.row_upper_ = np.zeros(1), np.zeros(1)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.arange(len(limits) + 1)
    program.a_matrix_.index_ = np.zeros(len(limits), dtype=int)
    program.a_matrix_.value_ = np.array([1.0] * len(bids) + [-1.0] * len(offers))
    solver.passModel(program)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return -solver.getInfo().objective_function_value


def drawn(seed):
    """A book of a few hundred orders: negative limits, and so few prices that many tie."""
    draw = random.Random(seed)
    step = draw.choice([1, 1000, 25_000])
    def orders():
        return [(draw.randint(1, 5000), step * (draw.randint(-100_000, 300_000) // step))
                for _ in range(draw.randint(0, 300))]

    return orders(), orders()


def rows(bids, offers):
    """The orders as dictionaries with a side."""
    sides = [("bid", order) for order in bids] + [("offer", order) for order in offers]
    return [
        {"side": side, "id": f"{side}{at}", "agent": f"a{at % 17}", "quantity_wh": quantity, "limit_ueur_per_kwh": limit}
        for at, (side, (quantity, limit)) in enumerate(sides)
    ]


SEEDS = range(20)


@pytest.fixture(scope="module")
def random_books(tmp_path_factory):
    """Random books in one JSON file."""
    books = []
    for seed in SEEDS:
        orders = rows(*drawn(seed))
        sides = {side: [{key: order[key] for key in order if key != "side"} for order in orders if order["side"] == side]
                 for side in ("bid", "offer")}
        books.append({"name": f"book {seed}", "bids": sides["bid"], "offers": sides["offer"]})
    path = tmp_path_factory.mktemp("books") / "random.json"
    path.write_text(json.dumps({"format": "cariflex-books", "version": 1, "books": books}), encoding="utf-8")
    return path


def test_the_welfare_of_random_books_is_that_of_a_linear_program(random_books):
    document = clear(random_books, "--mechanism", "uniform-mid-truncated", "--mechanism", "pay-as-bid")
    for seed, book in zip(SEEDS, document["books"], strict=True):
        best = optimum(*drawn(seed))
        for cleared in book["clearings"]:
            assert cleared["welfare_neur"] / 1e6 == pytest.approx(best, rel=1e-9, abs=1e-6), f"seed {seed}"
            assert cleared["welfare_neur"] == book["optimum_neur"]
            surplus = cleared["buyers_surplus_neur"] + cleared["sellers_surplus_neur"]
            assert surplus == cleared["welfare_neur"]
            assert sum(trade["payment_neur"] for trade in cleared["trades"]) == cleared["payment_neur"]


def by_pandas(path, frame):
    frame.to_parquet(path)


def by_pyarrow(path, frame):
    frame = frame.assign(side=frame["side"].astype("category"), agent=frame["agent"].astype("category"))
    pq.write_table(pa.Table.from_pandas(frame), path, row_group_size=100, compression="zstd")


def by_duckdb(path, frame):
    duckdb.connect().register("frame", frame).sql("select * from frame").write_parquet(str(path))


def as_csv(path, frame):
    frame.to_csv(path, index=False)


@pytest.mark.parametrize("write", [by_pandas, by_pyarrow, by_duckdb, as_csv])
def test_a_book_is_the_same_whoever_wrote_it_in_whatever_encoding(tmp_path, random_books, write):
    frames = [pd.DataFrame(rows(*drawn(seed))).assign(book=f"book {seed}") for seed in SEEDS]
    path = tmp_path / ("books.csv" if write is as_csv else "books.parquet")
    write(path, pd.concat(frames[:5]))
    ours, theirs = clear(path, "--mechanism", "pay-as-bid"), clear(random_books, "--mechanism", "pay-as-bid")
    assert len(ours["books"]) == 5
    for one, other in zip(ours["books"], theirs["books"]):
        assert {**one, "file": ""} == {**other, "file": ""}


def test_trades_are_the_same_in_json_csv_and_parquet_whoever_reads_them(tmp_path, random_books):
    files = {end: tmp_path / f"trades.{end}" for end in ("json", "csv", "parquet")}
    for path in files.values():
        ended = cli.cariflex("clear", random_books, "--mechanism", "pay-as-bid", "--mechanism", "posted-offers", "--out", path)
        assert ended.code == 0, ended.err
    document = json.loads(files["json"].read_text(encoding="utf-8"))
    expected = [
        (book["book"], each["mechanism"], trade["bid"], trade["offer"], trade["buyer"], trade["seller"],
         trade["energy_wh"], trade["price_ueur_per_kwh"])
        for book in document["books"] for each in book["clearings"] for trade in each["trades"]
    ]
    assert len(expected) > 1000
    columns = ["book", "mechanism", "bid", "offer", "buyer", "seller", "energy_wh", "price_ueur_per_kwh"]
    table = pq.read_table(files["parquet"])
    assert list(zip(*(table[name].to_pylist() for name in columns), strict=True)) == expected
    assert table.schema.field("energy_wh").metadata[b"unit"] == b"Wh"
    query = f"select {', '.join(columns)} from '{files['parquet']}'"
    assert duckdb.sql(query).fetchall() == expected
    with files["csv"].open(encoding="utf-8", newline="") as file:
        lines = [tuple(row[name] for name in columns) for row in csv.DictReader(file)]
    assert lines == [tuple(map(str, row)) for row in expected]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in files.values()}, "no temporary file is left"


def test_the_slots_of_a_run_clear_again_as_they_did(two_days, run_json):
    document = clear(two_days, "--mechanism", run_json["scenario"]["market"]["mechanism"], "--mechanism", "pay-as-bid")
    recorded = pq.read_table(two_days / "clearings.parquet").to_pylist()
    recorded = {row["slot_start"].strftime("%Y-%m-%dT%H:%M:%SZ"): row for row in recorded}
    # A slot without orders has no row among them.
    assert 0 < len(document["books"]) <= len(recorded)
    for book in document["books"]:
        row = recorded.pop(book["slot_start"])
        assert (book["demand_wh"], book["supply_wh"]) == (row["demand_wh"], row["supply_wh"])
        again, pay_as_bid = book["clearings"]
        assert (again["price_ueur_per_kwh"], again["volume_wh"]) == (row["price_ueur_per_kwh"], row["volume_wh"])
        assert pay_as_bid["welfare_neur"] == again["welfare_neur"]
    assert all(row["volume_wh"] == 0 for row in recorded.values())


def test_a_book_of_a_run_is_found_by_its_slot(two_days):
    first = clear(two_days, "--mechanism", "pay-as-bid")["books"][3]
    local = datetime.fromisoformat(first["slot_start"]).astimezone(timezone(timedelta(hours=-4))).isoformat()
    assert clear(two_days, "--mechanism", "pay-as-bid", "--book", local)["books"] == [first]


def test_a_million_orders_clear_in_bounded_memory(tmp_path):
    slots, orders = 5000, 200
    path = tmp_path / "orders.parquet"
    draw = np.random.default_rng(1)
    start = np.datetime64("2026-01-01T00:00", "ms")
    with pq.ParquetWriter(path, pa.schema([
        ("slot_start", pa.timestamp("ms", "UTC")), ("order_id", pa.uint64()),
        ("participant", pa.dictionary(pa.int32(), pa.string())), ("side", pa.dictionary(pa.int32(), pa.string())),
        ("energy_wh", pa.int64()), ("limit_ueur_per_kwh", pa.int64()),
    ])) as writer:
        for first in range(0, slots, 500):
            at = np.repeat(np.arange(first, first + 500), orders)
            place = np.tile(np.arange(orders), 500)
            names = pa.array([f"p{name}" for name in range(orders)])
            writer.write_table(pa.table({
                "slot_start": pa.array(start + at * np.timedelta64(900_000, "ms")).cast(pa.timestamp("ms", "UTC")),
                "order_id": pa.array(place, pa.uint64()),
                "participant": pa.DictionaryArray.from_arrays(pa.array(place, pa.int32()), names),
                "side": pa.DictionaryArray.from_arrays(pa.array(place % 2, pa.int32()), pa.array(["bid", "offer"])),
                "energy_wh": draw.integers(1, 5000, at.size),
                "limit_ueur_per_kwh": draw.integers(-50_000, 400_000, at.size),
            }, schema=writer.schema))

    def little_memory():
        # Far less than a million orders and their trades would take.
        resource.setrlimit(resource.RLIMIT_AS, (400_000_000, 400_000_000))

    out = tmp_path / "trades.parquet"
    ended = cli.cariflex("clear", path, "--mechanism", "pay-as-bid", "--out", out, preexec_fn=little_memory)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"5 000 books of {path}: 500 000 bids over ")
    assert "… and 4960 more books" in ended.out
    volume = duckdb.sql(f"select sum(energy_wh) from '{out}'").fetchall()[0][0]
    document = clear(path, "--mechanism", "pay-as-bid", "--book", "2026-01-01T00:00:00Z")
    assert len(document["books"]) == 1 and document["books"][0]["bids"] == orders // 2
    assert volume > 0


def order(**changes):
    return {"id": "b1", "agent": "a", "quantity_wh": 5, "limit_ueur_per_kwh": 7} | changes


def write_book(path, *bids, **fields):
    path.write_text(json.dumps({"version": 1, "bids": bids, "offers": []} | fields), encoding="utf-8")
    return path


@pytest.mark.parametrize(("bids", "told"), [
    ([order(quantity_wh=-5)], "bids[0] (`b1`), quantity_wh: is -5: quantities are positive on both sides"),
    ([order(quantity_wh=0.5)], "quantity_wh: is 0.5: write whole watt-hours"),
    ([order(quantity_wh=2**63)], "write whole watt-hours within 64 bits"),
    ([order(quantity_wh=2**63 - 1), order(id="b2")], "bids[1], quantity_wh: is 5, which takes the sum of the bids beyond 64"),
    ([order(), order()], "bids[1]: the id `b1` is that of bids[0] too"),
    ([order(limit_ueur_per_kwh=10**16)], "beyond a billion euro per kWh: check the unit"),
    ([order(limit_eur_per_mwh=1)], "an order has one limit"),
    ([order(agent="")], "agent: is empty"),
    ([order(quanity_wh=5)], "did you mean `quantity_wh`?"),
    ([order(quantity_kwh=5)], "write `quantity_wh`, 1 kWh is 1000"),
    ([order(quality=300)], "quality: is 300: write a level from 0 to 255"),
    ([order(premium_percent=-1)], "premium_percent: is -1"),
    ([order(submitted="yesterday")], "submitted: is `yesterday`: write an instant with its offset"),
])
def test_what_is_wrong_in_a_book_is_told_with_its_place_and_the_way_out(tmp_path, bids, told):
    path = write_book(tmp_path / "book.json", *bids)
    ended = cli.cariflex("clear", path, "--mechanism", "pay-as-bid", "--out", tmp_path / "out.json")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"error: {path}: ") and told in ended.err and ended.err.count("\n") == 1, ended.err
    assert [file.name for file in tmp_path.iterdir()] == ["book.json"], "nothing was written"


@pytest.mark.parametrize(("text", "told"), [
    ("", "is empty"),
    ("{\"version\": 1", "is it whole, and is it JSON?"),
    ("{\"version\": 1, \"version\": 1, \"bids\": [], \"offers\": []}", "version: is there twice"),
    ("{\"version\": 9, \"books\": []}", "use a later `cariflex`"),
    ("id;agent\nb1;a\n", "unknown"),
    ("PAR1", "whole Parquet file"),
])
def test_a_file_that_holds_no_books_is_told_what_is_missing(tmp_path, text, told):
    path = tmp_path / "books"
    path.write_text(text, encoding="utf-8")
    ended = cli.cariflex("clear", path, "--mechanism", "pay-as-bid")
    assert (ended.code, ended.out) == (2, "")
    assert str(path) in ended.err and told in ended.err and "panicked" not in ended.err, ended.err


def test_rows_of_a_book_that_stand_apart_are_refused_with_the_remedy(tmp_path):
    path = tmp_path / "apart.parquet"
    pd.DataFrame([dict(order(id=str(at)), side="bid", book=book) for at, book in enumerate("xyx")]).to_parquet(path)
    ended = cli.cariflex("clear", path, "--mechanism", "pay-as-bid")
    assert ended.code == 2
    assert "row 2: belongs to the book `x`" in ended.err and "sort the file by book" in ended.err, ended.err


def test_a_file_is_replaced_only_when_asked(tmp_path):
    path = write_book(tmp_path / "book.json", order())
    out = tmp_path / "out.csv"
    out.write_text("mine", encoding="utf-8")
    ended = cli.cariflex("clear", path, "--mechanism", "pay-as-bid", "--out", out)
    assert ended.code == 2 and "add --force" in ended.err
    assert out.read_text(encoding="utf-8") == "mine"
    ended = cli.cariflex("clear", path, "--mechanism", "pay-as-bid", "--out", out, "--force")
    assert ended.code == 0, ended.err
    assert out.read_text(encoding="utf-8").startswith("file,book,slot_start,mechanism,")


@pytest.mark.parametrize(("options", "told"), [
    (["--mechanism", "pay-as-bit"], "did you mean `pay-as-bid`?"),
    (["--mechanism", "uniform k=2"], "k"),
    (["--mechanism", "pay-as-bid", "--mechanism", "pay-as-bid"], "given twice"),
    (["--mechanism", "pay-as-bid", "--book", "random_403"], "did you mean `random_4030`?"),
    (["--mechanism", "pay-as-bid", "--out", "trades.txt"], "end its name in .json"),
])
def test_an_option_that_makes_no_sense_is_refused(tmp_path, options, told):
    ended = cli.cariflex("clear", BOOKS, *options, cwd=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err, ended.err
    assert not list(tmp_path.iterdir())


def test_the_list_names_every_mechanism_and_the_document_is_stable():
    listed = cli.cariflex("clear", "--list")
    assert (listed.code, listed.err) == (0, "")
    for name in ("uniform k=SHARE", "discriminatory k=SHARE", "posted-offers", "premium", "quality-separate"):
        assert f"\n  {name}" in listed.out, name
    example = ROOT / "examples" / "books" / "evening.json"
    first, second = (cli.cariflex("clear", example, "--mechanism", "pay-as-bid", "--json") for _ in range(2))
    assert first.out == second.out and first.err == ""


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_is_gone_is_no_failure(options):
    writer = cli.start("clear", BOOKS, "--mechanism", "pay-as-bid", *options)
    writer.stdout.close()
    assert writer.wait(cli.PATIENCE_S) == 0
    assert writer.stderr.read() == ""
    writer.stderr.close()


def test_the_examples_clear_from_files_and_from_standard_input():
    books = ROOT / "examples" / "books"
    day = clear(books / "day.csv", "--mechanism", "uniform-mid-truncated")
    assert [book["slot_start"] for book in day["books"]] == [
        "2026-03-20T16:00:00Z", "2026-03-20T16:15:00Z", "2026-03-20T22:00:00Z"]
    with (books / "evening.json").open(encoding="utf-8") as file:
        piped = clear("-", "--mechanism", "pay-as-bid", stdin=file)
    assert piped["books"][0]["file"] == "standard input"
    assert piped["books"][0]["clearings"] == clear(books / "evening.json", "--mechanism", "pay-as-bid")["books"][0]["clearings"]


def solve(path, *args):
    """The problems of a file that must be solved."""
    return clear(path, *args)["problems"]


@pytest.mark.parametrize("name", ["community_of_3", "community_of_3_15min"])
def test_a_community_costs_what_the_reference_found_and_its_money_adds_up(name):
    path = ROOT / "tests" / "golden" / "schedules" / "community" / f"{name}.json"
    expected = json.loads(path.read_text(encoding="utf-8"))["expected"]
    [problem] = solve(path, "--mechanism", "central-dispatch")
    [solution] = problem["solutions"]
    assert solution["cost_eur"] == pytest.approx(expected["objective"], abs=1e-6)
    assert solution["cost_eur"] < expected["sum_of_individual_optima"]
    paid = sum(member["payment_neur"] for member in solution["members"])
    assert paid == solution["grid_payment_neur"] + solution["surplus_neur"]


def test_negotiations_end_in_the_contracts_of_the_reference():
    path = GOLDEN / "p2p_price_adjusting_negotiation.json"
    cases = json.loads(path.read_text(encoding="utf-8"))["cases"]
    problems = solve(path, "--mechanism", "negotiation")
    assert [problem["problem"] for problem in problems] == [case["name"] for case in cases]
    for case, problem in zip(cases, problems, strict=True):
        ours = sorted((trade["slot"], trade["seller"], trade["buyer"], trade["energy_wh"] / 1e3, trade["price_ueur_per_kwh"] / 1e6)
                      for trade in problem["solutions"][0]["trades"])
        theirs = sorted((trade["hour"], str(trade["seller"]), str(trade["buyer"]), trade["energy_kwh"], trade["price"])
                        for trade in case["expected"]["bilateral_trades"])
        assert [trade[:3] for trade in ours] == [trade[:3] for trade in theirs], case["name"]
        for one, other in zip(ours, theirs, strict=True):
            assert one[3:] == pytest.approx(other[3:], abs=1e-6), case["name"]


def test_no_accepted_block_loses_and_energy_balances_in_every_slot():
    path = ROOT / "examples" / "books" / "blocks.json"
    [solution] = solve(path, "--mechanism", "blocks")[0]["solutions"]
    written = json.loads(path.read_text(encoding="utf-8"))
    outcomes = {block["block"]: block for block in solution["blocks"]}
    assert all(block["surplus_neur"] >= 0 for block in outcomes.values())
    assert outcomes["early"]["accepted_permille"] + outcomes["late"]["accepted_permille"] <= 1000
    assert outcomes["discharge"]["accepted_permille"] == 1000
    for at, slot in enumerate(solution["slots"]):
        balance = sum(fill["filled_wh"] * (1 if fill["side"] == "bid" else -1) for fill in slot["fills"])
        supplied = sum(block["profile_wh"][at] * outcomes[block["id"]]["accepted_permille"] // 1000 for block in written["blocks"])
        assert balance == supplied and slot["volume_wh"] > 0


@pytest.mark.parametrize(("path", "mechanism", "told"), [
    ("examples/books/blocks.json", "pay-as-bid", "holds orders of several slots with blocks over them: choose `blocks`"),
    ("examples/books/evening.json", "blocks", "holds books of orders: choose an auction"),
    ("examples/books/blocks.json", "central-dispatch", "choose `blocks`"),
    ("examples/books/blocks.json", "central-dispach", "did you mean `central-dispatch`?"),
])
def test_a_mechanism_of_another_form_is_refused_with_those_that_fit(path, mechanism, told):
    ended = cli.cariflex("clear", ROOT / path, "--mechanism", mechanism)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err, ended.err


@pytest.mark.parametrize(("change", "told"), [
    (lambda book: book["blocks"][0].update(profile_wh=[1]), "blocks[0] (`discharge`), profile_wh: has 1 energies for 2 slots"),
    (lambda book: book["blocks"][0].update(parents=["x"]), "there is no block `x`"),
    (lambda book: book["blocks"][1].update(id="late"), "the id `late` is used twice"),
    (lambda book: book["blocks"][0].update(minimum_permille=0), "block `discharge` has a minimum acceptance of 0 per mille"),
    (lambda book: book["blocks"][0].update(limit_eur_per_mwh=9000), "order `discharge` has the limit"),
    (lambda book: book["slots"][0]["bids"][0].update(quantity_wh=-1), "bids[0] (`b1`), quantity_wh: is -1"),
])
def test_what_is_wrong_with_a_block_is_told_by_its_name(tmp_path, change, told):
    book = json.loads((ROOT / "examples" / "books" / "blocks.json").read_text(encoding="utf-8"))
    change(book)
    path = tmp_path / "blocks.json"
    path.write_text(json.dumps(book), encoding="utf-8")
    ended = cli.cariflex("clear", path, "--mechanism", "blocks")
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err and "panicked" not in ended.err, ended.err


def test_peers_agree_by_admm_on_what_a_quadratic_program_finds():
    path = ROOT / "examples" / "books" / "exchange.json"
    written = json.loads(path.read_text(encoding="utf-8"))
    peers = [peer["elastic"] for peer in written["peers"]]
    edges = written["edges"]
    # Columns: what each peer produces, then the flow along each edge in either direction.
    columns = len(peers) + 2 * len(edges)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    model = highspy.HighsModel()
    fees = [edge["fee_eur_per_kwh"] for edge in edges for _ in range(2)]
    model.lp_.num_col_, model.lp_.num_row_ = columns, len(peers)
    model.lp_.col_cost_ = np.array([peer["linear"] for peer in peers] + fees)
    model.lp_.col_lower_ = np.array([peer["least_kw"] for peer in peers] + [0.0] * len(fees), dtype=float)
    model.lp_.col_upper_ = np.array([peer["most_kw"] for peer in peers] + [100.0] * len(fees), dtype=float)
    model.lp_.row_lower_ = model.lp_.row_upper_ = np.array([peer["need_kw"] for peer in peers], dtype=float)
    starts, indices, values = [0], [], []
    for at in range(len(peers)):
        indices, values = indices + [at], values + [1.0]
        starts.append(len(indices))
    for edge in edges:
        for seller, buyer in ((edge["from"], edge["to"]), (edge["to"], edge["from"])):
            indices, values = indices + [seller, buyer], values + [-1.0, 1.0]
            starts.append(len(indices))
    model.lp_.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.lp_.a_matrix_.start_, model.lp_.a_matrix_.index_ = np.array(starts), np.array(indices)
    model.lp_.a_matrix_.value_ = np.array(values)
    model.hessian_.dim_ = columns
    model.hessian_.format_ = highspy.HessianFormat.kTriangular
    model.hessian_.start_ = np.array([min(at, len(peers)) for at in range(columns + 1)])
    model.hessian_.index_ = np.arange(len(peers))
    model.hessian_.value_ = np.array([peer["quadratic"] for peer in peers])
    solver.passModel(model)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    best = solver.getInfo().objective_function_value
    [solution] = solve(path, "--mechanism", "admm")[0]["solutions"]
    assert solution["converged"]
    assert solution["cost_eur"] + solution["fees_eur"] == pytest.approx(best, rel=1e-3)
    produced = np.array(solver.getSolution().col_value[:len(peers)])
    injected = produced - [peer["need_kw"] for peer in peers]
    assert [row[0] for row in solution["injection_kw"]] == pytest.approx(list(injected), abs=1e-2)


def test_peers_trade_a_book_by_the_mechanisms_that_also_name_other_forms_of_market():
    names = ["negotiation", "admm", "uniform-last-ask"]
    document = clear(ROOT / "examples" / "books" / "evening.json", *(word for name in names for word in ("--mechanism", name)))
    [book] = clearings(document).values()
    assert set(book) == set(names)
    best = book["uniform-last-ask"]["welfare_neur"]
    assert 0.98 * best <= book["negotiation"]["welfare_neur"] <= best
    assert 0.99 * best <= book["admm"]["welfare_neur"] <= best
    assert all(sum(trade["energy_wh"] for trade in each["trades"]) == each["volume_wh"] for each in book.values())
    other = clear(GOLDEN / "p2p_price_adjusting_negotiation.json", "--mechanism", "negotiation")
    assert other["problems"]
