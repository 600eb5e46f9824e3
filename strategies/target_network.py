"""Target networks: the critic's target comes from Polyak-averaged copies of both networks."""

from collections.abc import Iterable
from typing import Any

from torch import Tensor

from bench.functional.pytree import lerp, ravel, unravel
from bench.learner.state import TrainState
from bench.learner.strategy import Given, LossContext, PostUpdateContext, StartContext, Strategy
from bench.learner.task import nothing_ahead

HOME = "rl"
SOURCE = (
    "Lillicrap et al., 2016, arXiv 1509.02971; tau as in Fujimoto et al., 2018, arXiv 1802.09477"
)
AT_HOME = {
    "claim": "targets that move slowly keep values from diverging",
    "cell": "pendulum/reference",
    "against": "pendulum/reference-target_network",
}
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

    def vectors(state: TrainState, players: Iterable[str]) -> dict[str, Tensor]:
        return {player: ravel(state.params[player]) for player in players}

    def init_memory(context: StartContext) -> Any:
        return vectors(context.players, ("actor", *context.mine))

    def target_params(value: Given, context: LossContext) -> Given:
        copies = {
            player: unravel(context.memory[player], context.players.params[player])
            for player in ("actor", context.player)
        }
        return value | copies

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        moved = vectors(context.new, memory)
        # At tau = 1 exactly the network, not copy + (network - copy), which rounds.
        return moved if tau == 1.0 else lerp(memory, moved, tau)

    return Strategy(
        name="target_network",
        target_params=target_params,
        init_memory=init_memory,
        update_memory=update_memory,
        inert=nothing_ahead,
    )
