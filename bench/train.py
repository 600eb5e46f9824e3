"""Trains all seeds of a cell together. The only file that knows that seeds are a dimension.

Everything below is written for one seed; here `vmap` stacks S of them, environments step S times
`steps_per_update` copies, and the results are taken apart again.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.func import vmap

from bench import environments, rng, trees
from bench.environments import Backend, Environment
from bench.game import DIAGNOSES, Critic, Episodes, Experience
from bench.learner import Info, Learner, State
from bench.trace import trace

Array = NDArray[Any]
Metrics = dict[str, float]

ROWS = 1000
"""How many samples are drawn at once for an evaluation: more images would not fit in memory."""


@dataclass(frozen=True)
class Run:
    """What training S seeds gave, seed by seed."""

    seeds: tuple[int, ...]
    steps: list[int]  # of each evaluation, in the task's step unit
    curves: list[list[Metrics]]  # [evaluation][seed]
    first_bad_step: list[int | None]  # [seed]; first with a loss or gradient that is not finite
    state: State  # stacked [S, ...]
    seconds: dict[str, float]  # by phase
    samples: Array | None  # [n, A] of the first seed, from tasks that draw samples
    actor: dict[str, Array]  # the first seed's parameters as evaluated


def train(
    learner: Learner,
    seeds: Sequence[int],
    *,
    backend: Backend = "auto",
    updates: int | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Run:
    """Train `seeds` for the task's budget (or `updates`), evaluating at equally spaced points.

    `progress` is called with the share done at each evaluation. Seeds whose losses stop being
    finite keep their place in the batch and are evaluated as NaN from then on.
    """
    return _Trainer(learner, tuple(seeds), backend).run(updates, progress)


class _Trainer:
    def __init__(self, learner: Learner, seeds: tuple[int, ...], backend: Backend) -> None:
        self.learner, self.task, self.seeds = learner, learner.game, seeds
        self.clock = _Clock()
        self.keys = torch.stack([rng.seed_key(seed) for seed in seeds])
        # Cloned, because vmap may return expanded views, which cannot be written in place.
        self.state: State = trees.tmap(lambda leaf: leaf.clone(), vmap(learner.init)(self.keys))
        self.world: _World | None = None
        if self.task.environment is not None:
            with self.clock("trace"):
                self.world = _World(learner, seeds, backend, self.state, self.keys)

    def run(self, updates: int | None, progress: Callable[[float], None]) -> Run:
        total = self.task.updates if updates is None else updates
        marks = _marks(total, self.task.evaluations)
        bad: list[int | None] = [None] * len(self.seeds)
        curves = [self._evaluate([], bad)]
        seen = self._blank()
        with self.clock("trace"):
            update = trace(vmap(self.learner.update), self.state, seen, self.keys)
        for start, stop in pairwise(marks):
            losses = []
            leaves, structure = trees.flatten(self.state)
            for _ in range(start, stop if None in bad else start):
                if self.world is not None:
                    with self.clock("environment"):
                        seen = self.world.step(leaves, self.keys)
                with self.clock("update"):
                    made = update.flat([*leaves, *seen, self.keys])
                leaves = made[: len(leaves)]
                losses.append(Info(*made[len(leaves) :]))
            self.state = trees.unflatten(leaves, structure)
            bad = _first_bad(losses, start, bad)
            curves.append(self._evaluate(losses, bad))
            progress(stop / total)
        run = Run(
            seeds=self.seeds,
            steps=[mark * self.task.steps_per_update for mark in marks],
            curves=curves,
            first_bad_step=[
                None if first is None else first * self.task.steps_per_update for first in bad
            ],
            state=self.state,
            seconds=dict(self.clock.seconds),
            samples=self._actions()[0] if self.task.samples else None,
            actor=self._actor(),
        )
        if self.world is not None:
            self.world.close()
        return run

    def _blank(self) -> Experience:
        rows = 0 if self.world is None else self.task.steps_per_update
        blank = self.task.blank(rows)
        return trees.tmap(lambda leaf: leaf.expand(len(self.seeds), *leaf.shape).clone(), blank)

    def _evaluate(self, losses: list[Info], bad: list[int | None]) -> list[Metrics]:
        with self.clock("evaluation"):
            if self.world is not None and not self.task.samples:
                scores = self.world.evaluate(self.state, self.keys)
            else:
                scores = [
                    self.task.judge(actions, self._critic(number))
                    for number, actions in enumerate(self._actions())
                ]
            diagnoses = _means(losses, len(self.seeds))
        return [
            diagnosis | (score if first is None else dict.fromkeys(score, math.nan))
            for score, diagnosis, first in zip(scores, diagnoses, bad, strict=True)
        ]

    def _actor(self) -> dict[str, Array]:
        params = self.learner.evaluated(trees.take(self.state, 0))
        return {name: leaf.cpu().numpy() for name, leaf in params.items()}

    def _critic(self, number: int) -> Critic:
        """One seed's critic as it stands, from and to arrays."""
        state = trees.take(self.state, number)
        dtype = torch.get_default_dtype()

        def critic(obs: Array, action: Array) -> Array:
            given = (torch.as_tensor(part, dtype=dtype) for part in (obs, action))
            with torch.no_grad():
                return self.learner.assess(state, *given).cpu().numpy()

        return critic

    def _actions(self) -> Array:
        """[S, samples, A] actions of the evaluated actor, the same noise at every evaluation."""
        obs, key = self.task.probe(self.task.samples), _use(self.keys, "evaluate")
        parts = []
        for number, some in enumerate(obs.split(ROWS)):
            everywhere = some.expand(len(self.seeds), *some.shape)
            with torch.no_grad():
                made = vmap(self.learner.decide)(self.state, everywhere, _use(key, number))
            parts.append(made.cpu().numpy())
        return np.concatenate(parts, axis=1)


