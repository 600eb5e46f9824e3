"""Label smoothing: target <- target + eps * (1 - discount) * (uninformed - target)."""

from bench.learner.problem import CriticQuery
from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Salimans et al., 2016, arXiv 1606.03498, section 3.4"
AT_HOME = {
    "claim": "a critic that is less sure trains better GANs",
    "cell": "digits/bare+label_smoothing+low_beta1",
    "against": "digits/bare+low_beta1",
    "by": "is",
}
NEUTRAL = {"eps": 0.0}
AFTER = ("target_smoothing", "diff_augment", "instance_noise")
SEARCH = {"eps": (0.1, 0.2, 0.5), "one_sided": (False, True)}
DEFAULTS = {"gan": {"one_sided": True}}  # as the paper recommends; RL's targets have no two sides


def label_smoothing(*, eps: float = 0.2, one_sided: bool = False) -> Strategy:
    """Label smoothing: target <- target + eps * (1 - discount) * (uninformed - target).

    `uninformed` is what a critic that has learned nothing predicts: 1/2 in a GAN, the mean target
    of the batch in RL. In a GAN, where the discount is 0, eps = 0.2 turns 1 and 0 into 0.9 and 0.1.
    `one_sided` smooths only targets above `uninformed`, which in a GAN is the paper's one-sided
    variant. eps = 0 is neutral.

    Paper against code: the paper uses 0.9; its released code for images smooths by 0.25. Paper
    against here: a target in RL contains the next value, so that what is smoothed is smoothed again
    at every step: with the factor 1 - discount, it comes to eps over a horizon, as in a GAN.
    Without it, eps = 0.2 would turn a discount of 0.99 into 0.79.
    """

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        if value.purpose != "critic":
            return value
        gap = value.uninformed - value.target
        gap = gap.clamp(max=0.0) if one_sided else gap
        weight = eps * (1.0 - context.rules.discount)
        return value._replace(target=value.target + weight * gap)

    return Strategy(name="label_smoothing", critic_query=critic_query, after=AFTER)
