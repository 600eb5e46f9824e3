"""Penalises the critic's squared action gradient on the actor's own half."""

from torch import Tensor

from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Mescheder et al., 2018, arXiv 1801.04406; Huang et al., 2024 (R3GAN), arXiv 2501.05441"
NEUTRAL = {"gamma": 0.0}
SEARCH = {"gamma": (0.1, 1.0, 10.0)}


def r2(*, gamma: float = 1.0) -> Strategy:
    """Penalises the critic's squared action gradient on the actor's own half.

    critic loss + gamma/2 * E norm(dq/da)^2 at the actor's samples; in RL at what the actor would
    do. gamma = 0 is neutral.

    Paper against paper: Mescheder et al. find R1 and R2 alike; R3GAN needs both, with gamma from
    0.05 to 150 by data set. Default 1 as for `r1`.
    """

    def penalty(context: LossContext) -> Tensor | float:
        if context.player == "actor":
            return 0.0
        halves = context.halves(context.players, context.batch)
        dq_da = context.dq_da(context.players.critic, halves.obs, halves.own)
        return 0.5 * gamma * dq_da.square().sum(dim=1).mean()

    return Strategy(name="r2", penalty=penalty)
