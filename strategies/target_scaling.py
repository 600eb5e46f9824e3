"""Target scaling (PopArt without the mean): q = sqrt(running mean of y^2) * network output."""

import torch
from torch import Tensor

from bench.functional.layers import Net
from bench.functional.pytree import Params
from bench.functional.wrappers import Scaled, beside_weights
from bench.learner.prioritized_replay import td_targets
from bench.learner.problem import Blueprint
from bench.learner.state import TrainState
from bench.learner.strategy import ForwardContext, PostUpdateContext, Strategy
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

    def blueprint(value: Blueprint, task: Task) -> Blueprint:
        return value.with_critic_net(lambda net: Net((*net.layers[:-1], Scaled(net.layers[-1]))))

    def init_memory(players: TrainState, task: Task, key: Tensor) -> Tensor:
        return 1.0 + 0.0 * next(iter(players.critic.values())).sum()

    def forward_params(params: Params, context: ForwardContext) -> Params:
        if context.player == "actor":
            return params
        return beside_weights(params, "scale", lambda layer: torch.sqrt(context.memory))

    def update_memory(square: Tensor, context: PostUpdateContext) -> Tensor:
        target = td_targets(context.fresh, context)
        return square + (1.0 - decay) * (target.square().mean() - square)

    return Strategy(
        name="target_scaling",
        blueprint=blueprint,
        init_memory=init_memory,
        forward_params=forward_params,
        update_memory=update_memory,
        after=("weight_norm", "dropout", "spectral_norm"),
    )
