"""Relativistic GAN: the losses see q_i - strength * (q_i + q_p) / 2, p a row of the other half."""

import torch

from bench.learner.problem import CriticQuery
from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Jolicoeur-Martineau, 2019, arXiv 1807.00734; Huang et al., 2024 (R3GAN), arXiv 2501.05441"
AT_HOME = {
    "claim": "comparing real with generated data trains better GANs",
    "cell": "digits/bare+low_beta1+relativistic",
    "against": "digits/bare+low_beta1",
}
NEUTRAL = {"strength": 0.0}
SEARCH = {"strength": (0.5, 1.0)}
EXCLUDES = {
    "twin_critics": "partners are judged by all heads, but each learns by itself; leave one out",
    "lagged_critic": "partners are judged by the critic itself, not by its copy; leave one out",
}


def relativistic(*, strength: float = 1.0) -> Strategy:
    """Relativistic GAN: the losses see q_i - strength * (q_i + q_p) / 2, p a row of the other half.

    Row i's partner p is half a batch away: data for a sample, and the reverse. The targets of a
    regression are centred in the same way, y_i - strength * (y_i + y_p) / 2 + strength * value(0).
    In the actor's loss the partner is the data at the same observation. strength = 0 is neutral. At
    strength = 1 a critic that is shown one row at a time learns nothing.

    Paper against here: q_i - (q_i + q_p) / 2 is half the papers' difference, a temperature that the
    critic's last layer can undo; a penalty on slopes then weighs twice what it does beside the
    papers' loss, which is r1's gamma 2 on `reference`. In RL the critic learns only differences
    between transitions, so that the level of its values is free, and the actor maximises its
    advantage over the action taken.
    """

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        if value.purpose == "target" or strength == 0.0:
            return value
        if value.purpose == "actor":
            own = context.judged(value.obs, value.action)
            other = context.judged(*context.halves().data)
            return value._replace(offset=value.offset + 0.5 * strength * (own + other))
        own = context.q(value.obs, value.action)
        half = own.shape[0] // 2
        nothing = context.rules.value(torch.zeros_like(own))
        centre = 0.5 * (value.target + value.target.roll(half))
        return value._replace(
            offset=value.offset + 0.5 * strength * (own + own.roll(half)),
            target=value.target + strength * (nothing - centre),
        )

    return Strategy(
        name="relativistic",
        roles=("critic", "actor"),
        critic_query=critic_query,
        excludes=EXCLUDES,
        after=(
            *("target_smoothing", "diff_augment", "instance_noise", "label_smoothing", "huber"),
            "prioritised",
        ),
    )
