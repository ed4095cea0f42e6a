"""Economic dispatch of Martinique's units against linear programs solved by HiGHS: least cost, with and without a binding
reserve, and the price as what one more megawatt costs."""

import json
import random
import subprocess

import highspy
from cli import PATIENCE_S
from island import example, groups

CASES = 600


def problem(seed):
    """Some running units within windows, and a load and a reserve that may or may not be possible."""
    draw = random.Random(seed)
    kinds = [(name, unit) for name, unit in groups().items() if "operation" in unit]
    online = []
    for name, unit in kinds:
        for _ in range(draw.randint(0, min(unit["count"], 5))):
            least = draw.uniform(unit["operation"]["minimum_mw"], unit["rated_mw"])
            online.append({"name": name, "lowest_mw": least if draw.random() < 0.5 else unit["operation"]["minimum_mw"],
                           "highest_mw": unit["rated_mw"] if draw.random() < 0.6 else draw.uniform(least, unit["rated_mw"])})
    low, high = sum(u["lowest_mw"] for u in online), sum(u["highest_mw"] for u in online)
    most = sum(groups()[u["name"]].get("governor", {}).get("reserve_mw", 0) for u in online)
    return {"online": online, "residual_mw": draw.uniform(low, high), "reserve_mw": draw.uniform(0, 1.1 * most)}


def segments(unit):
    """Cost at no load, EUR/h, and pieces (MW, EUR/MWh), from the points of efficiency."""
    fuel, rated = unit["fuel"], unit["rated_mw"]
    points = [(load * rated, load * rated / efficiency) for load, efficiency in fuel["efficiency"]]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(points, points[1:])]
    idle = points[0][1] - slopes[0] * points[0][0]
    widths = [points[1][0]] + [b[0] - a[0] for a, b in zip(points[1:], points[2:])]
    price, wear = fuel["price_eur_per_mwh"], fuel.get("variable_cost_eur_per_mwh", 0.0)
    return idle * price, [(width, slope * price + wear) for width, slope in zip(widths, slopes)]


def least_cost(problem, more_mw=0.0):
    """The least cost, EUR/h; none if load and reserve cannot both be had."""
    highs, infinity = highspy.Highs(), highspy.kHighsInf
    highs.setOptionValue("output_flag", False)
    constant, columns, power, reserve = 0.0, 0, [], []

    def column(low, high, cost):
        nonlocal columns
        highs.addCol(cost, low, high, 0, [], [])
        columns += 1
        return columns - 1

    def row(low, high, terms):
        highs.addRow(low, high, len(terms), [c for c, _ in terms], [f for _, f in terms])

    for running in problem["online"]:
        unit = groups()[running["name"]]
        idle, pieces = segments(unit)
        constant += idle
        own = [(column(0, width, cost), 1.0) for width, cost in pieces]
        row(running["lowest_mw"], running["highest_mw"], own)
        power += own
        held = column(0, unit.get("governor", {}).get("reserve_mw", 0.0), 0.0)
        row(-infinity, unit["rated_mw"], [*own, (held, 1.0)])
        reserve.append((held, 1.0))
    load = problem["residual_mw"] + more_mw
    row(load, load, power)
    row(problem["reserve_mw"], infinity, reserve)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return constant + highs.getInfo().objective_function_value


def test_no_dispatch_is_cheaper_than_ours_and_ours_is_one():
    problems = [task for seed in range(CASES) if (task := problem(seed))["online"]]
    lines = "\n".join(map(json.dumps, problems))
    ended = subprocess.run([example("island_economic")], input=lines, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ended.returncode == 0, ended.stderr
    possible, binding, prices = 0, 0, 0
    for task, line in zip(problems, ended.stdout.splitlines(), strict=True):
        found = json.loads(line)
        assert abs(sum(found["power_mw"]) - task["residual_mw"]) < 1e-6 and found["short_mw"] == found["excess_mw"] == 0
        for unit, power in zip(task["online"], found["power_mw"], strict=True):
            assert unit["lowest_mw"] - 1e-9 <= power <= unit["highest_mw"] + 1e-9
        least = least_cost(task)
        if least is None:
            assert found["reserve_mw"] < task["reserve_mw"] + 1e-6
            continue
        possible += 1
        assert found["reserve_mw"] >= task["reserve_mw"] - 1e-6
        assert abs(found["cost_eur_per_h"] - least) < 1e-6 * least, task
        binding += least > least_cost(task | {"reserve_mw": 0.0}) + 1e-6
        dearer, cheaper = least_cost(task, 1e-3), least_cost(task, -1e-3)
        if dearer is not None and cheaper is not None and abs(dearer - 2 * least + cheaper) < 1e-7:
            # No corner is near: the price is the slope.
            prices += 1
            assert abs(found["price_eur_per_mwh"] - (dearer - least) / 1e-3) < 1e-2, task
    assert possible > 300 and binding > 30 and prices > 200, (possible, binding, prices)
