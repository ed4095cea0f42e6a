"""Writes what SciPy and SALib make of the designs and laws of sweeps: see README.md."""

import json
from pathlib import Path

import numpy as np
from SALib.sample import sobol_sequence
from SALib.util import scale_samples
from scipy import stats
from scipy.stats import qmc

HERE = Path(__file__).parent


def design(method, d, n, seed, scramble):
    kind = {"lhs": qmc.LatinHypercube, "sobol": qmc.Sobol}[method]
    points = kind(d, scramble=scramble, rng=seed).random(n)
    return {"method": method, "d": d, "n": n, "seed": seed, "scramble": scramble, "points": points.tolist()}


def corners(method, d, n, seed, scramble):
    """The first and the last point of a long design, and a sum over all of it that depends on their order."""
    whole = design(method, d, n, seed, scramble)
    points = np.array(whole.pop("points"))
    # Multiples of 2^-53 with few leading digits: the sum of their last bits is exact.
    bits = np.ascontiguousarray(points).view(np.uint64)
    weights = np.arange(1, bits.size + 1, dtype=np.uint64).reshape(bits.shape)
    with np.errstate(over="ignore"):
        check = int((bits * weights).sum(dtype=np.uint64))
    return whole | {"first": points[0].tolist(), "last": points[-1].tolist(), "check": str(check)}


def designs():
    cases = [
        ("lhs", 1, 1, 0, True), ("lhs", 2, 5, 7, True), ("lhs", 5, 13, 2**32 + 5, True), ("lhs", 3, 8, 7, False),
        ("sobol", 1, 8, 0, False), ("sobol", 5, 16, 0, False), ("sobol", 2, 5, 7, True), ("sobol", 6, 8, 2**40, True),
    ]
    long = [
        ("lhs", 9, 1000, 1, True), ("lhs", 4, 777, 2**62 + 1, False), ("lhs", 64, 300, 3, True),
        ("sobol", 128, 4096, 0, False), ("sobol", 128, 1024, 42, True), ("sobol", 3, 10_000, 9, True),
    ]
    return {"whole": [design(*case) for case in cases], "corners": [corners(*case) for case in long]}


def laws():
    """Quantiles of laws as sweep files write them."""
    inner = [0.01, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.999]
    outer = [2.0**-30, 1e-6, *inner, 1 - 2.0**-30]

    def truncated(mean, deviation, low, high):
        a, b = (low - mean) / deviation, (high - mean) / deviation
        return stats.truncnorm(a, b, loc=mean, scale=deviation)

    def truncated_log(median, sigma, low, high):
        """The logarithm is a truncated normal variable."""
        law = truncated(np.log(median), sigma, np.log(low), np.log(high))
        return lambda u: np.exp(law.ppf(u))

    cases = [
        ("range = [2, 6]", stats.uniform(2, 4).ppf, outer),
        ("range = [-3, 1e6]", stats.uniform(-3, 1e6 + 3).ppf, outer),
        ('range = [0.01, 100]\nscale = "log"', stats.loguniform(0.01, 100).ppf, outer),
        ("law = { uniform = [0.2, 0.8] }", stats.uniform(0.2, 0.8 - 0.2).ppf, outer),
        ("law = { normal = [100, 20] }", stats.norm(100, 20).ppf, outer),
        ("law = { normal = [0, 1e-3] }", stats.norm(0, 1e-3).ppf, outer),
        ("law = { log-normal = [10, 0.5] }", stats.lognorm(s=0.5, scale=10).ppf, outer),
        ("law = { normal = [100, 20], min = 50, max = 200 }", truncated(100, 20, 50, 200).ppf, outer),
        ("law = { normal = [100, 20], min = 150, max = 160 }", truncated(100, 20, 150, 160).ppf, outer),
        ("law = { normal = [100, 20], max = -100 }", truncated(100, 20, -np.inf, -100).ppf, inner),
        ("law = { normal = [100, 20], min = 260 }", truncated(100, 20, 260, np.inf).ppf, inner),
        ("law = { log-normal = [10, 0.5], min = 5, max = 40 }", truncated_log(10, 0.5, 5, 40), inner),
        ("law = { choice = [40.5, 75, 100], weights = [1, 2, 1] }",
         lambda u: np.array([40.5, 75.0, 100.0])[stats.rv_discrete(values=([0, 1, 2], [0.25, 0.5, 0.25])).ppf(u).astype(int)],
         [0.01, 0.2, 0.26, 0.5, 0.74, 0.76, 0.999]),
    ]
    return [{"axis": axis, "u": u, "values": [float(v) for v in ppf(np.array(u))]} for axis, ppf, u in cases]


def integers():
    """Whole numbers of a range, all equally likely."""
    points = qmc.LatinHypercube(2, rng=5).integers([0, -3], u_bounds=[10, 3], n=25, endpoint=True)
    return {"d": 2, "n": 25, "seed": 5, "points": points.tolist()}


def salib():
    """SALib's unscrambled sequence, and what it makes of it by the laws that both know."""
    points = sobol_sequence.sample(32, 4)
    problem = {
        "num_vars": 4,
        "names": ["a", "b", "c", "d"],
        "bounds": [[-2, 5], [0.1, 1000], [100, 20], [np.log(10), 0.5]],
        "dists": ["unif", "logunif", "norm", "lognorm"],
    }
    # Not its first point, at which no normal law has a value.
    return {"points": points.tolist(), "scaled": scale_samples(points[1:].copy(), problem).tolist()}


def main():
    answers = {"designs": designs(), "laws": laws(), "integers": integers(), "salib": salib()}
    for name, answer in answers.items():
        (HERE / f"{name}.json").write_text(json.dumps(answer, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
