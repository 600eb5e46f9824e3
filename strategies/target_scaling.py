"""Target scaling (PopArt without the mean): q = sqrt(running mean of y^2) * network output."""

from dataclasses import replace

import torch
from torch import Tensor

from bench.functional.layers import Net
from bench.functional.pytree import Params
from bench.functional.wrappers import Scaled, beside_weights
from bench.learner.prioritized_replay import td_targets
from bench.learner.problem import Player
from bench.learner.strategy import ForwardContext, PostUpdateContext, StartContext, Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = "van Hasselt et al., 2016 (PopArt), arXiv 1602.07714"
NEUTRAL = {"decay": 1.0}
SEARCH = {"decay": (0.9, 0.99, 0.999)}


def target_scaling(*, decay: float = 0.99) -> Strategy:
    """Target scaling (PopArt without the mean): q = sqrt(running mean of y^2) * network output.

    q = scale * network, scale = sqrt(square), square <- decay * square + (1 - decay) * E y^2, where
    y = reward + discount * value(next q) over the newest experience; square starts at 1. decay = 1
    is neutral. In a GAN E y^2 is 1/2: the scale becomes a fixed temperature of the logits.

    Paper against here: PopArt also subtracts a mean, divides the loss by the scale and rewrites the
    last layer whenever the scale changes. Adam compensates for the second, a slow decay for most of
    the third.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        *layers, last = value.net.layers
        return replace(value, net=Net((*layers, Scaled(last))))

    def init_memory(context: StartContext) -> dict[str, Tensor]:
        own = {player: context.players.params[player] for player in context.mine}
        return {player: 1.0 + 0.0 * next(iter(own[player].values())).sum() for player in own}

    def forward_params(params: Params, context: ForwardContext) -> Params:
        square = context.memory[context.player]
        return beside_weights(params, "scale", lambda layer: torch.sqrt(square))

    def update_memory(memory: dict[str, Tensor], context: PostUpdateContext) -> dict[str, Tensor]:
        squares = {}
        for player, square in memory.items():
            shown = context.shown(player, context.new, context.fresh)
            target = td_targets(player, shown, context)
            squares[player] = square + (1.0 - decay) * (target.square().mean() - square)
        return squares

    return Strategy(
        name="target_scaling",
        blueprint=blueprint,
        init_memory=init_memory,
        forward_params=forward_params,
        update_memory=update_memory,
        after=("weight_norm", "dropout", "spectral_norm"),
    )
