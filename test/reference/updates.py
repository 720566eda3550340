"""Writes updates.json: weights and updates as PyTorch clients save them, with the private images behind them.

    python updates.py

A file is a base64 string. `scale` is what the update is of the gradient of the mean loss: the factor of its loss, or the learning rate of a difference or of new weights.
Networks are Sequential(Flatten, Linear, ReLU, Linear, ReLU, Linear) on 1x4x4 images; names are those without the Flatten, as mlp:sizes=8/8 has them.
"""

import base64
import io
import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import nn

from networks import ConvNet

HERE = Path(__file__).parent


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def file(tensors: dict) -> str:
    return text(save({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()}))


def arrays(values: list) -> str:
    """A list without names, as np.savez stores it: arr_0, arr_1, …"""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, *values)
    return text(buffer.getvalue())


def network(classes: int, seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, classes))


def batch(count: int, seed: int) -> torch.Tensor:
    """Pixels k/255, so that a PNG file could hold them."""
    return torch.randint(0, 256, (count, 1, 4, 4), generator=torch.Generator().manual_seed(seed)).float() / 255


def gradient(model: nn.Module, x: torch.Tensor, y: torch.Tensor, loss: nn.Module, factor: float = 1.0) -> dict:
    model.zero_grad()
    (loss(model(x.flatten(1)), y) * factor).backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def trained(model: nn.Module, x: torch.Tensor, y: torch.Tensor, loss: nn.Module, make, steps: int) -> nn.Module:
    after = deepcopy(model)
    optimizer = make(after.parameters())
    for _ in range(steps):
        optimizer.zero_grad()
        loss(after(x.flatten(1)), y).backward()
        optimizer.step()
    return after


def difference(after: nn.Module, before: nn.Module) -> dict:
    return {name: value - before.state_dict()[name] for name, value in after.state_dict().items()}


def pixels(x: torch.Tensor) -> list:
    return [[round(v * 255) for v in image.flatten().tolist()] for image in x]


def cases() -> list[dict]:
    mean, smooth = nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=0.1)
    sgd = lambda rate, **more: lambda parameters: torch.optim.SGD(parameters, lr=rate, **more)
    found = []
    for name, classes, count, seed in [("one image", 5, 1, 3), ("three images", 10, 3, 5), ("two classes", 2, 1, 7)]:
        model = network(classes, seed)
        x = batch(count, seed)
        y = torch.tensor([1, 4, 4][:count])
        step, steps = trained(model, x, y, mean, sgd(0.05), 1), trained(model, x, y, mean, sgd(0.002), 3)
        updates = {
            "gradient": (file(gradient(model, x, y, mean)), 1),
            "gradient of a summed loss": (file(gradient(model, x, y, mean, 8)), 8),
            "gradient in 16 bits": (file({k: v.half() for k, v in gradient(model, x, y, mean).items()}), 1),
            "difference": (file(difference(step, model)), 0.05),
            "difference of three steps": (file(difference(steps, model)), 0.006),
            "before minus after": (file({k: -v for k, v in difference(step, model).items()}), 0.05),
            "weights": (file(step.state_dict()), 0.05),
            "smoothed gradient": (file(gradient(model, x, y, smooth)), 1),
            "smoothed difference": (file(difference(trained(model, x, y, smooth, sgd(0.05), 1), model)), 0.05),
            "Adam": (file(difference(trained(model, x, y, mean, torch.optim.Adam, 1), model)), None),
        }
        found.append(
            {
                "name": name,
                "classes": classes,
                "labels": y.tolist(),
                "pixels": pixels(x),
                "weights": file(model.state_dict()),
                "updates": {key: {"file": made, "scale": scale} for key, (made, scale) in updates.items()},
            }
        )
    return found


class Own(nn.Module):
    """The same network with names of its own."""

    def __init__(self, model: nn.Sequential):
        super().__init__()
        self.fc1, self.fc2, self.out = model[0], model[2], model[4]


def names() -> dict:
    """The weights of the first network as wrappers of PyTorch and other authors name them."""
    model = network(5, 3)
    return {
        "DataParallel": file(nn.DataParallel(model).state_dict()),
        "torch.compile": file(torch.compile(model).state_dict()),
        "compiled DataParallel": file(torch.compile(nn.DataParallel(model)).state_dict()),
        "a model inside": file(nn.ModuleDict({"model": nn.ModuleDict({"net": model})}).state_dict()),
        "own": file(Own(model).state_dict()),
        "list": arrays([value.numpy() for value in model.state_dict().values()]),
    }


def normalized() -> dict:
    """A client of Flower with batch normalization: whole state_dicts as lists. The counters of batches are int64 before, and float64 after a server's average."""
    torch.manual_seed(11)
    before = ConvNet(width=1)
    before.linear = nn.Linear(4, 4)
    before.train()
    x = torch.randint(0, 256, (2, 3, 9, 9), generator=torch.Generator().manual_seed(11)).float() / 255
    y = torch.tensor([0, 3])
    after = deepcopy(before)
    loss = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(after.parameters(), lr=0.1)
    loss(after(x), y).backward()
    gradients = [parameter.grad.clone() for parameter in after.parameters()]
    optimizer.step()
    values = lambda model: [value.numpy() for value in model.state_dict().values()]
    return {
        "labels": y.tolist(),
        "scale": 0.1,
        "weights": arrays(values(before)),
        "after": arrays([value.astype("float64") if value.shape == () else value for value in values(after)]),
        "gradients": arrays([gradient.numpy() for gradient in gradients]),
        "named": file(before.state_dict()),
    }


if __name__ == "__main__":
    fixture = {"cases": cases(), "names": names(), "normalized": normalized()}
    path = HERE / "updates.json"
    path.write_text(json.dumps(fixture, indent=1) + "\n")
    print(path, path.stat().st_size)
