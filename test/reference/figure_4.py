"""Figure 4 in PyTorch, by hand: four adversaries on the draws that Gradleak makes from the same seed. Writes figure-4.json.

Weights, inputs, noise and starts come from Threefry keys (threefry.py), derived as src/experiments/figure-4/synthetic-network.ts does; everything after that is
PyTorch's autograd in float64 and a plain Adam. Per setting: the mean distance from the original at a few steps, in the order of a result's series.
"""

import json
from pathlib import Path

import numpy as np
import torch
from scipy.special import erfinv
from threefry import fold_in, key_from_seed, normal, stream, uniform

SEED, NETWORKS, SAMPLES, STEPS, DIMENSION = 5, 2, 5, 200, 20
SETTINGS = [(50, 10), (20, 10), (50, 2)]
SHOWN = [0, 1, 10, 50, 100, 200]
B, SIGMA, PRIOR_B = 0.1, np.sqrt(2) * 0.1, np.sqrt(0.5)
LOWEST = np.float32(-1 + 2.0**-24)
# Numbers of streams, as src/random/streams.ts has them.
WEIGHTS, NOISE, ATTACK, START, NETWORK, VECTORS, LABELING, TEST = 1, 3, 4, 9, 14, 16, 17, 19


def laplace(key, shape):
    u = np.float32(2) * uniform(key, shape) + LOWEST
    return np.sign(u) * np.log1p(-np.abs(u.astype(np.float64)))


def lecun(key, shape):
    within = 0.9544997361036416
    u = uniform(key, shape).astype(np.float64)
    return np.sqrt(2) * erfinv(2 * within * u - within) / (0.87962566103423978 * np.sqrt(shape[1]))


def network(key, width, classes):
    weights, vectors = stream(key, WEIGHTS), stream(key, VECTORS)
    theta = [
        torch.tensor(lecun(fold_in(weights, 0), (width, DIMENSION))),
        torch.zeros(width, dtype=torch.float64),
        torch.tensor(lecun(fold_in(weights, 2), (classes, width))),
        torch.zeros(classes, dtype=torch.float64),
    ]
    return [t.requires_grad_() for t in theta], normal(stream(vectors, LABELING), (classes, DIMENSION)).astype(np.float64)


def gradients(theta, x, label, create_graph=False):
    w1, b1, w2, b2 = theta
    logits = torch.relu(x @ w1.T + b1) @ w2.T + b2
    loss = torch.nn.functional.cross_entropy(logits[None], torch.tensor([label]))
    return torch.autograd.grad(loss, theta, create_graph=create_graph)


def attack(theta, g, label, start, truth, prior, conditional):
    x, m, v, path = start.clone(), torch.zeros(DIMENSION), torch.zeros(DIMENSION), [float((start - truth).norm())]
    for t in range(1, STEPS + 1):
        point = x.clone().requires_grad_()
        differences = [a - b for a, b in zip(g, gradients(theta, point, label, create_graph=True))]
        law = sum(d.abs().sum() / B if conditional == "laplacian" else d.square().sum() / (2 * SIGMA**2) for d in differences)
        belief = point.abs().sum() / PRIOR_B if prior == "laplacian" else point.square().sum() / 2
        (slope,) = torch.autograd.grad(law + belief, point)
        m, v = 0.9 * m + 0.1 * slope, 0.999 * v + 0.001 * slope**2
        x = x - 0.1 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        path.append(float((x - truth).norm()))
    return path


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    pairs = [("gaussian", "laplacian"), ("laplacian", "laplacian"), ("gaussian", "gaussian"), ("laplacian", "gaussian")]
    series = []
    for width, classes in SETTINGS:
        paths = {pair: [] for pair in pairs}
        for n in range(NETWORKS):
            key = fold_in(stream(key_from_seed(SEED), NETWORK), n)
            theta, labeling = network(key, width, classes)
            for i in range(SAMPLES):
                x = normal(fold_in(stream(stream(key, VECTORS), TEST), i), (DIMENSION,)).astype(np.float64)
                label = int((labeling @ x).argmax())
                # The defense has one step, at place 0.
                noise = fold_in(fold_in(stream(key, NOISE), i), 0)
                truth = torch.tensor(x)
                sent = [g + B * torch.tensor(laplace(fold_in(noise, j), tuple(g.shape))) for j, g in enumerate(gradients(theta, truth, label))]
                start = torch.tensor(normal(stream(fold_in(stream(key, ATTACK), i), START), (DIMENSION,)).astype(np.float64))
                for pair in pairs:
                    paths[pair].append(attack(theta, sent, label, start, truth, *pair))
        for (prior, conditional), all_paths in paths.items():
            means = np.mean(all_paths, axis=0)
            series.append(
                {
                    "width": width,
                    "classes": classes,
                    "prior": prior,
                    "conditional": conditional,
                    "mean": [round(float(means[step]), 6) for step in SHOWN],
                }
            )
            print(series[-1])
    made = {"seed": SEED, "networks": NETWORKS, "samples": SAMPLES, "steps": SHOWN, "torch": torch.__version__, "series": series}
    (Path(__file__).parent / "figure-4.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
