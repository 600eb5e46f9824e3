"""LeCam regularisation: pull the critic's outputs towards running means of the other half."""

from torch import Tensor

from bench.learner.state import TrainState
from bench.learner.strategy import LossContext, PostUpdateContext, Strategy
from bench.learner.task import Task

HOME = "gan"
SOURCE = "Tseng et al., 2021, arXiv 2104.03310"
NEUTRAL = {"weight": 0.0}
SEARCH = {"weight": (0.01, 0.1, 0.3, 1.0)}


def lecam(*, weight: float = 0.3, decay: float = 0.99) -> Strategy:
    """LeCam regularisation: pull the critic's outputs towards running means of the other half.

    critic loss + weight * (E (q(data) - mean_own)^2 + E (q(own) - mean_data)^2), with
    mean <- decay * mean + (1 - decay) * E q over the newest experience, for each half. In RL the
    halves are the actions that were taken and the actor's present ones. weight = 0 is neutral.

    Paper against code: the released code uses only the positive parts of q(data) - mean_own and of
    mean_data - q(own), and starts after some updates; here the paper's formula applies from the
    start.
    """

    def init_memory(players: TrainState, task: Task, key: Tensor) -> dict[str, Tensor]:
        nothing = 0.0 * next(iter(players.critic.values())).sum()
        return {"data": nothing, "own": nothing}

    def penalty(context: LossContext) -> Tensor | float:
        if context.player == "actor":
            return 0.0
        halves = context.halves(context.players, context.batch)
        data, own = (
            context.q(context.players.critic, halves.obs, a) for a in (halves.data, halves.own)
        )
        pulls = (data - context.memory["own"]).square().mean() + (
            own - context.memory["data"]
        ).square().mean()
        return weight * pulls

    def update_memory(memory: dict[str, Tensor], context: PostUpdateContext) -> dict[str, Tensor]:
        halves = context.halves(context.new, context.fresh)
        now = {"data": halves.data, "own": halves.own}
        means = {k: context.q(context.new.critic, halves.obs, a).mean() for k, a in now.items()}
        return {k: decay * memory[k] + (1.0 - decay) * mean for k, mean in means.items()}

    return Strategy(
        name="lecam", init_memory=init_memory, penalty=penalty, update_memory=update_memory
    )
