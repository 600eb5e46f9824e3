"""Differentiable augmentation: the critic sees all its inputs through a random transform."""

import torch

from bench.functional import rng
from bench.functional.augment import transformed
from bench.learner.problem import CriticQuery
from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Zhao et al., 2020, arXiv 2006.10738; vectors as in Laskin et al., 2020, arXiv 2004.14990"
AT_HOME = {
    "claim": "it trains GANs from few images",
    "cell": "digits400/bare+diff_augment+low_beta1",
    "against": "digits400/bare+low_beta1",
}
NEUTRAL = {"share": 0.0}
SEARCH = {"share": (0.5, 1.0)}


def diff_augment(*, share: float = 1.0) -> Strategy:
    """Differentiable augmentation: the critic sees all its inputs through a random transform.

    It applies in the critic's loss, in its target and in the actor's loss; the actor's gradient
    goes through the transform. `share` is the probability that a row is transformed, drawn each
    time. Images get a random brightness, saturation and contrast, are shifted by up to 1/8 of their
    sides, and lose a random square of half their sides. In RL observations are multiplied by one
    number from [0.8, 1.2), and actions are left as they are; where the discount is 0 samples are
    multiplied by it, and what they are samples for is left. share = 0 is neutral.

    Paper against here: images as in the paper's code; states by RAD's random amplitude scaling, and
    samples in the plane by the same, which has no counterpart in the GAN paper.
    """

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        key, rows = rng.fold(context.key, value.purpose), value.action.shape[0]
        changed = rng.uniform(rng.fold(key, "whether"), (rows, 1)) < share
        task, states = context.task, context.task.discount > 0.0
        obs, action = transformed(
            value.obs, value.action, key, images=task.image_shape, states=states
        )
        return value._replace(
            obs=torch.where(changed, obs, value.obs),
            action=torch.where(changed, action, value.action),
        )

    return Strategy(
        name="diff_augment",
        roles=("critic", "actor"),
        critic_query=critic_query,
        after=("target_smoothing",),
    )
