"""Our side of the comparisons: a cell's update as training runs it, ready to be called."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch

from bench.experiment import registry
from bench.functional import pytree
from bench.learner.learner import Learner
from bench.learner.strategy import combine
from bench.learner.task import Task
from bench.tasks.family.digit_images import DigitImages
from bench.training.train import _Trainer


def pendulum(width: int, rows: int, **changed: Any) -> Task:
    """Pendulum with networks of two hidden layers of this width, one environment copy per seed."""
    own = {"hidden": (width, width), "batch_rows": rows, "steps_per_update": 1, **changed}
    return type("Sized", (type(registry.task("pendulum")),), own)()


def fashion(device: str) -> Task:
    """`fashion_mnist` with 2,000 made-up images."""
    pixels = torch.randint(256, (2000, 784), dtype=torch.uint8, device=device)
    changed = {"images": lambda self, device: pixels}
    return type("MadeUp", (type(registry.task("fashion_mnist")),), changed)()


def small_images() -> Task:
    """Digits of 8 x 8 pixels with small convolutions instead of dense networks."""
    return type("Small", (DigitImages,), {"name": "images", "seconds": 60.0})()


def learner(task: Task, *strategies: str) -> Learner:
    """A learner on the task with these strategies at their defaults."""
    return Learner(task, combine(registry.strategy(name).build(task) for name in strategies))


def turns(
    what: Learner, seeds: int, device: str = "cpu", calls: int | None = None
) -> Callable[[], None]:
    """One update of all seeds per call, with the next action if there is an environment.

    In the form that training would choose for that many calls, by default the task's budget. The
    experience is made up once and shown again and again: the environment is no part of it.
    """
    with torch.device(device):
        trainer = _Trainer(what, tuple(range(seeds)), "auto")
        given, _ = trainer._beginning()
        generator = torch.Generator(device).manual_seed(0)
        given = [torch.randn(leaf.shape, generator=generator) for leaf in given]
        turn, _ = trainer._turn(given, calls or what.task.updates)
        held = pytree.leaves(trainer.state)
        carried = len(held)

        def call() -> None:
            held[:] = turn.flat([*held, *given, trainer.keys])[:carried]
            if device == "cuda":
                torch.cuda.synchronize()

        for _ in range(3):
            call()
    return call


def median_seconds(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The median time of each call; they take turns, so that all meet the same noise."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in times.items()}
