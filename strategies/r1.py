"""R1 gradient penalty: gamma/2 E norm(dq/da)^2 on the data half."""

from torch import Tensor

from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Mescheder et al., 2018, arXiv 1801.04406"
AT_HOME = {
    "claim": "the Dirac-GAN converges, where it circles without",
    "cell": "dirac/bare+r1",
    "against": "dirac/bare",
}
NEUTRAL = {"gamma": 0.0}
SEARCH = {"gamma": (0.01, 0.1, 1.0, 10.0)}


def r1(*, gamma: float = 1.0) -> Strategy:
    """R1 gradient penalty: gamma/2 E norm(dq/da)^2 on the data half.

    Added to the critic's loss, at real samples; in RL at the actions of the batch. Where a critic
    judges pairs, the slope is that in (obs, action). gamma = 0 is neutral.

    Paper against code: the convention with 1/2 is the paper's; its image experiments use gamma 10,
    StyleGAN2 tunes it per data set, and some libraries drop the 1/2. The default is 1, on small
    data.
    """

    def penalty(context: LossContext) -> Tensor:
        slope = context.slope(context.halves().data)
        return 0.5 * gamma * slope.square().sum(dim=2).mean(dim=1).sum()

    return Strategy(name="r1", penalty=penalty)
