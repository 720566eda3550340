"""Writes gradients.json: parameter gradients of the networks, and gradients in x of the two matching objectives, in float64.

    python gradients.py

README.md states the formulas. Every number is also computed in float32, and the largest relative difference is written beside it.
"""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import networks
import threefry

BUFFER_INDEX, TRUTH_INDEX, POINT_INDEX, SIGNS_INDEX, ENTRIES_INDEX = 1000, 2000, 2001, 3000, 4000
INPUT_TENSOR = 100
INPUT_BOUND = 2
LABELS = (3, 1, 8)
ENTRIES = 256
SEED = 3
# What a float32 implementation is held to is 1e-3: the fixtures must not sit on a kink of ReLU or max pooling.
FLOAT32_TOLERANCE = 1e-4

NETWORKS = {
    "mlp:sizes=32/16": ("mlp", {"sizes": (32, 16)}),
    "lenet:variant=zhu": ("lenet", {"variant": "zhu"}),
    "lenet:variant=soteria": ("lenet", {"variant": "soteria"}),
    "convbig": ("convbig", {}),
    "convnet:width=8": ("convnet", {"width": 8}),
    "convnet:width=8,norm=none,pool=average": ("convnet", {"width": 8, "norm": "none", "pool": "average"}),
    "cnn": ("cnn", {}),
}


def law(kind: str, network: nn.Module, name: str) -> tuple[float, float]:
    """Center and bound of the uniform entries of one parameter or buffer."""
    layer, _, role = name.rpartition(".")
    if isinstance(network.get_submodule(layer), nn.BatchNorm2d):
        return (1.0 if role in ("weight", "running_var") else 0.0), 0.5
    return 0.0, 0.5 if kind == "lenet" else (6 / networks.fan_in(network, name)) ** 0.5


def draw(index: int, shape: tuple[int, ...], center: float, bound: float) -> Tensor:
    return torch.from_numpy(threefry.spread(threefry.fold_in(threefry.key_from_seed(SEED), index), shape, center, bound))


@torch.no_grad()
def fill(kind: str, network: nn.Module) -> dict[str, list[dict]]:
    """Fills parameters and running statistics, and says how."""
    running = [(name, buffer) for name, buffer in network.named_buffers() if "running" in name]
    described = {}
    for group, first, tensors in (("parameters", 0, list(network.named_parameters())), ("buffers", BUFFER_INDEX, running)):
        described[group] = []
        for index, (name, tensor) in enumerate(tensors, first):
            center, bound = law(kind, network, name)
            tensor.copy_(draw(index, tuple(tensor.shape), center, bound))
            described[group].append({"name": name, "shape": list(tensor.shape), "index": index, "center": center, "bound": bound})
    return described


def rounded(values) -> list[float]:
    return [float(f"{float(value):.11e}") for value in values]


def summary(values: np.ndarray, tensor: int) -> dict:
    """Norm, sum, largest magnitude, products with two ±1 vectors, and all entries or 256 of them."""
    flat, key = values.ravel(), threefry.key_from_seed(SEED)
    dots = [flat @ threefry.signs(threefry.fold_in(key, SIGNS_INDEX + 2 * tensor + k), flat.size) for k in (0, 1)]
    chosen = np.arange(flat.size)
    if flat.size > ENTRIES:
        fraction = threefry.uniform(threefry.fold_in(key, ENTRIES_INDEX + tensor), (ENTRIES,)).astype(np.float64)
        chosen = np.floor(fraction * flat.size).astype(np.int64)
    norm, total, largest = rounded((np.linalg.norm(flat), flat.sum(), np.abs(flat).max()))
    return {"shape": list(values.shape), "norm": norm, "sum": total, "max": largest, "dots": rounded(dots), "entries": rounded(flat[chosen])}


def cosine(gradients: list[Tensor], observed: list[Tensor]) -> Tensor:
    dot = sum((ours * theirs).sum() for ours, theirs in zip(gradients, observed))
    norms = [sum(tensor.square().sum() for tensor in tensors).sqrt() for tensors in (gradients, observed)]
    return 1 - dot / (norms[0] * norms[1])


def squared(gradients: list[Tensor], observed: list[Tensor]) -> Tensor:
    return sum((ours - theirs).square().sum() for ours, theirs in zip(gradients, observed))


OBJECTIVES = {"cosine": cosine, "squared": squared}


