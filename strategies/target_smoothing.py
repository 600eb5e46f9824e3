"""Target policy smoothing: add clipped noise to the next action in the Bellman target."""

from bench.functional import rng
from bench.learner.problem import CriticQuery
from bench.learner.strategy import LossContext, Strategy
from bench.learner.task import nothing_ahead

HOME = "rl"
SOURCE = "Fujimoto et al., 2018, arXiv 1802.09477, section 5.3"
AT_HOME = {
    "claim": "it keeps the actor off narrow peaks of the critic",
    "cell": "reacher_many/reference+target_smoothing",
    "against": "reacher_many/reference",
}
NEUTRAL = {"deviation": 0.0}
SEARCH = {"deviation": (0.1, 0.2, 0.4)}


def target_smoothing(*, deviation: float = 0.2, clip: float = 0.5) -> Strategy:
    """Target policy smoothing: add clipped noise to the next action in the Bellman target.

    next action <- clamp(next action + clamp(deviation * normal, -clip, clip), -1, 1), so that the
    target is the mean value around the action. Actions are taken to be in [-1, 1]. deviation = 0 is
    neutral. Inert wherever the discount is 0: there is no next action.

    Paper against here: the defaults are TD3's, for actions in [-1, 1] as here. All heads see the
    same noise, as TD3's two critics do.
    """

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        if value.purpose != "target" or deviation == 0.0:
            return value
        noise = deviation * rng.normal(rng.fold(context.key, "noise"), tuple(value.action.shape))
        moved = value.action + noise.clamp(-clip, clip)
        return value._replace(action=moved.clamp(-1.0, 1.0))

    return Strategy(name="target_smoothing", critic_query=critic_query, inert=nothing_ahead)
