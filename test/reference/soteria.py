"""Soteria's scores and masks by the formulas of its code and of its paper.

For each feature f: q_f = ||d r_f / d x||_2 by one backward pass a feature, s_f = q_f / (r_f + floor), and the paper's
||r_f J+ e_f||_2 with J+ the pseudo-inverse of the Jacobian of the features that are not 0. Float64.
Run: python test/reference/soteria.py > test/reference/soteria.json
"""

import json

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(7)
shape, sizes, classes = [1, 3, 4], [10, 8], 5
widths = [12, *sizes, classes]


def rounded(tensor):
    return torch.round(tensor * 1e4) / 1e4


weights = {}
for i, (a, b) in enumerate(zip(widths, widths[1:])):
    weights[f"{2 * i}.weight"] = rounded(torch.randn(b, a, generator=generator) / a**0.5)
    weights[f"{2 * i}.bias"] = rounded(torch.randn(b, generator=generator) * 0.3)


def features(x, depth):
    h = x.reshape(-1)
    for i in range(depth):
        h = torch.relu(weights[f"{2 * i}.weight"] @ h + weights[f"{2 * i}.bias"])
    return h


def case(x, depth, floor, prune):
    x = x.clone().requires_grad_(True)
    r = features(x, depth)
    rows = [torch.autograd.grad(r[f], x, retain_graph=True)[0].reshape(-1) for f in range(len(r))]
    first = np.array([row.norm().item() / (value.item() + floor) if value + floor > 0 else 0.0 for row, value in zip(rows, r)])
    mask = [0 if abs(score) < np.percentile(first, prune) else 1 for score in first]
    alive = [f for f in range(len(r)) if r[f] > 0]
    inverse = torch.linalg.pinv(torch.stack([rows[f] for f in alive]))
    exact = [0.0] * len(r)
    for column, f in enumerate(alive):
        exact[f] = (r[f] * inverse[:, column]).norm().item()
    return {
        "x": x.detach().reshape(-1).tolist(),
        "layer": str(2 * depth),
        "floor": floor,
        "prune": prune,
        "scores": first.tolist(),
        "mask": mask,
        "exact": exact,
    }


xs = [rounded(torch.randn(shape, generator=generator)) for _ in range(3)]
cases = [case(x, depth, floor, prune) for x in xs for depth, floor, prune in [(1, 0.1, 40), (2, 0.1, 80), (1, 0.0, 65), (2, 0.1, 10)]]
print(
    json.dumps(
        {
            "shape": shape,
            "sizes": sizes,
            "classes": classes,
            "weights": {name: {"shape": list(t.shape), "data": t.reshape(-1).tolist()} for name, t in weights.items()},
            "cases": cases,
        }
    )
)
