"""Feature matching: actor loss + weight * norm(E f(data) - E f(own))^2, f critic features."""

from torch import Tensor

from bench.learner.strategy import LossContext, Strategy

HOME = "gan"
SOURCE = "Salimans et al., 2016, arXiv 1606.03498, section 3.1"
AT_HOME = {
    "claim": "it stabilises plain GANs",
    "cell": "digits/bare+feature_matching+low_beta1",
    "against": "digits/bare+low_beta1",
}
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.1, 1.0, 10.0)}


def feature_matching(*, weight: float = 1.0) -> Strategy:
    """Feature matching: actor loss + weight * norm(E f(data) - E f(own))^2, f critic features.

    f is the input of the critic's last layer, own are the actor's samples, and the means are over
    the batch; in RL the data are the actions of the batch. weight = 0 is neutral.

    Paper against here: the paper replaces the generator's loss; here the distance is added to it,
    so that in RL the actor still maximises the critic's value.
    """

    def penalty(context: LossContext) -> Tensor:
        data, own = context.halves()
        own = own._replace(action=context.act(own.obs, context.key))
        means = [context.features(*half).mean(dim=0) for half in (data, own)]
        return weight * (means[0] - means[1]).square().sum()

    return Strategy(name="feature_matching", roles=("actor",), penalty=penalty)
