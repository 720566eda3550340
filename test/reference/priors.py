"""Writes priors.json: values of priors in PyTorch, in float64.

    python priors.py

The total variations are written as their sources write them: Geiping et al. 2020 (means of absolute differences), the framework of Balunović et al. 2022
(squared, circular, summed), DeepInversion (four directions), and Rudin et al. 1992 (isotropic, differences 0 at the border).
"""

import json
from pathlib import Path

import torch
from torch import Tensor

import gradients
import networks
import threefry

SEED = 13
SHAPE = (2, 3, 5, 6)
MEAN, STD = (0.5, 0.4, 0.3), (0.25, 0.2, 0.3)
ESTIMATED_BATCHES, ESTIMATED_BATCH = 3, 8


def draw(index: int, shape: tuple[int, ...], bound: float) -> Tensor:
    return torch.from_numpy(threefry.spread(threefry.fold_in(threefry.key_from_seed(SEED), index), shape, 0, bound)).double()


def inverting_gradients(x: Tensor) -> Tensor:
    return (x[:, :, :, :-1] - x[:, :, :, 1:]).abs().mean() + (x[:, :, :-1, :] - x[:, :, 1:, :]).abs().mean()


def soteria(x: Tensor) -> Tensor:
    return (x[:, :, :, :-1] - x[:, :, :, 1:]).square().mean() + (x[:, :, :-1, :] - x[:, :, 1:, :]).square().mean()


def framework(x: Tensor) -> Tensor:
    return ((x - x.roll(1, 2)).square() + (x - x.roll(1, 3)).square()).sum()


def four_differences(x: Tensor) -> tuple[Tensor, ...]:
    return (
        x[:, :, :, :-1] - x[:, :, :, 1:],
        x[:, :, :-1, :] - x[:, :, 1:, :],
        x[:, :, 1:, :-1] - x[:, :, :-1, 1:],
        x[:, :, :-1, :-1] - x[:, :, 1:, 1:],
    )


def isotropic(x: Tensor) -> Tensor:
    right, down = torch.zeros_like(x), torch.zeros_like(x)
    right[..., :-1] = x.diff(dim=-1)
    down[..., :-1, :] = x.diff(dim=-2)
    return (right.square() + down.square()).sqrt().sum()


def simple() -> dict[str, float]:
    x = draw(0, SHAPE, 2)
    mean, std = (torch.tensor(values, dtype=torch.float64).reshape(3, 1, 1) for values in (MEAN, STD))
    pixels = x * std + mean

    def normal(mean: float, sigma: float) -> torch.distributions.Normal:
        return torch.distributions.Normal(*torch.tensor([mean, sigma], dtype=torch.float64))

    def laplace(mean: float, b: float) -> torch.distributions.Laplace:
        return torch.distributions.Laplace(*torch.tensor([mean, b], dtype=torch.float64))

    return {
        "tv:weight=1": -inverting_gradients(x),
        "tv:weight=1,space=pixel": -inverting_gradients(pixels),
        "tv:weight=1,norm=squared": -soteria(x),
        "tv:weight=1,norm=squared,wrap=true,reduction=sum": -framework(x),
        "tv:weight=1,norm=l2,directions=4,reduction=sum": -sum(d.norm() for d in four_differences(x)),
        "tv:weight=1,norm=l1,directions=4": -sum(d.abs().mean() for d in four_differences(x)),
        "tv:weight=1,norm=isotropic,reduction=sum": -isotropic(x),
        "range:weight=1": -(pixels - pixels.clamp(0, 1)).square().sum(),
        "l2:weight=1": -0.5 * x.square().mean(),
        "l2:weight=1,norm=l2": -x.flatten(1).norm(dim=1).mean(),
        "gaussian:mean=0.2,sigma=0.7": normal(0.2, 0.7).log_prob(x).sum(),
        "gaussian:mean=0.4,sigma=0.3,space=pixel": (normal(0.4, 0.3).log_prob(pixels) + std.log()).sum(),
        "laplacian:mean=0.1,scale=0.7": laplace(0.1, 0.7).log_prob(x).sum(),
        "laplacian:scale=1,scaleAs=std": laplace(0.0, 0.5**0.5).log_prob(x).sum(),
    }


def entering(network: torch.nn.Module, x: Tensor) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    """Batch mean, biased batch variance, running mean and running variance of each normalization, before a pass changes the latter."""
    found = []

    def remember(layer: torch.nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        variance, mean = torch.var_mean(inputs[0], (0, 2, 3), unbiased=False)
        found.append((mean, variance, layer.running_mean.clone(), layer.running_var.clone()))

    handles = [module.register_forward_pre_hook(remember) for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    network(x)
    for handle in handles:
        handle.remove()
    return found


@torch.no_grad()
def batch_norm() -> dict:
    network = networks.build("convnet", width=2)
    cases = []
    for mode in ("eval", "train"):
        for batch in (1, 3):
            gradients.fill("convnet", network.float())
            network.double().train(mode == "train")
            statistics = entering(network, draw(1, (batch, *networks.IMAGE), 2))
            distances = [float((mean - center).norm() + (variance - spread).norm()) for mean, variance, center, spread in statistics]
            cases.append({"mode": mode, "batch": batch, "distances": gradients.rounded(distances)})
    described = gradients.fill("convnet", network.float())
    network.double().train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    for x in draw(2, (ESTIMATED_BATCHES * ESTIMATED_BATCH, *networks.IMAGE), 2).split(ESTIMATED_BATCH):
        network(x)
    estimated = {name: gradients.rounded(buffer) for name, buffer in network.named_buffers() if "running" in name}
    return {"fillSeed": gradients.SEED, **described, "cases": cases, "estimated": {"batch": ESTIMATED_BATCH, "batches": ESTIMATED_BATCHES, **estimated}}


def main() -> None:
    values = {spec: gradients.rounded([value])[0] for spec, value in simple().items()}
    record = {"torch": torch.__version__, "seed": SEED, "shape": SHAPE, "mean": MEAN, "std": STD, "values": values, "batchNorm": batch_norm()}
    (Path(__file__).parent / "priors.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
