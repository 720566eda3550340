"""Writes mixtures.json: Gaussian mixtures of scikit-learn and the expected patch log-likelihood by SciPy, in float64.

    python mixtures.py

Points and images are spread(i, …) of README.md. The patch covariances have rank n − 1, because the mean of a patch is removed; SciPy evaluates such normals on
the space that they fill (allow_singular=True).
"""

import json
from pathlib import Path

import numpy as np
import sklearn
from scipy.stats import multivariate_normal
from sklearn.mixture import GaussianMixture

import threefry

SEED = 17
COUNT, D, K, FLOOR, ITERATIONS = 90, 3, 3, 0.01, 4
SHAPE, SIDE, STRIDE = (2, 3, 6, 7), 3, 2


def draw(index: int, shape: tuple[int, ...], bound: float, center: float = 0) -> np.ndarray:
    return threefry.spread(threefry.fold_in(threefry.key_from_seed(SEED), index), shape, center, bound).astype(np.float64)


def rounded(values: np.ndarray) -> list[float]:
    return [float(f"{value:.11e}") for value in np.asarray(values).ravel()]


def fitted() -> dict:
    """Expectation-maximization from the clusters i mod K."""
    points = draw(0, (COUNT, D), 1) ** 3 + np.eye(K, D)[np.arange(COUNT) % K]
    groups = [points[c::K] for c in range(K)]
    covariances = np.array([np.cov(group.T, bias=True) + FLOOR * np.eye(D) for group in groups])
    model = GaussianMixture(
        K,
        reg_covar=FLOOR,
        tol=0,
        max_iter=ITERATIONS,
        weights_init=np.full(K, 1 / K),
        means_init=np.array([group.mean(0) for group in groups]),
        precisions_init=np.linalg.inv(covariances),
    ).fit(points)
    assert model.n_iter_ == ITERATIONS
    return {
        "weights": rounded(model.weights_),
        "means": rounded(model.means_),
        "covariances": rounded(model.covariances_),
        "score": rounded(model.score(points))[0],
        "logDensities": rounded(model.score_samples(draw(1, (20, D), 2))),
    }


def starts(extent: int) -> list[int]:
    """Every STRIDE pixels, and at the far border."""
    return sorted({*range(0, extent - SIDE + 1, STRIDE), extent - SIDE})


def patch_likelihood() -> dict:
    images = draw(2, SHAPE, 0.5, 0.5)
    n = SHAPE[1] * SIDE**2
    remove = np.eye(n) - 1 / n
    means = [remove @ draw(3 + c, (n,), 0.1) for c in range(2)]
    covariances = [remove @ (factor @ factor.T + 0.05 * np.eye(n)) @ remove for factor in (draw(5 + c, (n, n), 0.2) for c in range(2))]
    total = 0.0
    for image in images:
        for top in starts(SHAPE[2]):
            for left in starts(SHAPE[3]):
                patch = image[:, top : top + SIDE, left : left + SIDE].ravel()
                logs = [multivariate_normal(mean, covariance, allow_singular=True).logpdf(patch - patch.mean()) for mean, covariance in zip(means, covariances)]
                total += np.logaddexp(np.log(0.3) + logs[0], np.log(0.7) + logs[1])
    return {"means": rounded(np.array(means)), "covariances": rounded(np.array(covariances)), "weights": [0.3, 0.7], "value": rounded(total)[0]}


def main() -> None:
    record = {
        "sklearn": sklearn.__version__,
        "seed": SEED,
        "points": {"count": COUNT, "d": D, "k": K, "floor": FLOOR, "iterations": ITERATIONS},
        "fitted": fitted(),
        "patches": {"shape": SHAPE, "side": SIDE, "stride": STRIDE, **patch_likelihood()},
    }
    (Path(__file__).parent / "mixtures.json").write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
