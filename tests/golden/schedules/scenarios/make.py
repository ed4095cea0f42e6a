"""Random problems of one battery under several futures, and their least expected cost by HiGHS (through scipy): the extensive
form of a two-stage stochastic program, in which charge and discharge of the first stage are the same columns in all futures.

    python make.py > scenarios.json
"""

import json
import random

import numpy
from scipy.optimize import milp, Bounds, LinearConstraint
from scipy.sparse import lil_matrix

START, STEP_MS = 1_773_979_200_000, 3_600_000


def problem(draw, storage, steps, prices, modes):
    level = round(draw.uniform(-4, 6), 4)
    spread = draw.choice([0.0, 0.05])
    if prices == "apart":
        import_price = [round(draw.uniform(-0.1, 0.3), 4) for _ in range(steps)]
    else:
        import_price = [0.1 + 0.02 * step + round(draw.uniform(0, 0.1), 4) for step in range(steps)]
    limits = {"import_kw": 25.0, "export_kw": 20.0} if draw.random() < 0.5 else {}
    return {
        "start": START, "step": STEP_MS, "steps": steps,
        "prices": {"import_eur_per_kwh": import_price, "export_eur_per_kwh": [p - spread for p in import_price]},
        "site": {"limits": limits},
        "inflexible_kw": [level + round(draw.uniform(-6, 6), 4) for _ in range(steps)],
        "devices": [storage | ({"modes_kw": modes} if modes else {})],
        "rules": {"keeping": "hard"},
    }


def case(seed):
    draw = random.Random(seed)
    steps, futures = draw.choice([4, 8, 12]), draw.choice([1, 2, 3, 5])
    power = round(draw.uniform(3, 10), 4)
    storage = {
        "kind": "storage", "name": "battery", "soc_start_kwh": round(draw.uniform(2, 8), 4), "soc_min_kwh": 1.0, "soc_max_kwh": 12.0,
        "charge_max_kw": power, "discharge_max_kw": power, "charge_efficiency": draw.choice([1.0, 0.9]),
        "discharge_efficiency": draw.choice([1.0, 0.95]), "ageing_eur_per_kwh": draw.choice([0.0, 0.01]),
        "end_value_eur_per_kwh": draw.choice([0.0, 0.15]),
    }
    if draw.random() < 0.3:
        storage["targets"] = [{"at": START + STEP_MS * steps, "soc_kwh": 6.0}]
    modes = [[-power, -2], [0, 0], [2, power]] if draw.random() < 0.25 else None
    prices = draw.choice(["above", "above", "apart"])
    weights = [round(draw.uniform(0.2, 1), 4) for _ in range(futures)]
    probabilities = [weight / sum(weights) for weight in weights]
    probabilities[-1] = 1 - sum(probabilities[:-1])
    first_stage = draw.choice([1, 1, steps // 2, steps])
    problems = [problem(draw, storage, steps, prices, modes) for _ in range(futures)]
    least, first = solve(problems, probabilities, first_stage)
    return {"seed": seed, "problems": problems, "probabilities": probabilities, "first_stage": first_stage,
            "expected": {"least_expected_eur": least, "first_stage_kw": first}}


def solve(problems, probabilities, first_stage):
    columns, rows = [], []  # (low, high, cost, whole); (terms, low, high)

    def column(low, high, cost=0.0, whole=False):
        columns.append((low, high, cost, whole))
        return len(columns) - 1

    shared = {}
    for future, (of, probability) in enumerate(zip(problems, probabilities)):
        [storage] = of["devices"]
        before = None
        for step in range(of["steps"]):
            limits = of["site"]["limits"]
            big = 200.0
            taken = column(0, limits.get("import_kw", big), probability * of["prices"]["import_eur_per_kwh"][step])
            given = column(0, limits.get("export_kw", big), -probability * of["prices"]["export_eur_per_kwh"][step])
            way = column(0, 1, whole=True)
            rows.append(([(taken, 1), (way, -big)], -numpy.inf, 0))
            rows.append(([(given, 1), (way, big)], -numpy.inf, big))
            if step < first_stage and (step,) in shared:
                charge, discharge = shared[step,]
            else:
                charge = column(0, storage["charge_max_kw"])
                discharge = column(0, storage["discharge_max_kw"])
                way = column(0, 1, whole=True)
                rows.append(([(charge, 1), (way, -storage["charge_max_kw"])], -numpy.inf, 0))
                rows.append(([(discharge, 1), (way, big)], -numpy.inf, big))
                if "modes_kw" in storage:
                    chosen = [column(0, 1, whole=True) for _ in storage["modes_kw"]]
                    rows.append(([(one, 1) for one in chosen], 1, 1))
                    power = [(charge, 1), (discharge, -1)]
                    rows.append((power + [(one, -r[0]) for one, r in zip(chosen, storage["modes_kw"])], 0, numpy.inf))
                    rows.append((power + [(one, -r[1]) for one, r in zip(chosen, storage["modes_kw"])], -numpy.inf, 0))
                if step < first_stage:
                    shared[step,] = charge, discharge
            for flow in (charge, discharge):
                # Shared columns wear in every future.
                low, high, cost, whole = columns[flow]
                columns[flow] = (low, high, cost + probability * storage["ageing_eur_per_kwh"], whole)
            last = step + 1 == of["steps"]
            low, high = storage["soc_min_kwh"], storage["soc_max_kwh"]
            if last and "targets" in storage:
                low = high = storage["targets"][0]["soc_kwh"]
            soc = column(low, high, -probability * storage["end_value_eur_per_kwh"] if last else 0.0)
            terms = [(soc, 1), (charge, -storage["charge_efficiency"]), (discharge, 1 / storage["discharge_efficiency"])]
            if before is None:
                rows.append((terms, storage["soc_start_kwh"], storage["soc_start_kwh"]))
            else:
                rows.append((terms + [(before, -1)], 0, 0))
            before = soc
            load = of["inflexible_kw"][step]
            rows.append(([(taken, 1), (given, -1), (charge, -1), (discharge, 1)], load, load))
    matrix = lil_matrix((len(rows), len(columns)))
    for place, (terms, _, _) in enumerate(rows):
        for at, factor in terms:
            matrix[place, at] += factor
    found = milp([c[2] for c in columns], integrality=[int(c[3]) for c in columns],
                 bounds=Bounds([c[0] for c in columns], [c[1] for c in columns]),
                 constraints=LinearConstraint(matrix.tocsr(), [r[1] for r in rows], [r[2] for r in rows]),
                 options={"mip_rel_gap": 0.0})
    if found.status == 2:
        return None, None
    assert found.status == 0, found.message
    return found.fun, [found.x[shared[step,][0]] - found.x[shared[step,][1]] for step in range(first_stage)]


print(json.dumps({"by": "scipy.optimize.milp (HiGHS)", "cases": [case(seed) for seed in range(60)]}))