def measure(network: nn.Module, truth: Tensor, point: Tensor, y: Tensor) -> dict[str, list[np.ndarray]]:
    """Loss, logits and parameter gradients at the truth; objectives and their gradients in x at the point."""
    parameters = list(network.parameters())

    def gradients(x: Tensor, create_graph: bool) -> tuple[Tensor, Tensor, list[Tensor]]:
        logits = networks.forward(network, x)
        loss = nn.functional.cross_entropy(logits, y)
        return logits, loss, list(torch.autograd.grad(loss, parameters, create_graph=create_graph))

    logits, loss, observed = gradients(truth, create_graph=False)
    results = {"logits": [logits.detach().numpy()], "loss": [loss.detach().numpy()], "gradients": [tensor.numpy() for tensor in observed]}
    for name, objective in OBJECTIVES.items():
        for place, x in (("", point), ("AtTruth", truth)):
            x = x.clone().requires_grad_()
            value = objective(gradients(x, create_graph=True)[2], observed)
            results[name + place] = [value.detach().numpy()]
            results[f"{name}Gradient{place}"] = [torch.autograd.grad(value, x)[0].numpy()]
    return results


def whole_norm(tensors: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(np.square(tensor).sum() for tensor in tensors)))


def vanishes(values: np.ndarray, whole: float) -> bool:
    """Zero but for rounding: the bias of a convolution that batch norm follows, in train mode."""
    return bool(np.linalg.norm(values) < 1e-12 * whole)


def relative_error(ours: list[np.ndarray], theirs: list[np.ndarray]) -> float:
    """The largest over the tensors, each against its own norm, or against that of all where it is zero but for rounding."""
    whole = whole_norm(theirs)
    norms = (whole if vanishes(tensor, whole) else np.linalg.norm(tensor) for tensor in theirs)
    return max(float(np.linalg.norm(a - b) / norm) for a, b, norm in zip(ours, theirs, norms))


def case(model: str, network: nn.Module, mode: str, batch: int) -> dict:
    network.train(mode == "train")
    truth = draw(TRUTH_INDEX, (batch, *networks.IMAGE), 0, INPUT_BOUND)
    point = draw(POINT_INDEX, (batch, *networks.IMAGE), 0, INPUT_BOUND)
    y = torch.tensor(LABELS[:batch])
    single = measure(network.float(), truth, point, y)
    # The running statistics move in train mode, but no result of train mode depends on them.
    double = measure(network.double(), truth.double(), point.double(), y)
    for name in OBJECTIVES:
        away, at = (np.linalg.norm(double[f"{name}Gradient{place}"][0]) for place in ("", "AtTruth"))
        assert at < 1e-10 * away, (model, name, at, away)
    compared = ("logits", "gradients", *OBJECTIVES, *(f"{name}Gradient" for name in OBJECTIVES))
    errors = {quantity: float(f"{relative_error(single[quantity], double[quantity]):.1e}") for quantity in compared}
    assert max(errors.values()) < FLOAT32_TOLERANCE, (model, mode, batch, errors)
    print(model, mode, batch, errors, flush=True)
    names, whole = [name for name, _ in network.named_parameters()], whole_norm(double["gradients"])
    return {
        "model": model,
        "mode": mode,
        "batch": batch,
        "labels": y.tolist(),
        "logits": [rounded(row) for row in double["logits"][0]],
        "loss": rounded(double["loss"])[0],
        "gradientNorm": rounded([whole])[0],
        "gradients": {
            name: {"shape": list(values.shape), "zero": True} if vanishes(values, whole) else summary(values, tensor)
            for tensor, (name, values) in enumerate(zip(names, double["gradients"]))
        },
        **{
            name: {
                "value": rounded(double[name])[0],
                "gradient": summary(double[f"{name}Gradient"][0], INPUT_TENSOR),
            }
            for name in OBJECTIVES
        },
        "float32Error": errors,
    }


def main() -> None:
    described, cases = {}, []
    for model, (kind, params) in NETWORKS.items():
        network = networks.build(kind, **params)
        normalized = any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
        for mode in ("eval", "train") if normalized else ("eval",):
            for batch in (1, 3):
                described[model] = fill(kind, network.float())
                cases.append(case(model, network, mode, batch))
    record = {"torch": torch.__version__, "seed": SEED, "inputBound": INPUT_BOUND, "networks": described, "cases": cases}
    (Path(__file__).parent / "gradients.json").write_text(json.dumps(record, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
