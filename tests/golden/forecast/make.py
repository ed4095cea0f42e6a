"""Writes forecast.json beside it: autoregressive fits, CRPS, quantiles and a seasonal profile, by other implementations.

python make.py, with numpy, scipy and statsmodels; shares no code with the twin.
"""

import json
from pathlib import Path

import numpy as np
from scipy.integrate import quad
from scipy.stats import norm
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

LEVELS = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
rng = np.random.default_rng(20260320)


def simulated(coefficients, count):
    values = [0.0] * len(coefficients)
    for _ in range(count):
        values.append(sum(c * v for c, v in zip(coefficients, values[::-1])) + rng.normal())
    return np.round(values[len(coefficients):], 6)


def by_statsmodels(coefficients, count):
    series = simulated(coefficients, count)
    fit = AutoReg(series, lags=len(coefficients), trend="n").fit()
    follows = fit.predict(start=count, end=count + 9, dynamic=False)
    return {"by": "statsmodels AutoReg", "forgetting": 1.0, "ridge": 0.0, "series": series.tolist(),
            "coefficients": fit.params.tolist(), "follows": np.asarray(follows).tolist()}


def by_numpy(coefficients, count, forgetting, ridge):
    """Weighted ridge least squares, from the whole design at once."""
    series, order = simulated(coefficients, count), len(coefficients)
    design = np.array([series[t - order:t][::-1] for t in range(order, count)])
    weights = forgetting ** np.arange(len(design) - 1, -1, -1)
    gram = design.T @ (weights[:, None] * design)
    penalty = ridge * np.trace(gram) / order * np.eye(order)
    fit = np.linalg.solve(gram + penalty, design.T @ (weights * series[order:]))
    lags, follows = list(series[-order:]), []
    for _ in range(10):
        follows.append(float(fit @ np.array(lags[::-1][:order])))
        lags.append(follows[-1])
    return {"by": "numpy.linalg.solve", "forgetting": forgetting, "ridge": ridge, "series": series.tolist(),
            "coefficients": fit.tolist(), "follows": follows}


def crps_of_quantiles(quantiles, observed):
    """Brute integral of (F(x) - 1{x >= y})^2; F is linear between the quantiles and jumps at the outermost ones."""
    def distribution(x):
        if x < quantiles[0]:
            return 0.0
        return 1.0 if x >= quantiles[-1] else float(np.interp(x, quantiles, LEVELS))
    edges = sorted({*quantiles, observed})
    square = lambda x: (distribution(x) - (x >= observed)) ** 2
    return sum(quad(square, a, b, epsabs=1e-13)[0] for a, b in zip(edges, edges[1:]))


def crps_of_normal(mean, deviation, observed):
    """Closed form: Gneiting and Raftery 2007, equation 21."""
    z = (observed - mean) / deviation
    return deviation * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi))


quantile_cases = []
for observed in [-3.0, 0.2, 1.7, 9.0]:
    quantiles = np.sort(np.round(rng.normal(1.0, 2.0, len(LEVELS)), 4)).tolist()
    quantile_cases.append({"quantiles": quantiles, "observed": observed, "crps": crps_of_quantiles(quantiles, observed)})

# Members at the quantiles of equal shares of a normal: their CRPS approaches the closed form as they become many.
normal_cases = [{"mean": mean, "deviation": deviation, "observed": observed,
                 "crps": float(crps_of_normal(mean, deviation, observed)),
                 "members": norm.ppf((np.arange(500) + 0.5) / 500, mean, deviation).round(6).tolist()}
                for mean, deviation, observed in [(0.0, 1.0, 0.3), (2.0, 0.5, 4.0)]]

sample = np.round(rng.gamma(2.0, 1.5, 57), 5)

# The first ten days weigh the same, then a day weighs a tenth: simple exponential smoothing from the mean of the first ten.
days = np.round(5 + rng.normal(size=40), 5)
smoothed = SimpleExpSmoothing(days[10:], initialization_method="known", initial_level=days[:10].mean())
level = smoothed.fit(smoothing_level=0.1, optimized=False).forecast(1)[0]

out = {
    "autoregressive": [by_statsmodels([0.7], 150), by_statsmodels([1.1, -0.4, 0.1], 300),
                       by_numpy([0.6, 0.2], 200, 0.98, 0.05), by_numpy([0.5, 0.0, 0.3, -0.2], 250, 0.995, 0.0)],
    "crps_of_quantiles": quantile_cases,
    "crps_of_normal": normal_cases,
    "quantiles": {"sample": sample.tolist(), "quantiles": np.quantile(sample, LEVELS, method="weibull").tolist()},
    "profile": {"smoothing": 0.1, "days": days.tolist(), "after_ten": float(days[:10].mean()), "level": float(level)},
}
Path(__file__).with_name("forecast.json").write_text(json.dumps(out) + "\n")
