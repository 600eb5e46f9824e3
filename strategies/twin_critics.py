"""Clipped double Q-learning: q is the minimum (or the mean) over `count` critics."""

from dataclasses import replace
from typing import Literal

from bench.functional.layers import Heads, Net
from bench.learner.problem import Player
from bench.learner.strategy import Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = "Fujimoto et al., 2018, arXiv 1802.09477; for GANs Durugkar et al., 2017, arXiv 1611.01673"
AT_HOME = {
    "claim": "the minimum of two critics overestimates less",
    "cell": "reacher_many/reference+twin_critics",
    "against": "reacher_many/reference",
}
NEUTRAL = {"count": 1}
SEARCH = {"count": (2, 4), "judge": ("min", "mean")}
AFTER = (
    "weight_norm",
    "dropout",
    "layer_norm",
    "batch_norm_joint",
    "batch_norm_split",
    "minibatch_discrimination",
    "minibatch_stddev",
    "simplicial",
    "compatible_critic",
)


def twin_critics(*, count: int = 2, judge: Literal["min", "mean"] = "min") -> Strategy:
    """Clipped double Q-learning: q is the minimum (or the mean) over `count` critics.

    The critic has `count` heads, whole networks that share no parameters. q is the `judge` (min or
    mean) of q_1 ... q_count wherever one number is needed: in the target, in the actor's loss, in
    penalties on values; penalties on slopes hold every head. Each head regresses on the same target
    by itself. count = 1 is neutral.

    Paper against here: TD3's actor follows the first head alone; here it follows the same minimum
    or mean as the target, so that one definition serves both domains. GMAN's discriminators are
    its counterpart in GANs; the minimum, its harshest judge, is one of those that GMAN compares.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if count == 1:
            return value
        return replace(value, net=Net((Heads((value.net,) * count),)), heads=judge)

    return Strategy(name="twin_critics", blueprint=blueprint, after=AFTER)
