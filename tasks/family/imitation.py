"""Adversarial imitation: a GAN's critic pays the critic of an actor-critic method.

Its three players are the bridge between both domains. `reward` tells the expert's pairs of
observation and action from the actor's, by the rules of a GAN; `critic` regresses on returns of
what `reward` says; the actor climbs `critic`. The environment's own reward is hidden from all.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor

from bench.functional import rng
from bench.learner.problem import Domain, Experience, Role, Rules, See
from bench.tasks.family.control import Control
from bench.tasks.family.gan import GanRules


class Discriminator(GanRules):
    """By what `reward` plays: a GAN's critic of pairs."""

    name: ClassVar[str] = "discriminator"
    judges_pairs: ClassVar[bool] = True


class Imitation(Control):
    """GAIL (Ho and Ermon, 2016, arXiv 1606.03476) off policy, as DAC (Kostrikov et al., 2019).

    What is paid is the logit log D - log(1 - D) (Fu et al., 2018, arXiv 1710.11248), whose sign is
    not biased towards long or short episodes. The actor's half of `reward` are its present actions
    at the observations of the batch, as it intends them, without the noise of exploration.
    """

    domain: ClassVar[Domain] = "extension"
    kinds: ClassVar[tuple[str, ...]] = ("rl", "short")
    players: ClassVar[dict[str, Role]] = {"reward": "critic", "critic": "critic", "actor": "actor"}
    discriminator: ClassVar[Discriminator] = Discriminator()

    @abstractmethod
    def demonstrations(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """The expert's observations [N, O] and actions [N, A], of `like`'s dtype and device."""

    def rules(self, player: str) -> Rules:
        """`reward` plays a GAN, the others reinforcement learning."""
        return self.discriminator if player == "reward" else self

    def shown(self, player: str, batch: Experience, see: See, key: Tensor) -> Experience:
        """`reward` is shown as many of the expert's rows, `critic` what `reward` pays."""
        if player == "critic":
            return batch._replace(reward=see("reward", batch.obs, batch.action))
        if player != "reward":
            return batch
        observed, acted = self.demonstrations(batch.obs)
        rows = batch.reward.shape[0]
        drawn = rng.integers(rng.fold(key, "demonstrations"), (rows,), len(observed))
        obs = torch.cat([batch.obs, observed[drawn]])
        action = torch.cat([see("actor", batch.obs), acted[drawn]])
        real = torch.cat([torch.zeros_like(batch.reward), torch.ones_like(batch.reward)])
        return Experience(obs, action, real, obs, torch.zeros_like(real))
