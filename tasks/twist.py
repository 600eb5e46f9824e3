"""The bilinear game whose coefficient changes its sign at every update: c * theta * psi, c = +-1.

The smallest periodic game (Feng et al., 2023, arXiv 2310.02604): where the rules change under way,
extragradient still converges, while optimism and momentum, which trust the last gradient, diverge.

Known answer, over one period of two steps of size h: the spectral radius is 1 + h^2 with
simultaneous steps, 1 - h^2 + h^4 with extragradient; alternating steps, which only go round in the
plain game, diverge here too, by 1 + h^4/2 + h^2 sqrt(1 + h^4/4).
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from bench.functional.layers import Dense, FreeParameter, Net, Shape
from bench.functional.optim import SGD
from bench.functional.pytree import Params
from bench.learner.problem import Act, Blueprint, Experience, Player
from tasks.family.point import BilinearGame


@dataclass(frozen=True)
class Gain:
    """Multiplies the other features by the first one: here the action by the coefficient."""

    def init(self, key: Tensor, shape: Shape) -> tuple[Params, Shape]:
        """No parameters."""
        return {}, (shape[0] - 1,)

    def apply(self, params: Params, x: Tensor) -> Tensor:
        """[B, 1 + A] -> [B, A]."""
        return x[:, :1] * x[:, 1:]


class Twist(BilinearGame):
    """The coefficient is what both players observe; the actor, a point, does not care."""

    name: ClassVar[str] = "twist"
    obs_size: ClassVar[int] = 1

    def blueprint(self) -> Blueprint:
        """One parameter each; the critic's line has the coefficient as its gain."""
        return Blueprint(
            actor=Player(Net((FreeParameter(1),)), SGD(self.lr)),
            critic=Player(Net((Gain(), Dense(1, bias=False))), SGD(self.lr)),
        )

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """The point and the data under the coefficient of this update: 1, -1, 1, ..."""
        made = super().fresh(act, key, step, seen)
        obs = torch.ones_like(made.obs) - 2.0 * (step % 2)
        return made._replace(obs=obs, next_obs=obs)

    def probe(self, rows: int) -> Tensor:
        """The coefficient 1."""
        return torch.ones(rows, 1)


task = Twist()
