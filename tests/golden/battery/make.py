"""Golden cases of battery ageing, by other means than the twin's: whole series at once, and no shared code.

Cycles: turning points of the whole series, then the four-point method (Amzallag et al., International Journal of Fatigue
16, 1994), whose residue is counted in half cycles. That comes to the same cycles as ASTM E1049 5.4.4, which the twin
counts as they happen. Calendar fade: the equivalent time on the curve of the new conditions, hour by hour. The twin adds
up squares instead.

    python3 make.py

writes the files beside it. It needs Python 3.9 or later and nothing else.
"""

import csv
import json
import math
import random
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).parent

# The defaults of the scenario's section `battery`.
CALENDAR_FADE = 0.02
ACTIVATION_J_PER_MOL = 50_000.0
SOC_SENSITIVITY = 1.0
CYCLE_LIFE, CYCLE_LIFE_DEPTH, EXPONENT = 6000.0, 0.8, 1.5
GAS = 8.314462618
YEAR_H = 8760.0


def turning_points(series):
    """The first value, every local extreme, the last value; plateaus count once."""
    values = [value for index, value in enumerate(series) if index == 0 or value != series[index - 1]]
    inner = [b for a, b, c in zip(values, values[1:], values[2:]) if (b - a) * (c - b) < 0]
    return values[:1] + inner + values[-1:] if len(values) > 1 else values


def four_point(series):
    """(depth, count) of every cycle; what is left over counts half."""
    points, index, cycles = turning_points(series), 0, []
    while index + 3 < len(points):
        a, b, c, d = points[index : index + 4]
        inner = abs(c - b)
        if inner <= abs(b - a) and inner <= abs(d - c):
            cycles.append((inner, 1.0))
            del points[index + 1 : index + 3]
            index = max(index - 2, 0)
        else:
            index += 1
    return cycles + [(abs(b - a), 0.5) for a, b in zip(points, points[1:])]


def cycle_fade(series):
    life = [(CYCLE_LIFE * (CYCLE_LIFE_DEPTH / depth) ** EXPONENT, count) for depth, count in four_point(series) if depth]
    return math.fsum(0.2 * count / cycles for cycles, count in life)


def calendar_rate(cell_c, soc):
    """Fade per square root of an hour."""
    arrhenius = math.exp(-ACTIVATION_J_PER_MOL / GAS * (1 / (cell_c + 273.15) - 1 / 298.15))
    return CALENDAR_FADE / math.sqrt(YEAR_H) * arrhenius * (1 + SOC_SENSITIVITY * (soc - 0.5))


def calendar_fade(hours):
    fade = 0.0
    for cell_c, soc in hours:
        rate = calendar_rate(cell_c, soc)
        equivalent_h = (fade / rate) ** 2
        fade = rate * math.sqrt(equivalent_h + 1.0)
    return fade


def rainflow_case(name, series):
    counts = defaultdict(float)
    for depth, count in four_point(series):
        counts[round(depth, 9)] += count
    damage = math.fsum(count * depth**EXPONENT for depth, count in four_point(series))
    # Counts by depth are listed where there are few of them.
    listed = sorted([depth, count] for depth, count in counts.items()) if len(counts) <= 20 else None
    return {"name": name, "series": series, "damage": damage, "counts": listed}


def walk(draw, length, step):
    soc, series = 0.5, []
    for _ in range(length):
        soc = min(max(soc + draw.gauss(0, step), 0.05), 0.95)
        series.append(round(soc, 6))
    return series


def days_of_a_battery(draw, days):
    """Charged at noon, discharged in the evening, with a wobble; a reading every 15 minutes."""
    series = []
    for quarter in range(days * 96):
        hour = quarter / 4 % 24
        base = 0.2 + 0.6 * min(max((hour - 8) / 6, 0), 1) - 0.6 * min(max((hour - 18) / 4, 0), 1)
        series.append(round(min(max(base + draw.gauss(0, 0.01), 0.05), 0.95), 6))
    return series


def main():
    draw = random.Random(20260320)
    cases = [
        # ASTM E1049-85, figure 6: 3, 6, 8 and 9 half a cycle each, 8 another half, 4 one and a half.
        rainflow_case("astm_e1049_figure_6", [-2.0, 1.0, -3.0, 5.0, -1.0, 3.0, -4.0, 4.0, -2.0]),
        rainflow_case("rests", [0.5, 0.5, 0.5]),
        rainflow_case("one_way", [0.2, 0.4, 0.4, 0.9]),
        rainflow_case("ever_wider", [0.5, 0.6, 0.4, 0.7, 0.3, 0.8, 0.2]),
        rainflow_case("ever_narrower", [0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5]),
        rainflow_case("equal_cycles", [0.1, 0.9] * 10),
        rainflow_case("days_of_a_battery", days_of_a_battery(draw, 14)),
        rainflow_case("random_walk", walk(draw, 3000, 0.02)),
    ]
    (HERE / "rainflow.json").write_text(json.dumps(cases) + "\n", encoding="utf-8")

    socs = days_of_a_battery(draw, 60)[::4]
    warm = [27 + 4 * math.sin((hour % 24 - 9) * math.pi / 12) + 8 * abs(draw.gauss(0, 0.5)) for hour in range(len(socs))]
    hours = [(round(cell_c, 3), soc) for cell_c, soc in zip(warm, socs)]
    with open(HERE / "ageing.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["hour", "cell_c", "soc", "calendar_fade", "cycle_fade"])
        for hour, (cell_c, soc) in enumerate(hours):
            due = (hour + 1) % 120 == 0
            so_far = hours[: hour + 1]
            # The storage holds 50 % at the start; the state of charge of an hour is the one it has at its end.
            fades = [calendar_fade(so_far), cycle_fade([0.5] + [soc for _, soc in so_far])] if due else ["", ""]
            writer.writerow([hour, cell_c, soc, *fades])


if __name__ == "__main__":
    main()
