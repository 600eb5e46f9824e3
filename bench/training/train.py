"""Trains all seeds of a cell in one batch.

Learner, tasks and strategies are written for one seed. Here `vmap` adds a dimension of S seeds,
environments step S times `steps_per_update` copies, and results are split by seed again.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import vmap

from bench.functional import pytree, rng
from bench.learner.learner import Learner
from bench.learner.problem import EnvironmentLibrary, Experience
from bench.learner.state import LearnerState
from bench.learner.task import Critic, diagnostics
from bench.training import compilation, memory
from bench.training.rollout import Rollout
from bench.training.trace import Recording, trace

Array = NDArray[Any]
Metrics = dict[str, float]

ROWS = 1000
"""How many samples are drawn at once in an evaluation: more images would not fit in memory."""

MIN_SEED_BATCH = 4
"""Fewer seeds are padded to a batch of this size. From four seeds on, the libraries and the
compiler round one seed's numbers in the same way, whatever the batch size and the seed's index."""


class Observer:
    """Callbacks of training, to be overridden. An exception raised by one ends training."""

    def updated(self, share: float) -> None:
        """Called after every update, with the share of all updates that are done."""

    def evaluated(self, step: int, metrics: list[Metrics]) -> None:
        """Called after an evaluation at `step` (in the task's unit), with each seed's metrics."""


@dataclass(frozen=True)
class Run:
    """The result of training S seeds."""

    seeds: tuple[int, ...]
    steps: list[int]  # of each evaluation, in the task's step unit
    curves: list[list[Metrics]]  # [evaluation][seed]
    first_bad_step: list[int | None]  # [seed]; first with a non-finite loss or gradient
    state: LearnerState  # stacked [S, ...]
    seconds: dict[str, float]  # by phase
    compiled: bool  # whether updates ran as machine code, which rounds differently
    samples: Array | None  # [n, ...] pictures of the first seed, for tasks that draw samples
    actor: dict[str, Array]  # the first seed's parameters as evaluated


def train(
    learner: Learner,
    seeds: Sequence[int],
    *,
    library: EnvironmentLibrary | None = None,
    updates: int | None = None,
    observer: Observer | None = None,
    device: str = "cpu",
) -> Run:
    """Train `seeds` for the task's budget (or `updates`), with equally spaced evaluations.

    `library` steps the environments, in place of the task's own choice. On a CPU with the same
    number of threads, a seed's numbers are the same bit for bit in every batch. Seeds with a
    non-finite loss or gradient stay in the batch and are evaluated as NaN from then on. On a CUDA
    `device` states and memories stay there, and an update is one CUDA graph. As a side effect, the
    process flushes denormal numbers to zero and keeps freed memory (`bench.training.memory`) from
    then on. Raises what a callback of `observer` raises.
    """
    # Only where needed: a default device slows down every operation.
    with nullcontext() if device == "cpu" else torch.device(device):
        trainer = _Trainer(learner, tuple(seeds), library)
        total = learner.task.updates if updates is None else updates
        return trainer.run(total, observer or Observer())


class _Trainer:
    def __init__(
        self, learner: Learner, wanted: tuple[int, ...], library: EnvironmentLibrary | None
    ) -> None:
        # Adam's means of dead units decay to the smallest denormals and stay there, and arithmetic
        # on denormals takes a hundred times as long.
        torch.set_flush_denormal(True)
        memory.keep()
        seeds = wanted + wanted[:1] * (MIN_SEED_BATCH - len(wanted))
        self.learner, self.task, self.seeds, self.wanted = learner, learner.task, seeds, wanted
        self.names = [metric.name for metric in diagnostics(self.task)]
        self.clock = _Clock()
        self.keys = torch.stack([rng.seed_key(seed) for seed in seeds])
        # Cloned, because vmap may return expanded views, which cannot be written in place.
        self.state: LearnerState = pytree.tmap(
            lambda leaf: leaf.clone(), vmap(learner.init)(self.keys)
        )
        self.rollout: Rollout | None = None
        if self.task.environment is not None:
            self.rollout = Rollout(self.task, seeds, library)
            if not self.task.samples:
                with self.clock("trace"):
                    example = (self.state, self.rollout.start(), self.keys)
                    self.eval_action = trace(vmap(learner.eval_action), *example)
                    self.state_value = trace(vmap(learner.state_value), *example)

    def run(self, total: int, observer: Observer) -> Run:
        try:
            return self._run(total, observer)
        finally:
            if self.rollout is not None:
                self.rollout.close()

    def _run(self, total: int, observer: Observer) -> Run:
        marks = self.task.eval_updates(total)
        steps = [self.task.steps(mark) for mark in marks]
        bad: list[int | None] = [None] * len(self.seeds)
        curves = [self._evaluate([], bad, 0, total)]
        observer.evaluated(0, curves[0])
        given, action = self._beginning()
        leaves, structure = pytree.flatten(self.state)
        turn, fast = self._turn(given, total)
        for start, stop in pairwise(marks):
            losses = []
            for number in range(start, stop if None in bad else start):
                # Between two steps of the environment, updates are given the same experience again.
                if self.rollout is not None and number % self.task.updates_per_step == 0:
                    with self.clock("environment"):
                        given = [*self.rollout.step(action, number), self.rollout.obs]
                with self.clock("update"):
                    made = turn.flat([*leaves, *given, self.keys])
                end = len(leaves) + 2 * len(self.task.players)
                leaves, info, action = made[: len(leaves)], made[len(leaves) : end], made[-1]
                losses.append(info)
                observer.updated((number + 1) / total)
            self.state = pytree.unflatten(leaves, structure)
            bad = _first_bad(losses, start, bad)
            curves.append(self._evaluate(losses, bad, stop, total))
            observer.evaluated(steps[len(curves) - 1], curves[-1])
        return Run(
            seeds=self.wanted,
            steps=steps,
            curves=curves,
            first_bad_step=[
                None if first is None else self.task.steps(first)
                for first in bad[: len(self.wanted)]
            ],
            state=pytree.tmap(lambda leaf: leaf[: len(self.wanted)], self.state),
            seconds=dict(self.clock.seconds),
            compiled=fast,
            samples=self._pictures() if self.task.samples else None,
            actor=self._actor(),
        )

    def _beginning(self) -> tuple[list[Tensor], Tensor]:
        """Return the first turn's inputs besides the state (blank experience), and first action."""
        rows = 0 if self.rollout is None else self.task.steps_per_update
        blank = pytree.tmap(
            lambda leaf: leaf.expand(len(self.seeds), *leaf.shape).clone(), self.task.blank(rows)
        )
        if self.rollout is None:
            return [*blank], self.keys  # without an environment there are no actions: a placeholder
        action = vmap(self.learner.explore_action)(self.state, self.rollout.obs, self.keys)
        return [*blank, self.rollout.obs], action.detach()

    def _turn(self, given: list[Tensor], total: int) -> tuple[Recording, bool]:
        """Return a recorded update, also with the next actions to step; whether it is compiled."""

        def turn(state: LearnerState, given: list[Tensor], key: Tensor) -> Any:
            seen, standing = Experience(*given[:5]), given[5:]
            state, info = self.learner.update(state, seen, key)
            return state, info, [self.learner.explore_action(state, obs, key) for obs in standing]

        with self.clock("trace"):
            example = (self.state, given, self.keys)
            recording = trace(vmap(turn), *example)
        with self.clock("compile"):
            leaves, carried = pytree.leaves(example), len(pytree.leaves(self.state))
            # The code path belongs to the task, so that its cells can be compared; with another
            # budget, which is compared with nothing, it is what is faster.
            compile_it = self.task.compiled
            if total != self.task.updates:
                compile_it = compilation.pays(recording, total, len(self.seeds))
            return compilation.best(recording, leaves, carried, compile_it=compile_it)

    def _evaluate(
        self, losses: list[list[Tensor]], bad: list[int | None], number: int, total: int
    ) -> list[Metrics]:
        with self.clock("evaluation"):
            if self.rollout is not None and not self.task.samples:
                state, keys = pytree.leaves(self.state), _use(self.keys, "evaluate")
                scores = self.rollout.evaluate(
                    lambda obs: self.eval_action.flat([*state, obs, keys])[0],
                    lambda obs: self.state_value.flat([*state, obs, keys])[0],
                    number,
                    self.task.episodes_after(number, total),
                )
            else:
                actions = self._actions()
                with torch.device("cpu"):
                    scores = [
                        self.task.judge(some, self._critic(number))
                        for number, some in enumerate(actions[: len(self.wanted)])
                    ]
            diagnoses = _means(losses, self.names, len(self.wanted))
            memory.give_back()
        return [
            diagnosis | (score if first is None else dict.fromkeys(score, math.nan))
            for score, diagnosis, first in zip(scores, diagnoses, bad, strict=False)
        ]

    def _pictures(self) -> Array:
        return self.task.pictures(self._actions()[0], self._critic(0))

    def _actor(self) -> dict[str, Array]:
        params = self.learner.eval_params(pytree.take(self.state, 0))
        return {name: leaf.cpu().numpy() for name, leaf in params.items()}

    def _critic(self, number: int) -> Critic:
        """Return one seed's present critic as a function of NumPy arrays."""
        state = pytree.take(self.state, number)
        dtype, device = torch.get_default_dtype(), self.keys.device

        def critic(obs: Array, action: Array, *, player: str = "critic") -> Array:
            given = (torch.as_tensor(part, dtype=dtype, device=device) for part in (obs, action))
            with torch.no_grad():
                return self.learner.says(state, player, *given).cpu().numpy()

        return critic

    def _actions(self) -> Array:
        """Return the evaluated actor's actions [S, samples, A]; noise is the same every time."""
        obs, key = self.task.probe(self.task.samples), _use(self.keys, "evaluate")
        parts = []
        for number, some in enumerate(obs.split(ROWS)):
            everywhere = some.expand(len(self.seeds), *some.shape)
            with torch.no_grad():
                made = vmap(self.learner.eval_action)(self.state, everywhere, _use(key, number))
            parts.append(made.cpu().numpy())
        return np.concatenate(parts, axis=1)


class _Clock:
    """Adds up wall-clock seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[phase] += time.perf_counter() - start


def _means(losses: list[list[Tensor]], names: list[str], seeds: int) -> list[Metrics]:
    """Return the first seeds' mean losses and gradient norms; NaN before the first update."""
    if not losses:
        return [dict.fromkeys(names, math.nan) for _ in range(seeds)]
    # Seed by seed, so that no sum depends on the number of seeds: [name, seed, update].
    values = torch.stack([torch.stack(each, dim=1) for each in zip(*losses, strict=True)])
    means = [[float(seed.mean()) for seed in each[:seeds]] for each in values.double().cpu()]
    return [dict(zip(names, seed, strict=True)) for seed in zip(*means, strict=True)]


def _use(keys: Tensor, name: str | int) -> Tensor:
    return vmap(lambda key: rng.fold(key, name))(keys)


def _first_bad(losses: list[list[Tensor]], start: int, bad: list[int | None]) -> list[int | None]:
    """Return each seed's first update, from 1, with a non-finite loss or gradient; else None."""
    if not losses:
        return bad
    totals = torch.stack([sum(info, start=torch.zeros(())) for info in losses])  # [updates, S]
    wrong = ~torch.isfinite(totals)
    return [
        found
        if found is not None
        else (start + 1 + int(column.int().argmax()))
        if column.any()
        else None
        for found, column in zip(bad, wrong.T, strict=True)
    ]
