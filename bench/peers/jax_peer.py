"""The attack step in JAX: jit of grad of a function of grad, the whole step in one function; lanes in the way that is faster."""

import os
import sys
from dataclasses import dataclass
from functools import partial

# XLA takes as many threads as the process may use processors, so that is where the number of threads is set: before JAX is loaded.
threads = int(sys.argv[1])
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
os.environ["NPROC"] = str(threads)
os.environ["JAX_PLATFORMS"] = "cpu"

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import Array, lax  # noqa: E402

from protocol import BETA1, BETA2, EPSILON, Problem, Seen, serve  # noqa: E402

Weights = dict[str, Array]


def convolution(weights: Weights, name: str, x: Array, stride: int = 1, padding: int = 0) -> Array:
    """NCHW, batch of one."""
    edge = (padding, padding)
    y = lax.conv_general_dilated(x, weights[f"{name}.weight"], (stride, stride), (edge, edge), dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return y + weights[f"{name}.bias"][:, None, None]


def linear(weights: Weights, name: str, x: Array) -> Array:
    return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def batch_norm(weights: Weights, name: str, x: Array) -> Array:
    """With running statistics."""
    scale = weights[f"{name}.weight"] / jnp.sqrt(weights[f"{name}.running_var"] + 1e-5)
    shift = weights[f"{name}.bias"] - weights[f"{name}.running_mean"] * scale
    return x * scale[:, None, None] + shift[:, None, None]


def pool(kind: str, size: int, x: Array) -> Array:
    window = (1, 1, size, size)
    if kind == "max":
        return lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
    return lax.reduce_window(x, 0.0, lax.add, window, window, "VALID") / size**2


def lenet(weights: Weights, x: Array, variant: str) -> Array:
    for index, stride in enumerate({"zhu": (2, 2, 1), "soteria": (2, 2, 1, 1)}[variant]):
        x = jax.nn.sigmoid(convolution(weights, f"body.{2 * index}", x, stride, 2))
    return linear(weights, "fc.0", x.reshape(1, -1))


def mlp(weights: Weights, x: Array, sizes: list[int]) -> Array:
    x = x.reshape(1, -1)
    for index in range(len(sizes)):
        x = jax.nn.relu(linear(weights, str(2 * index), x))
    return linear(weights, str(2 * len(sizes)), x)


def convbig(weights: Weights, x: Array) -> Array:
    x = pool("average", 2, jax.nn.relu(convolution(weights, "conv1", x, padding=1)))
    x = pool("average", 2, jax.nn.relu(convolution(weights, "conv2", x, padding=1)))
    x = jax.nn.relu(linear(weights, "lin1", x.reshape(1, -1)))
    return linear(weights, "lin3", jax.nn.relu(linear(weights, "lin2", x)))


def convnet(weights: Weights, x: Array, width: int, norm: str, pool_kind: str) -> Array:
    for index in range(8):
        x = convolution(weights, f"conv{index}", x, padding=1)
        if norm == "batch":
            x = batch_norm(weights, f"bn{index}", x)
        x = jax.nn.relu(x)
        if index in (5, 7):
            x = pool(pool_kind, 3, x)
    return linear(weights, "linear", x.reshape(1, -1))


def network(problem: Problem):
    params = {("pool_kind" if name == "pool" else name): value for name, value in problem.params.items()}
    return partial({"lenet": lenet, "mlp": mlp, "convbig": convbig, "convnet": convnet}[problem.network], **params)


def total_variation(x: Array) -> Array:
    return jnp.abs(jnp.diff(x, axis=-1)).mean() + jnp.abs(jnp.diff(x, axis=-2)).mean()


def cosine_distance(gradients: Weights, observed: Weights) -> Array:
    dot = sum(jnp.vdot(gradients[name], observed[name]) for name in observed)
    squares = sum(jnp.vdot(gradients[name], gradients[name]) for name in observed)
    observed_squares = sum(jnp.vdot(observed[name], observed[name]) for name in observed)
    return 1 - dot / jnp.sqrt(squares * observed_squares)


@dataclass
class Part:
    """What one call of the step takes and gives back: all lanes, or one."""

    x: Array
    m: Array
    v: Array
    y: Array
    seen: Weights
    value: Array | None = None
    slope: Array | None = None


class Jitted:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        forward = network(problem)
        weights = {name: jnp.asarray(array) for name, array in problem.weights.items()}
        self.statistics = {name: array for name, array in weights.items() if ".running_" in name}
        self.parameters = {name: array for name, array in weights.items() if name not in self.statistics}

        def loss(parameters: Weights, statistics: Weights, x: Array, y: Array) -> Array:
            return -jax.nn.log_softmax(forward({**parameters, **statistics}, x[None]))[0, y]

        self.loss = loss
        self.y = jnp.asarray(problem.labels)
        observe = jax.jit(jax.grad(loss))
        lanes = [observe(self.parameters, self.statistics, x, y) for x, y in zip(problem.truth, self.y)]
        self.observed = jax.tree.map(lambda *gradients: jnp.stack(gradients), *lanes)
        jax.block_until_ready(self.observed)

    def build(self) -> None:
        problem, loss = self.problem, self.loss
        low, high = problem.low, problem.high

        def objective(x: Array, y: Array, observed: Weights, parameters: Weights, statistics: Weights) -> Array:
            gradients = jax.grad(loss)(parameters, statistics, x, y)
            return cosine_distance(gradients, observed) + problem.tv * total_variation(x)

        def step(x, m, v, t, y, observed, parameters, statistics):
            value, slope = jax.value_and_grad(objective)(x, y, observed, parameters, statistics)
            sign = jnp.sign(slope)
            m = BETA1 * m + (1 - BETA1) * sign
            v = BETA2 * v + (1 - BETA2) * sign**2
            denominator = jnp.sqrt(v / (1 - BETA2**t)) + EPSILON
            x = x - problem.rate * (m / (1 - BETA1**t)) / denominator
            return jnp.clip(x, low, high), m, v, value, slope

        # vmap turns a convolution by a lane's own gradients into a grouped one, for which XLA has no fast kernel on processors: two lanes of ConvNet-64 take
        # minutes. Where convolutions are most of the work, lanes are faster one after the other.
        together = problem.lanes > 1 and problem.network in ("mlp", "convbig")
        self.call = jax.jit(jax.vmap(step, in_axes=(0, 0, 0, None, 0, 0, None, None)) if together else step)
        parts = [slice(None)] if together else range(problem.lanes)
        self.t = 0
        self.parts = [
            Part(
                x=jnp.asarray(problem.start[part]),
                m=jnp.zeros_like(problem.start[part]),
                v=jnp.zeros_like(problem.start[part]),
                y=self.y[part],
                seen=jax.tree.map(lambda array, part=part: array[part], self.observed),
            )
            for part in parts
        ]

    def step(self) -> None:
        self.t += 1
        for part in self.parts:
            part.x, part.m, part.v, part.value, part.slope = self.call(
                part.x, part.m, part.v, np.float32(self.t), part.y, part.seen, self.parameters, self.statistics
            )
        jax.block_until_ready([part.x for part in self.parts])

    def read(self) -> Seen:
        def every(name: str) -> np.ndarray:
            return np.concatenate([np.asarray(getattr(part, name)).reshape(-1) for part in self.parts])

        return Seen(objective=every("value"), gradient=every("slope"), image=every("x"))


if __name__ == "__main__":
    draw = jax.jit(jax.random.normal, static_argnums=1)
    serve(lambda problem, _program, _threads: Jitted(problem), lambda count: jax.block_until_ready(draw(jax.random.key(0), (count,))))
