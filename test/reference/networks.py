"""The networks of the fixtures as PyTorch modules. Their state_dict names are the parameter names of src/models/."""

import torch
from torch import Tensor, nn

import threefry

IMAGE = (3, 32, 32)
CLASSES = 10


class LeNet(nn.Module):
    """Sigmoid LeNet of "Deep Leakage from Gradients" (zhu: 3 convolutions) and of Soteria (soteria: 4)."""

    def __init__(self, variant: str = "zhu") -> None:
        super().__init__()
        strides = {"zhu": (2, 2, 1), "soteria": (2, 2, 1, 1)}[variant]
        layers: list[nn.Module] = []
        for index, stride in enumerate(strides):
            layers += [nn.Conv2d(12 if index else 3, 12, 5, stride, padding=2), nn.Sigmoid()]
        self.body = nn.Sequential(*layers)
        self.fc = nn.Sequential(nn.Linear(768, CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.body(x).flatten(1))


class ConvBig(nn.Module):
    """The network of the Soteria experiment. The second convolution is 1×1 with padding 1."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 1, padding=1)
        self.lin1 = nn.Linear(5184, 2000)
        self.lin2 = nn.Linear(2000, 1000)
        self.lin3 = nn.Linear(1000, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.avg_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.avg_pool2d(self.conv2(x).relu(), 2)
        return self.lin3(self.lin2(self.lin1(x.flatten(1)).relu()).relu())


class ConvNet(nn.Module):
    """The network of the ATS experiment: 8 convolutions, 3×3 pools after the sixth and the eighth."""

    def __init__(self, width: int = 64, norm: str = "batch", pool: str = "max") -> None:
        super().__init__()
        channels = [3, *(width * factor for factor in (1, 2, 2, 4, 4, 4, 4, 4))]
        for index in range(8):
            self.add_module(f"conv{index}", nn.Conv2d(channels[index], channels[index + 1], 3, padding=1))
            if norm == "batch":
                self.add_module(f"bn{index}", nn.BatchNorm2d(channels[index + 1]))
        self.linear = nn.Linear(9 * 4 * width, CLASSES)
        self.norm = norm
        self.pool = {"max": nn.functional.max_pool2d, "average": nn.functional.avg_pool2d}[pool]

    def forward(self, x: Tensor) -> Tensor:
        for index in range(8):
            x = self.get_submodule(f"conv{index}")(x)
            if self.norm == "batch":
                x = self.get_submodule(f"bn{index}")(x)
            x = x.relu()
            if index in (5, 7):
                x = self.pool(x, 3)
        return self.linear(x.flatten(1))


class Cnn(nn.Module):
    """The small network of the Bayes attack's comparison: two convolutions, two average pools, two dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.lin1 = nn.Linear(4096, 100)
        self.lin2 = nn.Linear(100, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.avg_pool2d(self.conv1(x).relu(), 2)
        x = nn.functional.avg_pool2d(self.conv2(x).relu(), 2)
        return self.lin2(self.lin1(x.flatten(1)).relu())


def mlp(sizes: tuple[int, ...]) -> nn.Sequential:
    """Dense layers with ReLU between. The input must come flattened: named_parameters are 0.weight, 0.bias, 2.weight, …"""
    widths = (3072, *sizes, CLASSES)
    layers: list[nn.Module] = []
    for fan_in, fan_out in zip(widths, widths[1:]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def build(kind: str, **params) -> nn.Module:
    """A network by the kind and parameters it has on the command line, with PyTorch's default initialization, in eval mode."""
    kinds = {"cnn": Cnn, "convbig": ConvBig, "convnet": ConvNet, "lenet": LeNet, "mlp": mlp}
    return kinds[kind](**params).eval()


def forward(network: nn.Module, x: Tensor) -> Tensor:
    """Logits [B, 10] of images x [B, 3, 32, 32]."""
    return network(x.flatten(1) if isinstance(network, nn.Sequential) else x)


def fan_in(network: nn.Module, name: str) -> int:
    """Inputs per output unit of the layer that the parameter belongs to: its bias has the fan-in of its weight."""
    return network.get_parameter(name.rpartition(".")[0] + ".weight")[0].numel()


@torch.no_grad()
def spread_parameters(network: nn.Module, seed: int, gain: float) -> None:
    """Fills parameter i with bound·(2u − 1), u = uniform(fold_in(key(seed), i)), bound = gain/√fan_in. Without batch norm.

    With gain 1 this is PyTorch's default initialization of dense and convolution layers, from a seed that others can evaluate.
    """
    key = threefry.key_from_seed(seed)
    for index, (name, parameter) in enumerate(network.named_parameters()):
        bound = gain / fan_in(network, name) ** 0.5
        values = threefry.spread(threefry.fold_in(key, index), tuple(parameter.shape), 0, bound)
        parameter.copy_(torch.from_numpy(values))


def main() -> None:
    expected = {
        "lenet variant=soteria": (build("lenet", variant="soteria"), 19_438),
        "convbig": (build("convbig"), 12_384_018),
        "convnet": (build("convnet"), 2_904_970),
        "cnn": (build("cnn"), 430_102),
    }
    for name, (network, count) in expected.items():
        total = sum(parameter.numel() for parameter in network.parameters())
        assert total == count, (name, total)
        assert forward(network, torch.zeros(1, *IMAGE)).shape == (1, CLASSES)
        print(f"{name}: {total} parameters")


if __name__ == "__main__":
    main()
