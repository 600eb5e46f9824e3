"""Weight projection: every hidden layer's weights keep the norm with which they started."""

from typing import Any

import torch
from torch import Tensor

from bench.functional.layers import is_deep
from bench.functional.pytree import Params
from bench.functional.weights import by_network
from bench.learner.state import TrainState
from bench.learner.strategy import ALL, PostUpdateContext, StartContext, Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = "Lyle et al., 2024 (NaP), arXiv 2407.01800; Lee et al., 2025 (SimBa v2), arXiv 2502.15280"
AT_HOME = {
    "claim": "constant norms keep networks able to learn",
    "cell": "reacher_many/reference+weight_projection",
    "against": "reacher_many/reference",
}
NEUTRAL = {"on": False}


def hidden(params: Params) -> dict[str, Tensor]:
    """The weights of all layers but each network's last one."""
    return {name: params[name] for each in by_network(params).values() for name in each[:-1]}


def weight_projection(*, on: bool = True) -> Strategy:
    """Weight projection: every hidden layer's weights keep the norm with which they started.

    After every update W <- W * norm(W_0) / norm(W), Frobenius norms, for all players and all layers
    but the last, so that a rate means the same step at the end as at the start. on = False is
    neutral.

    Paper against here: NaP adds normalisation layers, with which a network's function does not
    depend on these norms; that is `layer_norm`, left to be combined with it.
    """

    def init_memory(context: StartContext) -> Any:
        return {p: norms(context.players.params[p]) for p in context.mine}

    def norms(params: Params) -> dict[str, Tensor]:
        return {name: leaf.square().sum().sqrt() for name, leaf in hidden(params).items()}

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        if not on:
            return new
        changed = {}
        for player in context.mine:
            params, start = new.params[player], context.memory[player]
            now = norms(params)
            scaled = {
                # A layer that starts at 0 has no norm to keep.
                name: params[name] * torch.where(start[name] > 0, start[name] / now[name], 1.0)
                for name in now
            }
            changed[player] = {**params, **scaled}
        return new.with_params(changed)

    def inert(task: Task) -> str | None:
        nets = [task.blueprint().players[name].net for name in task.players]
        return None if any(map(is_deep, nets)) else "no player has a hidden layer"

    return Strategy(
        name="weight_projection",
        inert=inert,
        roles=ALL,
        init_memory=init_memory,
        accept=accept,
        after=(
            *("critic_steps", "freeze_learning", "lookahead", "resets"),
            *("weight_clipping", "lr_decay", "target_scaling"),
        ),
    )
