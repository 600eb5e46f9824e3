"""Instance noise: every action that the critic is shown gets noise, annealed to 0 over the run."""

from bench.functional import rng
from bench.learner.problem import CriticQuery
from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Sonderby et al., 2017, arXiv 1610.04490; Arjovsky and Bottou, 2017, arXiv 1701.04862"
AT_HOME = {
    "claim": "the Dirac-GAN converges (as Mescheder et al. show of it)",
    "cell": "dirac/bare+instance_noise",
    "against": "dirac/bare",
}
NEUTRAL = {"deviation": 0.0}
INSTEAD_OF = ("r1",)  # Mescheder et al., 2018: either makes training converge locally
# It damps by deviation^2 / 2 per unit of time, of which there are 50: annealed, 0.1 takes 8 % off.
# On selection seeds it ends 0.66 of the way without it, 0.71 with 0.3, 0.81 with 0.7, 0.80 with 1.
DEFAULTS = {"dirac": {"deviation": 0.7}}
SEARCH = {"deviation": (0.03, 0.1, 0.3)}


def instance_noise(*, deviation: float = 0.1) -> Strategy:
    """Instance noise: every action that the critic is shown gets noise, annealed to 0 over the run.

    action <- action + deviation * max(0, 1 - step / budget) * normal, in the critic's loss, in its
    target and in the actor's loss. deviation = 0 is neutral.

    Paper against here: the paper anneals a deviation of its own choice to 0; 0.1 is common
    practice. `target_smoothing` is the same idea in the target alone, clipped and not annealed.
    """

    def critic_query(value: CriticQuery, context: LossContext) -> CriticQuery:
        left = (1.0 - context.players.step / context.task.updates).clamp(min=0.0)
        noise = rng.normal(rng.fold(context.key, value.purpose), tuple(value.action.shape))
        return value._replace(action=value.action + deviation * left * noise)

    return Strategy(
        name="instance_noise",
        roles=("critic", "actor"),
        critic_query=critic_query,
        after=("target_smoothing", "diff_augment"),
    )
