"""Writes risk.json: intervals and tests of risk, from SciPy and statsmodels.

    python risk.py

Tango's interval has no implementation there: it comes from its definition, a likelihood maximized and a score test inverted numerically. Bootstraps draw the
places that Threefry gives on both sides; those of a median are ranks.
"""

import json
import platform
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

import threefry


def clopper_pearson() -> list[dict]:
    cases = [(0, 72), (0, 1), (1, 1), (1, 2), (3, 100), (50, 100), (99, 100), (100, 100), (7, 1000), (4321, 10_000), (12, 1_000_000)]
    return [
        {"successes": k, "n": n, "confidence": confidence, "ends": [float(end) for end in proportion_confint(k, n, 1 - confidence, method="beta")]}
        for k, n in cases
        for confidence in (0.95, 0.999)
    ]


def dkw() -> list[dict]:
    # The exact quantile of the two-sided Kolmogorov-Smirnov statistic, which Massart's bound must not fall below.
    cases = [(10, 0.95), (200, 0.95), (200, 0.8), (1200, 0.99)]
    return [{"n": n, "confidence": confidence, "exact": float(stats.kstwo.ppf(confidence, n))} for n, confidence in cases]


def exact_mcnemar() -> list[dict]:
    cases = [(0, 0), (1, 0), (3, 3), (12, 2), (2, 12), (40, 20), (500, 431)]
    return [{"onlyFirst": b, "onlySecond": c, "pValue": float(mcnemar([[5, b], [c, 5]], exact=True).pvalue)} for b, c in cases]


def tango_ends(both: int, first: int, second: int, neither: int, confidence: float) -> list[float]:
    """Inverts the score test of H0: P(only first) − P(only second) = d, with the nuisance parameter at its numerical maximum likelihood."""
    n = both + first + second + neither
    z = stats.norm.ppf((1 + confidence) / 2)

    def nuisance(d: float) -> float:
        low, high = max(0.0, -d), (1 - d) / 2

        def loss(q: float) -> float:
            cells = (first, q + d), (second, q), (both + neither, 1 - 2 * q - d)
            return -sum(count * np.log(max(p, 1e-300)) for count, p in cells if count)

        found = optimize.minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-13})
        return min((low, high, found.x), key=loss)

    def score(d: float) -> float:
        q = nuisance(d)
        # Variance of (only first − only second)/n: (p + q − (p − q)²)/n, with p = q + d.
        return ((first - second) / n - d) / np.sqrt((2 * q + d - d * d) / n)

    estimate = (first - second) / n
    edge = 1 - 1e-9
    lower = -1.0 if estimate <= -edge else optimize.brentq(lambda d: score(d) - z, -edge, estimate - 1e-9, xtol=1e-14)
    upper = 1.0 if estimate >= edge else optimize.brentq(lambda d: score(d) + z, estimate + 1e-9, edge, xtol=1e-14)
    return [lower, upper]


def tango() -> list[dict]:
    cases = [(1, 1, 7, 12), (36, 12, 2, 0), (50, 40, 20, 50), (10, 0, 0, 10), (0, 0, 9, 90), (900, 31, 12, 257)]
    return [
        {"both": a, "onlyFirst": b, "onlySecond": c, "neither": d, "confidence": confidence, "ends": tango_ends(a, b, c, d, confidence)}
        for a, b, c, d in cases
        for confidence in (0.9, 0.95)
    ]


class Drawn(np.random.Generator):
    """Resample r draws n places: floor(n · word / 2^32) of the words of fold_in(key, r)."""

    def __new__(cls, seed: int):
        return super().__new__(cls, np.random.PCG64())

    def __init__(self, seed: int):
        super().__init__(np.random.PCG64())
        self.key, self.drawn = threefry.key_from_seed(seed), 0

    def integers(self, low, high=None, size=None, **_):
        n = high if high is not None else low
        rows = []
        for _row in range(size[0]):
            words = threefry.bits(threefry.fold_in(self.key, self.drawn), size[-1]).astype(np.uint64)
            rows.append((words * np.uint64(n)) >> np.uint64(32))
            self.drawn += 1
        return np.array(rows, dtype=np.int64)


SEED, RESAMPLES = 17, 1000


def bootstrap(data: np.ndarray, statistic, method: str, confidence: float) -> list[float]:
    if method == "BCa":
        # Hesterberg (2015): z becomes t·√(n/(n − 1)).
        n = len(data)
        confidence = 1 - 2 * stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf((1 + confidence) / 2, n - 1))
    result = stats.bootstrap(
        (data,), statistic, n_resamples=RESAMPLES, confidence_level=confidence, method=method, rng=Drawn(SEED), vectorized=False, batch=1
    )
    return [float(end) for end in result.confidence_interval]


def bootstraps() -> list[dict]:
    words = threefry.uniform(threefry.fold_in(threefry.key_from_seed(SEED), 123_456), (60,)).astype(np.float64)
    # Skewed, as distances are; rounded, so that both sides read the same numbers.
    values = np.round(-np.log(1 - words) - 0.8, 3)
    clusters = [values[start:stop].tolist() for start, stop in zip((0, 3, 7, 8, 14, 20, 23, 30, 41, 45, 52), (3, 7, 8, 14, 20, 23, 30, 41, 45, 52, 60))]
    sums, sizes = np.array([sum(c) for c in clusters]), np.array([len(c) for c in clusters])

    def ratio(places: np.ndarray) -> float:
        return sums[places].sum() / sizes[places].sum()

    return [
        {"statistic": statistic, "data": data, "confidence": confidence, "ends": bootstrap(np.asarray(sample), function, method, confidence)}
        for confidence in (0.8, 0.95)
        for statistic, data, sample, function, method in (
            ("mean", values.tolist(), values, np.mean, "BCa"),
            ("median", values.tolist(), np.sort(values), np.median, "percentile"),
            ("median", values[:59].tolist(), np.sort(values[:59]), np.median, "percentile"),
            ("clusters", clusters, np.arange(len(clusters)), ratio, "BCa"),
        )
    ]


def main() -> None:
    fixture = {
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__},
        "clopperPearson": clopper_pearson(),
        "dkw": dkw(),
        "mcnemar": exact_mcnemar(),
        "tango": tango(),
        "bootstrap": {"seed": SEED, "resamples": RESAMPLES, "cases": bootstraps()},
        "studentQuantile": [[p, n, float(stats.t.ppf(p, n))] for n in (1, 2, 3, 10, 49, 1000) for p in (0.001, 0.3, 0.975, 0.9995)],
        "normalQuantile": [[p, float(stats.norm.ppf(p))] for p in (1e-10, 0.001, 0.025, 0.3, 0.5, 0.9, 0.999)],
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(fixture, indent=1) + "\n")


if __name__ == "__main__":
    main()
