"""Entropy bonus: actor loss - weight / A * E H, with H the entropy of the actor's samples."""

from dataclasses import replace

import torch
from torch import Tensor

from bench.functional.layers import FreeParameter
from bench.learner.problem import Player
from bench.learner.strategy import LossContext, Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = "Haarnoja et al., 2018, arXiv 1801.01290; estimate of Kozachenko and Leonenko, 1987"
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.002, 0.02, 0.2), "samples": (2, 4, 8)}
AFTER = (
    *("weight_norm", "dropout", "target_scaling", "layer_norm"),
    *("batch_norm_joint", "batch_norm_split", "minibatch_discrimination", "minibatch_stddev"),
    *("twin_critics", "packing"),
)


def nearest_neighbour_entropy(answers: Tensor) -> Tensor:
    """Entropy [...] in nats, up to a constant, estimated from N samples [..., N, A].

    A * E log(distance to the nearest other sample). The constant of Kozachenko and Leonenko,
    log(N - 1) + log(volume of the unit ball) + 0.577, has no gradient.
    """
    count = answers.shape[-2]
    gaps = answers[..., :, None, :] - answers[..., None, :, :]
    to_itself = 1e12 * torch.eye(count, dtype=answers.dtype, device=answers.device)
    nearest = (gaps.square().sum(dim=-1) + to_itself).amin(dim=-1)
    return 0.5 * answers.shape[-1] * torch.log(nearest + 1e-12).mean(dim=-1)


def entropy(*, weight: float = 0.02, samples: int = 4) -> Strategy:
    """Entropy bonus: actor loss - weight / A * E H, with H the entropy of the actor's samples.

    H is a nearest-neighbour estimate, and A the action dimension. Without observations H is over
    all samples of the batch, otherwise over `samples` actions at each observation. An actor without
    noise gets one noise input per action dimension. weight = 0 is neutral. Inert where the actor is
    a single point.

    Paper against here: SAC knows the density of its policy, includes the entropy in the critic's
    target too, and tunes the weight towards an entropy of -A. Here the weight is fixed, by our
    choice, and only the actor's loss has the term, as in a GAN. Evaluations draw the policy's noise
    once per run.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not weight or inert(task) or task.noise_size:
            return value
        return replace(value, extra_noise=task.action_size)

    def penalty(context: LossContext) -> Tensor | float:
        if inert(context.task) or not weight:
            return 0.0
        obs = context.rules.actor_obs(context.batch)
        each = samples if context.task.obs_size else 1
        made = context.act(obs.repeat_interleave(each, dim=0), context.key)
        answers = made.unflatten(0, (-1, each)) if context.task.obs_size else made
        return -weight / context.task.action_size * nearest_neighbour_entropy(answers).mean()

    def inert(task: Task) -> str | None:
        one = any(isinstance(layer, FreeParameter) for layer in task.blueprint().actor.net.layers)
        return "the actor is a single point: all its samples are equal" if one else None

    return Strategy(
        name="entropy",
        roles=("actor",),
        blueprint=blueprint,
        penalty=penalty,
        inert=inert,
        after=AFTER,
    )
