"""The attack step and the training step in PyTorch: eager double backward with torch.optim.Adam, or torch.compile of torch.func.grad around everything."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, grad_and_value, vmap

from protocol import BETA1, BETA2, EPSILON, Attack, Problem, Seen, serve

sys.path.insert(0, str(Path(__file__).parents[2] / "test" / "reference"))
import networks  # noqa: E402


def total_variation(x: Tensor) -> Tensor:
    return x.diff(dim=-1).abs().mean() + x.diff(dim=-2).abs().mean()


def cosine_distance(gradients: list[Tensor], observed: list[Tensor]) -> Tensor:
    dot = sum((a * b).sum() for a, b in zip(gradients, observed))
    squares = sum(a.square().sum() for a in gradients)
    observed_squares = sum(b.square().sum() for b in observed)
    return 1 - dot / (squares * observed_squares).sqrt()


def load_network(problem: Problem) -> nn.Module:
    network = networks.build(problem.network, **problem.params)
    state = {name: torch.from_numpy(array) for name, array in problem.weights.items()}
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected, unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing), missing
    return network


class Eager:
    """As the published attacks are written: lane after lane, create_graph=True, the gradient's sign given to torch.optim.Adam."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.network = load_network(problem)
        self.parameters = list(self.network.parameters())
        self.labels = torch.from_numpy(problem.labels).long()
        self.observed = [
            [g.detach() for g in self.gradients(torch.from_numpy(problem.truth[i : i + 1]), i, create_graph=False)] for i in range(problem.lanes)
        ]

    def gradients(self, x: Tensor, lane: int, create_graph: bool = True) -> tuple[Tensor, ...]:
        loss = nn.functional.cross_entropy(networks.forward(self.network, x), self.labels[lane : lane + 1])
        return torch.autograd.grad(loss, self.parameters, create_graph=create_graph)

    def build(self) -> None:
        problem = self.problem
        self.low, self.high = torch.from_numpy(problem.low), torch.from_numpy(problem.high)
        self.x = [torch.from_numpy(problem.start[i : i + 1].copy()).requires_grad_() for i in range(problem.lanes)]
        self.optimizers = [torch.optim.Adam([x], lr=problem.rate, betas=(BETA1, BETA2), eps=EPSILON) for x in self.x]
        self.values = [torch.zeros(()) for _ in self.x]
        self.slopes = [torch.zeros_like(x) for x in self.x]

    def step(self) -> None:
        for lane, (x, optimizer) in enumerate(zip(self.x, self.optimizers)):
            matching = cosine_distance(list(self.gradients(x, lane)), self.observed[lane])
            value = matching + self.problem.tv * total_variation(x)
            (slope,) = torch.autograd.grad(value, [x])
            x.grad = slope.sign()
            optimizer.step()
            with torch.no_grad():
                x.copy_(torch.maximum(torch.minimum(x, self.high), self.low))
            self.values[lane], self.slopes[lane] = value.detach(), slope

    def read(self) -> Seen:
        return Seen(
            objective=np.array([value.item() for value in self.values]),
            gradient=torch.cat(self.slopes).numpy(),
            image=torch.cat(self.x).detach().numpy(),
        )


class Compiled:
    """One compiled function of tensors: objective, derivatives, optimizer and box; vmap for lanes."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.network = load_network(problem)
        self.parameters = {name: parameter.detach() for name, parameter in self.network.named_parameters()}
        self.flat = isinstance(self.network, nn.Sequential)
        self.labels = torch.from_numpy(problem.labels).long()
        lanes = [grad(self.loss)(self.parameters, torch.from_numpy(x), y) for x, y in zip(problem.truth, self.labels)]
        self.observed = {name: torch.stack([gradients[name] for gradients in lanes]) for name in self.parameters}

    def loss(self, parameters: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
        batch = x[None].flatten(1) if self.flat else x[None]
        return nn.functional.cross_entropy(functional_call(self.network, parameters, batch), y[None])

    def build(self) -> None:
        problem = self.problem
        low, high = torch.from_numpy(problem.low), torch.from_numpy(problem.high)
        parameters = self.parameters
        names = list(parameters)

        def objective(x: Tensor, y: Tensor, observed: dict[str, Tensor]) -> Tensor:
            gradients = grad(self.loss)(parameters, x, y)
            matching = cosine_distance([gradients[name] for name in names], [observed[name] for name in names])
            return matching + problem.tv * total_variation(x)

        def step(x: Tensor, m: Tensor, v: Tensor, t: Tensor, y: Tensor, observed: dict[str, Tensor]):
            slope, value = grad_and_value(objective)(x, y, observed)
            sign = slope.sign()
            m = BETA1 * m + (1 - BETA1) * sign
            v = BETA2 * v + (1 - BETA2) * sign.square()
            denominator = (v / (1 - BETA2**t)).sqrt() + EPSILON
            x = x - problem.rate * (m / (1 - BETA1**t)) / denominator
            return torch.maximum(torch.minimum(x, high), low), m, v, value, slope

        one = problem.lanes == 1
        lane = (lambda tensor: tensor[0]) if one else (lambda tensor: tensor)
        self.call = torch.compile(step if one else vmap(step, in_dims=(0, 0, 0, None, 0, 0)))
        self.x = lane(torch.from_numpy(problem.start.copy()))
        self.m, self.v = torch.zeros_like(self.x), torch.zeros_like(self.x)
        self.t = torch.zeros(())
        self.y = lane(self.labels)
        self.seen = {name: lane(tensor) for name, tensor in self.observed.items()}

    @torch.no_grad()
    def step(self) -> None:
        self.t += 1
        self.x, self.m, self.v, self.value, self.slope = self.call(self.x, self.m, self.v, self.t, self.y, self.seen)

    def read(self) -> Seen:
        return Seen(objective=self.value.reshape(-1).numpy(), gradient=self.slope.numpy(), image=self.x.numpy())


class Training:
    """A step of training on one batch, in the usual form."""

    def __init__(self, problem: Problem) -> None:
        self.network = load_network(problem).train()
        self.x, self.y = torch.from_numpy(problem.truth.copy()), torch.from_numpy(problem.labels).long()
        self.rate = problem.rate

    def build(self) -> None:
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=self.rate, momentum=0.9)

    def step(self) -> None:
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(networks.forward(self.network, self.x), self.y)
        loss.backward()
        self.optimizer.step()
        self.loss = loss.item()

    def read(self) -> Seen:
        last = list(self.network.parameters())[-2:]
        return Seen(
            objective=np.array([self.loss]),
            gradient=np.concatenate([parameter.grad.numpy().ravel() for parameter in last]),
            image=np.concatenate([parameter.detach().numpy().ravel() for parameter in last]),
        )


def load(problem: Problem, program: str, threads: int) -> Attack:
    torch.set_num_threads(threads)
    if problem.trains:
        return Training(problem)
    return {"torch-eager": Eager, "torch-compile": Compiled}[program](problem)


if __name__ == "__main__":
    serve(load, lambda count: torch.randn(count))
