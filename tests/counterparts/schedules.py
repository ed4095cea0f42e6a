"""Random problems with one storage, and their least cost as a mixed-integer problem solved by HiGHS.

`python schedules.py make 2000 > problems.jsonl` writes problems in the format of `agents::schedule::Problem`;
`python schedules.py compare problems.jsonl schedules.jsonl` solves them anew and compares costs and what is missed.
"""

import json
import math
import random
import sys

import highspy

# Costs within this are the same, EUR; a lower one than here means that a limit is missing.
NEAR_EUR = 1e-5
WISH, SOC, SITE = 1e3, 1e5, 1e4


def problem(seed):
    """A problem with some of: negative prices, losses, ageing, V2G, windows, targets, modes, curtailment, site limits."""
    draw = random.Random(seed)
    some = lambda share: draw.random() < share
    steps = draw.choice([1, 2, 3, 6, 12, 24, 24, 48])
    step_ms = draw.choice([300_000, 900_000, 3_600_000])
    start = 1_773_979_200_000
    level = draw.choice([0.0, 0.1, 0.1, 0.2])
    price = [round(level + draw.uniform(-0.15, 0.15), draw.choice([2, 6])) for _ in range(steps)]
    if some(0.2):
        price = [draw.choice([0.1, 0.2, -0.05]) for _ in range(steps)]
    kind = draw.choice(["same", "same", "below", "below", "apart"])
    if kind == "same":
        export = price
    elif kind == "below":
        export = [p - draw.choice([0.0, 0.05, draw.uniform(0, 0.1)]) for p in price]
    else:
        export = [p + draw.uniform(-0.1, 0.1) for p in price]
    capacity = draw.uniform(5, 80)
    power = draw.uniform(2, 50)
    series = lambda make: [make() for _ in range(steps)]
    maximum = lambda limit: limit if some(0.5) else series(lambda: draw.choice([0.0, limit, limit, limit / 2]))
    low = draw.choice([0.0, 0.0, 0.1 * capacity])
    storage = {
        "kind": "storage",
        "name": "store",
        "soc_start_kwh": draw.uniform(low, capacity) if some(0.95) else draw.uniform(0, 1.2 * capacity),
        "soc_min_kwh": low,
        "soc_max_kwh": capacity if some(0.8) else series(lambda: capacity * draw.choice([1, 0.9])),
        "charge_max_kw": maximum(power),
        "discharge_max_kw": 0.0 if some(0.3) else maximum(power * draw.choice([1.0, 1.0, 0.6])),
        "charge_efficiency": draw.choice([1.0, 0.95, 0.9486832980505138, 0.8]),
        "discharge_efficiency": draw.choice([1.0, 0.95, 0.9486832980505138, 0.85]),
        "kept_per_step": draw.choice([1.0, 1.0, 0.999, 0.98]) if some(0.8) else series(lambda: draw.choice([1.0, 0.99])),
        "ageing_eur_per_kwh": draw.choice([0.0, 0.0, 0.01, 0.03]),
        "end_value_eur_per_kwh": draw.choice([0.0, 0.0, 0.1, -0.02]),
    }
    end = lambda step: start + step_ms * (step + 1)
    for _ in range(draw.choice([0, 0, 1, 2])):
        storage.setdefault("targets", []).append(
            {"at": end(draw.randrange(steps)), "soc_kwh": draw.uniform(low, capacity)})
    for name in ("minima", "maxima"):
        if some(0.25):
            first = draw.randrange(steps)
            last = draw.randrange(first, steps)
            part = draw.uniform(0, 0.5) if name == "minima" else draw.uniform(0.5, 1)
            storage[name] = [{"from": end(first), "until": end(last), "soc_kwh": part * capacity}]
    if some(0.25):
        least = draw.uniform(0.1, 0.5) * power
        storage["modes_kw"] = draw.choice([[[0, 0], [least, power]], [[-power, -least], [0, 0], [least, power]]])
    devices = [storage]
    if some(0.3):
        available = series(lambda: max(0.0, draw.uniform(-5, 15)))
        devices.insert(draw.randrange(2), {"kind": "curtailable_production", "name": "pv", "available_kw": available})
    limits = {}
    if some(0.3):
        limits["import_kw"] = draw.choice([20.0, 40.0, series(lambda: draw.uniform(5, 40))])
    if some(0.3):
        limits["export_kw"] = draw.choice([0.0, 20.0, series(lambda: draw.uniform(0, 40))])
    rules = {"keeping": draw.choice(["hard", "soft"])}
    if some(0.2):
        rules["storage"] = "free"
    if some(0.15) and len(limits) == 2:
        rules["site"] = "free"
    return {
        "start": start, "step": step_ms, "steps": steps,
        "prices": {"import_eur_per_kwh": price, "export_eur_per_kwh": export},
        "site": {"limits": limits},
        "inflexible_kw": 0.0 if some(0.3) else series(lambda: draw.uniform(-10, 15)),
        "devices": devices, "rules": rules,
    }


