"""Weight normalisation: the critic's weights are gain * v / norm(v), gain and v learned."""

from dataclasses import replace

from bench.functional.conv import Conv
from bench.functional.layers import Dense, Net
from bench.functional.wrappers import WeightNorm
from bench.learner.problem import Player
from bench.learner.strategy import Strategy
from bench.learner.task import Task

HOME = "rl"
SOURCE = (
    "Salimans and Kingma, 2016, arXiv 1602.07868; for RL Palenicek et al., 2025, arXiv 2502.07523"
)
AT_HOME = {
    "claim": "with normalised weights critics bear many updates per step",
    "cell": "reacher_many/reference+weight_norm",
    "against": "reacher_many/reference",
}
NEUTRAL = {"on": False}


def weight_norm(*, on: bool = True) -> Strategy:
    """Weight normalisation: the critic's weights are gain * v / norm(v), gain and v learned.

    For every row of a dense layer and every filter of a convolution; gain starts at norm(v), so
    that the initial outputs are unchanged. on = False is neutral.

    Paper against paper: Salimans and Kingma also initialise gain and bias from a first batch, which
    is left out here; CrossQ with weight normalisation instead rescales v to length 1 after every
    step. Every head has gains of its own. Adam's steps in v grow its length, so that its direction
    moves less and less; the task's rate is left as it is, in RL too.
    """

    def blueprint(value: Player, player: str, task: Task) -> Player:
        if not on:
            return value
        layers = (WeightNorm(x) if isinstance(x, Dense | Conv) else x for x in value.net.layers)
        return replace(value, net=Net(tuple(layers)))

    return Strategy(
        name="weight_norm",
        scopes=("model", "actor"),
        blueprint=blueprint,
        excludes={"spectral_norm": "the cap does not bound the learned gains; leave one out"},
    )
