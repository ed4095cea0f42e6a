"""Solves a linear problem with HiGHS and prints time and cost, for the benchmark beside this file.

reference.py FILE: JSON with columns [lower, upper, cost] and rows [lower, upper, [[column, factor], ...]]; null is no limit.
Each method is run several times on one thread, and the fastest is told: what is measured is the solver, not the reading.
"""

import json
import sys
import time

import highspy
import numpy as np

RUNS = 3


def read(path):
    with open(path) as file:
        data = json.load(file)
    columns, rows = data["columns"], data["rows"]
    bound = lambda values, none: np.array([none if value is None else value for value in values], dtype=float)
    problem = highspy.HighsLp()
    problem.num_col_, problem.num_row_ = len(columns), len(rows)
    problem.col_lower_ = bound([c[0] for c in columns], -highspy.kHighsInf)
    problem.col_upper_ = bound([c[1] for c in columns], highspy.kHighsInf)
    problem.col_cost_ = np.array([c[2] for c in columns], dtype=float)
    problem.row_lower_ = bound([r[0] for r in rows], -highspy.kHighsInf)
    problem.row_upper_ = bound([r[1] for r in rows], highspy.kHighsInf)
    problem.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    problem.a_matrix_.start_ = np.cumsum([0] + [len(r[2]) for r in rows]).astype(np.int32)
    problem.a_matrix_.index_ = np.array([c for r in rows for c, _ in r[2]], dtype=np.int32)
    problem.a_matrix_.value_ = np.array([f for r in rows for _, f in r[2]], dtype=float)
    return problem


def solve(problem, method):
    fastest = None
    for _ in range(RUNS):
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("parallel", "off")
        solver.setOptionValue("solver", method)
        solver.passModel(problem)
        begun = time.perf_counter()
        solver.run()
        took = time.perf_counter() - begun
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            sys.exit(f"HiGHS ended with {solver.getModelStatus()}")
        fastest = took if fastest is None else min(fastest, took)
    info = solver.getInfo()
    iterations = info.simplex_iteration_count if method == "simplex" else info.ipm_iteration_count
    return fastest, iterations, info.objective_function_value


def main():
    problem = read(sys.argv[1])
    version = highspy.Highs().version()
    for method in ["simplex", "ipm"]:
        took, iterations, cost = solve(problem, method)
        name = f"HiGHS {version}, {method}"
        print(f"{name:<28} {took * 1e3:8.1f} {iterations:13} {cost:10.6f}")


main()
