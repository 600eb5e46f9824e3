"""Asks the actor to match the critic's features of the data."""

from torch import Tensor

from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Salimans et al., 2016, arXiv 1606.03498, section 3.1"
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.1, 1.0, 10.0)}


def feature_matching(*, weight: float = 1.0) -> Strategy:
    """Asks the actor to match the critic's features of the data.

    actor loss + weight * norm(E f(data) - E f(own))^2, f what the critic's last layer is fed, means
    over the batch; in RL the data are the actions of the batch. weight = 0 is neutral.

    Paper against here: the paper replaces the generator's loss, here the distance is added to it,
    so that the actor of an RL task keeps something to climb.
    """

    def penalty(context: LossContext) -> Tensor | float:
        if context.player == "critic":
            return 0.0
        halves = context.halves(context.players, context.batch)
        own = context.act(context.players.actor, halves.obs, context.key)
        means = [
            context.features(context.players.critic, halves.obs, a).mean(dim=0)
            for a in (halves.data, own)
        ]
        return weight * (means[0] - means[1]).square().sum()

    return Strategy(name="feature_matching", penalty=penalty)
