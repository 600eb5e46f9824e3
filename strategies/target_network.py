"""Target networks: the critic's target comes from Polyak-averaged copies of both networks."""

from typing import Any

from torch import Tensor

from bench.functional.pytree import lerp, ravel, unravel
from bench.learner.state import TrainState
from bench.learner.strategy import LossContext, PostUpdateContext, Strategy, TargetParams
from bench.learner.task import Task

HOME = "rl"
SOURCE = (
    "Lillicrap et al., 2016, arXiv 1509.02971; tau as in Fujimoto et al., 2018, arXiv 1802.09477"
)
NEUTRAL = {"tau": 1.0}
SEARCH = {"tau": (0.001, 0.005, 0.02, 0.1)}
DEFAULTS = {"short": {"tau": 0.02}}  # tens of thousands of updates instead of a million


def target_network(*, tau: float = 0.005) -> Strategy:
    """Target networks: the critic's target comes from Polyak-averaged copies of both networks.

    copy <- copy + tau * (network - copy) after every update; the next action and its value in the
    target come from the copies. tau = 1 is neutral: the copy is the network. Inert wherever the
    discount is 0, because there is no bootstrap: the "n/a" of Pfau and Vinyals' Table 1.

    Paper against paper: tau is 0.001 in DDPG and 0.005 in TD3 and SAC; the latter is used here.
    Paper against here: a value follows its target with time constant 1 / (tau * (1 - discount)),
    20,000 updates at a discount of 0.99. That is the whole budget of a short task, so tau is 0.02
    there.
    """

    def init_memory(players: TrainState, task: Task, key: Tensor) -> Any:
        return {"actor": ravel(players.actor), "critic": ravel(players.critic)}

    def target_params(value: TargetParams, context: LossContext) -> TargetParams:
        return value._replace(
            target_actor=unravel(context.memory["actor"], context.players.actor),
            target_critic=unravel(context.memory["critic"], context.players.critic),
        )

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        moved = {"actor": ravel(context.new.actor), "critic": ravel(context.new.critic)}
        # At tau = 1 exactly the network, not copy + (network - copy), which rounds.
        return moved if tau == 1.0 else lerp(memory, moved, tau)

    def inert(task: Task) -> str | None:
        return "the discount is 0: no target looks at a next value" if task.discount == 0 else None

    return Strategy(
        name="target_network",
        target_params=target_params,
        init_memory=init_memory,
        update_memory=update_memory,
        inert=inert,
    )
