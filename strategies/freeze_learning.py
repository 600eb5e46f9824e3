"""Freezing learning: the player that is too far ahead skips its update."""

from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor

from bench.functional.pytree import tmap
from bench.learner.state import TrainState
from bench.learner.strategy import PostUpdateContext, StartContext, Strategy

HOME = "both"
SOURCE = "Pfau and Vinyals, 2016, arXiv 1610.01945; band of Larsen et al., 2016, arXiv 1512.09300"
AT_HOME = {
    "claim": "it keeps either player from getting too far ahead",
    "cell": "digits/bare+freeze_learning+low_beta1",
    "against": "digits/bare+low_beta1",
}
IDLE_BESIDE = {"r1": "with small slopes the critic's loss may never leave the band"}
NEUTRAL = {"margin": float("inf")}
ACTIVE = {"margin": -1e9, "around": "mean"}  # always outside the band
SEARCH = {"margin": (0.25, 0.5, 0.75)}
DEFAULTS = {"gan": {"around": "uninformed"}}  # VAE/GAN's band is around log 2


def judges(players: tuple[str, ...]) -> dict[str, str]:
    """The critic whose loss decides of each player: its own, for the actor its judge's."""
    return {player: "critic" if player == "actor" else player for player in players}


def mean(memory: Any, loss: Tensor, decay: float) -> tuple[Any, Tensor]:
    """The memory moved by a loss, and its mean, unbiased from the first update on."""
    memory = {
        "sum": decay * memory["sum"] + (1.0 - decay) * loss,
        "count": decay * memory["count"] + (1.0 - decay),
    }
    return memory, memory["sum"] / memory["count"]


def losses_of_halves(critic: str, context: PostUpdateContext) -> tuple[Tensor, Tensor]:
    """A critic's losses [2] of both halves of the newest rows, and those of outputs of 0."""
    rules = context.task.rules(critic)
    shown = context.shown(critic, context.old, context.fresh)
    old = context.old.params[critic]
    q = context.forward.q(critic, old, shown.obs, shown.action)
    own = rules.own(shown)

    def halves(q: Tensor) -> Tensor:
        rows = rules.critic_loss(q, shown.reward)
        return torch.stack([part.mean() for part in (rows[:own], rows[own:]) if len(part)])

    return halves(q), halves(torch.zeros_like(q))


def freeze_learning(
    *, margin: float = 0.5, decay: float = 0.99, around: Literal["mean", "uninformed"] = "mean"
) -> Strategy:
    """Freezing learning: the player that is too far ahead skips its update.

    The critic does not move while a loss L < M - margin * |M|, the actor not while L > M + margin *
    |M|. Around "uninformed", M is the loss of a critic whose outputs are all 0, log 2 in a GAN, and
    L that of each half of the newest rows by itself: one half is enough, and if the one holds the
    critic and the other the actor, both move. Around "mean", L is the critic's loss of the update,
    and M its running mean, M <- decay * M + (1 - decay) * L, bias-corrected and including this L.
    margin = inf is neutral. Each of several critics is held by its own loss, the actor by that of
    its judge; models are never held.

    Paper against code: Pfau and Vinyals give no band. The released code of VAE/GAN has the band
    0.68 +- 0.35 for each half, that is log 2 plus or minus half of it, and lets both move where it
    would hold both, as in GANs here. A loss in RL has no such fixed point: there the band is around
    the running mean.
    """

    def init_memory(context: StartContext) -> Any:
        found = {}
        for critic in dict.fromkeys(judges(context.mine).values()):
            nothing = 0.0 * next(iter(context.players.params[critic].values())).sum()
            found[critic] = {"sum": nothing, "count": nothing}
        return found

    def known(critic: str, context: PostUpdateContext) -> tuple[Tensor, Tensor]:
        """The losses [...] of a critic, and what each is held against [...]."""
        if around == "mean":
            loss = context.losses[critic]
            return loss, mean(context.memory[critic], loss, decay)[1]
        return losses_of_halves(critic, context)

    def accept(new: TrainState, context: PostUpdateContext) -> TrainState:
        stays = {}
        for player, critic in judges(context.mine).items():
            loss, level = known(critic, context)
            band = margin * level.abs()
            out = loss > level + band if player == "actor" else loss < level - band
            stays[player] = out.any()
        if around == "uninformed" and {"critic", "actor"} <= stays.keys():
            both = stays["critic"] & stays["actor"]  # one half is below, the other one above
            stays |= {player: stays[player] & ~both for player in ("critic", "actor")}
        for player, stay in stays.items():
            kept = tmap(partial(torch.where, stay), context.old, new)
            new = new.with_players(kept, (player,))
        return new

    def update_memory(memory: Any, context: PostUpdateContext) -> Any:
        return {c: mean(own, context.losses[c], decay)[0] for c, own in memory.items()}

    return Strategy(
        name="freeze_learning",
        roles=("critic", "actor"),
        init_memory=init_memory,
        accept=accept,
        update_memory=update_memory,
        after=("critic_steps",),
    )
