"""Ring of eight Gaussians as an MDP: the GAN `ring8`, run as RL (Pfau and Vinyals, 2016).

The action sets every pixel (here both coordinates). Half of the environment's copies show the
action and give reward 0, the others show a real sample and give reward 1; the episode ends after
this step. What was shown is reported as the executed action. Online learning from these
transitions, with the four changes that the paper lists, is the GAN of `ring8`, update for update.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Act, Domain, Experience
from bench.learner.task import Anchors
from bench.scoring.mixture import Mixture, ring
from bench.tasks.family.mixture import MixtureGan

Array = NDArray[Any]


class RealOrNot(gymnasium.vector.VectorEnv[Array, Array, Array]):
    """For each run seed, `rows` copies that show the action, then `rows` that show real samples."""

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012  as Gymnasium has it

    def __init__(self, seeds: Sequence[int], rows: int, mixture: Mixture) -> None:
        self.num_envs = 2 * rows * len(seeds)
        self.single_observation_space = gymnasium.spaces.Box(0.0, 1.0, (0,))
        self.single_action_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,))
        self._rows, self._mixture = rows, mixture
        self._keys = [rng.seed_key(seed) for seed in seeds]
        self._steps = 0

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Array, dict[str, Any]]:
        """Empty observations; the sequence of real samples starts over."""
        self._steps = 0
        return self._nothing(), {}

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Show the actions or real samples, give the rewards, and end every episode."""
        shown = actions.reshape(len(self._keys), 2 * self._rows, 2).copy()
        for place, seed_key in zip(shown, self._keys, strict=True):
            key = rng.fold(rng.fold(seed_key, self._steps), "data")
            place[self._rows :] = self._mixture.sample(key, self._rows).numpy()
        self._steps += 1
        reward = np.tile(np.repeat([0.0, 1.0], self._rows), len(self._keys))
        ended = np.ones(self.num_envs, dtype=bool)
        info = {"executed": shown.reshape(actions.shape)}
        return self._nothing(), reward, ended, np.zeros_like(ended), info

    def _nothing(self) -> Array:
        return np.zeros((self.num_envs, 0), np.float32)


class Ring8Mdp(MixtureGan):
    """The task `ring8`, but its experience comes from an environment."""

    name: ClassVar[str] = "ring8_mdp"
    domain: ClassVar[Domain] = "game"  # not "gan": as a GAN it is already counted as ring8
    updates: ClassVar[int] = 3_000
    compiled: ClassVar[bool] = False
    mixture: ClassVar[Mixture] = ring(modes=8, radius=2.0, deviation=0.02)
    anchors: ClassVar[Anchors] = Anchors(low=2.3, high=0.0014, log=True, source="as ring8")
    steps_per_update: ClassVar[int] = 2 * MixtureGan.batch_rows
    step_unit: ClassVar[str] = "environment step"
    seconds: ClassVar[float] = 25.0

    def environment(self, seeds: Sequence[int]) -> RealOrNot:
        """The environment, with all copies of all seeds."""
        return RealOrNot(seeds, self.batch_rows, self.mixture)

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The transitions that the environment has just made."""
        return seen


task = Ring8Mdp()
