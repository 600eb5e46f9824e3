"""Huber loss: target <- v + clamp(target - v, -delta, delta), v the critic's present value."""

from bench.learner.problem import CriticQuery
from bench.learner.strategy import LossContext, Strategy

HOME = "rl"
SOURCE = "Huber, 1964; for RL Mnih et al., 2015 (errors clipped to 1)"
AT_HOME = {
    "claim": "large errors of values do no harm",
    "cell": "halfcheetah_small/reference+huber",
    "against": "halfcheetah_small/reference",
    "by": "area",
    "cause": "DQN clips rewards too; errors beyond 1 are common here, and are learned slowly",
}
NEUTRAL = {"delta": float("inf")}
ACTIVE = {"delta": 0.01}
DEFAULTS = {"gan": {"delta": 0.5}, "game": {"delta": 0.5}}
SEARCH = {"delta": (0.1, 0.5, 1.0, 10.0)}


def huber(*, delta: float = 1.0) -> Strategy:
    """Huber loss: target <- v + clamp(target - v, -delta, delta), v the critic's present value.

    v is taken as a constant. With a squared loss this gives Huber's gradient, 2 * clamp(v - target,
    -delta, delta); with a GAN's cross-entropy it bounds the gradient of a sample that is badly
    misjudged. delta = inf is neutral.

    Paper against here: DQN clips errors to 1 with rewards clipped to 1. In a GAN values are
    probabilities, no target is more than 1 away, and the default is 0.5.
    """

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        if value.purpose != "critic" or delta == float("inf"):
            return value
        said = context.rules.value(context.q(value.obs, value.action)).detach()
        return value._replace(target=said + (value.target - said).clamp(-delta, delta))

    return Strategy(
        name="huber",
        excludes={"twin_critics": "one bound for all heads would couple them; leave one out"},
        critic_query=critic_query,
        after=("target_smoothing", "diff_augment", "instance_noise", "label_smoothing", "entropy"),
    )
