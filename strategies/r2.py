"""R2 gradient penalty: gamma/2 E norm(dq/da)^2 on the actor's half."""

from torch import Tensor

from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Mescheder et al., 2018, arXiv 1801.04406; Huang et al., 2024 (R3GAN), arXiv 2501.05441"
AT_HOME = {
    "claim": "the Dirac-GAN converges, as with R1",
    "cell": "dirac/bare+r2",
    "against": "dirac/bare",
}
NEUTRAL = {"gamma": 0.0}
INSTEAD_OF = ("r1",)  # Mescheder et al.: one of the two; R3GAN takes both
SEARCH = {"gamma": (0.01, 0.1, 1.0, 10.0)}


def r2(*, gamma: float = 1.0) -> Strategy:
    """R2 gradient penalty: gamma/2 E norm(dq/da)^2 on the actor's half.

    Added to the critic's loss, at the actor's samples; in RL at the actor's present actions. Where
    a critic judges pairs, the slope is that in (obs, action). gamma = 0 is neutral.

    Paper against paper: Mescheder et al. find R1 and R2 alike; R3GAN needs both, with gamma from
    0.05 to 150 by data set. The default is 1, as for `r1`.
    """

    def penalty(context: LossContext) -> Tensor:
        slope = context.slope(context.halves().own)
        return 0.5 * gamma * slope.square().sum(dim=2).mean(dim=1).sum()

    return Strategy(name="r2", penalty=penalty)
