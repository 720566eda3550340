"""Writes distributions.json: logarithms of densities from SciPy and mpmath, with constants, at points from the middle far into the tails."""

import json
from pathlib import Path

import mpmath
import numpy as np
from scipy import integrate, special, stats

mpmath.mp.dps = 30
points = [-9.5, -1.25, -0.3, 0.0, 0.02, 0.7, 2.5, 31.0]
mean = 0.2


def round12(values):
    return [float(f"{v:.12g}") for v in np.atleast_1d(values)]


def laplace_sum(s, b, count):
    """log density of the sum of `count` Laplace(0, b): a variance-gamma law, with a Bessel function of the second kind that mpmath computes."""
    order = mpmath.mpf(count) - 0.5
    z = mpmath.mpf(abs(s)) / b
    density = (z / 2) ** order * mpmath.besselk(order, z) / (b * mpmath.sqrt(mpmath.pi) * mpmath.gamma(count))
    return float(mpmath.log(density))


# The formula against the inverse Fourier transform of the characteristic function 1 / (1 + b² t²)^count.
for n in (1, 2, 5):
    for s in (0.3, 2.0):
        inverse, _ = integrate.quad(lambda t: 1 / (1 + (0.5 * t) ** 2) ** n / np.pi, 0, np.inf, weight="cos", wvar=s)
        assert abs(np.exp(laplace_sum(s, 0.5, n)) - inverse) < 1e-7, (n, s)

x = np.array(points)
fixture = {
    "expression": "scipy.stats norm, laplace, uniform .logpdf, bernoulli .logpmf; scipy.special.gammaln for the ball; mpmath.besselk for laplaceSum",
    "points": points,
    "mean": mean,
    "normal": [{"sigma": s, "logProbs": round12(stats.norm(mean, s).logpdf(x))} for s in (0.1, 1.0, 7.5)],
    "laplace": [{"b": b, "logProbs": round12(stats.laplace(mean, b).logpdf(x))} for b in (0.1, 1.0, 7.5)],
    "laplaceSum": [
        {"b": b, "count": n, "logProbs": round12([laplace_sum(p - mean, b, n) for p in points])} for b in (0.1, 1.5) for n in (1, 2, 3, 8, 32, 100)
    ],
    # Bounds -1.25 and 2.5 belong to the box. SciPy's -inf is null.
    "uniform": {
        "low": -1.25,
        "high": 2.5,
        "logProbs": [None if np.isinf(v) else float(f"{v:.12g}") for v in stats.uniform(-1.25, 3.75).logpdf(x)],
    },
    "bernoulli": [{"p": p, "logProbs": round12(stats.bernoulli(p).logpmf([0, 1]))} for p in (0.3, 0.5, 0.99)],
    "ball": [
        {
            "dimension": d,
            "radius": r,
            "logProb": float(f"{-(d / 2 * np.log(np.pi) - special.gammaln(d / 2 + 1) + d * np.log(r)):.12g}"),
        }
        for d in (1, 2, 3, 20, 3072)
        for r in (0.25, 35.0)
    ],
    "mixture": {
        "expression": "special.logsumexp over 0.5 N(mean, 0.1²), 0.3 Laplace(mean, 2), 0.2 N(mean, 1)",
        "logProbs": round12(
            special.logsumexp(
                [
                    np.log(0.5) + stats.norm(mean, 0.1).logpdf(x),
                    np.log(0.3) + stats.laplace(mean, 2).logpdf(x),
                    np.log(0.2) + stats.norm(mean, 1).logpdf(x),
                ],
                axis=0,
            )
        ),
    },
}
Path(__file__).with_suffix(".json").write_text(json.dumps(fixture, indent=1) + "\n")
