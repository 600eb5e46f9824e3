"""Entropy bonus: actor loss - weight / A * E H, with H the entropy of the actor's samples."""

from dataclasses import replace

import torch
from torch import Tensor

from bench.functional.layers import FreeParameter
from bench.learner.problem import CriticQuery, Player
from bench.learner.strategy import LossContext, Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = "Haarnoja et al., 2018, arXiv 1801.01290; estimate of Kozachenko and Leonenko, 1987"
AT_HOME = {
    "claim": "it keeps exploring, and learns faster",
    "cell": "halfcheetah_small/reference+entropy",
    "against": "halfcheetah_small/reference",
    "cause": "chosen on five seeds on which it won; on these ten, which spread widely, it does not",
}
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.002, 0.02, 0.2), "samples": (2, 4, 8)}
AFTER = (
    *("weight_norm", "dropout", "layer_norm"),
    *("batch_norm_joint", "batch_norm_split", "minibatch_discrimination", "minibatch_stddev"),
    "simplicial",
    *("twin_critics", "packing"),
    *("diff_augment", "instance_noise", "label_smoothing", "relativistic"),
    *("target_smoothing", "top_k"),
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
    all samples of the batch, otherwise over `samples` actions at each observation; a critic that
    bootstraps then learns of targets y + discount * weight / A * H(s'), as SAC's does. An actor
    without noise gets one noise input per action dimension, which is 0 in evaluations: the policy's
    mode. weight = 0 is neutral. Inert where the actor is a single point.

    Paper against here: SAC knows the density of its policy and tunes the weight towards an entropy
    of -A. Here the policy is implicit, and the weight fixed, by our choice.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if player != "actor" or not weight or inert(task) or task.noise_size:
            return value
        return replace(value, extra_noise=task.action_size)

    def bonus(obs: Tensor, context: LossContext) -> Tensor:
        """The weighted entropy at each observation [B], or of all samples."""
        each = samples if context.task.obs_size else 1
        made = context.act(obs.repeat_interleave(each, dim=0), context.key)
        answers = made.unflatten(0, (-1, each)) if context.task.obs_size else made
        return weight / context.task.action_size * nearest_neighbour_entropy(answers)

    def penalty(context: LossContext) -> Tensor | float:
        if context.player != "actor" or inert(context.task) or not weight:
            return 0.0
        return -bonus(context.rules.actor_obs(context.batch), context).mean()

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        ahead = context.player == "critic" and context.task.obs_size and context.rules.discount
        if value.purpose != "critic" or not ahead or inert(context.task) or not weight:
            return value
        more = context.batch.discount * bonus(context.batch.next_obs, context)
        return value._replace(target=value.target + more)

    def inert(task: Task) -> str | None:
        one = any(isinstance(layer, FreeParameter) for layer in task.blueprint().actor.net.layers)
        return "the actor is a single point: all its samples are equal" if one else None

    return Strategy(
        name="entropy",
        roles=("critic", "actor"),
        beside=("critic",),  # the noise is the actor's
        blueprint=blueprint,
        critic_query=critic_query,
        penalty=penalty,
        inert=inert,
        after=AFTER,
    )
