"""Orthogonal regularisation: critic loss + weight * sum of squares of W W' beside its diagonal."""

from itertools import chain

import torch
from torch import Tensor

from bench.functional.weights import by_network
from bench.learner.strategy import LossContext, Strategy
from bench.learner.task import no_hidden_layers

HOME = "gan"
SOURCE = (
    "Brock et al., 2017, arXiv 1609.07093; without the diagonal 2019 (BigGAN), arXiv 1809.11096"
)
AT_HOME = {
    "claim": "orthogonal weights train better GANs",
    "cell": "digits/bare+orthogonal",
    "against": "digits/bare",
}
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (1e-4, 1e-2, 1.0)}


def orthogonal(*, weight: float = 1e-2) -> Strategy:
    """Orthogonal regularisation: critic loss + weight * sum of squares of W W' beside its diagonal.

    Over all layers, W [outputs, inputs], of a convolution [channels, rest], transposed where it has
    fewer columns than rows: the shorter side is made orthogonal, and lengths are left free.
    weight = 0 is neutral. Inert where the critic has no hidden layer: one row has nothing to be
    orthogonal to.

    Paper against here: BigGAN regularises the generator, with 1e-4 summed over millions of weights;
    here it is the critic, as with the other constraints on weights, and `@actor` names the other.
    The weight, 1e-2, is our choice, for layers of 64 to 128 units. BigGAN always takes the rows, of
    which its layers have few; of 64 rows of two numbers each, as where points come in, all but two
    could only become orthogonal by shrinking to 0.
    """

    def penalty(context: LossContext) -> Tensor:
        params, total = context.players.params[context.player], torch.zeros(())
        for name in chain.from_iterable(by_network(params).values()):
            weights = params[name].flatten(1)
            rows = weights if weights.shape[0] <= weights.shape[1] else weights.T
            products = rows @ rows.T
            total = total + products.square().sum() - products.diagonal().square().sum()
        return weight * total

    return Strategy(
        name="orthogonal", scopes=("model", "actor"), penalty=penalty, inert=no_hidden_layers
    )