class _World:
    """Training and evaluation environments of all seeds; the seam between tensors and arrays."""

    def __init__(
        self,
        learner: Learner,
        seeds: tuple[int, ...],
        backend: Backend,
        state: State,
        keys: Tensor,
    ) -> None:
        self.task, self.seeds = learner.game, seeds
        copies, episodes = self.task.steps_per_update, self.task.episodes
        self.training = environments.make(self.task, seeds, copies, "train", backend)
        self.obs = self._tensor(self.training.reset())
        self._behave = trace(vmap(learner.behave), state, self.obs, keys)
        self.evaluation: Environment | None = None
        if episodes:
            self.evaluation = environments.make(self.task, seeds, episodes, "evaluate", backend)
            start = self._tensor(self.evaluation.reset())
            self._appraise = trace(vmap(learner.appraise), state, start, keys)

    def step(self, state: list[Tensor], keys: Tensor) -> Experience:
        """Step every training copy once, from a state's leaves: experience [S, copies, ...]."""
        action = self._behave.flat([*state, self.obs, keys])[0]
        made = self.training.step(self._array(action))
        going_on = 1.0 - self._tensor(made.terminated)
        seen = Experience(
            obs=self.obs,
            action=self._tensor(made.action),
            reward=self._tensor(made.reward) * self.task.reward_scale,
            next_obs=self._tensor(made.next_obs),
            discount=self.task.discount * going_on,
        )
        self.obs = self._tensor(made.obs)
        return seen

    def evaluate(self, state: State, keys: Tensor) -> list[Metrics]:
        """Full episodes of the evaluated actor in environments of their own, metrics per seed."""
        assert self.evaluation is not None, f"{self.task.name} has neither samples nor episodes"
        keys = _use(keys, "evaluate")
        start = obs = self.evaluation.reset()
        count = len(obs)
        returns, discounted, lengths = np.zeros(count), np.zeros(count), np.zeros(count)
        predicted, tail, alive = None, np.zeros(count), np.ones(count, dtype=bool)
        while alive.any():
            action, value = self._appraise(state, self._tensor(obs), keys)
            if predicted is None:
                predicted = self._array(value) / self.task.reward_scale
            made = self.evaluation.step(self._array(action))
            returns += alive * made.reward
            discounted += alive * made.reward * self.task.discount**lengths
            lengths += alive
            cut = alive & made.truncated & ~made.terminated
            if cut.any():
                _, rest = self._appraise(state, self._tensor(made.next_obs), keys)
                rest = self._array(rest) / self.task.reward_scale
                tail += np.where(cut, self.task.discount**lengths * rest, 0.0)
            alive &= ~(made.terminated | made.truncated)
            obs = made.obs
        parts = (start, returns, discounted, tail, predicted, lengths)
        split = (np.split(np.asarray(part, dtype=float), len(self.seeds)) for part in parts)
        return [self.task.judge_episodes(Episodes(*seed)) for seed in zip(*split, strict=True)]

    def close(self) -> None:
        """Close both environments."""
        self.training.close()
        if self.evaluation is not None:
            self.evaluation.close()

    def _tensor(self, array: Array) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(array)).to(torch.get_default_dtype())
        return tensor.unflatten(0, (len(self.seeds), len(array) // len(self.seeds)))

    @staticmethod
    def _array(tensor: Tensor) -> Array:
        return tensor.flatten(0, 1).numpy()


class _Clock:
    """Adds up wall seconds by phase."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[phase] += time.perf_counter() - start


def _means(losses: list[Info], seeds: int) -> list[Metrics]:
    """Each seed's mean losses and gradient norms; NaN before the first update."""
    names = [metric.name for metric in DIAGNOSES]
    if not losses:
        return [dict.fromkeys(names, math.nan) for _ in range(seeds)]
    means = [torch.stack(values).mean(dim=0).tolist() for values in zip(*losses, strict=True)]
    return [dict(zip(names, seed, strict=True)) for seed in zip(*means, strict=True)]


def _use(keys: Tensor, name: str | int) -> Tensor:
    return vmap(lambda key: rng.fold(key, name))(keys)


def _marks(updates: int, evaluations: int) -> list[int]:
    """The updates after which to evaluate: 0, ..., `updates`, without repetition."""
    return sorted({updates * i // evaluations for i in range(evaluations + 1)})


def _first_bad(losses: list[Info], start: int, bad: list[int | None]) -> list[int | None]:
    """The first update (1 is the first one) of each seed with a loss or gradient not finite."""
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