def at(profile, step):
    return profile[step] if isinstance(profile, list) else profile


class Model:
    """A thin layer over HiGHS: columns, rows, least cost."""

    def __init__(self):
        self.highs = highspy.Highs()
        self.highs.setOptionValue("output_flag", False)
        self.highs.setOptionValue("threads", 1)
        for name in ("mip_rel_gap", "mip_abs_gap"):
            self.highs.setOptionValue(name, 0.0)
        self.highs.setOptionValue("mip_feasibility_tolerance", 1e-9)
        self.highs.setOptionValue("primal_feasibility_tolerance", 1e-9)
        self.highs.setOptionValue("dual_feasibility_tolerance", 1e-9)
        self.count = 0

    def column(self, low, high, cost=0.0, whole=False):
        self.highs.addCol(cost, low, high, 0, [], [])
        if whole:
            self.highs.changeColIntegrality(self.count, highspy.HighsVarType.kInteger)
        self.count += 1
        return self.count - 1

    def row(self, low, high, terms):
        columns, factors = zip(*terms)
        self.highs.addRow(low, high, len(terms), list(columns), list(factors))

    def least(self):
        self.highs.run()
        status = self.highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return self.highs.getInfo().objective_function_value
        assert status in (highspy.HighsModelStatus.kInfeasible,
                          highspy.HighsModelStatus.kUnboundedOrInfeasible), status
        return None


def least_cost(problem, missing=None):
    """The least cost, none if not every limit can be kept.

    With `missing`, (penalised misses): the least of misses alone if "misses", or of the cost with misses at most that many.
    """
    infinity = highspy.kHighsInf
    model = Model()
    hours = problem["step"] / 3_600_000
    rules, limits = problem["rules"], problem["site"]["limits"]
    soft = missing is not None
    misses = []  # (column, weight)
    priced = 0.0 if missing == "misses" else 1.0

    def miss(weight):
        column = model.column(0.0, infinity, weight if missing == "misses" else 0.0)
        misses.append((column, weight))
        return column

    constant = 0.0
    before = None
    for step in range(problem["steps"]):
        import_limit = at(limits.get("import_kw", infinity), step)
        export_limit = at(limits.get("export_kw", infinity), step)
        big = 500.0
        taken = model.column(0, infinity if soft else import_limit,
                             priced * hours * at(problem["prices"]["import_eur_per_kwh"], step))
        given = model.column(0, infinity if soft else export_limit,
                             -priced * hours * at(problem["prices"]["export_eur_per_kwh"], step))
        if soft:
            if import_limit < infinity:
                model.row(-infinity, import_limit, [(taken, 1), (miss(SITE * hours), -1)])
            if export_limit < infinity:
                model.row(-infinity, export_limit, [(given, 1), (miss(SITE * hours), -1)])
        if rules.get("site") != "free":
            way = model.column(0, 1, whole=True)
            model.row(-infinity, 0, [(taken, 1), (way, -big)])
            model.row(-infinity, big, [(given, 1), (way, big)])
        balance = [(taken, 1), (given, -1)]
        for device in problem["devices"]:
            if device["kind"] == "curtailable_production":
                balance.append((model.column(0, at(device["available_kw"], step)), 1))
                continue
            most_in, most_out = at(device["charge_max_kw"], step), at(device["discharge_max_kw"], step)
            wear = priced * hours * device["ageing_eur_per_kwh"]
            charge, discharge = model.column(0, most_in, wear), model.column(0, most_out, wear)
            balance += [(charge, -1), (discharge, 1)]
            if rules.get("storage") != "free":
                way = model.column(0, 1, whole=True)
                model.row(-infinity, 0, [(charge, 1), (way, -most_in)])
                model.row(-infinity, most_out, [(discharge, 1), (way, most_out)])
            ranges = [(max(a, -most_out), min(b, most_in)) for a, b in device.get("modes_kw", [])]
            ranges = [r for r in ranges if r[0] <= r[1]]
            if device.get("modes_kw"):
                ranges = ranges or [(0.0, 0.0)]
                chosen = [model.column(0, 1, whole=True) for _ in ranges]
                model.row(1, 1, [(one, 1) for one in chosen])
                power = [(charge, 1), (discharge, -1)]
                model.row(0, infinity, power + [(one, -r[0]) for one, r in zip(chosen, ranges)])
                model.row(-infinity, 0, power + [(one, -r[1]) for one, r in zip(chosen, ranges)])
            kept = at(device["kept_per_step"], step)
            factor = hours * (1.0 if kept == 1 else (kept - 1) / math.log(kept))
            low, high = at(device["soc_min_kwh"], step), at(device["soc_max_kwh"], step)
            last = step + 1 == problem["steps"]
            value = -priced * device["end_value_eur_per_kwh"] if last else 0.0
            soc = model.column(-infinity if soft else low, infinity if soft else high, value)
            terms = [(soc, 1), (charge, -factor * device["charge_efficiency"]),
                     (discharge, factor / device["discharge_efficiency"])]
            if before is None:
                model.row(kept * device["soc_start_kwh"], kept * device["soc_start_kwh"], terms)
            else:
                model.row(0, 0, terms + [(before, -kept)])
            before = soc
            end = problem["start"] + problem["step"] * (step + 1)
            bounds = [("low", low, SOC), ("high", high, SOC)] if soft else []
            bounds += [("low", m["soc_kwh"], WISH) for m in device.get("minima", []) if m["from"] <= end <= m["until"]]
            bounds += [("high", m["soc_kwh"], WISH) for m in device.get("maxima", []) if m["from"] <= end <= m["until"]]
            for target in device.get("targets", []):
                if target["at"] == end:
                    bounds += [("low", target["soc_kwh"], WISH), ("high", target["soc_kwh"], WISH)]
            for side, bound, weight in bounds:
                sign = 1 if side == "low" else -1
                terms = [(soc, sign)] + ([(miss(weight), 1)] if soft else [])
                model.row(sign * bound, infinity, terms)
        load = at(problem["inflexible_kw"], step)
        model.row(load, load, balance)
    if isinstance(missing, float) and misses:
        # In kWh of a wish, for the sake of the numbers.
        model.row(-infinity, missing / WISH, [(column, weight / WISH) for column, weight in misses])
    least = model.least()
    return None if least is None else least + constant


