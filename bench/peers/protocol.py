"""What both peers share: the problem on disk, and the conversation with the driver.

A peer is a process that answers one JSON request a line on stdin with one JSON reply a line on stdout:

    {"cmd": "prepare", "problem": FOLDER, "program": NAME, "threads": N}
        -> {"secondsToFirstStep", "objective", "image", "gradient"}   after the first step
    {"cmd": "run", "steps": N}       -> {"ms": [...], "cpuMs": [...]}   wall and processor time of each step
    {"cmd": "memory"}                -> {"peakMB"}
    {"cmd": "draws", "count": N}     -> {"ms": {"normal": ...}}
"""

import base64
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

import numpy as np

IMAGE = (3, 32, 32)
CLASSES = 10
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Problem:
    """One attack: a network with its weights, and a private image and a starting point in each lane."""

    network: str
    params: dict
    lanes: int
    weights: dict[str, np.ndarray]
    truth: np.ndarray
    start: np.ndarray
    labels: np.ndarray
    low: np.ndarray
    high: np.ndarray
    tv: float
    rate: float
    trains: bool


def read_problem(folder: Path) -> Problem:
    """problem.json says which float32 arrays numbers.f32 holds, one behind the other."""
    description = json.loads((folder / "problem.json").read_text())
    numbers = np.fromfile(folder / "numbers.f32", np.float32)
    arrays: dict[str, np.ndarray] = {}
    at = 0
    for entry in description["arrays"]:
        size = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = numbers[at : at + size].reshape(entry["shape"])
        at += size
    lanes = description["lanes"]
    return Problem(
        network=description["network"],
        params=description["params"],
        lanes=lanes,
        weights={name[len("weight.") :]: array for name, array in arrays.items() if name.startswith("weight.")},
        truth=arrays["truth"].reshape(lanes, *IMAGE),
        start=arrays["start"].reshape(lanes, *IMAGE),
        labels=np.array(description["labels"], np.int32),
        low=arrays["low"].reshape(-1, 1, 1),
        high=arrays["high"].reshape(-1, 1, 1),
        tv=description["tv"],
        rate=description["rate"],
        trains=description["trains"],
    )


@dataclass(frozen=True)
class Seen:
    """After a step: the objective before it and its gradient in x, a value a lane, and the images behind it."""

    objective: np.ndarray
    gradient: np.ndarray
    image: np.ndarray


class Attack(Protocol):
    """A problem that is loaded: weights and observed gradients are there, nothing is built yet."""

    def build(self) -> None: ...
    def step(self) -> None:
        """Returns when the step is done, not when it is queued."""
        ...

    def read(self) -> Seen: ...


def serve(load: Callable[[Problem, str, int], Attack], draw_normal: Callable[[int], None]) -> None:
    """Answers until stdin ends. Whatever libraries print goes to stderr."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    attack: Attack | None = None

    def prepare(request: dict) -> dict:
        nonlocal attack
        attack = load(read_problem(Path(request["problem"])), request["program"], request["threads"])
        reset_peak()
        began = time.perf_counter()
        attack.build()
        attack.step()
        seconds = time.perf_counter() - began
        seen = attack.read()
        return {
            "secondsToFirstStep": seconds,
            "objective": [float(value) for value in seen.objective],
            "image": encoded(seen.image),
            "gradient": encoded(seen.gradient),
        }

    def run(request: dict) -> dict:
        assert attack, "prepare first"
        wall, cpu = [], []
        for _ in range(request["steps"]):
            began, busy = time.perf_counter(), time.process_time()
            attack.step()
            wall.append(1000 * (time.perf_counter() - began))
            cpu.append(1000 * (time.process_time() - busy))
        return {"ms": wall, "cpuMs": cpu}

    def draws(request: dict) -> dict:
        return {"ms": {"normal": timed(lambda: draw_normal(request["count"]))}}

    commands = {"prepare": prepare, "run": run, "memory": lambda _: {"peakMB": peak_megabytes()}, "draws": draws}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = commands[request["cmd"]](request)
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"}
        print(json.dumps(reply), file=replies, flush=True)


def encoded(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, np.float32).tobytes()).decode()


def timed(work: Callable[[], None]) -> float:
    """Median milliseconds of five runs, after one that is not counted."""
    work()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began))
    return median(times)


def reset_peak() -> None:
    """Lets the peak begin anew, where the system can (Linux)."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def peak_megabytes() -> float:
    """Peak resident memory of this process. Linux's ru_maxrss would count the parent's before exec, so /proc comes first."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
