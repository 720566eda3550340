"""Writes accountant.json: ε of the sampled Gaussian mechanism by Opacus, dp-accounting and mpmath.

    python accountant.py

ε by Rényi divergences is that of opacus.accountants.analysis.rdp at the default orders of its RDPAccountant. The file is loaded by itself, because the package needs
PyTorch, and the formulas do not. ε by the law of the privacy loss is that of dp-accounting, whose losses are rounded up on a grid. Where every example takes part
in every step, δ(ε) is known in closed form, and mpmath evaluates it with 60 digits.
"""

import importlib.metadata
import importlib.util
import json
import platform
from pathlib import Path

import mpmath
import numpy as np
import scipy
from dp_accounting.pld import privacy_loss_distribution
from scipy import stats

mpmath.mp.dps = 60


def opacus_rdp():
    package = importlib.util.find_spec("opacus").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("opacus_rdp", Path(package) / "accountants" / "analysis" / "rdp.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rdp() -> list[list[float]]:
    analysis = opacus_rdp()
    # RDPAccountant.DEFAULT_ALPHAS.
    orders = [1 + x / 10.0 for x in range(1, 100)] + list(range(12, 64))
    rows = []
    for multiplier in (0.05, 0.4, 0.8, 1.1, 3.7):
        for rate in (0.0003, 0.01, 0.17, 0.6, 1.0):
            one = analysis.compute_rdp(q=rate, noise_multiplier=multiplier, steps=1, orders=orders)
            for steps, dp_delta in ((1, 1e-5), (250, 1e-5), (20_000, 1e-7)):
                epsilon, order = analysis.get_privacy_spent(orders=orders, rdp=one * steps, delta=dp_delta)
                rows.append([multiplier, rate, steps, dp_delta, max(0.0, float(epsilon)), float(order)])
    return rows


def pld() -> list[list[float]]:
    rows = []
    for multiplier, rate, steps, dp_delta, interval in (
        (1.1, 0.01, 1000, 1e-5, 1e-4),
        (0.5, 0.001, 20_000, 1e-6, 1e-4),
        (8.0, 0.5, 100, 1e-5, 1e-4),
        (0.4, 0.03, 1, 1e-4, 1e-4),
    ):
        law = privacy_loss_distribution.from_gaussian_mechanism(multiplier, sampling_prob=rate, value_discretization_interval=interval)
        rows.append([multiplier, rate, steps, dp_delta, float(law.self_compose(steps).get_epsilon_for_delta(dp_delta))])
    return rows


def gaussian() -> list[list[float]]:
    """δ(ε) of two normal laws, and the ε that has it."""
    rows = []
    for mu, epsilon in ((0.1, 0.3), (1, 1), (1, 6), (3, 20), (20, 300), (400, 80_500)):
        m, e = mpmath.mpf(mu), mpmath.mpf(epsilon)
        delta = mpmath.ncdf(m / 2 - e / m) - mpmath.exp(e) * mpmath.ncdf(-m / 2 - e / m)
        rows.append([mu, epsilon, float(delta)])
    return rows


def main() -> None:
    normal = [[x, float(stats.norm.logcdf(x))] for x in (-300.0, -40.0, -9.5, -5.0, -2.01, -1.99, -0.5, 0.0, 1.0, 2.5, 7.0)]
    quantiles = [[p, float(stats.norm.ppf(p))] for p in (1e-300, 1e-30, 1e-9, 0.001, 0.2, 0.5, 0.975)]
    balls = [[d, r, float(stats.chi2.cdf(r * r, d))] for d, r in ((1, 0.5), (2, 0.01), (2, 6.0), (20, 3.0), (20, 5.0), (784, 27.0), (784, 30.0), (3072, 50.0))]
    written = {
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "mpmath": mpmath.__version__,
            "opacus": importlib.metadata.version("opacus"),
            "dp-accounting": importlib.metadata.version("dp-accounting"),
        },
        "rdp": rdp(),
        "pld": pld(),
        "gaussian": gaussian(),
        "logNormalCdf": normal,
        "normalQuantile": quantiles,
        "gaussianBall": balls,
    }
    text = ",\n".join(f'  "{key}": ' + json.dumps(value) for key, value in written.items())
    Path(__file__).with_suffix(".json").write_text("{\n" + text + "\n}\n")


main()
