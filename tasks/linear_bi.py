"""BiGAN of linear players: a generator, its inverse, and a quadratic critic of pairs.

The actor turns a code z ~ N(0, 1) into x = G z, the encoder turns data x ~ N(0, C) into a code E x,
and the critic tells the pairs (z, G z) from (E x, x) (Donahue et al., 2017, arXiv 1605.09782;
Dumoulin et al., 2017, arXiv 1606.00704). Known answer: the pairs are alike where G G' = C and
E G = 1. The score is the error of both, norm(G G' - C) + norm(E G - 1) (Frobenius).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from bench.functional import rng
from bench.functional.layers import Dense, Net, Quadratic, seeing
from bench.functional.optim import Adam
from bench.learner.problem import Act, Blueprint, Domain, Experience, Player, Role, See
from bench.learner.task import Anchors, Array, Critic, Metric
from bench.tasks.family.gan import Gan

COVARIANCE = np.array([[1.0, 0.6], [0.6, 1.0]])
ROOT = np.linalg.cholesky(COVARIANCE)


class LinearBi(Gan):
    """Codes are the actor's observations; data rows get theirs from the encoder, when shown."""

    name: ClassVar[str] = "linear_bi"
    domain: ClassVar[Domain] = "extension"
    kinds: ClassVar[tuple[str, ...]] = ("gan", "toy")
    players: ClassVar[dict[str, Role]] = {"critic": "critic", "encoder": "model", "actor": "actor"}
    judges_pairs: ClassVar[bool] = True
    data_only: ClassVar[tuple[str, ...]] = ("encoder",)
    obs_size: ClassVar[int] = 2
    action_size: ClassVar[int] = 2
    batch_rows: ClassVar[int] = 256
    updates: ClassVar[int] = 3000
    compiled: ClassVar[bool] = False
    samples: ClassVar[int] = 2
    seconds: ClassVar[float] = 15.0
    lr: ClassVar[float] = 1e-3
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("error", "Frobenius norm", "lower"),
        Metric("covariance_error", "Frobenius norm", "lower"),
        Metric("inversion_error", "Frobenius norm", "lower"),
    )
    anchors: ClassVar[Anchors] = Anchors(
        low=float(np.linalg.norm(COVARIANCE) + np.sqrt(2.0)),
        high=0.0,
        source="an actor and an encoder that are 0; the solution",
    )

    def blueprint(self) -> Blueprint:
        """Matrices for actor and encoder; a logit that is quadratic in the pair."""
        return Blueprint(
            actor=Player(Net((Dense(2, bias=False),)), Adam(self.lr)),
            critic=Player(Net((Quadratic(), Dense(1))), Adam(self.lr)),
            encoder=Player(seeing(2, 4, Net((Dense(2, bias=False),))), Adam(self.lr)),
        )

    def real(self, key: Tensor, rows: int) -> Tensor:
        """Draws of N(0, C)."""
        root = torch.tensor(ROOT, dtype=torch.get_default_dtype(), device=key.device)
        return rng.normal(key, (rows, 2)) @ root.T

    def fresh(self, act: Act, key: Tensor, step: Tensor, seen: Experience) -> Experience:
        """Codes and what the actor makes of them; data, whose codes are still 0."""
        made = super().fresh(act, key, step, seen)
        code = rng.normal(rng.fold(key, "codes"), (self.batch_rows, 2))
        own = act(code, rng.fold(key, "fresh"))
        obs = torch.cat([code, torch.zeros_like(code)])
        action = torch.cat([own, made.action[self.batch_rows :]])
        return made._replace(obs=obs, action=action, next_obs=obs)

    def shown(self, player: str, batch: Experience, see: See, key: Tensor) -> Experience:
        """The critic is shown data with the encoder's codes."""
        if player != "critic":
            return batch
        rows = self.own(batch)
        code = see("encoder", batch.obs[rows:], batch.action[rows:])
        return batch._replace(obs=torch.cat([batch.obs[:rows], code]))

    def model_loss(self, player: str, see: See, batch: Experience) -> Tensor:
        """-log(1 - sigmoid(q)): the encoder wants its pairs to pass for the actor's."""
        rows = self.own(batch)
        data = batch.action[rows:]
        code = see("encoder", batch.obs[rows:], data)
        return torch.nn.functional.softplus(see("critic", code, data))

    def probe(self, rows: int) -> Tensor:
        """The unit vectors: a linear actor's samples there are its columns."""
        return torch.eye(rows)

    def judge(self, actions: Array, critic: Critic) -> dict[str, float]:
        """How far the actor's covariance and its inversion are from the solution."""
        made = actions.T.astype(float)  # G: x = G z
        encode = critic(np.zeros((2, 2)), np.eye(2), player="encoder").T.astype(float)
        parts = {
            "covariance_error": float(np.linalg.norm(made @ made.T - COVARIANCE)),
            "inversion_error": float(np.linalg.norm(encode @ made - np.eye(2))),
        }
        return {"error": sum(parts.values())} | parts


task = LinearBi()
