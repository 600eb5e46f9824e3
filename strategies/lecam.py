"""LeCam regularisation: pull the critic's outputs towards running means of the other half."""

from typing import NamedTuple

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner.strategy import LossContext, PostUpdateContext, StartContext, Strategy

HOME = "gan"
SOURCE = "Tseng et al., 2021, arXiv 2104.03310"
AT_HOME = {
    "claim": "it trains GANs from few images",
    "cell": "digits400/bare+lecam+low_beta1",
    "against": "digits400/bare+low_beta1",
}
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.01, 0.1, 0.3, 1.0)}


class Means(NamedTuple):
    """Running means of a critic's outputs for either half, scalars, and how far they have come."""

    data: Tensor
    own: Tensor
    weight: Tensor  # of what they have seen, towards 1; the means are to be divided by it


Memory = dict[str, Means]
"""critic -> its running means"""


def lecam(*, weight: float = 0.3, decay: float = 0.99) -> Strategy:
    """LeCam regularisation: pull the critic's outputs towards running means of the other half.

    critic loss + (1 - discount) * weight * (E (q(data) - mean_own)^2 + E (q(own) - mean_data)^2),
    with mean <- decay * mean + (1 - decay) * E q over the newest experience, for each half, and
    bias-corrected; 0 in the first update. In RL the halves are the actions that were taken and the
    actor's present ones. Of several heads each is pulled by itself, towards the means of the one
    number to which they are reduced. weight = 0 is neutral.

    Paper against code: the released code uses only the positive parts of q(data) - mean_own and of
    mean_data - q(own), and starts after some updates; here the paper's formula applies from the
    start. Paper against here: in a GAN the discount is 0. In RL a pull on q is a pull on the next
    targets too; with the factor 1 - discount it comes to the same over a horizon.
    """

    def init_memory(context: StartContext) -> Memory:
        def nothing(player: str) -> Tensor:
            return 0.0 * next(iter(context.players.params[player].values())).sum()

        return {player: Means(*[nothing(player)] * 3) for player in context.mine}

    def penalty(context: LossContext) -> Tensor:
        data, own = (context.heads(*half) for half in context.halves())
        seen = context.memory[context.player]
        come = seen.weight.clamp(min=1e-9)  # at first nothing has been seen, and both are 0
        gaps = (data - seen.own / come, own - seen.data / come)
        pulls = sum(gap.square().mean(dim=0).sum() for gap in gaps)
        return weight * (1.0 - context.rules.discount) * pulls

    def update_memory(memory: Memory, context: PostUpdateContext) -> Memory:
        moved = {}
        for player, means in memory.items():
            shown = context.shown(player, context.new, context.fresh)
            halves = context.halves_of(player, context.new, shown)
            data, own = (context.q(player, *half).mean() for half in halves)
            now = Means(data, own, torch.ones_like(data))
            moved[player] = tmap(lambda m, n: decay * m + (1.0 - decay) * n, means, now)
        return moved

    return Strategy(
        name="lecam", init_memory=init_memory, penalty=penalty, update_memory=update_memory
    )