def missed(problem, schedule):
    """What the violations of a schedule count, in the unit of `least_cost(..., "misses")`."""
    hours = problem["step"] / 3_600_000
    weight = {"soc_min": SOC, "soc_max": SOC, "import_limit": SITE * hours, "export_limit": SITE * hours}
    return sum(v["amount"] * weight.get(v["rule"], WISH) for v in schedule["violations"])


def compare(problem, answer):
    """What is wrong with an answer; nothing if it is right."""
    if "error" in answer:
        return answer["error"]
    if answer["mistakes"]:
        return f"mistakes {answer['mistakes'][:2]}"
    schedule, cost = answer["schedule"], answer["cost_eur"]
    least = least_cost(problem)
    if schedule["status"] == "feasible":
        if least is None:
            return "feasible here, infeasible there"
        if abs(answer["least_cost_eur"] - cost) > 1e-7:
            return f"believes {answer['least_cost_eur']}, costs {cost}"
        return None if abs(cost - least) <= NEAR_EUR else f"costs {cost}, least is {least}"
    if least is not None:
        return f"{schedule['status']} here, feasible there: {schedule['violations'][:2]}"
    fewest, here = least_cost(problem, "misses"), missed(problem, schedule)
    if abs(fewest - here) > 1e-5 * max(1, fewest):
        return f"misses {here}, least is {fewest}"
    least = least_cost(problem, max(fewest, here) * (1 + 1e-9) + 1e-6)
    if least is None:  # HiGHS calls it infeasible at its own optimum: the numbers are too far apart.
        return f"not compared: misses {here} are the fewest, their cost is not known"
    return None if abs(cost - least) <= 1e-3 else f"costs {cost} with misses {here}, least is {least}"


def main():
    if sys.argv[1] == "make":
        first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
        for seed in range(first, first + int(sys.argv[2])):
            print(json.dumps(problem(seed)))
        return
    wrong, kinds = 0, {}
    with open(sys.argv[2]) as problems, open(sys.argv[3]) as answers:
        for place, (line, answer) in enumerate(zip(problems, answers, strict=True)):
            given, answer = json.loads(line), json.loads(answer)
            why = compare(given, answer)
            kind = (answer.get("schedule", {}).get("status"), answer.get("convex"))
            kinds[kind] = kinds.get(kind, 0) + 1
            if why:
                wrong += 1
                print(f"problem {place}: {why}")
    print(f"{wrong} wrong of {sum(kinds.values())}: {kinds}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
