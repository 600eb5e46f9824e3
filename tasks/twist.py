"""Periodic bilinear game c * theta * psi: the coefficient c = +-1 changes sign at every update.

The smallest periodic game (Feng et al., 2023, arXiv 2310.02604). Here extragradient still
converges, while optimism and momentum, which rely on the last gradient, diverge.

Known solution, over one period of two steps of size h: the spectral radius is 1 + h^2 with
simultaneous steps, 1 - h^2 + h^4 with extragradient, and 1 + h^4/2 + h^2 sqrt(1 + h^4/4) with
alternating steps, which therefore diverge too; in the game `bilinear` they only rotate.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from bench.functional.layers import Dense, FreeParameter, Net, Shape
from bench.functional.optim import SGD
from bench.functional.pytree import Params
from bench.learner.problem import Act, Blueprint, Experience, Player
from bench.tasks.family.point import BilinearGame


@dataclass(frozen=True)
class Gain:
    """Multiplies all other features by the first one: here the action by the coefficient."""

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        """No parameters."""
        return {}, (shape[0] - 1,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        """[B, 1 + A] -> [B, A]."""
        return x[:, :1] * x[:, 1:]


class Twist(BilinearGame):
    """The coefficient is the observation; the actor is a point and ignores it."""

    name: ClassVar[str] = "twist"
    obs_size: ClassVar[int] = 1

    def blueprint(self) -> Blueprint:
        """One parameter each; the coefficient multiplies the critic's input."""
        return Blueprint(
            actor=Player(Net((FreeParameter(1),)), SGD(self.lr)),
            critic=Player(Net((Gain(), Dense(1, bias=False))), SGD(self.lr)),
        )

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The actor's point and the data; they are observed with the coefficient 1, -1, 1, ..."""
        made = super().fresh(act, key, step, seen)
        obs = torch.ones_like(made.obs) - 2.0 * (step % 2)
        return made._replace(obs=obs, next_obs=obs)

    def probe(self, rows: int) -> Tensor:
        """Observations with coefficient 1."""
        return torch.ones(rows, 1)


task = Twist()
