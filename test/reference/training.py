"""Writes training.json: weights, running statistics and losses of 20 steps of PyTorch's training, in float64.

    python training.py

README.md states the formulas. Every training also runs in float32, and the largest relative difference is written beside it.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import nn

import gradients
import networks
import threefry

LARGE = 1_000_000
EXAMPLES_INDEX, INPUT_BOUND = 5000, 1
ENTRIES = 16
# The stream of src/random/streams.ts that orders a client's examples.
BATCHES = 52
ZERO = {"momentum": 0, "nesterov": False, "weightDecay": 0}

CASES = [
    {"model": "convnet:width=4", "batch": 4, "examples": 10, "steps": 20, "optimizer": {"kind": "sgd", "rate": 0.004, **ZERO, "momentum": 0.9}},
    {"model": "convnet:width=4", "batch": 4, "examples": 10, "steps": 20, "optimizer": {"kind": "adam", "rate": 0.002, **ZERO, "weightDecay": 0.01}},
    {"model": "mlp:sizes=32/16", "batch": 8, "examples": 20, "steps": 20, "optimizer": {"kind": "sgd", "rate": 0.02, "momentum": 0.9, "nesterov": True, "weightDecay": 0.05}},
    {"model": "mlp:sizes=32/16", "batch": 8, "examples": 20, "steps": 20, "optimizer": {"kind": "adam", "rate": 0.002, **ZERO}},
    {"model": "convbig", "batch": 8, "examples": 20, "steps": 20, "optimizer": {"kind": "sgd", "rate": 0.01, "momentum": 0.9, "nesterov": True, "weightDecay": 5e-4}},
]
KINDS = {"convnet:width=4": ("convnet", {"width": 4}), "mlp:sizes=32/16": ("mlp", {"sizes": (32, 16)}), "convbig": ("convbig", {})}


def positions(examples: int, batch: int, steps: int) -> np.ndarray:
    """The examples of each step: passes in the order of random words, and batches that go on from one pass to the next."""
    key = threefry.fold_in(threefry.stream(threefry.key_from_seed(gradients.SEED), BATCHES), 0)
    passes = [np.argsort(threefry.bits(threefry.fold_in(key, p), examples), kind="stable") for p in range(steps * batch // examples + 1)]
    return np.concatenate(passes)[: steps * batch].reshape(steps, batch)


def train(network: nn.Module, case: dict, dtype: torch.dtype) -> tuple[list[float], dict[str, np.ndarray]]:
    optimizer, count = case["optimizer"], case["examples"]
    x = gradients.draw(EXAMPLES_INDEX, (count, *networks.IMAGE), 0, INPUT_BOUND).to(dtype)
    y = torch.arange(count) * 7 % networks.CLASSES
    network = network.to(dtype).train()
    common = {"lr": optimizer["rate"], "weight_decay": optimizer["weightDecay"]}
    if optimizer["kind"] == "sgd":
        descent = torch.optim.SGD(network.parameters(), momentum=optimizer["momentum"], nesterov=optimizer["nesterov"], **common)
    else:
        descent = torch.optim.Adam(network.parameters(), **common)
    losses = []
    for own in positions(count, case["batch"], case["steps"]):
        descent.zero_grad()
        loss = nn.functional.cross_entropy(networks.forward(network, x[own]), y[own])
        loss.backward()
        descent.step()
        losses.append(loss.item())
    state = {name: tensor.detach().double().numpy() for name, tensor in network.state_dict().items() if "tracked" not in name}
    return losses, state


def measured(case: dict) -> dict:
    kind, params = KINDS[case["model"]]
    outcomes = []
    for dtype in (torch.float32, torch.float64):
        network = networks.build(kind, **params)
        described = gradients.fill(kind, network)
        outcomes.append(train(network, case, dtype))
    (_, single), (losses, double) = outcomes
    error = max(np.linalg.norm(single[name] - values) / np.linalg.norm(values) for name, values in double.items())
    print(case["model"], case["optimizer"]["kind"], "losses", losses[0], losses[-1], "float32", error, flush=True)
    # In the order of named_parameters, then running statistics.
    names = [each["name"] for group in ("parameters", "buffers") for each in described[group]]
    trained = {}
    for place, name in enumerate(names):
        whole = gradients.summary(double[name], place)
        # Signs of ten million entries take a test seconds, and the norm and the entries see the same.
        dots = whole["dots"] if double[name].size < LARGE else []
        trained[name] = {"norm": whole["norm"], "dots": dots, "entries": whole["entries"][:ENTRIES]}
    return {**case, "network": described, "losses": gradients.rounded(losses), "trained": trained, "float32Error": float(f"{error:.1e}")}


def main() -> None:
    record = {"torch": torch.__version__, "seed": gradients.SEED, "inputBound": INPUT_BOUND, "examplesIndex": EXAMPLES_INDEX}
    record["cases"] = [measured(case) for case in CASES]
    (Path(__file__).parent / "training.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
